//! Cohere's events as JSON text: <https://docs.cohere.com/v2/reference/chat-stream>.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Calls, Kind, Lane, Lanes, Named, Rules, Site, appended, named_data, number, type_of};
use crate::json::{self, Span};
use crate::scenario::ErrorName;

pub(super) const RULES: Rules = Rules {
    name: "cohere",
    terminal: Some(b"[DONE]"),
    kind,
    site,
    text: |payload| super::text(payload, &["delta", "message", "content", "text"]),
    lane,
    lanes: Lanes::Blocks { opened: true },
    closes: |payload| matches!(type_of(payload), b"content-end" | b"tool-call-end"),
    calls: Some(Calls {
        begins: |payload| type_of(payload) == b"tool-call-start",
        path: &["delta", "message", "tool_calls", "function", "arguments"],
        delta: Some(arguments),
    }),
    reasons: |payload| {
        super::string_value(payload, &["delta", "finish_reason"])
            .into_iter()
            .collect()
    },
    reason_names: &[
        "COMPLETE",
        "STOP_SEQUENCE",
        "MAX_TOKENS",
        "TOOL_CALL",
        "TIMEOUT",
        "X_WIRETAPE",
    ],
    limit: "MAX_TOKENS",
    ping: &[b": ping"],
    unknown_event: |_| {
        named_data(
            "x-wiretape",
            br#"{"type":"x-wiretape","x_wiretape":{"index":0}}"#,
        )
    },
    error,
    error_body,
    verbatim: &["citations", "logprobs"],
    usage: &["delta", "usage"],
    ids,
    ..Rules::PLAIN
};

const MESSAGE: [&str; 2] = ["delta", "message"];

/// The paths of the strings that readers append, in the message of a delta, and whether they are
/// parts of a JSON text.
const APPENDED: [(&[u8], &[&str], bool); 4] = [
    (b"content-delta", &["content", "text"], false),
    (b"content-delta", &["content", "thinking"], false),
    (b"tool-plan-delta", &["tool_plan"], false),
    (
        b"tool-call-delta",
        &["tool_calls", "function", "arguments"],
        true,
    ),
];

fn kind(payload: &[u8]) -> Kind {
    match type_of(payload) {
        b"message-start" => Kind::Begin,
        b"message-end" => Kind::Terminal,
        b"content-start" | b"content-delta" | b"content-end" | b"tool-plan-delta"
        | b"tool-call-start" | b"tool-call-delta" | b"tool-call-end" | b"citation-start"
        | b"citation-end" => Kind::Content,
        b"" if json::path(payload, &["message"]).is_some() => Kind::Error,
        _ => Kind::Other,
    }
}

fn site(payload: &[u8]) -> Option<Site> {
    let name = type_of(payload);
    let root = json::root(payload)?;
    if !super::has_only(payload, &root, &["type", "index", "delta"]) {
        return None;
    }
    let mut found = None;
    for (kind, path, inner) in APPENDED {
        let path = [&MESSAGE, path].concat();
        let body = super::text(payload, &path).filter(|_| kind == name);
        let Some(body) = body.filter(|body| !body.is_empty()) else {
            continue;
        };
        if found.replace(appended(body, inner)).is_some() {
            return None;
        }
    }
    found
}

fn lane(payload: &[u8]) -> Option<Lane> {
    let name = type_of(payload);
    let index = || number(payload, &["index"]);
    // Content and calls count for themselves.
    let key = match name {
        b"content-start" | b"content-delta" | b"content-end" => (0, index()?),
        b"tool-call-start" | b"tool-call-delta" | b"tool-call-end" => (1, index()?),
        _ => return None,
    };
    Some(Lane {
        key,
        begins: name.ends_with(b"-start"),
        id: Vec::new(),
    })
}

/// A delta of the call that an event belongs to.
fn arguments(of: &[u8], value: &[u8]) -> Option<Named> {
    let index = json::part(of, json::path(of, &["index"])?);
    let head = br#"{"type":"tool-call-delta","index":"#.as_slice();
    let delta = br#","delta":{"message":{"tool_calls":{"function":{"arguments":"#.as_slice();
    let payload = [head, index, delta, value, b"}}}}}"].concat();
    Some(("tool-call-delta", payload))
}

fn ids(payload: &[u8]) -> Vec<Span> {
    let call: &[&str] = &["delta", "message", "tool_calls", "id"];
    let paths = [&["id"][..], call];
    paths
        .into_iter()
        .filter_map(|path| super::text(payload, path))
        .collect()
}

fn error(error: ErrorName) -> Vec<Vec<u8>> {
    let status = match error {
        ErrorName::ApiError => 500,
        ErrorName::Overloaded => 503,
        ErrorName::RateLimit => 429,
    };
    named_data("error", error_body(status).as_bytes())
}

fn error_body(status: u16) -> String {
    let message = match status {
        400 => "invalid request",
        401 => "invalid api token",
        403 => "this api key does not have permission",
        404 => "model not found",
        408 | 504 => "request timed out",
        429 => "You are using a Trial key, which is limited to 20 API calls / minute.",
        503 => "the service is currently unavailable",
        _ => "internal server error",
    };
    format!(r#"{{"message":"{message}"}}"#)
}
