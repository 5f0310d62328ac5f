//! Digests of bodies.

use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::Chunk;

/// The SHA-256 of `bytes`: 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Length in bytes and SHA-256 of the chunks put together, without putting them together.
pub(crate) fn measure(chunks: &[Chunk]) -> (u64, String) {
    let mut bytes = 0;
    let mut digest = Sha256::new();
    for chunk in chunks {
        bytes += chunk.bytes.len() as u64;
        digest.update(&chunk.bytes);
    }
    (bytes, hex(&digest.finalize()))
}

fn hex(digest: &[u8]) -> String {
    let mut out = String::with_capacity(digest.len() * 2);
    for byte in digest {
        for nibble in [byte >> 4, byte & 15] {
            let digit = if nibble < 10 {
                b'0' + nibble
            } else {
                b'a' + nibble - 10
            };
            out.push(char::from(digit));
        }
    }
    out
}
