//! F-34: the count of tokens elsewhere, again, or not at all.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::calls::{choices, edit};
use super::{Applied, NOT_HERE};
use crate::dialect::{Family, Kind};
use crate::framing::insert;
use crate::json::{self, part, put};
use crate::parameters::Usage;
use crate::stream::Stream;

const NONE: &str = "no count of tokens";

/// A count where the tape has none.
const COUNT: &[u8] = br#"{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}"#;

pub(super) fn recount(stream: &mut Stream, family: Family, usage: Usage) -> Applied {
    match usage {
        Usage::Null => each(stream, family, |payload, holder, key| {
            Some(put(payload, holder, key, b"null"))
        }),
        Usage::Empty if family == Family::Ollama => Err(NOT_HERE),
        Usage::Empty => each(stream, family, |payload, holder, key| {
            Some(put(payload, holder, key, b"{}"))
        }),
        Usage::Dropped => each(stream, family, |payload, holder, key| {
            Some(json::remove(payload, holder, key))
        }),
        _ if family != Family::OpenAiChat => Err(NOT_HERE),
        Usage::Everywhere => {
            let count = count(stream);
            let mut done = Err("no chunks");
            for place in 0..stream.blocks.len() {
                let some = edit(stream, place, |payload| {
                    json::path(payload, &["choices"])?;
                    Some(put(payload, &json::root(payload)?, "usage", &count))
                });
                if some.is_some() {
                    done = Ok(());
                }
            }
            done
        }
        Usage::Tail => tail(stream, b"[]"),
        Usage::TailNull => tail(stream, b"null"),
    }
}

/// Rewrites each object that has a count: the payload, or the message it begins.
fn each(
    stream: &mut Stream,
    family: Family,
    rewrite: impl Fn(&[u8], &json::Span, &str) -> Option<Vec<u8>>,
) -> Applied {
    let mut done = Err(NONE);
    for place in 0..stream.blocks.len() {
        let some = edit(stream, place, |payload| {
            let root = json::root(payload)?;
            let (key, path) = family.rules().usage.split_last()?;
            let holder = match json::get(payload, &root, "message") {
                Some(message) if family == Family::Anthropic => message,
                _ if path.is_empty() => root,
                _ => json::path(payload, path)?,
            };
            let value = json::get(payload, &holder, key)?;
            json::is_present(payload, &value).then(|| rewrite(payload, &holder, key))?
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}

/// The last count of the reply, or one.
fn count(stream: &Stream) -> Vec<u8> {
    let payloads = stream
        .blocks
        .iter()
        .rev()
        .filter_map(|block| block.payload());
    let mut counts = payloads.filter_map(|payload| {
        let value = json::path(payload, &["usage"])?;
        let present = json::is_present(payload, &value);
        present.then(|| part(payload, value).to_vec())
    });
    counts.next().unwrap_or_else(|| COUNT.to_vec())
}

/// A chunk without choices that has the count, behind the reason.
fn tail(stream: &mut Stream, choices_are: &[u8]) -> Applied {
    let mut blocks = stream.blocks.iter();
    let finish = blocks.rposition(|block| block.kind == Kind::Finish);
    let finish = finish.ok_or("no reason for the end")?;
    let count = count(stream);
    let payload = stream.blocks.get(finish).and_then(|block| block.payload());
    let payload = payload.filter(|payload| !choices(payload).is_empty());
    let payload = payload.ok_or("no reason for the end")?;
    let root = json::root(payload).ok_or("no reason for the end")?;
    let with = put(payload, &root, "usage", &count);
    let data = json::root(&with).map(|root| put(&with, &root, "choices", choices_are));
    // What stood there before would count twice.
    let old = stream.blocks.iter().position(|block| {
        let payload = block.payload().unwrap_or_default();
        json::path(payload, &["usage"]).is_some_and(|usage| json::is_present(payload, &usage))
            && choices(payload).is_empty()
            && json::path(payload, &["choices"]).is_some()
    });
    let line = [b"data: ", data.unwrap_or_default().as_slice()].concat();
    match old {
        Some(old) => {
            let block = stream.blocks.get_mut(old).map(Arc::make_mut).ok_or(NONE)?;
            block.set_payload(line.strip_prefix(b"data: ").unwrap_or(&line));
        }
        None => insert(stream, finish + 1, &[&line], Kind::Other)?,
    }
    Ok(())
}
