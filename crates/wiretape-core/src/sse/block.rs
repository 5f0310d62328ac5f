//! Where a block ends, and what its lines say.

use alloc::borrow::Cow;
use alloc::string::String;

use memchr::{memchr, memchr2};

use super::Options;
use crate::frame::Meta;
use crate::{ErrorKind, Frame, Warnings, json};

/// How far the search for a block's end has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The last byte ended a line of this block.
    line_start: bool,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// The last block ended in a CR: an LF that follows belongs to it.
    pub(super) skip_lf: bool,
}

impl Scan {
    /// How many bytes belong to the block, the first byte of its blank line's end included.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let &next = bytes.get(at)?;
            if self.line_start {
                if self.after_cr && next == b'\n' {
                    self.after_cr = false;
                    at += 1;
                    continue;
                }
                if next == b'\n' || next == b'\r' {
                    *self = Self {
                        skip_lf: next == b'\r',
                        ..Self::default()
                    };
                    return Some(at + 1);
                }
                self.line_start = false;
            }
            let rest = bytes.get(at..)?;
            let end = line_end(rest)?;
            self.after_cr = rest.get(end) == Some(&b'\r');
            self.line_start = true;
            at += end + 1;
        }
    }
}

/// The first line end; short inputs are not worth a call into the vectorised search.
#[inline]
fn line_end(bytes: &[u8]) -> Option<usize> {
    if bytes.len() < 8 {
        return bytes.iter().position(|&b| b == b'\n' || b == b'\r');
    }
    memchr2(b'\n', b'\r', bytes)
}

/// A block of the one common shape: an optional `event: NAME`, one `data: `, LF line ends.
#[derive(Debug)]
pub(super) struct Simple<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) data: &'a [u8],
    /// Length of the whole block, its blank line included.
    pub(super) len: usize,
}

impl<'a> Simple<'a> {
    #[inline]
    pub(super) fn text(&self) -> Option<&'a str> {
        core::str::from_utf8(self.data).ok()
    }
}

/// Reads a block of the common shape at the start of `bytes`; anything else is `None`.
#[inline]
pub(super) fn simple(bytes: &[u8]) -> Option<Simple<'_>> {
    let (name, body) = match bytes.strip_prefix(b"event: ") {
        Some(rest) => {
            let end = line_end(rest)?;
            let (line, rest) = rest.split_at_checked(end)?;
            (Some(name(line)?), rest.strip_prefix(b"\n")?)
        }
        None => (None, bytes),
    };
    let body = body.strip_prefix(b"data: ")?;
    let end = memchr2(b'\n', b'\r', body)?;
    let (data, rest) = body.split_at_checked(end)?;
    let rest = rest.strip_prefix(b"\n\n")?;
    Some(Simple {
        name,
        data,
        len: bytes.len() - rest.len(),
    })
}

/// The names nearly every event has need no check that they are UTF-8.
#[inline]
fn name(line: &[u8]) -> Option<&str> {
    match line {
        b"content_block_delta" => Some("content_block_delta"),
        b"response.output_text.delta" => Some("response.output_text.delta"),
        _ => core::str::from_utf8(line).ok(),
    }
}

/// The lines of a block, without their ends.
fn lines(mut block: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        if block.is_empty() {
            return None;
        }
        let end = memchr2(b'\n', b'\r', block).unwrap_or(block.len());
        let (line, rest) = block.split_at_checked(end)?;
        block = rest
            .strip_prefix(b"\r\n")
            .or_else(|| rest.get(1..))
            .unwrap_or_default();
        Some(line)
    })
}

/// A line as field name and value. A comment has an empty name.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let Some((name, value)) = memchr(b':', line).and_then(|at| line.split_at_checked(at)) else {
        return (line, &[]);
    };
    let value = value.get(1..).unwrap_or_default();
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

/// The block has a payload, so that it would have been dispatched.
pub(super) fn has_data(block: &[u8]) -> bool {
    lines(block).any(|line| field(line).0 == b"data")
}

/// The payload of an unfinished block is complete by its own measure (F-31).
pub(super) fn is_whole(block: &[u8]) -> bool {
    let mut data = String::new();
    let mut some = false;
    for line in lines(block) {
        if let (b"data", value) = field(line) {
            if some {
                data.push('\n');
            }
            some = true;
            data.push_str(&String::from_utf8_lossy(value));
        }
    }
    some && (data.trim() == "[DONE]" || json::Raw::parse(&data).is_ok())
}

/// What a frame borrows when it cannot borrow from the block.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    event: String,
    data: String,
    meta: Meta,
}

impl Scratch {
    /// Reads the lines of one block, its blank line excluded.
    pub(super) fn read<'a>(
        &'a mut self,
        at: u64,
        block: &'a [u8],
        options: Options,
        warnings: &mut Warnings,
        recovered: bool,
    ) -> Result<Frame<'a>, ErrorKind> {
        let mut event: Option<&'a [u8]> = None;
        let mut data: Option<&'a [u8]> = None;
        let mut data_lines = 0_usize;
        let mut text = Text {
            options,
            replaced: false,
        };
        self.data.clear();
        self.meta = Meta {
            recovered,
            ..Meta::default()
        };
        for line in lines(block) {
            let (name, value) = field(line);
            match name {
                b"data" => {
                    data_lines += 1;
                    if let Some(first) = data {
                        if data_lines == 2 {
                            self.data.push_str(&text.of(first)?);
                        }
                        self.data.push('\n');
                        self.data.push_str(&text.of(value)?);
                    } else {
                        data = Some(value);
                    }
                }
                b"event" => event = Some(value),
                b"" => push_line(&mut self.meta.comment, &text.of(value)?),
                b"id" if memchr(0, value).is_none() => {
                    self.meta.id = Some(text.of(value)?.into_owned());
                }
                b"id" => warnings.count("F-17"),
                b"retry" => self.meta.retry = digits(value),
                _ if options.surface_unknown => {
                    warnings.count("F-40f");
                    let name = text.of(name)?.into_owned();
                    let value = text.of(value)?.into_owned();
                    self.meta.unknown.push((name, value));
                }
                _ => {}
            }
        }
        let event = match event {
            Some(bytes) => Some(text.borrow(bytes, &mut self.event)?),
            None => None,
        };
        let mut data = match data {
            Some(bytes) if data_lines == 1 => Some(text.borrow(bytes, &mut self.data)?),
            Some(_) => Some(self.data.as_str()),
            None => None,
        };
        if options.skip_colon_data {
            if let Some(comment) = data.and_then(|data| data.strip_prefix(':')) {
                warnings.count("F-15c");
                push_line(&mut self.meta.comment, comment);
                data = None;
            }
        }
        if text.replaced {
            warnings.count("F-03");
            self.meta.replaced = true;
        }
        Ok(Frame {
            at,
            event,
            data,
            meta: Some(&self.meta),
        })
    }
}

/// Bytes to text, as the options ask.
struct Text {
    options: Options,
    replaced: bool,
}

impl Text {
    fn of<'a>(&mut self, bytes: &'a [u8]) -> Result<Cow<'a, str>, ErrorKind> {
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, Cow::Owned(_)) {
            if self.options.reject_ill_formed {
                return Err(ErrorKind::IllFormedUtf8);
            }
            self.replaced = true;
        }
        Ok(text)
    }

    fn borrow<'a>(
        &mut self,
        bytes: &'a [u8],
        scratch: &'a mut String,
    ) -> Result<&'a str, ErrorKind> {
        match self.of(bytes)? {
            Cow::Borrowed(text) => Ok(text),
            Cow::Owned(text) => {
                *scratch = text;
                Ok(scratch)
            }
        }
    }
}

fn push_line(text: &mut Option<String>, line: &str) {
    match text {
        Some(text) => {
            text.push('\n');
            text.push_str(line);
        }
        None => *text = Some(line.into()),
    }
}

/// Digits only, as the standard says; a number over `u64` counts as its maximum.
fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |n, &byte| {
        byte.is_ascii_digit()
            .then(|| n.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
    })
}
