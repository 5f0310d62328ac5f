//! No body and no scenario is refused by a panic.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use super::{ANTHROPIC, BODIES, OPENAI_CHAT, exchange};
use crate::rng::Rng;
use crate::stream::{Shape, Stream};
use crate::{Cutting, Ends, ErrorName, Escapes, LineEnd, Pace, Piece, Profile, Scenario, Subject};
use wiretape_tape::EndKind;

/// A body cut, mixed with others, and with bytes that do not belong there.
fn garbled(seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed, "garbled");
    let parts: [&[u8]; 12] = [
        b"data: [DONE]\n\n",
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\u\"}}]}\n\n",
        b"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\\ud83d\"}}\n\n",
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"\\\\\"}}]}}]}\r\n\r\n",
        b"\xff\xfe\x00",
        b"\r\n\r\r\n\n",
        b"{\"a\":[[[[{{{",
        b"\xef\xbb\xbf",
        b":\n\nid\nretry: x\n",
        b"data: {\"\\u0061\":\"\xc3\"}\n\n",
        b"data: {}\ndata: {}\n\n",
        b"data: {\"input\":{\"input\":[1",
    ];
    let mut body = Vec::new();
    for _ in 0..rng.within(0, 4) {
        let bodies = [ANTHROPIC, OPENAI_CHAT];
        let whole = rng.pick(&bodies).map_or(&[][..], |body| body.as_bytes());
        let (from, to) = (rng.size(0, whole.len()), rng.size(0, whole.len()));
        body.extend_from_slice(whole.get(from..to).unwrap_or_default());
        body.extend_from_slice(rng.pick(&parts).copied().unwrap_or_default());
    }
    for _ in 0..rng.within(0, 3) {
        let last = body.len().saturating_sub(1);
        let place = rng.size(0, last);
        let drawn = u8::try_from(rng.within(0, 255)).unwrap_or(0);
        if let Some(byte) = body.get_mut(place) {
            *byte = drawn;
        }
    }
    body
}

/// Every piece, with parameters that need not fit.
fn any_pieces(rng: &mut Rng) -> Vec<Piece> {
    let block = rng.size(0, 20);
    let before_block = rng.size(0, 20);
    let at = rng.size(0, 60);
    let text = rng
        .pick(&["x", "", "a\nb", "\0", "data"])
        .copied()
        .unwrap_or("");
    let text = text.to_string();
    vec![
        Piece::MergeDeltas { block },
        Piece::SplitDelta { block, at },
        Piece::SplitSurrogate { block, at },
        Piece::Interleave {
            order: vec![at, block, 0, 1, 2, usize::MAX],
        },
        Piece::JsonEscapes {
            block,
            which: Escapes::All,
            keys: true,
        },
        Piece::UnknownField {
            block,
            first: false,
            value: text.clone(),
        },
        Piece::JsonWhitespace { block, spaces: 255 },
        Piece::UnknownEvent { before_block },
        Piece::MultiData { block, gap: at },
        Piece::DataSpacing { space: at % 2 == 0 },
        Piece::UnknownSseField {
            block,
            name: text.clone(),
            value: text.clone(),
        },
        Piece::IdField {
            block,
            id: text.clone(),
        },
        Piece::Comment { before_block, text },
        Piece::Ping { before_block },
        Piece::Bom {},
        Piece::LineEnds {
            ends: Ends::Mixed(vec![LineEnd::Cr, LineEnd::Lf]),
        },
        Piece::LineEnds {
            ends: Ends::Mixed(vec![]),
        },
    ]
}

/// Every piece of the catalogue, in a shape by chance.
fn any_quirks(rng: &mut Rng) -> Vec<Piece> {
    let block = rng.size(0, 20);
    let before_block = rng.size(0, 20);
    let at = rng.size(0, 60);
    let call = rng.size(0, 3);
    let reason = "length".to_string();
    let then = Some(EndKind::Reset).filter(|_| at % 2 == 0);
    macro_rules! any {
        ($of:ident) => {
            *rng.pick(crate::$of::ALL).unwrap()
        };
    }
    vec![
        Piece::Noise {
            before_block,
            noise: any!(Noise),
        },
        Piece::EventNames {
            names: any!(EventNames),
        },
        Piece::Halved { block, at },
        Piece::Arguments {
            call,
            shape: any!(Arguments),
        },
        Piece::Truncate {
            block,
            at,
            reason: reason.clone(),
            closed: at % 3 == 0,
        },
        Piece::Indices {
            indices: any!(Indices),
        },
        Piece::Ids { ids: any!(Ids) },
        Piece::Names { names: any!(Names) },
        Piece::Order { order: any!(Order) },
        Piece::Tail { tail: any!(Tail) },
        Piece::Usage { usage: any!(Usage) },
        Piece::Splice { before_block },
        Piece::Lifecycle {
            content: call,
            lifecycle: any!(Lifecycle),
        },
        Piece::ForeignError {
            before_block,
            shape: any!(ErrorShape),
            then,
        },
        Piece::Fields {
            fields: any!(Fields),
        },
        Piece::Reasoning {
            reasoning: any!(Reasoning),
        },
        Piece::StopAfter { block, reason },
        Piece::Unknown {
            unknown: any!(Unknown),
        },
        Piece::SecondAnswer {},
        Piece::Repeat {
            repeat: any!(Repeat),
        },
        Piece::Byte {
            block,
            byte: any!(Byte),
        },
        Piece::Odd {
            block,
            odd: crate::Odd::Twice,
        },
        Piece::Signature {
            signature: crate::Signature::Halves,
        },
    ]
}

/// Every fault and every piece of the wire, likewise.
fn any_faults(rng: &mut Rng) -> Vec<Piece> {
    let block = rng.size(0, 20);
    let before_block = rng.size(0, 20);
    let at = rng.size(0, 60);
    let end = EndKind::Reset;
    vec![
        Piece::FinishReason {
            reason: "\n".to_string(),
        },
        Piece::DropTerminal {
            finish: at % 2 == 0,
        },
        Piece::DoubleTerminal {},
        Piece::ErrorEvent {
            before_block,
            error: ErrorName::RateLimit,
            then: Some(end),
        },
        Piece::Cut { at: at * 20, end },
        Piece::Rechunk {
            cut: Cutting::Every(at),
        },
        Piece::Rechunk {
            cut: Cutting::Merge(block),
        },
        Piece::Pace {
            pace: Pace::Speed { n: 0, of: 1 },
        },
        Piece::Pace {
            pace: Pace::Speed { n: 1, of: u32::MAX },
        },
    ]
}

#[test]
fn any_body_under_any_scenario() {
    for seed in 0..1500 {
        let body = garbled(seed);
        let exchange = exchange(&body);
        for dialect in [None, Some("anthropic"), Some("openai-chat"), Some("gemini")] {
            let subject = Subject::new(&exchange, dialect);
            for profile in Profile::ALL {
                let scenario = Scenario::generate(seed, profile, &subject);
                let script = scenario.apply(&subject);
                if matches!(profile, Profile::Plain | Profile::Wire) {
                    assert_eq!(script.body(), body);
                }
            }
            let mut rng = Rng::new(seed, "pieces");
            let mut pieces = any_pieces(&mut rng);
            pieces.extend(any_faults(&mut rng));
            let digest = Scenario::of(pieces.clone()).apply(&subject).digest();
            assert_eq!(
                Scenario::of(pieces.clone()).apply(&subject).digest(),
                digest
            );
            pieces.retain(|_| rng.within(0, 2) == 0);
            let _ = Scenario::of(pieces).apply(&subject);
            let quirks = any_quirks(&mut rng);
            for quirk in &quirks {
                let _ = Scenario::of(vec![quirk.clone()]).apply(&subject);
            }
            let _ = Scenario::of(quirks).apply(&subject);
        }
    }
}

/// A body of messages, one of chunks with other events inside.
fn messages() -> Vec<Vec<u8>> {
    use wiretape_core::event_stream::{Value, encode};
    let mut bodies = Vec::new();
    for payload in [
        r#"{"contentBlockIndex":0,"delta":{"text":"Hi"},"p":"ab"}"#,
        r#"{"bytes":"eyJ0eXBlIjoibWVzc2FnZV9zdG9wIn0=","p":"abc"}"#,
    ] {
        let mut body = Vec::new();
        for _ in 0..3 {
            let headers = [(":event-type", Value::Text("chunk"))];
            encode(&headers, payload.as_bytes(), &mut body).unwrap();
        }
        bodies.push(body);
    }
    bodies
}

#[test]
fn blocks_give_the_body_back() {
    let shapes = [
        Shape::Lines,
        Shape::ValueLines,
        Shape::Values,
        Shape::Messages,
    ];
    let mut count = 0;
    let mut gives_back = |body: &[u8]| {
        for shape in shapes {
            if let Some(stream) = Stream::split(body, &[], shape) {
                assert_eq!(stream.bytes().0, body);
                count += 1;
            }
        }
    };
    for seed in 0..1500 {
        gives_back(&garbled(seed));
    }
    let values: [&[u8]; 4] = [
        b"[{\n \"a\": [1, \"]\"]\n}\n,\r\n{\"b\":2}\n]\n",
        b" {\"a\":1}\n\n{\"b\":\"}\"} \r\nno json\n",
        b"[]",
        b"{\"error\":{}}",
    ];
    let bodies = BODIES.iter().map(|(_, body)| body.as_bytes().to_vec());
    let bodies = bodies.chain(values.map(<[u8]>::to_vec)).chain(messages());
    for body in bodies {
        for at in 0..=body.len() {
            gives_back(&body[..at]);
        }
    }
    assert!(count > 5_000, "{count}");
}

#[test]
fn deep_and_empty_bodies() {
    let deep = [b"data: ".to_vec(), vec![b'['; 100_000], b"\n\n".to_vec()].concat();
    for body in [vec![], b"\n".to_vec(), b"\xef\xbb\xbf".to_vec(), deep] {
        let subject = Subject::new(&exchange(&body), Some("anthropic"));
        for seed in 0..20 {
            let scenario = Scenario::generate(seed, Profile::All, &subject);
            let _ = scenario.apply(&subject);
        }
    }
}
