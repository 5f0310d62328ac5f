//! A client on every tape of its dialect, and what is said of it.

use std::time::{Duration, Instant};

use wiretape_serve::{Config, Flush, Mount, Server};
use wiretape_tape::{Exchange, sha256_hex};
use wiretape_vary::{Profile, Scenario, Subject};

use crate::cases::{Case, cases};
use crate::defects::{self, Known};
use crate::worker::{Order, Outcome, Turn, Worker};
use crate::{Client, say};

/// Seeds for each tape at least.
const SEEDS: u64 = 6;

/// Seeds at least for all tapes of a client on which nothing is known of it.
const SEEDS_OF_ALL: u64 = 50;

/// Seeds for a tape of more than [`LONG`] bytes: a run of it takes some clients a second.
const SEEDS_OF_LONG: u64 = 1;

/// Bytes of all bodies of a tape that is not long.
const LONG: usize = 64 * 1024;

/// A long tape is not cut into more chunks than this; a seed that does is passed over.
const CHUNKS_MAX: usize = 10_000;

/// What a client is run on: a tape as it was recorded, or under the scenarios of a seed.
struct Setting<'a> {
    client: &'a Client,
    case: &'a Case,
    seed: Option<u64>,
}

/// One for each exchange of the tape.
fn scenarios(case: &Case, seed: u64, profile: Profile) -> Vec<(Subject, Scenario)> {
    let scenario = |exchange: &Exchange| {
        let subject = Subject::new(exchange, Some(case.dialect.name()));
        let scenario = Scenario::generate(seed, profile, &subject);
        (subject, scenario)
    };
    case.tape.exchanges.iter().map(scenario).collect()
}

/// The seeds of a tape: every tape has its own, and keeps them when others come.
fn seeds(case: &Case, sound: usize) -> Vec<u64> {
    let digest = sha256_hex(case.name.as_bytes());
    let first = u64::from_str_radix(digest.split_at(4).0, 16).unwrap();
    let long = case
        .tape
        .exchanges
        .iter()
        .map(|exchange| exchange.body().len())
        .sum::<usize>()
        > LONG;
    if !long {
        let count = SEEDS.max(SEEDS_OF_ALL.div_ceil(sound.max(1) as u64));
        return (first..first + count).collect();
    }
    let few = |seed: &u64| {
        let mut all = scenarios(case, *seed, Profile::SeenReshapes).into_iter();
        all.all(|(subject, scenario)| scenario.apply(&subject).steps().len() <= CHUNKS_MAX)
    };
    let count = usize::try_from(SEEDS_OF_LONG).unwrap();
    (first..).filter(few).take(count).collect()
}

impl Setting<'_> {
    fn profile(&self) -> (u64, Profile) {
        self.seed
            .map_or((0, Profile::Plain), |seed| (seed, Profile::SeenReshapes))
    }

    fn scenarios(&self) -> Vec<Scenario> {
        let (seed, profile) = self.profile();
        let all = scenarios(self.case, seed, profile).into_iter();
        all.map(|(_, scenario)| scenario).collect()
    }

    /// Every other seed writes its chunks in batches.
    fn mount(&self) -> Mount {
        let (seed, profile) = self.profile();
        let flush = if seed % 2 == 0 {
            Flush::Chunk
        } else {
            Flush::Batch
        };
        let mount = Mount::new(&self.case.tape).dialect(self.case.dialect.name());
        mount.seed(seed, profile).flush(flush)
    }

    /// `tape@seed`, or the tape's name alone.
    fn name(&self) -> String {
        match self.seed {
            Some(seed) => format!("{}@{seed}", self.case.name),
            None => self.case.name.clone(),
        }
    }

    /// What differs, what was done to the bytes, and how to see it again.
    fn report(&self, what: &str, outcome: &Outcome) -> String {
        let (client, name) = (self.client, self.name());
        let mut report = format!("{} ({}), {name}: {what}\n", client.name, client.versions());
        if let Some(error) = &outcome.error {
            report += &format!("  it raised: {error}\n");
        }
        for (number, scenario) in self.scenarios().iter().enumerate() {
            let scenario = serde_json::to_string(scenario).unwrap();
            report += &format!("  scenario of exchange {number}: {scenario}\n");
        }
        let test = format!("cargo test -p tests --test clients {}", client.name);
        report + &format!("  repeat: WIRETAPE_CLIENTS_ONLY='{name}' {test}\n")
    }
}

/// The first thing that differs from what our reader reads.
pub(crate) fn difference(want: &[Turn], got: &Outcome) -> Option<String> {
    for (number, turn) in want.iter().enumerate() {
        let Some(found) = got.turns.get(number) else {
            return Some(format!("turn {number} did not come"));
        };
        if let Some(what) = turn.difference(found) {
            return Some(format!("turn {number}: {what}"));
        }
    }
    let more = got.turns.len() > want.len();
    let error = got.error.is_some();
    (more || error).then(|| {
        let (got, want) = (got.turns.len(), want.len());
        let error = if error { " and an error" } else { "" };
        format!("{got} turns{error}, expected {want}")
    })
}

/// `tape@seed` from the environment, so that one run can be repeated.
fn only() -> Option<String> {
    let only = std::env::var("WIRETAPE_CLIENTS_ONLY").ok();
    only.filter(|only| !only.is_empty())
}

/// Every tape of the client's dialect, as recorded and under its seeds.
pub(crate) fn check(client: &Client) {
    let Some(mut worker) = client.start() else {
        return;
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(Server::start(Config::default())).unwrap();
    let mut tally = Tally::new(client);
    let cases = cases(client.dialect);
    let sound = |case: &&Case| !defects::touch(client, &case.name);
    let sound = cases.iter().filter(sound).count();
    for (number, case) in cases.iter().enumerate() {
        let seeds = seeds(case, sound);
        for seed in std::iter::once(None).chain(seeds.into_iter().map(Some)) {
            let setting = Setting { client, case, seed };
            if only().is_none_or(|only| only == setting.name()) {
                let seed = seed.map_or_else(|| "plain".to_owned(), |seed| seed.to_string());
                let outcome = run(&mut worker, &server, &format!("/{number}/{seed}"), &setting);
                tally.add(&setting, &outcome);
            }
        }
    }
    runtime.block_on(server.stop(Duration::from_secs(1)));
    tally.finish();
}

/// One run, under a prefix of its own.
fn run(worker: &mut Worker, server: &Server, prefix: &str, setting: &Setting<'_>) -> Outcome {
    server.mount(prefix, setting.mount()).unwrap();
    let outcome = worker.run(&Order {
        run: &setting.name(),
        base_url: &(server.url() + prefix),
        task: &setting.case.task,
    });
    server.unmount(prefix);
    outcome
}

/// What came of the runs of a client.
struct Tally<'a> {
    client: &'a Client,
    begun: Instant,
    plain: usize,
    varied: usize,
    known: usize,
    /// Reshaped runs that were equal to ours, or should have been.
    compared: u64,
    failures: Vec<String>,
    met: Vec<&'static Known>,
}

impl<'a> Tally<'a> {
    fn new(client: &'a Client) -> Self {
        Self {
            client,
            begun: now(),
            plain: 0,
            varied: 0,
            known: 0,
            compared: 0,
            failures: Vec::new(),
            met: Vec::new(),
        }
    }

    fn add(&mut self, setting: &Setting<'_>, outcome: &Outcome) {
        *(if setting.seed.is_some() {
            &mut self.varied
        } else {
            &mut self.plain
        }) += 1;
        let (want, name) = (&setting.case.want, &setting.case.name);
        let Some(known) = defects::of(setting.client, name, &setting.scenarios()) else {
            self.compared += u64::from(setting.seed.is_some());
            if let Some(what) = difference(want, outcome) {
                self.failures.push(setting.report(&what, outcome));
            }
            return;
        };
        self.known += 1;
        self.met.push(known);
        if let Some(what) = known.gone(want, outcome) {
            let what = format!("no longer as known ({}): {what}", known.what);
            self.failures.push(setting.report(&what, outcome));
        }
    }

    fn finish(mut self) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let (client, runs) = (self.client, self.plain + self.varied);
        let (plain, varied, known) = (self.plain, self.varied, self.known);
        say(&format!(
            "{} ({}): {plain} tapes as recorded, {varied} reshaped, {seconds:.1} s; {known} runs show what is known of it",
            client.name,
            client.versions(),
        ));
        if let Some(only) = only() {
            assert!(runs > 0, "{}: no run is called {only}", client.name);
        } else {
            assert!(
                self.compared >= SEEDS_OF_ALL,
                "{}: {} reshaped runs were compared",
                client.name,
                self.compared
            );
            let unmet = |known: &&Known| !self.met.iter().any(|met| std::ptr::eq(*met, *known));
            let unmet = defects::all(client).filter(unmet).map(|known| known.what);
            self.failures
                .extend(unmet.map(|what| format!("no run shows what is known: {what}")));
        }
        let shown: Vec<&str> = self.failures.iter().take(5).map(String::as_str).collect();
        assert!(
            shown.is_empty(),
            "{}: {} of {runs} runs differ, the first of them:\n{}",
            client.name,
            self.failures.len(),
            shown.join("\n")
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the runs took is for people alone"
)]
fn now() -> Instant {
    Instant::now()
}
