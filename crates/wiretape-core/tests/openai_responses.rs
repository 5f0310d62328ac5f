//! `OpenAI` Responses: streams after the API's reference, and what must come of each.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::indexing_slicing, reason = "tests")]

use std::fmt::Write;

use wiretape_core::turn::{Content, Ended};
use wiretape_core::{Dialect, Event, Options, Reader, Transcript, read};

const DIALECT: Dialect = Dialect::OpenAiResponses;

/// Events as `type members`, numbered from `first`, with their names.
fn body_from(first: usize, events: &[&str]) -> String {
    let mut body = String::new();
    for (number, event) in (first..).zip(events) {
        let (ty, members) = event.split_once(' ').unwrap_or((event, ""));
        let comma = if members.is_empty() { "" } else { "," };
        let _ = write!(
            body,
            "event: {ty}\ndata: {{\"type\":\"{ty}\",\"sequence_number\":{number}{comma}{members}}}\n\n"
        );
    }
    body
}

fn body(events: &[&str]) -> String {
    body_from(0, events)
}

/// The transcript, which is the same whole, byte by byte and without the fast path. Cut anywhere, it
/// releases no call that the whole does not.
fn check(options: Options, body: &str) -> Transcript {
    let body = body.as_bytes();
    let whole = Transcript::of(&read(DIALECT, options, body));
    let mut reader = Reader::with_options(DIALECT, options);
    for byte in body.chunks(1) {
        let _ = reader.feed(byte, &mut |_| {});
    }
    assert_eq!(Transcript::of(&reader.finish()), whole, "byte by byte");
    let mut slow = options;
    slow.dialect.templates = false;
    assert_eq!(Transcript::of(&read(DIALECT, slow, body)), whole, "in full");
    for cut in 0..body.len() {
        let cut = Transcript::of(&read(DIALECT, options, &body[..cut]));
        if cut.rejected.is_none() {
            assert_eq!(cut.tool_calls, whole.tool_calls, "all calls or none");
        }
    }
    whole
}

fn lenient(events: &[&str]) -> Transcript {
    check(Options::lenient(), &body(events))
}

fn strict(events: &[&str]) -> Transcript {
    check(Options::strict(), &body(events))
}

fn calls(read: &Transcript) -> Vec<[&str; 3]> {
    let calls = read.tool_calls.iter();
    let id = |id: &'_ Option<String>| id.as_deref().map_or("-", |id| Box::leak(id.into()));
    calls
        .map(|call| [id(&call.id), &*call.name, &*call.arguments])
        .collect()
}

fn contents(body: &str) -> Vec<Content> {
    let turn = read(DIALECT, Options::default(), body.as_bytes()).unwrap();
    turn.reply().choices[0].contents.clone()
}

/// What a consumer of events shows.
fn shown(body: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut reader = Reader::new(DIALECT);
    let _ = reader.feed(body.as_bytes(), &mut |event| match event {
        Event::Delta { text, .. } => lines.push(format!("+{text}")),
        Event::Whole { text, .. } => lines.push(format!("={text}")),
        _ => {}
    });
    lines
}

const CREATED: &str =
    r#"response.created "response":{"id":"resp_1","model":"m","status":"in_progress","output":[]}"#;
const COMPLETED: &str = r#"response.completed "response":{"id":"resp_1","status":"completed","usage":{"input_tokens":9,"output_tokens":4,"input_tokens_details":{"cached_tokens":2}}}"#;
const MESSAGE: &str = r#"response.output_item.added "output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[]}"#;
const PART: &str = r#"response.content_part.added "item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}"#;
const CALL: &str = r#"response.output_item.added "output_index":0,"item":{"id":"fc_1","type":"function_call","call_id":"call_1","name":"read","arguments":"","status":"in_progress"}"#;
const CALL_DONE: &str = r#"response.output_item.done "output_index":0,"item":{"id":"fc_1","type":"function_call","call_id":"call_1","name":"read","arguments":"{\"a\":1}","status":"completed"}"#;

fn text_delta(text: &str) -> String {
    format!(
        r#"response.output_text.delta "item_id":"msg_1","output_index":0,"content_index":0,"delta":"{text}""#
    )
}

fn arguments(text: &str) -> String {
    let text = text.replace('"', "\\\"");
    format!(
        r#"response.function_call_arguments.delta "item_id":"fc_1","output_index":0,"delta":"{text}""#
    )
}

#[test]
fn text_is_said_once() {
    let (a, b) = (text_delta("Hel"), text_delta("lo"));
    let events = [
        CREATED,
        r#"response.in_progress "response":{"id":"resp_1"}"#,
        MESSAGE,
        PART,
        &a,
        &b,
        r#"response.output_text.done "item_id":"msg_1","output_index":0,"content_index":0,"text":"Hello""#,
        r#"response.output_text.annotation.added "item_id":"msg_1","output_index":0,"content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","url":"u"}"#,
        r#"response.content_part.done "item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Hello","annotations":[{"type":"url_citation","url":"u"}]}"#,
        r#"response.output_item.done "output_index":0,"item":{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","text":"Hello","annotations":[{"type":"url_citation","url":"u"}]}]}"#,
        r#"response.completed "response":{"id":"resp_1","status":"completed","output":[{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"Hello"}]}],"usage":{"input_tokens":9,"output_tokens":4,"input_tokens_details":{"cached_tokens":2}}}"#,
    ];
    let read = strict(&events);
    assert_eq!(
        (&*read.text, read.stop.as_deref()),
        ("Hello", Some("completed"))
    );
    assert_eq!((read.ended, &read.rejected), (Ended::Terminal, &None));
    assert_eq!((read.usage.input, read.usage.output), (Some(9), Some(4)));
    assert_eq!(read.usage.cache_read, Some(2));
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    let content = &contents(&body(&events))[0];
    assert_eq!(content.citations, [r#"{"type":"url_citation","url":"u"}"#]);
    assert_eq!(content.id.as_deref(), Some("msg_1"));
}

/// J6: what is said last counts; a consumer of events learns of it.
#[test]
fn the_last_word_counts() {
    let done = |text: &str| {
        format!(
            r#"response.output_text.done "item_id":"msg_1","output_index":0,"content_index":0,"text":"{text}""#
        )
    };
    let abc = text_delta("abc");
    for (text, whole, lines, counted) in [
        ("abc", "abc", vec!["+abc"], 0),
        ("abcdef", "abcdef", vec!["+abc", "+def"], 1),
        ("xyz", "xyz", vec!["+abc", "=xyz"], 1),
        ("", "abc", vec!["+abc"], 0),
    ] {
        let done = done(text);
        let late = text_delta("late");
        let events = [CREATED, MESSAGE, PART, &abc, &done, COMPLETED];
        let read = lenient(&events);
        assert_eq!((&*read.text, read.warnings.of("F-55")), (whole, counted));
        assert_eq!(shown(&body(&events)), lines);
        if !text.is_empty() {
            let events = [CREATED, MESSAGE, PART, &abc, &done, &late, COMPLETED];
            assert_eq!(
                lenient(&events).text,
                whole,
                "nothing is added to a whole text"
            );
            assert!(strict(&events).rejected.is_some());
        }
    }
    // A half of a surrogate pair that its text has whole.
    let (half, done) = (text_delta("a\\ud83d"), done("a\\ud83d\\ude00b"));
    assert_eq!(
        lenient(&[CREATED, MESSAGE, PART, &half, &done, COMPLETED]).text,
        "a😀b"
    );
}

#[test]
fn calls_by_deltas_by_done_and_by_both() {
    let (a, b) = (arguments("{\"a\""), arguments(":1}"));
    let done = r#"response.function_call_arguments.done "item_id":"fc_1","output_index":0,"arguments":"{\"a\":1}""#;
    let cases: [(&str, &[&str]); 5] = [
        ("all", &[CALL, &a, &b, done, CALL_DONE]),
        ("no deltas", &[CALL, done, CALL_DONE]),
        ("the item alone", &[CALL, CALL_DONE]),
        ("deltas and the item", &[CALL, &a, &b, CALL_DONE]),
        (
            "other deltas",
            &[CALL, &arguments("{\"b\":2}"), done, CALL_DONE],
        ),
    ];
    for (name, events) in cases {
        let events = [&[CREATED], events, &[COMPLETED]].concat();
        let read = strict(&events);
        assert_eq!(calls(&read), [["call_1", "read", "{\"a\":1}"]], "{name}");
        let kept = &contents(&body(&events))[0].others;
        assert!(kept[0].contains("fc_1"), "the item's own id is kept");
    }
    // Nobody says that the call is whole but the response; or the item itself says that it is not.
    let cut = CALL_DONE.replace(r#""status":"completed""#, r#""status":"incomplete""#);
    for events in [
        vec![CREATED, CALL, &a, &b, COMPLETED],
        vec![CREATED, CALL, &a, &b, &cut, COMPLETED],
    ] {
        let read = lenient(&events);
        assert_eq!(read.rejected.as_deref(), Some("open_block"));
        assert!(read.tool_calls.is_empty());
        assert_eq!(read.rejected_calls[0].arguments, "{\"a\":1}");
    }
    // The arguments are done, the item's end is missing.
    let events = [CREATED, CALL, &a, &b, done, COMPLETED];
    assert_eq!(calls(&lenient(&events)).len(), 1);
    assert!(strict(&events).rejected.is_some());
}

#[test]
fn the_end_decides() {
    let cases = [
        (
            r#"response.completed "response":{"status":"completed"}"#,
            "completed",
            None,
        ),
        ("response.completed", "completed", None),
        (
            r#"response.completed "response":{"status":"incomplete"}"#,
            "incomplete",
            Some("unsafe_stop"),
        ),
        (
            r#"response.incomplete "response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#,
            "max_output_tokens",
            Some("unsafe_stop"),
        ),
        (
            r#"response.incomplete "response":{"status":"completed"}"#,
            "incomplete",
            Some("unsafe_stop"),
        ),
        (
            r#"response.cancelled "response":{"status":"cancelled"}"#,
            "cancelled",
            Some("unsafe_stop"),
        ),
        (
            r#"response.failed "response":{"status":"failed","error":{"code":"server_error","message":"no"}}"#,
            "failed",
            Some("provider_error"),
        ),
    ];
    for (end, stop, rejected) in cases {
        let read = lenient(&[CREATED, CALL, CALL_DONE, end]);
        assert_eq!(read.stop.as_deref(), Some(stop), "{end}");
        assert_eq!(read.rejected.as_deref(), rejected, "{end}");
        assert_eq!(read.tool_calls.len(), usize::from(rejected.is_none()));
    }
    for end in [r#"keepalive "#, "[DONE]"] {
        let read = lenient(&[CREATED, CALL, CALL_DONE, end]);
        assert_eq!(read.rejected.as_deref(), Some("no_terminal"));
    }
    let done = body(&[CREATED, CALL, CALL_DONE, COMPLETED]) + "data: [DONE]\n\n";
    let read = check(Options::default(), &done);
    assert_eq!((read.tool_calls.len(), read.warnings.of("F-32")), (1, 1));
}

#[test]
fn errors_flat_and_nested() {
    let failed = r#"response.failed "response":{"status":"failed","error":{"code":"other","message":"later"}}"#;
    for error in [
        r#"error "code":"rate_limit","message":"slow","param":null"#,
        r#"error "error":{"type":"rate_limit","code":"x","message":"slow"}"#,
    ] {
        for (after, stop) in [(None, None), (Some(failed), Some("failed"))] {
            let mut events = vec![CREATED, CALL, CALL_DONE, error];
            events.extend(after);
            let read = strict(&events);
            let told = read.error.unwrap();
            assert_eq!((&*told.kind, &*told.message), ("rate_limit", "slow"));
            assert_eq!((read.stop.as_deref(), read.ended), (stop, Ended::Error));
            assert!(read.tool_calls.is_empty());
        }
        // What follows an error revives nothing.
        let read = lenient(&[CREATED, CALL, CALL_DONE, error, COMPLETED]);
        assert_eq!(read.rejected.as_deref(), Some("provider_error"));
    }
}

#[test]
fn reasoning_is_kept_for_the_next_request() {
    let events = [
        CREATED,
        r#"response.output_item.added "output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"first"}"#,
        r#"response.reasoning_summary_part.added "item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}"#,
        r#"response.reasoning_summary_text.delta "item_id":"rs_1","output_index":0,"summary_index":0,"delta":"One. ""#,
        r#"response.reasoning_summary_part.done "item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"One. "}"#,
        r#"response.reasoning_summary_text.delta "item_id":"rs_1","output_index":0,"summary_index":1,"delta":"Two.""#,
        r#"response.reasoning_summary_text.done "item_id":"rs_1","output_index":0,"summary_index":1,"text":"Two.""#,
        r#"response.output_item.done "output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"One. "},{"type":"summary_text","text":"Two."}],"encrypted_content":"sealed=="}"#,
        r#"response.output_item.added "output_index":1,"item":{"id":"rs_2","type":"reasoning","summary":[]}"#,
        r#"response.output_item.done "output_index":1,"item":{"id":"rs_2","type":"reasoning","summary":[],"encrypted_content":"more=="}"#,
        r#"response.output_item.added "output_index":2,"item":{"id":"rs_3","type":"reasoning","summary":[]}"#,
        r#"response.reasoning_text.delta "item_id":"rs_3","output_index":2,"content_index":1,"delta":" Three.""#,
        r#"response.output_item.done "output_index":2,"item":{"id":"rs_3","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":" Three."}],"encrypted_content":""}"#,
        COMPLETED,
    ];
    let read = strict(&events);
    assert_eq!((&*read.reasoning, &*read.text), ("One. Two. Three.", ""));
    // What is empty seals nothing.
    assert_eq!(read.signatures, ["sealed==", "more=="]);
    let contents = contents(&body(&events));
    let kept: Vec<_> = contents
        .iter()
        .flat_map(|content| &content.others)
        .collect();
    assert_eq!(kept.len(), 3);
    assert!(kept[0].contains(r#""encrypted_content":"sealed==""#));
}

/// J7: what the caller is to run, and what the provider has run.
#[test]
fn who_runs_the_tool() {
    let item = |index: usize, item: &str| {
        let began =
            format!(r#"response.output_item.added "output_index":{index},"item":{{{item}}}"#);
        [began.clone(), began.replace(".added", ".done")]
    };
    let items = [
        r#""id":"ct_1","type":"custom_tool_call","call_id":"c1","name":"sql","input":"SELECT 1""#,
        r#""id":"ls_1","type":"local_shell_call","call_id":"c2","action":{"type":"exec","command":["ls"]}"#,
        r#""id":"ap_1","type":"apply_patch_call","call_id":"c3","operation":{ "type":"delete_file", "path":"a \" b"}"#,
        r#""id":"sh_1","type":"shell_call","call_id":"c4","action":{"commands":["ls"]},"environment":{"type":"local"}"#,
        r#""id":"ts_1","type":"tool_search_call","call_id":"c5","execution":"client","arguments":{"q":1}"#,
        r#""id":"sh_2","type":"shell_call","call_id":"s1","action":{"commands":["ls"]},"environment":{"type":"container_reference"}"#,
        r#""id":"ts_2","type":"tool_search_call","execution":"server","arguments":{"q":2}"#,
        r#""id":"ws_1","type":"web_search_call","action":{"type":"search","query":"q"}"#,
        r#""id":"fs_1","type":"file_search_call","queries":["q"],"results":null"#,
        r#""id":"ci_1","type":"code_interpreter_call","code":"print(1)","container_id":"x""#,
        r#""id":"mc_1","type":"mcp_call","name":"ask","arguments":"{\"q\":3}","server_label":"s","output":"yes""#,
        r#""id":"ml_1","type":"mcp_list_tools","server_label":"s","tools":[]"#,
        r#""id":"so_1","type":"shell_call_output","call_id":"s1","output":[]"#,
        r#""id":"mr_1","type":"mcp_approval_request","name":"ask","arguments":"{}""#,
        r#""id":"xx_1","type":"something_new","x":1"#,
    ];
    let mut events = vec![CREATED.to_owned()];
    for (index, one) in items.iter().enumerate() {
        events.extend(item(index, one));
    }
    events.push(COMPLETED.to_owned());
    let events: Vec<&str> = events.iter().map(|event| &**event).collect();
    let read = strict(&events);
    let run = [
        ["c1", "sql", "SELECT 1"],
        ["c2", "local_shell", r#"{"type":"exec","command":["ls"]}"#],
        [
            "c3",
            "apply_patch",
            r#"{"type":"delete_file","path":"a \" b"}"#,
        ],
        ["c4", "shell", r#"{"commands":["ls"]}"#],
        ["c5", "tool_search", r#"{"q":1}"#],
    ];
    assert_eq!(calls(&read), run);
    let server: Vec<_> = read
        .server_calls
        .iter()
        .map(|call| [&*call.name, &*call.arguments])
        .collect();
    let ran = [
        ["shell", r#"{"commands":["ls"]}"#],
        ["tool_search", r#"{"q":2}"#],
        ["web_search_call", r#"{"type":"search","query":"q"}"#],
        ["file_search_call", r#"{"queries":["q"]}"#],
        ["code_interpreter_call", "print(1)"],
        ["ask", r#"{"q":3}"#],
        ["mcp_list_tools", ""],
    ];
    assert_eq!(server, ran);
    assert_eq!(read.warnings.of("F-56"), 1, "something_new");
    // Which side runs a shell is said late: then it is a call when it is done, and not before.
    let [began, done] = item(0, items[3]);
    let began = began.replace(r#","environment":{"type":"local"}"#, "");
    assert_eq!(
        calls(&strict(&[CREATED, &began, &done, COMPLETED])),
        [run[3]]
    );
    // It says another side than it began with.
    let [began, done] = item(0, items[3]);
    let began = began.replace("\"local\"", "\"container_auto\"");
    let read = lenient(&[CREATED, &began, &done, COMPLETED]);
    assert_eq!(read.rejected.as_deref(), Some("unreadable"));
}

/// F-55: what compatible servers do to items.
#[test]
fn irregular_items() {
    let (a, b) = (arguments("{\"a\""), arguments(":1}"));
    let rotated = |event: &str, id: &str| event.replace("fc_1", id);
    let second = |event: &str| {
        event
            .replace("\"output_index\":0", "\"output_index\":1")
            .replace("fc_1", "fc_2")
            .replace("call_1", "call_2")
    };
    let one = vec![["call_1", "read", "{\"a\":1}"]];
    let two = vec![
        ["call_1", "read", "{\"a\":1}"],
        ["call_2", "read", "{\"a\":1}"],
    ];
    let finished = r#"response.completed "response":{"status":"completed","output":[{"id":"other","type":"function_call","call_id":"call_1","name":"read","arguments":"{\"a\":1}"}]}"#;
    let cases = [
        (
            "a new id with every event",
            vec![
                CALL.into(),
                rotated(&a, "x"),
                rotated(&b, "y"),
                rotated(CALL_DONE, "z"),
                finished.into(),
            ],
            &one,
        ),
        (
            "done out of order",
            vec![
                CALL.into(),
                second(CALL),
                a.clone(),
                second(&a),
                b.clone(),
                second(&b),
                second(CALL_DONE),
                CALL_DONE.into(),
                COMPLETED.into(),
            ],
            &two,
        ),
        (
            "two items at one index",
            vec![
                CALL.into(),
                second(CALL).replace("index\":1", "index\":0"),
                a.clone(),
                b.clone(),
                CALL_DONE.into(),
                second(CALL_DONE).replace("index\":1", "index\":0"),
                COMPLETED.into(),
            ],
            &two,
        ),
        (
            "no start",
            vec![a.clone(), b.clone(), CALL_DONE.into(), COMPLETED.into()],
            &one,
        ),
        ("no events of the item", vec![finished.into()], &one),
        (
            "an empty output",
            vec![
                CALL.into(),
                a.clone(),
                b.clone(),
                CALL_DONE.into(),
                r#"response.completed "response":{"status":"completed","output":[]}"#.into(),
            ],
            &one,
        ),
        (
            "the start twice",
            vec![
                CALL.into(),
                CALL.into(),
                a.clone(),
                b.clone(),
                CALL_DONE.into(),
                CALL_DONE.into(),
                COMPLETED.into(),
            ],
            &one,
        ),
    ];
    for (name, events, expected) in cases {
        let events: Vec<String> = events;
        let events: Vec<&str> = std::iter::once(CREATED)
            .chain(events.iter().map(|event| &**event))
            .collect();
        let read = lenient(&events);
        assert_eq!(&calls(&read), expected, "{name}: {:?}", read.error);
    }
}

#[test]
fn a_stream_goes_on_from_an_earlier_one() {
    let rest = text_delta("llo");
    let events = [
        &*rest,
        r#"response.output_item.done "output_index":0,"item":{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"Hello"}]}"#,
        r#"response.completed "response":{"id":"resp_1","status":"completed","output":[{"id":"msg_1","type":"message","content":[{"type":"output_text","text":"Hello"}]},{"id":"fc_1","type":"function_call","call_id":"call_1","name":"read","arguments":"{}"}]}"#,
    ];
    let resumed = body_from(7, &events);
    let read = check(Options::strict(), &resumed);
    assert_eq!(
        (&*read.text, calls(&read)),
        ("Hello", vec![["call_1", "read", "{}"]])
    );
    assert_eq!(read.message_id.as_deref(), Some("resp_1"));
    assert_eq!(shown(&resumed), ["+llo", "=Hello", "+{}", read_item()]);
    assert!(strict(&events).rejected.is_some(), "it is no beginning");
}

fn read_item() -> &'static str {
    r#"+{"id":"fc_1","type":"function_call","call_id":"call_1","name":"read","arguments":"{}"}"#
}

#[test]
fn what_is_no_response() {
    // Another protocol's, a whole response, names that are missing, events out of all order.
    let chat = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
    let read = check(Options::default(), chat);
    assert_eq!(read.rejected.as_deref(), Some("no_terminal"));
    let whole = "data: {\"object\":\"response\",\"id\":\"resp_1\",\"status\":\"completed\",\"output\":[{\"type\":\"message\",\
         \"content\":[{\"type\":\"output_text\",\"text\":\"Hi\"}]}]}\n\n";
    let read = check(Options::default(), whole);
    assert_eq!((&*read.text, read.rejected), ("Hi", None));
    assert!(check(Options::strict(), whole).rejected.is_some());
    let nameless: String = body(&[CREATED, CALL, CALL_DONE, COMPLETED])
        .lines()
        .filter(|line| !line.starts_with("event:"))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_eq!(check(Options::default(), &nameless).tool_calls.len(), 1);
    assert!(check(Options::strict(), &nameless).rejected.is_some());
    let again = CREATED.replace("resp_1", "resp_2");
    let read = lenient(&[CREATED, CALL, CALL_DONE, &again, CALL, CALL_DONE, COMPLETED]);
    assert_eq!(read.rejected.as_deref(), Some("unreadable"));
    // Arguments for a text, and a text as an object.
    let read = lenient(&[
        CREATED,
        MESSAGE,
        &arguments("{}").replace("fc_1", "x"),
        COMPLETED,
    ]);
    assert_eq!(read.rejected.as_deref(), Some("unreadable"));
    let unknown =
        r#"response.shell_call_output_content.delta "output_index":0,"delta":{"stdout":"x"}"#;
    assert!(strict(&[CREATED, unknown, COMPLETED]).warnings.is_empty());
}
