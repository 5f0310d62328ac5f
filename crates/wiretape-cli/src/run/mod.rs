//! `wiretape run`: a command against a tape.

mod child;
mod record;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use wiretape_record::Upstream;
use wiretape_serve::{Config, Server};

use crate::Io;
use crate::exit::{Exit, Fault};
use crate::serve::play::PlayArgs;
use crate::serve::{Log, runtime};

/// How long streams get to end once the command has.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Args, Debug)]
#[command(after_help = "\
The command finds the replay through the variables that the usual clients read:
  ANTHROPIC_BASE_URL, ANTHROPIC_API_URL, ANTHROPIC_API_BASE     http://127.0.0.1:PORT
  OPENAI_BASE_URL, OPENAI_API_BASE                              http://127.0.0.1:PORT/v1
  GOOGLE_GEMINI_BASE_URL                                        http://127.0.0.1:PORT
  GEMINI_API_BASE                                               http://127.0.0.1:PORT/v1beta
  ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY, GOOGLE_API_KEY   dummies, unless it records
NO_PROXY is extended, so that a proxy does not stand in between. A tape that is missing is recorded
from --upstream, with your own keys, which do not reach the tape, and replayed from then on; where
the command fails, what was recorded is kept as FILE.partial.

Exit codes: the command's own (128 + N where signal N ended it); 1 where it ended well but recorded
exchanges were not asked for (--allow-unused) or a request fitted none; 126 it cannot be started,
127 it is not there; 2 the tape or an argument cannot be used.

Examples:
  wiretape run --tape session.tape -- python agent.py
  wiretape run --tape session.tape --seed 7 -- npm test
  wiretape run --tape new.tape --upstream https://api.anthropic.com -- python agent.py")]
pub(crate) struct RunArgs {
    /// The tape to replay, or to write where there is none yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) tape: PathBuf,
    /// The server to record from where the tape is missing, such as <https://api.anthropic.com>.
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Option<Upstream>,
    #[command(flatten)]
    pub(crate) play: PlayArgs,
    /// Recorded exchanges may be left over.
    #[arg(long)]
    pub(crate) allow_unused: bool,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// Runs the command, and says how it and the replay ended.
pub(crate) fn run(args: &RunArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    if args.tape.exists() {
        return runtime()?.block_on(replay(args, io));
    }
    match &args.upstream {
        Some(upstream) => runtime()?.block_on(record::run(args, upstream, io)),
        None => Err(Fault::with_hint(
            format!("{}: there is no such tape", args.tape.display()),
            "--upstream URL records one",
        )),
    }
}

async fn replay(args: &RunArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let loaded = args.play.open(&args.tape, io)?;
    let scenario = args.play.scenario()?;
    let seed = args.play.first_seed();
    let mount = args.play.mount(&loaded, scenario.as_ref(), seed)?;
    let (log, mut lines) = Log::new();
    let config = Config {
        linger: args.play.linger,
        observer: Some(log.observer()),
        ..Config::default()
    };
    let started = Server::start(config).await;
    let server = started.map_err(|error| Fault::new(format!("cannot listen: {error}")))?;
    let mounted = server.mount("", mount);
    mounted.map_err(|error| Fault::new(error.to_string()))?;

    let url = server.url();
    let mut running = std::pin::pin!(child::run(&args.command, &url, child::Keys::Dummy));
    let code = loop {
        tokio::select! {
            Some(report) = lines.next() => lines.complain(&report, io),
            code = &mut running => break code?,
        }
    };
    let state = server.state("");
    server.stop(GRACE).await;
    while let Some(report) = lines.waiting() {
        lines.complain(&report, io);
    }
    let unused = state.map(|state| state.unused).unwrap_or_default();
    let left_over = !unused.is_empty() && !args.allow_unused;
    if left_over {
        let (tape, all) = (args.tape.display(), loaded.tape.exchanges.len());
        io.complain(&Fault::with_hint(
            format!("{tape}: not asked for: exchange {unused:?} of {all}, counted from 0"),
            "--allow-unused permits that",
        ));
    }
    let broken = lines.misses() > 0 || left_over;
    Ok(match code {
        0 if broken => Exit::Broken,
        0 => Exit::Good,
        code => Exit::Command(code),
    })
}
