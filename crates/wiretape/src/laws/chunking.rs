//! Law 1: how a body is cut into chunks changes nothing: not the frames, not the errors, not the
//! offsets.
//!
//! # The proof
//!
//! Let *n* be the body's length and *S(i)* the decoder's state after its first *i* bytes, fed one
//! by one. Let *e(i)* be the end of the frame, or of the error, that byte *i* belongs to. [`prove`]
//! checks for every *i* that **one call** of the decoder in *S(i)*, given bytes *i..j*,
//!
//! - for every *j* up to *e(i)*: gives the frame, the error or the `None` that feeding these bytes
//!   one by one gives, consumes them all, and leaves the state *S(j)*;
//! - for *j* behind *e(i)*: gives the frame or error that ends at *e(i)*, consumes no byte behind
//!   it, and leaves the state *S(e(i))*.
//!
//! Take any partition, and the first of its chunks, *0..j*. The first call gives the first frame and
//! leaves *S(e(0))*, as one by one; the second starts there, with the rest of the same chunk; and so
//! on until the chunk is used up in the state *S(j)*, where the next chunk starts. So by induction
//! over the calls each of the 2^(n−1) partitions gives what feeding one by one gives, and so all
//! give the same.
//!
//! **What is assumed.** First: equal states (`==`) read the rest of a body alike. Second, for bodies
//! of more than [`EVERY_END_MAX`] bytes only: of the ends *j* behind *e(i)* those are tried that
//! are up to 4 bytes behind it, at the end of the next frame, and at the end of the body; and where
//! *i* begins a frame, all up to 128 bytes behind *i* and up to 64 behind *e(i)*. A decoder looks
//! ahead in steps of some bytes, 64 with the widest registers, and begins at the start of a frame or
//! where its input begins; of where its input ends it can know nothing but what these show. Behind
//! an error, which is final, only the next bytes are tried. For shorter bodies every *j* is tried
//! and the second assumption is not needed.

use wiretape_core::frame::Meta;
use wiretape_core::{
    Dialect, Error, Frame, Limits, event_stream, framing, json_stream, ndjson, sse,
};

use super::partition::{Partition, pieces, shrink};
use super::{Effort, Failure, How, Report, difference};
use crate::Subject;

/// Bodies up to this many bytes are proved without the second assumption.
pub const EVERY_END_MAX: usize = 1024;

/// Bodies with frames so long that the proof needs more calls than this are sampled.
const CALLS_MAX: usize = 1 << 24;

/// A decoder of the shape all framings have: a cursor in, borrowed frames out.
///
/// `==` compares states: equal ones read the rest of a body alike.
pub trait Framing: Clone + PartialEq {
    /// One call: hands the frame to `see`, or `None` where more bytes are wanted.
    ///
    /// # Errors
    /// The decoder's own.
    fn step<R>(
        &mut self,
        input: &mut &[u8],
        see: impl FnOnce(Option<Frame<'_>>) -> R,
    ) -> Result<R, Error>;

    /// The body has ended.
    ///
    /// # Errors
    /// The decoder's own.
    fn end<R>(&mut self, see: impl FnOnce(Option<Frame<'_>>) -> R) -> Result<R, Error>;
}

/// The decoders of the core, and the one of whatever dialect.
macro_rules! framings {
    ($($decoder:ty),*) => {$(
        impl Framing for $decoder {
            fn step<R>(
                &mut self,
                input: &mut &[u8],
                see: impl FnOnce(Option<Frame<'_>>) -> R,
            ) -> Result<R, Error> {
                self.decode(input).map(see)
            }

            fn end<R>(&mut self, see: impl FnOnce(Option<Frame<'_>>) -> R) -> Result<R, Error> {
                self.finish().map(see)
            }
        }
    )*};
}

framings!(
    sse::Decoder,
    ndjson::Decoder,
    json_stream::Decoder,
    event_stream::Decoder,
    framing::Decoder
);

/// The decoder of a dialect's bodies.
pub(super) fn decoder(dialect: Dialect, options: sse::Options, limits: Limits) -> framing::Decoder {
    framing::Decoder::new(dialect.framing(), options, limits)
}

/// A frame that outlives its decoder.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    at: u64,
    event: Option<String>,
    data: Option<String>,
    meta: Option<Meta>,
}

impl Kept {
    fn of(frame: Frame<'_>) -> Self {
        Self {
            at: frame.at,
            event: frame.event.map(str::to_owned),
            data: frame.data.map(str::to_owned),
            meta: frame.meta.cloned(),
        }
    }

    fn is(&self, frame: &Frame<'_>) -> bool {
        *frame
            == Frame {
                at: self.at,
                event: self.event.as_deref(),
                data: self.data.as_deref(),
                meta: self.meta.as_ref(),
            }
    }
}

/// What one call gave.
type Step = Result<Option<Kept>, Error>;

/// What feeding one by one gives.
struct OneByOne<D> {
    /// The state before each byte, and after the last.
    states: Vec<D>,
    /// What each byte gave.
    steps: Vec<Step>,
    /// For each byte, the end of the frame or error it belongs to.
    ends: Vec<usize>,
    finish: Step,
}

impl<D: Framing> OneByOne<D> {
    fn of(body: &[u8], mut decoder: D) -> Result<Self, Failure> {
        let mut states = Vec::with_capacity(body.len() + 1);
        let mut steps = Vec::with_capacity(body.len());
        for (at, byte) in body.iter().enumerate() {
            states.push(decoder.clone());
            let mut input = std::slice::from_ref(byte);
            let step = decoder.step(&mut input, |frame| frame.map(Kept::of));
            if !input.is_empty() {
                let what = "a call given one byte left it, which is no progress".to_owned();
                return Err(failure(format!("byte {at} alone"), what));
            }
            steps.push(step);
        }
        states.push(decoder.clone());
        let finish = decoder.end(|frame| frame.map(Kept::of));
        let mut ends = vec![body.len(); body.len()];
        let mut end = body.len();
        for (at, step) in steps.iter().enumerate().rev() {
            if !matches!(step, Ok(None)) {
                end = at + 1;
            }
            if let Some(place) = ends.get_mut(at) {
                *place = end;
            }
        }
        Ok(Self {
            states,
            steps,
            ends,
            finish,
        })
    }

    /// Calls the proof needs at least.
    fn cost(&self) -> usize {
        self.ends.iter().enumerate().map(|(at, end)| end - at).sum()
    }

    /// A frame begins with this byte.
    fn is_start(&self, from: usize) -> bool {
        let before = from.checked_sub(1).and_then(|at| self.steps.get(at));
        before.is_none_or(|step| !matches!(step, Ok(None)))
    }

    /// The state before `from` is that behind an error, which is final.
    fn has_failed(&self, from: usize) -> bool {
        let step = |at: usize| self.steps.get(at);
        from > 0 && step(from - 1).is_some_and(Result::is_err)
    }

    /// One call in the state before `from`, given bytes up to `to`.
    fn check(&self, body: &[u8], from: usize, to: usize) -> Result<(), Failure> {
        let end = self.ends.get(from).copied().unwrap_or(body.len());
        let reached = end.min(to);
        let nothing = Ok(None);
        let expected = match self.steps.get(reached.wrapping_sub(1)) {
            Some(step) if reached == end && from < to => step,
            _ => &nothing,
        };
        let (Some(before), Some(after)) = (self.states.get(from), self.states.get(reached)) else {
            return Ok(());
        };
        let mut decoder = before.clone();
        let mut input = body.get(from..to).unwrap_or_default();
        let mut kept = None;
        let same = match (
            decoder.step(&mut input, |frame| match (expected, frame) {
                (Ok(None), None) => true,
                (Ok(Some(expected)), Some(frame)) if expected.is(&frame) => true,
                (_, frame) => {
                    kept = frame.map(Kept::of);
                    false
                }
            }),
            expected,
        ) {
            (Ok(same), _) => same,
            (Err(error), Err(expected)) if error == *expected => {
                // An error is final, whatever led to it.
                let again = decoder.step(&mut &b"x"[..], |_| ());
                if again != Err(error) {
                    return Err(call(from, to, difference::of(&Err::<(), _>(error), &again)));
                }
                // What it leaves of its chunk is not looked at again.
                input = body.get(reached..to).unwrap_or_default();
                true
            }
            (Err(error), _) => {
                return Err(call(from, to, difference::of(expected, &Step::Err(error))));
            }
        };
        if !same {
            return Err(call(from, to, difference::of(expected, &Step::Ok(kept))));
        }
        if input.len() != to - reached {
            let consumed = to - from - input.len();
            let what = format!(
                "expected {} bytes consumed, seen {consumed}",
                reached - from
            );
            return Err(call(from, to, what));
        }
        if decoder != *after {
            let what = format!("the state differs from that after {reached} single bytes");
            return Err(call(from, to, what));
        }
        if to == body.len() && reached == to {
            let finish = decoder.end(|frame| frame.map(Kept::of));
            if finish != self.finish {
                return Err(call(from, to, difference::of(&self.finish, &finish)));
            }
        }
        Ok(())
    }
}

fn call(from: usize, to: usize, difference: String) -> Failure {
    let case = format!("bytes {from}..{to} in one call, after {from} single bytes");
    failure(case, difference)
}

fn failure(case: String, difference: String) -> Failure {
    Failure {
        case,
        scenario: None,
        difference,
    }
}

/// Proves the law for this body and all its 2^(n−1) partitions, and says how many calls that took.
/// The module says what is proved, and on which assumptions.
///
/// Work grows with the square of the longest frame: see [`check`] for a bound.
///
/// # Errors
/// The first call that gives something else than feeding its bytes one by one.
pub fn prove<D: Framing>(body: &[u8], make: impl Fn() -> D) -> Result<u64, Failure> {
    proved(body, &OneByOne::of(body, make())?)
}

fn proved<D: Framing>(body: &[u8], one: &OneByOne<D>) -> Result<u64, Failure> {
    let len = body.len();
    let mut cases = 0;
    for from in 0..=len {
        let end = one.ends.get(from).copied().unwrap_or(len);
        let near = if one.has_failed(from) {
            (from + 2).min(len)
        } else if len <= EVERY_END_MAX {
            len
        } else if one.is_start(from) {
            (end + 64).max(from + 128).min(len)
        } else {
            end
        };
        // Behind an error, no bytes and some bytes give the same: the error.
        let first = from + usize::from(one.has_failed(from));
        for to in first..=near {
            one.check(body, from, to)?;
        }
        cases += (near + 1).saturating_sub(first);
        let next = one.ends.get(end).copied().unwrap_or(len);
        let far = [end + 1, end + 2, end + 3, end + 4, next, len];
        for to in far.into_iter().filter(|to| near < *to && *to <= len) {
            one.check(body, from, to)?;
            cases += 1;
        }
    }
    Ok(cases.try_into().unwrap_or(u64::MAX))
}

/// Tries partitions: chunks of every size up to 64 bytes, then `runs` by chance.
///
/// # Errors
/// The first partition whose frames, errors or end differ from those of the whole body, with as
/// few cuts as still show it.
pub fn sample<D: Framing>(
    body: &[u8],
    seed: u64,
    runs: u32,
    make: impl Fn() -> D,
) -> Result<u64, Failure> {
    super::chunk_blind(body, seed, runs, |chunks| decode_all(chunks, make()))
}

/// All that a decoder gives, for these chunks.
fn decode_all<D: Framing>(chunks: &[&[u8]], mut decoder: D) -> Vec<Step> {
    let mut steps = Vec::new();
    for chunk in chunks {
        let mut input = *chunk;
        loop {
            let step = decoder.step(&mut input, |frame| frame.map(Kept::of));
            match step {
                Ok(None) => break,
                Ok(Some(_)) => steps.push(step),
                Err(_) => {
                    steps.push(step);
                    return steps;
                }
            }
        }
    }
    steps.push(decoder.end(|frame| frame.map(Kept::of)));
    steps
}

/// Proved where the body and its frames are short enough, else sampled.
///
/// # Errors
/// As [`prove`] and [`sample`].
pub fn establish<D: Framing>(
    body: &[u8],
    effort: &Effort,
    make: impl Fn() -> D,
) -> Result<(How, u64), Failure> {
    if body.len() <= effort.proof_bytes_max {
        let one = OneByOne::of(body, make())?;
        if one.cost() <= CALLS_MAX {
            return proved(body, &one).map(|cases| (How::Proved, cases));
        }
    }
    sample(body, effort.seed, effort.runs, make).map(|cases| (How::Sampled, cases))
}

/// The law over the subject's body, for the lenient decoder, as [`establish`] has it. (The strict one
/// is sampled with the whole reader: [`super::reading`].)
#[must_use]
pub fn check(subject: &Subject<'_>, effort: &Effort) -> Report {
    let mut report = Report::new(1, "chunking", How::Proved);
    let lenient = sse::Options::lenient();
    let lenient = || decoder(subject.dialect, lenient, Limits::default());
    report.add(establish(&subject.body, effort, lenient));
    report
}

/// The strict decoder that recovers a last frame, sampled.
pub(super) fn strict(subject: &Subject<'_>, effort: &Effort) -> Result<(How, u64), Failure> {
    let mut recovering = sse::Options::strict();
    recovering.recover_last = true;
    let make = || decoder(subject.dialect, recovering, Limits::default());
    let cases = sample(&subject.body, effort.seed, effort.runs, make)?;
    Ok((How::Sampled, cases))
}

/// The fewest cuts that still break it.
pub(super) fn shrunk<T: PartialEq>(
    body: &[u8],
    partition: &Partition,
    whole: &T,
    read: &impl Fn(&[&[u8]]) -> T,
) -> Partition {
    let breaks = |cuts: &[usize]| read(&pieces(body, cuts)) != *whole;
    Partition {
        cuts: shrink(&partition.cuts, breaks),
        name: partition.name.clone(),
    }
}
