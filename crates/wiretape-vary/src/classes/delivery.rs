//! Forms of the transport and the session: waits, ends, codings, other answers, attempts, sizes.
//!
//! Waits are drawn so that a run takes seconds: what a client does after half a minute is asked by a
//! scenario that says so. What is to last for ever does.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use wiretape_tape::EndKind;

use super::Drawn;
use super::forms::{HALF, keeps_alive, known, one, streams, terminal};
use crate::dialect::{Family, Kind};
use crate::rng::{Ratio, Rng};
use crate::scenario::{Cutting, Piece};
use crate::subject::Subject;
use crate::transport::{Beat, Coding, ErrorBody, Flushing, NoStream, RetryAfter, Spot, Unending};

const MS: u64 = 1_000_000;
/// How long the bytes of a drip take together, about.
const DRIP_NS: u64 = 3_000 * MS;
/// How long keep-alives go on, about.
const BEATS_NS: u64 = 5_000 * MS;

/// A wait that every client should bear.
fn short(rng: &mut Rng) -> u64 {
    rng.within(3, 15) * 100 * MS
}

// F-08

fn encode(rng: &mut Rng, subject: &Subject, flush: Flushing, truncated: bool) -> Drawn {
    if subject.body().is_empty() {
        return Err("the body is empty");
    }
    let codings = [Coding::Gzip, Coding::Gzip, Coding::Deflate, Coding::Br];
    one(Piece::Encode {
        coding: rng.pick(&codings).copied().unwrap_or(Coding::Gzip),
        flush,
        truncated,
    })
}

pub(super) fn encode_each(rng: &mut Rng, subject: &Subject) -> Drawn {
    encode(rng, subject, Flushing::Event, false)
}

pub(super) fn encode_at_end(rng: &mut Rng, subject: &Subject) -> Drawn {
    encode(rng, subject, Flushing::End, false)
}

pub(super) fn encode_truncated(rng: &mut Rng, subject: &Subject) -> Drawn {
    let flush = [Flushing::Event, Flushing::End];
    let flush = rng.pick(&flush).copied().unwrap_or(Flushing::Event);
    encode(rng, subject, flush, true)
}

// F-09, F-12

pub(super) fn burst(rng: &mut Rng, subject: &Subject) -> Drawn {
    if subject.body().is_empty() {
        return Err("the body is empty");
    }
    let wait_ns = short(rng);
    let head = rng.chance(HALF);
    one(Piece::Burst { wait_ns, head })
}

pub(super) fn drip(_: &mut Rng, subject: &Subject) -> Drawn {
    let length = u64::try_from(subject.body().len()).unwrap_or(u64::MAX);
    if length < 2 {
        return Err("the body is too short");
    }
    // Of a long body some bytes at a time, so that there is a pause between them.
    let bytes = usize::try_from(length / 3_000).unwrap_or(1).max(1);
    let chunks = length / u64::try_from(bytes).unwrap_or(1);
    let every_ns = (DRIP_NS / chunks.max(1)).clamp(MS / 2, 20 * MS);
    one(Piece::Drip { bytes, every_ns })
}

// F-10, F-11, F-33

/// The blocks that add text, and those that add arguments.
fn deltas(subject: &Subject, family: Family, inner: bool) -> Vec<usize> {
    let blocks = subject.blocks().iter().enumerate();
    let adds = blocks.filter(|(_, block)| {
        let site = block.payload().and_then(|payload| family.site(payload));
        site.is_some_and(|site| site.inner == inner)
    });
    adds.map(|(place, _)| place).collect()
}

/// A block behind which a text goes on.
fn in_text(rng: &mut Rng, subject: &Subject) -> Result<usize, &'static str> {
    let deltas = deltas(subject, known(subject)?, false);
    let behind = rng.pick(&deltas).ok_or("no block adds text")?;
    Ok(behind + 1)
}

/// A block behind which arguments go on.
fn in_arguments(rng: &mut Rng, subject: &Subject) -> Result<usize, &'static str> {
    let deltas = deltas(subject, known(subject)?, true);
    let behind = rng.pick(&deltas).ok_or("no call has arguments")?;
    Ok(behind + 1)
}

/// The place behind the reason for the end, before the terminal event.
fn behind_finish(subject: &Subject) -> Result<usize, &'static str> {
    known(subject)?;
    let blocks = subject.blocks().iter();
    let mut finish = blocks
        .enumerate()
        .filter(|(_, block)| block.kind == Kind::Finish);
    let (place, _) = finish.next_back().ok_or("no reason for the end")?;
    let next = subject.blocks().get(place + 1);
    next.map(|_| place + 1)
        .ok_or("the reason is the last event")
}

fn for_ever(at: Spot) -> Drawn {
    let wait_ns = None;
    one(Piece::Stall { at, wait_ns })
}

pub(super) fn stall_head(_: &mut Rng, _: &Subject) -> Drawn {
    for_ever(Spot::Head)
}

pub(super) fn stall_first(_: &mut Rng, subject: &Subject) -> Drawn {
    streams(subject)?;
    for_ever(Spot::Block(0))
}

pub(super) fn stall_text(rng: &mut Rng, subject: &Subject) -> Drawn {
    for_ever(Spot::Block(in_text(rng, subject)?))
}

pub(super) fn stall_arguments(rng: &mut Rng, subject: &Subject) -> Drawn {
    for_ever(Spot::Block(in_arguments(rng, subject)?))
}

pub(super) fn stall_finish(_: &mut Rng, subject: &Subject) -> Drawn {
    for_ever(Spot::Block(behind_finish(subject)?))
}

/// A stall that ends in time.
pub(super) fn pause(rng: &mut Rng, subject: &Subject) -> Drawn {
    streams(subject)?;
    let count = subject.block_count();
    let place = rng.size(0, count.saturating_sub(1));
    let at = match rng.chance(Ratio { n: 1, of: 4 }) {
        true => Spot::Head,
        false => Spot::Block(place),
    };
    let wait_ns = Some(short(rng));
    one(Piece::Stall { at, wait_ns })
}

fn beats(rng: &mut Rng, subject: &Subject, before_block: usize, then: Option<EndKind>) -> Drawn {
    let every_ns = rng.within(1, 4) * 100 * MS;
    let count = u32::try_from(BEATS_NS / every_ns).unwrap_or(1);
    streams(subject)?;
    let comment = keeps_alive(subject).is_err() || rng.chance(HALF);
    one(Piece::KeepAlive {
        before_block,
        beat: if comment { Beat::Comment } else { Beat::Ping },
        every_ns,
        count,
        then,
    })
}

/// After some of the text or of the arguments.
pub(super) fn keep_alives(rng: &mut Rng, subject: &Subject) -> Drawn {
    let place = match in_arguments(rng, subject) {
        Ok(place) if rng.chance(HALF) => place,
        _ => in_text(rng, subject)?,
    };
    beats(rng, subject, place, Some(EndKind::Timeout))
}

/// The message is all there, but for its terminal event.
pub(super) fn keep_alives_before_end(rng: &mut Rng, subject: &Subject) -> Drawn {
    let place = behind_finish(subject)?;
    beats(rng, subject, place, Some(EndKind::Timeout))
}

/// The rest follows.
pub(super) fn keep_alives_between(rng: &mut Rng, subject: &Subject) -> Drawn {
    let place = in_text(rng, subject)?;
    beats(rng, subject, place, None)
}

fn ending(subject: &Subject, end: EndKind, after_ns: u64) -> Drawn {
    terminal(subject)?;
    let last = subject.blocks().last();
    if last.is_none_or(|last| last.kind != Kind::Terminal) {
        return Err("the last event is no terminal one");
    }
    if subject.end == end && after_ns == 0 {
        return Err("it ends so already");
    }
    one(Piece::Ending { end, after_ns })
}

pub(super) fn reset_behind(_: &mut Rng, subject: &Subject) -> Drawn {
    ending(subject, EndKind::Reset, 0)
}

pub(super) fn unterminated_behind(_: &mut Rng, subject: &Subject) -> Drawn {
    ending(subject, EndKind::Unterminated, 0)
}

pub(super) fn linger(_: &mut Rng, subject: &Subject) -> Drawn {
    ending(subject, EndKind::Timeout, 0)
}

pub(super) fn late_end(rng: &mut Rng, subject: &Subject) -> Drawn {
    let after_ns = short(rng);
    ending(subject, EndKind::Complete, after_ns)
}

// F-41, F-42, F-43

/// A status that a client asks again for, with what says when.
fn error(rng: &mut Rng, body: ErrorBody) -> Drawn {
    let again = [429, 429, 500, 502, 503, 503, 504, 520, 529, 408];
    let never = [400, 401, 403, 404, 413, 422];
    let asks = rng.chance(Ratio { n: 3, of: 4 });
    let statuses: &[u16] = if asks { &again } else { &never };
    let status = rng.pick(statuses).copied().unwrap_or(500);
    let when = [
        None,
        Some(RetryAfter::Seconds(1)),
        Some(RetryAfter::Milliseconds(300)),
        Some(RetryAfter::DateInSeconds(2)),
    ];
    let says = matches!(status, 429 | 503 | 529);
    let retry_after = rng.pick(&when).copied().flatten().filter(|_| says);
    let should = [None, None, Some(asks)];
    one(Piece::HttpError {
        status,
        body,
        retry_after,
        should_retry: rng.pick(&should).copied().flatten(),
    })
}

pub(super) fn error_json(rng: &mut Rng, _: &Subject) -> Drawn {
    error(rng, ErrorBody::Json)
}

pub(super) fn error_array(rng: &mut Rng, _: &Subject) -> Drawn {
    error(rng, ErrorBody::JsonArray)
}

pub(super) fn error_html(rng: &mut Rng, _: &Subject) -> Drawn {
    error(rng, ErrorBody::Html)
}

pub(super) fn error_empty(rng: &mut Rng, _: &Subject) -> Drawn {
    error(rng, ErrorBody::Empty)
}

pub(super) fn error_text(rng: &mut Rng, _: &Subject) -> Drawn {
    error(rng, ErrorBody::Text)
}

pub(super) fn error_truncated(rng: &mut Rng, _: &Subject) -> Drawn {
    error(rng, ErrorBody::Truncated)
}

fn no_stream(subject: &Subject, body: NoStream) -> Drawn {
    known(subject)?;
    one(Piece::NoStream { body })
}

pub(super) fn no_stream_error(_: &mut Rng, subject: &Subject) -> Drawn {
    no_stream(subject, NoStream::Error)
}

/// Only a reply that can be read can be written as one object.
fn readable(subject: &Subject) -> Result<(), &'static str> {
    crate::transport::bodies::other_dialect(subject.dialect, subject.body()).map(drop)
}

pub(super) fn no_stream_whole(_: &mut Rng, subject: &Subject) -> Drawn {
    readable(subject)?;
    no_stream(subject, NoStream::Whole)
}

pub(super) fn no_stream_html(_: &mut Rng, subject: &Subject) -> Drawn {
    no_stream(subject, NoStream::Html)
}

pub(super) fn no_stream_bare(_: &mut Rng, subject: &Subject) -> Drawn {
    no_stream(subject, NoStream::Bare)
}

pub(super) fn no_stream_empty(_: &mut Rng, subject: &Subject) -> Drawn {
    no_stream(subject, NoStream::Empty)
}

pub(super) fn no_content(_: &mut Rng, subject: &Subject) -> Drawn {
    no_stream(subject, NoStream::NoContent)
}

pub(super) fn wrong_dialect(_: &mut Rng, subject: &Subject) -> Drawn {
    readable(subject)?;
    one(Piece::WrongDialect {})
}

// F-60, F-62

/// The connection breaks before a block.
fn broken(rng: &mut Rng, subject: &Subject, before_block: usize) -> Drawn {
    let ends = subject.stream.as_ref().map(|stream| stream.bytes().1);
    let last = before_block.checked_sub(1);
    let at = last.and_then(|last| ends?.get(last).copied());
    let at = at.filter(|at| *at < subject.body().len());
    let at = at.ok_or("nothing comes before it, or nothing behind")?;
    let ends = [EndKind::Reset, EndKind::Unterminated];
    let end = rng.pick(&ends).copied().unwrap_or(EndKind::Reset);
    one(Piece::Cut { at, end })
}

pub(super) fn broken_in_text(rng: &mut Rng, subject: &Subject) -> Drawn {
    let place = in_text(rng, subject)?;
    broken(rng, subject, place)
}

pub(super) fn broken_in_call(rng: &mut Rng, subject: &Subject) -> Drawn {
    let place = in_arguments(rng, subject)?;
    broken(rng, subject, place)
}

/// Behind the last arguments, before the message's end: a call is whole, and the message is not.
pub(super) fn broken_behind_call(rng: &mut Rng, subject: &Subject) -> Drawn {
    let family = known(subject)?;
    let deltas = deltas(subject, family, true);
    let last = deltas.last().ok_or("no call has arguments")?;
    let blocks = subject.blocks().iter().enumerate().skip(last + 1);
    let mut ending =
        blocks.filter(|(_, block)| matches!(block.kind, Kind::Finish | Kind::Terminal));
    let (place, _) = ending.next().ok_or("no reason for the end")?;
    broken(rng, subject, place)
}

/// What every attempt after the first gets, where the class is about attempts.
pub(super) fn retries(id: &str, seed: u64, subject: &Subject) -> Option<Vec<Piece>> {
    let mut rng = Rng::new(seed, "retries");
    let renamed = || {
        let suffix = "_again".to_string();
        let known = subject.family.is_some() && subject.is_event_stream();
        let piece = known.then_some(Piece::NewIds { suffix });
        piece.into_iter().collect()
    };
    match id {
        "F-60" => Some(renamed()),
        // The server may know the call again, or make another one.
        "F-62" => Some(if rng.chance(HALF) {
            renamed()
        } else {
            Vec::new()
        }),
        // An error that passes, or one that stays.
        "F-41" => rng.chance(HALF).then(Vec::new),
        _ => None,
    }
}

// F-70, F-71, F-72

fn grow(rng: &mut Rng, subject: &Subject, bytes: usize) -> Result<Piece, &'static str> {
    known(subject)?;
    let facts = subject.facts.iter().enumerate();
    let objects = facts
        .filter(|(_, fact)| fact.object)
        .map(|(place, _)| place);
    let objects: Vec<usize> = objects.collect();
    let block = *rng.pick(&objects).ok_or("no payload is an object")?;
    Ok(Piece::Grow { block, bytes })
}

/// Above the limits that were met: 64 KiB, 128 KiB, 1 MiB, 4 MiB, 8 MiB.
pub(super) fn huge(rng: &mut Rng, subject: &Subject) -> Drawn {
    let sizes = [
        (64 << 10) + 1,
        (128 << 10) + 1,
        (1 << 20) + 1,
        (4 << 20) + 1,
        (8 << 20) + 1,
    ];
    let bytes = rng.pick(&sizes).copied().unwrap_or(1 << 20);
    one(grow(rng, subject, bytes)?)
}

fn tiny_of(rng: &mut Rng, subject: &Subject, bytes: usize) -> Drawn {
    let cut = Cutting::Bytes1;
    Ok(vec![grow(rng, subject, bytes)?, Piece::Rechunk { cut }])
}

pub(super) fn tiny(rng: &mut Rng, subject: &Subject) -> Drawn {
    tiny_of(rng, subject, 48 << 10)
}

pub(super) fn tiny_large(rng: &mut Rng, subject: &Subject) -> Drawn {
    tiny_of(rng, subject, 1 << 20)
}

fn endless(rng: &mut Rng, subject: &Subject, what: Unending) -> Drawn {
    streams(subject)?;
    let count = subject.block_count();
    let sizes = [1 << 20, 4 << 20, 16 << 20];
    let ends = [EndKind::Timeout, EndKind::Complete, EndKind::Reset];
    one(Piece::Endless {
        before_block: rng.size(0, count.saturating_sub(1)),
        what,
        bytes: rng.pick(&sizes).copied().unwrap_or(1 << 20),
        end: rng.pick(&ends).copied().unwrap_or(EndKind::Timeout),
    })
}

pub(super) fn endless_comment(rng: &mut Rng, subject: &Subject) -> Drawn {
    endless(rng, subject, Unending::Comment)
}

pub(super) fn endless_line(rng: &mut Rng, subject: &Subject) -> Drawn {
    endless(rng, subject, Unending::Line)
}

pub(super) fn endless_event(rng: &mut Rng, subject: &Subject) -> Drawn {
    endless(rng, subject, Unending::Event)
}
