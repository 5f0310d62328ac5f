//! An upstream server, a client and a recorder between them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiretape_record::{Config, Output, Recorder, Report, Summary};
use wiretape_tape::{EndKind, Exchange, Parsed, parse};

/// Longer than anything takes that works.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A folder that goes with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wiretape-record-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A request as it came, head and body.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A connection to the upstream server, behind its first request.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) seen: Seen,
}

impl Peer {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// A chunk of the chunked coding, in one write.
    pub(crate) async fn chunk(&mut self, bytes: impl AsRef<[u8]>) {
        self.send(chunked(bytes.as_ref())).await;
    }

    pub(crate) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// The next request on this connection.
    pub(crate) async fn next(&mut self) -> Option<Seen> {
        self.seen = request(&mut self.stream).await?;
        Some(self.seen.clone())
    }
}

pub(crate) fn chunked(bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("{:x}\r\n", bytes.len()).into_bytes();
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
    out
}

/// The head of a chunked event stream.
pub(crate) const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// The last chunk.
pub(crate) const LAST: &str = "0\r\n\r\n";

/// A server on a free port that answers each connection as it is told.
pub(crate) async fn upstream<F, Fut>(answer: F) -> SocketAddr
where
    F: Fn(Peer) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                stream.set_nodelay(true).unwrap();
                if let Some(seen) = request(&mut stream).await {
                    answer(Peer { stream, seen }).await;
                }
            });
        }
    });
    addr
}

/// Reads one request; `None` where the connection ends before.
async fn request(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let lower = head.to_ascii_lowercase();
    let mut body = Vec::new();
    if lower.contains("transfer-encoding: chunked") {
        while !body.ends_with(b"0\r\n\r\n") {
            body.push(stream.read_u8().await.ok()?);
        }
    } else if let Some((_, rest)) = lower.split_once("content-length: ") {
        let length = rest.split("\r\n").next().unwrap().parse().unwrap();
        body.resize(length, 0);
        stream.read_exact(&mut body).await.ok()?;
    }
    Some(Seen { head, body })
}

/// A recorder with its tape in a folder of its own.
pub(crate) struct Setup {
    pub(crate) recorder: Recorder,
    pub(crate) tape: PathBuf,
    pub(crate) reports: Arc<Mutex<Vec<Report>>>,
    _scratch: Scratch,
}

pub(crate) async fn record(addr: SocketAddr) -> Setup {
    record_with(addr, |_| ()).await
}

pub(crate) async fn record_with(addr: SocketAddr, change: impl FnOnce(&mut Config)) -> Setup {
    let scratch = Scratch::new();
    let tape = scratch.join("session.tape");
    let mut config = Config::new(format!("http://{addr}").parse().unwrap());
    let reports = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&reports);
    config.observer = Some(Arc::new(move |report| {
        told.lock().unwrap().push(report.clone());
    }));
    change(&mut config);
    let output = Output::create(&tape).unwrap();
    Setup {
        recorder: Recorder::start(config, output).await.unwrap(),
        tape,
        reports,
        _scratch: scratch,
    }
}

impl Setup {
    /// The tape as it is on disk now.
    pub(crate) fn now(&self) -> Parsed {
        read(&self.tape)
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(&self.tape).unwrap()
    }

    /// Waits until the tape has so many ends.
    pub(crate) async fn ended(&self, count: usize) -> Vec<Exchange> {
        let has_ended = || {
            let exchanges = self.now().tape.exchanges;
            let ended = exchanges.iter().filter(|one| one.end.is_some()).count();
            (ended >= count).then_some(exchanges)
        };
        within(has_ended).await
    }

    /// Waits for the only exchange's end.
    pub(crate) async fn one(&self) -> Exchange {
        let mut exchanges = self.ended(1).await;
        assert_eq!(exchanges.len(), 1);
        exchanges.remove(0)
    }

    pub(crate) async fn stop(self) -> (Parsed, Summary) {
        self.stop_after(SOON).await
    }

    pub(crate) async fn stop_after(self, grace: Duration) -> (Parsed, Summary) {
        let summary = self.recorder.stop(grace).await;
        (read(&self.tape), summary)
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        let text = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        send(self.recorder.addr(), text).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Got {
        send(self.recorder.addr(), posted(path, body)).await
    }
}

pub(crate) fn posted(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(crate) fn read(tape: &Path) -> Parsed {
    parse(&std::fs::read(tape).unwrap()).unwrap()
}

/// Waits until there is one.
pub(crate) async fn within<T>(mut find: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = find() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(SOON, waiting).await.unwrap()
}

/// What a client saw of one response.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) head: String,
    /// Behind the head, with the framing.
    pub(crate) raw: Vec<u8>,
    /// It is as long as HTTP says it should be.
    pub(crate) complete: bool,
    /// It ended with a reset.
    pub(crate) reset: bool,
}

impl Got {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The chunks of a chunked body.
    pub(crate) fn chunks(&self) -> Vec<Vec<u8>> {
        assert!(
            self.head
                .to_ascii_lowercase()
                .contains("transfer-encoding: chunked"),
            "{self:?}"
        );
        let mut chunks = Vec::new();
        let mut rest = self.raw.as_slice();
        while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
            let size =
                usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16).unwrap();
            if size == 0 {
                break;
            }
            chunks.push(rest[at + 2..at + 2 + size].to_vec());
            rest = &rest[at + 4 + size..];
        }
        chunks
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        if self
            .head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked")
        {
            self.chunks().concat()
        } else {
            self.raw.clone()
        }
    }
}

pub(crate) async fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends a request on a connection of its own and reads the answer to its end.
pub(crate) async fn send(addr: SocketAddr, request: impl AsRef<[u8]>) -> Got {
    let mut stream = connect(addr).await;
    stream.write_all(request.as_ref()).await.unwrap();
    receive(&mut stream).await
}

/// Reads one answer: as far as its framing says, or until the connection ends.
pub(crate) async fn receive(stream: &mut TcpStream) -> Got {
    tokio::time::timeout(SOON, async {
        let mut bytes = Vec::new();
        let mut reset = false;
        loop {
            if let Some(got) = whole(&bytes) {
                return got;
            }
            match stream.read_buf(&mut bytes).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
                    reset = true;
                    break;
                }
            }
        }
        let (head, raw) = split(&bytes).unwrap_or_default();
        Got {
            head,
            raw,
            complete: false,
            reset,
        }
    })
    .await
    .unwrap()
}

fn split(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
    // What tells a client to go on with its body is no answer yet.
    if head.starts_with("HTTP/1.1 100") {
        return split(&bytes[at..]);
    }
    Some((head, bytes[at..].to_vec()))
}

fn whole(bytes: &[u8]) -> Option<Got> {
    let (head, raw) = split(bytes)?;
    let lower = head.to_ascii_lowercase();
    let complete = if lower.contains("transfer-encoding: chunked") {
        raw == LAST.as_bytes() || raw.ends_with(b"\r\n0\r\n\r\n")
    } else if let Some((_, rest)) = lower.split_once("content-length: ") {
        raw.len() >= rest.split("\r\n").next().unwrap().parse().unwrap()
    } else {
        ["204", "304"]
            .iter()
            .any(|status| lower.starts_with(&format!("http/1.1 {status}")))
    };
    complete.then_some(Got {
        head,
        raw,
        complete,
        reset: false,
    })
}

pub(crate) fn kind(exchange: &Exchange) -> EndKind {
    exchange.end.as_ref().unwrap().kind
}

pub(crate) fn error(exchange: &Exchange) -> String {
    let extra = &exchange.end.as_ref().unwrap().extra;
    extra["error"].as_str().unwrap().into()
}
