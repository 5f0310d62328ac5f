//! The model's content and the results, for Gemini: <https://ai.google.dev/api/caching#Content>.
//!
//! A signature goes back in the part that it came in (F-52).

use alloc::string::String;

use super::{
    Extent, Object, ToolResult, WrittenCall, array, is_blank, name_of, object, sent, written,
};
use crate::conversation::form::sent_id;
use crate::event::Kind;
use crate::json::Raw;
use crate::turn::{Choice, Content};

/// The model's content; `None` where nothing is left that may be sent.
pub(in crate::conversation) fn content(
    choice: &Choice,
    extent: Extent,
    calls: &[WrittenCall],
) -> Option<String> {
    let parts = written(choice, calls, call, |content| part(content, extent));
    if parts.is_empty() {
        return None;
    }
    let mut message = Object::new();
    message
        .string("role", "model")
        .json("parts", &array(&parts));
    Some(message.end())
}

/// A part that is no call of the caller's, if it may be sent back.
fn part(content: &Content, extent: Extent) -> Option<String> {
    if extent == Extent::Text && content.kind != Kind::Text {
        return None;
    }
    let mut part = Object::new();
    match content.kind {
        Kind::Text | Kind::Refusal if !is_blank(&content.text) || signed(content) => {
            part.string("text", &content.text);
        }
        // One that is not signed need not go back.
        Kind::Reasoning if signed(content) => {
            part.string("text", &content.text).json("thought", "true");
        }
        Kind::ServerTool if content.name.as_deref() == Some("code_execution") => {
            part.json("executableCode", &with_id(content, None));
        }
        Kind::ServerTool => {
            part.json("toolCall", &with_id(content, Some("toolType")));
        }
        // They came whole, with their signatures.
        Kind::ServerResult | Kind::Unknown => {
            return (!content.raw.is_empty()).then(|| content.raw.clone());
        }
        _ => return None,
    }
    sign(content, &mut part);
    Some(part.end())
}

/// What the provider ran: the code, or the type and the arguments.
fn with_id(content: &Content, ty: Option<&str>) -> String {
    let mut inner = Object::new();
    if let Some(id) = content.id.as_deref().and_then(sent_id) {
        inner.string("id", id);
    }
    let arguments = object(sent(content));
    match ty {
        Some(ty) => {
            inner.string(ty, name_of(content)).json("args", &arguments);
        }
        None => {
            for (name, value) in Raw::parse(&arguments)
                .ok()
                .into_iter()
                .flat_map(Raw::members)
            {
                inner.json(&name.decode(), value.text());
            }
        }
    }
    inner.end()
}

fn call(content: &Content, id: &str) -> String {
    let mut inner = Object::new();
    if let Some(id) = sent_id(id) {
        inner.string("id", id);
    }
    inner.string("name", name_of(content));
    inner.json("args", &object(sent(content)));
    let mut part = Object::new();
    part.json("functionCall", &inner.end());
    sign(content, &mut part);
    part.end()
}

fn signed(content: &Content) -> bool {
    content
        .signature
        .as_deref()
        .is_some_and(|text| !text.is_empty())
}

fn sign(content: &Content, part: &mut Object) {
    if let Some(signature) = content.signature.as_deref().filter(|text| !text.is_empty()) {
        part.string("thoughtSignature", signature);
    }
}

/// A part of the user's next content. The keys are those of the documentation.
pub(in crate::conversation) fn result(result: &ToolResult) -> String {
    let mut response = Object::new();
    let key = if result.is_error { "error" } else { "output" };
    response.string(key, &result.content);
    let mut inner = Object::new();
    if let Some(id) = sent_id(&result.call) {
        inner.string("id", id);
    }
    inner.string("name", &result.name);
    inner.json("response", &response.end());
    let mut part = Object::new();
    part.json("functionResponse", &inner.end());
    part.end()
}
