//! One request and its response: where it stands, and when it has taken too long.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::display::Display;
use super::head::Head;
use super::retry::{Class, Progress};
use super::{Clocks, Options};
use crate::event::Event;
use crate::{Dialect, Moment, Reader, Rejected, Turn};

/// A request that was sent.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) number: u64,
    pub(super) phase: Phase,
    started: Moment,
    /// The last byte, or the head.
    byte: Moment,
    /// The last payload.
    payload: Moment,
    /// The model said why it stopped, and nothing came after it.
    ended: bool,
}

/// How far a response has come.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// No head yet.
    Waiting,
    /// The body of what is no stream.
    Other(Other),
    /// The stream.
    Stream(Box<Stream>),
}

/// The body of an error, or of a success that is no stream.
#[derive(Clone, Debug)]
pub(super) struct Other {
    pub(super) status: u16,
    pub(super) head: Head,
    bytes: Vec<u8>,
    bytes_max: usize,
}

/// A reply that arrives.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) status: u16,
    pub(super) head: Head,
    reader: Reader,
    display: Display,
}

/// What a chunk came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More is to come.
    Reading,
    /// The protocol's last event came: the connection may end by itself.
    Done,
    /// An error, or bytes that cannot be read: nothing that follows counts.
    Broken,
}

impl Attempt {
    pub(super) fn new(number: u64, now: Moment) -> Self {
        Self {
            number,
            phase: Phase::Waiting,
            started: now,
            byte: now,
            payload: now,
            ended: false,
        }
    }

    pub(super) fn head(
        &mut self,
        now: Moment,
        status: u16,
        headers: &[(&str, &str)],
        dialect: Dialect,
        options: &Options,
    ) {
        self.byte = now;
        self.payload = now;
        let head = Head::read(headers);
        self.phase = if (200..300).contains(&status) && head.no_stream.is_none() {
            Phase::Stream(Box::new(Stream {
                status,
                head,
                reader: Reader::with_options(dialect, options.reader),
                display: Display::default(),
            }))
        } else {
            Phase::Other(Other {
                status,
                head,
                bytes: Vec::new(),
                bytes_max: options.limits.error_bytes_max,
            })
        };
    }

    /// Reads bytes of the body and adds to `text` what is to be shown of them.
    pub(super) fn chunk(&mut self, now: Moment, bytes: &[u8], text: &mut String) -> Next {
        self.byte = now;
        match &mut self.phase {
            Phase::Waiting => Next::Reading,
            Phase::Other(other) => {
                self.payload = now;
                let room = other.bytes_max - other.bytes.len();
                other.bytes.extend(bytes.iter().take(room));
                if bytes.len() >= room {
                    return Next::Broken;
                }
                Next::Reading
            }
            Phase::Stream(stream) => {
                let (mut next, mut payload, mut ended) = (Next::Reading, false, self.ended);
                let display = &mut stream.display;
                let read = stream.reader.feed(bytes, &mut |event| {
                    payload |= is_payload(&event);
                    match event {
                        Event::Done if next == Next::Reading => next = Next::Done,
                        Event::Fail { .. } => next = Next::Broken,
                        Event::End { .. } => ended = true,
                        Event::Delta { .. } | Event::Open { .. } => ended = false,
                        _ => {}
                    }
                    display.take(&event, text);
                });
                self.ended = ended;
                if payload {
                    self.payload = now;
                }
                if read.is_err() { Next::Broken } else { next }
            }
        }
    }

    pub(super) fn progress(&self) -> Progress {
        match &self.phase {
            Phase::Stream(stream) => stream.display.progress(),
            _ => Progress::None,
        }
    }

    /// When it has taken too long, and what that is called.
    pub(super) fn deadline(&self, clocks: &Clocks) -> (Moment, Class) {
        let stall = if self.ended {
            clocks.linger_ns.min(clocks.payload_idle_ns)
        } else {
            clocks.payload_idle_ns
        };
        let all = [
            (self.started.after(clocks.total_ns), Class::Deadline),
            (self.byte.after(clocks.idle_ns), Class::Idle),
            (self.payload.after(stall), Class::Stall),
        ];
        let [first, rest @ ..] = all;
        rest.into_iter()
            .fold(first, |a, b| if b.0 < a.0 { b } else { a })
    }
}

/// Not a sign of life alone (F-11), nor an event nobody knows.
fn is_payload(event: &Event<'_>) -> bool {
    !matches!(event, Event::Ping | Event::Warning(_) | Event::Other { .. })
}

impl Other {
    /// What came of the body.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Stream {
    /// The body is over: adds to `text` what was held back, and gives what the gate says.
    pub(super) fn finish(self, text: &mut String) -> Result<Turn, Rejected> {
        let Self {
            reader,
            mut display,
            ..
        } = self;
        let result = reader.finish_with(&mut |event| display.take(&event, text));
        display.rest(text);
        result
    }
}
