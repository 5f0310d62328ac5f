//! The head of an HTTP response, as text.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// A status line and headers.
pub(super) struct Head {
    /// `HTTP/1.1`, `HTTP/2`, …
    pub(super) version: String,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
}

/// The bytes up to the blank line that ends a head, and those after it. Lines end in LF or CRLF.
pub(super) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return bytes.split_at_checked(at);
        }
    }
    None
}

/// A line of a head, counted from 0, that is none.
pub(super) struct Bad {
    pub(super) line: u64,
    pub(super) expected: &'static str,
    pub(super) found: String,
}

pub(super) fn response(head: &[u8]) -> Result<Head, Bad> {
    let text = latin(head);
    let mut lines = (0..).zip(text.lines());
    let first = lines.next().map_or("", |(_, line)| line);
    let mut words = first.split(' ');
    let version = words.next().filter(|word| word.starts_with("HTTP/"));
    let status = words.next().and_then(|word| word.parse().ok());
    let (Some(version), Some(status)) = (version, status) else {
        return Err(Bad {
            line: 0,
            expected: "a status line such as HTTP/1.1 200 OK",
            found: super::error::short(first),
        });
    };
    Ok(Head {
        version: version.to_owned(),
        status,
        headers: fields(lines)?,
    })
}

/// The headers of the lines, up to the blank one.
pub(super) fn fields<'a>(
    lines: impl Iterator<Item = (u64, &'a str)>,
) -> Result<Vec<(String, String)>, Bad> {
    let mut headers = Vec::new();
    for (line, text) in lines {
        if text.is_empty() {
            break;
        }
        // HTTP/2 has names that begin with a colon.
        let split = text.get(1..).and_then(|rest| rest.split_once(':'));
        let Some((name, value)) = split else {
            return Err(Bad {
                line,
                expected: "a header such as content-type: text/event-stream",
                found: super::error::short(text),
            });
        };
        let name = text.get(..=name.len()).unwrap_or_default();
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(headers)
}

/// Bytes as text; those that are not UTF-8 as the characters of Latin-1.
pub(super) fn latin(bytes: &[u8]) -> String {
    match core::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
