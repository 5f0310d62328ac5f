//! How Ollama writes a history: as Chat Completions, with arguments that are objects, and results by
//! the name of their tool.
//!
//! <https://docs.ollama.com/api/chat>

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::flaws::Wrong;
use super::form::{Form, Layout, said};
use super::message::{Media, Part, PartKind, Role};
use super::write::{Extent, ollama as write};
use super::{Message, ToolResult, WrittenCall};
use crate::json::Raw;
use crate::turn::Choice;

/// The form of `/api/chat`.
pub(super) struct Chat;

impl Form for Chat {
    fn parts(&self, message: Raw<'_>, role: Role) -> Vec<Part> {
        parts(message, role)
    }

    fn layout(&self) -> Layout {
        Layout::Messages
    }

    fn pairs_by_name(&self) -> bool {
        true
    }

    fn can_join(&self, first: &Message) -> bool {
        first.calls().next().is_none()
    }

    /// It refuses hardly anything: what is wrong reaches the model.
    fn words(&self, _wrong: &Wrong<'_>) -> Option<String> {
        None
    }

    fn reply(&self, choice: &Choice, extent: Extent, calls: &[WrittenCall]) -> Vec<String> {
        write::message(choice, extent, calls).into_iter().collect()
    }

    fn result(&self, result: &ToolResult, _call: Option<&str>) -> String {
        write::result(result)
    }

    fn head_json(&self) -> &'static [&'static str] {
        &["tools", "format"]
    }

    fn room(&self) -> &'static [&'static [&'static str]] {
        &[&["options", "num_predict"]]
    }

    fn path(&self, _model: &str) -> Cow<'static, str> {
        "/api/chat".into()
    }

    fn asks(&self) -> &'static [&'static str] {
        &["/api/chat"]
    }

    fn accept(&self) -> &'static str {
        "application/x-ndjson"
    }
}

fn parts(message: Raw<'_>, role: Role) -> Vec<Part> {
    let whole = message.text();
    let [content, thinking, images, calls] =
        message.fields(["content", "thinking", "images", "tool_calls"]);
    let [tool, id] = message.fields(["tool_name", "tool_call_id"]);
    let mut parts = Vec::new();
    if role == Role::Tool {
        let mut part = Part::new(PartKind::Result, whole, content.unwrap_or(message));
        let tool = tool.or_else(|| message.field("name"));
        (part.id, part.name) = (said(id), said(tool));
        part.string(whole, content);
        return Vec::from([part]);
    }
    let texts = [(PartKind::Thinking, thinking), (PartKind::Text, content)];
    for (kind, text) in texts {
        if let Some(text) = text.filter(|text| text.as_str().is_some()) {
            let mut part = Part::new(kind, whole, text);
            part.string(whole, Some(text));
            parts.push(part);
        }
    }
    for image in images.into_iter().flat_map(Raw::elements) {
        parts.push(Part::new(PartKind::Media(Media::Image), whole, image));
    }
    for call in calls.into_iter().flat_map(Raw::elements) {
        let [id, function] = call.fields(["id", "function"]);
        let [name, arguments] = function.unwrap_or(call).fields(["name", "arguments"]);
        let mut part = Part::new(PartKind::Call, whole, call);
        (part.id, part.name) = (said(id), said(name));
        part.string(whole, name);
        part.json = arguments.map(|arguments| super::place(whole, arguments));
        parts.push(part);
    }
    parts
}
