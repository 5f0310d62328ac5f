//! Ollama: small streams after the public documentation, and what must come of each.
#![expect(
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod common;

use wiretape_core::{Dialect, Options, Transcript};

fn of(options: Options, chunks: &[&[u8]]) -> Transcript {
    common::of(Dialect::Ollama, options, chunks)
}

fn line(of: &Transcript) -> String {
    let error = of.error.as_ref().map(|error| error.message.as_str());
    common::line(of, error)
}

/// Reads lines whole, byte by byte and without the fast path, and cut after every byte.
#[track_caller]
fn check(lines: &[&str], expected: &str) -> Transcript {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let body = body.as_bytes();
    let whole = common::alike(Dialect::Ollama, body);
    assert_eq!(line(&whole), expected, "{lines:?}");
    whole
}

fn message(at: u8, members: &str) -> String {
    format!(
        r#"{{"model":"qwen3","created_at":"2025-01-01T00:00:00.{at}Z","message":{{"role":"assistant",{members}}},"done":false}}"#
    )
}

const DONE: &str = r#"{"model":"qwen3","created_at":"2025-01-01T00:00:01Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":5,"prompt_eval_count":11,"eval_count":6}"#;

#[test]
fn messages() {
    let cases: &[(&[&str], &str)] = &[
        (
            &[r#""content":"Hel""#, r#""content":"lo \u00fc\n""#],
            "Hello ü\n||stop terminal",
        ),
        (
            &[
                r#""content":"","thinking":"Hm""#,
                r#""content":"Yes""#,
                r#""content":".""#,
            ],
            "Yes.|Hm|stop terminal",
        ),
        (
            &[
                r#""content":"","tool_calls":[{"function":{"name":"now","arguments":{}}},{"function":{"index":1,"name":"read","arguments":{"path":"a", "n":12345678901234567890}}}]"#,
            ],
            r#"||stop now{} read{"path":"a", "n":12345678901234567890} terminal"#,
        ),
        (
            &[
                r#""content":"","tool_calls":[{"function":{"name":"now"}},{"function":{"arguments":{"a":1}}}]"#,
            ],
            r#"||stop now -{"a":1} no_name terminal"#,
        ),
    ];
    for (messages, expected) in cases {
        let lines: Vec<String> = messages
            .iter()
            .zip(0..)
            .map(|(m, at)| message(at, m))
            .collect();
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        lines.push(DONE);
        let read = check(&lines, expected);
        assert_eq!((read.usage.input, read.usage.output), (Some(11), Some(6)));
        assert_eq!(read.model.as_deref(), Some("qwen3"));
    }
}

#[test]
fn calls_without_an_id_get_one_that_is_their_own() {
    let call = r#""content":"","tool_calls":[{"function":{"name":"now","arguments":{}}}]"#;
    let with = call.replace("{\"function", "{\"id\":\"c7\",\"function");
    let lines = [message(0, call), message(1, call), message(2, &with)];
    let lines: Vec<&str> = lines.iter().map(String::as_str).chain([DONE]).collect();
    let read = check(&lines, "||stop now{} now{} now{} terminal");
    let ids: Vec<_> = read
        .tool_calls
        .iter()
        .map(|c| c.id.as_deref().unwrap())
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[2], "c7");
    let other = check(&[&message(9, call), DONE], "||stop now{} terminal");
    assert_ne!(
        other.tool_calls[0].id, read.tool_calls[0].id,
        "another reply"
    );
}

#[test]
fn generate_has_its_text_in_response() {
    let text = r#"{"model":"m","created_at":"t","response":"Hi","done":false}"#;
    let end = r#"{"model":"m","created_at":"t","response":"","done":true,"done_reason":"stop","context":[1,2]}"#;
    check(&[text, end], "Hi||stop terminal");
    let thinks = r#"{"model":"m","created_at":"t","response":"","thinking":"Hm","done":false}"#;
    check(&[thinks, text, end], "Hi|Hm|stop terminal");
}

#[test]
fn ends_and_errors() {
    let call = message(
        0,
        r#""content":"","tool_calls":[{"function":{"name":"now","arguments":{}}}]"#,
    );
    let text = message(0, r#""content":"so far""#);
    let none = "||- -now{} no_terminal (no_terminal) eof";
    check(&[&call], none);
    for reason in ["length", "load", "unload", "new"] {
        let done = DONE.replace(r#":"stop""#, &format!(r#":"{reason}""#));
        let expected = format!("||{reason} -now{{}} unsafe_stop (unsafe_stop) terminal");
        check(&[&call, &done], &expected);
    }
    let without = DONE.replace(r#""done_reason":"stop","#, "");
    check(
        &[&call, &without],
        "||- -now{} no_stop_reason (no_stop_reason) terminal",
    );
    let error = r#"{"error":"an error was encountered while running the model"}"#;
    let failed = "so far||- -now{} provider_error (provider_error) error !an error was encountered while running the model";
    check(&[&text, &call, error], failed);
    // Behind the end there is nothing.
    let read = check(&[&call, DONE, &text], "||stop now{} terminal");
    assert_eq!(read.warnings.of("F-32"), 1);
    // A call in the last line, and a string for arguments.
    let last = DONE.replace(
        r#""content":"""#,
        r#""content":"","tool_calls":[{"function":{"name":"now","arguments":"{\"a\":1}"}}]"#,
    );
    let read = check(&[&last], r#"||stop now{"a":1} terminal"#);
    assert_eq!(read.warnings.of("F-19"), 1);
    let strict = of(Options::strict(), &[last.as_bytes()]);
    assert_eq!(strict.rejected.as_deref(), Some("unreadable"));
    let pull = check(
        &[
            r#"{"status":"pulling manifest"}"#,
            r#"{"status":"success"}"#,
        ],
        "||- (no_terminal) eof",
    );
    assert_eq!(pull.warnings.of("F-56"), 2);
}
