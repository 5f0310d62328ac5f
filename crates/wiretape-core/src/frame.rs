//! One unit of the framing, whatever the framing is.

use alloc::string::String;
use alloc::vec::Vec;

/// One block of an event stream, one line of NDJSON, or one message of an AWS event stream, borrowed
/// where it lies in one chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frame<'a> {
    /// Offset, in bytes from the start of the body, of the frame's first byte.
    pub at: u64,
    /// The event's name as sent; `None` where no name was sent.
    pub event: Option<&'a str>,
    /// The payload. `None` where there is nothing to dispatch: a comment, a lone `id:`,
    /// an `event:` without data (F-15, F-16).
    pub data: Option<&'a str>,
    /// What few frames have.
    pub meta: Option<&'a Meta>,
}

/// The parts of a frame that few frames have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The `id` field; one that contains NUL is ignored, as the standard says.
    pub id: Option<String>,
    /// The `retry` field in milliseconds, where it is digits only.
    pub retry: Option<u64>,
    /// The comments of the frame, joined by LF, without the leading colon.
    pub comment: Option<String>,
    /// Fields that are not in the standard, where the options ask for them; the first 256.
    pub unknown: Vec<(String, String)>,
    /// The frame lacked its blank line and was read at the end of the stream all the same (F-31).
    pub recovered: bool,
    /// Ill-formed UTF-8 was replaced by U+FFFD.
    pub replaced: bool,
    /// The framing itself says that this is an error: an exception in an AWS event stream (F-45).
    pub failed: bool,
}

impl Frame<'_> {
    /// The `id` field.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.meta.and_then(|meta| meta.id.as_deref())
    }

    /// The `retry` field, in milliseconds.
    #[must_use]
    pub fn retry(&self) -> Option<u64> {
        self.meta.and_then(|meta| meta.retry)
    }

    /// The comments, joined by LF.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        self.meta.and_then(|meta| meta.comment.as_deref())
    }

    /// The framing itself says that this is an error: an exception in an AWS event stream (F-45).
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.meta.is_some_and(|meta| meta.failed)
    }

    /// Fields that are not in the standard.
    #[must_use]
    pub fn unknown(&self) -> &[(String, String)] {
        self.meta.map_or(&[], |meta| meta.unknown.as_slice())
    }
}

/// What a decoder holds at most. There is no value that means "no limit".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one frame, its line ends included (F-70: images and signatures exceed 8 MiB).
    pub frame_bytes_max: usize,
    /// Blocks of one reply: texts, calls, results (F-73).
    pub blocks_max: usize,
    /// Bytes of text and arguments of one reply.
    pub message_bytes_max: usize,
}

impl Default for Limits {
    /// 32 MiB a frame, 4,096 blocks, 256 MiB a reply.
    fn default() -> Self {
        Self {
            frame_bytes_max: 32 << 20,
            blocks_max: 4096,
            message_bytes_max: 256 << 20,
        }
    }
}
