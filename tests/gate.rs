//! The gate, at its edges: what permits acting, what does not, and which calls are the same call.
//! One line says what was read, as in `failures.rs`, but only what the gate decides.

use std::fmt::Write;

use wiretape_core::{Dialect, Limits, Options, Reader, Transcript, read};

/// `why it is no turn | calls | rejected calls`, of each answer.
fn verdict(dialect: Dialect, options: Options, body: &str) -> String {
    let seen = Transcript::of(&read(dialect, options, body.as_bytes()));
    let mut line = seen.rejected.clone().unwrap_or_else(|| "turn".into());
    let first = [(0, &seen.tool_calls, &seen.rejected_calls)];
    let others = seen.others.iter();
    let others = others.map(|other| (other.index, &other.tool_calls, &other.rejected_calls));
    for (index, calls, rejected) in first.into_iter().chain(others) {
        for call in calls {
            let _ = write!(line, " | {index}: {}({})", call.name, call.arguments);
        }
        for call in rejected {
            let (name, why) = (&call.name, &call.why);
            let _ = write!(line, " | {index}: not {name}({}), {why}", call.arguments);
        }
    }
    let _ = write!(line, " | of {}", seen.choices);
    line
}

fn chat(payloads: &[&str]) -> String {
    let payloads = payloads.iter();
    payloads
        .map(|payload| format!("data: {payload}\n\n"))
        .collect()
}

fn weak() -> Options {
    Options {
        accept_weak_end: true,
        ..Options::lenient()
    }
}

const CALL: &str = r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"#;
const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
const OTHER: &str = r#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#;
const OTHER_STOP: &str = r#"{"choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}"#;

#[test]
fn the_end_of_a_chat_needs_evidence() {
    let check = |payloads: &[&str], strict: &str, accepts_weak: &str| {
        let body = chat(payloads);
        let dialect = Dialect::OpenAiChat;
        assert_eq!(
            verdict(dialect, Options::lenient(), &body),
            strict,
            "{body}"
        );
        assert_eq!(verdict(dialect, weak(), &body), accepts_weak, "{body}");
    };
    let same = |payloads: &[&str], expect: &str| check(payloads, expect, expect);
    same(&[], "empty_stream | of 0");
    same(&["[DONE]"], "no_stop_reason | of 0");
    same(&[CALL], "no_terminal | 0: not f({}), no_terminal | of 1");
    same(
        &[CALL, "[DONE]"],
        "no_stop_reason | 0: not f({}), no_stop_reason | of 1",
    );
    // A reason is an end, also without `[DONE]`.
    same(&[CALL, STOP], "turn | 0: f({}) | of 1");
    same(&[CALL, STOP, "[DONE]"], "turn | 0: f({}) | of 1");
    // One of two answers goes on.
    check(
        &[CALL, OTHER, STOP],
        "no_terminal | 0: not f({}), no_terminal | of 2",
        "turn | 0: f({}) | of 2",
    );
    check(
        &[CALL, OTHER, OTHER_STOP],
        "no_terminal | 0: not f({}), no_terminal | of 2",
        "no_stop_reason | 0: not f({}), no_stop_reason | of 2",
    );
    same(
        &[CALL, OTHER],
        "no_terminal | 0: not f({}), no_terminal | of 2",
    );
    same(&[CALL, OTHER, STOP, OTHER_STOP], "turn | 0: f({}) | of 2");
    // Another answer does not become the first.
    same(&[OTHER, OTHER_STOP], "no_stop_reason | of 2");
    same(&[OTHER], "no_terminal | of 2");
    same(&[OTHER_STOP], "no_stop_reason | of 2");
}

#[test]
fn the_end_of_a_message_needs_evidence() {
    let tool = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#;
    let shut = r#"{"type":"content_block_stop","index":0}"#;
    let act = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#;
    let last = r#"{"type":"message_stop"}"#;
    for (payloads, expect, accepts_weak) in [
        (vec![last], "no_stop_reason | of 0", "no_stop_reason | of 0"),
        (
            vec![tool, shut],
            "no_terminal | 0: not f(), no_terminal | of 1",
            "no_terminal | 0: not f(), no_terminal | of 1",
        ),
        (
            vec![tool, shut, act],
            "no_terminal | 0: not f(), no_terminal | of 1",
            "turn | 0: f() | of 1",
        ),
        (
            vec![tool, act],
            "no_terminal | 0: not f(), no_terminal | of 1",
            "open_block | 0: not f(), open_block | of 1",
        ),
        (
            vec![tool, shut, act, last],
            "turn | 0: f() | of 1",
            "turn | 0: f() | of 1",
        ),
    ] {
        let body = chat(&payloads);
        let dialect = Dialect::Anthropic;
        assert_eq!(
            verdict(dialect, Options::lenient(), &body),
            expect,
            "{body}"
        );
        assert_eq!(verdict(dialect, weak(), &body), accepts_weak, "{body}");
    }
}

/// One answer's reason forbids its own calls; the first one's forbids those of all.
#[test]
fn f57_each_answer_has_its_own_gate() {
    let other = r#"{"choices":[{"index":1,"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]}}]}"#;
    let stop = |index: usize, reason: &str| {
        format!(r#"{{"choices":[{{"index":{index},"delta":{{}},"finish_reason":"{reason}"}}]}}"#)
    };
    for (first, second, expect) in [
        (
            "tool_calls",
            "tool_calls",
            "turn | 0: f({}) | 1: g({}) | of 2",
        ),
        (
            "tool_calls",
            "length",
            "turn | 0: f({}) | 1: not g({}), unsafe_stop | of 2",
        ),
        (
            "length",
            "tool_calls",
            "unsafe_stop | 0: not f({}), unsafe_stop | 1: not g({}), unsafe_stop | of 2",
        ),
    ] {
        let body = chat(&[CALL, other, &stop(0, first), &stop(1, second), "[DONE]"]);
        let seen = verdict(Dialect::OpenAiChat, Options::lenient(), &body);
        assert_eq!(seen, expect, "{body}");
    }
}

/// Frozen: a key that changes runs a tool twice.
#[test]
fn f62_execution_keys_do_not_change() {
    let keys = |message: &str, calls: &str| -> Vec<String> {
        let body = chat(&[
            &format!(
                r#"{{{message}"choices":[{{"index":0,"delta":{{"tool_calls":[{calls}]}},"finish_reason":"tool_calls"}}]}}"#
            ),
            "[DONE]",
        ]);
        let turn = read(Dialect::OpenAiChat, Options::lenient(), body.as_bytes()).unwrap();
        let keys = turn.tool_calls().iter();
        keys.map(|call| call.execution_key().to_owned()).collect()
    };
    let call = |index: usize, id: &str, name: &str, arguments: &str| {
        format!(
            r#"{{"index":{index},{id}"function":{{"name":"{name}","arguments":"{arguments}"}}}}"#
        )
    };
    let (id, message) = (r#""id":"a","#, r#""id":"c","#);
    assert_eq!(keys(message, &call(0, id, "f", "{}")), ["c/a"]);
    // The first 16 bytes of the SHA-256 of name, NUL, arguments.
    let f = "4c06f8623e6ec75ff8fc7dac8575c677";
    assert_eq!(
        keys(message, &call(0, "", "f", "{}")),
        [format!("c/#0-{f}")]
    );
    assert_eq!(keys("", &call(0, id, "f", "{}")), [format!("-/a#{f}")]);
    let two = format!("{},{}", call(0, "", "f", "{}"), call(1, "", "f", "{}"));
    let expected = [format!("-/#0-{f}"), format!("-/#1-{f}")];
    assert_eq!(keys("", &two), expected);
    let other = keys("", &call(0, "", "g", "{}"));
    assert_ne!(other, keys("", &call(0, "", "f", "{}")));
    assert_ne!(other, keys("", &call(0, "", "g", "{ }")));
}

#[test]
fn f73_limits_of_one_reply() {
    let start = |index: usize, block: &str| {
        format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#)
    };
    let refused = |limits: Limits, payloads: &[String]| {
        let options = Options {
            limits,
            ..Options::lenient()
        };
        let body: String = payloads.iter().map(|p| format!("data: {p}\n\n")).collect();
        let mut reader = Reader::with_options(Dialect::Anthropic, options);
        let error = reader.feed(body.as_bytes(), &mut |_| {}).err();
        error.map(|error| error.kind.to_string())
    };
    let text = r#"{"type":"text","text":""}"#;
    let blocks: Vec<String> = (0..4).map(|index| start(index, text)).collect();
    let at_most = |blocks_max| Limits {
        blocks_max,
        ..Limits::default()
    };
    assert_eq!(refused(at_most(4), &blocks), None);
    let error = "reply opens more than 3 blocks";
    assert_eq!(refused(at_most(3), &blocks).as_deref(), Some(error));
    // What comes whole with an opening counts, and so does every byte up to the limit.
    let whole = r#"{"type":"redacted_thinking","data":"d"}"#;
    let at_most = |message_bytes_max| Limits {
        message_bytes_max,
        ..Limits::default()
    };
    let blocks = [start(0, whole)];
    assert_eq!(refused(at_most(whole.len()), &blocks), None);
    let limit = whole.len() - 1;
    let error = format!("reply is longer than the limit of {limit} bytes");
    assert_eq!(refused(at_most(limit), &blocks), Some(error));
}

#[test]
fn f73_limits_of_a_chat() {
    let refused = |body: &str, expect: &str| {
        let options = Options {
            limits: Limits {
                blocks_max: 300,
                ..Limits::default()
            },
            ..Options::lenient()
        };
        let seen = Transcript::of(&read(Dialect::OpenAiChat, options, body.as_bytes()));
        let error = seen.error.map(|error| error.message);
        assert_eq!(error.unwrap_or_default(), expect);
    };
    let answers = |n: usize| -> String {
        let one =
            |index| format!("data: {{\"choices\":[{{\"index\":{index},\"delta\":{{}}}}]}}\n\n");
        (0..n).map(one).collect()
    };
    refused(&answers(128), "");
    refused(&answers(129), "more than 128 choices (F-73)");
    let calls = |n: usize| -> String {
        let one = |index| {
            format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{index},\"id\":\"c{index}\"}}]}}}}]}}\n\n"
            )
        };
        (0..n).map(one).collect()
    };
    refused(&calls(300), "");
    refused(&calls(301), "reply opens more than 300 blocks");
    refused(
        "data: {\"choices\":[{\"index\":4294967296,\"delta\":{}}]}\n\n",
        "a choice's index is over 2^32 (F-73)",
    );
}

/// A recovered last event is read like any other; after an error nothing is.
#[test]
fn f31_what_is_recovered_passes_the_same_checks() {
    let mut options = Options::strict();
    options.sse.recover_last = true;
    let dialect = Dialect::OpenAiChat;
    let body = chat(&[CALL]);
    let last = |payload: &str| format!("{body}data: {payload}");
    let turn = "turn | 0: f({}) | of 1";
    assert_eq!(verdict(dialect, options, &last(STOP)), turn);
    let unreadable = "unreadable | 0: not f({}), unreadable | of 1";
    assert_eq!(verdict(dialect, options, &last("[]")), unreadable);
    let after = format!("{body}data: []\n\ndata: {STOP}");
    assert_eq!(verdict(dialect, options, &after), unreadable);
    let seen = Transcript::of(&read(dialect, options, after.as_bytes()));
    assert_eq!((seen.frames, seen.stop), (2, None));
}

/// Lawful JSON that no value can hold: the call is not run, and its text stays.
#[test]
fn f20_f73_arguments_that_cannot_be_held() {
    let deep = "[".repeat(129) + &"]".repeat(129);
    for (arguments, why) in [
        ("1e400", "arguments_unrepresentable"),
        (&*deep, "arguments_unrepresentable"),
        ("{\\\"n\\\":1e400}", "arguments_unrepresentable"),
        ("{\\\"n\\\":1e4", "arguments_not_json"),
        ("nul", "arguments_not_json"),
    ] {
        let call = CALL.replace("{}\"", &format!("{arguments}\""));
        let body = chat(&[&call, STOP]);
        let seen = verdict(Dialect::OpenAiChat, Options::lenient(), &body);
        let sent = arguments.replace('\\', "");
        assert_eq!(seen, format!("turn | 0: not f({sent}), {why} | of 1"));
    }
}
