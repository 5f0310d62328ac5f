//! Every event that a body gives, in order, one line for each: what a program that shows a reply
//! while it arrives sees. The blocks of the reader are counted from 0 for each answer, whatever
//! numbers the provider gives them.

use crate::support::MADE;
use std::fmt::Write;

use wiretape::snapshot::line;
use wiretape_core::{Dialect, Options, Reader, Transcript};

/// The lines, and the transcript.
fn events(dialect: Dialect, options: Options, body: &str) -> (Vec<String>, Transcript) {
    let mut lines = Vec::new();
    let mut reader = Reader::with_options(dialect, options);
    if let Err(error) = reader.feed(body.as_bytes(), &mut |event| lines.push(line(&event))) {
        lines.push(error.to_string());
    }
    let result = reader.finish_with(&mut |event| lines.push(line(&event)));
    (lines, Transcript::of(&result))
}

/// Reads with and without the fast path for common deltas.
fn check(dialect: Dialect, mut options: Options, body: &str, expect: &[&str]) -> Transcript {
    let (seen, transcript) = events(dialect, options, body);
    assert_eq!(seen, expect, "\n{body}");
    options.dialect.templates = false;
    let (seen, slow) = events(dialect, options, body);
    assert_eq!(seen, expect, "without the fast path\n{body}");
    assert_eq!(slow, transcript);
    transcript
}

/// One event for each payload, under its own type as name.
fn messages(payloads: &[&str]) -> String {
    let mut body = String::new();
    for payload in payloads {
        let name = payload.split('"').nth(3).unwrap_or_default();
        let _ = write!(body, "event: {name}\ndata: {payload}\n\n");
    }
    body
}

/// Puts a start in front where a case has none.
fn check_messages(payloads: &[&str], expect: &[&str]) -> Transcript {
    let (dialect, options) = (Dialect::Anthropic, Options::lenient());
    if payloads
        .iter()
        .any(|payload| payload.contains("message_start"))
    {
        return check(dialect, options, &messages(payloads), expect);
    }
    let payloads = [&[r#"{"type":"message_start"}"#], payloads].concat();
    let expect = [&["begin - -"], expect].concat();
    check(dialect, options, &messages(&payloads), &expect)
}

/// Strict readers stop with this error at the last payload; lenient ones go on.
fn check_strict(payloads: &[&str], error: &str) {
    let payloads = &[&[r#"{"type":"message_start"}"#], payloads].concat();
    let body = messages(payloads);
    let last = messages(payloads.get(payloads.len() - 1..).unwrap_or_default());
    let at = body.len() - last.len();
    let (seen, transcript) = events(Dialect::Anthropic, Options::strict(), &body);
    let expect = format!("at byte {at}: {error}");
    assert_eq!(seen.last(), Some(&expect), "\n{body}");
    assert_eq!(transcript.rejected.as_deref(), Some("unreadable"));
    let (seen, _) = events(Dialect::Anthropic, Options::lenient(), &body);
    assert!(
        seen.iter().all(|line| !line.starts_with("at byte")),
        "{seen:?}"
    );
}

fn chat(payloads: &[&str]) -> String {
    let payloads = payloads.iter();
    payloads
        .map(|payload| format!("data: {payload}\n\n"))
        .collect()
}

fn check_chat(payloads: &[&str], expect: &[&str]) -> Transcript {
    let (dialect, options) = (Dialect::OpenAiChat, Options::lenient());
    check(dialect, options, &chat(payloads), expect)
}

const START: &str = r#"{"type":"message_start","message":{"id":"m","model":"x","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

#[test]
fn a_message_from_start_to_stop() {
    check_messages(
        &[
            START,
            r#"{"type":"ping"}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"so"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s=="}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":""}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"a"}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"b\n"}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"citations_delta","citation":{"n":1}}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"c"}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
            r#"{"type":"content_block_stop","index":2}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}"#,
            STOP,
        ],
        &[
            "begin m x",
            "usage 3 1",
            "ping",
            "open 0.0 Reasoning",
            "add 0.0 so",
            "add 0.0 Signature s==",
            "close 0.0",
            "open 0.1 Text",
            "add 0.1 a",
            "add 0.1 b\n",
            "add 0.1 Citation {\"n\":1}",
            "add 0.1 c",
            "close 0.1",
            "open 0.2 Tool t f",
            "add 0.2 Arguments {\"a\":",
            "add 0.2 Arguments 1}",
            "close 0.2",
            "usage - 9",
            "end 0 tool_use",
            "done",
        ],
    );
}

#[test]
fn a_message_that_begins_with_content() {
    // J14: whole in its start event.
    let seen = check_messages(
        &[
            r#"{"type":"message_start","message":{"id":"m","model":"x","stop_reason":"end_turn","content":[{"type":"text","text":"a\n"},{"type":"thinking","thinking":"so","signature":"s"}]}}"#,
            STOP,
        ],
        &[
            "begin m x",
            "open 0.0 Text",
            "add 0.0 a\n",
            "close 0.0",
            "open 0.1 Reasoning",
            "add 0.1 so",
            "add 0.1 Signature s",
            "close 0.1",
            "end 0 end_turn",
            "done",
        ],
    );
    assert_eq!((seen.text.as_str(), seen.rejected), ("a\n", None));
}

#[test]
fn openings_with_content() {
    check_messages(
        &[
            r#"{"type":"content_block_start","index":4,"content_block":{"type":"text","text":"a","citations":[{"n":1}]}}"#,
            r#"{"type":"content_block_stop","index":4}"#,
            r#"{"type":"content_block_start","index":5,"content_block":{"type":"text","content":"b"}}"#,
            r#"{"type":"content_block_start","index":6,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":1}}}"#,
            r#"{"type":"content_block_start","index":7,"content_block":{"type":"server_tool_use","id":"s","name":"g","input":{"b":1}}}"#,
            r#"{"type":"content_block_start","index":8,"content_block":{"type":"mcp_tool_use","id":"u","name":"h","input":{}}}"#,
            r#"{"type":"content_block_start","index":9,"content_block":{"type":"mcp_tool_result","tool_use_id":"u"}}"#,
            r#"{"type":"content_block_start","index":10,"content_block":{"type":"redacted_thinking","data":"d"}}"#,
            r#"{"type":"content_block_start","index":11,"content_block":{"type":"tomorrow"}}"#,
        ],
        &[
            "open 0.0 Text",
            "add 0.0 a",
            "add 0.0 Citation {\"n\":1}",
            "close 0.0",
            "open 0.1 Text",
            "add 0.1 b",
            "open 0.2 Tool t f {\"a\":1}",
            "open 0.3 ServerTool s g {\"b\":1}",
            "open 0.4 ServerTool u h",
            "open 0.5 ServerResult mcp_tool_result {\"type\":\"mcp_tool_result\",\"tool_use_id\":\"u\"}",
            "open 0.6 RedactedReasoning {\"type\":\"redacted_thinking\",\"data\":\"d\"}",
            "warn F-56",
            "open 0.7 Unknown tomorrow {\"type\":\"tomorrow\"}",
        ],
    );
}

#[test]
fn f05_a_half_of_a_pair_waits_until_its_block_ends() {
    check_messages(
        &[
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\ud83d"}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"b\ud83d"}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"\ude00"}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"c"}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"\ud83d"}}"#,
        ],
        &[
            "open 0.0 Text",
            "open 0.1 Reasoning",
            "warn F-05",
            "add 0.0 a",
            "warn F-05",
            "add 0.1 b",
            "warn F-05",
            "add 0.1 😀",
            "add 0.1 c",
            "close 0.1",
            "warn F-05",
            "add 0.0 \u{FFFD}",
            "close 0.0",
            "open 0.2 Text",
            "warn F-05",
            // The body ends.
            "warn F-05",
            "add 0.2 \u{FFFD}",
        ],
    );
}

#[test]
fn f17_a_missing_or_wrong_name_is_counted_once() {
    let (dialect, options) = (Dialect::Anthropic, Options::lenient());
    let ping = r#"{"type":"ping"}"#;
    for body in [
        format!("data: {ping}\n\ndata: {ping}\n\n"),
        format!("event: message\ndata: {ping}\n\nevent: pong\ndata: {ping}\n\n"),
        format!("event: ping\ndata: {ping}\n\ndata: {ping}\n\ndata: {ping}\n\n"),
    ] {
        let (seen, transcript) = events(dialect, options, &body);
        let pings = seen.iter().filter(|line| *line == "ping").count();
        assert_eq!(u64::try_from(pings), Ok(transcript.frames), "{body}");
        assert_eq!(transcript.warnings.of("F-17"), 1, "{body}");
    }
}

#[test]
fn f36_what_is_out_of_place_is_skipped_where_nothing_is_lost() {
    let text =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
    let shut = r#"{"type":"content_block_stop","index":0}"#;
    let more =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#;
    // Text before its opening.
    check_messages(
        &[
            more,
            more,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"b"}}"#,
            shut,
            shut,
        ],
        &[
            "warn F-36",
            "open 0.0 Text (no close)",
            "add 0.0 a",
            "add 0.0 a",
            "warn F-36",
            "open 0.1 Reasoning (no close)",
            "add 0.1 b",
            "close 0.0",
            "warn F-36",
        ],
    );
    // The same number again, after its end.
    check_messages(
        &[text, more, shut, text, more, shut],
        &[
            "open 0.0 Text",
            "add 0.0 a",
            "close 0.0",
            "warn F-36",
            "open 0.1 Text",
            "add 0.1 a",
            "close 0.1",
        ],
    );
    // An opening without number or block.
    check_messages(
        &[
            text,
            r#"{"type":"content_block_start","content_block":{"type":"text","text":"b"}}"#,
            r#"{"type":"content_block_start","index":7}"#,
            r#"{"type":"content_block_start","index":7,"content_block":"text"}"#,
        ],
        &[
            "open 0.0 Text",
            "open 0.1 Text",
            "add 0.1 b",
            "warn F-36",
            "warn F-36",
        ],
    );
    check_messages(
        &[
            text,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":null}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}"#,
        ],
        &["open 0.0 Text", "warn F-36", "warn F-36"],
    );
    // What does not fit its block would be lost: the reading stops.
    let misfits = [
        (
            r#"{"type":"thinking_delta","thinking":"b"}"#,
            "a delta of another type than its block (F-36)",
        ),
        (
            r#"{"type":"input_json_delta","partial_json":"{}"}"#,
            "a delta of another type than its block (F-36)",
        ),
        (
            r#"{"type":"text_delta","text":1}"#,
            "a delta that is no text, expected a string (F-36)",
        ),
    ];
    for (delta, error) in misfits {
        let delta = format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#);
        let at = messages(&[r#"{"type":"message_start"}"#, text]).len();
        let error = format!("at byte {at}: {error}");
        check_messages(&[text, &delta], &["open 0.0 Text", &error]);
    }
    for (payloads, error) in [
        (
            vec![more],
            "content_block_delta before its content_block_start (F-36)",
        ),
        (
            vec![shut],
            "content_block_stop for a block that is not open (F-36)",
        ),
        (
            vec![text, shut, shut],
            "content_block_stop for a block that is not open (F-36)",
        ),
        (
            vec![text, shut, text],
            "content_block_start for an index that has ended (F-36)",
        ),
        (
            vec![r#"{"type":"content_block_start","index":7}"#],
            "content_block_start without content_block, expected an object (F-36)",
        ),
        (
            vec![
                text,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}"#,
            ],
            "a delta without its text (F-36)",
        ),
        (
            vec![
                text,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":null}}"#,
            ],
            "a delta that is null (F-36)",
        ),
    ] {
        check_strict(&payloads, error);
    }
}

/// Where something would be lost, lenient readers stop as well.
#[test]
fn f36_what_would_lose_something_is_an_error() {
    let tool = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#;
    let shut = r#"{"type":"content_block_stop","index":0}"#;
    let json = r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}"#;
    let text =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#;
    let not_open = "content_block_delta for a block that is not open (F-36)";
    for (payloads, error) in [
        (vec![json], not_open),
        (vec![tool, shut, json], not_open),
        (vec![tool, shut, text], not_open),
        (
            vec![r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}"#],
            not_open,
        ),
        (
            vec![tool, json, tool],
            "content_block_start for an index that is open (F-36)",
        ),
    ] {
        let body = messages(&payloads);
        let (seen, _) = events(Dialect::Anthropic, Options::lenient(), &body);
        let last = seen.last().map(String::as_str).unwrap_or_default();
        assert!(last.ends_with(error), "{body}{last}");
    }
}

#[test]
fn f40_errors_without_a_type_and_f56_events_of_tomorrow() {
    check_messages(
        &[
            r#"{"type":"tomorrow","error":{"type":"none"}}"#,
            r#"{"kind":"tomorrow"}"#,
            r#"{"error":{"type":"api_error","message":"no"}}"#,
        ],
        &[
            "warn F-56",
            "other tomorrow {\"type\":\"tomorrow\",\"error\":{\"type\":\"none\"}}",
            "warn F-17",
            "warn F-56",
            "other  {\"kind\":\"tomorrow\"}",
            "fail api_error: no",
        ],
    );
}

#[test]
fn a_chat_from_start_to_done() {
    let seen = check_chat(
        &[
            r#"{"id":"","model":"","choices":[]}"#,
            r#"{"id":"c","model":"","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"id":"d","model":"x","choices":[{"index":0,"delta":{"reasoning_content":"so"}}]}"#,
            r#"{"id":"c","model":"y","choices":[{"index":0,"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"delta":{"content":"b"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"","refusal":"no"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"refusal":"t"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"reasoning":"so"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"c"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":""}},{"index":1,"id":"u","custom":{"name":"g","input":"i"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":null,"finish_reason":"tool_calls"}]}"#,
            r#"{"choices":null,"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
            r#"{"choices":[],"usage":{}}"#,
            r#"{"choices":[],"x_groq":{"usage":{"prompt_tokens":5}}}"#,
            "[DONE]",
        ],
        &[
            "begin c -",
            "warn F-35",
            "begin - x",
            "open 0.0 Reasoning (no close)",
            "add 0.0 so",
            "open 0.1 Text (no close)",
            "add 0.1 a",
            "add 0.1 b",
            "open 0.2 Refusal (no close)",
            "add 0.2 no",
            "add 0.2 t",
            "add 0.0 so",
            "add 0.1 c",
            "open 0.3 Tool t f (no close)",
            "open 0.4 CustomTool u g (no close)",
            "add 0.4 Arguments i",
            "add 0.3 Arguments {}",
            "end 0 tool_calls",
            "usage 3 4",
            "usage 5 -",
            "done",
        ],
    );
    let ids = (seen.message_id.as_deref(), seen.model.as_deref());
    assert_eq!(ids, (Some("c"), Some("x")));
    assert_eq!((seen.usage.input, seen.usage.output), (Some(5), Some(4)));
}

#[test]
fn f51_reasoning_in_details_and_in_parts() {
    check_chat(
        &[
            r#"{"choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.text","text":"a"},{"type":"reasoning.summary","summary":"b"},{"type":"reasoning.encrypted","data":"x"}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"reasoning":"c","reasoning_details":[{"text":"c"}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"reasoning_content":"","reasoning":"d"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":"e"},{"type":"text","text":"f"},{"type":"reference"}]}}]}"#,
        ],
        &[
            "open 0.0 Reasoning (no close)",
            "add 0.0 a",
            "add 0.0 b",
            "open 0.1 RedactedReasoning (no close)",
            r#"add 0.1 Unknown {"type":"reasoning.encrypted","data":"x"}"#,
            "add 0.0 c",
            "add 0.0 d",
            "add 0.0 e",
            "open 0.2 Text (no close)",
            "add 0.2 f",
        ],
    );
}

#[test]
fn f25_a_late_id_and_name_are_events() {
    let call = |rest: &str| {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,{rest}}}]}}}}]}}"#)
    };
    check_chat(
        &[
            &call(r#""function":{"arguments":"{"}"#),
            &call(r#""id":"t","function":{"arguments":"}"}"#),
            &call(r#""function":{"name":"f"}"#),
            &call(r#""function":{"name":"f"}"#),
        ],
        &[
            "open 0.0 Tool (no close)",
            "add 0.0 Arguments {",
            "add 0.0 Id t",
            "add 0.0 Arguments }",
            "add 0.0 Name f",
        ],
    );
}

/// A delta without number, id and name belongs to the call that the one before it belongs to,
/// also where that one was recognised by its bytes.
#[test]
fn f24_the_latest_call_is_the_latest_delta_s() {
    let call = |rest: &str| {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{{rest}}}]}}}}]}}"#)
    };
    check_chat(
        &[
            &call(r#""index":0,"id":"a","function":{"name":"f","arguments":""}"#),
            &call(r#""index":1,"id":"b","function":{"name":"f","arguments":""}"#),
            &call(r#""index":0,"function":{"arguments":"1"}"#),
            &call(r#""index":1,"function":{"arguments":"2"}"#),
            &call(r#""index":0,"function":{"arguments":"3"}"#),
            &call(r#""function":{"arguments":"4"}"#),
            &call(r#""index":1,"function":{"arguments":"5"}"#),
            &call(r#""function":{"arguments":"6"}"#),
        ],
        &[
            "open 0.0 Tool a f (no close)",
            "open 0.1 Tool b f (no close)",
            "add 0.0 Arguments 1",
            "add 0.1 Arguments 2",
            "add 0.0 Arguments 3",
            "warn F-24",
            "add 0.0 Arguments 4",
            "add 0.1 Arguments 5",
            "warn F-24",
            "add 0.1 Arguments 6",
        ],
    );
}

#[test]
fn the_older_form_of_a_call() {
    let call =
        |rest: &str| format!(r#"{{"choices":[{{"index":0,"delta":{{"function_call":{rest}}}}}]}}"#);
    check_chat(
        &[
            &call("null"),
            r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#,
            &call(r#"{"arguments":"{"}"#),
            &call(r#"{"name":"f","arguments":"}"}"#),
        ],
        &[
            "open 0.0 Text (no close)",
            "add 0.0 a",
            "open 0.1 Tool (no close)",
            "add 0.1 Arguments {",
            "add 0.1 Name f",
            "add 0.1 Arguments }",
        ],
    );
}

#[test]
fn f32_and_f42_what_is_sent_twice_or_whole() {
    let whole = r#"{"object":"chat.completion","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}"#;
    check_chat(
        &[
            whole,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            "[DONE]",
            " [DONE] ",
            "{}",
        ],
        &[
            "warn F-42",
            "open 0.0 Text (no close)",
            "add 0.0 a",
            "end 0 stop",
            "warn F-32",
            "end 0 stop",
            "done",
            "warn F-32",
            "warn F-32",
        ],
    );
    let beside = r#"{"object":"chat.completion","choices":[{"index":0,"delta":null,"message":{"content":"a"}}]}"#;
    check_chat(
        &[beside],
        &["warn F-42", "open 0.0 Text (no close)", "add 0.0 a"],
    );
    // A copy of the message beside the delta, or in a chunk, is not read (J12).
    check_chat(
        &[
            r#"{"object":"chat.completion.chunk","choices":[{"index":0,"message":{"content":"a"}}]}"#,
            r#"{"object":"chat.completion","choices":[{"index":0,"delta":{"content":"b"},"message":{"content":"ab"}}]}"#,
        ],
        &["open 0.0 Text (no close)", "add 0.0 b"],
    );
    let strict = Options::strict();
    check(
        Dialect::OpenAiChat,
        strict,
        &chat(&[whole]),
        &["end 0 stop"],
    );
}

#[test]
fn f40_an_error_field_is_read_if_asked() {
    let body = "error: {\"type\":\"t\",\"message\":\"m\"}\n\nerror: again\n\n";
    for dialect in MADE {
        check(
            dialect,
            Options::lenient(),
            body,
            &["warn F-40", "fail t: m", "ping"],
        );
        check(dialect, Options::strict(), body, &["ping", "ping"]);
        check(
            dialect,
            Options::lenient(),
            "error: no JSON\n\n",
            &["warn F-40", "fail error: no JSON"],
        );
    }
    let done = format!("{}{body}", chat(&["[DONE]"]));
    let after = ["done", "ping", "ping"];
    check(Dialect::OpenAiChat, Options::lenient(), &done, &after);
}

#[test]
fn f56_a_chunk_of_tomorrow_and_f17b_scalars() {
    check_chat(
        &[r#"{"object":"tomorrow"}"#, "true", "[]", "", " "],
        &[
            "warn F-56",
            "other chunk without choices {\"object\":\"tomorrow\"}",
            "warn F-17b",
            "warn F-17b",
            "ping",
            "ping",
        ],
    );
    for dialect in MADE {
        let refused = ["at byte 0: payload is not a JSON object"];
        check(dialect, Options::strict(), "data: true\n\n", &refused);
        let (_, seen) = events(dialect, Options::strict(), "data: true\n\n");
        assert_eq!(seen.error.unwrap().kind, "not_an_object");
    }
}

/// Ids are repeated, missing, or come late; what is no call of its own is no call.
#[test]
fn f24_f25_which_call_a_delta_belongs_to() {
    let call = |rest: &str| {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{{rest}}}]}}}}]}}"#)
    };
    // The same id with a name at another number is another call, without a name the same one.
    check_chat(
        &[
            &call(r#""index":0,"id":"a","function":{"name":"f","arguments":"1"}"#),
            &call(r#""index":1,"id":"a","function":{"name":"f","arguments":"2"}"#),
            &call(r#""index":0,"function":{"arguments":"3"}"#),
            &call(r#""index":2,"id":"a","function":{"arguments":"4"}"#),
            &call(r#""id":"a","function":{"name":"f","arguments":"5"}"#),
        ],
        &[
            "open 0.0 Tool a f (no close)",
            "add 0.0 Arguments 1",
            "open 0.1 Tool a f (no close)",
            "add 0.1 Arguments 2",
            "add 0.0 Arguments 3",
            "warn F-24",
            "add 0.1 Arguments 4",
            "add 0.1 Arguments 5",
        ],
    );
    // A name alone opens a call.
    check_chat(
        &[
            &call(r#""function":{"name":"f","arguments":"1"}"#),
            &call(r#""function":{"name":"g","arguments":"2"}"#),
        ],
        &[
            "warn F-24",
            "open 0.0 Tool f (no close)",
            "add 0.0 Arguments 1",
            "warn F-24",
            "open 0.1 Tool g (no close)",
            "add 0.1 Arguments 2",
        ],
    );
    // An id that came late is known from then on.
    check_chat(
        &[
            &call(r#""index":0,"function":{"name":"f","arguments":"1"}"#),
            &call(r#""index":0,"id":"a","function":{}"#),
            &call(r#""index":1,"id":"b","function":{"name":"g","arguments":"2"}"#),
            &call(r#""id":"a","function":{"arguments":"3"}"#),
        ],
        &[
            "open 0.0 Tool f (no close)",
            "add 0.0 Arguments 1",
            "add 0.0 Id a",
            "open 0.1 Tool b g (no close)",
            "add 0.1 Arguments 2",
            "add 0.0 Arguments 3",
        ],
    );
    check_chat(
        &[&call(
            r#""index":0,"id":"a","custom":null,"function":{"name":"f","arguments":"1"}"#,
        )],
        &["open 0.0 Tool a f (no close)", "add 0.0 Arguments 1"],
    );
}

#[test]
fn f40_after_an_error_nothing_is_read() {
    let text = r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#;
    for (error, expect) in [
        (
            r#"{"error":{"type":null,"code":"c","detail":"d"}}"#,
            "fail c: d",
        ),
        (r#"{"error":{"x":1}}"#, "fail error: {\"x\":1}"),
        (r#"{"object":"error","message":"m"}"#, "fail error: m"),
    ] {
        let seen = check_chat(&[error, text, error], &[expect, "warn F-32", "warn F-32"]);
        assert_eq!(seen.rejected.as_deref(), Some("provider_error"));
    }
    // No error at all, or not by its name alone.
    let null = r#"{"choices":[{"index":0,"delta":{"content":"a"}}],"error":null}"#;
    check_chat(&[null], &["open 0.0 Text (no close)", "add 0.0 a"]);
    check(
        Dialect::OpenAiChat,
        Options::lenient(),
        &format!("event: error\ndata: {text}\n\n"),
        &["open 0.0 Text (no close)", "add 0.0 a"],
    );
}

#[test]
fn the_first_id_and_model_that_are_not_empty_stay() {
    check_chat(
        &[
            r#"{"model":"x","choices":[]}"#,
            r#"{"id":"c","choices":[]}"#,
            r#"{"id":"d","model":"y","choices":[]}"#,
        ],
        &["begin - x", "begin c -", "warn F-35"],
    );
}

#[test]
fn f05_a_half_that_waits_when_the_body_ends() {
    let seen = check_chat(
        &[r#"{"choices":[{"index":"0","delta":{"content":"a\ud83d"}}]}"#],
        &[
            "open 0.0 Text (no close)",
            "warn F-05",
            "add 0.0 a",
            "warn F-05",
            "add 0.0 \u{FFFD}",
        ],
    );
    assert_eq!(seen.text, "a\u{FFFD}");
}

#[test]
fn indices_that_are_strings_and_content_that_has_its_number() {
    check_messages(
        &[
            r#"{"type":"message_start","message":{"id":"m","content":[{"type":"text","text":"a"}]}}"#,
            r#"{"type":"content_block_start","index":"0","content_block":{"type":"text","text":"b"}}"#,
            r#"{"type":"content_block_delta","index":"0","delta":{"type":"text_delta","text":"c"}}"#,
            r#"{"type":"content_block_stop","index":"0"}"#,
        ],
        &[
            "begin m -",
            "open 0.0 Text",
            "add 0.0 a",
            "close 0.0",
            "warn F-36",
            "open 0.1 Text",
            "add 0.1 b",
            "add 0.1 c",
            "close 0.1",
        ],
    );
}
