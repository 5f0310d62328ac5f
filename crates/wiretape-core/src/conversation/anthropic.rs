//! How Anthropic Messages writes a history: content blocks, results inside the user's messages.
//!
//! <https://platform.claude.com/docs/en/api/messages>

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::flaws::Wrong;
use super::form::{Form, Layout, said};
use super::message::{Media, Part, PartKind, Role};
use super::write::{Extent, anthropic as write};
use super::{ToolResult, WrittenCall};
use crate::json::Raw;
use crate::turn::Choice;

/// The form of Messages.
pub(super) struct Messages;

impl Form for Messages {
    fn parts(&self, message: Raw<'_>, _role: Role) -> Vec<Part> {
        parts(message)
    }

    fn layout(&self) -> Layout {
        Layout::Turns
    }

    fn joins_turns(&self) -> bool {
        true
    }

    fn refuses_blank(&self) -> bool {
        true
    }

    fn results_first(&self) -> bool {
        true
    }

    fn unique_ids(&self) -> bool {
        true
    }

    fn signs_thoughts(&self) -> bool {
        true
    }

    fn ends_with_user(&self) -> bool {
        true
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

    fn tools_tokens(&self) -> u64 {
        crate::budget::TOOLS_TOKENS
    }

    fn counts_cache_beside(&self) -> bool {
        true
    }

    fn path(&self, _model: &str) -> Cow<'static, str> {
        "/v1/messages".into()
    }

    fn asks(&self) -> &'static [&'static str] {
        &["/messages"]
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", "2023-06-01")]
    }
}

/// The words of real answers.
pub(super) fn words(wrong: &Wrong<'_>) -> Option<String> {
    let text = match wrong {
        Wrong::NoMessages => "messages: at least one message is required",
        Wrong::FirstNotUser { .. } => r#"messages: first message must use the "user" role"#,
        Wrong::Role {
            role: Role::System, ..
        } => {
            "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` \
             parameter, not \"system\" as an input message role."
        }
        Wrong::Role { at, .. } => {
            return Some(format!(
                "messages.{at}.role: Input should be 'user' or 'assistant'"
            ));
        }
        Wrong::Empty { at, .. } => {
            return Some(format!(
                "messages.{at}: all messages must have non-empty content except for the optional \
                 final assistant message"
            ));
        }
        Wrong::EmptyText { .. } => "messages: text content blocks must be non-empty",
        Wrong::Unsigned { at, block, .. } => {
            return Some(format!(
                "messages.{at}.content.{block}.thinking.signature: Field required"
            ));
        }
        Wrong::SecondCall { .. } => "messages: `tool_use` ids must be unique",
        Wrong::Orphan { at, block, id, .. } => {
            return Some(format!(
                "messages.{at}.content.{block}: unexpected `tool_use_id` found in `tool_result` \
                 blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block \
                 in the previous message."
            ));
        }
        Wrong::SecondResult { at, block, id, .. } => {
            return Some(format!(
                "messages.{at}.content.{block}: each tool_use must have a single result. Found \
                 multiple `tool_result` blocks with id: {id}"
            ));
        }
        Wrong::Late { caller, ids, .. } | Wrong::Unanswered { caller, ids, .. } => {
            return Some(format!(
                "messages.{caller}: `tool_use` ids were found without `tool_result` blocks \
                 immediately after: {}. Each `tool_use` block must have a corresponding \
                 `tool_result` block in the next message.",
                ids.join(", ")
            ));
        }
        Wrong::ThoughtMissing { at, found } => {
            return Some(format!(
                "messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but \
                 found `{found}`. When `thinking` is enabled, a final `assistant` message must \
                 start with a thinking block (preceeding the lastmost set of `tool_use` and \
                 `tool_result` blocks)."
            ));
        }
        Wrong::LastNotUser { .. } => {
            "This model does not support assistant message prefill. The conversation must end with \
             a user message."
        }
        Wrong::ThoughtAlone { .. } | Wrong::SecondItem { .. } | Wrong::Clash { .. } => return None,
    };
    Some(text.to_string())
}

/// The content blocks of a message.
pub(super) fn parts(message: Raw<'_>) -> Vec<Part> {
    let whole = message.text();
    let Some(content) = message.field("content") else {
        return Vec::new();
    };
    if content.as_str().is_some() {
        let mut part = Part::new(PartKind::Text, whole, content);
        part.string(whole, Some(content));
        return Vec::from([part]);
    }
    content.elements().map(|block| part(whole, block)).collect()
}

fn part(whole: &str, block: Raw<'_>) -> Part {
    let [kind, text, thinking, signature] = block.fields(["type", "text", "thinking", "signature"]);
    let [id, name, input, tool_use_id, content, source] =
        block.fields(["id", "name", "input", "tool_use_id", "content", "source"]);
    let kind = said(kind);
    let mut part = Part::new(kind_of(&kind), whole, block);
    match part.kind {
        PartKind::Text => part.string(whole, text),
        PartKind::Thinking => {
            part.string(whole, thinking);
            part.signed = kind == "redacted_thinking"
                || signature
                    .and_then(Raw::as_str)
                    .is_some_and(|text| !text.raw().is_empty());
        }
        PartKind::Call => {
            part.id = said(id);
            part.name = said(name);
            part.string(whole, name);
            part.json = input.map(|input| super::place(whole, input));
        }
        PartKind::Result => {
            part.id = said(tool_use_id);
            if let Some(content) = content {
                result(&mut part, whole, content);
            }
        }
        PartKind::Server | PartKind::Other => {
            part.id = said(id.or(tool_use_id));
            part.name = kind;
            part.json = Some(super::place(whole, block));
        }
        PartKind::Media(_) => {
            // A document of plain text costs what its text costs.
            let text = source.filter(|source| said(source.field("type")) == "text");
            if let Some(text) = text {
                part.kind = PartKind::Other;
                part.name = kind;
                part.string(whole, text.field("data"));
            }
        }
    }
    part
}

fn kind_of(name: &str) -> PartKind {
    match name {
        "text" => PartKind::Text,
        "thinking" | "redacted_thinking" => PartKind::Thinking,
        "tool_use" => PartKind::Call,
        "tool_result" => PartKind::Result,
        "image" => PartKind::Media(Media::Image),
        "document" => PartKind::Media(Media::Document),
        "server_tool_use" | "mcp_tool_use" => PartKind::Server,
        name if name.ends_with("_tool_result") => PartKind::Server,
        _ => PartKind::Other,
    }
}

fn result(part: &mut Part, whole: &str, content: Raw<'_>) {
    part.string(whole, Some(content));
    for block in content.elements() {
        let [kind, text] = block.fields(["type", "text"]);
        let kind = kind.and_then(Raw::as_str);
        let is = |name| kind.is_some_and(|kind| kind.is(name));
        if is("image") {
            part.media.push(Media::Image);
        } else if is("document") {
            part.media.push(Media::Document);
        } else {
            part.string(whole, text);
        }
    }
}
