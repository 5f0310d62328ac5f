//! What was seen of a run, put together.

use wiretape_serve::Seen;

use super::echo::echo;
use super::plan::Prepared;
use crate::client::Reply;
use crate::{Attempt, Miss, Observation, TurnSeen};

/// What the server saw, and what the client said.
pub(super) fn observation(
    prepared: &Prepared,
    seen: &[Seen],
    why: impl Fn(usize) -> Option<String>,
    reply: Reply,
    elapsed_ns: u64,
) -> Observation {
    let mut turns: Vec<TurnSeen> = Vec::new();
    let mut misses = Vec::new();
    for request in seen {
        let Some(exchange) = request.exchange else {
            misses.push(Miss {
                request: request.number,
                asked: format!("{} {}", request.method, path(&request.path)),
                why: why(request.number).unwrap_or_else(|| "no exchange answers it".to_owned()),
            });
            continue;
        };
        let attempt = attempt(request);
        match turns.iter_mut().find(|turn| turn.exchange == exchange) {
            Some(turn) => turn.attempts.push(attempt),
            None => turns.push(TurnSeen {
                exchange,
                attempts: vec![attempt],
                echo: None,
            }),
        }
    }
    for turn in &mut turns {
        turn.echo = echo_of(prepared, turn, seen);
    }
    Observation {
        turns,
        misses,
        said: reply.said,
        ended: reply.ended,
        stderr: reply.stderr,
        elapsed_ns,
    }
}

fn attempt(request: &Seen) -> Attempt {
    Attempt {
        request: request.number,
        at_ns: request.at_ns,
        sent_ns: request.sent_ns,
        left_ns: request.left_ns,
        bytes: request.bytes,
        whole: request.whole,
        accepts: request.accepts.clone(),
    }
}

/// Without the query, which may hold a key.
fn path(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// The first request behind those of a turn that no longer asks for it. A miss is one, too: a client
/// that ran tools of a reply that must not be acted on asks for an exchange that nobody recorded.
fn echo_of(prepared: &Prepared, turn: &TurnSeen, seen: &[Seen]) -> Option<crate::Echo> {
    let dialect = prepared.dialect?;
    let first = turn.attempts.first()?.request;
    let before = seen.iter().find(|request| request.number == first)?;
    let mut behind = seen.iter().filter(|request| {
        let other = request
            .exchange
            .is_none_or(|exchange| exchange > turn.exchange);
        request.number > first && other && request.method == "POST"
    });
    behind.find_map(|after| echo(dialect, &before.body, &after.body))
}
