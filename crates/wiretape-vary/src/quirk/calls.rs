//! Where the calls of a reply are.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::dialect::{Calls, Family};
use crate::json::{self, Span, part, put};
use crate::stream::{Block, Stream};

/// One part of a call: an event or chunk that says something of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The block's place in the stream.
    pub(crate) place: usize,
    /// Which call, in the order of their beginnings.
    pub(crate) call: usize,
    /// It is the call's first part.
    pub(crate) begins: bool,
    /// The place of the choice in its chunk, and of the call in its choice.
    item: (usize, usize),
}

/// The parts of all calls, in order.
pub(crate) fn parts(blocks: &[Arc<Block>], family: Family) -> Vec<Part> {
    match &family.rules().calls {
        Some(rules) => of_events(blocks, family, rules),
        None if family == Family::OpenAiChat => of_chat(blocks),
        None => Vec::new(),
    }
}

/// Calls that are begun by an event, and to which others belong by their lane.
fn of_events(blocks: &[Arc<Block>], family: Family, rules: &Calls) -> Vec<Part> {
    let mut found = Vec::new();
    let mut open: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    let mut count = 0;
    for (place, block) in blocks.iter().enumerate() {
        let Some(payload) = block
            .payload()
            .filter(|payload| json::root(payload).is_some())
        else {
            continue;
        };
        let Some(lane) = family.lane_in(payload) else {
            continue;
        };
        let begins = (rules.begins)(payload);
        if begins {
            open.insert(lane.key, count);
            count += 1;
        }
        if (family.rules().closes)(payload) {
            open.remove(&lane.key);
        }
        let says = begins || json::path(payload, rules.path).is_some();
        if let (true, Some(&call)) = (says, open.get(&lane.key)) {
            found.push(Part {
                place,
                call,
                begins,
                item: (0, 0),
            });
        }
    }
    found
}

fn of_chat(blocks: &[Arc<Block>]) -> Vec<Part> {
    let mut found = Vec::new();
    let mut known: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    let mut count = 0_usize;
    for (place, block) in blocks.iter().enumerate() {
        let Some(payload) = block.payload() else {
            continue;
        };
        if !payload.windows(12).any(|word| word == b"\"tool_calls\"") {
            continue;
        }
        for (at, choice) in choices(payload).iter().enumerate() {
            let number = json::get(payload, choice, "index");
            let number = number.and_then(|number| json::number(payload, &number));
            for (of, call) in tool_calls(payload, choice).iter().enumerate() {
                let index = json::get(payload, call, "index");
                let index = index.and_then(|index| json::number(payload, &index));
                let key = index.map(|index| (number.unwrap_or(0), index));
                // Without an index, a name begins a call.
                let named = json::get(payload, call, "function")
                    .is_some_and(|function| json::get(payload, &function, "name").is_some());
                let old = match key {
                    Some(key) => known.get(&key).copied(),
                    None => count.checked_sub(1).filter(|_| !named),
                };
                let call = old.unwrap_or(count);
                if old.is_none() {
                    count += 1;
                }
                if let Some(key) = key {
                    known.insert(key, call);
                }
                let item = (at, of);
                found.push(Part {
                    place,
                    call,
                    begins: old.is_none(),
                    item,
                });
            }
        }
    }
    found
}

/// The choices of a chunk.
pub(super) fn choices(payload: &[u8]) -> Vec<Span> {
    let choices = json::path(payload, &["choices"]);
    choices.map_or_else(Vec::new, |choices| json::items(payload, &choices))
}

/// The calls of a choice.
fn tool_calls(payload: &[u8], choice: &Span) -> Vec<Span> {
    let calls = json::get(payload, choice, "delta")
        .and_then(|delta| json::get(payload, &delta, "tool_calls"));
    calls.map_or_else(Vec::new, |calls| json::items(payload, &calls))
}

impl Part {
    /// The object that says something of the call: the call itself, or the whole event.
    pub(super) fn object(&self, payload: &[u8], family: Family) -> Option<Span> {
        if family != Family::OpenAiChat {
            return json::root(payload);
        }
        let choice = choices(payload).get(self.item.0)?.clone();
        tool_calls(payload, &choice).get(self.item.1).cloned()
    }

    /// The object that holds the arguments, and their name in it.
    fn holder(&self, payload: &[u8], family: Family) -> Option<(Span, &'static str)> {
        let Some(rules) = &family.rules().calls else {
            let object = self.object(payload, family)?;
            return Some((json::get(payload, &object, "function")?, "arguments"));
        };
        let (key, holder) = rules.path.split_last()?;
        let holder = match holder {
            [] => json::root(payload),
            path => json::path(payload, path),
        };
        Some((holder.filter(|_| !self.begins)?, key))
    }

    /// What is between the quotes of the arguments.
    pub(super) fn body(&self, payload: &[u8], family: Family) -> Option<Span> {
        let (holder, key) = self.holder(payload, family)?;
        json::string(payload, &json::get(payload, &holder, key)?)
    }

    /// The payload with other arguments: a JSON value, or none at all.
    pub(super) fn with_arguments(
        &self,
        payload: &[u8],
        family: Family,
        value: Option<&[u8]>,
    ) -> Option<Vec<u8>> {
        let (holder, key) = self.holder(payload, family)?;
        Some(match value {
            Some(value) => put(payload, &holder, key, value),
            None => json::remove(payload, &holder, key),
        })
    }
}

/// Rewrites the payload of the block at a place.
pub(super) fn edit(
    stream: &mut Stream,
    place: usize,
    rewrite: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Option<()> {
    let block = stream.blocks.get_mut(place)?;
    let payload = rewrite(block.payload()?)?;
    Arc::make_mut(block).set_payload(&payload);
    Some(())
}

/// A call's arguments: what stands between the quotes of its parts, as it is written.
pub(crate) fn written(blocks: &[Arc<Block>], family: Family, parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for one in parts {
        let payload = blocks.get(one.place).and_then(|block| block.payload());
        if let Some(payload) = payload {
            if let Some(span) = one.body(payload, family) {
                body.extend_from_slice(part(payload, span));
            }
        }
    }
    body
}

/// The same, read.
pub(crate) fn arguments_of(
    blocks: &[Arc<Block>],
    family: Family,
    parts: &[Part],
) -> Option<String> {
    let mut text = b"\"".to_vec();
    text.extend_from_slice(&written(blocks, family, parts));
    text.push(b'"');
    serde_json::from_slice(&text).ok()
}

/// A text as a JSON string.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    serde_json::to_vec(text).unwrap_or_else(|_| b"\"\"".to_vec())
}

/// The block at a place has one part of one call, and no text beside it.
pub(super) fn alone(blocks: &[Arc<Block>], family: Family, place: usize) -> bool {
    let Some(block) = blocks.get(place) else {
        return false;
    };
    if family != Family::OpenAiChat {
        return true;
    }
    let payload = block.payload().unwrap_or_default();
    let choices = choices(payload);
    let calls: usize = choices
        .iter()
        .map(|choice| tool_calls(payload, choice).len())
        .sum();
    let said = |choice: &Span| {
        let delta = json::get(payload, choice, "delta");
        delta.is_some_and(|delta| {
            json::members(payload, &delta).any(|(name, value)| {
                let value = part(payload, value);
                let name = part(payload, name);
                !matches!(name, b"tool_calls" | b"role") && value != b"null" && value != b"\"\""
            })
        })
    };
    calls == 1 && choices.len() == 1 && !choices.iter().any(said)
}

/// An event beside another, written as that is.
pub(super) fn event(beside: &Block, family: Family, name: &str, data: &[u8]) -> Block {
    let mut block = beside.clone();
    block.origin = None;
    (block.base, block.wait_ns) = (0, 0);
    block.set_payload(data);
    block.set_event_name(name);
    block.object = true;
    block.kind = family.kind(data);
    block.lane = family.lane(data);
    block
}
