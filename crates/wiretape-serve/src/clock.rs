//! The one place where time is read. It is the runtime's, so that a test can hold it.

use std::time::Duration;

use tokio::time::Instant;
use wiretape_core::Moment;

/// A stream's own clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that begins now, at 0.
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The system's word for its 0.
    pub(crate) fn began(self) -> std::time::Instant {
        self.start.into_std()
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn now(self) -> Moment {
        Moment(nanos(self.elapsed()))
    }

    /// Returns when the clock says `moment`.
    pub(crate) async fn until(self, moment: Moment) {
        let wait = Duration::from_nanos(moment.as_nanos());
        match self.start.checked_add(wait) {
            Some(instant) => tokio::time::sleep_until(instant).await,
            None => std::future::pending().await,
        }
    }
}

/// Seconds since 1970, for what tells a date.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the date is read"
)]
pub(crate) fn epoch_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Nanoseconds; the highest number where there are more.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
