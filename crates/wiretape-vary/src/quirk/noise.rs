//! F-15c, F-16, F-17, F-17b: blocks that say nothing, and event names.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Applied;
use crate::dialect::Kind;
use crate::framing::insert;
use crate::json;
use crate::parameters::{EventNames, Noise};
use crate::stream::{Block, Line, Stream};

/// The lines of a block that says nothing.
fn lines(noise: Noise) -> &'static [&'static [u8]] {
    match noise {
        Noise::BareComment => &[b":"],
        Noise::EventWithoutData => &[b"event: ping"],
        Noise::IdWithNul => &[b"id: a\0b"],
        Noise::RetryText => &[b"retry: soon"],
        Noise::EmptyData => &[b"data:"],
        Noise::CommentAsData => &[b"data: : keepalive"],
        Noise::True => &[b"data: true"],
        Noise::Text => &[b"data: \"Overloaded\""],
        Noise::List => &[b"data: []"],
        Noise::Null => &[b"data: null"],
    }
}

pub(super) fn insert_noise(stream: &mut Stream, before_block: usize, noise: Noise) -> Applied {
    let place = stream.place(before_block)?;
    let payload = !matches!(
        noise,
        Noise::BareComment | Noise::EventWithoutData | Noise::IdWithNul | Noise::RetryText
    );
    let before = stream.blocks.get(..place).unwrap_or(&[]);
    if payload && before.iter().any(|block| block.kind == Kind::Terminal) {
        return Err("the place is after the terminal event");
    }
    insert(stream, place, lines(noise), Kind::Bare)
}

pub(super) fn event_names(stream: &mut Stream, names: EventNames) -> Applied {
    stream.of_lines()?;
    let end = stream.line_end();
    let named = |block: &Arc<Block>| block.event_name().is_some();
    if names == EventNames::Dropped && !stream.blocks.iter().any(named) {
        return Err("the dialect has no event names");
    }
    for block in &mut stream.blocks {
        let said = block.says();
        let Some(said) = said.filter(|said| said.as_slice() != b"[DONE]") else {
            continue;
        };
        let block = Arc::make_mut(block);
        block.lines.retain(|line| line.field().0 != b"event");
        let name: &[u8] = match names {
            EventNames::Dropped => continue,
            EventNames::Message => b"message",
            EventNames::Wrong => wrong(&said),
        };
        let text = [b"event: ", name].concat();
        let end = Some(end);
        block.lines.insert(0, Line { text, end });
    }
    Ok(())
}

/// The name of another event than the payload's type.
fn wrong(payload: &[u8]) -> &'static [u8] {
    let delta: Vec<u8> = json::path(payload, &["type"])
        .map_or_else(Vec::new, |kind| json::part(payload, kind).to_vec());
    if delta == b"\"content_block_delta\"" {
        b"content_block_start"
    } else {
        b"content_block_delta"
    }
}
