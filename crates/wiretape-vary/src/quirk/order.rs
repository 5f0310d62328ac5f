//! F-23, F-26: text, calls and the reason in another order, or in one chunk.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Applied;
use super::calls::{self, choices, edit};
use crate::dialect::{Family, Kind};
use crate::json::{self, Span, part, put};
use crate::parameters::Order;
use crate::stream::{Block, Stream};

pub(super) fn reorder(stream: &mut Stream, family: Family, order: Order) -> Applied {
    if family != Family::OpenAiChat {
        return Err("text, calls and the reason are not said in one kind of event");
    }
    match order {
        Order::TextInFinish => {
            let text = last_before(stream, finish(stream)?, "content")?;
            into(stream, text, finish(stream)?, "content")
        }
        Order::CallInFinish => {
            let call = last_before(stream, finish(stream)?, "tool_calls")?;
            into(stream, call, finish(stream)?, "tool_calls")
        }
        Order::CallAfterFinish => {
            let finish = finish(stream)?;
            let call = last_before(stream, finish, "tool_calls")?;
            let block = stream.blocks.remove(call);
            stream.blocks.insert(finish, block);
            Ok(())
        }
        Order::TextWithCall => {
            let parts = calls::parts(&stream.blocks, family);
            let first = parts.first().ok_or("the reply has no calls")?.place;
            let text = last_before(stream, first, "content")?;
            into(stream, text, first, "content")
        }
        Order::CallsTogether => together(stream, family),
    }
}

fn finish(stream: &Stream) -> Result<usize, &'static str> {
    let mut blocks = stream.blocks.iter();
    let place = blocks.position(|block| block.kind == Kind::Finish);
    place.ok_or("no reason for the end")
}

/// The delta of a chunk's only choice, where it says nothing but one field.
fn only(block: &Block, field: &str) -> Option<(Vec<u8>, Span)> {
    if block.kind != Kind::Content {
        return None;
    }
    let payload = block.payload()?;
    let choices = choices(payload);
    let [choice] = choices.as_slice() else {
        return None;
    };
    if json::path(payload, &["usage"]).is_some_and(|usage| json::is_present(payload, &usage)) {
        return None;
    }
    let delta = json::get(payload, choice, "delta")?;
    let silent = |(name, value): &(Span, Span)| {
        let value = part(payload, value.clone());
        let name = part(payload, name.clone());
        name == field.as_bytes() || name == b"role" || value == b"null" || value == b"\"\""
    };
    if !json::members(payload, &delta).all(|member| silent(&member)) {
        return None;
    }
    let value = json::get(payload, &delta, field)?;
    let text = part(payload, value);
    (text != b"null" && text != b"\"\"" && text != b"[]").then(|| (text.to_vec(), delta))
}

/// The last chunk before a place that says nothing but one field.
fn last_before(stream: &Stream, before: usize, field: &str) -> Result<usize, &'static str> {
    let blocks = stream.blocks.get(..before).unwrap_or(&[]);
    let place = blocks
        .iter()
        .rposition(|block| only(block, field).is_some());
    let place = place.ok_or("no chunk before it says that and nothing else")?;
    let mut behind = blocks.iter().skip(place + 1);
    // What says more of the field would come in front of it.
    match behind.all(|block| is_silent(block, field)) {
        true => Ok(place),
        false => Err("a chunk between them says more of it"),
    }
}

/// A chunk that says nothing of a field; one that cannot be read may.
fn is_silent(block: &Block, field: &str) -> bool {
    if block.kind != Kind::Content {
        return true;
    }
    let Some(payload) = block.payload() else {
        return false;
    };
    let choices = choices(payload);
    let says = |choice: &Span| {
        let delta = json::get(payload, choice, "delta");
        let value = delta.and_then(|delta| json::get(payload, &delta, field));
        value.is_some_and(|value| !matches!(part(payload, value), b"null" | b"\"\"" | b"[]"))
    };
    !choices.is_empty() && !choices.iter().any(says)
}

/// Puts the field of one chunk into another, which must not have it, and takes the first away.
fn into(stream: &mut Stream, from: usize, to: usize, field: &str) -> Applied {
    let block = stream.blocks.get(from).ok_or(super::NO_BLOCK)?;
    let (value, _) = only(block, field).ok_or(super::NO_BLOCK)?;
    let first = block.payload().is_some_and(says_role);
    if first {
        return Err("the chunk begins the message");
    }
    let one = index(block.payload().unwrap_or_default());
    let done = edit(stream, to, |payload| {
        let choices = choices(payload);
        let [choice] = choices.as_slice() else {
            return None;
        };
        let delta = json::get(payload, choice, "delta")?;
        let has = json::get(payload, &delta, field);
        let has = has.map(|value| part(payload, value));
        let free = has.is_none_or(|value| value == b"null" || value == b"\"\"");
        (free && one == index(payload)).then(|| put(payload, &delta, field, &value))
    });
    done.ok_or("the other chunk cannot take it")?;
    stream.blocks.remove(from);
    Ok(())
}

fn says_role(payload: &[u8]) -> bool {
    choices(payload).iter().any(|choice| {
        let delta = json::get(payload, choice, "delta");
        delta.is_some_and(|delta| json::get(payload, &delta, "role").is_some())
    })
}

/// The number of the first choice, as written.
fn index(payload: &[u8]) -> Vec<u8> {
    let choices = choices(payload);
    let index = choices
        .first()
        .and_then(|choice| json::get(payload, choice, "index"));
    index.map_or_else(Vec::new, |index| part(payload, index).to_vec())
}

/// Chunks of calls that follow one another become one.
fn together(stream: &mut Stream, family: Family) -> Applied {
    let items = |block: &Block| -> Option<Vec<u8>> {
        let (value, _) = only(block, "tool_calls")?;
        let inner = value.strip_prefix(b"[")?.strip_suffix(b"]")?;
        Some(inner.to_vec())
    };
    let mut done = Err("no two chunks of different calls follow one another");
    let mut place = 0;
    while place + 1 < stream.blocks.len() {
        let pair = (stream.blocks.get(place), stream.blocks.get(place + 1));
        let (Some(one), Some(two)) = pair else { break };
        let joined = items(one).zip(items(two)).filter(|_| {
            let parts = calls::parts(&stream.blocks, family);
            let of = |place: usize| parts.iter().filter(move |part| part.place == place);
            // One call twice in a chunk is another thing (F-24).
            !of(place).any(|one| of(place + 1).any(|two| one.call == two.call))
                && index(one.payload().unwrap_or_default())
                    == index(two.payload().unwrap_or_default())
        });
        let Some((mut all, more)) = joined else {
            place += 1;
            continue;
        };
        all.insert(0, b'[');
        all.push(b',');
        all.extend_from_slice(&more);
        all.push(b']');
        edit(stream, place, |payload| {
            let choice = choices(payload).first()?.clone();
            let delta = json::get(payload, &choice, "delta")?;
            Some(put(payload, &delta, "tool_calls", &all))
        })
        .ok_or(super::NO_BLOCK)?;
        let slot = stream.blocks.remove(place + 1).slot;
        if let Some(block) = stream.blocks.get_mut(place).map(Arc::make_mut) {
            block.slot = slot;
            block.lane = None;
        }
        done = Ok(());
        place += 1;
    }
    done
}
