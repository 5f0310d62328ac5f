//! F-35, F-36, F-52, F-56: messages and blocks that begin again, are not opened or closed, or that
//! nobody knows; signatures.

use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::calls::{choices, edit, event};
use super::{Applied, NO_BLOCK, NOT_HERE};
use crate::dialect::{Family, Kind};
use crate::framing::insert;
use crate::json::{self, part, put};
use crate::parameters::{Lifecycle, Signature, Unknown};
use crate::stream::{Block, Stream};

/// The bytes of a signature that few expect.
const LONG: usize = 1 << 20;

/// The payload's type.
fn is(block: &Block, kind: &str) -> bool {
    block.payload().is_some_and(|payload| {
        json::root(payload).is_some_and(|root| json::says(payload, &root, "type", kind))
    })
}

pub(super) fn splice(stream: &mut Stream, family: Family, before_block: usize) -> Applied {
    if matches!(
        family,
        Family::Gemini | Family::Ollama | Family::BedrockConverse
    ) {
        return Err("the dialect has no event that begins a message under an id");
    }
    let place = stream.place(before_block)?;
    let first: Vec<Arc<Block>> = stream.blocks.get(..place).unwrap_or(&[]).to_vec();
    if !first
        .iter()
        .any(|block| matches!(block.kind, Kind::Content | Kind::Begin))
    {
        return Err("nothing of the message stands before it");
    }
    if first
        .iter()
        .any(|block| matches!(block.kind, Kind::Terminal | Kind::Finish))
    {
        return Err("the message has ended before it");
    }
    // The first of the two gets other ids: the second is the whole reply, as it was recorded.
    let copies = first.into_iter().map(|block| {
        let mut copy = Block::clone(&block);
        copy.origin = None;
        // Its place among the lanes would be that of the second.
        copy.lane = None;
        Arc::new(copy)
    });
    let whole = core::mem::replace(&mut stream.blocks, copies.collect());
    let renamed = first_ids(stream, family);
    stream.blocks.extend(whole);
    renamed.then_some(()).ok_or("the message has no id")
}

/// Gives a message and its calls ids that are not those of the tape; whether it had one.
fn first_ids(stream: &mut Stream, family: Family) -> bool {
    let mut calls: Vec<Vec<u8>> = Vec::new();
    let mut some = false;
    for place in 0..stream.blocks.len() {
        let renamed = edit(stream, place, |payload| {
            json::root(payload)?;
            let message = json::path(payload, family.rules().message_id);
            let message = message.and_then(|value| json::string(payload, &value));
            let mut ids = family.ids(payload);
            ids.sort_unstable_by_key(|id| id.start);
            let mut text = payload.to_vec();
            for id in ids.iter().rev().filter(|id| !id.is_empty()) {
                let other = if message.as_ref() == Some(id) {
                    "wiretape-first".to_string()
                } else {
                    format!(
                        "call_wiretape_{}",
                        number(&mut calls, part(payload, id.clone()))
                    )
                };
                text = json::replace(&text, id, other.as_bytes());
            }
            (text != payload).then_some(text)
        });
        some |= renamed.is_some();
    }
    some
}

/// Which of the ids it is, in the order in which they are met.
fn number(known: &mut Vec<Vec<u8>>, id: &[u8]) -> usize {
    let old = known.iter().position(|known| known == id);
    old.unwrap_or_else(|| {
        known.push(id.to_vec());
        known.len() - 1
    })
}

/// The places of a content block's events: its start, its deltas, its stop.
fn events(stream: &Stream, family: Family, content: usize) -> Option<(usize, Vec<usize>, usize)> {
    let blocks = stream.blocks.iter().enumerate();
    let mut starts = blocks.filter(|(_, block)| block.lane.as_ref().is_some_and(|of| of.begins));
    let (start, block) = starts.nth(content)?;
    let key = block.lane.as_ref()?.key;
    let mut deltas = Vec::new();
    for (place, block) in stream.blocks.iter().enumerate().skip(start + 1) {
        if block.lane.as_ref().is_none_or(|lane| lane.key != key) {
            continue;
        }
        if closes(block, family) {
            return Some((start, deltas, place));
        }
        deltas.push(place);
    }
    None
}

/// The block closes its lane.
pub(super) fn closes(block: &Block, family: Family) -> bool {
    let payload = block
        .payload()
        .filter(|payload| json::root(payload).is_some());
    payload.is_some_and(|payload| (family.rules().closes)(payload))
}

pub(super) fn lifecycle(
    stream: &mut Stream,
    family: Family,
    content: usize,
    lifecycle: Lifecycle,
) -> Applied {
    // A Responses item comes whole in its last event.
    if family
        .rules()
        .calls
        .as_ref()
        .is_none_or(|calls| calls.delta.is_none())
    {
        return Err("the dialect has no events that open and close a block");
    }
    let found = events(stream, family, content);
    let (start, deltas, stop) = found.ok_or("no such content block with a start and a stop")?;
    match lifecycle {
        Lifecycle::NoStart => {
            if deltas.is_empty() {
                return Err("the block comes whole in its start");
            }
            stream.blocks.remove(start);
        }
        Lifecycle::NoStop => {
            stream.blocks.remove(stop);
        }
        Lifecycle::StartTwice => {
            let again = stream.blocks.get(start).cloned().ok_or(NO_BLOCK)?;
            stream.blocks.insert(start + 1, again);
        }
        Lifecycle::StopTwice => {
            let again = stream.blocks.get(stop).cloned().ok_or(NO_BLOCK)?;
            stream.blocks.insert(stop + 1, again);
        }
        Lifecycle::StopFirst => {
            let first = *deltas.first().ok_or("the block has no deltas")?;
            let block = stream.blocks.remove(stop);
            stream.blocks.insert(first, block);
        }
    }
    Ok(())
}

pub(super) fn signature(stream: &mut Stream, family: Family, signature: Signature) -> Applied {
    let path = family.rules().signature;
    let path = path.ok_or("the dialect has no deltas of signatures")?;
    let (key, holder) = path.split_last().ok_or(NOT_HERE)?;
    let signed = |block: &Block| {
        let payload = block.payload();
        payload.is_some_and(|payload| json::path(payload, path).is_some())
    };
    let place = stream.blocks.iter().position(|block| signed(block));
    let place = place.ok_or("no signature")?;
    let set = |value: &[u8]| {
        let value = value.to_vec();
        move |payload: &[u8]| {
            let holder = json::path(payload, holder)?;
            let value = [b"\"", value.as_slice(), b"\""].concat();
            Some(put(payload, &holder, key, &value))
        }
    };
    match signature {
        Signature::Dropped => {
            stream.blocks.remove(place);
            Ok(())
        }
        Signature::Halves => {
            let block = stream.blocks.get(place).cloned().ok_or(NO_BLOCK)?;
            let payload = block.payload().ok_or(NO_BLOCK)?;
            let value = json::path(payload, path);
            let body = value.and_then(|value| json::string(payload, &value));
            let body = part(payload, body.ok_or("no signature")?).to_vec();
            let half = body.len() / 2;
            if half == 0 || !body.is_ascii() || body.contains(&b'\\') {
                return Err("the signature is too short");
            }
            let mut second = Block::clone(&block);
            second.origin = None;
            stream.blocks.insert(place + 1, Arc::new(second));
            edit(stream, place, set(part(&body, 0..half))).ok_or(NO_BLOCK)?;
            edit(stream, place + 1, set(part(&body, half..body.len()))).ok_or(NO_BLOCK)
        }
        Signature::Long => edit(stream, place, set(&vec![b'A'; LONG])).ok_or(NO_BLOCK),
    }
}

pub(super) fn unknown(stream: &mut Stream, family: Family, unknown: Unknown) -> Applied {
    match (family, unknown) {
        (Family::Anthropic, Unknown::Delta) => {
            let mut blocks = stream.blocks.iter();
            let place = blocks.position(|block| is(block, "content_block_start"));
            let place = place.ok_or("no content blocks")?;
            let start = stream.blocks.get(place).ok_or(NO_BLOCK)?;
            let payload = start.payload().ok_or(NO_BLOCK)?;
            let index = json::path(payload, &["index"]).ok_or(NO_BLOCK)?;
            let mut data = br#"{"type":"content_block_delta","index":"#.to_vec();
            data.extend_from_slice(part(payload, index));
            data.extend_from_slice(br#","delta":{"type":"x_wiretape_delta","x_wiretape":"hm"}}"#);
            let block = event(start, family, "content_block_delta", &data);
            stream.blocks.insert(place + 1, Arc::new(block));
            Ok(())
        }
        (Family::Anthropic, Unknown::Block) => unknown_block(stream),
        (Family::OpenAiChat, Unknown::Delta) => {
            let mut blocks = stream.blocks.iter();
            let place = blocks.position(|block| block.kind == Kind::Content);
            let place = place.ok_or("no content")?;
            let block = stream.blocks.get(place).ok_or(NO_BLOCK)?;
            let payload = block.payload().ok_or(NO_BLOCK)?;
            let choice = choices(payload).into_iter().next().ok_or(NO_BLOCK)?;
            let delta = json::get(payload, &choice, "delta").ok_or(NO_BLOCK)?;
            let with = json::replace(payload, &delta, br#"{"x_wiretape":"hm"}"#);
            let line = [b"data: ", with.as_slice()].concat();
            insert(stream, place + 1, &[&line], Kind::Other)
        }
        _ => Err(NOT_HERE),
    }
}

/// A block of an unknown type, behind the others.
fn unknown_block(stream: &mut Stream) -> Applied {
    let blocks = stream.blocks.iter();
    let index = blocks
        .filter_map(|block| Some(block.lane.as_ref()?.key.1))
        .max();
    let mut blocks = stream.blocks.iter();
    let place = blocks.rposition(|block| is(block, "content_block_stop"));
    let place = place.ok_or("no content blocks")?;
    let index = index.unwrap_or(0).saturating_add(1);
    let beside = stream.blocks.get(place).cloned().ok_or(NO_BLOCK)?;
    let start = format!(
        r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"x_wiretape_block","x_wiretape":"hm"}}}}"#
    );
    let stop = format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
    for (name, data) in [("content_block_stop", stop), ("content_block_start", start)] {
        let mut block = event(&beside, Family::Anthropic, name, data.as_bytes());
        block.lane = None;
        stream.blocks.insert(place + 1, Arc::new(block));
    }
    Ok(())
}
