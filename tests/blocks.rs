//! What a turn keeps of each block, for sending the reply back: a line for each block, with
//! whatever is not empty.

use std::fmt::Write;

use wiretape_core::turn::{Content, Reply};
use wiretape_core::{Dialect, Options, read};

pub(crate) fn summary(reply: &Reply) -> String {
    let mut lines = String::new();
    for choice in &reply.choices {
        for content in &choice.contents {
            let _ = writeln!(lines, "{}", line(content));
        }
    }
    lines
}

fn line(content: &Content) -> String {
    let mut line = format!("{:?}", content.kind);
    for part in [&content.id, &content.name].into_iter().flatten() {
        let _ = write!(line, " {part}");
    }
    let signature = content.signature.as_deref();
    let own = [
        ("text", Some(content.text.as_str())),
        ("raw", Some(content.raw.as_str())),
        ("signed", signature),
    ];
    let lists = [("cites", &content.citations), ("unknown", &content.others)];
    let own = own
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?)));
    let more = lists
        .into_iter()
        .flat_map(|(name, all)| all.iter().map(move |one| (name, one.as_str())));
    for (name, text) in own.chain(more).filter(|(_, text)| !text.is_empty()) {
        let _ = write!(line, " | {name} {text}");
    }
    if !content.closed {
        line.push_str(" | open");
    }
    line
}

/// A Messages stream of one message with these payloads in it, and what is kept of its blocks.
fn check(payloads: &[&str], stop: &str, expect: &[&str]) {
    let mut body = String::new();
    let start = r#"{"type":"message_start","message":{"id":"m","model":"x","content":[]}}"#;
    let stop = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{stop}"}}}}"#);
    let last = [stop.as_str(), r#"{"type":"message_stop"}"#];
    for payload in [start].iter().chain(payloads).chain(&last) {
        let name = payload.split('"').nth(3).unwrap_or_default();
        let _ = write!(body, "event: {name}\ndata: {payload}\n\n");
    }
    let turn = read(Dialect::Anthropic, Options::lenient(), body.as_bytes()).unwrap();
    let seen = summary(turn.reply());
    assert_eq!(seen.lines().collect::<Vec<_>>(), expect, "\n{body}");
}

fn start(index: usize, block: &str) -> String {
    format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#)
}

fn delta(index: usize, delta: &str) -> String {
    format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#)
}

fn stop(index: usize) -> String {
    format!(r#"{{"type":"content_block_stop","index":{index}}}"#)
}

#[test]
fn f52_a_signature_replaces_and_stays_as_sent() {
    let long = "AbC+/=".repeat(50_000);
    for (sent, kept) in [
        (vec!["s1=="], "s1=="),
        (vec!["s1==", "s2=="], "s2=="),
        (vec![long.as_str()], &long),
    ] {
        let sent = sent.iter().map(|signature| {
            delta(
                0,
                &format!(r#"{{"type":"signature_delta","signature":"{signature}"}}"#),
            )
        });
        let mut payloads = vec![
            start(0, r#"{"type":"thinking","thinking":"","signature":""}"#),
            delta(0, r#"{"type":"thinking_delta","thinking":"so"}"#),
        ];
        payloads.extend(sent);
        payloads.push(stop(0));
        let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
        let expect = format!("Reasoning | text so | signed {kept}");
        check(&payloads, "end_turn", &[&expect]);
    }
    // None came: the empty string of the opening is no signature.
    let cut = [
        &start(0, r#"{"type":"thinking","thinking":"","signature":""}"#),
        &delta(0, r#"{"type":"thinking_delta","thinking":"so"}"#),
        &stop(0),
    ];
    check(
        &cut.map(String::as_str),
        "end_turn",
        &["Reasoning | text so"],
    );
    // With the opening already, and no text at all.
    let whole = start(0, r#"{"type":"thinking","thinking":"t","signature":"s=="}"#);
    check(
        &[&whole, &stop(0)],
        "end_turn",
        &["Reasoning | text t | signed s=="],
    );
}

#[test]
fn blocks_that_come_whole_stay_as_sent() {
    let redacted = r#"{"type":"redacted_thinking","data":"b64=="}"#;
    let result = r#"{"type":"web_search_tool_result","tool_use_id":"s","content":[{"url":"u"}]}"#;
    let upload = r#"{"type":"container_upload","file_id":"f"}"#;
    check(
        &[
            &start(0, redacted),
            &stop(0),
            &start(
                1,
                r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"#,
            ),
            &delta(
                1,
                r#"{"type":"input_json_delta","partial_json":"{\"q\":1}"}"#,
            ),
            &stop(1),
            &start(2, result),
            &stop(2),
            &start(3, upload),
            &stop(3),
        ],
        "end_turn",
        &[
            &format!("RedactedReasoning | raw {redacted}"),
            "ServerTool s web_search | text {\"q\":1}",
            &format!("ServerResult web_search_tool_result | raw {result}"),
            &format!("Unknown container_upload | raw {upload}"),
        ],
    );
}

#[test]
fn citations_are_kept_in_order() {
    check(
        &[
            &start(0, r#"{"type":"text","text":"a","citations":[{"n":0}]}"#),
            &delta(0, r#"{"type":"citations_delta","citation":{"n": 1}}"#),
            &delta(0, r#"{"type":"text_delta","text":"b"}"#),
            &delta(0, r#"{"type":"citations_delta","citation":{"n":2}}"#),
            &stop(0),
        ],
        "end_turn",
        &[r#"Text | text ab | cites {"n":0} | cites {"n": 1} | cites {"n":2}"#],
    );
}

/// It must not become the arguments of a call, nor replace what came with the opening.
#[test]
fn f56_an_unknown_delta_stands_beside_what_is_known() {
    let odd = r#"{"type":"tomorrow_delta","path":"/etc"}"#;
    let redacted = r#"{"type":"redacted_thinking","data":"b64=="}"#;
    check(
        &[
            &start(0, r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#),
            &delta(0, odd),
            &stop(0),
            &start(
                1,
                r#"{"type":"tool_use","id":"u","name":"f","input":{"a":1}}"#,
            ),
            &delta(1, odd),
            &delta(1, odd),
            &stop(1),
            &start(2, redacted),
            &delta(2, odd),
            &stop(2),
        ],
        "tool_use",
        &[
            &format!("Tool t f | unknown {odd}"),
            &format!("Tool u f | raw {{\"a\":1}} | unknown {odd} | unknown {odd}"),
            &format!("RedactedReasoning | raw {redacted} | unknown {odd}"),
        ],
    );
    let body = [
        "{\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}",
        &start(0, r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#),
        &delta(0, odd),
        &stop(0),
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}",
        "{\"type\":\"message_stop\"}",
    ];
    let body = body.map(|payload| format!("data: {payload}\n\n")).concat();
    let turn = read(Dialect::Anthropic, Options::lenient(), body.as_bytes()).unwrap();
    let call = &turn.tool_calls()[0];
    assert_eq!(
        (call.arguments.as_str(), call.input.to_string()),
        ("", "{}".into())
    );
}
