//! One request over a socket, and its body as it comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long nothing may come.
const IDLE: Duration = Duration::from_millis(2_500);

/// How long a reply may take.
const TURN: Duration = Duration::from_secs(10);

/// Bytes of a body at most.
const BODY_BYTES_MAX: usize = 32 << 20;

/// Sends a body and hands out what comes back, until `take` has enough.
///
/// An error where the connection ends before the body does, or the status is not 200.
pub(crate) fn post(
    url: &str,
    body: &str,
    take: &mut dyn FnMut(&[u8]) -> Result<bool, String>,
) -> Result<(), String> {
    let words = |error: std::io::Error| error.to_string();
    let begun = now();
    let mut size = 0;
    let take = &mut |chunk: &[u8]| {
        size += chunk.len();
        if size > BODY_BYTES_MAX || begun.elapsed() > TURN {
            return Err("the reply is too long".to_owned());
        }
        take(chunk)
    };
    let rest = url.strip_prefix("http://").ok_or("no http address")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut socket = TcpStream::connect(host).map_err(words)?;
    socket.set_read_timeout(Some(IDLE)).map_err(words)?;
    write!(
        socket,
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .map_err(words)?;
    let mut reader = BufReader::new(socket);
    let head = head(&mut reader).map_err(words)?;
    let status = head.first().and_then(|line| line.split(' ').nth(1));
    if status != Some("200") {
        return Err(format!("status {status:?}"));
    }
    let chunked = head.iter().any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("transfer-encoding:") && line.contains("chunked")
    });
    let length = head.iter().find_map(|line| {
        let line = line.to_ascii_lowercase();
        line.strip_prefix("content-length:")?
            .trim()
            .parse::<usize>()
            .ok()
    });
    if !chunked {
        return pieces(&mut reader, length, take).map(|_| ());
    }
    loop {
        let line = line(&mut reader).map_err(words)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|error| error.to_string())?;
        if size == 0 || pieces(&mut reader, Some(size), take)? {
            return Ok(());
        }
        self::line(&mut reader).map_err(words)?;
    }
}

/// Hands out so many bytes, or all there are; whether it was enough.
fn pieces(
    reader: &mut BufReader<TcpStream>,
    length: Option<usize>,
    take: &mut dyn FnMut(&[u8]) -> Result<bool, String>,
) -> Result<bool, String> {
    let mut left = length.unwrap_or(usize::MAX);
    let mut buffer = [0; 16 * 1024];
    while left > 0 {
        let most = left.min(buffer.len());
        let count = reader
            .read(&mut buffer[..most])
            .map_err(|error| error.to_string())?;
        if count == 0 && length.is_some() {
            return Err("the connection ended inside the body".to_owned());
        }
        if count == 0 || take(&buffer[..count])? {
            return Ok(count > 0);
        }
        left -= count;
    }
    Ok(false)
}

#[expect(clippy::disallowed_methods, reason = "a client has a clock of its own")]
fn now() -> Instant {
    Instant::now()
}

fn head(reader: &mut BufReader<TcpStream>) -> std::io::Result<Vec<String>> {
    let mut head = Vec::new();
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            return Ok(head);
        }
        head.push(line);
    }
}

fn line(reader: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
