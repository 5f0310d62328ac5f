//! Secrets out of recorded bytes (stub).
use alloc::string::String;
use alloc::vec::Vec;

/// most bytes held
pub const HOLD_BYTES_MAX: usize = 0;

/// what was replaced
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// offset
    pub offset: u64,
    /// length
    pub length: u64,
    /// kind
    pub kind: &'static str,
}

/// machine
#[derive(Clone, Debug)]
pub struct Redactor;

impl Redactor {
    /// new
    #[must_use]
    pub fn new(_: &[Vec<u8>]) -> Self {
        Self
    }
    /// feed
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(bytes);
    }
    /// finish
    pub fn finish(&mut self, _: &mut Vec<u8>) {}
    /// replaced
    #[must_use]
    pub fn replaced(&self) -> &[Replaced] {
        &[]
    }
    /// text
    pub fn text(&mut self, text: &str) -> String {
        text.into()
    }
}

/// path
pub fn path(path: &str, redactor: &mut Redactor) -> String {
    redactor.text(path)
}
/// header
#[must_use]
pub fn is_secret_header(_: &str) -> bool {
    false
}
/// hs
pub fn header_secrets(_: &[u8], _: &mut Vec<Vec<u8>>) {}
/// qs
pub fn query_secrets(_: &str, _: &mut Vec<Vec<u8>>) {}
