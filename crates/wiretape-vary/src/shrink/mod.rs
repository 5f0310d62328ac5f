//! The smallest case of what a client does wrong, by delta debugging.
//!
//! A [`Trial`] is a tape and what is done to it. A [`Shrinker`] proposes smaller trials one after
//! the other, and is told of each whether the client still does the same wrong:
//!
//! ```text
//!  pieces ─▶ retries ─▶ places of cuts ─▶ numbers, lists, texts of pieces      the scenario
//!     └─▶ exchanges ─▶ lanes ─▶ events ─▶ texts ─▶ once more the scenario      the tape
//! ```
//!
//! *Smaller* is: fewer pieces, fewer places at which the bytes are cut, smaller numbers, earlier
//! places, fewer exchanges, fewer events, shorter texts. Times stay as they are. A tape that is made
//! smaller stays what it was to a reader: a turn stays a turn, calls stay calls whose arguments
//! parse; and the blocks and offsets that the scenario names move along.
//!
//! It is a pure machine: no client, no clock, no chance. The same answers give the same trials. Work
//! is bounded by [`Shrinker::new`]'s budget.
//!
//! ```
//! use wiretape_tape::Tape;
//! use wiretape_vary::shrink::{Shrinker, Trial};
//! use wiretape_vary::{Cutting, Piece, Scenario};
//!
//! let body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hé\"}}]}\n\ndata: [DONE]\n\n";
//! let tape = Tape::from_body(body.as_bytes(), Some("openai-chat"));
//! let pieces = vec![Piece::Bom {}, Piece::Rechunk { cut: Cutting::Bytes1 }];
//! let mut shrinker = Shrinker::new(Trial::new(&tape, Scenario::of(pieces)), 100);
//! while let Some(trial) = shrinker.propose() {
//!     // A client that cannot read a character that is cut in two.
//!     let scripts = trial.scripts(0);
//!     let holds = scripts[0].steps().any(|step| core::str::from_utf8(step.bytes).is_err());
//!     shrinker.answer(holds);
//! }
//! let at = body.find('é').unwrap() + 1;
//! let cut = Cutting::At(vec![at]);
//! assert_eq!(shrinker.best().scenario.pieces, [Piece::Rechunk { cut }]);
//! ```

mod fields;
mod halving;
mod simpler;
mod stages;
mod tape;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use wiretape_tape::{Exchange, Tape};

use crate::scenario::Scenario;
use crate::script::Script;
use stages::Stage;
use tape::Nature;

pub use simpler::simpler;

/// Runs of a client that are enough for nearly every case, and take a client of milliseconds no
/// longer than a few seconds.
pub const BUDGET: u32 = 400;

/// Candidates that are looked at for each run that the budget allows. Most that need no run are no
/// trials at all.
const LOOKS_PER_RUN: u64 = 64;

/// A tape's exchanges, and what is done to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The exchanges.
    pub exchanges: Vec<Exchange>,
    /// The tape's dialect.
    pub dialect: Option<String>,
    /// What is done to them.
    pub scenario: Scenario,
}

impl Trial {
    /// A tape's exchanges under a scenario.
    #[must_use]
    pub fn new(tape: &Tape, scenario: Scenario) -> Self {
        Self {
            exchanges: tape.exchanges.clone(),
            dialect: tape.header.dialect.clone(),
            scenario,
        }
    }

    /// The tape: the header of the one that it was made from, these exchanges. [`Tape::other`]
    /// lines are left out.
    #[must_use]
    pub fn tape(&self, from: &Tape) -> Tape {
        Tape::new(from.header.clone(), self.exchanges.clone())
    }

    /// What is sent for an exchange, attempt by attempt; the last stands for all that follow.
    #[must_use]
    pub fn scripts(&self, exchange: usize) -> Vec<Script> {
        let Some(subject) = self.subject(exchange) else {
            return Vec::new();
        };
        let scenario = &self.scenario;
        if scenario.exchange.is_some_and(|changed| changed != exchange) {
            return [Scenario::plain().apply(&subject)].into();
        }
        let mut scripts = Vec::from([scenario.apply(&subject)]);
        let retries = scenario.retries.as_ref();
        scripts.extend(retries.map(|pieces| Scenario::of(pieces.clone()).apply(&subject)));
        scripts
    }

    fn all_scripts(&self) -> Vec<Vec<Script>> {
        let exchanges = 0..self.exchanges.len();
        exchanges.map(|exchange| self.scripts(exchange)).collect()
    }
}

/// Proposes smaller trials. See the [module](self).
#[derive(Debug)]
pub struct Shrinker {
    best: Trial,
    scripts: Vec<Vec<Script>>,
    nature: Vec<Nature>,
    stage: usize,
    work: Box<dyn Stage>,
    /// What was proposed and not answered yet.
    asked: Option<Trial>,
    /// The tape was made smaller, so that the scenario may be, too.
    smaller: bool,
    again: bool,
    runs: u32,
    budget: u32,
    looks: u64,
}

impl Shrinker {
    /// Begins with a trial that is known to fail. `budget`: runs of the client at most. A trial of
    /// another tape counts for two, since the client has to be run on it untouched, too.
    #[must_use]
    pub fn new(trial: Trial, budget: u32) -> Self {
        Self {
            scripts: trial.all_scripts(),
            nature: trial.nature(),
            best: trial,
            stage: 0,
            work: stages::stage(0).unwrap_or_else(stages::none),
            asked: None,
            smaller: false,
            again: false,
            runs: 0,
            budget,
            looks: 0,
        }
    }

    /// The next trial to run; `None`: nothing smaller is left to try, or the budget is used up. One
    /// that was proposed before and not answered did not hold.
    pub fn propose(&mut self) -> Option<Trial> {
        if self.asked.is_some() {
            self.answer(false);
        }
        loop {
            self.looks += 1;
            if u64::from(self.budget) * LOOKS_PER_RUN < self.looks {
                return None;
            }
            let Some(trial) = self.work.next(&self.best) else {
                if !self.advance() {
                    return None;
                }
                continue;
            };
            let other_tape = trial.exchanges != self.best.exchanges;
            if other_tape && !self.is_alike(&trial) {
                self.work.answer(false);
                continue;
            }
            let scripts = trial.all_scripts();
            if !fits(&trial, &scripts) {
                self.work.answer(false);
            } else if !other_tape && scripts == self.scripts {
                // Nobody can tell the difference.
                self.keep(trial, scripts);
                self.work.answer(true);
            } else {
                let cost = if other_tape { 2 } else { 1 };
                if self.budget < self.runs.saturating_add(cost) {
                    return None;
                }
                self.runs += cost;
                self.asked = Some(trial.clone());
                return Some(trial);
            }
        }
    }

    /// Whether the client does the same wrong on what was proposed.
    pub fn answer(&mut self, holds: bool) {
        let Some(trial) = self.asked.take() else {
            return;
        };
        if holds {
            self.smaller |= trial.exchanges != self.best.exchanges;
            let scripts = trial.all_scripts();
            self.keep(trial, scripts);
        }
        self.work.answer(holds);
    }

    /// The smallest trial so far that fails.
    #[must_use]
    pub fn best(&self) -> &Trial {
        &self.best
    }

    /// How many runs were asked for.
    #[must_use]
    pub fn runs(&self) -> u32 {
        self.runs
    }

    fn keep(&mut self, trial: Trial, scripts: Vec<Vec<Script>>) {
        if trial.exchanges.len() != self.best.exchanges.len() {
            self.nature = trial.nature();
        }
        self.best = trial;
        self.scripts = scripts;
    }

    /// The next stage; `false` behind the last.
    fn advance(&mut self) -> bool {
        self.stage += 1;
        if stages::COUNT <= self.stage && self.smaller && !self.again {
            self.stage = 0;
            self.again = true;
        }
        let end = if self.again {
            stages::OF_SCENARIO
        } else {
            stages::COUNT
        };
        let next = stages::stage(self.stage).filter(|_| self.stage < end);
        let more = next.is_some();
        self.work = next.unwrap_or_else(stages::none);
        more
    }

    /// The tape is to a reader what it was.
    fn is_alike(&self, trial: &Trial) -> bool {
        let nature = trial.nature();
        if trial.exchanges.len() == self.best.exchanges.len() {
            return nature == self.nature;
        }
        // A client has to come to its end.
        let ends = |nature: &[Nature]| nature.last().is_some_and(|last| last.calls);
        ends(&nature) == ends(&self.nature)
    }
}

/// Every piece does something somewhere.
fn fits(trial: &Trial, scripts: &[Vec<Script>]) -> bool {
    let scenario = &trial.scenario;
    if scenario
        .exchange
        .is_some_and(|changed| trial.exchanges.len() <= changed)
    {
        return false;
    }
    let idle = |number: usize, attempt: usize| {
        let mut changed = scripts
            .iter()
            .enumerate()
            .filter(|(exchange, _)| scenario.exchange.is_none_or(|changed| changed == *exchange));
        changed.all(|(_, scripts)| {
            let skipped = scripts
                .get(attempt)
                .map_or(&[][..], |script| &script.skipped);
            skipped.iter().any(|(skipped, _)| *skipped == number)
        })
    };
    let retries = scenario.retries.as_ref().map_or(0, Vec::len);
    (0..scenario.pieces.len()).all(|number| !idle(number, 0))
        && (0..retries).all(|number| !idle(number, 1))
}
