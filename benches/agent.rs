//! Steps of the agent's loop per second, beside the bare reader over the same chunks, and seeds of its
//! simulation per second.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot go on should stop; so does the simulation, which the tests share"
)]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use benches::reply;
use criterion::{BenchmarkId, Criterion, Throughput};
use wiretape_core::agent::{Action, Agent, Closed, Input, Options};
use wiretape_core::budget::{self, Heuristic};
use wiretape_core::conversation::Conversation;
use wiretape_core::{Dialect, Machine, Moment, Reader};
use wiretape_tape::Tape;

#[path = "../tests/machines/agent/world/mod.rs"]
mod world;

/// Seeds of one round of the simulation, always the same.
const SEEDS: u64 = 64;

/// Tokens of the reply that is read.
const TOKENS: usize = 4096;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    chunks(&mut criterion);
    turns(&mut criterion);
    simulation(&mut criterion);
    criterion.final_summary();
}

fn agent(dialect: Dialect) -> Agent<Heuristic> {
    let mut conversation = Conversation::new(dialect);
    conversation.set("model", r#""m""#).unwrap();
    let budget = budget::Options::new(1_000_000);
    Agent::new(
        conversation,
        budget,
        Heuristic::default(),
        Options::default(),
    )
}

/// Takes all that it does; how much text that was.
fn drain(agent: &mut Agent<Heuristic>) -> usize {
    let mut shown = 0;
    while let Some(action) = agent.poll() {
        if let Action::Text(text) = action {
            shown += text.len();
        }
    }
    shown
}

/// One reply of two calls, a chunk an event: the machine, and the reader it is made of.
fn chunks(criterion: &mut Criterion) {
    for dialect in [Dialect::Anthropic, Dialect::OpenAiChat] {
        let body = reply(dialect, 1, TOKENS).body;
        let text = String::from_utf8(body).unwrap();
        let chunks: Vec<&[u8]> = text.split_inclusive("\n\n").map(str::as_bytes).collect();
        let mut group = criterion.benchmark_group(format!("agent/chunks/{dialect}"));
        group.throughput(Throughput::Elements(chunks.len() as u64));
        group.bench_function("reader", |bench| {
            bench.iter(|| {
                let mut reader = Reader::new(dialect);
                for chunk in &chunks {
                    reader
                        .feed(chunk, &mut |event| {
                            black_box(event);
                        })
                        .unwrap();
                }
                reader.finish().unwrap()
            });
        });
        group.bench_function("agent", |bench| {
            bench.iter(|| {
                let mut agent = agent(dialect);
                read(&mut agent, &chunks)
            });
        });
        group.finish();
    }
}

/// A prompt, and the chunks of its reply a microsecond apart.
fn read(agent: &mut Agent<Heuristic>, chunks: &[&[u8]]) -> usize {
    let attempt = agent.requested() + 1;
    let mut shown = 0;
    agent.handle(Moment(0), Input::Prompt("go")).unwrap();
    drain(agent);
    let (status, headers) = (200, &[][..]);
    agent
        .handle(
            Moment(0),
            Input::Head {
                attempt,
                status,
                headers,
            },
        )
        .unwrap();
    for (number, bytes) in (0..).zip(chunks) {
        agent
            .handle(Moment(number * 1_000), Input::Chunk { attempt, bytes })
            .unwrap();
        shown += drain(agent);
    }
    let how = Closed::Complete;
    agent
        .handle(Moment(0), Input::Closed { attempt, how })
        .unwrap();
    shown
}

/// Whole turns of one call each: request, reply, result, and so on, in a history that grows.
fn turns(criterion: &mut Criterion) {
    const TURNS: u64 = 40;
    for dialect in [Dialect::Anthropic, Dialect::OpenAiChat] {
        let mut group = criterion.benchmark_group(format!("agent/turns/{dialect}"));
        group.throughput(Throughput::Elements(TURNS));
        let replies: Vec<_> = (1..=TURNS)
            .map(|number| {
                let reply = world::reply::Reply::new(dialect, &format!("m{number}"));
                reply
                    .text("Let me see.")
                    .call("a", "weather", r#"{"city":"Paris"}"#)
                    .end()
            })
            .collect();
        group.bench_function("a call each", |bench| {
            bench.iter(|| {
                let mut agent = agent(dialect);
                agent.handle(Moment(0), Input::Prompt("go")).unwrap();
                for (attempt, reply) in (1..).zip(&replies) {
                    let (status, headers, bytes) = (200, &[][..], reply.as_ref());
                    agent
                        .handle(
                            Moment(0),
                            Input::Head {
                                attempt,
                                status,
                                headers,
                            },
                        )
                        .unwrap();
                    agent
                        .handle(Moment(0), Input::Chunk { attempt, bytes })
                        .unwrap();
                    drain(&mut agent);
                    let (key, content, is_error) = (&*format!("m{attempt}/a"), "It rains.", false);
                    agent
                        .handle(
                            Moment(0),
                            Input::Result {
                                key,
                                content,
                                is_error,
                            },
                        )
                        .unwrap();
                    drain(&mut agent);
                }
                agent
            });
        });
        group.finish();
    }
}

fn simulation(criterion: &mut Criterion) {
    let mut tapes = Vec::new();
    load(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../recordings")),
        &mut tapes,
    );
    let library = world::Library::new(&tapes);
    let run = |seed| world::run(seed, &library).unwrap();
    let steps = (0..SEEDS).map(|seed| run(seed).steps).sum();
    let mut group = criterion.benchmark_group("agent/simulation");
    for (name, elements) in [("seeds", SEEDS), ("steps", steps)] {
        group.throughput(Throughput::Elements(elements));
        group.bench_function(BenchmarkId::new(name, library.len()), |bench| {
            bench.iter(|| (0..SEEDS).map(run).map(|report| report.calls).sum::<u64>());
        });
    }
    group.finish();
}

fn load(folder: &Path, tapes: &mut Vec<Tape>) {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            load(&path, tapes);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "tape")
        {
            tapes.push(
                wiretape_tape::parse(&std::fs::read(&path).unwrap())
                    .unwrap()
                    .tape,
            );
        }
    }
}
