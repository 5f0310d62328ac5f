//! How Cohere writes a history: as Chat Completions, with a plan beside the calls.
//!
//! <https://docs.cohere.com/v2/reference/chat>

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::flaws::Wrong;
use super::form::{Form, Layout};
use super::message::{Part, PartKind, Role};
use super::write::{Extent, cohere as write, openai_chat};
use super::{Message, ToolResult, WrittenCall, openai_chat as chat};
use crate::json::Raw;
use crate::turn::Choice;

/// The form of Chat, version 2.
pub(super) struct Chat;

impl Form for Chat {
    fn parts(&self, message: Raw<'_>, role: Role) -> Vec<Part> {
        let whole = message.text();
        let mut parts = chat::Completions.parts(message, role);
        for part in &mut parts {
            block(whole, part);
        }
        let plan = message.field("tool_plan");
        if let Some(plan) = plan.filter(|plan| plan.as_str().is_some()) {
            let mut part = Part::new(PartKind::Text, whole, plan);
            part.string(whole, Some(plan));
            parts.insert(0, part);
        }
        parts
    }

    fn layout(&self) -> Layout {
        Layout::Messages
    }

    fn can_join(&self, first: &Message) -> bool {
        chat::Completions.can_join(first)
    }

    fn words(&self, _wrong: &Wrong<'_>) -> Option<String> {
        None
    }

    fn reply(&self, choice: &Choice, extent: Extent, calls: &[WrittenCall]) -> Vec<String> {
        write::message(choice, extent, calls).into_iter().collect()
    }

    fn result(&self, result: &ToolResult, _call: Option<&str>) -> String {
        openai_chat::result(result)
    }

    fn head_json(&self) -> &'static [&'static str] {
        &["tools", "documents", "response_format"]
    }

    fn room(&self) -> &'static [&'static [&'static str]] {
        &[&["max_tokens"]]
    }

    fn path(&self, _model: &str) -> Cow<'static, str> {
        "/v2/chat".into()
    }

    fn asks(&self) -> &'static [&'static str] {
        &["/v2/chat"]
    }
}

/// Blocks that Chat Completions does not have: a thought, and a document in a result.
fn block(whole: &str, part: &mut Part) {
    let raw = whole.get(part.place.clone());
    let Some(raw) = raw.and_then(|raw| Raw::parse(raw).ok()) else {
        return;
    };
    if part.kind == PartKind::Other && part.name == "thinking" {
        part.kind = PartKind::Thinking;
        part.json = None;
        part.signed = true;
        part.string(whole, raw.field("thinking"));
    }
    if part.kind == PartKind::Result {
        for block in raw.elements() {
            let data = block
                .field("document")
                .and_then(|document| document.field("data"));
            let data = data.filter(|data| data.as_str().is_some() || data.is_object());
            if let Some(data) = data {
                let place = super::place(whole, data);
                match data.is_object() {
                    true => part.json = part.json.take().or(Some(place)),
                    false => part.strings.push(place),
                }
            }
        }
    }
}
