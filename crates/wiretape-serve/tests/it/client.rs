//! A client that speaks over a bare socket and sees what really came.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection that is read without a library between.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    /// What came and was not used.
    pub(crate) buffer: Vec<u8>,
}

/// How an answer came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With the last chunk, or with as many bytes as the head says.
    Whole,
    /// By a FIN before that.
    Fin,
    /// By a reset.
    Reset,
    /// Not at all: nothing came any more.
    Open,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) chunked: bool,
    /// The body's chunks; one where it is not chunked.
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) ended: Ended,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        let code = self.head.split(' ').nth(1).unwrap_or_default();
        code.parse().unwrap_or(0)
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body()).expect("a JSON body")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1);
        let mut all = lines.filter_map(|line| line.split_once(": "));
        all.find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// The time after which nothing is said to come any more.
pub(crate) const QUIET: Duration = Duration::from_millis(300);

impl Client {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("an option");
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Sends a request with a JSON body and reads its answer.
    pub(crate) fn post(&mut self, path: &str, body: &str) -> Answer {
        self.send(post(path, body).as_bytes());
        self.answer()
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes());
        self.answer()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("a write");
    }

    /// Reads an answer to its end.
    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = Answer {
            head: String::new(),
            chunked: false,
            chunks: Vec::new(),
            ended: Ended::Whole,
        };
        if let Err(ended) = self.read_answer(&mut answer) {
            answer.ended = ended;
        }
        answer
    }

    fn read_answer(&mut self, answer: &mut Answer) -> Result<(), Ended> {
        let end = loop {
            match find(&self.buffer, b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.more()?,
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        answer.head = String::from_utf8(head).expect("a head of text");
        answer.chunked = answer.header("transfer-encoding") == Some("chunked");
        if answer.chunked {
            return self.read_chunks(answer);
        }
        let length = answer
            .header("content-length")
            .map(|length| length.parse().unwrap());
        let unsaid = if answer.status() == 204 {
            0
        } else {
            usize::MAX
        };
        let length = length.unwrap_or(unsaid);
        let mut result = Ok(());
        while self.buffer.len() < length && result.is_ok() {
            result = self.more();
        }
        let take = self.buffer.len().min(length);
        answer.chunks = vec![self.buffer.drain(..take).collect()];
        result
    }

    fn read_chunks(&mut self, answer: &mut Answer) -> Result<(), Ended> {
        // Bytes of the buffer that were used: they go when more is read.
        let mut used = 0;
        loop {
            match chunk(&self.buffer[used..]) {
                Some((bytes, length)) => {
                    used += length;
                    if bytes.is_empty() {
                        self.buffer.drain(..used);
                        return Ok(());
                    }
                    answer.chunks.push(bytes);
                }
                None => {
                    self.buffer.drain(..used);
                    used = 0;
                    self.more()?;
                }
            }
        }
    }

    /// Reads once.
    pub(crate) fn more(&mut self) -> Result<(), Ended> {
        let mut bytes = [0; 16 << 10];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(Ended::Fin),
            Ok(length) => {
                self.buffer.extend_from_slice(&bytes[..length]);
                Ok(())
            }
            Err(error) => Err(match error.kind() {
                ErrorKind::ConnectionReset => Ended::Reset,
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Ended::Open,
                other => panic!("an unexpected error: {other}"),
            }),
        }
    }

    /// Reads ahead until the server is done and nothing more comes: of an answer that stalls, this is
    /// all there will be, however slow the machine is.
    pub(crate) fn gather(&mut self, done: impl Fn() -> bool) {
        let moment = Some(Duration::from_millis(50));
        self.stream.set_read_timeout(moment).expect("an option");
        loop {
            let last = done();
            match self.more() {
                Ok(()) => {}
                Err(Ended::Open) if !last => {}
                Err(_) => return,
            }
        }
    }

    /// How the connection is closed, without another byte: `Open` if it is not.
    pub(crate) fn closed(&mut self) -> Ended {
        match self.more() {
            Ok(()) => panic!("bytes came: {:?}", String::from_utf8_lossy(&self.buffer)),
            Err(ended) => ended,
        }
    }
}

pub(crate) fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// The first chunk, and how many bytes it takes; `None`: it is not all there.
fn chunk(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let line = find(&bytes[..bytes.len().min(40)], b"\r\n")?;
    let size = std::str::from_utf8(&bytes[..line]).expect("a size");
    let size = usize::from_str_radix(size, 16).expect("a size in hex");
    let data = bytes.get(line + 2..line + 2 + size)?;
    let end = bytes.get(line + 2 + size..line + 4 + size)?;
    assert_eq!(end, b"\r\n");
    Some((data.to_vec(), line + 4 + size))
}
