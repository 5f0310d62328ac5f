//! Law 3: no tool call leaves before its message has ended in a way that permits it.

use wiretape_core::turn::Ended;
use wiretape_core::{Dialect, Options, Transcript, read};
use wiretape_vary::{Piece, Scenario};

use super::{Failure, How, Report};
use crate::Subject;

/// Reasons for stopping after which no call may be run: cut, refused, filtered, paused, unknown.
const FORBIDDING: [&str; 8] = [
    "max_tokens",
    "length",
    "refusal",
    "content_filter",
    "pause_turn",
    "model_context_window_exceeded",
    "x_wiretape",
    "",
];

/// The law over the subject's body as it is, and with its reason for stopping replaced by each that
/// forbids acting; read by the lenient reader, the strict one, and one that accepts weak ends.
#[must_use]
pub fn check(subject: &Subject<'_>, varied: &wiretape_vary::Subject) -> Report {
    let mut report = Report::new(3, "gate", How::Proved);
    let dialect = subject.dialect;
    let weak = Options {
        accept_weak_end: true,
        ..Options::lenient()
    };
    let all = [Options::lenient(), Options::strict(), weak];
    for options in all {
        let seen = Transcript::of(&read(dialect, options, &subject.body));
        let case = gate(&seen, options).map_err(|what| Failure::new("the body as it is", what));
        if !report.case(case) {
            return report;
        }
    }
    for reason in FORBIDDING {
        let piece = Piece::FinishReason {
            reason: reason.to_owned(),
        };
        let scenario = Scenario::of(vec![piece]);
        let script = scenario.apply(varied);
        if !script.skipped.is_empty() {
            continue;
        }
        for options in all {
            let case = forbidden(dialect, options, script.body());
            let case = case.map_err(|difference| Failure {
                case: format!("the reason for stopping is {reason:?}"),
                scenario: Some(scenario.clone()),
                difference,
            });
            if !report.case(case) {
                return report;
            }
        }
    }
    report
}

/// No call is released.
fn forbidden(dialect: Dialect, options: Options, body: &[u8]) -> Result<(), String> {
    let seen = Transcript::of(&read(dialect, options, body));
    gate(&seen, options)?;
    if seen.rejected.is_none() {
        return Err("expected a rejected reply, seen a turn".into());
    }
    Ok(())
}

/// What the transcript says of the gate.
fn gate(seen: &Transcript, options: Options) -> Result<(), String> {
    if seen.rejected.is_none() {
        let lawful = seen.ended == Ended::Terminal || options.accept_weak_end;
        if !lawful || seen.error.is_some() || seen.stop.is_none() {
            return Err(format!(
                "a turn that ended {:?} with stop reason {:?} and error {:?}",
                seen.ended, seen.stop, seen.error
            ));
        }
        return Ok(());
    }
    let others = seen.others.iter().flat_map(|other| &other.tool_calls);
    match seen.tool_calls.iter().chain(others).next() {
        Some(call) => Err(format!("a rejected reply releases the call {call:?}")),
        None => Ok(()),
    }
}
