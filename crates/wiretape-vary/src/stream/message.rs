//! A message of an AWS event stream: what it says, and its bytes.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wiretape_core::event_stream::{Message as Read, Value, encode};

use crate::json;

const EVENT: &str = ":event-type";
const EXCEPTION: &str = ":exception-type";
const KIND: &str = ":message-type";

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// As it is sent.
    pub(crate) bytes: Vec<u8>,
    /// What its headers say that it is.
    pub(crate) event: String,
    /// The JSON that it says: of Bedrock's chunks, what is in their `bytes`.
    pub(crate) payload: Vec<u8>,
    /// The payload stands in the field `bytes`, in Base64.
    coded: bool,
}

impl Message {
    /// The message at the start of some bytes, and how long it is; `None` where none begins there that
    /// can be read.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let (read, length) = Read::parse(bytes).ok()??;
        let mut event = String::new();
        for header in read.headers() {
            if let (EVENT | EXCEPTION, Value::Text(name)) = header.ok()? {
                event = name.into();
            }
        }
        let inner = coded(read.payload());
        let message = Self {
            bytes: bytes.get(..length)?.to_vec(),
            event,
            coded: inner.is_some(),
            payload: inner.unwrap_or_else(|| read.payload().to_vec()),
        };
        Some((message, length))
    }

    /// A message that was not in the body. `coded`: its payload goes into a chunk.
    pub(crate) fn new(event: &str, payload: &[u8], coded: bool) -> Self {
        let outer = coded.then(|| chunk(b"{\"bytes\":\"\"}", payload));
        let event = if coded { "chunk" } else { event };
        let headers = [
            (EVENT, Value::Text(event)),
            (":content-type", Value::Text("application/json")),
            (KIND, Value::Text("event")),
        ];
        Self {
            bytes: encoded(&headers, outer.as_deref().unwrap_or(payload)),
            event: event.into(),
            payload: payload.to_vec(),
            coded,
        }
    }

    /// An exception, as the service sends it in the place of an event.
    pub(crate) fn exception(name: &str, payload: &[u8]) -> Self {
        let headers = [
            (EXCEPTION, Value::Text(name)),
            (":content-type", Value::Text("application/json")),
            (KIND, Value::Text("exception")),
        ];
        Self {
            bytes: encoded(&headers, payload),
            event: name.into(),
            payload: payload.to_vec(),
            coded: false,
        }
    }

    /// An error of the transport: no payload, a code and a text in its headers.
    pub(crate) fn error(code: &str, text: &str) -> Self {
        let headers = [
            (":error-code", Value::Text(code)),
            (":error-message", Value::Text(text)),
            (KIND, Value::Text("error")),
        ];
        Self {
            bytes: encoded(&headers, b""),
            event: String::new(),
            payload: Vec::new(),
            coded: false,
        }
    }

    /// The payload stands in the field `bytes` of a chunk.
    pub(crate) fn is_coded(&self) -> bool {
        self.coded
    }

    /// Says something else, under the same headers.
    pub(crate) fn set_payload(&mut self, payload: &[u8]) {
        let bytes = taken_apart(&self.bytes).map(|(headers, old)| {
            let outer = self.coded.then(|| chunk(old, payload));
            encoded(&headers, outer.as_deref().unwrap_or(payload))
        });
        self.bytes = bytes.unwrap_or_default();
        self.payload = payload.to_vec();
    }

    /// Says another event's name.
    pub(crate) fn set_event(&mut self, name: &str) {
        let bytes = taken_apart(&self.bytes).map(|(mut headers, payload)| {
            for (header, value) in &mut headers {
                if *header == EVENT {
                    *value = Value::Text(name);
                }
            }
            encoded(&headers, payload)
        });
        self.bytes = bytes.unwrap_or_default();
        self.event = name.into();
    }

    /// Puts a header behind the others.
    pub(crate) fn add_header(&mut self, name: &str, text: &str) {
        let bytes = taken_apart(&self.bytes).map(|(mut headers, payload)| {
            headers.push((name, Value::Text(text)));
            encoded(&headers, payload)
        });
        self.bytes = bytes.unwrap_or_default();
    }
}

type Headers<'b> = Vec<(&'b str, Value<'b>)>;

/// A message's headers and its payload.
fn taken_apart(bytes: &[u8]) -> Option<(Headers<'_>, &[u8])> {
    let (read, _) = Read::parse(bytes).ok()??;
    Some((
        read.headers().filter_map(Result::ok).collect(),
        read.payload(),
    ))
}

/// A message's bytes; none where it would be over the format's limits.
fn encoded(headers: &[(&str, Value<'_>)], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match encode(headers, payload, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

/// What stands in the field `bytes` of a chunk.
fn coded(payload: &[u8]) -> Option<Vec<u8>> {
    let value = json::path(payload, &["bytes"])?;
    let body = json::string(payload, &value)?;
    STANDARD.decode(json::part(payload, body)).ok()
}

/// A chunk with something else in its field `bytes`.
fn chunk(outer: &[u8], payload: &[u8]) -> Vec<u8> {
    let value = json::path(outer, &["bytes"]).and_then(|value| json::string(outer, &value));
    let text = STANDARD.encode(payload);
    value.map_or_else(Vec::new, |body| {
        json::replace(outer, &body, text.as_bytes())
    })
}
