//! Which format a recording is in.

use alloc::collections::BTreeMap;
use alloc::string::String;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Format, trace};

/// So many lines are looked at for what a cassette begins with.
const LINES_MAX: usize = 64;

impl Format {
    /// Tells the format from the content, not from a file's name.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = text.trim_ascii_start();
        if text.starts_with(b"HTTP/") {
            return Some(Self::Curl);
        }
        let mut lines = text.split(|byte| *byte == b'\n');
        let first = lines.next().unwrap_or_default();
        if trace::begins(first) {
            return Some(Self::CurlTrace);
        }
        if text.starts_with(b"{") {
            return json(text, first.trim_ascii());
        }
        let cassette = |line: &[u8]| {
            line.starts_with(b"interactions:") || line.starts_with(b"http_interactions:")
        };
        (cassette(first) || lines.take(LINES_MAX).any(cassette)).then_some(Self::Vcr)
    }
}

fn json(text: &[u8], first: &[u8]) -> Option<Format> {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(first) {
        let schema = fields.get("schema").and_then(Value::as_str);
        if schema == Some("mock-openai-api.capture") {
            return Some(Format::Llmcap);
        }
    }
    type Fields = BTreeMap<String, IgnoredAny>;
    let whole = serde_json::from_slice::<Fields>(text);
    let has = |name: &str| whole.as_ref().is_ok_and(|fields| fields.contains_key(name));
    if has("log") {
        Some(Format::Har)
    } else if has("fixtures") {
        Some(Format::Aimock)
    } else if has("interactions") || has("http_interactions") {
        Some(Format::Vcr)
    } else {
        // Several payloads, or one.
        serde_json::from_slice::<Fields>(first)
            .is_ok()
            .then_some(Format::Chunks)
    }
}
