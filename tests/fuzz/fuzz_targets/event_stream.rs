//! Whole or in chunks: the same frames, the same end, at the same offsets. Of one variant, the bytes
//! are the headers and payload of a message whose lengths and checksums are right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape_core::{Limits, event_stream};
use wiretape_fuzz::{frames, split, tight};

fuzz_target!(|data: &[u8]| {
    let Some((chunk, variant, body)) = split(data) else {
        return;
    };
    let limits = if variant == 3 {
        tight()
    } else {
        Limits::default()
    };
    let message = (variant == 1).then(|| message(body));
    let body = message.flatten().unwrap_or_else(|| body.to_vec());
    let whole = frames!(event_stream::Decoder::new(limits), body, body.len().max(1));
    let cut = frames!(event_stream::Decoder::new(limits), body, chunk);
    assert_eq!(whole, cut);
});

/// The first byte says how many of the others are headers.
fn message(data: &[u8]) -> Option<Vec<u8>> {
    let (headers, rest) = data.split_first()?;
    let headers = u32::from(*headers).min(u32::try_from(rest.len()).ok()?);
    let total = u32::try_from(rest.len() + 16).ok()?;
    let mut out = [total.to_be_bytes(), headers.to_be_bytes()].concat();
    out.extend(crc32fast::hash(&out).to_be_bytes());
    out.extend(rest);
    out.extend(crc32fast::hash(&out).to_be_bytes());
    Some(out)
}
