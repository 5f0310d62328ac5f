//! What lives in time: paces, holds, clients that leave or take nothing, many at once, the end.

use std::time::{Duration, Instant};

use wiretape_core::event_stream::{Value, encode};
use wiretape_serve::{Config, Flush, Limits, Matching, Mount, Outcome, Pace, Report};
use wiretape_tape::{Chunk, End, EndKind, Exchange};

use crate::client::{Client, Ended, QUIET, post};
use crate::support::{Running, asks, stream, tape, wait_until};

const CHUNKS: [&str; 4] = ["data: 1\n\n", "data: 2\n\nda", "ta: 3\n\n", "data: 4\n\n"];

fn exchange() -> Exchange {
    stream(&asks("hi"), &CHUNKS, EndKind::Complete)
}

/// With a gap before the last chunk that no test waits for.
fn slow() -> Exchange {
    let mut exchange = exchange();
    exchange.chunks[3].after_ns = 3_600_000_000_000;
    exchange
}

const AS_RECORDED: Pace = Pace::Scripted { n: 1, of: 1 };

fn ask(running: &Running) -> Client {
    let mut client = Client::connect(running.addr());
    client.send(post("/v1/messages", &asks("hi")).as_bytes());
    client
}

fn read_until(client: &mut Client, end: &str) {
    while !client.buffer.ends_with(end.as_bytes()) {
        client.more().unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "what is tested is time")]
fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = what();
    (done, start.elapsed())
}

#[test]
fn paces_are_kept() {
    let mut exchange = exchange();
    let ms = 1_000_000;
    exchange.response.as_mut().unwrap().after_ns = 80 * ms;
    for chunk in &mut exchange.chunks {
        chunk.after_ns = 40 * ms;
    }
    let mount = Mount::new(&tape(vec![exchange])).matching(Matching::First);
    let running = Running::with(mount.clone());
    for (pace, expected) in [
        (Pace::Instant, 0),
        (Pace::Scripted { n: 1, of: 1 }, 240),
        (Pace::Scripted { n: 3, of: 1 }, 80),
        (Pace::Scripted { n: 2, of: 3 }, 360),
    ] {
        running
            .server()
            .mount("", mount.clone().pace(pace))
            .unwrap();
        let (answer, time) = timed(|| ask(&running).answer());
        assert_eq!(answer.chunks, CHUNKS.map(|chunk| chunk.as_bytes().to_vec()));
        // Never early; how late is the machine's affair.
        assert!(
            Duration::from_millis(expected) <= time,
            "{pace:?}: {time:?}"
        );
    }
}

#[test]
fn a_hold_stops_before_an_event_until_it_is_released() {
    // Event 2 is completed by the third chunk, event 9 does not come: that is the end.
    for (event, held_at) in [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (9, 4)] {
        for flush in [Flush::Chunk, Flush::Batch] {
            let mount = Mount::new(&tape(vec![exchange()]))
                .hold_before(0, event)
                .flush(flush);
            let running = Running::with(mount);
            let mut client = ask(&running);
            wait_until(|| running.server().state("").unwrap().held == 1);
            client
                .stream
                .set_read_timeout(Some(Duration::from_millis(50)))
                .unwrap();
            while client.more().is_ok() {}
            let came = String::from_utf8(client.buffer.clone()).unwrap();
            let chunks = CHUNKS.iter().filter(|chunk| came.contains(**chunk)).count();
            assert_eq!(chunks, held_at, "before event {event}, {flush:?}");
            assert!(!came.ends_with("0\r\n\r\n"));
            assert_eq!(running.server().requests("")[0].outcome, Outcome::InFlight);
            assert_eq!(running.server().release(""), 1);
            client
                .stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let answer = client.answer();
            assert_eq!(answer.chunks, CHUNKS.map(|chunk| chunk.as_bytes().to_vec()));
            assert_eq!(answer.ended, Ended::Whole);
            wait_until(|| running.server().state("").unwrap().in_flight == 0);
            assert_eq!(running.server().state("").unwrap().held, 0);
            assert_eq!(running.server().release(""), 0);
        }
    }
}

/// A message of an AWS event stream.
fn message(payload: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let headers = [(":event-type", Value::Text("messageStop"))];
    encode(&headers, payload.as_bytes(), &mut out).unwrap();
    out
}

/// How many chunks come before a hold before this event.
fn chunks_before(chunks: &[&[u8]], event: usize) -> usize {
    let mut exchange = stream(&asks("hi"), &[], EndKind::Complete);
    let chunk = |bytes: &&[u8]| Chunk {
        after_ns: 1,
        bytes: bytes.to_vec(),
    };
    exchange.chunks = chunks.iter().map(chunk).collect();
    exchange.end = Some(End::of(&exchange.chunks, 0, EndKind::Complete));
    let running = Running::with(Mount::new(&tape(vec![exchange])).hold_before(0, event));
    let mut client = ask(&running);
    wait_until(|| running.server().state("").unwrap().held == 1);
    let quiet = Some(Duration::from_millis(50));
    client.stream.set_read_timeout(quiet).unwrap();
    let answer = client.answer();
    assert_eq!(answer.ended, Ended::Open);
    answer.chunks.len()
}

#[test]
fn a_hold_counts_the_events_of_every_framing() {
    let (first, second) = (message("{}"), message(r#"{"stopReason":"end_turn"}"#));
    let (begun, rest) = second.split_at(5);
    let binary: [&[u8]; 4] = [&first[..7], &[&first[7..], begun].concat(), rest, &first];
    let framings: [(&str, [&[u8]; 4]); 4] = [
        (
            "lines",
            [b"{\"n\"", b":1}\n{\"n\":", b"2}\n", b"{\"n\":3}\n"],
        ),
        (
            "a line without its end",
            [b"{", b"}\n{\"n\":", b"2}\n", b"{}"],
        ),
        (
            "an array",
            [b"[{\"n\"", b":1}\n,\r\n{\"n\":", b"2}", b",{}]"],
        ),
        ("messages", binary),
    ];
    // Events end in chunks 1, 2 and 3; event 3 does not come.
    for (framing, chunks) in framings {
        let held: Vec<usize> = (0..4).map(|event| chunks_before(&chunks, event)).collect();
        assert_eq!(held, [1, 2, 3, 4], "{framing}");
    }
    // No events at all: chunks are counted.
    let text: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];
    let held: Vec<usize> = (0..4).map(|event| chunks_before(&text, event)).collect();
    assert_eq!(held, [0, 1, 2, 3]);
}

#[test]
fn a_hold_stops_the_clock() {
    let mut paced = exchange();
    paced.chunks[1].after_ns = 150_000_000;
    let mount = Mount::new(&tape(vec![paced]))
        .pace(AS_RECORDED)
        .hold_before(0, 1);
    let running = Running::with(mount.hold_before(0, 3));
    let mut client = ask(&running);
    read_until(&mut client, "data: 1\n\n\r\n");
    wait_until(|| running.server().state("").unwrap().held == 1);
    std::thread::sleep(Duration::from_millis(200));
    let ((), time) = timed(|| {
        assert_eq!(running.server().release(""), 1);
        read_until(&mut client, "ta: 3\n\n\r\n");
    });
    assert!(
        Duration::from_millis(100) <= time,
        "the gap was waited for: {time:?}"
    );
    wait_until(|| running.server().state("").unwrap().held == 1);
    assert_eq!(running.server().release(""), 1);
    assert_eq!(client.answer().ended, Ended::Whole);
}

#[test]
fn a_client_that_leaves_is_noticed_while_nothing_is_sent() {
    let held = Mount::new(&tape(vec![exchange()])).hold_before(0, 2);
    let waiting = Mount::new(&tape(vec![slow()])).pace(AS_RECORDED);
    let mut late = exchange();
    late.response.as_mut().unwrap().after_ns = 3_600_000_000_000;
    let before_head = Mount::new(&tape(vec![late])).pace(AS_RECORDED);
    for (mount, chunks_sent) in [(held, 2), (waiting, 3), (before_head, 0)] {
        let running = Running::with(mount);
        let mut client = ask(&running);
        match chunks_sent {
            0 => wait_until(|| running.server().state("").unwrap().in_flight == 1),
            chunks => read_until(&mut client, &format!("{}\r\n", CHUNKS[chunks - 1])),
        }
        drop(client);
        let report = running.wait_for(|report| matches!(report, Report::Played { .. }));
        let Report::Played {
            chunks,
            bytes,
            end,
            whole,
            equal,
            ..
        } = report
        else {
            unreachable!()
        };
        assert_eq!(
            (chunks, end, whole, equal),
            (chunks_sent, EndKind::ClientClosed, false, false)
        );
        assert_eq!(bytes, CHUNKS[..chunks_sent].concat().len());
        let state = running.server().state("").unwrap();
        assert_eq!((state.in_flight, state.held), (0, 0));
        assert_eq!(running.server().requests("")[0].outcome, Outcome::Failed);
    }
}

#[test]
fn requests_sent_ahead_of_a_paced_answer_are_kept() {
    let mount = Mount::new(&tape(vec![exchange(), exchange()])).hold_before(0, 2);
    let running = Running::with(mount);
    let mut client = ask(&running);
    wait_until(|| running.server().state("").unwrap().held == 1);
    client.send(post("/v1/messages", &asks("hi again")).as_bytes());
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(running.server().release(""), 1);
    assert_eq!(client.answer().ended, Ended::Whole);
    assert_eq!(client.answer().ended, Ended::Whole);
}

/// A body that no socket's buffers hold.
fn big() -> Exchange {
    let chunk = Chunk {
        after_ns: 0,
        bytes: vec![b'x'; 64 << 10],
    };
    let chunks = vec![chunk; 512];
    let end = Some(End::of(&chunks, 0, EndKind::Complete));
    Exchange {
        chunks,
        end,
        ..exchange()
    }
}

#[test]
fn a_slow_client_gets_everything() {
    let running = Running::with(Mount::new(&tape(vec![big()])));
    let mut client = ask(&running);
    std::thread::sleep(QUIET);
    assert_eq!(
        running.server().state("").unwrap().in_flight,
        1,
        "it waits for the client"
    );
    let answer = client.answer();
    assert_eq!(
        (answer.ended, answer.body().len()),
        (Ended::Whole, 32 << 20)
    );
    let report = running.wait_for(|report| matches!(report, Report::Played { .. }));
    assert!(
        matches!(report, Report::Played { equal: true, .. }),
        "{report}"
    );
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    let running = Running::start(Config {
        limits: Limits {
            write_time: Duration::from_millis(100),
            ..Limits::default()
        },
        ..Config::default()
    });
    for flush in [Flush::Chunk, Flush::Batch] {
        running
            .server()
            .mount("", Mount::new(&tape(vec![big()])).flush(flush))
            .unwrap();
        let mut client = ask(&running);
        wait_until(|| {
            running
                .server()
                .requests("")
                .first()
                .is_some_and(|seen| seen.outcome == Outcome::Failed)
        });
        assert!(matches!(client.answer().ended, Ended::Fin | Ended::Reset));
    }
}

#[test]
fn a_stall_ends_when_the_client_leaves_or_its_time_is_over() {
    let running = Running::start(Config {
        linger: Duration::from_secs(2),
        ..Config::default()
    });
    let stalled = stream(&asks("hi"), &CHUNKS, EndKind::Timeout);
    running
        .server()
        .mount("", Mount::new(&tape(vec![stalled])))
        .unwrap();
    let mut client = ask(&running);
    client.gather(|| running.is_done(""));
    assert_eq!(client.answer().ended, Ended::Open);
    client
        .stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(client.more(), Err(Ended::Fin));
}

#[test]
fn a_thousand_connections_at_once() {
    let mount = Mount::new(&tape(vec![exchange()]))
        .matching(Matching::First)
        .hold_before(0, 2);
    let running = Running::with(mount);
    let mut clients: Vec<Client> = (0..1000).map(|_| ask(&running)).collect();
    wait_until(|| running.server().state("").unwrap().held == 1000);
    assert_eq!(running.server().release(""), 1000);
    for client in &mut clients {
        let answer = client.answer();
        assert_eq!(answer.chunks, CHUNKS.map(|chunk| chunk.as_bytes().to_vec()));
        assert_eq!(answer.ended, Ended::Whole);
    }
    wait_until(|| running.server().state("").unwrap().in_flight == 0);
    assert_eq!(running.server().state("").unwrap().requests, 1000);
}

#[test]
fn connections_beyond_the_limit_wait() {
    let running = Running::start(Config {
        limits: Limits {
            connections: 2,
            ..Limits::default()
        },
        ..Config::default()
    });
    let mount = Mount::new(&tape(vec![exchange()])).matching(Matching::First);
    running.server().mount("", mount).unwrap();
    let mut two = [ask(&running), ask(&running)];
    for client in &mut two {
        assert_eq!(client.answer().ended, Ended::Whole);
    }
    let mut third = ask(&running);
    third.stream.set_read_timeout(Some(QUIET)).unwrap();
    assert_eq!(third.more(), Err(Ended::Open));
    drop(two);
    third
        .stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(third.answer().ended, Ended::Whole);
}

#[test]
fn the_log_of_requests_is_bounded() {
    let running = Running::start(Config {
        limits: Limits {
            seen_requests: 5,
            seen_bytes: 1000,
            ..Limits::default()
        },
        ..Config::default()
    });
    let mount = Mount::new(&tape(vec![exchange()])).matching(Matching::First);
    running.server().mount("", mount).unwrap();
    let mut client = Client::connect(running.addr());
    for number in 0..20 {
        assert_eq!(
            client
                .post("/v1/messages", &asks(&number.to_string()))
                .status(),
            200
        );
    }
    let numbers: Vec<usize> = running
        .server()
        .requests("")
        .iter()
        .map(|seen| seen.number)
        .collect();
    assert_eq!(numbers, [15, 16, 17, 18, 19]);
    assert_eq!(running.server().state("").unwrap().requests, 20);
    assert_eq!(
        client
            .post("/v1/messages", &asks(&"x".repeat(900)))
            .status(),
        200
    );
    assert_eq!(running.server().requests("").len(), 1);
}

#[test]
fn a_stop_lets_answers_end_and_closes_the_rest() {
    let mut running = Running::start(Config::default());
    let mount = |exchange, pace| Mount::new(&tape(vec![exchange])).pace(pace);
    let mut soon = exchange();
    soon.chunks[3].after_ns = 300_000_000;
    let stalled = stream(&asks("hi"), &CHUNKS, EndKind::Timeout);
    running
        .server()
        .mount("/soon", mount(soon, AS_RECORDED))
        .unwrap();
    running
        .server()
        .mount("/never", mount(slow(), AS_RECORDED))
        .unwrap();
    running
        .server()
        .mount("/stalled", mount(stalled, Pace::Instant))
        .unwrap();
    let begun = |prefix: &str, end: &str| {
        let mut client = Client::connect(running.addr());
        client.send(post(&format!("{prefix}/v1/messages"), &asks("hi")).as_bytes());
        read_until(&mut client, end);
        client
    };
    let mut idle = Client::connect(running.addr());
    assert_eq!(idle.get("/_wiretape/state").status(), 200);
    let mut soon = begun("/soon", "ta: 3\n\n\r\n");
    let mut never = begun("/never", "ta: 3\n\n\r\n");
    let mut stalled = begun("/stalled", "data: 4\n\n\r\n");
    let addr = running.addr();
    let server = running.server.take().unwrap();
    let ((), time) = timed(|| {
        running
            .runtime
            .block_on(server.stop(Duration::from_secs(2)));
    });
    assert!(Duration::from_millis(1900) <= time, "{time:?}");
    assert!(
        std::net::TcpStream::connect(addr).is_err(),
        "nobody listens"
    );
    assert_eq!(idle.more(), Err(Ended::Fin));
    assert_eq!(soon.answer().ended, Ended::Whole);
    assert!(matches!(stalled.more(), Err(Ended::Fin | Ended::Reset)));
    assert!(matches!(never.answer().ended, Ended::Fin | Ended::Reset));
}

#[test]
fn a_stop_takes_no_longer_than_the_answers() {
    let mut running = Running::with(Mount::new(&tape(vec![exchange()])));
    let mut client = ask(&running);
    assert_eq!(client.answer().ended, Ended::Whole);
    let server = running.server.take().unwrap();
    let grace = Duration::from_secs(30);
    let ((), time) = timed(|| running.runtime.block_on(server.stop(grace)));
    assert!(time < Duration::from_secs(15), "{time:?}");
}

#[test]
fn a_server_that_is_dropped_closes_everything() {
    let mut running = Running::with(Mount::new(&tape(vec![exchange()])).hold_before(0, 0));
    let mut client = ask(&running);
    wait_until(|| running.server().state("").unwrap().held == 1);
    drop(running.server.take());
    assert!(matches!(client.answer().ended, Ended::Fin | Ended::Reset));
}

#[test]
fn unread_bytes_do_not_cost_a_client_its_answer() {
    let cut = stream(&asks("hi"), &CHUNKS, EndKind::Unterminated);
    let running = Running::with(Mount::new(&tape(vec![cut])));
    let mut client = Client::connect(running.addr());
    // What follows the request is never read as one: the connection ends with the answer.
    let ahead = "x".repeat(100_000);
    client.send(format!("{}{ahead}", post("/v1/messages", &asks("hi"))).as_bytes());
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(2));
        client.send(b"more");
    }
    let answer = client.answer();
    assert_eq!((answer.chunks.len(), answer.ended), (4, Ended::Fin));
}
