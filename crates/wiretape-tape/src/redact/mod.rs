//! Secrets out of recorded bytes: same length, same places, however the bytes were cut.
//!
//! A [`Redactor`] reads a body as it comes and gives it back with each secret's bytes as `*`, so that
//! lengths, offsets and chunk boundaries stay. Two machines, one behind the other:
//!
//! 1. the *literal* one knows the secrets of this very request (its `authorization`, its keys) and
//!    finds them wherever they are echoed;
//! 2. the *pattern* one knows what keys look like: `sk-…` and its relatives, `AIza…`, GitHub, Slack,
//!    AWS, Stripe, Hugging Face and other tokens, `Bearer …`, JSON Web Tokens, PEM private keys.
//!
//! What it promises:
//! * *Chunk-blind*: the bytes alone decide, not how they are cut. It works byte by byte.
//! * *Bounded*: a byte is held back only while it could belong to a secret that is not certain yet,
//!   never more than [`HOLD_BYTES_MAX`]; what is certain is not held.
//! * *JSON stays JSON*: a pattern never replaces a quote, a backslash or what one escapes.
//! * *Ordinary text stays*: a pattern begins at the edge of a word, and needs more than a word:
//!   `task-oriented`, `sk-learn`, base64 of an image are no secrets.
//!
//! What it cannot do: see into compressed bytes, or join a secret that a model spells out over several
//! pieces of JSON.
//!
//! ```
//! use wiretape_tape::redact::Redactor;
//!
//! let mut redactor = Redactor::new(&[b"correct horse battery".to_vec()]);
//! let mut out = Vec::new();
//! redactor.feed(br#"{"echo":"correct horse bat"#, &mut out);
//! redactor.feed(br#"tery","key":"sk-ant-api03-Zm9vYmFy"}"#, &mut out);
//! redactor.finish(&mut out);
//! assert_eq!(out, br#"{"echo":"*********************","key":"*********************"}"#);
//! assert_eq!(redactor.replaced().len(), 2);
//! ```

mod edge;
mod head;
mod kept;
mod literal;
mod pattern;
mod rules;
#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;

pub use head::{header_secrets, is_secret_header, is_secret_key, path, query_secrets};
pub use kept::{KEPT, is_kept};
use literal::Literals;
pub use literal::{LITERAL_BYTES_MIN, LITERALS_MAX};
use pattern::Patterns;

/// Bytes that are held back at most.
pub const HOLD_BYTES_MAX: usize = literal::HOLD_BYTES_MAX + pattern::HOLD_BYTES_MAX;

/// Places that are listed; of more, how many.
pub const REPLACED_MAX: usize = 10_000;

/// A place where bytes were replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Replaced {
    /// Offset of the first.
    pub offset: u64,
    /// How many.
    pub length: u64,
    /// What stood there: `literal`, `query`, or the name of a pattern.
    pub kind: &'static str,
}

/// The two machines.
#[derive(Clone, Debug)]
pub struct Redactor {
    literals: Literals,
    patterns: Patterns,
    /// What the first has let go on its way to the second.
    between: Vec<u8>,
    found: Found,
}

impl Redactor {
    /// A redactor at the beginning of a body. `literals`: the secrets that are known; those shorter
    /// than [`LITERAL_BYTES_MIN`] are left out, as they would be found in ordinary text.
    #[must_use]
    pub fn new(literals: &[Vec<u8>]) -> Self {
        Self {
            literals: Literals::new(literals),
            patterns: Patterns::default(),
            between: Vec::new(),
            found: Found::default(),
        }
    }

    /// Takes bytes; appends to `out` those that are certain, of these and of earlier ones.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.literals.is_idle() {
            self.patterns.feed(bytes, out, &mut self.found);
            return;
        }
        self.literals
            .feed(bytes, &mut self.between, &mut self.found);
        self.patterns.feed(&self.between, out, &mut self.found);
        self.between.clear();
    }

    /// The body has ended: appends what was held back. What was cut in the middle of a secret counts
    /// as one if eight bytes of it are there.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.literals.finish(&mut self.between, &mut self.found);
        self.patterns.feed(&self.between, out, &mut self.found);
        self.between.clear();
        self.patterns.finish(out, &mut self.found);
        self.found.places.sort_unstable();
    }

    /// A text by itself, whole.
    #[must_use]
    pub fn text(&mut self, text: &str) -> String {
        let mut out = Vec::with_capacity(text.len());
        self.feed(text.as_bytes(), &mut out);
        self.finish(&mut out);
        match String::from_utf8(out) {
            Ok(text) => text,
            // A literal can be cut where no character ends.
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }

    /// Where bytes were replaced, the first [`REPLACED_MAX`] places; in order once it is finished.
    #[must_use]
    pub fn replaced(&self) -> &[Replaced] {
        &self.found.places
    }

    /// In how many places.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.found.count
    }

    /// Bytes that are held back now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.literals.held() + self.patterns.held()
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
struct Found {
    places: Vec<Replaced>,
    count: u64,
}

impl Found {
    /// Gives back where the place is listed.
    fn add(&mut self, offset: u64, length: u64, kind: &'static str) -> Option<usize> {
        self.count += 1;
        if self.places.len() >= REPLACED_MAX {
            return None;
        }
        self.places.push(Replaced {
            offset,
            length,
            kind,
        });
        Some(self.places.len() - 1)
    }

    /// The place turned out to be longer.
    fn reach(&mut self, place: Option<usize>, end: u64) {
        if let Some(replaced) = place.and_then(|place| self.places.get_mut(place)) {
            replaced.length = end.saturating_sub(replaced.offset);
        }
    }
}
