//! A campaign from its begin to its end: baselines, cases side by side, and the findings once more.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use wiretape_vary::Scenario;

use super::{Case, RunError, Runner};
use crate::client::Client;
use crate::{Code, Ended, Finding, Observation};

/// How often the untouched tape is run.
const BASELINES: u32 = 3;
/// How often a finding's case is run again.
const AGAIN: u32 = 2;
/// Findings that are run again at most: the first of each code, class and tape.
const CONFIRMED_MAX: usize = 1_000;
/// Finished runs that wait to be taken.
const WAITING_MAX: usize = 256;

/// What a client does on an untouched tape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Which tape, counted from 0.
    pub tape: usize,
    /// How often it was run.
    pub runs: u32,
    /// The first run.
    pub observation: Observation,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// Why nothing else is tried on this tape.
    pub unusable: Option<String>,
}

/// A finished case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which.
    pub case: Case,
    /// What the client did wrong.
    pub findings: Vec<Finding>,
    /// What it did, where that was wrong.
    pub observation: Option<Observation>,
    /// From the run's begin to its end.
    pub elapsed_ns: u64,
}

/// Something that has just been done.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The untouched tape was run.
    Baseline(&'a Baseline),
    /// A case was run.
    Case(&'a Record),
    /// A finding's case was run again: whether the client did the same.
    Again {
        /// The case's number.
        case: u64,
        /// It did.
        same: bool,
    },
}

/// Ends a campaign before its time.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// From here on nothing is begun; what runs is ended, and does not count.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// It was stopped.
    #[must_use]
    pub fn stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is stopped.
    pub async fn wait(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives as long as this.
        let _ = receiver.wait_for(|stopped| *stopped).await;
    }
}

/// What drives a campaign.
#[derive(Debug)]
pub struct Drive {
    runner: Arc<Runner>,
    jobs: NonZeroUsize,
    stop: Stop,
}

/// Numbers of cases, taken one after the other by whoever is free.
type Numbers = Mutex<Box<dyn Iterator<Item = u64> + Send>>;

impl Drive {
    /// `jobs`: how many clients run side by side.
    #[must_use]
    pub fn new(runner: Arc<Runner>, jobs: NonZeroUsize, stop: Stop) -> Self {
        Self { runner, jobs, stop }
    }

    /// What is driven.
    #[must_use]
    pub fn runner(&self) -> &Arc<Runner> {
        &self.runner
    }

    /// Runs each untouched tape a few times. In order of the tapes; fewer where it was stopped.
    ///
    /// # Errors
    /// Where a run cannot be done.
    pub async fn baselines(
        &self,
        mut tell: impl FnMut(Event<'_>),
    ) -> Result<Vec<Baseline>, RunError> {
        let tapes = self.runner.campaign().tapes().len() as u64;
        let mut all = BTreeMap::new();
        self.each(
            Box::new(0..tapes),
            |runner, mut client, number| async move {
                let done = baseline(&runner, &mut client, number).await;
                (client, done.map(Some))
            },
            |baseline: Baseline| {
                tell(Event::Baseline(&baseline));
                all.insert(baseline.tape, baseline);
            },
        )
        .await?;
        Ok(all.into_values().collect())
    }

    /// Runs the cases that are not `finished` yet, on the tapes whose baseline can be used. `tell`
    /// gets each as it is finished, in no order.
    ///
    /// # Errors
    /// Where a run cannot be done.
    pub async fn cases(
        &self,
        baselines: &[Baseline],
        finished: &BTreeSet<u64>,
        mut tell: impl FnMut(Record),
    ) -> Result<(), RunError> {
        let usable = baselines.iter().filter(|one| one.unusable.is_none());
        let usable: BTreeMap<usize, Observation> = usable
            .map(|baseline| (baseline.tape, baseline.observation.clone()))
            .collect();
        let usable = Arc::new(usable);
        let finished = finished.clone();
        let (runner, tapes) = (Arc::clone(&self.runner), Arc::clone(&usable));
        let numbers = self.runner.campaign().numbers();
        let numbers = numbers.filter(move |number| {
            let tape = runner.campaign().tape_of(*number);
            tapes.contains_key(&tape) && !finished.contains(number)
        });
        self.each(
            Box::new(numbers),
            move |runner, client, number| {
                let usable = Arc::clone(&usable);
                async move { case(&runner, client, number, &usable).await }
            },
            &mut tell,
        )
        .await
    }

    /// Runs the first finding of each code, class and tape again, and marks those that do not come
    /// back.
    ///
    /// # Errors
    /// Where a run cannot be done.
    pub async fn again(
        &self,
        baselines: &[Baseline],
        records: &mut [Record],
        mut tell: impl FnMut(Event<'_>),
    ) -> Result<(), RunError> {
        let firsts = firsts(records);
        let again: BTreeMap<u64, Case> = firsts.into_values().take(CONFIRMED_MAX).collect();
        let observations: BTreeMap<usize, Observation> = baselines
            .iter()
            .map(|baseline| (baseline.tape, baseline.observation.clone()))
            .collect();
        let shared = Arc::new((again, observations));
        let numbers: Vec<u64> = shared.0.keys().copied().collect();
        let mut found: BTreeMap<u64, BTreeSet<Code>> = BTreeMap::new();
        self.each(
            Box::new(numbers.into_iter()),
            move |runner, client, number| {
                let shared = Arc::clone(&shared);
                async move {
                    let known = shared.0.get(&number);
                    let known = known.and_then(|case| Some((case, shared.1.get(&case.tape)?)));
                    match known {
                        Some((case, baseline)) => once_more(&runner, client, case, baseline).await,
                        None => (client, Ok(None)),
                    }
                }
            },
            |(number, codes)| {
                found.insert(number, codes);
            },
        )
        .await?;
        for record in records {
            let Some(codes) = found.get(&record.case.number) else {
                continue;
            };
            for finding in &mut record.findings {
                finding.flaky |= !codes.contains(&finding.code);
            }
            let same = !record.findings.iter().any(|finding| finding.flaky);
            let case = record.case.number;
            tell(Event::Again { case, same });
        }
        Ok(())
    }

    /// Does something with each number, so many at a time, each job with a client of its own. It ends
    /// before its time where it is stopped.
    ///
    /// # Errors
    /// The first of what `run` gives; nothing is begun after it.
    pub async fn each<T, F>(
        &self,
        numbers: Box<dyn Iterator<Item = u64> + Send>,
        run: impl Fn(Arc<Runner>, Client, u64) -> F + Clone + Send + Sync + 'static,
        mut take: impl FnMut(T),
    ) -> Result<(), RunError>
    where
        T: Send + 'static,
        F: Future<Output = (Client, Result<Option<T>, RunError>)> + Send,
    {
        let numbers: Arc<Numbers> = Arc::new(Mutex::new(numbers));
        let (sender, mut receiver) = mpsc::channel(WAITING_MAX);
        let mut jobs = JoinSet::new();
        for _ in 0..self.jobs.get() {
            let (numbers, sender) = (Arc::clone(&numbers), sender.clone());
            let (runner, stop) = (Arc::clone(&self.runner), self.stop.clone());
            let run = run.clone();
            jobs.spawn(async move {
                let mut client = Some(runner.client());
                let work = async {
                    while let (Some(number), Some(ready)) = (next(&numbers), client.take()) {
                        let (back, done) = run(Arc::clone(&runner), ready, number).await;
                        client = Some(back);
                        match done {
                            Ok(None) => {}
                            Ok(Some(done)) => drop(sender.send(Ok(done)).await),
                            Err(error) => {
                                drop(sender.send(Err(error)).await);
                                break;
                            }
                        }
                    }
                };
                tokio::select! {
                    () = work => {}
                    // What runs is dropped, and its client ended.
                    () = stop.wait() => {}
                }
                if let Some(client) = client {
                    client.end().await;
                }
            });
        }
        drop(sender);
        let mut first = None;
        while let Some(done) = receiver.recv().await {
            match done {
                Ok(done) => take(done),
                Err(error) if first.is_none() => {
                    first = Some(error);
                    // Nothing else is begun.
                    *numbers.lock().unwrap_or_else(PoisonError::into_inner) =
                        Box::new(std::iter::empty());
                }
                Err(_) => {}
            }
        }
        while let Some(joined) = jobs.join_next().await {
            if let Err(error) = joined {
                first.get_or_insert_with(|| RunError::Broken(error.to_string()));
            }
        }
        first.map_or(Ok(()), Err)
    }
}

fn next(numbers: &Numbers) -> Option<u64> {
    let mut numbers = numbers.lock().unwrap_or_else(PoisonError::into_inner);
    numbers.next()
}

async fn case(
    runner: &Runner,
    mut client: Client,
    number: u64,
    baselines: &BTreeMap<usize, Observation>,
) -> (Client, Result<Option<Record>, RunError>) {
    let case = runner.campaign().case(number);
    let known = case.and_then(|case| {
        let baseline = baselines.get(&case.tape)?;
        Some((case, baseline))
    });
    let Some((case, baseline)) = known else {
        return (client, Ok(None));
    };
    let run = number.to_string();
    let done = runner.judged(&mut client, &run, &case, baseline).await;
    let done = done.map(|(findings, observation)| {
        let elapsed_ns = observation.elapsed_ns;
        let observation = (!findings.is_empty()).then_some(observation);
        Some(Record {
            case,
            findings,
            observation,
            elapsed_ns,
        })
    });
    (client, done)
}

/// The codes that a case shows each time it is run again.
async fn once_more(
    runner: &Runner,
    mut client: Client,
    case: &Case,
    baseline: &Observation,
) -> (Client, Result<Option<(u64, BTreeSet<Code>)>, RunError>) {
    let mut always: Option<BTreeSet<Code>> = None;
    for time in 1..=AGAIN {
        let run = format!("{}-{time}", case.number);
        let done = runner.judged(&mut client, &run, case, baseline).await;
        let codes: BTreeSet<Code> = match done {
            Ok((findings, _)) => findings.iter().map(|finding| finding.code).collect(),
            Err(error) => return (client, Err(error)),
        };
        always = Some(match always {
            Some(always) => always.intersection(&codes).copied().collect(),
            None => codes,
        });
    }
    let found = always.map(|always| (case.number, always));
    (client, Ok(found))
}

/// The first case of each code, class and tape.
fn firsts(records: &[Record]) -> BTreeMap<(Code, String, usize), (u64, Case)> {
    let mut firsts: BTreeMap<(Code, String, usize), (u64, Case)> = BTreeMap::new();
    for record in records {
        for finding in &record.findings {
            let key = (finding.code, finding.class.clone(), record.case.tape);
            let number = record.case.number;
            let first = firsts.entry(key);
            let first = first.or_insert_with(|| (number, record.case.clone()));
            if number < first.0 {
                *first = (number, record.case.clone());
            }
        }
    }
    firsts
}

/// The untouched tape, a few times.
async fn baseline(runner: &Runner, client: &mut Client, number: u64) -> Result<Baseline, RunError> {
    let tape = usize::try_from(number).unwrap_or(usize::MAX);
    let plain = Scenario::plain();
    let mut first: Option<Observation> = None;
    let mut findings: Vec<Finding> = Vec::new();
    for time in 0..BASELINES {
        let run = format!("b{tape}-{time}");
        let trial = runner.trial(client, &run, tape, &plain).await?;
        let Some(prepared) = runner.campaign().tapes().get(tape) else {
            break;
        };
        let against = first.as_ref().unwrap_or(&trial.observation);
        for finding in trial.judge(prepared, None, against) {
            if !findings.iter().any(|known| known.code == finding.code) {
                findings.push(finding);
            }
        }
        first.get_or_insert(trial.observation);
    }
    let observation = first.unwrap_or_default();
    let unusable = unusable(&observation, &findings);
    Ok(Baseline {
        tape,
        runs: BASELINES,
        observation,
        findings,
        unusable,
    })
}

/// Why a baseline says nothing about what else a client does.
fn unusable(observation: &Observation, findings: &[Finding]) -> Option<String> {
    let why = match &observation.ended {
        Ended::Crashed { why } => format!("the client crashes on the untouched tape: {why}"),
        Ended::Hung { .. } => "the client hangs on the untouched tape".to_owned(),
        Ended::Unreadable { why } => format!("the worker's line cannot be read: {why}"),
        Ended::Answered | Ended::Exited { .. } if observation.turns.is_empty() => {
            "the client did not ask for the untouched tape".to_owned()
        }
        Ended::Answered | Ended::Exited { .. } => {
            let varies = |finding: &&Finding| finding.code == Code::BaselineVaries;
            let varies = findings.iter().find(varies)?;
            format!("the client varies on the untouched tape: {}", varies.seen)
        }
    };
    Some(why)
}
