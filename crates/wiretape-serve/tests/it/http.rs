//! HTTP/1.1 as clients speak it, well and badly.

use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use wiretape_serve::{Config, Limits, Matching, Mount, Outcome};
use wiretape_tape::EndKind;

use crate::client::{Client, Ended, post};
use crate::support::{Running, asks, request, response, stream, tape};

fn first() -> Mount {
    let exchange = stream(
        &asks("hi"),
        &["data: 1\n\n", "data: 2\n\n"],
        EndKind::Complete,
    );
    Mount::new(&tape(vec![exchange])).matching(Matching::First)
}

fn limited(limits: Limits) -> Running {
    let running = Running::start(Config {
        limits,
        ..Config::default()
    });
    running.server().mount("", first()).unwrap();
    running
}

const BODY: &str = r#"{"stream":true}"#;

#[test]
fn what_is_no_request_is_refused_and_the_connection_closed() {
    let running = limited(Limits {
        head_bytes: 1000,
        body_bytes: 100,
        ..Limits::default()
    });
    let long = "x".repeat(2000);
    let chunked = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let many = "a: b\r\n".repeat(130);
    let cases = [
        (400, "\x16\x03\x01\x02\x00\x01".to_owned()),
        (400, "no request at all".to_owned()),
        (400, "GET  / HTTP/1.1\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\r\nhost : x\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\r\nhost: x\r\n folded\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\r\n\r\n".to_owned()),
        (400, "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n".to_owned()),
        (400, "GET example.com HTTP/1.1\r\nhost: x\r\n\r\n".to_owned()),
        (400, "GET ftp://example.com/ HTTP/1.1\r\nhost: x\r\n\r\n".to_owned()),
        (400, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +2\r\n\r\n{}".to_owned()),
        (400, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2, 2\r\n\r\n{}".to_owned()),
        (400, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length:\r\n\r\n".to_owned()),
        (400, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}".to_owned()),
        (400, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned()),
        (400, "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n".to_owned()),
        (400, "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n".to_owned()),
        (400, "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned()),
        (400, format!("{chunked}\r\n")),
        (400, format!("{chunked}x\r\n")),
        (400, format!("{chunked}-1\r\n")),
        (400, format!("{chunked}2\n{{}}\r\n")),
        (400, format!("{chunked}2\r\n{{}}x")),
        (400, format!("{chunked}2\r\n{{}}\r\r")),
        (400, format!("{chunked}2;{}", "x".repeat(5000))),
        (413, format!("{chunked}65\r\n")),
        (413, format!("{chunked}ffffffffffffffffff\r\n")),
        (413, format!("{chunked}32\r\n{}\r\n33\r\n", "x".repeat(50))),
        (413, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 101\r\n\r\n".to_owned()),
        (413, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n".to_owned()),
        (417, "POST / HTTP/1.1\r\nhost: x\r\nexpect: a miracle\r\n\r\n".to_owned()),
        (431, format!("GET / HTTP/1.1\r\nhost: x\r\na: {long}\r\n\r\n")),
        (431, format!("GET /{long}")),
        (431, format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n")),
        (431, format!("{chunked}0\r\na: {long}\r\n\r\n")),
        (405, "TRACE / HTTP/1.1\r\nhost: x\r\n\r\n".to_owned()),
        (405, "CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n".to_owned()),
        (505, "GET / HTTP/2.0\r\nhost: x\r\n\r\n".to_owned()),
        (505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
    ];
    for (status, bytes) in cases {
        let mut client = Client::connect(running.addr());
        client.send(bytes.as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status(), status, "{bytes:?}: {}", answer.head);
        assert_eq!(answer.header("connection"), Some("close"), "{bytes:?}");
        let error = &answer.json()["error"];
        assert!(
            error["type"].is_string() && error["message"].is_string(),
            "{bytes:?}"
        );
        assert_eq!(client.closed(), Ended::Fin, "{bytes:?}");
    }
    // And it still answers.
    assert_eq!(
        Client::connect(running.addr())
            .post("/v1/messages", BODY)
            .status(),
        200
    );
    assert_eq!(running.server().requests("").len(), 1);
}

#[test]
fn requests_are_read_however_they_are_sent() {
    let running = limited(Limits::default());
    let plain = post("/v1/messages", BODY);
    let absolute = plain.replace("POST /v1", "POST http://elsewhere:80/v1");
    let (one, two) = BODY.split_at(5);
    let chunked = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\nTransfer-Encoding: Chunked\r\n\r\n\
         5;a=b;c=\"d\"\r\n{one}\r\n00A \r\n{two}\r\n0\r\ntrailer: x\r\nother: y\r\n\r\n"
    );
    let leading = format!("\r\n\r\n{plain}");
    let bare_lf = plain.replace("\r\n", "\n");
    for request in [&plain, &absolute, &chunked, &leading, &bare_lf] {
        let mut whole = Client::connect(running.addr());
        whole.send(request.as_bytes());
        let answer = whole.answer();
        assert_eq!(
            (answer.status(), answer.ended),
            (200, Ended::Whole),
            "{request}"
        );
        // Byte by byte, and on the same connection.
        for byte in request.as_bytes().chunks(1) {
            whole.send(byte);
        }
        assert_eq!(whole.answer().chunks, answer.chunks, "{request}");
    }
    let seen = running.server().requests("");
    assert_eq!(seen.len(), 10);
    for seen in seen {
        assert_eq!(
            (seen.method.as_str(), seen.path.as_str()),
            ("POST", "/v1/messages")
        );
        assert_eq!(seen.body, BODY.as_bytes());
        assert_eq!((seen.exchange, seen.outcome), (Some(0), Outcome::Complete));
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let turns: Vec<String> = (0..20).map(|turn| format!("data: {turn}\n\n")).collect();
    let exchanges = turns
        .iter()
        .map(|turn| stream(&asks(turn.trim()), &[turn], EndKind::Complete));
    let running = Running::with(Mount::new(&tape(exchanges.collect())));
    let mut client = Client::connect(running.addr());
    let requests = turns
        .iter()
        .map(|turn| post("/v1/messages", &asks(turn.trim())));
    client.send(requests.collect::<String>().as_bytes());
    for turn in &turns {
        assert_eq!(client.answer().body(), turn.as_bytes());
    }
    assert!(client.buffer.is_empty());
}

#[test]
fn a_client_that_waits_is_told_to_go_on() {
    let running = limited(Limits::default());
    let head = post("/v1/messages", BODY).replace("\r\nhost", "\r\nexpect: 100-Continue\r\nhost");
    let (head, body) = head.split_at(head.len() - BODY.len());
    let mut client = Client::connect(running.addr());
    client.send(head.as_bytes());
    while client.buffer.len() < 25 {
        client.more().unwrap();
    }
    assert_eq!(client.buffer, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.buffer.clear();
    client.send(body.as_bytes());
    assert_eq!(client.answer().status(), 200);
    // One that does not wait is not told.
    client.send(format!("{head}{body}").as_bytes());
    assert_eq!(client.answer().status(), 200);
}

#[test]
fn a_body_that_is_too_long_is_refused_before_it_is_sent() {
    let running = limited(Limits {
        body_bytes: 10,
        ..Limits::default()
    });
    let head = "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 11\r\n\r\n";
    let mut client = Client::connect(running.addr());
    client.send(head.as_bytes());
    assert_eq!(client.answer().status(), 413);
    // A client that sends all the same can do so, and gets the answer, not a reset.
    let mut client = Client::connect(running.addr());
    client.send(head.replace("11", "3000000").as_bytes());
    for _ in 0..30 {
        client.send(&[b'x'; 100_000]);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(client.answer().status(), 413);
}

#[test]
fn slow_requests_are_given_up() {
    let time = Duration::from_millis(200);
    let running = limited(Limits {
        head_time: time,
        body_time: time,
        ..Limits::default()
    });
    for (what, bytes) in [
        ("head", "POST / HTTP/1.1\r\nhost: x\r\n"),
        (
            "body",
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{",
        ),
        (
            "body",
            "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n",
        ),
    ] {
        let mut client = Client::connect(running.addr());
        client.send(bytes.as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status(), 408);
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(what), "{message}");
        assert_eq!(client.closed(), Ended::Fin);
    }
}

#[test]
fn idle_connections_are_closed() {
    let running = limited(Limits {
        idle_time: Duration::from_millis(100),
        ..Limits::default()
    });
    let mut client = Client::connect(running.addr());
    assert_eq!(client.post("/v1/messages", BODY).status(), 200);
    assert_eq!(client.more(), Err(Ended::Fin));
}

#[test]
fn connections_end_when_they_are_to() {
    let running = limited(Limits::default());
    let closing = post("/v1/messages", BODY).replace("host", "Connection: foo, Close\r\nhost");
    let old = post("/v1/messages", BODY).replace("HTTP/1.1", "HTTP/1.0");
    for request in [closing, old] {
        let mut client = Client::connect(running.addr());
        client.send(request.as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(answer.body(), b"data: 1\n\ndata: 2\n\n");
        assert_eq!(
            answer.chunked,
            answer.ended == Ended::Whole,
            "1.0 knows no chunks"
        );
        if answer.chunked {
            assert_eq!(client.closed(), Ended::Fin);
        }
    }
    running
        .server()
        .mount("/closing", first().close(true))
        .unwrap();
    let mut client = Client::connect(running.addr());
    let answer = client.post("/closing/v1/messages", BODY);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(client.closed(), Ended::Fin);
}

#[test]
fn a_client_that_closes_its_half_still_gets_its_answer() {
    let running = limited(Limits::default());
    let mut client = Client::connect(running.addr());
    client.send(post("/v1/messages", BODY).as_bytes());
    client.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.answer().ended, Ended::Whole);
}

#[test]
fn head_shows_what_get_would_and_takes_no_turn() {
    let mut exchange = stream("", &[r#"{"data":[]}"#], EndKind::Complete);
    exchange.request = Some(wiretape_tape::Request {
        method: "GET".to_owned(),
        path: "/v1/models".to_owned(),
        body: wiretape_tape::Body::Empty,
        ..request("")
    });
    exchange.response = Some(response(200, &[("content-length", "11")]));
    let running = Running::with(Mount::new(&tape(vec![exchange])));
    let mut client = Client::connect(running.addr());
    for _ in 0..2 {
        client.send(b"HEAD /v1/models HTTP/1.1\r\nhost: x\r\n\r\n");
        while !client.buffer.ends_with(b"\r\n\r\n") {
            client.more().unwrap();
        }
        assert_eq!(
            client.buffer,
            b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n"
        );
        client.buffer.clear();
    }
    assert_eq!(running.server().state("").unwrap().consumed, 0);
    assert_eq!(client.get("/models?limit=1").json(), json!({"data": []}));
    assert_eq!(running.server().state("").unwrap().consumed, 1);
}

#[test]
fn options_say_what_may_be_asked_and_cors_that_all_may() {
    let ask = |running: &Running, extra: &str| {
        let mut client = Client::connect(running.addr());
        client.send(format!("OPTIONS /v1/messages HTTP/1.1\r\nhost: x\r\n{extra}\r\n").as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status(), 204);
        assert!(answer.header("allow").unwrap().contains("POST"));
        (answer, client)
    };
    let running = limited(Limits::default());
    let (answer, mut client) = ask(&running, "");
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(
        client
            .post("/v1/messages", BODY)
            .header("access-control-allow-origin"),
        None
    );

    let running = Running::start(Config {
        cors: true,
        ..Config::default()
    });
    let mut exchange = stream(&asks("hi"), &[], EndKind::Complete);
    exchange.response = Some(response(200, &[("Access-Control-Allow-Origin", "")]));
    running
        .server()
        .mount("", Mount::new(&tape(vec![exchange])))
        .unwrap();
    let asked = "origin: http://a\r\naccess-control-request-headers: authorization, x-b\r\n";
    let (answer, mut client) = ask(&running, asked);
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization, x-b")
    );
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let answer = client.post("/v1/messages", BODY);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        client
            .post("/v1/messages", BODY)
            .header("access-control-allow-origin"),
        Some("*")
    );
}

#[test]
fn any_bytes_are_answered_or_closed() {
    let running = limited(Limits {
        head_bytes: 512,
        body_bytes: 512,
        head_time: Duration::from_millis(50),
        body_time: Duration::from_millis(50),
        idle_time: Duration::from_millis(50),
        ..Limits::default()
    });
    let piece = prop_oneof![
        Just("POST /v1/messages HTTP/1.1\r\n".to_owned()),
        Just("GET /_wiretape/state HTTP/1.1\r\n".to_owned()),
        Just("host: x\r\n".to_owned()),
        Just("content-length: 15\r\n".to_owned()),
        Just("transfer-encoding: chunked\r\n".to_owned()),
        Just("expect: 100-continue\r\n".to_owned()),
        Just("\r\n".to_owned()),
        Just(BODY.to_owned()),
        Just("f\r\n".to_owned()),
        Just("0\r\n\r\n".to_owned()),
        "[ -~\r\n]{0,20}",
    ];
    let bytes = prop_oneof![
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes()),
        proptest::collection::vec(any::<u8>(), 0..700),
    ];
    let config = ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(bytes in bytes, cut in any::<prop::sample::Index>())| {
        let mut client = Client::connect(running.addr());
        let (one, two) = bytes.split_at(cut.index(bytes.len() + 1));
        // The server may close before all is sent.
        let sent = client.stream.write_all(one).and_then(|()| client.stream.write_all(two));
        let _ = sent;
        let ended = loop {
            if let Err(ended) = client.more() {
                break ended;
            }
        };
        prop_assert!(ended != Ended::Open, "it hangs");
        let answers = client.buffer;
        prop_assert!(answers.is_empty() || answers.starts_with(b"HTTP/1.1 "));
    });
    let mut client = Client::connect(running.addr());
    assert_eq!(client.post("/v1/messages", BODY).status(), 200);
}
