//! What a client did, and when.

use serde::{Deserialize, Serialize};

use crate::observation::{Ended, Observation, TurnSeen};
use crate::report::quote_bytes;
use crate::words::{count, duration};

/// Acts that are kept; the rest is counted in the last.
pub const ACTS_MAX: usize = 200;

/// Bytes that are kept of what was shown or said.
const TEXT_BYTES_MAX: usize = 160;

/// Something that happened between a client and the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// When it began.
    pub at_ns: u64,
    /// When it ended, where it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ns: Option<u64>,
    /// What it is.
    pub kind: ActKind,
    /// What is said of it.
    pub text: String,
}

/// What a client did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// It asked; lasts until the answer's last byte was written.
    Request,
    /// It asked again for the same exchange.
    Retry,
    /// It asked for something that the tape does not have.
    Miss,
    /// It showed text.
    Shown,
    /// It ran a tool.
    Call,
    /// It closed the connection before the answer's end.
    Left,
    /// The run ended.
    Ended,
}

impl ActKind {
    /// Every kind, in the order of the type.
    pub const ALL: [Self; 7] = [
        Self::Request,
        Self::Retry,
        Self::Miss,
        Self::Shown,
        Self::Call,
        Self::Left,
        Self::Ended,
    ];

    /// Its name: stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Retry => "retry",
            Self::Miss => "miss",
            Self::Shown => "shown",
            Self::Call => "call",
            Self::Left => "left",
            Self::Ended => "ended",
        }
    }
}

/// All acts of a run, by time.
pub(super) fn of(seen: &Observation) -> Vec<Act> {
    let mut acts = Vec::new();
    requests(seen, &mut acts);
    shown(seen, &mut acts);
    let (first, last) = (acts.len(), seen.elapsed_ns);
    acts.sort_by_key(|act: &Act| act.at_ns);
    if first > ACTS_MAX {
        acts.truncate(ACTS_MAX);
    }
    let more = match first.saturating_sub(ACTS_MAX) {
        0 => String::new(),
        more => format!(" ({more} more are not shown)"),
    };
    acts.push(Act {
        at_ns: last,
        until_ns: None,
        kind: ActKind::Ended,
        text: format!("{}{more}", ended(&seen.ended)),
    });
    acts
}

fn requests(seen: &Observation, acts: &mut Vec<Act>) {
    for turn in &seen.turns {
        for (number, attempt) in turn.attempts.iter().enumerate() {
            let (kind, what) = match number {
                0 => (ActKind::Request, "asks for"),
                _ => (ActKind::Retry, "asks again for"),
            };
            let whole = if attempt.whole {
                "all of it"
            } else {
                "cut short"
            };
            acts.push(Act {
                at_ns: attempt.at_ns,
                until_ns: attempt.sent_ns.or(attempt.left_ns),
                kind,
                text: format!(
                    "{what} exchange {}; {} sent, {whole}",
                    turn.exchange,
                    count(attempt.bytes, "byte", "bytes")
                ),
            });
            if let Some(left_ns) = attempt.left_ns {
                acts.push(Act {
                    at_ns: left_ns,
                    until_ns: None,
                    kind: ActKind::Left,
                    text: format!("closes the connection of exchange {}", turn.exchange),
                });
            }
        }
        calls(turn, seen, acts);
    }
    acts.extend(seen.misses.iter().map(|miss| Act {
        at_ns: seen.elapsed_ns,
        until_ns: None,
        kind: ActKind::Miss,
        text: quote_bytes(&format!("{}: {}", miss.asked, miss.why), TEXT_BYTES_MAX),
    }));
}

/// The calls that a later request sends back.
fn calls(turn: &TurnSeen, seen: &Observation, acts: &mut Vec<Act>) {
    let calls = turn.echo.iter().flat_map(|echo| &echo.calls);
    let asked = seen
        .turns
        .iter()
        .filter(|later| later.exchange > turn.exchange);
    let next = asked
        .flat_map(|later| &later.attempts)
        .map(|attempt| attempt.at_ns)
        .min();
    for call in calls {
        let results: Vec<&str> = call
            .results
            .iter()
            .map(|result| {
                if result.is_error {
                    "an error"
                } else {
                    "a result"
                }
            })
            .collect();
        let results = match results.as_slice() {
            [] => "without a result".into(),
            several => format!("with {}", several.join(" and ")),
        };
        acts.push(Act {
            at_ns: next.unwrap_or(seen.elapsed_ns),
            until_ns: None,
            kind: ActKind::Call,
            text: quote_bytes(
                &format!("sends back {}({}) {results}", call.name, call.arguments),
                TEXT_BYTES_MAX,
            ),
        });
    }
}

/// A client's clock begins when it reads its order, which nobody sees: what it tells of is moved
/// behind its first request, if it would stand before it.
fn shown(seen: &Observation, acts: &mut Vec<Act>) {
    let events = seen
        .said
        .iter()
        .flat_map(|said| said.events.iter().flatten());
    let attempts = seen.turns.iter().flat_map(|turn| &turn.attempts);
    let asked = attempts.map(|attempt| attempt.at_ns).min();
    let first = events.clone().map(|event| nanoseconds(event.ms)).min();
    let later = asked.unwrap_or(0).saturating_sub(first.unwrap_or(0));
    for event in events {
        let at_ns = nanoseconds(event.ms)
            .saturating_add(later)
            .min(seen.elapsed_ns);
        if let Some(text) = &event.text {
            acts.push(Act {
                at_ns,
                until_ns: None,
                kind: ActKind::Shown,
                text: quote_bytes(text, TEXT_BYTES_MAX),
            });
        }
        if let Some(call) = &event.call {
            acts.push(Act {
                at_ns,
                until_ns: None,
                kind: ActKind::Call,
                text: quote_bytes(&format!("runs {call}"), TEXT_BYTES_MAX),
            });
        }
    }
}

/// A client's own milliseconds; what is no time is the begin.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    reason = "the protocol's milliseconds are a float, and the cast saturates"
)]
fn nanoseconds(ms: f64) -> u64 {
    (ms * 1e6) as u64
}

fn ended(ended: &Ended) -> String {
    match ended {
        Ended::Answered => "gives its line".into(),
        Ended::Exited { code } => format!("exits with code {code}"),
        Ended::Crashed { why } => quote_bytes(&format!("crashes: {why}"), TEXT_BYTES_MAX),
        Ended::Hung { patience_ns } => {
            format!(
                "was stopped after {} without a sign",
                duration(*patience_ns)
            )
        }
        Ended::Unreadable { why } => {
            quote_bytes(&format!("says what cannot be read: {why}"), TEXT_BYTES_MAX)
        }
    }
}
