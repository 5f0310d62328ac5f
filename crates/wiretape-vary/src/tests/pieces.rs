//! Single pieces: the bytes they give, the moments, the outcomes they permit.

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
        let script = script(dialect, body, vec![Piece::Bom]);
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
            let scenario = Scenario::generate(seed, Profile::Fault, &subject);
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
    let body = script_of(vec![Piece::DoubleTerminal]).body().to_vec();
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
                assert_eq!(piece.is_reshape(), piece.permits() == [Outcome::Same]);
            }
        }
    }
    let interleave = Piece::Interleave { order: vec![] };
    assert_eq!(interleave.standing("anthropic"), Standing::Lawful);
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
        "unknown profile, expected one of plain, wire, framing, dialect, reshape, fault, all"
    );
}
