//! A campaign, run.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use wiretape_check::campaign::{
    Baseline, Drive, Named, Plan, Record, RunError, Runner, Settings, Stop,
};
use wiretape_check::client::{Config, Mode};
use wiretape_check::{Campaign, Code};
use wiretape_tape::Tape;

use crate::own;
use crate::support::tapes;

/// The tapes of these names.
pub(crate) fn named(names: &[&str]) -> Vec<Named> {
    let all = tapes();
    let of = |name: &&str| {
        let (_, loaded) = all.iter().find(|(there, _)| there == name).unwrap();
        Named {
            name: (*name).to_owned(),
            tape: loaded.tape.clone(),
        }
    };
    names.iter().map(of).collect()
}

/// How a campaign is run.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) command: Vec<OsString>,
    pub(crate) mode: Mode,
    pub(crate) tapes: Vec<Named>,
    pub(crate) plan: Plan,
    pub(crate) jobs: usize,
    pub(crate) patience: Duration,
    pub(crate) port_per_run: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) runner: Arc<Runner>,
    pub(crate) baselines: Vec<Baseline>,
    /// In order of the cases.
    pub(crate) records: Vec<Record>,
}

impl Check {
    /// The client that does as it is told, as a worker.
    pub(crate) fn told(mode: &str, tapes: &[&str], plan: Plan) -> Self {
        Self {
            command: vec![own::program("told", "check/told.rs").into(), mode.into()],
            mode: Mode::Worker,
            tapes: named(tapes),
            plan,
            jobs: 6,
            // Longer than any pause of a machine that has much to do.
            patience: Duration::from_secs(20),
            port_per_run: false,
        }
    }

    pub(crate) fn of(command: Vec<OsString>, tapes: &[&str], plan: Plan) -> Self {
        Self {
            command,
            ..Self::told("", tapes, plan)
        }
    }

    /// One tape, made by hand.
    pub(crate) fn on(mut self, tape: Tape) -> Self {
        self.tapes = vec![Named {
            name: "by hand".to_owned(),
            tape,
        }];
        self
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            command: self.command.clone(),
            mode: self.mode,
        }
    }

    /// Runs it, but for the cases that are finished.
    pub(crate) fn go_on(&self, finished: &BTreeSet<u64>) -> Result<Ran, RunError> {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let campaign = Campaign::plan(self.tapes.clone(), self.plan.clone()).unwrap();
            let settings = Settings {
                client: self.config(),
                patience: self.patience,
                port_per_run: self.port_per_run,
            };
            let runner = Arc::new(Runner::start(Arc::new(campaign), settings).await?);
            let jobs = NonZeroUsize::new(self.jobs).unwrap();
            let drive = Drive::new(Arc::clone(&runner), jobs, Stop::default());
            let baselines = drive.baselines(|_| {}).await?;
            let mut records = Vec::new();
            let take = |record| records.push(record);
            drive.cases(&baselines, finished, take).await?;
            records.sort_by_key(|record| record.case.number);
            Ok(Ran {
                runner,
                baselines,
                records,
            })
        })
    }

    #[track_caller]
    pub(crate) fn run(&self) -> Ran {
        self.go_on(&BTreeSet::new()).unwrap()
    }
}

impl Ran {
    /// Case, class and codes of what was found.
    pub(crate) fn found(&self) -> Vec<(u64, String, Vec<Code>)> {
        let found = |record: &Record| {
            let codes = record.findings.iter().map(|finding| finding.code);
            (
                record.case.number,
                record.case.class.clone(),
                codes.collect(),
            )
        };
        self.records.iter().map(found).collect()
    }

    /// Nothing is wrong with the client, not even on the untouched tapes.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        for baseline in &self.baselines {
            let wrong = (&baseline.findings, &baseline.unusable);
            assert_eq!(wrong, (&Vec::new(), &None), "{baseline:#?}");
        }
        for record in &self.records {
            assert_eq!(record.findings, [], "{record:#?}");
        }
        assert!(!self.records.is_empty());
    }

    /// The codes that cases of these numbers show, each once, in order.
    pub(crate) fn codes(&self) -> BTreeSet<Code> {
        let findings = self.records.iter().flat_map(|record| &record.findings);
        findings.map(|finding| finding.code).collect()
    }
}

/// So many cases of a profile.
pub(crate) fn plan(profile: wiretape_vary::Profile, runs: u64) -> Plan {
    Plan {
        profile,
        runs,
        seed: 7,
        ..Plan::default()
    }
}
