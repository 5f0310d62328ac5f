//! Secrets of a request's head: which headers and query keys hold them.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Redactor, Replaced};

/// Parts of names of headers that authorise, or tell who pays.
const HEADER_PARTS: [&str; 11] = [
    "api-key",
    "apikey",
    "authorization",
    "auth-token",
    "cookie",
    "credential",
    "organization",
    "password",
    "project",
    "secret",
    "security-token",
];

/// Keys of a query that authorise.
const QUERY_KEYS: [&str; 22] = [
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "auth",
    "auth_token",
    "authorization",
    "client_secret",
    "code",
    "id_token",
    "key",
    "password",
    "passwd",
    "pwd",
    "refresh_token",
    "secret",
    "sig",
    "signature",
    "subscription-key",
    "token",
    "x-api-key",
    "x-goog-api-key",
];

/// A request's header of this name, in lower case, holds a secret.
#[must_use]
pub fn is_secret_header(name: &str) -> bool {
    HEADER_PARTS.iter().any(|part| name.contains(part)) || name.ends_with("-token")
}

/// A query's key of this name holds a secret; in any case of letters, also percent-encoded.
#[must_use]
pub fn is_secret_key(name: &str) -> bool {
    let name = String::from_utf8_lossy(&decoded(name.as_bytes())).to_ascii_lowercase();
    QUERY_KEYS.contains(&name.as_str()) || name.starts_with("x-amz-")
}

/// The secrets in the value of a header that holds some: what stands behind a scheme such as
/// `Bearer`, values of cookies and parameters, the password of `Basic`. Each also as JSON writes it.
pub fn header_secrets(value: &[u8], out: &mut Vec<Vec<u8>>) {
    let parts: Vec<&[u8]> = value
        .split(|byte| matches!(byte, b' ' | b';' | b','))
        .filter(|part| !part.is_empty())
        .collect();
    // The first of several is the scheme.
    let scheme = usize::from(parts.len() > 1 && !parts.iter().any(|part| named(part).is_some()));
    for part in parts.iter().skip(scheme) {
        let secret = named(part).unwrap_or(part);
        if let Ok(pair) = STANDARD.decode(secret) {
            if let Some(colon) = pair.iter().position(|byte| *byte == b':') {
                push(pair.get(colon + 1..).unwrap_or_default(), out);
            }
        }
        push(secret, out);
    }
}

/// The value of `name=value`; `None` where the sign only fills up base64.
fn named(part: &[u8]) -> Option<&[u8]> {
    let at = part.iter().position(|byte| *byte == b'=')?;
    let value = part.get(at + 1..)?;
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let value = value.strip_suffix(b"\"").unwrap_or(value);
    let filled = value.iter().all(|byte| *byte == b'=');
    (!filled).then_some(value)
}

/// The secrets in a query: values of [keys that hold some](is_secret_key), as they stand and decoded.
pub fn query_secrets(query: &str, out: &mut Vec<Vec<u8>>) {
    for pair in query.split('&') {
        if let Some((key, value)) = pair.split_once('=') {
            if is_secret_key(key) {
                push(value.as_bytes(), out);
                push(&decoded(value.as_bytes()), out);
            }
        }
    }
}

/// A request's target without secrets, and where they were.
#[must_use]
pub fn path(target: &str, literals: &[Vec<u8>]) -> (String, Vec<Replaced>) {
    let mut masked = String::with_capacity(target.len());
    let mut places = Vec::new();
    let mut in_query = false;
    for part in target.split_inclusive(['?', '&']) {
        let (pair, end) = match part.strip_suffix(['?', '&']) {
            Some(pair) => (pair, part.get(pair.len()..).unwrap_or_default()),
            None => (part, ""),
        };
        match pair
            .split_once('=')
            .filter(|(key, _)| in_query && is_secret_key(key))
        {
            Some((key, value)) if !value.is_empty() => {
                masked.push_str(key);
                masked.push('=');
                places.push(Replaced {
                    offset: masked.len() as u64,
                    length: value.len() as u64,
                    kind: "query",
                });
                masked.extend(core::iter::repeat_n('*', value.len()));
            }
            _ => masked.push_str(pair),
        }
        masked.push_str(end);
        in_query |= end == "?";
    }
    let mut redactor = Redactor::new(literals);
    let clean = redactor.text(&masked);
    places.extend_from_slice(redactor.replaced());
    places.sort_unstable();
    (clean, places)
}

/// Takes a secret, also as JSON may write it.
fn push(secret: &[u8], out: &mut Vec<Vec<u8>>) {
    if secret.is_empty() {
        return;
    }
    out.push(secret.into());
    for slash in [&b"/"[..], b"\\/"] {
        let mut escaped = Vec::with_capacity(secret.len());
        for byte in secret {
            match byte {
                b'"' | b'\\' => escaped.extend_from_slice(&[b'\\', *byte]),
                b'/' => escaped.extend_from_slice(slash),
                _ => escaped.push(*byte),
            }
        }
        if escaped != secret {
            out.push(escaped);
        }
    }
}

/// With `%2F` as `/`, and `+` as a space.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|hex| core::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = more.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(if *first == b'+' { b' ' } else { *first });
                rest = more;
            }
        }
    }
    out
}
