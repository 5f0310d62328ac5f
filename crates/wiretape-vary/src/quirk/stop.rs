//! F-21, F-53: the content ends early, for a reason.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::blocks::closes;
use super::calls;
use super::{Applied, NO_BLOCK};
use crate::dialect::{Family, Kind, Lane};
use crate::fault::reasons;
use crate::json::{self, part};
use crate::rewrite::halves;
use crate::stream::{Block, Stream};
use crate::subject::NO_CHANGE;

pub(super) fn truncate(
    stream: &mut Stream,
    family: Family,
    (block, at): (usize, usize),
    reason: &str,
    closed: bool,
) -> Applied {
    let place = stream.place_of(block)?;
    let found = stream.blocks.get(place).ok_or(NO_BLOCK)?;
    let payload = found.payload().ok_or(NO_BLOCK)?;
    let site = family
        .site(payload)
        .filter(|site| site.inner && site.splits);
    let site = site.ok_or("the block has no arguments")?;
    let first = halves(part(payload, site.body.clone()), at);
    let first = first.ok_or("no such place in the delta's string")?.first;
    let payload = json::replace(payload, &site.body, &first);
    let lane = found.lane.clone();
    if let Some(found) = stream.blocks.get_mut(place) {
        Arc::make_mut(found).set_payload(&payload);
    }
    let mut parts = calls::parts(&stream.blocks, family);
    let call = parts
        .iter()
        .find(|part| part.place == place)
        .map(|part| part.call);
    parts.retain(|part| Some(part.call) == call && part.place <= place);
    let text = calls::arguments_of(&stream.blocks, family, &parts);
    let whole =
        text.is_some_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
    if whole {
        return Err("the arguments are whole there");
    }
    cut_content(stream, place, |block| {
        closed && closes_lane(block, family, lane.as_ref())
    });
    silence(stream, family, place);
    set_reasons(stream, family, reason)
}

/// The block closes a lane.
fn closes_lane(block: &Block, family: Family, lane: Option<&Lane>) -> bool {
    let key = |lane: Option<&Lane>| lane.map(|lane| lane.key);
    // What is said again when an item is closed would not be cut.
    let whole = family == Family::OpenAiResponses;
    !whole && closes(block, family) && key(block.lane.as_ref()) == key(lane)
}

/// Takes away the content behind a place, but for what is to stay.
fn cut_content(stream: &mut Stream, place: usize, stays: impl Fn(&Block) -> bool) {
    let blocks = core::mem::take(&mut stream.blocks);
    let blocks = blocks.into_iter().enumerate();
    let kept =
        blocks.filter(|(at, block)| *at <= place || block.kind != Kind::Content || stays(block));
    stream.blocks = kept.map(|(_, block)| block).collect();
}

/// What ends the message behind a place says no more of its content.
fn silence(stream: &mut Stream, family: Family, place: usize) {
    let Some(silenced) = family.rules().silenced else {
        return;
    };
    for block in stream.blocks.iter_mut().skip(place + 1) {
        let payload = block
            .payload()
            .filter(|payload| json::root(payload).is_some());
        let ends = matches!(block.kind, Kind::Finish | Kind::Terminal);
        let other = payload.filter(|_| ends).and_then(silenced);
        if let Some(other) = other {
            Arc::make_mut(block).set_payload(&other);
        }
    }
}

fn set_reasons(stream: &mut Stream, family: Family, reason: &str) -> Applied {
    let value = calls::quoted(reason);
    match reasons(stream, family, &value) {
        Ok(_) | Err(NO_CHANGE) => Ok(()),
        Err(why) => Err(why),
    }
}

pub(super) fn after(stream: &mut Stream, family: Family, block: usize, reason: &str) -> Applied {
    let place = stream.place_of(block)?;
    let content = stream
        .blocks
        .get(place)
        .is_some_and(|block| block.kind == Kind::Content);
    if !content {
        return Err("the block is no content");
    }
    // Blocks that are open there are closed all the same.
    let before = stream.blocks.get(..=place).unwrap_or(&[]);
    let mut open: Vec<(u64, u64)> = Vec::new();
    for block in before {
        let Some(lane) = &block.lane else { continue };
        if lane.begins {
            open.push(lane.key);
        } else if closes_lane(block, family, Some(lane)) {
            open.retain(|key| *key != lane.key);
        }
    }
    cut_content(stream, place, |block| {
        let lane = block.lane.as_ref();
        closes_lane(block, family, lane) && lane.is_some_and(|lane| open.contains(&lane.key))
    });
    silence(stream, family, place);
    set_reasons(stream, family, reason)
}
