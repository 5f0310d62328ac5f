//! A body of Bedrock's `ConverseStream`, a message for each line of the input, whole or in chunks: the
//! same transcript.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape_core::Dialect;
use wiretape_fuzz::{messages, same_transcript};

fuzz_target!(|data: &[u8]| {
    same_transcript(
        Dialect::BedrockConverse,
        &messages(data, |line| line.to_vec()),
    );
});
