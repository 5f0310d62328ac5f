//! What is wrong with a request or a message, and where.

use alloc::string::String;
use core::fmt;

/// A request or a message that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationError {
    /// Offset, in bytes from the start of the text that was given, of what does not fit.
    pub at: usize,
    /// Which message it stands in, counted from 0, where it stands in one.
    pub message: Option<usize>,
    /// What was expected there.
    pub expected: &'static str,
    /// What was found, shortened; empty where the text ended.
    pub found: String,
}

impl ConversationError {
    /// An error at `at` in `text`.
    pub(super) fn new(text: &str, at: usize, expected: &'static str) -> Self {
        let rest = text.get(at..).unwrap_or_default();
        Self {
            at,
            message: None,
            expected,
            found: rest.chars().take(FOUND_CHARS_MAX).collect(),
        }
    }
}

/// Characters of what was found that an error shows.
const FOUND_CHARS_MAX: usize = 24;

impl fmt::Display for ConversationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}", self.at)?;
        if let Some(message) = self.message {
            write!(f, ", in message {message}")?;
        }
        write!(f, ": expected {}", self.expected)?;
        if self.found.is_empty() {
            f.write_str(", found the end")
        } else {
            write!(f, ", found `{}`", self.found.escape_debug())
        }
    }
}

impl core::error::Error for ConversationError {}
