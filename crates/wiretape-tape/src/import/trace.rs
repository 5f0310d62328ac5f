//! What `curl --trace` writes.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::curl::length;
use super::draft::{Answered, Asked, Builder, Draft};
use super::error::short;
use super::head::{self, latin};
use super::{Error, Format, Imported};
use crate::{Chunk, EndKind, Unknown};

const DAY_NS: u64 = 86_400_000_000_000;
const RECORD: &str = "a record such as <= Recv data, 20 bytes (0x14)";
const ROW: &str = "a row of hexadecimal as --trace writes it (--trace-ascii keeps no line ends)";

/// Reads what `curl -N --trace FILE --trace-time` writes, as
/// <https://curl.se/docs/manpage.html#--trace> and <https://everything.curl.dev/usingcurl/verbose/trace.html>
/// describe it: each read of the body as hexadecimal, with the time of day.
///
/// Each `Recv data` is a chunk; in HTTP/1.1 the chunked coding is taken off, where curl has not done it. How the
/// answer ended is told by the last chunk, by `content-length`, or by what curl says after it. Without
/// `--trace-time` times are not known. `--trace-ascii` writes a dot for each line feed: it is refused.
pub(super) fn read(bytes: &[u8]) -> Result<Imported, Error> {
    let mut session = Session {
        builder: Builder::new(Format::CurlTrace, &[]),
        open: None,
        is_secure: false,
        is_timed: true,
    };
    let mut lines = (1..)
        .zip(bytes.split_inclusive(|byte| *byte == b'\n'))
        .peekable();
    let mut time = Clock::default();
    while let Some((line, text)) = lines.next() {
        let text = latin(text.trim_ascii_end());
        if text.is_empty() {
            continue;
        }
        let Some(mut record) = record(&text) else {
            return Err(Error::at(line, RECORD, short(&text)));
        };
        session.is_timed &= record.at.is_some() || record.kind == Kind::Info;
        let at = time.moment(record.at);
        while let Some((line, row)) = lines.next_if(|(_, row)| record.is_short() && !row.is_empty())
        {
            record.row(line, row)?;
        }
        if record.is_short() {
            let found = format!("{}", record.bytes.len());
            let expected = format!("{} bytes", record.length);
            return Err(Error::at(line, expected, found));
        }
        session.record(&record, at, line)?;
    }
    session.close()?;
    if !session.is_timed {
        session.builder.never_known(Unknown::Times);
    }
    session.builder.finish("an exchange")
}

/// Whether a line is one that begins a record.
pub(super) fn begins(line: &[u8]) -> bool {
    record(&latin(line.trim_ascii_end())).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Info,
    SendHeader,
    SendData,
    RecvHeader,
    RecvData,
    Secure,
}

struct Record {
    /// The time of day.
    at: Option<u64>,
    kind: Kind,
    /// What curl says.
    info: String,
    length: usize,
    bytes: Vec<u8>,
}

impl Record {
    fn is_short(&self) -> bool {
        self.bytes.len() < self.length
    }

    /// A row such as `0010: 0d 0a    ..`: an offset, 16 places for bytes, and what they look like.
    fn row(&mut self, line: u64, row: &[u8]) -> Result<(), Error> {
        let wrong = || Error::at(line, ROW, short(&latin(row.trim_ascii_end())));
        let colon = row
            .iter()
            .position(|byte| *byte == b':')
            .ok_or_else(wrong)?;
        let (offset, rest) = row.split_at_checked(colon).ok_or_else(wrong)?;
        if hex(offset) != Some(self.bytes.len()) {
            return Err(wrong());
        }
        let places = rest.get(2..).unwrap_or_default().chunks(3);
        for place in places.take(16.min(self.length - self.bytes.len())) {
            let byte = place.get(..2).and_then(hex);
            let byte = byte.and_then(|byte| u8::try_from(byte).ok());
            self.bytes.push(byte.ok_or_else(wrong)?);
        }
        Ok(())
    }
}

fn hex(digits: &[u8]) -> Option<usize> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let digits = core::str::from_utf8(digits).ok()?;
    usize::from_str_radix(digits, 16).ok()
}

/// A record's first line: a time, with `--trace-ids` also numbers, and what it is.
fn record(line: &str) -> Option<Record> {
    let (at, rest) = match line.split_once(' ') {
        Some((first, rest)) => match time_of_day(first) {
            Some(at) => (Some(at), rest),
            None => (None, line),
        },
        None => (None, line),
    };
    let rest = match rest.strip_prefix('[') {
        Some(ids) => ids.split_once("] ")?.1,
        None => rest,
    };
    let mut record = Record {
        at,
        kind: Kind::Info,
        info: String::new(),
        length: 0,
        bytes: Vec::new(),
    };
    if let Some(info) = rest.strip_prefix("== Info:") {
        record.info = info.to_owned();
        return Some(record);
    }
    let (what, length) = rest.split_once(", ")?;
    record.kind = match what {
        "=> Send header" => Kind::SendHeader,
        "=> Send data" => Kind::SendData,
        "<= Recv header" => Kind::RecvHeader,
        "<= Recv data" => Kind::RecvData,
        "=> Send SSL data" | "<= Recv SSL data" => Kind::Secure,
        _ => return None,
    };
    record.length = length.split_once(" bytes")?.0.parse().ok()?;
    Some(record)
}

/// `07:09:13.079576` as nanoseconds.
fn time_of_day(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once('.')?;
    let mut parts = clock.split(':');
    let mut seconds: u64 = 0;
    for limit in [24, 60, 61] {
        let part = parts.next().filter(|part| part.len() == 2)?;
        let number: u64 = part.parse().ok().filter(|number| *number < limit)?;
        seconds = seconds * 60 + number;
    }
    let digits = fraction.len() == 6 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let micros: u64 = fraction.parse().ok().filter(|_| digits)?;
    parts
        .next()
        .is_none()
        .then_some((seconds * 1_000_000 + micros) * 1000)
}

/// Times of day as moments that do not go back at midnight.
#[derive(Default)]
struct Clock {
    last: u64,
}

impl Clock {
    fn moment(&mut self, at: Option<u64>) -> u64 {
        let Some(at) = at else {
            return self.last;
        };
        let today = self.last / DAY_NS * DAY_NS + at;
        // A second or so back is another thread's, not another day's.
        self.last = if today >= self.last {
            today
        } else if self.last - today > DAY_NS / 2 {
            today + DAY_NS
        } else {
            self.last
        };
        self.last
    }
}

struct Session {
    builder: Builder,
    open: Option<Open>,
    is_secure: bool,
    is_timed: bool,
}

/// An exchange that has begun.
struct Open {
    asked: Asked,
    sent: u64,
    head: Vec<u8>,
    answered: Option<Answered>,
    length: Option<u64>,
    coding: Option<Chunked>,
    chunks: Vec<Chunk>,
    received: u64,
    last: u64,
    end: Option<(u64, EndKind)>,
}

impl Session {
    fn record(&mut self, record: &Record, at: u64, line: u64) -> Result<(), Error> {
        match (record.kind, &mut self.open) {
            (Kind::Secure, _) => self.is_secure = true,
            (Kind::Info, None) => self.is_secure |= record.info.contains("SSL connection"),
            (Kind::Info, Some(open)) => open.info(&record.info, at),
            (Kind::SendHeader, _) => {
                self.close()?;
                self.open = Some(Open::new(&record.bytes, at, self.is_secure, line)?);
            }
            (Kind::SendData, Some(open)) => open.asked.body.extend_from_slice(&record.bytes),
            (Kind::RecvHeader, Some(open)) => open.header(&record.bytes, at, line)?,
            (Kind::RecvData, Some(open)) => open.data(&record.bytes, at, line)?,
            (_, None) => return Err(Error::at(line, "a => Send header before it", "none")),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        // What a proxy was asked for is no exchange.
        let Some(open) = self
            .open
            .take()
            .filter(|open| open.asked.method != "CONNECT")
        else {
            return Ok(());
        };
        if open.end.is_none() {
            self.builder.unknown(Unknown::End);
        }
        self.builder.push(Draft {
            request: Some(open.asked),
            end: open.end.filter(|_| open.answered.is_some()),
            response: open.answered,
            chunks: open.chunks,
        })
    }
}

impl Open {
    fn new(head: &[u8], at: u64, is_secure: bool, line: u64) -> Result<Self, Error> {
        let text = latin(head);
        let mut lines = (0..).zip(text.lines());
        let first = lines.next().map_or("", |(_, first)| first);
        let mut words = first.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            let expected = "a request line such as POST /v1/messages HTTP/1.1";
            return Err(Error::at(line, expected, short(first)));
        };
        let headers =
            head::fields(lines).map_err(|bad| Error::at(line, bad.expected, bad.found))?;
        let host = headers
            .iter()
            .find(|(name, _)| matches!(name.as_str(), "host" | ":authority"));
        let scheme = if is_secure { "https" } else { "http" };
        let url = match host {
            Some((_, host)) if target.starts_with('/') => format!("{scheme}://{host}{target}"),
            _ => target.to_owned(),
        };
        Ok(Self {
            asked: Asked {
                method: method.into(),
                url,
                headers,
                body: Vec::new(),
            },
            sent: at,
            head: Vec::new(),
            answered: None,
            length: None,
            coding: None,
            chunks: Vec::new(),
            received: 0,
            last: at,
            end: None,
        })
    }

    /// A piece of a head. An answer of 1xx is not the last; what comes behind a body is a trailer.
    fn header(&mut self, bytes: &[u8], at: u64, line: u64) -> Result<(), Error> {
        if self.answered.is_some() {
            return Ok(());
        }
        self.head.extend_from_slice(bytes);
        if head::split(&self.head).is_none() {
            return Ok(());
        }
        let head = head::response(&core::mem::take(&mut self.head))
            .map_err(|bad| Error::at(line, bad.expected, bad.found))?;
        if (100..200).contains(&head.status) {
            return Ok(());
        }
        self.length = length(&head);
        let chunked = |(name, value): &(String, String)| {
            name == "transfer-encoding" && value.eq_ignore_ascii_case("chunked")
        };
        if head.version.starts_with("HTTP/1") && head.headers.iter().any(chunked) {
            self.coding = Some(Chunked::default());
        }
        self.answered = Some(Answered {
            after_ns: at - self.sent,
            status: head.status,
            headers: head.headers,
        });
        self.last = at;
        if self.length == Some(0) {
            self.end = Some((0, EndKind::Complete));
        }
        Ok(())
    }

    fn data(&mut self, bytes: &[u8], at: u64, line: u64) -> Result<(), Error> {
        if self.answered.is_none() {
            return Err(Error::at(line, "a <= Recv header before it", "none"));
        }
        let bytes = match &mut self.coding {
            Some(coding) => coding.feed(bytes).map_err(|found| {
                Error::at(line, "the chunked coding, as its header says", found)
            })?,
            None => bytes.to_vec(),
        };
        self.received += bytes.len() as u64;
        let after_ns = at - self.last;
        if !bytes.is_empty() {
            self.chunks.push(Chunk { after_ns, bytes });
            self.last = at;
        }
        let done = self
            .coding
            .as_ref()
            .is_some_and(|coding| coding.state == State::Done);
        if done || self.length == Some(self.received) {
            self.end = Some((at - self.last, EndKind::Complete));
        }
        Ok(())
    }

    /// What curl says after the answer began tells how it ended.
    fn info(&mut self, info: &str, at: u64) {
        if self.answered.is_none() || self.end.is_some() {
            return;
        }
        let has = |text: &str| info.contains(text);
        let kind = if has("reset by peer") {
            EndKind::Reset
        } else if has("timed out") {
            EndKind::Timeout
        } else if has("transfer closed with") {
            EndKind::Unterminated
        } else if has("left intact") {
            EndKind::Complete
        } else if has("losing connection") {
            match (&self.coding, self.length) {
                (None, None) => EndKind::Complete,
                _ => EndKind::Unterminated,
            }
        } else {
            return;
        };
        self.end = Some((at - self.last, kind));
    }
}

/// Takes the chunked coding off.
#[derive(Default)]
struct Chunked {
    state: State,
    size: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    First,
    Size,
    Data(usize),
    /// The line end behind a chunk.
    Behind,
    /// Trailers, and at the beginning of a line.
    Trailer(bool),
    Done,
    /// curl has taken it off itself.
    Plain,
}

impl Chunked {
    fn feed(&mut self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::with_capacity(bytes.len());
        if self.state == State::First {
            let line = bytes
                .split(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default();
            let is_size = size(line).is_some() && line.len() < bytes.len();
            self.state = if is_size { State::Size } else { State::Plain };
        }
        let mut rest = bytes;
        while let Some((first, more)) = rest.split_first() {
            match self.state {
                State::Plain => return Ok(bytes.to_vec()),
                State::Done => return Err("more bytes behind the last chunk".into()),
                State::Data(left) => {
                    let length = left.min(rest.len());
                    let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                    out.extend_from_slice(piece);
                    rest = after;
                    let left = left - piece.len();
                    self.state = if left > 0 {
                        State::Data(left)
                    } else {
                        State::Behind
                    };
                    continue;
                }
                State::Behind if *first == b'\n' => self.state = State::Size,
                State::Behind if *first == b'\r' => {}
                State::Behind => return Err("more bytes than a chunk has".into()),
                State::Trailer(true) if *first == b'\n' => self.state = State::Done,
                State::Trailer(begun) => {
                    self.state = State::Trailer(*first == b'\n' || (begun && *first == b'\r'));
                }
                State::First | State::Size if *first == b'\n' => {
                    let line = core::mem::take(&mut self.size);
                    self.state = match size(&line) {
                        Some(0) => State::Trailer(true),
                        Some(size) => State::Data(size),
                        None => return Err(format!("the size {}", short(&latin(&line)))),
                    };
                }
                State::First | State::Size => self.size.push(*first),
            }
            rest = more;
        }
        Ok(out)
    }
}

/// The size that a chunk begins with.
fn size(line: &[u8]) -> Option<usize> {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let size = size.trim_ascii();
    if size.is_empty() { None } else { hex(size) }
}
