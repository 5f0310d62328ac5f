//! Each failure of the catalogue that a reader of one stream can meet, by its id: what is on the
//! wire, and what must come of it. One line says what was read:
//! `text | calls | rejected calls | why it is no turn | error | what was tolerated`.

use std::fmt::Write;

use wiretape_core::turn::Ended;
use wiretape_core::{Dialect, Options, Transcript, dialect, read};

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

#[test]
fn f05_a_surrogate_pair_in_two_deltas_is_one_character() {
    let text =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
    let piece = |text: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        )
    };
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let (high, low, plain) = (piece("a\\ud83d"), piece("\\ude00b"), piece("c"));
    check_anthropic(
        &[text, &high, &low, SHUT, end, LAST],
        "\"a😀b\" | stop end_turn | F-05×2",
    );
    // The half that stays alone is replaced, whatever comes after it.
    check_anthropic(
        &[text, &high, &plain, SHUT, end, LAST],
        "\"a\u{FFFD}c\" | stop end_turn | F-05×2",
    );
    check_anthropic(
        &[text, &high, SHUT, end, LAST],
        "\"a\u{FFFD}\" | stop end_turn | F-05×2",
    );
    // The inner form: the escape is cut inside the argument text.
    check_anthropic(
        &[
            TOOL,
            &json("{\"t\":\"\\ud83d"),
            &json("\\ude00\"}"),
            SHUT,
            ACT,
            LAST,
        ],
        "\"\" | t f({\"t\":\"😀\"}) | stop tool_use",
    );
}

#[test]
fn f18_absent_arguments_are_an_empty_object() {
    for pieces in [
        vec![],
        vec![""],
        vec!["{}"],
        vec!["", "{}"],
        vec!["null"],
        vec![" "],
    ] {
        let deltas: Vec<String> = pieces.iter().map(|piece| json(piece)).collect();
        let mut payloads = vec![TOOL];
        payloads.extend(deltas.iter().map(String::as_str));
        payloads.extend([SHUT, ACT, LAST]);
        let counted = if pieces == ["null"] { " | F-18×1" } else { "" };
        let expect = format!("\"\" | t f({{}}) | stop tool_use{counted}");
        check_anthropic(&payloads, &expect);
    }
    for function in [
        r#"{"name":"f"}"#,
        r#"{"name":"f","arguments":""}"#,
        r#"{"name":"f","arguments":null}"#,
        r#"{"name":"f","arguments":"null"}"#,
        r#"{"name":"f","arguments":"{}"}"#,
    ] {
        let delta = format!(r#"{{"tool_calls":[{{"index":0,"id":"t","function":{function}}}]}}"#);
        let null = function.contains("\"null\"");
        let expect = format!(
            "\"\" | t f({{}}) | stop tool_calls{}",
            if null { " | F-18×1" } else { "" }
        );
        check_chat(&[&delta], "tool_calls", &expect);
        let strict = read(
            Dialect::OpenAiChat,
            Options::strict(),
            chat(&[&delta], "tool_calls").as_bytes(),
        );
        assert_eq!(strict.unwrap().tool_calls().is_empty(), null, "{function}");
    }
}

#[test]
fn f19_arguments_that_are_no_object_reject_the_call_unless_a_string_holds_one() {
    let call = |arguments: &str| {
        let arguments = serde_json::to_string(arguments).unwrap();
        format!(
            r#"{{"tool_calls":[{{"index":0,"id":"t","function":{{"name":"f","arguments":{arguments}}}}}]}}"#
        )
    };
    let twice = call("\"{\\\"x\\\":1}\"");
    check_chat(
        &[&twice],
        "tool_calls",
        "\"\" | t f({\"x\":1}) | stop tool_calls | F-19×1",
    );
    check_with(
        Dialect::OpenAiChat,
        Options::strict(),
        &chat(&[&twice], "tool_calls"),
        "\"\" | not t f(\"{\\\"x\\\":1}\"): arguments_not_an_object | stop tool_calls",
    );
    for scalar in ["1", "\"a\"", "[{}]", "true", "\"null\""] {
        let expect = format!("\"\" | not t f({scalar}): arguments_not_an_object | stop tool_calls");
        check_chat(&[&call(scalar)], "tool_calls", &expect);
    }
}

#[test]
fn f19_arguments_as_an_object_are_taken_as_they_stand_or_refused() {
    let delta =
        r#"{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":{"n":1e2}}}]}"#;
    check_chat(
        &[delta],
        "tool_calls",
        "\"\" | t f({\"n\":100.0}) | stop tool_calls | F-19×1",
    );
    check_with(
        Dialect::OpenAiChat,
        Options::strict(),
        &chat(&[delta], "tool_calls"),
        "\"\" | not t f(): unreadable | unreadable | error protocol_violation: arguments are no string, expected JSON text in a string (F-19)",
    );
}

#[test]
fn f20_arguments_that_do_not_parse_reject_the_call_and_keep_its_text() {
    check_anthropic(
        &[TOOL, &json("{\"a\":1}{"), SHUT, ACT, LAST],
        "\"\" | not t f({\"a\":1}{): arguments_not_json | stop tool_use",
    );
}

#[test]
fn f21_a_cut_message_releases_no_call_even_if_its_prefix_parses() {
    let cut = r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"}}"#;
    for payloads in [
        vec![TOOL, "ARGS", SHUT, cut, LAST],
        vec![TOOL, "ARGS", cut, LAST],
    ] {
        let args = json("{\"path\":\"a\"}");
        let payloads: Vec<&str> = payloads
            .into_iter()
            .map(|p| if p == "ARGS" { args.as_str() } else { p })
            .collect();
        check_anthropic(
            &payloads,
            "\"\" | not t f({\"path\":\"a\"}): unsafe_stop | unsafe_stop | stop max_tokens",
        );
    }
    // A block that was never closed, though the reason permits acting.
    check_anthropic(
        &[TOOL, &json("{\"a\":1}"), ACT, LAST],
        "\"\" | not t f({\"a\":1}): open_block | open_block | stop tool_use",
    );
}

#[test]
fn f24_calls_are_told_apart_by_id_then_index_then_order() {
    let call = |rest: &str| format!(r#"{{"tool_calls":[{{{rest}}}]}}"#);
    let first = call(r#""index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}"#);
    let second = call(r#""index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":"}"#);
    let both = "\"\" | a f({\"x\":1}) | b g({\"y\":2}) | stop tool_calls";
    // Interleaved, by index (F-23).
    check_chat(
        &[
            &first,
            &second,
            &call(r#""index":0,"function":{"arguments":"1}"}"#),
            &call(r#""index":1,"function":{"arguments":"2}"}"#),
        ],
        "tool_calls",
        both,
    );
    // By id, without an index.
    check_chat(
        &[
            &call(r#""id":"a","function":{"name":"f","arguments":"{\"x\":"}"#),
            &call(r#""id":"b","function":{"name":"g","arguments":"{\"y\":"}"#),
            &call(r#""id":"a","function":{"arguments":"1}"}"#),
            &call(r#""id":"b","function":{"arguments":"2}"}"#),
        ],
        "tool_calls",
        "\"\" | a f({\"x\":1}) | b g({\"y\":2}) | stop tool_calls | F-24×2",
    );
    // Every call is number 0, told apart by a new id with a name.
    check_chat(
        &[
            &call(r#""index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}"#),
            &call(r#""index":0,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}"#),
        ],
        "tool_calls",
        "\"\" | a f({\"x\":1}) | b g({\"y\":2}) | stop tool_calls | F-24×1",
    );
    // A new random id with every chunk of one call.
    check_chat(
        &[
            &first,
            &call(r#""index":0,"id":"r1","function":{"arguments":"1"}"#),
            &call(r#""index":0,"id":"r2","function":{"arguments":"}"}"#),
        ],
        "tool_calls",
        "\"\" | a f({\"x\":1}) | stop tool_calls | F-24×2",
    );
    // An index that is a string, negative, or starts at 1; a huge one allocates nothing (F-73).
    for index in ["\"0\"", "-1", "1", "1000000000"] {
        check_chat(
            &[
                &call(&format!(
                    r#""index":{index},"id":"a","function":{{"name":"f","arguments":"{{\"x\":"}}"#
                )),
                &call(&format!(
                    r#""index":{index},"function":{{"arguments":"1}}"}}"#
                )),
            ],
            "tool_calls",
            if index.starts_with(['"', '-']) {
                "\"\" | a f({\"x\":1}) | stop tool_calls | F-24×1"
            } else {
                "\"\" | a f({\"x\":1}) | stop tool_calls"
            },
        );
    }
    // No index, id or name: the latest call.
    check_chat(
        &[
            &call(r#""function":{"name":"f","arguments":"{\"x\":"}"#),
            &call(r#""function":{"arguments":"1}"}"#),
        ],
        "tool_calls",
        "\"\" | - f({\"x\":1}) | stop tool_calls | F-24×1",
    );
}

#[test]
fn f24_the_conflicting_case_is_an_option() {
    let body = chat(
        &[
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"1}"}}]}"#,
        ],
        "tool_calls",
    );
    let mut options = Options::lenient();
    options.dialect.new_id_at_used_index = dialect::NewIdAtUsedIndex::SameCall;
    check_with(
        Dialect::OpenAiChat,
        options,
        &body,
        "\"\" | a f({\"x\":1}) | stop tool_calls | F-24×1",
    );
    options.dialect.new_id_at_used_index = dialect::NewIdAtUsedIndex::OpensCall;
    check_with(
        Dialect::OpenAiChat,
        options,
        &body,
        "\"\" | not a f({\"x\":): arguments_not_json | not b f(1}): arguments_not_json | stop tool_calls | F-24×1",
    );
}

#[test]
fn f25_ids_and_names_in_odd_places() {
    let call = |rest: &str| format!(r#"{{"tool_calls":[{{"index":0,{rest}}}]}}"#);
    let one = "\"\" | a f({\"x\":1}) | stop tool_calls";
    for rest in [
        // Empty on continuation; null; repeated.
        [
            r#""id":"a","function":{"name":"f","arguments":"{\"x\":"}"#,
            r#""id":"","function":{"name":"","arguments":"1}"}"#,
        ],
        [
            r#""id":"a","function":{"name":"f","arguments":"{\"x\":"}"#,
            r#""id":null,"type":null,"function":{"name":null,"arguments":"1}"}"#,
        ],
        [
            r#""id":"a","function":{"name":"f","arguments":"{\"x\":"}"#,
            r#""id":"a","function":{"name":"f","arguments":"1}"}"#,
        ],
        // Late.
        [
            r#""function":{"arguments":"{\"x\":"}"#,
            r#""id":"a","function":{"name":"f","arguments":"1}"}"#,
        ],
    ] {
        check_chat(&[&call(rest[0]), &call(rest[1])], "tool_calls", one);
    }
    check_chat(
        &[&call(r#""id":"a","function":{"arguments":"{}"}"#)],
        "tool_calls",
        "\"\" | not a ({}): no_name | stop tool_calls",
    );
}

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
fn f51_f53_reasoning_and_refusals_are_not_the_answer() {
    check_chat(
        &[
            r#"{"role":"assistant","content":""}"#,
            r#"{"reasoning_content":"a","reasoning":"a"}"#,
            r#"{"reasoning":"b"}"#,
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"c"}]},{"type":"text","text":"d"}]}"#,
            r#"{"content":"e","refusal":"no"}"#,
        ],
        "stop",
        "\"de\" thinks \"abc\" refuses \"no\" | stop stop",
    );
}

#[test]
fn f56_unknown_things_pass_through() {
    check_anthropic(
        &[
            r#"{"type":"tomorrow","x":1}"#,
            r#"{"type":"content_block_start","index":7,"content_block":{"type":"hologram","x":1}}"#,
            r#"{"type":"content_block_delta","index":7,"delta":{"type":"hologram_delta","x":2}}"#,
            r#"{"type":"content_block_stop","index":7}"#,
            TOOL,
            SHUT,
            ACT,
            LAST,
        ],
        "\"\" | t f({}) | stop tool_use | F-56×3",
    );
}

#[test]
fn f57_answers_are_kept_apart() {
    let body = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n\
        data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let transcript = Transcript::of(&read(
        Dialect::OpenAiChat,
        Options::strict(),
        body.as_bytes(),
    ));
    assert_eq!((transcript.choices, transcript.text.as_str()), (2, "a"));
    assert_eq!(transcript.rejected, None);
    let other = &transcript.others[0];
    assert_eq!(
        (other.text.as_str(), other.stop.as_deref()),
        ("b", Some("length"))
    );
}

#[test]
fn f59_numbers_keys_and_nul_stay_as_sent() {
    let arguments = "{\"n\":12345678901234567890123,\"z\":-0,\"k\":1,\"k\":2,\"s\":\"\\u0000\"}";
    let body = anthropic(&[TOOL, &json(arguments), SHUT, ACT, LAST]);
    let turn = read(Dialect::Anthropic, Options::strict(), body.as_bytes()).expect("a turn");
    assert_eq!(turn.tool_calls()[0].arguments, arguments);
    assert_eq!(turn.tool_calls()[0].input["s"], "\0");
}

#[test]
fn f60_f62_the_execution_key_is_the_same_for_the_same_call() {
    let key = |body: &str| {
        let turn = read(Dialect::OpenAiChat, Options::lenient(), body.as_bytes()).expect("a turn");
        let keys = turn
            .tool_calls()
            .iter()
            .map(|c| c.execution_key().to_owned());
        keys.collect::<Vec<_>>()
    };
    let with_id =
        r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#;
    assert_eq!(key(&chat(&[with_id], "stop")), ["c/a"]);
    let without = r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}},{"index":1,"function":{"name":"f","arguments":"{}"}}]}"#;
    let keys = key(&chat(&[without], "stop"));
    assert_eq!(keys, key(&chat(&[without], "stop")));
    assert_ne!(
        keys[0], keys[1],
        "two equal calls of one reply are two calls"
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
fn f57_no_answer_of_a_rejected_reply_has_calls() {
    let body = "data: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n";
    let first = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";
    for body in [format!("{body}{first}"), body.to_owned()] {
        let transcript = Transcript::of(&read(
            Dialect::OpenAiChat,
            Options::lenient(),
            body.as_bytes(),
        ));
        assert!(transcript.rejected.is_some(), "{transcript:?}");
        let other = &transcript.others[0];
        assert_eq!((other.index, other.tool_calls.len()), (1, 0));
        assert_eq!(other.rejected_calls.len(), 1);
    }
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

#[test]
fn f24_a_delta_that_cannot_open_a_call_is_more_of_the_latest() {
    let call = |rest: &str| format!(r#"{{"tool_calls":[{{{rest}}}]}}"#);
    let first = call(r#""id":"a","function":{"name":"f","arguments":""}"#);
    // A new random id and no index: not a call f({}) and a nameless one.
    check_chat(
        &[
            &first,
            &call(r#""id":"r1","function":{"arguments":"{\"x\":"}"#),
            &call(r#""id":"r2","function":{"arguments":"1}"}"#),
        ],
        "tool_calls",
        "\"\" | a f({\"x\":1}) | stop tool_calls | F-24×3",
    );
    // An index that comes only with the arguments.
    check_chat(
        &[
            &first,
            &call(r#""index":0,"function":{"arguments":"{\"x\":1}"}"#),
            &call(r#""index":1,"id":"b","function":{"name":"g","arguments":"{}"}"#),
        ],
        "tool_calls",
        "\"\" | a f({\"x\":1}) | b g({}) | stop tool_calls | F-24×1",
    );
}

#[test]
fn f24_another_name_behind_arguments_is_another_call() {
    let call = |rest: &str| format!(r#"{{"tool_calls":[{{{rest}}}]}}"#);
    for label in [r#""index":0"#, r#""id":"a""#] {
        let one = call(&format!(
            r#"{label},"function":{{"name":"f","arguments":"{{}}"}}"#
        ));
        let two = call(&format!(
            r#"{label},"function":{{"name":"g","arguments":"{{\"x\":1}}"}}"#
        ));
        let body = chat(&[&one, &two], "tool_calls");
        let seen = Transcript::of(&read(
            Dialect::OpenAiChat,
            Options::lenient(),
            body.as_bytes(),
        ));
        let calls: Vec<_> = seen
            .tool_calls
            .iter()
            .map(|call| (call.name.as_str(), call.arguments.as_str()))
            .collect();
        assert_eq!(calls, [("f", "{}"), ("g", "{\"x\":1}")], "{body}");
        assert!(strict_error(Dialect::OpenAiChat, &body).is_some(), "{body}");
    }
}

#[test]
fn f24_odd_labels_are_errors_in_the_strict_preset() {
    for label in [r#""id":"a""#, r#""index":"0""#, r#""index":-1"#] {
        let delta = format!(
            r#"{{"tool_calls":[{{{label},"function":{{"name":"f","arguments":"{{}}"}}}}]}}"#
        );
        let body = chat(&[&delta], "tool_calls");
        let message = strict_error(Dialect::OpenAiChat, &body);
        assert_eq!(
            message.as_deref(),
            Some("a call without an index that is a number from 0 (F-24)"),
            "{body}"
        );
    }
}

#[test]
fn f25_a_name_in_two_pieces_is_one_name() {
    let call = |rest: &str| format!(r#"{{"tool_calls":[{{"index":0,{rest}}}]}}"#);
    check_chat(
        &[
            &call(r#""id":"a","function":{"name":"get_","arguments":""}"#),
            &call(r#""function":{"name":"weather"}"#),
            &call(r#""function":{"arguments":"{}"}"#),
        ],
        "tool_calls",
        "\"\" | a get_weather({}) | stop tool_calls | F-25×1",
    );
}

#[test]
fn f25_calls_of_one_id_have_keys_of_their_own_unless_they_are_one_call() {
    let call = |index: usize, arguments: &str| {
        format!(
            r#"{{"tool_calls":[{{"index":{index},"id":"a","function":{{"name":"f","arguments":"{arguments}"}}}}]}}"#
        )
    };
    let keys = |calls: &[&str]| -> Vec<String> {
        let body = chat(calls, "tool_calls");
        let turn = read(Dialect::OpenAiChat, Options::lenient(), body.as_bytes()).unwrap();
        turn.tool_calls()
            .iter()
            .map(|call| call.execution_key().to_owned())
            .collect()
    };
    let other = keys(&[&call(0, "{}"), &call(1, r#"{\"x\":1}"#)]);
    assert_eq!(other[0], "c/a");
    assert_ne!(other[1], "c/a");
    // Sent twice (F-62): one key, so that it runs once.
    assert_eq!(keys(&[&call(0, "{}"), &call(1, "{}")]), ["c/a", "c/a"]);
    // Every answer numbers its calls from the start (F-57).
    let both = payloads(&[
        r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}]}"#,
        r#"{"id":"c","choices":[{"index":1,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"stop"}]}"#,
        "[DONE]",
    ]);
    let turn = read(Dialect::OpenAiChat, Options::lenient(), both.as_bytes()).unwrap();
    assert_ne!(
        turn.tool_calls_of(0)[0].execution_key(),
        turn.tool_calls_of(1)[0].execution_key()
    );
}

#[test]
fn f25_an_empty_id_is_no_id() {
    let tool = r#"{"type":"content_block_start","index":INDEX,"content_block":{"type":"tool_use","id":"","name":"f","input":{}}}"#;
    let shut = r#"{"type":"content_block_stop","index":INDEX}"#;
    let body = anthropic(&[
        &tool.replace("INDEX", "0"),
        &shut.replace("INDEX", "0"),
        &tool.replace("INDEX", "1"),
        &shut.replace("INDEX", "1"),
        ACT,
        LAST,
    ]);
    let turn = read(Dialect::Anthropic, Options::lenient(), body.as_bytes()).unwrap();
    let [one, two] = turn.tool_calls() else {
        panic!("{turn:?}")
    };
    assert_eq!(one.id, None);
    assert_ne!(one.execution_key(), two.execution_key());
}

#[test]
fn f26_what_comes_behind_the_reason_takes_back_that_the_answer_is_complete() {
    let call = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}"#;
    let rest = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}}]}}]}"#;
    let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    let check = |body: &[&str], expect: &str| {
        let options = Options::lenient();
        check_with(Dialect::OpenAiChat, options, &payloads(body), expect);
    };
    check(
        &[stop, call],
        "\"\" | not a f(): no_terminal | no_terminal | stop tool_calls | eof | F-26×1",
    );
    for last in ["[DONE]", stop] {
        check(
            &[stop, call, rest, last],
            "\"\" | a f({\"x\":1}) | stop tool_calls | F-26×1",
        );
    }
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
fn a_call_in_both_forms_is_refused() {
    let both = r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}],"function_call":{"name":"f","arguments":"{}"}}"#;
    check_chat(
        &[both],
        "tool_calls",
        "\"\" | not a f({}): unreadable | unreadable | error protocol_violation: function_call beside tool_calls, expected one of them",
    );
    // Servers that fill in every field say nothing with it.
    let empty = r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}],"function_call":{"name":"","arguments":null}}"#;
    check_chat(&[empty], "tool_calls", "\"\" | a f({}) | stop tool_calls");
}

#[test]
fn f52_what_has_to_be_sent_back_is_kept() {
    let body = chat(
        &[
            r#"{"reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"c2ln"},{"type":"reasoning.encrypted","data":"b3BhcXVl"}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"dGhvdWdodA"}}}]}"#,
        ],
        "tool_calls",
    );
    let turn = read(Dialect::OpenAiChat, Options::strict(), body.as_bytes()).unwrap();
    let [thought, sealed, call] = &turn.reply().choices[0].contents[..] else {
        panic!("{turn:?}")
    };
    assert_eq!(
        (thought.text.as_str(), thought.signature.as_deref()),
        ("hm", Some("c2ln"))
    );
    assert_eq!(
        sealed.others,
        [r#"{"type":"reasoning.encrypted","data":"b3BhcXVl"}"#]
    );
    assert_eq!(
        call.others,
        [r#"{"google":{"thought_signature":"dGhvdWdodA"}}"#]
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
fn f19_an_object_in_a_messages_delta_is_taken_as_it_stands_or_refused() {
    let object = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":{"x":1}}}"#;
    let payloads = [TOOL, object, SHUT, ACT, LAST];
    check_anthropic(&payloads, "\"\" | t f({\"x\":1}) | stop tool_use | F-19×1");
    assert!(strict_error(Dialect::Anthropic, &anthropic(&payloads)).is_some());
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
fn f56_all_of_an_unknown_block_is_kept() {
    let new =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"hologram","size":3}}"#;
    let delta =
        |delta: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#);
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let known = delta(r#"{"type":"text_delta","text":"hi"}"#);
    let (one, two) = (
        delta(r#"{"type":"hologram_delta","x":1}"#),
        delta(r#"{"type":"hologram_delta","x":2}"#),
    );
    let body = anthropic(&[new, &known, &one, &two, SHUT, end, LAST]);
    for mut options in [Options::lenient(), Options::strict()] {
        options.dialect.templates = false;
        let turn = read(Dialect::Anthropic, options, body.as_bytes()).unwrap();
        let [content] = &turn.reply().choices[0].contents[..] else {
            panic!("{turn:?}")
        };
        assert_eq!(content.raw, r#"{"type":"hologram","size":3}"#);
        assert_eq!(content.text, "hi");
        assert_eq!(
            content.others,
            [
                r#"{"type":"hologram_delta","x":1}"#,
                r#"{"type":"hologram_delta","x":2}"#
            ]
        );
        assert_eq!(turn.text(), "", "an unknown block is no answer");
    }
}

#[test]
fn what_the_next_request_has_to_say_again_is_kept() {
    let block = r#"{"type":"mcp_tool_use","id":"s","name":"g","server_name":"wiki","input":{}}"#;
    let start = format!(r#"{{"type":"content_block_start","index":0,"content_block":{block}}}"#);
    let stop =
        r#"{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END"}}"#;
    let body = anthropic(&[&start, SHUT, stop, LAST]);
    let turn = read(Dialect::Anthropic, Options::strict(), body.as_bytes()).unwrap();
    let choice = &turn.reply().choices[0];
    assert_eq!(choice.contents[0].others, [block]);
    assert_eq!(
        choice.stop_raw,
        r#"{"stop_reason":"stop_sequence","stop_sequence":"END"}"#
    );
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

#[test]
fn f24_a_call_is_not_released_without_arguments_that_came() {
    let call = |rest: &str| format!(r#"{{"tool_calls":[{{{rest}}}]}}"#);
    // A new id and the name with every delta of one call: no f({}) beside f({"x":1}).
    check_chat(
        &[
            &call(r#""index":0,"id":"r1","function":{"name":"f","arguments":""}"#),
            &call(r#""index":0,"id":"r2","function":{"name":"f","arguments":"{\"x\":1}"}"#),
        ],
        "tool_calls",
        "\"\" | r1 f({\"x\":1}) | stop tool_calls | F-24×1",
    );
    // No id and no index; an index that comes late.
    for index in ["", r#""index":0,"#] {
        let rest = format!(r#"{index}"function":{{"name":"f","arguments":"{{\"x\":1}}"}}"#);
        let counted = if index.is_empty() { 2 } else { 1 };
        check_chat(
            &[
                &call(r#""function":{"name":"f","arguments":""}"#),
                &call(&rest),
            ],
            "tool_calls",
            &format!("\"\" | - f({{\"x\":1}}) | stop tool_calls | F-24×{counted}"),
        );
    }
    // Pieces that fit no call: what has no arguments may be what lacks them.
    check_chat(
        &[
            &call(r#""id":"a","function":{"name":"f","arguments":""}"#),
            &call(r#""id":"b","function":{"name":"g","arguments":""}"#),
            &call(r#""function":{"arguments":"{\"x\":1}"}"#),
            &call(r#""function":{"arguments":"{\"y\":2}"}"#),
        ],
        "tool_calls",
        "\"\" | not a f(): arguments_astray | not b g({\"x\":1}{\"y\":2}): arguments_not_json | stop tool_calls | F-24×2",
    );
}

#[test]
fn f25_calls_of_one_id_are_told_apart_by_index() {
    let call = |index: usize, name: &str, arguments: &str| {
        format!(
            r#"{{"tool_calls":[{{"index":{index},"id":"a","function":{{"name":"{name}","arguments":"{arguments}"}}}}]}}"#
        )
    };
    for (f, g) in [("f", "g"), ("", "")] {
        check_chat(
            &[
                &call(0, "f", r#"{\"x\":"#),
                &call(1, "g", r#"{\"y\":"#),
                &call(0, f, "1}"),
                &call(1, g, "2}"),
            ],
            "tool_calls",
            "\"\" | a f({\"x\":1}) | a g({\"y\":2}) | stop tool_calls",
        );
    }
}
