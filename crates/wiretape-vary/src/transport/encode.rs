//! Content codings (F-08): bytes of our own making, so that no library's next version changes them.

use alloc::vec::Vec;

use super::deflate::Deflate;
use super::{Coding, Flushing};
use crate::json::part;
use crate::rechunk::{self, Mark};

/// Bytes of a block of Brotli that is not compressed, at most.
const BROTLI_BLOCK: usize = 1 << 16;

/// A body and where in it what can be read ends.
pub(crate) struct Coded {
    pub(crate) body: Vec<u8>,
    pub(crate) marks: Vec<Mark>,
}

/// How a body is coded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) coding: Coding,
    pub(crate) flushing: Flushing,
    /// The last bytes of the coding's own end are missing.
    pub(crate) truncated: bool,
    /// The body is all there, and so has an end.
    pub(crate) whole: bool,
}

/// Codes a body. `ends`: where its events end.
pub(crate) fn encode(manner: Manner, body: &[u8], marks: &[Mark], ends: &[usize]) -> Coded {
    let stretches = match manner.flushing {
        Flushing::End => [body.len()].to_vec(),
        Flushing::Event => stretches(body.len(), marks, ends),
    };
    let timed = rechunk::chunks(&stretches, marks);
    let mut marks: Vec<Mark> = timed.collect();
    let body = match manner.coding {
        Coding::Br => brotli(manner, body, &mut marks),
        Coding::Gzip | Coding::Deflate => zipped(manner, body, &mut marks),
    };
    match marks.last_mut() {
        Some(last) => last.end = body.len(),
        None => marks.push(Mark {
            end: body.len(),
            ..Mark::default()
        }),
    }
    Coded { body, marks }
}

/// Where a compressor gives away what it has.
fn stretches(length: usize, marks: &[Mark], ends: &[usize]) -> Vec<usize> {
    let mut all: Vec<usize> = match ends {
        [] => marks.iter().map(|mark| mark.end).collect(),
        ends => ends.to_vec(),
    };
    all.retain(|&end| 0 < end && end < length);
    all.push(length);
    all.dedup();
    all
}

fn zipped(manner: Manner, body: &[u8], marks: &mut [Mark]) -> Vec<u8> {
    let gzip = manner.coding == Coding::Gzip;
    let head: &[u8] = match gzip {
        true => &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff],
        false => &[0x78, 0x01],
    };
    let flush = manner.flushing == Flushing::Event || !manner.whole;
    let mut deflate = Deflate::new(body, head.to_vec());
    for mark in marks {
        mark.end = deflate.to(mark.end, flush);
    }
    if !manner.whole {
        return deflate.stop();
    }
    let mut out = deflate.finish();
    let end = out.len();
    if gzip {
        out.extend_from_slice(&crc32(body).to_le_bytes());
        // The length, of which RFC 1952 keeps 32 bits.
        let [a, b, c, d, ..] = (body.len() as u64).to_le_bytes();
        out.extend_from_slice(&[a, b, c, d]);
    } else {
        out.extend_from_slice(&adler32(body).to_be_bytes());
    }
    if manner.truncated {
        out.truncate(end + (out.len() - end) / 2);
    }
    out
}

/// Blocks that are not compressed: a reader that knows Brotli reads them, and what is tested is that
/// there is a coding at all.
fn brotli(manner: Manner, body: &[u8], marks: &mut [Mark]) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(body.len() + 4 * (marks.len() + body.len() / BROTLI_BLOCK) + 4);
    let mut from = 0;
    let mut first = true;
    for mark in marks {
        for block in part(body, from..mark.end).chunks(BROTLI_BLOCK) {
            let length = u32::try_from(block.len() - 1).unwrap_or_default();
            // Not the last one, a length of 16 bits, not compressed; before the first of all one bit
            // that says how large the window is.
            let head = (length << 3) | (1 << 19);
            let head = if first { head << 1 } else { head };
            let bytes = head.to_le_bytes();
            out.extend_from_slice(part(&bytes, 0..3));
            out.extend_from_slice(block);
            first = false;
        }
        from = mark.end;
        mark.end = out.len();
    }
    if manner.whole && !manner.truncated {
        out.push(if first { 0b0110 } else { 0b11 });
    }
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    /// What four bits do.
    const TABLE: [u32; 16] = [
        0x0000_0000,
        0x1db7_1064,
        0x3b6e_20c8,
        0x26d9_30ac,
        0x76dc_4190,
        0x6b6b_51f4,
        0x4db2_6158,
        0x5005_713c,
        0xedb8_8320,
        0xf00f_9344,
        0xd6d6_a3e8,
        0xcb61_b38c,
        0x9b64_c2b0,
        0x86d3_d2d4,
        0xa00a_e278,
        0xbdbd_f21c,
    ];
    let four = |crc: u32| {
        let place = usize::try_from(crc & 0xf).unwrap_or_default();
        TABLE.get(place).copied().unwrap_or_default() ^ (crc >> 4)
    };
    let crc = bytes
        .iter()
        .fold(u32::MAX, |crc, &byte| four(four(crc ^ u32::from(byte))));
    !crc
}

fn adler32(bytes: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % PRIME;
        (a, (b + a) % PRIME)
    });
    (b << 16) | a
}
