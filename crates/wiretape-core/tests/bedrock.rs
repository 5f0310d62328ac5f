//! Amazon Bedrock, both dialects: streams after the API's reference, and what must come of each.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::indexing_slicing, reason = "tests")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wiretape_core::event_stream::{Value, encode};
use wiretape_core::turn::Ended;
use wiretape_core::{Dialect, Options, Reader, Transcript, read};

const CONVERSE: Dialect = Dialect::BedrockConverse;
const INVOKE: Dialect = Dialect::BedrockInvoke;

fn message(kind: &str, named: &str, name: &str, payload: &str) -> Vec<u8> {
    let headers = [
        (named, Value::Text(name)),
        (":content-type", Value::Text("application/json")),
        (":message-type", Value::Text(kind)),
    ];
    let mut out = Vec::new();
    encode(&headers, payload.as_bytes(), &mut out).unwrap();
    out
}

fn exception(name: &str, text: &str) -> Vec<u8> {
    let payload = format!("{{\"message\":\"{text}\"}}");
    message("exception", ":exception-type", name, &payload)
}

/// A body of `name payload`.
fn converse(events: &[&str]) -> Vec<u8> {
    let one = |event: &&str| {
        let (name, payload) = event.split_once(' ').unwrap();
        message("event", ":event-type", name, payload)
    };
    events.iter().flat_map(one).collect()
}

/// A body of a model's own events.
fn invoke(events: &[&str]) -> Vec<u8> {
    let one = |event: &&str| {
        let payload = format!(
            "{{\"bytes\":\"{}\",\"p\":\"abc\"}}",
            BASE64_STANDARD.encode(event)
        );
        message("event", ":event-type", "chunk", &payload)
    };
    events.iter().flat_map(one).collect()
}

/// The transcript, which is the same whole, byte by byte and without the fast path. Cut anywhere, it
/// releases all calls or none, unless what forbids it is behind the cut.
fn check(dialect: Dialect, options: Options, body: &[u8]) -> Transcript {
    let whole = Transcript::of(&read(dialect, options, body));
    let mut reader = Reader::with_options(dialect, options);
    for byte in body.chunks(1) {
        let _ = reader.feed(byte, &mut |_| {});
    }
    assert_eq!(Transcript::of(&reader.finish()), whole, "byte by byte");
    let mut slow = options;
    slow.dialect.templates = false;
    assert_eq!(Transcript::of(&read(dialect, slow, body)), whole, "in full");
    for cut in 0..body.len() {
        let cut = Transcript::of(&read(dialect, options, &body[..cut]));
        if cut.rejected.is_none() && whole.rejected.is_none() {
            assert_eq!(cut.tool_calls, whole.tool_calls, "all calls or none");
            assert_eq!(cut.stop, whole.stop);
        }
    }
    whole
}

fn lenient(events: &[&str]) -> Transcript {
    check(CONVERSE, Options::lenient(), &converse(events))
}

fn strict(events: &[&str]) -> Transcript {
    check(CONVERSE, Options::strict(), &converse(events))
}

fn calls(read: &Transcript) -> Vec<(&str, &str, &str)> {
    let calls = read.tool_calls.iter();
    calls
        .map(|call| {
            (
                call.id.as_deref().unwrap_or("-"),
                &*call.name,
                &*call.arguments,
            )
        })
        .collect()
}

const START: &str = r#"messageStart {"p":"abcd","role":"assistant"}"#;
const TEXT: [&str; 4] = [
    r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"Hel"},"p":"ab"}"#,
    r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"lo"},"p":"abcdef"}"#,
    r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"."},"p":"a"}"#,
    r#"contentBlockStop {"contentBlockIndex":0,"p":"abc"}"#,
];
const CALL: [&str; 4] = [
    r#"contentBlockStart {"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t1","name":"look"}},"p":"a"}"#,
    r#"contentBlockDelta {"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"at\":"}},"p":"abc"}"#,
    r#"contentBlockDelta {"contentBlockIndex":1,"delta":{"toolUse":{"input":"1}"}},"p":"ab"}"#,
    r#"contentBlockStop {"contentBlockIndex":1,"p":"abc"}"#,
];
const CALL_2: [&str; 2] = [
    r#"contentBlockStart {"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t2","name":"wait"}},"p":"a"}"#,
    r#"contentBlockStop {"contentBlockIndex":2}"#,
];
const END_TURN: &str = r#"messageStop {"p":"ab","stopReason":"end_turn"}"#;
const TOOL_USE: &str = r#"messageStop {"stopReason":"tool_use","p":"ab"}"#;
const METADATA: &str = r#"metadata {"metrics":{"latencyMs":7},"p":"a","usage":{"inputTokens":8,"outputTokens":9,"totalTokens":17,"cacheReadInputTokens":3}}"#;

#[test]
fn text_and_what_may_follow_or_precede_the_stop() {
    let tails: [&[&str]; 3] = [&[END_TURN, METADATA], &[METADATA, END_TURN], &[END_TURN]];
    for tail in tails {
        let read = strict(&[&[START][..], &TEXT, tail].concat());
        assert_eq!(
            (&*read.text, read.stop.as_deref()),
            ("Hello.", Some("end_turn"))
        );
        assert_eq!((read.ended, read.rejected), (Ended::Terminal, None));
        assert!(read.warnings.is_empty());
        let counted = tail.len() == 2;
        assert_eq!(read.usage.output, counted.then_some(9));
        assert_eq!(read.usage.cache_read, counted.then_some(3));
    }
}

#[test]
fn calls_one_after_the_other_or_mixed() {
    let [open, first, second, close] = CALL;
    let [open_2, close_2] = CALL_2;
    let ordered = [open, first, second, close, open_2, close_2];
    let mixed = [open_2, open, first, close_2, second, close];
    for (body, first) in [(ordered, "t1"), (mixed, "t2")] {
        let read = strict(&[&[START][..], &TEXT, &body, &[TOOL_USE, METADATA]].concat());
        let mut calls = calls(&read);
        assert_eq!(calls[0].0, first);
        calls.sort_unstable();
        assert_eq!(calls, [("t1", "look", "{\"at\":1}"), ("t2", "wait", "")]);
    }
}

#[test]
fn thoughts_signatures_seals_and_citations() {
    let events = [
        START,
        r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm"}}}"#,
        r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"."}}}"#,
        r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"c2ln"}}}"#,
        r#"contentBlockStop {"contentBlockIndex":0}"#,
        r#"contentBlockDelta {"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"c2VhbA=="}}}"#,
        r#"contentBlockStop {"contentBlockIndex":1}"#,
        r#"contentBlockDelta {"contentBlockIndex":2,"delta":{"text":"So \ud83d"}}"#,
        r#"contentBlockDelta {"contentBlockIndex":2,"delta":{"text":"\ude00"}}"#,
        r#"contentBlockDelta {"contentBlockIndex":2,"delta":{"citation":{"title":"T"}}}"#,
        r#"contentBlockStop {"contentBlockIndex":2}"#,
        END_TURN,
    ];
    let transcript = strict(&events);
    assert_eq!(
        (&*transcript.text, &*transcript.reasoning),
        ("So \u{1F600}", "Hm.")
    );
    assert_eq!(transcript.signatures, ["c2ln"]);
    let turn = read(CONVERSE, Options::strict(), &converse(&events)).unwrap();
    let contents = &turn.reply().choices[0].contents;
    assert_eq!(contents[1].others, [r#"{"redactedContent":"c2VhbA=="}"#]);
    assert_eq!(contents[2].citations, [r#"{"title":"T"}"#]);
}

#[test]
fn calls_of_the_server() {
    let events = [
        START,
        r#"contentBlockStart {"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"s1","name":"run","type":"server_tool_use"}}}"#,
        r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}"#,
        r#"contentBlockStop {"contentBlockIndex":0}"#,
        r#"contentBlockStart {"contentBlockIndex":1,"start":{"toolResult":{"toolUseId":"s1","status":"success"}}}"#,
        r#"contentBlockDelta {"contentBlockIndex":1,"delta":{"toolResult":[{"json":{"n":1}}]}}"#,
        r#"contentBlockStop {"contentBlockIndex":1}"#,
        END_TURN,
    ];
    let read = strict(&events);
    assert!(read.tool_calls.is_empty() && read.rejected.is_none());
    assert_eq!(
        (
            &*read.server_calls[0].name,
            &*read.server_calls[0].arguments
        ),
        ("run", "{}")
    );
}

#[test]
fn what_forbids_releasing_a_call() {
    let stops = [
        "max_tokens",
        "guardrail_intervened",
        "content_filtered",
        "malformed_model_output",
        "malformed_tool_use",
        "model_context_window_exceeded",
        "a reason of next year",
    ];
    for reason in stops {
        let stop = format!("messageStop {{\"stopReason\":\"{reason}\"}}");
        let read = lenient(&[&[START][..], &CALL, &[&stop, METADATA]].concat());
        assert_eq!(read.rejected.as_deref(), Some("unsafe_stop"));
        assert!(read.tool_calls.is_empty() && read.rejected_calls.len() == 1);
    }
    let cases: [(&[&str], &str); 4] = [
        (
            &[START, CALL[0], CALL[1], CALL[2], TOOL_USE, METADATA],
            "open_block",
        ),
        (
            &[START, CALL[0], CALL[1], CALL[2], CALL[3], METADATA],
            "no_terminal",
        ),
        (
            &[START, CALL[0], CALL[1], CALL[2], CALL[3], "messageStop {}"],
            "no_stop_reason",
        ),
        (&[START, TEXT[0], END_TURN, METADATA], "open_block"),
    ];
    for (events, why) in cases {
        assert_eq!(lenient(events).rejected.as_deref(), Some(why));
    }
}

#[test]
fn exceptions_and_errors_are_the_providers() {
    let whole = converse(&[&[START][..], &CALL, &[TOOL_USE]].concat());
    let slow = exception("throttlingException", "Too many");
    let stream = "modelStreamErrorException";
    let original = r#"{"originalStatusCode":424,"originalMessage":"broke"}"#;
    let original = message("exception", ":exception-type", stream, original);
    let mut error = Vec::new();
    let headers = [
        (":message-type", Value::Text("error")),
        (":error-code", Value::Text("InternalError")),
        (":error-message", Value::Text("it \"broke\"")),
    ];
    encode(&headers, b"", &mut error).unwrap();
    let cases = [
        (slow, "throttlingException", "Too many"),
        (original, stream, "broke"),
        (error, "InternalError", "it \"broke\""),
    ];
    for (failure, kind, text) in cases {
        for dialect in [CONVERSE, INVOKE] {
            let mut body = match dialect {
                INVOKE => invoke(&ANTHROPIC[..4]),
                _ => whole.clone(),
            };
            body.extend(&failure);
            body.extend(converse(&[METADATA]));
            let read = check(dialect, Options::strict(), &body);
            let error = read.error.unwrap();
            assert_eq!((&*error.kind, &*error.message), (kind, text));
            assert_eq!(read.rejected.as_deref(), Some("provider_error"));
            assert!(read.tool_calls.is_empty());
        }
    }
}

#[test]
fn behind_the_end_nothing_counts() {
    let [open, first, second, close] = CALL;
    let late = [
        START, TEXT[0], TEXT[3], END_TURN, open, first, second, close, METADATA,
    ];
    let read = lenient(&late);
    assert!(read.tool_calls.is_empty() && read.rejected.is_none());
    assert_eq!(read.warnings.of("F-32"), 4);
    let mut body = converse(&[&[START][..], &CALL, &[TOOL_USE, METADATA]].concat());
    body.extend(exception("throttlingException", "late"));
    let read = check(CONVERSE, Options::lenient(), &body);
    assert_eq!((read.rejected, read.warnings.of("F-32")), (None, 1));
}

#[test]
fn what_is_wrong_is_an_error() {
    let text_to_call = r#"contentBlockDelta {"contentBlockIndex":1,"delta":{"text":"x"}}"#;
    let nowhere = r#"contentBlockDelta {"delta":{"text":"x"}}"#;
    let number = r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"text":1}}"#;
    let streams: [&[&str]; 7] = [
        &[START, CALL[1]],
        &[START, CALL[0], CALL[0]],
        &[START, CALL[0], text_to_call],
        &[START, TEXT[0], TEXT[3], TEXT[1]],
        &[START, TEXT[0], START],
        &[START, nowhere],
        &[START, number],
    ];
    for events in streams {
        for read in [lenient(events), strict(events)] {
            assert_eq!(read.error.unwrap().kind, "protocol_violation");
        }
    }
    let nameless = message("event", "x", "y", "{}");
    let not_base64 = message("event", ":event-type", "chunk", r#"{"bytes":"%"}"#);
    let no_bytes = message("event", ":event-type", "chunk", "{}");
    for (dialect, body) in [
        (CONVERSE, &nameless),
        (INVOKE, &nameless),
        (INVOKE, &not_base64),
        (INVOKE, &no_bytes),
        (INVOKE, &invoke(&["[]"])),
    ] {
        let read = check(dialect, Options::lenient(), body);
        assert_eq!(read.rejected.as_deref(), Some("unreadable"));
    }
}

#[test]
fn what_is_odd_is_counted_and_strictly_an_error() {
    let object =
        r#"contentBlockDelta {"contentBlockIndex":1,"delta":{"toolUse":{"input":{"at":1}}}}"#;
    let empty = r#"contentBlockDelta {"contentBlockIndex":1,"delta":{"toolUse":{}}}"#;
    let cases: [(&[&str], &str); 5] = [
        (&[TEXT[0], TEXT[3], END_TURN], "F-36"),
        (&[START, START, END_TURN], "F-35"),
        (&[START, CALL[0], object, CALL[3], TOOL_USE], "F-19"),
        (&[START, CALL[0], empty, CALL[3], TOOL_USE], "F-36"),
        (&[START, TEXT[3], END_TURN], "F-36"),
    ];
    for (events, id) in cases {
        let read = lenient(events);
        assert_eq!((read.warnings.of(id), read.rejected), (1, None));
        assert_eq!(strict(events).error.unwrap().kind, "protocol_violation");
    }
}

#[test]
fn what_is_unknown_passes() {
    let read = strict(&[
        START,
        r#"hologram {"rays":1}"#,
        r#"contentBlockStart {"contentBlockIndex":0,"start":{"image":{"format":"png"}}}"#,
        r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"image":{"bytes":"AA=="}}}"#,
        r#"contentBlockStop {"contentBlockIndex":0}"#,
        END_TURN,
    ]);
    assert_eq!((read.warnings.of("F-56"), read.rejected), (3, None));
}

const ANTHROPIC: [&str; 8] = [
    r#"{"type":"message_start","message":{"id":"msg_1","model":"claude","content":[],"usage":{"input_tokens":3}}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t1","name":"look","input":{}}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"at\":"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"}"}}"#,
    r#"{"type":"content_block_stop","index":0}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}"#,
    r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3}}"#,
];

#[test]
fn anthropic_inside() {
    let read = check(INVOKE, Options::strict(), &invoke(&ANTHROPIC));
    assert_eq!(calls(&read), [("t1", "look", "{\"at\":1}")]);
    assert_eq!(read.message_id.as_deref(), Some("msg_1"));
    assert_eq!((read.frames, read.ended), (8, Ended::Terminal));
    assert!(read.warnings.is_empty());
}

#[test]
fn a_guardrail_forbids_whatever_the_model_says() {
    let mut events = ANTHROPIC;
    events[4] = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"}"},"amazon-bedrock-guardrailAction":"INTERVENED"}"#;
    let read = check(INVOKE, Options::lenient(), &invoke(&events));
    assert!(read.tool_calls.is_empty());
    assert_eq!(read.stop.as_deref(), Some("guardrail_intervened"));
    assert_eq!(read.rejected.as_deref(), Some("unsafe_stop"));
}

#[test]
fn nova_inside_numbers_each_piece() {
    let mut events = vec![r#"{"messageStart":{"role":"assistant"}}"#.to_owned()];
    for index in 0..5000 {
        events.push(format!(
            r#"{{"contentBlockDelta":{{"delta":{{"text":"x"}},"contentBlockIndex":{index}}}}}"#
        ));
        events.push(format!(
            r#"{{"contentBlockStop":{{"contentBlockIndex":{index}}}}}"#
        ));
    }
    let rest = [
        r#"{"contentBlockStart":{"start":{"toolUse":{"toolUseId":"t1","name":"look"}},"contentBlockIndex":5000}}"#,
        r#"{"contentBlockDelta":{"delta":{"toolUse":{"input":"{}"}},"contentBlockIndex":5000}}"#,
        r#"{"contentBlockStop":{"contentBlockIndex":5000}}"#,
        r#"{"messageStop":{"stopReason":"tool_use"}}"#,
        r#"{"metadata":{"usage":{"inputTokens":1,"cacheReadInputTokenCount":2}},"amazon-bedrock-invocationMetrics":{}}"#,
    ];
    let mut all: Vec<&str> = events.iter().map(String::as_str).collect();
    all.extend(rest);
    let whole = Transcript::of(&read(INVOKE, Options::strict(), &invoke(&all)));
    assert_eq!((whole.text.len(), whole.rejected.as_deref()), (5000, None));
    assert_eq!(calls(&whole), [("t1", "look", "{}")]);
    assert_eq!(whole.usage.cache_read, Some(2));
    let few = [&all[..5], &rest].concat();
    let whole = check(INVOKE, Options::strict(), &invoke(&few));
    assert_eq!((&*whole.text, whole.warnings.is_empty()), ("xx", true));
}

#[test]
fn the_other_models_inside() {
    let titan = [
        r#"{"outputText":"Hel","index":0.0,"totalOutputTextTokenCount":null,"completionReason":null,"inputTextTokenCount":6.0}"#,
        r#"{"outputText":"lo","index":0,"completionReason":"FINISH","amazon-bedrock-invocationMetrics":{"inputTokenCount":6,"outputTokenCount":2}}"#,
    ];
    let llama = [
        r#"{"generation":"Hel","prompt_token_count":6,"generation_token_count":1,"stop_reason":null}"#,
        r#"{"generation":"lo","prompt_token_count":null,"generation_token_count":2,"stop_reason":null}"#,
        r#"{"generation":"","stop_reason":"stop"}"#,
    ];
    let mistral = [
        r#"{"outputs":[{"text":"Hel","stop_reason":null}]}"#,
        r#"{"outputs":[{"text":"lo","stop_reason":"stop"}]}"#,
    ];
    let claude = [
        r#"{"type":"completion","completion":"Hel","stop_reason":null,"stop":null}"#,
        r#"{"type":"completion","completion":"lo","stop_reason":"stop_sequence","stop":"\n\nHuman:"}"#,
    ];
    let cohere = [
        r#"{"is_finished":false,"event_type":"text-generation","text":"Hello"}"#,
        r#"{"is_finished":true,"event_type":"stream-end","response":{"text":"Hello"},"finish_reason":"COMPLETE"}"#,
    ];
    let chat = [
        r#"{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"}}]}"#,
        r#"{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"amazon-bedrock-invocationMetrics":{}}"#,
    ];
    let streams: [&[&str]; 6] = [&titan, &llama, &mistral, &claude, &cohere, &chat];
    for events in streams {
        let whole = check(INVOKE, Options::strict(), &invoke(events));
        assert_eq!(
            (&*whole.text, whole.rejected),
            ("Hello", None),
            "{}",
            events[0]
        );
        assert_eq!(whole.ended, Ended::Terminal);
        let cut = check(INVOKE, Options::strict(), &invoke(&events[..1]));
        assert_eq!(cut.rejected.as_deref(), Some("no_terminal"));
    }
    let limit = llama.map(|event| event.replace("\"stop\"", "\"length\""));
    let limit: Vec<&str> = limit.iter().map(String::as_str).collect();
    let read = check(INVOKE, Options::strict(), &invoke(&limit));
    assert_eq!(read.rejected.as_deref(), Some("unsafe_stop"));
}

#[test]
fn whole_calls_of_the_other_models() {
    let cohere = [
        r#"{"event_type":"text-generation","text":"","is_finished":false}"#,
        r#"{"event_type":"tool-calls-chunk","tool_call_delta":{"index":0,"name":"look"}}"#,
        r#"{"event_type":"tool-calls-generation","tool_calls":[{"name":"look","parameters":{"at":1}},{"name":"wait","parameters":{}}]}"#,
        r#"{"event_type":"stream-end","finish_reason":"COMPLETE","response":{}}"#,
    ];
    let read = check(INVOKE, Options::strict(), &invoke(&cohere));
    assert_eq!(
        calls(&read),
        [("-", "look", "{\"at\":1}"), ("-", "wait", "{}")]
    );
    let mistral = [
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hm"},"stop_reason":null}]}"#,
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"","tool_calls":[{"id":"t1","function":{"name":"look","arguments":"{\"at\":1}"}}]},"stop_reason":"tool_calls"}]}"#,
    ];
    let read = check(INVOKE, Options::strict(), &invoke(&mistral));
    assert_eq!(calls(&read), [("t1", "look", "{\"at\":1}")]);
    assert_eq!(read.text, "Hm");
}
