//! When a run must be called hung.
//!
//! A byte-by-byte replay is slow and no hang: what counts is how long nothing was read from the
//! client and nothing was written to it, beyond the waits that the delivery itself asks for.

use std::time::Duration;

use wiretape_serve::{Activity, Server};
use wiretape_vary::Script;

/// How long a process that has just been started may take to ask for anything.
const START_NS: u64 = 30_000_000_000;
/// Requests of one run at most; more come from a client that does not stop asking.
const REQUESTS_MAX: usize = 64;
/// As many more for each exchange of the tape.
const REQUESTS_PER_EXCHANGE: usize = 4;
/// What a client may need for a chunk, and for a byte, that wait in its system's buffer already:
/// a byte-by-byte replay is read long after it was written.
const CHUNK_NS: u64 = 250_000;
const BYTE_NS: u64 = 1_000;
/// The longest time between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// The longest wait of a delivery that is waited for.
const WAIT_NS_MAX: u64 = 600_000_000_000;

/// How long a run may do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// How long a client is waited for.
    pub(super) patience_ns: u64,
    /// The longest wait of the delivery, and the time that its bytes take to be read.
    pub(super) wait_ns: u64,
    /// The process was only started for this run.
    pub(super) fresh: bool,
    /// Requests at most.
    pub(super) requests: usize,
}

impl Limits {
    pub(super) fn new(patience_ns: u64, fresh: bool, sent: &[Vec<Script>], after_ns: u64) -> Self {
        let scripts = sent.iter().flatten();
        let waits = scripts.map(|script| {
            let steps = script.steps().map(|step| step.after_ns);
            let wait = steps.fold(script.end_after_ns.max(script.head_after_ns), u64::max);
            let chunks = (script.steps().len() as u64).saturating_mul(CHUNK_NS);
            let bytes = (script.body().len() as u64).saturating_mul(BYTE_NS);
            wait.saturating_add(chunks).saturating_add(bytes)
        });
        Self {
            patience_ns,
            wait_ns: waits.fold(after_ns, u64::max).min(WAIT_NS_MAX),
            fresh,
            requests: REQUESTS_MAX + REQUESTS_PER_EXCHANGE * sent.len(),
        }
    }

    /// How long it still may do nothing; `None`: no longer.
    fn left_ns(&self, activity: &Activity) -> Option<u64> {
        if activity.requests >= self.requests {
            return None;
        }
        let quiet = activity.now_ns.saturating_sub(activity.last_ns);
        let mut allowed = self.patience_ns.saturating_add(self.wait_ns);
        if activity.requests == 0 && self.fresh {
            allowed = allowed.saturating_add(START_NS);
        }
        allowed.checked_sub(quiet).filter(|left| *left > 0)
    }
}

/// Returns when the run at this prefix is hung: how long it had been given.
pub(super) async fn hung(server: &Server, prefix: &str, limits: Limits) -> u64 {
    loop {
        let Some(activity) = server.activity(prefix) else {
            return std::future::pending().await;
        };
        match limits.left_ns(&activity) {
            Some(left) => tokio::time::sleep(Duration::from_nanos(left).min(LOOK)).await,
            None => return limits.patience_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn left(now: u64, last: u64, requests: usize) -> Option<u64> {
        let limits = Limits {
            patience_ns: 5 * S,
            wait_ns: 20 * S,
            fresh: true,
            requests: 68,
        };
        limits.left_ns(&Activity {
            now_ns: now * S,
            last_ns: last * S,
            requests,
            ..Activity::default()
        })
    }

    #[test]
    fn a_slow_replay_is_no_hang() {
        // Whatever it takes as a whole, as long as something is written.
        assert_eq!(left(4_000, 3_999, 1), Some(24 * S));
        assert_eq!(left(4_000, 3_976, 1), Some(S));
        assert_eq!(left(4_000, 3_975, 1), None);
    }

    #[test]
    fn a_process_may_take_its_time_to_start() {
        assert_eq!(left(54, 0, 0), Some(S));
        assert_eq!(left(55, 0, 0), None);
        assert_eq!(left(54, 1, 1), None);
    }

    #[test]
    fn who_asks_for_ever_is_stopped() {
        assert_eq!(left(1, 1, 67), Some(25 * S));
        assert_eq!(left(1, 1, 68), None);
    }
}
