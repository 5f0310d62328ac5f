//! The framing of any dialect.
//!
//! Equal decoders (`==`) are in the same state: what follows will be read the same.

use alloc::boxed::Box;

use crate::dialect::Framing;
use crate::{Error, Frame, Limits, Warnings, event_stream, json_stream, ndjson, sse};

/// Bytes in, frames out, in the framing of a dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoder {
    inner: Inner,
    warnings: Warnings,
    /// [`Decoder::finish`] found that the body was cut.
    cut: bool,
}

#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "the common framing is reached without an indirection"
)]
enum Inner {
    Sse(sse::Decoder),
    Lines(ndjson::Decoder),
    Json(json_stream::Decoder),
    EventStream(Box<event_stream::Decoder>),
    /// The body's first byte tells.
    Undecided(sse::Options, Limits),
}

impl Decoder {
    /// A decoder at the start of a body. The options are those of server-sent events.
    #[must_use]
    pub fn new(framing: Framing, options: sse::Options, limits: Limits) -> Self {
        let inner = match framing {
            Framing::Sse => {
                let options = sse::Options {
                    read_bare_json: false,
                    ..options
                };
                Inner::Sse(sse::Decoder::new(options, limits))
            }
            Framing::SseOrJson => Inner::Undecided(options, limits),
            Framing::Ndjson => Inner::Lines(ndjson::Decoder::new(limits)),
            Framing::EventStream => {
                Inner::EventStream(Box::new(event_stream::Decoder::new(limits)))
            }
        };
        Self {
            inner,
            warnings: Warnings::default(),
            cut: false,
        }
    }

    /// The next frame, or `None` when all of `input` is consumed and more bytes are wanted.
    ///
    /// # Errors
    /// The framing's own. The error is final.
    #[inline]
    pub fn decode<'a, 'b: 'a>(
        &'a mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Frame<'a>>, Error> {
        if let Inner::Undecided(options, limits) = self.inner {
            match input.first() {
                None => return Ok(None),
                Some(b'[' | b'{') => self.inner = Inner::Json(json_stream::Decoder::new(limits)),
                Some(_) => self.inner = Inner::Sse(sse::Decoder::new(options, limits)),
            }
        }
        match &mut self.inner {
            Inner::Sse(decoder) => decoder.decode(input),
            Inner::Lines(decoder) => decoder.decode(input),
            Inner::Json(decoder) => decoder.decode(input),
            Inner::EventStream(decoder) => decoder.decode(input),
            Inner::Undecided(..) => Ok(None),
        }
    }

    /// The body has ended: a last frame that lacks its end, where the framing permits it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Truncated`] where the body ended inside a frame. The error is final.
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, Error> {
        let last = match &mut self.inner {
            Inner::Sse(decoder) => decoder.finish(),
            Inner::Lines(decoder) => decoder.finish(),
            Inner::Json(decoder) => decoder.finish(),
            Inner::EventStream(decoder) => decoder.finish(),
            Inner::Undecided(..) => Ok(None),
        };
        self.cut = last.is_err();
        last
    }

    /// [`Decoder::finish`] found the body cut: inside a frame, or before the bracket of its array.
    #[must_use]
    pub fn was_cut(&self) -> bool {
        self.cut
    }

    /// What was tolerated so far.
    #[must_use]
    pub fn warnings(&self) -> &Warnings {
        match &self.inner {
            Inner::Sse(decoder) => decoder.warnings(),
            _ => &self.warnings,
        }
    }
}
