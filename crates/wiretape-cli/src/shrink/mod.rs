//! `wiretape shrink`: the smallest case of what a client does wrong.

mod tell;
mod write;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use wiretape_check::campaign::{Named, Plan, Prepared, Runner, Settings};
use wiretape_check::client::{Client, Config, Mode};
use wiretape_check::shrink::{Shrunk, budget, shrink};
use wiretape_check::{Campaign, Case, Code, Finding, Observation};
use wiretape_core::Dialect;
use wiretape_vary::{Profile, Scenario};

use crate::exit::{Exit, Fault};
use crate::{Io, source};

use tell::Typed;
pub(crate) use write::Files;

#[derive(Args, Debug)]
#[command(after_help = "\
Runs the client on the tape untouched, then under the scenario. Of each thing that it does wrong,
pieces, places and sizes, then exchanges, events and texts of the tape are left out as long as it
still does that. What is left is written to DIR as <code>-<digest>.scenario.json and
<code>-<digest>.tape, and explained.

Exit code: 0 it does nothing wrong under the scenario, 1 a case was written, 2 it could not be done.")]
pub(crate) struct ShrinkArgs {
    /// The tape.
    #[arg(value_name = "TAPE")]
    tape: PathBuf,
    /// What is done to it, as JSON.
    #[arg(long, value_name = "FILE")]
    scenario: PathBuf,
    /// Only what has this code, as the report names it.
    #[arg(long, value_name = "CODE", value_parser = code)]
    code: Option<Code>,
    /// The client is one long-lived process: a line of JSON for each run, a line back.
    #[arg(long)]
    worker: bool,
    /// A port for each run, for clients that drop the path of a base URL.
    #[arg(long)]
    port_per_run: bool,
    /// How long a client may do nothing after the last byte was sent or the last request came.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = crate::client::seconds)]
    patience: Duration,
    /// Runs of the client at most, for each code [default: 400, 24 for codes that are waited for].
    #[arg(long, value_name = "N")]
    budget: Option<u32>,
    /// Where the smallest cases are written.
    #[arg(long, value_name = "DIR", default_value = "failures")]
    failures: PathBuf,
    /// The tape's dialect, where it does not say.
    #[arg(long, value_name = "NAME")]
    dialect: Option<Dialect>,
    /// One JSON line for each case, and nothing else on standard output.
    #[arg(long)]
    json: bool,
    /// The client and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

fn code(name: &str) -> Result<Code, String> {
    let found = Code::ALL.into_iter().find(|code| code.name() == name);
    found.ok_or_else(|| {
        let names = Code::ALL.map(Code::name).join(", ");
        format!("expected one of {names}")
    })
}

/// Reduces what a client does wrong under a scenario.
pub(crate) fn run(args: &ShrinkArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let scenario = source::scenario(&args.scenario)?;
    let campaign = plan(args, scenario, io)?;
    let settings = Settings {
        client: Config {
            command: args.command.clone(),
            mode: match args.worker {
                true => Mode::Worker,
                false => Mode::Process,
            },
        },
        patience: args.patience,
        port_per_run: args.port_per_run,
    };
    crate::serve::runtime()?.block_on(async {
        let runner = Runner::start(Arc::new(campaign), settings)
            .await
            .map_err(fault)?;
        let mut client = runner.client();
        let done = work(args, &runner, &mut client, io).await;
        client.end().await;
        done
    })
}

fn plan(args: &ShrinkArgs, scenario: Scenario, io: &mut Io<'_>) -> Result<Campaign, Fault> {
    let mut loaded = source::open(&args.tape, args.dialect, io)?;
    if let Some(dialect) = args.dialect {
        loaded.tape.header.dialect = Some(dialect.name().into());
    }
    let name = args.tape.display().to_string();
    for exchange in &loaded.tape.exchanges {
        let bytes = exchange.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        source::fits(&name, bytes)?;
    }
    let plan = Plan {
        profile: Profile::Plain,
        runs: 1,
        seed: 0,
        shard: None,
        only: None,
        scenario: Some(scenario),
        recorded_pace: false,
    };
    let named = Named {
        name,
        tape: loaded.tape,
    };
    Campaign::plan(vec![named], plan).map_err(|error| Fault::new(error.to_string()))
}

async fn work(
    args: &ShrinkArgs,
    runner: &Runner,
    client: &mut Client,
    io: &mut Io<'_>,
) -> Result<Exit, Fault> {
    let campaign = runner.campaign();
    let planned = campaign.tapes().first().zip(campaign.case(0));
    let Some((prepared, case)) = planned else {
        return Err(Fault::new("there is nothing to run"));
    };
    let baseline = untouched(runner, client, prepared).await?;
    let judged = runner.judged(client, "0", &case, &baseline).await;
    let (findings, _) = judged.map_err(fault)?;
    let wanted = |finding: &&Finding| args.code.is_none_or(|code| code == finding.code);
    let typed = Typed {
        worker: args.worker,
        port_per_run: args.port_per_run,
        patience: args.patience,
        command: &args.command,
        json: args.json,
    };
    let codes: Vec<Code> = findings
        .iter()
        .filter(wanted)
        .map(|finding| finding.code)
        .collect();
    if codes.is_empty() {
        io.note("the client does nothing wrong here");
        return Ok(Exit::Good);
    }
    for code in codes {
        let smallest = smallest(args, runner, client, prepared, &case, code, &baseline).await?;
        let Some(shrunk) = smallest else {
            io.note(&format!("{code}: not found when the case was run again"));
            continue;
        };
        let files = Files::write(&args.failures, &shrunk, io)?;
        typed.tell(&shrunk, &files, io)?;
    }
    Ok(Exit::Broken)
}

/// What the client does on the untouched tape, where that is something.
async fn untouched(
    runner: &Runner,
    client: &mut Client,
    prepared: &Prepared,
) -> Result<Observation, Fault> {
    let plain = Scenario::plain();
    let trial = runner.trial(client, "b", 0, &plain).await.map_err(fault)?;
    let findings = trial.judge(prepared, None, &trial.observation);
    let fails = findings
        .iter()
        .find(|finding| finding.code == Code::BaselineFails);
    match fails {
        Some(finding) => Err(Fault::new(format!(
            "on the untouched tape: expected {}, {}",
            finding.expected, finding.seen
        ))),
        None => Ok(trial.observation),
    }
}

async fn smallest(
    args: &ShrinkArgs,
    runner: &Runner,
    client: &mut Client,
    prepared: &Prepared,
    case: &Case,
    code: Code,
    baseline: &Observation,
) -> Result<Option<Shrunk>, Fault> {
    let name = code.name().replace('_', "-");
    let most = budget(code, args.budget);
    let shrunk = shrink(runner, client, &name, prepared, case, code, baseline, most);
    shrunk.await.map_err(fault)
}

fn fault(error: impl std::fmt::Display) -> Fault {
    Fault::new(error.to_string())
}
