//! Timelines of small deliveries, as text.

use std::fmt::Write;

use wiretape_tape::{Chunk, EndKind, Exchange, Header, Source, SourceKind, Tape};
use wiretape_vary::{Cutting, Piece, Scenario, Script, Subject};

use crate::report::timeline::Played;
use crate::report::timeline::{ACTS_MAX, DELTAS_MAX, EDGES_MAX, LANES_MAX, Timeline};
use crate::{Attempt, Call, CallResult, Echo, Ended, Miss, Observation, Said, SaidEvent, TurnSeen};

/// Text with a wide character; a call with an escape in its arguments.
const BODY: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"write","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":\"\\u00fc\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}

event: message_stop
data: {"type":"message_stop"}

"#;

fn tape(body: &str) -> Tape {
    tape_of("anthropic", body)
}

fn tape_of(dialect: &str, body: &str) -> Tape {
    let chunks = vec![Chunk {
        after_ns: 0,
        bytes: body.as_bytes().to_vec(),
    }];
    let exchange = Exchange {
        chunks,
        ..Exchange::default()
    };
    let header = Header::new(Some(dialect), Source::new(SourceKind::Authored));
    Tape::new(header, vec![exchange])
}

/// The timeline of a delivery.
fn drawn(tape: &Tape, pieces: Vec<Piece>, seen: &Observation) -> Timeline {
    let scenario = Scenario::of(pieces);
    let subject = Subject::new(&tape.exchanges[0], Some("anthropic"));
    let sent: Vec<Vec<Script>> = vec![vec![scenario.apply(&subject)]];
    let run = Played {
        tape,
        sent: &sent,
        seen,
    };
    Timeline::of(run, 0)
}

fn at(what: &str) -> usize {
    BODY.find(what).unwrap()
}

/// What it shows, line by line.
fn told(timeline: &Timeline) -> String {
    let mut text = String::new();
    let mut put = |line: String| writeln!(text, "{line}").unwrap();
    for wire in &timeline.wires {
        put(format!(
            "{} bytes in {} chunks, ends {}",
            wire.bytes, wire.chunks, wire.end
        ));
        for edge in &wire.edges {
            put(format!("  cut at {} {}", edge.at, edge.kind.says()));
        }
        for lane in &wire.lanes {
            let deltas: Vec<String> = lane
                .deltas
                .iter()
                .map(|delta| format!("{}-{}+{}", delta.from, delta.to, delta.grows))
                .collect();
            let (label, text) = (&lane.label, &lane.text);
            let (opened, closed) = (lane.opened, lane.closed);
            put(format!(
                "  {:?} {label} {text:?} from {opened} to {closed:?}: {}",
                lane.kind,
                deltas.join(" ")
            ));
        }
        for mark in &wire.marks {
            put(format!("  {:?} at {} {}", mark.kind, mark.at, mark.text));
        }
        for change in &wire.changes {
            put(format!("  differs from {} to {}", change.from, change.to));
        }
        for excerpt in &wire.excerpts {
            put(format!(
                "  at {}: {}; {} bytes from {}",
                excerpt.at,
                excerpt.what,
                excerpt.hex.len() / 2,
                excerpt.from
            ));
        }
        put(format!("  {}", wire.reads));
    }
    for act in &timeline.acts {
        let until = act
            .until_ns
            .map_or_else(String::new, |until| format!("-{until}"));
        put(format!(
            "{}{until} {}: {}",
            act.at_ns,
            act.kind.name(),
            act.text
        ));
    }
    text
}

#[test]
fn what_a_cut_cuts_is_seen() {
    let escape = at("\\\\u00fc");
    let cuts = vec![
        at("ü") + 1,
        escape + 1,
        escape + 2,
        escape + 4,
        at("event: content_block_delta"),
        at("\"index\":0"),
    ];
    let cut = Piece::Rechunk {
        cut: Cutting::At(cuts),
    };
    let shown = drawn(&tape(BODY), vec![cut], &Observation::default());
    insta::assert_snapshot!(told(&shown));
}

#[test]
fn where_a_delivery_differs_is_seen() {
    let comment = Piece::Comment {
        before_block: 2,
        text: "x".into(),
    };
    let end = Piece::Cut {
        at: at("event: message_delta") + 2,
        end: EndKind::Reset,
    };
    let shown = drawn(&tape(BODY), vec![comment, end], &Observation::default());
    insta::assert_snapshot!(told(&shown));
}

#[test]
fn what_a_client_did_is_seen_in_order() {
    let asked = |request, at_ns, sent_ns, left_ns| Attempt {
        request,
        at_ns,
        sent_ns,
        left_ns,
        bytes: 1_234,
        whole: left_ns.is_none(),
        accepts: String::new(),
    };
    let call = Call {
        id: "toolu_1".into(),
        name: "write".into(),
        arguments: "{\"a\":\"ü\"}".into(),
        results: vec![CallResult {
            content: "no".into(),
            is_error: true,
        }],
    };
    let event = |ms, text: Option<&str>, call: Option<&str>| SaidEvent {
        ms,
        text: text.map(Into::into),
        call: call.map(Into::into),
    };
    let seen = Observation {
        turns: vec![
            TurnSeen {
                exchange: 0,
                attempts: vec![
                    asked(0, 20_000_000, None, Some(21_000_000)),
                    asked(1, 30_000_000, Some(31_000_000), None),
                ],
                echo: Some(Echo {
                    text: "Grüße".into(),
                    calls: vec![call],
                    flaws: Vec::new(),
                }),
            },
            TurnSeen {
                exchange: 1,
                attempts: vec![asked(2, 40_000_000, Some(41_000_000), None)],
                echo: None,
            },
        ],
        misses: vec![Miss {
            request: 3,
            asked: "GET /v1/models".into(),
            why: "no exchange is left".into(),
        }],
        said: Some(Said {
            // Its clock began later than the run: nothing is shown before it was asked for.
            events: Some(vec![
                event(1.5, Some("Grü"), None),
                event(2.5, Some("ße"), Some("write")),
                event(f64::NAN, None, None),
            ]),
            ..Said::default()
        }),
        ended: Ended::Hung {
            patience_ns: 5_000_000_000,
        },
        stderr: String::new(),
        elapsed_ns: 5_041_000_000,
    };
    let shown = drawn(&tape(""), Vec::new(), &seen);
    insta::assert_snapshot!(told(&shown));
}

#[test]
fn a_timeline_is_bounded() {
    let mut body: String = BODY
        .split("event: content_block_delta")
        .next()
        .unwrap()
        .into();
    for number in 0..5_000 {
        let block = number % 60;
        if (1..60).contains(&number) {
            write!(body, "event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":{block},\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}}}\n\n").unwrap();
        }
        write!(body, "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{block},\"delta\":{{\"type\":\"text_delta\",\"text\":\"ü ü\"}}}}\n\n").unwrap();
        write!(body, "event: ping\ndata: {{\"type\":\"ping\"}}\n\n").unwrap();
    }
    let bytes = Piece::Rechunk {
        cut: Cutting::Bytes1,
    };
    let event = |_| SaidEvent {
        ms: 1.0,
        text: Some("ü".repeat(1_000)),
        call: None,
    };
    let seen = Observation {
        said: Some(Said {
            events: Some((0..3_000).map(event).collect()),
            ..Said::default()
        }),
        ..Observation::default()
    };
    let shown = drawn(&tape(&body), vec![bytes], &seen);
    let wire = &shown.wires[0];
    assert!(wire.edges.len() <= EDGES_MAX && wire.edges.len() > EDGES_MAX / 4);
    assert_eq!(wire.lanes.len(), LANES_MAX);
    assert!(
        wire.lanes
            .iter()
            .all(|lane| lane.deltas.len() <= 2 * DELTAS_MAX)
    );
    assert!(wire.marks.len() <= EDGES_MAX);
    assert_eq!(shown.acts.len(), ACTS_MAX + 1);
    assert!(
        shown.acts[ACTS_MAX]
            .text
            .contains("(2800 more are not shown)")
    );
    let json = serde_json::to_string(&shown).unwrap();
    assert!(json.len() < 400_000, "{}", json.len());
    assert_eq!(serde_json::from_str::<Timeline>(&json).unwrap(), shown);
}

/// A Responses reply whose `.done` is not what its deltas add up to (F-55).
const LAST_WORD: &str = concat!(
    "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"m\",\"status\":\"in_progress\",\"output\":[]}}\n\n",
    "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":[]}}\n\n",
    "data: {\"type\":\"response.content_part.added\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n",
    "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"first words\"}\n\n",
    "data: {\"type\":\"response.output_text.done\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"text\":\"last word\"}\n\n",
    "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\",\"usage\":{\"input_tokens\":9,\"output_tokens\":4}}}\n\n",
);

#[test]
fn a_text_that_is_replaced_is_the_last_one() {
    let tape = tape_of("openai-responses", LAST_WORD);
    let shown = drawn(&tape, Vec::new(), &Observation::default());
    let lane = &shown.wires[0].lanes[0];
    let grown: Vec<u64> = lane.deltas.iter().map(|delta| delta.grows).collect();
    assert_eq!((&*lane.text, &*grown), ("last word", &[11, 9][..]));
}
