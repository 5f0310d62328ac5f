//! Law 1 for the whole reader: however the body is cut, and with or without the fast path for
//! common deltas, events and transcript are the same.

use std::fmt::Write;

use wiretape_core::{Dialect, Options, Reader, Transcript};

use super::partition::Partition;
use super::{Effort, Failure, How, Report, chunking, difference};
use crate::Subject;

/// Everything that reading a body shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    /// One line for each event.
    pub(super) events: String,
    pub(super) transcript: Transcript,
}

pub(super) fn read(dialect: Dialect, options: Options, chunks: &[&[u8]]) -> Read {
    let mut reader = Reader::with_options(dialect, options);
    let mut events = String::new();
    for chunk in chunks {
        // Writing to a string does not fail.
        let fed = reader.feed(chunk, &mut |event| {
            let _ = writeln!(events, "{event:?}");
        });
        if let Err(error) = fed {
            let _ = writeln!(events, "{error:?}");
            break;
        }
    }
    let result = reader.finish_with(&mut |event| {
        let _ = writeln!(events, "{event:?}");
    });
    Read {
        events,
        transcript: Transcript::of(&result),
    }
}

/// What a lenient reader makes of a body.
pub(super) fn transcript(dialect: Dialect, body: &[u8]) -> Transcript {
    Transcript::of(&wiretape_core::read(dialect, Options::default(), body))
}

fn compare(case: &str, expected: &Read, seen: &Read) -> Result<(), Failure> {
    if expected.events != seen.events {
        let what = difference::of_texts(&expected.events, &seen.events);
        return Err(Failure::new(format!("{case}, events"), what));
    }
    if expected.transcript != seen.transcript {
        let what = difference::of_transcripts(&expected.transcript, &seen.transcript);
        return Err(Failure::new(format!("{case}, transcript"), what));
    }
    Ok(())
}

/// The law over the subject's body, lenient and strict, and over the strict framing alone.
#[must_use]
pub fn check(subject: &Subject<'_>, effort: &Effort) -> Report {
    let mut report = Report::new(1, "reading", How::Sampled);
    let (dialect, body) = (subject.dialect, subject.body.as_slice());
    for options in [Options::lenient(), Options::strict()] {
        let whole = read(dialect, options, &[body]);
        let mut plain = options;
        plain.dialect.templates = false;
        let seen = read(dialect, plain, &[body]);
        if !report.case(compare("without the fast path", &whole, &seen)) {
            return report;
        }
    }
    report.add(chunking::strict(subject, effort));
    let options = Options::lenient();
    let reading = |chunks: &[&[u8]]| read(dialect, options, chunks);
    let whole = reading(&[body]);
    for partition in Partition::all(effort.seed, effort.runs, body.len()) {
        let seen = reading(&partition.pieces(body));
        if whole != seen {
            let least = chunking::shrunk(body, &partition, &whole, &reading);
            let seen = reading(&least.pieces(body));
            report.case(compare(&least.describe(), &whole, &seen));
            return report;
        }
        report.case(Ok(()));
    }
    report
}
