//! Laws 7 and 8: a decoder's call consumes bytes or returns `None`; and it never holds more than
//! its limit, whatever the chunks.

use wiretape_core::dialect::Framing as Of;
use wiretape_core::{ErrorKind, Limits, framing, sse};

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
        let mut decoder = make(subject, Limits::default());
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

fn make(subject: &Subject<'_>, limits: Limits) -> framing::Decoder {
    chunking::decoder(subject.dialect, sse::Options::lenient(), limits)
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
        let make = || make(subject, limits);
        report.add(chunking::establish(&subject.body, effort, make));
        report.case(fits(subject, make(), frame_bytes_max));
    }
    report
}

/// The frames before the error are no longer than the limit, and the one at the error is.
fn fits(subject: &Subject<'_>, mut decoder: framing::Decoder, limit: usize) -> Result<(), Failure> {
    let body = subject.body.as_slice();
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
            let between = |byte: &&u8| between(subject.dialect.framing(), **byte);
            let len = frame.len() - frame.iter().rev().take_while(between).count();
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

/// The byte may stand between two frames and belong to neither.
fn between(framing: Of, byte: u8) -> bool {
    match framing {
        Of::Sse | Of::Ndjson => matches!(byte, b'\n' | b'\r'),
        Of::SseOrJson => matches!(byte, b'\n' | b'\r' | b'\t' | b' ' | b','),
        _ => false,
    }
}
