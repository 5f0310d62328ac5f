//! The smallest case of a finding: a client is run on what a [`Shrinker`] proposes.

use wiretape_tape::Tape;
use wiretape_vary::Scenario;
use wiretape_vary::shrink::{BUDGET, Shrinker, Trial};

use crate::campaign::{Named, Prepared, RunError, Runner};
use crate::client::Client;
use crate::{Case, Code, Finding, Observation};

/// Runs for a code that is seen only when the client's patience is at its end.
const BUDGET_OF_WAITS: u32 = 24;

/// How often the smallest case is run once more, to know whether it always fails.
const AGAIN: u32 = 2;

/// A finding's smallest case.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The tape that is left.
    pub tape: Tape,
    /// What is done to it, and what the client did wrong then. [`Finding::flaky`]: not each time.
    pub finding: Finding,
    /// What the client did.
    pub observation: Observation,
    /// How often it was run.
    pub runs: u32,
}

/// How many runs a code is worth, where `budget` does not say.
#[must_use]
pub fn budget(code: Code, budget: Option<u32>) -> u32 {
    budget.unwrap_or(match code {
        Code::Hang | Code::NoIdleTimeout => BUDGET_OF_WAITS,
        _ => BUDGET,
    })
}

/// A tape that is tried, and what the client does on it untouched.
struct Ground {
    prepared: Prepared,
    baseline: Observation,
}

/// What is made smaller, and for whom.
struct Work<'a> {
    runner: &'a Runner,
    client: &'a mut Client,
    /// Names the runs.
    name: &'a str,
    tape_name: &'a str,
    tape: &'a Tape,
    case: &'a Case,
    code: Code,
    count: u32,
}

/// Makes the case of a finding smaller as long as its code is found.
///
/// `name` names the runs: letters, digits and `-`, each name once at a time. `tape` is the tape as
/// it is played, `baseline` what the client did on it untouched. `None` where the code is not found
/// when the case is run again.
///
/// # Errors
/// Where a run cannot be done.
#[expect(clippy::too_many_arguments, reason = "each is of another owner")]
pub async fn shrink(
    runner: &Runner,
    client: &mut Client,
    name: &str,
    prepared: &Prepared,
    case: &Case,
    code: Code,
    baseline: &Observation,
    budget: u32,
) -> Result<Option<Shrunk>, RunError> {
    let mut work = Work {
        runner,
        client,
        name,
        tape_name: &prepared.name,
        tape: &prepared.tape,
        case,
        code,
        count: 0,
    };
    let trial = Trial::new(&prepared.tape, case.scenario.clone());
    let mut ground = Ground {
        prepared: ground_of(&prepared.name, prepared.tape.clone()),
        baseline: baseline.clone(),
    };
    let Some(mut best) = work.holds(&ground, &case.scenario).await? else {
        return Ok(None);
    };
    let mut shrinker = Shrinker::new(trial, budget);
    while let Some(trial) = shrinker.propose() {
        let other = trial.exchanges != shrinker.best().exchanges;
        let found = if other {
            match work.ground(&trial).await? {
                Some(smaller) => {
                    let found = work.holds(&smaller, &trial.scenario).await?;
                    if found.is_some() {
                        ground = smaller;
                    }
                    found
                }
                None => None,
            }
        } else {
            work.holds(&ground, &trial.scenario).await?
        };
        shrinker.answer(found.is_some());
        best = found.unwrap_or(best);
    }
    let trial = shrinker.best();
    let (mut finding, observation) = best;
    for _ in 0..AGAIN {
        finding.flaky |= work.holds(&ground, &trial.scenario).await?.is_none();
    }
    // What a piece that changes nothing took with it is not in what was run last.
    finding.place.scenario = trial.scenario.clone();
    Ok(Some(Shrunk {
        tape: trial.tape(&prepared.tape),
        finding,
        observation,
        runs: work.count,
    }))
}

/// The tape by itself, as it is played.
fn ground_of(name: &str, tape: Tape) -> Prepared {
    let name = name.to_owned();
    Prepared::of(Named { name, tape }, true)
}

impl Work<'_> {
    /// The code's finding and what the client did, where it is found.
    async fn holds(
        &mut self,
        ground: &Ground,
        scenario: &Scenario,
    ) -> Result<Option<(Finding, Observation)>, RunError> {
        let run = self.next();
        let trial = self
            .runner
            .trial_of(self.client, &run, &ground.prepared, scenario)
            .await?;
        let case = Case {
            scenario: scenario.clone(),
            ..self.case.clone()
        };
        let findings = trial.judge(&ground.prepared, Some(&case), &ground.baseline);
        let code = self.code;
        let found = findings.into_iter().find(|finding| finding.code == code);
        Ok(found.map(|finding| (finding, trial.observation)))
    }

    /// A smaller tape, where the client can be judged on it.
    async fn ground(&mut self, trial: &Trial) -> Result<Option<Ground>, RunError> {
        let prepared = ground_of(self.tape_name, trial.tape(self.tape));
        let run = self.next();
        let plain = Scenario::plain();
        let untouched = self
            .runner
            .trial_of(self.client, &run, &prepared, &plain)
            .await?;
        let findings = untouched.judge(&prepared, None, &untouched.observation);
        // What it does wrong anyway is not what the delivery does to it.
        let sound = findings
            .iter()
            .all(|finding| finding.code != Code::BaselineFails);
        Ok(sound.then_some(Ground {
            prepared,
            baseline: untouched.observation,
        }))
    }

    fn next(&mut self) -> String {
        self.count += 1;
        format!("{}-s{}", self.name, self.count)
    }
}
