//! Law 2: a stream cut at any byte ends in an error or a lawful end, and never yields a tool call
//! it should not.

use std::fmt::Debug;

use wiretape_core::turn::Ended;
use wiretape_core::{Limits, Options, Reader, Transcript, sse};

use super::partition::Chance;
use super::{Effort, Failure, How, Report, chunking, difference, reading};
use crate::Subject;

/// Bodies up to this many bytes are cut at every byte; longer ones at the ends of their frames,
/// throughout their last bytes, and by chance.
const EVERY_CUT_MAX: usize = 1 << 20;

/// The last bytes of a longer body, each of which is tried.
const TAIL: usize = 2048;

/// Any reader at all: from a body cut short it must not get calls that the whole does not have.
///
/// `calls` gives the calls a reader would run, in order; an empty list where it would run none. A
/// reader that runs calls of a cut body must run those of the whole body, all of them. Says how many
/// cuts were tried: every one.
///
/// # Errors
/// The first cut from which the reader gets calls that it should not.
pub fn cut_safe<T: PartialEq + Debug>(
    body: &[u8],
    calls: impl Fn(&[u8]) -> Vec<T>,
) -> Result<u64, Failure> {
    let whole = calls(body);
    for at in 0..body.len() {
        let cut = calls(body.get(..at).unwrap_or_default());
        if !cut.is_empty() && cut != whole {
            let what = difference::of(&whole, &cut);
            return Err(Failure::new(format!("cut after {at} bytes"), what));
        }
    }
    Ok(body.len().try_into().unwrap_or(u64::MAX))
}

/// The offsets at which a body is cut, in order.
fn cuts(subject: &Subject<'_>, effort: &Effort) -> (How, Vec<usize>) {
    let body = subject.body.as_slice();
    let len = body.len();
    if len <= EVERY_CUT_MAX {
        return (How::Proved, (0..=len).collect());
    }
    let mut chance = Chance::new(effort.seed);
    let mut cuts: Vec<usize> = (0..effort.runs).map(|_| chance.below(len)).collect();
    let edges = starts(subject);
    // Every so many frames, so that no more than about 1,000 are tried.
    let step = (edges.len() >> 10).max(1);
    let edges = edges.into_iter().step_by(step);
    cuts.extend(edges.flat_map(|at| [at.saturating_sub(2), at.saturating_sub(1), at]));
    cuts.extend(len.saturating_sub(TAIL)..=len);
    cuts.sort_unstable();
    cuts.dedup();
    (How::Sampled, cuts)
}

/// Where the frames begin, as far as they can be read.
fn starts(subject: &Subject<'_>) -> Vec<usize> {
    let options = sse::Options::lenient();
    let mut decoder = chunking::decoder(subject.dialect, options, Limits::default());
    let mut input = subject.body.as_slice();
    let next = || decoder.decode(&mut input).ok()?.map(|frame| frame.at);
    let starts = std::iter::from_fn(next);
    starts.filter_map(|at| usize::try_from(at).ok()).collect()
}

/// The law over the subject's body.
#[must_use]
pub fn check(subject: &Subject<'_>, effort: &Effort) -> Report {
    let body = subject.body.as_slice();
    let whole = reading::transcript(subject.dialect, body);
    let (how, cuts) = cuts(subject, effort);
    let mut report = Report::new(2, "cut", how);
    let mut reader = Reader::with_options(subject.dialect, Options::default());
    let mut from = 0;
    for at in cuts {
        // An error stays in the reader and comes out of `finish`.
        let _ = reader.feed(body.get(from..at).unwrap_or_default(), &mut |_| {});
        from = at;
        let seen = Transcript::of(&reader.clone().finish());
        if !report.case(permitted(at, &whole, &seen)) {
            return report;
        }
    }
    report
}

fn permitted(at: usize, whole: &Transcript, seen: &Transcript) -> Result<(), Failure> {
    let broken =
        |difference: String| Err(Failure::new(format!("cut after {at} bytes"), difference));
    let acts = !seen.tool_calls.is_empty() || seen.others.iter().any(|o| !o.tool_calls.is_empty());
    if seen.rejected.is_none() && seen.ended != Ended::Terminal {
        return broken(format!(
            "a turn without terminal evidence, ended {:?}",
            seen.ended
        ));
    }
    if acts && seen.rejected.is_some() {
        return broken(format!("calls of a rejected reply: {:?}", calls_of(seen)));
    }
    // An answer that the cut leaves out altogether is not missed: nothing says how many there are.
    let all = calls_of(whole);
    if acts && !calls_of(seen).iter().all(|answer| all.contains(answer)) {
        return broken(difference::of(&calls_of(whole), &calls_of(seen)));
    }
    // Half of a surrogate pair at the cut is U+FFFD.
    if !whole
        .text
        .starts_with(seen.text.trim_end_matches('\u{FFFD}'))
    {
        return broken(difference::of_texts(&whole.text, &seen.text));
    }
    Ok(())
}

/// The calls of each answer, with its number.
fn calls_of(transcript: &Transcript) -> Vec<(u32, &[wiretape_core::CallView])> {
    let others = transcript
        .others
        .iter()
        .map(|other| (other.index, other.tool_calls.as_slice()));
    std::iter::once((0, transcript.tool_calls.as_slice()))
        .chain(others)
        .collect()
}
