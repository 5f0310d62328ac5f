//! What is wrong with a recording, and where.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// A recording that cannot be read: where, what was expected there, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Error {
    /// The line at fault, counted from 1, where the format has lines to count.
    pub line: Option<u64>,
    /// The field at fault, as in `log.entries[2].response.status`; empty where it is no field.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Error {
    pub(super) fn at(line: u64, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            path: String::new(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(super) fn field(
        path: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            line: None,
            path: path.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(super) const fn in_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl core::error::Error for Error {}

/// A recording as text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    core::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let feeds = good.iter().filter(|byte| **byte == b'\n').count();
        let found = format!("byte {}, which is not", error.valid_up_to());
        Error::at(feeds as u64 + 1, "UTF-8", found)
    })
}

/// The start of a text, short enough for a message.
pub(super) fn short(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(60).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("{start:?}{more}")
}
