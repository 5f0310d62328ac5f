//! Ways to cut a body.

use proptest::prelude::any;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::fewer::Fewer;
use crate::laws::partition::{Chance, Partition, pieces};

/// Where a body is cut into chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunking {
    /// Rising offsets, neither 0 nor the body's length.
    pub cuts: Vec<usize>,
}

impl Chunking {
    /// The chunks of a body of the length that this was made for.
    #[must_use]
    pub fn pieces<'a>(&self, body: &'a [u8]) -> Vec<&'a [u8]> {
        pieces(body, &self.cuts)
    }
}

/// Ways to cut a body of this many bytes: chunks of one size, of sizes by chance, few and many.
/// They shrink to fewer cuts.
#[must_use]
pub const fn chunkings(bytes: usize) -> ChunkingStrategy {
    ChunkingStrategy { bytes }
}

/// See [`chunkings`].
#[derive(Clone, Copy, Debug)]
pub struct ChunkingStrategy {
    bytes: usize,
}

/// A chunking as it shrinks.
#[derive(Clone, Debug)]
pub struct ChunkingTree {
    cuts: Fewer<usize>,
}

impl Strategy for ChunkingStrategy {
    type Tree = ChunkingTree;
    type Value = Chunking;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut chance = Chance::new(any::<u64>().new_tree(runner)?.current());
        let partition = match chance.below(4) {
            0 => Partition::every(1 + chance.below(64), self.bytes),
            _ => Partition::random(&mut chance, self.bytes),
        };
        Ok(ChunkingTree {
            cuts: Fewer::new(partition.cuts, |_| Vec::new()),
        })
    }
}

impl ValueTree for ChunkingTree {
    type Value = Chunking;

    fn current(&self) -> Chunking {
        let cuts = self.cuts.items().to_vec();
        Chunking { cuts }
    }

    fn simplify(&mut self) -> bool {
        self.cuts.simplify()
    }

    fn complicate(&mut self) -> bool {
        self.cuts.complicate()
    }
}
