//! Laws 9 and 12, and the outcomes of faults: what keeps a reply's meaning must leave its
//! transcript equal, and what breaks it must end in one of the ways it permits.

use wiretape_core::Transcript;
use wiretape_core::turn::Ended;
use wiretape_vary::{Outcome, Piece, Profile, Scenario};

use super::partition::Chance;
use super::reading::{read, transcript};
use super::{Effort, Failure, How, Report, difference};
use crate::Subject;

/// Lanes whose order is chosen; those that a reply does not have are passed over.
const LANES: usize = 6;

/// Law 9: any order of blocks or calls that keeps each one's own order gives the same reply.
#[must_use]
pub fn interleaving(
    subject: &Subject<'_>,
    varied: &wiretape_vary::Subject,
    effort: &Effort,
) -> Report {
    let mut chance = Chance::new(effort.seed);
    let blocks = varied.block_count();
    let scenarios = (0..effort.runs).map(|_| {
        let lanes = 2 + chance.below(LANES - 1);
        let order = (0..blocks).map(|_| chance.below(lanes)).collect();
        Scenario::of(vec![Piece::Interleave { order }])
    });
    let mut report = Report::new(9, "interleaving", How::Sampled);
    all_same(subject, varied, scenarios, &mut report);
    if report.cases == 0 {
        let why = "the reply has no two blocks or calls whose order can change";
        return Report::does_not_apply(9, "interleaving", why);
    }
    report
}

/// Law 9 for everything that keeps a reply's meaning: scenarios of all reshapes, by seed.
#[must_use]
pub fn check(subject: &Subject<'_>, varied: &wiretape_vary::Subject, effort: &Effort) -> Report {
    let seeds = (0..u64::from(effort.runs)).map(|run| effort.seed.wrapping_add(run));
    let scenarios = seeds.map(|seed| Scenario::generate(seed, Profile::Reshape, varied));
    let mut report = Report::new(9, "reshape", How::Sampled);
    all_same(subject, varied, scenarios, &mut report);
    report
}

/// Law 12: unknown fields and unknown events pass through.
#[must_use]
pub fn unknown(subject: &Subject<'_>, varied: &wiretape_vary::Subject, effort: &Effort) -> Report {
    let mut chance = Chance::new(effort.seed);
    let blocks = varied.block_count();
    let scenarios = (0..effort.runs).map(|run| {
        let field = |chance: &mut Chance| Piece::UnknownField {
            block: chance.below(blocks),
            first: chance.below(2) == 0,
            value: "wiretape \u{1F9EA} \"}]\\".into(),
        };
        let sse_field = |chance: &mut Chance| Piece::UnknownSseField {
            block: chance.below(blocks),
            name: "x-wiretape".into(),
            value: "data: {\"type\":\"error\"}".into(),
        };
        let event = |chance: &mut Chance| Piece::UnknownEvent {
            before_block: chance.below(blocks + 1),
        };
        let mut pieces = vec![
            field(&mut chance),
            sse_field(&mut chance),
            event(&mut chance),
        ];
        if run == 0 {
            // Everywhere at once.
            pieces.extend((0..blocks).map(|block| Piece::UnknownField {
                block,
                first: block % 2 == 0,
                value: String::new(),
            }));
        }
        Scenario::of(pieces)
    });
    let mut report = Report::new(12, "forward compatibility", How::Sampled);
    all_same(subject, varied, scenarios, &mut report);
    report
}

/// Plays scenarios that keep the meaning. One of which no piece fits is not counted.
fn all_same(
    subject: &Subject<'_>,
    varied: &wiretape_vary::Subject,
    scenarios: impl Iterator<Item = Scenario>,
    report: &mut Report,
) {
    let whole = transcript(subject.dialect, &subject.body).meaning();
    for scenario in scenarios {
        let script = scenario.apply(varied);
        if !scenario.pieces.is_empty() && script.skipped.len() == scenario.pieces.len() {
            continue;
        }
        let chunks: Vec<&[u8]> = script.steps().map(|step| step.bytes).collect();
        let seen = read(subject.dialect, wiretape_core::Options::default(), &chunks);
        let seen = seen.transcript.meaning();
        let case = if seen == whole {
            Ok(())
        } else {
            Err(Failure {
                case: describe(&scenario),
                scenario: Some(scenario),
                difference: difference::of_transcripts(&whole, &seen),
            })
        };
        if !report.case(case) {
            return;
        }
    }
}

fn describe(scenario: &Scenario) -> String {
    let names: Vec<&str> = scenario.pieces.iter().map(Piece::name).collect();
    format!(
        "scenario of seed {}, profile {}: {}",
        scenario.seed,
        scenario.profile,
        names.join(", ")
    )
}

/// Law 3 under faults: whatever breaks, the reader ends in a way that the fault permits, and runs
/// no call that it should not.
#[must_use]
pub fn faults(subject: &Subject<'_>, varied: &wiretape_vary::Subject, effort: &Effort) -> Report {
    let mut report = Report::new(3, "faults", How::Sampled);
    let whole = transcript(subject.dialect, &subject.body);
    for run in 0..u64::from(effort.runs) {
        let seed = effort.seed.wrapping_add(run);
        let scenario = Scenario::generate(seed, Profile::Fault, varied);
        let script = scenario.apply(varied);
        let seen = transcript(subject.dialect, script.body());
        let permitted = script
            .permits
            .iter()
            .any(|outcome| is(*outcome, &whole, &seen));
        let case = if permitted {
            Ok(())
        } else {
            let what = difference::of_transcripts(&whole, &seen);
            Err(Failure {
                case: describe(&scenario),
                difference: format!("expected one of {:?}; seen {what}", script.permits),
                scenario: Some(scenario),
            })
        };
        if !report.case(case) {
            return report;
        }
    }
    report
}

/// What the reader made of it is this outcome.
fn is(outcome: Outcome, whole: &Transcript, seen: &Transcript) -> bool {
    let same = seen.text == whole.text && calls(seen) == calls(whole);
    let begun = whole
        .text
        .starts_with(seen.text.trim_end_matches('\u{FFFD}'));
    let rejected = seen.rejected.is_some() && released(seen) == 0 && begun;
    match outcome {
        Outcome::Same => {
            same && seen.stop == whole.stop
                && released(seen) == released(whole)
                && seen.rejected == whole.rejected
        }
        Outcome::SameButReason => same,
        Outcome::SoFar => begun && calls(whole).starts_with(&calls(seen)),
        Outcome::NoCalls => rejected && seen.ended == Ended::Terminal,
        Outcome::ErrorReported => rejected && seen.ended == Ended::Error,
        Outcome::EofReported => rejected && seen.ended == Ended::Eof,
        _ => false,
    }
}

fn released(transcript: &Transcript) -> usize {
    let others = transcript.others.iter().map(|other| other.tool_calls.len());
    transcript.tool_calls.len() + others.sum::<usize>()
}

/// All calls of the first answer, to run or not, as sent.
fn calls(transcript: &Transcript) -> Vec<(usize, Option<&str>, &str, &str)> {
    let run = transcript.tool_calls.iter().map(|call| {
        (
            call.ordinal,
            call.id.as_deref(),
            call.name.as_str(),
            call.arguments.as_str(),
        )
    });
    let not = transcript.rejected_calls.iter().map(|call| {
        (
            call.ordinal,
            call.id.as_deref(),
            call.name.as_str(),
            call.arguments.as_str(),
        )
    });
    let mut calls: Vec<_> = run.chain(not).collect();
    calls.sort_unstable_by_key(|call| call.0);
    calls
}
