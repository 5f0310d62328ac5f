//! What a run shows beside what the client made of a reply.

use wiretape_core::event::{Block, Kind};
use wiretape_core::{Event, Reader};
use wiretape_tape::redact::Redactor;

use super::Run;
use super::compare;
use super::deed::{self, script_of};
use super::permit::Blame;
use super::retries::time;
use crate::client::DUMMY_KEY;
use crate::{Code, Observation, Said, TurnSeen};

/// A wait that is shorter than this is no wait to see text before.
const STALL_NS: u64 = 250_000_000;

/// Blocks of text that are told apart; in further ones nothing is looked for.
const BLOCKS_MAX: usize = 64;

/// It showed nothing before a wait, although there was text, and all of it behind the reply's end.
pub(super) fn not_incremental(run: &Run<'_>, turn: &TurnSeen) -> Option<Blame> {
    let [attempt] = turn.attempts.as_slice() else {
        return None;
    };
    let events = run.seen.said.as_ref()?.events.as_ref()?;
    let script = script_of(run.sent, turn.exchange, 0)?.decoded();
    let dialect = deed::dialect(run.tape)?;
    let mut reader = Reader::new(dialect);
    let (mut text, mut at_ns) = (false, 0_u64);
    let mut texts: Vec<Block> = Vec::new();
    let mut stall = None;
    for step in script.steps() {
        if text && STALL_NS <= step.after_ns {
            stall = Some((at_ns, step.after_ns));
            break;
        }
        at_ns = at_ns.saturating_add(step.after_ns);
        let read = reader.feed(step.bytes, &mut |event| match event {
            Event::Open {
                block,
                kind: Kind::Text,
                ..
            } if texts.len() < BLOCKS_MAX => {
                texts.push(block);
            }
            Event::Delta {
                block, text: delta, ..
            } => {
                text |= !delta.is_empty() && texts.contains(&block);
            }
            _ => {}
        });
        if read.is_err() {
            return None;
        }
    }
    let (stall_at, stall_ns) = stall?;
    let sent_ns = attempt.sent_ns?;
    let shown = events.iter().filter(|event| event.text.is_some());
    // The client's own clock begins a little later, so that what it says is early, not late.
    let shown = shown.map(|event| nanoseconds(event.ms));
    let first = shown.filter(|shown| attempt.at_ns <= *shown).min()?;
    if first < sent_ns {
        return None;
    }
    let due = attempt.at_ns.saturating_add(stall_at);
    Some(Blame::new(
        Code::NotIncremental,
        format!("text before the pause of {}", time(stall_ns)),
        format!(
            "its first text came {} after the server had sent some, behind the reply's end",
            time(first.saturating_sub(due))
        ),
    ))
}

/// Milliseconds as nanoseconds; 0 for what is no time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "a client gives its times so; the cast keeps to the type's bounds"
)]
fn nanoseconds(ms: f64) -> u64 {
    (ms * 1_000_000.0) as u64
}

/// Its next request would be refused, and that of the untouched tape would not.
pub(super) fn history(run: &Run<'_>, turn: &TurnSeen) -> Option<Blame> {
    let before = deed::turn_of(run.baseline, turn.exchange).and_then(|turn| turn.echo.as_ref());
    let usual = before.map_or(&[][..], |echo| &echo.flaws);
    let echo = turn.echo.as_ref()?;
    let new = |flaw: &&String| run.case.is_none() || !usual.contains(flaw);
    let flaws: Vec<&str> = echo.flaws.iter().filter(new).map(String::as_str).collect();
    let first = flaws.first()?;
    let expected = "a history that the provider takes";
    Some(Blame::new(Code::HistoryBroken, expected, *first))
}

/// It sent more than the context window that it was told.
pub(super) fn overflow(run: &Run<'_>) -> Option<Blame> {
    let miss = run
        .seen
        .misses
        .iter()
        .find(|miss| miss.why.contains("context window"))?;
    let expected = "a request within the context window";
    Some(Blame::new(
        Code::ContextOverflowSent,
        expected,
        miss.why.as_str(),
    ))
}

/// A key in its output, or in what it sends back.
pub(super) fn secret(run: &Run<'_>) -> Option<Blame> {
    let texts = told(run.seen);
    let usual = told(run.baseline);
    for (place, text) in &texts {
        if text.contains(DUMMY_KEY) {
            let expected = "no key in what it writes";
            let seen = format!("the key it was given, in {place}");
            return Some(Blame::new(Code::SecretEchoed, expected, seen));
        }
        let Some((kind, secret)) = first_secret(text) else {
            continue;
        };
        // What the server said is the server's secret to keep.
        let sent = run
            .sent
            .iter()
            .flatten()
            .any(|script| holds(script.body(), &secret));
        let usual = usual.iter().any(|(_, text)| text.contains(&secret));
        if !sent && (run.case.is_none() || !usual) {
            let seen = format!(
                "{kind} of {} characters, in {place}",
                secret.chars().count()
            );
            return Some(Blame::new(
                Code::SecretEchoed,
                "no key in what it writes",
                seen,
            ));
        }
    }
    None
}

/// All that it wrote, and where.
fn told(observation: &Observation) -> Vec<(&'static str, &str)> {
    let mut texts = vec![("its standard error", observation.stderr.as_str())];
    if let Some(Said { text, error, .. }) = &observation.said {
        texts.extend(text.as_deref().map(|text| ("its text", text)));
        texts.extend(error.as_deref().map(|error| ("its error", error)));
    }
    for echo in observation
        .turns
        .iter()
        .filter_map(|turn| turn.echo.as_ref())
    {
        texts.push(("the text of a request", &echo.text));
        for result in echo.calls.iter().flat_map(|call| &call.results) {
            texts.push(("the result of a call", &result.content));
        }
    }
    texts
}

fn first_secret(text: &str) -> Option<(&'static str, String)> {
    let mut redactor = Redactor::new(&[]);
    let mut out = Vec::new();
    redactor.feed(text.as_bytes(), &mut out);
    redactor.finish(&mut out);
    let place = redactor.replaced().first()?;
    let from = usize::try_from(place.offset).ok()?;
    let to = from.checked_add(usize::try_from(place.length).ok()?)?;
    let secret = text.get(from..to)?;
    // What was replaced already is none.
    let starred = secret.bytes().all(|byte| byte == b'*');
    (!starred).then(|| (place.kind, compare::shorten(secret, 4096)))
}

fn holds(body: &[u8], secret: &str) -> bool {
    let secret = secret.as_bytes();
    !secret.is_empty() && body.windows(secret.len()).any(|window| window == secret)
}
