//! F-32: ends that are missing, doubled, early, or in another shape.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::calls::{choices, edit};
use super::{Applied, NOT_HERE};
use crate::dialect::{Family, Kind};
use crate::json::{self, part, put};
use crate::parameters::Tail;
use crate::stream::{Line, Stream};

const NO_END: &str = "no terminal event";
const NO_REASON: &str = "no reason for the end";

fn place(stream: &Stream, kind: Kind, why: &'static str) -> Result<usize, &'static str> {
    let mut blocks = stream.blocks.iter();
    blocks.position(|block| block.kind == kind).ok_or(why)
}

pub(super) fn retail(stream: &mut Stream, family: Family, tail: Tail) -> Applied {
    let terminal = match place(stream, Kind::Terminal, NO_END) {
        // Gemini has no event of its own for the end.
        Err(_) if matches!(tail, Tail::NoReason) => 0,
        found => found?,
    };
    let chat = |applied| {
        if family == Family::OpenAiChat {
            applied
        } else {
            Err(NOT_HERE)
        }
    };
    match tail {
        Tail::NoReason => {
            if family == Family::OpenAiResponses {
                return Err("the reason is the event's type");
            }
            no_reason(stream, family)
        }
        Tail::ReasonTwice => reason_twice(stream, family),
        Tail::ReasonEverywhere => {
            chat(Ok(()))?;
            let reason = reason(stream, family)?;
            let some = set_reason(stream, usize::MAX, &reason);
            if some { Ok(()) } else { Err("no content") }
        }
        Tail::ReasonEarly => {
            chat(Ok(()))?;
            place(stream, Kind::Finish, NO_REASON)?;
            let some = set_reason(stream, 1, b"\"stop\"");
            if some { Ok(()) } else { Err("no content") }
        }
        Tail::Swapped => {
            let finish = place(stream, Kind::Finish, NO_REASON)?;
            if terminal <= finish {
                return Err("the terminal event comes first already");
            }
            let block = stream.blocks.remove(terminal);
            stream.blocks.insert(finish, block);
            Ok(())
        }
        Tail::ContentBehind => {
            let last = stream
                .blocks
                .iter()
                .rposition(|block| block.kind == Kind::Content);
            let again = last.and_then(|last| stream.blocks.get(last)).cloned();
            stream
                .blocks
                .insert(terminal + 1, again.ok_or("no content")?);
            Ok(())
        }
        Tail::DoneSpaces => chat(done(stream, terminal, b"data:  [DONE]  ")),
        Tail::DoneLetters => chat(done(stream, terminal, b"data: [DONE]xyz")),
        Tail::DoneNamed => {
            chat(Ok(()))?;
            let end = Some(stream.line_end());
            if let Some(block) = stream.blocks.get_mut(terminal).map(Arc::make_mut) {
                let text = b"event: done".to_vec();
                block.lines.insert(0, Line { text, end });
            }
            Ok(())
        }
    }
}

fn reason_twice(stream: &mut Stream, family: Family) -> Applied {
    let finish = place(stream, Kind::Finish, NO_REASON)?;
    let again = stream.blocks.get(finish).ok_or(NO_REASON)?;
    if family == Family::OpenAiChat && !is_silent(again.payload().unwrap_or_default()) {
        return Err("the chunk that says the reason says something besides");
    }
    let again = Arc::clone(again);
    stream.blocks.insert(finish + 1, again);
    Ok(())
}

/// Replaces each reason by null.
fn no_reason(stream: &mut Stream, family: Family) -> Applied {
    let mut done = Err(NO_REASON);
    for block in &mut stream.blocks {
        if !block.kind.may_say_reason() {
            continue;
        }
        let Some(mut payload) = block.says() else {
            continue;
        };
        let reasons = family.reasons(&payload);
        if reasons.is_empty() {
            continue;
        }
        for span in reasons.into_iter().rev() {
            payload = json::replace(&payload, &span, b"null");
            done = Ok(());
        }
        Arc::make_mut(block).set_payload(&payload);
    }
    done
}

/// The reason, as it is written.
fn reason(stream: &Stream, family: Family) -> Result<Vec<u8>, &'static str> {
    let finish = place(stream, Kind::Finish, NO_REASON)?;
    let payload = stream.blocks.get(finish).and_then(|block| block.says());
    let payload = payload.ok_or(NO_REASON)?;
    let span = family
        .reasons(&payload)
        .into_iter()
        .next()
        .ok_or(NO_REASON)?;
    Ok(part(&payload, span).to_vec())
}

/// Puts a reason on as many chunks of content.
fn set_reason(stream: &mut Stream, most: usize, reason: &[u8]) -> bool {
    let mut count = 0;
    for place in 0..stream.blocks.len() {
        let content = stream
            .blocks
            .get(place)
            .is_some_and(|block| block.kind == Kind::Content);
        if !content || count == most {
            continue;
        }
        let some = edit(stream, place, |payload| {
            let choices = choices(payload);
            let mut text = payload.to_vec();
            for choice in choices.iter().rev() {
                text = put(&text, choice, "finish_reason", reason);
            }
            (!choices.is_empty()).then_some(text)
        });
        count += usize::from(some.is_some());
    }
    count > 0
}

/// The chunk has neither text nor calls.
fn is_silent(payload: &[u8]) -> bool {
    choices(payload).iter().all(|choice| {
        let delta = json::get(payload, choice, "delta");
        delta.is_none_or(|delta| {
            json::members(payload, &delta).all(|(name, value)| {
                let value = part(payload, value);
                part(payload, name) == b"role" || matches!(value, b"null" | b"\"\"" | b"[]")
            })
        })
    })
}

/// The terminal block's data line as given.
fn done(stream: &mut Stream, place: usize, text: &[u8]) -> Applied {
    let block = stream
        .blocks
        .get_mut(place)
        .map(Arc::make_mut)
        .ok_or(NO_END)?;
    let mut lines = block.lines.iter_mut();
    let line = lines.find(|line| line.field().0 == b"data").ok_or(NO_END)?;
    line.text = text.to_vec();
    Ok(())
}
