//! Digests of bodies.

use alloc::string::String;

use serde_json::Map;
use sha2::{Digest, Sha256};

use crate::{Chunk, End, EndKind};

/// Length and digest of a body that is still arriving, for its end line.
#[derive(Clone, Debug, Default)]
pub struct Measure {
    bytes: u64,
    digest: Sha256,
}

impl Measure {
    /// Takes the bytes of a chunk.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.digest.update(bytes);
    }

    /// The end of an exchange with the chunks so far, `after_ns` nanoseconds after the last.
    #[must_use]
    pub fn end(&self, after_ns: u64, kind: EndKind) -> End {
        End {
            after_ns,
            kind,
            bytes: self.bytes,
            sha256: hex(&self.digest.clone().finalize()),
            extra: Map::new(),
        }
    }
}

/// The SHA-256 of `bytes`: 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Length in bytes and SHA-256 of the chunks put together, without putting them together.
pub(crate) fn measure(chunks: &[Chunk]) -> (u64, String) {
    let mut measure = Measure::default();
    for chunk in chunks {
        measure.add(&chunk.bytes);
    }
    (measure.bytes, hex(&measure.digest.finalize()))
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
