//! The context budget: what is cut, what must never be, and what a provider would have refused.

// How far the counters are off.
mod counters;
// What is left of a long result.
mod cuts;
// The ten rules that pruning must keep, each with the refusal that it prevents.
mod invariants;
// Law 11, over random histories of each dialect.
mod law;
// What a history is made of, and what is kept of it byte for byte.
mod conversation;
// The planner over a growing history: counted once, cut once, corrected by the provider's count.
mod planner;
// The plan by itself, from numbers.
mod plan;
// Messages, in each dialect.
pub(crate) mod say;
// Random histories.
mod strategy;

use wiretape_core::budget::TokenCounter;

use say::{assistant, calls, history, results, user};

/// A token a byte: every number can be checked by hand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bytes;

impl TokenCounter for Bytes {
    fn count(&mut self, text: &str) -> u64 {
        text.len() as u64
    }
}
