//! Where a block ends, and what its lines say.

use alloc::borrow::Cow;
use alloc::string::String;

use memchr::{memchr, memchr2};

use super::Options;
use crate::frame::Meta;
use crate::{ErrorKind, Frame, Warnings, json};

/// How far the search for a block's end has come, and whether the block is of the common shape so
/// far. It is a function of the bytes that were gathered, not of how they were cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The last byte ended a line of this block.
    line_start: bool,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// The last block ended in a CR: an LF that follows belongs to it.
    pub(super) skip_lf: bool,
    /// A line is neither the first `event:` nor the first `data:`.
    odd: bool,
    /// Where the current line begins.
    line_from: usize,
    name: Option<(usize, usize)>,
    data: Option<(usize, usize)>,
}

/// What comes next in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The blank line: the block is complete.
    Blank,
    /// The rest of a line, with its end.
    Line,
    /// Bytes that do not end a line, or the LF of a CR LF.
    Piece,
}

impl Scan {
    /// The block goes on inside a line with these few bytes, and no line ends in them.
    #[inline]
    pub(super) fn goes_on(&self, bytes: &[u8]) -> bool {
        !self.line_start && bytes.len() <= SMALL && all_solid(bytes)
    }

    /// The next bytes of the block and what they are; of a blank line, the first byte of its end.
    #[inline]
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> (&'a [u8], Next) {
        let Some((first, _)) = bytes.split_first() else {
            return (&[], Next::Piece);
        };
        let one = bytes.get(..1).unwrap_or_default();
        if self.line_start {
            if self.after_cr && *first == b'\n' {
                self.after_cr = false;
                self.line_from += 1;
                return (one, Next::Piece);
            }
            if *first == b'\n' || *first == b'\r' {
                self.skip_lf = *first == b'\r';
                return (one, Next::Blank);
            }
            self.line_start = false;
        }
        if let (0, Some(line)) = (self.line_from, common_line(bytes)) {
            self.line_start = true;
            self.after_cr = false;
            return (line, Next::Line);
        }
        match line_end(bytes) {
            Some(end) => self.end_line(bytes, end),
            None => (bytes, Next::Piece),
        }
    }

    /// The rest of a line and its LF, where a blank line follows it at once: the most common way
    /// for a block to end.
    #[inline]
    pub(super) fn last_line<'a>(&self, held: &[u8], bytes: &'a [u8]) -> Option<&'a [u8]> {
        if self.line_start || held.get(self.line_from) != Some(&b'd') {
            return None;
        }
        let end = line_end(bytes)?;
        bytes.get(end..)?.starts_with(b"\n\n").then_some(())?;
        bytes.get(..=end)
    }

    /// The block began with what [`look`] found to be [`Look::Inside`].
    #[inline]
    pub(super) fn begin_inside(&mut self, name: Option<(usize, usize)>, line_from: usize) {
        self.name = name;
        self.line_from = line_from;
    }

    /// A line ends at `end` of these bytes.
    #[inline]
    pub(super) fn end_line<'a>(&mut self, bytes: &'a [u8], end: usize) -> (&'a [u8], Next) {
        self.after_cr = bytes.get(end) == Some(&b'\r');
        self.line_start = true;
        (bytes.get(..=end).unwrap_or_default(), Next::Line)
    }

    /// Looks at the line that `held` ends with.
    #[inline]
    pub(super) fn judge(&mut self, held: &[u8]) {
        let end = held.len() - 1;
        let line = held.get(self.line_from..end).unwrap_or_default();
        let span = |value: &[u8]| {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            Some((end - value.len(), end))
        };
        if let (None, Some(value)) = (self.data, line.strip_prefix(b"data:")) {
            self.data = span(value);
        } else if let (None, Some(value)) = (self.name, line.strip_prefix(b"event:")) {
            self.name = span(value);
        } else {
            self.odd = true;
        }
        self.line_from = held.len();
    }

    /// Name and payload of a block that has the common shape and is UTF-8.
    #[inline]
    pub(super) fn common<'a>(&self, held: &'a [u8]) -> Option<(Option<&'a str>, &'a str)> {
        if self.odd {
            return None;
        }
        // One check for all lines: it runs fastest from the start of the buffer.
        let text = utf8(held)?;
        let span = |(from, to): (usize, usize)| text.get(from..to);
        let data = span(self.data?)?;
        let event = match self.name {
            Some(name) => Some(span(name)?),
            None => None,
        };
        Some((event, data))
    }

    /// The next block begins.
    pub(super) fn reset(&mut self) {
        *self = Self {
            skip_lf: self.skip_lf,
            ..Self::default()
        };
    }
}

/// Up to this many bytes, one pass that stops nowhere is cheaper than a search.
const SMALL: usize = 256;

/// No byte is a control character, so that none ends a line.
#[inline]
fn all_solid(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, &byte| all & (byte >= b' '))
}

/// The first line end; short inputs are not worth a call into the vectorised search.
#[inline]
fn line_end(bytes: &[u8]) -> Option<usize> {
    if bytes.len() < 8 {
        return bytes.iter().position(|&b| b == b'\n' || b == b'\r');
    }
    memchr2(b'\n', b'\r', bytes)
}

/// The bytes as text, if they are UTF-8.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn utf8(bytes: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(bytes).ok()
}

/// The bytes as text, if they are UTF-8.
#[cfg(not(feature = "std"))]
#[inline]
pub(crate) fn utf8(bytes: &[u8]) -> Option<&str> {
    core::str::from_utf8(bytes).ok()
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
        utf8(self.data)
    }
}

/// The name nearly every event of the busiest dialect has needs no search.
const COMMON_LINE: &[u8] = b"event: content_block_delta\n";
const COMMON_NAME: &str = "content_block_delta";

/// What the start of a block is.
#[derive(Debug)]
pub(super) enum Look<'a> {
    /// A whole block of the common shape.
    Whole(Simple<'a>),
    /// A block of the common shape up to somewhere inside its `data: ` line, where the bytes end.
    Inside {
        name: Option<(usize, usize)>,
        line_from: usize,
    },
    /// Anything else.
    Other,
}

/// Looks for a block of the common shape at the start of `bytes`.
#[inline]
pub(super) fn look(bytes: &[u8]) -> Look<'_> {
    let (line, body) = if let Some(body) = bytes.strip_prefix(COMMON_LINE) {
        (COMMON_NAME.as_bytes(), body)
    } else if let Some(rest) = bytes.strip_prefix(b"event: ") {
        let Some((line, body)) = line_end(rest).and_then(|end| rest.split_at_checked(end)) else {
            return Look::Other;
        };
        let Some(body) = body.strip_prefix(b"\n") else {
            return Look::Other;
        };
        (line, body)
    } else {
        (&[][..], bytes)
    };
    let Some(body) = body.strip_prefix(b"data: ") else {
        return Look::Other;
    };
    let Some(end) = memchr2(b'\n', b'\r', body) else {
        let line_from = bytes.len() - body.len() - DATA.len();
        let to = line_from.saturating_sub(1);
        let name = (line_from > 0).then(|| (to - line.len(), to));
        return Look::Inside { name, line_from };
    };
    whole(bytes, line, body, end).map_or(Look::Other, Look::Whole)
}

const DATA: &[u8] = b"data: ";

#[inline]
fn whole<'a>(bytes: &'a [u8], line: &'a [u8], body: &'a [u8], end: usize) -> Option<Simple<'a>> {
    let (data, rest) = body.split_at_checked(end)?;
    let rest = rest.strip_prefix(b"\n\n")?;
    let name = if bytes.len() == DATA.len() + body.len() {
        None
    } else {
        Some(name(line)?)
    };
    Some(Simple {
        name,
        data,
        len: bytes.len() - rest.len(),
    })
}

/// [`COMMON_LINE`], if the bytes begin with it.
#[inline]
fn common_line(bytes: &[u8]) -> Option<&[u8]> {
    bytes
        .starts_with(COMMON_LINE)
        .then(|| bytes.get(..COMMON_LINE.len()).unwrap_or_default())
}

#[inline]
fn name(line: &[u8]) -> Option<&str> {
    if line == COMMON_NAME.as_bytes() {
        return Some(COMMON_NAME);
    }
    core::str::from_utf8(line).ok()
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

/// The block is more than comments.
pub(super) fn has_fields(block: &[u8]) -> bool {
    lines(block).any(|line| !field(line).0.is_empty())
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

/// The block as one JSON object or array, if it is that and nothing else.
pub(super) fn bare_json(block: &[u8]) -> Option<&str> {
    let first = block.trim_ascii_start().first()?;
    if !matches!(first, b'{' | b'[') {
        return None;
    }
    let text = core::str::from_utf8(block).ok()?;
    json::Raw::parse(text).ok().map(json::Raw::text)
}

/// How many unknown fields of one frame are handed out.
const UNKNOWN_MAX: usize = 256;

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
        let bare = options.read_bare_json.then(|| bare_json(block));
        if let Some(data) = bare.flatten() {
            warnings.count("F-40");
            return Ok(Frame {
                at,
                data: Some(data),
                ..Frame::default()
            });
        }
        if options.reject_ill_formed && utf8(block).is_none() {
            return Err(ErrorKind::IllFormedUtf8);
        }
        self.data.clear();
        self.meta = Meta {
            recovered,
            ..Meta::default()
        };
        let mut text = Text::default();
        let mut event: Option<&'a [u8]> = None;
        let mut data: Option<&'a [u8]> = None;
        let mut joined = false;
        for line in lines(block) {
            match field(line) {
                (b"data", value) => match data {
                    None => data = Some(value),
                    Some(first) => {
                        if !joined {
                            self.data.push_str(&text.of(first));
                            joined = true;
                        }
                        self.data.push('\n');
                        self.data.push_str(&text.of(value));
                    }
                },
                (b"event", value) => event = Some(value),
                (name, value) => self.meta_field(name, value, options, &mut text, warnings),
            }
        }
        let event = event.map(|bytes| text.borrow(bytes, &mut self.event));
        let mut data = match data {
            Some(bytes) if !joined => Some(text.borrow(bytes, &mut self.data)),
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

    /// A field that few frames have.
    fn meta_field(
        &mut self,
        name: &[u8],
        value: &[u8],
        options: Options,
        text: &mut Text,
        warnings: &mut Warnings,
    ) {
        match name {
            b"" => push_line(&mut self.meta.comment, &text.of(value)),
            b"id" if memchr(0, value).is_none() => {
                self.meta.id = Some(text.of(value).into_owned());
            }
            b"id" => warnings.count("F-17"),
            b"retry" => self.meta.retry = digits(value).or(self.meta.retry),
            _ if options.surface_unknown => {
                warnings.count("F-17");
                // A field of two bytes would take fifty: a body without blank lines is one frame.
                if self.meta.unknown.len() < UNKNOWN_MAX {
                    let name = text.of(name).into_owned();
                    let value = text.of(value).into_owned();
                    self.meta.unknown.push((name, value));
                }
            }
            _ => {}
        }
    }
}

/// Bytes to text.
#[derive(Default)]
struct Text {
    replaced: bool,
}

impl Text {
    fn of<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, str> {
        let text = String::from_utf8_lossy(bytes);
        self.replaced |= matches!(text, Cow::Owned(_));
        text
    }

    fn borrow<'a>(&mut self, bytes: &'a [u8], scratch: &'a mut String) -> &'a str {
        match self.of(bytes) {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => {
                *scratch = text;
                scratch
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
