//! From a file to its tape.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::digest::measure;
use crate::fields::{self, describe, wrong};
use crate::number;
use crate::{
    Body, Chunk, End, Error, ErrorKind, Exchange, Header, OtherLine, Request, Response, Run,
    Source, Tape,
};

/// The version of the format that this crate reads and writes.
pub const VERSION: u32 = 1;

/// The longest line that is read, in bytes without the line feed: 256 MiB.
pub const LINE_BYTES_MAX: usize = 256 << 20;

/// The most exchanges that a tape may hold.
pub const EXCHANGES_MAX: usize = 100_000;

/// What [`parse()`] read.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The tape: all whole lines.
    pub tape: Tape,
    /// What is left of a last line that was cut; `None` where the file is whole.
    pub torn: Option<Torn>,
}

/// A last line that was cut in the middle, as where the recorder was killed: without a line feed,
/// and not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The line, counted from 1.
    pub line: u64,
    /// Offset in the file of its first byte; truncated here, the file is whole.
    pub at: u64,
    /// Bytes that are left of it.
    pub bytes: u64,
    /// Why it is not a line: [`ErrorKind::NotUtf8`] or [`ErrorKind::NotJson`].
    pub why: ErrorKind,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line, bytes, why, ..
        } = self;
        write!(
            f,
            "line {line} is torn after {bytes} bytes, the lines before it were read: {why}"
        )
    }
}

/// Reads a tape of version 1.
///
/// A leading byte order mark and CRLF line ends are accepted, and not written again. In a JSON
/// object that has a key twice the last one counts. A number is kept by its value, not by how it is
/// spelled; one that 64 bits do not hold is an error, since its digits would be lost. The JSON of a request's
/// body is kept as it stands.
///
/// # Errors
/// The first line that is not as the format says, and how; also where the length or the digest in
/// an end line is not that of the chunks. A cut last line is not an error: see [`Torn`].
pub fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    parse_within(
        bytes,
        &Limits {
            line_bytes: LINE_BYTES_MAX,
            exchanges: EXCHANGES_MAX,
        },
    )
}

/// What a file may hold at most.
pub(crate) struct Limits {
    pub(crate) line_bytes: usize,
    pub(crate) exchanges: usize,
}

pub(crate) fn parse_within(bytes: &[u8], limits: &Limits) -> Result<Parsed, Error> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut at = (bytes.len() - text.len()) as u64;
    let mut reader: Option<Reader<'_>> = None;
    let mut torn = None;
    for (line, raw) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        let error = |kind| Error { line, kind };
        let content = raw.strip_suffix(b"\n");
        match (read(content.unwrap_or(raw), at, limits), &mut reader) {
            (value, None) => reader = Some(Reader::new(header(raw, value).map_err(error)?, limits)),
            (Ok(value), Some(reader)) => reader.line(value, raw).map_err(error)?,
            (Err(why), Some(_)) if content.is_none() && why.may_be_torn() => {
                torn = Some(Torn {
                    line,
                    at,
                    bytes: raw.len() as u64,
                    why,
                });
            }
            (Err(why), Some(_)) => return Err(error(why)),
        }
        at += raw.len() as u64;
    }
    let reader = reader.ok_or(Error {
        line: 1,
        kind: ErrorKind::Empty,
    })?;
    Ok(Parsed {
        tape: reader.finish(),
        torn,
    })
}

/// One line's JSON; `at` is where in the file it begins.
fn read(line: &[u8], at: u64, limits: &Limits) -> Result<Value, ErrorKind> {
    if line.len() > limits.line_bytes {
        return Err(ErrorKind::LineTooLong {
            limit: limits.line_bytes,
        });
    }
    let text = core::str::from_utf8(line).map_err(|error| ErrorKind::NotUtf8 {
        at: at + error.valid_up_to() as u64,
    })?;
    if text.trim_ascii().is_empty() {
        let found = "a blank line".into();
        return Err(ErrorKind::NotALine { found });
    }
    let value = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        // The only sign that the reader gives of this.
        if message.starts_with("recursion limit exceeded") {
            return ErrorKind::TooDeep;
        }
        let why = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(why, _)| why);
        ErrorKind::NotJson {
            column: error.column().max(1),
            why: why.into(),
        }
    })?;
    match inexact(&value, text) {
        Some(number) => Err(ErrorKind::Number {
            number: number.chars().take(64).collect(),
        }),
        None => Ok(value),
    }
}

/// A number of a line whose digits its value does not hold.
fn inexact(value: &Value, text: &str) -> Option<String> {
    // Chunk lines have no number that is not checked anyway.
    let fields = value.as_object()?;
    // The JSON of a request's body is kept as it stands.
    let body = fields
        .contains_key("request")
        .then(|| sent(text.as_bytes()));
    match body.flatten() {
        Some(json) => number::inexact(&text.replacen(&json, "0", 1)).map(String::from),
        None => number::inexact(text).map(String::from),
    }
}

fn header(raw: &[u8], value: Result<Value, ErrorKind>) -> Result<Header, ErrorKind> {
    let mut fields = match value {
        Ok(Value::Object(fields)) if fields.contains_key("wiretape") => fields,
        Err(ErrorKind::NotJson { .. } | ErrorKind::NotALine { .. })
            if !raw.starts_with(b"{\"wiretape\"") =>
        {
            return Err(ErrorKind::NoHeader);
        }
        Err(kind) => return Err(kind),
        Ok(_) => return Err(ErrorKind::NoHeader),
    };
    let version = fields::take_uint(&mut fields, "wiretape")?;
    if version != u64::from(VERSION) {
        return Err(ErrorKind::Version { found: version });
    }
    one_kind(&fields, "wiretape")?;
    Ok(Header {
        wiretape: VERSION,
        dialect: fields::take_text_if_any(&mut fields, "dialect")?,
        source: source(fields.remove("source"))?,
        exact: fields::take_bool(&mut fields, "exact")?,
        scenario: fields.remove("scenario"),
        unknown: fields::take_texts(&mut fields, "unknown")?,
        extra: fields,
    })
}

fn source(value: Option<Value>) -> Result<Source, ErrorKind> {
    let mut fields = match value {
        Some(Value::Object(fields)) => fields,
        value => {
            let expected = "an object such as {\"kind\":\"recorded\",\"server\":\"…\"}";
            return Err(wrong("source", expected, value.as_ref()));
        }
    };
    Ok(Source {
        kind: fields::take_source_kind(&mut fields)?,
        server: fields::take_text_if_any(&mut fields, "server")?,
        cites: fields::take_texts(&mut fields, "cites")?,
        note: fields::take_text_if_any(&mut fields, "note")?,
        extra: fields,
    })
}

/// The state between two lines.
struct Reader<'a> {
    limits: &'a Limits,
    tape: Tape,
    /// Known lines so far, the header not counted.
    lines: usize,
}

impl<'a> Reader<'a> {
    const fn new(header: Header, limits: &'a Limits) -> Self {
        Self {
            limits,
            tape: Tape::new(header, Vec::new()),
            lines: 0,
        }
    }

    /// Takes a line, as a value and as it stands in the file.
    fn line(&mut self, value: Value, raw: &[u8]) -> Result<(), ErrorKind> {
        let mut fields = match value {
            Value::Object(fields) => fields,
            Value::Array(items) => return self.chunk(items),
            value => {
                return Err(ErrorKind::NotALine {
                    found: describe(Some(&value)),
                });
            }
        };
        let kind = fields::KINDS
            .iter()
            .copied()
            .find(|kind| fields.contains_key(*kind));
        let Some(kind) = kind else {
            self.tape.other.push(OtherLine {
                after: self.lines,
                value: fields,
            });
            return Ok(());
        };
        if kind == "wiretape" {
            return Err(ErrorKind::SecondHeader);
        }
        let number = fields::take_uint(&mut fields, kind)?;
        one_kind(&fields, kind)?;
        match kind {
            "request" => self.request(number, fields, raw),
            "response" => self.response(number, fields),
            _ => self.end(number, fields),
        }
    }

    fn finish(mut self) -> Tape {
        // Exchanges begin in order: with one run each, they follow one another.
        if self.tape.order.len() == self.tape.exchanges.len() {
            self.tape.order.clear();
        }
        self.tape
    }

    fn request(
        &mut self,
        number: u64,
        mut fields: Map<String, Value>,
        raw: &[u8],
    ) -> Result<(), ErrorKind> {
        let exchange = self.exchange(number, "request")?;
        if exchange.request.is_some() {
            return Err(ErrorKind::Duplicate {
                what: "request",
                exchange: number,
            });
        }
        if exchange.response.is_some() {
            return Err(ErrorKind::LateRequest { exchange: number });
        }
        exchange.request = Some(Request {
            method: fields::take_text(&mut fields, "method")?,
            path: fields::take_text(&mut fields, "path")?,
            headers: fields::take_headers(&mut fields)?,
            body: body(fields.remove("body"), raw)?,
            extra: fields,
        });
        Ok(())
    }

    fn response(&mut self, number: u64, mut fields: Map<String, Value>) -> Result<(), ErrorKind> {
        let exchange = self.exchange(number, "response")?;
        if exchange.response.is_some() {
            return Err(ErrorKind::Duplicate {
                what: "response",
                exchange: number,
            });
        }
        exchange.response = Some(Response {
            after_ns: fields::take_uint(&mut fields, "after_ns")?,
            status: fields::take_status(&mut fields)?,
            headers: fields::take_headers(&mut fields)?,
            extra: fields,
        });
        Ok(())
    }

    fn chunk(&mut self, items: Vec<Value>) -> Result<(), ErrorKind> {
        let elements = items.len();
        let Ok([number, after_ns, bytes]) = <[Value; 3]>::try_from(items) else {
            return Err(ErrorKind::NotAChunk { elements });
        };
        let number = fields::uint("exchange", Some(&number))?;
        let after_ns = fields::uint("after_ns", Some(&after_ns))?;
        let bytes = match bytes {
            Value::String(text) => text.into_bytes(),
            Value::Object(fields) => match fields::only(fields) {
                Some((key, value)) if key == "base64" => fields::base64(&value)?,
                _ => return Err(chunk_bytes(&Value::Object(Map::new()))),
            },
            value => return Err(chunk_bytes(&value)),
        };
        let exchange = self.exchange(number, "chunk")?;
        if exchange.response.is_none() {
            return Err(ErrorKind::NoResponse { exchange: number });
        }
        exchange.chunks.push(Chunk { after_ns, bytes });
        Ok(())
    }

    fn end(&mut self, number: u64, mut fields: Map<String, Value>) -> Result<(), ErrorKind> {
        let exchange = self.exchange(number, "end")?;
        let end = End {
            after_ns: fields::take_uint(&mut fields, "after_ns")?,
            kind: fields::take_end_kind(&mut fields)?,
            bytes: fields::take_uint(&mut fields, "bytes")?,
            sha256: fields::take_text(&mut fields, "sha256")?,
            extra: fields,
        };
        let (bytes, sha256) = measure(&exchange.chunks);
        if end.bytes != bytes {
            return Err(ErrorKind::Length {
                exchange: number,
                said: end.bytes,
                found: bytes,
            });
        }
        if end.sha256 != sha256 {
            let said = end.sha256;
            return Err(ErrorKind::Digest {
                exchange: number,
                said,
                found: sha256,
            });
        }
        exchange.end = Some(end);
        Ok(())
    }

    /// The exchange that a line belongs to, which may be the next one to begin.
    fn exchange(&mut self, number: u64, what: &'static str) -> Result<&mut Exchange, ErrorKind> {
        let next = self.tape.exchanges.len();
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if index >= self.limits.exchanges {
            return Err(ErrorKind::TooManyExchanges {
                limit: self.limits.exchanges,
            });
        }
        if index > next {
            return Err(ErrorKind::ExchangeOrder {
                found: number,
                next: next as u64,
            });
        }
        if index == next {
            self.tape.exchanges.push(Exchange::default());
        }
        self.lines += 1;
        match self.tape.order.last_mut() {
            Some(run) if run.exchange == index => run.lines += 1,
            _ => self.tape.order.push(Run {
                exchange: index,
                lines: 1,
            }),
        }
        match self.tape.exchanges.get_mut(index) {
            Some(exchange) if exchange.end.is_none() => Ok(exchange),
            _ if what == "end" => Err(ErrorKind::Duplicate {
                what,
                exchange: number,
            }),
            _ => Err(ErrorKind::AfterEnd { exchange: number }),
        }
    }
}

/// Refuses a line of this kind that is of another kind too.
fn one_kind(fields: &Map<String, Value>, kind: &'static str) -> Result<(), ErrorKind> {
    let other = |other: &&&'static str| **other != kind && fields.contains_key(**other);
    match fields::KINDS.iter().find(other) {
        Some(second) => Err(ErrorKind::Ambiguous {
            first: kind,
            second,
        }),
        None => Ok(()),
    }
}

/// A request's body; `line` is the line it stands in.
fn body(value: Option<Value>, line: &[u8]) -> Result<Body, ErrorKind> {
    const EXPECTED: &str = "{\"json\":…}, {\"text\":\"…\"}, {\"base64\":\"…\"} or nothing";
    let fields = match value {
        None | Some(Value::Null) => return Ok(Body::Empty),
        Some(Value::Object(fields)) => fields,
        value => return Err(wrong("body", EXPECTED, value.as_ref())),
    };
    match fields::only(fields) {
        Some((key, value)) if key == "json" => {
            Ok(Body::Json(sent(line).unwrap_or_else(|| value.to_string())))
        }
        Some((key, Value::String(text))) if key == "text" => Ok(Body::Text(text)),
        Some((key, value)) if key == "base64" => Ok(Body::Bytes(fields::base64(&value)?)),
        _ => Err(wrong("body", EXPECTED, Some(&Value::Object(Map::new())))),
    }
}

/// The JSON of a request's body as it stands in its line: a value would lose the order of keys, and
/// the digits of big numbers. `None` where a key of the line is repeated.
fn sent(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        body: Sent<'a>,
    }
    #[derive(Deserialize)]
    struct Sent<'a> {
        #[serde(borrow)]
        json: &'a RawValue,
    }
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    Some(line.body.json.get().into())
}

fn chunk_bytes(found: &Value) -> ErrorKind {
    wrong("bytes", "a string or {\"base64\":\"…\"}", Some(found))
}
