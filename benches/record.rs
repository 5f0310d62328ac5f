//! What the recorder costs a client: the time that a chunk takes from the upstream server's write to
//! the client's read, directly and through the recorder, in turn on the same machine.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on should stop; it measures time"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use wiretape_record::{Config, Output, Recorder};

const HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const LAST: &[u8] = b"0\r\n\r\n";

/// A chunk's bytes: as many as an event of a streamed reply has.
const CHUNK_BYTES: usize = 160;

/// Rounds of both ways in turn.
const ROUNDS: usize = 5;

/// Chunks of a stream, and how long the server waits before each.
const CHUNKS: usize = 100;
const GAP: Duration = Duration::from_millis(10);

/// Bytes of a stream that is sent as fast as it goes.
const BULK_BYTES: usize = 64 << 20;
const BULK_CHUNK: usize = 1024;

fn main() {
    // A test runner asks what there is to run.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let start = Instant::now();
    let upstream = upstream(start);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let tape = std::env::temp_dir().join(format!("wiretape-bench-{}.tape", std::process::id()));
    let recorder = runtime.block_on(record(upstream, &tape));

    println!("\n**Latency of a chunk**, µs from the server's write to the client's read\n");
    println!("| streams | way | median | p90 | p99 |");
    println!("|---|---|---|---|---|");
    for streams in [1, 16, 64] {
        let (mut direct, mut through) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            direct.extend(latencies(upstream, streams, start));
            through.extend(latencies(recorder.addr(), streams, start));
        }
        let direct = row(streams, "direct", direct);
        let through = row(streams, "recorded", through);
        let added = through.saturating_sub(direct) as f64 / 1e6;
        println!("| {streams} | **added, ms** | **{added:.3}** | | |");
    }

    println!("\n**One stream as fast as it goes**, MB/s, best of {ROUNDS}\n");
    let best = |addr| (0..ROUNDS).map(|_| bulk(addr)).min().unwrap();
    let speed = |took: Duration| BULK_BYTES as f64 / 1e6 / took.as_secs_f64();
    println!("- direct: {:.0}", speed(best(upstream)));
    println!("- recorded: {:.0}", speed(best(recorder.addr())));

    let summary = runtime.block_on(recorder.stop(Duration::from_secs(5)));
    assert!(summary.is_whole(), "{summary:?}");
    std::fs::remove_file(tape).unwrap();
}

async fn record(upstream: SocketAddr, tape: &PathBuf) -> Recorder {
    let _ = std::fs::remove_file(tape);
    let config = Config::new(format!("http://{upstream}").parse().unwrap());
    Recorder::start(config, Output::create(tape).unwrap())
        .await
        .unwrap()
}

/// A server with a thread for each connection: paced chunks that say when they were sent, or bulk.
fn upstream(start: Instant) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || answer(stream, start));
        }
    });
    addr
}

fn answer(mut stream: TcpStream, start: Instant) {
    stream.set_nodelay(true).unwrap();
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend(buffer.iter().take(count)),
        }
    }
    stream.write_all(HEAD).unwrap();
    if request.starts_with(b"GET /bulk") {
        let chunk = coded(&"x".repeat(BULK_CHUNK - 1));
        for _ in 0..BULK_BYTES / BULK_CHUNK {
            stream.write_all(&chunk).unwrap();
        }
    } else {
        for _ in 0..CHUNKS {
            thread::sleep(GAP);
            let sent = start.elapsed().as_nanos();
            let text = format!("data: {sent:020} ");
            let chunk = coded(&format!("{text:x<width$}", width = CHUNK_BYTES - 1));
            stream.write_all(&chunk).unwrap();
        }
    }
    stream.write_all(LAST).unwrap();
}

fn coded(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\n\r\n", text.len() + 1).into_bytes()
}

/// Nanoseconds that each chunk took, over so many streams at a time.
fn latencies(addr: SocketAddr, streams: usize, start: Instant) -> Vec<u64> {
    let clients: Vec<_> = (0..streams)
        .map(|_| thread::spawn(move || latency(addr, start)))
        .collect();
    let all = clients
        .into_iter()
        .flat_map(|client| client.join().unwrap());
    all.collect()
}

fn latency(addr: SocketAddr, start: Instant) -> Vec<u64> {
    let mut took = Vec::with_capacity(CHUNKS);
    let mut line = Vec::new();
    fetch(addr, "/paced", |bytes| {
        let now = u64::try_from(start.elapsed().as_nanos()).unwrap();
        for byte in bytes {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            if let Some(digits) = line.strip_prefix(b"data: ").and_then(|rest| rest.get(..20)) {
                let sent: u64 = std::str::from_utf8(digits).unwrap().parse().unwrap();
                took.push(now.saturating_sub(sent));
            }
            line.clear();
        }
    });
    // A chunk that a read cut in two, as where the machine was busy, has no time.
    assert!(took.len() > CHUNKS * 9 / 10);
    took
}

fn bulk(addr: SocketAddr) -> Duration {
    let start = Instant::now();
    let mut count = 0;
    fetch(addr, "/bulk", |bytes| {
        count += bytes.iter().filter(|byte| **byte == b'x').count();
    });
    // The head has one, too.
    assert_eq!(count, (BULK_CHUNK - 1) * (BULK_BYTES / BULK_CHUNK) + 1);
    start.elapsed()
}

/// Gives each read of an answer, until its last chunk.
fn fetch(addr: SocketAddr, path: &str, mut read: impl FnMut(&[u8])) {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_nodelay(true).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut tail = Vec::new();
    loop {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the stream was cut");
        let bytes = buffer.get(..count).unwrap();
        read(bytes);
        tail.extend_from_slice(bytes.get(count.saturating_sub(LAST.len() + 2)..).unwrap());
        if tail.ends_with(b"\r\n0\r\n\r\n") {
            return;
        }
        tail.drain(..tail.len().saturating_sub(LAST.len() + 2));
    }
}

/// Prints a row, and gives its median.
fn row(streams: usize, way: &str, mut took: Vec<u64>) -> u64 {
    took.sort_unstable();
    let at = |hundredths: usize| {
        took.get(took.len() * hundredths / 100)
            .copied()
            .unwrap_or(0)
    };
    let micros = |ns: u64| ns as f64 / 1e3;
    println!(
        "| {streams} | {way} | {:.0} | {:.0} | {:.0} |",
        micros(at(50)),
        micros(at(90)),
        micros(at(99)),
    );
    at(50)
}
