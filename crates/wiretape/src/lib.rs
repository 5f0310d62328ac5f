//! The test kit: load tapes, and check that a reader of streams keeps the laws.
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

pub mod laws;
mod load;

pub use load::{FILE_BYTES_MAX, LoadError, Loaded, Subject, find, load};

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
