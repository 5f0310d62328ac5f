//! Laws 9 and 12, and the outcomes of faults: what keeps a reply's meaning must leave its
//! transcript equal, and what breaks it must end in one of the ways it permits.

use std::borrow::Cow;
use std::fmt::Debug;

use wiretape_core::turn::Ended;
use wiretape_core::{CallView, RejectedView, Transcript};
use wiretape_vary::classes::{self, Class};
use wiretape_vary::{Outcome, Piece, Profile, Scenario, Script};

use super::partition::{Chance, shrink};
use super::reading::{read, transcript};
use super::{Effort, Failure, How, Report, difference};
use crate::Subject;

/// Lanes whose order is chosen; those that a reply does not have are passed over.
const LANES: usize = 6;

/// Nothing of such a reply can be changed but what is between its bytes.
const NOT_REWRITTEN: &str = "no scenario rewrites payloads of this dialect";

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
        let why = if varied.has_dialect() {
            "the reply has no two blocks or calls whose order can change"
        } else {
            NOT_REWRITTEN
        };
        return Report::does_not_apply(9, "interleaving", why);
    }
    report
}

/// Law 9 for everything that keeps a reply's meaning: scenarios of all reshapes, by seed; and of
/// each class of the catalogue that has some, in turn.
#[must_use]
pub fn check(subject: &Subject<'_>, varied: &wiretape_vary::Subject, effort: &Effort) -> Report {
    let seeds = (0..u64::from(effort.runs)).map(|run| effort.seed.wrapping_add(run));
    let scenarios = seeds.map(|seed| Scenario::generate(seed, Profile::Lawful, varied));
    let scenarios = scenarios.chain(of_classes(Profile::Lawful, varied, effort));
    let mut report = Report::new(9, "reshape", How::Sampled);
    all_same(subject, varied, scenarios, &mut report);
    report
}

/// As many cases of the catalogue's classes as there are runs, the classes in turn.
fn of_classes<'a>(
    profile: Profile,
    varied: &'a wiretape_vary::Subject,
    effort: &'a Effort,
) -> impl Iterator<Item = Scenario> + 'a {
    let fits = move |class: &&Class| class.draw_in(effort.seed, profile, varied).is_ok();
    let classes: Vec<&Class> = classes::all().iter().filter(fits).collect();
    let runs = if classes.is_empty() { 0 } else { effort.runs };
    let seeds = (0..u64::from(runs)).map(move |run| effort.seed.wrapping_add(run));
    let turns = seeds.zip((0..classes.len()).cycle());
    turns.filter_map(move |(seed, turn)| {
        let class = classes.get(turn)?;
        Scenario::of_class(seed, class, profile, varied).ok()
    })
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
    if report.cases == 0 && !varied.has_dialect() {
        return Report::does_not_apply(12, "forward compatibility", NOT_REWRITTEN);
    }
    report
}

/// Plays scenarios that keep the meaning.
fn all_same(
    subject: &Subject<'_>,
    varied: &wiretape_vary::Subject,
    scenarios: impl Iterator<Item = Scenario>,
    report: &mut Report,
) {
    let whole = transcript(subject.dialect, &subject.body).meaning();
    let meaning = |chunks: &[&[u8]]| {
        let read = read(subject.dialect, wiretape_core::Options::default(), chunks);
        read.transcript.meaning()
    };
    for scenario in scenarios {
        let Some(seen) = played(varied, &scenario, meaning) else {
            continue;
        };
        let case = if seen == whole {
            Ok(())
        } else {
            let (scenario, seen) = least(varied, &scenario, &whole, seen, meaning);
            Err(Failure {
                case: describe(&scenario),
                difference: difference::of_transcripts(&whole, &seen),
                scenario: Some(Box::new(scenario)),
            })
        };
        if !report.case(case) {
            return;
        }
    }
}

/// What a reader of bodies gets of a delivery: its coding undone. `None` where the status says that
/// there is no reply, which such a reader does not see.
fn body_read(script: &Script) -> Option<Script> {
    let fails = script.head.as_ref().is_some_and(|head| head.status != 200);
    (!fails).then(|| script.decoded())
}

/// What a reader makes of a scenario; `None` where no piece of it fits, so that it is no case.
fn played<T>(
    varied: &wiretape_vary::Subject,
    scenario: &Scenario,
    read: impl Fn(&[&[u8]]) -> T,
) -> Option<T> {
    let script = body_read(&scenario.apply(varied))?;
    if !scenario.pieces.is_empty() && script.skipped.len() == scenario.pieces.len() {
        return None;
    }
    let chunks: Vec<&[u8]> = script.steps().map(|step| step.bytes).collect();
    Some(read(&chunks))
}

/// The fewest pieces that still give something else, and what they give.
fn least<T: PartialEq>(
    varied: &wiretape_vary::Subject,
    scenario: &Scenario,
    whole: &T,
    seen: T,
    read: impl Fn(&[&[u8]]) -> T,
) -> (Scenario, T) {
    let of = |pieces: &[Piece]| Scenario {
        pieces: pieces.to_vec(),
        ..scenario.clone()
    };
    let breaks = |pieces: &[Piece]| {
        let seen = played(varied, &of(pieces), &read);
        seen.is_some_and(|seen| seen != *whole)
    };
    let least = of(&shrink(&scenario.pieces, breaks));
    let seen = played(varied, &least, &read).unwrap_or(seen);
    (least, seen)
}

/// Any reader at all: whatever keeps a reply's meaning must not change what the reader makes of it.
///
/// `read` is given the chunks of `runs` scenarios of the profile, and must give what it gives for the
/// untouched body in one chunk: so let it give what the reply means, and not how many frames it had.
/// [`Profile::Lawful`] has all reshapes, the others some; scenarios with a fault are left out. Says
/// how many scenarios were played.
///
/// ```
/// use wiretape::laws::{Effort, reshape_blind};
/// use wiretape::tape::Tape;
/// use wiretape::vary::{Profile, Subject};
///
/// // A reader that knows no line end but LF.
/// let careless = |chunks: &[&[u8]]| {
///     let body = String::from_utf8_lossy(&chunks.concat()).into_owned();
///     body.split("\n\n").filter(|block| block.contains("hello")).count()
/// };
/// let body = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n\
///              data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n";
/// let tape = Tape::from_body(body, Some("openai-chat"));
/// let subject = Subject::new(&tape.exchanges[0], Some("openai-chat"));
/// let effort = Effort::default();
/// let failure = reshape_blind(&subject, Profile::Framing, &effort, careless).unwrap_err();
/// // Of all that the scenario does, the one piece that matters.
/// assert_eq!(failure.scenario.unwrap().pieces[0].name(), "line_ends");
/// ```
///
/// # Errors
/// The first scenario that gives something else, with as few pieces as still show it.
pub fn reshape_blind<T: PartialEq + Debug>(
    subject: &wiretape_vary::Subject,
    profile: Profile,
    effort: &Effort,
    read: impl Fn(&[&[u8]]) -> T,
) -> Result<u64, Failure> {
    let whole = read(&[subject.body()]);
    let mut cases = 0;
    for run in 0..u64::from(effort.runs) {
        let scenario = Scenario::generate(effort.seed.wrapping_add(run), profile, subject);
        if !scenario.is_reshape() {
            continue;
        }
        let Some(seen) = played(subject, &scenario, &read) else {
            continue;
        };
        cases += 1;
        if seen != whole {
            let (scenario, seen) = least(subject, &scenario, &whole, seen, &read);
            return Err(Failure {
                case: describe(&scenario),
                difference: difference::of(&whole, &seen),
                scenario: Some(Box::new(scenario)),
            });
        }
    }
    Ok(cases)
}

/// Any reader at all: from a reply that a fault breaks it must not get calls that it should not run.
///
/// `calls` gives the calls a reader would run, in order; an empty list where it would run none. Where
/// the fault permits that the reply is read as it was, the calls must be those of the untouched
/// reply; where it had said once that it ended, the first of them; anywhere else there must be none.
/// Says how many faults were tried.
///
/// # Errors
/// The first fault after which the reader would run calls that it should not.
pub fn fault_safe<T: PartialEq + Debug>(
    subject: &wiretape_vary::Subject,
    effort: &Effort,
    calls: impl Fn(&[u8]) -> Vec<T>,
) -> Result<u64, Failure> {
    let whole = calls(subject.body());
    for run in 0..u64::from(effort.runs) {
        let seed = effort.seed.wrapping_add(run);
        let scenario = Scenario::generate(seed, Profile::Faults, subject);
        let Some(script) = body_read(&scenario.apply(subject)) else {
            continue;
        };
        let seen = calls(script.body());
        let permitted = script.permits.iter().any(|outcome| match outcome {
            Outcome::Same | Outcome::SameButReason => seen == whole,
            Outcome::SoFar => whole.starts_with(&seen),
            _ => false,
        });
        if !seen.is_empty() && !permitted {
            let what = difference::of(&whole, &seen);
            return Err(Failure {
                case: describe(&scenario),
                difference: format!("expected one of {:?}; calls: {what}", script.permits),
                scenario: Some(Box::new(scenario)),
            });
        }
    }
    Ok(effort.runs.into())
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
    let seeds = (0..u64::from(effort.runs)).map(|run| effort.seed.wrapping_add(run));
    let scenarios = seeds.map(|seed| Scenario::generate(seed, Profile::Faults, varied));
    let scenarios = scenarios.chain(of_classes(Profile::Faults, varied, effort));
    for scenario in scenarios.chain(of_classes(Profile::All, varied, effort)) {
        let Some(script) = body_read(&scenario.apply(varied)) else {
            continue;
        };
        let seen = transcript(subject.dialect, script.body());
        let case = if permitted(&script, &whole, &seen) {
            Ok(())
        } else {
            let what = difference::of_transcripts(&whole, &seen);
            Err(Failure {
                case: describe(&scenario),
                difference: format!("expected one of {:?}; seen {what}", script.permits),
                scenario: Some(Box::new(scenario)),
            })
        };
        if !report.case(case) {
            return report;
        }
    }
    report
}

/// What a reader made of a delivery is one of the outcomes that it permits. `whole` is what the same
/// reader makes of the untouched body.
#[must_use]
pub fn permitted(script: &Script, whole: &Transcript, seen: &Transcript) -> bool {
    let permits = script.permits.iter();
    let any_text = script.permits.contains(&Outcome::SameCalls);
    let mut permits = permits.copied();
    permits.any(|outcome| is(outcome, any_text, whole, seen))
}

/// What the reader made of it is this outcome. `any_text` says that the text is that of the bytes that
/// were sent, and no prefix of the untouched one.
fn is(outcome: Outcome, any_text: bool, whole: &Transcript, seen: &Transcript) -> bool {
    let but = |keep: fn(&mut Answer<'_>)| {
        let kept = |of| {
            let mut answers = answers(of);
            answers.iter_mut().for_each(keep);
            answers
        };
        kept(seen) == kept(whole)
    };
    let same = |same: bool| {
        same && seen.stop == whole.stop
            && released(seen) == released(whole)
            && seen.rejected == whole.rejected
    };
    let begun = any_text
        || texts(seen).all(|(number, text)| {
            let text = text.trim_end_matches('\u{FFFD}');
            let mut texts = texts(whole);
            let one =
                |(other, whole): (_, &str)| may_be_one(number, other) && whole.starts_with(text);
            text.is_empty() || texts.any(one)
        });
    let rejected = seen.rejected.is_some() && released(seen) == 0 && begun;
    match outcome {
        Outcome::Same => same(but(|_| ())),
        Outcome::SameButReason => but(|_| ()),
        Outcome::SameButIds => same(but(|answer| answer.forget_ids())),
        Outcome::SameButReasoning => same(but(|answer| answer.said[1] = "")),
        Outcome::SameCalls => same(but(|answer| answer.said = [""; 3])),
        Outcome::SameFirst => same(answers(seen).first() == answers(whole).first()),
        Outcome::CallsRefused => begun && seen.ended == Ended::Terminal && ran_among(whole, seen),
        Outcome::SoFar => {
            let whole = answers(whole);
            let mut seen = answers(seen).into_iter();
            begun
                && seen.all(|seen| {
                    let mut same = whole
                        .iter()
                        .filter(|whole| may_be_one(seen.number, whole.number));
                    same.any(|whole| whole.calls.starts_with(&seen.calls))
                })
        }
        Outcome::NoCalls => rejected && seen.ended == Ended::Terminal,
        Outcome::ErrorReported => rejected && seen.ended == Ended::Error,
        Outcome::EofReported => rejected && seen.ended == Ended::Eof,
        _ => false,
    }
}

/// What would be run is among what would be run of the untouched reply.
fn ran_among(whole: &Transcript, seen: &Transcript) -> bool {
    let ran = |of: &Transcript| -> Vec<(String, String)> {
        let others = of.others.iter().flat_map(|other| &other.tool_calls);
        let calls = of.tool_calls.iter().chain(others);
        let calls = calls.map(|call| (call.name.clone(), meant(&call.arguments).into_owned()));
        calls.collect()
    };
    let mut left = ran(whole);
    ran(seen).into_iter().all(|call| {
        let place = left.iter().position(|other| *other == call);
        place.is_some_and(|place| left.swap_remove(place) == call)
    })
}

/// A JSON text without the blanks that stand outside of its strings.
fn without_blanks(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for letter in text.chars() {
        if inside || !matches!(letter, ' ' | '\n' | '\r' | '\t') {
            kept.push(letter);
        }
        if letter == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && letter == '\\' && !escaped;
    }
    kept
}

/// What arguments mean: nothing, blanks and `null` are an empty object (F-18), an object inside a
/// string is that object (F-19), and blanks around them, or between what is in them, are no part of
/// them (F-22, F-54).
fn meant(arguments: &str) -> Cow<'_, str> {
    let text = arguments.trim();
    if text.is_empty() || text == "null" {
        return "{}".into();
    }
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::Object(map)) if map.is_empty() => "{}".into(),
        Ok(serde_json::Value::String(inner)) => without_blanks(&inner).into(),
        Ok(_) if text.contains([' ', '\n', '\r', '\t']) => without_blanks(text).into(),
        _ => text.into(),
    }
}

fn released(transcript: &Transcript) -> usize {
    let others = transcript.others.iter().map(|other| other.tool_calls.len());
    transcript.tool_calls.len() + others.sum::<usize>()
}

/// The text of each answer, with the answer's number.
fn texts(transcript: &Transcript) -> impl Iterator<Item = (Option<u32>, &str)> {
    let others = transcript.others.iter();
    let others = others.map(|other| (Some(other.index), other.text.as_str()));
    std::iter::once((None, transcript.text.as_str())).chain(others)
}

/// Answers of these numbers may be the same one. A transcript does not say its first answer's: of
/// a reply that was cut before its answer 0 began, it is another.
fn may_be_one(one: Option<u32>, other: Option<u32>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// An answer, but for the reason of its end.
#[derive(PartialEq)]
struct Answer<'a> {
    number: Option<u32>,
    said: [&'a str; 3],
    /// To run or not, with what their arguments mean.
    calls: Vec<(usize, Option<&'a str>, &'a str, Cow<'a, str>)>,
}

impl<'a> Answer<'a> {
    fn of(
        number: Option<u32>,
        said: [&'a str; 3],
        run: &'a [CallView],
        not: &'a [RejectedView],
    ) -> Self {
        let run = run.iter().map(|call| {
            let id = call.id.as_deref();
            (call.ordinal, id, call.name.as_str(), meant(&call.arguments))
        });
        let not = not.iter().map(|call| {
            let id = call.id.as_deref();
            (call.ordinal, id, call.name.as_str(), meant(&call.arguments))
        });
        let mut calls: Vec<_> = run.chain(not).collect();
        calls.sort_unstable_by_key(|call| call.0);
        Self {
            number,
            said,
            calls,
        }
    }

    fn forget_ids(&mut self) {
        for call in &mut self.calls {
            call.1 = None;
        }
    }
}

fn answers(transcript: &Transcript) -> Vec<Answer<'_>> {
    let of = transcript;
    let said = [of.text.as_str(), &of.reasoning, &of.refusal];
    let mut answers = vec![Answer::of(None, said, &of.tool_calls, &of.rejected_calls)];
    answers.extend(of.others.iter().map(|of| {
        let said = [of.text.as_str(), &of.reasoning, &of.refusal];
        Answer::of(Some(of.index), said, &of.tool_calls, &of.rejected_calls)
    }));
    answers
}
