//! From a tape to its file.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::iter::Peekable;
use core::slice;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::fields;
use crate::{Body, Chunk, End, Exchange, Header, OtherLine, Request, Response, Source, Tape};

/// A tape's file: JSON Lines, each with its line feed.
///
/// [`parse`](crate::parse()) gives the tape back, equal, if every exchange has a request, a
/// response or an end, chunks only with a response, and an end that agrees with the chunks
/// ([`End::of`]); and if `order` and `other` are as `parse` makes them. Where these two are not,
/// the file is read nevertheless, and they come back as they should have been.
#[must_use]
pub fn encode(tape: &Tape) -> String {
    let mut writer = Writer {
        out: encode_header(&tape.header),
        pending: tape.exchanges.iter().map(lines).collect(),
        begun: 0,
        written: 0,
        other: tape.other.iter().peekable(),
    };
    for run in &tape.order {
        for _ in 0..run.lines {
            if !writer.step(run.exchange) {
                break;
            }
        }
    }
    for exchange in 0..tape.exchanges.len() {
        while writer.step(exchange) {}
    }
    writer.others(usize::MAX);
    writer.out
}

/// The first line, with its line feed.
#[must_use]
pub fn encode_header(header: &Header) -> String {
    let mut line = Object::new();
    line.raw("wiretape", &header.wiretape.to_string());
    if let Some(dialect) = &header.dialect {
        line.text("dialect", dialect);
    }
    line.raw("source", &source(&header.source));
    line.raw("exact", if header.exact { "true" } else { "false" });
    if let Some(scenario) = &header.scenario {
        line.raw("scenario", &scenario.to_string());
    }
    if !header.unknown.is_empty() {
        line.raw("unknown", &texts(&header.unknown));
    }
    line.extra(&header.extra, fields::HEADER);
    line.line()
}

/// The line of a request, with its line feed.
#[must_use]
pub fn encode_request(exchange: usize, request: &Request) -> String {
    let mut line = Object::new();
    line.raw("request", &exchange.to_string());
    line.text("method", &request.method);
    line.text("path", &request.path);
    line.raw("headers", &headers(&request.headers));
    let mut body = Object::new();
    match &request.body {
        Body::Empty => {}
        // In JSON, line ends stand between tokens only.
        Body::Json(text) if is_json(text) => body.raw("json", &text.replace(['\n', '\r'], " ")),
        Body::Json(text) => body.text("text", text),
        Body::Text(text) => body.text("text", text),
        Body::Bytes(bytes) => body.text("base64", &STANDARD.encode(bytes)),
    }
    if request.body != Body::Empty {
        line.raw("body", &body.close());
    }
    line.extra(&request.extra, fields::REQUEST);
    line.line()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The line of a response's head, with its line feed.
#[must_use]
pub fn encode_response(exchange: usize, response: &Response) -> String {
    let mut line = Object::new();
    line.raw("response", &exchange.to_string());
    line.raw("after_ns", &response.after_ns.to_string());
    line.raw("status", &response.status.to_string());
    line.raw("headers", &headers(&response.headers));
    line.extra(&response.extra, fields::RESPONSE);
    line.line()
}

/// The line of a chunk, with its line feed: as text if it is UTF-8 by itself, else as base64.
#[must_use]
pub fn encode_chunk(exchange: usize, chunk: &Chunk) -> String {
    let mut out = format!("[{exchange},{},", chunk.after_ns);
    out.reserve(chunk.bytes.len() + chunk.bytes.len() / 8 + 4);
    match core::str::from_utf8(&chunk.bytes) {
        Ok(text) => push_text(&mut out, text),
        Err(_) => {
            let mut bytes = Object::new();
            bytes.text("base64", &STANDARD.encode(&chunk.bytes));
            out.push_str(&bytes.close());
        }
    }
    out.push_str("]\n");
    out
}

/// The line of an exchange's end, with its line feed.
#[must_use]
pub fn encode_end(exchange: usize, end: &End) -> String {
    let mut line = Object::new();
    line.raw("end", &exchange.to_string());
    line.raw("after_ns", &end.after_ns.to_string());
    line.text("kind", end.kind.name());
    line.raw("bytes", &end.bytes.to_string());
    line.text("sha256", &end.sha256);
    line.extra(&end.extra, fields::END);
    line.line()
}

/// A line of an exchange.
enum Line<'a> {
    Request(&'a Request),
    Response(&'a Response),
    Chunk(&'a Chunk),
    End(&'a End),
}

impl Line<'_> {
    fn encode(&self, exchange: usize) -> String {
        match self {
            Self::Request(request) => encode_request(exchange, request),
            Self::Response(response) => encode_response(exchange, response),
            Self::Chunk(chunk) => encode_chunk(exchange, chunk),
            Self::End(end) => encode_end(exchange, end),
        }
    }
}

/// An exchange's lines, in the one order they may have.
fn lines(exchange: &Exchange) -> impl Iterator<Item = Line<'_>> {
    let head = exchange.request.iter().map(Line::Request);
    head.chain(exchange.response.iter().map(Line::Response))
        .chain(exchange.chunks.iter().map(Line::Chunk))
        .chain(exchange.end.iter().map(Line::End))
}

struct Writer<'a, I> {
    out: String,
    /// The lines of each exchange that are still to be written.
    pending: Vec<I>,
    /// Exchanges below this number have begun.
    begun: usize,
    written: usize,
    other: Peekable<slice::Iter<'a, OtherLine>>,
}

impl<'a, I: Iterator<Item = Line<'a>>> Writer<'a, I> {
    /// Writes the next line of an exchange, and before it the first line of those that have to
    /// begin earlier. `false`: it has none left.
    fn step(&mut self, exchange: usize) -> bool {
        if exchange >= self.pending.len() {
            return false;
        }
        while self.begun < exchange {
            let earlier = self.begun;
            self.begun += 1;
            self.next_line(earlier);
        }
        self.begun = self.begun.max(exchange + 1);
        self.next_line(exchange)
    }

    fn next_line(&mut self, exchange: usize) -> bool {
        let Some(line) = self.pending.get_mut(exchange).and_then(Iterator::next) else {
            return false;
        };
        self.others(self.written);
        self.out.push_str(&line.encode(exchange));
        self.written += 1;
        true
    }

    /// Writes the unknown lines that come after no more than so many known ones.
    fn others(&mut self, written: usize) {
        while let Some(line) = self.other.next_if(|line| line.after <= written) {
            let mut object = Object::new();
            object.extra(&line.value, fields::KINDS);
            self.out.push_str(&object.line());
        }
    }
}

fn source(source: &Source) -> String {
    let mut object = Object::new();
    object.text("kind", source.kind.name());
    if let Some(server) = &source.server {
        object.text("server", server);
    }
    if !source.cites.is_empty() {
        object.raw("cites", &texts(&source.cites));
    }
    if let Some(note) = &source.note {
        object.text("note", note);
    }
    object.extra(&source.extra, fields::SOURCE);
    object.close()
}

fn texts(texts: &[String]) -> String {
    array(texts, |out, text| push_text(out, text))
}

fn headers(headers: &[(String, String)]) -> String {
    array(headers, |out, (name, value)| {
        out.push('[');
        push_text(out, name);
        out.push(',');
        push_text(out, value);
        out.push(']');
    })
}

fn array<T>(items: &[T], mut push: impl FnMut(&mut String, &T)) -> String {
    let mut out = String::from("[");
    for item in items {
        if out.len() > 1 {
            out.push(',');
        }
        push(&mut out, item);
    }
    out.push(']');
    out
}

/// A JSON object being written, its keys in the order of the calls.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self(String::from("{"))
    }

    fn raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.0.push_str(json);
    }

    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        push_text(&mut self.0, text);
    }

    /// Writes unknown fields; one that has a known name could not be read back, and is left out.
    fn extra(&mut self, extra: &Map<String, Value>, known: &[&str]) {
        for (key, value) in extra {
            if !known.contains(&key.as_str()) {
                self.raw(key, &value.to_string());
            }
        }
    }

    fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn line(self) -> String {
        let mut line = self.close();
        line.push('\n');
        line
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        push_text(&mut self.0, key);
        self.0.push(':');
    }
}

/// Writes a JSON string. Only what JSON asks for is escaped: quote, backslash, U+0000 to U+001F.
fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for part in text.split_inclusive(must_escape) {
        let mut chars = part.chars();
        match chars.next_back() {
            Some(last) if must_escape(last) => {
                out.push_str(chars.as_str());
                push_escape(out, last);
            }
            _ => out.push_str(part),
        }
    }
    out.push('"');
}

const fn must_escape(c: char) -> bool {
    matches!(c, '"' | '\\' | '\0'..='\x1f')
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        _ => out.push_str(&format!("\\u{:04x}", u32::from(c))),
    }
}
