//! What a file holds, by its content.

use serde_json::Value;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A tape, for [`parse`](crate::parse()).
    Tape,
    /// A bare body of server-sent events, for [`crate::Tape::from_body`].
    Sse,
    /// A bare body of JSON values, one a line or in one array, for [`crate::Tape::from_body`].
    Lines,
    /// A bare body of AWS event-stream messages, for [`crate::Tape::from_body`].
    EventStream,
    /// Nothing but white space.
    Empty,
    /// Something else.
    Unknown,
}

/// Tells what a file holds from its first line, not from its name. A byte order mark and blank
/// lines before it are passed over.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Kind {
    if is_event_stream(bytes) {
        return Kind::EventStream;
    }
    let text = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    let Some(line) = text.split(|byte| matches!(byte, b'\n' | b'\r')).next() else {
        return Kind::Empty;
    };
    if line.is_empty() {
        return Kind::Empty;
    }
    // A tape that was cut in its first line is a tape still: parse says what is wrong with it.
    if line.starts_with(b"{\"wiretape\"") {
        return Kind::Tape;
    }
    if is_sse(line) {
        return Kind::Sse;
    }
    // An array over many lines.
    if text.starts_with(b"[")
        && text
            .get(1..)
            .is_some_and(|text| text.trim_ascii_start().starts_with(b"{"))
    {
        return Kind::Lines;
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(fields)) if fields.contains_key("wiretape") => Kind::Tape,
        Ok(Value::Object(_) | Value::Array(_)) => Kind::Lines,
        _ => Kind::Unknown,
    }
}

/// A comment, or a field that the standard names.
fn is_sse(line: &[u8]) -> bool {
    let name = line.split(|&byte| byte == b':').next().unwrap_or(line);
    matches!(name, b"" | b"data" | b"event" | b"id" | b"retry")
}

/// The lengths of a message, of its headers, and a header's name that begins with a colon. No text
/// begins with NUL.
fn is_event_stream(bytes: &[u8]) -> bool {
    let word = |at: usize| {
        let word = bytes.get(at..)?.first_chunk()?;
        Some(u32::from_be_bytes(*word))
    };
    let (Some(total), Some(headers)) = (word(0), word(4)) else {
        return false;
    };
    let fits = total < 1 << 25 && headers.saturating_add(16) <= total;
    fits && bytes.get(13) == Some(&b':')
}
