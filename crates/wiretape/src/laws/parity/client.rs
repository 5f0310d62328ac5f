//! A client of HTTP/1.1 that hides nothing: chunks as they are framed, ends as they are.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Body, Ended};

/// How long it waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long nothing must come, where nothing is to come any more.
const QUIET: Duration = Duration::from_millis(10);

/// Bytes of one read at most.
const READ_BYTES_MAX: usize = 64 << 10;

/// Bytes of an answer's head at most.
const HEAD_BYTES_MAX: usize = 1 << 20;

/// Any request will do.
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: wiretape\r\ncontent-length: 0\r\n\r\n";

/// One connection, opened again when it is used up.
#[derive(Debug)]
pub(super) struct Client {
    address: String,
    open: Option<TcpStream>,
    /// What came; all before `taken` was looked at.
    bytes: Vec<u8>,
    taken: usize,
}

/// How an answer's body is delimited.
enum Framing {
    Chunks,
    Length(usize),
    Close,
}

impl Client {
    /// A client of this `http://` URL.
    pub(super) fn new(url: &str) -> Self {
        Self {
            address: url.trim_start_matches("http://").into(),
            open: None,
            bytes: Vec::new(),
            taken: 0,
        }
    }

    /// Asks and reads the answer, and says whether chunks frame it. `stalls_after`: after so many
    /// bytes of the body nothing is expected to come.
    ///
    /// What is no HTTP is an error, in words.
    pub(super) fn ask(&mut self, stalls_after: Option<usize>) -> Result<(Body, bool), String> {
        self.send()?;
        let answer = self.read(stalls_after);
        let complete = |(body, _): &(Body, bool)| body.ended == Ended::Complete;
        if !answer.as_ref().is_ok_and(complete) {
            self.open = None;
        }
        answer
    }

    fn send(&mut self) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("cannot ask the server: {error}");
        if self.open.is_none() {
            let stream = TcpStream::connect(&self.address).map_err(failed)?;
            stream.set_nodelay(true).map_err(failed)?;
            self.bytes.clear();
            self.taken = 0;
            self.open = Some(stream);
        }
        match &mut self.open {
            Some(stream) => stream.write_all(REQUEST).map_err(failed),
            None => Ok(()),
        }
    }

    fn read(&mut self, stalls_after: Option<usize>) -> Result<(Body, bool), String> {
        let head = loop {
            let end = find(self.rest(), b"\r\n\r\n");
            match end {
                Some(end) => break self.take(end + 4),
                None if HEAD_BYTES_MAX < self.rest().len() => return Err("an endless head".into()),
                None => {
                    if let Err(ended) = self.more(PATIENCE) {
                        let chunks = Vec::new();
                        return Ok((Body { ended, chunks }, true));
                    }
                }
            }
        };
        let mut body = Body {
            ended: Ended::Complete,
            chunks: Vec::new(),
        };
        let framing = framing(&String::from_utf8_lossy(&head));
        let framed = matches!(framing, Framing::Chunks);
        let patience = |came: usize| match stalls_after {
            Some(after) if after <= came => QUIET,
            _ => PATIENCE,
        };
        match framing {
            Framing::Chunks => self.chunks(&mut body, patience)?,
            Framing::Length(length) => self.whole(&mut body, length, patience),
            Framing::Close => self.whole(&mut body, usize::MAX, patience),
        }
        Ok((body, framed))
    }

    fn chunks(
        &mut self,
        body: &mut Body,
        patience: impl Fn(usize) -> Duration,
    ) -> Result<(), String> {
        let mut came = 0;
        loop {
            let size = match find(self.rest(), b"\r\n") {
                Some(end) => {
                    let line = self.rest().get(..end).unwrap_or_default();
                    let line = std::str::from_utf8(line).unwrap_or_default();
                    let size = usize::from_str_radix(line, 16);
                    Some((
                        size.map_err(|_| format!("{line:?} for a chunk's size"))?,
                        end,
                    ))
                }
                None => None,
            };
            let chunk = match size {
                Some((size, line)) if line + 2 + size + 2 <= self.rest().len() => {
                    let mut chunk = self.take(line + 2 + size + 2);
                    chunk.truncate(line + 2 + size);
                    chunk.split_off(line + 2)
                }
                _ => match self.more(patience(came)) {
                    Ok(()) => continue,
                    Err(ended) => {
                        body.ended = ended;
                        return self.nothing_left();
                    }
                },
            };
            if chunk.is_empty() {
                return Ok(());
            }
            came += chunk.len();
            body.chunks.push(chunk);
        }
    }

    /// A body ends between two chunks, whatever its end.
    fn nothing_left(&self) -> Result<(), String> {
        match self.rest().len() {
            0 => Ok(()),
            left => Err(format!("{left} bytes of a chunk that is not whole")),
        }
    }

    fn whole(&mut self, body: &mut Body, length: usize, patience: impl Fn(usize) -> Duration) {
        while self.rest().len() < length {
            if let Err(ended) = self.more(patience(self.rest().len())) {
                body.ended = ended;
                break;
            }
        }
        let bytes = self.take(length);
        body.chunks
            .extend(Some(bytes).filter(|bytes| !bytes.is_empty()));
    }

    /// Reads once.
    fn more(&mut self, patience: Duration) -> Result<(), Ended> {
        let Some(stream) = &mut self.open else {
            return Err(Ended::Closed);
        };
        self.bytes.drain(..self.taken);
        self.taken = 0;
        let from = self.bytes.len();
        self.bytes.resize(from + READ_BYTES_MAX, 0);
        let read = stream.set_read_timeout(Some(patience));
        let rest = self.bytes.get_mut(from..).unwrap_or_default();
        let read = read.and_then(|()| stream.read(rest));
        self.bytes
            .truncate(from + read.as_ref().map_or(0, |length| *length));
        match read {
            Ok(0) => Err(Ended::Closed),
            Ok(_) => Ok(()),
            Err(error) => Err(match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Ended::Stalled,
                _ => Ended::Reset,
            }),
        }
    }

    /// What came and was not looked at.
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let taken = self.rest().iter().take(length).copied().collect::<Vec<_>>();
        self.taken += taken.len();
        taken
    }
}

fn framing(head: &str) -> Framing {
    let header = |wanted: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        let found = fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim())
    };
    if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return Framing::Chunks;
    }
    match header("content-length").and_then(|length| length.parse().ok()) {
        Some(length) => Framing::Length(length),
        None => Framing::Close,
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
