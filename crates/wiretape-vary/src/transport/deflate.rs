//! A compressor whose bytes never change: the fixed codes of RFC 1951, repetitions found by the last
//! place at which three bytes stood. Linear in what it is given.

use alloc::vec;
use alloc::vec::Vec;

/// How far back a repetition may reach.
const WINDOW: usize = 32 << 10;
const LENGTH_MIN: usize = 3;
const LENGTH_MAX: usize = 258;
/// Places that are remembered.
const PLACES: usize = 1 << 12;
const END_OF_BLOCK: u32 = 256;

/// For each code of a length: the shortest length, and how many more bits tell which it is.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// The same for each code of a distance.
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

/// Compresses a body stretch by stretch.
pub(super) struct Deflate<'a> {
    body: &'a [u8],
    at: usize,
    /// For three bytes, by a digest of them, the place behind which they stood last.
    places: Vec<usize>,
    out: Vec<u8>,
    bits: u64,
    count: u32,
}

impl<'a> Deflate<'a> {
    /// What it gives follows `out`.
    pub(super) fn new(body: &'a [u8], out: Vec<u8>) -> Self {
        Self {
            body,
            at: 0,
            places: vec![0; PLACES],
            out,
            bits: 0,
            count: 0,
        }
    }

    /// Compresses up to an offset, in a block of its own. With `flush` a reader can read all of it.
    pub(super) fn to(&mut self, end: usize, flush: bool) -> usize {
        let end = end.min(self.body.len());
        self.put(0b010, 3);
        while self.at < end {
            match self.repetition(end) {
                Some((length, distance)) => {
                    self.repeat(length, distance);
                    for _ in 0..length {
                        self.remember();
                    }
                }
                None => {
                    let byte = self.body.get(self.at).copied().unwrap_or_default();
                    self.symbol(u32::from(byte));
                    self.remember();
                }
            }
        }
        self.symbol(END_OF_BLOCK);
        if flush {
            // A block of no bytes that is not compressed: what zlib calls a sync flush.
            self.put(0, 3);
            self.align();
            self.out.extend_from_slice(&[0, 0, 0xff, 0xff]);
        }
        self.out.len()
    }

    /// The last block, and all that was given.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.put(0b011, 3);
        self.symbol(END_OF_BLOCK);
        self.align();
        self.out
    }

    /// All that was given, without an end.
    pub(super) fn stop(mut self) -> Vec<u8> {
        self.align();
        self.out
    }

    /// Remembers the three bytes here, and goes on.
    fn remember(&mut self) {
        if let Some(digest) = self.digest() {
            if let Some(place) = self.places.get_mut(digest) {
                *place = self.at + 1;
            }
        }
        self.at += 1;
    }

    fn digest(&self) -> Option<usize> {
        let [a, b, c] = self.body.get(self.at..self.at + LENGTH_MIN)? else {
            return None;
        };
        let three = u32::from_le_bytes([*a, *b, *c, 0]).wrapping_mul(0x9e37_79b1);
        usize::try_from(three >> 20).ok()
    }

    /// How long what stands here stood before, and how far back.
    fn repetition(&self, end: usize) -> Option<(usize, usize)> {
        let before = self.places.get(self.digest()?)?.checked_sub(1)?;
        let distance = self.at - before;
        if distance > WINDOW {
            return None;
        }
        let here = self.body.get(self.at..end)?.iter().take(LENGTH_MAX);
        let there = self.body.get(before..)?;
        let length = here
            .zip(there)
            .take_while(|(one, other)| one == other)
            .count();
        (length >= LENGTH_MIN).then_some((length, distance))
    }

    fn repeat(&mut self, length: usize, distance: usize) {
        let (code, rest, bits) = coded(&LENGTHS, length);
        self.symbol(257 + code);
        self.put(rest, bits);
        let (code, rest, bits) = coded(&DISTANCES, distance);
        self.put(code.reverse_bits() >> 27, 5);
        self.put(rest, bits);
    }

    /// A literal, a length, or the end of a block, in its fixed code.
    fn symbol(&mut self, symbol: u32) {
        let (code, bits) = match symbol {
            0..=143 => (0x30 + symbol, 8),
            144..=255 => (0x190 + symbol - 144, 9),
            256..=279 => (symbol - 256, 7),
            _ => (0xc0 + symbol - 280, 8),
        };
        self.put(code.reverse_bits() >> (32 - bits), bits);
    }

    /// Bits, the lowest first.
    fn put(&mut self, bits: u32, count: u32) {
        self.bits |= u64::from(bits) << self.count;
        self.count += count;
        while self.count >= 8 {
            let [byte, ..] = self.bits.to_le_bytes();
            self.out.push(byte);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    /// Zeros up to a whole byte.
    fn align(&mut self) {
        self.put(0, (8 - self.count % 8) % 8);
    }
}

/// The code of a number, what remains of it, and in how many bits that is said.
fn coded(table: &[(u16, u8)], number: usize) -> (u32, u32, u32) {
    let place = table.partition_point(|(least, _)| usize::from(*least) <= number);
    let place = place.saturating_sub(1);
    let (least, bits) = table.get(place).copied().unwrap_or_default();
    let rest = number.saturating_sub(usize::from(least));
    let code = u32::try_from(place).unwrap_or_default();
    (code, u32::try_from(rest).unwrap_or_default(), bits.into())
}
