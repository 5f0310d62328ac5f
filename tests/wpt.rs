//! The Web Platform Tests for event streams, where `WIRETAPE_CORPUS` says the corpus lies.
//!
//! Third-party data is not copied in; `vectors.rs` states the same rules in our own cases.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use wiretape_core::sse;

use crate::corpus::say;
use crate::vectors::{Event, dispatched};

#[test]
fn web_platform_tests() {
    let Some(folder) = crate::corpus::folder() else {
        return;
    };
    let path = folder.join("sse-vectors/wpt.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        say(&format!("wpt skipped, there is no {}", path.display()));
        return;
    };
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut read = 0;
    for vector in &vectors {
        // What an HTTP client refuses before it reads is not ours.
        if vector["expected_connection"] == "fail" {
            continue;
        }
        read += 1;
        let name = vector["name"].as_str().unwrap();
        let bytes = |value: &Value| BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap();
        let chunks: Vec<Vec<u8>> = match vector["chunks_base64"].as_array() {
            Some(chunks) => chunks.iter().map(bytes).collect(),
            None => vec![bytes(&vector["input_bytes_base64"])],
        };
        let body = chunks.concat();
        let first_id = vector["initial_last_event_id"].as_str().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let expected: Vec<Event> = vector["expected_events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| {
                (
                    text(&event["type"]),
                    text(&event["data"]),
                    text(&event["last_event_id"]),
                )
            })
            .collect();
        let given: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
        for cut in [given, body.chunks(1).collect()] {
            // The id that a reconnecting client brings along is a field before the body.
            let before = format!("id: {first_id}\n\n");
            let mut all: Vec<&[u8]> = Vec::new();
            if !first_id.is_empty() {
                all.push(before.as_bytes());
            }
            all.extend(cut);
            let (events, retry) = dispatched(&all, sse::Options::standard());
            assert_eq!(events, expected, "{name}");
            assert_eq!(retry, vector["expected_retry"].as_u64(), "{name}");
        }
    }
    say(&format!("wpt, {read} of {} vectors read", vectors.len()));
    assert!(read > 0);
}
