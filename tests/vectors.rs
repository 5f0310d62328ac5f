//! The rules of the event-stream standard, one small body each, whole and byte by byte.

use wiretape_core::{ErrorKind, Frame, Limits, sse};

/// A dispatched event: name, data, last event id.
pub(crate) type Event = (String, String, String);

/// What a client that follows the standard shows of a body cut into these chunks, and the last
/// `retry`.
pub(crate) fn dispatched(chunks: &[&[u8]], options: sse::Options) -> (Vec<Event>, Option<u64>) {
    let mut decoder = sse::Decoder::new(options, Limits::default());
    let mut id = String::new();
    let mut retry = None;
    let mut events = Vec::new();
    let mut see = |frame: Frame<'_>| {
        if let Some(new) = frame.id() {
            id = new.to_owned();
        }
        retry = frame.retry().or(retry);
        if let Some(data) = frame.data {
            let name = frame
                .event
                .filter(|name| !name.is_empty())
                .unwrap_or("message");
            events.push((name.to_owned(), data.to_owned(), id.clone()));
        }
    };
    for chunk in chunks {
        let mut input = *chunk;
        while let Some(frame) = decoder.decode(&mut input).unwrap() {
            see(frame);
        }
    }
    if let Ok(Some(frame)) = decoder.finish() {
        see(frame);
    }
    (events, retry)
}

/// `data` events only: one string each.
fn check(body: &str, expected: &[&str]) {
    check_bytes(body.as_bytes(), expected);
}

fn check_bytes(body: &[u8], expected: &[&str]) {
    let single: Vec<&[u8]> = body.chunks(1).collect();
    for chunks in [vec![body], single] {
        let (events, _) = dispatched(&chunks, sse::Options::standard());
        let data: Vec<&str> = events.iter().map(|(_, data, _)| data.as_str()).collect();
        assert_eq!(data, expected, "{:?}", String::from_utf8_lossy(body));
    }
}

/// Whole events and the retry.
fn check_events(body: &str, expected: &[(&str, &str, &str)], expected_retry: Option<u64>) {
    let single: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
    for chunks in [vec![body.as_bytes()], single] {
        let (events, retry) = dispatched(&chunks, sse::Options::standard());
        let events: Vec<(&str, &str, &str)> = events
            .iter()
            .map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str()))
            .collect();
        assert_eq!(events, expected, "{body:?}");
        assert_eq!(retry, expected_retry, "{body:?}");
    }
}

#[test]
fn byte_order_mark() {
    check("\u{FEFF}data: a\n\n", &["a"]);
    check("\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\n", &["b"]);
    check("data: a\n\n\u{FEFF}data: b\n\n", &["a"]);
    check("data: \u{FEFF}a\n\n", &["\u{FEFF}a"]);
    check("\u{FEFF}", &[]);
    // The first two bytes of a mark, and something else.
    check_bytes(b"\xEF\xBBdata: a\n\ndata: b\n\n", &["b"]);
}

#[test]
fn line_ends() {
    for end in ["\n", "\r", "\r\n"] {
        let body = ["data: a", "", "data: b", "data: c", "", ""].join(end);
        check(&body, &["a", "b\nc"]);
    }
    check("data: a\r\rdata: b\r\n\r\ndata: c\n\n", &["a", "b", "c"]);
    check("data: a\n\rdata: b\r\n\n", &["a", "b"]);
    check("data: a\r\n\rdata: b\n\r\n", &["a", "b"]);
    check("\n\n\r\r\n\ndata: a\n\n\n\n", &["a"]);
    check(
        "data: a\u{2028}b\u{2029}c\u{85}d\u{B}e\u{C}f\n\n",
        &["a\u{2028}b\u{2029}c\u{85}d\u{B}e\u{C}f"],
    );
}

#[test]
fn fields() {
    check("data\n\n", &[""]);
    check("data:\n\n", &[""]);
    check("data\ndata\n\n", &["\n"]);
    check("data: a\ndata:\ndata: b\n\n", &["a\n\nb"]);
    check("data:a\n\n", &["a"]);
    check("data:  a \n\n", &[" a "]);
    check("data:\ta\n\n", &["\ta"]);
    check("data: a:b: c\n\n", &["a:b: c"]);
    check("Data: a\nDATA: b\n data: c\ndata : d\n\n", &[]);
    check("datax: a\ndat: b\ndata: c\n\n", &["c"]);
    check("unknown: a\ndata: b\nunknown\n\n", &["b"]);
    check("data: a\0b\n\n", &["a\0b"]);
}

#[test]
fn comments_and_blank_lines_dispatch_nothing() {
    check(": a\n\n", &[]);
    check(":\n:\n\n\n", &[]);
    check(": a\ndata: b\n:c\n\n: d\n\n", &["b"]);
    check(":data: a\n\n", &[]);
    check("event: a\n\ndata: b\n\n", &["b"]);
    check("", &[]);
}

#[test]
fn event_names() {
    check_events(
        "event: a\ndata: b\n\ndata: c\n\n",
        &[("a", "b", ""), ("message", "c", "")],
        None,
    );
    check_events("event: a\n\ndata: c\n\n", &[("message", "c", "")], None);
    check_events("event: a\nevent: b\ndata: c\n\n", &[("b", "c", "")], None);
    check_events(
        "event: a\nevent\ndata: c\n\n",
        &[("message", "c", "")],
        None,
    );
    check_events("event:  a \ndata: c\n\n", &[(" a ", "c", "")], None);
}

#[test]
fn last_event_id() {
    check_events(
        "id: 1\ndata: a\n\ndata: b\n\n",
        &[("message", "a", "1"), ("message", "b", "1")],
        None,
    );
    check_events("id: 1\n\ndata: b\n\n", &[("message", "b", "1")], None);
    check_events(
        "id: 1\ndata: a\n\nid\ndata: b\n\n",
        &[("message", "a", "1"), ("message", "b", "")],
        None,
    );
    check_events("id: 1\0\ndata: a\n\n", &[("message", "a", "")], None);
    check_events(
        "id: 1\nid: 2\0\ndata: a\n\n",
        &[("message", "a", "1")],
        None,
    );
    check_events("data: a\n\nid: 2\ndata: b\n", &[("message", "a", "")], None);
}

#[test]
fn retry_is_digits_only() {
    check_events("retry: 10\n\n", &[], Some(10));
    check_events("retry:007\ndata: a\n\n", &[("message", "a", "")], Some(7));
    // The standard knows no largest number; ours is u64's.
    check_events("retry: 99999999999999999999999\n\n", &[], Some(u64::MAX));
    for bad in ["", "1.5", "-1", "+1", "10 ", "1x", "0x10", "\u{664}"] {
        check_events(
            &format!("retry: {bad}\ndata: a\n\n"),
            &[("message", "a", "")],
            None,
        );
    }
}

#[test]
fn an_unfinished_event_is_discarded() {
    check("data: a\n\ndata: b", &["a"]);
    check("data: a\n\ndata: b\n", &["a"]);
    check("data: a\n\ndata: b\r", &["a"]);
    check("data: a", &[]);
}

#[test]
fn ill_formed_utf8_is_replaced_or_an_error() {
    let bodies: [(&[u8], &str); 5] = [
        (b"data: a\xFFb\n\n", "a\u{FFFD}b"),
        (b"data: \xE2\x82\n\n", "\u{FFFD}"),
        (b"data: \xF0\x9F\x98x\n\n", "\u{FFFD}x"),
        (b"data: \xC0\x80\n\n", "\u{FFFD}\u{FFFD}"),
        (b"data: \xED\xA0\x80\n\n", "\u{FFFD}\u{FFFD}\u{FFFD}"),
    ];
    for (body, expected) in bodies {
        check_bytes(body, &[expected]);
        for size in [1, body.len()] {
            let mut decoder = sse::Decoder::new(sse::Options::strict(), Limits::default());
            let error = body
                .chunks(size)
                .find_map(|chunk| decoder.decode(&mut &chunk[..]).err());
            let error = error.unwrap();
            assert_eq!((error.at, error.kind), (0, ErrorKind::IllFormedUtf8));
        }
    }
}
