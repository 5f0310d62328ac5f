//! `wiretape serve`: tapes over HTTP.

mod announce;
mod log;
pub(crate) mod play;
mod sink;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use wiretape_core::ui::Protocol;
use wiretape_serve::{Config, ContextWindow, Server};
use wiretape_tokens::Bpe;

use crate::args::protocol;
use crate::exit::{Exit, Fault};
use crate::stop::Stop;
use crate::{Io, source};
pub(crate) use log::Log;
use play::PlayArgs;
use sink::SinkArgs;

/// The port without `--port`.
const PORT: u16 = 8089;

/// How long streams get to end after the first Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Args, Debug)]
#[command(after_help = "\
Give a client the printed base URL: it gets the recorded replies, in their order, with every byte,
write and end as recorded, or as a seed or a scenario varies them. One tape stands at the root,
several under their names. No reply is invented: a request that fits no recorded exchange is
answered with 404, and the nearest request and a diff are printed. A retry is no new turn.
At the end of each reply a line says bytes, chunks, SHA-256, and whether they equal the recording.

With --sink a chat platform's API stands under its name: it enforces the platform's windows, sizes and
markup, answers 429 in its shape, and prints a line for each call; at the end it says every rule
that was broken, with the failure it is (M-01 …), and the messages as a user sees them.

Control, as JSON; ?prefix=/NAME selects one tape:
  GET  /_wiretape/state       exchanges, used, in flight, held, misses
  GET  /_wiretape/requests    every request: method, path, headers, body, answered by which exchange
  GET  /_wiretape/sink        calls, violations, messages of the sinks (--sink)
  POST /_wiretape/reset       from the first exchange again
  POST /_wiretape/release     lets held replies go on (--hold)
  POST /_wiretape/mount       {\"prefix\":\"/a\",\"tape\":\"NAME\" or \"tape_text\":\"…\",\"seed\":7,
                              \"profile\":\"lawful\",\"scenario\":{…},\"matching\":\"strict\"
                              or {\"strict\":{\"ignore\":[\"/metadata\"]}},\"pace\":\"recorded\" or
                              {\"scripted\":{\"n\":2,\"of\":1}},\"flush\":\"batch\",\"close\":true,
                              \"dialect\":\"NAME\",\"hold\":{\"exchange\":0,\"event\":3}}
  DELETE /_wiretape/mount     takes it away

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the same, but a request fitted no exchange or a sink's
rule was broken, 2 a file or an argument cannot be used.

Examples:
  wiretape serve recordings/anthropic/parallel-tools.tape
  wiretape serve session.tape --seed 7 --runs 50       a base URL for each of 50 seeds
  wiretape serve session.tape --pace recorded --flush batch
  wiretape serve session.tape --hold 0:3               stops before event 3 of exchange 0
  wiretape serve session.tape --context-window 8192    as a model with a small window would
  wiretape serve recordings --port 0 --json
  wiretape serve session.tape --as ui-message-stream   as a chat's own server, for useChat
  wiretape serve --sink telegram                       base_url=http://127.0.0.1:8089/telegram/bot
  wiretape serve --sink slack --sink-speed 20 --sink-refuse 20:5:5 session.tape")]
pub(crate) struct ServeArgs {
    /// Tapes, bare bodies, or folders of them.
    #[arg(required_unless_present = "sink", value_name = "TAPE")]
    tapes: Vec<PathBuf>,
    #[command(flatten)]
    play: PlayArgs,
    #[command(flatten)]
    sinks: SinkArgs,
    /// So many seeds, counted up from --seed, each under /seed-N.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = crate::args::at_least_one::<u32>, allow_negative_numbers = true)]
    runs: u32,
    /// Stop exchange I before the chunk that completes its event K, until released; repeatable.
    #[arg(long, value_name = "I:K", value_parser = place)]
    hold: Vec<(usize, usize)>,
    /// Refuse requests that are larger than so many tokens with the provider's own error; counted
    /// with o200k, room for the reply included, and no exchange is used up.
    #[arg(long, value_name = "TOKENS", value_parser = crate::args::at_least_one::<u64>, allow_negative_numbers = true)]
    context_window: Option<u64>,
    /// Answer as a front end's protocol, ui-message-stream or ag-ui, at any path: each streamed reply
    /// in its events, one a chunk, and calls only as the gate releases them.
    #[arg(long = "as", value_name = "PROTOCOL", value_parser = protocol(), requires = "tapes", conflicts_with = "context_window")]
    protocol: Option<Protocol>,
    /// The port; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    port: u16,
    /// The address; others than this machine can reach it where it is not the default.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Let pages of any origin read the replies.
    #[arg(long)]
    cors: bool,
    /// One JSON line for each thing that happens.
    #[arg(long)]
    json: bool,
}

/// Serves until it is stopped.
pub(crate) fn run(args: &ServeArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    if args.tapes.is_empty() && !args.hold.is_empty() {
        return Err(Fault::new("--hold needs a tape to hold"));
    }
    if args.runs > 1 && args.play.first_seed().is_none() {
        return Err(Fault::with_hint(
            "--runs needs seeds to count, and there is none",
            "--seed 0 is the usual first",
        ));
    }
    let tapes = load(args, io)?;
    if !args.listen.is_loopback() {
        io.note(&format!(
            "listening on {}: whoever reaches this machine gets the recorded replies",
            args.listen
        ));
    }
    let runtime = runtime()?;
    runtime.block_on(serve(args, &tapes, io))
}

/// The runtime of a command that uses the network.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Fault> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let built = builder.enable_all().build();
    built.map_err(|error| Fault::new(format!("cannot start threads: {error}")))
}

impl ServeArgs {
    /// Reads a tape: as it was recorded, or as text where more is to be done with it than to send it.
    fn open(&self, file: &Path, io: &mut Io<'_>) -> Result<wiretape::Loaded, Fault> {
        match self.protocol {
            Some(_) => source::open(file, self.play.dialect, io),
            None => self.play.open(file, io),
        }
    }
}

/// A tape and where it stands.
struct Tape {
    prefix: String,
    loaded: wiretape::Loaded,
}

fn load(args: &ServeArgs, io: &mut Io<'_>) -> Result<Vec<Tape>, Fault> {
    if args.tapes.is_empty() {
        return Ok(Vec::new());
    }
    let files = wiretape::find(&args.tapes)?;
    let prefixes = play::prefixes(&files);
    let mut tapes = Vec::new();
    for (file, prefix) in files.iter().zip(prefixes) {
        let mut loaded = args.open(file, io)?;
        if let Some(protocol) = args.protocol {
            if loaded.dialect.is_none() {
                io.note(&format!(
                    "{}: no known dialect, so it is replayed as it is; --dialect says one",
                    file.display()
                ));
            }
            loaded.tape = wiretape_serve::in_protocol(&loaded.tape, loaded.dialect, protocol);
            loaded.dialect = None;
        }
        if loaded.tape.exchanges.is_empty() {
            io.note(&format!("{}: no exchange to replay", file.display()));
            continue;
        }
        tapes.push(Tape { prefix, loaded });
    }
    if tapes.is_empty() {
        return Err(Fault::new("no tape with an exchange to replay"));
    }
    for (exchange, event) in &args.hold {
        let has = |tape: &Tape| *exchange < tape.loaded.tape.exchanges.len();
        if !tapes.iter().any(has) {
            return Err(Fault::with_hint(
                format!("--hold {exchange}:{event}: no tape has an exchange {exchange}"),
                "exchanges are counted from 0",
            ));
        }
    }
    Ok(tapes)
}

async fn serve(args: &ServeArgs, tapes: &[Tape], io: &mut Io<'_>) -> Result<Exit, Fault> {
    let mut stop = Stop::new()?;
    let (log, mut lines) = Log::new();
    let config = Config {
        addr: SocketAddr::new(args.listen, args.port),
        cors: args.cors,
        linger: args.play.linger,
        observer: Some(log.observer()),
        ..Config::default()
    };
    let server = Server::start(config)
        .await
        .map_err(|error| cannot_listen(args, &error))?;
    mount(args, tapes, &server)?;
    args.sinks.mount(&server)?;
    if args.json {
        announce::json(args, tapes, &server, io)?;
    } else {
        announce::text(args, tapes, &server, io)?;
    }
    io.out.flush()?;

    loop {
        tokio::select! {
            Some(report) = lines.next() => lines.print(&report, args.json, io)?,
            _ = stop.asked() => break,
        }
    }
    let sinks = args.sinks.reports(&server);
    if !args.json {
        io.note("stopping: what is under way gets 5 s to end, Ctrl-C again ends it now");
    }
    tokio::select! {
        () = server.stop(GRACE) => {}
        _ = stop.asked() => {}
    }
    while let Some(report) = lines.waiting() {
        lines.print(&report, args.json, io)?;
    }
    sink::sum(&sinks, args.json, io)?;
    if args.json || !tapes.is_empty() {
        lines.sum(args.json, io)?;
    }
    Ok(if lines.misses() == 0 && sink::violations(&sinks) == 0 {
        Exit::Good
    } else {
        Exit::Broken
    })
}

fn mount(args: &ServeArgs, tapes: &[Tape], server: &Server) -> Result<(), Fault> {
    let scenario = args.play.scenario()?;
    for tape in tapes {
        server.offer(&name(tape), tape.loaded.tape.clone());
        for (prefix, seed) in places(args, tape) {
            let mut mount = args.play.mount(&tape.loaded, scenario.as_ref(), seed)?;
            if let Some(tokens) = args.context_window {
                mount = mount.context_window(ContextWindow::new(tokens, Bpe::o200k()));
            }
            for (exchange, event) in &args.hold {
                mount = mount.hold_before(*exchange, *event);
            }
            let mounted = server.mount(&prefix, mount);
            mounted.map_err(|error| Fault::new(format!("{prefix}: {error}")))?;
        }
    }
    Ok(())
}

/// The name by which the control API knows a tape.
fn name(tape: &Tape) -> String {
    match tape.prefix.strip_prefix('/') {
        Some(name) => name.into(),
        None => tape
            .loaded
            .path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    }
}

/// The prefixes of a tape, each with its seed.
fn places(args: &ServeArgs, tape: &Tape) -> Vec<(String, Option<u64>)> {
    let first = args.play.first_seed();
    if args.runs == 1 {
        return vec![(tape.prefix.clone(), first)];
    }
    let seeds = (0..args.runs).map(|run| first.unwrap_or_default().wrapping_add(run.into()));
    seeds
        .map(|seed| (format!("{}/seed-{seed}", tape.prefix), Some(seed)))
        .collect()
}

fn cannot_listen(args: &ServeArgs, error: &std::io::Error) -> Fault {
    let message = format!("cannot listen on {}:{}: {error}", args.listen, args.port);
    if error.kind() == std::io::ErrorKind::AddrInUse {
        Fault::with_hint(message, "--port 0 takes a free port")
    } else {
        Fault::new(message)
    }
}

fn place(text: &str) -> Result<(usize, usize), String> {
    let both = text.split_once(':');
    let read = both.and_then(|(i, k)| Some((i.parse().ok()?, k.parse().ok()?)));
    read.ok_or_else(|| "expected EXCHANGE:EVENT, both counted from 0, such as 0:3".into())
}
