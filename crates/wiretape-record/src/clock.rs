//! The one place where the recorder reads the clock.

use std::time::Instant;

/// A moment of the machine's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tick(Instant);

impl Tick {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds from `earlier` to this moment; 0 where it is not earlier.
    pub(crate) fn since(self, earlier: Self) -> u64 {
        let nanos = self.0.saturating_duration_since(earlier.0).as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}
