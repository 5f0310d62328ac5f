//! The assistant's message and the results, for Converse:
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html>.

use alloc::string::String;
use alloc::vec::Vec;

use super::{
    Extent, Object, ToolResult, WrittenCall, array, is_blank, name_of, object, sent, written,
};
use crate::event::Kind;
use crate::json::Raw;
use crate::turn::{Choice, Content};

/// The assistant's message; `None` where nothing is left that may be sent.
pub(in crate::conversation) fn message(
    choice: &Choice,
    extent: Extent,
    calls: &[WrittenCall],
) -> Option<String> {
    let blocks = written(choice, calls, tool_use, |content| block(content, extent));
    if blocks.is_empty() {
        return None;
    }
    let mut message = Object::new();
    message.string("role", "assistant");
    message.json("content", &array(&blocks));
    Some(message.end())
}

/// A block that is no call of the caller's, if it may be sent back. What the provider ran comes in
/// pieces of which no block is made, and stays behind with its call.
fn block(content: &Content, extent: Extent) -> Option<String> {
    if extent == Extent::Text && content.kind != Kind::Text {
        return None;
    }
    let mut block = Object::new();
    match content.kind {
        Kind::Text | Kind::Refusal if is_blank(&content.text) => return None,
        Kind::Text | Kind::Refusal => drop(block.string("text", &content.text)),
        Kind::Reasoning => drop(block.json("reasoningContent", &thought(content)?)),
        Kind::RedactedReasoning => {
            let sealed = content.others.iter().find_map(|text| {
                let raw = Raw::parse(text).ok()?;
                raw.field("redactedContent")
            })?;
            let mut inner = Object::new();
            inner.json("redactedContent", sealed.text());
            block.json("reasoningContent", &inner.end());
        }
        _ => return None,
    }
    Some(block.end())
}

/// A thought goes back with its signature or not at all: models that sign theirs want it.
fn thought(content: &Content) -> Option<String> {
    let signature = content
        .signature
        .as_deref()
        .filter(|text| !text.is_empty())?;
    let mut text = Object::new();
    text.string("text", &content.text);
    text.string("signature", signature);
    let mut thought = Object::new();
    thought.json("reasoningText", &text.end());
    Some(thought.end())
}

fn tool_use(content: &Content, id: &str) -> String {
    let mut call = Object::new();
    call.string("toolUseId", id);
    call.string("name", name_of(content));
    call.json("input", &object(sent(content)));
    let mut block = Object::new();
    block.json("toolUse", &call.end());
    block.end()
}

/// A block of the user's next message. It may be without content where it is no error.
pub(in crate::conversation) fn result(result: &ToolResult) -> String {
    let text = match is_blank(&result.content) {
        true if result.is_error => "error",
        _ => result.content.as_str(),
    };
    let mut blocks = Vec::new();
    if !is_blank(text) {
        let mut block = Object::new();
        block.string("text", text);
        blocks.push(block.end());
    }
    let mut inner = Object::new();
    inner.string("toolUseId", &result.call);
    inner.json("content", &array(&blocks));
    inner.string("status", if result.is_error { "error" } else { "success" });
    let mut block = Object::new();
    block.json("toolResult", &inner.end());
    block.end()
}
