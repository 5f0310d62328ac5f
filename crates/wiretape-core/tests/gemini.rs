//! Gemini: small streams after the public documentation, and what must come of each.
#![expect(
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod common;

use wiretape_core::turn::Why;
use wiretape_core::{Dialect, Options, Transcript, read};

fn of(options: Options, chunks: &[&[u8]]) -> Transcript {
    common::of(Dialect::Gemini, options, chunks)
}

fn line(of: &Transcript) -> String {
    let error = of.error.as_ref().map(|error| error.kind.as_str());
    common::line(of, error)
}

/// Payloads as an event stream with CR LF, which is how Google sends it.
fn events(payloads: &[&str]) -> Vec<u8> {
    let event = |payload: &&str| format!("data: {payload}\r\n\r\n");
    payloads.iter().map(event).collect::<String>().into_bytes()
}

fn array(payloads: &[&str]) -> Vec<u8> {
    format!("[{}\n]\n", payloads.join("\n,\r\n")).into_bytes()
}

/// Reads a body whole, byte by byte and without the fast path, and cut after every byte.
#[track_caller]
fn check(body: &[u8], expected: &str) -> Transcript {
    let whole = common::alike(Dialect::Gemini, body);
    assert_eq!(line(&whole), expected, "{}", String::from_utf8_lossy(body));
    whole
}

const STOP: &str = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":7,"thoughtsTokenCount":2},"modelVersion":"gemini-2.5-flash","responseId":"r1"}"#;

fn part(part: &str) -> String {
    format!(
        r#"{{"candidates":[{{"content":{{"role":"model","parts":[{part}]}},"index":0}}],"responseId":"r1"}}"#
    )
}

/// Parts, one a chunk, then a STOP, in both framings.
#[track_caller]
fn check_parts(parts: &[&str], expected: &str) -> Transcript {
    let chunks: Vec<String> = parts.iter().map(|one| part(one)).collect();
    let mut payloads: Vec<&str> = chunks.iter().map(String::as_str).collect();
    payloads.push(STOP);
    let read = check(&array(&payloads), expected);
    assert_eq!(read, check(&events(&payloads), expected), "both framings");
    read
}

#[test]
fn parts_become_blocks() {
    let cases: &[(&[&str], &str)] = &[
        (
            &[r#"{"text":"Hel"}"#, r#"{"text":"lo \u00fc"}"#],
            "Hello ü||STOP terminal",
        ),
        (
            &[r#"{"text":"a \ud83d"}"#, r#"{"text":"\ude00 b"}"#],
            "a 😀 b||STOP terminal",
        ),
        (
            &[r#"{"text":"Hm.","thought":true}"#, r#"{"text":"Yes."}"#],
            "Yes.|Hm.|STOP terminal",
        ),
        (
            &[
                r#"{"functionCall":{"name":"now"}},{"functionCall":{"name":"now","args":{ "at": 1 }}}"#,
            ],
            r#"||STOP now now{ "at": 1 } terminal"#,
        ),
        (
            &[
                r#"{"executableCode":{"id":"x","language":"PYTHON","code":"print(1)"}}"#,
                r#"{"codeExecutionResult":{"id":"x","outcome":"OUTCOME_OK","output":"1\n"}}"#,
                r#"{"toolCall":{"id":"y","toolType":"FILE_SEARCH","args":{}}}"#,
            ],
            r#"||STOP server:code_execution{"language":"PYTHON","code":"print(1)"} server:FILE_SEARCH{} terminal"#,
        ),
        (
            &[
                r#"{"inlineData":{"mimeType":"image/png","data":"AA=="}}"#,
                r#"{"text":"a picture"}"#,
            ],
            "a picture||STOP terminal",
        ),
        (
            &[r#"{"functionCall":{"args":{"a":1}}}"#],
            r#"||STOP -{"a":1} no_name terminal"#,
        ),
    ];
    for (parts, expected) in cases {
        check_parts(parts, expected);
    }
}

#[test]
fn calls_without_an_id_get_one_that_is_their_own() {
    let call = r#"{"functionCall":{"name":"now","args":{}}}"#;
    let with = r#"{"functionCall":{"id":"c7","name":"now","args":{}}}"#;
    let read = check_parts(&[call, call, with], "||STOP now{} now{} now{} terminal");
    let ids: Vec<_> = read
        .tool_calls
        .iter()
        .map(|c| c.id.as_deref().unwrap())
        .collect();
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[2], "c7");
    let chunk = part(call).replace("r1", "r2");
    let other = check(&events(&[&chunk, STOP]), "||STOP now{} terminal");
    assert_ne!(
        other.tool_calls[0].id, read.tool_calls[0].id,
        "another reply"
    );
}

#[test]
fn signatures_stay_with_the_part_they_came_with() {
    let read = check_parts(
        &[
            r#"{"text":"one","thought":true}"#,
            r#"{"functionCall":{"name":"now","args":{}},"thoughtSignature":"s1"}"#,
            r#"{"text":"two"}"#,
            r#"{"text":"three","thoughtSignature":"s2"}"#,
            r#"{"text":"","thoughtSignature":"s3"}"#,
            r#"{"text":"four"}"#,
        ],
        "twothreefour|one|STOP now{} terminal",
    );
    assert_eq!(read.signatures, ["s1", "s2", "s3"]);
    let body = array(&[
        &part(r#"{"text":"a"},{"text":"b","thoughtSignature":"s"}"#),
        STOP,
    ]);
    let turn = self::read(Dialect::Gemini, Options::default(), &body).unwrap();
    let contents = &turn.reply().choices[0].contents;
    assert_eq!(
        (contents[0].text.as_str(), contents[0].signature.as_deref()),
        ("a", None)
    );
    assert_eq!(
        (contents[1].text.as_str(), contents[1].signature.as_deref()),
        ("b", Some("s"))
    );
}

#[test]
fn arguments_in_pieces() {
    let open = r#"{"functionCall":{"name":"cook","willContinue":true}}"#;
    let end = r#"{"functionCall":{}}"#;
    let piece = |path: &str, value: &str, more: bool| {
        let path = serde_json::to_string(path).unwrap();
        let more = if more { r#","willContinue":true"# } else { "" };
        format!(
            r#"{{"functionCall":{{"partialArgs":[{{"jsonPath":{path},{value}{more}}}],"willContinue":true}}}}"#
        )
    };
    let text =
        |path: &str, text: &str, more| piece(path, &format!(r#""stringValue":{text}"#), more);
    let pieces = [
        text("$.name", r#""Las""#, true),
        text("$.name", r#""agna \ud83c""#, true),
        text("$.name", r#""\udf5d""#, true),
        text("$.name", r#""""#, false),
        text("$.steps[0]", r#""say \"hi\"\n""#, false),
        piece("$.steps[1].minutes", r#""numberValue":12.50"#, false),
        piece("$['hot stuff']", r#""boolValue":true"#, false),
        piece("$[\"it's\"]", r#""nullValue":"NULL_VALUE""#, false),
    ];
    let whole = r#"cook{"name":"Lasagna 🍝","steps":["say \"hi\"\n",{"minutes":12.50}],"hot stuff":true,"it's":null}"#;
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let all = [&[open][..], &pieces, &[end]].concat();
    check_parts(&all, &format!("||STOP {whole} terminal"));
    // The last piece is missing: the end of the answer is the call's, and another call is.
    let read = check_parts(
        &[&[open][..], &pieces].concat(),
        &format!("||STOP {whole} terminal"),
    );
    assert_eq!(read.warnings.of("F-54"), 1);
    let two = [&[open][..], &pieces, &[open, end]].concat();
    check_parts(&two, &format!("||STOP {whole} cook terminal"));
    // A string of which more was announced is a call that was cut.
    let cut = text("$.name", r#""Las""#, true);
    check_parts(
        &[open, &cut],
        r#"||STOP -cook{"name":"Las" open_block (open_block) terminal"#,
    );
    for (path, why) in [
        ("$.a[1]", "a gap"),
        ("a", "no root"),
        ("$.a..b", "no name"),
        ("$['a", "no end"),
        ("$.name.first", "below a string"),
    ] {
        let odd = text(path, r#""x""#, false);
        let read = of(
            Options::default(),
            &[&array(&[&part(open), &part(pieces[0]), &part(&odd), STOP])],
        );
        assert_eq!(read.rejected.as_deref(), Some("unreadable"), "{why}");
    }
}

#[test]
fn what_ends_a_stream() {
    let call = part(r#"{"functionCall":{"name":"now","args":{}}}"#);
    let with = |reason: &str| STOP.replace(r#""STOP""#, reason);
    for reason in [
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "OTHER",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "NEW_ONE",
    ] {
        let chunk = with(&format!("{reason:?}"));
        let expected = format!("||{reason} -now{{}} unsafe_stop (unsafe_stop) terminal");
        check(&events(&[&call, &chunk]), &expected);
    }
    check(&array(&[&call, &with("1")]), "||STOP now{} terminal");
    let seven = "||7 -now{} unsafe_stop (unsafe_stop) terminal";
    check(&array(&[&call, &with("7")]), seven);
    check(
        &events(&[&call]),
        "||- -now{} no_terminal (no_terminal) eof",
    );
    // A chunk with a reason is not the last: what comes behind it must say so again.
    let late = part(r#"{"text":"late"}"#);
    let none = "late||STOP -now{} no_terminal (no_terminal) eof";
    check(&events(&[STOP, &call, &late]), none);
    check(&events(&[&call, STOP, STOP]), "||STOP now{} terminal");
    // A reason that forbids acting is not lifted by a later one.
    let forbidden = "||STOP -now{} unsafe_stop (unsafe_stop) terminal";
    check(&events(&[&call, &with("\"SAFETY\""), STOP]), forbidden);
    let blocked = r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#;
    check(&events(&[blocked]), "||SAFETY (unsafe_stop) terminal");
    check(
        &events(&[r#"{"promptFeedback":{"blockReason":1}}"#]),
        "||1 (unsafe_stop) terminal",
    );
    let second =
        r#"{"candidates":[{"content":{"parts":[{"text":"B"}]},"finishReason":"STOP","index":1}]}"#;
    check(
        &events(&[&part(r#"{"text":"A"}"#), second, STOP]),
        "A||STOP terminal +",
    );
}

#[test]
fn a_body_that_was_cut_behind_its_reason_releases_nothing() {
    let call = part(r#"{"functionCall":{"name":"now","args":{}}}"#);
    let body = array(&[&call, STOP]);
    let bracket = body.iter().rposition(|byte| *byte == b']').unwrap();
    let why = |body: &[u8], weak: bool| {
        let options = Options {
            accept_weak_end: weak,
            ..Options::default()
        };
        read(Dialect::Gemini, options, body).map_err(|rejected| rejected.why)
    };
    assert_eq!(why(&body[..bracket], false).unwrap_err(), Why::NoTerminal);
    assert_eq!(why(&body[..bracket], true).unwrap().tool_calls().len(), 1);
    assert_eq!(why(&body[..=bracket], false).unwrap().tool_calls().len(), 1);
    let mut body = events(&[&call, STOP]);
    body.extend_from_slice(b"data: {\"cand");
    assert_eq!(why(&body, false).unwrap_err(), Why::NoTerminal);
}

#[test]
fn errors_in_every_shape() {
    let error = "{\n  \"error\": {\n    \"code\": 499,\n    \"message\": \"The operation was cancelled.\",\n    \"status\": \"CANCELLED\"\n  }\n}";
    let text = part(r#"{"text":"so far"}"#);
    let begun = String::from_utf8(events(&[&text])).unwrap();
    let expected = "so far||- (provider_error) error !CANCELLED";
    check(
        format!("{begun}data: {}\n\n", error.replace('\n', "")).as_bytes(),
        expected,
    );
    // Lines without `data:`, with and without a blank line behind them, in an array of their own.
    for body in [
        format!("{begun}{error}"),
        format!("{begun}{error}\n\n"),
        format!("{begun}{}\r\n\r\n", error.replace('\n', "\r\n")),
        format!("{begun}[{error}]\n"),
    ] {
        let read = check(body.as_bytes(), expected);
        assert_eq!(read.warnings.of("F-40"), 1, "{body}");
        let strict = of(Options::strict(), &[body.as_bytes()]);
        assert_eq!(line(&strict), "so far||- (no_terminal) eof");
    }
    // Behind an answer that had ended, it is an error all the same.
    let ended = String::from_utf8(events(&[&text, STOP])).unwrap();
    check(
        format!("{ended}{error}\n\n").as_bytes(),
        "so far||STOP (provider_error) error !CANCELLED",
    );
    for body in [
        error.to_owned(),
        format!("[{error}]"),
        format!("[{text},\n{error}\n]"),
    ] {
        let read = of(Options::strict(), &[body.as_bytes()]);
        assert_eq!(read.rejected.as_deref(), Some("provider_error"), "{body}");
    }
    let unknown = r#"{"new":{"field":1}}"#;
    let read = check(&events(&[unknown, &text, STOP]), "so far||STOP terminal");
    assert_eq!(read.warnings.of("F-56"), 1);
    check(&events(&["{]"]), "||- (unreadable) error !not_json");
}
