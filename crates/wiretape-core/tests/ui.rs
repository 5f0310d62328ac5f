//! Front ends' protocols: small replies, and every event that is said of them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails; clippy's own exception ends at helpers"
)]

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
    let mut encoder = Encoder::new(protocol, Names::default()).dialect(dialect);
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

/// Payloads as a body of Messages.
fn messages(payloads: &[&str]) -> Vec<u8> {
    let event = |payload: &&str| {
        let parsed: serde_json::Value = serde_json::from_str(payload).unwrap();
        let kind = parsed["type"].as_str().unwrap();
        format!("event: {kind}\ndata: {payload}\n\n")
    };
    payloads.iter().map(event).collect::<String>().into_bytes()
}

const BEGUN: &str = r#"{"type":"message_start","message":{"id":"m1","model":"m","role":"assistant","content":[],"usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":1}}}"#;
const SEARCH: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}}"#;
const QUERY: &str = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\":\"tides\"}"}}"#;
const SEARCHED: &str = r#"{"type":"content_block_stop","index":0}"#;
const FOUND: &str = r#"{"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","tool_use_id":"s1","content":[{"type":"web_search_result","url":"https://tides.example"}]}}"#;
const NOT_FOUND: &str = r#"{"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","tool_use_id":"s1","content":{"type":"web_search_tool_result_error","error_code":"max_uses_exceeded"}}}"#;
const ENDED: &str = r#"{"type":"content_block_stop","index":1}"#;
const TURN: &str =
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":20}}"#;
const PAUSED: &str =
    r#"{"type":"message_delta","delta":{"stop_reason":"pause_turn"},"usage":{"output_tokens":20}}"#;
const STOPPED: &str = r#"{"type":"message_stop"}"#;

#[test]
fn a_call_that_the_provider_runs_is_said_with_what_it_gave() {
    let body = messages(&[BEGUN, SEARCH, QUERY, SEARCHED, FOUND, ENDED, TURN, STOPPED]);
    assert_eq!(
        said(Dialect::Anthropic, &body, Protocol::UiMessageStream),
        r#"{"type":"start","messageId":"m1"}
{"type":"start-step"}
{"type":"tool-input-start","toolCallId":"s1","toolName":"web_search","providerExecuted":true}
{"type":"tool-input-delta","toolCallId":"s1","inputTextDelta":"{\"query\":\"tides\"}"}
{"type":"tool-input-available","toolCallId":"s1","toolName":"web_search","providerExecuted":true,"input":{"query":"tides"}}
{"type":"tool-output-available","toolCallId":"s1","output":[{"type":"web_search_result","url":"https://tides.example"}],"providerExecuted":true}
{"type":"finish-step"}
{"type":"finish","finishReason":"stop","messageMetadata":{"model":"m","usage":{"inputTokens":17,"outputTokens":20,"totalTokens":37,"cachedInputTokens":5,"cacheWriteInputTokens":2}}}
[DONE]"#
    );
    assert_eq!(
        said(Dialect::Anthropic, &body, Protocol::AgUi),
        r#"{"type":"RUN_STARTED","threadId":"thread-0","runId":"run-0"}
{"type":"TOOL_CALL_START","toolCallId":"s1","toolCallName":"web_search","parentMessageId":"m1"}
{"type":"TOOL_CALL_ARGS","toolCallId":"s1","delta":"{\"query\":\"tides\"}"}
{"type":"TOOL_CALL_END","toolCallId":"s1"}
{"type":"TOOL_CALL_RESULT","messageId":"m1-s1","toolCallId":"s1","content":"[{\"type\":\"web_search_result\",\"url\":\"https://tides.example\"}]","role":"tool"}
{"type":"RUN_FINISHED","threadId":"thread-0","runId":"run-0","usage":[{"model":"m","inputTokens":17,"outputTokens":20,"totalTokens":37,"cachedInputTokens":5,"cacheWriteInputTokens":2}]}"#
    );
}

/// An error, no result at all, and a reply that was cut: never words that a front end runs.
#[test]
fn a_call_that_the_provider_runs_may_give_nothing() {
    let failed = messages(&[
        BEGUN, SEARCH, QUERY, SEARCHED, NOT_FOUND, ENDED, TURN, STOPPED,
    ]);
    let paused = messages(&[BEGUN, SEARCH, QUERY, SEARCHED, PAUSED, STOPPED]);
    let cut = messages(&[BEGUN, SEARCH, QUERY]);
    for (body, ui, ag_ui) in [
        (
            failed,
            r#"{"type":"tool-output-error","toolCallId":"s1","errorText":"max_uses_exceeded","providerExecuted":true}"#,
            r#"{"type":"TOOL_CALL_RESULT","messageId":"m1-s1","toolCallId":"s1","content":"max_uses_exceeded","role":"tool"}"#,
        ),
        (
            paused,
            r#"{"type":"tool-input-available","toolCallId":"s1","toolName":"web_search","providerExecuted":true,"input":{"query":"tides"}}"#,
            r#"{"type":"CUSTOM","name":"tool_call_pending","value":{"toolCallId":"s1","toolCallName":"web_search","input":{"query":"tides"}}}"#,
        ),
        (
            cut,
            r#"{"type":"tool-input-error","toolCallId":"s1","toolName":"web_search","providerExecuted":true,"input":"{\"query\":\"tides\"}","errorText":"the reply is no turn"}"#,
            r#"{"type":"CUSTOM","name":"tool_call_rejected","value":{"toolCallId":"s1","toolCallName":"web_search","arguments":"{\"query\":\"tides\"}","why":"the reply is no turn"}}"#,
        ),
    ] {
        let said_ui = said(Dialect::Anthropic, &body, Protocol::UiMessageStream);
        assert!(said_ui.lines().any(|line| line == ui), "{ui}: {said_ui}");
        let said_ag = said(Dialect::Anthropic, &body, Protocol::AgUi);
        assert!(
            said_ag.lines().any(|line| line == ag_ui),
            "{ag_ui}: {said_ag}"
        );
        let ended = said_ag.contains("TOOL_CALL_END");
        assert_eq!(ended, said_ag.contains("TOOL_CALL_RESULT"), "{said_ag}");
    }
}

const ITEM: &str = r#"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"ws_1","type":"web_search_call","status":"in_progress"}}"#;
const ITEM_DONE: &str = r#"{"type":"response.output_item.done","sequence_number":2,"output_index":0,"item":{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"tides"}}}"#;

#[test]
fn an_item_says_what_its_call_gave() {
    let created = r#"{"type":"response.created","sequence_number":0,"response":{"id":"r1","model":"m","status":"in_progress"}}"#;
    let done = r#"{"type":"response.completed","sequence_number":3,"response":{"id":"r1","status":"completed","usage":{"input_tokens":10,"output_tokens":20,"input_tokens_details":{"cached_tokens":4}}}}"#;
    let body = messages(&[created, ITEM, ITEM_DONE, done]);
    assert_eq!(
        said(Dialect::OpenAiResponses, &body, Protocol::UiMessageStream),
        r#"{"type":"start","messageId":"r1"}
{"type":"start-step"}
{"type":"tool-input-start","toolCallId":"ws_1","toolName":"web_search_call","providerExecuted":true}
{"type":"tool-input-delta","toolCallId":"ws_1","inputTextDelta":"{\"type\":\"search\",\"query\":\"tides\"}"}
{"type":"tool-input-available","toolCallId":"ws_1","toolName":"web_search_call","providerExecuted":true,"input":{"type":"search","query":"tides"}}
{"type":"tool-output-available","toolCallId":"ws_1","output":{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"tides"}},"providerExecuted":true}
{"type":"finish-step"}
{"type":"finish","finishReason":"stop","messageMetadata":{"model":"m","usage":{"inputTokens":10,"outputTokens":20,"totalTokens":30,"cachedInputTokens":4}}}
[DONE]"#
    );
    let failed = ITEM_DONE.replace(r#""status":"completed""#, r#""status":"failed""#);
    let body = messages(&[created, ITEM, &failed, done]);
    let ui = said(Dialect::OpenAiResponses, &body, Protocol::UiMessageStream);
    let error = r#"{"type":"tool-output-error","toolCallId":"ws_1","errorText":"failed","providerExecuted":true}"#;
    assert!(ui.lines().any(|line| line == error), "{ui}");
}

/// What is said of one event behind the beginning of a text.
fn said_of(event: &Event<'_>, protocol: Protocol) -> String {
    let block = Block::default();
    let open = Event::Open {
        block,
        kind: Kind::Text,
        id: None,
        name: None,
        raw: "",
        closes: true,
    };
    let mut encoder = Encoder::new(protocol, Names::default());
    let mut before = Vec::new();
    encoder.event(&open, &mut before);
    let mut out = Vec::new();
    encoder.event(event, &mut out);
    // Said again: a citation is, what an answer is grounded in is not.
    encoder.event(event, &mut out);
    lines(&out)
}

/// A source without what this project adds: the citation as it was sent.
fn source(citation: &str) -> Vec<String> {
    let (block, part) = (Block::default(), Part::Citation);
    let event = Event::Delta {
        block,
        part,
        text: citation,
    };
    let said = said_of(&event, Protocol::UiMessageStream);
    let behind = format!(r#","providerMetadata":{{"wiretape":{{"citation":{citation}}}}}}}"#);
    let lines = said.lines().map(|line| line.strip_suffix(&behind).unwrap());
    lines.map(|line| format!("{line}}}")).collect()
}

#[test]
fn citations_of_every_dialect_are_sources() {
    for (citation, said) in [
        (
            r#"{"type":"web_search_result_location","url":"https://a.example","title":"A","cited_text":"x"}"#,
            r#"{"type":"source-url","sourceId":"source-0","url":"https://a.example","title":"A"}"#,
        ),
        (
            r#"{"type":"page_location","document_index":0,"document_title":"Log","start_page_number":1}"#,
            r#"{"type":"source-document","sourceId":"source-0","mediaType":"application/pdf","title":"Log"}"#,
        ),
        (
            r#"{"type":"char_location","document_index":0,"document_title":null}"#,
            r#"{"type":"source-document","sourceId":"source-0","mediaType":"text/plain","title":"Document"}"#,
        ),
        (
            r#"{"type":"search_result_location","source":"https://b.example","title":"B"}"#,
            r#"{"type":"source-url","sourceId":"source-0","url":"https://b.example","title":"B"}"#,
        ),
        (
            r#"{"type":"url_citation","url":"https://c.example","start_index":0}"#,
            r#"{"type":"source-url","sourceId":"source-0","url":"https://c.example"}"#,
        ),
        (
            r#"{"type":"file_citation","file_id":"f1","filename":"c.pdf","index":3}"#,
            r#"{"type":"source-document","sourceId":"source-0","mediaType":"text/plain","title":"c.pdf","filename":"c.pdf"}"#,
        ),
        (
            r#"{"type":"file_path","file_id":"f1"}"#,
            r#"{"type":"source-document","sourceId":"source-0","mediaType":"application/octet-stream","title":"f1"}"#,
        ),
        (
            r#"{"startIndex":1,"endIndex":2,"uri":"https://d.example"}"#,
            r#"{"type":"source-url","sourceId":"source-0","url":"https://d.example"}"#,
        ),
        (
            r#"{"title":"E","location":{"web":{"url":"https://e.example","domain":"e.example"}}}"#,
            r#"{"type":"source-url","sourceId":"source-0","url":"https://e.example","title":"E"}"#,
        ),
    ] {
        // The same citation twice is two sources.
        let again = said.replace("source-0", "source-1");
        assert_eq!(source(citation), [said, &again]);
    }
    let two = r#"{"start":1,"end":2,"sources":[{"type":"document","id":"doc:0","document":{"title":"F"}},{"type":"tool","id":"t:0","tool_output":{}}]}"#;
    let said = source(two);
    assert!(said[0].ends_with(r#""title":"F"}"#), "{said:?}");
    assert!(said[1].ends_with(r#""title":"t:0"}"#), "{said:?}");
    assert_eq!(source("no JSON"), [""; 0]);
}

#[test]
fn files_and_what_an_answer_is_grounded_in() {
    let part = |raw| Event::Open {
        block: Block {
            choice: 0,
            index: 1,
        },
        kind: Kind::Unknown,
        id: None,
        name: Some("inlineData"),
        raw,
        closes: false,
    };
    let said = |raw| said_of(&part(raw), Protocol::UiMessageStream);
    let inline = said(r#"{"inlineData":{"mimeType":"image/png","data":"aGk="}}"#);
    let file = r#"{"type":"file","url":"data:image/png;base64,aGk=","mediaType":"image/png"}"#;
    assert_eq!(inline.lines().next(), Some(file));
    let linked = said(r#"{"fileData":{"fileUri":"https://f.example/x"}}"#);
    let file =
        r#"{"type":"file","url":"https://f.example/x","mediaType":"application/octet-stream"}"#;
    assert_eq!(linked.lines().next(), Some(file));
    let thought = r#"{"thought":true,"inlineData":{"mimeType":"image/png","data":"aGk="}}"#;
    assert_eq!(said(thought), "");
    assert_eq!(said(r#"{"other":{}}"#), "");
    let inline = part(r#"{"inlineData":{"mimeType":"image/png","data":"aGk="}}"#);
    let custom = r#"{"type":"CUSTOM","name":"file","value":{"messageId":"message-0","url":"data:image/png;base64,aGk=","mediaType":"image/png"}}"#;
    let ag_ui = said_of(&inline, Protocol::AgUi);
    assert_eq!(ag_ui.lines().next(), Some(custom));
    let grounding = Event::Other {
        name: "groundingMetadata",
        raw: r#"{"groundingChunks":[{"web":{"uri":"https://g.example","title":"g.example"}},{"retrievedContext":{"uri":"gs://bucket/h","title":"H"}}]}"#,
    };
    assert_eq!(
        said_of(&grounding, Protocol::AgUi),
        r#"{"type":"CUSTOM","name":"source","value":{"sourceId":"source-0","messageId":"message-0","url":"https://g.example","title":"g.example","citation":{"web":{"uri":"https://g.example","title":"g.example"}}}}
{"type":"CUSTOM","name":"source","value":{"sourceId":"source-1","messageId":"message-0","mediaType":"text/plain","title":"H","citation":{"retrievedContext":{"uri":"gs://bucket/h","title":"H"}}}}"#
    );
}

/// What is said of a call's result that comes in these pieces.
fn result(pieces: &[&str]) -> String {
    let at = |index| Block { choice: 0, index };
    let (whole, deltas) = pieces.split_first().unwrap();
    let open = |block, kind, id, raw| Event::Open {
        block,
        kind,
        id,
        name: id.map(|_| "run"),
        raw,
        closes: true,
    };
    let mut encoder = Encoder::new(Protocol::UiMessageStream, Names::default());
    let mut out = Vec::new();
    encoder.event(&open(at(0), Kind::ServerTool, Some("s1"), "{}"), &mut out);
    encoder.event(&Event::Close { block: at(0) }, &mut out);
    out.clear();
    encoder.event(&open(at(1), Kind::ServerResult, None, whole), &mut out);
    for text in deltas {
        let (block, part) = (at(1), Part::Unknown);
        encoder.event(&Event::Delta { block, part, text }, &mut out);
    }
    encoder.event(&Event::Close { block: at(1) }, &mut out);
    lines(&out)
}

#[test]
fn results_of_every_dialect_are_outputs() {
    let gave = |json| {
        format!(
            r#"{{"type":"tool-output-available","toolCallId":"s1","output":{json},"providerExecuted":true}}"#
        )
    };
    let failed = |why| {
        format!(
            r#"{{"type":"tool-output-error","toolCallId":"s1","errorText":"{why}","providerExecuted":true}}"#
        )
    };
    for (pieces, said) in [
        (
            &[r#"{"type":"mcp_tool_result","tool_use_id":"s1","is_error":true,"content":"gone"}"#]
                [..],
            failed("gone"),
        ),
        (
            &[r#"{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"2\n"}}"#],
            gave(r#"{"outcome":"OUTCOME_OK","output":"2\n"}"#),
        ),
        (
            &[
                r#"{"toolResult":{"toolUseId":"s1","status":"success"}}"#,
                r#"{"toolResult":[{"text":"2"}]}"#,
            ],
            gave(r#"[{"text":"2"}]"#),
        ),
        (
            &[r#"{"toolResult":{"toolUseId":"s1","status":"error"}}"#],
            failed("error"),
        ),
        (
            &[r#"{"type":"shell_call_output","call_id":"s1","output":[{"stdout":"2"}]}"#],
            gave(r#"[{"stdout":"2"}]"#),
        ),
        (
            &[r#"{"type":"web_search_tool_result","tool_use_id":"other","content":[]}"#],
            r#"{"type":"data-tool-result","data":[]}"#.to_owned(),
        ),
    ] {
        assert_eq!(result(pieces), said);
    }
}
