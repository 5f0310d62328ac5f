//! How Chat Completions writes a history: calls beside the content, a `tool` message per result.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create>

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::message::{Media, Part, PartKind, Role};
use crate::json::Raw;

/// The content, the refusal and the calls of a message.
pub(super) fn parts(message: Raw<'_>, role: Role) -> Vec<Part> {
    let whole = message.text();
    let [content, refusal, calls, id, call, reasoning] = message.fields([
        "content",
        "refusal",
        "tool_calls",
        "tool_call_id",
        "function_call",
        "reasoning_content",
    ]);
    let mut parts = Vec::new();
    if role == Role::Tool {
        let mut part = Part::new(PartKind::Result, whole, content.unwrap_or(message));
        part.id = match id {
            Some(_) => said(id),
            None => function(&said(message.field("name"))),
        };
        part.string(whole, content);
        for block in content.into_iter().flat_map(Raw::elements) {
            part.string(whole, block.field("text"));
        }
        return Vec::from([part]);
    }
    if let Some(reasoning) = reasoning.filter(|text| text.as_str().is_some()) {
        let mut part = Part::new(PartKind::Thinking, whole, reasoning);
        part.signed = true;
        part.string(whole, Some(reasoning));
        parts.push(part);
    }
    if let Some(content) = content {
        if content.as_str().is_some() {
            let mut part = Part::new(PartKind::Text, whole, content);
            part.string(whole, Some(content));
            parts.push(part);
        }
        parts.extend(content.elements().map(|block| of_block(whole, block)));
    }
    if let Some(refusal) = refusal.filter(|text| text.as_str().is_some()) {
        let mut part = Part::new(PartKind::Text, whole, refusal);
        part.string(whole, Some(refusal));
        parts.push(part);
    }
    for call in calls.into_iter().flat_map(Raw::elements) {
        parts.push(of_call(whole, call));
    }
    if let Some(call) = call.filter(|call| call.is_object()) {
        let [name, arguments] = call.fields(["name", "arguments"]);
        let mut part = Part::new(PartKind::Call, whole, call);
        part.name = said(name);
        part.id = function(&part.name);
        part.string(whole, name);
        part.string(whole, arguments);
        parts.push(part);
    }
    parts
}

fn of_call(whole: &str, call: Raw<'_>) -> Part {
    let [id, function, custom] = call.fields(["id", "function", "custom"]);
    let [name, arguments, input] = function.or(custom).map_or([None; 3], |body| {
        body.fields(["name", "arguments", "input"])
    });
    let mut part = Part::new(PartKind::Call, whole, call);
    part.id = said(id);
    part.name = said(name);
    part.string(whole, name);
    part.string(whole, arguments.or(input));
    part
}

fn of_block(whole: &str, block: Raw<'_>) -> Part {
    let [kind, text, refusal] = block.fields(["type", "text", "refusal"]);
    let name = said(kind);
    let kind = match &*name {
        "text" | "refusal" => PartKind::Text,
        "image_url" => PartKind::Media(Media::Image),
        "file" => PartKind::Media(Media::Document),
        "input_audio" => PartKind::Media(Media::Audio),
        _ => PartKind::Other,
    };
    let mut part = Part::new(kind, whole, block);
    match kind {
        PartKind::Text => part.string(whole, text.or(refusal)),
        PartKind::Other => {
            part.json = Some(super::place(whole, block));
            part.name = name;
        }
        _ => {}
    }
    part
}

/// What stands for the id in the older calls of functions, which had none.
fn function(name: &str) -> String {
    ["function ", name].concat()
}

fn said(raw: Option<Raw<'_>>) -> String {
    let text = raw.and_then(Raw::as_str).map(|text| text.decode());
    text.map(Cow::into_owned).unwrap_or_default()
}
