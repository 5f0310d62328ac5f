//! The items of a reply and the outputs of its calls, for Responses:
//! <https://platform.openai.com/docs/api-reference/responses/create>.
//!
//! An item goes back as it was when it was done, if it came so; the provider ties a call to the
//! thought before it by their ids.

use alloc::string::String;
use alloc::vec::Vec;

use super::openai_chat::{said, string};
use super::{
    Extent, Object, ToolResult, WrittenCall, array, is_blank, is_call, name_of, object, sent,
};
use crate::event::Kind;
use crate::json::Raw;
use crate::turn::{Choice, Content};

/// The items of a reply; a thought only with what followed it.
pub(in crate::conversation) fn items(
    choice: &Choice,
    extent: Extent,
    calls: &[WrittenCall],
) -> Vec<String> {
    let mut calls = calls.iter().peekable();
    let mut ordinal = 0;
    let mut items: Vec<String> = Vec::new();
    // Thoughts that wait for what follows them.
    let mut thoughts: Vec<String> = Vec::new();
    let mut rest = choice.contents.as_slice();
    while let Some((content, behind)) = rest.split_first() {
        let mut taken = 0;
        let item = if is_call(content) {
            let written = calls.next_if(|call| call.ordinal == ordinal);
            ordinal += 1;
            written.map(|call| self::call(content, &call.id))
        } else if matches!(content.kind, Kind::Text | Kind::Refusal) {
            let same = |next: &&Content| is_text(next) && next.id == content.id;
            taken = behind.iter().take_while(same).count();
            let parts = rest.get(..=taken).unwrap_or_default();
            message(parts, extent)
        } else if matches!(content.kind, Kind::Reasoning | Kind::RedactedReasoning) {
            // The parts of one thought stand in the item that the first of them has.
            if extent != Extent::Text {
                thoughts.extend(whole(content, "reasoning"));
            }
            None
        } else if extent == Extent::Text {
            None
        } else {
            kept(content)
        };
        if let Some(item) = item {
            items.append(&mut thoughts);
            items.push(item);
        }
        rest = behind.get(taken..).unwrap_or_default();
    }
    items
}

fn is_text(content: &Content) -> bool {
    matches!(content.kind, Kind::Text | Kind::Refusal)
}

/// The item as it was when it was done, if it is of this type.
fn whole(content: &Content, ty: &str) -> Option<String> {
    let item = content.others.last()?;
    let raw = Raw::parse(item).ok().filter(|raw| raw.is_object())?;
    (raw.str_field("type")? == ty).then(|| item.clone())
}

/// What the provider ran itself, and what is kept as it is. A part of a message, of a type that is
/// not known, has no id, and no place of its own.
fn kept(content: &Content) -> Option<String> {
    let item = content.others.last().unwrap_or(&content.raw);
    let raw = Raw::parse(item).ok().filter(|raw| raw.is_object())?;
    let [ty, id] = raw.fields(["type", "id"]);
    ty.and(id).map(|_| item.clone())
}

/// A message of the model's: its texts and refusals. One that was cut has no id: the provider does not
/// know it, or ties it to a thought that is not sent.
fn message(parts: &[Content], extent: Extent) -> Option<String> {
    if parts.iter().all(|part| is_blank(&part.text)) {
        return None;
    }
    let first = parts.first()?;
    let cut = extent == Extent::Text || parts.iter().any(|part| !part.closed);
    if let Some(item) = whole(first, "message").filter(|_| !cut) {
        return Some(item);
    }
    let parts = parts.iter().filter(|part| !is_blank(&part.text));
    let blocks: Vec<String> = parts.map(block).collect();
    let mut message = Object::new();
    message.string("type", "message");
    if let Some(id) = first.id.as_deref().filter(|_| !cut) {
        message.string("id", id).string("status", "completed");
    }
    message.string("role", "assistant");
    message.json("content", &array(&blocks));
    Some(message.end())
}

fn block(part: &Content) -> String {
    let mut block = Object::new();
    if part.kind == Kind::Refusal {
        block.string("type", "refusal");
        block.string("refusal", &part.text);
        return block.end();
    }
    block.string("type", "output_text");
    block.string("text", &part.text);
    block.json("annotations", &array(&part.citations));
    block.end()
}

/// The item without its own id: another one that says the same.
pub(super) fn without_id(item: &str) -> String {
    let mut written = Object::new();
    let raw = Raw::parse(item).ok();
    for (name, value) in raw.into_iter().flat_map(Raw::members) {
        if !name.is("id") {
            written.json(&name.decode(), value.text());
        }
    }
    written.end()
}

/// A call under the id that the history gives it: as it was sent, if the provider takes it so.
fn call(content: &Content, id: &str) -> String {
    let item = content.others.last();
    let raw = item.and_then(|item| Raw::parse(item).ok());
    let same = raw.is_some_and(|raw| raw.str_field("call_id").is_some_and(|sent| sent == id));
    let readable = match raw
        .and_then(|raw| raw.field("arguments"))
        .and_then(Raw::as_str)
    {
        Some(arguments) => Raw::parse(&arguments.decode()).is_ok_and(Raw::is_object),
        None => true,
    };
    let named = content.name.as_deref().is_some_and(|name| !name.is_empty());
    if let Some(item) = item.filter(|_| same && readable && named) {
        return item.clone();
    }
    let mut call = Object::new();
    if content.kind == Kind::CustomTool {
        call.string("type", "custom_tool_call")
            .string("call_id", id);
        call.string("name", name_of(content));
        call.string("input", sent(content));
    } else {
        call.string("type", "function_call").string("call_id", id);
        call.string("name", name_of(content));
        call.string("arguments", &string(sent(content)));
    }
    call.end()
}

/// The output of a call, of the type that its call has.
pub(in crate::conversation) fn output(result: &ToolResult, call: Option<&str>) -> String {
    let call = call.and_then(|call| Raw::parse(call).ok());
    let ty = call.and_then(|call| call.str_field("type"));
    let ty = ty.as_deref().unwrap_or("function_call");
    let mut item = Object::new();
    item.string("type", &[ty, "_output"].concat());
    item.string("call_id", &result.call);
    match ty {
        "apply_patch_call" => {
            let status = if result.is_error {
                "failed"
            } else {
                "completed"
            };
            item.string("status", status);
            item.string("output", &result.content);
        }
        "shell_call" => {
            let mut run = Object::new();
            run.string("stdout", &result.content).string("stderr", "");
            let code = if result.is_error { "1" } else { "0" };
            let mut outcome = Object::new();
            outcome.string("type", "exit").json("exit_code", code);
            run.json("outcome", &outcome.end());
            item.json("output", &array(&[run.end()]));
        }
        // What a screen shows, or which tools were found, is an object.
        "computer_call" | "tool_search_call" => {
            item.json("output", &object(&result.content));
        }
        _ => drop(item.string("output", &said(result))),
    }
    item.end()
}
