//! The end of what a client wrote to standard error, without secrets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};
use wiretape_tape::redact::{LITERAL_BYTES_MIN, LITERALS_MAX, Redactor, is_secret_key};

use super::DUMMY_KEY;

/// Bytes of it that are kept.
pub const STDERR_BYTES_MAX: usize = 8 << 10;

/// Bytes of one read.
const READ_BYTES: usize = 4 << 10;

/// Shared by who reads and who asks.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    /// At its beginning, to begin again with.
    clean: Redactor,
    redactor: Redactor,
    kept: VecDeque<u8>,
    out: Vec<u8>,
}

impl Tail {
    pub(super) fn new() -> Self {
        let clean = Redactor::new(&secrets());
        let inner = Inner {
            redactor: clean.clone(),
            clean,
            kept: VecDeque::new(),
            out: Vec::new(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// Reads to the end.
    pub(super) async fn gather(self, mut from: impl AsyncRead + Unpin) {
        let mut bytes = Vec::with_capacity(READ_BYTES);
        while matches!(from.read_buf(&mut bytes).await, Ok(1..)) {
            self.lock().push(&bytes);
            bytes.clear();
        }
    }

    /// What was kept since this was last asked.
    pub(super) fn take(&self) -> String {
        let mut inner = self.lock();
        let mut out = std::mem::take(&mut inner.out);
        inner.redactor.finish(&mut out);
        inner.keep(&mut out);
        inner.redactor = inner.clean.clone();
        let kept: Vec<u8> = inner.kept.drain(..).collect();
        String::from_utf8_lossy(&kept).into_owned()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn push(&mut self, bytes: &[u8]) {
        let mut out = std::mem::take(&mut self.out);
        self.redactor.feed(bytes, &mut out);
        self.keep(&mut out);
        self.out = out;
    }

    fn keep(&mut self, out: &mut Vec<u8>) {
        self.kept.extend(out.drain(..));
        let over = self.kept.len().saturating_sub(STDERR_BYTES_MAX);
        self.kept.drain(..over);
    }
}

/// The values of this process's variables that are called as secrets are.
fn secrets() -> Vec<Vec<u8>> {
    let is_secret = |(name, value): &(String, String)| {
        is_secret_key(name) && value.len() >= LITERAL_BYTES_MIN && value != DUMMY_KEY
    };
    let all = std::env::vars_os();
    let read =
        all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut secrets: Vec<(String, String)> = read.filter(is_secret).collect();
    secrets.sort();
    let values = secrets.into_iter().map(|(_, value)| value.into_bytes());
    values.take(LITERALS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_and_keys_are_not() {
        let tail = Tail::new();
        let key = format!("sk-{}", "a1b2c3d4".repeat(5));
        tail.lock().push(b"begin ");
        tail.lock().push(&[b' '; STDERR_BYTES_MAX]);
        for piece in key.as_bytes().chunks(3) {
            tail.lock().push(piece);
        }
        tail.lock().push(b" end");
        let told = tail.take();
        assert_eq!(told.len(), STDERR_BYTES_MAX);
        assert!(told.ends_with("* end"), "{}", told.trim());
        assert!(!told.contains("begin") && !told.contains(&key));
        assert_eq!(tail.take(), "");
        tail.lock().push(DUMMY_KEY.as_bytes());
        assert_eq!(tail.take(), DUMMY_KEY, "no secret");
    }
}
