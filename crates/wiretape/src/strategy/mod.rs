//! Proptest strategies: scenarios, partitions of a body, whole replies. Feature `proptest`.
//!
//! Each shrinks towards what a person wants to see: fewer pieces, fewer cuts, shorter texts.
//!
//! ```
//! use proptest::prelude::*;
//! use wiretape::{strategy, tape::Tape, vary::{Profile, Subject}};
//!
//! # let body = b"data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\ndata: [DONE]\n\n";
//! let tape = Tape::from_body(body, Some("openai-chat")); // or one that `wiretape::load` read
//! let subject = Subject::new(&tape.exchanges[0], Some("openai-chat"));
//! proptest!(|(scenario in strategy::scenarios(&subject, Profile::Wire))| {
//!     let script = scenario.apply(&subject);
//!     prop_assert_eq!(script.body(), body); // yours: what your reader makes of it
//! });
//! proptest!(|(cuts in strategy::partitions(body.len()))| {
//!     prop_assert_eq!(strategy::pieces(body, &cuts).concat(), body);
//! });
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "what is generated is well formed by construction, and a test may panic"
)]

mod reply;
mod scenario;

use std::collections::BTreeSet;

use proptest::prelude::*;

pub use reply::{Expected, ExpectedCall, Reply, Rest, replies};
pub use scenario::{ScenarioTree, Scenarios, scenarios};

/// Ways to cut a body of so many bytes, as the offsets of the cuts: from none up to one between
/// any two bytes, most of them few. Shrinks towards none.
pub fn partitions(bytes: usize) -> impl Strategy<Value = BTreeSet<usize>> {
    let places = 1..bytes.max(2);
    let most = bytes.saturating_sub(1);
    let some = |cuts: usize| proptest::collection::btree_set(places.clone(), 0..=cuts.min(most));
    prop_oneof![3 => some(4), 2 => some(64), 1 => some(most)]
}

/// The body cut at these offsets; those outside it do nothing.
#[must_use]
pub fn pieces<'a>(body: &'a [u8], cuts: &BTreeSet<usize>) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for &cut in cuts.iter().filter(|cut| (1..body.len()).contains(*cut)) {
        pieces.push(&body[from..cut]);
        from = cut;
    }
    pieces.push(&body[from..]);
    pieces
}
