//! Scenarios that shrink.

use std::sync::Arc;

use proptest::prelude::any;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use wiretape_vary::shrink::simpler;
use wiretape_vary::{Piece, Profile, Scenario, Subject};

use super::fewer::Fewer;

/// Scenarios that fit a subject. They shrink to fewer and simpler pieces.
#[must_use]
pub fn scenarios(subject: &Subject, profile: Profile) -> ScenarioStrategy {
    ScenarioStrategy {
        subject: Arc::new(subject.clone()),
        profile,
    }
}

/// See [`scenarios`].
#[derive(Clone, Debug)]
pub struct ScenarioStrategy {
    subject: Arc<Subject>,
    profile: Profile,
}

/// A scenario as it shrinks.
#[derive(Clone, Debug)]
pub struct ScenarioTree {
    scenario: Scenario,
    pieces: Fewer<Piece>,
}

impl Strategy for ScenarioStrategy {
    type Tree = ScenarioTree;
    type Value = Scenario;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = any::<u64>().new_tree(runner)?.current();
        let scenario = Scenario::generate(seed, self.profile, &self.subject);
        Ok(ScenarioTree {
            pieces: Fewer::new(scenario.pieces.clone(), simpler),
            scenario,
        })
    }
}

impl ValueTree for ScenarioTree {
    type Value = Scenario;

    fn current(&self) -> Scenario {
        Scenario {
            pieces: self.pieces.items().to_vec(),
            ..self.scenario.clone()
        }
    }

    fn simplify(&mut self) -> bool {
        self.pieces.simplify()
    }

    fn complicate(&mut self) -> bool {
        self.pieces.complicate()
    }
}
