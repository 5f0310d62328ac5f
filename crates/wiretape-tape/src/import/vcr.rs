//! Cassettes of vcrpy and of Ruby's VCR.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::draft::{Answered, Asked, Builder, Draft};
use super::yaml::{Node, parse};
use super::{Error, Format, Imported};
use crate::Unknown;

/// Reads a cassette: of vcrpy, as <https://github.com/kevin1024/vcrpy/tree/master/vcr/serializers>
/// writes it (`interactions`, also as JSON, also the `content` and `status_code` of its older httpx
/// cassettes), or of Ruby's VCR, as its
/// [features](https://github.com/vcr/vcr/blob/master/features/configuration/preserve_exact_body_bytes.feature)
/// show it (`http_interactions`, with `encoding`, `string` or `base64_string`).
///
/// A body is text, or `!!binary`; both in one piece. Where a cassette holds a `parsed_body`, as some
/// serializers of users write it, there are no bytes to be had, and it is missing.
pub(super) fn read(text: &str) -> Result<Imported, Error> {
    let root = parse(text)?;
    let known = [Unknown::Boundaries, Unknown::Times, Unknown::End];
    let mut builder = Builder::new(Format::Vcr, &known);
    let names = ["interactions", "http_interactions"];
    let found = names
        .into_iter()
        .find_map(|name| Some((name, root.get(name)?)));
    let Some((name, list)) = found else {
        return Err(root.error("", "a mapping with interactions or http_interactions"));
    };
    let Some(items) = list.items() else {
        return Err(list.error(name, "a sequence"));
    };
    for (number, item) in items.iter().enumerate() {
        let path = format!("{name}[{number}]");
        let draft = draft(item, &path, &mut builder)?;
        builder.push(draft)?;
    }
    builder.finish("an interaction")
}

fn draft(item: &Node, path: &str, builder: &mut Builder) -> Result<Draft, Error> {
    let (request, path_to) = field(item, path, "request")?;
    let body = match request.get("body") {
        Some(body) => bytes(body, &format!("{path_to}.body"), builder)?,
        None => None,
    };
    let lost = request.get("body").is_some() || request.get("parsed_body").is_some();
    if body.is_none() && lost {
        builder.unknown(Unknown::Request);
        builder.note("a parsed_body holds no bytes: it is missing");
    }
    let mut draft = Draft {
        request: Some(Asked {
            method: text(request, &path_to, &["method"])?.into(),
            url: text(request, &path_to, &["uri", "url"])?.into(),
            headers: headers(request, &path_to)?,
            body: body.unwrap_or_default(),
        }),
        ..Draft::default()
    };
    let (response, path_to) = field(item, path, "response")?;
    draft.response = Some(Answered {
        after_ns: 0,
        status: status(response, &path_to)?,
        headers: headers(response, &path_to)?,
    });
    let (name, body) = match response.get("body") {
        Some(body) => ("body", Some(body)),
        None => ("content", response.get("content")),
    };
    let body = match body {
        Some(body) => bytes(body, &format!("{path_to}.{name}"), builder)?,
        None if response.get("parsed_body").is_some() => None,
        None => Some(Vec::new()),
    };
    let Some(body) = body else {
        builder.unknown(Unknown::Body);
        builder.note("a parsed_body holds no bytes: it is missing");
        return Ok(draft);
    };
    if draft.was_decoded_text(&body) {
        builder.is_inexact();
        builder.note("bodies were decompressed; headers that say they are compressed are left out");
    }
    draft.whole(body);
    Ok(draft)
}

fn field<'a>(node: &'a Node, path: &str, name: &str) -> Result<(&'a Node, String), Error> {
    let path = format!("{path}.{name}");
    match node.get(name) {
        Some(field) if field.fields().is_some() => Ok((field, path)),
        Some(field) => Err(field.error(&path, "a mapping")),
        None => Err(missing(node, &path, "a mapping")),
    }
}

/// An error at the mapping that lacks a field.
fn missing(node: &Node, path: &str, expected: &str) -> Error {
    let mut error = node.error(path, expected);
    error.found = "nothing".into();
    error
}

fn text<'a>(node: &'a Node, path: &str, names: &[&str]) -> Result<&'a str, Error> {
    let found = names.iter().find_map(|name| node.get(name));
    let path = format!("{path}.{}", names.first().copied().unwrap_or_default());
    match found {
        Some(found) => found.text().ok_or_else(|| found.error(&path, "a string")),
        None => Err(missing(node, &path, "a string")),
    }
}

fn status(response: &Node, path: &str) -> Result<u16, Error> {
    let expected = "a status code";
    let (found, path) = match response.get("status") {
        Some(status) if status.fields().is_some() => {
            let path = format!("{path}.status.code");
            match status.get("code") {
                Some(code) => (code, path),
                None => return Err(missing(status, &path, expected)),
            }
        }
        Some(status) => (status, format!("{path}.status")),
        None => match response.get("status_code") {
            Some(code) => (code, format!("{path}.status_code")),
            None => return Err(missing(response, &format!("{path}.status"), expected)),
        },
    };
    let code = found.text().and_then(|text| text.parse().ok());
    code.ok_or_else(|| found.error(&path, expected))
}

/// Headers: names with a value, or with a sequence of them.
fn headers(node: &Node, path: &str) -> Result<Vec<(String, String)>, Error> {
    let Some(headers) = node.get("headers") else {
        return Ok(Vec::new());
    };
    let path = format!("{path}.headers");
    let Some(fields) = headers.fields() else {
        return Err(headers.error(&path, "a mapping"));
    };
    let mut out = Vec::new();
    for (name, value) in fields {
        let name = name.text().ok_or_else(|| name.error(&path, "a name"))?;
        let path = format!("{path}.{name}");
        let one = |value: &Node| match value.text() {
            Some(text) => Ok(text.to_string()),
            None => {
                let bytes = decoded(value, &path, "a string")?;
                Ok(super::head::latin(&bytes))
            }
        };
        match value.items() {
            Some(items) => {
                for item in items {
                    out.push((name.into(), one(item)?));
                }
            }
            None => out.push((name.into(), one(value)?)),
        }
    }
    Ok(out)
}

/// A body's bytes; `None` where it has none.
fn bytes(body: &Node, path: &str, builder: &mut Builder) -> Result<Option<Vec<u8>>, Error> {
    if body.fields().is_none() {
        return scalar(body, path).map(Some);
    }
    if let Some(coded) = body.get("base64_string") {
        let path = format!("{path}.base64_string");
        let Some(text) = coded.text().or_else(|| coded.binary()) else {
            return Err(coded.error(&path, "base64"));
        };
        return base64(coded, text, &path).map(Some);
    }
    if let Some(text) = body.get("string") {
        if let Some(encoding) = body.get("encoding").and_then(Node::text) {
            if !matches!(
                encoding,
                "UTF-8" | "US-ASCII" | "ASCII-8BIT" | "BINARY" | ""
            ) {
                builder.is_inexact();
                builder.note(&format!("a body was in {encoding}, and is in UTF-8 now"));
            }
        }
        return scalar(text, &format!("{path}.string")).map(Some);
    }
    if body.get("parsed_body").is_some() {
        return Ok(None);
    }
    Ok(Some(Vec::new()))
}

fn scalar(node: &Node, path: &str) -> Result<Vec<u8>, Error> {
    match node.text() {
        Some(text) => Ok(text.as_bytes().to_vec()),
        None => decoded(node, path, "text or !!binary"),
    }
}

fn decoded(node: &Node, path: &str, expected: &str) -> Result<Vec<u8>, Error> {
    match node.binary() {
        Some(text) => base64(node, text, path),
        None => Err(node.error(path, expected)),
    }
}

/// Base64 over several lines.
fn base64(node: &Node, text: &str, path: &str) -> Result<Vec<u8>, Error> {
    let packed: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD.decode(packed).map_err(|error| {
        let mut wrong = node.error(path, "base64");
        wrong.found = error.to_string();
        wrong
    })
}
