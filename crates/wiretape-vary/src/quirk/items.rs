//! F-55: Responses items whose events come otherwise than documented.

use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::calls::edit;
use super::{Applied, only};
use crate::dialect::{Family, Kind, sequence_number, type_of};
use crate::json::{self, part, put};
use crate::parameters::Items;
use crate::stream::{Block, Stream};

const ARGUMENTS: &[u8] = b"response.function_call_arguments.delta";
const ARGUMENTS_DONE: &[u8] = b"response.function_call_arguments.done";
const ADDED: &[u8] = b"response.output_item.added";
const DONE: &[u8] = b"response.output_item.done";

fn is(block: &Block, name: &[u8]) -> bool {
    let payload = block
        .payload()
        .filter(|payload| json::root(payload).is_some());
    payload.is_some_and(|payload| type_of(payload) == name)
}

pub(super) fn reshaped(stream: &mut Stream, family: Family, items: Items) -> Applied {
    only(family, Family::OpenAiResponses)?;
    match items {
        Items::OtherIds => other_ids(stream),
        Items::DoneOutOfOrder => done_out_of_order(stream),
        Items::NoOutput => each(stream, Kind::Terminal, |payload| {
            let response = json::path(payload, &["response"])?;
            Some(json::remove(payload, &response, "output"))
        }),
        Items::EmptyOutput => each(stream, Kind::Terminal, |payload| {
            let response = json::path(payload, &["response"])?;
            Some(put(payload, &response, "output", b"[]"))
        }),
        Items::NumbersMissing | Items::NumbersGaps | Items::NumbersTwice => numbers(stream, items),
        Items::NoArgumentDeltas => dropped(stream, |block| is(block, ARGUMENTS), ARGUMENTS_DONE),
        Items::NoArgumentsDone => dropped(stream, |block| is(block, ARGUMENTS_DONE), DONE),
        Items::NoAdded => dropped(stream, |block| is(block, ADDED), DONE),
        Items::IndexZero => index_zero(stream),
    }
}

/// Rewrites the payload of every block of a kind.
fn each(stream: &mut Stream, kind: Kind, rewrite: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Applied {
    let mut done = Err("no event of the kind");
    for place in 0..stream.blocks.len() {
        let fits = stream
            .blocks
            .get(place)
            .is_some_and(|block| block.kind == kind);
        let object = |payload: &[u8]| json::root(payload).and_then(|_| rewrite(payload));
        if fits && edit(stream, place, object).is_some() {
            done = Ok(());
        }
    }
    done
}

/// GitHub Copilot gives an item another id in every event.
fn other_ids(stream: &mut Stream) -> Applied {
    let indexed = |payload: &[u8]| json::path(payload, &["output_index"]).is_some();
    let mut payloads = stream.blocks.iter().filter_map(|block| block.payload());
    if payloads.any(|payload| json::path(payload, &["item_id"]).is_some() && !indexed(payload)) {
        return Err("events say by the id alone to which item they belong");
    }
    let mut done = Err("no item has an id");
    for place in 0..stream.blocks.len() {
        let id = format!("\"wiretape_{place}\"");
        let some = edit(stream, place, |payload| {
            let root = json::root(payload)?;
            if let Some(old) = json::get(payload, &root, "item_id") {
                return Some(json::replace(payload, &old, id.as_bytes()));
            }
            let old = json::path(payload, &["item", "id"])?;
            Some(json::replace(payload, &old, id.as_bytes()))
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}

/// The first item is done when the second is.
fn done_out_of_order(stream: &mut Stream) -> Applied {
    let places = stream.blocks.iter().enumerate();
    let places: Vec<usize> = places
        .filter(|(_, block)| is(block, DONE))
        .map(|(place, _)| place)
        .collect();
    let [first, second, ..] = places.as_slice() else {
        return Err("no two items are done");
    };
    let block = stream.blocks.remove(*first);
    stream.blocks.insert(*second, block);
    Ok(())
}

fn numbers(stream: &mut Stream, items: Items) -> Applied {
    stream.numbered = false;
    let mut done = Err("the events have no numbers");
    for place in 0..stream.blocks.len() {
        let some = edit(stream, place, |payload| {
            let span = sequence_number(payload)?;
            let number = json::number(payload, &span)?;
            let other = match items {
                Items::NumbersGaps => number.saturating_mul(3),
                Items::NumbersTwice => number / 2,
                _ => {
                    let root = json::root(payload)?;
                    return Some(json::remove(payload, &root, "sequence_number"));
                }
            };
            Some(json::replace(payload, &span, other.to_string().as_bytes()))
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}

/// Takes away the events that fit, where another says the same.
fn dropped(stream: &mut Stream, fits: impl Fn(&Block) -> bool, instead: &[u8]) -> Applied {
    if !stream.blocks.iter().any(|block| is(block, instead)) {
        return Err("no other event says it");
    }
    let count = stream.blocks.len();
    stream.blocks.retain(|block: &Arc<Block>| !fits(block));
    if count == stream.blocks.len() {
        return Err("no event of the kind");
    }
    Ok(())
}

/// Translators number every item 0.
fn index_zero(stream: &mut Stream) -> Applied {
    let mut done = Err("the reply has one item");
    for place in 0..stream.blocks.len() {
        let some = edit(stream, place, |payload| {
            let index = json::path(payload, &["output_index"])?;
            let other = part(payload, index.clone()) != b"0";
            other.then(|| json::replace(payload, &index, b"0"))
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}
