//! `wiretape check TAPE… -- CMD`: a verdict on any client.

mod failures;
mod progress;
mod report;
pub(crate) mod table;
mod work;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use wiretape_check::campaign::Shard;
use wiretape_check::client::{Config, Mode};
use wiretape_vary::Profile;

use crate::args::CheckArgs;
use crate::exit::{Exit, Fault};
use crate::merge::Outputs;
use crate::{Io, source};

/// How long a client may do nothing, where nobody says otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is said of a client, and of how it is to be checked.
#[derive(Args, Debug)]
#[command(next_help_heading = "Checking a client")]
pub(crate) struct ClientArgs {
    /// Which deliveries: seen, lawful, quirks, faults, hostile, all, and others [default: seen].
    #[arg(long, value_name = "NAME", value_parser = crate::args::profile(), requires = "command")]
    pub(crate) profile: Option<Profile>,
    /// The client is one long-lived process: a line of JSON for each run, a line back.
    #[arg(long, requires = "command")]
    pub(crate) worker: bool,
    /// A port for each run, for clients that drop the path of a base URL.
    #[arg(long, requires = "command")]
    pub(crate) port_per_run: bool,
    /// How long a client may do nothing after the last byte was sent or the last request came.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds, requires = "command")]
    pub(crate) patience: Duration,
    /// Waits between chunks as they were recorded, instead of none.
    #[arg(long, requires = "command")]
    pub(crate) recorded_pace: bool,
    /// Only part i of n equal ones, such as 1/4: their reports are joined by `wiretape merge`.
    #[arg(long, value_name = "I/N", requires = "command")]
    pub(crate) shard: Option<Shard>,
    /// Only the case of this number.
    #[arg(
        long,
        value_name = "N",
        requires = "command",
        conflicts_with = "scenario"
    )]
    pub(crate) case: Option<u64>,
    /// Note each finished case in this file, and leave out those that it has.
    #[arg(long, value_name = "FILE", requires = "command")]
    pub(crate) journal: Option<PathBuf>,
    /// One delivery, as JSON, instead of those of a profile.
    #[arg(
        long,
        value_name = "FILE",
        requires = "command",
        conflicts_with = "profile"
    )]
    pub(crate) scenario: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) outputs: Outputs,
    /// Reduce what was found, and write the smallest cases there.
    #[arg(long, value_name = "DIR", requires = "command")]
    pub(crate) failures: Option<PathBuf>,
    /// The client and its arguments: a verdict on it, instead of the laws over the tapes.
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok();
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let seconds = seconds.filter(|seconds| !seconds.is_zero());
    seconds.ok_or_else(|| "expected seconds above 0, such as 5 or 0.5".into())
}

impl ClientArgs {
    /// How the client is run.
    fn config(&self) -> Config {
        Config {
            command: self.command.clone(),
            mode: match self.worker {
                true => Mode::Worker,
                false => Mode::Process,
            },
        }
    }
}

/// Checks a client, prints, and says whether it did anything wrong.
pub(crate) fn run(args: &CheckArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let scenario = args.client.scenario.as_deref();
    let scenario = scenario.map(source::scenario).transpose()?;
    let campaign = work::plan(args, scenario, io)?;
    for tape in campaign.tapes().iter().filter(|tape| tape.closed) {
        let name = &tape.name;
        io.note(&format!(
            "{name}: its last reply has calls: a turn of text is put behind it"
        ));
    }
    let jobs = args.jobs.and_then(NonZeroUsize::new);
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let jobs = jobs.unwrap_or_else(cores);
    let done = crate::serve::runtime()?.block_on(work::work(args, campaign, jobs, io))?;
    let report = report::report(args, &done, io);
    let outputs = &args.client.outputs;
    outputs.write(&report)?;
    if args.json {
        io.out.write_all(report.to_json()?.as_bytes())?;
    } else {
        table::print(&report, io)?;
    }
    Ok(match done.interrupted {
        true => Exit::Interrupted,
        false => done.exit(outputs.exit(&report)),
    })
}
