//! The assistant's message and the results, for Messages:
//! <https://platform.claude.com/docs/en/api/messages>.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::{
    Extent, Object, ToolResult, WrittenCall, array, is_blank, name_of, object, sent, written,
};
use crate::dialect::anthropic::MEMBERS;
use crate::event::Kind;
use crate::json::Raw;
use crate::turn::{Choice, Content};

/// The assistant's message; `None` where nothing is left that may be sent.
pub(in crate::conversation) fn message(
    choice: &Choice,
    extent: Extent,
    calls: &[WrittenCall],
) -> Option<String> {
    let answered = answered(choice);
    let blocks = written(choice, calls, tool_use, |content| {
        block(content, extent, &answered)
    });
    if blocks.is_empty() {
        return None;
    }
    let mut message = Object::new();
    message.string("role", "assistant");
    message.json("content", &array(&blocks));
    Some(message.end())
}

/// A block that is no call of the caller's, if it may be sent back.
fn block(content: &Content, extent: Extent, answered: &BTreeSet<String>) -> Option<String> {
    if extent == Extent::Text && content.kind != Kind::Text {
        return None;
    }
    match content.kind {
        Kind::Text if is_blank(&content.text) => None,
        Kind::Text => Some(text(content)),
        Kind::Refusal if is_blank(&content.text) => None,
        Kind::Refusal => Some(text(content)),
        Kind::Reasoning => thinking(content),
        Kind::ServerTool => {
            let id = content.id.as_deref().unwrap_or_default();
            // `… was found without a corresponding … block`.
            let whole = extent == Extent::Paused || answered.contains(id);
            whole.then(|| server_tool(content, id))
        }
        Kind::RedactedReasoning | Kind::ServerResult => {
            (!content.raw.is_empty()).then(|| content.raw.clone())
        }
        Kind::Unknown => unknown(content),
        Kind::Tool | Kind::CustomTool => None,
    }
}

fn text(content: &Content) -> String {
    let mut block = Object::new();
    block.string("type", "text").string("text", &content.text);
    if !content.citations.is_empty() {
        block.json("citations", &array(&content.citations));
    }
    more(content, &mut block);
    block.end()
}

/// A thought goes back with its signature or not at all.
fn thinking(content: &Content) -> Option<String> {
    let signature = content
        .signature
        .as_deref()
        .filter(|text| !text.is_empty())?;
    let mut block = Object::new();
    block.string("type", "thinking");
    block.string("thinking", &content.text);
    block.string("signature", signature);
    more(content, &mut block);
    Some(block.end())
}

fn tool_use(content: &Content, id: &str) -> String {
    let mut block = Object::new();
    block.string("type", "tool_use").string("id", id);
    block.string("name", name_of(content));
    block.json("input", &object(sent(content)));
    more(content, &mut block);
    block.end()
}

fn server_tool(content: &Content, id: &str) -> String {
    let mut block = Object::new();
    let opening = opening(content).and_then(|raw| raw.str_field("type"));
    block.string("type", opening.as_deref().unwrap_or("server_tool_use"));
    block.string("id", id).string("name", name_of(content));
    block.json("input", &object(sent(content)));
    more(content, &mut block);
    block.end()
}

/// A block of a type this version does not know: what came, with the members that deltas added
/// (the beta's `compaction_delta` gives `content` and `encrypted_content` whole).
fn unknown(content: &Content) -> Option<String> {
    let raw = Raw::parse(&content.raw)
        .ok()
        .filter(|raw| raw.is_object())?;
    if content.others.is_empty() {
        return Some(content.raw.clone());
    }
    let deltas: Vec<Raw<'_>> = content
        .others
        .iter()
        .filter_map(|text| Raw::parse(text).ok())
        .collect();
    let mut block = Object::new();
    let later = |name: &str| deltas.iter().any(|delta| delta.field(name).is_some());
    for (name, value) in raw.members() {
        let name = name.decode();
        if name == "type" || !later(&name) {
            block.json(&name, value.text());
        }
    }
    let mut written: BTreeSet<String> = BTreeSet::new();
    for delta in deltas.iter().rev() {
        for (name, value) in delta.members() {
            let name = name.decode();
            if name != "type" && written.insert(name.clone().into_owned()) {
                block.json(&name, value.text());
            }
        }
    }
    Some(block.end())
}

/// The opening of a block that had members this version does not read, such as who called a tool.
fn opening(content: &Content) -> Option<Raw<'_>> {
    let raws = content
        .others
        .iter()
        .filter_map(|text| Raw::parse(text).ok());
    let mut openings = raws.filter(|raw| {
        let kind = raw.str_field("type").unwrap_or_default();
        !kind.ends_with("_delta")
    });
    openings.next()
}

/// The members that this version does not read.
fn more(content: &Content, block: &mut Object) {
    for (name, value) in opening(content).into_iter().flat_map(Raw::members) {
        let name = name.decode();
        if !MEMBERS.contains(&&*name) {
            block.json(&name, value.text());
        }
    }
}

/// The ids of the provider's own calls whose results stand in the answer.
fn answered(choice: &Choice) -> BTreeSet<String> {
    let results = choice
        .contents
        .iter()
        .filter(|content| content.kind == Kind::ServerResult);
    let ids = results.filter_map(|content| {
        let raw = Raw::parse(&content.raw).ok()?;
        Some(raw.str_field("tool_use_id")?.into_owned())
    });
    ids.collect()
}

/// A block of the user's next message.
pub(in crate::conversation) fn result(result: &ToolResult) -> String {
    let mut block = Object::new();
    block.string("type", "tool_result");
    block.string("tool_use_id", &result.call);
    // A result may be without content, but not with a blank one.
    if !is_blank(&result.content) {
        block.string("content", &result.content);
    }
    if result.is_error {
        block.json("is_error", "true");
    }
    block.end()
}
