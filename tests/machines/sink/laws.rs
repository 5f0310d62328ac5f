//! What holds for all calls at all moments.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A request of which anything may be wrong.
#[derive(Clone, Debug)]
struct Any {
    after_ms: u64,
    method: &'static str,
    path: String,
    content_type: String,
    authorization: String,
    body: Vec<u8>,
}

fn any_path() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "/bot7:k/sendMessage",
        "/bot7:k/editMessageText",
        "/bot7:k/deleteMessage",
        "/bot7:k/sendMessageDraft",
        "/bot7:k/getChat",
        "/api/chat.postMessage",
        "/api/chat.update",
        "/api/chat.startStream",
        "/api/chat.appendStream",
        "/api/chat.stopStream",
        "/api/chat.delete",
        "/api/v10/channels/9/messages",
        "/api/v10/channels/9/messages/1",
        "/api/v10/users/@me",
        "/api/v10/channels/9/typing",
        "/api/v10/gateway/bot",
    ]);
    prop_oneof![
        4 => known.clone().prop_map(str::to_owned),
        1 => (known, ".{0,12}").prop_map(|(known, end)| format!("{known}{end}")),
        1 => "/.{0,30}",
    ]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec![
        "chat_id",
        "channel",
        "text",
        "content",
        "message_id",
        "ts",
        "parse_mode",
        "draft_id",
        "markdown_text",
        "chunks",
        "blocks",
        "nonce",
        "enforce_nonce",
        "thread_ts",
        "action",
        "recipient_team_id",
        "recipient_user_id",
        "payload_json",
    ]);
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        Just("1".to_owned()),
        Just("true".to_owned()),
        Just("HTML".to_owned()),
        Just("MarkdownV2".to_owned()),
        Just("Markdown".to_owned()),
        "[a-z<>/&;*_`\\[\\]()|!\\\\>\n\u{1f600}]{0,40}",
        ".{0,40}",
    ];
    let pairs = vec((name, value), 0..8);
    prop_oneof![
        2 => pairs.clone().prop_map(|pairs| {
            let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), json!(value)));
            Value::Object(pairs.collect()).to_string().into_bytes()
        }),
        1 => pairs.clone().prop_map(|pairs| {
            let pairs = pairs.into_iter().map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>().join("&").into_bytes()
        }),
        1 => pairs.prop_map(|pairs| {
            let part = |(name, value): (&str, String)| {
                format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
            };
            (pairs.into_iter().map(part).collect::<String>() + "--x--\r\n").into_bytes()
        }),
        1 => vec(any::<u8>(), 0..60),
        1 => "(--x|\r\n|--|content-disposition: form-data; name=|:|\"a\"|;|=){0,12}".prop_map(String::into_bytes),
    ]
}

fn any_request() -> impl Strategy<Value = Any> {
    let method = prop::sample::select(vec!["GET", "POST", "PATCH", "DELETE", "HEAD", "PUT"]);
    let content_type = prop_oneof![
        Just("application/json".to_owned()),
        Just("multipart/form-data; boundary=x".to_owned()),
        Just("application/x-www-form-urlencoded".to_owned()),
        "[a-z/;= \"]{0,30}",
    ];
    let authorization = prop_oneof![
        4 => Just("Bot k".to_owned()), 4 => Just("Bearer k".to_owned()), 1 => ".{0,9}"
    ];
    (
        0..3_000_u64,
        method,
        any_path(),
        content_type,
        authorization,
        any_body(),
    )
        .prop_map(
            |(after_ms, method, path, content_type, authorization, body)| Any {
                after_ms,
                method,
                path,
                content_type,
                authorization,
                body,
            },
        )
}

fn any_platform() -> impl Strategy<Value = Platform> {
    prop::sample::select(Platform::ALL.to_vec())
}

/// All responses to the requests, and the report.
fn play(platform: Platform, options: &Options, requests: &[Any]) -> (Vec<Response>, Report) {
    let mut stage = Stage::new(platform, options.clone());
    let mut millis = 0;
    let responses = requests.iter().map(|any| {
        millis += any.after_ms;
        let headers = [
            ("content-type", &*any.content_type),
            ("authorization", &*any.authorization),
        ];
        stage
            .at(millis)
            .request(any.method, &any.path, &headers, &any.body)
    });
    let responses = responses.collect();
    (responses, stage.report())
}

proptest! {
    /// Any bytes: no panic, everything counted, and the same again.
    #[test]
    fn any_bytes_get_an_answer(
        platform in any_platform(),
        requests in vec(any_request(), 1..20),
        seed in any::<u64>(),
    ) {
        let refusals = Refusals { limited: 100, broken: 100, lost: 100, ..Refusals::default() };
        let options = Options { seed, latency_ns: 40_000_000, refusals, ..Options::default() };
        let (responses, report) = play(platform, &options, &requests);
        prop_assert_eq!(report.calls, requests.len() as u64);
        prop_assert_eq!(report.accepted + report.refused, report.calls);
        prop_assert!(report.limited + report.by_seed <= report.refused);
        prop_assert_eq!(report.lost, responses.iter().filter(|response| response.lost).count() as u64);
        for response in &responses {
            let empty = response.status == 204 || response.body.starts_with("error code");
            prop_assert!(empty || serde_json::from_str::<Value>(&response.body).is_ok());
            prop_assert_eq!(response.status, response.call.status);
        }
        let again = play(platform, &options, &requests);
        prop_assert_eq!((responses, report), again);
    }

    /// Whatever is called, and when: no window holds more accepted calls than it may, and none is
    /// accepted before the end of a wait that was told.
    #[test]
    fn no_window_holds_more_than_it_may(
        calls in vec((0..1_500_u64, prop::sample::select(vec![42_i64, 43, -7]), any::<bool>()), 1..150),
    ) {
        let mut stage = Stage::new(Platform::Telegram, Options::default());
        let mut millis = 0;
        let mut accepted: Vec<(u64, i64)> = Vec::new();
        let mut waits: Vec<(u64, i64)> = Vec::new();
        let mut posted: Vec<(i64, u64)> = Vec::new();
        for (number, (after, chat, edits)) in calls.into_iter().enumerate() {
            // Many at once, then a pause.
            millis += if number % 5 == 0 { after } else { after / 20 };
            let text = format!("text {number}");
            let known = posted.iter().rev().find(|(other, _)| *other == chat).filter(|_| edits);
            let response = match known {
                Some((_, id)) => stage.at(millis).call(
                    "editMessageText", &json!({"chat_id": chat, "message_id": id, "text": text})
                ),
                None => stage.at(millis).call("sendMessage", &json!({"chat_id": chat, "text": text})),
            };
            let body: Value = serde_json::from_str(&response.body).unwrap();
            if response.status == 200 {
                accepted.push((millis, chat));
                posted.push((chat, body["result"]["message_id"].as_u64().unwrap()));
                prop_assert!(waits.iter().all(|(until, other)| *other != chat || *until <= millis));
            } else {
                prop_assert_eq!(response.status, 429);
                let seconds = body["parameters"]["retry_after"].as_u64().unwrap();
                waits.push((millis + seconds * 1_000, chat));
            }
        }
        let most = |span: u64, of: &dyn Fn(i64) -> bool| {
            let times: Vec<u64> =
                accepted.iter().filter(|(_, chat)| of(*chat)).map(|(at, _)| *at).collect();
            let held = |from: &u64| times.iter().filter(|at| (*from..from + span).contains(at)).count();
            times.iter().map(held).max().unwrap_or(0)
        };
        for chat in [42, 43, -7] {
            prop_assert!(most(1_000, &|other| other == chat) <= 1);
        }
        prop_assert!(most(60_000, &|chat| chat == -7) <= 20);
        prop_assert!(most(1_000, &|_| true) <= 30);
    }

    /// What is escaped as the documentation says is seen as it was.
    #[test]
    fn what_is_escaped_is_seen(text in "[ -~\u{e9}\u{6f22}\u{1f600}\n]{1,80}") {
        let reserved = |c: char| "_*[]()~`>#+-=|{}.!\\".contains(c);
        let markdown: String = text.chars().flat_map(|c| {
            [Some('\\').filter(|_| reserved(c)), Some(c)].into_iter().flatten()
        }).collect();
        let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        for (mode, sent) in [("MarkdownV2", markdown), ("HTML", html), ("", text.clone())] {
            let mut stage = Stage::new(Platform::Telegram, Options::default());
            let send = json!({"chat_id": 42, "text": sent, "parse_mode": mode});
            let response = stage.call("sendMessage", &send);
            if text.trim().is_empty() {
                prop_assert_eq!(response.status, 400);
            } else {
                prop_assert_eq!(response.status, 200, "{} {}: {}", mode, sent, response.body);
                prop_assert_eq!(stage.texts(), [text.trim()]);
            }
        }
    }
}

/// What is kept has a limit, and what is forgotten is counted.
#[test]
fn what_is_kept_is_bounded() {
    let mut stage = Stage::new(Platform::Slack, Options::default());
    let text = "a".repeat(39_000);
    for number in 0..1_000_u64 {
        let post = json!({"channel": format!("C{number}"), "text": text});
        assert_eq!(stage.at(number).call("chat.postMessage", &post).status, 200);
    }
    let report = stage.report();
    let kept: usize = report.messages.iter().map(|shown| shown.text.len()).sum();
    assert!(kept <= sink::TEXT_BYTES_MAX && sink::TEXT_BYTES_MAX < kept + 39_000);
    assert_eq!(report.messages.len() as u64 + report.forgotten, 1_000);
    // A message that was forgotten is none that is there.
    let ts = "1767225600.000001";
    let update = stage.call(
        "chat.update",
        &json!({"channel": "C0", "ts": ts, "text": "b"}),
    );
    check(&update, 200, &json!({"error": "message_not_found"}));
    for _ in 0..2_000 {
        stage.call(
            "chat.update",
            &json!({"channel": "C0", "ts": ts, "text": "b"}),
        );
    }
    let report = stage.report();
    assert_eq!(report.violations.len(), sink::VIOLATIONS_MAX);
    assert_eq!(
        report.violations.len() as u64 + report.violations_more,
        2_001
    );
}

/// Of very many windows the last ones are kept.
#[test]
fn scopes_are_bounded() {
    let mut stage = Stage::new(Platform::Slack, Options::default());
    for number in 0..(2 * sink::SCOPES_MAX as u64) {
        let post = json!({"channel": format!("C{number}"), "text": "a"});
        assert_eq!(stage.call("chat.postMessage", &post).status, 200);
    }
    // The last ones are remembered.
    let last = json!({"channel": format!("C{}", 2 * sink::SCOPES_MAX - 1), "text": "b"});
    assert_eq!(stage.call("chat.postMessage", &last).status, 429);
    assert_eq!(stage.report().violations[0].at, Moment(0));
}
