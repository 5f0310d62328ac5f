//! One exchange as it is sent: the head, the chunks in HTTP's framing, the facts to report.

use std::fmt::Write;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use wiretape_core::Limits;
use wiretape_core::dialect::Framing as Frames;
use wiretape_core::framing::Decoder;
use wiretape_core::sse::Options;
use wiretape_tape::{EndKind, Exchange, Kind, sha256_hex, sniff};
use wiretape_vary::{Outcome, Script};

use crate::clock::{epoch_s, http_date};

/// Headers that belong to a connection, not to an answer: ours stand in their place.
const HOP_BY_HOP: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What ends a chunked body.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// An exchange that is ready to be played, any number of times at once.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) script: Arc<Script>,
    /// What was done, in words.
    pub(crate) scenario: String,
    /// `None`: no head came, and none is sent.
    pub(crate) status: Option<u16>,
    /// From the request to the head, as the scenario paces it.
    pub(crate) head_after: Duration,
    /// Chunks before which it stops, in order; the number of chunks means the end.
    pub(crate) holds: Vec<usize>,
    pub(crate) same_bytes: bool,
    /// The bytes, their cuts and the end are the recording's.
    pub(crate) equal: bool,
    headers: Vec<(String, String)>,
    framing: Framing,
    /// Made when first played, shared by all that play.
    chunked: OnceLock<Framed>,
    bare: OnceLock<Framed>,
    sha256: OnceLock<String>,
}

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// In chunks.
    Chunked,
    /// By a length in the head.
    Length(u64),
    /// By the end of the connection.
    Close,
    /// There is none.
    Empty,
}

/// How an answer is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// HTTP/1.0, which knows no chunks.
    pub(crate) old: bool,
    /// `HEAD`: no body.
    pub(crate) head_only: bool,
    pub(crate) close: bool,
    pub(crate) cors: bool,
}

/// A body's bytes as they are sent, and where in them each chunk ends.
#[derive(Debug)]
pub(crate) struct Framed {
    /// `None`: the script's own.
    bytes: Option<Vec<u8>>,
    ends: Vec<usize>,
}

impl Reply {
    /// `bare`: the tape is a body without a head of its own, or with no known headers. `holds`: events to stop before.
    pub(crate) fn new(
        exchange: &Exchange,
        script: Script,
        label: String,
        bare: bool,
        holds: &[usize],
    ) -> Self {
        let recorded = exchange.body();
        let same_bytes = script.body() == recorded;
        let cuts = exchange.chunks.iter().map(|chunk| chunk.bytes.len());
        let same_cuts = script.steps().map(|step| step.bytes.len()).eq(cuts);
        let end = exchange
            .end
            .as_ref()
            .map_or(EndKind::Unterminated, |end| end.kind);
        let (status, headers) = head(exchange, &script, bare);
        Self {
            scenario: label,
            status,
            head_after: Duration::from_nanos(script.head_after_ns),
            holds: held(&script, holds),
            same_bytes,
            equal: same_bytes && same_cuts && script.end == end && script.head.is_none(),
            framing: framing(&headers, status, &script, recorded.len()),
            headers,
            script: Arc::new(script),
            chunked: OnceLock::new(),
            bare: OnceLock::new(),
            sha256: OnceLock::new(),
        }
    }

    /// A client that gets it has reason to ask again.
    pub(crate) fn fails(&self) -> bool {
        // A stream that stops, or reports an error, may do so over a connection that ends well.
        let broken =
            |outcome: &Outcome| matches!(outcome, Outcome::ErrorReported | Outcome::EofReported);
        self.status.is_none_or(|status| status >= 400)
            || self.script.end != EndKind::Complete
            || self.script.permits.iter().any(broken)
    }

    /// How the body is delimited for a client.
    pub(crate) fn framing(&self, manner: Manner) -> Framing {
        match self.framing {
            _ if manner.head_only => Framing::Empty,
            Framing::Chunked if manner.old => Framing::Close,
            framing => framing,
        }
    }

    /// The head's bytes; none where none was recorded.
    pub(crate) fn head(&self, manner: Manner) -> Vec<u8> {
        let Some(status) = self.status else {
            return Vec::new();
        };
        let mut out = status_line(status);
        if let Some(retry_at_s) = self.script.head.as_ref().and_then(|head| head.retry_at_s) {
            let at_s = epoch_s().saturating_add(retry_at_s.into());
            push_header(&mut out, "retry-after", &http_date(at_s));
        }
        let mut coded = self.framing != Framing::Chunked || manner.old;
        for (name, value) in &self.headers {
            match name.to_ascii_lowercase().as_str() {
                "transfer-encoding" if !coded => {
                    push_header(&mut out, name, "chunked");
                    coded = true;
                }
                "content-length" => {
                    if let Framing::Length(length) = self.framing {
                        push_header(&mut out, name, &length.to_string());
                    }
                }
                other if HOP_BY_HOP.contains(&other) => {}
                other if manner.cors && other.starts_with("access-control-") => {}
                _ => push_header(&mut out, name, value),
            }
        }
        if !coded {
            push_header(&mut out, "transfer-encoding", "chunked");
        }
        if manner.cors {
            push_cors(&mut out);
        }
        if manner.close {
            push_header(&mut out, "connection", "close");
        }
        out.push_str("\r\n");
        out.into_bytes()
    }

    /// The body in chunks of HTTP, or bare.
    pub(crate) fn framed(&self, chunked: bool) -> &Framed {
        match chunked {
            true => self.chunked.get_or_init(|| Framed::chunked(&self.script)),
            false => self.bare.get_or_init(|| Framed::bare(&self.script)),
        }
    }

    /// The bytes of some chunks as they are sent, and with `last` what comes behind all of them.
    pub(crate) fn bytes<'a>(
        &'a self,
        framed: &'a Framed,
        chunks: Range<usize>,
        last: bool,
    ) -> &'a [u8] {
        let all = framed
            .bytes
            .as_deref()
            .unwrap_or_else(|| self.script.body());
        let from = framed.end_before(chunks.start);
        let to = match last {
            true => all.len(),
            false => framed.end_before(chunks.end),
        };
        all.get(from..to).unwrap_or_default()
    }

    /// Bytes of the body in the first so many chunks.
    pub(crate) fn body_bytes(&self, chunks: usize) -> usize {
        self.framed(false).end_before(chunks)
    }

    /// SHA-256 of the first so many bytes of the body.
    pub(crate) fn sha256(&self, bytes: usize) -> String {
        let body = self.script.body();
        match body.get(..bytes) {
            Some(part) if part.len() < body.len() => sha256_hex(part),
            _ => self.sha256.get_or_init(|| sha256_hex(body)).clone(),
        }
    }
}

impl Framed {
    /// Bytes of a chunk's size and the two line ends around it, at most.
    const AROUND_BYTES: usize = 20;

    fn chunked(script: &Script) -> Self {
        let steps = script.steps();
        let mut bytes = String::new();
        let mut out = Vec::with_capacity(script.body().len() + steps.len() * Self::AROUND_BYTES);
        let mut ends = Vec::with_capacity(steps.len());
        for step in steps {
            // A chunk without bytes would be the last one.
            if !step.bytes.is_empty() {
                bytes.clear();
                let _ = write!(bytes, "{:x}\r\n", step.bytes.len());
                out.extend_from_slice(bytes.as_bytes());
                out.extend_from_slice(step.bytes);
                out.extend_from_slice(b"\r\n");
            }
            ends.push(out.len());
        }
        out.extend_from_slice(LAST_CHUNK);
        Self {
            bytes: Some(out),
            ends,
        }
    }

    fn bare(script: &Script) -> Self {
        let ends = script.steps().scan(0, |at, step| {
            *at += step.bytes.len();
            Some(*at)
        });
        Self {
            bytes: None,
            ends: ends.collect(),
        }
    }

    /// Where the chunks before this one end.
    pub(crate) fn end_before(&self, chunk: usize) -> usize {
        let last = chunk.checked_sub(1);
        last.and_then(|last| self.ends.get(last).copied())
            .unwrap_or(0)
    }
}

/// `HTTP/1.1 200 OK` with its line end.
pub(crate) fn status_line(status: u16) -> String {
    format!("HTTP/1.1 {status} {}\r\n", reason(status))
}

/// One header, if its name is one; a line end in its value would end the head.
pub(crate) fn push_header(out: &mut String, name: &str, value: &str) {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return;
    }
    out.push_str(name);
    out.push_str(": ");
    out.extend(
        value
            .chars()
            .map(|c| if c.is_control() && c != '\t' { ' ' } else { c }),
    );
    out.push_str("\r\n");
}

/// What lets a page of another origin read the answer.
pub(crate) fn push_cors(out: &mut String) {
    push_header(out, "access-control-allow-origin", "*");
    push_header(out, "access-control-expose-headers", "*");
}

/// The status and headers that are sent, before those of a connection are taken out.
fn head(exchange: &Exchange, script: &Script, bare: bool) -> (Option<u16>, Vec<(String, String)>) {
    if script.silent {
        return (None, Vec::new());
    }
    if let Some(head) = &script.head {
        return (Some(head.status), head.headers.clone());
    }
    let said = exchange.response.as_ref();
    if said.is_none() && exchange.chunks.is_empty() && script.end != EndKind::Complete {
        return (None, Vec::new());
    }
    let status = said.map_or(200, |head| head.status);
    let mut headers = said.map_or_else(Vec::new, |head| head.headers.clone());
    let typed = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !typed && (bare || said.is_none()) {
        let value = match sniff(script.body()) {
            Kind::Sse => "text/event-stream",
            Kind::Lines => "application/x-ndjson",
            Kind::EventStream => "application/vnd.amazon.eventstream",
            _ => "application/octet-stream",
        };
        headers.insert(0, ("content-type".to_owned(), value.to_owned()));
    }
    (Some(status), headers)
}

fn framing(
    headers: &[(String, String)],
    status: Option<u16>,
    script: &Script,
    recorded_bytes: usize,
) -> Framing {
    if matches!(status, None | Some(100..=199 | 204 | 304)) {
        return Framing::Empty;
    }
    let header = |wanted: &str| {
        let mut all = headers.iter();
        let found = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim())
    };
    let Some(announced) = header("content-length") else {
        return Framing::Chunked;
    };
    let length = script.body().len() as u64;
    if script.end == EndKind::Complete {
        return Framing::Length(length);
    }
    // A body that is cut off is shorter than what its head announces.
    let announced = announced.parse().unwrap_or(recorded_bytes as u64);
    Framing::Length(announced.max(length.saturating_add(1)))
}

/// Nanoseconds at `n / of` times the speed.
pub(crate) fn scaled(ns: u64, n: u32, of: u32) -> u64 {
    let scaled = u128::from(ns) * u128::from(of) / u128::from(n.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// The chunks to stop before: those that complete the events, each counted from 0.
fn held(script: &Script, events: &[usize]) -> Vec<usize> {
    if events.is_empty() {
        return Vec::new();
    }
    let chunks = script.steps().len();
    let completed = completed(script);
    let has_events = !completed.is_empty();
    let chunk = |event: &usize| match has_events {
        true => completed.get(*event).copied().unwrap_or(chunks),
        false => (*event).min(chunks),
    };
    let mut all: Vec<usize> = events.iter().map(chunk).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// For each event of the body, in whichever framing it is, the chunk that completes it.
fn completed(script: &Script) -> Vec<usize> {
    let framing = match sniff(script.body()) {
        Kind::EventStream => Frames::EventStream,
        Kind::Lines if script.body().starts_with(b"[") => Frames::SseOrJson,
        Kind::Lines => Frames::Ndjson,
        _ => Frames::Sse,
    };
    let mut decoder = Decoder::new(framing, Options::standard(), Limits::default());
    let mut out = Vec::new();
    for (number, step) in script.steps().enumerate() {
        let mut input = step.bytes;
        while let Ok(Some(frame)) = decoder.decode(&mut input) {
            out.extend(frame.data.map(|_| number));
        }
    }
    let last = script.steps().len().saturating_sub(1);
    if let Ok(Some(frame)) = decoder.finish() {
        out.extend(frame.data.map(|_| last));
    }
    out
}

const fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        424 => "Failed Dependency",
        425 => "Too Early",
        498 => "Invalid Token",
        499 => "Client Closed Request",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        520 => "Web Server Returned an Unknown Error",
        521 => "Web Server Is Down",
        522 => "Connection Timed Out",
        523 => "Origin Is Unreachable",
        524 => "A Timeout Occurred",
        529 => "Overloaded",
        _ => "",
    }
}
