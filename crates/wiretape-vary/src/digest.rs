//! Fingerprints that freeze what a seed gives.

use alloc::string::String;
use core::fmt::Write;

use sha2::{Digest, Sha256};

use crate::script::Script;

/// SHA-256 of a script. Numbers are 8 bytes, little-endian; each length comes before its bytes, so
/// that no two scripts are hashed alike.
pub(crate) fn script(script: &Script) -> String {
    let mut hash = Sha256::new().chain_update(b"wiretape script 1\n");
    hash.update(length(script.cuts.len()));
    for step in script.steps() {
        hash.update(step.after_ns.to_le_bytes());
        hash.update(length(step.bytes.len()));
        hash.update(step.bytes);
    }
    let kind = serde_json::to_string(&script.end).unwrap_or_default();
    hash.update(kind.as_bytes());
    hash.update(script.end_after_ns.to_le_bytes());
    if script.head_put_ns > 0 || script.silent {
        hash.update(b"head comes");
        hash.update(script.head_put_ns.to_le_bytes());
        hash.update([u8::from(script.silent)]);
    }
    if let Some(head) = &script.head {
        hash.update(b"head");
        hash.update(head.status.to_le_bytes());
        hash.update(head.retry_at_s.unwrap_or(u32::MAX).to_le_bytes());
        for text in head.headers.iter().flat_map(|(name, value)| [name, value]) {
            hash.update(length(text.len()));
            hash.update(text);
        }
    }
    hex(hash)
}

fn length(n: usize) -> [u8; 8] {
    u64::try_from(n).unwrap_or(u64::MAX).to_le_bytes()
}

fn hex(hash: Sha256) -> String {
    let mut out = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
