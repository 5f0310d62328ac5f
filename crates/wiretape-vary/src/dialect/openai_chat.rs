//! Chat Completions chunks as JSON text.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Kind, Lane, Lanes, Rules, Site, data};
use crate::json::{self, Span};
use crate::scenario::ErrorName;

pub(super) const RULES: Rules = Rules {
    name: "openai-chat",
    terminal: Some(b"[DONE]"),
    kind,
    site,
    text,
    continuation: Some(continuation),
    lane,
    lanes: Lanes::Calls,
    reasons,
    reason_names: &REASONS,
    limit: "length",
    refusal: Some("content_filter"),
    own_finish: false,
    ping: &[b": ping"],
    unknown_event,
    error,
    error_body,
    passing: &["obfuscation"],
    verbatim: &["input", "arguments"],
    ids,
    ..Rules::PLAIN
};

const REASONS: [&str; 6] = [
    "stop",
    "length",
    "tool_calls",
    "content_filter",
    "function_call",
    "x_wiretape",
];

/// The delta's fields that readers append.
const APPENDED: [&str; 4] = ["content", "reasoning_content", "reasoning", "refusal"];

/// The fields of a tool call's delta that this module understands.
const CALL: [&str; 4] = ["index", "id", "type", "function"];

fn kind(payload: &[u8]) -> Kind {
    let error = json::path(payload, &["error"]);
    if error.is_some_and(|error| json::is_present(payload, &error)) {
        return Kind::Error;
    }
    if !reasons(payload).is_empty() {
        return Kind::Finish;
    }
    match json::path(payload, &["choices"]) {
        Some(choices) if !json::items(payload, &choices).is_empty() => Kind::Content,
        _ => Kind::Other,
    }
}

fn reasons(payload: &[u8]) -> Vec<Span> {
    let Some(choices) = json::path(payload, &["choices"]) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for choice in json::items(payload, &choices) {
        let reason = json::get(payload, &choice, "finish_reason");
        found.extend(reason.filter(|value| json::string(payload, value).is_some()));
    }
    found
}

/// The delta of the only choice, and the choice's index, where the chunk says nothing else that
/// must not be said twice.
fn only_delta(payload: &[u8]) -> Option<(Span, u64)> {
    let root = json::root(payload)?;
    let mut choices = None;
    for (name, value) in json::members(payload, &root) {
        match json::part(payload, name) {
            b"usage" | b"error" | b"x_groq" if json::is_present(payload, &value) => return None,
            b"choices" => choices = choices.or(Some(value)),
            _ => {}
        }
    }
    let choices = json::items(payload, &choices?);
    let [choice] = choices.as_slice() else {
        return None;
    };
    let (mut index, mut delta) = (None, None);
    for (name, value) in json::members(payload, choice) {
        match json::part(payload, name) {
            b"finish_reason" | b"logprobs" if json::is_present(payload, &value) => return None,
            b"index" => index = index.or(Some(value)),
            b"delta" => delta = delta.or(Some(value)),
            _ => {}
        }
    }
    Some((delta?, json::number(payload, &index?)?))
}

/// The only tool call of a delta, where this module understands all of it.
fn only_call(payload: &[u8], delta: &Span) -> Option<Span> {
    let calls = json::get(payload, delta, "tool_calls")?;
    let calls = json::items(payload, &calls);
    let [call] = calls.as_slice() else {
        return None;
    };
    let known = |(name, _): &(Span, Span)| {
        CALL.iter()
            .any(|call| call.as_bytes() == json::part(payload, name.clone()))
    };
    let known = json::members(payload, call).all(|field| known(&field));
    known.then(|| call.clone())
}

/// A string that is not empty.
fn filled(payload: &[u8], value: &Span) -> Option<Span> {
    json::string(payload, value).filter(|body| !body.is_empty())
}

fn site(payload: &[u8]) -> Option<Site> {
    let (delta, _) = only_delta(payload)?;
    let mut found = None;
    for (name, value) in json::members(payload, &delta) {
        let name = json::part(payload, name);
        let text = json::part(payload, value.clone());
        if text == b"null" || text == b"\"\"" || name == b"role" {
            continue;
        }
        let site = match name {
            b"tool_calls" => arguments(payload, &delta)?,
            name if APPENDED.iter().any(|field| field.as_bytes() == name) => Site {
                body: filled(payload, &value)?,
                inner: false,
                splits: true,
            },
            _ => return None,
        };
        if found.replace(site).is_some() {
            return None;
        }
    }
    found
}

/// The text of the first choice's delta.
fn text(payload: &[u8]) -> Option<Span> {
    let choices = json::path(payload, &["choices"])?;
    let choice = json::items(payload, &choices).into_iter().next()?;
    let delta = json::get(payload, &choice, "delta")?;
    json::string(payload, &json::get(payload, &delta, "content")?)
}

fn arguments(payload: &[u8], delta: &Span) -> Option<Site> {
    let call = only_call(payload, delta)?;
    let function = json::get(payload, &call, "function")?;
    let value = json::get(payload, &function, "arguments")?;
    // The second half has no id and no name, so that the index must tell whose it is.
    let index = json::get(payload, &call, "index");
    Some(Site {
        body: filled(payload, &value)?,
        inner: true,
        splits: index
            .and_then(|index| json::number(payload, &index))
            .is_some(),
    })
}

fn continuation(payload: &[u8]) -> Option<Vec<u8>> {
    let (delta, _) = only_delta(payload)?;
    let call = only_call(payload, &delta);
    let function = call
        .as_ref()
        .and_then(|call| json::get(payload, call, "function"));
    // From the inside out: where an object begins does not change by what is removed in it.
    let mut text = payload.to_vec();
    if let Some(function) = function {
        text = json::remove(&text, &function, "name");
    }
    if let Some(call) = call {
        text = json::remove(&text, &call, "type");
        text = json::remove(&text, &call, "id");
    }
    Some(json::remove(&text, &delta, "role"))
}

fn lane(payload: &[u8]) -> Option<Lane> {
    let (delta, choice) = only_delta(payload)?;
    for (name, value) in json::members(payload, &delta) {
        let text = json::part(payload, value);
        let silent = text == b"null" || text == b"\"\"";
        if !silent && !matches!(json::part(payload, name), b"tool_calls" | b"role") {
            return None;
        }
    }
    let call = only_call(payload, &delta)?;
    let index = json::get(payload, &call, "index")?;
    let id = json::get(payload, &call, "id").and_then(|id| filled(payload, &id));
    Some(Lane {
        key: (choice, json::number(payload, &index)?),
        begins: false,
        id: id.map_or_else(Vec::new, |id| json::part(payload, id).to_vec()),
    })
}

fn unknown_event(like: &[u8]) -> Vec<Vec<u8>> {
    let mut data = b"data: {".to_vec();
    if let Some(root) = json::root(like) {
        for field in ["id", "object", "created", "model"] {
            if let Some(value) = json::get(like, &root, field) {
                data.extend_from_slice(format!(r#""{field}":"#).as_bytes());
                data.extend_from_slice(json::part(like, value));
                data.push(b',');
            }
        }
    }
    data.extend_from_slice(br#""choices":[],"x_wiretape":{"index":0}}"#);
    [data].to_vec()
}

fn error(error: ErrorName) -> Vec<Vec<u8>> {
    let (name, message) = match error {
        ErrorName::ApiError => ("server_error", "The server had an error"),
        ErrorName::Overloaded => ("server_error", "The engine is currently overloaded"),
        ErrorName::RateLimit => ("rate_limit_exceeded", "Rate limit reached"),
    };
    let error = format!(
        r#"{{"error":{{"message":"{message}","type":"{name}","param":null,"code":null}}}}"#
    );
    data(error.as_bytes())
}

fn ids(payload: &[u8]) -> Vec<Span> {
    let id = |object: &Span| {
        let value = json::get(payload, object, "id")?;
        json::string(payload, &value)
    };
    let root = json::root(payload);
    let mut found: Vec<Span> = root.as_ref().and_then(id).into_iter().collect();
    let choices = json::path(payload, &["choices"]);
    for choice in choices.map_or_else(Vec::new, |all| json::items(payload, &all)) {
        let delta = json::get(payload, &choice, "delta");
        let calls = delta.and_then(|delta| json::get(payload, &delta, "tool_calls"));
        let calls = calls.map_or_else(Vec::new, |all| json::items(payload, &all));
        found.extend(calls.iter().filter_map(id));
    }
    found
}

pub(super) fn error_body(status: u16) -> String {
    let (kind, code, message) = match status {
        400 => ("invalid_request_error", "null", "Invalid request"),
        401 => (
            "invalid_request_error",
            r#""invalid_api_key""#,
            "Incorrect API key provided",
        ),
        403 => (
            "invalid_request_error",
            "null",
            "You are not allowed to sample from this model",
        ),
        404 => (
            "invalid_request_error",
            r#""model_not_found""#,
            "The model does not exist",
        ),
        408 | 504 => ("timeout", "null", "Request timed out"),
        413 => ("invalid_request_error", "null", "Request too large"),
        429 => ("requests", r#""rate_limit_exceeded""#, "Rate limit reached"),
        503 => ("server_error", "null", "The engine is currently overloaded"),
        _ => (
            "server_error",
            "null",
            "The server had an error while processing your request",
        ),
    };
    format!(r#"{{"error":{{"message":"{message}","type":"{kind}","param":null,"code":{code}}}}}"#)
}
