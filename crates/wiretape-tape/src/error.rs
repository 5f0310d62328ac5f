//! What is wrong with a tape, and in which line.

use alloc::string::String;
use core::fmt;

/// A tape that cannot be read, with the line it cannot be read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The line at fault, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub kind: ErrorKind,
}

/// What is wrong with a tape.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file holds nothing.
    Empty,
    /// A line is longer than the limit.
    LineTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A line is not UTF-8.
    NotUtf8 {
        /// Offset in the file of the first byte that does not fit.
        at: u64,
    },
    /// A line is not one JSON value.
    NotJson {
        /// Where in the line, in bytes counted from 1.
        column: usize,
        /// What the JSON reader says; its wording may change.
        why: String,
    },
    /// A line nests deeper than 127 arrays and objects.
    TooDeep,
    /// A line has a number that 64 bits do not hold, so that its digits would be lost.
    Number {
        /// The number, or its first 64 characters.
        number: String,
    },
    /// The first line is not a header.
    NoHeader,
    /// The file has another version.
    Version {
        /// The version that the header says.
        found: u64,
    },
    /// A header after the first line, as where two tapes were concatenated.
    SecondHeader,
    /// A line is JSON, but neither an object nor an array.
    NotALine {
        /// What it is.
        found: String,
    },
    /// A line says that it is two things.
    Ambiguous {
        /// One key.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// An array is not a chunk line.
    NotAChunk {
        /// How many elements it has.
        elements: usize,
    },
    /// A field is missing or has a value it cannot have.
    Field {
        /// The field.
        name: &'static str,
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A field is not canonical base64 with padding.
    Base64 {
        /// The field.
        name: &'static str,
        /// What the base64 reader says; its wording may change.
        why: String,
    },
    /// An exchange's number is ahead of those before it.
    ExchangeOrder {
        /// The number that the line says.
        found: u64,
        /// The next exchange that may begin.
        next: u64,
    },
    /// The file has more exchanges than the limit.
    TooManyExchanges {
        /// The limit.
        limit: usize,
    },
    /// A line that an exchange has once came twice.
    Duplicate {
        /// The line's key.
        what: &'static str,
        /// The exchange.
        exchange: u64,
    },
    /// A request came after its response.
    LateRequest {
        /// The exchange.
        exchange: u64,
    },
    /// A chunk came before its response.
    NoResponse {
        /// The exchange.
        exchange: u64,
    },
    /// A line came after the end of its exchange.
    AfterEnd {
        /// The exchange.
        exchange: u64,
    },
    /// The end line's `bytes` is not the body's length.
    Length {
        /// The exchange.
        exchange: u64,
        /// Bytes, as the end line says.
        said: u64,
        /// Bytes in the chunks.
        found: u64,
    },
    /// The end line's `sha256` is not the body's.
    Digest {
        /// The exchange.
        exchange: u64,
        /// The digest, as the end line says.
        said: String,
        /// The digest of the chunks.
        found: String,
    },
}

impl ErrorKind {
    /// A stable name, in `snake_case`, for reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::LineTooLong { .. } => "line_too_long",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::NotJson { .. } => "not_json",
            Self::TooDeep => "too_deep",
            Self::Number { .. } => "number",
            Self::NoHeader => "no_header",
            Self::Version { .. } => "version",
            Self::SecondHeader => "second_header",
            Self::NotALine { .. } => "not_a_line",
            Self::Ambiguous { .. } => "ambiguous",
            Self::NotAChunk { .. } => "not_a_chunk",
            Self::Field { .. } => "field",
            Self::Base64 { .. } => "base64",
            Self::ExchangeOrder { .. } => "exchange_order",
            Self::TooManyExchanges { .. } => "too_many_exchanges",
            Self::Duplicate { .. } => "duplicate",
            Self::LateRequest { .. } => "late_request",
            Self::NoResponse { .. } => "no_response",
            Self::AfterEnd { .. } => "after_end",
            Self::Length { .. } => "length",
            Self::Digest { .. } => "digest",
        }
    }

    /// Whether a file cut in the middle of a line can look like this.
    pub(crate) const fn may_be_torn(&self) -> bool {
        matches!(self, Self::NotUtf8 { .. } | Self::NotJson { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.kind)
    }
}

impl core::error::Error for Error {}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the file is empty, {HEADER}"),
            Self::LineTooLong { limit } => {
                write!(f, "the line is longer than the limit of {limit} bytes")
            }
            Self::NotUtf8 { at } => write!(f, "not UTF-8 at byte {at} of the file"),
            Self::NotJson { column, why } => write!(f, "not JSON at column {column}: {why}"),
            Self::TooDeep => f.write_str("the JSON nests too deep, expected at most 127 levels"),
            Self::Number { number } => write!(
                f,
                "the number {number} loses digits in 64 bits, expected it as a string, or a \
                 request's body as {{\"text\":\"…\"}}"
            ),
            Self::NoHeader => f.write_str(HEADER),
            Self::Version { found } => {
                write!(f, "this reader reads version 1, the file says {found}")
            }
            Self::SecondHeader => f.write_str("a second header, expected one tape in a file"),
            Self::NotALine { found } => {
                write!(f, "expected an object or a chunk's array, found {found}")
            }
            Self::Ambiguous { first, second } => {
                write!(f, "both \"{first}\" and \"{second}\", expected one")
            }
            Self::NotAChunk { elements } => {
                write!(f, "{CHUNK}, found an array of {elements}")
            }
            Self::Field {
                name,
                expected,
                found,
            } => {
                write!(f, "\"{name}\": expected {expected}, found {found}")
            }
            Self::Base64 { name, why } => {
                write!(f, "\"{name}\": expected base64 with padding: {why}")
            }
            Self::ExchangeOrder { found, next } => {
                write!(f, "exchange {found} out of order, expected at most {next}")
            }
            Self::TooManyExchanges { limit } => {
                write!(f, "more exchanges than the limit of {limit}")
            }
            Self::Duplicate { what, exchange } => {
                write!(f, "exchange {exchange} has a second {what}, expected one")
            }
            Self::LateRequest { exchange } => {
                write!(f, "exchange {exchange}: its request after its response")
            }
            Self::NoResponse { exchange } => {
                write!(f, "exchange {exchange}: a chunk before its response")
            }
            Self::AfterEnd { exchange } => {
                write!(f, "exchange {exchange}: expected no line after its end")
            }
            Self::Length {
                exchange,
                said,
                found,
            } => differs(f, *exchange, "bytes", said, found),
            Self::Digest {
                exchange,
                said,
                found,
            } => differs(f, *exchange, "sha256", said, found),
        }
    }
}

/// An end line and the chunks do not agree.
fn differs(
    f: &mut fmt::Formatter<'_>,
    exchange: u64,
    name: &str,
    said: &dyn fmt::Display,
    found: &dyn fmt::Display,
) -> fmt::Result {
    write!(
        f,
        "bad tape: exchange {exchange} says \"{name}\" {said}, its chunks hold {found}"
    )
}

const CHUNK: &str =
    "expected a chunk line such as [0,1200345,\"text\"] or [0,330021,{\"base64\":\"4oI=\"}]";
const HEADER: &str = "expected a header line such as {\"wiretape\":1,…}";
