//! The first machine: known secrets, wherever they stand.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::Found;

/// The shortest secret that is looked for: a shorter one would be found in ordinary text.
pub const LITERAL_BYTES_MIN: usize = 8;

/// Secrets, and pieces of long ones, that are looked for at most.
pub const LITERALS_MAX: usize = 256;

/// A longer one is looked for in pieces of this length, so that little is held back.
const PIECE_BYTES: usize = 256;

/// The longest piece: a short last one stays with the one before it.
pub(super) const HOLD_BYTES_MAX: usize = PIECE_BYTES + LITERAL_BYTES_MIN;

#[derive(Clone, Debug)]
pub(super) struct Literals {
    texts: Vec<Vec<u8>>,
    /// Whether a text begins with this byte.
    begins: [bool; 256],
    /// Bytes from the first that may begin a secret.
    held: VecDeque<u8>,
    /// How many of them were compared.
    seen: usize,
    /// The texts that go on as the compared bytes do.
    alive: Vec<usize>,
    /// The longest text among the compared bytes.
    best: Option<usize>,
    /// Offset of the first held byte.
    at: u64,
}

impl Literals {
    pub(super) fn new(secrets: &[Vec<u8>]) -> Self {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for secret in secrets {
            if secret.len() < LITERAL_BYTES_MIN {
                continue;
            }
            let mut rest = secret.as_slice();
            while rest.len() > HOLD_BYTES_MAX {
                let (piece, more) = rest.split_at(PIECE_BYTES);
                texts.push(piece.into());
                rest = more;
            }
            texts.push(rest.into());
        }
        texts.sort();
        texts.dedup();
        texts.truncate(LITERALS_MAX);
        let mut begins = [false; 256];
        for text in &texts {
            if let Some(first) = text.first().and_then(|b| begins.get_mut(usize::from(*b))) {
                *first = true;
            }
        }
        Self {
            texts,
            begins,
            held: VecDeque::new(),
            seen: 0,
            alive: Vec::new(),
            best: None,
            at: 0,
        }
    }

    /// There is nothing to look for.
    pub(super) fn is_idle(&self) -> bool {
        self.texts.is_empty()
    }

    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>, found: &mut Found) {
        for byte in bytes {
            let begins = self.begins.get(usize::from(*byte)).copied();
            if self.held.is_empty() && begins != Some(true) {
                out.push(*byte);
                self.at += 1;
                continue;
            }
            self.held.push_back(*byte);
            self.compare(out, found);
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>, found: &mut Found) {
        while !self.held.is_empty() {
            // All that is held begins a secret, which the end has cut.
            if self.seen >= LITERAL_BYTES_MIN {
                self.best = Some(self.seen);
            }
            self.settle(out, found);
            self.compare(out, found);
        }
    }

    /// Compares what is held and not compared yet.
    fn compare(&mut self, out: &mut Vec<u8>, found: &mut Found) {
        while let Some(byte) = self.held.get(self.seen).copied() {
            let (texts, seen) = (&self.texts, self.seen);
            let goes_on = |text: &usize| texts.get(*text).and_then(|t| t.get(seen)) == Some(&byte);
            if seen == 0 {
                self.alive = (0..texts.len()).filter(goes_on).collect();
            } else {
                self.alive.retain(goes_on);
            }
            self.seen += 1;
            let seen = self.seen;
            let is_whole = |text: &usize| texts.get(*text).map(Vec::len) == Some(seen);
            if self.alive.iter().any(is_whole) {
                self.best = Some(seen);
                self.alive.retain(|text| !is_whole(text));
            }
            if self.alive.is_empty() {
                self.settle(out, found);
            }
        }
    }

    /// Lets go of a secret, or of one byte that begins none; what is left is compared anew.
    fn settle(&mut self, out: &mut Vec<u8>, found: &mut Found) {
        let length = self.best.take();
        let secret: Vec<u8> = self.held.drain(..length.unwrap_or(1)).collect();
        if let Some(length) = length {
            // So that a number stays one.
            let digits = secret.iter().all(u8::is_ascii_digit);
            out.resize(out.len() + length, if digits { b'1' } else { b'*' });
            found.add(self.at, length as u64, "literal");
        } else {
            out.extend_from_slice(&secret);
        }
        self.at += secret.len() as u64;
        self.seen = 0;
        self.alive.clear();
    }
}
