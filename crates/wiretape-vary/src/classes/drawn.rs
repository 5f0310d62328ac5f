//! Forms that are drawn from the pieces of the catalogue.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use wiretape_tape::EndKind;

use super::Drawn;
use super::forms::{between, blocks, inside, known, last_error};
use crate::catalogue::permits_acting;
use crate::dialect::Kind;
use crate::generate;
use crate::json::part;
use crate::parameters::{
    Arguments, Blanks, Byte, Candidates, ErrorShape, EventNames, Fields, Frame, Ids, Indices,
    Items, Lifecycle, Names, Noise, Odd, Order, Reasoning, Repeat, Signature, Tail, Unknown, Usage,
};
use crate::quirk::{fits, text_site, wide};
use crate::rng::{Ratio, Rng};
use crate::scenario::Piece;
use crate::stream::Shape;
use crate::subject::Subject;

const HALF: Ratio = Ratio { n: 1, of: 2 };

/// The piece, where it fits.
fn tried(subject: &Subject, piece: Piece) -> Drawn {
    fits(subject, &piece)?;
    Ok(vec![piece])
}

/// The first of some pieces that fits, beginning with one by chance.
fn any(rng: &mut Rng, subject: &Subject, count: usize, piece: impl Fn(usize) -> Piece) -> Drawn {
    let start = rng.size(0, count.saturating_sub(1));
    let mut why = "the reply has nothing of the kind";
    for place in (start..count).chain(0..start) {
        let piece = piece(place);
        match fits(subject, &piece) {
            Ok(()) => return Ok(vec![piece]),
            Err(not) => why = not,
        }
    }
    Err(why)
}

pub(super) fn noise(rng: &mut Rng, subject: &Subject, noise: Noise) -> Drawn {
    let payload = !matches!(
        noise,
        Noise::BareComment | Noise::EventWithoutData | Noise::IdWithNul | Noise::RetryText
    );
    let before_block = if payload {
        inside(rng, subject)?
    } else {
        between(rng, subject)?
    };
    tried(
        subject,
        Piece::Noise {
            before_block,
            noise,
        },
    )
}

pub(super) fn event_names(_: &mut Rng, subject: &Subject, names: EventNames) -> Drawn {
    known(subject)?;
    tried(subject, Piece::EventNames { names })
}

pub(super) fn halved(rng: &mut Rng, subject: &Subject) -> Drawn {
    let family = known(subject)?;
    let mut places = Vec::new();
    for (block, found) in subject.blocks().iter().enumerate() {
        let Some(site) = text_site(found, family) else {
            continue;
        };
        let payload = found.payload().unwrap_or_default();
        let wide = wide(part(payload, site.body));
        places.extend(wide.into_iter().map(|(at, _)| (block, at)));
    }
    let (block, at) = *rng
        .pick(&places)
        .ok_or("every character of the text is one byte")?;
    tried(subject, Piece::Halved { block, at })
}

/// How many calls the reply has.
fn calls(subject: &Subject) -> Result<usize, &'static str> {
    known(subject)?;
    let calls = subject.parts.iter().map(|part| part.call + 1).max();
    calls.ok_or("the reply has no calls")
}

pub(super) fn arguments(rng: &mut Rng, subject: &Subject, shape: Arguments) -> Drawn {
    let count = calls(subject)?;
    any(rng, subject, count, |call| Piece::Arguments { call, shape })
}

/// A place inside the arguments of a call.
fn truncated(rng: &mut Rng, subject: &Subject, reason: &str, closed: bool) -> Drawn {
    let family = known(subject)?;
    let mut blocks = Vec::new();
    for (block, found) in subject.blocks().iter().enumerate() {
        let site = found.payload().and_then(|payload| family.site(payload));
        if site.is_some_and(|site| site.inner && site.splits) {
            let cuts = subject.facts.get(block).map(|fact| &fact.cuts);
            let places = cuts.map_or(0, |cuts| cuts.plain.len() + cuts.inner.len());
            if places > 0 {
                blocks.push(block);
            }
        }
    }
    let block = *rng
        .pick(&blocks)
        .ok_or("no call has arguments that can be cut")?;
    let cuts = subject.facts.get(block).map(|fact| &fact.cuts);
    let places = cuts.map_or_else(Vec::new, |cuts| [&cuts.plain[..], &cuts.inner[..]].concat());
    any(rng, subject, places.len(), |place| Piece::Truncate {
        block,
        at: places.get(place).copied().unwrap_or(0),
        reason: reason.to_string(),
        closed,
    })
}

/// The dialect's word for the limit of tokens.
fn limit(subject: &Subject) -> Result<&'static str, &'static str> {
    Ok(known(subject)?.rules().limit)
}

pub(super) fn cut_open(rng: &mut Rng, subject: &Subject) -> Drawn {
    let reason = limit(subject)?;
    truncated(rng, subject, reason, false)
}

pub(super) fn cut_closed(rng: &mut Rng, subject: &Subject) -> Drawn {
    if known(subject)?.rules().calls.is_none() {
        return Err("the dialect closes no blocks");
    }
    let reason = limit(subject)?;
    truncated(rng, subject, reason, true)
}

/// The reason that was recorded, or that of calls, although the arguments are cut.
pub(super) fn cut_hidden(rng: &mut Rng, subject: &Subject) -> Drawn {
    let closed = known(subject)?.rules().calls.is_some();
    let recorded = generate::reasons(subject);
    let reason = recorded.first().map_or("", |reason| reason.as_str());
    if recorded.is_empty() || !recorded.iter().all(|reason| permits_acting(reason)) {
        return Err("the reply was not to be acted upon");
    }
    truncated(rng, subject, reason, closed)
}

pub(super) fn indices(_: &mut Rng, subject: &Subject, indices: Indices) -> Drawn {
    calls(subject)?;
    tried(subject, Piece::Indices { indices })
}

pub(super) fn ids(_: &mut Rng, subject: &Subject, ids: Ids) -> Drawn {
    calls(subject)?;
    tried(subject, Piece::Ids { ids })
}

pub(super) fn names(_: &mut Rng, subject: &Subject, names: Names) -> Drawn {
    calls(subject)?;
    tried(subject, Piece::Names { names })
}

pub(super) fn order(_: &mut Rng, subject: &Subject, order: Order) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Order { order })
}

pub(super) fn tail(_: &mut Rng, subject: &Subject, tail: Tail) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Tail { tail })
}

pub(super) fn usage(_: &mut Rng, subject: &Subject, usage: Usage) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Usage { usage })
}

pub(super) fn splice(rng: &mut Rng, subject: &Subject) -> Drawn {
    known(subject)?;
    let mut blocks = subject.blocks().iter();
    let finish = blocks.position(|block| matches!(block.kind, Kind::Finish | Kind::Terminal));
    let last = finish.unwrap_or_else(|| subject.block_count()).max(1);
    any(rng, subject, last, |place| Piece::Splice {
        before_block: place + 1,
    })
}

pub(super) fn lifecycle(rng: &mut Rng, subject: &Subject, lifecycle: Lifecycle) -> Drawn {
    known(subject)?;
    let starts = subject.blocks().iter();
    let starts = starts.filter(|block| block.lane.as_ref().is_some_and(|lane| lane.begins));
    let count = starts.count();
    any(rng, subject, count, |content| Piece::Lifecycle {
        content,
        lifecycle,
    })
}

pub(super) fn foreign_error(rng: &mut Rng, subject: &Subject, shape: ErrorShape) -> Drawn {
    let last = last_error(subject)?;
    let mut blocks = subject.blocks().iter();
    let finish = blocks.position(|block| matches!(block.kind, Kind::Finish | Kind::Terminal));
    // Behind the reason, a reader that does not know the shape has a whole reply.
    let before_block = rng.size(0, finish.unwrap_or(last).min(last));
    let ends = [EndKind::Complete, EndKind::Unterminated, EndKind::Reset];
    let goes_on = matches!(
        shape,
        ErrorShape::Named | ErrorShape::Text | ErrorShape::Secret
    );
    let goes_on = goes_on && rng.chance(HALF);
    let then = rng.pick(&ends).copied().filter(|_| !goes_on);
    tried(
        subject,
        Piece::ForeignError {
            before_block,
            shape,
            then,
        },
    )
}

pub(super) fn fields(_: &mut Rng, subject: &Subject, fields: Fields) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Fields { fields })
}

pub(super) fn reasoning(_: &mut Rng, subject: &Subject, reasoning: Reasoning) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Reasoning { reasoning })
}

pub(super) fn signature(_: &mut Rng, subject: &Subject, signature: Signature) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Signature { signature })
}

pub(super) fn stop_after(rng: &mut Rng, subject: &Subject) -> Drawn {
    let reason = known(subject)?.rules().refusal;
    let reason = reason.ok_or("the dialect has no reason that says so")?;
    let blocks = subject.blocks().iter().enumerate();
    let content = blocks.filter(|(_, block)| block.kind == Kind::Content);
    let content: Vec<usize> = content.map(|(place, _)| place).collect();
    any(rng, subject, content.len(), |place| Piece::StopAfter {
        block: content.get(place).copied().unwrap_or(0),
        reason: reason.to_string(),
    })
}

pub(super) fn unknown(_: &mut Rng, subject: &Subject, unknown: Unknown) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Unknown { unknown })
}

pub(super) fn second_answer(_: &mut Rng, subject: &Subject) -> Drawn {
    known(subject)?;
    tried(subject, Piece::SecondAnswer {})
}

pub(super) fn repeat(_: &mut Rng, subject: &Subject, repeat: Repeat) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Repeat { repeat })
}

pub(super) fn byte(rng: &mut Rng, subject: &Subject, byte: Byte) -> Drawn {
    let family = known(subject)?;
    let blocks = subject.blocks().iter().enumerate();
    let texts = blocks.filter(|(_, block)| text_site(block, family).is_some());
    let texts: Vec<usize> = texts.map(|(place, _)| place).collect();
    let block = *rng.pick(&texts).ok_or("the reply has no text")?;
    tried(subject, Piece::Byte { block, byte })
}

pub(super) fn items(_: &mut Rng, subject: &Subject, items: Items) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Items { items })
}

pub(super) fn candidates(_: &mut Rng, subject: &Subject, shape: Candidates) -> Drawn {
    known(subject)?;
    tried(subject, Piece::Candidates { shape })
}

pub(super) fn frame(rng: &mut Rng, subject: &Subject, frames: &[Frame]) -> Drawn {
    blocks(subject)?;
    let frame = *rng.pick(frames).ok_or("no message of the kind")?;
    let last = match subject.family {
        Some(_) => last_error(subject)?,
        None => subject.block_count().saturating_sub(1),
    };
    let before_block = rng.size(0, last);
    let ends = [Some(EndKind::Complete), Some(EndKind::Reset), None];
    let broken = matches!(frame, Frame::PreludeChecksum | Frame::MessageChecksum);
    let then = rng.pick(&ends).copied().flatten().filter(|_| !broken);
    tried(
        subject,
        Piece::Frame {
            before_block,
            frame,
            then,
        },
    )
}

/// A place in the midst of a message: in its lengths, its headers, its payload.
pub(super) fn cut_in_frame(rng: &mut Rng, subject: &Subject) -> Drawn {
    let stream = subject
        .stream
        .as_ref()
        .ok_or("the body cannot be taken apart")?;
    if stream.shape != Shape::Messages {
        return Err("the body is no AWS event stream");
    }
    let ends = stream.bytes().1;
    let place = rng.size(0, ends.len().saturating_sub(1));
    let start = place
        .checked_sub(1)
        .and_then(|before| ends.get(before).copied());
    let (start, end) = (start.unwrap_or(0), ends.get(place).copied().unwrap_or(0));
    let offsets = [
        rng.size(1, 11),
        rng.size(12, 30),
        rng.size(31, end.saturating_sub(start)),
    ];
    let at = start + rng.pick(&offsets).copied().unwrap_or(1);
    if at >= end {
        return Err("the message is too short");
    }
    let end = EndKind::Complete;
    Ok(vec![Piece::Cut { at, end }])
}

pub(super) fn unknown_header(rng: &mut Rng, subject: &Subject) -> Drawn {
    let count = subject.block_count();
    any(rng, subject, count, |block| Piece::UnknownHeader { block })
}

pub(super) fn blanks(rng: &mut Rng, subject: &Subject) -> Drawn {
    let blanks = [Blanks::Line, Blanks::CrLf, Blanks::Spaces];
    let blanks = rng.pick(&blanks).copied().unwrap_or(Blanks::Line);
    let count = subject.block_count();
    any(rng, subject, count, |block| Piece::Blanks { block, blanks })
}

pub(super) fn odd(rng: &mut Rng, subject: &Subject, odd: Odd) -> Drawn {
    known(subject)?;
    let facts = subject.facts.iter().enumerate();
    let objects = facts.filter(|(_, fact)| fact.object);
    let objects: Vec<usize> = objects.map(|(place, _)| place).collect();
    let block = *rng.pick(&objects).ok_or("no payload is an object")?;
    Ok(vec![Piece::Odd { block, odd }])
}
