//! How a run ended: crashes, and clients that wait.

use wiretape_tape::EndKind;

use super::deed::script_of;
use super::permit::{Blame, lawful};
use super::retries::time;
use super::{Run, permits};
use crate::{Code, Ended, Severity, TurnSeen};

/// A client may wait this long for a stream that says nothing: less is no evidence that it would
/// wait for ever.
const IDLE_NS: u64 = 30_000_000_000;

/// What is wrong with the run's end, and the exchange at which it ended.
pub(super) fn judge(run: &Run<'_>) -> Option<(Blame, usize)> {
    let last = run.seen.turns.iter().max_by_key(|turn| {
        let requests = turn.attempts.iter().map(|attempt| attempt.request);
        requests.max()
    });
    let exchange = last.map_or(0, |turn| turn.exchange);
    let blame = match &run.seen.ended {
        Ended::Answered | Ended::Exited { .. } => return None,
        Ended::Crashed { why } => Blame::new(
            Code::Crash,
            "an answer, or an exit code",
            with_stderr(why, &run.seen.stderr),
        ),
        Ended::Unreadable { why } => Blame::new(Code::Crash, "a line of JSON for each order", why),
        Ended::Hung { patience_ns } => waits(run, last, *patience_ns),
    };
    Some((blame, exchange))
}

fn waits(run: &Run<'_>, last: Option<&TurnSeen>, patience_ns: u64) -> Blame {
    let script = last.and_then(|turn| {
        let attempt = turn.attempts.len().saturating_sub(1);
        script_of(run.sent, turn.exchange, attempt)
    });
    // A stream that has said all there is to say is no stream to wait for.
    let silent = script.is_some_and(|script| {
        (script.silent || script.end == EndKind::Timeout) && !lawful(&script.permits)
    });
    let whole = last.is_none_or(|turn| lawful(&permits(run, turn)));
    if silent {
        return Blame::new(
            Code::NoIdleTimeout,
            "an end of the wait for a stream that says nothing any more",
            format!("it still waited after {}", time(patience_ns)),
        );
    }
    let expected = if whole {
        "an end of the run: the whole reply had been sent"
    } else {
        "an end of the run: the connection had ended"
    };
    let seen = format!("nothing for {} after the last byte", time(patience_ns));
    Blame::new(Code::Hang, expected, seen)
}

/// Whether the wait was long enough to say much.
pub(super) fn severity(run: &Run<'_>, severity: Severity) -> Severity {
    match run.seen.ended {
        Ended::Hung { patience_ns } if patience_ns < IDLE_NS => Severity::Note,
        _ => severity,
    }
}

fn with_stderr(why: &str, stderr: &str) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty());
    match line {
        Some(line) => format!("{why}: {}", super::compare::shorten(line.trim(), 200)),
        None => why.to_owned(),
    }
}
