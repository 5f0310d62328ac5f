//! A body of the OpenAI Completions protocol, whole or in chunks: the same transcript.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape_core::Dialect;

fuzz_target!(|data: &[u8]| wiretape_fuzz::same_transcript(Dialect::OpenAiCompletions, data));
