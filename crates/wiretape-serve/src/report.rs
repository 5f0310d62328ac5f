//! What the server tells of itself.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use wiretape_tape::{EndKind, sha256_hex};

use crate::clock::nanos;
use crate::diff::Difference;
use crate::sink::Call;

/// Something that happened. As text it is one line.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "report", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Report {
    /// A request was read that an exchange answers.
    Request {
        /// The mount.
        prefix: String,
        /// Which request of this mount, from 0.
        number: usize,
        /// Its method.
        method: String,
        /// Its path and query, without the prefix; keys in the query are left out.
        path: String,
        /// Bytes of its body.
        body_bytes: usize,
        /// It repeats one whose answer failed.
        retry: bool,
        /// The exchange that answers it.
        exchange: usize,
    },
    /// A request was read that no exchange answers.
    Miss {
        /// The mount.
        prefix: String,
        /// Which request of this mount, from 0.
        number: usize,
        /// Its method.
        method: String,
        /// Its path and query, without the prefix; keys in the query are left out.
        path: String,
        /// Why none answers it.
        why: String,
        /// The recorded request that is most like it.
        nearest: Option<usize>,
        /// Where that one's body differs.
        diff: Vec<Difference>,
    },
    /// An answer came to its end.
    Played {
        /// The mount.
        prefix: String,
        /// Which request of this mount, from 0.
        number: usize,
        /// The exchange.
        exchange: usize,
        /// What was done to it: `plain`, `seed 7, profile lawful`, `3 pieces`.
        scenario: String,
        /// Bytes of the body that were sent.
        bytes: usize,
        /// Chunks that were sent.
        chunks: usize,
        /// SHA-256 of the bytes that were sent, in lower-case hex.
        sha256: String,
        /// They are the recording's bytes.
        same_bytes: bool,
        /// They are the recording's bytes, cut as it cut them, with its end.
        equal: bool,
        /// How it ended: as the script says, or `client_closed` where the client left before.
        end: EndKind,
        /// Everything was sent that the script says.
        whole: bool,
        /// From the request's last byte to the end of the answer.
        #[serde(rename = "elapsed_ns", serialize_with = "as_nanos")]
        elapsed: Duration,
    },
    /// A sink took a request.
    Called {
        /// The mount.
        prefix: String,
        /// What it was, and what became of it.
        call: Call,
    },
    /// A request was larger than the context window, and refused as its provider would.
    TooLarge {
        /// The mount.
        prefix: String,
        /// Which request of this mount, from 0.
        number: usize,
        /// Its path and query, without the prefix; keys in the query are left out.
        path: String,
        /// Its tokens.
        tokens: u64,
        /// The tokens it asks for at most.
        max_tokens: u64,
        /// The window, in tokens.
        window: u64,
        /// What it was answered.
        message: String,
    },
    /// A request was refused before it came to a mount's exchanges.
    Refused {
        /// The status it was refused with.
        status: u16,
        /// What was expected, and what was found.
        message: String,
    },
}

fn as_nanos<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(nanos(*time))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request {
                prefix,
                number,
                method,
                path,
                body_bytes,
                retry,
                exchange,
            } => {
                let again = if *retry { " (retry)" } else { "" };
                let prefix = spaced(prefix);
                write!(
                    f,
                    "{prefix}request {number}: {method} {path}, {body_bytes} bytes, exchange {exchange}{again}"
                )
            }
            Self::Miss {
                prefix,
                number,
                method,
                path,
                why,
                nearest,
                diff,
            } => {
                let prefix = spaced(prefix);
                write!(f, "{prefix}request {number}: {method} {path}: miss: {why}")?;
                if let Some(nearest) = nearest {
                    write!(f, "; nearest is exchange {nearest}")?;
                }
                if let Some(first) = diff.first() {
                    write!(f, ": {first}")?;
                }
                match diff.len() {
                    0 | 1 => Ok(()),
                    more => write!(f, " and {} more", more - 1),
                }
            }
            Self::Played { .. } => self.played(f),
            Self::Called { prefix, call } => write!(f, "{}{call}", spaced(prefix)),
            Self::TooLarge {
                prefix,
                number,
                path,
                message,
                ..
            } => {
                let prefix = spaced(prefix);
                write!(
                    f,
                    "{prefix}request {number}: {path}: refused with 400: {message}"
                )
            }
            Self::Refused { status, message } => write!(f, "refused with {status}: {message}"),
        }
    }
}

impl Report {
    fn played(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Played {
            prefix,
            number,
            exchange,
            scenario,
            bytes,
            chunks,
            sha256,
            same_bytes,
            equal,
            end,
            whole,
            elapsed,
        } = self
        else {
            return Ok(());
        };
        let prefix = spaced(prefix);
        let likeness = match (whole, equal, same_bytes) {
            (false, _, _) => "not all of it was sent",
            (_, true, _) => "equal to the recording",
            (_, _, true) => "the recording's bytes, cut otherwise",
            _ => "differs from the recording",
        };
        write!(
            f,
            "{prefix}request {number}: exchange {exchange}, {scenario}: {bytes} bytes, {chunks} chunks, \
             {}, {}.{:03} s, sha256 {sha256}, {likeness}",
            end.name(),
            elapsed.as_secs(),
            elapsed.subsec_millis()
        )
    }
}

/// A prefix before something else; nothing for the root.
fn spaced(prefix: &str) -> String {
    match prefix {
        "" => String::new(),
        prefix => format!("{prefix} "),
    }
}

/// How far a mount is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// Exchanges of the tape.
    pub exchanges: usize,
    /// Exchanges that answered a request at least once.
    pub consumed: usize,
    /// The numbers of those that did not.
    pub unused: Vec<usize>,
    /// Requests that were read, misses too.
    pub requests: usize,
    /// Requests that no exchange answered.
    pub misses: usize,
    /// Requests that were larger than the context window, and refused.
    pub too_large: usize,
    /// Answers that have not come to their end.
    pub in_flight: usize,
    /// Answers of these that wait for a release.
    pub held: usize,
}

/// A request that a mount was asked. Serialised, it shows neither keys nor cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which request of this mount, from 0.
    pub number: usize,
    /// Its method.
    pub method: String,
    /// Its path and query, without the prefix.
    pub path: String,
    /// Its headers, in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// It repeats one whose answer failed.
    pub retry: bool,
    /// The exchange that answers it; `None`: it was a miss, or too large.
    pub exchange: Option<usize>,
    /// Which of that exchange's answers it gets: 0 for the first, one more for each retry.
    pub attempt: usize,
    /// How its answer went.
    pub outcome: Outcome,
    /// The codings that it offers: its `accept-encoding`, empty where there is none.
    pub accepts: String,
    /// When it had been read, in nanoseconds since the mount was mounted or reset; so are the
    /// others.
    pub at_ns: u64,
    /// When the answer's head was written.
    pub head_ns: Option<u64>,
    /// When all of the answer was written that is to be written.
    pub sent_ns: Option<u64>,
    /// When the client left an answer that was not over, a stalled one too; or was given up, since
    /// it took nothing.
    pub left_ns: Option<u64>,
    /// Bytes of the answer's body that were written.
    pub bytes: u64,
    /// All of the answer was written that is to be written.
    pub whole: bool,
}

/// Whether a mount is at rest. Times are nanoseconds since it was mounted or reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// Now.
    pub now_ns: u64,
    /// When a request was read, or bytes of an answer were written, the last time; 0: never yet.
    pub last_ns: u64,
    /// Requests that were read, misses too.
    pub requests: usize,
    /// Answers that have not come to their end.
    pub in_flight: usize,
    /// Answers that came to their end, which is a stall: the connection is still open.
    pub stalled: usize,
}

/// How an answer went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not come to its end.
    InFlight,
    /// All was sent, the status is below 400, and the end is a complete one.
    Complete,
    /// Anything else.
    Failed,
}

impl Seen {
    /// The body as JSON, where it is.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let headers = self.headers.iter().map(|(name, value)| {
            let shown = if is_secret(name) {
                "(not shown)"
            } else {
                value
            };
            json!([name, shown])
        });
        let body = match (self.json(), std::str::from_utf8(&self.body)) {
            (Some(value), _) => value,
            (None, Ok(text)) => json!(text),
            (None, Err(_)) => {
                json!({"bytes": self.body.len(), "sha256": sha256_hex(&self.body)})
            }
        };
        json!({
            "number": self.number,
            "method": self.method,
            "path": without_keys(&self.path),
            "headers": headers.collect::<Vec<_>>(),
            "body": body,
            "retry": self.retry,
            "exchange": self.exchange,
            "attempt": self.attempt,
            "outcome": self.outcome,
            "accepts": self.accepts,
            "at_ns": self.at_ns,
            "head_ns": self.head_ns,
            "sent_ns": self.sent_ns,
            "left_ns": self.left_ns,
            "bytes": self.bytes,
            "whole": self.whole,
        })
        .serialize(serializer)
    }
}

/// A header whose value lets somebody in.
fn is_secret(name: &str) -> bool {
    let parts = ["authorization", "api-key", "cookie", "token", "secret"];
    parts.iter().any(|part| name.contains(part))
}

/// A path without the values of keys in its query.
pub(crate) fn without_keys(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_key(name) => format!("{name}=(not shown)"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn is_key(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "signature"]
        .iter()
        .any(|part| name.contains(part))
}
