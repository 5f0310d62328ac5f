//! A tape in memory.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::digest::measure;
use crate::parse::VERSION;

/// A recorded session: a header and its exchanges, in order of their numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Tape {
    /// The first line.
    pub header: Header,
    /// Requests with their responses.
    pub exchanges: Vec<Exchange>,
    /// How the exchanges' lines alternate in the file. Empty: one exchange after the other.
    ///
    /// A hint for [`encode`](crate::encode()), which keeps each exchange's own order whatever this
    /// says, and puts last what this does not name. So it may be left as it is when chunks change.
    pub order: Vec<Run>,
    /// Lines this version does not know, kept, in order of their places.
    pub other: Vec<OtherLine>,
}

impl Tape {
    /// A tape whose exchanges follow one another, without unknown lines.
    #[must_use]
    pub const fn new(header: Header, exchanges: Vec<Exchange>) -> Self {
        Self {
            header,
            exchanges,
            order: Vec::new(),
            other: Vec::new(),
        }
    }

    /// A bare `.sse`, `.ndjson` or `.jsonl` body as a tape without times: no request, status 200
    /// without headers, the whole body (where there is any) as one chunk, a complete end.
    #[must_use]
    pub fn from_body(bytes: &[u8], dialect: Option<&str>) -> Self {
        let mut chunks = Vec::new();
        if !bytes.is_empty() {
            chunks.push(Chunk {
                after_ns: 0,
                bytes: bytes.to_vec(),
            });
        }
        let end = End::of(&chunks, 0, EndKind::Complete);
        let response = Response {
            after_ns: 0,
            status: 200,
            headers: Vec::new(),
            extra: Map::new(),
        };
        let exchange = Exchange {
            request: None,
            response: Some(response),
            chunks,
            end: Some(end),
        };
        let header = Header::new(dialect, Source::new(SourceKind::Bare));
        Self::new(header, [exchange].into())
    }
}

/// Lines of one exchange that follow each other in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The exchange's number.
    pub exchange: usize,
    /// How many lines.
    pub lines: usize,
}

/// A line of a kind that this version does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherLine {
    /// How many known lines it comes after, the header not counted.
    pub after: usize,
    /// What it says: an object without any of the keys `wiretape`, `request`, `response`, `end`.
    pub value: Map<String, Value>,
}

/// The first line of a tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The format's version: 1.
    pub wiretape: u32,
    /// The provider's protocol, by its name in `wiretape_core::Dialect`.
    pub dialect: Option<String>,
    /// Where the bytes come from.
    pub source: Source,
    /// The bytes are as they came; `false` where any were replaced.
    pub exact: bool,
    /// What was done to the tape that this one was made from.
    pub scenario: Option<Value>,
    /// What the lines say without anyone having recorded it, by the names of [`Unknown`]; also
    /// where it is so for one exchange of several, see [`Exchange::lacks`]. Empty in what was recorded.
    pub unknown: Vec<String>,
    /// Fields this version does not know, kept.
    pub extra: Map<String, Value>,
}

impl Header {
    /// A header of this version, of a tape with the bytes as they came.
    #[must_use]
    pub fn new(dialect: Option<&str>, source: Source) -> Self {
        Self {
            wiretape: VERSION,
            dialect: dialect.map(String::from),
            source,
            exact: true,
            scenario: None,
            unknown: Vec::new(),
            extra: Map::new(),
        }
    }

    /// The lines say this without anyone having recorded it.
    #[must_use]
    pub fn lacks(&self, what: Unknown) -> bool {
        self.unknown.iter().any(|name| name == what.name())
    }
}

/// What a tape that was made from another tool's recording cannot know. Its lines then say what a
/// replay should do: the body as one chunk, no waiting, a complete end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Unknown {
    /// The request: there is none, or not its body.
    Request,
    /// The status.
    Status,
    /// The headers of the response.
    Headers,
    /// The response's body, of which there is nothing.
    Body,
    /// The response's bytes: they were made from what the payloads say.
    Bytes,
    /// Where its chunks begin and end.
    Boundaries,
    /// When its chunks came.
    Times,
    /// How the response ended.
    End,
}

impl Unknown {
    /// Its name in a tape.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Status => "status",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Bytes => "bytes",
            Self::Boundaries => "boundaries",
            Self::Times => "times",
            Self::End => "end",
        }
    }
}

/// Where a tape's bytes come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Recorded from a server, or written by hand from public documentation.
    pub kind: SourceKind,
    /// The server it was recorded from.
    pub server: Option<String>,
    /// The public pages it was written from.
    pub cites: Vec<String>,
    /// What it shows, in a sentence.
    pub note: Option<String>,
    /// Fields this version does not know, kept.
    pub extra: Map<String, Value>,
}

impl Source {
    /// A source of this kind, without particulars.
    #[must_use]
    pub fn new(kind: SourceKind) -> Self {
        Self {
            kind,
            server: None,
            cites: Vec::new(),
            note: None,
            extra: Map::new(),
        }
    }
}

/// How a tape came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceKind {
    /// Captured from a real server.
    Recorded,
    /// Written by hand from public protocol documentation.
    Authored,
    /// Made from another tape under a scenario.
    Varied,
    /// A bare body without a header.
    Bare,
    /// Made from the recording of another tool: [`Header::unknown`] says what that did not hold.
    Imported,
}

impl SourceKind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Recorded,
        Self::Authored,
        Self::Varied,
        Self::Bare,
        Self::Imported,
    ];

    /// The kind's name in a tape.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Authored => "authored",
            Self::Varied => "varied",
            Self::Bare => "bare",
            Self::Imported => "imported",
        }
    }
}

/// One request and what answered it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    /// The request, where it was recorded.
    pub request: Option<Request>,
    /// The response's head, where one came.
    pub response: Option<Response>,
    /// The response's body: each chunk as one read gave it.
    pub chunks: Vec<Chunk>,
    /// How the exchange ended; `None` where the tape stops before.
    pub end: Option<End>,
}

impl Exchange {
    /// The whole response body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for chunk in &self.chunks {
            body.extend_from_slice(&chunk.bytes);
        }
        body
    }

    /// The lines of this exchange say this without anyone having recorded it. Of a tape whose
    /// exchanges differ, each says so in `unknown` on its first line; of another the header does.
    #[must_use]
    pub fn lacks(&self, header: &Header, what: Unknown) -> bool {
        match self.unknown() {
            Some(names) => names.iter().any(|name| name == what.name()),
            None => header.lacks(what),
        }
    }

    /// What it says of itself that it lacks.
    pub(crate) fn unknown(&self) -> Option<&[Value]> {
        let extra = match (&self.request, &self.response, &self.end) {
            (Some(request), ..) => &request.extra,
            (None, Some(response), _) => &response.extra,
            (None, None, end) => &end.as_ref()?.extra,
        };
        extra.get(UNKNOWN)?.as_array().map(Vec::as_slice)
    }

    /// The fields of its first line; none where it has nothing but chunks.
    #[cfg(feature = "import")]
    pub(crate) fn first_extra(&mut self) -> Option<&mut Map<String, Value>> {
        match (&mut self.request, &mut self.response, &mut self.end) {
            (Some(request), ..) => Some(&mut request.extra),
            (None, Some(response), _) => Some(&mut response.extra),
            (None, None, end) => end.as_mut().map(|end| &mut end.extra),
        }
    }
}

/// The field in which an exchange names what it lacks.
pub(crate) const UNKNOWN: &str = "unknown";

/// What one read of the response's body gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Nanoseconds since the previous chunk, or since the response's head.
    pub after_ns: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The method, such as `POST`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers that may be kept, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Fields this version does not know, kept.
    pub extra: Map<String, Value>,
}

/// A request's body.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// None, or an empty one.
    #[default]
    Empty,
    /// JSON text as it was sent: order of keys, repeated keys and big numbers are kept. Line ends
    /// between its tokens are written as spaces.
    Json(String),
    /// UTF-8 text.
    Text(String),
    /// Other bytes.
    Bytes(Vec<u8>),
}

/// A response's head.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Nanoseconds since the request.
    pub after_ns: u64,
    /// The status code.
    pub status: u16,
    /// The headers that may be kept, in order.
    pub headers: Vec<(String, String)>,
    /// Fields this version does not know, kept.
    pub extra: Map<String, Value>,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Nanoseconds since the last chunk.
    pub after_ns: u64,
    /// In which way.
    pub kind: EndKind,
    /// Bytes of the response's body.
    pub bytes: u64,
    /// SHA-256 of the response's body, in lower-case hex.
    pub sha256: String,
    /// Fields this version does not know, kept.
    pub extra: Map<String, Value>,
}

impl End {
    /// The end of an exchange with these chunks, `after_ns` nanoseconds after the last: with
    /// their length and digest.
    #[must_use]
    pub fn of(chunks: &[Chunk], after_ns: u64, kind: EndKind) -> Self {
        let (bytes, sha256) = measure(chunks);
        Self {
            after_ns,
            kind,
            bytes,
            sha256,
            extra: Map::new(),
        }
    }
}

/// In which way a response ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndKind {
    /// As HTTP says it should.
    Complete,
    /// Closed without the last chunk.
    Unterminated,
    /// Reset by the peer.
    Reset,
    /// Nothing came any more.
    Timeout,
    /// The client went away.
    ClientClosed,
    /// The upstream server failed.
    UpstreamError,
}

impl EndKind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Complete,
        Self::Unterminated,
        Self::Reset,
        Self::Timeout,
        Self::ClientClosed,
        Self::UpstreamError,
    ];

    /// The kind's name in a tape.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Unterminated => "unterminated",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::ClientClosed => "client_closed",
            Self::UpstreamError => "upstream_error",
        }
    }
}
