//! The test kit: load tapes, replay them, and check that a reader of streams keeps the laws.
//!
//! # A client against a tape
//!
//! With the feature `server`, which is on by default, [`MockServer`] replays a recorded session to
//! any client of HTTP, byte for byte or varied by a seed; see [`server`]:
//!
//! ```
//! # #[cfg(feature = "server")]
//! # fn test() -> Result<(), Box<dyn std::error::Error>> {
//! use wiretape::vary::Profile;
//! use wiretape::{FromFile, MockServer, Tape};
//!
//! let tape = Tape::load("../../recordings/anthropic/small-tool.tape")?;
//! for seed in 0..8 {
//!     let replay = MockServer::replay(&tape).seed(seed, Profile::Lawful);
//!     let server = replay.start_blocking()?; // in async tests: start().await
//!     let turn = &server.transcript()?[0]; // what your client must come to
//!     assert_eq!(turn.tool_calls[0].name, "get_weather");
//!     # let _ =
//!     server.url(); // what to point it at
//! }
//! # Ok(())
//! # }
//! # #[cfg(feature = "server")]
//! # test()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The laws
//!
//! Of wiretape's own reader, every law over every tape; of yours, by the functions of [`laws`] that
//! take a reader:
//!
//! ```
//! let loaded = wiretape::load("../../recordings/anthropic/small-tool.tape".as_ref(), None)?;
//! let effort = wiretape::laws::Effort { runs: 8, ..Default::default() };
//! for subject in loaded.subjects() {
//!     for report in wiretape::laws::check(&subject?, &effort) {
//!         assert!(report.failure.is_none(), "{report}");
//!     }
//! }
//! # Ok::<(), wiretape::LoadError>(())
//! ```
//!
//! ```
//! # struct Yours(Vec<String>);
//! # impl Yours {
//! #     fn read(_: &[&[u8]]) -> Self { Self(Vec::new()) }
//! # }
//! use wiretape::laws::{Effort, chunk_blind, cut_safe, fault_safe, reshape_blind};
//! use wiretape::vary::Profile;
//!
//! let loaded = wiretape::load("../../recordings/anthropic/small-tool.tape".as_ref(), None)?;
//! for subject in loaded.subjects() {
//!     let subject = subject?;
//!     let (body, varied, effort) = (&subject.body, subject.varied(), Effort::default());
//!     let text_and_calls = |chunks: &[&[u8]]| Yours::read(chunks).0;
//!     let calls = |body: &[u8]| Yours::read(&[body]).0;
//!     chunk_blind(body, 0, 64, text_and_calls)?;
//!     reshape_blind(&varied, Profile::Lawful, &effort, text_and_calls)?;
//!     cut_safe(body, calls)?;
//!     fault_safe(&varied, &effort, calls)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `server` | yes | `server`: a replay server in the test's process; law 6 |
//! | `agent` | | `agent`: the agent's loop over HTTP; `forward`: a reply to a chat platform; `http`: the client of both |
//! | `insta` | | `snapshot`: transcripts, events and requests with stable names for ids and times |
//! | `proptest` | | `strategy`: scenarios, chunkings and replies that shrink |
//! | `criterion` | | `throughput`: how fast a reader is, over tapes |
//! | `wiremock` | | `respond`: a tape as the answer of a wiremock server, with what that loses |
//!
//! Each module has an example. No feature brings TLS; without `server` and `wiremock` none brings a
//! runtime.

#[cfg(feature = "agent")]
pub mod agent;
#[cfg(feature = "agent")]
pub mod forward;
#[cfg(feature = "agent")]
pub mod http;
pub mod laws;
mod load;
#[cfg(feature = "wiremock")]
pub mod respond;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "insta")]
pub mod snapshot;
#[cfg(feature = "proptest")]
pub mod strategy;
#[cfg(feature = "criterion")]
pub mod throughput;

pub use wiretape_core as core;
#[cfg(feature = "server")]
pub use wiretape_serve as serve;
pub use wiretape_tape as tape;
pub use wiretape_vary as vary;

pub use wiretape_tape::Tape;

pub use load::{FILE_BYTES_MAX, FromFile, LoadError, Loaded, Subject, find, load};
#[cfg(feature = "server")]
pub use server::{MockServer, Replay};

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
