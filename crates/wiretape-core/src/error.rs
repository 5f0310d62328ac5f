//! What is wrong with a stream, and where.

use core::fmt;

/// A stream that cannot be read, with the position it cannot be read at.
///
/// The position does not depend on how the bytes were cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Offset, in bytes from the start of the body, of the first byte of the frame at fault.
    pub at: u64,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// What is wrong with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A frame is longer than the limit (F-70, F-72).
    FrameTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A frame is not UTF-8, and the options ask for an error instead of U+FFFD (F-03).
    IllFormedUtf8,
    /// The stream ended inside a frame, whatever ends one: a blank line, a line feed, a bracket, a
    /// message's length; or before the bracket that closes an array of frames (F-31).
    Truncated,
    /// The lengths at the start of a message do not match their checksum (F-45).
    PreludeCrc,
    /// A message does not match its checksum (F-45).
    MessageCrc,
    /// The lengths at the start of a message are impossible (F-45).
    BadLength,
    /// A message's headers cannot be read (F-45).
    BadHeader,
    /// A payload is not one JSON value (F-17b, F-42).
    NotJson {
        /// Offset in the payload of the first byte that does not fit.
        offset: usize,
    },
    /// A payload nests deeper than [`crate::json::DEPTH_MAX`] (F-73).
    TooDeep,
    /// A payload is JSON, but not an object.
    NotAnObject,
    /// A reply opens more blocks than the limit (F-73).
    TooManyBlocks {
        /// The limit.
        limit: usize,
    },
    /// A reply's text and arguments are longer than the limit.
    MessageTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// An event the protocol does not permit here (F-35, F-36).
    Protocol(&'static str),
}

impl ErrorKind {
    /// A stable name, in `snake_case`, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FrameTooLarge { .. } => "frame_too_large",
            Self::IllFormedUtf8 => "ill_formed_utf8",
            Self::Truncated => "truncated",
            Self::PreludeCrc => "prelude_crc",
            Self::MessageCrc => "message_crc",
            Self::BadLength => "bad_length",
            Self::BadHeader => "bad_header",
            Self::NotJson { .. } => "not_json",
            Self::TooDeep => "too_deep",
            Self::NotAnObject => "not_an_object",
            Self::TooManyBlocks { .. } => "too_many_blocks",
            Self::MessageTooLarge { .. } => "message_too_large",
            Self::Protocol(_) => "protocol_violation",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FrameTooLarge { limit } => {
                write!(f, "frame is longer than the limit of {limit} bytes")
            }
            Self::IllFormedUtf8 => f.write_str("frame is not UTF-8"),
            Self::Truncated => f.write_str(
                "stream ended inside a frame, or before the bracket of its array, expected the end",
            ),
            Self::PreludeCrc => f.write_str("message's lengths do not match their checksum"),
            Self::MessageCrc => f.write_str("message does not match its checksum"),
            Self::BadLength => f.write_str("message's lengths are impossible"),
            Self::BadHeader => f.write_str("message's headers cannot be read"),
            Self::NotJson { offset } => {
                write!(f, "payload is not JSON at its byte {offset}")
            }
            Self::TooDeep => write!(
                f,
                "payload nests deeper than {} levels",
                crate::json::DEPTH_MAX
            ),
            Self::NotAnObject => f.write_str("payload is not a JSON object"),
            Self::TooManyBlocks { limit } => {
                write!(f, "reply opens more than {limit} blocks")
            }
            Self::MessageTooLarge { limit } => {
                write!(f, "reply is longer than the limit of {limit} bytes")
            }
            Self::Protocol(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.at, self.kind)
    }
}

impl core::error::Error for Error {}
