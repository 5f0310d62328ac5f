//! A body of Bedrock's `InvokeModelWithResponseStream`, a chunk for each line of the input, whole or
//! in chunks of bytes: the same transcript.
#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use libfuzzer_sys::fuzz_target;
use wiretape_core::Dialect;
use wiretape_fuzz::{messages, same_transcript};

fuzz_target!(|data: &[u8]| {
    let chunk =
        |line: &[u8]| format!(r#"{{"bytes":"{}"}}"#, BASE64_STANDARD.encode(line)).into_bytes();
    same_transcript(Dialect::BedrockInvoke, &messages(data, chunk));
});
