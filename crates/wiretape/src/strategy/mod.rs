//! Strategies for property tests of your own reader: scenarios, ways to cut a body, replies.
//!
//! ```
//! use proptest::prelude::*;
//! use wiretape::core::{Dialect, Options, Transcript, read};
//! use wiretape::strategy::{chunkings, scenarios};
//! use wiretape::vary::{Profile, Subject};
//! use wiretape::{FromFile, Tape};
//!
//! let tape = Tape::load("../../recordings/anthropic/small-tool.tape")?;
//! let subject = Subject::new(&tape.exchanges[0], Some("anthropic"));
//! // Your reader here.
//! let meaning = |body: &[u8]| {
//!     Transcript::of(&read(Dialect::Anthropic, Options::default(), body)).meaning()
//! };
//! let whole = meaning(subject.body());
//! proptest!(ProptestConfig::with_cases(16), |(
//!     scenario in scenarios(&subject, Profile::Lawful),
//!     chunking in chunkings(subject.body().len()),
//! )| {
//!     prop_assert_eq!(&meaning(scenario.apply(&subject).body()), &whole);
//!     prop_assert_eq!(&meaning(&chunking.pieces(subject.body()).concat()), &whole);
//! });
//! # Ok::<(), wiretape::LoadError>(())
//! ```
//!
//! What fails is shrunk: a scenario to the fewest pieces, and these to the simplest, that still
//! fail; a chunking to the fewest cuts; a reply to few and short parts.

mod chunking;
mod fewer;
mod reply;
mod scenario;

pub use chunking::{Chunking, ChunkingStrategy, ChunkingTree, chunkings};
pub use reply::{Answered, Called, Expected, More, Reply, replies};
pub use scenario::{ScenarioStrategy, ScenarioTree, scenarios};
