//! Reshapes leave the transcript as it is.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::{ANTHROPIC, BODIES, OPENAI_CHAT, exchange, meaning, script, subject};
use crate::{
    Cutting, Ends, Escapes, LineEnd, Outcome, Pace, Piece, Profile, Scenario, Standing, Subject,
};
use wiretape_core::Dialect;

const RESHAPES: [Profile; 5] = [
    Profile::Wire,
    Profile::Framing,
    Profile::Dialect,
    Profile::Lawful,
    Profile::SeenReshapes,
];

#[test]
fn the_bodies_are_whole() {
    for (dialect, body) in BODIES {
        let want = meaning(dialect, body.as_bytes());
        assert_eq!(want.rejected, None);
        assert_eq!(want.text, "Grüße 😀 from \"Bergen\"\n");
        assert_eq!(want.tool_calls.len(), 2);
    }
}

#[test]
fn seeds_keep_the_meaning() {
    for (dialect, body) in BODIES {
        let subject = subject(dialect, body);
        let want = meaning(dialect, body.as_bytes());
        for profile in RESHAPES {
            for seed in 0..200 {
                let scenario = Scenario::generate(seed, profile, &subject);
                assert!(scenario.is_reshape());
                let script = scenario.apply(&subject);
                assert_eq!(script.permits, [Outcome::Same]);
                let json = serde_json::to_string(&scenario).unwrap();
                assert_eq!(meaning(dialect, script.body()), want, "{json}");
            }
        }
    }
}

/// Names and types that are written with escapes are found all the same.
#[test]
fn a_varied_body_is_varied_again() {
    for (dialect, body) in BODIES {
        let want = meaning(dialect, body.as_bytes());
        // One delta of the text, one of a call.
        let escapes = [4, 8].into_iter().map(|block| Piece::JsonEscapes {
            block,
            which: Escapes::All,
            keys: block == 8,
        });
        let script = Scenario::of(escapes.collect()).apply(&subject(dialect, body));
        let again = Subject::new(&exchange(script.body()), Some(dialect.name()));
        for seed in 0..200 {
            let scenario = Scenario::generate(seed, Profile::Lawful, &again);
            let script = scenario.apply(&again);
            assert_eq!(script.skipped, []);
            let json = serde_json::to_string(&scenario).unwrap();
            assert_eq!(meaning(dialect, script.body()), want, "{json}");
        }
    }
}

#[test]
fn every_place_of_a_split_keeps_the_meaning() {
    for (dialect, body) in BODIES {
        let subject = subject(dialect, body);
        let want = meaning(dialect, body.as_bytes());
        let mut inside_escapes = 0;
        let mut pairs = 0;
        for (block, fact) in subject.facts.iter().enumerate() {
            inside_escapes += fact.cuts.inner.len();
            pairs += fact.cuts.pairs.len();
            let splits = fact.cuts.plain.iter().chain(&fact.cuts.inner);
            let splits = splits.map(|&at| Piece::SplitDelta { block, at });
            let pairs = fact.cuts.pairs.iter();
            let pairs = pairs.map(|&at| Piece::SplitSurrogate { block, at });
            for piece in splits.chain(pairs) {
                let script = script(dialect, body, vec![piece.clone()]);
                assert!(script.body().len() > body.len());
                assert_eq!(meaning(dialect, script.body()), want, "{piece:?}");
            }
        }
        assert!(
            inside_escapes >= 1,
            "no cut inside an escape of the arguments"
        );
        assert_eq!(pairs, 1);
    }
}

#[test]
fn all_splits_of_a_delta_at_once() {
    for (dialect, body) in BODIES {
        let subject = subject(dialect, body);
        let mut pieces = Vec::new();
        for (block, fact) in subject.facts.iter().enumerate() {
            for &at in fact.cuts.inner.iter().chain(fact.cuts.plain.iter().rev()) {
                pieces.push(Piece::SplitDelta { block, at });
            }
        }
        let script = script(dialect, body, pieces);
        assert_eq!(
            meaning(dialect, script.body()),
            meaning(dialect, body.as_bytes())
        );
    }
}

#[test]
fn merged_deltas_are_one() {
    for (dialect, body, block) in [
        (Dialect::Anthropic, ANTHROPIC, 3),
        (Dialect::Anthropic, ANTHROPIC, 7),
        (Dialect::OpenAiChat, OPENAI_CHAT, 1),
        (Dialect::OpenAiChat, OPENAI_CHAT, 4),
    ] {
        let script = script(dialect, body, vec![Piece::MergeDeltas { block }]);
        assert!(script.body().len() < body.len());
        assert_eq!(
            meaning(dialect, script.body()),
            meaning(dialect, body.as_bytes())
        );
    }
    // The role of the first chunk and the calls of two blocks are not to be lost.
    for (dialect, body, block) in [
        (Dialect::Anthropic, ANTHROPIC, 4),
        (Dialect::OpenAiChat, OPENAI_CHAT, 0),
        (Dialect::OpenAiChat, OPENAI_CHAT, 3),
        (Dialect::OpenAiChat, OPENAI_CHAT, 5),
    ] {
        let pieces = vec![Piece::MergeDeltas { block }];
        let script = Scenario::of(pieces).apply(&subject(dialect, body));
        assert_eq!(script.skipped.len(), 1);
        assert_eq!(script.body(), body.as_bytes());
    }
}

#[test]
fn interleaved_lanes_keep_their_own_order() {
    for (dialect, body, order) in [
        (Dialect::Anthropic, ANTHROPIC, vec![2, 1, 0, 2, 1, 0, 9]),
        (Dialect::OpenAiChat, OPENAI_CHAT, vec![0, 1, 0]),
    ] {
        let script = script(dialect, body, vec![Piece::Interleave { order }]);
        assert_ne!(script.body(), body.as_bytes());
        assert_eq!(
            meaning(dialect, script.body()),
            meaning(dialect, body.as_bytes())
        );
    }
}

#[test]
fn framing_and_json_rewritten_everywhere() {
    for (dialect, body) in BODIES {
        let count = subject(dialect, body).block_count();
        let blocks = 0..count;
        let each = |piece: fn(usize) -> Piece| blocks.clone().map(piece).collect::<Vec<_>>();
        let objects = if dialect == Dialect::OpenAiChat {
            count - 1
        } else {
            count
        };
        let payloads = |piece: fn(usize) -> Piece| (0..objects).map(piece).collect::<Vec<_>>();
        let scenarios = [
            payloads(|block| Piece::JsonEscapes {
                block,
                which: Escapes::All,
                keys: true,
            }),
            payloads(|block| Piece::JsonWhitespace { block, spaces: 2 }),
            payloads(|block| Piece::UnknownField {
                block,
                first: block % 2 == 0,
                value: "\"}]\n😀".into(),
            }),
            payloads(|block| Piece::MultiData { block, gap: 0 }),
            each(|block| Piece::IdField {
                block,
                id: format!("{block}"),
            }),
            each(|before_block| Piece::Comment {
                before_block,
                text: "data: {}".into(),
            }),
            (1..count)
                .map(|before_block| Piece::Ping { before_block })
                .collect(),
            (1..count)
                .map(|before_block| Piece::UnknownEvent { before_block })
                .collect(),
            vec![Piece::DataSpacing { space: false }, Piece::Bom {}],
            vec![Piece::LineEnds {
                ends: Ends::Mixed(vec![LineEnd::Cr, LineEnd::Lf, LineEnd::CrLf]),
            }],
        ];
        for pieces in scenarios {
            let script = script(dialect, body, pieces.clone());
            assert_ne!(script.body(), body.as_bytes());
            assert_eq!(
                meaning(dialect, script.body()),
                meaning(dialect, body.as_bytes()),
                "{pieces:?}"
            );
        }
    }
}

#[test]
fn rechunk_and_pace_keep_the_bytes() {
    let cuttings = [
        Cutting::Bytes1,
        Cutting::Every(7),
        Cutting::At(vec![9_999_999, 5, 5, 3, 0]),
        Cutting::InsideUtf8,
        Cutting::Merge(3),
        Cutting::Whole,
    ];
    for (dialect, body) in BODIES {
        for cut in &cuttings {
            for pace in [Pace::Recorded, Pace::Instant, Pace::Speed { n: 3, of: 2 }] {
                let cut = cut.clone();
                let script = script(
                    dialect,
                    body,
                    vec![Piece::Pace { pace }, Piece::Rechunk { cut }],
                );
                assert_eq!(script.body(), body.as_bytes());
                assert!(script.steps().all(|step| !step.bytes.is_empty()));
            }
        }
    }
}

#[test]
fn plain_is_the_recording() {
    for (dialect, body) in BODIES {
        let exchange = exchange(body.as_bytes());
        let script = script(dialect, body, vec![]);
        assert_eq!(script.to_exchange(&exchange), exchange);
    }
}

/// The profile of what was seen has nothing else, and leaves nothing of it out.
#[test]
fn seen_is_what_was_seen() {
    let kinds = [
        ("anthropic", "pace ping rechunk"),
        (
            "openai-chat",
            "comment json_whitespace line_ends pace ping rechunk unknown_event unknown_field \
             unknown_sse_field",
        ),
    ];
    for ((dialect, body), (name, want)) in BODIES.into_iter().zip(kinds) {
        assert_eq!(dialect.name(), name);
        let subject = subject(dialect, body);
        let mut found = BTreeSet::new();
        for seed in 0..300 {
            let scenario = Scenario::generate(seed, Profile::SeenReshapes, &subject);
            for piece in &scenario.pieces {
                assert_eq!(piece.standing(name), Standing::Seen, "{piece:?}");
                assert!(piece.is_reshape());
                found.insert(piece.name());
            }
        }
        let found: Vec<&str> = found.into_iter().collect();
        assert_eq!(found.join(" "), want);
    }
    let unknown = Subject::new(&exchange(b"data: {\"a\":1}\n\n"), Some("x-unknown"));
    for seed in 0..100 {
        let scenario = Scenario::generate(seed, Profile::SeenReshapes, &unknown);
        assert_eq!(scenario.pieces, []);
    }
}
