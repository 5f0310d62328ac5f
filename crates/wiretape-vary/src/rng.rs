//! Chance, frozen: one seed, a sub-stream per concern, integers only.
//!
//! A sub-stream's key is SHA-256 of the seed (8 bytes, little-endian) and the concern's name, and
//! its numbers are those of `ChaCha8` with that key. Adding a concern therefore does not shift the
//! others. Ranges are sampled here by rejection, since `rand`'s distributions may change.

use sha2::{Digest, Sha256};

/// A chance: `n` times `of` so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    pub(crate) n: u64,
    pub(crate) of: u64,
}

/// A sub-stream of a seed.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    key: [u32; 8],
    /// Blocks that were made.
    blocks: u64,
    block: [u64; 8],
    /// Numbers of the block that were given.
    used: usize,
}

impl Rng {
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        Self::of(seed, &[name])
    }

    /// The same of a name in parts.
    pub(crate) fn of(seed: u64, name: &[&str]) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        for part in name {
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut key = [0; 8];
        for (word, bytes) in key.iter_mut().zip(digest.chunks_exact(4)) {
            *word = u32::from_le_bytes(bytes.try_into().unwrap_or_default());
        }
        let block = [0; 8];
        Self {
            key,
            blocks: 0,
            used: block.len(),
            block,
        }
    }

    /// The next 64 bits.
    fn next(&mut self) -> u64 {
        if self.used >= self.block.len() {
            self.block = chacha8(&self.key, self.blocks);
            self.blocks = self.blocks.wrapping_add(1);
            self.used = 0;
        }
        let next = self.block.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        next
    }

    /// A number from `lo` to `hi`, both included; `lo` where `hi` is below it.
    ///
    /// Draws 64 bits and takes the remainder; draws again where the last, incomplete run of
    /// remainders was hit, so that each number is equally likely.
    pub(crate) fn within(&mut self, lo: u64, hi: u64) -> u64 {
        let Some(count) = hi.saturating_sub(lo).checked_add(1) else {
            return self.next();
        };
        let incomplete = (u64::MAX % count + 1) % count;
        loop {
            let drawn = self.next();
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

/// One block of `ChaCha8` with a counter of 64 bits, as eight numbers.
///
/// Most sub-streams give a number or two, and there are some thirty of them for a scenario: a library
/// that makes four blocks at a time costs more than all that is drawn.
fn chacha8(key: &[u32; 8], block: u64) -> [u64; 8] {
    const CONSTANT: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *key;
    let [c0, c1, c2, c3] = CONSTANT;
    let low = u32::try_from(block & u64::from(u32::MAX)).unwrap_or_default();
    let high = u32::try_from(block >> 32).unwrap_or_default();
    let begin = [
        [c0, c1, c2, c3],
        [k0, k1, k2, k3],
        [k4, k5, k6, k7],
        [low, high, 0, 0],
    ];
    let [mut a, mut b, mut c, mut d] = begin;
    for _ in 0..4 {
        quarters(&mut a, &mut b, &mut c, &mut d);
        b.rotate_left(1);
        c.rotate_left(2);
        d.rotate_left(3);
        quarters(&mut a, &mut b, &mut c, &mut d);
        b.rotate_right(1);
        c.rotate_right(2);
        d.rotate_right(3);
    }
    let mut out = [0; 8];
    let rows = [a, b, c, d];
    let pairs = out.chunks_exact_mut(2);
    for ((out, row), begin) in pairs.zip(rows).zip(begin) {
        let [w, x, y, z] = row;
        let [w0, x0, y0, z0] = begin;
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let both = [
            pair(w.wrapping_add(w0), x.wrapping_add(x0)),
            pair(y.wrapping_add(y0), z.wrapping_add(z0)),
        ];
        out.copy_from_slice(&both);
    }
    out
}

/// Four quarter rounds side by side: one on each column.
fn quarters(a: &mut [u32; 4], b: &mut [u32; 4], c: &mut [u32; 4], d: &mut [u32; 4]) {
    let columns = a.iter_mut().zip(b).zip(c.iter_mut().zip(d));
    for ((a, b), (c, d)) in columns {
        *a = a.wrapping_add(*b);
        *d = (*d ^ *a).rotate_left(16);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_left(12);
        *a = a.wrapping_add(*b);
        *d = (*d ^ *a).rotate_left(8);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_left(7);
    }
}
