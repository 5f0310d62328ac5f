//! The one place where the command reads the clock.

use std::time::{Duration, Instant};

/// A moment of the real clock; used for how long a check took, and for nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start(Instant);

impl Start {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
