//! Responses events as JSON text: <https://platform.openai.com/docs/api-reference/responses-streaming>.

use alloc::format;
use alloc::vec::Vec;

use super::{
    Calls, Kind, Lane, Lanes, Rules, Site, appended, named_data, number, openai_chat, type_of,
};
use crate::json::{self, Span};
use crate::scenario::ErrorName;

pub(super) const RULES: Rules = Rules {
    name: "openai-responses",
    terminal: Some(b"[DONE]"),
    kind,
    site,
    text: |payload| {
        let text = type_of(payload) == b"response.output_text.delta";
        text.then(|| super::text(payload, &["delta"]))?
    },
    lane,
    lanes: Lanes::Blocks { opened: true },
    closes: |payload| type_of(payload) == b"response.output_item.done",
    calls: Some(Calls {
        begins: |payload| {
            let item = json::path(payload, &["item"]);
            type_of(payload) == b"response.output_item.added"
                && item.is_some_and(|item| json::says(payload, &item, "type", "function_call"))
        },
        path: &["delta"],
        delta: None,
    }),
    reasons,
    restated: Some(restated),
    reason_names: &[
        "completed",
        "max_output_tokens",
        "content_filter",
        "x_wiretape",
    ],
    limit: "max_output_tokens",
    refusal: Some("content_filter"),
    silenced: Some(|payload| {
        let response = json::path(payload, &["response"])?;
        Some(json::put(payload, &response, "output", b"[]"))
    }),
    ping: &[
        b"event: keepalive",
        b"data: {\"type\":\"keepalive\",\"sequence_number\":0}",
    ],
    unknown_event: |_| {
        named_data(
            "response.x_wiretape",
            br#"{"type":"response.x_wiretape","sequence_number":0,"x_wiretape":{"index":0}}"#,
        )
    },
    error,
    error_body: openai_chat::error_body,
    passing: &["obfuscation", "sequence_number"],
    verbatim: &[
        "item",
        "annotation",
        "part",
        "action",
        "output",
        "input",
        "arguments",
    ],
    usage: &["response", "usage"],
    message_id: &["response", "id"],
    ids,
    ..Rules::PLAIN
};

/// The events whose `delta` readers append, and whether they are parts of a JSON text.
const APPENDED: [(&[u8], bool); 7] = [
    (b"response.output_text.delta", false),
    (b"response.refusal.delta", false),
    (b"response.reasoning_text.delta", false),
    (b"response.reasoning_summary_text.delta", false),
    (b"response.custom_tool_call_input.delta", false),
    (b"response.function_call_arguments.delta", true),
    (b"response.mcp_call_arguments.delta", true),
];

/// The fields of a delta that may be said twice.
const DELTA: [&str; 8] = [
    "type",
    "sequence_number",
    "item_id",
    "output_index",
    "content_index",
    "summary_index",
    "delta",
    "obfuscation",
];

fn kind(payload: &[u8]) -> Kind {
    match type_of(payload) {
        b"response.created" => Kind::Begin,
        b"response.completed" | b"response.incomplete" => Kind::Terminal,
        b"response.failed" | b"error" => Kind::Error,
        b"response.queued" | b"response.in_progress" | b"keepalive" | b"" => Kind::Other,
        _ if number(payload, &["output_index"]).is_some() => Kind::Content,
        _ => Kind::Other,
    }
}

fn site(payload: &[u8]) -> Option<Site> {
    let name = type_of(payload);
    let (_, inner) = APPENDED.into_iter().find(|(kind, _)| *kind == name)?;
    let root = json::root(payload)?;
    let said_once = |(name, value): (Span, Span)| {
        let name = json::part(payload, name);
        let known = DELTA.iter().any(|field| field.as_bytes() == name);
        // What else there is must be empty: `logprobs`.
        known || matches!(json::part(payload, value), b"[]" | b"null" | b"{}")
    };
    if !json::members(payload, &root).all(said_once) {
        return None;
    }
    let body = super::text(payload, &["delta"])?;
    (!body.is_empty()).then(|| appended(body, inner))
}

fn lane(payload: &[u8]) -> Option<Lane> {
    if kind(payload) != Kind::Content {
        return None;
    }
    Some(Lane {
        key: (0, number(payload, &["output_index"])?),
        begins: type_of(payload) == b"response.output_item.added",
        id: Vec::new(),
    })
}

/// The status of a whole response, or why it is not complete.
fn reasons(payload: &[u8]) -> Vec<Span> {
    if kind(payload) != Kind::Terminal {
        return Vec::new();
    }
    let why = super::string_value(payload, &["response", "incomplete_details", "reason"]);
    let status = || super::string_value(payload, &["response", "status"]);
    why.or_else(status).into_iter().collect()
}

/// A response that ended for another reason has another type, another status, and says why.
fn restated(payload: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let complete = value == b"\"completed\"";
    let (name, status): (&[u8], &[u8]) = match complete {
        true => (b"\"response.completed\"", b"\"completed\""),
        false => (b"\"response.incomplete\"", b"\"incomplete\""),
    };
    let details = match complete || value == b"null" {
        true => b"null".to_vec(),
        false => [b"{\"reason\":", value, b"}"].concat(),
    };
    // From the inside out: where an object begins does not change by what is set in it.
    let mut text = payload.to_vec();
    let response = json::path(&text, &["response"])?;
    text = json::put(&text, &response, "incomplete_details", &details);
    text = json::put(&text, &response, "status", status);
    let root = json::root(&text)?;
    Some(json::put(&text, &root, "type", name))
}

fn error(error: ErrorName) -> Vec<Vec<u8>> {
    let (code, message) = match error {
        ErrorName::ApiError => ("server_error", "The server had an error"),
        ErrorName::Overloaded => (
            "server_is_overloaded",
            "Our servers are currently overloaded",
        ),
        ErrorName::RateLimit => ("rate_limit_exceeded", "Rate limit reached"),
    };
    let error = format!(
        r#"{{"type":"error","sequence_number":0,"code":"{code}","message":"{message}","param":null}}"#
    );
    named_data("error", error.as_bytes())
}

/// The response's; those that pair calls with results, not those that pair events with items.
fn ids(payload: &[u8]) -> Vec<Span> {
    let paths: [&[&str]; 2] = [&["response", "id"], &["item", "call_id"]];
    let mut found: Vec<Span> = paths
        .into_iter()
        .filter_map(|path| super::text(payload, path))
        .collect();
    let output = json::path(payload, &["response", "output"]);
    for item in output.map_or_else(Vec::new, |all| json::items(payload, &all)) {
        let id = json::get(payload, &item, "call_id");
        found.extend(id.and_then(|id| json::string(payload, &id)));
    }
    found
}

/// The number of an event, where it has one.
pub(crate) fn sequence_number(payload: &[u8]) -> Option<Span> {
    let value = json::path(payload, &["sequence_number"])?;
    json::number(payload, &value).map(|_| value)
}
