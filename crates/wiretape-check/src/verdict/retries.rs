//! What a client does when it asks again.

use super::deed::{Head, head_of, turn_of};
use super::permit::{Blame, lawful};
use super::{Run, permits};
use crate::{Attempt, Code, TurnSeen};

/// More requests for one reply than any client's own limit: the most patient ones make eleven.
const ATTEMPTS_MAX: usize = 20;

/// So many requests within [`BURST_NS`] are no retries with a pause between them.
const BURST: usize = 6;

const BURST_NS: u64 = 1_000_000_000;

/// How much earlier than `retry-after` says a request may come: clocks and timers are not exact.
const EARLY_NS: u64 = 50_000_000;

/// Statuses that another attempt does not change.
const PERMANENT: [u16; 8] = [400, 402, 403, 404, 405, 410, 413, 422];

/// What is wrong with the requests for an exchange.
pub(super) fn judge(run: &Run<'_>, turn: &TurnSeen) -> Vec<Blame> {
    let mut blames = Vec::new();
    blames.extend(storm(turn));
    let pairs = turn.attempts.iter().zip(turn.attempts.iter().skip(1));
    let mut early = None;
    let mut permanent = None;
    for (number, (before, behind)) in pairs.enumerate() {
        let Some(head) = head_of(run, turn.exchange, number) else {
            continue;
        };
        early = early.or_else(|| too_early(&head, before, behind));
        permanent = permanent.or_else(|| in_vain(&head, number));
    }
    blames.extend(early);
    blames.extend(permanent);
    blames.extend(needless(run, turn));
    blames
}

fn storm(turn: &TurnSeen) -> Option<Blame> {
    let count = turn.attempts.len();
    let times: Vec<u64> = turn.attempts.iter().map(|attempt| attempt.at_ns).collect();
    let burst = times.windows(BURST).find_map(|window| {
        let took = window.last()?.saturating_sub(*window.first()?);
        (took < BURST_NS).then_some(took)
    });
    if count <= ATTEMPTS_MAX && burst.is_none() {
        return None;
    }
    let seen = match burst {
        Some(took) => format!("{count} requests, {BURST} of them within {}", time(took)),
        None => format!("{count} requests"),
    };
    let expected = format!("a few requests with pauses that grow, at most {ATTEMPTS_MAX}");
    Some(Blame::new(Code::RetryStorm, expected, seen))
}

fn too_early(head: &Head<'_>, before: &Attempt, behind: &Attempt) -> Option<Blame> {
    let asked = retry_after_ns(head)?;
    // From the request on: the client cannot have begun to wait before.
    let waited = behind.at_ns.saturating_sub(before.at_ns);
    if asked <= waited.saturating_add(EARLY_NS) {
        return None;
    }
    Some(Blame::new(
        Code::RetryIgnoredRetryAfter,
        format!(
            "the next request {} later, as `retry-after` says",
            time(asked)
        ),
        format!("it came after {}", time(waited)),
    ))
}

/// How long the response asks to wait; `None` where it does not, or by a date.
fn retry_after_ns(head: &Head<'_>) -> Option<u64> {
    if head.status < 400 {
        return None;
    }
    if let Some(ms) = head
        .value("retry-after-ms")
        .and_then(|value| thousandths(value, 0))
    {
        return ms.checked_mul(1_000_000);
    }
    let ms = thousandths(head.value("retry-after")?, 3)?;
    ms.checked_mul(1_000_000)
}

/// A decimal number as an integer of so many further digits.
fn thousandths(value: &str, digits: usize) -> Option<u64> {
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let sound = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !sound(whole) || !sound(part) {
        return None;
    }
    let mut text = whole.to_owned();
    text.extend(part.chars().chain("000".chars()).take(digits));
    text.parse().ok()
}

fn in_vain(head: &Head<'_>, number: usize) -> Option<Blame> {
    let told = head.value("x-should-retry") == Some("true");
    // A client may get a new key once.
    let once = head.status == 401 && number > 0;
    if told || !(once || PERMANENT.contains(&head.status)) {
        return None;
    }
    Some(Blame::new(
        Code::RetriedPermanentError,
        format!("no further request: status {} will not change", head.status),
        "it asked again",
    ))
}

/// It asked again for a reply that can be read.
fn needless(run: &Run<'_>, turn: &TurnSeen) -> Option<Blame> {
    let before = turn_of(run.baseline, turn.exchange)?;
    let permitted = permits(run, turn);
    if turn.attempts.len() <= before.attempts.len() || !lawful(&permitted) {
        return None;
    }
    Some(Blame::new(
        Code::ErrorOnLawful,
        "one request: the reply says the same as the untouched one",
        format!("{} requests", turn.attempts.len()),
    ))
}

/// A time for a sentence.
pub(super) fn time(ns: u64) -> String {
    let ms = ns / 1_000_000;
    if ms < 1000 {
        return format!("{ms} ms");
    }
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}
