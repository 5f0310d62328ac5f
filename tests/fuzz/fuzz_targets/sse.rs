//! Whole or in chunks: the same frames, the same end, at the same offsets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape_core::{Limits, sse};
use wiretape_fuzz::{frames, split, tight};

fuzz_target!(|data: &[u8]| {
    let Some((chunk, variant, body)) = split(data) else {
        return;
    };
    let (options, limits) = match variant {
        0 => (sse::Options::lenient(), Limits::default()),
        1 => (sse::Options::strict(), Limits::default()),
        2 => {
            let mut options = sse::Options::lenient();
            options.recover_last = true;
            (options, Limits::default())
        }
        _ => (sse::Options::standard(), tight()),
    };
    let whole = frames!(sse::Decoder::new(options, limits), body, body.len().max(1));
    let cut = frames!(sse::Decoder::new(options, limits), body, chunk);
    assert_eq!(whole, cut);
});
