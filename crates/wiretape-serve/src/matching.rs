//! When a request is the recorded one: the parts of a request that are compared, and how.

use serde_json::Value;
use sha2::{Digest, Sha256};
use wiretape_tape::redact::is_secret_key;
use wiretape_tape::{Body, Request};

use crate::diff::{Difference, canonical, diff, remove};

/// Leading segments of a path that belong to a client's base URL rather than to what it asks.
const BASE_SEGMENTS: [&str; 8] = [
    "v1",
    "v1beta",
    "v1alpha",
    "v2",
    "openai",
    "anthropic",
    "api",
    "compatible-mode",
];

/// A body's digest in its canonical form.
pub(crate) type Key = [u8; 32];

/// What is compared of a request, recorded or live.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) streams: bool,
    /// The body as JSON, without what is ignored.
    json: Option<Value>,
    /// The same as text; any other body's digest.
    pub(crate) key: Key,
}

impl Asked {
    /// `ignore`: JSON pointers to parts of the body that are not compared.
    pub(crate) fn new(method: &str, path: &str, body: &[u8], ignore: &[String]) -> Self {
        let mut json: Option<Value> = serde_json::from_slice(body).ok();
        let streams = streams(path, json.as_ref());
        if let Some(json) = &mut json {
            for pointer in ignore {
                remove(json, pointer);
            }
        }
        let key = match &json {
            Some(json) => Sha256::digest(canonical(json)),
            None => Sha256::digest(body),
        };
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            streams,
            json,
            key: key.into(),
        }
    }

    pub(crate) fn recorded(request: &Request, ignore: &[String]) -> Self {
        let body = match &request.body {
            Body::Empty => &[][..],
            Body::Json(text) | Body::Text(text) => text.as_bytes(),
            Body::Bytes(bytes) => bytes,
        };
        Self::new(&request.method, &request.path, body, ignore)
    }

    /// `POST /v1/messages, streamed`
    pub(crate) fn name(&self) -> String {
        let how = if self.streams {
            "streamed"
        } else {
            "not streamed"
        };
        format!(
            "{} {}, {how}",
            self.method,
            crate::report::without_keys(&self.path)
        )
    }

    /// Method, path and streaming of a live request are the recorded ones. A `HEAD` is a `GET`
    /// whose body is left out.
    pub(crate) fn agrees(&self, live: &Self) -> bool {
        self.same_method(live)
            && paths_agree(&self.path, &live.path)
            && self.streams == live.streams
    }

    /// The same to the letter, but for the keys of a query, which no tape has.
    pub(crate) fn equals(&self, live: &Self) -> bool {
        self.same_method(live) && pairs(&self.path).eq(pairs(&live.path)) && self.key == live.key
    }

    /// How much of a live request is the recorded one: the higher the more.
    pub(crate) fn likeness(&self, live: &Self) -> (bool, bool, bool) {
        let path = paths_agree(&self.path, &live.path);
        (path, self.same_method(live), self.streams == live.streams)
    }

    /// Where the bodies differ.
    pub(crate) fn diff(&self, live: &Self) -> Vec<Difference> {
        match (&self.json, &live.json) {
            (Some(recorded), Some(live)) => diff(recorded, live),
            _ if self.key == live.key => Vec::new(),
            (recorded, live) => vec![Difference {
                pointer: String::new(),
                expected: Some(kind(recorded)),
                found: Some(kind(live)),
            }],
        }
    }

    fn same_method(&self, live: &Self) -> bool {
        self.method == live.method || (self.method == "GET" && live.method == "HEAD")
    }
}

fn kind(json: &Option<Value>) -> Value {
    Value::from(if json.is_some() { "JSON" } else { "no JSON" })
}

/// The body or the path asks for a stream. `Accept` does not say: most clients send
/// `application/json` or `*/*` for streams too.
fn streams(path: &str, body: Option<&Value>) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let asked = body
        .and_then(|body| body.get("stream"))
        .and_then(Value::as_bool);
    asked.unwrap_or_else(|| {
        path.ends_with(":streamGenerateContent")
            || path.ends_with("/converse-stream")
            || path.ends_with("/invoke-with-response-stream")
    })
}

/// A path's parts, each with its value unless that is secret.
fn pairs(path: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    path.split(['?', '&'])
        .map(|part| match part.split_once('=') {
            Some((name, _)) if is_secret_key(name) => (name, None),
            Some((name, value)) => (name, Some(value)),
            None => (part, None),
        })
}

/// Equal but for the query, for what a client's base URL puts in front, and for the model where the path
/// names it: elsewhere it stands in the body, which is not compared here.
pub(crate) fn paths_agree(recorded: &str, live: &str) -> bool {
    route(recorded) == route(live)
}

fn route(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    let (front, last) = path.rsplit_once('/').unwrap_or(("", path));
    // Gemini: `/v1beta/models/MODEL:streamGenerateContent`; on Vertex, more in front.
    if let (true, Some((_, verb))) = (front.ends_with("/models"), last.split_once(':')) {
        return verb;
    }
    // Bedrock: `/model/MODEL/converse-stream`.
    let of_model = front.rsplit_once('/').map(|(front, _)| front);
    if of_model.is_some_and(|front| front.ends_with("/model")) {
        return last;
    }
    bare(path)
}

fn bare(mut path: &str) -> &str {
    while let Some(rest) = path.strip_prefix('/') {
        match rest.split_once('/') {
            Some((first, behind)) if BASE_SEGMENTS.contains(&first) => {
                path = path
                    .get(path.len() - behind.len() - 1..)
                    .unwrap_or_default();
            }
            _ => break,
        }
    }
    path
}
