//! The framing of JSON values: whole, byte by byte, and in two pieces at every place.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use wiretape_core::{ErrorKind, Limits, json_stream};

type Frames = Vec<(u64, String)>;

fn decoded(chunks: &[&[u8]], frame_bytes_max: usize) -> (Frames, Option<(u64, ErrorKind)>) {
    let limits = Limits {
        frame_bytes_max,
        ..Limits::default()
    };
    let mut decoder = json_stream::Decoder::new(limits);
    let mut frames = Vec::new();
    for chunk in chunks {
        let mut input = *chunk;
        loop {
            let before = input.len();
            match decoder.decode(&mut input) {
                Ok(Some(frame)) => frames.push((frame.at, frame.data.unwrap().to_owned())),
                Ok(None) => break assert!(input.is_empty(), "`None` wants more"),
                Err(error) => return (frames, Some((error.at, error.kind))),
            }
            assert!(input.len() < before, "a frame consumes bytes");
        }
    }
    match decoder.finish() {
        Ok(last) => {
            frames.extend(last.map(|frame| (frame.at, frame.data.unwrap().to_owned())));
            (frames, None)
        }
        Err(error) => (frames, Some((error.at, error.kind))),
    }
}

#[track_caller]
fn check(body: &str, frames: &[(u64, &str)], error: Option<(u64, ErrorKind)>) {
    let frames = frames.iter().map(|(at, data)| (*at, (*data).to_owned()));
    let expected = (frames.collect::<Frames>(), error);
    let body = body.as_bytes();
    assert_eq!(decoded(&[body], 20), expected, "whole");
    assert_eq!(
        decoded(&body.chunks(1).collect::<Vec<_>>(), 20),
        expected,
        "byte by byte"
    );
    for at in 0..body.len() {
        let (one, other) = body.split_at(at);
        assert_eq!(decoded(&[one, other], 20), expected, "cut at {at}");
    }
}

#[test]
fn values() {
    let not_json = |at| Some((at, ErrorKind::NotJson { offset: 0 }));
    let truncated = |at| Some((at, ErrorKind::Truncated));
    check("", &[], None);
    check(" \r\n", &[], None);
    check("[]", &[], None);
    check(
        "[{\"a\": [1]}\n,\r\n{}\n]\n",
        &[(1, "{\"a\": [1]}"), (15, "{}")],
        None,
    );
    check("{\"a\":\"}\\\"]\"}", &[(0, "{\"a\":\"}\\\"]\"}")], None);
    check(
        "{\n \"a\": 1\n}\n{}",
        &[(0, "{\n \"a\": 1\n}"), (12, "{}")],
        None,
    );
    check("{}{}", &[(0, "{}"), (2, "{}")], None);
    check(
        "[1,\"]\", null ]",
        &[(1, "1"), (3, "\"]\""), (8, "null")],
        None,
    );
    check(
        "1 true\n-2.5e3",
        &[(0, "1"), (2, "true"), (7, "-2.5e3")],
        None,
    );
    check("[{}", &[(1, "{}")], truncated(3));
    check("[{},", &[(1, "{}")], truncated(4));
    check("[{}, {\"a", &[(1, "{}")], truncated(5));
    check("{\"a\"", &[], truncated(0));
    check("tru", &[], truncated(0));
    check("[1", &[], truncated(1));
    check("[{}{}]", &[(1, "{}")], not_json(3));
    check("[,{}]", &[], not_json(1));
    check("[{},]", &[(1, "{}")], not_json(4));
    check("[{}] {}", &[(1, "{}")], not_json(5));
    check("{} ]", &[(0, "{}")], not_json(3));
    check("{},{}", &[(0, "{}")], not_json(2));
    check("data: {}", &[], not_json(0));
    // What is between the brackets of a value is for the dialect to judge.
    check("[{]}", &[(1, "{]")], not_json(3));
}

#[test]
fn limits_and_text() {
    let limit = Some((1, ErrorKind::FrameTooLarge { limit: 20 }));
    check(
        "[\"234567890123456789\"]",
        &[(1, "\"234567890123456789\"")],
        None,
    );
    check("[\"2345678901234567890\"]", &[], limit);
    check("[123456789012345678901]", &[], limit);
    check(
        "[{}                             ,{}]",
        &[(1, "{}"), (33, "{}")],
        None,
    );
    check("[\"é😀\"]", &[(1, "\"é😀\"")], None);
    let body = b"[{}, \"\xff\", {}]";
    let ill = (
        vec![(1, "{}".to_owned())],
        Some((5, ErrorKind::IllFormedUtf8)),
    );
    assert_eq!(decoded(&[body], 20), ill);
    assert_eq!(decoded(&body.chunks(1).collect::<Vec<_>>(), 20), ill);
}
