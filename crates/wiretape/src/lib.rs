//! The test kit: load tapes, and check that a reader of streams keeps the laws.
//!
//! Of wiretape's own reader, every law over every tape; of yours, by the functions of [`laws`] that
//! take a reader:
//!
//! ```no_run
//! let loaded = wiretape::load("recordings/anthropic/text.tape".as_ref(), None)?;
//! for subject in loaded.subjects() {
//!     for report in wiretape::laws::check(&subject?, &wiretape::laws::Effort::default()) {
//!         assert!(report.failure.is_none(), "{report}");
//!     }
//! }
//! # Ok::<(), wiretape::LoadError>(())
//! ```
//!
//! ```no_run
//! # struct Yours(Vec<String>);
//! # impl Yours {
//! #     fn read(_: &[&[u8]]) -> Self { Self(Vec::new()) }
//! # }
//! use wiretape::laws::{Effort, chunk_blind, cut_safe, fault_safe, reshape_blind};
//! use wiretape::vary::Profile;
//!
//! let loaded = wiretape::load("recordings/anthropic/small-tool.tape".as_ref(), None)?;
//! for subject in loaded.subjects() {
//!     let subject = subject?;
//!     let (body, varied, effort) = (&subject.body, subject.varied(), Effort::default());
//!     let text_and_calls = |chunks: &[&[u8]]| Yours::read(chunks).0;
//!     let calls = |body: &[u8]| Yours::read(&[body]).0;
//!     chunk_blind(body, 0, 64, text_and_calls)?;
//!     reshape_blind(&varied, Profile::Reshape, &effort, text_and_calls)?;
//!     cut_safe(body, calls)?;
//!     fault_safe(&varied, &effort, calls)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
pub use wiretape_tape as tape;
pub use wiretape_vary as vary;

pub use wiretape_tape::Tape;

#[cfg(feature = "server")]
pub use wiretape_serve as serve;

pub use load::{FILE_BYTES_MAX, FromFile, LoadError, Loaded, Subject, find, load};
#[cfg(feature = "server")]
pub use server::{MockServer, Replay};

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
