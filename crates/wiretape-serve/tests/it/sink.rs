//! Sinks behind sockets, in real time.

use std::time::Duration;

use serde_json::{Value, json};
use wiretape_serve::sink::{Options, Platform, Refusals, Sink, ViolationKind};
use wiretape_serve::{Config, Mount, Report};
use wiretape_tape::EndKind;

use crate::client::{Answer, Client, Ended, post};
use crate::support::{Running, asks, stream, tape};

const SEND: &str = "/bot7:key/sendMessage";
const EDIT: &str = "/bot7:key/editMessageText";

fn with(prefix: &str, options: Options) -> Running {
    let running = Running::start(Config::default());
    let sink = Sink::new(Platform::Telegram, options);
    running.server().mount_sink(prefix, sink).unwrap();
    running
}

fn call(client: &mut Client, path: &str, body: &Value) -> Answer {
    client.post(path, &body.to_string())
}

#[test]
fn a_sink_answers_under_its_prefix() {
    let running = with("/telegram", Options::default());
    let mut client = Client::connect(running.addr());
    let path = format!("/telegram{SEND}");
    let sent = call(&mut client, &path, &json!({"chat_id": 42, "text": "hello"}));
    assert_eq!(
        (sent.status(), sent.header("content-type")),
        (200, Some("application/json"))
    );
    // Sooner than anybody's date, later than the day this was written.
    let date = sent.json()["result"]["date"].as_u64().unwrap();
    assert!(1_790_000_000 < date, "the date is today's: {date}");
    // The connection is kept, and the window is the clock's.
    let refused = call(&mut client, &path, &json!({"chat_id": 42, "text": "again"}));
    assert_eq!(
        (refused.status(), refused.header("retry-after")),
        (429, Some("1"))
    );
    let report = running.server().sink("/telegram").unwrap();
    assert_eq!((report.calls, report.messages.len()), (2, 1));
    let called =
        running.wait_for(|report| matches!(report, Report::Called { call, .. } if !call.ok));
    let line = called.to_string();
    assert!(line.starts_with("/telegram call 1 at "), "{line}");
    assert!(
        line.ends_with(": sendMessage, chat 42, 5 long, 429, wait 1s: over the window (M-09)"),
        "{line}"
    );
    assert_eq!(
        call(&mut client, SEND, &json!({})).status(),
        404,
        "nothing stands there"
    );
}

/// The longer prefix has it; at the same one, the sink.
#[test]
fn a_sink_and_tapes_stand_side_by_side() {
    let running = with("/a", Options::default());
    let exchange = || stream(&asks("a"), &["data: 1\n\n"], EndKind::Complete);
    let mount = || Mount::new(&tape(vec![exchange()]));
    for prefix in ["", "/a", "/a/tape"] {
        running.server().mount(prefix, mount()).unwrap();
    }
    let mut client = Client::connect(running.addr());
    let me = client.post("/a/bot7:key/getMe", "{}");
    assert_eq!(me.json()["ok"], true);
    for path in ["/v1/messages", "/a/tape/v1/messages"] {
        assert_eq!(
            client.post(path, &asks("a")).body(),
            b"data: 1\n\n",
            "{path}"
        );
    }
    let taken = client.post("/a/v1/messages", &asks("a"));
    assert_eq!(taken.json()["description"], "Not Found");
    assert!(running.server().unmount("/a"), "both of them");
    assert!(running.server().sink("/a").is_none());
}

#[test]
fn edits_on_two_connections_are_in_flight_together() {
    let latency = Duration::from_millis(200);
    let running = with(
        "",
        Options {
            burst: 10,
            latency_ns: 200_000_000,
            ..Options::default()
        },
    );
    let mut one = Client::connect(running.addr());
    let mut other = Client::connect(running.addr());
    let sent = call(&mut one, SEND, &json!({"chat_id": 42, "text": "a"}));
    let id = &sent.json()["result"]["message_id"];
    let edit = |text: &str| json!({"chat_id": 42, "message_id": id, "text": text});
    #[expect(clippy::disallowed_methods, reason = "a bound, not a measurement")]
    let begun = std::time::Instant::now();
    assert_eq!(call(&mut one, EDIT, &edit("ab")).status(), 200);
    assert!(latency <= begun.elapsed(), "an answer takes its time");
    let in_flight = || {
        let violations = running.server().sink("").unwrap().violations;
        let kinds = violations.into_iter().map(|violation| violation.kind);
        kinds
            .filter(|kind| *kind == ViolationKind::InFlight)
            .count()
    };
    assert_eq!(in_flight(), 0, "one after the other");
    one.send(post(EDIT, &edit("abc").to_string()).as_bytes());
    other.send(post(EDIT, &edit("abcd").to_string()).as_bytes());
    assert_eq!((one.answer().status(), other.answer().status()), (200, 200));
    assert_eq!(in_flight(), 1);
}

#[test]
fn an_answer_that_is_lost_is_a_connection_that_ends() {
    let running = with(
        "",
        Options {
            refusals: Refusals {
                lost: 1_000,
                ..Refusals::default()
            },
            ..Options::default()
        },
    );
    let mut client = Client::connect(running.addr());
    client.send(post(SEND, r#"{"chat_id":42,"text":"a"}"#).as_bytes());
    assert_eq!((client.closed(), client.buffer.len()), (Ended::Fin, 0));
    let report = running.server().sink("").unwrap();
    assert_eq!((report.lost, report.messages[0].text.as_str()), (1, "a"));
}

#[test]
fn the_control_api_tells_of_sinks_and_resets_them() {
    let running = with("/t", Options::default());
    let slack = Sink::new(Platform::Slack, Options::default());
    running.server().mount_sink("/s", slack).unwrap();
    let mut client = Client::connect(running.addr());
    let control = |client: &mut Client, method: &str, path: &str| {
        let request = post(&format!("/_wiretape{path}"), "").replacen("POST", method, 1);
        client.send(request.as_bytes());
        let answer = client.answer();
        (answer.status(), answer.json())
    };
    call(
        &mut client,
        &format!("/t{SEND}"),
        &json!({"chat_id": 42, "text": "a"}),
    );
    let (status, told) = control(&mut client, "GET", "/sink?prefix=/t");
    assert_eq!((status, &told["prefix"]), (200, &json!("/t")));
    assert_eq!(told["sink"]["messages"][0]["text"], "a");
    let (_, all) = control(&mut client, "GET", "/sink");
    assert_eq!(all["sinks"][0]["sink"]["platform"], "slack");
    let (status, told) = control(&mut client, "GET", "/sink?prefix=/x");
    assert_eq!(status, 404);
    assert!(
        told["error"]["message"]
            .as_str()
            .unwrap()
            .contains("/s, /t"),
        "{told}"
    );
    let (_, told) = control(&mut client, "POST", "/reset?prefix=/t");
    assert_eq!(told, json!({"prefix": "/t", "reset": true}));
    assert_eq!(running.server().sink("/t").unwrap().calls, 0);
    // What it forgot, it permits again.
    let sent = call(
        &mut client,
        &format!("/t{SEND}"),
        &json!({"chat_id": 42, "text": "b"}),
    );
    assert_eq!(sent.status(), 200);
    assert!(running.server().reset("/t"));
    let said = running
        .server()
        .with_sink("/t", |sink, now| sink.say(now, "42", "hello?"));
    assert_eq!(said.as_deref(), Some("1"));
    let (status, _) = control(&mut client, "DELETE", "/mount?prefix=/t");
    assert_eq!((status, running.server().sink("/t").is_none()), (200, true));
}
