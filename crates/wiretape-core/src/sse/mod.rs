//! Server-sent events, to the letter of the WHATWG standard.
//!
//! ```text
//! input    data: a\n da|ta: b\n\n  : ping\n\n      | = where a chunk ends
//! block    └──── held ─┴──────┘   └──────┘         one frame each
//! ```
//!
//! A block that lies in one chunk is read where it lies; one that a chunk edge cuts is gathered in
//! a buffer first. Both go through the same reader, so the cut cannot be seen. The end of a block
//! is searched from left to right and each byte is looked at once per search, whatever the chunks.
//!
//! Never: a clock, reconnection, or a guess at what the payload means.

mod block;

use alloc::string::String;
use alloc::vec::Vec;

use crate::{Error, ErrorKind, Frame, Limits, Warnings};
pub(crate) use block::utf8;
use block::{Look, Next, Scan};

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Where the decoder may depart from the standard. Each departure has a name and is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// A frame that is not UTF-8 is an error; otherwise U+FFFD stands in for the bad bytes, as the
    /// standard says, counted as `F-03`.
    pub reject_ill_formed: bool,
    /// At the end of the stream, a last event without its blank line is read all the same if its
    /// payload is one whole JSON value or `[DONE]` (F-31). The standard discards it.
    pub recover_last: bool,
    /// An event whose payload begins with `:` is a comment that a proxy wrapped (F-15c). The
    /// standard dispatches it.
    pub skip_colon_data: bool,
    /// Fields that the standard ignores, such as `error:`, are handed out in
    /// [`Meta::unknown`](crate::frame::Meta), counted as `F-17`; of one frame, the first 256.
    pub surface_unknown: bool,
    /// A block that is one JSON object or array and nothing else is read as its own payload, also
    /// at the end of the stream and without a blank line: the way in which Gemini reports an error
    /// inside a stream, counted as `F-40`. To the standard these lines are fields it does not know.
    ///
    /// Only of dialects whose body may be JSON as well ([`crate::dialect::Framing::SseOrJson`]).
    pub read_bare_json: bool,
}

impl Options {
    /// The standard, and an error for bytes that are not UTF-8.
    #[must_use]
    pub const fn strict() -> Self {
        Self {
            reject_ill_formed: true,
            recover_last: false,
            skip_colon_data: false,
            surface_unknown: false,
            read_bare_json: false,
        }
    }

    /// The standard and nothing else: ill-formed UTF-8 is replaced.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            reject_ill_formed: false,
            ..Self::strict()
        }
    }

    /// What real servers need: skips wrapped comments, surfaces unknown fields.
    ///
    /// [`Options::recover_last`] stays off: whether a body was cut or its server forgot the blank
    /// line cannot be told from the bytes, so it is asked for by name.
    #[must_use]
    pub const fn lenient() -> Self {
        Self {
            reject_ill_formed: false,
            recover_last: false,
            skip_colon_data: true,
            surface_unknown: true,
            read_bare_json: true,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::lenient()
    }
}

/// Bytes in, frames out.
///
/// ```
/// use wiretape_core::{Limits, sse};
///
/// let mut decoder = sse::Decoder::new(sse::Options::strict(), Limits::default());
/// let mut seen = Vec::new();
/// for chunk in [&b"data: hel"[..], b"lo\n", b"\n: ping\n\n"] {
///     let mut input = chunk;
///     while let Some(frame) = decoder.decode(&mut input)? {
///         seen.push((frame.at, frame.data.map(str::to_owned)));
///     }
/// }
/// assert_eq!(seen, [(0, Some("hello".to_owned())), (13, None)]);
/// # Ok::<(), wiretape_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    options: Options,
    frame_bytes_max: usize,
    /// Offset of the next byte to consume.
    at: u64,
    /// Bytes of the unfinished block, or of the frame just handed out if `spent`.
    held: Vec<u8>,
    spent: bool,
    scan: Scan,
    /// How much of a byte-order mark was seen; more than its length once past the start.
    bom: u8,
    failed: Option<Error>,
    last_id: String,
    warnings: Warnings,
    scratch: block::Scratch,
}

const PAST_START: u8 = 4;

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            options,
            frame_bytes_max: limits.frame_bytes_max,
            at: 0,
            held: Vec::new(),
            spent: false,
            scan: Scan::default(),
            bom: 0,
            failed: None,
            last_id: String::new(),
            warnings: Warnings::default(),
            scratch: block::Scratch::default(),
        }
    }

    /// The next frame, or `None` when all of `input` is consumed and more bytes are wanted.
    ///
    /// Each call consumes bytes of `input` or returns `None`.
    ///
    /// # Errors
    /// At the first byte of a frame that is too large or, if the options say so, is not UTF-8.
    /// The error is final: calls with more bytes return it again.
    #[inline]
    pub fn decode<'a, 'b: 'a>(
        &'a mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Frame<'a>>, Error> {
        if self.goes_on(input) {
            self.hold(input);
            return Ok(None);
        }
        self.decode_chunk(input)
    }

    fn decode_chunk<'a, 'b: 'a>(
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
            if self.bom != PAST_START || self.scan.skip_lf {
                self.start(input);
            }
            let chunk: &'b [u8] = input;
            match block::look(chunk) {
                Look::Whole(block) if self.permits(&block) => {
                    if let Some(data) = block.text() {
                        *input = chunk.get(block.len..).unwrap_or_default();
                        let at = self.at;
                        self.at += block.len as u64;
                        return Ok(Some(Frame {
                            at,
                            event: block.name,
                            data: Some(data),
                            meta: None,
                        }));
                    }
                }
                Look::Inside { name, line_from } if self.takes(chunk) => {
                    self.scan.begin_inside(name, line_from);
                    self.hold(input);
                    return Ok(None);
                }
                _ => {}
            }
            if self.held.is_empty() {
                self.skip_blank_lines(input);
            }
            if input.is_empty() {
                return Ok(None);
            }
            return self.gather(input);
        }
        self.gather(input)
    }

    /// A whole block may be handed out as it lies.
    #[inline]
    fn permits(&self, block: &block::Simple<'_>) -> bool {
        block.len <= self.frame_bytes_max
            && self.held.is_empty()
            && !(self.options.skip_colon_data && block.data.first() == Some(&b':'))
    }

    /// The first bytes of a block may be held as they are.
    #[inline]
    fn takes(&self, chunk: &[u8]) -> bool {
        chunk.len() <= self.frame_bytes_max && self.held.is_empty()
    }

    /// Keeps all of the input.
    #[inline]
    fn hold(&mut self, input: &mut &[u8]) {
        match *input {
            &[byte] => self.held.push(byte),
            bytes => self.held.extend_from_slice(bytes),
        }
        self.at += input.len() as u64;
        *input = &[];
    }

    /// A line is being gathered, and goes on to the end of the input: what small chunks do most.
    #[inline]
    fn goes_on(&self, input: &[u8]) -> bool {
        !self.spent
            && !self.held.is_empty()
            && self.held.len() + input.len() <= self.frame_bytes_max
            && self.scan.goes_on(input)
    }

    /// Where the next byte stands, in bytes from the start of the body.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The last event id, which persists from frame to frame.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_id
    }

    /// What was tolerated so far.
    #[must_use]
    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    /// The body has ended. A last event without its blank line is handed out if
    /// [`Options::recover_last`] permits.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when the body ended inside an event; what was held is discarded,
    /// as the standard says. Comments and blank lines are no event. The error is final.
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.spent {
            self.held.clear();
            self.spent = false;
        }
        if self.bom != PAST_START {
            // The start of a byte-order mark that did not go on is the start of a line.
            let seen = BOM.get(..usize::from(self.bom)).unwrap_or_default();
            self.held.extend_from_slice(seen);
            self.bom = PAST_START;
        }
        if self.held.is_empty() {
            return Ok(None);
        }
        let at = self.at - self.held.len() as u64;
        if self.held.len() > self.frame_bytes_max {
            let limit = self.frame_bytes_max;
            return Err(self.fail(at, ErrorKind::FrameTooLarge { limit }));
        }
        self.spent = true;
        let bare = self.options.read_bare_json && block::bare_json(&self.held).is_some();
        if bare || (self.options.recover_last && block::is_whole(&self.held)) {
            if !bare {
                self.warnings.count("F-31");
            }
            return match self
                .scratch
                .read(at, &self.held, self.options, &mut self.warnings, !bare)
            {
                Ok(frame) => {
                    if let Some(id) = frame.id() {
                        self.last_id.clear();
                        self.last_id.push_str(id);
                    }
                    Ok(Some(frame))
                }
                Err(kind) => {
                    let error = Error { at, kind };
                    self.failed = Some(error);
                    Err(error)
                }
            };
        }
        if block::has_fields(&self.held) {
            self.warnings.count("F-31");
            let kind = ErrorKind::Truncated;
            return Err(self.fail(at, kind));
        }
        Ok(None)
    }

    /// The byte-order mark at the start of the body, and the LF of a CR LF whose CR ended a block.
    #[cold]
    fn start(&mut self, input: &mut &[u8]) {
        while self.bom != PAST_START {
            let Some((first, rest)) = input.split_first() else {
                return;
            };
            let seen = usize::from(self.bom);
            if BOM.get(seen) == Some(first) {
                *input = rest;
                self.at += 1;
                self.bom += 1;
                if usize::from(self.bom) == BOM.len() {
                    self.bom = PAST_START;
                }
            } else {
                self.held
                    .extend_from_slice(BOM.get(..seen).unwrap_or_default());
                self.bom = PAST_START;
            }
        }
        if self.scan.skip_lf {
            if let Some((first, rest)) = input.split_first() {
                self.scan.skip_lf = false;
                if *first == b'\n' {
                    *input = rest;
                    self.at += 1;
                }
            }
        }
    }

    /// Blank lines between blocks, which dispatch nothing.
    fn skip_blank_lines(&mut self, input: &mut &[u8]) {
        while let Some((first, rest)) = input.split_first() {
            match first {
                b'\n' => self.scan.skip_lf = false,
                b'\r' => self.scan.skip_lf = true,
                _ => break,
            }
            *input = rest;
            self.at += 1;
            if self.scan.skip_lf && rest.first() == Some(&b'\n') {
                *input = rest.get(1..).unwrap_or_default();
                self.at += 1;
                self.scan.skip_lf = false;
            }
        }
        if !input.is_empty() {
            self.scan.skip_lf = false;
        }
    }

    /// Gathers a block that a chunk edge cuts, or that is not of the common shape.
    fn gather<'a>(&'a mut self, input: &mut &[u8]) -> Result<Option<Frame<'a>>, Error> {
        if let Some(line) = self.scan.last_line(&self.held, input) {
            let kept = line.len();
            // The first byte of the blank line counts, as it does below.
            if self.held.len() + kept < self.frame_bytes_max {
                let at = self.at - self.held.len() as u64;
                self.held.extend_from_slice(line);
                self.scan.judge(&self.held);
                *input = input.get(kept + 1..).unwrap_or_default();
                self.at += kept as u64 + 1;
                return self.dispatch(at, input);
            }
        }
        loop {
            let (taken, part) = self.scan.next(input);
            let at = self.at - self.held.len() as u64;
            let kept = taken.len();
            if self.held.len() + kept > self.frame_bytes_max {
                *input = &[];
                let limit = self.frame_bytes_max;
                return Err(self.fail(at, ErrorKind::FrameTooLarge { limit }));
            }
            *input = input.get(kept..).unwrap_or_default();
            self.at += kept as u64;
            match part {
                Next::Blank => return self.dispatch(at, input),
                Next::Line => {
                    self.held.extend_from_slice(taken);
                    self.scan.judge(&self.held);
                }
                Next::Piece => {
                    self.held.extend_from_slice(taken);
                    if input.is_empty() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The block in `held` has its blank line.
    fn dispatch<'a>(&'a mut self, at: u64, input: &mut &[u8]) -> Result<Option<Frame<'a>>, Error> {
        self.spent = true;
        let common = self.scan.common(&self.held);
        self.scan.reset();
        if let Some((event, data)) = common {
            if !(self.options.skip_colon_data && data.starts_with(':')) {
                return Ok(Some(Frame {
                    at,
                    event,
                    data: Some(data),
                    meta: None,
                }));
            }
        }
        let options = self.options;
        match self
            .scratch
            .read(at, &self.held, options, &mut self.warnings, false)
        {
            Ok(frame) => {
                if let Some(id) = frame.id() {
                    self.last_id.clear();
                    self.last_id.push_str(id);
                }
                Ok(Some(frame))
            }
            Err(kind) => {
                *input = &[];
                let error = Error { at, kind };
                self.failed = Some(error);
                Err(error)
            }
        }
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

impl PartialEq for Decoder {
    /// The same state: what follows will be read the same.
    fn eq(&self, other: &Self) -> bool {
        if self.failed.is_some() || other.failed.is_some() {
            return self.failed == other.failed;
        }
        self.at == other.at
            && self.bom == other.bom
            && self.scan == other.scan
            && self.unfinished() == other.unfinished()
            && self.last_id == other.last_id
            && self.warnings == other.warnings
            && self.options == other.options
            && self.frame_bytes_max == other.frame_bytes_max
    }
}
