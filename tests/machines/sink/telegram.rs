//! Telegram's Bot API. <https://core.telegram.org/bots/api>

use super::*;

fn stage() -> Stage {
    Stage::new(Platform::Telegram, Options::default())
}

/// Posts at the current moment; the message's id.
fn post(stage: &mut Stage, chat: i64, text: &str) -> u64 {
    let response = stage.call("sendMessage", &json!({"chat_id": chat, "text": text}));
    let body = check(
        &response,
        200,
        &json!({"ok": true, "result": {"text": text}}),
    );
    body["result"]["message_id"].as_u64().unwrap()
}

fn edit(stage: &mut Stage, chat: i64, id: u64, text: &str) -> Response {
    stage.call(
        "editMessageText",
        &json!({"chat_id": chat, "message_id": id, "text": text}),
    )
}

fn too_many(seconds: u64) -> Value {
    json!({
        "ok": false,
        "error_code": 429,
        "description": format!("Too Many Requests: retry after {seconds}"),
        "parameters": {"retry_after": seconds},
    })
}

fn bad(why: &str) -> Value {
    json!({"ok": false, "error_code": 400, "description": format!("Bad Request: {why}")})
}

#[test]
fn a_message_is_posted_edited_and_deleted() {
    let mut stage = stage();
    let me = stage.call("getMe", &json!({}));
    check(&me, 200, &json!({"ok": true, "result": {"is_bot": true}}));
    let id = post(&mut stage, 42, "hel");
    let edited = edit(stage.at(1_000), 42, id, "hello");
    let want = json!({"ok": true, "result": {
        "message_id": id, "text": "hello", "chat": {"id": 42, "type": "private"},
        "edit_date": 1_767_225_601,
    }});
    check(&edited, 200, &want);
    let report = stage.report();
    assert_eq!((report.calls, report.accepted, report.refused), (3, 3, 0));
    assert_eq!(report.violations, []);
    assert_eq!(
        (report.messages[0].text.as_str(), report.messages[0].edits),
        ("hello", 1)
    );
    let deleted = stage
        .at(2_000)
        .call("deleteMessage", &json!({"chat_id": 42, "message_id": id}));
    check(&deleted, 200, &json!({"ok": true, "result": true}));
    assert_eq!(stage.texts(), [""; 0]);
    let again = stage.call("deleteMessage", &json!({"chat_id": 42, "message_id": id}));
    check(&again, 400, &bad("message to delete not found"));
}

#[test]
fn one_message_a_second_in_a_chat() {
    let mut stage = stage();
    let id = post(&mut stage, 42, "a");
    // Edits count with posts (M-09); another chat has its own window.
    post(&mut stage, 43, "b");
    let early = edit(stage.at(999), 42, id, "ab");
    check(&early, 429, &too_many(1));
    assert_eq!(header(&early, "retry-after"), Some("1"));
    assert_eq!(early.call.wait_ns, Some(1_000_000_000));
    // Refused, it does not count: the window begins at the last call that was done.
    check(
        &edit(stage.at(1_999), 42, id, "ab"),
        200,
        &json!({"ok": true}),
    );
    assert_eq!(stage.violations(), [ViolationKind::OverWindow]);
    let report = stage.report();
    let violation = &report.violations[0];
    assert_eq!(
        (violation.m, violation.call, violation.at),
        ("M-09", 2, Moment(999_000_000))
    );
    assert_eq!(violation.expected, "at most 1 in 1s for chat 42");
}

#[test]
fn a_call_while_blocked_makes_the_block_longer() {
    let mut stage = stage();
    let id = post(&mut stage, 42, "a");
    check(&edit(stage.at(100), 42, id, "ab"), 429, &too_many(1));
    check(&edit(stage.at(600), 42, id, "ab"), 429, &too_many(2));
    check(&edit(stage.at(2_599), 42, id, "ab"), 429, &too_many(4));
    // Until 6.599 s. Another chat is not blocked.
    post(&mut stage, 43, "b");
    check(&edit(stage.at(6_598), 42, id, "ab"), 429, &too_many(8));
    check(
        &edit(stage.at(14_598), 42, id, "ab"),
        200,
        &json!({"ok": true}),
    );
    use ViolationKind::{Blocked, OverWindow};
    assert_eq!(stage.violations(), [OverWindow, Blocked, Blocked, Blocked]);
    assert_eq!(
        stage.report().violations[1].expected,
        "nothing before 1.100000000s for chat 42"
    );
}

#[test]
fn a_block_is_minutes_long_at_most() {
    let mut stage = stage();
    let id = post(&mut stage, 42, "a");
    let mut last = 0;
    for tick in 1..400 {
        let body = check(
            &edit(stage.at(tick * 100), 42, id, "ab"),
            429,
            &json!({"ok": false}),
        );
        last = body["parameters"]["retry_after"].as_u64().unwrap();
    }
    assert_eq!(last, 250);
}

#[test]
fn twenty_messages_a_minute_in_a_group() {
    let mut stage = stage();
    for second in 0..20 {
        post(stage.at(second * 1_000), -1_005, "a");
    }
    let refused = stage
        .at(20_000)
        .call("sendMessage", &json!({"chat_id": -1_005, "text": "b"}));
    check(&refused, 429, &too_many(40));
    post(stage.at(60_000), -1_005, "b");
    assert_eq!(
        stage.report().violations[0].expected,
        "at most 20 in 60s for group -1005"
    );
}

#[test]
fn thirty_messages_a_second_in_all() {
    let mut stage = stage();
    for chat in 1..=30 {
        post(&mut stage, chat, "a");
    }
    let refused = stage
        .at(999)
        .call("sendMessage", &json!({"chat_id": 31, "text": "a"}));
    check(&refused, 429, &too_many(1));
    // The wait is for all chats.
    check(&edit(stage.at(1_500), 1, 1, "b"), 429, &too_many(2));
    check(&edit(stage.at(3_500), 1, 1, "b"), 200, &json!({"ok": true}));
}

#[test]
fn an_edit_that_changes_nothing_is_refused() {
    let mut stage = stage();
    let id = post(&mut stage, 42, "hello");
    let why = "message is not modified: specified new message content and reply markup are exactly \
               the same as a current content and reply markup of the message";
    check(&edit(stage.at(1_000), 42, id, "hello"), 400, &bad(why));
    // Blanks around it are not seen.
    check(&edit(stage.at(2_000), 42, id, "hello \n"), 400, &bad(why));
    // What is seen is compared, with its form: the same letters in bold are another message.
    let html =
        json!({"chat_id": 42, "message_id": id, "text": "<b>hello</b>", "parse_mode": "HTML"});
    check(
        &stage.at(3_000).call("editMessageText", &html),
        200,
        &json!({"ok": true}),
    );
    check(
        &stage.at(4_000).call("editMessageText", &html),
        400,
        &bad(why),
    );
    assert_eq!(stage.violations(), [ViolationKind::Identical; 3]);
    assert_eq!(stage.report().messages[0].edits, 1);
}

#[test]
fn a_message_that_is_gone_cannot_be_edited() {
    let mut stage = stage();
    check(
        &edit(&mut stage, 42, 7, "a"),
        400,
        &bad("message to edit not found"),
    );
    let id = post(stage.at(1_000), 42, "a");
    assert!(
        stage.sink.remove("42", &id.to_string()),
        "the user deletes it"
    );
    check(
        &edit(stage.at(2_000), 42, id, "ab"),
        400,
        &bad("message to edit not found"),
    );
    let now = stage.now;
    let question = stage.sink.say(now, "42", "a question");
    let question = question.parse().unwrap();
    check(
        &edit(stage.at(3_000), 42, question, "ab"),
        400,
        &bad("message can't be edited"),
    );
    assert_eq!(stage.violations(), [ViolationKind::Gone; 3]);
}

#[test]
fn a_text_has_4096_units_of_utf_16() {
    let mut stage = stage();
    let whole = "\u{1f600}".repeat(2_048);
    let id = post(&mut stage, 42, &whole);
    let long = json!({"chat_id": 42, "text": format!("{whole}a")});
    check(
        &stage.at(1_000).call("sendMessage", &long),
        400,
        &bad("message is too long"),
    );
    check(
        &edit(stage.at(2_000), 42, id, &format!("{whole}a")),
        400,
        &bad("MESSAGE_TOO_LONG"),
    );
    // After entities are parsed.
    let marked =
        json!({"chat_id": 42, "text": format!("<b>{whole}</b>&amp;"), "parse_mode": "HTML"});
    check(
        &stage.at(3_000).call("sendMessage", &marked),
        400,
        &bad("message is too long"),
    );
    let marked = json!({"chat_id": 42, "text": format!("<b>{whole}</b>"), "parse_mode": "HTML"});
    check(
        &stage.at(4_000).call("sendMessage", &marked),
        200,
        &json!({"ok": true}),
    );
    assert_eq!(
        stage.report().violations[0].expected,
        "at most 4096 UTF-16 units, found 4097"
    );
}

#[test]
fn an_empty_text_is_refused() {
    let mut stage = stage();
    let mut second = 0;
    for text in ["", " \n", "<b></b>"] {
        let send = json!({"chat_id": 42, "text": text, "parse_mode": "HTML"});
        let response = stage.at(second).call("sendMessage", &send);
        check(&response, 400, &bad("message text is empty"));
        second += 1_000;
    }
    assert_eq!(stage.violations(), [ViolationKind::Empty; 3]);
}

/// What the server says of markup. The offsets are bytes of what was sent.
#[test]
fn markup_that_cannot_be_read_is_refused() {
    for (mode, text, why) in [
        (
            "MarkdownV2",
            "see 1.5",
            "Character '.' is reserved and must be escaped with the preceding '\\'",
        ),
        (
            "MarkdownV2",
            "é *bold",
            "Can't find end of Bold entity at byte offset 3",
        ),
        (
            "MarkdownV2",
            "_a *b_",
            "Can't find end of Italic entity at byte offset 5",
        ),
        (
            "MarkdownV2",
            "__under_",
            "Can't find end of Italic entity at byte offset 7",
        ),
        (
            "MarkdownV2",
            "_a__",
            "Can't find end of Underline entity at byte offset 2",
        ),
        (
            "MarkdownV2",
            "`code",
            "Can't find end of Code entity at byte offset 0",
        ),
        (
            "MarkdownV2",
            "```code",
            "Can't find end of Pre entity at byte offset 0",
        ),
        (
            "MarkdownV2",
            "```rust\nfn",
            "Can't find end of PreCode entity at byte offset 0",
        ),
        (
            "MarkdownV2",
            "[a](http",
            "Can't find end of a URL at byte offset 4",
        ),
        (
            "MarkdownV2",
            "||spoil",
            "Can't find end of Spoiler entity at byte offset 0",
        ),
        (
            "MarkdownV2",
            "a > b",
            "Character '>' is reserved and must be escaped with the preceding '\\'",
        ),
        (
            "HTML",
            "<b>bold",
            "Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            "HTML",
            "a < b",
            "Unsupported start tag \"\" at byte offset 2",
        ),
        (
            "HTML",
            "a <x>b</x>",
            "Unsupported start tag \"x\" at byte offset 2",
        ),
        ("HTML", "a</b>", "Unexpected end tag at byte offset 1"),
        (
            "HTML",
            "<b><i>a</b></i>",
            "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\"",
        ),
        ("HTML", "a <b", "Unclosed start tag at byte offset 2"),
        (
            "Markdown",
            "a *b",
            "Can't find end of the entity starting at byte offset 2",
        ),
        (
            "Markdown",
            "snake_case",
            "Can't find end of the entity starting at byte offset 5",
        ),
    ] {
        let mut stage = stage();
        let send = json!({"chat_id": 42, "text": text, "parse_mode": mode});
        let response = stage.call("sendMessage", &send);
        check(
            &response,
            400,
            &bad(&format!("can't parse entities: {why}")),
        );
        assert_eq!(stage.violations(), [ViolationKind::BadMarkup], "{text}");
    }
    let unknown = stage().call(
        "sendMessage",
        &json!({"chat_id": 42, "text": "a", "parse_mode": "BBCode"}),
    );
    check(&unknown, 400, &bad("unsupported parse_mode"));
}

#[test]
fn markup_is_not_seen() {
    for (mode, text, seen) in [
        (
            "MarkdownV2",
            r"*bold _both_* 1\.5 \_ ~x~ ||y||",
            "bold both 1.5 _ x y",
        ),
        (
            "MarkdownV2",
            "[a](http://x/\\)) `b.c` ```rust\nfn a() {}\n```",
            "a b.c fn a() {}",
        ),
        ("MarkdownV2", ">a\n>b\nc", "a\nb\nc"),
        (
            "HTML",
            "<b>a <i>b</i></b> &lt;&#x41;&amp;&nope; <a href='x>y'>z</a>",
            "a b <A&&nope; z",
        ),
        (
            "HTML",
            "<pre><code class=\"language-rust\">a</code></pre>",
            "a",
        ),
        ("Markdown", r"*a* \_ [b](http://x) `c` ```d```", "a _ b c d"),
        ("Markdown", "```rust\nlet a;\n```\nb", "let a;\n\nb"),
        ("", "a *b <c> \\", "a *b <c> \\"),
    ] {
        let mut stage = stage();
        let send = json!({"chat_id": 42, "text": text, "parse_mode": mode});
        check(
            &stage.call("sendMessage", &send),
            200,
            &json!({"result": {"text": seen}}),
        );
    }
}

#[test]
fn two_edits_of_one_message_in_flight() {
    let options = Options {
        latency_ns: 50_000_000,
        burst: 9,
        ..Options::default()
    };
    let mut stage = Stage::new(Platform::Telegram, options);
    let id = post(&mut stage, 42, "a");
    let edited = edit(stage.at(100), 42, id, "ab");
    assert_eq!(edited.after_ns, 50_000_000);
    check(
        &edit(stage.at(149), 42, id, "abc"),
        200,
        &json!({"ok": true}),
    );
    check(
        &edit(stage.at(199), 42, id, "abcd"),
        200,
        &json!({"ok": true}),
    );
    assert_eq!(stage.violations(), [ViolationKind::InFlight]);
    let expected = "no change of it before the last is answered, at 0.150000000s";
    assert_eq!(stage.report().violations[0].expected, expected);
}

#[test]
fn who_calls_must_be_known() {
    let options = Options {
        token: Some("7:key".to_owned()),
        ..Options::default()
    };
    let mut stage = Stage::new(Platform::Telegram, options);
    check(&stage.call("getMe", &json!({})), 200, &json!({"ok": true}));
    let other = stage.request("GET", "/bot7:other/getMe", &[], b"");
    let want = json!({"ok": false, "error_code": 401, "description": "Unauthorized"});
    check(&other, 401, &want);
    for path in ["/bot/getMe", "/bot7/getMe", "/7:key/getMe", "/"] {
        check(
            &stage.request("GET", path, &[], b""),
            404,
            &json!({"description": "Not Found"}),
        );
    }
    let want = json!({"description": "Not Found: method not found"});
    check(&stage.call("sendTelepathy", &json!({})), 404, &want);
    check(&stage.call("GETME", &json!({})), 200, &json!({"ok": true}));
}

#[test]
fn chats_have_names_and_numbers() {
    for (chat, kind) in [
        (json!(42), "private"),
        (json!("42"), "private"),
        (json!(-7), "group"),
    ] {
        let response = stage().call("sendMessage", &json!({"chat_id": chat, "text": "a"}));
        check(&response, 200, &json!({"result": {"chat": {"type": kind}}}));
    }
    let response = stage().call("sendMessage", &json!({"chat_id": "@news", "text": "a"}));
    check(
        &response,
        200,
        &json!({"result": {"chat": {"type": "channel", "username": "news"}}}),
    );
    let response = stage().call("sendMessage", &json!({"text": "a"}));
    check(&response, 400, &bad("chat_id is empty"));
    let response = stage().call("sendMessage", &json!({"chat_id": "nobody", "text": "a"}));
    check(&response, 400, &bad("chat not found"));
}

/// Client libraries send a form, parts, or the query.
#[test]
fn parameters_come_in_five_shapes() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let parts = [("content-type", "multipart/form-data; boundary=\"xyz\"")];
    let body = "--xyz\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n42\r\n--xyz\r\n\
                Content-Type: text/plain\r\nContent-Disposition: form-data; name=text\r\n\r\na b\u{e9}&+\r\n--xyz--\r\n";
    let path = "/bot7:key/sendMessage";
    for (method, path, headers, body) in [
        ("POST", path, &form[..], "chat_id=42&text=a+b%C3%A9%26%2B"),
        ("POST", path, &parts[..], body),
        (
            "GET",
            "/bot7:key/sendMessage?chat_id=42&text=a%20b%C3%A9%26%2B",
            &[][..],
            "",
        ),
        (
            "POST",
            "/bot7:key/sendMessage?chat_id=42",
            &form[..],
            "text=a+b%C3%A9%26%2B",
        ),
    ] {
        let mut stage = stage();
        let response = stage.request(method, path, headers, body.as_bytes());
        check(
            &response,
            200,
            &json!({"result": {"text": "a b\u{e9}&+", "chat": {"id": 42}}}),
        );
    }
    let json = [("content-type", "application/json")];
    let response = stage().request("POST", path, &json, b"{\"chat_id\":");
    check(&response, 400, &bad("can't parse JSON object"));
    let response = stage().request("POST", path, &parts, b"--abc\r\n");
    check(&response, 400, &bad("failed to parse request body"));
}

#[test]
fn drafts_are_shown_to_one_user_and_not_kept() {
    let mut stage = stage();
    for (tick, text) in ["", "a", "ab"].into_iter().enumerate() {
        let draft = json!({"chat_id": 42, "draft_id": 1, "text": text});
        let response = stage.at(tick as u64 * 100).call("sendMessageDraft", &draft);
        check(&response, 200, &json!({"ok": true, "result": true}));
    }
    let group = stage.call(
        "sendMessageDraft",
        &json!({"chat_id": -7, "draft_id": 1, "text": "a"}),
    );
    check(&group, 400, &json!({"ok": false}));
    let none = stage.call(
        "sendMessageDraft",
        &json!({"chat_id": 42, "draft_id": 0, "text": "a"}),
    );
    check(&none, 400, &json!({"ok": false}));
    post(&mut stage, 42, "ab");
    assert_eq!(stage.texts(), ["ab"]);
    assert_eq!(stage.violations(), []);
}

#[test]
fn windows_can_be_shorter_and_waits_are_whole_seconds() {
    let options = Options {
        speed: 20,
        ..Options::default()
    };
    let mut stage = Stage::new(Platform::Telegram, options);
    let id = post(&mut stage, 42, "a");
    check(&edit(stage.at(50), 42, id, "ab"), 200, &json!({"ok": true}));
    check(&edit(stage.at(99), 42, id, "abc"), 429, &too_many(1));
    check(
        &edit(stage.at(1_099), 42, id, "abc"),
        200,
        &json!({"ok": true}),
    );
}
