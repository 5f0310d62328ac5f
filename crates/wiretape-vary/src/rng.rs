//! Chance, frozen: one seed, a sub-stream per concern, integers only.
//!
//! A sub-stream's key is SHA-256 of the seed (8 bytes, little-endian) and the concern's name, and
//! its numbers are those of `ChaCha8` with that key. Adding a concern therefore does not shift the
//! others. Ranges are sampled here by rejection, since `rand`'s distributions may change.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

/// A chance: `n` times `of` so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    pub(crate) n: u64,
    pub(crate) of: u64,
}

/// A sub-stream of a seed.
#[derive(Clone, Debug)]
pub(crate) struct Rng(ChaCha8Rng);

impl Rng {
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(name.as_bytes());
        Self(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// A number from `lo` to `hi`, both included; `lo` where `hi` is below it.
    ///
    /// Draws 64 bits and takes the remainder; draws again where the last, incomplete run of
    /// remainders was hit, so that each number is equally likely.
    pub(crate) fn within(&mut self, lo: u64, hi: u64) -> u64 {
        let Some(count) = hi.saturating_sub(lo).checked_add(1) else {
            return self.0.next_u64();
        };
        let incomplete = (u64::MAX % count + 1) % count;
        loop {
            let drawn = self.0.next_u64();
            if drawn <= u64::MAX - incomplete {
                return lo.saturating_add(drawn % count);
            }
        }
    }

    /// A number from `lo` to `hi`, both included.
    pub(crate) fn size(&mut self, lo: usize, hi: usize) -> usize {
        let drawn = self.within(to_u64(lo), to_u64(hi));
        usize::try_from(drawn).unwrap_or(lo)
    }

    /// True `n` times `of` so many.
    pub(crate) fn chance(&mut self, ratio: Ratio) -> bool {
        self.within(1, ratio.of.max(1)) <= ratio.n
    }

    /// One of the items; `None` where there are none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let last = items.len().checked_sub(1)?;
        items.get(self.size(0, last))
    }
}

fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
