//! Slack's Web API. <https://docs.slack.dev/apis/web-api/>

use super::*;

fn stage() -> Stage {
    Stage::new(Platform::Slack, Options::default())
}

/// Posts at the current moment; the message's timestamp.
fn post(stage: &mut Stage, channel: &str, text: &str) -> String {
    let response = stage.call(
        "chat.postMessage",
        &json!({"channel": channel, "text": text}),
    );
    let want =
        json!({"ok": true, "channel": channel, "message": {"type": "message", "text": text}});
    let body = check(&response, 200, &want);
    body["ts"].as_str().unwrap().to_owned()
}

fn update(stage: &mut Stage, ts: &str, text: &str) -> Response {
    stage.call(
        "chat.update",
        &json!({"channel": "C1", "ts": ts, "text": text}),
    )
}

#[track_caller]
fn check_error(response: &Response, error: &str) {
    check(response, 200, &json!({"ok": false, "error": error}));
}

#[track_caller]
fn check_limited(response: &Response, seconds: &str) {
    check(response, 429, &json!({"ok": false, "error": "ratelimited"}));
    assert_eq!(header(response, "retry-after"), Some(seconds));
}

#[test]
fn a_message_is_posted_updated_and_deleted() {
    let mut stage = stage();
    check(
        &stage.call("auth.test", &json!({})),
        200,
        &json!({"ok": true, "team_id": "T0WIRETAPE"}),
    );
    let ts = post(&mut stage, "C1", "hel");
    assert_eq!(ts, "1767225600.000001");
    let want = json!({"ok": true, "channel": "C1", "ts": ts, "text": "hello"});
    check(&update(&mut stage, &ts, "hello"), 200, &want);
    assert_eq!(stage.texts(), ["hello"]);
    let delete = json!({"channel": "C1", "ts": ts});
    check(
        &stage.call("chat.delete", &delete),
        200,
        &json!({"ok": true, "ts": ts}),
    );
    assert_eq!(stage.texts(), [""; 0]);
    check_error(&stage.call("chat.delete", &delete), "message_not_found");
    assert_eq!(stage.violations(), [ViolationKind::Gone]);
}

#[test]
fn one_post_a_second_in_a_channel() {
    let mut stage = stage();
    let ts = post(&mut stage, "C1", "a");
    post(&mut stage, "C2", "a");
    let again = json!({"channel": "C1", "text": "b"});
    check_limited(&stage.at(500).call("chat.postMessage", &again), "1");
    // Other methods, and other channels, go on.
    check(&update(&mut stage, &ts, "b"), 200, &json!({"ok": true}));
    post(stage.at(1_000), "C2", "b");
    // What is told is whole seconds, and not made longer.
    check_limited(&stage.at(1_499).call("chat.postMessage", &again), "1");
    post(stage.at(2_499), "C1", "b");
    assert_eq!(
        stage.violations(),
        [ViolationKind::OverWindow, ViolationKind::Blocked]
    );
}

/// Tiers count by method, in any minute.
#[test]
fn methods_have_tiers() {
    for (method, calls) in [
        ("chat.update", 50),
        ("chat.delete", 50),
        ("chat.startStream", 20),
        ("chat.stopStream", 20),
        ("chat.appendStream", 100),
    ] {
        let mut stage = stage();
        for tick in 0..calls {
            let response = stage.at(tick * 100).call(method, &json!({"channel": "C1"}));
            assert_eq!(response.status, 200, "{method}, call {tick}");
        }
        let refused = stage.at(20_000).call(method, &json!({"channel": "C2"}));
        check_limited(&refused, "40");
        let minute = stage.at(60_000).call(method, &json!({"channel": "C1"}));
        assert_eq!(minute.status, 200, "{method}");
        assert_eq!(stage.report().limited, 1);
    }
}

#[test]
fn an_identical_update_is_done_and_counted() {
    let mut stage = stage();
    let ts = post(&mut stage, "C1", "a");
    check(&update(&mut stage, &ts, "a"), 200, &json!({"ok": true}));
    assert_eq!(stage.violations(), [ViolationKind::Identical]);
    assert_eq!(stage.report().accepted, 2);
}

#[test]
fn texts_have_a_size() {
    let mut stage = stage();
    // Characters, not bytes or UTF-16 units.
    let ts = post(&mut stage, "C1", &"\u{1f600}".repeat(40_000));
    let long = json!({"channel": "C2", "text": "a".repeat(40_001)});
    let truncated = stage.call("chat.postMessage", &long);
    check(
        &truncated,
        200,
        &json!({"ok": true, "warning": "message_truncated"}),
    );
    assert_eq!(stage.texts()[1].len(), 40_000);
    check(
        &update(&mut stage, &ts, &"a".repeat(4_000)),
        200,
        &json!({"ok": true}),
    );
    check_error(&update(&mut stage, &ts, &"a".repeat(4_001)), "msg_too_long");
    let markdown = json!({"channel": "C3", "markdown_text": "a".repeat(12_001)});
    check_error(&stage.call("chat.postMessage", &markdown), "msg_too_long");
    assert_eq!(stage.violations(), [ViolationKind::Oversize; 3]);
    let both = json!({"channel": "C4", "markdown_text": "a", "text": "a"});
    check_error(
        &stage.call("chat.postMessage", &both),
        "markdown_text_conflict",
    );
}

#[test]
fn there_must_be_something_to_say() {
    let mut stage = stage();
    check_error(
        &stage.call("chat.postMessage", &json!({"channel": "C1"})),
        "no_text",
    );
    check_error(
        &stage.call("chat.postMessage", &json!({"text": "a"})),
        "channel_not_found",
    );
    let blocks = json!({"channel": "C2", "blocks": [{"type": "divider"}]});
    check(
        &stage.call("chat.postMessage", &blocks),
        200,
        &json!({"ok": true}),
    );
    let ts = post(&mut stage, "C3", "a");
    let update = json!({"channel": "C3", "ts": ts, "text": ""});
    check_error(&stage.call("chat.update", &update), "no_text");
    assert_eq!(stage.violations(), [ViolationKind::Empty; 2]);
}

#[test]
fn only_own_messages_that_are_there_change() {
    let mut stage = stage();
    check_error(
        &update(&mut stage, "1767225600.000009", "a"),
        "message_not_found",
    );
    let question = stage.sink.say(Moment(0), "C1", "a question");
    check_error(&update(&mut stage, &question, "a"), "cant_update_message");
    let delete = json!({"channel": "C1", "ts": question});
    check_error(&stage.call("chat.delete", &delete), "cant_delete_message");
    let ts = post(&mut stage, "C1", "a");
    assert!(stage.sink.remove("C1", &ts), "a user deletes it");
    check_error(&update(&mut stage, &ts, "ab"), "message_not_found");
    assert_eq!(stage.violations(), [ViolationKind::Gone; 4]);
}

/// Starts a stream in the thread of a question.
fn start(stage: &mut Stage) -> String {
    let now = stage.now;
    let question = stage.sink.say(now, "C1", "a question");
    let start = json!({
        "channel": "C1", "thread_ts": question, "markdown_text": "a",
        "recipient_team_id": "T1", "recipient_user_id": "U1",
    });
    let response = stage.call("chat.startStream", &start);
    check(&response, 200, &json!({"ok": true}))["ts"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_message_streams() {
    let mut stage = stage();
    let ts = start(&mut stage);
    let append = json!({"channel": "C1", "ts": ts, "markdown_text": "b"});
    check(
        &stage.at(100).call("chat.appendStream", &append),
        200,
        &json!({"ok": true}),
    );
    let chunks = json!([
        {"type": "markdown_text", "text": "c"}, {"type": "task_update", "id": "1", "title": "t"}
    ]);
    let append = json!({"channel": "C1", "ts": ts, "chunks": chunks});
    check(
        &stage.at(200).call("chat.appendStream", &append),
        200,
        &json!({"ok": true}),
    );
    // As long as it streams, nothing else may change it.
    check_error(&update(&mut stage, &ts, "x"), "streaming_state_conflict");
    check_error(
        &stage.call("chat.delete", &json!({"channel": "C1", "ts": ts})),
        "cant_delete_message",
    );
    let stop = json!({"channel": "C1", "ts": ts, "markdown_text": "d"});
    let stopped = stage.at(300).call("chat.stopStream", &stop);
    check(
        &stopped,
        200,
        &json!({"ok": true, "message": {"text": "abcd"}}),
    );
    check_error(
        &stage.at(400).call("chat.appendStream", &append),
        "message_not_in_streaming_state",
    );
    check(&update(&mut stage, &ts, "abcd!"), 200, &json!({"ok": true}));
    assert_eq!(stage.texts(), ["a question", "abcd!"]);
    use ViolationKind::{Expired, Malformed};
    assert_eq!(stage.violations(), [Malformed, Malformed, Expired]);
}

#[test]
fn a_stream_ends_after_five_minutes() {
    let mut stage = stage();
    let ts = start(&mut stage);
    let append = json!({"channel": "C1", "ts": ts, "markdown_text": "b"});
    for second in 1..300 {
        let response = stage.at(second * 1_000).call("chat.appendStream", &append);
        check(&response, 200, &json!({"ok": true}));
    }
    let late = stage.at(300_000).call("chat.appendStream", &append);
    check_error(&late, "message_not_in_streaming_state");
    assert_eq!(stage.report().violations[0].m, "M-07");
    // What was streamed stays, and is a message like any other.
    check(
        &update(&mut stage, &ts, "all of it"),
        200,
        &json!({"ok": true}),
    );
}

#[test]
fn a_stream_answers_somebody() {
    let mut stage = stage();
    for (channel, names, error) in [
        ("C1", vec![], "missing_recipient_team_id"),
        (
            "C1",
            vec!["recipient_team_id", "thread_ts"],
            "missing_recipient_user_id",
        ),
        (
            "D1",
            vec!["recipient_team_id", "recipient_user_id"],
            "invalid_arguments",
        ),
    ] {
        let mut parameters = json!({"channel": channel, "markdown_text": "a"});
        for name in names {
            parameters[name] = json!("1");
        }
        check_error(&stage.call("chat.startStream", &parameters), error);
    }
    let direct = json!({"channel": "D1", "markdown_text": "a", "thread_ts": "1767225600.000001"});
    let response = stage.call("chat.startStream", &direct);
    check(&response, 200, &json!({"ok": true}));
    let ts = start(&mut stage);
    let append = json!({"channel": "C1", "ts": ts, "markdown_text": ""});
    check_error(&stage.call("chat.appendStream", &append), "no_text");
}

#[test]
fn who_calls_must_be_known() {
    let options = Options {
        token: Some("key".to_owned()),
        ..Options::default()
    };
    let mut stage = Stage::new(Platform::Slack, options);
    check(
        &stage.call("auth.test", &json!({})),
        200,
        &json!({"ok": true}),
    );
    let other = [("authorization", "Bearer other")];
    check_error(
        &stage.request("POST", "/api/auth.test", &other, b""),
        "invalid_auth",
    );
    check_error(
        &stage.request("POST", "/api/auth.test", &[], b""),
        "not_authed",
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let response = stage.request("POST", "/api/auth.test", &form, b"token=key");
    check(&response, 200, &json!({"ok": true}));
    check(
        &stage.request("GET", "/api/api.test", &[], b""),
        200,
        &json!({"ok": true}),
    );
    check_error(&stage.call("chat.shout", &json!({})), "unknown_method");
    check_error(
        &stage.request("GET", "/elsewhere", &[], b""),
        "unknown_method",
    );
}

#[test]
fn parameters_come_in_three_shapes() {
    let json = [
        ("content-type", "application/json;charset=utf-8"),
        ("authorization", "Bearer k"),
    ];
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("authorization", "Bearer k"),
    ];
    let parts = [
        ("content-type", "multipart/form-data; boundary=x"),
        ("authorization", "Bearer k"),
    ];
    let parts_body = "--x\r\nContent-Disposition: form-data; name=\"channel\"\r\n\r\nC1\r\n--x\r\n\
                      Content-Disposition: form-data; name=\"text\"\r\n\r\na b\r\n--x--\r\n";
    for (headers, body) in [
        (&json[..], r#"{"channel": "C1", "text": "a b"}"#),
        (&form[..], "channel=C1&text=a+b"),
        (&parts[..], parts_body),
    ] {
        let response = stage().request("POST", "/api/chat.postMessage", headers, body.as_bytes());
        check(
            &response,
            200,
            &json!({"ok": true, "message": {"text": "a b"}}),
        );
    }
    for (headers, body, error) in [
        (&json[..], "{", "invalid_json"),
        (&json[..], "[]", "json_not_object"),
        (&parts[..], "--y", "invalid_form_data"),
    ] {
        let response = stage().request("POST", "/api/chat.postMessage", headers, body.as_bytes());
        check_error(&response, error);
    }
}
