//! How calls are said to the platforms, and what they answer. The bodies are written by hand from the
//! pages that are named, or from reports where the pages are silent.

use serde_json::{Value, json};
use wiretape_core::forward::api::{ApiRequest, Chat, answer, left, request};
use wiretape_core::forward::{Action, Answer, Left, Platform, Scope, Via};

use super::world::{MILLI, SECOND};

fn chat(id: &str) -> Chat {
    Chat {
        id: id.to_owned(),
        token: "TOKEN".to_owned(),
    }
}

fn post(markup: bool, via: Via) -> Action {
    let text = "a < b & \"c\"".to_owned();
    Action::Post {
        call: 3,
        key: Some(77),
        text,
        markup,
        via,
    }
}

fn edit(message: &str, markup: bool, via: Via) -> Action {
    Action::Edit {
        call: 4,
        message: message.to_owned(),
        text: "new".to_owned(),
        markup,
        via,
    }
}

fn delete(message: &str) -> Action {
    Action::Delete {
        call: 5,
        message: message.to_owned(),
    }
}

/// Method, path, body.
fn check(
    platform: Platform,
    id: &str,
    action: &Action,
    method: &str,
    path: &str,
    body: &Value,
) -> ApiRequest {
    let request = request(platform, &chat(id), action).unwrap();
    assert_eq!((request.method, request.path.as_str()), (method, path));
    if body.is_null() {
        assert!(request.body.is_empty());
    } else {
        assert_eq!(serde_json::from_str::<Value>(&request.body).unwrap(), *body);
        assert!(
            request
                .headers
                .iter()
                .any(|(name, value)| *name == "content-type"
                    && value.starts_with("application/json"))
        );
    }
    request
}

fn limited(retry_after_ns: Option<u64>, scope: Scope) -> Answer {
    Answer::Limited {
        retry_after_ns,
        scope,
    }
}

fn posted(message: &str) -> Answer {
    Answer::Posted {
        message: message.to_owned(),
    }
}

fn refuses(platform: Platform, status: u16, body: &str, words: &str) {
    match answer(platform, status, &[], body) {
        Answer::Refused { why } => assert!(why.contains(words), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// <https://core.telegram.org/bots/api#sendmessage>, `#editmessagetext`, `#deletemessage`.
#[test]
fn telegram_is_called() {
    let telegram = Platform::Telegram;
    let sends =
        json!({"chat_id": "-100", "text": "a &lt; b &amp; &quot;c&quot;", "parse_mode": "HTML"});
    check(
        telegram,
        "-100",
        &post(true, Via::Message),
        "POST",
        "/botTOKEN/sendMessage",
        &sends,
    );
    let edits = json!({"chat_id": "-100", "message_id": 9, "text": "new"});
    check(
        telegram,
        "-100",
        &edit("9", false, Via::Message),
        "POST",
        "/botTOKEN/editMessageText",
        &edits,
    );
    let deletes = json!({"chat_id": "-100", "message_id": 9});
    check(
        telegram,
        "-100",
        &delete("9"),
        "POST",
        "/botTOKEN/deleteMessage",
        &deletes,
    );
    assert_eq!(request(telegram, &chat("1"), &Action::StopModel), None);
    assert!(!format!("{:?}", chat("1")).contains("TOKEN"));
}

/// <https://core.telegram.org/bots/api#making-requests>; the descriptions are not documented:
/// <https://github.com/TelegramBotAPI/errors>.
#[test]
fn telegram_answers() {
    let says = |status, body: &str| answer(Platform::Telegram, status, &[], body);
    let fails = |status: u16, why: &str| {
        says(
            status,
            &json!({"ok": false, "error_code": status, "description": why}).to_string(),
        )
    };
    assert_eq!(
        says(
            200,
            r#"{"ok":true,"result":{"message_id":42,"date":1,"chat":{"id":1,"type":"private"},"text":"x"}}"#
        ),
        posted("42")
    );
    assert_eq!(says(200, r#"{"ok":true,"result":true}"#), Answer::Done);
    let flood = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 34","parameters":{"retry_after":34}}"#;
    assert_eq!(says(429, flood), limited(Some(34 * SECOND), Scope::Chat));
    let silent = r#"{"ok":false,"error_code":429,"description":"Too Many Requests"}"#;
    assert_eq!(says(429, silent), limited(None, Scope::Chat));
    let same = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";
    assert_eq!(fails(400, same), Answer::NotModified);
    assert_eq!(
        fails(
            400,
            "Bad Request: can't parse entities: Can't find end of the entity starting at byte offset 5"
        ),
        Answer::BadMarkup
    );
    assert_eq!(fails(400, "Bad Request: MESSAGE_TOO_LONG"), Answer::TooLong);
    assert_eq!(
        fails(400, "Bad Request: message is too long"),
        Answer::TooLong
    );
    assert_eq!(
        fails(400, "Bad Request: message to edit not found"),
        Answer::Gone
    );
    assert_eq!(
        fails(400, "Bad Request: message to delete not found"),
        Answer::Gone
    );
    assert_eq!(fails(400, "Bad Request: MESSAGE_ID_INVALID"), Answer::Gone);
    assert_eq!(
        fails(400, "Bad Request: message can't be edited"),
        Answer::Expired
    );
    assert_eq!(fails(502, "Bad Gateway"), Answer::Lost);
    let blocked = json!({"ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user"});
    refuses(
        Platform::Telegram,
        403,
        &blocked.to_string(),
        "blocked by the user",
    );
}

/// <https://docs.slack.dev/reference/methods/chat.postMessage>, `chat.update`, `chat.delete`.
#[test]
fn slack_is_called() {
    let slack = Platform::Slack;
    let posts = json!({"channel": "C1", "markdown_text": "a < b & \"c\""});
    let request = check(
        slack,
        "C1",
        &post(true, Via::Message),
        "POST",
        "/api/chat.postMessage",
        &posts,
    );
    assert!(
        request
            .headers
            .contains(&("authorization", "Bearer TOKEN".to_owned()))
    );
    // Plain text is not Slack's markup either.
    let plain = json!({"channel": "C1", "thread_ts": "1.2", "text": "a &lt; b &amp; \"c\"", "mrkdwn": false});
    check(
        slack,
        "C1/1.2",
        &post(false, Via::Message),
        "POST",
        "/api/chat.postMessage",
        &plain,
    );
    let updates = json!({"channel": "C1", "ts": "3.4", "markdown_text": "new"});
    check(
        slack,
        "C1/1.2",
        &edit("3.4", true, Via::Message),
        "POST",
        "/api/chat.update",
        &updates,
    );
    check(
        slack,
        "C1",
        &delete("3.4"),
        "POST",
        "/api/chat.delete",
        &json!({"channel": "C1", "ts": "3.4"}),
    );
}

/// <https://docs.slack.dev/reference/methods/chat.startStream>, `chat.appendStream`, `chat.stopStream`.
#[test]
fn slack_streams_are_called() {
    let updates = json!({"channel": "C1", "ts": "3.4", "markdown_text": "new"});
    let starts = json!({"channel": "C1", "thread_ts": "1.2", "markdown_text": "a < b & \"c\""});
    let stream = Via::Stream { sequence: 1 };
    check(
        Platform::SlackStream,
        "C1/1.2",
        &post(true, stream),
        "POST",
        "/api/chat.startStream",
        &starts,
    );
    check(
        Platform::SlackStream,
        "C1/1.2",
        &edit("3.4", true, stream),
        "POST",
        "/api/chat.appendStream",
        &updates,
    );
    let last = Via::StreamEnd { sequence: 2 };
    check(
        Platform::SlackStream,
        "C1/1.2",
        &edit("3.4", false, last),
        "POST",
        "/api/chat.stopStream",
        &updates,
    );
    let stops = Action::Edit {
        call: 1,
        message: "3.4".to_owned(),
        text: String::new(),
        markup: true,
        via: last,
    };
    check(
        Platform::SlackStream,
        "C1",
        &stops,
        "POST",
        "/api/chat.stopStream",
        &json!({"channel": "C1", "ts": "3.4"}),
    );
}

/// <https://docs.slack.dev/apis/web-api/rate-limits>; the errors stand on the methods' pages.
#[test]
fn slack_answers() {
    let says = |status, headers: &[(&str, &str)], body: &str| {
        answer(Platform::Slack, status, headers, body)
    };
    assert_eq!(
        says(
            200,
            &[],
            r#"{"ok":true,"channel":"C1","ts":"1405895017.000506","message":{"text":"x"}}"#
        ),
        posted("1405895017.000506")
    );
    let body = r#"{"ok":false,"error":"ratelimited"}"#;
    assert_eq!(
        says(429, &[("Retry-After", "30")], body),
        limited(Some(30 * SECOND), Scope::Global)
    );
    assert_eq!(says(429, &[], body), limited(None, Scope::Global));
    assert_eq!(
        says(200, &[("retry-after", "1")], body),
        limited(Some(SECOND), Scope::Global)
    );
    for (error, expected) in [
        ("message_not_found", Answer::Gone),
        ("message_not_in_streaming_state", Answer::Expired),
        ("edit_window_closed", Answer::Expired),
        ("cant_update_message", Answer::Expired),
        ("msg_too_long", Answer::TooLong),
        ("invalid_blocks", Answer::BadMarkup),
        ("internal_error", Answer::Lost),
        ("service_unavailable", Answer::Lost),
    ] {
        assert_eq!(
            says(200, &[], &json!({"ok": false, "error": error}).to_string()),
            expected,
            "{error}"
        );
    }
    refuses(
        Platform::Slack,
        200,
        r#"{"ok":false,"error":"channel_not_found"}"#,
        "channel_not_found",
    );
    assert_eq!(says(503, &[], "<html>"), Answer::Lost);
}

/// <https://docs.discord.com/developers/resources/message#create-message> and
/// <https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages>.
#[test]
fn discord_is_called() {
    let discord = Platform::Discord;
    let posts = json!({"content": "a < b & \"c\"", "nonce": "77", "enforce_nonce": true, "allowed_mentions": {"parse": []}});
    let request = check(
        discord,
        "5",
        &post(true, Via::Message),
        "POST",
        "/api/v10/channels/5/messages",
        &posts,
    );
    assert!(
        request
            .headers
            .contains(&("authorization", "Bot TOKEN".to_owned()))
    );
    let edits = json!({"content": "new", "allowed_mentions": {"parse": []}});
    check(
        discord,
        "5",
        &edit("6", true, Via::Message),
        "PATCH",
        "/api/v10/channels/5/messages/6",
        &edits,
    );
    check(
        discord,
        "5",
        &delete("6"),
        "DELETE",
        "/api/v10/channels/5/messages/6",
        &Value::Null,
    );
    let stream = Via::Stream { sequence: 1 };
    let answers = Platform::DiscordInteraction;
    check(
        answers,
        "5/8/tok",
        &post(true, stream),
        "POST",
        "/api/v10/webhooks/8/tok?wait=true",
        &posts,
    );
    check(
        answers,
        "5/8/tok",
        &edit("6", true, stream),
        "PATCH",
        "/api/v10/webhooks/8/tok/messages/6",
        &edits,
    );
    check(
        answers,
        "5/8/tok",
        &edit("6", true, Via::Message),
        "PATCH",
        "/api/v10/channels/5/messages/6",
        &edits,
    );
}

/// <https://docs.discord.com/developers/topics/rate-limits#exceeding-a-rate-limit> and
/// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>.
#[test]
fn discord_answers() {
    let says = |status, headers: &[(&str, &str)], body: &str| {
        answer(Platform::Discord, status, headers, body)
    };
    assert_eq!(
        says(
            200,
            &[],
            r#"{"id":"162701077035089920","channel_id":"5","content":"x"}"#
        ),
        posted("162701077035089920")
    );
    assert_eq!(says(204, &[], ""), Answer::Done);
    let user = r#"{"message":"You are being rate limited.","retry_after":64.57,"global":false}"#;
    assert_eq!(
        says(429, &[("Retry-After", "65")], user),
        limited(Some(64_570 * MILLI), Scope::Chat)
    );
    let global = r#"{"message":"You are being rate limited.","retry_after":0.3,"global":true}"#;
    assert_eq!(
        says(429, &[], global),
        limited(Some(300 * MILLI), Scope::Global)
    );
    let shared = [("X-RateLimit-Scope", "shared"), ("retry-after", "1337")];
    let body = r#"{"message":"The resource is being rate limited.","global":false}"#;
    assert_eq!(
        says(429, &shared, body),
        limited(Some(1337 * SECOND), Scope::Chat)
    );
    // Cloudflare, before Discord: no JSON.
    assert_eq!(
        says(429, &[("retry-after", "600")], "error code: 1015"),
        limited(Some(600 * SECOND), Scope::Global)
    );
}

/// <https://docs.discord.com/developers/topics/opcodes-and-status-codes#json>.
#[test]
fn discord_refuses() {
    let says = |status, headers: &[(&str, &str)], body: &str| {
        answer(Platform::Discord, status, headers, body)
    };
    assert_eq!(
        says(404, &[], r#"{"message":"Unknown Message","code":10008}"#),
        Answer::Gone
    );
    assert_eq!(
        says(
            401,
            &[],
            r#"{"message":"Invalid Webhook Token","code":50027}"#
        ),
        Answer::Expired
    );
    assert_eq!(
        says(404, &[], r#"{"message":"Unknown Webhook","code":10015}"#),
        Answer::Expired
    );
    let long = r#"{"message":"Invalid Form Body","code":50035,"errors":{"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 2000 or fewer in length."}]}}}"#;
    assert_eq!(says(400, &[], long), Answer::TooLong);
    refuses(
        Platform::Discord,
        403,
        r#"{"message":"Missing Permissions","code":50013}"#,
        "Missing Permissions",
    );
    assert_eq!(
        says(
            500,
            &[],
            r#"{"message":"500: Internal Server Error","code":0}"#
        ),
        Answer::Lost
    );
    let headers = [
        ("X-RateLimit-Limit", "5"),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset-After", "1.25"),
    ];
    assert_eq!(
        left(&headers),
        Some(Left {
            calls: 0,
            reset_after_ns: 1_250 * MILLI
        })
    );
    assert_eq!(left(&[("x-ratelimit-remaining", "4")]), None);
}

/// <https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux>.
#[test]
fn teams_is_called() {
    let teams = Platform::Teams;
    let activities = "/v3/conversations/a:1/activities";
    let info = |kind: &str, more: Value| {
        let mut info = json!({"type": "streaminfo", "streamType": kind});
        info.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        info
    };
    let first = json!({"type": "typing", "text": "a < b & \"c\"", "textFormat": "markdown",
        "entities": [info("streaming", json!({"streamSequence": 1}))]});
    check(
        teams,
        "a:1",
        &post(true, Via::Stream { sequence: 1 }),
        "POST",
        activities,
        &first,
    );
    let next = json!({"type": "typing", "text": "new", "textFormat": "markdown",
        "entities": [info("streaming", json!({"streamSequence": 2, "streamId": "a-0000l"}))]});
    check(
        teams,
        "a:1",
        &edit("a-0000l", true, Via::Stream { sequence: 2 }),
        "POST",
        activities,
        &next,
    );
    let last = json!({"type": "message", "text": "new", "textFormat": "markdown",
        "entities": [info("final", json!({"streamId": "a-0000l"}))]});
    check(
        teams,
        "a:1",
        &edit("a-0000l", true, Via::StreamEnd { sequence: 3 }),
        "POST",
        activities,
        &last,
    );
    let updates = json!({"type": "message", "text": "new", "textFormat": "plain"});
    let one = format!("{activities}/7");
    check(
        teams,
        "a:1",
        &edit("7", false, Via::Message),
        "PUT",
        &one,
        &updates,
    );
    check(teams, "a:1", &delete("7"), "DELETE", &one, &Value::Null);
}

/// <https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux#error-codes>.
#[test]
fn teams_answers() {
    let says = |status, body: &str| answer(Platform::Teams, status, &[], body);
    let fails = |status, code: &str, why: &str| {
        says(
            status,
            &json!({"error": {"code": code, "message": why}}).to_string(),
        )
    };
    assert_eq!(says(201, r#"{"id":"a-0000l"}"#), posted("a-0000l"));
    assert_eq!(says(202, "{}"), Answer::Done);
    assert_eq!(says(202, ""), Answer::Done);
    assert_eq!(
        answer(
            Platform::Teams,
            429,
            &[("Retry-After", "2")],
            "Too many requests"
        ),
        limited(Some(2 * SECOND), Scope::Chat)
    );
    assert_eq!(says(429, ""), limited(None, Scope::Chat));
    let stream = "ContentStreamNotAllowed";
    assert_eq!(
        fails(403, stream, "Content stream was canceled by user."),
        Answer::Stopped
    );
    assert_eq!(
        fails(
            403,
            stream,
            "Content stream finished due to exceeded streaming time."
        ),
        Answer::Expired
    );
    assert_eq!(
        fails(
            403,
            stream,
            "Content stream is not allowed on an already completed streamed message"
        ),
        Answer::Expired
    );
    let refused = |why: &str| Answer::Refused {
        why: why.to_owned(),
    };
    let why = "Request streamed content should contain the previously streamed content";
    assert_eq!(fails(403, stream, why), refused(why));
    assert_eq!(
        fails(403, stream, "Content stream is not allowed"),
        refused("Content stream is not allowed")
    );
    assert_eq!(
        fails(400, "MessageSizeTooBig", "Message size too large"),
        Answer::TooLong
    );
    assert_eq!(says(413, ""), Answer::TooLong);
    assert_eq!(
        fails(404, "ActivityNotFoundInConversation", "gone"),
        Answer::Gone
    );
    assert_eq!(fails(502, "ServiceError", "try again"), Answer::Lost);
}

/// No response may panic, and none may pass for a success that is none.
#[test]
fn nonsense_is_answered() {
    for platform in [
        Platform::Telegram,
        Platform::Slack,
        Platform::Discord,
        Platform::Teams,
    ] {
        for body in [
            "",
            "null",
            "[]",
            "{",
            "\"ok\"",
            r#"{"ok":1}"#,
            r#"{"error":{"error":[]}}"#,
            "\u{0}",
        ] {
            for status in [0, 100, 301, 400, 404, 429, 500, 599, u16::MAX] {
                let answer = answer(platform, status, &[("retry-after", "soon")], body);
                assert!(
                    !matches!(answer, Answer::Posted { .. } | Answer::Done),
                    "{platform:?} {status} {body}"
                );
            }
        }
    }
    for (text, ns) in [
        ("1.5", Some(1500 * MILLI)),
        ("0", Some(0)),
        ("", None),
        ("-1", None),
        ("1e3", None),
        ("99999999999999999999", Some(u64::MAX)),
        ("0.0000000001", Some(1)),
    ] {
        assert_eq!(
            answer(Platform::Slack, 429, &[("Retry-After", text)], ""),
            limited(ns, Scope::Global),
            "{text}"
        );
    }
}
