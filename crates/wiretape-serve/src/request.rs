//! Reads requests from a connection: one after the other, each within its limits.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::body::Chunked;
use crate::config::Limits;
use crate::head::{self, Head, Length};

/// Bytes asked of one read of a request.
const READ_BYTES: usize = 8 << 10;
/// Bytes asked of one read of what comes while an answer waits: mostly nothing.
const AHEAD_BYTES: usize = 64;

/// Why no request came.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The connection is over: the client closed it, it failed, or it was idle for too long.
    Gone,
    /// What came is no request that is answered.
    Refused(Refusal),
}

/// An answer without a tape, after which the connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, kind: &'static str, message: String) -> Self {
        Self {
            status,
            kind,
            message,
        }
    }

    pub(crate) fn bad(message: &str) -> Self {
        Self::new(400, "bad_request", message.to_owned())
    }

    pub(crate) fn too_large(message: String) -> Self {
        Self::new(413, "content_too_large", message)
    }

    fn slow(what: &str, limit: std::time::Duration) -> Self {
        let message = format!("expected the {what} within {limit:?}");
        Self::new(408, "request_timeout", message)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Reads once and appends; 0 at the end of the stream.
pub(crate) async fn read_more(
    io: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> io::Result<usize> {
    buffer.reserve(READ_BYTES);
    io.read_buf(buffer).await
}

/// Returns when the client is gone: it closed the connection, its own half of it, or reset it.
///
/// Requests that it sends ahead are kept, at most `bytes_max` of them; more stay in the socket.
pub(crate) async fn hang_up(
    io: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    bytes_max: usize,
) {
    while buffer.len() < bytes_max {
        buffer.reserve(AHEAD_BYTES);
        if !matches!(io.read_buf(buffer).await, Ok(1..)) {
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// Waits until a request begins, without room for it before it does.
pub(crate) async fn begin(stream: &TcpStream, limits: &Limits) -> Result<(), Stop> {
    match timeout(limits.idle_time, stream.readable()).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Stop::Gone),
    }
}

/// Reads a head. `buffer` may hold bytes that came before, and keeps what came behind it.
pub(crate) async fn head(
    io: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    limits: &Limits,
) -> Result<Head, Stop> {
    let whole = read_head(io, buffer, limits.head_bytes);
    match timeout(limits.head_time, whole).await {
        Ok(done) => done,
        Err(_) => Err(Refusal::slow("head", limits.head_time).into()),
    }
}

async fn read_head(
    io: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    bytes_max: usize,
) -> Result<Head, Stop> {
    let mut looked_at = 0;
    // Parsed when its end is there, and else each time it has doubled: what is no HTTP at all is
    // refused at once, and a head that drips in costs no more than its length.
    let mut parse_at = 0;
    loop {
        if !buffer.is_empty() && (buffer.len() >= parse_at || head::end(buffer, looked_at)) {
            let known = buffer.get(..bytes_max.min(buffer.len()));
            if let Some((head, used)) = head::parse(known.unwrap_or_default())? {
                buffer.drain(..used.min(buffer.len()));
                return Ok(head);
            }
            parse_at = buffer.len() * 2;
        }
        if buffer.len() >= bytes_max {
            let message = format!("expected a head of at most {bytes_max} bytes");
            return Err(Refusal::new(431, "request_header_fields_too_large", message).into());
        }
        looked_at = buffer.len();
        if !matches!(read_more(io, buffer).await, Ok(1..)) {
            return Err(Stop::Gone);
        }
    }
}

/// Reads the body of a request. `buffer` holds what came behind its head, and afterwards what came
/// behind the body.
pub(crate) async fn body(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    buffer: &mut Vec<u8>,
    head: &Head,
    limits: &Limits,
) -> Result<Vec<u8>, Stop> {
    if head.length == Length::Bytes(0) {
        return Ok(Vec::new());
    }
    if let Length::Bytes(length) = head.length {
        let max = limits.body_bytes;
        if length > max as u64 {
            let message = format!("expected a body of at most {max} bytes, found {length}");
            return Err(Refusal::too_large(message).into());
        }
    }
    if head.expects && buffer.is_empty() {
        let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
        if io.write_all(go_on).await.is_err() {
            return Err(Stop::Gone);
        }
    }
    let whole = async {
        match head.length {
            Length::Bytes(length) => sized(io, buffer, length).await,
            Length::Chunked => chunked(io, buffer, limits).await,
        }
    };
    match timeout(limits.body_time, whole).await {
        Ok(done) => done,
        Err(_) => Err(Refusal::slow("body", limits.body_time).into()),
    }
}

async fn sized(
    io: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    length: u64,
) -> Result<Vec<u8>, Stop> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    while buffer.len() < length {
        if !matches!(read_more(io, buffer).await, Ok(1..)) {
            return Err(Stop::Gone);
        }
    }
    let behind = buffer.split_off(length);
    let mut body = std::mem::replace(buffer, behind);
    body.shrink_to_fit();
    Ok(body)
}

async fn chunked(
    io: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    limits: &Limits,
) -> Result<Vec<u8>, Stop> {
    let mut decoder = Chunked::new(limits.body_bytes, limits.head_bytes);
    let mut body = Vec::new();
    loop {
        let used = decoder.decode(buffer, &mut body)?;
        buffer.drain(..used.min(buffer.len()));
        if decoder.is_done() {
            return Ok(body);
        }
        if !matches!(read_more(io, buffer).await, Ok(1..)) {
            return Err(Stop::Gone);
        }
    }
}
