//! Law 3: no tool call leaves before its message has ended in a way that permits it.
//!
//! What the reader decides is compared with what its events say: whether each answer ended, for which
//! reason, which blocks are open, and whether an error came.

use std::collections::{BTreeMap, BTreeSet};

use wiretape_core::event::{Block, Event};
use wiretape_core::turn::Ended;
use wiretape_core::{Dialect, Options, Reader, Transcript};
use wiretape_vary::{ErrorName, Piece, Scenario};

use super::{Failure, How, Report};
use crate::Subject;

/// Reasons for stopping after which a call may be run.
const PERMITTING: [&str; 14] = [
    "end_turn",
    "tool_use",
    "stop_sequence",
    "stop",
    "tool_calls",
    "function_call",
    "COMPLETE",
    "TOOL_CALL",
    "STOP_SEQUENCE",
    "FINISH",
    "FINISHED",
    "STOP_CRITERIA_MET",
    "STOP",
    "completed",
];

/// Reasons for stopping after which no call may be run: cut, refused, filtered, paused, unknown.
const FORBIDDING: [&str; 10] = [
    "max_tokens",
    "length",
    "refusal",
    "content_filter",
    "pause_turn",
    "model_context_window_exceeded",
    "guardrail_intervened",
    "MAX_TOKENS",
    "x_wiretape",
    "",
];

/// About how many places an error is put in at.
const ERRORS: usize = 64;

/// The law over the subject's body as it is; with its reason for stopping replaced by each that
/// permits or forbids acting; without its end; and with an error event at up to 64 places, after which
/// the rest of the stream follows. Read by the lenient reader, the strict one, and one that accepts
/// weak ends.
#[must_use]
pub fn check(subject: &Subject<'_>, varied: &wiretape_vary::Subject) -> Report {
    let mut report = Report::new(3, "gate", How::Sampled);
    let weak = Options {
        accept_weak_end: true,
        ..Options::lenient()
    };
    for piece in pieces(varied) {
        let scenario = Scenario::of(piece.into_iter().collect());
        let script = scenario.apply(varied);
        if !script.skipped.is_empty() {
            continue;
        }
        for options in [Options::lenient(), Options::strict(), weak] {
            let forbids = |piece| forbids(piece, options);
            let forbids = scenario.pieces.first().is_some_and(forbids);
            let case = gate(subject.dialect, options, script.body(), forbids);
            let case = case.map_err(|difference| match scenario.pieces.first() {
                Some(piece) => Failure {
                    case: format!("with {}", piece.name()),
                    scenario: Some(Box::new(scenario.clone())),
                    difference,
                },
                None => Failure::new("the body as it is", difference),
            });
            if !report.case(case) {
                return report;
            }
        }
    }
    report
}

/// What is done to the body, one at a time; first nothing.
fn pieces(varied: &wiretape_vary::Subject) -> impl Iterator<Item = Option<Piece>> {
    let reasons = PERMITTING.into_iter().chain(FORBIDDING);
    let reasons = reasons.map(|reason| Piece::FinishReason {
        reason: reason.to_owned(),
    });
    let ends = [false, true].map(|finish| Piece::DropTerminal { finish });
    let blocks = varied.block_count();
    let errors = (0..blocks).step_by((blocks / ERRORS).max(1));
    let errors = errors.map(|before_block| Piece::ErrorEvent {
        before_block,
        error: ErrorName::Overloaded,
        then: None,
    });
    std::iter::once(None).chain(reasons.chain(ends).chain(errors).map(Some))
}

/// The reply may not be acted upon, whatever else it says.
fn forbids(piece: &Piece, options: Options) -> bool {
    match piece {
        Piece::FinishReason { reason } => FORBIDDING.contains(&reason.as_str()),
        // A reply that is whole in its first event says its reason there, which is weak evidence.
        Piece::DropTerminal { finish } => *finish && !options.accept_weak_end,
        Piece::ErrorEvent { .. } => true,
        _ => false,
    }
}

/// What the events of a body say.
#[derive(Default)]
struct Said {
    /// Blocks that must be closed and are not.
    open: BTreeSet<Block>,
    /// Each answer's reason for stopping.
    stops: BTreeMap<u32, String>,
    failed: bool,
}

impl Said {
    fn take(&mut self, event: &Event<'_>) {
        match *event {
            Event::Open {
                block,
                closes: true,
                ..
            } => {
                self.open.insert(block);
            }
            Event::Close { block } => {
                self.open.remove(&block);
            }
            Event::End { choice, reason, .. } => {
                self.stops.insert(choice, reason.to_owned());
            }
            Event::Fail { .. } => self.failed = true,
            _ => {}
        }
    }

    /// What forbids acting on an answer.
    fn forbids(&self, choice: u32) -> Option<&'static str> {
        let stop = self.stops.get(&choice).map(String::as_str);
        let open = self.open.iter().any(|block| block.choice == choice);
        match stop {
            _ if self.failed => Some("an error came"),
            None => Some("it has no reason for stopping"),
            Some(reason) if !PERMITTING.contains(&reason) => {
                Some("its reason for stopping forbids acting")
            }
            Some(_) => open.then_some("a block is open"),
        }
    }
}

fn gate(dialect: Dialect, options: Options, body: &[u8], forbidden: bool) -> Result<(), String> {
    let mut said = Said::default();
    let mut reader = Reader::with_options(dialect, options);
    // An error stays in the reader and comes out of `finish`.
    let _ = reader.feed(body, &mut |event| said.take(&event));
    let seen = Transcript::of(&reader.finish_with(&mut |event| said.take(&event)));
    if seen.rejected.is_none() {
        let why = match (seen.ended, &seen.error) {
            _ if forbidden => Some("what was done to it forbids acting"),
            (_, Some(_)) => Some("it has an error"),
            (Ended::Terminal, _) => said.forbids(0),
            (Ended::Eof, _) if options.accept_weak_end => said.forbids(0),
            _ => Some("it did not end"),
        };
        if let Some(why) = why {
            return Err(format!(
                "expected a rejected reply, since {why}; seen a turn"
            ));
        }
    }
    let answers = seen.others.iter();
    let answers = answers.map(|other| (other.index, &other.tool_calls));
    for (index, calls) in std::iter::once((0, &seen.tool_calls)).chain(answers) {
        let why = if seen.rejected.is_some() {
            Some("the reply is rejected")
        } else {
            said.forbids(index)
        };
        if let (Some(why), Some(call)) = (why, calls.first()) {
            return Err(format!(
                "answer {index} releases the call {call:?}, but {why}"
            ));
        }
    }
    Ok(())
}
