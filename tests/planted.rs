//! Clients with planted bugs: each is found, and shrunk; a correct client beside them is not accused.
//!
//! `cargo test -p tests --test planted -- --nocapture` prints how many are found, how many correct
//! runs are accused, and what shrinking costs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails; clippy's own exception ends at helpers"
)]

// The client in Rust.
mod own;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wiretape_check::campaign::{Named, Plan, Prepared, Runner, Settings};
use wiretape_check::client::{Client, Config, Mode};
use wiretape_check::shrink::{budget, shrink};
use wiretape_check::{Campaign, Code, Finding, Observation};
use wiretape_tape::EndKind;
use wiretape_vary::classes::{self, Group};
use wiretape_vary::shrink::Trial;
use wiretape_vary::{Profile, Scenario};

/// Scenarios within which a bug must be found.
const SCENARIOS: u64 = 300;

/// Scenarios of each profile that a correct client is tried on: every class in its turn, twice and more.
const ACCUSED: usize = 150;

/// Pieces that are left at most.
const PIECES: usize = 3;

/// Runs that shrinking takes at the median.
const SHRINK_RUNS: u32 = 200;

/// The correct clients give up after two and a half seconds without a byte.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs of a client that waits for ever: each takes as long as it is waited for.
const RUNS_OF_WAITS: u32 = 12;

/// Clients that run side by side. Those that wait for a stream that says nothing take no time of
/// the others.
const JOBS: usize = 6;

/// A client of this folder.
#[derive(Clone, Copy, Debug)]
struct Planted {
    language: &'static str,
    name: &'static str,
    /// What is expected to be said of it, and on which deliveries; `None`: nothing on any.
    bug: Option<(Profile, &'static [Code])>,
}

const fn correct(language: &'static str) -> Planted {
    Planted {
        language,
        name: "correct",
        bug: None,
    }
}

const fn bug(
    language: &'static str,
    name: &'static str,
    profile: Profile,
    codes: &'static [Code],
) -> Planted {
    Planted {
        language,
        name,
        bug: Some((profile, codes)),
    }
}

const CORRECT: [Planted; 3] = [correct("python"), correct("node"), correct("rust")];

const BUGS: [Planted; 10] = [
    bug(
        "python",
        "chunkwise_json",
        Profile::Lawful,
        &[
            Code::ErrorOnLawful,
            Code::TextDiffers,
            Code::ToolArgumentsDiffer,
            Code::ToolLost,
        ],
    ),
    bug(
        "python",
        "utf8_per_chunk",
        Profile::Lawful,
        &[Code::TextDiffers, Code::ToolArgumentsDiffer],
    ),
    bug("node", "lf_only", Profile::Lawful, &[Code::ErrorOnLawful]),
    bug(
        "node",
        "single_tool",
        Profile::Lawful,
        &[Code::ToolArgumentsDiffer],
    ),
    bug(
        "rust",
        "flush_on_index_change",
        Profile::Lawful,
        &[Code::ToolArgumentsDiffer],
    ),
    bug(
        "python",
        "empty_on_error",
        Profile::Faults,
        &[Code::ToolFromIncompleteStream],
    ),
    bug(
        "node",
        "acts_before_end",
        Profile::Faults,
        &[Code::ToolFromIncompleteStream],
    ),
    bug(
        "rust",
        "ignores_errors",
        Profile::Faults,
        &[Code::ErrorSwallowed],
    ),
    bug(
        "python",
        "no_idle_timeout",
        Profile::Faults,
        &[Code::NoIdleTimeout],
    ),
    bug(
        "node",
        "retries_after_output",
        Profile::Faults,
        &[Code::RetriedAfterOutput],
    ),
];

impl Planted {
    /// Its command; `None` where its interpreter is not on this machine.
    fn command(self) -> Option<Vec<OsString>> {
        let here = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/planted"));
        let file = |extension: &str| {
            let name = match (self.language, self.name) {
                ("python", "correct") => "base",
                (_, name) => name,
            };
            here.join(self.language).join(format!("{name}.{extension}"))
        };
        let (program, argument): (OsString, OsString) = match self.language {
            "python" => ("python3".into(), file("py").into()),
            "node" => ("node".into(), file("mjs").into()),
            _ => (
                own::program("planted-client", "planted/rust/main.rs").into(),
                self.name.into(),
            ),
        };
        let version = || Command::new(&program).arg("--version").output();
        let there = self.language == "rust" || version().is_ok_and(|run| run.status.success());
        there.then(|| vec![program, argument])
    }

    fn tapes(self) -> Vec<Named> {
        let names: &[&str] = match self.language {
            "python" => &["anthropic/unicode.tape", "anthropic/parallel-tools.tape"],
            // Half a surrogate pair is more than its JSON can hold.
            "rust" => &["openai-chat/text.tape", "openai-chat/tools-parallel.tape"],
            _ => &[
                "openai-chat/unicode.tape",
                "openai-chat/tools-parallel.tape",
            ],
        };
        let recordings = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../recordings"));
        let named = names.iter().map(|name| {
            let bytes = std::fs::read(recordings.join(name)).unwrap();
            let tape = wiretape_tape::parse(&bytes).unwrap().tape;
            Named {
                name: (*name).to_owned(),
                tape,
            }
        });
        named.collect()
    }

    async fn start(self, profile: Profile) -> Option<(Runner, Client)> {
        let tapes = self.tapes();
        let plan = Plan {
            profile,
            runs: SCENARIOS / tapes.len() as u64,
            seed: 1,
            shard: None,
            scenario: None,
            only: None,
            recorded_pace: false,
        };
        let settings = Settings {
            client: Config {
                command: self.command()?,
                mode: Mode::Worker,
            },
            patience: PATIENCE,
            port_per_run: false,
        };
        let campaign = Campaign::plan(tapes, plan).unwrap();
        let runner = Runner::start(Arc::new(campaign), settings).await.unwrap();
        let client = runner.client();
        Some((runner, client))
    }
}

/// What a client does on the untouched tapes, on which nothing is wrong with it.
async fn baselines(runner: &Runner, client: &mut Client, planted: Planted) -> Vec<Observation> {
    let mut baselines = Vec::new();
    for (number, prepared) in runner.campaign().tapes().iter().enumerate() {
        let run = format!("b{number}");
        let plain = Scenario::plain();
        let trial = runner.trial(client, &run, number, &plain).await.unwrap();
        let findings = trial.judge(prepared, None, &trial.observation);
        assert!(
            findings.is_empty(),
            "{planted:?}, {}: {findings:#?}",
            prepared.name
        );
        baselines.push(trial.observation);
    }
    baselines
}

/// A reply in more chunks than this takes some clients longer than their own limit.
const CHUNKS_MAX: usize = 10_000;

/// How much a case is waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wait {
    /// Not at all.
    None,
    /// For a while: a machine with much else to do may be too slow for a client's own limits.
    Some,
    /// For ever.
    Endless,
}

fn wait(prepared: &Prepared, scenario: &Scenario) -> Wait {
    let trial = Trial::new(&prepared.tape, scenario.clone());
    let scripts = trial.scripts(scenario.exchange.unwrap_or(0));
    let mut wait = Wait::None;
    for script in &scripts {
        if script.silent || script.end == EndKind::Timeout {
            return Wait::Endless;
        }
        if script.duration_ns() > 0 || script.head_after_ns > 0 || CHUNKS_MAX < script.steps().len()
        {
            wait = Wait::Some;
        }
    }
    wait
}

/// Classes of what servers do to a reply's content that no small client undoes: text that comes
/// twice, ids that are all the same, arguments of another type. Everything else is asked of them.
fn is_asked(class: &str) -> bool {
    let asked = [
        Group::Transport,
        Group::Grammar,
        Group::Termination,
        Group::Errors,
        Group::Retry,
    ];
    let cut = ["F-20", "F-21", "F-22", "F-23", "F-27", "F-28"];
    let group = classes::find(class).map(|class| class.group);
    class != "F-04" && (cut.contains(&class) || group.is_some_and(|group| asked.contains(&group)))
}

/// What was found of a client with a bug.
#[derive(Debug)]
struct Found {
    planted: Planted,
    /// Within so many scenarios.
    within: u64,
    finding: Finding,
    runs: u32,
}

async fn find(planted: Planted) -> Result<Found, String> {
    let Some((profile, codes)) = planted.bug else {
        return Err("no bug is planted".to_owned());
    };
    let Some((runner, mut client)) = planted.start(profile).await else {
        return Err(format!("{} is not there", planted.language));
    };
    let baselines = baselines(&runner, &mut client, planted).await;
    let mut others: Vec<Code> = Vec::new();
    let endless = codes.contains(&Code::NoIdleTimeout);
    for case in runner.campaign().cases() {
        let wait = wait(&runner.campaign().tapes()[case.tape], &case.scenario);
        // Others take seconds each for nothing.
        if wait != (if endless { Wait::Endless } else { Wait::None }) {
            continue;
        }
        let baseline = &baselines[case.tape];
        let run = case.number.to_string();
        let judged = runner.judged(&mut client, &run, &case, baseline).await;
        let (findings, _) = judged.map_err(|error| error.to_string())?;
        let Some(finding) = findings
            .iter()
            .find(|finding| codes.contains(&finding.code))
        else {
            others.extend(findings.iter().map(|finding| finding.code));
            continue;
        };
        let prepared = &runner.campaign().tapes()[case.tape];
        let code = finding.code;
        let waits = (code == Code::NoIdleTimeout).then_some(RUNS_OF_WAITS);
        let shrunk = shrink(
            &runner,
            &mut client,
            "s",
            prepared,
            &case,
            code,
            baseline,
            budget(code, waits),
        );
        let shrunk = shrunk.await.map_err(|error| error.to_string())?;
        let shrunk = shrunk.ok_or_else(|| format!("{code} is not found again"))?;
        client.end().await;
        return Ok(Found {
            planted,
            within: case.number + 1,
            finding: shrunk.finding,
            runs: shrunk.runs,
        });
    }
    Err(format!("nothing of {codes:?} is found; {others:?} are"))
}

/// The runs of a correct client, and what is said of it.
async fn accuse(planted: Planted, profile: Profile) -> Option<(u64, Vec<Finding>)> {
    let (runner, mut client) = planted.start(profile).await?;
    let baselines = baselines(&runner, &mut client, planted).await;
    let (mut runs, mut all) = (0, Vec::new());
    for case in runner.campaign().cases().take(ACCUSED) {
        let wait = wait(&runner.campaign().tapes()[case.tape], &case.scenario);
        let lawful = profile == Profile::Lawful;
        if wait == Wait::Some || !(lawful || is_asked(&case.class)) {
            continue;
        }
        let run = case.number.to_string();
        let baseline = &baselines[case.tape];
        let judged = runner.judged(&mut client, &run, &case, baseline).await;
        all.extend(judged.unwrap().0);
        runs += 1;
    }
    client.end().await;
    Some((runs, all))
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap()
}

/// Does something for each, some side by side; in order.
async fn each<I, T, F>(items: Vec<I>, work: impl Fn(I) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let free = Arc::new(Semaphore::new(JOBS));
    let mut jobs = JoinSet::new();
    for (number, item) in items.into_iter().enumerate() {
        let (free, done) = (Arc::clone(&free), work(item));
        jobs.spawn(async move {
            let _permit = free.acquire().await.unwrap();
            (number, done.await)
        });
    }
    let mut all = jobs.join_all().await;
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, done)| done).collect()
}

/// On continuous integration the interpreters are there; elsewhere what is missing is passed over.
fn must_all_be_there() -> bool {
    std::env::var_os("CI").is_some()
}

#[test]
fn each_bug_is_found_and_shrunk() {
    let bugs: Vec<Planted> = BUGS
        .into_iter()
        .filter(|planted| must_all_be_there() || planted.command().is_some())
        .collect();
    let count = bugs.len();
    let all = runtime().block_on(each(bugs.clone(), find));
    let mut runs = Vec::new();
    let mut missed = Vec::new();
    for (planted, found) in bugs.into_iter().zip(all) {
        match found {
            Ok(found) => {
                show(&found);
                let pieces = &found.finding.place.scenario.pieces;
                if PIECES < pieces.len() || found.finding.flaky {
                    missed.push(format!("{planted:?}: {:#?}", found.finding));
                }
                runs.push(found.runs);
            }
            Err(why) => missed.push(format!("{planted:?}: {why}")),
        }
    }
    runs.sort_unstable();
    let median = runs.get(runs.len() / 2).copied().unwrap_or(0);
    println!(
        "found: {} of {count} bugs; shrinking takes {median} runs at the median",
        runs.len()
    );
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(median <= SHRINK_RUNS, "{runs:?}");
}

fn show(found: &Found) {
    let scenario = &found.finding.place.scenario;
    let names: Vec<&str> = scenario
        .pieces
        .iter()
        .map(wiretape_vary::Piece::name)
        .collect();
    println!(
        "{:7} {:22} {:28} within {:3} scenarios; {} left after {} runs",
        found.planted.language,
        found.planted.name,
        found.finding.code.name(),
        found.within,
        names.join(", "),
        found.runs,
    );
}

fn line(planted: Planted, finding: &Finding) -> String {
    let place = &finding.place;
    let scenario = serde_json::to_string(&place.scenario).unwrap();
    format!(
        "{}, {}: {} ({}, {}): expected {}, seen {}\n  {scenario}",
        planted.language,
        planted.name,
        finding.code,
        finding.class,
        place.tape,
        finding.expected,
        finding.seen,
    )
}

#[test]
fn correct_clients_are_accused_of_nothing() {
    let mut items = Vec::new();
    for planted in CORRECT {
        for profile in [Profile::Lawful, Profile::Faults] {
            if must_all_be_there() || planted.command().is_some() {
                items.push((planted, profile));
            }
        }
    }
    let all = runtime().block_on(each(items, |(planted, profile)| async move {
        accuse(planted, profile).await.map(|done| (planted, done))
    }));
    let (mut runs, mut accused) = (0, Vec::new());
    for (planted, (count, findings)) in all.into_iter().flatten() {
        runs += count;
        accused.extend(findings.into_iter().map(|finding| (planted, finding)));
    }
    println!(
        "accused: {} of {runs} runs of correct clients",
        accused.len()
    );
    let accused: Vec<String> = accused
        .iter()
        .map(|(planted, finding)| line(*planted, finding))
        .collect();
    assert!(accused.is_empty(), "{}", accused.join("\n"));
}
