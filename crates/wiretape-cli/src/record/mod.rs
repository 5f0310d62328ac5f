//! `wiretape record`: the sessions that pass through to a real server, as a tape.

mod board;
mod lines;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use wiretape_core::Dialect;
use wiretape_record::{
    AcceptEncoding, Config, Output, OutputError, Recorder, StartError, Summary, Upstream,
};

use crate::args;
use crate::exit::{Exit, Fault};
use crate::stop::Stop;
use crate::{Io, screen};
use board::Board;
use lines::Lines;

#[derive(Args, Debug)]
#[command(after_help = "\
Give clients the printed URL in place of the server's; what they send and get stays the same, and
each piece of a reply is on the tape before it goes on. A path behind the upstream's host is put
before every path. Ctrl-C ends it: streams get --grace seconds, then the tape is closed.

What the tape leaves out: headers but for a list of harmless ones (never authorization, x-api-key,
cookies), values of keys in the query, and what looks like a key in bodies, which becomes * signs of
the same length; the header then says \"exact\":false, and each exchange where. Compressed bodies are
kept as they came and not searched, so clients' accept-encoding becomes identity, unless
--keep-encoding says otherwise. A secret that a model spells out in several pieces of JSON is not
seen. The file is readable by its owner alone.

One line for each exchange: number on the tape, method, path, status, chunks, bytes, time to the
first byte, total, how it ended (complete, unterminated, reset, timeout, client_closed,
upstream_error). Where the tape cannot be written any more, clients go on being served, and the
exit code is 2.

--json, a line for each thing that happens: report (listening, request, head, end, refused, failed,
note, summary) and its fields; times are nanoseconds.

Exit codes: 0 all that passed is on the tape, 2 it is not, or an argument cannot be used.

Examples:
  wiretape record --upstream https://api.anthropic.com
  wiretape record --upstream https://api.openai.com -o chat.tape --listen 127.0.0.1:4000
  wiretape record --upstream http://127.0.0.1:8080 -o local.tape --append --server llama.cpp
  wiretape record --upstream https://llm.example/gateway --ca company.pem --note agent-run
  wiretape record --upstream https://api.openai.com --json | jq -c 'select(.report == \"end\")'")]
pub(crate) struct RecordArgs {
    /// The server that requests go to: http:// or https://, a host, and a path if need be.
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Upstream,
    /// Where to listen: ADDRESS:PORT, or a port of 127.0.0.1; port 0 is a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = listen)]
    pub(crate) listen: SocketAddr,
    /// The tape; there must be no such file, but with --append.
    #[arg(short, long, value_name = "FILE", default_value = "recorded.tape")]
    pub(crate) output: PathBuf,
    /// Go on at the end of the tape, if there is one.
    #[arg(long)]
    pub(crate) append: bool,
    /// Let clients ask for compressed bodies.
    #[arg(long)]
    pub(crate) keep_encoding: bool,
    /// What the tape calls the server [default: the URL's host].
    #[arg(long, value_name = "NAME")]
    pub(crate) server: Option<String>,
    /// What the tape shows, in a sentence.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// The protocol [default: told from the paths].
    #[arg(long, value_name = "NAME", value_parser = args::dialect())]
    pub(crate) dialect: Option<Dialect>,
    /// Certificates of authorities to trust besides the public ones, in PEM.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// How long streams may go on after Ctrl-C; a second Ctrl-C cuts them.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) grace: u64,
    /// How long to wait for a connection to the server.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = args::at_least_one::<u64>)]
    pub(crate) connect_timeout: u64,
    /// How long to wait for the head of a response.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = args::at_least_one::<u64>)]
    pub(crate) head_timeout: u64,
    /// How long to wait for the next piece of a body.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = args::at_least_one::<u64>)]
    pub(crate) idle_timeout: u64,
    /// One JSON line for each thing that happens.
    #[arg(long)]
    pub(crate) json: bool,
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse()
        .map_err(|_| "expected an address and a port, such as 127.0.0.1:4000, or a port".into())
}

/// How often the lines are brought up to date.
const TICK: Duration = Duration::from_millis(50);

/// Records until it is told to end.
pub(crate) fn run(args: &RecordArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let runtime = crate::serve::runtime()?;
    let exit = runtime.block_on(record(args, io));
    // Connections that are kept for a next request must not hold up the end.
    runtime.shutdown_background();
    exit
}

async fn record(args: &RecordArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let mut stop = Stop::new()?;
    #[cfg(unix)]
    let _limit = outlive_full_files()?;
    let output = open(&args.output, args.append)?;
    let board = Arc::new(Board::default());
    let recorder = Recorder::start(config(args, &board), output).await;
    let recorder = recorder.map_err(|error| {
        discard(&args.output);
        refused(&error)
    })?;
    let mut lines = Lines::new(args.json, io.screen);
    greet(args, &recorder, &lines, io)?;
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            _ = stop.asked() => break,
            _ = tick.tick() => lines.show(&board, io)?,
        }
    }
    lines.show(&board, io)?;
    if board.is_busy() && !args.json {
        let grace = args.grace;
        io.note(&format!("streams get {grace} s to end; Ctrl-C cuts them"));
    }
    let grace = Duration::from_secs(args.grace);
    let until = async {
        tokio::select! {
            _ = stop.asked() => (),
            () = tokio::time::sleep(grace) => (),
        }
    };
    let summary = finish(recorder, until, &board, &mut lines, io).await?;
    conclude(args, &summary, &mut lines, io)
}

/// Shows what ends while the recorder stops.
async fn finish(
    recorder: Recorder,
    until: impl Future<Output = ()>,
    board: &Board,
    lines: &mut Lines,
    io: &mut Io<'_>,
) -> Result<Summary, Fault> {
    let mut stopping = std::pin::pin!(recorder.stop_when(until));
    let mut tick = tokio::time::interval(TICK);
    let summary = loop {
        tokio::select! {
            summary = &mut stopping => break summary,
            _ = tick.tick() => lines.show(board, io)?,
        }
    };
    lines.show(board, io)?;
    Ok(summary)
}

fn conclude(
    args: &RecordArgs,
    summary: &Summary,
    lines: &mut Lines,
    io: &mut Io<'_>,
) -> Result<Exit, Fault> {
    lines.sum(&args.output, summary, io)?;
    if let Some(why) = &summary.failure {
        let message = format!("{}: the tape is incomplete: {why}", args.output.display());
        return Err(Fault::new(message));
    }
    Ok(if summary.is_whole() {
        Exit::Good
    } else {
        Exit::Unusable
    })
}

fn config(args: &RecordArgs, board: &Arc<Board>) -> Config {
    let mut config = Config::new(args.upstream.clone());
    config.addr = args.listen;
    if args.keep_encoding {
        config.accept_encoding = AcceptEncoding::Keep;
    }
    config.timeouts.connect = Duration::from_secs(args.connect_timeout);
    config.timeouts.head = Duration::from_secs(args.head_timeout);
    config.timeouts.idle = Duration::from_secs(args.idle_timeout);
    config.server.clone_from(&args.server);
    config.note.clone_from(&args.note);
    config.dialect = args.dialect.map(|dialect| dialect.name().into());
    config.authorities.clone_from(&args.ca);
    let board = Arc::clone(board);
    config.observer = Some(Arc::new(move |report| board.take(report)));
    config
}

fn open(path: &Path, append: bool) -> Result<Output, Fault> {
    let opened = if append {
        Output::append(path)
    } else {
        Output::create(path)
    };
    opened.map_err(|error| match error {
        OutputError::Exists(_) => Fault::with_hint(
            error.to_string(),
            "--append goes on at its end, -o names another",
        ),
        error => Fault::new(error.to_string()),
    })
}

/// Takes a file away again that was made for nothing.
fn discard(path: &Path) {
    if std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == 0) {
        let _ = std::fs::remove_file(path);
    }
}

fn refused(error: &StartError) -> Fault {
    use std::io::ErrorKind;
    let message = error.to_string();
    let hint = match error {
        StartError::Listen(_, error) if error.kind() == ErrorKind::AddrInUse => {
            "another program listens there; --listen names another port, 0 a free one"
        }
        StartError::Listen(_, error) if error.kind() == ErrorKind::AddrNotAvailable => {
            "this machine has no such address; 127.0.0.1 is its own"
        }
        StartError::OtherServer { .. } => "--server NAME says that they are the same",
        _ => return Fault::new(message),
    };
    Fault::with_hint(message, hint)
}

/// Where it listens, and what to tell clients.
fn greet(
    args: &RecordArgs,
    recorder: &Recorder,
    lines: &Lines,
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    let url = recorder.url();
    if !args.listen.ip().is_loopback() {
        let warn = io.screen.err_style(screen::WARN);
        let addr = args.listen;
        writeln!(
            io.err,
            "{warn}warning:{warn:#} listening at {addr}: whoever reaches this address can send \
             requests through it"
        )?;
    }
    if args.json {
        let line = json!({
            "report": "listening",
            "url": url,
            "upstream": args.upstream.to_string(),
            "tape": args.output.display().to_string(),
        });
        return lines.json(&line, io);
    }
    let strong = io.screen.err_style(screen::STRONG);
    let faint = io.screen.err_style(screen::FAINT);
    let tape = screen::clean(&args.output.display().to_string());
    writeln!(io.err, "recording {} to {tape}", args.upstream)?;
    writeln!(io.err, "listening at {strong}{url}{strong:#}")?;
    for hint in hints(&args.upstream, &url) {
        writeln!(io.err, "  {hint}")?;
    }
    writeln!(io.err, "{faint}Ctrl-C ends it.{faint:#}")?;
    Ok(())
}

/// What to set for which SDK: those that the upstream's name fits, else all.
fn hints(upstream: &Upstream, url: &str) -> Vec<String> {
    let versioned = upstream.prefix().ends_with("/v1");
    // The prefix stands for it already.
    let openai = if versioned { "" } else { "/v1" };
    let all = [
        ("anthropic", "ANTHROPIC_BASE_URL", ""),
        ("openai", "OPENAI_BASE_URL", openai),
        ("google", "GOOGLE_GEMINI_BASE_URL", ""),
    ];
    let fits = |name: &str| upstream.authority().contains(name);
    let any = all.iter().any(|(name, ..)| fits(name));
    let fitting = all.iter().filter(|(name, ..)| {
        if any {
            fits(name)
        } else {
            !versioned || *name == "openai"
        }
    });
    fitting
        .map(|(_, variable, path)| format!("{variable}={url}{path}"))
        .collect()
}

/// A file grown over the process's limit: from here on the write fails, and the process lives.
#[cfg(unix)]
fn outlive_full_files() -> Result<tokio::signal::unix::Signal, Fault> {
    use tokio::signal::unix::{SignalKind, signal};
    /// The number of `SIGXFSZ` on Linux, macOS and the BSDs.
    const FILE_TOO_LARGE: i32 = 25;
    let caught = signal(SignalKind::from_raw(FILE_TOO_LARGE));
    caught.map_err(|error| Fault::new(format!("cannot catch signals: {error}")))
}
