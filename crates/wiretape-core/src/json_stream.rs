//! JSON values one after the other, or as the elements of one array, each a frame: the way of
//! Gemini without `alt=sse`. The same shape as [`crate::sse`].
//!
//! ```text
//! input    [{"a"|: 1}\n,\r\n{|}]      | = where a chunk ends
//! frame      └────held┘     └─┘       one a value, white space and commas between them aside
//! ```
//!
//! A value that lies in one chunk is read where it lies; one that a chunk edge cuts is gathered in a
//! buffer first. Only the value's end is searched for: whether it is JSON is the dialect's question.

use alloc::vec::Vec;

use memchr::memchr2;

use crate::sse::utf8;
use crate::{Error, ErrorKind, Frame, Limits, json};

/// Bytes in, one frame a value out.
///
/// ```
/// use wiretape_core::{Limits, json_stream};
///
/// let mut decoder = json_stream::Decoder::new(Limits::default());
/// let mut seen = Vec::new();
/// for chunk in [&b"[{\"a\""[..], b": 1}\n,\r\n{", b"}]"] {
///     let mut input = chunk;
///     while let Some(frame) = decoder.decode(&mut input)? {
///         seen.push((frame.at, frame.data.map(str::to_owned)));
///     }
/// }
/// decoder.finish()?; // the array is closed
/// assert_eq!(seen, [(1, Some("{\"a\": 1}".to_owned())), (13, Some("{}".to_owned()))]);
/// # Ok::<(), wiretape_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    frame_bytes_max: usize,
    /// Offset of the next byte to consume.
    at: u64,
    place: Place,
    scan: Scan,
    /// Bytes of the unfinished value, or of the frame just handed out if `spent`.
    held: Vec<u8>,
    spent: bool,
    failed: Option<Error>,
}

/// Where the next byte stands, if it is in no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing but white space came.
    Start,
    /// Among values that are not in an array.
    Loose,
    /// Behind the array's bracket.
    Opened,
    /// Behind an element.
    Element,
    /// Behind a comma.
    Comma,
    /// Behind the array.
    Closed,
}

/// How far the search for a value's end has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Scan {
    /// Brackets that are open.
    depth: usize,
    string: bool,
    /// The last byte was a backslash inside a string.
    escape: bool,
    /// A number or a literal, which ends before white space, and in an array before `,` and `]`.
    bare: bool,
}

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            frame_bytes_max: limits.frame_bytes_max,
            at: 0,
            place: Place::Start,
            scan: Scan::default(),
            held: Vec::new(),
            spent: false,
            failed: None,
        }
    }

    /// The next frame, or `None` when all of `input` is consumed and more bytes are wanted.
    ///
    /// # Errors
    /// At the first byte of a value that is too long or is not UTF-8, and at a byte that stands
    /// where no value, comma or bracket may. The error is final.
    pub fn decode<'a, 'b: 'a>(
        &'a mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Frame<'a>>, Error> {
        if input.is_empty() {
            return Ok(None);
        }
        if let Some(error) = self.failed {
            *input = &[];
            return Err(error);
        }
        if self.spent {
            self.held.clear();
            self.spent = false;
        }
        if self.held.is_empty() {
            self.between(input)?;
        }
        let chunk: &'b [u8] = input;
        if chunk.is_empty() {
            return Ok(None);
        }
        let at = self.at - self.held.len() as u64;
        let end = self.scan.end(chunk, self.is_array());
        let len = end.unwrap_or(chunk.len());
        if self.held.len() + len > self.frame_bytes_max {
            *input = &[];
            let limit = self.frame_bytes_max;
            return Err(self.fail(at, ErrorKind::FrameTooLarge { limit }));
        }
        let (piece, rest) = chunk.split_at_checked(len).unwrap_or((chunk, &[]));
        *input = rest;
        self.at += len as u64;
        if end.is_none() {
            self.held.extend_from_slice(piece);
            return Ok(None);
        }
        let bare = self.scan.bare;
        self.ended();
        if bare {
            self.behind_bare(input);
        }
        let whole = if self.held.is_empty() {
            piece
        } else {
            self.spent = true;
            self.held.extend_from_slice(piece);
            &self.held
        };
        match utf8(whole) {
            Some(text) => Ok(Some(frame(at, text))),
            None => {
                *input = &[];
                let kind = ErrorKind::IllFormedUtf8;
                self.failed = Some(Error { at, kind });
                Err(Error { at, kind })
            }
        }
    }

    /// The body has ended: a last number or literal, whose end nothing else shows.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when the body ended inside a value or before the array's closing
    /// bracket. The error is final.
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let held = if self.spent { 0 } else { self.held.len() };
        if held == 0 && matches!(self.place, Place::Start | Place::Loose | Place::Closed) {
            return Ok(None);
        }
        let at = self.at - held as u64;
        let text = core::str::from_utf8(&self.held).ok();
        let whole = text.is_some_and(|text| json::Raw::parse(text).is_ok());
        if !self.scan.bare || self.is_array() || !whole {
            return Err(self.fail(at, ErrorKind::Truncated));
        }
        self.ended();
        self.spent = true;
        let text = core::str::from_utf8(&self.held).unwrap_or_default();
        Ok(Some(frame(at, text)))
    }

    /// What stands before the next value.
    fn between(&mut self, input: &mut &[u8]) -> Result<(), Error> {
        while let Some((first, rest)) = input.split_first() {
            let next = match (*first, self.place) {
                (b' ' | b'\t' | b'\n' | b'\r', place) => place,
                (b'[', Place::Start) => Place::Opened,
                (b']', Place::Opened | Place::Element) => Place::Closed,
                (b',', Place::Element) => Place::Comma,
                (
                    b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n',
                    Place::Start | Place::Loose | Place::Opened | Place::Comma,
                ) => return Ok(()),
                _ => {
                    *input = &[];
                    let at = self.at;
                    return Err(self.fail(at, ErrorKind::NotJson { offset: 0 }));
                }
            };
            self.place = next;
            *input = rest;
            self.at += 1;
        }
        Ok(())
    }

    /// The byte that shows a number's or literal's end goes with it: a call that gives a frame
    /// consumes bytes.
    fn behind_bare(&mut self, input: &mut &[u8]) {
        if let Some((first, rest)) = input.split_first() {
            self.place = match first {
                b',' => Place::Comma,
                b']' => Place::Closed,
                _ => self.place,
            };
            *input = rest;
            self.at += 1;
        }
    }

    fn is_array(&self) -> bool {
        !matches!(self.place, Place::Start | Place::Loose)
    }

    /// A value has ended.
    fn ended(&mut self) {
        self.scan = Scan::default();
        self.place = if self.is_array() {
            Place::Element
        } else {
            Place::Loose
        };
    }

    #[cold]
    fn fail(&mut self, at: u64, kind: ErrorKind) -> Error {
        let error = Error { at, kind };
        self.held = Vec::new();
        self.failed = Some(error);
        error
    }

    fn unfinished(&self) -> &[u8] {
        if self.spent { &[] } else { &self.held }
    }
}

impl Scan {
    /// Where the value ends in `bytes`, if it ends there.
    fn end(&mut self, bytes: &[u8], array: bool) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.string {
                at += self.in_string(bytes.get(at..)?);
                if !self.string && self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' if self.bare => return Some(at),
                b',' | b']' if self.bare && array => return Some(at),
                _ if self.bare => {}
                b'"' => self.string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => self.bare = self.depth == 0,
            }
            at += 1;
        }
        None
    }

    /// How many bytes belong to the string that is open.
    fn in_string(&mut self, bytes: &[u8]) -> usize {
        if self.escape {
            self.escape = false;
            return 1;
        }
        let Some(stop) = memchr2(b'"', b'\\', bytes) else {
            return bytes.len();
        };
        match bytes.get(stop) {
            Some(b'\\') => self.escape = true,
            _ => self.string = false,
        }
        stop + 1
    }
}

impl PartialEq for Decoder {
    /// The same state: what follows will be read the same.
    fn eq(&self, other: &Self) -> bool {
        if self.failed.is_some() || other.failed.is_some() {
            return self.failed == other.failed;
        }
        self.at == other.at
            && self.place == other.place
            && self.scan == other.scan
            && self.unfinished() == other.unfinished()
    }
}

fn frame(at: u64, value: &str) -> Frame<'_> {
    Frame {
        at,
        data: Some(value),
        ..Frame::default()
    }
}
