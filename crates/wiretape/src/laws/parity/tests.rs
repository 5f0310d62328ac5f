//! The law notices what it is there for: a wrong chunk, a wrong end, no HTTP.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use wiretape_tape::{Chunk, Exchange};
use wiretape_vary::{Cutting, Piece, Subject};

use super::*;

/// Answers each request of one connection with the next of these, then closes it.
fn answers(all: &[&str]) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let all: Vec<String> = all.iter().map(|answer| (*answer).to_owned()).collect();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in all {
            let mut request = [0; 1 << 10];
            assert!(stream.read(&mut request).unwrap() > 0);
            // In two writes, so that a chunk can come in two reads.
            let (first, second) = answer.as_bytes().split_at(answer.len() / 2);
            stream.write_all(first).unwrap();
            thread::sleep(std::time::Duration::from_millis(5));
            stream.write_all(second).unwrap();
        }
    });
    Client::new(&url)
}

fn body(ended: Ended, chunks: &[&str]) -> Body {
    let chunks = chunks.iter().map(|chunk| chunk.as_bytes().to_vec());
    Body {
        ended,
        chunks: chunks.collect(),
    }
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn a_client_sees_chunks_lengths_and_ends_as_they_are() {
    let chunked = format!("{CHUNKED}3\r\none\r\na\r\ntwo\r\n four\r\n0\r\n\r\n");
    let length = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfives";
    let cut = format!("{CHUNKED}3\r\none\r\n");
    let mut client = answers(&[&chunked, length, &cut]);
    let whole = body(Ended::Complete, &["one", "two\r\n four"]);
    assert_eq!(client.ask(None), Ok((whole, true)));
    let five = body(Ended::Complete, &["fives"]);
    assert_eq!(client.ask(None), Ok((five, false)));
    assert_eq!(client.ask(None), Ok((body(Ended::Closed, &["one"]), true)));

    let short = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nfives";
    let closed = body(Ended::Closed, &["fives"]);
    assert_eq!(answers(&[short]).ask(None), Ok((closed, false)));
    assert_eq!(
        answers(&[""]).ask(None),
        Ok((body(Ended::Closed, &[]), true))
    );
}

#[test]
fn what_is_no_http_is_an_error() {
    let cases = [
        (
            format!("{CHUNKED}xyz\r\none\r\n"),
            "\"xyz\" for a chunk's size",
        ),
        (
            format!("{CHUNKED}9\r\none\r\n"),
            "8 bytes of a chunk that is not whole",
        ),
        (format!("{CHUNKED}\r\n"), "\"\" for a chunk's size"),
    ];
    for (answer, expected) in cases {
        assert_eq!(answers(&[&answer]).ask(None), Err(expected.to_owned()));
    }
}

fn exchange(chunks: &[&str]) -> Exchange {
    let chunks = chunks.iter().map(|text| Chunk {
        after_ns: 7,
        bytes: text.as_bytes().to_vec(),
    });
    let chunks: Vec<Chunk> = chunks.collect();
    let end = wiretape_tape::End::of(&chunks, 0, EndKind::Complete);
    Exchange {
        chunks,
        end: Some(end),
        ..Exchange::default()
    }
}

/// A wire whose server replays one exchange, and whose player plays another.
fn differing<'a>(sent: &[&str], played: &'a Subject) -> Wire<'a> {
    let header = Header::new(None, Source::new(SourceKind::Bare));
    let tape = Tape::new(header, vec![exchange(sent)]);
    let server = Replay::new(&tape).start_blocking().unwrap();
    Wire {
        client: Client::new(&server.url()),
        server,
        replay: Replay::new(&tape).matching(Matching::First),
        varied: played,
    }
}

#[test]
fn each_difference_is_noticed_and_named() {
    let subject = Subject::new(&exchange(&["data: 1\n\n", "data: 2\n\n"]), None);
    let cases = [
        (&["data: 1\n\n", "data: 2\n\n"][..], None),
        (&["data: 1\n\ndata: 2\n\n"], Some("chunk 0 of 2")),
        (&["data: 1\n\n", "data: 3\n\n"], Some("chunk 1 of 2")),
        (&["data: 1\n\n"], Some("seen `the end: Complete`")),
        (
            &["data: 1\n\n", "data: 2\n\n", "x"],
            Some("expected `the end: Complete`"),
        ),
    ];
    for (sent, expected) in cases {
        let seen = differing(sent, &subject).compare(&Scenario::plain()).err();
        match (expected, &seen) {
            (None, None) => {}
            (Some(expected), Some(seen)) => assert!(seen.contains(expected), "{seen}"),
            _ => panic!("{sent:?}: {seen:?}"),
        }
    }
}

#[test]
fn ends_are_told_apart() {
    let subject = Subject::new(&exchange(&["data: 1\n\n", "data: 2\n\n"]), None);
    let kinds = [
        EndKind::Complete,
        EndKind::Unterminated,
        EndKind::Reset,
        EndKind::Timeout,
    ];
    for end in kinds {
        let cut = Scenario::of(vec![Piece::Cut { at: 12, end }]);
        let mut wire = differing(&["data: 1\n\n", "data: 2\n\n"], &subject);
        assert_eq!(wire.compare(&cut), Ok(()), "{end:?}");
        assert_eq!(wire.compare(&cut), Ok(()), "{end:?}, again");
        // The server ends otherwise than the player.
        let other = match end {
            EndKind::Complete => EndKind::Reset,
            _ => EndKind::Complete,
        };
        let other = Scenario::of(vec![Piece::Cut { at: 12, end: other }]);
        let played = wire.replay.clone().scenario(other);
        wire.server.mount("", played).unwrap();
        let (seen, _) = wire.client.ask(None).unwrap();
        assert_ne!(seen.ended, super::played(&cut.apply(&subject)).ended);
    }
}

#[test]
fn what_breaks_is_shrunk_to_the_piece_that_matters() {
    // The server is told no dialect, and so skips the piece that needs one.
    let blocks = ["data: {\"type\":\"a\"}\n\n", "data: {\"type\":\"b\"}\n\n"];
    let subject = Subject::new(&exchange(&blocks), Some("anthropic"));
    let mut wire = differing(&blocks, &subject);
    let unknown = Piece::UnknownEvent { before_block: 1 };
    let pieces = vec![
        Piece::Bom {},
        Piece::Rechunk {
            cut: Cutting::Bytes1,
        },
        unknown.clone(),
        Piece::LineEnds {
            ends: wiretape_vary::Ends::CrLf,
        },
    ];
    let scenario = Scenario::of(pieces);
    let seen = wire.compare(&scenario).unwrap_err();
    let (least, difference) = wire.least(&scenario, seen);
    assert_eq!(least.pieces, [unknown]);
    assert!(
        difference.starts_with("chunk 1 of 2, at character 1"),
        "{difference}"
    );
    // Where the bodies differ by themselves, no piece matters.
    let mut wire = differing(&["another"], &subject);
    let seen = wire.compare(&scenario).unwrap_err();
    assert_eq!(wire.least(&scenario, seen).0.pieces, []);
}
