//! From a draft to a turn, or to the reason why not.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;

use super::call::{Accept, Identity, execution_key, is_blank, parse};
use super::{
    CallFault, Choice, Closing, Content, Draft, Failure, Rejected, RejectedCall, Reply, ServerCall,
    ToolCall, Turn, Why,
};
use crate::Warnings;
use crate::dialect::Evidence;
use crate::event::Kind;

/// The stop reasons that permit acting, of all dialects. Any other forbids it (F-27): a reason
/// that this version does not know is not a reason to run a tool.
const PERMITS: [&str; 14] = [
    "end_turn",
    "tool_use",
    "stop_sequence",
    "stop",
    "tool_calls",
    "function_call",
    // Cohere.
    "COMPLETE",
    "TOOL_CALL",
    "STOP_SEQUENCE",
    // Titan.
    "FINISH",
    "FINISHED",
    "STOP_CRITERIA_MET",
    // Gemini.
    "STOP",
    // Responses, whose status it is.
    "completed",
];

pub(super) fn permits(reason: &str) -> bool {
    PERMITS.contains(&reason)
}

pub(super) fn finish(mut draft: Draft, closing: Closing) -> Result<Turn, Rejected> {
    let accept = Accept {
        null: closing.accept_null_arguments,
        double_encoded: closing.accept_double_encoded,
    };
    let whole = whole(&mut draft, &closing);
    let ended = draft.ended(&closing);
    let error = draft.failure.take().or_else(|| {
        closing.error.map(|error| Failure {
            kind: error.kind.name().into(),
            message: error.kind.to_string(),
            at: Some(error.at),
        })
    });
    let mut warnings = closing.warnings;
    warnings.add(&draft.warnings);
    let mut reply = Reply {
        id: draft.id.take(),
        model: draft.model.take(),
        choices: Vec::new(),
        usage: draft.usage,
        ended,
        error,
        frames: closing.frames,
        warnings,
    };
    let guessed = draft.warnings.of("F-24") > 0;
    let mut choices = split(draft);
    let mut verdict = whole;
    for (place, choice) in choices.iter_mut().enumerate() {
        // What forbids acting on the first answer forbids it on the others: the reply is no turn.
        let own = verdict.clone().or_else(|| of_choice(choice));
        calls(
            reply.id.as_deref(),
            choice,
            own.as_ref(),
            accept,
            &mut reply.warnings,
        );
        if guessed {
            hold_back(choice);
        }
        if place == 0 {
            verdict = own;
        }
    }
    reply.choices = choices;
    let reply = Box::new(reply);
    match verdict {
        Some(why) => Err(Rejected { why, reply }),
        None => Ok(Turn { reply }),
    }
}

/// What forbids acting on any answer.
fn whole(draft: &mut Draft, closing: &Closing) -> Option<Why> {
    if let Some(error) = closing.error {
        return Some(Why::Unreadable(error));
    }
    if draft.failure.is_some() {
        return Some(Why::Failed);
    }
    if closing.frames == 0 {
        return Some(Why::Empty);
    }
    match closing.evidence {
        Evidence::Strong => {}
        Evidence::Weak if closing.accept_weak_end => draft.warnings.count("F-30"),
        _ => return Some(Why::NoTerminal),
    }
    if draft.stops.is_empty() {
        return Some(Why::NoStop);
    }
    None
}

/// What forbids acting on one answer.
fn of_choice(choice: &Choice) -> Option<Why> {
    if choice.stop.is_none() {
        return Some(Why::NoStop);
    }
    if let Some(reason) = &choice.forbidden {
        return Some(Why::Stop(reason.clone()));
    }
    let open = choice.contents.iter().any(|content| !content.closed);
    open.then_some(Why::OpenBlock)
}

/// The draft's blocks, by answer, in order of the answers' numbers. Number 0 is there if any is:
/// another does not become the first because the stream was cut.
fn split(draft: Draft) -> Vec<Choice> {
    let mut choices: BTreeMap<u32, Choice> = BTreeMap::new();
    if !(draft.stops.is_empty() && draft.blocks.is_empty()) {
        choices.insert(0, Choice::default());
    }
    for (index, stop) in draft.stops {
        let choice = choices.entry(index).or_default();
        choice.stop = Some(stop.reason);
        choice.stop_raw = stop.raw;
        choice.forbidden = stop.forbidden;
    }
    for (block, content) in draft.blocks {
        let choice = choices.entry(block.choice).or_default();
        choice.contents.push(content);
    }
    choices
        .into_iter()
        .map(|(index, choice)| Choice { index, ..choice })
        .collect()
}

/// Sorts an answer's calls into those to run and those not to.
fn calls(
    message: Option<&str>,
    choice: &mut Choice,
    why: Option<&Why>,
    accept: Accept,
    warnings: &mut Warnings,
) {
    let server = choice
        .contents
        .iter()
        .filter(|content| content.kind == Kind::ServerTool);
    choice.server = server
        .map(|content| ServerCall {
            id: content.id.clone(),
            name: content.name.clone().unwrap_or_default(),
            arguments: sent(content).into(),
        })
        .collect();
    let contents = choice.contents.iter().filter(|content| content.is_call());
    // The first call of each id has the id for its key.
    let mut first: BTreeMap<&str, &Content> = BTreeMap::new();
    for (ordinal, content) in contents.enumerate() {
        let shared = content.id.as_deref().is_some_and(|id| {
            let first = *first.entry(id).or_insert(content);
            (&first.name, sent(first)) != (&content.name, sent(content))
        });
        let identity = Identity {
            message,
            choice: choice.index,
            id: content.id.as_deref(),
            shared,
            ordinal,
            name: content.name.as_deref().unwrap_or_default(),
            arguments: sent(content),
        };
        match call(identity, content.kind, why, accept) {
            Ok((call, tolerated)) => {
                if let Some(id) = tolerated {
                    warnings.count(id);
                }
                choice.calls.push(call);
            }
            Err(why) => choice.rejected.push(RejectedCall {
                ordinal,
                id: content.id.clone(),
                name: identity.name.into(),
                arguments: identity.arguments.into(),
                why,
            }),
        }
    }
}

/// Which call a delta belonged to was guessed, and some arguments fit no call: calls without any may
/// be the ones that lack them.
fn hold_back(choice: &mut Choice) {
    let fits_none = |why: &CallFault| matches!(why, CallFault::NotJson { .. } | CallFault::NoName);
    if !choice.rejected.iter().any(|call| fits_none(&call.why)) {
        return;
    }
    let calls = core::mem::take(&mut choice.calls);
    let (blank, rest) = calls
        .into_iter()
        .partition(|call| call.kind == Kind::Tool && is_blank(&call.arguments));
    choice.calls = rest;
    let blank: Vec<ToolCall> = blank;
    choice
        .rejected
        .extend(blank.into_iter().map(|call| RejectedCall {
            ordinal: call.ordinal,
            id: call.id,
            name: call.name,
            arguments: call.arguments,
            why: CallFault::Astray,
        }));
    choice.rejected.sort_by_key(|call| call.ordinal);
}

fn call(
    identity: Identity<'_>,
    kind: Kind,
    why: Option<&Why>,
    accept: Accept,
) -> Result<(ToolCall, Option<&'static str>), CallFault> {
    if let Some(why) = why {
        return Err(CallFault::Reply(why.name()));
    }
    if identity.name.is_empty() {
        return Err(CallFault::NoName);
    }
    let (input, tolerated) = if kind == Kind::CustomTool {
        (Value::String(identity.arguments.into()), None)
    } else {
        parse(identity.arguments, accept)?
    };
    let call = ToolCall {
        ordinal: identity.ordinal,
        id: identity.id.map(String::from),
        name: identity.name.into(),
        kind,
        arguments: identity.arguments.into(),
        input,
        key: execution_key(identity),
    };
    Ok((call, tolerated))
}

/// A call's arguments: what was streamed, or what came with the opening.
fn sent(content: &Content) -> &str {
    if content.text.is_empty() {
        &content.raw
    } else {
        &content.text
    }
}
