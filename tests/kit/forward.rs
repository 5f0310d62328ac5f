//! A long reply to each platform over real HTTP: through the throttle, and as a naive forwarder does it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::channel;
use wiretape::core::forward::api::Chat;
use wiretape::core::forward::{Options, Outcome, Platform, Policy};
use wiretape::forward::{Forwarder, Said};
use wiretape::http::{Client, Request};
use wiretape::serve::sink::{self, Sink, ViolationKind};
use wiretape::serve::{Config, Server};

/// How much shorter the platform's times are, and the throttle's with them.
const SPEED: u32 = 20;

/// A sink as the network sees it.
fn sink(platform: sink::Platform, speed: u32) -> Sink {
    let options = sink::Options {
        speed,
        tolerance_percent: 10,
        latency_ns: 5_000_000,
        ..sink::Options::default()
    };
    Sink::new(platform, options)
}

/// The platform's own policy, in the sink's time.
fn faster(platform: Platform) -> Policy {
    let mut policy = platform.policy();
    let speed = u64::from(SPEED);
    policy.interval_ns /= speed;
    policy.backoff_ns /= speed;
    policy.backoff_ns_max /= speed;
    for window in &mut policy.windows {
        window.per_ns /= speed;
    }
    policy
}

/// A reply of this many words, as a model streams it.
fn words(count: usize) -> Vec<String> {
    let word = |number: usize| match number % 12 {
        0 => format!("\n\nParagraph {number}:"),
        5 => " *stress*".to_owned(),
        7 => " 2 < 3 & `code`,".to_owned(),
        9 => " \u{1f600}".to_owned(),
        _ => format!(" word{number}"),
    };
    (0..count).map(word).collect()
}

fn chat(platform: sink::Platform) -> Chat {
    let (id, token) = match platform {
        sink::Platform::Telegram => ("42", "7:key"),
        sink::Platform::Slack => ("C0123", "xoxb-key"),
        sink::Platform::Discord => ("1185617944248590507", "key"),
    };
    Chat {
        id: id.to_owned(),
        token: token.to_owned(),
    }
}

/// Forwards the words at a model's pace; what the sink saw.
async fn forward(platform: Platform, of: sink::Platform) -> sink::Report {
    let server = Server::start(Config::default()).await.unwrap();
    server.mount_sink("/sink", sink(of, SPEED)).unwrap();
    let options = Options {
        first_ns: 10_000_000,
        markup: false,
        ..Options::default()
    };
    let base_url = format!("{}/sink", server.url());
    let forwarder =
        Forwarder::with_policy(&base_url, platform, faster(platform), chat(of), options).unwrap();
    let (text, said) = channel(8);
    let forwarded = tokio::spawn(forwarder.run(said));
    for word in words(400) {
        text.send(Said::Text(word)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    text.send(Said::End).await.unwrap();
    let outcome = forwarded.await.unwrap().unwrap();
    let report = server.sink("/sink").unwrap();
    assert!(
        matches!(outcome, Outcome::Delivered { uncertain: 0, .. }),
        "{outcome:?}"
    );
    report
}

fn check(platform: Platform, of: sink::Platform) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let report = runtime.block_on(forward(platform, of));
    assert_eq!(report.violations, [], "{of:?}");
    assert_eq!(report.refused, 0, "{of:?}");
    let shown: Vec<&str> = report.messages.iter().map(|shown| &*shown.text).collect();
    let whole = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        whole(&shown.join(" ")),
        whole(&words(400).concat()),
        "{of:?}"
    );
    let edits: u64 = report.messages.iter().map(|shown| shown.edits).sum();
    assert!(5 < edits, "it was shown as it came: {edits} edits");
}

#[test]
fn a_long_reply_arrives_on_telegram() {
    check(Platform::Telegram, sink::Platform::Telegram);
}

#[test]
fn a_long_reply_arrives_on_slack() {
    check(Platform::Slack, sink::Platform::Slack);
}

#[test]
fn a_long_reply_arrives_on_discord() {
    check(Platform::Discord, sink::Platform::Discord);
}

/// What a tutorial does: an edit for each delta, and what fails is not looked at. In the platform's
/// own time: it is over before a window is.
async fn naive(of: sink::Platform) -> sink::Report {
    let server = Server::start(Config::default()).await.unwrap();
    server.mount_sink("/sink", sink(of, 1)).unwrap();
    let client = Client::new(&format!("{}/sink", server.url())).unwrap();
    let Chat { id, token } = chat(of);
    let mut message: Option<String> = None;
    let mut shown = String::new();
    for word in words(60) {
        shown += &word;
        let (method, path, body) = call(of, &id, message.as_deref(), &shown);
        let path = path.replace("TOKEN", &token);
        let authorization = match of {
            sink::Platform::Discord => format!("Bot {token}"),
            _ => format!("Bearer {token}"),
        };
        let request = Request::new(method, &path).header("authorization", &authorization);
        let mut response = client.send(request.body(body.to_string())).await.unwrap();
        let answer = response.rest(1 << 16).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let found = ["/result/message_id", "/ts", "/id"];
        let found = found.into_iter().find_map(|place| answer.pointer(place));
        message = message.or_else(|| found.map(|id| id.to_string().trim_matches('"').to_owned()));
    }
    server.sink("/sink").unwrap()
}

fn call(
    of: sink::Platform,
    chat: &str,
    message: Option<&str>,
    text: &str,
) -> (&'static str, String, Value) {
    match (of, message) {
        (sink::Platform::Telegram, None) => {
            let body = json!({"chat_id": chat, "text": text});
            ("POST", "/botTOKEN/sendMessage".to_owned(), body)
        }
        (sink::Platform::Telegram, Some(id)) => {
            let body = json!({"chat_id": chat, "message_id": id, "text": text});
            ("POST", "/botTOKEN/editMessageText".to_owned(), body)
        }
        (sink::Platform::Slack, None) => {
            let body = json!({"channel": chat, "text": text});
            ("POST", "/api/chat.postMessage".to_owned(), body)
        }
        (sink::Platform::Slack, Some(ts)) => {
            let body = json!({"channel": chat, "ts": ts, "text": text});
            ("POST", "/api/chat.update".to_owned(), body)
        }
        (sink::Platform::Discord, None) => {
            let path = format!("/api/v10/channels/{chat}/messages");
            ("POST", path, json!({"content": text}))
        }
        (sink::Platform::Discord, Some(id)) => {
            let path = format!("/api/v10/channels/{chat}/messages/{id}");
            ("PATCH", path, json!({"content": text}))
        }
    }
}

/// The sink catches it: refusals, calls during the wait, and a text that is not all there.
#[test]
fn an_edit_for_each_delta_is_caught() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for of in sink::Platform::ALL {
        let report = runtime.block_on(naive(of));
        assert!(0 < report.limited, "{of:?}");
        let kinds = |kind: ViolationKind| report.violations.iter().filter(move |v| v.kind == kind);
        assert!(0 < kinds(ViolationKind::OverWindow).count(), "{of:?}");
        assert!(0 < kinds(ViolationKind::Blocked).count(), "{of:?}");
        let last = report.messages.last().unwrap();
        assert_ne!(
            last.text.trim(),
            words(60).concat().trim(),
            "{of:?}: the end is not shown"
        );
    }
}
