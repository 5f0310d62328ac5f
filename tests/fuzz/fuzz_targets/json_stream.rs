//! Whole or in chunks: the same frames, the same end, at the same offsets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape_core::{Limits, json_stream};
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
    let whole = frames!(json_stream::Decoder::new(limits), body, body.len().max(1));
    let cut = frames!(json_stream::Decoder::new(limits), body, chunk);
    assert_eq!(whole, cut);
});
