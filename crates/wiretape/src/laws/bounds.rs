//! Laws 7 and 8: a decoder's call consumes bytes or returns `None`; and it never holds more than
//! its limit, whatever the chunks.

use wiretape_core::{ErrorKind, Limits, sse};

use super::chunking::{self, Framing};
use super::partition::Partition;
use super::{Effort, Failure, How, Report};
use crate::Subject;

/// Law 7 over the subject's body.
#[must_use]
pub fn progress(subject: &Subject<'_>, effort: &Effort) -> Report {
    let mut report = Report::new(7, "progress", How::Sampled);
    let body = subject.body.as_slice();
    let whole = Partition {
        cuts: Vec::new(),
        name: "the whole body".into(),
    };
    for partition in
        std::iter::once(whole).chain(Partition::all(effort.seed, effort.runs, body.len()))
    {
        let mut decoder = sse::Decoder::new(sse::Options::lenient(), Limits::default());
        for chunk in partition.pieces(body) {
            let (calls, case) = drain(&mut decoder, chunk);
            report.cases += calls;
            if let Err(what) = case {
                report.case(Err(Failure::new(partition.describe(), what)));
                return report;
            }
        }
    }
    report
}

/// Calls the decoder until it wants more bytes. Says how many calls that took.
fn drain(decoder: &mut impl Framing, mut input: &[u8]) -> (u64, Result<(), String>) {
    let mut calls = 0;
    loop {
        let before = input.len();
        let some = decoder.step(&mut input, |frame| frame.is_some());
        calls += 1;
        match some {
            Ok(true) if input.len() == before => {
                let what = "expected a frame to consume bytes, seen none consumed";
                return (calls, Err(what.into()));
            }
            Ok(true) => {}
            Ok(false) if !input.is_empty() => {
                let what = format!(
                    "expected `None` to consume all, seen {} bytes left",
                    input.len()
                );
                return (calls, Err(what));
            }
            Ok(false) | Err(_) => return (calls, Ok(())),
        }
    }
}

/// Law 8 over the subject's body: with small limits either all frames fit, or `FrameTooLarge` comes
/// at the same offset whatever the chunks, and never for a frame that fits.
#[must_use]
pub fn check(subject: &Subject<'_>, effort: &Effort) -> Report {
    let mut report = Report::new(8, "bounds", How::Proved);
    for frame_bytes_max in [16, 64, 256] {
        let limits = Limits {
            frame_bytes_max,
            ..Limits::default()
        };
        let make = || sse::Decoder::new(sse::Options::lenient(), limits);
        report.add(chunking::establish(&subject.body, effort, make));
        report.case(fits(&subject.body, make(), frame_bytes_max));
    }
    report
}

/// The frames before the error are no longer than the limit, and the one at the error is.
fn fits(body: &[u8], mut decoder: sse::Decoder, limit: usize) -> Result<(), Failure> {
    let mut input = body;
    let mut previous: Option<u64> = None;
    loop {
        let step = decoder.step(&mut input, |frame| frame.map(|frame| frame.at));
        let (at, more) = match step {
            Ok(Some(at)) => (at, true),
            Ok(None) => return Ok(()),
            Err(error) if error.kind == (ErrorKind::FrameTooLarge { limit }) => (error.at, false),
            Err(_) => return Ok(()),
        };
        // From one frame's first byte to the next there are at most the frame, its blank line and
        // other blank lines.
        let from = previous.and_then(|from| usize::try_from(from).ok());
        let to = usize::try_from(at).ok();
        if let Some(frame) = from.zip(to).and_then(|(from, to)| body.get(from..to)) {
            let blank = |byte: &u8| matches!(byte, b'\n' | b'\r');
            let len = frame.len() - frame.iter().rev().take_while(|byte| blank(byte)).count();
            if len > limit {
                let case = format!("frames of at most {limit} bytes");
                let what = format!("expected no frame longer, seen {len} bytes before byte {at}");
                return Err(Failure::new(case, what));
            }
        }
        if !more {
            return Ok(());
        }
        previous = Some(at);
    }
}
