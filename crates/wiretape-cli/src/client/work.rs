//! The campaign itself: planned, run, and put together.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wiretape_check::campaign::{
    Baseline, Drive, Event, Journal, JournalError, Named, Plan, PlanError, Record, Records,
    RunError, Runner, Settings, Stop,
};
use wiretape_check::{Campaign, Code};
use wiretape_vary::{Profile, Scenario};

use super::failures::{self, Small};
use super::progress::Progress;
use crate::args::CheckArgs;
use crate::clock::Start;
use crate::exit::{Exit, Fault};
use crate::{Io, source};

/// All that a campaign came to, as far as it was done.
pub(super) struct Done {
    pub(super) runner: Arc<Runner>,
    pub(super) baselines: Vec<Baseline>,
    /// In order of the cases.
    pub(super) records: Vec<Record>,
    /// What was found, made small.
    pub(super) small: Vec<Small>,
    pub(super) interrupted: bool,
    pub(super) elapsed: Duration,
}

impl Done {
    pub(super) fn campaign(&self) -> &Campaign {
        self.runner.campaign()
    }

    /// The smallest case of what was found in a case, where it was made small.
    pub(super) fn small_of(&self, number: u64, code: Code) -> Option<&Small> {
        let mut all = self.small.iter();
        all.find(|small| small.number == number && small.code == code)
    }

    /// A tape on which nothing can be tried is a failure, whatever was found.
    pub(super) fn exit(&self, exit: Exit) -> Exit {
        match self.baselines.iter().any(|one| one.unusable.is_some()) {
            true => Exit::Broken,
            false => exit,
        }
    }
}

/// Reads the tapes and plans the cases.
pub(super) fn plan(
    args: &CheckArgs,
    scenario: Option<Scenario>,
    io: &mut Io<'_>,
) -> Result<Campaign, Fault> {
    let files = wiretape::find(&args.paths)?;
    let mut tapes = Vec::new();
    for path in &files {
        let mut loaded = source::open(path, args.dialect, io)?;
        for exchange in &loaded.tape.exchanges {
            let bytes = exchange.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
            source::fits(&path.display().to_string(), bytes)?;
        }
        let answers = loaded.tape.exchanges.iter();
        if !answers
            .into_iter()
            .any(|exchange| exchange.response.is_some())
        {
            io.note(&format!("{}: it has no answer to play", path.display()));
            continue;
        }
        if let Some(dialect) = args.dialect {
            loaded.tape.header.dialect = Some(dialect.name().into());
        }
        tapes.push(Named {
            name: path.display().to_string(),
            tape: loaded.tape,
        });
    }
    let plan = Plan {
        profile: args.client.profile.unwrap_or(Profile::Seen),
        runs: match args.client.case {
            Some(case) => u64::from(args.runs).max(case.saturating_add(1)),
            None => args.runs.into(),
        },
        only: args.client.case,
        seed: args.seed,
        shard: args.client.shard,
        scenario,
        recorded_pace: args.client.recorded_pace,
    };
    Campaign::plan(tapes, plan).map_err(|error| match error {
        PlanError::NothingApplies(_) => {
            Fault::with_hint(error.to_string(), "--profile all has every class")
        }
        error => Fault::new(error.to_string()),
    })
}

/// Runs the campaign.
pub(super) async fn work(
    args: &CheckArgs,
    campaign: Campaign,
    jobs: NonZeroUsize,
    io: &mut Io<'_>,
) -> Result<Done, Fault> {
    let start = Start::now();
    let config = args.client.config();
    let patience = args.client.patience;
    let journal = args.client.journal.as_deref();
    let opened = journal.map(|path| Journal::open(path, &campaign, &config, patience));
    let (journal, known) = match opened.transpose().map_err(|error| refused(&error))? {
        Some((journal, known)) => (Some(journal), known),
        None => (None, Vec::new()),
    };
    if !known.is_empty() {
        io.note(&format!("{} cases are in the journal", known.len()));
    }
    let stop = Stop::default();
    listen(&stop)?;
    let settings = Settings {
        client: config,
        patience,
        port_per_run: args.client.port_per_run,
    };
    let runner = Runner::start(Arc::new(campaign), settings).await;
    let runner = Arc::new(runner.map_err(|error| fault(&error))?);
    let drive = Drive::new(Arc::clone(&runner), jobs, stop.clone());
    let count = runner.campaign().numbers().count() as u64;
    let mut progress = Progress::new(count, io.screen.bars);

    progress.say("the untouched tapes");
    let baselines = drive
        .baselines(|_| {})
        .await
        .map_err(|error| fault(&error))?;
    outside(&runner, &baselines)?;
    let mut records = Records::new();
    known.into_iter().for_each(|record| records.add(record));
    cases(
        &drive,
        &stop,
        &baselines,
        &mut records,
        journal,
        &mut progress,
    )
    .await?;
    let mut records = records.into_sorted();
    if !stop.stopped() {
        once_more(&drive, &baselines, &mut records, &mut progress).await?;
    }
    let mut done = Done {
        runner,
        baselines,
        records,
        small: Vec::new(),
        interrupted: false,
        elapsed: Duration::ZERO,
    };
    if let Some(folder) = args.client.failures.as_deref().filter(|_| !stop.stopped()) {
        let tell = |what: &str| progress.say(what);
        done.small = failures::write(folder, &drive, &done, tell, io).await?;
    }
    progress.end();
    done.interrupted = stop.stopped();
    done.elapsed = start.elapsed();
    Ok(done)
}

/// Runs what was found again, to see whether it is found each time.
async fn once_more(
    drive: &Drive,
    baselines: &[Baseline],
    records: &mut [Record],
    progress: &mut Progress,
) -> Result<(), Fault> {
    progress.say("what was found, once more");
    let again = drive.again(baselines, records, |event| {
        if let Event::Again { case, .. } = event {
            progress.say(&format!("case {case}, once more"));
        }
    });
    again.await.map_err(|error| fault(&error))
}

/// Runs the cases that are not in the journal, and notes each there.
async fn cases(
    drive: &Drive,
    stop: &Stop,
    baselines: &[Baseline],
    records: &mut Records,
    mut journal: Option<Journal>,
    progress: &mut Progress,
) -> Result<(), Fault> {
    let finished = records.numbers();
    progress.already(finished.len());
    progress.begin();
    let mut broken = None;
    let ran = drive.cases(baselines, &finished, |record| {
        progress.case(record.findings.len());
        let noted = journal.as_mut().map(|journal| journal.add(&record));
        if let Some(Err(error)) = noted {
            stop.stop();
            broken.get_or_insert(error);
        }
        records.add(record);
    });
    ran.await.map_err(|error| fault(&error))?;
    broken.map_or(Ok(()), |error| Err(refused(&error)))
}

/// Ctrl-C and what a supervisor sends end the campaign, and keep what was found.
fn listen(stop: &Stop) -> Result<(), Fault> {
    let mut asked = crate::stop::Stop::new()?;
    let stop = stop.clone();
    tokio::spawn(async move {
        asked.asked().await;
        stop.stop();
    });
    Ok(())
}

fn fault(error: &RunError) -> Fault {
    Fault::new(error.to_string())
}

fn refused(error: &JournalError) -> Fault {
    let message = error.to_string();
    match error {
        JournalError::Differs(path, _) => Fault::with_hint(message, another(path)),
        _ => Fault::new(message),
    }
}

fn another(path: &Path) -> String {
    format!(
        "give it the arguments that {} was begun with, or begin another",
        path.display()
    )
}

/// A client that asked for nothing it was led to, but for something else.
fn outside(runner: &Runner, baselines: &[Baseline]) -> Result<(), Fault> {
    let silent = |one: &Baseline| one.observation.turns.is_empty();
    match runner.outside() {
        Some(path) if !baselines.is_empty() && baselines.iter().all(silent) => {
            Err(Fault::with_hint(
                format!("the client asked for {path}, outside the base URL that it was given"),
                "--port-per-run gives each run a port of its own, for clients that drop the path of a base URL",
            ))
        }
        _ => Ok(()),
    }
}
