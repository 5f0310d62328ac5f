//! The assistant's message, for Cohere: <https://docs.cohere.com/v2/reference/chat>.

use alloc::string::String;
use alloc::vec::Vec;

use super::openai_chat::tool_calls;
use super::{Extent, Object, WrittenCall, array, is_blank};
use crate::event::Kind;
use crate::turn::{Choice, Content};

/// The assistant's message; `None` where nothing is left that may be sent.
pub(in crate::conversation) fn message(
    choice: &Choice,
    extent: Extent,
    calls: &[WrittenCall],
) -> Option<String> {
    let tool_calls = tool_calls(choice, calls);
    let contents = choice.contents.iter();
    let blocks = contents.filter_map(|content| block(content, extent));
    let blocks: Vec<String> = blocks.collect();
    let says = |content: &Content| content.kind == Kind::Text && !is_blank(&content.text);
    if !choice.contents.iter().any(says) && tool_calls.is_empty() {
        return None;
    }
    let mut message = Object::new();
    message.string("role", "assistant");
    if !blocks.is_empty() {
        message.json("content", &array(&blocks));
    }
    if !tool_calls.is_empty() {
        let plan = choice.contents.iter().filter(|content| is_plan(content));
        let plan: String = plan.map(|content| content.text.as_str()).collect();
        if !is_blank(&plan) {
            message.string("tool_plan", &plan);
        }
        message.json("tool_calls", &array(&tool_calls));
    }
    Some(message.end())
}

fn block(content: &Content, extent: Extent) -> Option<String> {
    let ty = match content.kind {
        _ if is_blank(&content.text) => return None,
        Kind::Text => "text",
        Kind::Reasoning if extent != Extent::Text && !is_plan(content) => "thinking",
        _ => return None,
    };
    let mut block = Object::new();
    block.string("type", ty).string(ty, &content.text);
    Some(block.end())
}

/// What the model says it will do with its tools, which has no block of its own.
fn is_plan(content: &Content) -> bool {
    content.kind == Kind::Reasoning && content.name.as_deref() == Some("tool_plan")
}
