//! Ollama's lines as JSON text: <https://docs.ollama.com/api/streaming>.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Kind, Rules, Site, appended, data, has_only};
use crate::json::{self, Span, part};
use crate::scenario::ErrorName;

pub(super) const RULES: Rules = Rules {
    name: "ollama",
    kind,
    site,
    text: |payload| {
        let text = super::text(payload, &["message", "content"]);
        let text = text.or_else(|| super::text(payload, &["response"]));
        text.filter(|body| !body.is_empty())
    },
    reasons: |payload| {
        super::string_value(payload, &["done_reason"])
            .into_iter()
            .collect()
    },
    reason_names: &["stop", "length", "load", "unload", "x_wiretape"],
    limit: "length",
    silenced: Some(silenced),
    unknown_event,
    error: |error| data(error_body(status(error)).as_bytes()),
    error_body,
    passing: &["created_at"],
    verbatim: &["arguments"],
    usage: &["eval_count"],
    ids,
    ..Rules::PLAIN
};

fn kind(payload: &[u8]) -> Kind {
    let said = |field: &str| json::path(payload, &[field]);
    if said("error").is_some() {
        return Kind::Error;
    }
    match said("done").map(|done| part(payload, done)) {
        Some(b"true") => Kind::Terminal,
        _ if said("message").or_else(|| said("response")).is_some() => Kind::Content,
        _ => Kind::Other,
    }
}

/// The only string of a line that is not empty.
fn site(payload: &[u8]) -> Option<Site> {
    let root = json::root(payload)?;
    let known = [
        "model",
        "created_at",
        "message",
        "response",
        "thinking",
        "done",
    ];
    if kind(payload) != Kind::Content || !has_only(payload, &root, &known) {
        return None;
    }
    let message = json::get(payload, &root, "message");
    if let Some(message) = &message {
        let known = ["role", "content", "thinking", "images"];
        if !has_only(payload, message, &known) {
            return None;
        }
    }
    let holder = message.unwrap_or(root);
    let fields = ["content", "thinking", "response"].into_iter();
    let mut filled = fields.filter_map(|field| {
        let value = json::get(payload, &holder, field)?;
        json::string(payload, &value).filter(|body| !body.is_empty())
    });
    let body = filled.next()?;
    filled.next().is_none().then(|| appended(body, false))
}

/// The last line without content.
fn silenced(payload: &[u8]) -> Option<Vec<u8>> {
    if json::path(payload, &["response"]).is_some() {
        let root = json::root(payload)?;
        return Some(json::put(payload, &root, "response", b"\"\""));
    }
    let message = json::path(payload, &["message"])?;
    let empty = br#"{"role":"assistant","content":""}"#;
    Some(json::replace(payload, &message, empty))
}

fn unknown_event(like: &[u8]) -> Vec<Vec<u8>> {
    let mut line = b"{".to_vec();
    for field in ["model", "created_at"] {
        if let Some(value) = json::path(like, &[field]) {
            line.extend_from_slice(format!(r#""{field}":"#).as_bytes());
            line.extend_from_slice(part(like, value));
            line.push(b',');
        }
    }
    let empty: &[u8] = match json::path(like, &["response"]).is_some() {
        true => br#""response":"""#,
        false => br#""message":{"role":"assistant","content":""}"#,
    };
    line.extend_from_slice(empty);
    line.extend_from_slice(br#","x_wiretape":{"index":0},"done":false}"#);
    data(&line)
}

fn ids(payload: &[u8]) -> Vec<Span> {
    let calls = json::path(payload, &["message", "tool_calls"]);
    let calls = calls.map_or_else(Vec::new, |all| json::items(payload, &all));
    let ids = calls.iter().filter_map(|call| {
        let id = json::get(payload, call, "id")?;
        json::string(payload, &id)
    });
    ids.collect()
}

fn status(error: ErrorName) -> u16 {
    match error {
        ErrorName::ApiError => 500,
        ErrorName::Overloaded => 503,
        ErrorName::RateLimit => 429,
    }
}

fn error_body(status: u16) -> String {
    let message = match status {
        400 => "invalid request",
        401 | 403 => "unauthorized",
        404 => "model not found, try pulling it first",
        429 => "too many concurrent requests",
        503 => "server busy, please try again. maximum pending requests exceeded",
        _ => "an error was encountered while running the model",
    };
    format!(r#"{{"error":"{message}"}}"#)
}
