//! The assistant's message and the results, for Chat Completions:
//! <https://platform.openai.com/docs/api-reference/chat/create>.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{
    Extent, Object, ToolResult, WrittenCall, array, is_blank, is_call, name_of, object, sent,
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
    let text = choice.text();
    let refusal = choice.refusal();
    let tool_calls = tool_calls(choice, calls);
    if is_blank(&text) && is_blank(&refusal) && tool_calls.is_empty() {
        return None;
    }
    let mut message = Object::new();
    message.string("role", "assistant");
    match (is_blank(&text), is_blank(&refusal)) {
        (_, false) => drop(message.json("content", &parts(&text, &refusal))),
        (false, true) => drop(message.string("content", &text)),
        // With calls, the content may be missing; some servers want the member all the same.
        (true, true) => drop(message.json("content", "null")),
    }
    if extent != Extent::Text {
        let details = details(choice);
        if !details.is_empty() {
            message.json("reasoning_details", &array(&details));
        }
    }
    if !tool_calls.is_empty() {
        message.json("tool_calls", &array(&tool_calls));
    }
    Some(message.end())
}

/// A refusal goes back as a part of its own, behind the text before it.
fn parts(text: &str, refusal: &str) -> String {
    let part = |kind: &str, value: &str| {
        let mut part = Object::new();
        part.string("type", kind).string(kind, value);
        part.end()
    };
    let mut parts = Vec::new();
    if !is_blank(text) {
        parts.push(part("text", text));
    }
    parts.push(part("refusal", refusal));
    array(&parts)
}

pub(super) fn tool_calls(choice: &Choice, calls: &[WrittenCall]) -> Vec<String> {
    let contents = choice.contents.iter().filter(|content| is_call(content));
    let mut written = calls.iter().peekable();
    let calls = contents.enumerate().filter_map(|(ordinal, content)| {
        let call = written.next_if(|call| call.ordinal == ordinal)?;
        Some(tool_call(content, &call.id))
    });
    calls.collect()
}

fn tool_call(content: &Content, id: &str) -> String {
    let arguments = sent(content);
    let mut inner = Object::new();
    inner.string("name", name_of(content));
    let kind = if content.kind == Kind::CustomTool {
        inner.string("input", arguments);
        "custom"
    } else {
        inner.string("arguments", &string(arguments));
        "function"
    };
    let mut call = Object::new();
    call.string("id", id).string("type", kind);
    call.json(kind, &inner.end());
    // Gemini wants the signature of its thought back at the call (F-52).
    if let Some(extra) = content.others.last() {
        call.json("extra_content", extra);
    }
    call.end()
}

/// Arguments as they were sent where they are JSON. Servers parse them to render their template:
/// llama.cpp answers other text with a 500.
pub(super) fn string(arguments: &str) -> Cow<'_, str> {
    match Raw::parse(arguments) {
        Ok(raw) if raw.is_object() => Cow::Borrowed(arguments),
        _ => object(arguments),
    }
}

/// What routers want back of a thought: what is sealed, as it came, and what is signed
/// (`OpenRouter`). A thought without either is not sent: `DeepSeek` refuses it.
fn details(choice: &Choice) -> Vec<String> {
    let mut details = Vec::new();
    for content in &choice.contents {
        match (content.kind, &content.signature) {
            (Kind::RedactedReasoning, _) => details.extend(content.others.iter().cloned()),
            (Kind::Reasoning, Some(signature)) if !signature.is_empty() => {
                let mut detail = Object::new();
                detail.string("type", "reasoning.text");
                detail.string("text", &content.text);
                detail.string("signature", signature);
                details.push(detail.end());
            }
            _ => {}
        }
    }
    details
}

/// One result. The protocol has no mark for an error, so that the text says it.
pub(in crate::conversation) fn result(result: &ToolResult) -> String {
    let mut message = Object::new();
    if let Some(name) = result.call.strip_prefix("function ") {
        // The older calls of functions, which had no ids.
        message.string("role", "function").string("name", name);
    } else {
        message.string("role", "tool");
        message.string("tool_call_id", &result.call);
    }
    message.string("content", &said(result));
    message.end()
}

/// The content of a result, in a protocol that has no mark for an error.
pub(super) fn said(result: &ToolResult) -> Cow<'_, str> {
    match result.is_error {
        true => Cow::Owned(format!("error: {}", result.content)),
        false => Cow::Borrowed(&result.content),
    }
}
