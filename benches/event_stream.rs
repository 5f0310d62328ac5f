//! The decoder of AWS event streams beside that of AWS' own SDK, over the same messages in the same
//! chunks: MB/s, and the ratio. Both judge both checksums and read all headers.
#![expect(clippy::expect_used, reason = "a bench may stop at once")]

#[expect(dead_code, reason = "its tables are of buffers of events")]
mod race;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use benches::CHUNKS;
use bytes::Bytes;
use bytes_utils::SegmentedBuf;
use race::{Round, race, ratio, speed};
use wiretape_core::event_stream::{Decoder, Value, encode};
use wiretape_core::{Limits, framing};

/// Messages as Bedrock sends them, and the bytes of their payloads.
struct Messages {
    name: &'static str,
    body: Vec<u8>,
    count: usize,
    payload: usize,
}

impl Messages {
    /// So many, with pieces of text or chunks of base64.
    fn new(name: &'static str, piece: &str, count: usize) -> Self {
        let mut made = Self {
            name,
            body: Vec::new(),
            count,
            payload: 0,
        };
        let headers = [
            (":event-type", Value::Text("contentBlockDelta")),
            (":content-type", Value::Text("application/json")),
            (":message-type", Value::Text("event")),
        ];
        for number in 0..count {
            let padding = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
            let padding = padding.get(..number % 61 + 1).unwrap_or(padding);
            let payload = format!(
                r#"{{"contentBlockIndex":0,"delta":{{"text":"{piece}"}},"p":"{padding}"}}"#
            );
            made.payload += payload.len();
            encode(&headers, payload.as_bytes(), &mut made.body).expect("it fits");
        }
        made
    }

    fn check(&self, (count, payload): (usize, usize)) {
        assert_eq!(
            (count, payload),
            (self.count, self.payload),
            "{}",
            self.name
        );
    }

    fn ours(&self, chunk: usize) {
        let mut decoder = Decoder::new(Limits::default());
        let mut seen = (0, 0);
        for chunk in self.body.chunks(chunk) {
            let mut input = chunk;
            while let Some(frame) = decoder.decode(&mut input).expect("messages") {
                seen.0 += 1;
                seen.1 += frame.data.map_or(0, str::len);
            }
        }
        self.check(seen);
    }

    /// As [`Self::ours`], by the decoder of any framing.
    fn any(&self, chunk: usize) {
        let framing = wiretape_core::dialect::Framing::EventStream;
        let options = wiretape_core::sse::Options::strict();
        let mut decoder = framing::Decoder::new(framing, options, Limits::default());
        let mut seen = (0, 0);
        for chunk in self.body.chunks(chunk) {
            let mut input = chunk;
            while let Some(frame) = decoder.decode(&mut input).expect("messages") {
                seen.0 += 1;
                seen.1 += frame.data.map_or(0, str::len);
            }
        }
        self.check(seen);
    }

    /// As the SDK drives it: chunks queue up, and whole messages are taken off the queue. The chunks
    /// share the body's bytes, so that none is copied.
    fn smithy(&self, shared: &Bytes, chunk: usize) {
        let mut decoder = MessageFrameDecoder::new();
        let mut queue = SegmentedBuf::new();
        let mut seen = (0, 0);
        let mut from = 0;
        while from < shared.len() {
            let to = from.saturating_add(chunk).min(shared.len());
            queue.push(shared.slice(from..to));
            from = to;
            while let DecodedFrame::Complete(message) =
                decoder.decode_frame(&mut queue).expect("messages")
            {
                seen.0 += 1;
                seen.1 += message.payload().len();
                let kind =
                    |name: &str| message.headers().iter().find(|h| h.name().as_str() == name);
                assert!(kind(":message-type").is_some() && kind(":event-type").is_some());
                core::str::from_utf8(message.payload()).expect("text");
            }
        }
        self.check(seen);
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let long = "0123456789abcdef".repeat(256);
    for messages in [
        Messages::new("pieces of text", " a few words", 8192),
        Messages::new("pieces of 4 KiB", &long, 512),
    ] {
        let size = messages.body.len();
        println!(
            "\n**AWS event stream, {}** ({size} bytes, {} messages), MB/s\n",
            messages.name, messages.count
        );
        println!("| chunk | ours | ours, any framing | aws-smithy-eventstream | ours / smithy |");
        println!("|---|---|---|---|---|");
        let shared = Bytes::from(messages.body.clone());
        for (name, chunk) in CHUNKS.into_iter().take(4) {
            let (messages, shared) = (&messages, &shared);
            let rounds: [Round<'_>; 3] = [
                Box::new(move || messages.ours(chunk)),
                Box::new(move || messages.any(chunk)),
                Box::new(move || messages.smithy(shared, chunk)),
            ];
            let best = race(&rounds);
            let [ours, any, smithy] = best.as_slice() else {
                continue;
            };
            println!(
                "| {name} | {} | {} | {} | {} |",
                speed(size, Some(*ours)),
                speed(size, Some(*any)),
                speed(size, Some(*smithy)),
                ratio(*smithy, *ours)
            );
        }
    }
}
