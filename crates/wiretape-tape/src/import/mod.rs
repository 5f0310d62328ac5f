//! Recordings of other tools as tapes: bytes in, a [`Tape`] out.
//!
//! | format | its bytes are | not known |
//! |---|---|---|
//! | [`Format::Vcr`] | as they came, in one piece | boundaries, times, end |
//! | [`Format::Har`] | the text that a browser decoded | boundaries, times of chunks, end |
//! | [`Format::Chunks`] | made: an event around each payload | request, status, headers, bytes, boundaries, times, end |
//! | [`Format::Aimock`] | made: a stream that says the same, of chat or of [another dialect](import_as) | as above |
//! | [`Format::Llmcap`] | as they came, with boundaries and times | nothing, of a whole capture |
//! | [`Format::Curl`] | as they came, in one piece | request, boundaries, times, end |
//! | [`Format::CurlTrace`] | as they came, with boundaries; times with `--trace-time` | nothing, or times |
//!
//! What is not known is named in [`Header::unknown`](crate::Header::unknown), and where exchanges differ by each of
//! them ([`Exchange::lacks`](crate::Exchange::lacks)), and never guessed; made bytes make the tape
//! [inexact](crate::Header::exact). Secrets are kept out as a recorder keeps them out: headers by a
//! [list](crate::redact::KEPT), keys in queries and bodies by [`crate::redact`]. Bodies stay compressed.
//!
//! Promises: no panic on any input, memory in proportion to the input, the same bytes give the same
//! tape. An [`Error`] says where, what was expected and what was found.
//!
//! ```
//! use wiretape_tape::import::{Format, import};
//!
//! let dump = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {}\n\n";
//! let imported = import(Format::sniff(dump).unwrap(), dump)?;
//! assert_eq!(imported.tape.exchanges[0].body(), b"data: {}\n\n");
//! assert_eq!(imported.tape.header.unknown, ["request", "boundaries", "times", "end"]);
//! # Ok::<(), wiretape_tape::import::Error>(())
//! ```

mod aimock;
mod chunks;
mod curl;
mod draft;
mod error;
mod har;
mod head;
mod json;
mod llmcap;
mod made;
mod sniff;
mod trace;
mod unknown;
mod vcr;
mod yaml;

use alloc::string::String;
use alloc::vec::Vec;

pub use error::Error;

use made::Made;

use crate::Tape;

/// What kind of file a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A cassette of vcrpy or of Ruby's VCR, as YAML or JSON.
    Vcr,
    /// An HTTP Archive, version 1.2.
    Har,
    /// A file of payloads, one a line, such as the `*.chunks.txt` of the Vercel AI SDK.
    Chunks,
    /// Fixtures of aimock.
    Aimock,
    /// A capture of mock-openai-api.
    Llmcap,
    /// What `curl -i` prints.
    Curl,
    /// What `curl --trace` writes.
    CurlTrace,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Vcr,
        Self::Har,
        Self::Chunks,
        Self::Aimock,
        Self::Llmcap,
        Self::Curl,
        Self::CurlTrace,
    ];

    /// Its name, in a tape's header and on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vcr => "vcr",
            Self::Har => "har",
            Self::Chunks => "chunks",
            Self::Aimock => "aimock",
            Self::Llmcap => "llmcap",
            Self::Curl => "curl",
            Self::CurlTrace => "curl-trace",
        }
    }

    /// What it is, in a few words.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Vcr => "a cassette of vcrpy or Ruby's VCR",
            Self::Har => "an HTTP Archive",
            Self::Chunks => "a payload of an event on each line",
            Self::Aimock => "fixtures of aimock",
            Self::Llmcap => "a capture of mock-openai-api",
            Self::Curl => "what curl -i prints",
            Self::CurlTrace => "what curl --trace writes",
        }
    }
}

/// A recording as a tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The tape; its dialect is not named.
    pub tape: Tape,
    /// What was left out or changed on the way.
    pub notes: Vec<String>,
}

/// Reads a recording.
///
/// # Errors
/// The first place that is not as the format says, and how.
pub fn import(format: Format, bytes: &[u8]) -> Result<Imported, Error> {
    read(format, bytes, Made::default())
}

/// Reads a recording, and where its streams have to be made, makes them in a dialect: `openai-chat`,
/// `anthropic` or `openai-responses`. Bytes that were recorded are in the dialect they are in.
///
/// # Errors
/// As [`import`]; and where no stream can be made in that dialect.
pub fn import_as(format: Format, bytes: &[u8], dialect: &str) -> Result<Imported, Error> {
    let made = match Made::named(dialect) {
        Some(made) => made,
        None if format != Format::Aimock => Made::default(),
        None => {
            let expected =
                "a dialect to make streams in: openai-chat, anthropic or openai-responses";
            return Err(Error::field("", expected, dialect));
        }
    };
    read(format, bytes, made)
}

fn read(format: Format, bytes: &[u8], made: Made) -> Result<Imported, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match format {
        Format::Vcr => vcr::read(error::utf8(bytes)?),
        Format::Har => har::read(error::utf8(bytes)?),
        Format::Chunks => chunks::read(error::utf8(bytes)?),
        Format::Aimock => aimock::read(error::utf8(bytes)?, made),
        Format::Llmcap => llmcap::read(error::utf8(bytes)?),
        // The text beside the hexadecimal may be in any encoding.
        Format::CurlTrace => trace::read(bytes),
        Format::Curl => curl::read(bytes),
    }
}

/// Several recordings as one tape, in this order: what one does not know, its exchanges do not know.
/// `None` where there are none.
#[must_use]
pub fn join(parts: Vec<Imported>) -> Option<Imported> {
    let mut parts = parts.into_iter();
    let mut joined = parts.next()?;
    let mut lists = unknown::of(&joined.tape);
    for part in parts {
        lists.extend(unknown::of(&part.tape));
        let (header, more) = (&mut joined.tape.header, part.tape.header);
        for (key, value) in more.source.extra {
            // The format; of several, none.
            if header.source.extra.get(&key) != Some(&value) {
                header.source.extra.remove(&key);
            }
        }
        if header.source.server != more.source.server {
            header.source.server = None;
        }
        header.exact &= more.exact;
        joined.tape.exchanges.extend(part.tape.exchanges);
        for note in part.notes {
            if !joined.notes.contains(&note) {
                joined.notes.push(note);
            }
        }
    }
    let Tape {
        header, exchanges, ..
    } = &mut joined.tape;
    unknown::put(header, exchanges, &lists);
    Some(joined)
}
