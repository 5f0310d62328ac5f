//! JSON values one after the other, or as the elements of one array, each a frame: the way of Gemini
//! without `alt=sse`.

use crate::{Error, ErrorKind, Frame, Limits};

/// Bytes in, one frame a value out.
#[derive(Clone, Debug)]
pub struct Decoder {
    frame_bytes_max: usize,
}

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            frame_bytes_max: limits.frame_bytes_max,
        }
    }

    /// The next frame, or `None` when all of `input` is consumed and more bytes are wanted.
    ///
    /// # Errors
    /// Not read yet.
    pub fn decode<'a, 'b: 'a>(
        &'a mut self,
        input: &mut &'b [u8],
    ) -> Result<Option<Frame<'a>>, Error> {
        *input = &[];
        let _ = self.frame_bytes_max;
        Err(Error {
            at: 0,
            kind: ErrorKind::Protocol("this framing is not read yet"),
        })
    }

    /// The body has ended.
    ///
    /// # Errors
    /// Not read yet.
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, Error> {
        Ok(None)
    }
}
