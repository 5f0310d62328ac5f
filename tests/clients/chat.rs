//! Client libraries of chat platforms against their sinks: what their users meet is what they would
//! meet on the platform, and the sink saw every breach.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use wiretape_serve::sink::{Options, Platform, Report, Sink, ViolationKind};
use wiretape_serve::{Config, Server};

use crate::worker::{here, installed};
use crate::{missing, say, versions};

/// Runs the program; what its user met, and what the sink saw. `None` where it is not installed.
fn run(platform: Platform, package: &str) -> Option<(Vec<(String, Value)>, Report)> {
    let python = installed().join("python/bin/python");
    let versions = versions("python", &[package]);
    if !python.exists() {
        missing(&format!("chat_{}", platform.name()), "python", &versions);
        return None;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start(Config::default())).unwrap();
    let options = Options {
        // A second is 125 ms: shorter than the program's pauses, longer than a call takes.
        speed: 8,
        latency_ns: 1_000_000,
        ..Options::default()
    };
    server
        .mount_sink("/sink", Sink::new(platform, options))
        .unwrap();
    let base_url = format!("{}/sink{}", server.url(), platform.base_path());
    let told = program(&python, platform.name(), &base_url);
    let report = server.sink("/sink").unwrap();
    runtime.block_on(server.stop(Duration::from_secs(1)));
    let count = told.len();
    say(&format!(
        "chat_{} ({versions}): {count} steps",
        platform.name()
    ));
    Some((told, report))
}

fn program(python: &Path, platform: &str, base_url: &str) -> Vec<(String, Value)> {
    let mut command = Command::new(python);
    command
        .args(["-W", "ignore"])
        .arg(here().join("python/chat.py"));
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env_remove(name);
    }
    let output = command
        .args([platform, base_url])
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{platform}: the program failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn check(told: &[(String, Value)], wanted: &[(&str, Value)]) {
    let told: Vec<(&str, Value)> = told
        .iter()
        .map(|(step, what)| (&**step, what.clone()))
        .collect();
    assert_eq!(told, wanted);
}

/// The kinds of violations in order, those of the flood once.
fn kinds(report: &Report) -> Vec<ViolationKind> {
    report
        .violations
        .iter()
        .map(|violation| violation.kind)
        .collect()
}

#[test]
fn chat_telegram() {
    let Some((told, report)) = run(Platform::Telegram, "python-telegram-bot") else {
        return;
    };
    let bad = |why: &str| json!(format!("BadRequest: {why}"));
    check(
        &told,
        &[
            ("name", json!("wiretape_bot")),
            ("post", json!("hello")),
            ("edit", json!("hello, world")),
            (
                "same",
                bad(
                    "Message is not modified: specified new message content and reply markup are \
            exactly the same as a current content and reply markup of the message",
                ),
            ),
            ("markup", json!("hello & goodbye")),
            (
                "bad markup",
                bad("Can't parse entities: can't find end tag corresponding to start tag \"b\""),
            ),
            ("too long", bad("Message is too long")),
            ("empty", bad("Message text is empty")),
            ("unknown", bad("Message to edit not found")),
            ("typing", json!(true)),
            (
                "flood",
                json!("RetryAfter: Flood control exceeded. Retry in 1 seconds"),
            ),
            ("after", json!("after the flood")),
            ("delete", json!(true)),
        ],
    );
    use ViolationKind::{BadMarkup, Empty, Gone, Identical, OverWindow, Oversize};
    assert_eq!(
        kinds(&report),
        [Identical, BadMarkup, Oversize, Empty, Gone, OverWindow]
    );
    let last = report.messages.last().unwrap();
    assert_eq!(
        (last.chat.as_str(), last.text.as_str()),
        ("42", "after the flood")
    );
    assert!(
        report
            .messages
            .iter()
            .all(|shown| shown.text != "hello & goodbye"),
        "it was deleted"
    );
}

#[test]
fn chat_slack() {
    let Some((told, report)) = run(Platform::Slack, "slack-sdk") else {
        return;
    };
    let error = |error: &str| json!(format!("SlackApiError: {error}"));
    check(
        &told,
        &[
            ("name", json!("wiretape")),
            ("post", json!("hello")),
            ("edit", json!("hello, world")),
            ("same", json!("hello, world")),
            ("blocks", json!("")),
            ("too long", error("msg_too_long")),
            ("unknown", error("message_not_found")),
            ("empty", error("no_text")),
            ("flood", error("ratelimited")),
            ("status", json!([429, "1"])),
            ("retried", json!("after the flood")),
            ("stream", json!("It is raining cats and dogs.")),
            ("stream is over", error("message_not_in_streaming_state")),
            ("delete", json!(true)),
        ],
    );
    use ViolationKind::{Blocked, Empty, Expired, Gone, Identical, OverWindow, Oversize};
    // Its retry handler is told of a wait that began before, and is refused once more.
    let wanted = [
        Identical, Oversize, Gone, Empty, OverWindow, Blocked, Expired,
    ];
    assert_eq!(kinds(&report), wanted);
    let last = report.messages.last().unwrap();
    assert_eq!(
        (last.text.as_str(), last.own),
        ("It is raining cats and dogs.", true)
    );
}
