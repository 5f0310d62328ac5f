//! How Chat Completions writes a history: calls beside the content, a `tool` message per result.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create>

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::flaws::Wrong;
use super::form::{Form, Layout, nameless, said};
use super::message::{Media, Part, PartKind, Role};
use super::write::{Extent, openai_chat as write};
use super::{Message, ToolResult, WrittenCall};
use crate::json::Raw;
use crate::turn::Choice;

/// The form of Chat Completions.
pub(super) struct Completions;

impl Form for Completions {
    fn parts(&self, message: Raw<'_>, role: Role) -> Vec<Part> {
        parts(message, role)
    }

    fn layout(&self) -> Layout {
        Layout::Messages
    }

    fn can_join(&self, first: &Message) -> bool {
        first.calls().next().is_none()
    }

    fn words(&self, wrong: &Wrong<'_>) -> Option<String> {
        words(wrong)
    }

    fn reply(&self, choice: &Choice, extent: Extent, calls: &[WrittenCall]) -> Vec<String> {
        write::message(choice, extent, calls).into_iter().collect()
    }

    fn result(&self, result: &ToolResult, _call: Option<&str>) -> String {
        write::result(result)
    }

    fn stream(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("stream", "true"),
            ("stream_options", r#"{"include_usage":true}"#),
        ]
    }

    fn path(&self, _model: &str) -> Cow<'static, str> {
        "/v1/chat/completions".into()
    }

    fn asks(&self) -> &'static [&'static str] {
        &["/chat/completions"]
    }
}

/// The words of real answers.
fn words(wrong: &Wrong<'_>) -> Option<String> {
    Some(match wrong {
        Wrong::NoMessages => "Invalid 'messages': empty array. Expected an array with minimum \
                              length 1, but got an empty array instead."
            .to_string(),
        Wrong::Role { at, .. } => format!(
            "Invalid value for 'messages[{at}].role'. Supported values are: 'system', \
             'assistant', 'user', 'function', 'tool', and 'developer'."
        ),
        Wrong::Empty { at, list: true } => format!(
            "Invalid 'messages[{at}].content': empty array. Expected an array with minimum length \
             1, but got an empty array instead."
        ),
        Wrong::Empty { .. } => {
            "Invalid value for 'content': expected a string, got null.".to_string()
        }
        Wrong::SecondCall { at, id } => format!(
            "Invalid parameter: Duplicate value for 'tool_call_id' of '{id}', in messages[{at}]."
        ),
        Wrong::Orphan { called: false, .. } => "Invalid parameter: messages with role 'tool' must \
                                                be a response to a preceeding message with \
                                                'tool_calls'."
            .to_string(),
        Wrong::Orphan { id, .. } => format!(
            "Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' of previous \
             message."
        ),
        Wrong::SecondResult { at, id, first, .. } => format!(
            "Invalid parameter: Duplicate value for 'tool_call_id' of '{id}', in messages[{first}] \
             and messages[{at}]."
        ),
        Wrong::Unanswered { ids, .. } => format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding \
             to each 'tool_call_id'. The following tool_call_ids did not have response messages: \
             {}",
            ids.join(", ")
        ),
        _ => return None,
    })
}

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
            None => nameless(&said(message.field("name")), 1),
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
        part.id = nameless(&part.name, 1);
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
