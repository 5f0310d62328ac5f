//! One run of a client: a delivery is mounted, the client gets its order, and what it did is seen.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use wiretape_serve::{Config, Mount, MountError, Pace, Report, Server};
use wiretape_tape::Body;
use wiretape_vary::{Scenario, Script};

use super::observe::observation;
use super::plan::{Campaign, Prepared};
use super::watch::{Limits, Pace as Usual, hung};
use crate::client::{self, Client, Order, Reply, StartError};
use crate::clock::Clock;
use crate::{Case, Ended, Finding, Observation, verdict};

/// How long what the server has not noted yet is waited for, once a client has answered.
const SETTLE: Duration = Duration::from_millis(50);
/// Between two looks.
const SETTLE_LOOK: Duration = Duration::from_micros(500);
/// How long a stalled connection is kept: longer than any client is waited for.
const LINGER: Duration = Duration::from_secs(7_200);
/// Reasons of misses that are kept at a time.
const WHYS_MAX: usize = 10_000;

/// How a client is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The client.
    pub client: client::Config,
    /// How long it may do nothing after the last byte was sent or the last request came.
    pub patience: Duration,
    /// A server for each run, for clients that drop the path of a base URL.
    pub port_per_run: bool,
}

/// A run that cannot be done. What a client does wrong is none.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The client cannot be started.
    Start(StartError),
    /// The delivery cannot be played.
    Mount(MountError),
    /// The server cannot listen.
    Listen(io::Error),
    /// A task of this program broke.
    Broken(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Mount(error) => error.fmt(f),
            Self::Listen(error) => write!(f, "cannot listen: {error}"),
            Self::Broken(why) => write!(f, "a run broke: {why}"),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(error) => Some(error),
            Self::Mount(error) => Some(error),
            Self::Listen(error) => Some(error),
            Self::Broken(_) => None,
        }
    }
}

impl From<StartError> for RunError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<MountError> for RunError {
    fn from(error: MountError) -> Self {
        Self::Mount(error)
    }
}

/// One run, as it was seen.
#[derive(Debug)]
pub struct Trial {
    /// What the client did.
    pub observation: Observation,
    /// What was sent for each exchange, attempt by attempt.
    pub sent: Vec<Vec<Script>>,
}

impl Trial {
    /// What the client did wrong on the tape, as the case delivers it, or untouched. `baseline`: what
    /// it did on the untouched tape.
    #[must_use]
    pub fn judge(
        &self,
        prepared: &Prepared,
        case: Option<&Case>,
        baseline: &Observation,
    ) -> Vec<Finding> {
        let mut findings = verdict::judge(verdict::Run {
            tape: &prepared.tape,
            replies: &prepared.replies,
            case,
            sent: &self.sent,
            baseline,
            seen: &self.observation,
        });
        for finding in &mut findings {
            finding.place.tape.clone_from(&prepared.name);
        }
        findings
    }
}

/// Runs a client against the tapes of a campaign.
#[derive(Debug)]
pub struct Runner {
    campaign: Arc<Campaign>,
    settings: Settings,
    server: Server,
    /// Of each tape, taken apart once.
    mounts: Vec<Mount>,
    noted: Arc<Noted>,
    usual: Usual,
}

/// What a server told beside what it keeps.
#[derive(Debug, Default)]
struct Noted(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    /// By prefix and request: why no exchange answers.
    whys: BTreeMap<(String, usize), String>,
    /// The first path that was asked for outside every prefix.
    outside: Option<String>,
}

impl Noted {
    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, report: &Report) {
        match report {
            Report::Miss {
                prefix,
                number,
                why,
                ..
            } => {
                let mut notes = self.lock();
                if notes.whys.len() < WHYS_MAX {
                    notes.whys.insert((prefix.clone(), *number), why.clone());
                }
            }
            Report::Refused {
                status: 404,
                message,
            } => {
                let path = message.split(": ").next().unwrap_or_default();
                self.lock().outside.get_or_insert_with(|| path.to_owned());
            }
            _ => {}
        }
    }

    /// Why the requests of a run had no answer; they are forgotten.
    fn whys(&self, prefix: &str) -> BTreeMap<usize, String> {
        let mut notes = self.lock();
        let of_it = |((of, _), _): &(&(String, usize), &String)| of == prefix;
        let whys = notes.whys.iter().filter(of_it);
        let whys: BTreeMap<usize, String> = whys
            .map(|((_, number), why)| (*number, why.clone()))
            .collect();
        if !whys.is_empty() {
            notes.whys.retain(|(of, _), _| of != prefix);
        }
        whys
    }
}

impl Runner {
    /// Listens.
    ///
    /// # Errors
    /// Where it cannot.
    pub async fn start(campaign: Arc<Campaign>, settings: Settings) -> Result<Self, RunError> {
        let noted = Arc::default();
        let server = listen(&noted).await?;
        let mounts = campaign.tapes().iter().map(mount).collect();
        Ok(Self {
            campaign,
            settings,
            server,
            mounts,
            noted,
            usual: Usual::default(),
        })
    }

    /// What is run.
    #[must_use]
    pub fn campaign(&self) -> &Campaign {
        &self.campaign
    }

    /// How it is run.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A client for one job.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.settings.client.clone())
    }

    /// The first path that a client asked for outside the base URL that it had been given.
    #[must_use]
    pub fn outside(&self) -> Option<String> {
        self.noted.lock().outside.clone()
    }

    /// What is sent under a scenario for each exchange of a tape, attempt by attempt; the last stands
    /// for all that follow. Nothing is run.
    #[must_use]
    pub fn sent(&self, tape: usize, scenario: &Scenario) -> Vec<Vec<Script>> {
        let mount = self.mounts.get(tape).cloned();
        let mount = mount.map(|mount| mount.scenario(scenario.clone()));
        mount.as_ref().map(scripts).unwrap_or_default()
    }

    /// One delivery of a tape of the campaign. `run` names it: letters, digits and `-`, each name
    /// once at a time.
    ///
    /// # Errors
    /// Where the run cannot be done.
    pub async fn trial(
        &self,
        client: &mut Client,
        run: &str,
        tape: usize,
        scenario: &Scenario,
    ) -> Result<Trial, RunError> {
        let prepared = self.campaign.tapes().get(tape).zip(self.mounts.get(tape));
        let Some((prepared, mount)) = prepared else {
            return Err(RunError::Broken(format!("there is no tape {tape}")));
        };
        let mount = mount.clone().scenario(scenario.clone());
        self.run(client, run, prepared, mount, scenario.pieces.is_empty())
            .await
    }

    /// The same for a tape that is not of the campaign: one that is made smaller.
    ///
    /// # Errors
    /// Where the run cannot be done.
    pub async fn trial_of(
        &self,
        client: &mut Client,
        run: &str,
        prepared: &Prepared,
        scenario: &Scenario,
    ) -> Result<Trial, RunError> {
        let mount = mount(prepared).scenario(scenario.clone());
        self.run(client, run, prepared, mount, scenario.pieces.is_empty())
            .await
    }

    /// What the client did wrong on a case, with what it did.
    ///
    /// # Errors
    /// Where the run cannot be done.
    pub async fn judged(
        &self,
        client: &mut Client,
        run: &str,
        case: &Case,
        baseline: &Observation,
    ) -> Result<(Vec<Finding>, Observation), RunError> {
        let trial = self.trial(client, run, case.tape, &case.scenario).await?;
        let findings = match self.campaign.tapes().get(case.tape) {
            Some(prepared) => trial.judge(prepared, Some(case), baseline),
            None => Vec::new(),
        };
        Ok((findings, trial.observation))
    }

    async fn run(
        &self,
        client: &mut Client,
        run: &str,
        prepared: &Prepared,
        mount: Mount,
        plain: bool,
    ) -> Result<Trial, RunError> {
        let own = match self.settings.port_per_run {
            true => Some(listen(&self.noted).await?),
            false => None,
        };
        let (server, prefix) = match &own {
            Some(server) => (server, String::new()),
            None => (&self.server, format!("/r{run}")),
        };
        let sent = scripts(&mount);
        let mounted = Mounted::new(server, &prefix, mount)?;
        let order = order(run, &mounted, prepared);
        let limits = |fresh| {
            let patience = self.settings.patience.as_nanos();
            let patience = u64::try_from(patience).unwrap_or(u64::MAX);
            let after_ns = retry_after_ns(prepared, &sent);
            Limits::new(patience, &self.usual, fresh, &sent, after_ns)
        };
        let mut clock = Clock::start();
        let limit = hung(server, &prefix, limits(client.starts()));
        let mut reply = client.run(&order, limit).await?;
        if went_before(&reply) && mounted.is_untouched() {
            // It went when the run before was over: this run has not begun yet.
            mounted.reset();
            clock = Clock::start();
            reply = client
                .run(&order, hung(server, &prefix, limits(true)))
                .await?;
        }
        let elapsed_ns = clock.now_ns();
        if plain && !matches!(reply.ended, Ended::Hung { .. }) {
            self.usual.took(reply.fresh, elapsed_ns);
        }
        mounted.settle().await;
        let seen = server.requests(&prefix);
        let whys = self.noted.whys(&prefix);
        let why = |number| whys.get(&number).cloned();
        Ok(Trial {
            observation: observation(prepared, &seen, why, reply, elapsed_ns),
            sent,
        })
    }
}

/// A worker that was there already ended without an answer.
fn went_before(reply: &Reply) -> bool {
    !reply.fresh && matches!(reply.ended, Ended::Crashed { .. })
}

fn order(run: &str, mounted: &Mounted<'_>, prepared: &Prepared) -> Order {
    let first = prepared.tape.exchanges.first();
    let request = first.and_then(|exchange| exchange.request.as_ref());
    let request = match request.map(|request| &request.body) {
        Some(Body::Json(text)) => RawValue::from_string(text.clone()).ok(),
        _ => None,
    };
    Order {
        run: run.to_owned(),
        base_url: format!("{}{}", mounted.server.url(), mounted.prefix),
        tape: prepared.name.clone(),
        request,
    }
}

fn mount(prepared: &Prepared) -> Mount {
    let mount = Mount::new(&prepared.tape).pace(Pace::Scripted { n: 1, of: 1 });
    match prepared.dialect {
        Some(dialect) => mount.dialect(dialect.name()),
        None => mount,
    }
}

fn scripts(mount: &Mount) -> Vec<Vec<Script>> {
    let scripts = (0..).map(|exchange| mount.scripts(exchange).to_vec());
    scripts
        .take_while(|attempts| !attempts.is_empty())
        .collect()
}

async fn listen(noted: &Arc<Noted>) -> Result<Server, RunError> {
    let noted = Arc::clone(noted);
    let config = Config {
        linger: LINGER,
        observer: Some(Arc::new(move |report: &Report| noted.take(report))),
        ..Config::default()
    };
    Server::start(config).await.map_err(RunError::Listen)
}

/// The longest time that an answer tells the client to wait.
fn retry_after_ns(prepared: &Prepared, sent: &[Vec<Script>]) -> u64 {
    let recorded = prepared.tape.exchanges.iter();
    let recorded = recorded.filter_map(|exchange| exchange.response.as_ref());
    let recorded = recorded.flat_map(|response| &response.headers);
    let heads = sent
        .iter()
        .flatten()
        .filter_map(|script| script.head.as_ref());
    let dates = heads.clone().filter_map(|head| head.retry_at_s);
    let dates = dates.map(|seconds| u64::from(seconds).saturating_mul(1_000_000_000));
    let headers = heads.flat_map(|head| &head.headers);
    let waits = recorded.chain(headers).map(wait_ns);
    waits.chain(dates).max().unwrap_or_default()
}

fn wait_ns((name, value): &(String, String)) -> u64 {
    let number = || value.trim().parse::<u64>().unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "retry-after" => number().saturating_mul(1_000_000_000),
        "retry-after-ms" => number().saturating_mul(1_000_000),
        _ => 0,
    }
}

/// A delivery that stands at its prefix until this is dropped.
struct Mounted<'a> {
    server: &'a Server,
    prefix: &'a str,
}

impl<'a> Mounted<'a> {
    fn new(server: &'a Server, prefix: &'a str, mount: Mount) -> Result<Self, MountError> {
        server.mount(prefix, mount)?;
        Ok(Self { server, prefix })
    }

    fn is_untouched(&self) -> bool {
        let activity = self.server.activity(self.prefix);
        activity.is_some_and(|activity| activity.requests == 0)
    }

    fn reset(&self) {
        self.server.reset(self.prefix);
    }

    /// Waits until every answer is over or stalled, but not for long.
    async fn settle(&self) {
        let busy = || {
            let activity = self.server.activity(self.prefix);
            activity.is_some_and(|activity| activity.in_flight > 0)
        };
        let settled = async {
            while busy() {
                tokio::time::sleep(SETTLE_LOOK).await;
            }
        };
        let _ = tokio::time::timeout(SETTLE, settled).await;
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        self.server.unmount(self.prefix);
    }
}
