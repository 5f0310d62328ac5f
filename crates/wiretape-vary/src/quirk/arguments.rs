//! F-18, F-19, F-20, F-22: a call's arguments in other shapes.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::Value;

use super::Applied;
use super::calls::{self, Part, edit, quoted};
use crate::dialect::{Family, Kind};
use crate::json;
use crate::parameters::Arguments;
use crate::stream::{Block, Stream};

const HAS_SOME: &str = "the call has arguments";
const HAS_NONE: &str = "the call has no arguments";
const NO_CALL: &str = "no such call";

/// The arguments mean `{}`: nothing, blanks, or an empty object.
pub(crate) fn is_empty(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || matches!(serde_json::from_str(text), Ok(Value::Object(map)) if map.is_empty())
}

/// The values, where the call has no arguments.
fn emptied<'v>(
    empty: bool,
    values: &[Option<&'v [u8]>],
) -> Result<Vec<Option<&'v [u8]>>, &'static str> {
    if empty {
        Ok(values.to_vec())
    } else {
        Err(HAS_SOME)
    }
}

pub(super) fn reshaped(
    stream: &mut Stream,
    family: Family,
    call: usize,
    shape: Arguments,
) -> Applied {
    let again = family.rules().calls.as_ref();
    if again.is_some_and(|rules| rules.delta.is_none()) {
        return Err("the arguments are said again at the call's end");
    }
    let mut parts = calls::parts(&stream.blocks, family);
    parts.retain(|part| part.call == call);
    if parts.is_empty() {
        return Err(NO_CALL);
    }
    let text = calls::arguments_of(&stream.blocks, family, &parts);
    let text = text.ok_or("the arguments cannot be read")?;
    let empty = is_empty(&text);
    let values: Vec<Option<&[u8]>> = match shape {
        Arguments::Empty => emptied(empty, &[Some(b"\"\"")])?,
        Arguments::Null => emptied(empty, &[Some(b"null")])?,
        Arguments::Absent => emptied(empty, &[None])?,
        Arguments::NullText => emptied(empty, &[Some(b"\"null\"")])?,
        Arguments::Whole => emptied(empty, &[Some(b"\"{}\"")])?,
        Arguments::Late => emptied(empty, &[Some(b"\"\""), Some(b"\"{}\"")])?,
        Arguments::Object => {
            let object = matches!(serde_json::from_str(&text), Ok(Value::Object(_)));
            let object = if object { text.as_bytes() } else { b"{}" };
            if !empty && object == b"{}" {
                return Err("the arguments are no object");
            }
            return collapse(stream, family, &parts, &[Some(object)]);
        }
        Arguments::Encoded => {
            if empty {
                return Err(HAS_NONE);
            }
            let twice = quoted(&String::from_utf8_lossy(&quoted(&text)));
            return collapse(stream, family, &parts, &[Some(&twice)]);
        }
        _ if empty => return Err(HAS_NONE),
        Arguments::Junk => return junk(stream, family, &parts),
        Arguments::Headless => return headless(stream, family, &parts),
        Arguments::Blank => return insert(stream, family, &parts, false, b"\" \\n\""),
        Arguments::Placeholder => return insert(stream, family, &parts, true, b"\"{}\""),
    };
    collapse(stream, family, &parts, &values)
}

/// The call says these values one after the other, and no others.
fn collapse(
    stream: &mut Stream,
    family: Family,
    parts: &[Part],
    values: &[Option<&[u8]>],
) -> Applied {
    let first = parts.first().ok_or(NO_CALL)?;
    let mut rest = values;
    if let (true, [value, others @ ..]) = (family.rules().calls.is_none(), values) {
        let value = *value;
        let set = |payload: &[u8]| first.with_arguments(payload, family, value);
        edit(stream, first.place, set).ok_or(NO_CALL)?;
        rest = others;
    }
    let mut put_in = Vec::new();
    for value in rest.iter().flatten() {
        put_in.push(continued(stream, family, first, value)?);
    }
    for old in parts.iter().skip(1).rev() {
        let block = stream.blocks.get(old.place);
        let alone = block.is_some_and(|block| block.kind == Kind::Content)
            && calls::alone(&stream.blocks, family, old.place);
        if alone {
            stream.blocks.remove(old.place);
        } else {
            let set = |payload: &[u8]| old.with_arguments(payload, family, Some(b"\"\""));
            edit(stream, old.place, set).ok_or(NO_CALL)?;
        }
    }
    for block in put_in.into_iter().rev() {
        stream.blocks.insert(first.place + 1, block);
    }
    Ok(())
}

/// A block that says more of the call that this part belongs to.
fn continued(
    stream: &Stream,
    family: Family,
    of: &Part,
    value: &[u8],
) -> Result<Arc<Block>, &'static str> {
    let block = stream.blocks.get(of.place).ok_or(NO_CALL)?;
    let payload = block.payload().ok_or(NO_CALL)?;
    if let Some(rules) = &family.rules().calls {
        let delta = rules
            .delta
            .ok_or("the arguments are said again at the call's end")?;
        let (name, data) = delta(payload, value).ok_or(NO_CALL)?;
        return Ok(Arc::new(calls::event(block, family, name, &data)));
    }
    let more = family.continuation(payload);
    let lone = calls::alone(&stream.blocks, family, of.place);
    if !lone || block.kind != Kind::Content {
        return Err("the call shares its chunk");
    }
    let more = of
        .with_arguments(&more, family, Some(value))
        .ok_or(NO_CALL)?;
    let mut block = Block::clone(block);
    block.origin = None;
    block.set_payload(&more);
    Ok(Arc::new(block))
}

/// The parts that have some arguments, with their places in the list.
fn filled(stream: &Stream, family: Family, parts: &[Part]) -> Vec<Part> {
    let some = |of: &&Part| {
        let payload = stream
            .blocks
            .get(of.place)
            .and_then(|block| block.payload());
        let body = payload.and_then(|payload| of.body(payload, family));
        body.is_some_and(|body| !body.is_empty())
    };
    parts.iter().filter(some).copied().collect()
}

/// Rewrites what stands between the quotes of one part's arguments.
fn rewrite(
    stream: &mut Stream,
    family: Family,
    of: &Part,
    new: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Applied {
    let done = edit(stream, of.place, |payload| {
        let body = of.body(payload, family)?;
        let new = new(json::part(payload, body.clone()))?;
        Some(json::replace(payload, &body, &new))
    });
    done.ok_or("the arguments do not begin with a brace")
}

fn junk(stream: &mut Stream, family: Family, parts: &[Part]) -> Applied {
    let filled = filled(stream, family, parts);
    let last = filled.last().ok_or(HAS_NONE)?;
    rewrite(stream, family, last, |body| {
        Some([body, br#"{\"x_wiretape\":1}"#].concat())
    })
}

fn headless(stream: &mut Stream, family: Family, parts: &[Part]) -> Applied {
    let filled = filled(stream, family, parts);
    let first = filled.first().ok_or(HAS_NONE)?;
    rewrite(stream, family, first, |body| {
        body.strip_prefix(b"{").map(<[u8]>::to_vec)
    })
}

/// A part more, with these arguments: the second of the call, or the last.
fn insert(
    stream: &mut Stream,
    family: Family,
    parts: &[Part],
    early: bool,
    value: &[u8],
) -> Applied {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return Err(NO_CALL);
    };
    let mut after = if early { first } else { last };
    if early && family.rules().calls.is_none() {
        let payload = stream
            .blocks
            .get(first.place)
            .and_then(|block| block.payload());
        let body = payload.and_then(|payload| first.body(payload, family));
        if body.is_some_and(|body| body.is_empty()) {
            let set = |payload: &[u8]| first.with_arguments(payload, family, Some(value));
            return edit(stream, first.place, set).ok_or(NO_CALL);
        }
        // The arguments stand beside the name: `{}` comes before them.
        return rewrite(stream, family, first, |body| Some([b"{}", body].concat()));
    }
    if family.rules().calls.is_some() && !early {
        after = last;
    }
    let block = continued(stream, family, after, value)?;
    stream.blocks.insert(after.place + 1, block);
    Ok(())
}
