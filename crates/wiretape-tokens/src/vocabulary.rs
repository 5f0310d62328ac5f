//! Which words are one token, and how many tokens the others last seen were.

use bpe_openai::byte_pair_encoding::BytePairEncoding;

/// The longest word that is looked up: it and its length fill a key.
const KEY_BYTES: usize = 15;

/// A word of at most [`KEY_BYTES`] bytes and its length; 0 is no word.
type Key = u128;

/// The words that are one token.
pub(crate) struct Vocabulary {
    /// Open addressing: the slot of a key's hash, or one of those behind it.
    slots: Vec<Key>,
}

impl Vocabulary {
    pub(crate) fn new(encoding: &BytePairEncoding) -> Self {
        let tokens = encoding.num_tokens();
        let mut vocabulary = Self {
            slots: vec![0; (tokens * 2).next_power_of_two()],
        };
        for token in 0..tokens {
            let bytes = encoding.token_bytes(u32::try_from(token).unwrap_or_default());
            if let Some(key) = key(bytes, 0, bytes.len()) {
                vocabulary.insert(key);
            }
        }
        vocabulary
    }

    fn insert(&mut self, key: Key) {
        let mask = self.slots.len() - 1;
        let mut at = hash(key) & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == 0 || *slot == key {
                *slot = key;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// The word is a token.
    #[inline]
    pub(crate) fn has(&self, key: Key) -> bool {
        let mask = self.slots.len() - 1;
        let mut at = hash(key) & mask;
        loop {
            match self.slots.get(at) {
                Some(slot) if *slot == key => return true,
                Some(0) | None => return false,
                Some(_) => at = (at + 1) & mask,
            }
        }
    }
}

/// Words that are more than one token, and how many: those that were last seen, two to a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    slots: Vec<(Key, u32)>,
}

/// Words that are remembered at most: a power of two.
const MEMORY_WORDS: usize = 1 << 14;

impl Memory {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    /// What is remembered of the word, or what `count` says.
    #[inline]
    pub(crate) fn count(&mut self, key: Key, count: impl FnOnce() -> usize) -> u64 {
        if self.slots.is_empty() {
            self.slots = vec![(0, 0); MEMORY_WORDS];
        }
        let at = hash(key) & (MEMORY_WORDS - 2);
        let Some([first, second]) = self.slots.get_mut(at..at + 2) else {
            return count() as u64;
        };
        if first.0 == key {
            return first.1.into();
        }
        // The one seen last stands first, and pushes out the other.
        core::mem::swap(first, second);
        if first.0 != key {
            *first = (key, u32::try_from(count()).unwrap_or(u32::MAX));
        }
        first.1.into()
    }
}

/// The key of the word from `start` to `end` of a text; `None` where it is too long.
#[inline]
pub(crate) fn key(text: &[u8], start: usize, end: usize) -> Option<Key> {
    let len = end - start;
    if len == 0 || len > KEY_BYTES {
        return None;
    }
    let word = match text.get(start..).and_then(|rest| rest.first_chunk::<16>()) {
        Some(bytes) => u128::from_le_bytes(*bytes) & ((1 << (8 * len)) - 1),
        None => {
            let bytes = text.get(start..end).unwrap_or_default();
            let push = |word: u128, byte: &u8| word << 8 | u128::from(*byte);
            bytes.iter().rev().fold(0, push)
        }
    };
    Some(word | (len as u128) << (8 * KEY_BYTES))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves and the high bits are meant"
)]
#[inline]
fn hash(key: Key) -> usize {
    let (low, high) = (key as u64, (key >> 64) as u64);
    let mixed = low.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ high.wrapping_mul(0xc2b2_ae3d_27d4_eb4f).rotate_left(31);
    ((mixed ^ mixed >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize
}
