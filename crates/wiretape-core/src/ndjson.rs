//! Newline-delimited JSON: one frame a line, the same shape as [`crate::sse`].
//!
//! A line ends in LF or CR LF; blank lines are skipped; a last line without its end is a frame if
//! it is one whole JSON value, since the format does not ask for the last LF.

use alloc::vec::Vec;

use memchr::memchr;

use crate::sse::utf8;
use crate::{Error, ErrorKind, Frame, Limits, json};

/// Bytes in, one frame a line out.
#[derive(Clone, Debug)]
pub struct Decoder {
    frame_bytes_max: usize,
    at: u64,
    held: Vec<u8>,
    spent: bool,
    failed: Option<Error>,
}

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            frame_bytes_max: limits.frame_bytes_max,
            at: 0,
            held: Vec::new(),
            spent: false,
            failed: None,
        }
    }

    /// The next frame, or `None` when all of `input` is consumed and more bytes are wanted.
    ///
    /// # Errors
    /// At the first byte of a line that is too long or is not UTF-8. The error is final.
    pub fn decode<'a, 'b: 'a>(
        &'a mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Frame<'a>>, Error> {
        if self.spent {
            self.held.clear();
            self.spent = false;
        }
        loop {
            if let Some(error) = self.failed {
                *input = &[];
                return Err(error);
            }
            let chunk: &'b [u8] = input;
            let found = memchr(b'\n', chunk);
            let taken = found.map_or(chunk.len(), |end| end + 1);
            let at = self.at - self.held.len() as u64;
            if self.held.len() + taken > self.frame_bytes_max {
                *input = &[];
                return Err(self.fail(
                    at,
                    ErrorKind::FrameTooLarge {
                        limit: self.frame_bytes_max,
                    },
                ));
            }
            let (line, rest) = chunk.split_at_checked(taken).unwrap_or((chunk, &[]));
            *input = rest;
            self.at += taken as u64;
            if found.is_none() {
                self.held.extend_from_slice(line);
                return Ok(None);
            }
            if blank(line) && blank(&self.held) {
                self.held.clear();
                continue;
            }
            self.spent = true;
            let whole = if self.held.is_empty() {
                line
            } else {
                self.held.extend_from_slice(line);
                &self.held
            };
            return match utf8(whole) {
                Some(text) => Ok(Some(frame(at, text))),
                None => {
                    let error = Error {
                        at,
                        kind: ErrorKind::IllFormedUtf8,
                    };
                    self.failed = Some(error);
                    Err(error)
                }
            };
        }
    }

    /// The body has ended.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when what is left is not one whole JSON value. The error is final.
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.spent || blank(&self.held) {
            return Ok(None);
        }
        let at = self.at - self.held.len() as u64;
        let whole = |held| {
            let text = core::str::from_utf8(held).ok()?;
            json::Raw::parse(text).ok()
        };
        if whole(&self.held).is_none() {
            return Err(self.fail(at, ErrorKind::Truncated));
        }
        self.spent = true;
        let text = core::str::from_utf8(&self.held).unwrap_or_default();
        Ok(Some(frame(at, text)))
    }

    #[cold]
    fn fail(&mut self, at: u64, kind: ErrorKind) -> Error {
        let error = Error { at, kind };
        self.failed = Some(error);
        error
    }
}

impl PartialEq for Decoder {
    /// The same state: what follows will be read the same.
    fn eq(&self, other: &Self) -> bool {
        if self.failed.is_some() || other.failed.is_some() {
            return self.failed == other.failed;
        }
        let unfinished = |decoder: &Self| !decoder.spent && !decoder.held.is_empty();
        self.at == other.at
            && unfinished(self) == unfinished(other)
            && (!unfinished(self) || self.held == other.held)
    }
}

fn frame(at: u64, line: &str) -> Frame<'_> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    Frame {
        at,
        data: Some(line.strip_suffix('\r').unwrap_or(line)),
        ..Frame::default()
    }
}

fn blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}
