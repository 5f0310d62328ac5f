//! Every law over every tape, and over generated replies.

use proptest::prelude::*;
use wiretape::Subject;
use wiretape::laws::{self, Effort, How, check, chunking};
use wiretape::strategy::{Called, Expected, replies};
use wiretape_core::{Dialect, Limits, Options, Transcript, ndjson, read};
use wiretape_tape::Tape;
use wiretape_vary::{Profile, Scenario};

use crate::support::{parallel, tapes};

const PROOF_BYTES_MAX: usize = 16 << 10;

#[test]
fn every_tape_keeps_every_law() {
    let tapes = tapes();
    let effort = Effort {
        seed: 1,
        runs: 24,
        proof_bytes_max: PROOF_BYTES_MAX,
    };
    let broken = parallel(&tapes, |(name, loaded)| {
        assert_eq!(loaded.torn, None, "{name}");
        let mut broken = Vec::new();
        for subject in loaded.subjects() {
            let subject = subject.unwrap();
            let reports = check(&subject, &effort);
            let chunking = reports
                .iter()
                .find(|report| report.law == "chunking")
                .unwrap();
            let short = subject.body.len() <= PROOF_BYTES_MAX;
            assert_eq!(chunking.how == How::Proved, short, "{name}");
            let failed = reports.iter().filter(|report| report.failure.is_some());
            broken.extend(failed.map(|report| format!("{name}: {report}")));
        }
        broken
    });
    let broken = broken.concat();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// A reply that is cut has fewer answers, and its first may be number 2.
#[test]
fn a_cut_reply_whose_answers_begin_out_of_order_keeps_law_3() {
    let chunk = |index: u32, delta: &str, finish: &str| {
        format!(
            "data: {{\"id\":\"r\",\"choices\":[{{\"index\":{index},\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    let call = r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#;
    let body = [
        chunk(2, call, "null"),
        chunk(2, "{}", "\"tool_calls\""),
        chunk(0, r#"{"content":"nought"}"#, "null"),
        chunk(0, "{}", "\"stop\""),
        chunk(1, r#"{"content":"one"}"#, "\"stop\""),
        "data: [DONE]\n\n".into(),
    ]
    .concat();
    let dialect = Dialect::OpenAiChat;
    let tape = Tape::from_body(body.as_bytes(), Some(dialect.name()));
    let subject = Subject {
        name: "out of order".into(),
        dialect,
        exchange: &tape.exchanges[0],
        body: body.into_bytes(),
    };
    let effort = Effort {
        runs: 2000,
        ..Effort::default()
    };
    for report in check(&subject, &effort) {
        assert!(report.failure.is_none(), "{report}");
    }
}

/// What a scenario made of a tape is a tape: fields nobody knows first, payloads over several
/// lines, comments after the last event.
#[test]
fn a_varied_tape_keeps_every_law() {
    let tapes = tapes();
    let effort = Effort {
        seed: 1,
        runs: 12,
        proof_bytes_max: 0,
    };
    let small = |loaded: &wiretape::Loaded| loaded.tape.exchanges[0].body().len() < 4096;
    let small: Vec<_> = tapes.iter().filter(|(_, loaded)| small(loaded)).collect();
    let broken = parallel(&small, |(name, loaded)| {
        let mut broken = Vec::new();
        for subject in loaded.subjects() {
            let subject = subject.unwrap();
            let dialect = subject.dialect;
            let untouched = wiretape_vary::Subject::new(subject.exchange, Some(dialect.name()));
            for seed in 0..6 {
                let scenario = Scenario::generate(seed, Profile::Lawful, &untouched);
                let exchange = scenario.apply(&untouched).to_exchange(subject.exchange);
                let varied = Subject {
                    name: format!("{name} under seed {seed}"),
                    dialect,
                    body: exchange.body(),
                    exchange: &exchange,
                };
                let reports = check(&varied, &effort);
                let failed = reports.iter().filter(|report| report.failure.is_some());
                broken.extend(failed.map(|report| format!("{}: {report}", varied.name)));
            }
        }
        broken
    });
    let broken = broken.concat();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// A block that just fits the limit, or just does not, is read alike however it is cut.
#[test]
fn a_limit_keeps_the_chunking_law() {
    let ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    let data = "data: {\"choices\":[]}\n\n";
    let blocks = [
        ping,
        data,
        &data.replace('\n', "\r\n"),
        &data.replace('\n', "\r"),
        "id: 1\ndata: a\ndata: b\n\n",
        ": comment\n\n",
    ];
    for block in blocks {
        let body = block.repeat(3);
        for limit in block.len() - 5..=block.len() + 2 {
            let limits = Limits {
                frame_bytes_max: limit,
                ..Limits::default()
            };
            let make = || wiretape_core::sse::Decoder::new(Options::lenient().sse, limits);
            let proof = chunking::prove(body.as_bytes(), make);
            assert!(
                proof.is_ok(),
                "{block:?}, limit {limit}: {}",
                proof.unwrap_err()
            );
        }
    }
}

/// The laws that take a reader hold for ours, and notice each of these that is worse.
#[test]
fn laws_of_any_reader_notice_a_worse_one() {
    let tapes = tapes();
    let of = |path: &str| tapes.iter().find(|(name, _)| name.ends_with(path)).unwrap();
    let loaded = &of("anthropic/parallel-tools.tape").1;
    let subject = loaded.subjects().next().unwrap().unwrap();
    let (body, varied, effort) = (subject.body.as_slice(), subject.varied(), Effort::default());
    let turn = |body: &[u8]| Transcript::of(&read(Dialect::Anthropic, Options::default(), body));
    let meaning = |chunks: &[&[u8]]| turn(&chunks.concat()).meaning();
    let calls = |body: &[u8]| turn(body).tool_calls;

    assert_eq!(laws::chunk_blind(body, 0, 32, meaning).unwrap(), 96);
    assert_eq!(
        laws::reshape_blind(&varied, Profile::Lawful, &effort, meaning).unwrap(),
        64
    );
    assert_eq!(laws::cut_safe(body, calls).unwrap(), body.len() as u64);
    assert_eq!(laws::fault_safe(&varied, &effort, calls).unwrap(), 64);

    // It runs every call that is there, whether the message ended or not.
    let early = |body: &[u8]| {
        let seen = turn(body);
        let calls = seen.tool_calls.into_iter().map(|call| call.id);
        let cut = seen.rejected_calls.into_iter().map(|call| call.id);
        calls.chain(cut).collect::<Vec<_>>()
    };
    laws::cut_safe(body, early).unwrap_err();
    let failure = laws::fault_safe(&varied, &effort, early).unwrap_err();
    assert_eq!(failure.scenario.unwrap().pieces.len(), 1);

    // It decodes each chunk by itself.
    let lossy = |chunks: &[&[u8]]| {
        let chunks = chunks
            .iter()
            .map(|chunk| String::from_utf8_lossy(chunk).into_owned());
        turn(chunks.collect::<String>().as_bytes()).meaning()
    };
    let unicode = of("anthropic/unicode.tape")
        .1
        .subjects()
        .next()
        .unwrap()
        .unwrap();
    let failure = laws::chunk_blind(&unicode.body, 0, 32, lossy).unwrap_err();
    assert!(
        failure.case.starts_with("chunks of 1 bytes: cut at"),
        "{failure}"
    );
    let failure =
        laws::reshape_blind(&unicode.varied(), Profile::Wire, &effort, lossy).unwrap_err();
    assert_eq!(failure.scenario.unwrap().pieces[0].name(), "rechunk");
}

/// `PROPTEST_CASES` says otherwise.
fn config() -> ProptestConfig {
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default().cases,
        None => 64,
    };
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_generated_reply_reads_as_it_was_meant(reply in replies()) {
        for dialect in crate::support::MADE {
            let body = reply.body(dialect).unwrap();
            for options in [Options::lenient(), Options::strict()] {
                let seen = Transcript::of(&read(dialect, options, &body));
                prop_assert_eq!(&seen.rejected, &None, "{}", String::from_utf8_lossy(&body));
                let calls = seen.tool_calls.into_iter();
                let calls = calls.map(|call| Called { id: call.id.unwrap(), name: call.name, arguments: call.arguments, input: call.input });
                let expected = reply.expected(dialect);
                let seen = Expected {
                    text: seen.text,
                    reasoning: seen.reasoning,
                    calls: calls.collect(),
                    stop: if seen.stop.as_deref() == Some(expected.stop) { expected.stop } else { "another" },
                };
                prop_assert_eq!(&seen, &expected, "{}", String::from_utf8_lossy(&body));
            }
        }
    }

    #[test]
    fn a_generated_reply_keeps_every_law(reply in replies(), seed: u64) {
        for dialect in crate::support::MADE {
            let body = reply.body(dialect).unwrap();
            let tape = Tape::from_body(&body, Some(dialect.name()));
            let subject = Subject { name: "generated".into(), dialect, exchange: &tape.exchanges[0], body };
            let effort = Effort { seed, runs: 4, proof_bytes_max: 600 };
            for report in check(&subject, &effort) {
                prop_assert!(report.failure.is_none(), "{report}\n{}", String::from_utf8_lossy(&subject.body));
            }
        }
    }

    #[test]
    fn lines_of_json_keep_the_chunking_law(
        lines in prop::collection::vec("(\\{\"a\":\"[a-zé😀 ]{0,9}\"\\}|[0-9]{1,4}| |\\{\"|)(\n|\r\n|\r)", 0..8),
        tail in "(|\\{\\}|\\{|[0-9]|\r)",
        limit in prop::sample::select(vec![4_usize, 16, 1 << 20]),
    ) {
        let body = lines.concat() + &tail;
        let limits = Limits { frame_bytes_max: limit, ..Limits::default() };
        let proof = chunking::prove(body.as_bytes(), || ndjson::Decoder::new(limits));
        prop_assert!(proof.is_ok(), "{body:?}: {}", proof.unwrap_err());
    }

    #[test]
    fn any_bytes_keep_the_chunking_law(
        scraps in prop::collection::vec(prop::sample::select(vec![
            "data", ":", " ", "a", "\n", "\r", "\r\n", "\n\n", "event: x\n", "id: 1\n", "id: \0\n", ": c\n",
            "retry: 1\n", "\u{FEFF}", "data: {}\n\n", "error: no\n", "é", "😀", "data: [DONE]\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n",
        ]), 0..24),
        bad in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        limit in prop::sample::select(vec![5_usize, 9, 40, 1 << 20]),
        strict: bool,
    ) {
        let mut body = scraps.concat().into_bytes();
        if let (Some((at, byte)), false) = (bad, body.is_empty()) {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let limits = Limits { frame_bytes_max: limit, ..Limits::default() };
        let mut options = if strict { wiretape_core::sse::Options::strict() } else { wiretape_core::sse::Options::lenient() };
        options.recover_last = strict;
        let proof = chunking::prove(&body, || wiretape_core::sse::Decoder::new(options, limits));
        prop_assert!(proof.is_ok(), "{:?}: {}", String::from_utf8_lossy(&body), proof.unwrap_err());
    }
}
