//! Messages events as JSON text.

use alloc::format;
use alloc::vec::Vec;

use super::{Kind, Lane, Site};
use crate::json::{self, Span};
use crate::scenario::ErrorName;

pub(super) const REASONS: [&str; 8] = [
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
    "x_wiretape",
];

/// The fields that readers append, and whether they are parts of a JSON text. A signature is not
/// among them: the SDK assigns it (F-52).
const APPENDED: [(&str, &str, bool); 3] = [
    ("text_delta", "text", false),
    ("thinking_delta", "thinking", false),
    ("input_json_delta", "partial_json", true),
];

fn type_of(payload: &[u8]) -> &[u8] {
    let value = json::path(payload, &["type"]);
    let body = value.and_then(|value| json::string(payload, &value));
    body.map_or(&[], |body| json::part(payload, body))
}

pub(super) fn kind(payload: &[u8]) -> Kind {
    match type_of(payload) {
        b"message_start" => Kind::Begin,
        b"content_block_start" | b"content_block_delta" | b"content_block_stop" => Kind::Content,
        b"message_delta" if reason(payload).is_some() => Kind::Finish,
        b"message_stop" => Kind::Terminal,
        b"error" => Kind::Error,
        _ => Kind::Other,
    }
}

/// A message that comes whole has its reason in the first event.
pub(super) fn reason(payload: &[u8]) -> Option<Span> {
    let within = match type_of(payload) {
        b"message_delta" => "delta",
        b"message_start" => "message",
        _ => return None,
    };
    let value = json::path(payload, &[within, "stop_reason"])?;
    json::string(payload, &value).map(|_| value)
}

pub(super) fn site(payload: &[u8]) -> Option<Site> {
    if type_of(payload) != b"content_block_delta" {
        return None;
    }
    let delta = json::path(payload, &["delta"])?;
    // Another field, such as a token count, would be said twice.
    if json::members(payload, &delta).count() != 2 {
        return None;
    }
    let mut appended = APPENDED.into_iter();
    let (_, field, inner) =
        appended.find(|(kind, _, _)| json::says(payload, &delta, "type", kind))?;
    let value = json::get(payload, &delta, field)?;
    Some(Site {
        body: json::string(payload, &value)?,
        inner,
        splits: true,
    })
}

pub(super) fn lane(payload: &[u8]) -> Option<Lane> {
    if kind(payload) != Kind::Content {
        return None;
    }
    let index = json::path(payload, &["index"])?;
    Some(Lane {
        key: (0, json::number(payload, &index)?),
        begins: type_of(payload) == b"content_block_start",
        id: Vec::new(),
    })
}

pub(super) fn unknown_event() -> Vec<Vec<u8>> {
    [
        b"event: x_wiretape".as_slice(),
        br#"data: {"type":"x_wiretape","x_wiretape":{"index":0}}"#,
    ]
    .map(<[u8]>::to_vec)
    .to_vec()
}

pub(super) fn error(error: ErrorName) -> Vec<Vec<u8>> {
    let (name, message) = match error {
        ErrorName::ApiError => ("api_error", "Internal server error"),
        ErrorName::Overloaded => ("overloaded_error", "Overloaded"),
        ErrorName::RateLimit => ("rate_limit_error", "Too many requests"),
    };
    let data =
        format!(r#"data: {{"type":"error","error":{{"type":"{name}","message":"{message}"}}}}"#);
    [b"event: error".to_vec(), data.into_bytes()].to_vec()
}
