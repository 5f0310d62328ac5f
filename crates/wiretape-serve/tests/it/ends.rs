//! Each end of a recording is real, and bytes and chunks are the recording's.

use wiretape_serve::{Mount, Report};
use wiretape_tape::{Chunk, End, EndKind, Exchange};

use crate::client::{Client, Ended, post};
use crate::support::{Running, asks, response, stream, tape};

const CHUNKS: [&str; 3] = ["data: 1\n\n", "data: 2\n\nda", "ta: 3\n\n"];

fn ended(exchange: Exchange) -> (Vec<Vec<u8>>, Ended, Running) {
    let stalls = exchange
        .end
        .as_ref()
        .is_some_and(|end| end.kind == EndKind::Timeout);
    let running = Running::with(Mount::new(&tape(vec![exchange])));
    let mut client = Client::connect(running.addr());
    client.send(post("/v1/messages", &asks("hi")).as_bytes());
    if stalls {
        client.gather(|| running.is_done(""));
    }
    let answer = client.answer();
    (answer.chunks, answer.ended, running)
}

#[test]
fn each_end_is_real() {
    for (end, seen) in [
        (EndKind::Complete, Ended::Whole),
        (EndKind::Unterminated, Ended::Fin),
        (EndKind::Reset, Ended::Reset),
        (EndKind::Timeout, Ended::Open),
        (EndKind::ClientClosed, Ended::Fin),
        (EndKind::UpstreamError, Ended::Fin),
    ] {
        let (chunks, ended, running) = ended(stream(&asks("hi"), &CHUNKS, end));
        assert_eq!(
            chunks,
            CHUNKS.map(|chunk| chunk.as_bytes().to_vec()),
            "{end:?}"
        );
        assert_eq!(ended, seen, "{end:?}");
        let report = running.wait_for(|report| matches!(report, Report::Played { .. }));
        let Report::Played {
            equal,
            whole,
            end: told,
            ..
        } = report
        else {
            unreachable!()
        };
        assert!(equal && whole && told == end, "{end:?}");
    }
}

#[test]
fn without_a_head_nothing_is_sent_but_the_end() {
    for (end, seen) in [
        (EndKind::Unterminated, Ended::Fin),
        (EndKind::Reset, Ended::Reset),
        (EndKind::Timeout, Ended::Open),
        (EndKind::ClientClosed, Ended::Fin),
    ] {
        let mut exchange = stream(&asks("hi"), &[], end);
        exchange.response = None;
        let (chunks, ended, _running) = ended(exchange);
        assert_eq!((chunks.len(), ended), (0, seen), "{end:?}");
    }
}

#[test]
fn an_upstream_that_gave_no_head_is_a_bad_gateway() {
    let mut exchange = stream(&asks("hi"), &[], EndKind::UpstreamError);
    exchange.response = None;
    let running = Running::with(Mount::new(&tape(vec![exchange])));
    let answer = Client::connect(running.addr()).post("/v1/messages", &asks("hi"));
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.json()["error"]["type"], "upstream_error");
}

#[test]
fn a_tape_that_stops_is_a_connection_that_was_closed() {
    let mut exchange = stream(&asks("hi"), &CHUNKS, EndKind::Complete);
    exchange.end = None;
    assert_eq!(ended(exchange).1, Ended::Fin);
}

#[test]
fn a_body_with_a_length_has_no_chunks_and_is_cut_short_by_a_fault() {
    for (end, seen) in [
        (EndKind::Complete, Ended::Whole),
        (EndKind::Unterminated, Ended::Fin),
        (EndKind::Reset, Ended::Reset),
    ] {
        let bytes = br#"{"answer":1}"#.to_vec();
        let chunks = vec![Chunk {
            after_ns: 0,
            bytes: bytes.clone(),
        }];
        let headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", "12"),
        ];
        let exchange = Exchange {
            request: Some(crate::support::request("{}")),
            response: Some(response(200, &headers)),
            end: Some(End::of(&chunks, 0, end)),
            chunks,
        };
        let running = Running::with(Mount::new(&tape(vec![exchange])));
        let answer = Client::connect(running.addr()).post("/v1/messages", "{}");
        assert_eq!(answer.ended, seen);
        assert_eq!(answer.body(), bytes);
        let length = if end == EndKind::Complete { "12" } else { "13" };
        assert_eq!(
            answer.head,
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            )
        );
    }
}

#[test]
fn headers_are_the_recordings_in_their_order() {
    let mut exchange = stream(&asks("hi"), &CHUNKS, EndKind::Complete);
    exchange.response = Some(response(
        200,
        &[
            ("Server", "llama.cpp"),
            ("Keep-Alive", "timeout=5, max=100"),
            ("Transfer-Encoding", "gzip, chunked"),
            ("Access-Control-Allow-Origin", ""),
            ("Connection", "close"),
            ("Content-Type", "text/event-stream"),
        ],
    ));
    let running = Running::with(Mount::new(&tape(vec![exchange])));
    let answer = Client::connect(running.addr()).post("/v1/messages", &asks("hi"));
    assert_eq!(
        answer.head,
        "HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nTransfer-Encoding: chunked\r\n\
         Access-Control-Allow-Origin: \r\nContent-Type: text/event-stream\r\n\r\n"
    );
}

#[test]
fn one_connection_carries_one_answer_after_the_other() {
    let turns = ["one", "two", "three"];
    let exchanges = turns.map(|turn| stream(&asks(turn), &CHUNKS, EndKind::Complete));
    let running = Running::with(Mount::new(&tape(exchanges.to_vec())));
    let mut client = Client::connect(running.addr());
    for turn in turns {
        let answer = client.post("/v1/messages", &asks(turn));
        assert_eq!((answer.status(), answer.ended), (200, Ended::Whole));
    }
    let state = running.server().state("").unwrap();
    assert_eq!((state.consumed, state.in_flight, state.misses), (3, 0, 0));
    assert_eq!(client.post("/v1/messages", &asks("four")).status(), 404);
}
