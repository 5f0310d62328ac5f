//! Messages events as JSON text.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Calls, Kind, Lane, Lanes, Named, Rules, Site, named_data, type_of};
use crate::json::{self, Span};
use crate::scenario::ErrorName;

pub(super) const RULES: Rules = Rules {
    name: "anthropic",
    kind,
    site,
    text: |payload| super::text(payload, &["delta", "text"]),
    lane,
    lanes: Lanes::Blocks { opened: true },
    closes: |payload| type_of(payload) == b"content_block_stop",
    calls: Some(Calls {
        begins: |payload| {
            let block = json::path(payload, &["content_block"]);
            block.is_some_and(|block| json::says(payload, &block, "type", "tool_use"))
        },
        path: &["delta", "partial_json"],
        delta: Some(arguments),
    }),
    reasons: |payload| reason(payload).into_iter().collect(),
    reason_names: &[
        "end_turn",
        "max_tokens",
        "stop_sequence",
        "tool_use",
        "pause_turn",
        "refusal",
        "model_context_window_exceeded",
        "x_wiretape",
    ],
    limit: "max_tokens",
    refusal: Some("refusal"),
    ping: &[b"event: ping", b"data: {\"type\": \"ping\"}"],
    unknown_event: |_| {
        named_data(
            "x_wiretape",
            br#"{"type":"x_wiretape","x_wiretape":{"index":0}}"#,
        )
    },
    error,
    error_body,
    verbatim: &["input", "arguments"],
    signature: Some(&["delta", "signature"]),
    message_id: &["message", "id"],
    ids,
    ..Rules::PLAIN
};

/// The fields that readers append, and whether they are parts of a JSON text. A signature is not
/// among them: the SDK assigns it (F-52).
const APPENDED: [(&str, &str, bool); 3] = [
    ("text_delta", "text", false),
    ("thinking_delta", "thinking", false),
    ("input_json_delta", "partial_json", true),
];

fn kind(payload: &[u8]) -> Kind {
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
fn reason(payload: &[u8]) -> Option<Span> {
    let within = match type_of(payload) {
        b"message_delta" => "delta",
        b"message_start" => "message",
        _ => return None,
    };
    let value = json::path(payload, &[within, "stop_reason"])?;
    json::string(payload, &value).map(|_| value)
}

fn site(payload: &[u8]) -> Option<Site> {
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

fn lane(payload: &[u8]) -> Option<Lane> {
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

/// A delta of the call that an event belongs to.
fn arguments(of: &[u8], value: &[u8]) -> Option<Named> {
    let index = json::part(of, json::path(of, &["index"])?);
    let head = br#"{"type":"content_block_delta","index":"#.as_slice();
    let delta = br#","delta":{"type":"input_json_delta","partial_json":"#.as_slice();
    let payload = [head, index, delta, value, b"}}"].concat();
    Some(("content_block_delta", payload))
}

fn error(error: ErrorName) -> Vec<Vec<u8>> {
    let (name, message) = match error {
        ErrorName::ApiError => ("api_error", "Internal server error"),
        ErrorName::Overloaded => ("overloaded_error", "Overloaded"),
        ErrorName::RateLimit => ("rate_limit_error", "Too many requests"),
    };
    let data = format!(r#"{{"type":"error","error":{{"type":"{name}","message":"{message}"}}}}"#);
    named_data("error", data.as_bytes())
}

fn ids(payload: &[u8]) -> Vec<Span> {
    let holders = ["message", "content_block"].into_iter();
    holders
        .filter_map(|name| super::text(payload, &[name, "id"]))
        .collect()
}

pub(super) fn error_body(status: u16) -> String {
    let (kind, message) = match status {
        400 => ("invalid_request_error", "Invalid request"),
        401 => ("authentication_error", "invalid x-api-key"),
        403 => ("permission_error", "Your API key does not have permission"),
        404 => ("not_found_error", "Not found"),
        408 | 504 => ("timeout_error", "Request timed out"),
        413 => ("request_too_large", "Request exceeds the maximum size"),
        429 => (
            "rate_limit_error",
            "This request would exceed your rate limit",
        ),
        529 => ("overloaded_error", "Overloaded"),
        _ => ("api_error", "Internal server error"),
    };
    format!(
        r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_wiretape"}}"#
    )
}
