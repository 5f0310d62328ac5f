//! The replay server against what hyper can do with the same stream: streams per second, CPU per
//! event, latency on one connection; then what a waiting stream costs and how late paced chunks are.
//!
//! Each server has a thread of its own, and its CPU time is that thread's, as Linux counts it. The
//! contenders of a row take turns. Trust the ratios.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench may stop at once"
)]

mod floor_server;
mod load;
mod peers;

use std::time::Duration;

use floor_server::Answer;
use load::{Round, Target, now};
use peers::Peer;
use wiretape_serve::{Config, Flush, Matching, Mount, Pace, Server};
use wiretape_tape::{Chunk, End, EndKind, Exchange, Tape};

/// Events of the stream, each a chunk.
const EVENTS: usize = 403;
const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
/// Waiting streams of which the memory is measured, and paced ones of which the lateness is.
const IDLE_STREAMS: usize = 2000;
const PACED_STREAMS: usize = 500;
const PACED_CHUNKS: usize = 100;
const PACED_GAP: Duration = Duration::from_millis(20);

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    // Without `--bench` this runs as a test: once, to see that it works.
    let full = std::env::args().any(|argument| argument == "--bench");
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let events = events();
    // First, while nothing else has been in memory.
    if wanted("memory") {
        memory(if full { IDLE_STREAMS } else { 50 });
    }
    if wanted("start") {
        let time = start_to_first(&events).as_micros();
        println!("\n**Start to first response**: {time} µs");
    }
    if wanted("lateness") {
        let rounds = if full { 3 } else { 1 };
        for _ in 0..rounds {
            lateness(
                if full { PACED_STREAMS } else { 20 },
                if full { PACED_CHUNKS } else { 5 },
            );
        }
    }
    if wanted("race") {
        race(&events, full);
    }
    if wanted("peers") {
        against_peers(&events, full);
    }
}

/// An answer of `OpenAI`'s shape, an event to a chunk.
fn events() -> Vec<Vec<u8>> {
    let event = |number: usize| {
        let padding = "x".repeat(number % 17);
        format!(
            "data: {{\"id\":\"chatcmpl-bench0001\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\
             \"model\":\"gpt-bench-1\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_0123456789\",\
             \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" token\"}},\"logprobs\":null,\
             \"finish_reason\":null}}],\"usage\":null,\"obfuscation\":\"{padding}\"}}\n\n"
        )
    };
    let mut events: Vec<Vec<u8>> = (1..EVENTS)
        .map(|number| event(number).into_bytes())
        .collect();
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

fn tape(chunks: &[Vec<u8>], gap: Duration) -> Tape {
    let after_ns = u64::try_from(gap.as_nanos()).expect("a short gap");
    let chunk = |bytes: &Vec<u8>| Chunk {
        after_ns,
        bytes: bytes.clone(),
    };
    let chunks: Vec<Chunk> = chunks.iter().map(chunk).collect();
    let mut tape = Tape::from_body(b"", Some("openai-chat"));
    tape.exchanges = vec![Exchange {
        end: Some(End::of(&chunks, 0, EndKind::Complete)),
        response: tape.exchanges.remove(0).response,
        request: None,
        chunks,
    }];
    tape
}

fn ours(tape: &Tape) -> Mount {
    Mount::new(tape).matching(Matching::First)
}

fn start_to_first(events: &[Vec<u8>]) -> Duration {
    let tape = tape(events, Duration::ZERO);
    let runtime = load::runtime();
    let start = now();
    let server = runtime.block_on(async {
        let server = Server::start(Config::default()).await.expect("a server");
        server.mount("", ours(&tape)).expect("a mount");
        load::first_byte(server.addr()).await;
        server
    });
    let time = start.elapsed();
    drop(server);
    time
}

fn race(events: &[Vec<u8>], full: bool) {
    let served = load::Served::start(|| async {
        let server = Server::start(Config::default()).await.expect("a server");
        let addr = server.addr();
        (addr, server)
    });
    let tape = tape(events, Duration::ZERO);
    for (prefix, flush) in [("/chunk", Flush::Chunk), ("/batch", Flush::Batch)] {
        served
            .server
            .mount(prefix, ours(&tape).flush(flush))
            .expect("a mount");
    }
    let floors = [Answer::EachFlushed, Answer::AllReady, Answer::OneBody]
        .map(|answer| floor_server::start(events.to_vec(), answer));
    let targets = [
        Target::new("ours, chunk", "/chunk", served.addr, served.task),
        Target::new("ours, batch", "/batch", served.addr, served.task),
        Target::new(
            "hyper, flush per event",
            "/",
            floors[0].addr,
            floors[0].task,
        ),
        Target::new("hyper, N chunks ready", "/", floors[1].addr, floors[1].task),
        Target::new("hyper, one body", "/", floors[2].addr, floors[2].task),
    ];
    let names = targets.each_ref().map(|target| target.name);
    println!("\n**Streams per second**, then CPU in ns per event\n");
    println!(
        "| connections | {} | chunk / flush per event | batch / N chunks | CPU: chunk / flush per event |",
        names.join(" | ")
    );
    println!("|---|{}", "---|".repeat(names.len() + 3));
    let counts = if full {
        &CONNECTIONS[..]
    } else {
        &CONNECTIONS[..2]
    };
    for &connections in counts {
        let best = compete(&targets, connections, full);
        let cells = best
            .each_ref()
            .map(|round| format!("{} · {}", round.per_second(), round.cpu_per_event(EVENTS)));
        let rate = |at: usize| u128::from(best[at].per_second());
        let cpu = |at: usize| u128::from(best[at].cpu_per_event(EVENTS));
        println!(
            "| {connections} | {} | {} | {} | {} |",
            cells.join(" | "),
            load::ratio(rate(0), rate(2)),
            load::ratio(rate(1), rate(3)),
            load::ratio(cpu(0), cpu(2)),
        );
        if connections == 1 {
            let p50 = best.each_ref().map(|round| round.p50.as_micros());
            println!(
                "\np50 of one connection, µs: {p50:?}; chunk / flush per event {}\n",
                load::ratio(p50[0], p50[2])
            );
        }
    }
}

/// Other mock servers that play a stream of as many events; they say other words in it.
fn against_peers(events: &[Vec<u8>], full: bool) {
    let others = Peer::from_environment();
    if others.is_empty() {
        println!("\n**Peers**: none, WIRETAPE_PEERS is not set");
        return;
    }
    let served = load::Served::start(|| async {
        let server = Server::start(Config::default()).await.expect("a server");
        let addr = server.addr();
        (addr, server)
    });
    let tape = tape(events, Duration::ZERO);
    for (prefix, flush) in [("/chunk", Flush::Chunk), ("/batch", Flush::Batch)] {
        let mount = ours(&tape).flush(flush);
        served.server.mount(prefix, mount).expect("a mount");
    }
    let of_ours = |name, path| Peer::ours(name, path, served.addr, served.task);
    let mut all = vec![
        of_ours("ours, chunk", "/chunk"),
        of_ours("ours, batch", "/batch"),
    ];
    all.extend(others);
    let names: Vec<&str> = all.iter().map(|peer| peer.name.as_str()).collect();
    println!("\n**Streams per second**, then CPU in µs per event\n");
    println!("| connections | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for connections in CONNECTIONS {
        let mut best = vec![(0, u64::MAX); all.len()];
        for _ in 0..if full { 3 } else { 1 } {
            for (peer, best) in all.iter().zip(&mut best) {
                let (rate, cpu) = peers::round(peer, connections, Duration::from_secs(1), EVENTS);
                *best = (best.0.max(rate), best.1.min(cpu));
            }
        }
        let cells = best.iter().map(|(rate, cpu)| format!("{rate} · {cpu}"));
        println!(
            "| {connections} | {} |",
            cells.collect::<Vec<_>>().join(" | ")
        );
    }
}

/// The best of several rounds of each, in turn: highest rate, least CPU, least median.
fn compete<const N: usize>(targets: &[Target; N], connections: usize, full: bool) -> [Round; N] {
    let (rounds, time) = if full {
        (7, Duration::from_millis(500))
    } else {
        (1, Duration::from_millis(50))
    };
    let mut best: [Option<Round>; N] = [const { None }; N];
    for _ in 0..rounds {
        for (target, best) in targets.iter().zip(&mut best) {
            let round = load::round(target, connections, time);
            *best = Some(match best.take() {
                Some(before) => before.better(round),
                None => round,
            });
        }
    }
    best.map(|round| round.expect("a round"))
}

/// Streams that have begun and wait for their next chunk.
fn memory(streams: usize) {
    let chunks = vec![b"data: 1\n\n".to_vec(); 2];
    let served = load::Served::start(|| async {
        let server = Server::start(Config::default()).await.expect("a server");
        let addr = server.addr();
        (addr, server)
    });
    let mut tape = tape(&chunks, Duration::ZERO);
    tape.exchanges[0].chunks[1].after_ns = 600_000_000_000;
    let paced = ours(&tape).pace(Pace::Scripted { n: 1, of: 1 });
    served.server.mount("", paced).expect("a mount");
    drop(load::waiting(served.addr, 1));
    let before = load::resident();
    let waiting = load::waiting(served.addr, streams);
    let after = load::resident();
    println!(
        "\n**Memory**: {streams} waiting streams, {} bytes each ({} KiB resident before, {} KiB with them)",
        after.saturating_sub(before) / (streams as u64),
        before >> 10,
        after >> 10
    );
    drop(waiting);
}

fn lateness(streams: usize, chunks: usize) {
    let chunks = vec![b"data: 1\n\n".to_vec(); chunks];
    let served = load::Served::start(|| async {
        let server = Server::start(Config::default()).await.expect("a server");
        let addr = server.addr();
        (addr, server)
    });
    let paced = ours(&tape(&chunks, PACED_GAP)).pace(Pace::Scripted { n: 1, of: 1 });
    served.server.mount("", paced).expect("a mount");
    let mut late = load::lateness(served.addr, streams, chunks.len(), PACED_GAP);
    late.sort_unstable();
    let at = |percent: usize| late[(late.len() - 1) * percent / 100].as_micros();
    println!(
        "\n**Lateness** of {} chunks, {streams} streams with a chunk each {} ms: p50 {} µs, p99 {} µs, most {} µs",
        late.len(),
        PACED_GAP.as_millis(),
        at(50),
        at(99),
        at(100)
    );
}
