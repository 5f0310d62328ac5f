//! What a client made of a reply, by the evidence there is: its next request, or its own account.

use std::collections::BTreeSet;

use wiretape_core::{CallView, Dialect, Options, RejectedView, Transcript, read};
use wiretape_tape::{Exchange, Tape};
use wiretape_vary::Script;

use super::Run;
use super::compare::{Arguments, Done};
use crate::{CallResult, Echo, Ended, Observation, Said, SaidCall, TurnSeen};

/// How a run came to its end, as far as it says something of the reply.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Finish {
    /// As a run does in which all is well.
    Clean,
    /// With an error, in the client's words.
    Failed(String),
    /// Without an answer: it crashed, hung, or wrote what cannot be read.
    Gone,
}

impl Finish {
    /// How the run ended. A process says that something went wrong by its code.
    pub(super) fn of(observation: &Observation) -> Self {
        let said = observation.said.as_ref();
        let error = said.and_then(|said| said.error.as_deref());
        match (&observation.ended, error) {
            (Ended::Crashed { .. } | Ended::Hung { .. } | Ended::Unreadable { .. }, _) => {
                Self::Gone
            }
            (_, Some(error)) => Self::Failed(error.to_owned()),
            (Ended::Exited { code }, None) if *code != 0 => {
                Self::Failed(format!("exit code {code}"))
            }
            (Ended::Answered | Ended::Exited { .. }, None) => Self::Clean,
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.words().is_some()
    }

    /// The error, in the client's words.
    pub(super) fn words(&self) -> Option<&str> {
        match self {
            Self::Failed(words) => Some(words),
            Self::Clean | Self::Gone => None,
        }
    }
}

/// What each exchange says; `None` where our reader does not know its dialect, or it is no turn.
pub(super) fn contents(tape: &Tape) -> Vec<Option<Content>> {
    let dialect = dialect(tape);
    let one = |exchange: &Exchange| {
        let response = exchange.response.as_ref();
        let content = content(dialect?, &exchange.body());
        let answered = response.is_none_or(|head| head.status == 200);
        (content.is_turn && answered).then_some(content)
    };
    tape.exchanges.iter().map(one).collect()
}

/// What a client made of a reply.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Deed {
    /// The calls that it ran.
    pub(super) calls: Vec<Done>,
    /// Calls that it has and did not run: marked invalid, or answered with an error.
    pub(super) refused: Vec<Done>,
    /// The text; `None` where nothing tells.
    pub(super) text: Option<String>,
    /// It says that something went wrong: with the reply, or with the run.
    pub(super) reported: bool,
}

impl Deed {
    /// By the request behind a reply.
    ///
    /// `like` is the echo of the untouched reply: a result that is an error there, too, is no sign
    /// of trouble with the reply.
    pub(super) fn of_echo(echo: &Echo, like: &Echo) -> Self {
        let results = like.calls.iter().flat_map(|call| &call.results);
        let usual: BTreeSet<(&str, bool)> = results
            .map(|result| (result.content.as_str(), result.is_error))
            .collect();
        let mut deed = Self {
            calls: Vec::new(),
            refused: Vec::new(),
            text: Some(echo.text.clone()),
            reported: false,
        };
        for call in &echo.calls {
            let done = Done {
                name: call.name.clone(),
                arguments: Arguments::of_text(&call.arguments),
            };
            let ran = |result: &&CallResult| {
                let usual = usual.contains(&(result.content.as_str(), result.is_error));
                usual || (!result.is_error && done.arguments.parse())
            };
            // Each result is a run.
            let runs = call.results.iter().filter(ran).count();
            deed.calls.extend((0..runs).map(|_| done.clone()));
            if runs == 0 {
                deed.refused.push(done);
            }
        }
        deed.reported = !deed.refused.is_empty();
        deed
    }

    /// By the client's own account of the whole run.
    pub(super) fn of_said(said: &Said, failed: bool) -> Self {
        let all = said.tool_calls.iter().flatten();
        let (invalid, valid): (Vec<&SaidCall>, Vec<&SaidCall>) = all.partition(|call| call.invalid);
        let done = |call: &&SaidCall| Done {
            name: call.name.clone(),
            arguments: match (&call.arguments, &call.arguments_text) {
                (Some(value), _) => Arguments::of_value(value),
                (None, Some(text)) => Arguments::of_text(text),
                (None, None) => Arguments::Any,
            },
        };
        Self {
            calls: valid.iter().map(done).collect(),
            refused: invalid.iter().map(done).collect(),
            text: shown(said),
            reported: failed || !invalid.is_empty(),
        }
    }
}

/// The text that was shown. Its pieces tell more than the text that stood there in the end.
fn shown(said: &Said) -> Option<String> {
    let events = said.events.iter().flatten();
    let pieces: Vec<&str> = events.filter_map(|event| event.text.as_deref()).collect();
    if pieces.is_empty() {
        return said.text.clone();
    }
    let shown = pieces.concat();
    match &said.text {
        // Only some of it was noted: the text alone is whole.
        Some(text) if shown.len() < text.len() => Some(text.clone()),
        _ => Some(shown),
    }
}

/// All that was asked for an exchange.
pub(super) fn turn_of(observation: &Observation, exchange: usize) -> Option<&TurnSeen> {
    let mut turns = observation.turns.iter();
    turns.find(|turn| turn.exchange == exchange)
}

/// What our reader makes of a reply, to know what was in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Content {
    /// The text of the answer.
    pub(super) text: String,
    /// Its calls, those that are not to be run too, in order.
    pub(super) calls: Vec<Done>,
    /// Those of them whose arguments do not parse.
    pub(super) broken: Vec<Done>,
    /// It may be acted on.
    pub(super) is_turn: bool,
}

/// The dialect of a tape.
pub(super) fn dialect(tape: &Tape) -> Option<Dialect> {
    let named = tape.header.dialect.as_deref();
    let named = named.and_then(|name| name.parse().ok());
    named.or_else(|| {
        let mut exchanges = tape.exchanges.iter();
        exchanges.find_map(|exchange| Dialect::sniff(&exchange.body()))
    })
}

/// What is in a body.
pub(super) fn content(dialect: Dialect, body: &[u8]) -> Content {
    let transcript = Transcript::of(&read(dialect, Options::default(), body));
    let run = |call: &CallView| {
        let done = Done {
            name: call.name.clone(),
            arguments: Arguments::of_value(&call.input),
        };
        (call.ordinal, done)
    };
    let not = |call: &RejectedView| {
        let done = Done {
            name: call.name.clone(),
            arguments: Arguments::of_text(&call.arguments),
        };
        (call.ordinal, done)
    };
    let broken: Vec<(usize, Done)> = transcript.rejected_calls.iter().map(not).collect();
    let mut calls: Vec<(usize, Done)> = transcript.tool_calls.iter().map(run).collect();
    calls.extend(broken.iter().cloned());
    calls.sort_by_key(|(ordinal, _)| *ordinal);
    let broken = broken.into_iter().map(|(_, done)| done);
    Content {
        calls: calls.into_iter().map(|(_, done)| done).collect(),
        broken: broken.filter(|done| !done.arguments.parse()).collect(),
        is_turn: transcript.rejected.is_none(),
        text: transcript.text,
    }
}

/// The script that an attempt got; the last stands for all that follow.
pub(super) fn script_of(sent: &[Vec<Script>], exchange: usize, attempt: usize) -> Option<&Script> {
    let scripts = sent.get(exchange)?;
    scripts.get(attempt).or_else(|| scripts.last())
}

/// A response's head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) status: u16,
    headers: &'a [(String, String)],
}

impl<'a> Head<'a> {
    /// A header's value.
    pub(super) fn value(&self, name: &str) -> Option<&'a str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }
}

/// The head that an attempt got.
pub(super) fn head_of<'a>(run: &Run<'a>, exchange: usize, attempt: usize) -> Option<Head<'a>> {
    let script = script_of(run.sent, exchange, attempt);
    if let Some(head) = script.and_then(|script| script.head.as_ref()) {
        return Some(Head {
            status: head.status,
            headers: &head.headers,
        });
    }
    let response = run.tape.exchanges.get(exchange)?.response.as_ref()?;
    Some(Head {
        status: response.status,
        headers: &response.headers,
    })
}
