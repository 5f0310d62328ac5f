//! Calls: arguments, labels, cuts, keys.

use wiretape_core::{Dialect, Options, Transcript, dialect, read};

use super::{
    ACT, LAST, SHUT, TOOL, anthropic, chat, check_anthropic, check_chat, check_with, json,
    payloads, strict_error,
};

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
fn f19_an_object_in_a_messages_delta_is_taken_as_it_stands_or_refused() {
    let object = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":{"x":1}}}"#;
    let payloads = [TOOL, object, SHUT, ACT, LAST];
    check_anthropic(&payloads, "\"\" | t f({\"x\":1}) | stop tool_use | F-19×1");
    assert!(strict_error(Dialect::Anthropic, &anthropic(&payloads)).is_some());
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
