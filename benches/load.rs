//! Clients that put a server under load, and what the system says of it.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// A server on a thread of its own, until this is dropped.
pub(crate) struct Served<T> {
    pub(crate) addr: SocketAddr,
    /// The thread's number, for its CPU time.
    pub(crate) task: u64,
    pub(crate) server: T,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl<T: Send + 'static> Served<T> {
    pub(crate) fn start<F>(start: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = (SocketAddr, T)>,
    {
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async move {
                let (addr, server) = start().await;
                tell.send((addr, server, this_task()))
                    .expect("it is waited for");
                let _ = stopped.await;
            });
        });
        let (addr, server, task) = told.recv().expect("it starts");
        let (stop, thread) = (Some(stop), Some(thread));
        Self {
            addr,
            task,
            server,
            stop,
            thread,
        }
    }
}

impl<T> Drop for Served<T> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whom to ask.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    request: Vec<u8>,
    addr: SocketAddr,
    task: u64,
    answer_bytes: usize,
}

impl Target {
    pub(crate) fn new(name: &'static str, path: &str, addr: SocketAddr, task: u64) -> Self {
        let body =
            r#"{"model":"gpt-bench-1","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let request = request.into_bytes();
        let answer_bytes = answer_bytes(addr, &request);
        Self {
            name,
            request,
            addr,
            task,
            answer_bytes,
        }
    }
}

/// How long an answer is, head and all: it is the same each time.
fn answer_bytes(addr: SocketAddr, request: &[u8]) -> usize {
    let mut stream = TcpStream::connect(addr).expect("a connection");
    stream.write_all(request).expect("a write");
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .expect("an option");
    let mut answer = Vec::new();
    let mut bytes = [0; 64 << 10];
    while let Ok(length @ 1..) = stream.read(&mut bytes) {
        answer.extend_from_slice(&bytes[..length]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "an answer");
    let whole = answer.windows(12).any(|window| window == b"data: [DONE]");
    assert!(whole, "all of it");
    answer.len()
}

/// What came of one round.
pub(crate) struct Round {
    streams: u64,
    time: Duration,
    cpu: u64,
    /// The median of a stream's time from its request to its last byte.
    pub(crate) p50: Duration,
}

impl Round {
    pub(crate) fn per_second(&self) -> u64 {
        let streams = u128::from(self.streams) * 1_000_000_000;
        u64::try_from(streams / self.time.as_nanos().max(1)).expect("a rate")
    }

    /// CPU time of the server's thread, in ns.
    pub(crate) fn cpu_per_event(&self, events: usize) -> u64 {
        self.cpu / (self.streams * events as u64).max(1)
    }

    /// The better of each number.
    pub(crate) fn better(self, other: Self) -> Self {
        let p50 = self.p50.min(other.p50);
        let per_stream = |round: &Self| round.cpu / round.streams.max(1);
        let cpu = per_stream(&self).min(per_stream(&other));
        let faster = if self.per_second() < other.per_second() {
            other
        } else {
            self
        };
        let cpu = cpu * faster.streams;
        Self { p50, cpu, ..faster }
    }
}

/// Asks over so many connections at once, one stream after the other on each.
pub(crate) fn round(target: &Target, connections: usize, time: Duration) -> Round {
    let runtime = runtime();
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..connections {
            let stream = tokio::net::TcpStream::connect(target.addr)
                .await
                .expect("a connection");
            stream.set_nodelay(true).expect("an option");
            streams.push(stream);
        }
        let (cpu, start) = (cpu(target.task), now());
        let until = start + time;
        let tasks: Vec<_> = streams
            .into_iter()
            .map(|stream| {
                let request = target.request.clone();
                tokio::spawn(ask(stream, request, target.answer_bytes, until))
            })
            .collect();
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await.expect("a client"));
        }
        let time = start.elapsed();
        let cpu = self::cpu(target.task) - cpu;
        times.sort_unstable();
        let streams = times.len() as u64;
        let p50 = times[times.len() / 2];
        Round {
            streams,
            time,
            cpu,
            p50,
        }
    })
}

async fn ask(
    mut stream: tokio::net::TcpStream,
    request: Vec<u8>,
    answer_bytes: usize,
    until: Instant,
) -> Vec<Duration> {
    let mut times = Vec::new();
    let mut bytes = vec![0; 64 << 10];
    loop {
        let start = now();
        stream.write_all(&request).await.expect("a write");
        let mut left = answer_bytes;
        while left > 0 {
            let length = stream.read(&mut bytes).await.expect("a read");
            assert!((1..=left).contains(&length), "as long as before");
            left -= length;
        }
        times.push(start.elapsed());
        if now() >= until {
            return times;
        }
    }
}

pub(crate) async fn first_byte(addr: SocketAddr) {
    let mut stream = tokio::net::TcpStream::connect(addr)
        .await
        .expect("a connection");
    let request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(request).await.expect("a write");
    let mut byte = [0];
    stream.read_exact(&mut byte).await.expect("a byte");
}

/// Streams that were begun: their head and first chunk are there.
pub(crate) fn waiting(addr: SocketAddr, streams: usize) -> Vec<TcpStream> {
    let begin = |_| {
        let mut stream = TcpStream::connect(addr).expect("a connection");
        let request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(request).expect("a write");
        stream
    };
    let mut all: Vec<TcpStream> = (0..streams).map(begin).collect();
    let mut bytes = [0; 4096];
    for stream in &mut all {
        let mut seen = 0;
        while !bytes[..seen].ends_with(b"data: 1\n\n\r\n") {
            seen += stream.read(&mut bytes[seen..]).expect("a read");
        }
    }
    all
}

/// How much later than its time each chunk came, measured from its stream's most punctual chunk.
pub(crate) fn lateness(
    addr: SocketAddr,
    streams: usize,
    chunks: usize,
    gap: Duration,
) -> Vec<Duration> {
    let head_bytes = head_bytes(addr);
    runtime().block_on(async {
        let tasks: Vec<_> = (0..streams)
            .map(|number| tokio::spawn(late(addr, head_bytes, number, chunks, gap)))
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.expect("a client"));
        }
        all
    })
}

async fn late(
    addr: SocketAddr,
    head_bytes: usize,
    number: usize,
    chunks: usize,
    gap: Duration,
) -> Vec<Duration> {
    // Spread over a gap, as real streams are.
    let offset = gap * u32::try_from(number % 64).expect("small") / 64;
    tokio::time::sleep(offset).await;
    let mut stream = tokio::net::TcpStream::connect(addr)
        .await
        .expect("a connection");
    let request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(request).await.expect("a write");
    let mut head = vec![0; head_bytes];
    stream.read_exact(&mut head).await.expect("a head");
    assert!(head.ends_with(b"\r\n\r\n"), "the head alone");
    let start = now();
    let mut came = Vec::with_capacity(chunks);
    // "9\r\ndata: 1\n\n\r\n"
    let mut bytes = [0; 14];
    for _ in 0..chunks {
        stream.read_exact(&mut bytes).await.expect("a chunk");
        came.push(start.elapsed());
    }
    let due = (1..).map(|number| gap * number);
    // The head may have been late itself: the earliest chunk of all says when the stream began.
    let late = came
        .iter()
        .zip(due.clone())
        .map(|(came, due)| (due + gap * 1000 + *came) - due * 2);
    let earliest = late.clone().min().unwrap_or_default();
    late.map(|late| late.saturating_sub(earliest)).collect()
}

/// Bytes of the answer's head.
fn head_bytes(addr: SocketAddr) -> usize {
    let mut stream = TcpStream::connect(addr).expect("a connection");
    let request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(request).expect("a write");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a byte");
        head.extend_from_slice(&byte);
    }
    head.len()
}

pub(crate) fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

#[expect(
    clippy::disallowed_methods,
    reason = "this bench measures time, here and nowhere else"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The number of this thread.
fn this_task() -> u64 {
    let link = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    let name = link
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("0");
    name.parse().unwrap_or(0)
}

/// CPU time of a thread in ns; 0 where the system does not tell.
fn cpu(task: u64) -> u64 {
    let path = format!("/proc/self/task/{task}/schedstat");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|first| first.parse().ok())
        .unwrap_or(0)
}

/// Bytes of this process that are in memory; 0 where the system does not tell.
pub(crate) fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("VmRSS:"));
    let kib = lines
        .next()
        .and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// Two decimals, rounded, without floats.
pub(crate) fn ratio(of: u128, to: u128) -> String {
    let hundredths = (of * 100 + to / 2) / to.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
