//! Discord's HTTP API, version 10. <https://docs.discord.com/developers/topics/rate-limits>

use super::*;

fn stage() -> Stage {
    Stage::new(Platform::Discord, Options::default())
}

fn post(stage: &mut Stage, channel: u64, content: &str) -> Response {
    let path = format!("POST channels/{channel}/messages");
    stage.call(&path, &json!({"content": content}))
}

fn edit(stage: &mut Stage, channel: u64, id: &str, content: &str) -> Response {
    let path = format!("PATCH channels/{channel}/messages/{id}");
    stage.call(&path, &json!({"content": content}))
}

/// Posts at the current moment; the message's id.
fn posted(stage: &mut Stage, channel: u64, content: &str) -> String {
    let body = check(
        &post(stage, channel, content),
        200,
        &json!({"content": content}),
    );
    body["id"].as_str().unwrap().to_owned()
}

/// Limit, remaining and reset-after, as the headers tell them.
fn bucket(response: &Response) -> [&str; 3] {
    ["limit", "remaining", "reset-after"].map(|name| {
        let name = format!("x-ratelimit-{name}");
        header(response, &name).unwrap_or("-")
    })
}

#[test]
fn a_message_is_posted_edited_and_deleted() {
    let mut stage = stage();
    check(
        &stage.call("GET users/@me", &json!({})),
        200,
        &json!({"bot": true}),
    );
    let id = posted(&mut stage, 9, "hel");
    let want = json!({"id": id, "channel_id": "9", "content": "hello", "edited_timestamp": "2026-01-01T00:00:01+00:00"});
    check(&edit(stage.at(1_000), 9, &id, "hello"), 200, &want);
    let path = format!("GET channels/9/messages/{id}");
    check(
        &stage.call(&path, &json!({})),
        200,
        &json!({"content": "hello"}),
    );
    let path = format!("DELETE channels/9/messages/{id}");
    let deleted = stage.call(&path, &json!({}));
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    check(
        &stage.call(&path, &json!({})),
        404,
        &json!({"code": 10008, "message": "Unknown Message"}),
    );
    assert_eq!(stage.texts(), [""; 0]);
    let typing = stage.call("POST channels/9/typing", &json!({}));
    assert_eq!(typing.status, 204);
}

#[test]
fn every_answer_tells_its_bucket() {
    let mut stage = stage();
    let first = post(&mut stage, 9, "a");
    assert_eq!(bucket(&first), ["5", "4", "5.000"]);
    assert_eq!(header(&first, "x-ratelimit-reset"), Some("1767225605.000"));
    let second = post(stage.at(1_500), 9, "b");
    assert_eq!(bucket(&second), ["5", "3", "3.500"]);
    // Edits have a bucket of their own, under the same hash; and so has another channel.
    let id = posted(&mut stage, 8, "a");
    let edited = edit(&mut stage, 8, &id, "ab");
    assert_eq!(bucket(&edited), ["5", "4", "5.000"]);
    let hash = |response| header(response, "x-ratelimit-bucket").unwrap().to_owned();
    assert_eq!(hash(&edited), hash(&first));
    // A window begins at its first call, and ends whole.
    let later = post(stage.at(5_000), 9, "c");
    assert_eq!(bucket(&later), ["5", "4", "5.000"]);
}

#[test]
fn five_calls_in_five_seconds() {
    let mut stage = stage();
    let id = posted(&mut stage, 9, "a");
    for tick in 1..=5_u8 {
        check(
            &edit(
                stage.at(tick.into()),
                9,
                &id,
                &"a".repeat(usize::from(tick) + 1),
            ),
            200,
            &json!({}),
        );
    }
    let refused = edit(stage.at(1_001), 9, &id, "b");
    let want =
        json!({"message": "You are being rate limited.", "retry_after": 4.0, "global": false});
    check(&refused, 429, &want);
    assert_eq!(header(&refused, "retry-after"), Some("4"));
    assert_eq!(header(&refused, "x-ratelimit-scope"), Some("user"));
    assert_eq!(bucket(&refused), ["5", "0", "4.000"]);
    // The wait is told again, and is not longer.
    check(
        &edit(stage.at(5_000), 9, &id, "b"),
        429,
        &json!({"retry_after": 0.001}),
    );
    check(&edit(stage.at(5_001), 9, &id, "b"), 200, &json!({}));
    assert_eq!(
        stage.violations(),
        [ViolationKind::OverWindow, ViolationKind::Blocked]
    );
}

#[test]
fn fifty_calls_a_second_in_all() {
    let mut stage = stage();
    for channel in 1..=50 {
        posted(&mut stage, channel, "a");
    }
    let refused = post(stage.at(400), 51, "a");
    check(&refused, 429, &json!({"global": true, "retry_after": 0.6}));
    assert_eq!(header(&refused, "x-ratelimit-scope"), Some("global"));
    assert_eq!(header(&refused, "x-ratelimit-global"), Some("true"));
    assert_eq!(header(&refused, "retry-after"), Some("1"));
    posted(stage.at(1_000), 51, "a");
}

/// 10,000 refused requests in ten minutes, and the address is banned.
#[test]
fn too_many_refused_requests_end_in_a_ban() {
    let mut stage = stage();
    let wrong = [("authorization", "Bearer key")];
    for _ in 0..9_999 {
        let response = stage.request("GET", "/api/v10/users/@me", &wrong, b"");
        check(
            &response,
            401,
            &json!({"message": "401: Unauthorized", "code": 0}),
        );
    }
    posted(stage.at(1_000), 9, "a");
    stage.request("GET", "/api/v10/users/@me", &wrong, b"");
    let banned = post(stage.at(2_000), 9, "b");
    assert_eq!(
        (banned.status, banned.body.as_str()),
        (429, "error code: 1015")
    );
    assert_eq!(bucket(&banned), ["-", "-", "-"]);
    posted(stage.at(601_000), 9, "b");
    assert_eq!(stage.report().violations_more, 9_001);
}

#[test]
fn a_text_has_2000_characters() {
    let mut stage = stage();
    let whole = "\u{1f600}".repeat(2_000);
    let id = posted(&mut stage, 9, &whole);
    let want = json!({
        "code": 50035,
        "message": "Invalid Form Body",
        "errors": {"content": {"_errors": [
            {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}
        ]}},
    });
    let long = format!("{whole}a");
    let response = post(&mut stage, 9, &long);
    let body: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!((response.status, body), (400, want));
    assert_eq!(edit(&mut stage, 9, &id, &long).status, 400);
    assert_eq!(stage.violations(), [ViolationKind::Oversize; 2]);
}

#[test]
fn there_must_be_something_to_say() {
    let mut stage = stage();
    let want = json!({"code": 50006, "message": "Cannot send an empty message"});
    check(&post(&mut stage, 9, ""), 400, &want);
    check(&post(&mut stage, 9, " \n"), 400, &want);
    let embeds = json!({"embeds": [{"description": "a"}]});
    let response = stage.call("POST channels/9/messages", &embeds);
    check(&response, 200, &json!({"content": ""}));
    assert_eq!(stage.violations(), [ViolationKind::Empty; 2]);
}

#[test]
fn only_own_messages_that_are_there_change() {
    let mut stage = stage();
    check(
        &edit(&mut stage, 9, "77", "a"),
        404,
        &json!({"code": 10008}),
    );
    let question = stage.sink.say(Moment(0), "9", "a question");
    check(
        &edit(&mut stage, 9, &question, "a"),
        403,
        &json!({"code": 50005}),
    );
    let id = posted(&mut stage, 9, "a");
    assert!(stage.sink.remove("9", &id), "a user deletes it");
    check(
        &edit(&mut stage, 9, &id, "ab"),
        404,
        &json!({"code": 10008}),
    );
    assert_eq!(stage.violations(), [ViolationKind::Gone; 3]);
}

#[test]
fn an_identical_edit_is_done_and_counted() {
    let mut stage = stage();
    let id = posted(&mut stage, 9, "a");
    check(
        &edit(&mut stage, 9, &id, "a"),
        200,
        &json!({"content": "a"}),
    );
    assert_eq!(stage.violations(), [ViolationKind::Identical]);
}

#[test]
fn routes_and_bodies_that_are_none() {
    let mut stage = stage();
    let none = json!({"code": 0, "message": "404: Not Found"});
    check(&stage.call("GET guilds", &json!({})), 404, &none);
    check(
        &stage.call("PUT channels/9/messages/7", &json!({})),
        404,
        &none,
    );
    let word = stage.call("POST channels/general/messages", &json!({"content": "a"}));
    check(&word, 400, &json!({"code": 50035}));
    let headers = [
        ("content-type", "application/json"),
        ("authorization", "Bot key"),
    ];
    let response = stage.request("POST", "/api/v10/channels/9/messages", &headers, b"{");
    check(&response, 400, &json!({"code": 50109}));
    let parts = [
        ("content-type", "multipart/form-data; boundary=x"),
        ("authorization", "Bot key"),
    ];
    let body = "--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{\"content\":\"a\"}\r\n\
                --x\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"b\"\r\n\r\nbytes\r\n--x--\r\n";
    let response = stage.request(
        "POST",
        "/api/v10/channels/9/messages",
        &parts,
        body.as_bytes(),
    );
    check(&response, 200, &json!({"content": "a"}));
    check(
        &stage.request("GET", "/api/v10/gateway", &[], b""),
        200,
        &json!({}),
    );
}

/// An interaction is answered with its own token, for a quarter of an hour (M-07).
#[test]
fn an_interaction_is_answered_with_its_token() {
    let mut stage = stage();
    let answered = stage.call("POST webhooks/7/abc?wait=true", &json!({"content": "a"}));
    let id = check(&answered, 200, &json!({"content": "a"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(bucket(&answered), ["5", "4", "5.000"]);
    let path = format!("PATCH webhooks/7/abc/messages/{id}");
    check(
        &stage.at(899_999).call(&path, &json!({"content": "ab"})),
        200,
        &json!({"content": "ab"}),
    );
    let late = stage.at(900_000).call(&path, &json!({"content": "abc"}));
    check(
        &late,
        401,
        &json!({"code": 50027, "message": "Invalid Webhook Token"}),
    );
    assert_eq!(stage.report().violations[0].m, "M-07");
    // The channel's own route has it still, and others are answered.
    check(
        &edit(&mut stage, 9, &id, "abc"),
        200,
        &json!({"content": "abc"}),
    );
    let report = stage.report();
    assert_eq!(
        (report.messages[0].chat.as_str(), report.messages[0].edits),
        ("9", 2)
    );
    check(
        &stage.call("POST webhooks/7/other", &json!({"content": "b"})),
        200,
        &json!({}),
    );
}
