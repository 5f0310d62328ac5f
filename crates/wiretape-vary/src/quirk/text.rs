//! F-04, F-51, F-57, F-58, F-59: what happens to text.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::calls::{choices, edit};
use super::{Applied, NO_BLOCK, NOT_HERE};
use crate::dialect::{Family, Kind, Site};
use crate::json::{self, Span, part, put};
use crate::parameters::{Byte, Reasoning, Repeat};

use crate::stream::{Block, Stream};

const NO_TEXT: &str = "the block is no delta of text";

/// U+FFFD as it is sent.
const LOST: &[u8] = "\u{FFFD}".as_bytes();

/// The string of the answer's text that a block adds.
pub(crate) fn text_site(block: &Block, family: Family) -> Option<Site> {
    let payload = block.payload()?;
    let site = family
        .site(payload)
        .filter(|site| !site.inner && site.splits)?;
    let text = (family.rules().text)(payload);
    (text.as_ref() == Some(&site.body)).then_some(site)
}

/// Offsets of characters that are not ASCII and not escaped, with their lengths.
pub(crate) fn wide(body: &[u8]) -> Vec<(usize, usize)> {
    let text = core::str::from_utf8(body).unwrap_or("");
    let wide = text.char_indices().filter(|(_, letter)| !letter.is_ascii());
    wide.map(|(at, letter)| (at, letter.len_utf8())).collect()
}

pub(super) fn halved(stream: &mut Stream, family: Family, block: usize, at: usize) -> Applied {
    let place = stream.place_of(block)?;
    let found = stream.blocks.get(place).ok_or(NO_BLOCK)?;
    let site = text_site(found, family).ok_or(NO_TEXT)?;
    let payload = found.payload().ok_or(NO_BLOCK)?;
    let body = part(payload, site.body.clone());
    let length = wide(body).into_iter().find(|(start, _)| *start == at);
    let (_, length) = length.ok_or("no character outside ASCII there")?;
    let first = [part(body, 0..at), LOST].concat();
    let second = [LOST, part(body, at + length..body.len())].concat();
    let more = family.continuation(&json::replace(payload, &site.body, &second));
    let payload = json::replace(payload, &site.body, &first);
    let mut rest = Block::clone(found);
    rest.origin = None;
    rest.set_payload(&more);
    if let Some(found) = stream.blocks.get_mut(place) {
        Arc::make_mut(found).set_payload(&payload);
    }
    stream.blocks.insert(place + 1, Arc::new(rest));
    Ok(())
}

/// A block with another text, that is put in.
fn with_text(block: &Block, family: Family, text: &[u8]) -> Option<Block> {
    let site = text_site(block, family)?;
    let payload = json::replace(block.payload()?, &site.body, text);
    let mut new = block.clone();
    new.origin = None;
    new.set_payload(&family.continuation(&payload));
    Some(new)
}

/// The blocks that add text, with what they add as it is written; of one answer and one block.
fn texts(stream: &Stream, family: Family) -> Vec<(usize, Vec<u8>)> {
    let key = |block: &Block| {
        let payload = block.payload().unwrap_or_default();
        let index = match &block.lane {
            Some(lane) => return Some(lane.key),
            None => choices_index(payload, choices(payload).into_iter().next()),
        };
        Some((0, json::number(payload, &index?)?))
    };
    let mut of = None;
    let mut found = Vec::new();
    for (place, block) in stream.blocks.iter().enumerate() {
        let Some(site) = text_site(block, family) else {
            continue;
        };
        let own = key(block);
        if *of.get_or_insert(own) == own {
            let payload = block.payload().unwrap_or_default();
            found.push((place, part(payload, site.body).to_vec()));
        }
    }
    found
}

fn choices_index(payload: &[u8], choice: Option<Span>) -> Option<Span> {
    json::get(payload, &choice?, "index")
}

pub(super) fn again(stream: &mut Stream, family: Family, repeat: Repeat) -> Applied {
    let texts = texts(stream, family);
    let (last, text) = texts.last().ok_or("the reply has no text")?;
    let block = stream.blocks.get(*last).cloned().ok_or(NO_BLOCK)?;
    match repeat {
        Repeat::Cumulative => {
            let mut so_far: Vec<u8> = Vec::new();
            for (place, text) in &texts {
                so_far.extend_from_slice(text);
                let set = |payload: &[u8]| {
                    let site = family.site(payload)?;
                    Some(json::replace(payload, &site.body, &so_far))
                };
                edit(stream, *place, set).ok_or(NO_BLOCK)?;
            }
        }
        Repeat::LastTwice => {
            let again = with_text(&block, family, text).ok_or(NO_TEXT)?;
            stream.blocks.insert(last + 1, Arc::new(again));
        }
        Repeat::WholeAtEnd => {
            let whole: Vec<u8> = texts.iter().flat_map(|(_, text)| text.clone()).collect();
            let again = with_text(&block, family, &whole).ok_or(NO_TEXT)?;
            stream.blocks.insert(last + 1, Arc::new(again));
        }
    }
    Ok(())
}

pub(super) fn byte(stream: &mut Stream, family: Family, block: usize, byte: Byte) -> Applied {
    let place = stream.place_of(block)?;
    let site = stream
        .blocks
        .get(place)
        .and_then(|found| text_site(found, family));
    let end = site.ok_or(NO_TEXT)?.body.end;
    let byte: &[u8] = match byte {
        Byte::EscapedNul => b"\\u0000",
        Byte::RawNul => b"\0",
        Byte::RawVt => b"\x0b",
    };
    edit(stream, place, |payload| {
        Some(json::replace(payload, &(end..end), byte))
    })
    .ok_or(NO_TEXT)
}

/// A second answer: for each chunk of text, one of another text.
pub(super) fn second_answer(stream: &mut Stream, family: Family) -> Applied {
    if family != Family::OpenAiChat {
        return Err("the dialect has one answer");
    }
    let numbers = |payload: &[u8]| -> Vec<Vec<u8>> {
        let choices = choices(payload).into_iter();
        let indices = choices.filter_map(|choice| json::get(payload, &choice, "index"));
        indices.map(|index| part(payload, index).to_vec()).collect()
    };
    let payloads = stream.blocks.iter().filter_map(|block| block.payload());
    if payloads.flat_map(numbers).any(|number| number != b"0") {
        return Err("the reply has several answers");
    }
    let mut blocks = Vec::with_capacity(stream.blocks.len());
    for block in &stream.blocks {
        blocks.push(Arc::clone(block));
        if let Some(other) = other_answer(block, family) {
            blocks.push(Arc::new(other));
        }
    }
    if blocks.len() == stream.blocks.len() {
        return Err("the reply has no text");
    }
    stream.blocks = blocks;
    Ok(())
}

/// The same chunk of the second answer.
fn other_answer(block: &Block, family: Family) -> Option<Block> {
    let payload = block.payload()?;
    let finish = block.kind == Kind::Finish;
    let mut text = payload.to_vec();
    if !finish {
        let site = text_site(block, family)?;
        text = json::replace(&text, &site.body, b"another ");
    }
    let choice = choices(&text).into_iter().next()?;
    if finish {
        text = put(&text, &choice, "delta", b"{}");
        text = put(&text, &choice, "finish_reason", b"\"stop\"");
    }
    let text = put(&text, &choice, "index", b"1");
    let mut other = block.clone();
    other.origin = None;
    other.lane = None;
    other.set_payload(&text);
    Some(other)
}

/// A chunk's delta as one field.
fn only(block: &Block, delta: &[u8]) -> Option<Block> {
    let payload = block.payload()?;
    let choice = choices(payload).into_iter().next()?;
    let old = json::get(payload, &choice, "delta")?;
    let mut new = block.clone();
    new.origin = None;
    new.set_payload(&json::replace(payload, &old, delta));
    Some(new)
}

pub(super) fn reason(stream: &mut Stream, family: Family, reasoning: Reasoning) -> Applied {
    if family != Family::OpenAiChat {
        return Err(NOT_HERE);
    }
    let first = texts(stream, family).into_iter().next();
    match reasoning {
        Reasoning::Renamed => renamed(stream),
        Reasoning::Parts => parts(stream, family),
        Reasoning::Inserted | Reasoning::Tags => {
            let (place, _) = first.ok_or("the reply has no text")?;
            let block = stream.blocks.get(place).cloned().ok_or(NO_BLOCK)?;
            let deltas: [&[u8]; 2] = if reasoning == Reasoning::Inserted {
                [
                    br#"{"reasoning_content":"Let me "}"#,
                    br#"{"reasoning_content":"think."}"#,
                ]
            } else {
                [
                    br#"{"content":"<thi"}"#,
                    br#"{"content":"nk>Let me think.</think>"}"#,
                ]
            };
            for delta in deltas.into_iter().rev() {
                let block = only(&block, delta).ok_or(NO_TEXT)?;
                stream.blocks.insert(place, Arc::new(block));
            }
            Ok(())
        }
    }
}

/// The field of reasoning under its other name.
fn renamed(stream: &mut Stream) -> Applied {
    let mut done = Err("the reply has no reasoning");
    for place in 0..stream.blocks.len() {
        let some = edit(stream, place, |payload| {
            let choice = choices(payload).into_iter().next()?;
            let delta = json::get(payload, &choice, "delta")?;
            let mut members = json::members(payload, &delta);
            let (name, _) = members.find(|(name, _)| {
                matches!(
                    part(payload, name.clone()),
                    b"reasoning_content" | b"reasoning"
                )
            })?;
            let other: &[u8] = if part(payload, name.clone()) == b"reasoning" {
                b"reasoning_content"
            } else {
                b"reasoning"
            };
            // Both names would say it twice.
            let both = json::get(payload, &delta, core::str::from_utf8(other).ok()?).is_some();
            (!both).then(|| json::replace(payload, &name, other))
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}

/// Each text as an array of one part.
fn parts(stream: &mut Stream, family: Family) -> Applied {
    let mut done = Err("the reply has no text");
    for place in 0..stream.blocks.len() {
        let site = stream
            .blocks
            .get(place)
            .and_then(|block| text_site(block, family));
        let Some(site) = site else { continue };
        let value = site.body.start - 1..site.body.end + 1;
        let some = edit(stream, place, |payload| {
            let text = part(payload, value.clone());
            let parts = [br#"[{"type":"text","text":"#, text, b"}]"].concat();
            Some(json::replace(payload, &value, &parts))
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}
