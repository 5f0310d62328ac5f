//! When a run must be called hung.
//!
//! A byte-by-byte replay is slow and no hang: what counts is how long nothing was read from the
//! client and nothing was written to it, beyond the waits that the delivery itself asks for. A client
//! that takes byte after byte, and many times as long as the delivery, is given up all the same: the
//! time of its parser grows with the square of the size (F-71).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wiretape_serve::{Activity, Server};
use wiretape_vary::Script;

/// How long a process that has just been started may take to ask for anything.
const START_NS: u64 = 30_000_000_000;
/// What a run may take beyond patience, as a multiple of what one took on the untouched tape.
const USUAL_TIMES: u64 = 2;
/// How many times as long as a delivery asks for a client may take for it.
const SLOW_TIMES: u64 = 5;
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

/// What runs took on the untouched tape, at the slowest.
#[derive(Debug, Default)]
pub(super) struct Pace {
    fresh_ns: AtomicU64,
    warm_ns: AtomicU64,
}

impl Pace {
    /// A run on the untouched tape took so long.
    pub(super) fn took(&self, fresh: bool, elapsed_ns: u64) {
        let kept = if fresh { &self.fresh_ns } else { &self.warm_ns };
        kept.fetch_max(elapsed_ns, Ordering::Relaxed);
    }

    /// What such a run takes; before the first one, what a process may take to start.
    fn usual_ns(&self, fresh: bool) -> u64 {
        let kept = if fresh { &self.fresh_ns } else { &self.warm_ns };
        match kept.load(Ordering::Relaxed) {
            0 => START_NS,
            usual => usual.min(START_NS),
        }
    }
}

/// How long a run may do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// How long a client is waited for.
    pub(super) patience_ns: u64,
    /// The longest wait of the delivery, and the time that its bytes take to be read.
    pub(super) wait_ns: u64,
    /// All waits of the longest delivery together, and the time that its bytes take to be read.
    pub(super) whole_ns: u64,
    /// The process was only started for this run.
    pub(super) fresh: bool,
    /// What such a run took on the untouched tape, at the slowest: a client that is slow by itself, on
    /// a machine that has much to do, does not hang.
    pub(super) usual_ns: u64,
    /// Requests at most.
    pub(super) requests: usize,
}

impl Limits {
    pub(super) fn new(
        patience_ns: u64,
        pace: &Pace,
        fresh: bool,
        sent: &[Vec<Script>],
        after_ns: u64,
    ) -> Self {
        let mut longest = (after_ns, after_ns);
        for script in sent.iter().flatten() {
            let ends = [script.end_after_ns, script.head_after_ns];
            let waits = script.steps().map(|step| step.after_ns).chain(ends);
            let (wait, all) = waits.fold((0, 0_u64), |(longest, all), wait| {
                (wait.max(longest), all.saturating_add(wait))
            });
            let chunks = (script.steps().len() as u64).saturating_mul(CHUNK_NS);
            let bytes = (script.body().len() as u64).saturating_mul(BYTE_NS);
            let read = chunks.saturating_add(bytes);
            longest.0 = longest.0.max(wait.saturating_add(read));
            longest.1 = longest.1.max(all.saturating_add(read));
        }
        Self {
            patience_ns,
            wait_ns: longest.0.min(WAIT_NS_MAX),
            whole_ns: longest.1.min(WAIT_NS_MAX),
            fresh,
            usual_ns: pace.usual_ns(fresh),
            requests: REQUESTS_MAX + REQUESTS_PER_EXCHANGE * sent.len(),
        }
    }

    /// How long it still may do nothing; `None`: no longer.
    fn left_ns(&self, activity: &Activity) -> Option<u64> {
        if activity.requests >= self.requests {
            return None;
        }
        let quiet = activity.now_ns.saturating_sub(activity.last_ns);
        let slow = self.usual_ns.saturating_mul(USUAL_TIMES);
        let mut allowed = self.patience_ns.saturating_add(self.wait_ns);
        allowed = allowed.saturating_add(slow);
        if activity.requests == 0 && self.fresh {
            allowed = allowed.saturating_add(START_NS);
        }
        let left = allowed.checked_sub(quiet)?;
        let left = left.min(self.whole_left_ns(activity)?);
        (left > 0).then_some(left)
    }

    /// How long it still may take, whatever it does.
    fn whole_left_ns(&self, activity: &Activity) -> Option<u64> {
        let one = self.patience_ns.saturating_add(self.whole_ns);
        let one = one.saturating_add(self.usual_ns).saturating_mul(SLOW_TIMES);
        let all = one.saturating_mul(activity.requests as u64 + 1);
        all.saturating_add(START_NS).checked_sub(activity.now_ns)
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
            whole_ns: 600 * S,
            fresh: true,
            usual_ns: 0,
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
    fn a_client_that_takes_a_byte_now_and_then_is_given_up() {
        // Twice, since it has asked once: five times five seconds and ten minutes, and a start.
        assert_eq!(left(6_079, 6_079, 1), Some(S));
        assert_eq!(left(6_080, 6_080, 1), None);
    }

    #[test]
    fn a_process_may_take_its_time_to_start() {
        assert_eq!(left(54, 0, 0), Some(S));
        assert_eq!(left(55, 0, 0), None);
        assert_eq!(left(54, 1, 1), None);
    }

    #[test]
    fn a_client_that_is_slow_by_itself_does_not_hang() {
        let pace = Pace::default();
        let allowed = |pace: &Pace, fresh| Limits::new(2 * S, pace, fresh, &[], 0).usual_ns;
        assert_eq!(allowed(&pace, true), START_NS);
        pace.took(true, 7 * S);
        pace.took(true, 5 * S);
        pace.took(false, S / 10);
        assert_eq!(allowed(&pace, true), 7 * S);
        assert_eq!(allowed(&pace, false), S / 10);
        pace.took(false, 900 * S);
        assert_eq!(allowed(&pace, false), START_NS);
        let limits = Limits {
            requests: 68,
            ..Limits::new(2 * S, &pace, true, &[], 0)
        };
        let quiet = |now_ns| Activity {
            now_ns,
            requests: 1,
            ..Activity::default()
        };
        assert_eq!(limits.left_ns(&quiet(15 * S)), Some(S));
        assert_eq!(limits.left_ns(&quiet(16 * S)), None);
    }

    #[test]
    fn who_asks_for_ever_is_stopped() {
        assert_eq!(left(1, 1, 67), Some(25 * S));
        assert_eq!(left(1, 1, 68), None);
    }
}
