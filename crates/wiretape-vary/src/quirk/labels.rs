//! F-24, F-25: indices, ids and names elsewhere, again, or not at all.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::calls::{self, Part, edit, quoted};
use super::{Applied, only};
use crate::dialect::Family;
use crate::json::{self, Span, put};
use crate::parameters::{Ids, Indices, Names};
use crate::stream::Stream;

const NO_CALLS: &str = "the reply has no calls";

/// Another index; `None`: none at all.
fn other(indices: Indices, index: u64) -> Option<String> {
    Some(match indices {
        Indices::Missing => return None,
        Indices::Zero => "0".to_string(),
        Indices::FromOne => (index.saturating_add(1)).to_string(),
        Indices::Gaps => (index.saturating_mul(3)).to_string(),
        Indices::Huge => (index.saturating_add(1_000_000_000)).to_string(),
        Indices::Text => format!("\"{index}\""),
        Indices::Negative => format!("-{}", index.saturating_add(1)),
    })
}

/// The payload with another index in one of its objects.
fn renumbered(payload: &[u8], object: &Span, indices: Indices) -> Option<Vec<u8>> {
    let value = json::get(payload, object, "index")?;
    let index = json::number(payload, &value)?;
    Some(match other(indices, index) {
        Some(index) => json::replace(payload, &value, index.as_bytes()),
        None => json::remove(payload, object, "index"),
    })
}

pub(super) fn indices(stream: &mut Stream, family: Family, indices: Indices) -> Applied {
    if family != Family::Anthropic {
        only(family, Family::OpenAiChat)?;
    } else {
        let mut done = Err("no content blocks");
        for place in 0..stream.blocks.len() {
            let some = edit(stream, place, |payload| {
                let root = json::root(payload)?;
                renumbered(payload, &root, indices)
            });
            if some.is_some() {
                done = Ok(());
            }
        }
        return done;
    }
    let mut done = Err(NO_CALLS);
    for part in calls::parts(&stream.blocks, family) {
        let some = edit(stream, part.place, |payload| {
            let object = part.object(payload, family)?;
            renumbered(payload, &object, indices)
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}

/// The object of a part that has the id and the name.
fn head(payload: &[u8], family: Family, part: &Part) -> Option<Span> {
    let object = part.object(payload, family)?;
    match family {
        Family::Anthropic => json::get(payload, &object, "content_block"),
        _ => Some(object),
    }
}

/// What each call says of itself in its first part, as JSON.
fn first_said(
    stream: &Stream,
    family: Family,
    parts: &[Part],
    read: impl Fn(&[u8], &Span) -> Option<Span>,
) -> Vec<Vec<u8>> {
    let mut said = Vec::new();
    for part in parts.iter().filter(|part| part.begins) {
        let payload = stream
            .blocks
            .get(part.place)
            .and_then(|block| block.payload());
        let value = payload.and_then(|payload| {
            let value = read(payload, &head(payload, family, part)?)?;
            Some(json::part(payload, value).to_vec())
        });
        said.push(value.unwrap_or_default());
    }
    said
}

pub(super) fn ids(stream: &mut Stream, family: Family, ids: Ids) -> Applied {
    if family != Family::Anthropic {
        only(family, Family::OpenAiChat)?;
    }
    let parts = calls::parts(&stream.blocks, family);
    let first = first_said(stream, family, &parts, |payload, head| {
        json::get(payload, head, "id")
    });
    let own = first.first().filter(|id| !id.is_empty());
    let shared = own.ok_or(NO_CALLS)?.clone();
    let every = matches!(
        ids,
        Ids::Every | Ids::EmptyAfter | Ids::NullAfter | Ids::Other
    );
    if family == Family::Anthropic && every {
        return Err("a Messages call says its id once, in its start");
    }
    for (number, part) in parts.iter().enumerate() {
        let value: Option<Vec<u8>> = match ids {
            Ids::Absent => None,
            Ids::Null => Some(b"null".to_vec()),
            Ids::Empty => Some(b"\"\"".to_vec()),
            Ids::Same => Some(shared.clone()),
            _ if part.begins => continue,
            Ids::Every => first.get(part.call).cloned(),
            Ids::EmptyAfter => Some(b"\"\"".to_vec()),
            Ids::NullAfter => Some(b"null".to_vec()),
            Ids::Other => Some(quoted(&format!("call_wiretape_{number}"))),
        };
        let said_here = part.begins || !matches!(ids, Ids::Same | Ids::Null | Ids::Empty);
        if !said_here || (family == Family::Anthropic && !part.begins) {
            continue;
        }
        let _ = edit(stream, part.place, |payload| {
            let head = head(payload, family, part)?;
            Some(match &value {
                Some(value) => put(payload, &head, "id", value),
                None => json::remove(payload, &head, "id"),
            })
        });
    }
    Ok(())
}

/// The function of a call.
fn function(payload: &[u8], head: &Span) -> Option<Span> {
    json::get(payload, head, "function")
}

pub(super) fn names(stream: &mut Stream, family: Family, names: Names) -> Applied {
    if family != Family::OpenAiChat {
        return Err("a call says its name once, in its start");
    }
    let parts = calls::parts(&stream.blocks, family);
    let first = first_said(stream, family, &parts, |payload, head| {
        json::get(payload, &function(payload, head)?, "name")
    });
    if first.is_empty() {
        return Err(NO_CALLS);
    }
    if matches!(names, Names::Late | Names::Split) {
        return moved(stream, family, &parts, &first, names == Names::Split);
    }
    for part in &parts {
        let _ = edit(stream, part.place, |payload| {
            let head = part.object(payload, family)?;
            match names {
                Names::NoType => Some(json::remove(payload, &head, "type")),
                Names::NullType => Some(put(payload, &head, "type", b"null")),
                _ if part.begins => None,
                _ => {
                    let name: &[u8] = match names {
                        Names::EmptyAfter => b"\"\"",
                        Names::NullAfter => b"null",
                        _ => first.get(part.call)?,
                    };
                    Some(put(payload, &function(payload, &head)?, "name", name))
                }
            }
        });
    }
    Ok(())
}

/// The name, or half of it, stands in the call's second part, if that has no arguments before it.
fn moved(
    stream: &mut Stream,
    family: Family,
    parts: &[Part],
    first: &[Vec<u8>],
    split: bool,
) -> Applied {
    let mut done = Err("no call has an empty first part and a second one");
    for (call, name) in first.iter().enumerate() {
        let mut own = parts.iter().filter(|part| part.call == call);
        let (Some(one), Some(two)) = (own.next(), own.next()) else {
            continue;
        };
        let payload = stream
            .blocks
            .get(one.place)
            .and_then(|block| block.payload());
        let body = payload.and_then(|payload| one.body(payload, family));
        let name = String::from_utf8_lossy(name).into_owned();
        let name = name.trim_matches('"');
        let half = name.char_indices().nth(name.chars().count() / 2);
        let at = half.map_or(0, |(at, _)| at);
        if body.is_none_or(|body| !body.is_empty()) || at == 0 || name.contains('\\') {
            continue;
        }
        let at = if split { at } else { 0 };
        let (head, tail) = (name.get(..at).unwrap_or(""), name.get(at..).unwrap_or(""));
        let _ = edit(stream, one.place, |payload| {
            let object = function(payload, &one.object(payload, family)?)?;
            Some(if split {
                put(payload, &object, "name", format!("\"{head}\"").as_bytes())
            } else {
                json::remove(payload, &object, "name")
            })
        });
        let _ = edit(stream, two.place, |payload| {
            let object = function(payload, &two.object(payload, family)?)?;
            Some(put(
                payload,
                &object,
                "name",
                format!("\"{tail}\"").as_bytes(),
            ))
        });
        done = Ok(());
    }
    done
}
