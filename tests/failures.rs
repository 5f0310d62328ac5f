//! Each failure of the catalogue that a reader of one stream can meet, by its id: what is on the
//! wire, and what must come of it. One line says what was read:
//! `text | calls | rejected calls | why it is no turn | error | what was tolerated`.

mod calls;
mod content;
mod ends;

use std::fmt::Write;

use wiretape_core::turn::Ended;
use wiretape_core::{Dialect, Options, Transcript, read};

fn summary(transcript: &Transcript) -> String {
    let mut line = format!("{:?}", transcript.text);
    for (label, text) in [
        ("thinks", &transcript.reasoning),
        ("refuses", &transcript.refusal),
    ] {
        if !text.is_empty() {
            let _ = write!(line, " {label} {text:?}");
        }
    }
    for call in &transcript.tool_calls {
        let id = call.id.as_deref().unwrap_or("-");
        let _ = write!(line, " | {} {}({})", id, call.name, call.input);
    }
    for call in &transcript.rejected_calls {
        let id = call.id.as_deref().unwrap_or("-");
        let (name, arguments, why) = (&call.name, &call.arguments, &call.why);
        let _ = write!(line, " | not {id} {name}({arguments}): {why}");
    }
    if let Some(why) = &transcript.rejected {
        let _ = write!(line, " | {why}");
    }
    if let Some(stop) = &transcript.stop {
        let _ = write!(line, " | stop {stop}");
    }
    if transcript.ended == Ended::Eof {
        line.push_str(" | eof");
    }
    if let Some(error) = &transcript.error {
        let _ = write!(line, " | error {}: {}", error.kind, error.message);
    }
    for (id, n) in transcript.warnings.iter() {
        let _ = write!(line, " | {id}×{n}");
    }
    line
}

fn check_with(dialect: Dialect, options: Options, body: &str, expect: &str) {
    let transcript = Transcript::of(&read(dialect, options, body.as_bytes()));
    assert_eq!(summary(&transcript), expect, "\n{body}");
}

/// A Messages stream around these payloads; `!` leaves out what the helper would add.
fn anthropic(payloads: &[&str]) -> String {
    let start = r#"{"type":"message_start","message":{"id":"m","model":"x","content":[]}}"#;
    let mut body = String::new();
    let own = payloads.first().is_some_and(|first| *first == "!");
    let start = (!own).then_some(&start).into_iter();
    for payload in start.chain(payloads.iter().filter(|payload| **payload != "!")) {
        let name = payload.split('"').nth(3).unwrap_or_default();
        let _ = write!(body, "event: {name}\ndata: {payload}\n\n");
    }
    body
}

const TOOL: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#;

const SHUT: &str = r#"{"type":"content_block_stop","index":0}"#;

const ACT: &str = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#;

const LAST: &str = r#"{"type":"message_stop"}"#;

fn json(piece: &str) -> String {
    let delta = serde_json::json!({"type":"input_json_delta","partial_json":piece});
    format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#)
}

fn check_anthropic(payloads: &[&str], expect: &str) {
    check_with(
        Dialect::Anthropic,
        Options::lenient(),
        &anthropic(payloads),
        expect,
    );
}

/// A chat stream of these deltas in choice 0, then a finish reason, then `[DONE]`.
fn chat(deltas: &[&str], finish: &str) -> String {
    let mut body = String::new();
    for delta in deltas {
        let _ = write!(
            body,
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n"
        );
    }
    if !finish.is_empty() {
        let _ = write!(
            body,
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":{finish:?}}}]}}\n\n"
        );
    }
    body + "data: [DONE]\n\n"
}

fn check_chat(deltas: &[&str], finish: &str, expect: &str) {
    check_with(
        Dialect::OpenAiChat,
        Options::lenient(),
        &chat(deltas, finish),
        expect,
    );
}

/// A chat stream of these whole payloads.
fn payloads(payloads: &[&str]) -> String {
    payloads
        .iter()
        .map(|payload| format!("data: {payload}\n\n"))
        .collect()
}

fn strict_error(dialect: Dialect, body: &str) -> Option<String> {
    let transcript = Transcript::of(&read(dialect, Options::strict(), body.as_bytes()));
    assert!(transcript.tool_calls.is_empty(), "{transcript:?}");
    transcript.error.map(|error| error.message)
}
