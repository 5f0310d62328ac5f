//! What happens around a reply rather than in it: codings, waits, ends, other answers, sizes.

pub(crate) mod bodies;
mod deflate;
pub(crate) mod encode;
pub(crate) mod ids;
pub(crate) mod sizes;
pub(crate) mod waits;
mod whole;

use serde::{Deserialize, Serialize};

/// Clients that wait for less than this were not met: the shortest limit between two reads that is
/// known is 29 s. A shorter wait keeps a reply's meaning; for a longer one a client may give up.
pub(crate) const PATIENCE_NS: u64 = 29_000_000_000;
/// Keep-alives of one piece at most.
pub(crate) const BEATS_MAX: u32 = 100_000;
/// Bytes that one piece puts in at most: twice what readers must take (F-70).
pub(crate) const PUT_IN_BYTES_MAX: usize = 64 << 20;

/// How the body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950: what HTTP calls `deflate` has the frame of zlib.
    Deflate,
    /// RFC 7932, of blocks that are not compressed.
    Br,
}

impl Coding {
    /// Its name in `content-encoding` and `accept-encoding`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
        }
    }
}

/// What a compressor gives away when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flushing {
    /// After each event all that it has; after each chunk where the body is no event stream.
    Event,
    /// Nothing before the end: all comes at once.
    End,
}

/// Where something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    /// Before the response's head.
    Head,
    /// Before this block of the untouched event stream; the number of blocks means its end.
    Block(usize),
}

/// What keeps a connection alive that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beat {
    /// The comment `: keep-alive`.
    Comment,
    /// The dialect's own: a `ping` event, or the comment `: ping`.
    Ping,
}

/// How a response says when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetryAfter {
    /// `retry-after: 2`.
    Seconds(u32),
    /// `retry-after: Wed, 21 Oct 2015 07:28:00 GMT`: the date so many seconds after it is sent.
    DateInSeconds(u32),
    /// `retry-after-ms: 250`.
    Milliseconds(u32),
}

/// The body of a response whose status is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorBody {
    /// The error in the dialect's own shape.
    Json,
    /// An array with one error in it, as Gemini's compatible endpoint has it.
    JsonArray,
    /// The page of a proxy.
    Html,
    /// None.
    Empty,
    /// A line of a proxy's.
    Text,
    /// The error in the dialect's own shape, its second half missing.
    Truncated,
}

/// An answer with status 200 that is no event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoStream {
    /// `application/json`: an error in the dialect's own shape.
    Error,
    /// `application/json`: the whole reply as one object, as without streaming.
    Whole,
    /// `text/html`: the page of somebody else.
    Html,
    /// `text/event-stream`: an error in the dialect's own shape, as bare JSON.
    Bare,
    /// `text/event-stream`: no byte.
    Empty,
    /// Status 204.
    NoContent,
}

/// What does not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unending {
    /// A comment of one line.
    Comment,
    /// A `data` line.
    Line,
    /// An event of many `data` lines without a blank one.
    Event,
}
