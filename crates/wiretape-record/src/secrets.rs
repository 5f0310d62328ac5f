//! Secrets of a request: what it is authorised by, found in its head, so that it can be replaced
//! wherever it stands.

use hyper::Uri;
use hyper::header::HeaderMap;
use serde_json::{Value, json};
use wiretape_tape::redact::{self, Redactor};

/// The literal secrets of a request's head: values of headers and query keys that authorise.
pub(crate) fn literals(headers: &HeaderMap, target: &Uri) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for (name, value) in headers {
        if redact::is_secret_header(name.as_str()) {
            redact::header_secrets(value.as_bytes(), &mut found);
        }
    }
    if let Some(query) = target.query() {
        redact::query_secrets(query, &mut found);
    }
    found
}

/// Headers without secrets in their values, and where they were: `[[name, offset, length, kind], …]`.
pub(crate) fn headers(
    headers: Vec<(String, String)>,
    literals: &[Vec<u8>],
) -> (Vec<(String, String)>, Vec<Value>) {
    let mut replaced = Vec::new();
    let mut out = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let mut redactor = Redactor::new(literals);
        let clean = redactor.text(&value);
        for one in redactor.replaced() {
            replaced.push(json!([name, one.offset, one.length, one.kind]));
        }
        out.push((name, clean));
    }
    (out, replaced)
}
