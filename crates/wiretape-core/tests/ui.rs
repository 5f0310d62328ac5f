//! Front ends' protocols: small replies, and every event that is said of them.

use wiretape_core::event::{Block, Kind, Part};
use wiretape_core::ui::{Encoder, Names, Protocol, stream};
use wiretape_core::{Dialect, Event, Options, Reader};

/// Payloads of Chat Completions as a body, with the end that the protocol wants.
fn chat(payloads: &[&str], done: bool) -> Vec<u8> {
    let mut body: String = payloads
        .iter()
        .map(|payload| format!("data: {payload}\n\n"))
        .collect();
    if done {
        body += "data: [DONE]\n\n";
    }
    body.into_bytes()
}

/// What is said, a line for each event; the same however the body is cut.
#[track_caller]
fn said(dialect: Dialect, body: &[u8], protocol: Protocol) -> String {
    let whole = stream(dialect, Options::default(), body, protocol);
    let mut reader = Reader::new(dialect);
    let mut encoder = Encoder::new(protocol, Names::default());
    let mut out = Vec::new();
    for byte in body.chunks(1) {
        let _ = reader.feed(byte, &mut |event| encoder.event(&event, &mut out));
    }
    let outcome = reader.finish_with(&mut |event| encoder.event(&event, &mut out));
    encoder.finish(&outcome, &mut out);
    assert_eq!(whole, out, "byte by byte");
    lines(&whole)
}

#[track_caller]
fn lines(out: &[u8]) -> String {
    let text = String::from_utf8_lossy(out);
    assert!(!text.contains(r#""delta":"""#), "an empty delta: {text}");
    let events = text.split_terminator("\n\n");
    let events = events.map(|event| event.strip_prefix("data: ").unwrap_or("no event"));
    events.collect::<Vec<_>>().join("\n")
}

const TEXT: [&str; 3] = [
    r#"{"id":"c1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
    r#"{"id":"c1","choices":[{"index":0,"delta":{"content":"He"}}]}"#,
    r#"{"id":"c1","choices":[{"index":0,"delta":{"content":"\"y\n"}}]}"#,
];
const STOP: &str = r#"{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const CALLS: &str =
    r#"{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
const LENGTH: &str = r#"{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#;

fn call(index: u32, label: &str, arguments: &str) -> String {
    let arguments = serde_json::Value::from(arguments);
    format!(
        r#"{{"id":"c1","choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":{index},{label}"function":{{"arguments":{arguments}}}}}]}}}}]}}"#
    )
}

fn begin(index: u32, id: &str, name: &str) -> String {
    format!(
        r#"{{"id":"c1","choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":{index},"id":"{id}","function":{{"name":"{name}","arguments":""}}}}]}}}}]}}"#
    )
}

#[test]
fn a_text_is_said_as_it_comes() {
    let [a, b, c] = TEXT;
    let body = chat(&[a, b, c, STOP], true);
    assert_eq!(
        said(Dialect::OpenAiChat, &body, Protocol::UiMessageStream),
        r#"{"type":"start","messageId":"c1"}
{"type":"start-step"}
{"type":"text-start","id":"text-0"}
{"type":"text-delta","id":"text-0","delta":"He"}
{"type":"text-delta","id":"text-0","delta":"\"y\n"}
{"type":"text-end","id":"text-0"}
{"type":"finish-step"}
{"type":"finish","finishReason":"stop"}
[DONE]"#
    );
    assert_eq!(
        said(Dialect::OpenAiChat, &body, Protocol::AgUi),
        r#"{"type":"RUN_STARTED","threadId":"thread-0","runId":"run-0"}
{"type":"TEXT_MESSAGE_START","messageId":"c1","role":"assistant"}
{"type":"TEXT_MESSAGE_CONTENT","messageId":"c1","delta":"He"}
{"type":"TEXT_MESSAGE_CONTENT","messageId":"c1","delta":"\"y\n"}
{"type":"TEXT_MESSAGE_END","messageId":"c1"}
{"type":"RUN_FINISHED","threadId":"thread-0","runId":"run-0"}"#
    );
}

#[test]
fn a_call_is_ready_when_the_gate_releases_it() {
    let calls = [
        begin(0, "a", "read"),
        call(0, "", "{\"n\":\n12345678901234567890"),
        call(0, "", "}"),
        begin(1, "b", "now"),
        begin(2, "d", "cut"),
        call(2, "", "{\"x\":"),
    ];
    let mut payloads: Vec<&str> = calls.iter().map(String::as_str).collect();
    payloads.push(CALLS);
    let body = chat(&payloads, true);
    let ui = said(Dialect::OpenAiChat, &body, Protocol::UiMessageStream);
    assert_eq!(
        ui,
        r#"{"type":"start","messageId":"c1"}
{"type":"start-step"}
{"type":"tool-input-start","toolCallId":"a","toolName":"read"}
{"type":"tool-input-delta","toolCallId":"a","inputTextDelta":"{\"n\":\n12345678901234567890"}
{"type":"tool-input-delta","toolCallId":"a","inputTextDelta":"}"}
{"type":"tool-input-start","toolCallId":"b","toolName":"now"}
{"type":"tool-input-start","toolCallId":"d","toolName":"cut"}
{"type":"tool-input-delta","toolCallId":"d","inputTextDelta":"{\"x\":"}
{"type":"tool-input-available","toolCallId":"a","toolName":"read","input":{"n": 12345678901234567890}}
{"type":"tool-input-available","toolCallId":"b","toolName":"now","input":{}}
{"type":"tool-input-error","toolCallId":"d","toolName":"cut","input":"{\"x\":","errorText":"the arguments are not JSON at their byte 5"}
{"type":"finish-step"}
{"type":"finish","finishReason":"tool-calls"}
[DONE]"#
    );
    assert_eq!(
        said(Dialect::OpenAiChat, &body, Protocol::AgUi),
        r#"{"type":"RUN_STARTED","threadId":"thread-0","runId":"run-0"}
{"type":"TOOL_CALL_START","toolCallId":"a","toolCallName":"read","parentMessageId":"c1"}
{"type":"TOOL_CALL_ARGS","toolCallId":"a","delta":"{\"n\": 12345678901234567890"}
{"type":"TOOL_CALL_ARGS","toolCallId":"a","delta":"}"}
{"type":"TOOL_CALL_END","toolCallId":"a"}
{"type":"TOOL_CALL_START","toolCallId":"b","toolCallName":"now","parentMessageId":"c1"}
{"type":"TOOL_CALL_ARGS","toolCallId":"b","delta":"{}"}
{"type":"TOOL_CALL_END","toolCallId":"b"}
{"type":"CUSTOM","name":"tool_call_rejected","value":{"toolCallId":"d","toolCallName":"cut","arguments":"{\"x\":","why":"the arguments are not JSON at their byte 5"}}
{"type":"RUN_FINISHED","threadId":"thread-0","runId":"run-0"}"#
    );
}

/// Wherever a stream of a whole call is cut before its reason for stopping, no call of it is ready.
#[test]
fn no_call_is_ready_in_a_stream_that_was_cut() {
    let calls = [begin(0, "a", "read"), call(0, "", "{}")];
    let [a, b] = &calls;
    let body = chat(&[a, b, CALLS], true);
    let end = body.len() - "data: [DONE]\n\n".len();
    for at in 0..end {
        let (body, _) = body.split_at(at);
        for protocol in Protocol::ALL {
            let said = lines(&stream(
                Dialect::OpenAiChat,
                Options::default(),
                body,
                protocol,
            ));
            assert!(!said.contains("tool-input-available"), "{at}: {said}");
            assert!(!said.contains("TOOL_CALL_END"), "{at}: {said}");
            let failed = said.contains(r#""type":"error""#) || said.contains("RUN_ERROR");
            assert!(failed, "{at}: {said}");
        }
    }
    let body = chat(&[a, b, LENGTH], true);
    let ui = said(Dialect::OpenAiChat, &body, Protocol::UiMessageStream);
    assert!(ui.contains(r#""type":"tool-input-error""#), "{ui}");
    assert!(ui.contains(r#""finishReason":"length""#), "{ui}");
    assert!(!ui.contains(r#""type":"error""#), "{ui}");
}

#[test]
fn an_error_ends_the_run() {
    let [a, b, _] = TEXT;
    let error = r#"{"error":{"type":"server_error","message":"no more"}}"#;
    let body = chat(&[a, b, error], false);
    let ui = said(Dialect::OpenAiChat, &body, Protocol::UiMessageStream);
    assert!(
        ui.ends_with(
            r#"{"type":"text-end","id":"text-0"}
{"type":"error","errorText":"no more"}
{"type":"finish-step"}
{"type":"finish","finishReason":"error"}
[DONE]"#
        ),
        "{ui}"
    );
    let ag_ui = said(Dialect::OpenAiChat, &body, Protocol::AgUi);
    assert!(
        ag_ui.ends_with(r#"{"type":"RUN_ERROR","message":"no more","code":"server_error"}"#),
        "{ag_ui}"
    );
}

/// What events say that no small stream does: thoughts with a signature, replacements, equal ids.
#[test]
fn events_are_said_one_by_one() {
    let at = |index| Block { choice: 0, index };
    let open = |index, kind, id, name| Event::Open {
        block: at(index),
        kind,
        id,
        name,
        raw: "",
        closes: true,
    };
    let delta = |index, part, text| Event::Delta {
        block: at(index),
        part,
        text,
    };
    let events = [
        open(0, Kind::Reasoning, None, None),
        delta(0, Part::Text, "hm"),
        delta(0, Part::Signature, "s1g"),
        Event::Close { block: at(0) },
        open(1, Kind::Text, None, None),
        delta(1, Part::Text, "a"),
        Event::Whole {
            block: at(1),
            part: Part::Text,
            text: "b",
        },
        open(2, Kind::Tool, Some("t"), Some("f")),
        delta(2, Part::Arguments, "1"),
        Event::Whole {
            block: at(2),
            part: Part::Arguments,
            text: "{}",
        },
        open(3, Kind::CustomTool, Some("t"), Some("g")),
        delta(3, Part::Arguments, "free"),
    ];
    let of = |protocol| {
        let mut encoder = Encoder::new(protocol, Names::default());
        let mut out = Vec::new();
        for event in &events {
            encoder.event(event, &mut out);
        }
        lines(&out)
    };
    assert_eq!(
        of(Protocol::UiMessageStream),
        r#"{"type":"start","messageId":"message-0"}
{"type":"start-step"}
{"type":"reasoning-start","id":"reasoning-0"}
{"type":"reasoning-delta","id":"reasoning-0","delta":"hm"}
{"type":"reasoning-end","id":"reasoning-0","providerMetadata":{"wiretape":{"signature":"s1g"}}}
{"type":"text-start","id":"text-0"}
{"type":"text-delta","id":"text-0","delta":"a"}
{"type":"text-end","id":"text-0"}
{"type":"data-replaced","data":{"old":"text-0","new":"text-0-1"}}
{"type":"text-start","id":"text-0-1"}
{"type":"text-delta","id":"text-0-1","delta":"b"}
{"type":"tool-input-start","toolCallId":"t","toolName":"f"}
{"type":"tool-input-delta","toolCallId":"t","inputTextDelta":"1"}
{"type":"tool-input-start","toolCallId":"t","toolName":"f"}
{"type":"tool-input-delta","toolCallId":"t","inputTextDelta":"{}"}
{"type":"tool-input-start","toolCallId":"t#1","toolName":"g","inputEncoding":"text"}
{"type":"tool-input-delta","toolCallId":"t#1","inputTextDelta":"free"}"#
    );
    assert_eq!(
        of(Protocol::AgUi),
        r#"{"type":"RUN_STARTED","threadId":"thread-0","runId":"run-0"}
{"type":"REASONING_START","messageId":"message-0-reasoning-0"}
{"type":"REASONING_MESSAGE_START","messageId":"message-0-reasoning-0","role":"reasoning"}
{"type":"REASONING_MESSAGE_CONTENT","messageId":"message-0-reasoning-0","delta":"hm"}
{"type":"REASONING_MESSAGE_END","messageId":"message-0-reasoning-0"}
{"type":"REASONING_ENCRYPTED_VALUE","subtype":"message","entityId":"message-0-reasoning-0","encryptedValue":"s1g"}
{"type":"REASONING_END","messageId":"message-0-reasoning-0"}
{"type":"TEXT_MESSAGE_START","messageId":"message-0","role":"assistant"}
{"type":"TEXT_MESSAGE_CONTENT","messageId":"message-0","delta":"a"}
{"type":"TEXT_MESSAGE_END","messageId":"message-0"}
{"type":"CUSTOM","name":"replaced","value":{"old":"message-0","new":"message-0-text-0-1"}}
{"type":"TEXT_MESSAGE_START","messageId":"message-0-text-0-1","role":"assistant"}
{"type":"TEXT_MESSAGE_CONTENT","messageId":"message-0-text-0-1","delta":"b"}"#
    );
}
