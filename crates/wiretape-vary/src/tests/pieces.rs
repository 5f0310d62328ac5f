//! Single pieces: the bytes they give, the moments, the outcomes they permit.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::{ANTHROPIC, BODIES, OPENAI_CHAT, meaning, script, subject};
use crate::{
    Cutting, Ends, ErrorName, Level, Outcome, Pace, Piece, Profile, Scenario, Standing, Subject,
};
use wiretape_core::Dialect;
use wiretape_tape::{Chunk, EndKind, Exchange};

fn bare(body: &str) -> Subject {
    let chunks = vec![Chunk {
        after_ns: 0,
        bytes: body.as_bytes().to_vec(),
    }];
    let exchange = Exchange {
        chunks,
        ..Exchange::default()
    };
    Subject::new(&exchange, Some("anthropic"))
}

fn text(subject: &Subject, pieces: Vec<Piece>) -> String {
    let script = Scenario::of(pieces).apply(subject);
    String::from_utf8_lossy(script.body()).into_owned()
}

#[test]
fn line_ends_change_and_nothing_else() {
    let subject = bare("data: a\r\n\r\n: c\n\nid: 1\rdata: {}");
    let ends = |ends| text(&subject, vec![Piece::LineEnds { ends }]);
    assert_eq!(ends(Ends::Lf), "data: a\n\n: c\n\nid: 1\ndata: {}");
    assert_eq!(ends(Ends::Cr), "data: a\r\r: c\r\rid: 1\rdata: {}");
    assert_eq!(
        ends(Ends::CrLf),
        "data: a\r\n\r\n: c\r\n\r\nid: 1\r\ndata: {}"
    );
    let mixed = Ends::Mixed(vec![crate::LineEnd::Cr, crate::LineEnd::Lf]);
    assert_eq!(ends(mixed), "data: a\r\r\n: c\r\r\nid: 1\rdata: {}");
}

#[test]
fn spaces_that_are_data_stay() {
    let subject = bare("data:  a\ndata:b\ndata: c\ndata\ndata:\n\n");
    let spacing = |space| text(&subject, vec![Piece::DataSpacing { space }]);
    assert_eq!(spacing(false), "data:  a\ndata:b\ndata:c\ndata\ndata:\n\n");
    assert_eq!(
        spacing(true),
        "data:  a\ndata: b\ndata: c\ndata\ndata: \n\n"
    );
}

#[test]
fn an_unfinished_block_is_not_completed() {
    let subject = bare("data: {}\n\ndata: {\"a\"");
    let comment = Piece::Comment {
        before_block: 2,
        text: "x".into(),
    };
    let script = Scenario::of(vec![comment]).apply(&subject);
    assert_eq!(script.skipped, [(0, "the last block is not complete")]);
    assert_eq!(script.body(), subject.body());
}

#[test]
fn arguments_sent_as_an_object_stay_verbatim() {
    let subject = bare("data: {\"input\":{\"a\":[1,2],\"ü\":\"ü\"},\"b\":[1,2]}\n\n");
    let escapes = |which| Piece::JsonEscapes {
        block: 0,
        which,
        keys: true,
    };
    let pieces = vec![
        Piece::JsonWhitespace {
            block: 0,
            spaces: 1,
        },
        escapes(crate::Escapes::NonAscii),
    ];
    let all = text(
        &subject,
        vec![escapes(crate::Escapes::All), pieces[0].clone()],
    );
    assert!(
        all.starts_with("data: {\"input\": {\"a\":[1,2],\"ü\":\"ü\"}, \"\\u0062\""),
        "{all}"
    );
    let want = "data: {\"input\": {\"a\":[1,2],\"ü\":\"ü\"}, \"b\": [1, 2]}\n\n";
    assert_eq!(text(&subject, pieces), want);
}

#[test]
fn moments_follow_the_last_byte() {
    let cut = Cutting::At(vec![50, 150, 350]);
    let pace = Pace::Speed { n: 2, of: 1 };
    let script = script(
        Dialect::Anthropic,
        ANTHROPIC,
        vec![Piece::Rechunk { cut }, Piece::Pace { pace }],
    );
    let after: Vec<u64> = script.steps().map(|step| step.after_ns).take(3).collect();
    // Bytes 50, 150 and 350 came in the chunks of 1, 2 and 4 ms.
    assert_eq!(after, [500_000, 500_000, 1_000_000]);
    let total: u64 = script.steps().map(|step| step.after_ns).sum();
    let chunks = u64::try_from(ANTHROPIC.len().div_ceil(100)).unwrap();
    assert_eq!(total, chunks * 500_000);
    assert_eq!(script.end_after_ns, 250);
}

#[test]
fn rewritten_bodies_keep_the_recorded_times() {
    for (dialect, body) in BODIES {
        let script = script(dialect, body, vec![Piece::Bom {}]);
        let total: u64 = script.steps().map(|step| step.after_ns).sum();
        let chunks = u64::try_from(body.len().div_ceil(100)).unwrap();
        assert_eq!(total, chunks * 1_000_000);
        assert!(script.steps().len() > 3);
    }
}

#[test]
fn faults_permit_what_they_say() {
    for (dialect, body) in BODIES {
        let subject = subject(dialect, body);
        let want = meaning(dialect, body.as_bytes());
        for seed in 0..300 {
            let scenario = Scenario::generate(seed, Profile::Faults, &subject);
            assert_eq!(scenario.pieces.len(), 1);
            assert_eq!(scenario.pieces[0].level(), Level::Fault);
            let script = scenario.apply(&subject);
            assert_eq!(script.skipped, []);
            let got = meaning(dialect, script.body());
            let same = got.text == want.text && got.tool_calls == want.tool_calls;
            let prefix = want.text.starts_with(got.text.as_str()) && got.tool_calls.is_empty();
            let fits = script.permits.iter().any(|outcome| match outcome {
                Outcome::Same => same && got.stop == want.stop,
                Outcome::SameButReason => same,
                Outcome::SoFar => want.text.starts_with(got.text.as_str()),
                Outcome::NoCalls => prefix,
                Outcome::ErrorReported | Outcome::EofReported => prefix && got.rejected.is_some(),
                // What the first kinds of faults do not permit.
                _ => false,
            });
            assert!(fits, "{scenario:?} {got:?}");
        }
    }
}

#[test]
fn a_cut_ends_the_body_there() {
    for (dialect, body) in BODIES {
        for at in 0..body.len() {
            let end = EndKind::Reset;
            let script = script(dialect, body, vec![Piece::Cut { at, end }]);
            assert_eq!(script.body(), &body.as_bytes()[..at]);
            assert_eq!((script.end, script.end_after_ns), (end, 0));
            let acted = !meaning(dialect, script.body()).tool_calls.is_empty();
            assert!(
                !acted || script.permits.contains(&Outcome::Same),
                "cut at {at}"
            );
        }
    }
}

#[test]
fn reasons_and_terminals() {
    let reason = "max_tokens".to_string();
    let pieces = vec![Piece::FinishReason { reason }];
    let script_of = |pieces| script(Dialect::Anthropic, ANTHROPIC, pieces);
    let body = script_of(pieces).body().to_vec();
    assert_eq!(
        String::from_utf8_lossy(&body),
        ANTHROPIC.replace(
            "\"stop_reason\":\"tool_use\"",
            "\"stop_reason\":\"max_tokens\""
        )
    );
    let body = script_of(vec![Piece::DoubleTerminal {}]).body().to_vec();
    assert_eq!(
        String::from_utf8_lossy(&body)
            .matches("event: message_stop")
            .count(),
        2
    );
    let pieces = vec![Piece::DropTerminal { finish: true }];
    let body = script(Dialect::OpenAiChat, OPENAI_CHAT, pieces)
        .body()
        .to_vec();
    let want = OPENAI_CHAT.replace("data: [DONE]\n\n", "");
    let want = want.replace("\"finish_reason\":\"tool_calls\"", "\"finish_reason\":null");
    assert_eq!(String::from_utf8_lossy(&body), want);
    let error = Piece::ErrorEvent {
        before_block: 4,
        error: ErrorName::Overloaded,
        then: Some(EndKind::Complete),
    };
    let script = script_of(vec![error]);
    let body = script.body();
    let text = String::from_utf8_lossy(body);
    assert!(
        text.ends_with("\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n")
    );
    assert_eq!(script.permits, [Outcome::ErrorReported]);
}

#[test]
fn the_order_of_the_list_of_levels_does_not_matter() {
    let pieces = vec![
        Piece::Rechunk {
            cut: Cutting::Bytes1,
        },
        Piece::Cut {
            at: 500,
            end: EndKind::Reset,
        },
        Piece::LineEnds { ends: Ends::CrLf },
        Piece::SplitDelta { block: 3, at: 2 },
    ];
    let back: Vec<Piece> = pieces.iter().rev().cloned().collect();
    let subject = subject(Dialect::Anthropic, ANTHROPIC);
    let digest = Scenario::of(pieces).apply(&subject).digest();
    assert_eq!(Scenario::of(back).apply(&subject).digest(), digest);
}

#[test]
fn scenarios_are_data() {
    let json = r#"{"version":1,"seed":18446744073709551615,"profile":"all","pieces":[{"piece":"rechunk","cut":{"every":3}},{"piece":"bom"},{"piece":"cut","at":7,"end":"reset"}]}"#;
    let scenario: Scenario = serde_json::from_str(json).unwrap();
    assert_eq!(scenario.seed, u64::MAX);
    assert_eq!(serde_json::to_string(&scenario).unwrap(), json);
    for (dialect, body) in BODIES {
        let subject = subject(dialect, body);
        for seed in 0..100 {
            let scenario = Scenario::generate(seed, Profile::All, &subject);
            let json = serde_json::to_string(&scenario).unwrap();
            assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario);
            for piece in &scenario.pieces {
                let value = serde_json::to_value(piece).unwrap();
                assert_eq!(value["piece"], piece.name());
                assert!(piece.id().starts_with("F-"));
                assert!(!piece.is_reshape() || piece.permits() == [Outcome::Same]);
            }
        }
    }
    let interleave = Piece::Interleave { order: vec![] };
    assert_eq!(interleave.standing("anthropic"), Standing::Lawful);
    let names = |dialect: &str| -> Vec<String> {
        let pieces = include_str!("pieces.txt").lines();
        let pieces = pieces.filter_map(|line| {
            let (json, _) = line.split_once("  ").unwrap_or((line, ""));
            let piece: Piece = serde_json::from_str(json).unwrap();
            let backing = piece.backing(dialect);
            assert_eq!(
                backing.evidence.is_empty(),
                backing.standing == Standing::Lawful
            );
            assert_eq!(backing.standing, piece.standing(dialect));
            let lawful = backing.standing == Standing::Lawful;
            lawful.then(|| piece.name().to_string())
        });
        let mut names: Vec<String> = pieces.collect();
        names.dedup();
        names
    };
    // Whose like nobody was seen sending.
    let both = [
        "bom",
        "id_field",
        "multi_data",
        "split_surrogate",
        "interleave",
        "json_escapes",
        "double_terminal",
    ];
    for name in both {
        for dialect in ["anthropic", "openai-chat"] {
            assert!(names(dialect).iter().any(|lawful| lawful == name), "{name}");
        }
    }
    let comment = Piece::Comment {
        before_block: 0,
        text: String::new(),
    };
    assert_eq!(comment.standing("anthropic"), Standing::Lawful);
    assert_eq!(comment.standing("openai-chat"), Standing::Seen);
    assert_eq!(comment.standing("gemini"), Standing::Lawful);
}

#[test]
fn a_piece_that_changes_nothing_says_so() {
    let subject = bare(
        "data: {\"a\":1}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n",
    );
    let reason = "end_turn".to_string();
    for piece in [
        Piece::LineEnds { ends: Ends::Lf },
        Piece::DataSpacing { space: true },
        Piece::JsonEscapes {
            block: 0,
            which: crate::Escapes::NonAscii,
            keys: false,
        },
        Piece::JsonWhitespace {
            block: 0,
            spaces: 0,
        },
        Piece::FinishReason { reason },
        Piece::Rechunk {
            cut: Cutting::Whole,
        },
        Piece::Rechunk {
            cut: Cutting::Every(1000),
        },
        Piece::Pace {
            pace: Pace::Instant,
        },
        Piece::Pace {
            pace: Pace::Speed { n: 3, of: 3 },
        },
    ] {
        let script = Scenario::of(vec![piece.clone()]).apply(&subject);
        assert_eq!(
            script.skipped,
            [(0, "it changes nothing here")],
            "{piece:?}"
        );
        assert_eq!(script.body(), subject.body());
    }
    for finish in [true, false] {
        let script =
            Scenario::of(vec![Piece::DropTerminal { finish }]).apply(&bare("data: {}\n\n"));
        assert_eq!(script.skipped, [(0, "no terminal event")]);
    }
    let order = vec![0; 20];
    let interleave = Scenario::of(vec![Piece::Interleave { order }]);
    let script = interleave.apply(&super::subject(Dialect::Anthropic, ANTHROPIC));
    assert_eq!(script.skipped, [(0, "it changes nothing here")]);
}

/// A message may come whole in its first event, with its reason; it may lack its end, or an error may
/// come after it.
#[test]
fn faults_of_messages_that_end_otherwise() {
    let whole = "data: {\"type\":\"message_start\",\"message\":{\"stop_reason\":\"tool_use\"}}\n\n";
    let stop = "data: {\"type\":\"message_stop\"}\n\n";
    let subject = bare(&(whole.to_string() + stop));
    let dropped = text(&subject, vec![Piece::DropTerminal { finish: true }]);
    assert_eq!(dropped, whole.replace("\"tool_use\"", "null"));
    let refusal = || {
        vec![Piece::FinishReason {
            reason: "refusal".into(),
        }]
    };
    assert_eq!(
        text(&subject, refusal()),
        whole.replace("tool_use", "refusal") + stop
    );

    let eof = Scenario::of(refusal()).apply(&bare(whole)).permits;
    assert_eq!(
        eof,
        [
            Outcome::NoCalls,
            Outcome::ErrorReported,
            Outcome::EofReported
        ]
    );
    let whole_permits = Scenario::of(refusal()).apply(&subject).permits;
    assert_eq!(whole_permits, [Outcome::NoCalls, Outcome::ErrorReported]);

    let finish = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n";
    let error = "data: {\"type\":\"error\"}\n\n";
    let subject = bare(&(finish.to_string() + stop + error));
    let permits = |at: usize| {
        let end = EndKind::Reset;
        Scenario::of(vec![Piece::Cut { at, end }])
            .apply(&subject)
            .permits
    };
    let both = [Outcome::ErrorReported, Outcome::EofReported];
    assert_eq!(permits(finish.len() - 10), both);
    assert_eq!(permits(finish.len())[0], Outcome::SoFar);
    assert_eq!(permits(finish.len() + stop.len() + 3)[0], Outcome::SoFar);
    assert_eq!(permits(subject.body().len() - 1)[0], Outcome::Same);
}

#[test]
fn a_scenario_is_read_to_the_letter() {
    let error = |json: &str| {
        serde_json::from_str::<Scenario>(json)
            .unwrap_err()
            .to_string()
    };
    let with = |version: &str, piece: &str| {
        format!(r#"{{"version":{version},"seed":1,"profile":"all","pieces":[{piece}]}}"#)
    };
    let starts = |json: &str, expected: &str| {
        let error = error(json);
        assert!(error.starts_with(expected), "{json}: {error}");
    };
    starts(
        &with("2", ""),
        "expected a scenario of version 1, found version 2",
    );
    starts(&with("-1", ""), "invalid value: integer `-1`, expected u32");
    starts(
        r#"{"seed":1,"profile":"all","pieces":[]}"#,
        "missing field `version`",
    );
    starts(
        r#"{"version":1,"seed":1,"profile":"all","pieces":[],"speed":2}"#,
        "unknown field `speed`",
    );
    for (piece, expected) in [
        (
            r#"{"piece":"explode"}"#,
            "unknown variant `explode`, expected one of `rechunk`",
        ),
        (
            r#"{"piece":"cut","at":7,"end":"reset","slow":1}"#,
            "unknown field `slow`",
        ),
        (r#"{"piece":"bom","at":7}"#, "unknown field `at`"),
        (
            r#"{"piece":"double_terminal","at":7}"#,
            "unknown field `at`",
        ),
        (
            r#"{"piece":"cut","at":-7,"end":"reset"}"#,
            "invalid value: integer `-7`",
        ),
        (
            r#"{"piece":"cut","at":1.5,"end":"reset"}"#,
            "invalid type: floating point `1.5`",
        ),
        (
            r#"{"piece":"cut","at":18446744073709551616,"end":"reset"}"#,
            "invalid type: floating point",
        ),
        (
            r#"{"piece":"cut","at":7,"end":"explosion"}"#,
            "unknown variant `explosion`",
        ),
        (
            r#"{"piece":"rechunk","cut":{"every":1,"at":[2]}}"#,
            "invalid value: map, expected map with a single key",
        ),
        (
            r#"{"piece":"pace","pace":{"speed":{"n":1,"of":1,"to":2}}}"#,
            "unknown field `to`",
        ),
        (
            r#"{"piece":"json_whitespace","block":0,"spaces":256}"#,
            "invalid value: integer `256`",
        ),
    ] {
        starts(&with("1", piece), expected);
    }
    let hostile = r#"{"piece":"cut","at":9223372036854775808,"end":"reset"},{"piece":"rechunk","cut":{"every":0}},
        {"piece":"rechunk","cut":{"at":[18446744073709551615,0]}},{"piece":"split_delta","block":18446744073709551615,"at":18446744073709551615},
        {"piece":"interleave","order":[18446744073709551615]},{"piece":"comment","before_block":18446744073709551615,"text":"x"},
        {"piece":"pace","pace":{"speed":{"n":0,"of":0}}},{"piece":"multi_data","block":0,"gap":18446744073709551615}"#;
    let scenario: Scenario = serde_json::from_str(&with("1", hostile)).unwrap();
    let script = scenario.apply(&subject(Dialect::Anthropic, ANTHROPIC));
    assert_eq!(script.body(), ANTHROPIC.as_bytes());
    // All but the cutting at two offsets, which puts the body into one chunk.
    let skipped: Vec<usize> = script.skipped.iter().map(|skipped| skipped.0).collect();
    assert_eq!(skipped, [0, 1, 3, 4, 5, 6, 7]);
}

#[test]
fn profiles_have_names() {
    for profile in Profile::ALL {
        assert_eq!(profile.to_string().parse(), Ok(profile));
        assert_eq!(serde_json::to_value(profile).unwrap(), profile.name());
    }
    let error = "chaos".parse::<Profile>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown profile, expected one of plain, wire, framing, dialect, lawful, faults, all, seen_reshapes, seen, quirks, hostile"
    );
}

/// A payload that stands in several lines stands in one once it is rewritten.
#[test]
fn a_payload_of_several_lines_is_rewritten_whole() {
    let body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"length\"}],\ndata: \"usage\":{}}\n\ndata: [DONE]\n\n";
    let subject = subject(Dialect::OpenAiChat, body);
    let reason = "stop".into();
    let script = Scenario::of(alloc::vec![Piece::FinishReason { reason }]).apply(&subject);
    assert_eq!(script.skipped, []);
    let sent = core::str::from_utf8(script.body()).unwrap();
    assert!(sent.contains("\"stop\"}], \"usage\""), "{sent}");
}
