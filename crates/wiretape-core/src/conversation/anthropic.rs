//! How Anthropic Messages writes a history: content blocks, results inside the user's messages.
//!
//! <https://platform.claude.com/docs/en/api/messages>

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::message::{Media, Part, PartKind};
use crate::json::Raw;

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
    let said = |raw: Option<Raw<'_>>| {
        let text = raw.and_then(Raw::as_str).map(|text| text.decode());
        text.map(Cow::into_owned).unwrap_or_default()
    };
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
