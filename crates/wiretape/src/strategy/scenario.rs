//! Scenarios that shrink to the pieces that matter.

use proptest::prelude::RngCore;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use wiretape_vary::{Piece, Profile, Scenario, Subject};

/// Scenarios of a profile that fit a subject. Shrinks by leaving out pieces.
///
/// Each value is what [`Scenario::generate`] gives for its seed, until it is shrunk: then `seed`
/// still tells where it came from, and `pieces` what is left.
#[must_use]
pub fn scenarios(subject: &Subject, profile: Profile) -> Scenarios {
    Scenarios {
        subject: subject.clone(),
        profile,
    }
}

/// What [`scenarios`] returns.
#[derive(Clone, Debug)]
pub struct Scenarios {
    subject: Subject,
    profile: Profile,
}

impl Strategy for Scenarios {
    type Tree = ScenarioTree;
    type Value = Scenario;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = runner.rng().next_u64();
        let scenario = Scenario::generate(seed, self.profile, &self.subject);
        Ok(ScenarioTree::new(scenario))
    }
}

/// A scenario being shrunk: piece after piece is left out, and put back if it is needed.
#[derive(Clone, Debug)]
pub struct ScenarioTree {
    scenario: Scenario,
    /// The piece that is tried next.
    next: usize,
    /// The piece that was left out last, and where it stood.
    out: Option<(usize, Piece)>,
    /// A piece was left out for good since the first was tried.
    fewer: bool,
}

impl ScenarioTree {
    fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            next: 0,
            out: None,
            fewer: false,
        }
    }
}

impl ValueTree for ScenarioTree {
    type Value = Scenario;

    fn current(&self) -> Scenario {
        self.scenario.clone()
    }

    fn simplify(&mut self) -> bool {
        // The last piece left out was not needed: it stays out.
        self.fewer |= self.out.take().is_some();
        let pieces = &mut self.scenario.pieces;
        if self.next >= pieces.len() {
            // What one piece needed may be gone with another.
            if !self.fewer || pieces.is_empty() {
                return false;
            }
            self.fewer = false;
            self.next = 0;
        }
        self.out = Some((self.next, pieces.remove(self.next)));
        true
    }

    fn complicate(&mut self) -> bool {
        let Some((place, piece)) = self.out.take() else {
            return false;
        };
        self.scenario.pieces.insert(place, piece);
        self.next = place + 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;
    use wiretape_vary::{Piece, Scenario};

    use super::ScenarioTree;

    /// Shrinks as proptest does, as long as the test fails.
    fn shrunk(pieces: Vec<Piece>, fails: impl Fn(&[Piece]) -> bool) -> Vec<Piece> {
        let mut tree = ScenarioTree::new(Scenario::of(pieces));
        let mut more = tree.simplify();
        while more {
            more = if fails(&tree.current().pieces) {
                tree.simplify()
            } else {
                tree.complicate() && tree.simplify()
            };
        }
        tree.current().pieces
    }

    fn comment(before_block: usize) -> Piece {
        let text = String::new();
        Piece::Comment { before_block, text }
    }

    #[test]
    fn only_the_pieces_that_matter_stay() {
        let all: Vec<Piece> = (0..9).map(comment).collect();
        let has = |pieces: &[Piece], wanted: usize| pieces.contains(&comment(wanted));
        assert_eq!(shrunk(all.clone(), |_| true), []);
        assert_eq!(shrunk(all.clone(), |_| false), all);
        let two = shrunk(all.clone(), |pieces| has(pieces, 2) && has(pieces, 7));
        assert_eq!(two, [comment(2), comment(7)]);
        // 0 is needed only as long as 8 is there, which comes later.
        let one = shrunk(all, |pieces| {
            has(pieces, 5) && (has(pieces, 0) || !has(pieces, 8))
        });
        assert_eq!(one, [comment(5)]);
    }
}
