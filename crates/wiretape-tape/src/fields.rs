//! Typed fields out of JSON objects. What is taken is removed; what stays is unknown, and kept.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::{EndKind, ErrorKind, SourceKind};

/// The keys that say of which kind a line is.
pub(crate) const KINDS: &[&str] = &["wiretape", "request", "response", "end"];
pub(crate) const HEADER: &[&str] = &[
    "wiretape", "request", "response", "end", "dialect", "source", "exact", "scenario", "unknown",
];
pub(crate) const SOURCE: &[&str] = &["kind", "server", "cites", "note"];
pub(crate) const REQUEST: &[&str] = &[
    "wiretape", "request", "response", "end", "method", "path", "headers", "body",
];
pub(crate) const RESPONSE: &[&str] = &[
    "wiretape", "request", "response", "end", "after_ns", "status", "headers",
];
pub(crate) const END: &[&str] = &[
    "wiretape", "request", "response", "end", "after_ns", "kind", "bytes", "sha256",
];

const UINT: &str = "an integer from 0 to 18446744073709551615";
const TEXT: &str = "a string";
const TEXTS: &str = "an array of strings";
const HEADERS: &str = "an array of [name, value] pairs of strings";
const SOURCE_KINDS: &str = "one of recorded, authored, varied, bare, imported";
const END_KINDS: &str =
    "one of complete, unterminated, reset, timeout, client_closed, upstream_error";

type Fields = Map<String, Value>;

/// A field with a value that it cannot have.
pub(crate) fn wrong(
    name: &'static str,
    expected: &'static str,
    value: Option<&Value>,
) -> ErrorKind {
    ErrorKind::Field {
        name,
        expected,
        found: describe(value),
    }
}

/// What a value is, short enough for an error message.
pub(crate) fn describe(value: Option<&Value>) -> String {
    match value {
        None => "nothing".into(),
        Some(Value::String(text)) if text.len() > 64 => {
            format!("a string of {} bytes", text.len())
        }
        Some(Value::Array(items)) => format!("an array of {}", items.len()),
        Some(Value::Object(_)) => "an object".into(),
        Some(value) => value.to_string(),
    }
}

pub(crate) fn uint(name: &'static str, value: Option<&Value>) -> Result<u64, ErrorKind> {
    value
        .and_then(Value::as_u64)
        .ok_or_else(|| wrong(name, UINT, value))
}

pub(crate) fn take_uint(fields: &mut Fields, name: &'static str) -> Result<u64, ErrorKind> {
    uint(name, fields.remove(name).as_ref())
}

pub(crate) fn take_status(fields: &mut Fields) -> Result<u16, ErrorKind> {
    let value = fields.remove("status");
    let status = value
        .as_ref()
        .and_then(Value::as_u64)
        .and_then(|n| u16::try_from(n).ok());
    status.ok_or_else(|| wrong("status", "an integer from 0 to 65535", value.as_ref()))
}

pub(crate) fn take_bool(fields: &mut Fields, name: &'static str) -> Result<bool, ErrorKind> {
    match fields.remove(name) {
        Some(Value::Bool(flag)) => Ok(flag),
        value => Err(wrong(name, "true or false", value.as_ref())),
    }
}

pub(crate) fn take_text(fields: &mut Fields, name: &'static str) -> Result<String, ErrorKind> {
    match fields.remove(name) {
        Some(Value::String(text)) => Ok(text),
        value => Err(wrong(name, TEXT, value.as_ref())),
    }
}

/// A string that may be absent or null.
pub(crate) fn take_text_if_any(
    fields: &mut Fields,
    name: &'static str,
) -> Result<Option<String>, ErrorKind> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        value => Err(wrong(name, "a string or nothing", value.as_ref())),
    }
}

/// An array of strings; absent means empty.
pub(crate) fn take_texts(
    fields: &mut Fields,
    name: &'static str,
) -> Result<Vec<String>, ErrorKind> {
    let items = match fields.remove(name) {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        value => return Err(wrong(name, TEXTS, value.as_ref())),
    };
    let text = |item| match item {
        Value::String(text) => Ok(text),
        item => Err(wrong(name, TEXTS, Some(&item))),
    };
    items.into_iter().map(text).collect()
}

/// Headers; absent means none.
pub(crate) fn take_headers(fields: &mut Fields) -> Result<Vec<(String, String)>, ErrorKind> {
    let items = match fields.remove("headers") {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        value => return Err(wrong("headers", HEADERS, value.as_ref())),
    };
    let mut headers = Vec::with_capacity(items.len());
    for item in items {
        match item.as_array().map(Vec::as_slice) {
            Some([Value::String(name), Value::String(value)]) => {
                headers.push((name.clone(), value.clone()));
            }
            _ => return Err(wrong("headers", HEADERS, Some(&item))),
        }
    }
    Ok(headers)
}

pub(crate) fn take_source_kind(fields: &mut Fields) -> Result<SourceKind, ErrorKind> {
    let value = fields.remove("kind");
    let name = value.as_ref().and_then(Value::as_str);
    let kind = SourceKind::ALL
        .into_iter()
        .find(|kind| Some(kind.name()) == name);
    kind.ok_or_else(|| wrong("kind", SOURCE_KINDS, value.as_ref()))
}

pub(crate) fn take_end_kind(fields: &mut Fields) -> Result<EndKind, ErrorKind> {
    let value = fields.remove("kind");
    let name = value.as_ref().and_then(Value::as_str);
    let kind = EndKind::ALL
        .into_iter()
        .find(|kind| Some(kind.name()) == name);
    kind.ok_or_else(|| wrong("kind", END_KINDS, value.as_ref()))
}

pub(crate) fn base64(value: &Value) -> Result<Vec<u8>, ErrorKind> {
    let Value::String(text) = value else {
        return Err(wrong("base64", TEXT, Some(value)));
    };
    STANDARD.decode(text).map_err(|error| ErrorKind::Base64 {
        name: "base64",
        why: error.to_string(),
    })
}

/// The one field of an object with one field.
pub(crate) fn only(fields: Fields) -> Option<(String, Value)> {
    let mut fields = fields.into_iter();
    let first = fields.next();
    if fields.next().is_some() { None } else { first }
}
