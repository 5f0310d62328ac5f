//! Reshapes of the dialect: the same message in other payloads.
//!
//! Payloads are rewritten as text, so that what is not meant stays as it is, byte by byte.

mod lanes;
mod strings;

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::dialect::{Family, Kind};
use crate::framing::insert;
use crate::json::{self, Span, part};
use crate::scenario::{Escapes, Piece};
use crate::stream::{Block, Stream};
use crate::subject::NO_CHANGE;

pub(crate) use lanes::{arranged, heads, lanes};
pub(crate) use strings::{Cuts, cuts, halves};

/// Why a piece did not apply.
type Applied = Result<(), &'static str>;

/// Applies a piece of the dialect.
pub(crate) fn rewrite(stream: &mut Stream, family: Family, piece: &Piece) -> Applied {
    match piece {
        Piece::MergeDeltas { block } => merge(stream, family, *block),
        Piece::SplitDelta { block, at } => split(stream, family, *block, *at, halves),
        Piece::SplitSurrogate { block, at } => {
            split(stream, family, *block, *at, strings::surrogates)
        }
        Piece::Interleave { order } => lanes::interleave(&mut stream.blocks, family, order),
        Piece::JsonEscapes { block, which, keys } => each(stream, *block, |payload| {
            escaped(payload, *which, *keys, family.rules().verbatim)
        }),
        Piece::UnknownField {
            block,
            first,
            value,
        } => {
            let value = serde_json::to_string(value).map_err(|_| "the value is no string")?;
            each(stream, *block, |payload| {
                with_field(payload, *first, &value)
            })
        }
        Piece::JsonWhitespace { block, spaces } => each(stream, *block, |payload| {
            spaced(payload, *spaces, family.rules().verbatim)
        }),
        Piece::UnknownEvent { before_block } => unknown_event(stream, family, *before_block),
        _ => crate::quirk::apply(stream, Some(family), piece).map(|_| ()),
    }
}

/// Rewrites the payload of every part of a block.
fn each(stream: &mut Stream, block: usize, rewrite: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Applied {
    let mut done = Err("no such block");
    let trusted = stream.trusted;
    for found in &mut stream.blocks {
        if found.origin != Some(block) {
            continue;
        }
        let payload = found.object(trusted);
        let payload = payload.ok_or("the payload is no JSON object on one line")?;
        let rewritten = rewrite(payload).ok_or("the payload is no JSON object on one line")?;
        if rewritten != payload {
            Arc::make_mut(found).set_payload(&rewritten);
            done = Ok(());
        } else if done.is_err() {
            done = Err(NO_CHANGE);
        }
    }
    done
}

fn merge(stream: &mut Stream, family: Family, block: usize) -> Applied {
    let trusted = stream.trusted;
    let place = stream.place_of(block)?;
    let blocks = &mut stream.blocks;
    let (Some(first), Some(second)) = (blocks.get(place), blocks.get(place + 1)) else {
        return Err("no block after it");
    };
    let joined = joined(first, second, family, trusted)
        .ok_or("the next block is no delta of the same kind")?;
    let slot = second.slot;
    blocks.remove(place + 1);
    if let Some(first) = blocks.get_mut(place).map(Arc::make_mut) {
        first.set_payload(&joined);
        first.slot = slot;
    }
    Ok(())
}

/// The first payload with both strings, where the payloads do not differ in anything else.
pub(crate) fn joined(
    first: &Block,
    second: &Block,
    family: Family,
    trusted: bool,
) -> Option<Vec<u8>> {
    if first.event_name() != second.event_name() {
        return None;
    }
    let passing = family.rules().passing;
    let payload = first.object(trusted)?;
    let next = without(second.object(trusted)?, passing);
    let (site, next_site) = (family.site_in(payload)?, family.site_in(&next)?);
    // Two whole calls that say the same name look like two parts of one (F-24).
    if next_site.inner && (!next_site.splits || family.continuation(&next) != next) {
        return None;
    }
    let plain = without(payload, passing);
    let plain_site = family.site_in(&plain)?;
    let same_head = part(&plain, 0..plain_site.body.start) == part(&next, 0..next_site.body.start);
    let same_tail = part(&plain, plain_site.body.end..plain.len())
        == part(&next, next_site.body.end..next.len());
    if !same_head || !same_tail {
        return None;
    }
    if family.rules().cumulative {
        // What passes is a sum: the second's.
        let last = second.object(trusted)?;
        let start = family.site_in(last)?.body.start;
        return Some(json::replace(
            last,
            &(start..start),
            part(payload, site.body),
        ));
    }
    let end = site.body.end;
    Some(json::replace(
        payload,
        &(end..end),
        part(&next, next_site.body),
    ))
}

/// The payload without some fields: what is another in each, or hides its length (F-50).
fn without(payload: &[u8], fields: &[&str]) -> Vec<u8> {
    let Some(root) = json::root(payload) else {
        return payload.to_vec();
    };
    let mut text = part(payload, 0..root.end).to_vec();
    for field in fields {
        text = json::remove(&text, &root, field);
    }
    text
}

/// Cuts a delta in two. `cut` gives both strings, and how much longer the second is than what is
/// left of the untouched one.
fn split(
    stream: &mut Stream,
    family: Family,
    block: usize,
    at: usize,
    cut: fn(&[u8], usize) -> Option<strings::Halves>,
) -> Applied {
    let mut why = "no such block";
    let trusted = stream.trusted;
    let blocks = &mut stream.blocks;
    for place in 0..blocks.len() {
        let Some(found) = blocks.get_mut(place) else {
            break;
        };
        if found.origin != Some(block) {
            continue;
        }
        why = "no such place in the delta's string";
        let local = i64::try_from(at)
            .ok()
            .and_then(|at| at.checked_sub(found.base));
        let Some(local) = local.and_then(|local| usize::try_from(local).ok()) else {
            continue;
        };
        let Some(payload) = found.payload() else {
            continue;
        };
        let site = found
            .object(trusted)
            .and_then(|payload| family.site_in(payload));
        let Some(site) = site.filter(|site| site.splits) else {
            return Err("the block is no delta that can be split");
        };
        let Some(halves) = cut(part(payload, site.body.clone()), local) else {
            continue;
        };
        let first = json::replace(payload, &site.body, &halves.first);
        let second = family.continuation(&json::replace(payload, &site.body, &halves.second));
        let found = Arc::make_mut(found);
        let mut rest = found.clone();
        rest.set_payload(&second);
        rest.base = found.base.saturating_add(halves.shift);
        rest.wait_ns = 0;
        found.set_payload(&first);
        blocks.insert(place + 1, Arc::new(rest));
        return Ok(());
    }
    Err(why)
}

fn with_field(payload: &[u8], first: bool, value: &str) -> Option<Vec<u8>> {
    let root = json::root(payload)?;
    let empty = json::members(payload, &root).next().is_none();
    let place = if first { root.start + 1 } else { root.end - 1 };
    let mut field = Vec::new();
    if !first && !empty {
        field.push(b',');
    }
    field.extend_from_slice(b"\"x_wiretape\":");
    field.extend_from_slice(value.as_bytes());
    if first && !empty {
        field.push(b',');
    }
    Some(json::replace(payload, &(place..place), &field))
}

/// `kept`: fields whose values stay as they are written.
pub(crate) fn spaced(payload: &[u8], spaces: u8, kept: &[&str]) -> Option<Vec<u8>> {
    let tokens = json::tokens(payload);
    let verbatim = json::verbatim(payload, &tokens, kept);
    let mut out = Vec::with_capacity(payload.len() + tokens.len() * usize::from(spaces.min(16)));
    let mut copied = 0;
    for token in &tokens {
        let json::Token::Mark(at, b',' | b':') = *token else {
            continue;
        };
        if json::outside(&verbatim, at) {
            out.extend_from_slice(part(payload, copied..at + 1));
            out.extend((0..spaces.min(16)).map(|_| b' '));
            copied = at + 1;
        }
    }
    out.extend_from_slice(part(payload, copied..payload.len()));
    Some(out)
}

/// `kept`: fields whose values stay as they are written.
pub(crate) fn escaped(
    payload: &[u8],
    which: Escapes,
    keys: bool,
    kept: &[&str],
) -> Option<Vec<u8>> {
    let tokens = json::tokens(payload);
    let verbatim = json::verbatim(payload, &tokens, kept);
    let mut out = Vec::with_capacity(payload.len() * 2);
    let mut copied = 0;
    for token in &tokens {
        let body: &Span = match token {
            json::Token::Text(body) => body,
            json::Token::Key(body) if keys => body,
            _ => continue,
        };
        // The names by which later pieces find what is to stay verbatim stay as well.
        let found_by = matches!(token, json::Token::Key(_)) && json::is_one_of(payload, body, kept);
        if json::outside(&verbatim, body.start) && !found_by {
            out.extend_from_slice(part(payload, copied..body.start));
            strings::escape(part(payload, body.clone()), which, &mut out);
            copied = body.end;
        }
    }
    out.extend_from_slice(part(payload, copied..payload.len()));
    Some(out)
}

fn unknown_event(stream: &mut Stream, family: Family, before_block: usize) -> Applied {
    let place = stream.place(before_block)?;
    inside_message(&stream.blocks, place)?;
    let trusted = stream.trusted;
    let mut objects = stream
        .blocks
        .iter()
        .filter_map(|block| block.object(trusted));
    let like = objects.next().unwrap_or(&[]);
    let lines = family.unknown_event(like);
    let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    insert(stream, place, &lines, Kind::Other)
}

/// The place is after the first event and not after the terminal one.
pub(crate) fn inside_message(blocks: &[Arc<Block>], place: usize) -> Applied {
    let before = blocks.get(..place).unwrap_or(blocks);
    if before.iter().any(|block| block.kind == Kind::Terminal) {
        return Err("the place is after the terminal event");
    }
    if before.iter().all(|block| block.kind == Kind::Bare) {
        return Err("the place is before the first event");
    }
    Ok(())
}
