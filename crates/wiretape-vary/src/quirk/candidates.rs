//! F-54: Gemini's candidates and their parts in other shapes.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::Value;

use super::calls::edit;
use super::{Applied, NO_BLOCK, only};
use crate::dialect::{Family, Kind, candidates, parts};
use crate::framing::insert;
use crate::json::{self, Span, part, put};
use crate::parameters::Candidates;
use crate::stream::{Block, Stream};

const NO_CALL: &str = "the reply has no calls that come whole";
const NO_CONTENT: &str = "no content";

pub(super) fn reshaped(stream: &mut Stream, family: Family, shape: Candidates) -> Applied {
    only(family, Family::Gemini)?;
    match shape {
        Candidates::PartialArguments => partial(stream, true),
        Candidates::NoTerminator => partial(stream, false),
        Candidates::NoIds => each_call(stream, |text, call| {
            json::get(text, call, "id")?;
            Some(json::remove(text, call, "id"))
        }),
        Candidates::NoArguments => each_call(stream, |text, call| {
            let args = json::get(text, call, "args")?;
            let empty = part(text, args)
                .iter()
                .all(|byte| b"{} \r\n\t".contains(byte));
            empty.then(|| json::remove(text, call, "args"))
        }),
        Candidates::CallsApart => calls_apart(stream),
        Candidates::CallsTogether => calls_together(stream),
        Candidates::NoParts => put_in(stream, br#"{"content":{"role":"model"},"index":0}"#),
        Candidates::EmptyParts => put_in(
            stream,
            br#"{"content":{"parts":[],"role":"model"},"index":0}"#,
        ),
        Candidates::NoContent => put_in(stream, br#"{"index":0}"#),
        Candidates::NoRole => each_candidate(stream, |text, candidate| {
            let content = json::get(text, candidate, "content")?;
            json::get(text, &content, "role")?;
            Some(json::remove(text, &content, "role"))
        }),
        Candidates::UsageAlone => {
            let place = first_content(stream)? + 1;
            let usage = br#"data: {"usageMetadata":{"promptTokenCount":1,"totalTokenCount":1}}"#;
            insert(stream, place, &[usage], Kind::Other)
        }
        Candidates::ReasonAlone => reason_alone(stream),
    }
}

/// Rewrites each candidate.
fn each_candidate(
    stream: &mut Stream,
    rewrite: impl Fn(&[u8], &Span) -> Option<Vec<u8>>,
) -> Applied {
    let mut done = Err(NO_CONTENT);
    for place in 0..stream.blocks.len() {
        let some = edit(stream, place, |payload| {
            let mut text = payload.to_vec();
            // From the last on, so that the places of those before it stay.
            for candidate in candidates(payload).iter().rev() {
                text = rewrite(&text, candidate).unwrap_or(text);
            }
            (text != payload).then_some(text)
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}

/// Rewrites each call that comes whole.
fn each_call(stream: &mut Stream, rewrite: impl Fn(&[u8], &Span) -> Option<Vec<u8>>) -> Applied {
    let done = each_candidate(stream, |payload, candidate| {
        let mut text = payload.to_vec();
        for part in parts(payload, candidate).iter().rev() {
            if let Some(call) = whole_call(&text, part) {
                text = rewrite(&text, &call).unwrap_or(text);
            }
        }
        Some(text)
    });
    done.map_err(|_| NO_CALL)
}

/// The call of a part, where it comes whole.
fn whole_call(text: &[u8], part: &Span) -> Option<Span> {
    let call = json::get(text, part, "functionCall")?;
    let pieces = ["partialArgs", "willContinue"].into_iter();
    let whole = pieces
        .filter_map(|field| json::get(text, &call, field))
        .next();
    (whole.is_none() && json::get(text, &call, "name").is_some()).then_some(call)
}

fn first_content(stream: &Stream) -> Result<usize, &'static str> {
    let mut blocks = stream.blocks.iter();
    let place = blocks.position(|block| block.kind == Kind::Content);
    place.ok_or(NO_CONTENT)
}

/// Puts in a piece whose candidate says nothing.
fn put_in(stream: &mut Stream, candidate: &[u8]) -> Applied {
    let place = first_content(stream)? + 1;
    let line = [b"data: {\"candidates\":[", candidate, b"]}"].concat();
    insert(stream, place, &[&line], Kind::Other)
}

/// The only candidate of a piece, with its parts; without calls beside other parts of it.
fn only_calls(block: &Block) -> Option<(Span, Vec<Span>)> {
    let payload = block
        .payload()
        .filter(|payload| json::root(payload).is_some())?;
    let all = candidates(payload);
    let [candidate] = all.as_slice() else {
        return None;
    };
    let found = parts(payload, candidate);
    let calls = found.iter().all(|part| whole_call(payload, part).is_some());
    (calls && !found.is_empty()).then(|| (candidate.clone(), found))
}

/// The piece with other parts, between their brackets.
fn with_parts(payload: &[u8], candidate: &Span, inner: &[u8]) -> Option<Vec<u8>> {
    let content = json::get(payload, candidate, "content")?;
    let value = [b"[", inner, b"]"].concat();
    Some(put(payload, &content, "parts", &value))
}

/// A piece of a reply like another one, with other parts and no reason for the end.
fn piece_like(block: &Block, inner: &[u8]) -> Option<Block> {
    let payload = block.payload()?;
    let candidate = candidates(payload).into_iter().next()?;
    let text = with_parts(payload, &candidate, inner)?;
    let candidate = candidates(&text).into_iter().next()?;
    let text = json::remove(&text, &candidate, "finishReason");
    let mut piece = block.clone();
    (piece.origin, piece.kind) = (None, Kind::Content);
    piece.set_payload(&text);
    Some(piece)
}

/// Each call in a piece of its own.
fn calls_apart(stream: &mut Stream) -> Applied {
    let several = |block: &&Arc<Block>| {
        block.kind == Kind::Content && only_calls(block).is_some_and(|(_, parts)| parts.len() > 1)
    };
    let place = stream.blocks.iter().position(|block| several(&block));
    let place = place.ok_or("no piece has several calls")?;
    let block = stream.blocks.get(place).cloned().ok_or(NO_BLOCK)?;
    let payload = block.payload().unwrap_or_default();
    let (_, parts) = only_calls(&block).ok_or(NO_BLOCK)?;
    let pieces = parts
        .iter()
        .map(|span| piece_like(&block, part(payload, span.clone())));
    let pieces: Option<Vec<Block>> = pieces.collect();
    let mut pieces: Vec<Arc<Block>> = pieces.ok_or(NO_BLOCK)?.into_iter().map(Arc::new).collect();
    if let Some(first) = pieces.first_mut() {
        Arc::make_mut(first).origin = block.origin;
    }
    stream.blocks.splice(place..=place, pieces);
    Ok(())
}

/// The calls of two pieces in one.
fn calls_together(stream: &mut Stream) -> Applied {
    let calls = |block: &Arc<Block>| block.kind == Kind::Content && only_calls(block).is_some();
    let mut pairs = stream.blocks.windows(2);
    let place = pairs.position(|pair| pair.iter().all(calls));
    let place = place.ok_or("no two pieces with calls follow one another")?;
    let inner = |place: usize| {
        let block = stream.blocks.get(place)?;
        let payload = block.payload()?;
        let (_, parts) = only_calls(block)?;
        let (first, last) = (parts.first()?, parts.last()?);
        Some(part(payload, first.start..last.end).to_vec())
    };
    let both = inner(place).zip(inner(place + 1)).ok_or(NO_BLOCK)?;
    let all = [both.0.as_slice(), b",", &both.1].concat();
    let slot = stream.blocks.remove(place + 1).slot;
    edit(stream, place, |payload| {
        let candidate = candidates(payload).into_iter().next()?;
        with_parts(payload, &candidate, &all)
    })
    .ok_or(NO_BLOCK)?;
    if let Some(block) = stream.blocks.get_mut(place).map(Arc::make_mut) {
        block.slot = slot;
    }
    Ok(())
}

/// The reason for the end in a piece of its own, behind that which says it.
fn reason_alone(stream: &mut Stream) -> Applied {
    let mut blocks = stream.blocks.iter();
    let place = blocks.rposition(|block| block.kind == Kind::Finish);
    let place = place.ok_or("no reason for the end")?;
    let block = stream.blocks.get(place).cloned().ok_or(NO_BLOCK)?;
    let payload = block.payload().ok_or(NO_BLOCK)?;
    let all = candidates(payload);
    let [candidate] = all.as_slice() else {
        return Err("the reply has several answers");
    };
    if parts(payload, candidate).is_empty() {
        return Err("the reason stands alone already");
    }
    let content = json::remove(payload, candidate, "finishReason");
    let mut first = Block::clone(&block);
    first.kind = Kind::Content;
    first.set_payload(&content);
    let reason = json::remove(payload, candidate, "content");
    let mut last = Block::clone(&block);
    last.origin = None;
    last.set_payload(&reason);
    stream
        .blocks
        .splice(place..=place, [Arc::new(first), Arc::new(last)]);
    Ok(())
}

/// The first call that comes whole and alone, as Vertex sends it where a client asks for its arguments
/// as they come (`streamFunctionCallArguments`).
fn partial(stream: &mut Stream, terminated: bool) -> Applied {
    let alone = |block: &Arc<Block>| {
        block.kind == Kind::Content && only_calls(block).is_some_and(|(_, parts)| parts.len() == 1)
    };
    let place = stream.blocks.iter().position(alone).ok_or(NO_CALL)?;
    let block = stream.blocks.get(place).cloned().ok_or(NO_BLOCK)?;
    let payload = block.payload().unwrap_or_default();
    let (_, parts) = only_calls(&block).ok_or(NO_BLOCK)?;
    let call = parts
        .first()
        .and_then(|part| whole_call(payload, part))
        .ok_or(NO_CALL)?;
    let args = json::get(payload, &call, "args").ok_or("the call has no arguments")?;
    let steps =
        steps(payload, &args).ok_or("the arguments are not strings, numbers and truths alone")?;
    let head = json::remove(payload, &call, "args");
    let call = json::get(
        &head,
        &candidate_part(&head).ok_or(NO_BLOCK)?,
        "functionCall",
    );
    let call = call.ok_or(NO_BLOCK)?;
    let head = put(&head, &call, "willContinue", b"true");
    let span = candidate_part(&head).ok_or(NO_BLOCK)?;
    let mut inner: Vec<Vec<u8>> = [part(&head, span).to_vec()].to_vec();
    inner.extend(steps.into_iter().map(|step| {
        format!(r#"{{"functionCall":{{"partialArgs":[{step}],"willContinue":true}}}}"#).into_bytes()
    }));
    if terminated {
        inner.push(br#"{"functionCall":{}}"#.to_vec());
    }
    let pieces = inner.iter().map(|inner| piece_like(&block, inner));
    let pieces: Option<Vec<Block>> = pieces.collect();
    let mut pieces: Vec<Arc<Block>> = pieces.ok_or(NO_BLOCK)?.into_iter().map(Arc::new).collect();
    if let Some(first) = pieces.first_mut() {
        Arc::make_mut(first).origin = block.origin;
    }
    stream.blocks.splice(place..=place, pieces);
    Ok(())
}

/// The first part of the first candidate.
fn candidate_part(payload: &[u8]) -> Option<Span> {
    let candidate = candidates(payload).into_iter().next()?;
    parts(payload, &candidate).into_iter().next()
}

/// An object's members as partial arguments, a string in two. `None` where one of them is neither
/// string, number, truth nor null.
fn steps(payload: &[u8], args: &Span) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for (name, value) in json::members(payload, args) {
        let name = core::str::from_utf8(part(payload, name)).ok()?;
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return None;
        }
        let path = format!(r#""jsonPath":"$.{name}""#);
        match serde_json::from_slice(part(payload, value)).ok()? {
            Value::String(text) => {
                let half = text.char_indices().nth(text.chars().count() / 2);
                let (first, rest) = text.split_at(half.map_or(0, |(at, _)| at));
                let (first, rest) = (quoted(first), quoted(rest));
                found.push(format!(
                    r#"{{{path},"stringValue":{first},"willContinue":true}}"#
                ));
                found.push(format!(
                    r#"{{{path},"stringValue":{rest},"willContinue":true}}"#
                ));
                found.push(format!(r#"{{{path},"stringValue":""}}"#));
            }
            Value::Number(number) => found.push(format!(r#"{{{path},"numberValue":{number}}}"#)),
            Value::Bool(truth) => found.push(format!(r#"{{{path},"boolValue":{truth}}}"#)),
            Value::Null => found.push(format!(r#"{{{path},"nullValue":"NULL_VALUE"}}"#)),
            _ => return None,
        }
    }
    (!found.is_empty()).then_some(found)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
