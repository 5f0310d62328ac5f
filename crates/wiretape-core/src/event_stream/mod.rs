//! AWS event stream, a binary framing with checksums: <https://smithy.io/2.0/aws/amazon-eventstream.html>.
//!
//! ```text
//! message  length │ length of headers │ CRC-32 │ headers │ payload │ CRC-32
//!          4 bytes  4                   4                            4
//! header   length of name │ name │ type │ value
//!          1 byte                  1
//! ```
//!
//! A message that lies in one chunk is read where it lies; one that a chunk edge cuts is gathered
//! first. The prelude is judged as soon as it is whole, so that no length is believed unchecked.

mod message;

use alloc::vec::Vec;

use crate::frame::Meta;
use crate::sse::utf8;
use crate::{Error, ErrorKind, Frame, Limits};
pub use message::{Message, Value, encode};

/// Bytes of headers in one message, as the AWS SDKs have it.
pub const HEADERS_BYTES_MAX: usize = 128 << 10;

/// Bytes of payload in one message, as the AWS SDKs have it.
pub const PAYLOAD_BYTES_MAX: usize = 24 << 20;

/// Two lengths and their checksum.
const PRELUDE_BYTES: usize = 12;

/// A message without headers and payload.
const MESSAGE_BYTES_MIN: usize = PRELUDE_BYTES + 4;

/// What a message has that is an error by its type.
static FAILED: Meta = Meta {
    id: None,
    retry: None,
    comment: None,
    unknown: Vec::new(),
    recovered: false,
    replaced: false,
    failed: true,
};

/// Bytes in, one frame a message out.
///
/// A frame's name is the event's type, or that of the exception, or the code of the error; its data
/// is the payload. An error without a payload has its message for data.
/// [`Frame::is_failure`] tells exceptions and errors from events.
///
/// ```
/// use wiretape_core::{Limits, event_stream};
///
/// let headers = [
///     (":message-type", event_stream::Value::Text("event")),
///     (":event-type", event_stream::Value::Text("messageStop")),
/// ];
/// let mut body = Vec::new();
/// event_stream::encode(&headers, br#"{"stopReason":"end_turn"}"#, &mut body)?;
///
/// let mut decoder = event_stream::Decoder::new(Limits::default());
/// let mut seen = Vec::new();
/// for chunk in body.chunks(7) {
///     let mut input = chunk;
///     while let Some(frame) = decoder.decode(&mut input).map_err(|error| error.kind)? {
///         seen.push((frame.event.map(str::to_owned), frame.data.map(str::to_owned)));
///     }
/// }
/// let stop = (Some("messageStop".to_owned()), Some(r#"{"stopReason":"end_turn"}"#.to_owned()));
/// assert_eq!(seen, [stop]);
/// # Ok::<(), wiretape_core::ErrorKind>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    frame_bytes_max: usize,
    /// Offset of the next byte to consume.
    at: u64,
    /// Bytes of the unfinished message, or of the frame just handed out if `spent`.
    held: Vec<u8>,
    spent: bool,
    /// How long the unfinished message is, once its prelude is whole.
    len: Option<usize>,
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
            len: None,
            failed: None,
        }
    }

    /// The next frame, or `None` when all of `input` is consumed and more bytes are wanted.
    ///
    /// # Errors
    /// At the first byte of a message whose lengths are impossible or over a limit, whose
    /// checksums or headers are wrong, or whose payload is not UTF-8. The error is final.
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
            let chunk: &'b [u8] = input;
            let len = match message::length(chunk, self.frame_bytes_max) {
                Ok(len) => len,
                Err(kind) => return Err(self.fail(self.at, kind, input)),
            };
            if let Some((whole, rest)) = len.and_then(|len| chunk.split_at_checked(len)) {
                let at = self.at;
                self.at += whole.len() as u64;
                *input = rest;
                return match frame(at, whole) {
                    Ok(frame) => Ok(Some(frame)),
                    Err(kind) => Err(self.fail(at, kind, input)),
                };
            }
            self.len = len;
        }
        self.gather(input)
    }

    /// Gathers a message that a chunk edge cuts.
    fn gather<'a>(&'a mut self, input: &mut &[u8]) -> Result<Option<Frame<'a>>, Error> {
        let at = self.at - self.held.len() as u64;
        loop {
            let wanted = self.len.unwrap_or(PRELUDE_BYTES) - self.held.len();
            let chunk: &[u8] = input;
            let (taken, rest) = chunk.split_at_checked(wanted).unwrap_or((chunk, &[]));
            self.held.extend_from_slice(taken);
            self.at += taken.len() as u64;
            *input = rest;
            if taken.len() < wanted {
                return Ok(None);
            }
            if self.len.is_some() {
                break;
            }
            match message::length(&self.held, self.frame_bytes_max) {
                Ok(len) => self.len = len,
                Err(kind) => return Err(self.fail(at, kind, input)),
            }
        }
        self.len = None;
        self.spent = true;
        match frame(at, &self.held) {
            Ok(frame) => Ok(Some(frame)),
            Err(kind) => {
                let error = Error { at, kind };
                self.failed = Some(error);
                *input = &[];
                Err(error)
            }
        }
    }

    /// The body has ended.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when it ended inside a message. The error is final.
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.spent || self.held.is_empty() {
            return Ok(None);
        }
        let at = self.at - self.held.len() as u64;
        Err(self.fail(at, ErrorKind::Truncated, &mut &[][..]))
    }

    #[cold]
    fn fail(&mut self, at: u64, kind: ErrorKind, input: &mut &[u8]) -> Error {
        *input = &[];
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

/// What a whole message says.
fn frame(at: u64, whole: &[u8]) -> Result<Frame<'_>, ErrorKind> {
    let message = Message::read(whole)?;
    let (mut kind, mut event, mut exception) = (None, None, None);
    let (mut code, mut said) = (None, None);
    for header in message.headers() {
        let (name, Value::Text(value)) = header? else {
            continue;
        };
        match name {
            ":message-type" => kind = Some(value),
            ":event-type" => event = Some(value),
            ":exception-type" => exception = Some(value),
            ":error-code" => code = Some(value),
            ":error-message" => said = Some(value),
            _ => {}
        }
    }
    let data = utf8(message.payload()).ok_or(ErrorKind::IllFormedUtf8)?;
    let (event, data, meta) = match kind {
        Some("event") | None => (event, data, None),
        Some("exception") => (exception, data, Some(&FAILED)),
        Some("error") if data.is_empty() => (code, said.unwrap_or_default(), Some(&FAILED)),
        Some("error") => (code, data, Some(&FAILED)),
        Some(_) => {
            return Err(ErrorKind::Protocol(
                "a message that is neither event, exception nor error",
            ));
        }
    };
    Ok(Frame {
        at,
        event,
        data: Some(data),
        meta,
    })
}
