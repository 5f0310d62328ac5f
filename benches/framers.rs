//! The framings, each driven the fastest way it offers: all events of a buffer in chunks of a size.

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use benches::Buffer;
use futures_util::stream::{self, Stream};
use wiretape_core::{Limits, sse};

/// What a framing found: events with a payload, and the bytes of their payloads.
pub(crate) type Found = (usize, usize);

/// Reads a body in chunks of the given size.
pub(crate) type Framer = fn(&[u8], usize) -> Found;

/// Ours first, then the two to beat, then the one that most clients use.
pub(crate) const FRAMERS: [(&str, Framer); 4] = [
    ("wiretape", wiretape),
    ("sse-core", sse_core),
    ("sse-stream", sse_stream),
    ("eventsource-stream", eventsource_stream),
];

/// `eventsource-stream` is quadratic in the chunk size: a whole buffer takes it a second or more.
pub(crate) fn is_too_slow(name: &str, chunk: usize) -> bool {
    name == "eventsource-stream" && chunk > 16 << 10
}

/// Reads the buffer and insists on its events.
pub(crate) fn check(framer: Framer, buffer: &Buffer, chunk: usize) {
    let found = framer(&buffer.whole, chunk);
    assert_eq!(
        found,
        (buffer.events, buffer.payload_bytes),
        "events, bytes of payload"
    );
}

fn wiretape(body: &[u8], chunk: usize) -> Found {
    let mut decoder = sse::Decoder::new(sse::Options::default(), Limits::default());
    let (mut events, mut bytes) = (0, 0);
    for mut input in body.chunks(chunk) {
        while let Some(frame) = decoder.decode(&mut input).expect("a well-formed stream") {
            if let Some(data) = black_box(frame).data {
                events += 1;
                bytes += data.len();
            }
        }
    }
    (events, bytes)
}

/// Its state machine, without the stream around it.
fn sse_core(body: &[u8], chunk: usize) -> Found {
    let mut decoder = sse_core::SseDecoder::new();
    let (mut events, mut bytes) = (0, 0);
    for mut input in body.chunks(chunk) {
        while let Some(event) = decoder.next(&mut input) {
            let event = black_box(event.expect("a payload below the limit"));
            if let sse_core::SseEvent::Message(message) = event {
                events += 1;
                bytes += message.data.len();
            }
        }
    }
    (events, bytes)
}

/// Its byte stream over borrowed chunks, which never wait, without the HTTP body adapter.
fn sse_stream(body: &[u8], chunk: usize) -> Found {
    let mut events = sse_stream::SseByteStream::new(chunks(body, chunk));
    count(
        |cx| Pin::new(&mut events).poll_next(cx),
        |event| event.data.as_ref().map(String::len),
    )
}

fn eventsource_stream(body: &[u8], chunk: usize) -> Found {
    let mut events = eventsource_stream::EventStream::new(chunks(body, chunk));
    count(
        |cx| Pin::new(&mut events).poll_next(cx),
        |event| Some(event.data.len()),
    )
}

fn chunks(body: &[u8], chunk: usize) -> impl Stream<Item = Result<&[u8], Infallible>> + Unpin {
    stream::iter(body.chunks(chunk).map(Ok))
}

#[inline(always)]
fn count<T, E: std::fmt::Debug>(
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<T, E>>>,
    payload: impl Fn(&T) -> Option<usize>,
) -> Found {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut events, mut bytes) = (0, 0);
    while let Poll::Ready(Some(event)) = poll(&mut cx) {
        let event = black_box(event.expect("a well-formed stream"));
        if let Some(payload) = payload(&event) {
            events += 1;
            bytes += payload;
        }
    }
    (events, bytes)
}
