//! What servers were seen doing, or could do, to a reply: the pieces of the catalogue beyond the
//! first ones, one file per group.

mod arguments;
mod blocks;
mod calls;
mod candidates;
mod errors;
mod facts;
mod fields;
mod frames;
mod items;
mod labels;
mod noise;
mod order;
mod stop;
mod tail;
mod text;
mod usage;

use alloc::sync::Arc;

use wiretape_tape::EndKind;

use crate::dialect::Family;
use crate::scenario::Piece;
use crate::stream::{Block, NO_BLOCK, Stream};
use crate::subject::NO_CHANGE;

pub(crate) use calls::{Part, parts};
pub(crate) use text::{text_site, wide};

/// Why a piece did not apply.
type Applied = Result<(), &'static str>;

const NOT_HERE: &str = "the dialect has nothing like it";

/// The piece is of one dialect's payloads.
fn only(family: Family, wanted: Family) -> Applied {
    if family == wanted {
        Ok(())
    } else {
        Err(NOT_HERE)
    }
}

/// Why a piece would not apply to an untouched stream.
pub(crate) fn fits(subject: &crate::Subject, piece: &Piece) -> Applied {
    let stream = subject
        .stream
        .as_ref()
        .ok_or("the body cannot be taken apart")?;
    apply(&mut stream.clone(), subject.family, piece).map(|_| ())
}

/// Applies a piece; gives how the body ends behind it, where it changes that.
pub(crate) fn apply(
    stream: &mut Stream,
    family: Option<Family>,
    piece: &Piece,
) -> Result<Option<EndKind>, &'static str> {
    let before = stream.blocks.clone();
    let end = change(stream, family, piece)?;
    let same = |(one, other): (&Arc<Block>, &Arc<Block>)| {
        Arc::ptr_eq(one, other) || one.is_written_like(other)
    };
    let changed =
        before.len() != stream.blocks.len() || !before.iter().zip(&stream.blocks).all(same);
    if changed { Ok(end) } else { Err(NO_CHANGE) }
}

fn change(
    stream: &mut Stream,
    family: Option<Family>,
    piece: &Piece,
) -> Result<Option<EndKind>, &'static str> {
    if let Some(done) = around(stream, piece) {
        return done;
    }
    let family = family.ok_or("the dialect is not known")?;
    let done = match piece {
        Piece::ForeignError {
            before_block,
            shape,
            then,
        } => return errors::foreign(stream, family, *before_block, *shape, *then),
        Piece::EventNames { names } => noise::event_names(stream, *names),
        Piece::Halved { block, at } => text::halved(stream, family, *block, *at),
        Piece::Arguments { call, shape } => arguments::reshaped(stream, family, *call, *shape),
        Piece::Truncate {
            block,
            at,
            reason,
            closed,
        } => stop::truncate(stream, family, (*block, *at), reason, *closed),
        Piece::Indices { indices } => labels::indices(stream, family, *indices),
        Piece::Ids { ids } => labels::ids(stream, family, *ids),
        Piece::Names { names } => labels::names(stream, family, *names),
        Piece::Order { order } => order::reorder(stream, family, *order),
        Piece::Tail { tail } => tail::retail(stream, family, *tail),
        Piece::Usage { usage } => usage::recount(stream, family, *usage),
        Piece::Splice { before_block } => blocks::splice(stream, family, *before_block),
        Piece::Lifecycle { content, lifecycle } => {
            blocks::lifecycle(stream, family, *content, *lifecycle)
        }
        Piece::Fields { fields } => fields::refield(stream, family, *fields),
        Piece::Reasoning { reasoning } => text::reason(stream, family, *reasoning),
        Piece::Signature { signature } => blocks::signature(stream, family, *signature),
        Piece::StopAfter { block, reason } => stop::after(stream, family, *block, reason),
        Piece::Unknown { unknown } => blocks::unknown(stream, family, *unknown),
        Piece::SecondAnswer {} => text::second_answer(stream, family),
        Piece::Repeat { repeat } => text::again(stream, family, *repeat),
        Piece::Byte { block, byte } => text::byte(stream, family, *block, *byte),
        Piece::Odd { block, odd } => fields::odd(stream, *block, *odd),
        Piece::Items { items } => items::reshaped(stream, family, *items),
        Piece::Candidates { shape } => candidates::reshaped(stream, family, *shape),
        _ => Err("not a piece of the catalogue"),
    };
    done.map(|()| None)
}

/// Applies a piece of what stands around the payloads; `None`: it is none.
fn around(stream: &mut Stream, piece: &Piece) -> Option<Result<Option<EndKind>, &'static str>> {
    let done = match *piece {
        Piece::Noise {
            before_block,
            noise,
        } => noise::insert_noise(stream, before_block, noise),
        Piece::Frame {
            before_block,
            frame,
            then,
        } => return Some(frames::broken(stream, before_block, frame, then)),
        Piece::UnknownHeader { block } => frames::unknown_header(stream, block),
        Piece::Blanks { block, blanks } => frames::blanks(stream, block, blanks),
        _ => return None,
    };
    Some(done.map(|()| None))
}
