//! What the targets share: how an input is cut, and what is compared.

use wiretape_core::{Dialect, Limits, Reader, Transcript};

/// The first byte says how the rest is read: its low six bits are the size of a chunk less one,
/// its high two bits the variant.
#[must_use]
pub fn split(data: &[u8]) -> Option<(usize, u8, &[u8])> {
    let (first, body) = data.split_first()?;
    Some((usize::from(first & 0x3f) + 1, first >> 6, body))
}

/// Small enough that a fuzzer reaches them.
#[must_use]
pub fn tight() -> Limits {
    let mut limits = Limits::default();
    limits.frame_bytes_max = 48;
    limits
}

/// All frames and how the stream ended, as text. A macro, since the decoders share a shape and no
/// trait.
#[macro_export]
macro_rules! frames {
    ($decoder:expr, $body:expr, $chunk:expr) => {{
        let mut decoder = $decoder;
        let mut seen = Vec::new();
        let mut failed = false;
        'body: for chunk in $body.chunks($chunk) {
            let mut input = chunk;
            loop {
                let before = input.len();
                match decoder.decode(&mut input) {
                    Ok(None) => break assert!(input.is_empty(), "None, and bytes are left"),
                    Ok(Some(frame)) => seen.push(format!("{frame:?}")),
                    Err(error) => {
                        seen.push(format!("{error:?}"));
                        failed = true;
                        break 'body;
                    }
                }
                let after = input.len();
                assert!(after < before, "a frame, and nothing consumed");
            }
        }
        if !failed {
            seen.push(format!("{:?}", decoder.finish()));
        }
        seen
    }};
}

/// A reader makes the same of a body whole and in chunks.
pub fn same_transcript(dialect: Dialect, data: &[u8]) {
    let Some((chunk, _, body)) = split(data) else {
        return;
    };
    let read = |chunk: usize| {
        let mut reader = Reader::new(dialect);
        let mut events = Vec::new();
        for bytes in body.chunks(chunk) {
            let _ = reader.feed(bytes, &mut |event| events.push(format!("{event:?}")));
        }
        (events, Transcript::of(&reader.finish()))
    };
    assert_eq!(read(body.len().max(1)), read(chunk));
}
