//! Shrinking: the result still fails, is never larger, comes within the budget, and is the same
//! every time.

extern crate std;

use std::string::String;
use std::vec::Vec;

use proptest::prelude::*;
use wiretape_core::{Options, Transcript, read};
use wiretape_tape::{Exchange, Header, Source, SourceKind, Tape};

use super::{ANTHROPIC, OPENAI_CHAT};
use crate::script::Script;
use crate::shrink::{Shrinker, Trial, simpler};
use crate::{Cutting, Outcome, Piece, Profile, Scenario, Subject};

/// What a client may have wrong, as a property of what it is sent.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// A character that is cut in two.
    CutCharacter,
    /// A line end that is not LF.
    Cr,
    /// A reply that did not end well.
    Fault,
    /// An escape in the payload.
    Escape,
    /// Whatever a digest says: two trials that are alike need not be alike in it.
    Chance(u8),
}

impl Wrong {
    fn holds(self, trial: &Trial) -> bool {
        let exchanges = 0..trial.exchanges.len();
        let mut scripts = exchanges.flat_map(|exchange| trial.scripts(exchange));
        scripts.any(|script| self.of(&script))
    }

    fn of(self, script: &Script) -> bool {
        match self {
            Self::CutCharacter => script
                .steps()
                .any(|step| core::str::from_utf8(step.bytes).is_err()),
            Self::Cr => script.body().contains(&b'\r'),
            Self::Fault => script.permits != [Outcome::Same],
            Self::Escape => script.body().windows(3).any(|bytes| bytes == b"\\u0"),
            Self::Chance(of) => {
                let digest = script.digest();
                let byte = digest
                    .get(..2)
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                byte.unwrap_or(0) % of.max(1) == 0
            }
        }
    }
}

fn tape(dialect: &str, bodies: &[&[u8]]) -> Tape {
    let mut exchanges = Vec::new();
    for body in bodies {
        exchanges.extend(Tape::from_body(body, Some(dialect)).exchanges);
    }
    Tape::new(
        Header::new(Some(dialect), Source::new(SourceKind::Bare)),
        exchanges,
    )
}

const CHAT: &str = concat!(
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Gr\u{fc}\u{df}e\"}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" from here to there and back\"}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"q\\\":\"}}]}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"\u{1f600}\\\"}\"}}]}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"type\":\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: [DONE]\n\n",
);

const TEXT: &str = concat!(
    "data: {\"id\":\"d\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"All \"}}]}\n\n",
    "data: {\"id\":\"d\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"done \u{e9}\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
);

fn session() -> Tape {
    tape(
        "openai-chat",
        &[CHAT.as_bytes(), CHAT.as_bytes(), TEXT.as_bytes()],
    )
}

fn shrunk(trial: Trial, wrong: Wrong, budget: u32) -> Shrinker {
    let mut shrinker = Shrinker::new(trial, budget);
    while let Some(trial) = shrinker.propose() {
        shrinker.answer(wrong.holds(&trial));
    }
    shrinker
}

fn subject(trial: &Trial, exchange: usize) -> Subject {
    Subject::new(&trial.exchanges[exchange], trial.dialect.as_deref())
}

/// What a reader makes of each exchange: why it is no turn, and whether it has calls, and broken
/// ones.
fn kinds(trial: &Trial) -> Vec<(Option<String>, bool, bool)> {
    let dialect = trial
        .dialect
        .as_deref()
        .and_then(|name| name.parse().ok())
        .unwrap();
    let kind = |exchange: &Exchange| {
        let read = Transcript::of(&read(dialect, Options::default(), &exchange.body()));
        let [calls, broken] = [read.tool_calls.is_empty(), read.rejected_calls.is_empty()];
        (read.rejected, calls, broken)
    };
    trial.exchanges.iter().map(kind).collect()
}

fn bytes(trial: &Trial) -> usize {
    let exchanges = trial.exchanges.iter();
    exchanges.map(|exchange| exchange.body().len()).sum()
}

fn wrongs() -> impl Strategy<Value = Wrong> {
    prop_oneof![
        Just(Wrong::CutCharacter),
        Just(Wrong::Cr),
        Just(Wrong::Fault),
        Just(Wrong::Escape),
        (1..6_u8).prop_map(Wrong::Chance),
    ]
}

fn trials() -> impl Strategy<Value = Trial> {
    let profiles = prop::sample::select(&[Profile::Lawful, Profile::Faults, Profile::All][..]);
    let tapes = prop::sample::select(alloc::vec![
        session(),
        tape("openai-chat", &[OPENAI_CHAT.as_bytes(), TEXT.as_bytes()]),
        tape("anthropic", &[ANTHROPIC.as_bytes(), ANTHROPIC.as_bytes()]),
    ]);
    let draws = (any::<u64>(), profiles, 0..4_usize, any::<bool>(), tapes);
    draws.prop_map(|(seed, profile, changed, again, tape)| {
        let mut trial = Trial::new(&tape, Scenario::plain());
        let last = tape.exchanges.len() - 1;
        let subject = subject(&trial, changed.min(last));
        trial.scenario = Scenario::generate(seed, profile, &subject);
        trial.scenario.exchange = (changed <= last).then_some(changed);
        if again {
            let other = Scenario::generate(seed ^ 1, profile, &subject);
            trial.scenario.retries = Some(other.pieces);
        }
        trial
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_fails_and_is_not_larger(trial in trials(), wrong in wrongs(), budget in 0..400_u32) {
        prop_assume!(wrong.holds(&trial));
        let shrinker = shrunk(trial.clone(), wrong, budget);
        let best = shrinker.best();
        prop_assert!(wrong.holds(best));
        prop_assert!(shrinker.runs() <= budget);
        prop_assert!(best.scenario.pieces.len() <= trial.scenario.pieces.len());
        prop_assert!(best.exchanges.len() <= trial.exchanges.len());
        prop_assert!(bytes(best) <= bytes(&trial));
        let retries = |trial: &Trial| trial.scenario.retries.as_ref().map_or(0, Vec::len);
        prop_assert!(retries(best) <= retries(&trial));
        // The tape is one still, with the same kinds of replies.
        for kind in kinds(best) {
            prop_assert!(kinds(&trial).contains(&kind));
        }
        let last = |trial: &Trial| kinds(trial).pop();
        prop_assert_eq!(last(best), last(&trial));
        let again = shrunk(trial, wrong, budget);
        prop_assert_eq!(again.best(), best);
    }
}

/// What is left of a trial, in words.
fn left(wrong: Wrong, pieces: Vec<Piece>) -> (String, u32) {
    let mut trial = Trial::new(&session(), Scenario::of(pieces));
    trial.scenario.exchange = Some(1);
    let shrinker = shrunk(trial, wrong, 400);
    let best = shrinker.best();
    let body = best
        .exchanges
        .iter()
        .map(|exchange| String::from_utf8(exchange.body()).unwrap());
    let bodies: Vec<String> = body.collect();
    let scenario = serde_json::to_string(&best.scenario.pieces).unwrap();
    (
        std::format!("{scenario}\n{}", bodies.join("----\n")),
        shrinker.runs(),
    )
}

#[test]
fn a_cut_in_a_character_is_one_cut_and_one_event() {
    let noise = Profile::Lawful;
    let trial = Trial::new(&session(), Scenario::plain());
    let subject = subject(&trial, 1);
    let mut pieces = Scenario::generate(11, noise, &subject).pieces;
    pieces.retain(|piece| !matches!(piece, Piece::Rechunk { .. } | Piece::JsonEscapes { .. }));
    pieces.push(Piece::Rechunk {
        cut: Cutting::Bytes1,
    });
    let (left, runs) = left(Wrong::CutCharacter, pieces);
    let (piece, rest) = left.split_once('\n').unwrap();
    // The character, the event around it, and what makes a reply of it.
    assert_eq!(piece, r#"[{"piece":"rechunk","cut":{"at":[361]}}]"#);
    let at = rest.find('\u{1f600}').unwrap();
    assert!((at + 1..at + 4).contains(&361), "{at}");
    assert_eq!(rest.matches("data: ").count(), 7, "{rest}");
    assert!(runs <= 60, "{runs} runs");
}

#[test]
fn simpler_pieces_come_to_an_end() {
    let trial = Trial::new(&session(), Scenario::plain());
    let subject = subject(&trial, 0);
    for seed in 0..300 {
        for piece in Scenario::generate(seed, Profile::All, &subject).pieces {
            // The one that is furthest away is the longest way.
            let mut steps = 0;
            let mut least = piece.clone();
            while let Some(next) = simpler(&least).into_iter().next_back() {
                assert_ne!(next, least);
                least = next;
                steps += 1;
                assert!(steps < 2_000, "{piece:?} is still {least:?}");
            }
        }
    }
}
