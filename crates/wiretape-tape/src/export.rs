//! Tapes for other tools.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::{Body, EndKind, Exchange, Request, Response, Tape, Unknown};

/// What [`har()`] cannot say, in sentences.
pub const HAR_LOSES: [&str; 3] = [
    "boundaries and times of chunks: HAR has one body and how long it took",
    "how an answer ended, and all that a tape says beside requests and answers",
    "dates, HTTP versions and status texts: a tape has none, HAR asks for them",
];

/// An archive as <http://www.softwareishard.com/blog/har-12-spec/> has it, without fields of our own.
///
/// A body is text, or base64 where it is not UTF-8 (of a request with the `encoding` that HAR has for
/// answers only); compressed, where it was recorded so.
/// [`import`](crate::import) gives back the same statuses, headers and bodies. What HAR asks for and a
/// tape does not hold is empty, `unknown`, or 1970-01-01. For what is lost, see [`HAR_LOSES`].
#[must_use]
pub fn har(tape: &Tape) -> String {
    let server = tape.header.source.server.as_deref().unwrap_or_default();
    let entries: Vec<Value> = tape
        .exchanges
        .iter()
        .map(|exchange| {
            entry(
                exchange,
                server,
                exchange.lacks(&tape.header, Unknown::Times),
            )
        })
        .collect();
    let log = json!({
        "version": "1.2",
        "creator": {"name": "wiretape", "version": env!("CARGO_PKG_VERSION")},
        "entries": entries,
    });
    let mut text = format!("{:#}", json!({ "log": log }));
    text.push('\n');
    text
}

fn entry(exchange: &Exchange, server: &str, is_untimed: bool) -> Value {
    let wait = exchange.response.as_ref().map_or(0, |head| head.after_ns);
    let after = exchange.chunks.iter().map(|chunk| chunk.after_ns);
    let end = exchange.end.as_ref().map_or(0, |end| end.after_ns);
    let receive = after.fold(end, u64::saturating_add);
    let mut comment = String::from("The date is not known.");
    if is_untimed {
        comment.push_str(" How long the body took is not known.");
    }
    match exchange.end.as_ref().map(|end| end.kind) {
        Some(EndKind::Complete) => {}
        Some(kind) => comment.push_str(&format!(" The answer ended: {}.", kind.name())),
        None => comment.push_str(" The answer's end was not recorded."),
    }
    json!({
        "startedDateTime": "1970-01-01T00:00:00.000Z",
        "time": milliseconds(wait.saturating_add(receive)),
        "request": request(exchange.request.as_ref(), server),
        "response": response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds(wait), "receive": milliseconds(receive)},
        "comment": comment,
    })
}

fn request(request: Option<&Request>, server: &str) -> Value {
    let Some(request) = request else {
        return json!({
            "method": "", "url": "", "httpVersion": "unknown", "cookies": [], "headers": [],
            "queryString": [], "headersSize": -1, "bodySize": -1,
            "comment": "The request was not recorded.",
        });
    };
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let query = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({"name": name, "value": value})
        });
    let mut out = json!({
        "method": request.method,
        "url": format!("{server}{}", request.path),
        "httpVersion": "unknown",
        "cookies": [],
        "headers": headers(&request.headers),
        "queryString": query.collect::<Vec<Value>>(),
        "headersSize": -1,
    });
    let (text, is_base64, size) = match &request.body {
        Body::Empty => (None, false, 0),
        Body::Json(text) | Body::Text(text) => (Some(text.clone()), false, text.len()),
        Body::Bytes(bytes) => (Some(STANDARD.encode(bytes)), true, bytes.len()),
    };
    let Some(fields) = out.as_object_mut() else {
        return out;
    };
    fields.insert("bodySize".into(), size.into());
    if let Some(text) = text {
        let mut data = Map::new();
        data.insert("mimeType".into(), mime(&request.headers).into());
        data.insert("text".into(), text.into());
        if is_base64 {
            data.insert("encoding".into(), "base64".into());
        }
        fields.insert("postData".into(), data.into());
    }
    out
}

fn response(exchange: &Exchange) -> Value {
    let nothing = Response {
        after_ns: 0,
        status: 0,
        headers: Vec::new(),
        extra: Map::new(),
    };
    let head = exchange.response.as_ref().unwrap_or(&nothing);
    let bytes = exchange.body();
    let size = bytes.len();
    let mut content = Map::new();
    content.insert("size".into(), size.into());
    content.insert("mimeType".into(), mime(&head.headers).into());
    match String::from_utf8(bytes) {
        Ok(text) => {
            content.insert("text".into(), text.into());
        }
        Err(error) => {
            content.insert("text".into(), STANDARD.encode(error.as_bytes()).into());
            content.insert("encoding".into(), "base64".into());
        }
    }
    json!({
        "status": head.status,
        "statusText": "",
        "httpVersion": "unknown",
        "cookies": [],
        "headers": headers(&head.headers),
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": size,
    })
}

fn headers(headers: &[(String, String)]) -> Value {
    let headers = headers.iter();
    headers
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect()
}

fn mime(headers: &[(String, String)]) -> &str {
    let mut headers = headers.iter();
    let kind = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    kind.map_or("", |(_, value)| value)
}

/// Nanoseconds as milliseconds, with a fraction where there is one.
fn milliseconds(ns: u64) -> Value {
    let (whole, fraction) = (ns / 1_000_000, ns % 1_000_000);
    if fraction == 0 {
        return whole.into();
    }
    let text = format!("{whole}.{fraction:06}");
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.to_string()))
}
