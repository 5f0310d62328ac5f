//! `wiretape demo`: what three ways of reading one streamed reply come to, measured.

mod explain;
mod fetch;
mod forward;
mod history;
mod naive;
mod read;
mod table;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;
use wiretape::{Subject, Tape};
use wiretape_core::conversation::Conversation;
use wiretape_core::{Dialect, Moment, Options, budget, forward as paced};
use wiretape_serve::ContextWindow;
use wiretape_tokens::Bpe;
use wiretape_vary::Profile;

use crate::exit::{Exit, Fault};
use crate::{Io, source};
use fetch::{Reading, Replay, arrivals};
use forward::{Forwarded, Piece};
use history::{Growing, Keeping};
use naive::Naive;
use read::{Call, Consumer, Gated};

/// The context window of a model that is not known, in tokens.
const WINDOW: u64 = 200_000;

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
    /// What the seeds choose from, of what keeps the reply's meaning.
    #[arg(long, value_name = "NAME", value_parser = reshapes(), default_value = "seen_reshapes")]
    profile: Profile,
    /// The first seed: decimal, or hexadecimal after 0x.
    #[arg(long, default_value = "0", value_name = "N", value_parser = crate::args::seed, allow_negative_numbers = true)]
    seed: u64,
    /// The chat platform that text is forwarded to.
    #[arg(long, value_name = "NAME", value_enum, default_value_t = PlatformArg::Telegram)]
    platform: PlatformArg,
    /// Turns of the growing history.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = crate::args::at_least_one::<u32>, allow_negative_numbers = true)]
    turns: u32,
    /// The context window in tokens [default: the recorded model's, else 200000].
    #[arg(long, value_name = "N", value_parser = crate::args::at_least_one::<u64>, allow_negative_numbers = true)]
    window: Option<u64>,
    /// Say how each figure was obtained.
    #[arg(long)]
    explain: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

/// The profiles that keep a reply's meaning.
fn reshapes() -> impl TypedValueParser<Value = Profile> {
    use Profile::{Dialect, Framing, Lawful, Plain, SeenReshapes, Wire};
    let keeps = |profile: &Profile| {
        matches!(
            profile,
            Plain | Wire | Framing | Dialect | Lawful | SeenReshapes
        )
    };
    let names = Profile::ALL.into_iter().filter(keeps).map(Profile::name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Profile>())
}

/// The platforms that have a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlatformArg {
    Telegram,
    Slack,
    Discord,
}

impl PlatformArg {
    fn policy(self) -> paced::Platform {
        match self {
            Self::Telegram => paced::Platform::Telegram,
            Self::Slack => paced::Platform::Slack,
            Self::Discord => paced::Platform::Discord,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Telegram => "Telegram",
            Self::Slack => "Slack",
            Self::Discord => "Discord",
        }
    }
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Demo {
    tape: String,
    dialect: &'static str,
    /// Tool calls in the reply.
    tool_calls: usize,
    platform: &'static str,
    window: u64,
    profile: &'static str,
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
    text: Text,
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

/// How much of the text was shown, in characters of all lawful deliveries.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Text {
    shown: u64,
    sent: u64,
}

/// From the arrival of a chunk to its text being shown; `None` where it never was. By the real
/// clock, or by that of the delivery where a platform shows it.
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
    /// Breaches of the platform's rules, some of which it lets pass.
    violations: u64,
    /// The whole text could be read there at the end, for every seed.
    whole: bool,
}

/// Requests of a growing history.
#[derive(Clone, Debug, Default, Serialize)]
struct Context {
    turns: u32,
    /// Those that the server refused as longer than the context window.
    refused: u32,
    /// The first of them, from 1.
    first_refused: Option<u32>,
    /// What the server said to it.
    refusal: Option<String>,
    /// The longest request, in bytes.
    bytes_max: u64,
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
    let mut demo = runtime.block_on(measure(args, &loaded.tape, &subject))?;
    demo.how = explain::how(&demo);
    if args.json {
        serde_json::to_writer(&mut *io.out, &demo)?;
        writeln!(io.out)?;
    } else {
        table::print(&demo, args, io)?;
    }
    Ok(Exit::Good)
}

async fn measure(args: &DemoArgs, tape: &Tape, subject: &Subject<'_>) -> Result<Demo, Fault> {
    let dialect = subject.dialect;
    let replay = Replay::start(tape, subject.varied()).await?;
    let sent = sent(&replay, dialect).await?;
    let characters = sent.shown.chars().count() as u64;
    let sent = sent.calls;
    let naive = read_all(&replay, args, &sent, Naive::default).await?;
    let gated = read_all(&replay, args, &sent, || Gated::new(dialect)).await?;
    let (window, everything, budgeted) = histories(&replay, args, dialect).await?;
    let platform = args.platform.policy();
    let unpaced = forward_all(&gated.deliveries, |_, pieces| {
        naive::forward(platform, pieces)
    })?;
    let paced = forward_all(&gated.deliveries, |seed, pieces| {
        forward::throttled(platform, args.seed.wrapping_add(seed), pieces)
    })?;
    let shown = |read: &Read| Latency::of(read.waits_ns.iter().copied().map(Some).collect());
    let approach = |name, read: &Read, latency, platform, context: &Context| Approach {
        name,
        calls: read.calls,
        text: Text {
            sent: characters * u64::from(args.seeds),
            ..read.text
        },
        latency,
        platform,
        context: context.clone(),
    };
    let (unpaced, unpaced_latency) = unpaced;
    let (paced, paced_latency) = paced;
    Ok(Demo {
        tape: args.tape.display().to_string(),
        dialect: dialect.name(),
        tool_calls: sent.len(),
        platform: args.platform.name(),
        window,
        profile: args.profile.name(),
        seed: args.seed,
        seeds: args.seeds,
        approaches: vec![
            approach("naive", &naive, shown(&naive), None, &everything),
            approach("buffered", &gated, shown(&gated), None, &budgeted),
            approach(
                "forwarded, an edit for each delta",
                &gated,
                unpaced_latency,
                Some(unpaced),
                &budgeted,
            ),
            approach(
                "forwarded, throttled",
                &gated,
                paced_latency,
                Some(paced),
                &budgeted,
            ),
        ],
        how: Vec::new(),
    })
}

/// Forwards every delivery; what the platform made of all of them.
fn forward_all(
    deliveries: &[Vec<Piece>],
    forward: impl Fn(u64, &[Piece]) -> Result<Forwarded, Fault>,
) -> Result<(Platform, Latency), Fault> {
    let mut platform = Platform {
        calls: 0,
        refused: 0,
        violations: 0,
        whole: true,
    };
    let mut waits = Vec::new();
    for (seed, pieces) in (0..).zip(deliveries) {
        let forwarded = forward(seed, pieces)?;
        platform.calls += forwarded.calls;
        platform.refused += forwarded.refused;
        platform.violations += forwarded.violations;
        platform.whole &= forwarded.whole;
        waits.extend(forwarded.waits_ns);
    }
    Ok((platform, Latency::of(waits)))
}

/// The window, and what became of a history that keeps everything, and of one within the budget.
async fn histories(
    replay: &Replay<'_>,
    args: &DemoArgs,
    dialect: Dialect,
) -> Result<(u64, Context, Context), Fault> {
    let request = replay.request()?;
    let text = String::from_utf8_lossy(&request.body);
    let begin = Conversation::parse(dialect, &text)
        .map_err(|error| Fault::new(format!("the recorded request is no conversation: {error}")))?;
    let model = begin
        .head("model")
        .and_then(|model| Some(model.as_str()?.decode()));
    let known = model.and_then(|model| budget::models::window(&model));
    let window = args
        .window
        .or_else(|| known.map(|known| known.window))
        .unwrap_or(WINDOW);
    let reply = wiretape_core::read(dialect, Options::lenient(), &replay.body());
    let reply = reply.map_err(|rejected| Fault::new(format!("the tape: {rejected}")))?;
    let kept = ContextWindow::new(window, Bpe::o200k());
    let base = replay.mount("/window", replay.plain().context_window(kept))?;
    let growing = Growing {
        base: &base,
        request: &request,
        begin: &begin,
        reply: reply.reply(),
        window,
        turns: args.turns,
    };
    let everything = growing.send(Keeping::Everything).await?;
    let budgeted = growing.send(Keeping::Budget).await?;
    Ok((window, everything, budgeted))
}

/// The calls and the text that the tape holds, as the untouched reply has them.
async fn sent(replay: &Replay<'_>, dialect: Dialect) -> Result<Reading, Fault> {
    let base = replay.mount("/untouched", replay.plain())?;
    let reading = replay.read(&base, Gated::new(dialect)).await?;
    if reading.calls.is_empty() {
        return Err(Fault::with_hint(
            "expected a reply with tool calls that may be run, found none",
            "recordings/anthropic/reference.tape has two",
        ));
    }
    Ok(reading)
}

/// What a consumer made of all deliveries.
#[derive(Debug, Default)]
struct Read {
    calls: Calls,
    text: Text,
    waits_ns: Vec<u64>,
    /// The text of each lawful delivery, with the moments of its chunks.
    deliveries: Vec<Vec<Piece>>,
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
        let mount = replay.vary(seed, args.profile);
        let arrivals = arrivals(&mount);
        let base = replay.mount(&format!("/lawful-{seed}"), mount)?;
        let Reading {
            calls,
            waits_ns,
            pieces,
            shown,
        } = replay.read(&base, consumer()).await?;
        read.text.shown += shown.chars().count() as u64;
        read.deliveries.push(timed(&pieces, &arrivals));
        read.calls.expected += sent.len() as u64;
        read.calls.as_sent += as_sent(&calls, sent);
        read.waits_ns.extend(waits_ns);

        let mount = replay.vary(seed, Profile::Faults);
        let base = replay.mount(&format!("/fault-{seed}"), mount)?;
        let reading = replay.read(&base, consumer()).await?;
        let calls = reading.calls.len() as u64;
        read.calls.faults += 1;
        read.calls.otherwise += calls - as_sent(&reading.calls, sent);
    }
    Ok(read)
}

/// The pieces of text, each with the moment at which the delivery had its bytes.
fn timed(pieces: &[(usize, String)], arrivals: &[(usize, u64)]) -> Vec<Piece> {
    let mut arrivals = arrivals.iter().peekable();
    let mut now = 0;
    let timed = pieces.iter().map(|(bytes, text)| {
        while let Some((have, at_ns)) = arrivals.peek() {
            now = *at_ns;
            if have >= bytes {
                break;
            }
            arrivals.next();
        }
        (Moment(now), text.clone())
    });
    timed.collect()
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
