//! Which answer an attempt gets, and what the server notes of each.

use std::time::Duration;

use wiretape_serve::{Config, Matching, Mount, Outcome, Pace, Server};
use wiretape_tape::{EndKind, Exchange};
use wiretape_vary::{Cutting, Piece, Scenario};

use crate::client::{Client, Ended, post};
use crate::support::{Running, asks, stream, tape, wait_until};

const CHUNKS: [&str; 3] = [
    "data: {\"choices\":[]}\n\n",
    "data: {\"choices\":[],\"x\":1}\n\n",
    "data: [DONE]\n\n",
];

fn exchange(text: &str) -> Exchange {
    stream(&asks(text), &CHUNKS, EndKind::Complete)
}

fn mount() -> Mount {
    let tape = tape(vec![exchange("a"), exchange("b"), exchange("c")]);
    Mount::new(&tape).dialect("openai-chat")
}

fn cut(at: usize, end: EndKind) -> Piece {
    Piece::Cut { at, end }
}

fn of_second(pieces: Vec<Piece>, retries: Option<Vec<Piece>>) -> Scenario {
    Scenario {
        exchange: Some(1),
        retries,
        ..Scenario::of(pieces)
    }
}

fn ask(running: &Running, text: &str) -> (usize, Ended) {
    let mut client = Client::connect(running.addr());
    let answer = client.post("/v1/messages", &asks(text));
    (answer.body().len(), answer.ended)
}

#[test]
fn a_scenario_changes_the_exchange_that_it_names() {
    let whole = CHUNKS.concat().len();
    let scenario = of_second(vec![cut(5, EndKind::Unterminated)], None);
    let running = Running::with(mount().scenario(scenario));
    assert_eq!(ask(&running, "a"), (whole, Ended::Whole));
    // A retry gets the same where nothing else is said, as often as it comes.
    for _ in 0..3 {
        assert_eq!(ask(&running, "b"), (5, Ended::Fin));
    }
    assert_eq!(ask(&running, "c"), (whole, Ended::Whole));
    let seen = running.server().requests("");
    let attempts: Vec<_> = seen
        .iter()
        .map(|seen| (seen.exchange, seen.attempt))
        .collect();
    let second = |attempt| (Some(1), attempt);
    assert_eq!(
        attempts,
        [(Some(0), 0), second(0), second(1), second(2), (Some(2), 0)]
    );
}

#[test]
fn a_retry_gets_what_the_scenario_has_for_retries() {
    let whole = CHUNKS.concat().len();
    let first = vec![cut(5, EndKind::Reset)];
    let retried = vec![cut(9, EndKind::Unterminated)];
    for (retries, expected) in [
        (Vec::new(), vec![(5, Ended::Reset), (whole, Ended::Whole)]),
        (
            retried,
            vec![(5, Ended::Reset), (9, Ended::Fin), (9, Ended::Fin)],
        ),
    ] {
        let mount = mount().scenario(of_second(first.clone(), Some(retries)));
        let scripts = mount.scripts(1);
        assert_eq!(scripts.len(), 2);
        assert_eq!(Some(&scripts[0]), mount.script(1));
        assert_eq!((mount.scripts(0).len(), mount.scripts(3).len()), (1, 0));
        let running = Running::with(mount.clone());
        ask(&running, "a");
        let got: Vec<_> = expected.iter().map(|_| ask(&running, "b")).collect();
        assert_eq!(got, expected);
        assert_eq!(ask(&running, "c"), (whole, Ended::Whole));
        // Each is what the mount says of it.
        for (place, (bytes, _)) in got.iter().enumerate() {
            let scripts = mount.scripts(1);
            let script = &scripts[place.min(scripts.len() - 1)];
            assert_eq!(script.body().len(), *bytes);
        }
    }
}

#[test]
fn a_mount_that_is_used_again_and_again_tells_a_retry_from_a_new_request() {
    let scenario = of_second(vec![cut(5, EndKind::Unterminated)], Some(Vec::new()));
    let running = Running::with(mount().scenario(scenario).matching(Matching::First));
    let whole = CHUNKS.concat().len();
    for _ in 0..2 {
        assert_eq!(ask(&running, "b"), (5, Ended::Fin));
        assert_eq!(ask(&running, "b"), (whole, Ended::Whole));
    }
}

#[test]
fn what_was_written_and_when_is_noted() {
    let ms = 1_000_000;
    let mut paced = exchange("a");
    paced.response.as_mut().unwrap().after_ns = 20 * ms;
    for chunk in &mut paced.chunks {
        chunk.after_ns = 20 * ms;
    }
    let mount = Mount::new(&tape(vec![paced])).pace(Pace::Scripted { n: 1, of: 1 });
    let running = Running::with(mount);
    let mut client = Client::connect(running.addr());
    let body = asks("a");
    let ask = post("/v1/messages", &body).replacen(
        "\r\n\r\n",
        "\r\naccept-encoding: gzip, br\r\n\r\n",
        1,
    );
    client.send(ask.as_bytes());
    assert_eq!(client.answer().ended, Ended::Whole);
    let miss = client.post("/v1/messages", &asks("z"));
    assert_eq!(miss.status(), 404);
    wait_until(|| running.is_done(""));
    let [seen, missed] = running.server().requests("").try_into().unwrap();
    assert_eq!(seen.accepts, "gzip, br");
    assert_eq!(
        (seen.bytes, seen.whole),
        (CHUNKS.concat().len() as u64, true)
    );
    assert_eq!((seen.outcome, seen.left_ns), (Outcome::Complete, None));
    // Never early; how late is the machine's affair.
    let head_ns = seen.head_ns.unwrap();
    assert!(seen.at_ns + 20 * ms <= head_ns, "{seen:?}");
    assert!(head_ns + 60 * ms <= seen.sent_ns.unwrap(), "{seen:?}");
    assert_eq!((missed.accepts.as_str(), missed.exchange), ("", None));
    assert_eq!(
        (missed.bytes, missed.whole),
        (miss.body().len() as u64, true)
    );
    assert!(seen.sent_ns <= missed.head_ns && missed.head_ns <= missed.sent_ns);
    let activity = running.server().activity("").unwrap();
    assert_eq!(
        (activity.requests, activity.in_flight, activity.stalled),
        (2, 0, 0)
    );
    assert!(seen.sent_ns.unwrap() <= activity.last_ns && activity.last_ns <= activity.now_ns);
    let first = running.server().mounted_at("").unwrap();
    running.server().reset("");
    assert!(first < running.server().mounted_at("").unwrap());
    let activity = running.server().activity("").unwrap();
    assert_eq!((activity.requests, activity.last_ns), (0, 0));
    assert_eq!(running.server().activity("/no"), None);
}

#[test]
fn when_a_client_leaves_a_stalled_answer_is_noted() {
    let stalls = of_second(vec![cut(5, EndKind::Timeout)], None);
    let mut scenario = stalls;
    scenario.exchange = Some(0);
    let running = Running::with(mount().scenario(scenario));
    let mut client = Client::connect(running.addr());
    client.send(post("/v1/messages", &asks("a")).as_bytes());
    let activity = || running.server().activity("").unwrap();
    wait_until(|| activity().stalled == 1);
    assert_eq!((activity().in_flight, activity().requests), (0, 1));
    let seen = running.server().requests("");
    assert_eq!(
        (seen[0].bytes, seen[0].whole, seen[0].left_ns),
        (5, true, None)
    );
    let last_ns = activity().last_ns;
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(activity().last_ns, last_ns, "a stall is quiet");
    drop(client);
    wait_until(|| activity().stalled == 0);
    let seen = running.server().requests("");
    assert!(seen[0].sent_ns.unwrap() + 20_000_000 <= seen[0].left_ns.unwrap());
}

/// A run has a mount of its own, and a campaign has thousands.
#[test]
fn thousands_of_mounts_come_and_go() {
    let base = mount();
    let running = Running::start(Config::default());
    let server = running.server();
    for run in 0..3_000 {
        let prefix = format!("/r{run}");
        let cut = Cutting::Every(1 + run % 7);
        let scenario = of_second(vec![Piece::Rechunk { cut }], None);
        server
            .mount(&prefix, base.clone().scenario(scenario))
            .unwrap();
        if run % 100 == 0 {
            let mut client = Client::connect(running.addr());
            let answer = client.post(&format!("{prefix}/v1/messages"), &asks("a"));
            assert_eq!(answer.ended, Ended::Whole);
        }
        assert!(server.unmount(&prefix));
        assert_eq!(server.state(&prefix), None);
    }
    // None of them is left: as many as the server takes find room.
    for run in 0..Config::default().limits.mounts {
        server.mount(&format!("/s{run}"), base.clone()).unwrap();
    }
}

#[test]
fn a_run_may_have_a_port_of_its_own() {
    let running = Running::start(Config::default());
    for _ in 0..50 {
        let config = Config::default();
        let server = running.runtime.block_on(Server::start(config)).unwrap();
        server.mount("", mount()).unwrap();
        let mut client = Client::connect(server.addr());
        let answer = client.post("/v1/messages", &asks("a"));
        assert_eq!(answer.ended, Ended::Whole);
        running.runtime.block_on(server.stop(Duration::ZERO));
    }
}
