//! The whole path: bytes in, events at once, a turn at the end.

use crate::dialect::{self, Any, Evidence, Framing, Protocol};
use crate::turn::Closing;
use crate::{Dialect, Draft, Error, Event, Frame, Limits, Rejected, Turn, Warnings, framing, sse};

/// How a [`Reader`] reads: limits, and the leniencies of each layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The framing's.
    pub sse: sse::Options,
    /// The dialect's.
    pub dialect: dialect::Options,
    /// What is held at most.
    pub limits: Limits,
    /// A stream that says why the model stopped but lacks the protocol's last event may be acted
    /// on (F-30); counted.
    pub accept_weak_end: bool,
    /// Arguments that are the text `null` mean `{}` (F-18); counted.
    pub accept_null_arguments: bool,
    /// Arguments that are a JSON string which itself holds an object are that object (F-19);
    /// counted.
    pub accept_double_encoded: bool,
}

impl Options {
    /// The standards, and nothing else.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            sse: sse::Options::strict(),
            dialect: dialect::Options::strict(),
            limits: Limits::default(),
            accept_weak_end: false,
            accept_null_arguments: false,
            accept_double_encoded: false,
        }
    }

    /// What real servers need. This is the default.
    ///
    /// [`Options::accept_weak_end`] stays off: a stream that was cut looks the same.
    #[must_use]
    pub fn lenient() -> Self {
        Self {
            sse: sse::Options::lenient(),
            dialect: dialect::Options::lenient(),
            accept_null_arguments: true,
            accept_double_encoded: true,
            ..Self::strict()
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::lenient()
    }
}

/// A reader of one reply.
///
/// ```
/// use wiretape_core::{Dialect, Event, Reader};
///
/// let body = r#"data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[
/// data: {"index":0,"id":"a","function":{"name":"read","arguments":"{\"path\":\"notes"}}]}}]}
///
/// data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,
/// data: "function":{"arguments":"/todo\"}"}}]},"finish_reason":"tool_calls"}]}
///
/// data: [DONE]
///
/// "#;
/// let mut reader = Reader::new(Dialect::OpenAiChat);
/// for chunk in body.as_bytes().chunks(7) {
///     reader.feed(chunk, &mut |event| {
///         if let Event::Delta { text, .. } = event {
///             let _ = text; // show it
///         }
///     })?;
/// }
/// let turn = reader.finish()?;
/// assert_eq!(turn.tool_calls()[0].arguments, r#"{"path":"notes/todo"}"#);
/// assert_eq!(turn.tool_calls()[0].execution_key(), "c1/a");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    decoder: framing::Decoder,
    protocol: Any,
    draft: Draft,
    frames: u64,
    error: Option<Error>,
    framing: Framing,
    options: Options,
}

impl Reader {
    /// A lenient reader.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self::with_options(dialect, Options::default())
    }

    /// A reader with options.
    #[must_use]
    pub fn with_options(dialect: Dialect, options: Options) -> Self {
        Self {
            decoder: framing::Decoder::new(dialect.framing(), options.sse, options.limits),
            protocol: Any::new(dialect, options.dialect, options.limits),
            draft: Draft::new(options.limits),
            frames: 0,
            error: None,
            framing: dialect.framing(),
            options,
        }
    }

    /// Reads a chunk of the body and hands out what it says.
    ///
    /// # Errors
    /// When the bytes cannot be read. The error is final and stands in the reply as well.
    pub fn feed(&mut self, chunk: &[u8], out: &mut dyn FnMut(Event<'_>)) -> Result<(), Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let Self {
            decoder,
            protocol,
            draft,
            frames,
            ..
        } = self;
        let mut input = chunk;
        let result = loop {
            let frame = match decoder.decode(&mut input) {
                Ok(Some(frame)) => frame,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            if let Err(error) = step(protocol, draft, frames, frame, out) {
                break Err(error);
            }
        };
        if let Err(error) = result {
            self.error = Some(error);
        }
        result
    }

    /// What was tolerated by the framing so far.
    #[must_use]
    pub fn warnings(&self) -> &Warnings {
        self.decoder.warnings()
    }

    /// The body has ended: the turn, if it may be acted on.
    ///
    /// # Errors
    /// [`Rejected`] with the reason and all that was read.
    pub fn finish(self) -> Result<Turn, Rejected> {
        self.finish_with(&mut |_| {})
    }

    /// The same, and hands out what a last event without its blank line says (F-31), if the
    /// options ask for it.
    ///
    /// # Errors
    /// [`Rejected`] with the reason and all that was read.
    pub fn finish_with(mut self, out: &mut dyn FnMut(Event<'_>)) -> Result<Turn, Rejected> {
        if self.error.is_none() {
            // What is left of a cut event is discarded, as the standard says; it is counted.
            if let Ok(Some(frame)) = self.decoder.finish() {
                let read = step(
                    &mut self.protocol,
                    &mut self.draft,
                    &mut self.frames,
                    frame,
                    out,
                );
                self.error = read.err();
            }
        }
        let draft = &mut self.draft;
        let mut evidence = self.protocol.finish(&mut |event| draft.take(event, out));
        if self.decoder.was_cut() && self.framing == Framing::SseOrJson {
            // Nothing but the end of the bytes ends such a stream, and these went on.
            evidence = evidence.min(Evidence::Weak);
        }
        self.draft.finish(Closing {
            evidence,
            accept_weak_end: self.options.accept_weak_end,
            accept_null_arguments: self.options.accept_null_arguments,
            accept_double_encoded: self.options.accept_double_encoded,
            error: self.error,
            frames: self.frames,
            warnings: self.decoder.warnings().clone(),
        })
    }
}

fn step(
    protocol: &mut Any,
    draft: &mut Draft,
    frames: &mut u64,
    frame: Frame<'_>,
    out: &mut dyn FnMut(Event<'_>),
) -> Result<(), Error> {
    *frames += u64::from(frame.data.is_some());
    let read = protocol.decode(frame, &mut |event| draft.take(event, out));
    match read.err().or_else(|| draft.overflow()) {
        Some(kind) => Err(Error { at: frame.at, kind }),
        None => Ok(()),
    }
}

/// Reads a whole body.
///
/// # Errors
/// [`Rejected`] with the reason and all that was read.
pub fn read(dialect: Dialect, options: Options, body: &[u8]) -> Result<Turn, Rejected> {
    let mut reader = Reader::with_options(dialect, options);
    // The error stands in the reply.
    let _ = reader.feed(body, &mut |_| {});
    reader.finish()
}
