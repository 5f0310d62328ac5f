//! Ends, stop reasons, errors, restarts, usage.

use wiretape_core::turn::Ended;
use wiretape_core::{Dialect, Options, Transcript, read};

use super::{
    ACT, LAST, SHUT, TOOL, anthropic, check_anthropic, check_chat, check_with, json, payloads,
    strict_error,
};

#[test]
fn f27_f28_the_reason_decides_and_an_unknown_one_forbids() {
    let delta = r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#;
    for reason in ["stop", "tool_calls", "function_call"] {
        let expect = format!("\"\" | a f({{}}) | stop {reason}");
        check_chat(&[delta], reason, &expect);
    }
    for reason in ["length", "content_filter", "error", "refusal", "tomorrow"] {
        let expect = format!("\"\" | not a f({{}}): unsafe_stop | unsafe_stop | stop {reason}");
        check_chat(&[delta], reason, &expect);
    }
    check_chat(
        &[delta],
        "",
        "\"\" | not a f({}): no_stop_reason | no_stop_reason",
    );
    for reason in [
        "max_tokens",
        "pause_turn",
        "refusal",
        "model_context_window_exceeded",
    ] {
        let stop = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#);
        let expect = format!("\"\" | not t f(): unsafe_stop | unsafe_stop | stop {reason}");
        check_anthropic(&[TOOL, SHUT, &stop, LAST], &expect);
    }
}

#[test]
fn f30_a_missing_end_is_no_end_unless_asked() {
    let body = anthropic(&[TOOL, &json("{}"), SHUT, ACT]);
    check_with(
        Dialect::Anthropic,
        Options::lenient(),
        &body,
        "\"\" | not t f({}): no_terminal | no_terminal | stop tool_use | eof",
    );
    let options = Options {
        accept_weak_end: true,
        ..Options::lenient()
    };
    check_with(
        Dialect::Anthropic,
        options,
        &body,
        "\"\" | t f({}) | stop tool_use | eof | F-30×1",
    );
}

#[test]
fn f31_a_last_event_without_its_blank_line_is_recovered_if_asked() {
    let body = anthropic(&[TOOL, SHUT, ACT, LAST]);
    let whole = "\"\" | t f({}) | stop tool_use";
    let mut options = Options::lenient();
    for cut in ["\n", "\n\n"] {
        let body = body.strip_suffix(cut).unwrap_or_default();
        options.sse.recover_last = false;
        let expect = "\"\" | not t f(): no_terminal | no_terminal | stop tool_use | eof | F-31×1";
        check_with(Dialect::Anthropic, options, body, expect);
        options.sse.recover_last = true;
        check_with(
            Dialect::Anthropic,
            options,
            body,
            &format!("{whole} | F-31×1"),
        );
    }
    let half = body.strip_suffix("}\n\n").unwrap_or_default();
    let expect = "\"\" | not t f(): no_terminal | no_terminal | stop tool_use | eof | F-31×1";
    check_with(Dialect::Anthropic, options, half, expect);
}

#[test]
fn f35_a_second_message_of_another_id_ends_the_reading() {
    let again = r#"{"type":"message_start","message":{"id":"m","model":"x","content":[]}}"#;
    let other = r#"{"type":"message_start","message":{"id":"n","model":"x","content":[]}}"#;
    check_anthropic(
        &[again, TOOL, SHUT, ACT, LAST],
        "\"\" | t f({}) | stop tool_use | F-35×1",
    );
    check_anthropic(
        &[TOOL, &json("{\"a"), other, TOOL, SHUT, ACT, LAST],
        "\"\" | not t f({\"a): unreadable | unreadable | error protocol_violation: a second message_start with another id (F-35)",
    );
}

#[test]
fn f40_errors_in_every_shape() {
    check_anthropic(
        &[
            TOOL,
            r#"{"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#,
            SHUT,
            ACT,
            LAST,
        ],
        "\"\" | not t f(): provider_error | provider_error | error overloaded_error: Overloaded | F-32×3",
    );
    for (frame, error) in [
        (
            r#"data: {"error":{"message":"m","type":"server_error","code":null}}"#,
            "server_error: m",
        ),
        (r#"data: {"error":"m"}"#, "error: m"),
        (r#"data: {"error":{"code":502,"message":"m"}}"#, "502: m"),
        (
            r#"data: {"object":"error","message":"m","type":"BadRequest"}"#,
            "BadRequest: m",
        ),
        (
            "event: error\ndata: {\"error\":{\"message\":\"m\",\"type\":\"t\"}}",
            "t: m",
        ),
        (
            r#"data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"error":{"code":400,"message":"m"}}"#,
            "400: m",
        ),
    ] {
        let body = format!("{frame}\n\n");
        let transcript = Transcript::of(&read(
            Dialect::OpenAiChat,
            Options::strict(),
            body.as_bytes(),
        ));
        let got = transcript
            .error
            .map(|e| format!("{}: {}", e.kind, e.message));
        assert_eq!(got.as_deref(), Some(error), "{body}");
        assert_eq!(transcript.ended, Ended::Error, "{body}");
    }
}

#[test]
fn f42_nothing_that_looks_like_success() {
    for body in [
        "",
        "{\"error\":{\"message\":\"no\"}}",
        "<html>\n\n</html>\n\n",
        ": ping\n\n",
    ] {
        let transcript = Transcript::of(&read(
            Dialect::OpenAiChat,
            Options::lenient(),
            body.as_bytes(),
        ));
        assert_eq!(
            transcript.rejected.as_deref(),
            Some("empty_stream"),
            "{body}"
        );
    }
    check_with(
        Dialect::OpenAiChat,
        Options::lenient(),
        "data: {\"id\":\"c\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n",
        "\"hi\" | stop stop | F-42×1",
    );
}

#[test]
fn f72_an_error_is_final_whatever_comes_after_it() {
    let limits = wiretape_core::Limits {
        frame_bytes_max: 8,
        ..wiretape_core::Limits::default()
    };
    let mut decoder =
        wiretape_core::sse::Decoder::new(wiretape_core::sse::Options::strict(), limits);
    let error = wiretape_core::Error {
        at: 0,
        kind: wiretape_core::ErrorKind::FrameTooLarge { limit: 8 },
    };
    let mut input = &b"data: 1"[..];
    assert_eq!(decoder.decode(&mut input), Ok(None));
    for chunk in [&b"234"[..], b"x", b"\n\n", b"data: ok\n\n"] {
        let mut input = chunk;
        assert_eq!(decoder.decode(&mut input).err(), Some(error), "{chunk:?}");
    }
    assert_eq!(decoder.finish().err(), Some(error));
}

#[test]
fn f27_one_reason_that_forbids_is_enough() {
    let delta = r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#;
    let twice = [
        format!(r#"{{"choices":[{{"index":0,"delta":{delta},"finish_reason":"length"}}]}}"#),
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#.to_owned(),
    ];
    let body = payloads(&[&twice[0], &twice[1], "[DONE]"]);
    check_with(
        Dialect::OpenAiChat,
        Options::lenient(),
        &body,
        "\"\" | not a f({}): unsafe_stop | unsafe_stop | stop tool_calls | F-32×1",
    );
    let cut = r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"}}"#;
    check_anthropic(
        &[TOOL, SHUT, cut, ACT, LAST],
        "\"\" | not t f(): unsafe_stop | unsafe_stop | stop tool_use",
    );
}

#[test]
fn f32_an_empty_reason_is_no_reason() {
    let body = payloads(&[
        r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":""}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":""}]}"#,
    ]);
    let expect = "\"ab\" | no_terminal | eof";
    check_with(Dialect::OpenAiChat, Options::lenient(), &body, expect);
}

#[test]
fn f34_usage_in_the_choice() {
    let body = payloads(&[
        r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop","usage":{"prompt_tokens":3,"completion_tokens":4}}]}"#,
        "[DONE]",
    ]);
    let turn = read(Dialect::OpenAiChat, Options::lenient(), body.as_bytes()).unwrap();
    let usage = turn.reply().usage;
    assert_eq!((usage.input, usage.output), (Some(3), Some(4)));
}

#[test]
fn f35_calls_of_a_second_chat_reply_are_not_mixed_into_the_first() {
    let chunk = |id: &str, call: &str, arguments: &str| {
        format!(
            r#"{{"id":"{id}","choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"id":"{call}","function":{{"name":"f","arguments":"{arguments}"}}}}]}}}}]}}"#
        )
    };
    let stop = r#"{"id":"two","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    let (one, two) = (chunk("one", "a", ""), chunk("two", "b", r#"{\"x\":1}"#));
    check_with(
        Dialect::OpenAiChat,
        Options::lenient(),
        &payloads(&[&one, &two, stop, "[DONE]"]),
        "\"\" | not a f(): unreadable | unreadable | error protocol_violation: the reply's id changes and its calls begin again (F-35) | F-35×1",
    );
    // An id of its own in each chunk is no splice.
    let rest = r#"{"id":"three","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    let body = payloads(&[&one, rest, "[DONE]"]);
    check_with(
        Dialect::OpenAiChat,
        Options::lenient(),
        &body,
        "\"\" | a f({}) | stop tool_calls | F-35×1",
    );
    assert_eq!(
        strict_error(Dialect::OpenAiChat, &body).as_deref(),
        Some("the reply's id changes (F-35)")
    );
}

#[test]
fn f17_f36_a_stream_out_of_order_is_counted_and_an_error_in_the_strict_preset() {
    let tail = [TOOL, SHUT, ACT, LAST];
    let headless: Vec<&str> = [&["!"][..], &tail].concat();
    check_anthropic(&headless, "\"\" | t f({}) | stop tool_use | F-36×1");
    assert_eq!(
        strict_error(Dialect::Anthropic, &anthropic(&headless)).as_deref(),
        Some("the stream does not begin with message_start (F-36)")
    );
    let nameless = anthropic(&tail).replace("event: message_stop\n", "");
    check_with(
        Dialect::Anthropic,
        Options::lenient(),
        &nameless,
        "\"\" | t f({}) | stop tool_use | F-17×1",
    );
    assert_eq!(
        strict_error(Dialect::Anthropic, &nameless).as_deref(),
        Some("an event whose name is not its payload's type (F-17)")
    );
    let again = r#"{"type":"message_start","message":{"id":"m","model":"x","content":[]}}"#;
    let twice = anthropic(&[again, TOOL, SHUT, ACT, LAST]);
    assert_eq!(
        strict_error(Dialect::Anthropic, &twice).as_deref(),
        Some("a second message_start (F-35)")
    );
}

#[test]
fn f35_a_message_that_begins_again_under_its_own_id_is_not_mixed_into_itself() {
    let again = r#"{"type":"message_start","message":{"id":"m","model":"x","content":[]}}"#;
    check_anthropic(
        &[TOOL, SHUT, again, TOOL, &json("{\"a\":1}"), SHUT, ACT, LAST],
        "\"\" | not t f(): unreadable | unreadable | error protocol_violation: the message and its blocks begin again (F-35) | F-35×1",
    );
    // Without ids it cannot be told that it is the same message.
    let bare = r#"{"type":"message_start","message":{"content":[]}}"#;
    check_anthropic(
        &["!", bare, TOOL, SHUT, bare, ACT, LAST],
        "\"\" | not t f(): unreadable | unreadable | error protocol_violation: a second message_start with another id (F-35)",
    );
}

#[test]
fn f36_arguments_that_cannot_be_placed_release_nothing() {
    let text =
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#;
    let astray = json("{\"x\":1}").replace("\"index\":0", "\"index\":1");
    check_anthropic(
        &[TOOL, text, &astray, SHUT, ACT, LAST],
        "\"\" | not t f(): unreadable | unreadable | error protocol_violation: a delta of another type than its block (F-36)",
    );
}

#[test]
fn f40_an_event_named_error_is_an_error_whatever_it_says() {
    for (payload, error) in [
        (
            "{\"type\":\"overloaded_error\",\"message\":\"m\"}",
            "overloaded_error: m",
        ),
        ("\"Overloaded\"", "error: Overloaded"),
        ("{\"message\":\"m\"}", "error: m"),
    ] {
        let body = anthropic(&[TOOL, SHUT, ACT]) + &format!("event: error\ndata: {payload}\n\n");
        let body = body + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        let seen = Transcript::of(&read(
            Dialect::Anthropic,
            Options::lenient(),
            body.as_bytes(),
        ));
        let got = seen.error.map(|e| format!("{}: {}", e.kind, e.message));
        assert_eq!(got.as_deref(), Some(error), "{payload}");
        assert!(seen.tool_calls.is_empty(), "{payload}");
    }
}

#[test]
fn f34_usage_is_cumulative_null_changes_nothing_and_cached_tokens_are_told() {
    let start = r#"{"type":"message_start","message":{"id":"m","content":[],"usage":{"input_tokens":0,"output_tokens":1,"cache_read_input_tokens":7,"cache_creation_input_tokens":5}}}"#;
    let last = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":9,"output_tokens":4,"cache_read_input_tokens":null}}"#;
    let body = anthropic(&["!", start, last, LAST]);
    let turn = read(Dialect::Anthropic, Options::strict(), body.as_bytes()).unwrap();
    let usage = turn.reply().usage;
    assert_eq!((usage.input, usage.output), (Some(9), Some(4)));
    assert_eq!((usage.cache_read, usage.cache_write), (Some(7), Some(5)));
    let body = payloads(&[
        r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}],"usage":null}"#,
        r#"{"choices":null,"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2}}}"#,
        r#"{"choices":[],"usage":{}}"#,
        "[DONE]",
    ]);
    let turn = read(Dialect::OpenAiChat, Options::strict(), body.as_bytes()).unwrap();
    let usage = turn.reply().usage;
    assert_eq!((usage.input, usage.output), (Some(3), Some(4)));
    assert_eq!((usage.cache_read, usage.cache_write), (Some(2), None));
}
