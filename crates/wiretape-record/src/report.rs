//! What a recorder says of its work.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use wiretape_tape::EndKind;

/// Something that happened. `exchange` is the number on the tape; `None` where it is not recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "report", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Report {
    /// A request came, and goes on to the upstream server.
    Request {
        /// Which one this is, counted from 0 since the recorder started.
        id: u64,
        /// Its number on the tape.
        exchange: Option<usize>,
        /// The method.
        method: String,
        /// The path with its query, as on the tape: without secrets.
        path: String,
    },
    /// The response's head came.
    Head {
        /// Which request it answers.
        id: u64,
        /// The status code.
        status: u16,
        /// Nanoseconds since the request.
        after_ns: u64,
    },
    /// A piece of the body came.
    Chunk {
        /// Which request it answers.
        id: u64,
        /// Its bytes.
        bytes: u64,
    },
    /// An exchange ended.
    End(Ended),
    /// A request that did not go on to the upstream server, and is not on the tape.
    Refused {
        /// The status that it was answered with.
        status: u16,
        /// Why.
        why: String,
    },
    /// From here on nothing is recorded, while clients go on being served.
    Failed {
        /// Why.
        why: String,
    },
    /// Something that is odd but no failure.
    Note {
        /// Which request it is of.
        id: u64,
        /// What it is.
        note: String,
    },
}

/// An exchange that ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ended {
    /// Which request it was, counted from 0 since the recorder started.
    pub id: u64,
    /// Its number on the tape.
    pub exchange: Option<usize>,
    /// The method.
    pub method: String,
    /// The path with its query, as on the tape: without secrets.
    pub path: String,
    /// The status code, where a head came.
    pub status: Option<u16>,
    /// Pieces of the body.
    pub chunks: u64,
    /// Bytes of the body.
    pub bytes: u64,
    /// Nanoseconds from the request to the first piece of the body.
    pub first_byte_ns: Option<u64>,
    /// Nanoseconds from the request to the end.
    pub total_ns: u64,
    /// In which way.
    pub end: EndKind,
    /// What the tape's end line adds: why it failed.
    pub error: Option<String>,
    /// Values that were replaced on the tape.
    pub replaced: u64,
    /// All of it is on the tape.
    pub recorded: bool,
}

/// What a recorder did until it stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Requests that went on to the upstream server.
    pub requests: u64,
    /// Exchanges on the tape, those that it held before not counted.
    pub recorded: u64,
    /// Exchanges that are missing on the tape, or not whole.
    pub lost: u64,
    /// Pieces of bodies.
    pub chunks: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// Values that were replaced.
    pub replaced: u64,
    /// How the exchanges ended: how many in which way.
    pub ends: BTreeMap<&'static str, u64>,
    /// Why recording stopped before the recorder did.
    pub failure: Option<String>,
}

impl Summary {
    pub(crate) fn count(&mut self, ended: &Ended) {
        self.chunks += ended.chunks;
        self.bytes += ended.bytes;
        self.replaced += ended.replaced;
        if ended.recorded {
            self.recorded += 1;
        } else {
            self.lost += 1;
        }
        *self.ends.entry(ended.end.name()).or_default() += 1;
    }

    /// Everything that passed is on the tape.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.failure.is_none() && self.lost == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { method, path, .. } => write!(f, "{method} {path}"),
            Self::Head { status, .. } => write!(f, "status {status}"),
            Self::Chunk { bytes, .. } => write!(f, "{bytes} bytes"),
            Self::End(ended) => write!(
                f,
                "{} {} ended {} after {} bytes",
                ended.method,
                ended.path,
                ended.end.name(),
                ended.bytes
            ),
            Self::Refused { status, why } => write!(f, "refused with status {status}: {why}"),
            Self::Failed { why } => write!(f, "nothing more is recorded: {why}"),
            Self::Note { note, .. } => f.write_str(note),
        }
    }
}
