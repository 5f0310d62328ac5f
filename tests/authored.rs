//! The tapes of Bedrock and Cohere: what they say stands here, since nobody can write base64 by hand.
//!
//! The tapes are what this makes. `WIRETAPE_AUTHOR=1 cargo test -p tests authored` writes them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use wiretape_core::Dialect;
use wiretape_core::event_stream::{self, Value as Header};
use wiretape_tape::{
    Body, Chunk, End, EndKind, Exchange, Request, Response, Source, SourceKind, Tape, encode,
};

mod bedrock;
mod cohere;

/// A tape as it is told.
struct Told {
    name: &'static str,
    dialect: Dialect,
    cites: &'static [&'static str],
    note: &'static str,
    path: &'static str,
    request: Value,
    events: Vec<Vec<u8>>,
}

#[test]
fn the_tapes_are_what_is_told() {
    let write = std::env::var_os("WIRETAPE_AUTHOR").is_some();
    for told in bedrock::tapes().into_iter().chain(cohere::tapes()) {
        let folder = crate::support::recordings().join(told.dialect.name());
        let path = folder.join(format!("{}.tape", told.name));
        let text = encode(&told.tape());
        if write {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap();
        assert!(there == text, "{} says something else", path.display());
    }
}

impl Told {
    fn tape(&self) -> Tape {
        let mut chance = Chance::of(self.name);
        let mut source = Source::new(SourceKind::Authored);
        source.cites = self.cites.iter().map(|&page| page.into()).collect();
        source.note = Some(self.note.into());
        let header = wiretape_tape::Header::new(Some(self.dialect.name()), source);
        let request = Request {
            method: "POST".into(),
            path: self.path.into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: Body::Json(self.request.to_string()),
            extra: Map::new(),
        };
        let kind = match self.dialect {
            Dialect::Cohere => "text/event-stream",
            _ => "application/vnd.amazon.eventstream",
        };
        let after_ns = chance.between(200_000_000, 700_000_000);
        let response = Response {
            after_ns,
            status: 200,
            headers: vec![("content-type".into(), kind.into())],
            extra: Map::new(),
        };
        let chunks = self.chunks(&mut chance);
        let end_ns = chance.between(200_000, 2_000_000);
        let end = End::of(&chunks, end_ns, EndKind::Complete);
        let exchange = Exchange {
            request: Some(request),
            response: Some(response),
            chunks,
            end: Some(end),
        };
        Tape::new(header, vec![exchange])
    }

    /// Most events come alone; some share a chunk, and some are cut by its edge.
    fn chunks(&self, chance: &mut Chance) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut bytes = Vec::new();
        let last = self.events.len() - 1;
        for (place, event) in self.events.iter().enumerate() {
            bytes.extend_from_slice(event);
            let rest = match chance.between(0, 9) {
                0 | 1 if place < last => continue,
                2 if event.len() > 2 && place < last => {
                    let kept = chance.between(1, event.len() as u64 - 1);
                    bytes.split_off(bytes.len() - usize::try_from(kept).unwrap())
                }
                _ => Vec::new(),
            };
            chunks.push(Chunk {
                after_ns: chance.between(900_000, 140_000_000),
                bytes: std::mem::replace(&mut bytes, rest),
            });
        }
        chunks
    }
}

/// Numbers that a name fixes.
struct Chance(u64);

impl Chance {
    fn of(name: &str) -> Self {
        let mix = |seed: u64, byte: u8| (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 33) % (high - low + 1)
    }
}

/// One message of an AWS event stream.
fn message(kind: &str, named: &str, name: &str, payload: &str) -> Vec<u8> {
    let headers = [
        (named, Header::Text(name)),
        (":content-type", Header::Text("application/json")),
        (":message-type", Header::Text(kind)),
    ];
    let mut out = Vec::new();
    event_stream::encode(&headers, payload.as_bytes(), &mut out).unwrap();
    out
}

/// A payload with padding of a length that its place fixes.
fn padded(payload: &Value, place: usize) -> String {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut payload = payload.clone();
    payload["p"] = LETTERS[..place * 17 % 61 + 1].into();
    payload.to_string()
}

/// The events of `ConverseStream`.
fn converse(events: &[(&str, Value)]) -> Vec<Vec<u8>> {
    let one = |(place, (name, payload)): (usize, &(&str, Value))| {
        message("event", ":event-type", name, &padded(payload, place))
    };
    events.iter().enumerate().map(one).collect()
}

/// A model's own events, each in a chunk.
fn invoke(events: &[String]) -> Vec<Vec<u8>> {
    let one = |(place, event): (usize, &String)| {
        let payload = json!({"bytes": BASE64_STANDARD.encode(event)});
        message("event", ":event-type", "chunk", &padded(&payload, place))
    };
    events.iter().enumerate().map(one).collect()
}

/// Server-sent events under the type of each payload.
fn sse(payloads: &[String]) -> Vec<Vec<u8>> {
    let one = |payload: &String| {
        let value: Value = serde_json::from_str(payload).unwrap();
        let name = value["type"].as_str().unwrap();
        format!("event: {name}\ndata: {payload}\n\n").into_bytes()
    };
    payloads.iter().map(one).collect()
}

/// A text in pieces of a few words.
fn pieces(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words.chunks(3).map(|words| words.concat()).collect()
}
