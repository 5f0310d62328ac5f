//! `wiretape demo`: what three ways of reading one streamed reply come to, measured.

mod fetch;
mod naive;
mod read;
mod table;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wiretape_core::Dialect;
use wiretape_vary::Profile;

use crate::exit::{Exit, Fault};
use crate::{Io, source};
use fetch::{Reading, Replay};
use naive::Naive;
use read::{Call, Consumer, Gated};

#[derive(Args, Debug)]
#[command(after_help = "\
The tape is played by the replay server, varied by each seed, and read over HTTP by

  naive       what tutorials show: each chunk is parsed as it comes, `{}` where that fails,
              a call runs when its block ends, and the history keeps everything
  buffered    wiretape's reader: text at once, calls past the gate, the history within a budget
  forwarded   the same, and its text sent to a chat platform that enforces its limits:
              an edit for each delta, and paced by wiretape's throttle

Examples:
  wiretape demo
  wiretape demo --explain
  wiretape demo recordings/openai-chat/reference.tape --seeds 100 --json | jq .approaches")]
pub(crate) struct DemoArgs {
    /// The tape of one reply that carries tool calls.
    #[arg(
        default_value = "recordings/anthropic/reference.tape",
        value_name = "TAPE"
    )]
    tape: PathBuf,
    /// How many seeds: deliveries of the reply, each as reshaped and with one fault.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = crate::args::at_least_one::<u32>, allow_negative_numbers = true)]
    seeds: u32,
    /// The first seed: decimal, or hexadecimal after 0x.
    #[arg(long, default_value = "0", value_name = "N", value_parser = crate::args::seed, allow_negative_numbers = true)]
    seed: u64,
    /// Say how each figure was obtained.
    #[arg(long)]
    explain: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Demo {
    tape: String,
    what: String,
    seed: u64,
    seeds: u32,
    approaches: Vec<Approach>,
    /// Each figure, and how it was obtained.
    how: Vec<(&'static str, String)>,
}

/// A way of reading, and what it comes to.
#[derive(Debug, Serialize)]
struct Approach {
    name: &'static str,
    calls: Calls,
    latency: Latency,
    platform: Option<Platform>,
    context: Context,
}

/// What became of the tool calls.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Calls {
    /// Calls of lawful deliveries that ran with the arguments that were sent.
    as_sent: u64,
    /// Calls that were sent in them.
    expected: u64,
    /// Calls that ran under a fault with arguments that were not sent.
    otherwise: u64,
    /// How many deliveries had a fault.
    faults: u64,
}

/// From the arrival of a chunk to its text being shown; `None` where it never was.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Latency {
    median_ns: Option<u64>,
    p99_ns: Option<u64>,
}

/// What the chat platform made of it, over all seeds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Platform {
    calls: u64,
    refused: u64,
    /// The whole text could be read there at the end, for every seed.
    whole: bool,
}

/// Requests of a growing history.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Context {
    turns: u32,
    /// Those that the server refused as longer than the context window.
    refused: u32,
}

impl Latency {
    /// Of the waits in nanoseconds; `None` is later than any.
    fn of(mut waits: Vec<Option<u64>>) -> Self {
        waits.sort_unstable_by_key(|wait| wait.unwrap_or(u64::MAX));
        let at = |permille: usize| {
            let place = (waits.len() * permille / 1000).min(waits.len().checked_sub(1)?);
            waits.get(place).copied().flatten()
        };
        Self {
            median_ns: at(500),
            p99_ns: at(990),
        }
    }
}

/// Measures, and prints.
pub(crate) fn run(args: &DemoArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let loaded = source::open(&args.tape, None, io)?;
    let mut subjects = loaded.subjects();
    let subject = match subjects.next() {
        Some(subject) => source::bounded(subject?)?,
        None => return Err(Fault::new(source::without_stream(&loaded)?)),
    };
    // One thread: server and client hand each other single bytes, and would wake each other for
    // each of them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Fault::new(format!("cannot start: {error}")))?;
    let demo = runtime.block_on(measure(args, &loaded.tape, subject.dialect))?;
    if args.json {
        serde_json::to_writer(&mut *io.out, &demo)?;
        writeln!(io.out)?;
    } else {
        table::print(&demo, args, io)?;
    }
    Ok(Exit::Good)
}

async fn measure(args: &DemoArgs, tape: &wiretape::Tape, dialect: Dialect) -> Result<Demo, Fault> {
    let replay = Replay::start(tape).await?;
    let sent = sent(&replay, dialect).await?;
    let naive = read_all(&replay, args, &sent, Naive::default).await?;
    let gated = read_all(&replay, args, &sent, || Gated::new(dialect)).await?;
    let approach = |name, read: &Read| Approach {
        name,
        calls: read.calls,
        latency: Latency::of(read.waits_ns.iter().copied().map(Some).collect()),
        platform: None,
        context: Context::default(),
    };
    Ok(Demo {
        tape: args.tape.display().to_string(),
        what: String::new(),
        seed: args.seed,
        seeds: args.seeds,
        approaches: vec![approach("naive", &naive), approach("buffered", &gated)],
        how: Vec::new(),
    })
}

/// The calls that the tape holds, as the untouched reply has them.
async fn sent(replay: &Replay<'_>, dialect: Dialect) -> Result<Vec<Call>, Fault> {
    let base = replay.mount("/untouched", replay.plain())?;
    let reading = replay.read(&base, Gated::new(dialect)).await?;
    if reading.calls.is_empty() {
        return Err(Fault::with_hint(
            "expected a reply with tool calls that may be run, found none",
            "recordings/anthropic/reference.tape has two",
        ));
    }
    Ok(reading.calls)
}

/// What a consumer made of all deliveries.
#[derive(Debug, Default)]
struct Read {
    calls: Calls,
    waits_ns: Vec<u64>,
}

/// Reads the reply under every seed, reshaped and with a fault.
async fn read_all<C: Consumer>(
    replay: &Replay<'_>,
    args: &DemoArgs,
    sent: &[Call],
    consumer: impl Fn() -> C,
) -> Result<Read, Fault> {
    let mut read = Read::default();
    for run in 0..u64::from(args.seeds) {
        let seed = args.seed.wrapping_add(run);
        let base = replay.vary(seed, Profile::Reshape)?;
        let Reading {
            calls, waits_ns, ..
        } = replay.read(&base, consumer()).await?;
        read.calls.expected += sent.len() as u64;
        read.calls.as_sent += as_sent(&calls, sent);
        read.waits_ns.extend(waits_ns);

        let base = replay.vary(seed, Profile::Fault)?;
        let reading = replay.read(&base, consumer()).await?;
        let calls = reading.calls.len() as u64;
        read.calls.faults += 1;
        read.calls.otherwise += calls - as_sent(&reading.calls, sent);
    }
    Ok(read)
}

/// How many of the calls are those that were sent, each once.
fn as_sent(calls: &[Call], sent: &[Call]) -> u64 {
    let mut left: Vec<&Call> = sent.iter().collect();
    let mut same = 0;
    for call in calls {
        if let Some(place) = left.iter().position(|sent| *sent == call) {
            left.swap_remove(place);
            same += 1;
        }
    }
    same
}
