//! What the targets share: how an input is cut, and what is compared.

use wiretape_core::event_stream::{Value, encode};
use wiretape_core::{Dialect, Limits, Options, Reader, Transcript};

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

/// The kinds of Bedrock's messages; the last two are no events.
const KINDS: [&str; 9] = [
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
    "chunk",
    "throttlingException",
    "",
];

/// An AWS event stream: behind the first byte, each line is a message, the line's first byte its kind,
/// the rest what `payload` makes of it. Of one variant the bytes stand as they are.
#[must_use]
pub fn messages(data: &[u8], payload: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let Some((_, 0..=2, body)) = split(data) else {
        return data.to_vec();
    };
    let mut out = data[..1].to_vec();
    for line in body.split(|byte| *byte == b'\n') {
        let Some((kind, line)) = line.split_first() else {
            continue;
        };
        let kind = KINDS[usize::from(*kind) % KINDS.len()];
        let (ty, name) = match kind {
            "throttlingException" => ("exception", ":exception-type"),
            "" => ("error", ":error-code"),
            _ => ("event", ":event-type"),
        };
        let headers = [
            (":message-type", Value::Text(ty)),
            (name, Value::Text(kind)),
        ];
        // A line is shorter than any limit of a message.
        let _ = encode(&headers, &payload(line), &mut out);
    }
    out
}

/// A reader makes the same of a body whole and in chunks, and with and without the fast path for
/// common deltas; what is no turn has no calls.
pub fn same_transcript(dialect: Dialect, data: &[u8]) {
    let Some((chunk, variant, body)) = split(data) else {
        return;
    };
    let options = options(variant);
    let whole = read(dialect, options, body, body.len().max(1));
    assert_eq!(whole, read(dialect, options, body, chunk), "in chunks");
    let mut slow = options;
    slow.dialect.templates = false;
    assert_eq!(whole, read(dialect, slow, body, chunk), "fast path");
    let (_, seen) = whole;
    let others = seen.others.iter().flat_map(|other| &other.tool_calls);
    let calls = seen.tool_calls.iter().chain(others).count();
    assert!(seen.rejected.is_none() || calls == 0, "{seen:?}");
}

fn options(variant: u8) -> Options {
    let mut options = Options::lenient();
    match variant {
        0 => {}
        1 => options = Options::strict(),
        2 => {
            options.dialect.split_think_tags = true;
            options.dialect.cumulative_text = true;
            options.sse.recover_last = true;
            options.accept_weak_end = true;
        }
        _ => {
            options.limits.frame_bytes_max = 256;
            options.limits.blocks_max = 4;
            options.limits.message_bytes_max = 32;
        }
    }
    options
}

/// Events and errors as text, and the transcript.
fn read(
    dialect: Dialect,
    options: Options,
    body: &[u8],
    chunk: usize,
) -> (Vec<String>, Transcript) {
    let mut reader = Reader::with_options(dialect, options);
    let mut events = Vec::new();
    for bytes in body.chunks(chunk) {
        let fed = reader.feed(bytes, &mut |event| events.push(format!("{event:?}")));
        if let Err(error) = fed {
            events.push(error.to_string());
            break;
        }
    }
    let result = reader.finish_with(&mut |event| events.push(format!("{event:?}")));
    (events, Transcript::of(&result))
}
