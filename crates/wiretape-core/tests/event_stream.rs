//! AWS event streams: every way to cut a body, every damaged byte, every header.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::cast_possible_truncation, reason = "tests")]

use wiretape_core::event_stream::{
    Decoder, HEADERS_BYTES_MAX, Message, PAYLOAD_BYTES_MAX, Value, encode,
};
use wiretape_core::{Error, ErrorKind, Limits};

/// What a frame says, owned.
#[derive(Debug, PartialEq)]
struct Seen {
    at: u64,
    event: Option<String>,
    data: Option<String>,
    failure: bool,
}

/// Decodes one chunk; what was seen before an error, and the error.
fn feed(decoder: &mut Decoder, chunk: &[u8], seen: &mut Vec<Seen>) -> Result<(), Error> {
    let mut input = chunk;
    loop {
        let before = input.len();
        let Some(frame) = decoder.decode(&mut input)? else {
            assert!(input.is_empty(), "bytes are left");
            return Ok(());
        };
        assert!(input.len() < before, "a frame out of nothing");
        seen.push(Seen {
            at: frame.at,
            event: frame.event.map(String::from),
            data: frame.data.map(String::from),
            failure: frame.is_failure(),
        });
    }
}

/// Decodes a body in chunks of a size.
fn decode_with(limits: Limits, body: &[u8], size: usize) -> (Vec<Seen>, Option<Error>) {
    let mut decoder = Decoder::new(limits);
    let mut seen = Vec::new();
    for chunk in body.chunks(size) {
        if let Err(error) = feed(&mut decoder, chunk, &mut seen) {
            let again = feed(&mut decoder, b"more", &mut Vec::new());
            assert_eq!(again, Err(error), "the error is final");
            assert_eq!(decoder.finish(), Err(error), "at the end too");
            return (seen, Some(error));
        }
    }
    let end = decoder.finish().err();
    (seen, end)
}

fn decode(body: &[u8], size: usize) -> (Vec<Seen>, Option<Error>) {
    decode_with(Limits::default(), body, size)
}

/// The result of a body, which is the same whole, byte by byte and in threes.
fn check(body: &[u8]) -> (Vec<Seen>, Option<Error>) {
    let whole = decode(body, body.len().max(1));
    for size in [1, 3] {
        assert_eq!(decode(body, size), whole, "in chunks of {size}");
    }
    whole
}

fn message(headers: &[(&str, Value<'_>)], payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(headers, payload, &mut out).unwrap();
    out
}

fn event(name: &str, payload: &[u8]) -> Vec<u8> {
    let kind = (":message-type", Value::Text("event"));
    message(&[kind, (":event-type", Value::Text(name))], payload)
}

const EVERY_VALUE: [(&str, Value<'_>); 11] = [
    ("true", Value::Bool(true)),
    ("false", Value::Bool(false)),
    ("byte", Value::Byte(-2)),
    ("short", Value::Short(-300)),
    ("int", Value::Int(-70_000)),
    ("long", Value::Long(i64::MIN)),
    ("bytes", Value::Bytes(&[0, 255, 10])),
    (":event-type", Value::Text("messageStart")),
    ("time", Value::Timestamp(1_700_000_000_000)),
    ("uuid", Value::Uuid([7; 16])),
    ("größe", Value::Text("")),
];

/// Every kind of message in one body.
fn body() -> Vec<u8> {
    let exception = [
        (":exception-type", Value::Text("throttlingException")),
        (":message-type", Value::Text("exception")),
    ];
    let error = [
        (":message-type", Value::Text("error")),
        (":error-code", Value::Text("InternalError")),
        (":error-message", Value::Text("it broke")),
    ];
    let mut body = message(&EVERY_VALUE, r#"{"role":"assistant"}"#.as_bytes());
    body.extend(event(
        "contentBlockDelta",
        "{\"text\":\"a\u{20ac}\"}".as_bytes(),
    ));
    body.extend(event("empty", b""));
    body.extend(message(&[], b"{}"));
    body.extend(message(&exception, br#"{"message":"slow"}"#));
    body.extend(message(&error, b""));
    body
}

#[test]
fn each_message_is_a_frame() {
    let (seen, error) = check(&body());
    assert_eq!(error, None);
    let said: Vec<_> = seen
        .iter()
        .map(|seen| {
            (
                seen.event.as_deref(),
                seen.data.as_deref().unwrap(),
                seen.failure,
            )
        })
        .collect();
    let expected = [
        (Some("messageStart"), r#"{"role":"assistant"}"#, false),
        (Some("contentBlockDelta"), "{\"text\":\"a\u{20ac}\"}", false),
        (Some("empty"), "", false),
        (None, "{}", false),
        (Some("throttlingException"), r#"{"message":"slow"}"#, true),
        (Some("InternalError"), "it broke", true),
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_message_in_one_chunk_is_borrowed() {
    let body = event("messageStop", b"{}");
    let mut input = body.as_slice();
    let mut decoder = Decoder::new(Limits::default());
    let frame = decoder.decode(&mut input).unwrap().unwrap();
    assert!(body.as_ptr_range().contains(&frame.data.unwrap().as_ptr()));
}

/// For all i < j, bytes i..j at once lead from the state after i to that after j: so do all ways to
/// cut the body.
#[test]
fn every_chunking_is_equal() {
    let body = body();
    let mut states = vec![(Decoder::new(Limits::default()), 0)];
    let mut all = Vec::new();
    for byte in body.chunks(1) {
        let mut next = states.last().unwrap().0.clone();
        feed(&mut next, byte, &mut all).unwrap();
        states.push((next, all.len()));
    }
    for (i, (state, before)) in states.iter().enumerate() {
        for (j, (expected, after)) in states.iter().enumerate().skip(i + 1) {
            let mut decoder = state.clone();
            let mut seen = Vec::new();
            feed(&mut decoder, &body[i..j], &mut seen).unwrap();
            assert!(decoder == *expected, "state after {i}..{j}");
            assert_eq!(seen, all[*before..*after], "frames of {i}..{j}");
        }
    }
}

#[test]
fn a_damaged_byte_is_an_error() {
    let body = body();
    let (whole, _) = decode(&body, body.len());
    let starts: Vec<u64> = whole.iter().map(|seen| seen.at).collect();
    for at in 0..body.len() {
        let hit = starts
            .iter()
            .rposition(|&start| start <= at as u64)
            .unwrap();
        for mask in [0x01, 0x80, 0xff] {
            let mut bad = body.clone();
            bad[at] ^= mask;
            let (seen, error) = check(&bad);
            assert_eq!(seen, whole[..hit], "what stands before byte {at}");
            let error = error.unwrap();
            let inside = at as u64 - starts[hit];
            let kind = if inside < 12 {
                ErrorKind::PreludeCrc
            } else {
                ErrorKind::MessageCrc
            };
            assert_eq!((error.at, error.kind), (starts[hit], kind), "byte {at}");
        }
    }
}

#[test]
fn a_body_that_ends_inside_a_message_is_truncated() {
    let body = body();
    let (whole, _) = decode(&body, body.len());
    let mut ends: Vec<u64> = whole.iter().map(|seen| seen.at).collect();
    ends.push(body.len() as u64);
    for cut in 0..=body.len() {
        let (seen, error) = check(&body[..cut]);
        let complete = ends.iter().rposition(|&end| end <= cut as u64).unwrap();
        assert_eq!(seen, whole[..complete]);
        let at = ends[complete];
        let truncated = (at != cut as u64).then_some(Error {
            at,
            kind: ErrorKind::Truncated,
        });
        assert_eq!(error, truncated, "cut at {cut}");
    }
}

/// A prelude that says what it likes, with the right checksum.
fn prelude(total: u32, headers: u32) -> Vec<u8> {
    let mut lengths = total.to_be_bytes().to_vec();
    lengths.extend(headers.to_be_bytes());
    let sum = crc(&lengths);
    lengths.extend(sum.to_be_bytes());
    lengths
}

/// The checksum, a bit at a time.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(!0, byte)
}

#[test]
fn lengths_are_judged_before_they_are_believed() {
    let limit = |limit| ErrorKind::FrameTooLarge { limit };
    let (headers, payload) = (HEADERS_BYTES_MAX as u32, PAYLOAD_BYTES_MAX as u32);
    let cases = [
        (0, 0, ErrorKind::BadLength),
        (15, 0, ErrorKind::BadLength),
        (16, 1, ErrorKind::BadLength),
        (100, u32::MAX, ErrorKind::BadLength),
        (u32::MAX, 0, limit(PAYLOAD_BYTES_MAX)),
        (u32::MAX, u32::MAX - 16, limit(HEADERS_BYTES_MAX)),
        (16 + headers + 1, headers + 1, limit(HEADERS_BYTES_MAX)),
        (16 + payload + 1, 0, limit(PAYLOAD_BYTES_MAX)),
        (16 + payload, 0, ErrorKind::Truncated),
        (16 + headers, headers, ErrorKind::Truncated),
    ];
    for (total, headers, kind) in cases {
        let (seen, error) = check(&prelude(total, headers));
        assert_eq!((seen.len(), error), (0, Some(Error { at: 0, kind })));
    }
    let limits = |frame_bytes_max| Limits {
        frame_bytes_max,
        ..Limits::default()
    };
    let body = event("messageStop", b"{}");
    assert_eq!(decode_with(limits(body.len()), &body, 5).1, None);
    for size in [1, body.len()] {
        let (_, error) = decode_with(limits(body.len() - 1), &body, size);
        assert_eq!(error.unwrap().kind, limit(body.len() - 1));
    }
}

/// A message of these bytes of headers, its checksums right.
fn with_headers(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = 16 + headers.len() + payload.len();
    let mut out = prelude(total as u32, headers.len() as u32);
    out.extend(headers);
    out.extend(payload);
    let sum = crc(&out);
    out.extend(sum.to_be_bytes());
    out
}

#[test]
fn headers_that_cannot_be_read_are_an_error() {
    let body = event("x", b"");
    let whole = &body[12..body.len() - 4];
    let first = ":message-type".len() + "event".len() + 4;
    assert_eq!(check(&with_headers(whole, b"{}")).1, None);
    let bad: [&[u8]; 8] = [
        &[0, 7, 0, 0],             // no name
        &[1, b'a'],                // no type
        &[1, b'a', 10],            // a type that is none
        &[9, b'a', 0],             // a name that goes on
        &[1, b'a', 7, 0, 2, b'x'], // a value that goes on
        &[1, b'a', 9, 1, 2, 3],    // a uuid that is too short
        &[1, 0xff, 0],             // a name that is not UTF-8
        &[1, b'a', 7, 0, 1, 0xff], // a text that is not UTF-8
    ];
    for headers in bad {
        let (seen, error) = check(&with_headers(headers, b"{}"));
        assert_eq!((seen.len(), error.unwrap().kind), (0, ErrorKind::BadHeader));
    }
    for cut in 1..whole.len() {
        if cut != first {
            let (_, error) = check(&with_headers(&whole[..cut], b"{}"));
            assert_eq!(
                error.map(|error| error.kind),
                Some(ErrorKind::BadHeader),
                "{cut}"
            );
        }
    }
}

#[test]
fn payloads_are_text_and_types_are_known() {
    let (_, error) = check(&event("x", b"\xff"));
    assert_eq!(error.unwrap().kind, ErrorKind::IllFormedUtf8);
    let (_, error) = check(&message(&[(":message-type", Value::Text("parcel"))], b""));
    assert!(matches!(error.unwrap().kind, ErrorKind::Protocol(_)));
}

#[test]
fn what_is_written_is_read_back() {
    let payload = [0, 159, 146, 150];
    let mut bytes = message(&EVERY_VALUE, &payload);
    let len = bytes.len();
    bytes.push(1);
    let (message, taken) = Message::parse(&bytes).unwrap().unwrap();
    assert_eq!((taken, message.payload()), (len, payload.as_slice()));
    let headers: Vec<_> = message.headers().map(Result::unwrap).collect();
    assert_eq!(headers, EVERY_VALUE);
    for cut in 0..len {
        assert_eq!(Message::parse(&bytes[..cut]), Ok(None));
    }
    // Both checksums, by another way to compute them.
    let sum = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(
        (sum(8), sum(len - 4)),
        (crc(&bytes[..8]), crc(&bytes[..len - 4]))
    );
    assert_eq!(crc(b"123456789"), 0xCBF4_3926);
}

#[test]
fn what_the_format_cannot_hold_is_not_written() {
    let [name, value, long] = [256, 60_000, 70_000].map(|len| "x".repeat(len));
    let many: Vec<(&str, Value<'_>)> = vec![("a", Value::Text(&value)); 3];
    let bad: [(&[(&str, Value<'_>)], ErrorKind); 4] = [
        (&[("", Value::Bool(true))], ErrorKind::BadHeader),
        (&[(&name, Value::Bool(true))], ErrorKind::BadHeader),
        (&[("a", Value::Text(&long))], ErrorKind::BadHeader),
        (
            &many,
            ErrorKind::FrameTooLarge {
                limit: HEADERS_BYTES_MAX,
            },
        ),
    ];
    let mut out = b"before".to_vec();
    for (headers, kind) in bad {
        assert_eq!(encode(headers, b"", &mut out), Err(kind));
    }
    let large = vec![0; PAYLOAD_BYTES_MAX + 1];
    assert!(encode(&[], &large, &mut out).is_err());
    assert_eq!(out, b"before");
}
