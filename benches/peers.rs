//! Other mock servers under the same load as ours, where `WIRETAPE_PEERS` says they run.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::load::{self, now};

/// How an answer in chunks of HTTP ends, whatever its length.
const END: &[u8] = b"0\r\n\r\n";

/// A server to ask.
pub(crate) struct Peer {
    pub(crate) name: String,
    addr: SocketAddr,
    path: String,
    /// Where Linux counts its CPU time: `PID`, or `self/task/TID` of a thread of ours.
    stat: String,
}

impl Peer {
    pub(crate) fn ours(name: &str, path: &str, addr: SocketAddr, task: u64) -> Self {
        Self {
            name: name.to_owned(),
            addr,
            path: path.to_owned(),
            stat: format!("self/task/{task}"),
        }
    }

    /// Those of `WIRETAPE_PEERS`: `NAME=ADDRESS:PORT=PID`, with spaces between.
    pub(crate) fn from_environment() -> Vec<Self> {
        let all = std::env::var("WIRETAPE_PEERS").unwrap_or_default();
        let peer = |text: &str| {
            let mut parts = text.split('=');
            Some(Self {
                name: parts.next()?.to_owned(),
                addr: parts.next()?.parse().ok()?,
                path: "/v1/chat/completions".to_owned(),
                stat: parts.next()?.to_owned(),
            })
        };
        let parsed = all.split_whitespace().map(|text| {
            peer(text).unwrap_or_else(|| unreachable!("{text}: expected NAME=ADDRESS:PORT=PID"))
        });
        parsed.collect()
    }

    /// Clock ticks of 10 ms, of the program and of the system for it.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.stat)).expect("a server");
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let fields = fields.split_whitespace().skip(11).take(2);
        fields
            .map(|ticks| ticks.parse::<u64>().expect("ticks"))
            .sum()
    }
}

/// Streams per second, and CPU in µs per event.
pub(crate) fn round(peer: &Peer, connections: usize, time: Duration, events: usize) -> (u64, u64) {
    load::runtime().block_on(async {
        let (ticks, start) = (peer.ticks(), now());
        let asking = (0..connections).map(|_| {
            let asking = ask(peer.addr, peer.path.clone(), start + time);
            tokio::spawn(asking)
        });
        let asking: Vec<_> = asking.collect();
        let mut streams = 0;
        for task in asking {
            streams += task.await.expect("a client");
        }
        let ms = u64::try_from(start.elapsed().as_millis()).expect("a short time");
        let cpu = (peer.ticks() - ticks) * 10_000;
        (
            streams * 1000 / ms.max(1),
            cpu / (streams * events as u64).max(1),
        )
    })
}

async fn ask(addr: SocketAddr, path: String, until: Instant) -> u64 {
    let body =
        r#"{"model":"gpt-bench-1","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer none\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(addr).await.expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let mut bytes = vec![0; 64 << 10];
    let mut streams = 0;
    loop {
        stream.write_all(request.as_bytes()).await.expect("a write");
        let mut last = Vec::new();
        while !last.ends_with(END) {
            let length = stream.read(&mut bytes).await.expect("a read");
            assert!(length > 0, "an answer to its end");
            let tail = bytes[..length].len().saturating_sub(END.len());
            last.extend_from_slice(&bytes[tail..length]);
            last.drain(..last.len().saturating_sub(END.len()));
        }
        streams += 1;
        if now() >= until {
            return streams;
        }
    }
}
