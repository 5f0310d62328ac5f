//! Cohere Chat, version 2: streams after <https://docs.cohere.com/v2/docs/streaming>, and what must come of
//! each.
#![expect(clippy::indexing_slicing, reason = "tests")]

use wiretape_core::turn::Ended;
use wiretape_core::{Dialect, Options, Reader, Transcript, read};

/// Each payload under its type as the event's name.
fn body(payloads: &[&str]) -> String {
    let event = |payload: &&str| {
        let ty = payload.split("\"type\":\"").nth(1);
        let name = ty.and_then(|rest| rest.split('"').next()).unwrap_or("none");
        format!("event: {name}\ndata: {payload}\n\n")
    };
    payloads.iter().map(event).collect()
}

/// The transcript, which is the same whole and byte by byte; cut anywhere, no call is released.
fn check(options: Options, body: &str) -> Transcript {
    let result = read(Dialect::Cohere, options, body.as_bytes());
    let whole = Transcript::of(&result);
    let mut reader = Reader::with_options(Dialect::Cohere, options);
    for byte in body.as_bytes().chunks(1) {
        let _ = reader.feed(byte, &mut |_| {});
    }
    assert_eq!(Transcript::of(&reader.finish()), whole, "byte by byte");
    let end = body.rfind("event: message-end").unwrap_or(body.len());
    for cut in 0..end {
        let cut = read(Dialect::Cohere, options, &body.as_bytes()[..cut]);
        assert!(cut.is_err(), "a cut reply is no turn");
    }
    whole
}

fn lenient(payloads: &[&str]) -> Transcript {
    check(Options::lenient(), &body(payloads))
}

fn strict(payloads: &[&str]) -> Transcript {
    check(Options::strict(), &body(payloads))
}

const START: &str = r#"{"id":"m1","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}"#;
const CONTENT: &str = r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#;
const HELLO: &str =
    r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hel"}}}}"#;
const LO: &str =
    r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"lo \ud83d"}}}}"#;
const SMILE: &str =
    r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"\ude00"}}}}"#;
const CONTENT_END: &str = r#"{"type":"content-end","index":0}"#;
const PLAN: &str = r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I will look."}}}"#;
const CALL: &str = r#"{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"c1","type":"function","function":{"name":"look","arguments":""}}}}}"#;
const ARGUMENTS: [&str; 2] = [
    r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"at\":"}}}}}"#,
    r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"1}"}}}}}"#,
];
const CALL_END: &str = r#"{"type":"tool-call-end","index":0}"#;
const CALL_2: &str = r#"{"type":"tool-call-start","index":1,"delta":{"message":{"tool_calls":{"id":"c2","type":"function","function":{"name":"wait","arguments":""}}}}}"#;
const CALL_2_END: &str = r#"{"type":"tool-call-end","index":1}"#;
const COMPLETE: &str = r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":1,"output_tokens":2},"tokens":{"input_tokens":69,"output_tokens":5},"cached_tokens":7}}}"#;
const TOOL_CALL: &str = r#"{"type":"message-end","delta":{"finish_reason":"TOOL_CALL"}}"#;

#[test]
fn text_thoughts_and_citations() {
    let thought = [
        r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}"#,
        r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"Hm."}}}}"#,
        CONTENT_END,
        r#"{"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":"So"}}}}"#,
        r#"{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":": 3."}}}}"#,
        r#"{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":4,"end":6,"text":"3.","sources":[]}}}}"#,
        r#"{"type":"citation-end","index":0}"#,
        r#"{"type":"content-end","index":1}"#,
        COMPLETE,
    ];
    let mut stream = body(&[START]);
    stream += &body(&thought);
    stream += "data: [DONE]\n\n";
    let read = check(Options::strict(), &stream);
    assert_eq!((&*read.text, &*read.reasoning), ("So: 3.", "Hm."));
    assert_eq!(read.stop.as_deref(), Some("COMPLETE"));
    assert_eq!(read.ended, Ended::Terminal);
    assert!(read.warnings.is_empty() && read.rejected.is_none());
    assert_eq!(read.usage.input, Some(69));
    assert_eq!(read.usage.cache_read, Some(7));
    let turn = wiretape_core::read(Dialect::Cohere, Options::strict(), stream.as_bytes()).unwrap();
    let contents = &turn.reply().choices[0].contents;
    assert!(contents[1].citations[0].contains("\"start\":4"));
}

#[test]
fn a_pair_in_two_deltas_is_one_character() {
    let read = strict(&[START, CONTENT, HELLO, LO, SMILE, CONTENT_END, COMPLETE]);
    assert_eq!(read.text, "Hello \u{1F600}");
}

#[test]
fn calls_beside_a_plan() {
    let [first, second] = ARGUMENTS;
    let ordered = [
        START, PLAN, CALL, first, second, CALL_END, CALL_2, CALL_2_END, TOOL_CALL,
    ];
    let mixed = [
        START, PLAN, CALL, CALL_2, first, CALL_2_END, second, CALL_END, TOOL_CALL,
    ];
    for stream in [ordered, mixed] {
        let read = strict(&stream);
        assert_eq!(read.reasoning, "I will look.");
        let calls: Vec<_> = read
            .tool_calls
            .iter()
            .map(|call| (call.id.as_deref().unwrap(), &*call.name, &*call.arguments))
            .collect();
        assert_eq!(calls, [("c1", "look", "{\"at\":1}"), ("c2", "wait", "")]);
    }
}

#[test]
fn what_forbids_releasing_a_call() {
    let [first, second] = ARGUMENTS;
    let whole = [START, CALL, first, second, CALL_END];
    let ends = [
        (
            r#"{"type":"message-end","delta":{"finish_reason":"MAX_TOKENS"}}"#,
            "unsafe_stop",
        ),
        (
            r#"{"type":"message-end","delta":{"finish_reason":"TIMEOUT"}}"#,
            "unsafe_stop",
        ),
        (
            r#"{"type":"message-end","delta":{"finish_reason":"ERROR","error":"it broke"}}"#,
            "provider_error",
        ),
        (
            r#"{"type":"message-end","delta":{"finish_reason":"ERROR"}}"#,
            "provider_error",
        ),
        (r#"{"type":"message-end","delta":{}}"#, "no_stop_reason"),
        (
            r#"{"type":"error","message":"overloaded"}"#,
            "provider_error",
        ),
    ];
    for (end, why) in ends {
        let stream = [&whole[..], &[end]].concat();
        let read = lenient(&stream);
        assert_eq!(read.rejected.as_deref(), Some(why), "{end}");
        assert!(read.tool_calls.is_empty() && read.rejected_calls.len() == 1);
    }
    let open = lenient(&[START, CALL, first, second, TOOL_CALL]);
    assert_eq!(open.rejected.as_deref(), Some("open_block"));
    let broken = lenient(&[START, CALL, first, CALL_END, TOOL_CALL]);
    assert!(broken.tool_calls.is_empty() && broken.rejected.is_none());
    let mut done = body(&whole);
    done += "data: [DONE]\n\n";
    let read = check(Options::lenient(), &done);
    assert_eq!(read.rejected.as_deref(), Some("no_terminal"));
}

#[test]
fn what_is_wrong_is_an_error() {
    let [first, _] = ARGUMENTS;
    let other = START.replace("m1", "m2");
    let streams: [&[&str]; 6] = [
        &[START, first],
        &[START, HELLO],
        &[START, CALL, CALL],
        &[START, CONTENT, &other],
        &[START, CONTENT, CONTENT_END, HELLO],
        &[
            START,
            CONTENT,
            r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"x"}}}}"#,
        ],
    ];
    for stream in streams {
        for read in [lenient(stream), strict(stream)] {
            assert_eq!(read.error.unwrap().kind, "protocol_violation");
        }
    }
}

#[test]
fn what_is_odd_is_counted_and_strictly_an_error() {
    let object = r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":{"at":1}}}}}}"#;
    let cases: [(&[&str], &str); 4] = [
        (&[CONTENT, HELLO, CONTENT_END, COMPLETE], "F-36"),
        (&[START, START, CONTENT, CONTENT_END, COMPLETE], "F-35"),
        (&[START, CALL, object, CALL_END, TOOL_CALL], "F-19"),
        (
            &[START, CONTENT, CONTENT_END, CONTENT_END, COMPLETE],
            "F-36",
        ),
    ];
    for (stream, id) in cases {
        let read = lenient(stream);
        assert_eq!((read.warnings.of(id), read.rejected), (1, None));
        assert_eq!(strict(stream).error.unwrap().kind, "protocol_violation");
    }
    let nameless = body(&[START, COMPLETE]).replace("event: message-end\n", "");
    let read = check(Options::lenient(), &nameless);
    assert_eq!((read.warnings.of("F-17"), read.rejected), (1, None));
}

#[test]
fn what_is_unknown_passes() {
    let read = strict(&[
        START,
        r#"{"type":"debug","prompt":"x"}"#,
        r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"hologram","rays":1}}}}"#,
        r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"rays":2}}}}"#,
        CONTENT_END,
        COMPLETE,
    ]);
    assert_eq!((read.warnings.of("F-56"), read.rejected), (3, None));
}
