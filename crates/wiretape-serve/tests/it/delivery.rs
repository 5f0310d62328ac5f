//! What happens around a reply, as a client sees it: heads, codings, waits, ends, other answers.

use std::io::Read;
use std::time::{Duration, Instant};

use wiretape_serve::{Mount, Pace};
use wiretape_tape::{EndKind, Exchange, Tape};
use wiretape_vary::{
    Beat, Coding, ErrorBody, Flushing, NoStream, Piece, RetryAfter, Scenario, Spot,
};

use crate::client::{Answer, Client, Ended, post};
use crate::support::{Running, asks, response, stream, tape, wait_until};

const EVENTS: [&str; 5] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[]}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"read\",\"input\":{}}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

const AS_SCRIPTED: Pace = Pace::Scripted { n: 1, of: 1 };
const MS: u64 = 1_000_000;

fn exchange() -> Exchange {
    let mut exchange = stream(&asks("a"), &EVENTS, EndKind::Complete);
    for chunk in &mut exchange.chunks {
        chunk.after_ns = 0;
    }
    let headers = [
        ("content-type", "text/event-stream"),
        ("request-id", "req_1"),
    ];
    exchange.response = Some(response(200, &headers));
    exchange
}

fn recorded() -> Tape {
    tape(vec![exchange()])
}

fn running(pieces: Vec<Piece>, retries: Option<Vec<Piece>>) -> Running {
    let scenario = Scenario {
        retries,
        ..Scenario::of(pieces)
    };
    let mount = Mount::new(&recorded()).pace(AS_SCRIPTED).scenario(scenario);
    for script in mount.scripts(0) {
        assert_eq!(script.skipped, []);
    }
    Running::with(mount)
}

fn ask(running: &Running) -> Answer {
    Client::connect(running.addr()).post("/v1/messages", &asks("a"))
}

#[expect(clippy::disallowed_methods, reason = "what is tested is time")]
fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = what();
    (done, start.elapsed())
}

/// What a real decoder makes of a body, and whether it found its end.
fn decoded(coding: Coding, body: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let end = match coding {
        Coding::Gzip => flate2::read::GzDecoder::new(body).read_to_end(&mut out),
        Coding::Deflate => flate2::read::ZlibDecoder::new(body).read_to_end(&mut out),
        _ => brotli_decompressor::Decompressor::new(body, 4096).read_to_end(&mut out),
    };
    (out, end.is_ok())
}

#[test]
fn a_coded_body_is_what_a_decoder_takes() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Br] {
        for flush in [Flushing::Event, Flushing::End] {
            for truncated in [false, true] {
                let piece = Piece::Encode {
                    coding,
                    flush,
                    truncated,
                };
                let answer = ask(&running(vec![piece], None));
                assert_eq!(answer.header("content-encoding"), Some(coding.name()));
                assert_eq!(answer.header("request-id"), Some("req_1"));
                assert_eq!((answer.status(), answer.ended), (200, Ended::Whole));
                let (body, whole) = decoded(coding, &answer.body());
                assert_eq!(body, EVENTS.concat().as_bytes(), "{coding:?} {flush:?}");
                assert_eq!(whole, !truncated, "{coding:?} {flush:?}");
                let chunks = if flush == Flushing::End {
                    1
                } else {
                    EVENTS.len()
                };
                assert_eq!(answer.chunks.len(), chunks);
                if flush == Flushing::Event && !truncated {
                    // Each event can be read as soon as it is there.
                    let (first, _) = decoded(coding, &answer.chunks[0]);
                    assert_eq!(first, EVENTS[0].as_bytes());
                }
            }
        }
    }
}

/// Every recording, compressed: long ones reach back as far as the window does.
#[test]
fn recordings_come_out_of_a_decoder_as_they_went_in() {
    for (path, tape) in crate::support::recordings() {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Br] {
            for flush in [Flushing::Event, Flushing::End] {
                let truncated = false;
                let scenario = Scenario::of(vec![Piece::Encode {
                    coding,
                    flush,
                    truncated,
                }]);
                let mount = Mount::new(&tape).scenario(scenario);
                for number in 0..tape.exchanges.len() {
                    let script = mount.script(number).unwrap();
                    if script.coding.is_none() || script.end != EndKind::Complete {
                        continue;
                    }
                    let (body, whole) = decoded(coding, script.body());
                    assert!(
                        whole && body == script.decoded().body(),
                        "{}",
                        path.display()
                    );
                    if coding != Coding::Br && flush == Flushing::End && body.len() > 2_000 {
                        assert!(
                            script.body().len() * 3 < body.len() * 2,
                            "{}",
                            path.display()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn waits_that_were_put_in_are_waited_for() {
    let wait_ns = 60 * MS;
    let keep_alive = |then| Piece::KeepAlive {
        before_block: 2,
        beat: Beat::Ping,
        every_ns: 15 * MS,
        count: 4,
        then,
    };
    let stall = |at| Piece::Stall {
        at,
        wait_ns: Some(wait_ns),
    };
    let (end, after_ns) = (EndKind::Complete, wait_ns);
    for piece in [
        Piece::Burst {
            wait_ns,
            head: false,
        },
        Piece::Burst {
            wait_ns,
            head: true,
        },
        Piece::Drip {
            bytes: 100,
            every_ns: 15 * MS,
        },
        stall(Spot::Head),
        stall(Spot::Block(3)),
        stall(Spot::Block(5)),
        keep_alive(None),
        Piece::Ending { end, after_ns },
    ] {
        let running = running(vec![piece.clone()], None);
        let (answer, time) = timed(|| ask(&running));
        assert_eq!(answer.ended, Ended::Whole, "{piece:?}");
        assert!(answer.body().ends_with(EVENTS[4].as_bytes()), "{piece:?}");
        // Never early; how late is the machine's affair.
        assert!(Duration::from_millis(60) <= time, "{piece:?}: {time:?}");
    }
}

#[test]
fn what_is_to_last_for_ever_does() {
    let stall = |at| Piece::Stall { at, wait_ns: None };
    let (end, after_ns) = (EndKind::Timeout, 0);
    let keep_alive = Piece::KeepAlive {
        before_block: 2,
        beat: Beat::Comment,
        every_ns: MS,
        count: 3,
        then: Some(EndKind::Timeout),
    };
    let beats = ": keep-alive\n\n".repeat(3);
    for (piece, head, body) in [
        (stall(Spot::Head), false, String::new()),
        (stall(Spot::Block(0)), true, String::new()),
        (stall(Spot::Block(2)), true, EVENTS[..2].concat()),
        (Piece::Ending { end, after_ns }, true, EVENTS.concat()),
        (keep_alive, true, EVENTS[..2].concat() + &beats),
    ] {
        let running = running(vec![piece.clone()], None);
        let mut client = Client::connect(running.addr());
        client.send(post("/v1/messages", &asks("a")).as_bytes());
        let stalled = || running.server().activity("").unwrap().stalled;
        wait_until(|| stalled() == 1);
        client.gather(|| stalled() == 1);
        let answer = client.answer();
        assert_eq!(answer.ended, Ended::Open, "{piece:?}");
        assert_eq!(!answer.head.is_empty(), head, "{piece:?}");
        assert_eq!(String::from_utf8(answer.body()).unwrap(), body, "{piece:?}");
        drop(client);
        wait_until(|| stalled() == 0);
        let [seen] = running.server().requests("").try_into().unwrap();
        assert!(seen.left_ns.is_some() && seen.whole, "{seen:?}");
        assert_eq!(seen.head_ns.is_some(), head, "{piece:?}: {seen:?}");
    }
}

#[test]
fn the_connection_may_break_behind_the_reply() {
    for (end, ended) in [
        (EndKind::Reset, Ended::Reset),
        (EndKind::Unterminated, Ended::Fin),
    ] {
        let answer = ask(&running(vec![Piece::Ending { end, after_ns: 0 }], None));
        assert_eq!(
            (answer.body(), answer.ended),
            (EVENTS.concat().into(), ended)
        );
    }
}

fn error(status: u16, body: ErrorBody, retry_after: Option<RetryAfter>) -> Piece {
    Piece::HttpError {
        status,
        body,
        retry_after,
        should_retry: None,
    }
}

#[test]
fn an_error_of_http_comes_instead_of_the_stream_and_the_retry_gets_the_reply() {
    let statuses = [
        400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504, 520, 529,
    ];
    for status in statuses {
        for body in [
            ErrorBody::Json,
            ErrorBody::JsonArray,
            ErrorBody::Html,
            ErrorBody::Empty,
            ErrorBody::Text,
            ErrorBody::Truncated,
        ] {
            let running = running(vec![error(status, body, None)], Some(Vec::new()));
            let answer = ask(&running);
            assert_eq!(answer.status(), status);
            assert!(!answer.chunked && answer.header("request-id").is_none());
            let length: usize = answer.header("content-length").unwrap().parse().unwrap();
            let kind = answer.header("content-type").map(str::to_owned);
            let came = answer.body();
            match body {
                ErrorBody::Json | ErrorBody::JsonArray => {
                    assert_eq!(kind.as_deref(), Some("application/json"));
                    let json = answer.json();
                    let error = json.get(0).unwrap_or(&json).get("error");
                    assert!(error.unwrap().get("message").is_some());
                }
                ErrorBody::Html => assert!(came.starts_with(b"<!DOCTYPE html>")),
                ErrorBody::Empty => assert_eq!((kind, came.len()), (None, 0)),
                ErrorBody::Text => assert_eq!(kind.as_deref(), Some("text/plain")),
                _ => {
                    assert!(came.len() * 2 <= length && !came.is_empty());
                    assert_eq!(answer.ended, Ended::Fin);
                }
            }
            if body != ErrorBody::Truncated {
                assert_eq!((answer.body().len(), answer.ended), (length, Ended::Whole));
            }
            let again = ask(&running);
            assert_eq!(again.status(), 200);
            assert_eq!(again.body(), EVENTS.concat().as_bytes());
            let seen = running.server().requests("");
            let attempts: Vec<_> = seen.iter().map(|seen| (seen.attempt, seen.retry)).collect();
            assert_eq!(attempts, [(0, false), (1, true)]);
        }
    }
}

#[test]
fn an_error_says_when_to_ask_again_in_any_of_the_shapes() {
    let header = |retry_after, name| {
        let error = error(429, ErrorBody::Json, Some(retry_after));
        let answer = ask(&running(vec![error], None));
        answer.header(name).map(str::to_owned)
    };
    let seconds = header(RetryAfter::Seconds(2), "retry-after");
    assert_eq!(seconds.as_deref(), Some("2"));
    let millis = header(RetryAfter::Milliseconds(250), "retry-after-ms");
    assert_eq!(millis.as_deref(), Some("250"));
    // A date, as `Tue, 24 Nov 2026 16:40:00 GMT`.
    let date = header(RetryAfter::DateInSeconds(3), "retry-after").unwrap();
    let parts: Vec<&str> = date.split(' ').collect();
    assert_eq!(
        (date.len(), parts.len(), parts[5]),
        (29, 6, "GMT"),
        "{date}"
    );
    let piece = Piece::HttpError {
        status: 500,
        body: ErrorBody::Json,
        retry_after: None,
        should_retry: Some(false),
    };
    let answer = ask(&running(vec![piece], None));
    assert_eq!(answer.header("x-should-retry"), Some("false"));
}

#[test]
fn what_is_no_event_stream_says_what_it_is() {
    for (body, status, kind) in [
        (NoStream::Error, 200, Some("application/json")),
        (NoStream::Whole, 200, Some("application/json")),
        (NoStream::Html, 200, Some("text/html; charset=utf-8")),
        (
            NoStream::Bare,
            200,
            Some("text/event-stream; charset=utf-8"),
        ),
        (
            NoStream::Empty,
            200,
            Some("text/event-stream; charset=utf-8"),
        ),
        (NoStream::NoContent, 204, None),
    ] {
        let running = running(vec![Piece::NoStream { body }], None);
        let mut client = Client::connect(running.addr());
        let answer = client.post("/v1/messages", &asks("a"));
        assert_eq!(
            (answer.status(), answer.header("content-type")),
            (status, kind)
        );
        assert_eq!(answer.ended, Ended::Whole, "{body:?}");
        assert!(!String::from_utf8_lossy(&answer.body()).contains("data:"));
        if body == NoStream::Whole {
            let json = answer.json();
            assert_eq!(json["content"][0]["name"], "read");
            assert_eq!(json["stop_reason"], "tool_use");
        }
        // The connection is as good as before.
        assert_eq!(client.post("/v1/no", "{}").status(), 404);
    }
    let other = ask(&running(vec![Piece::WrongDialect {}], None));
    let text = String::from_utf8(other.body()).unwrap();
    assert!(text.contains("chat.completion.chunk") && text.ends_with("data: [DONE]\n\n"));
}

#[test]
fn the_second_attempt_is_whole_and_has_other_ids() {
    let at = EVENTS[..3].concat().len();
    let first = vec![Piece::Cut {
        at,
        end: EndKind::Reset,
    }];
    let suffix = "_2".to_owned();
    let running = running(first, Some(vec![Piece::NewIds { suffix }]));
    let broken = ask(&running);
    assert_eq!((broken.body().len(), broken.ended), (at, Ended::Reset));
    let again = ask(&running);
    let text = String::from_utf8(again.body()).unwrap();
    assert_eq!(again.ended, Ended::Whole);
    assert!(text.contains("\"msg_1_2\"") && text.contains("\"toolu_1_2\""));
    assert_eq!(text.replace("_2\"", "\""), EVENTS.concat());
}

#[test]
fn sizes_reach_the_client() {
    let (block, bytes) = (1, 2 << 20);
    let answer = ask(&running(vec![Piece::Grow { block, bytes }], None));
    assert_eq!(answer.ended, Ended::Whole);
    assert!(bytes < answer.body().len());
    let endless = Piece::Endless {
        before_block: 2,
        what: wiretape_vary::Unending::Line,
        bytes,
        end: EndKind::Unterminated,
    };
    let answer = ask(&running(vec![endless], None));
    assert_eq!(answer.ended, Ended::Fin);
    assert!(bytes < answer.body().len() && answer.body().ends_with(b"xxx"));
}
