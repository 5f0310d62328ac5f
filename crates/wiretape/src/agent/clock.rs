//! The one place where the driver reads a clock. It is the runtime's, so that a test can hold it.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use wiretape_core::Moment;

/// The agent's own clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that begins now, at 0.
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    pub(super) fn now(self) -> Moment {
        let nanos = self.start.elapsed().as_nanos();
        Moment(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// What the future gives before the clock says `moment`; `None` where it takes longer.
    pub(super) async fn before<T>(
        self,
        moment: Moment,
        future: impl Future<Output = Option<T>>,
    ) -> Option<T> {
        let wait = Duration::from_nanos(moment.as_nanos());
        match self.start.checked_add(wait) {
            Some(until) => tokio::time::timeout_at(until, future).await.ok().flatten(),
            None => future.await,
        }
    }
}
