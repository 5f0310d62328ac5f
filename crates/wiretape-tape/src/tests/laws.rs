//! Law 4, round trip, for the file.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::collection::vec as vec_of;
use proptest::prelude::{Just, Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::{
    Body, Chunk, End, EndKind, Exchange, Header, OtherLine, Request, Response, Run, Source,
    SourceKind, Tape, encode, parse,
};

fn texts() -> impl Strategy<Value = String> {
    vec_of(any::<char>(), 0..6).prop_map(|chars| chars.into_iter().collect())
}

fn values() -> impl Strategy<Value = Value> {
    let number = any::<f64>().prop_filter_map("finite", |n| n.is_finite().then(|| json!(n)));
    let leaf = (texts(), any::<u64>(), any::<i64>(), number, 0..6_u8).prop_map(
        |(text, uint, int, number, which)| match which {
            0 => Value::Null,
            1 => json!(text),
            2 => json!(uint),
            3 => json!(int),
            4 => json!([{ text: int }]),
            _ => number,
        },
    );
    leaf.boxed()
}

fn extras() -> impl Strategy<Value = Map<String, Value>> {
    vec_of((texts().prop_map(|key| format!("x{key}")), values()), 0..3)
        .prop_map(|fields| fields.into_iter().collect())
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    vec_of((texts(), texts()), 0..3)
}

fn requests() -> impl Strategy<Value = Request> {
    let body = (0..4_u8, values(), texts(), vec_of(any::<u8>(), 0..6)).prop_map(
        |(which, value, text, bytes)| match which {
            0 => Body::Empty,
            1 => Body::Json(format!("{value}")),
            2 => Body::Text(text),
            _ => Body::Bytes(bytes),
        },
    );
    (texts(), texts(), pairs(), body, extras()).prop_map(|(method, path, headers, body, extra)| {
        Request {
            method,
            path,
            headers,
            body,
            extra,
        }
    })
}

fn exchanges() -> impl Strategy<Value = Exchange> {
    let response = (any::<u64>(), any::<u16>(), pairs(), extras()).prop_map(
        |(after_ns, status, headers, extra)| Response {
            after_ns,
            status,
            headers,
            extra,
        },
    );
    let bytes = (any::<bool>(), texts(), vec_of(any::<u8>(), 0..6))
        .prop_map(|(text, chars, bytes)| if text { chars.into_bytes() } else { bytes });
    let chunks = vec_of((any::<u64>(), bytes), 0..6);
    let end = (any::<bool>(), any::<u64>(), 0..EndKind::ALL.len(), extras());
    let request = proptest::option::of(requests());
    (request, response, chunks, end).prop_map(|(request, response, chunks, end)| {
        let chunks: Vec<Chunk> = chunks
            .into_iter()
            .map(|(after_ns, bytes)| Chunk { after_ns, bytes })
            .collect();
        let (ends, after_ns, kind, extra) = end;
        let end = ends.then(|| End {
            extra,
            ..End::of(&chunks, after_ns, EndKind::ALL[kind])
        });
        Exchange {
            request,
            response: Some(response),
            chunks,
            end,
        }
    })
}

fn tapes() -> impl Strategy<Value = Tape> {
    let texts = || proptest::option::of(texts());
    let source = (
        0..SourceKind::ALL.len(),
        texts(),
        vec_of("[a-z]*", 0..3),
        texts(),
        extras(),
    )
        .prop_map(|(kind, server, cites, note, extra)| Source {
            kind: SourceKind::ALL[kind],
            server,
            cites,
            note,
            extra,
        });
    let scenario = proptest::option::of(values());
    let header = (
        Just(1),
        texts(),
        source,
        any::<bool>(),
        scenario,
        (vec_of("[a-z]*", 0..3), extras()),
    )
        .prop_map(
            |(wiretape, dialect, source, exact, scenario, (unknown, extra))| Header {
                wiretape,
                dialect,
                source,
                exact,
                scenario,
                unknown,
                extra,
            },
        );
    let order = vec_of((0..4_usize, 0..4_usize), 0..12);
    let other = vec_of((0..20_usize, extras()), 0..3);
    (header, vec_of(exchanges(), 0..4), order, other).prop_map(
        |(header, exchanges, order, other)| Tape {
            header,
            exchanges,
            order: order
                .into_iter()
                .map(|(exchange, lines)| Run { exchange, lines })
                .collect(),
            other: other
                .into_iter()
                .map(|(after, value)| OtherLine { after, value })
                .collect(),
        },
    )
}

/// What was written reads back equal, and is written the same again.
#[test]
fn round_trip() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(512)
    };
    let law = |mut tape: Tape| {
        let written = encode(&tape);
        let read = parse(written.as_bytes()).unwrap();
        assert_eq!(read.torn, None);
        assert_eq!(encode(&read.tape), written);
        assert_eq!(parse(written.as_bytes()).unwrap().tape, read.tape);
        assert_eq!(read.tape.other.len(), tape.other.len());
        // As parse would make them, the rest has to be equal.
        tape.order.clone_from(&read.tape.order);
        tape.other.clone_from(&read.tape.other);
        assert_eq!(read.tape, tape);
        tape.order.clear();
        tape.other.clear();
        assert_eq!(parse(encode(&tape).as_bytes()).unwrap().tape, tape);
        Ok(())
    };
    TestRunner::new_with_rng(config, rng)
        .run(&tapes(), law)
        .unwrap();
}
