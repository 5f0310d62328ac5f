//! Strategies: what they make, and what is left of it when it fails.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use wiretape::strategy::{chunkings, replies, scenarios};
use wiretape::{FromFile, Tape};
use wiretape_core::Dialect;
use wiretape_vary::{Cutting, Piece, Profile, Scenario, Subject};

fn runner() -> TestRunner {
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
}

/// The least value that still fails.
fn least<S: Strategy>(strategy: &S, fails: impl Fn(&S::Value) -> bool) -> S::Value {
    let run = runner().run(strategy, |value| {
        proptest::prop_assert!(!fails(&value));
        Ok(())
    });
    match run.unwrap_err() {
        TestError::Fail(_, value) => value,
        TestError::Abort(why) => panic!("{why}"),
    }
}

fn subject() -> Subject {
    let tape = Tape::load("../recordings/anthropic/unicode.tape").unwrap();
    Subject::new(&tape.exchanges[0], Some("anthropic"))
}

#[test]
fn a_scenario_shrinks_to_the_piece_that_matters() {
    let subject = subject();
    let has =
        |scenario: &Scenario, name: &str| scenario.pieces.iter().any(|piece| piece.name() == name);
    for name in ["bom", "interleave", "comment", "rechunk", "json_escapes"] {
        let strategy = scenarios(&subject, Profile::All);
        let scenario = least(&strategy, |scenario| has(scenario, name));
        let names: Vec<_> = scenario.pieces.iter().map(Piece::name).collect();
        assert_eq!(names, [name]);
    }
    // Two that need each other are both kept, whatever stands between them.
    let strategy = scenarios(&subject, Profile::Lawful);
    let both = |scenario: &Scenario| has(scenario, "bom") && has(scenario, "rechunk");
    assert_eq!(least(&strategy, both).pieces.len(), 2);
    // A failure of everything has the least value there is.
    assert_eq!(least(&strategy, |_| true).pieces, []);
}

#[test]
fn the_pieces_that_are_left_are_simple() {
    let subject = subject();
    let strategy = scenarios(&subject, Profile::All);
    let comment = least(&strategy, |scenario| {
        let pieces = scenario.pieces.iter();
        pieces
            .clone()
            .any(|piece| matches!(piece, Piece::Comment { .. }))
    });
    assert!(matches!(&comment.pieces[..], [Piece::Comment { text, .. }] if text.is_empty()));
    // The first 1,000 bytes must be cut somewhere: one cut is left of many.
    let first = |scenario: &Scenario| {
        let script = scenario.apply(&subject);
        let length = script.steps().next().map_or(0, |step| step.bytes.len());
        let by_hand = |piece: &Piece| {
            matches!(
                piece,
                Piece::Rechunk {
                    cut: Cutting::At(_)
                }
            )
        };
        length < 1_000 && scenario.pieces.iter().any(by_hand)
    };
    let cut = least(&strategy, first);
    let [
        Piece::Rechunk {
            cut: Cutting::At(offsets),
        },
    ] = &cut.pieces[..]
    else {
        panic!("{cut:?}");
    };
    assert_eq!(offsets.len(), 1, "{cut:?}");
}

#[test]
fn a_chunking_shrinks_to_the_cut_that_matters() {
    let body: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    let strategy = chunkings(body.len());
    let inside = |cut: &usize| (2_000..2_100).contains(cut);
    let chunking = least(&strategy, |chunking| chunking.cuts.iter().any(inside));
    assert!(
        matches!(&chunking.cuts[..], [cut] if inside(cut)),
        "{chunking:?}"
    );
    let two = least(&strategy, |chunking| chunking.pieces(&body).len() > 2);
    assert_eq!(two.cuts.len(), 2);
}

#[test]
fn chunkings_cut_in_every_way_and_lose_nothing() {
    let body: Vec<u8> = (0..=255).cycle().take(999).collect();
    let mut runner = runner();
    let mut sizes = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let chunking = chunkings(body.len())
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let pieces = chunking.pieces(&body);
        assert_eq!(pieces.concat(), body);
        assert!(pieces.iter().all(|piece| !piece.is_empty()));
        sizes.insert(pieces.len());
    }
    assert!(sizes.contains(&2) && sizes.contains(&999), "{sizes:?}");
    assert!(sizes.len() > 100, "{sizes:?}");
    let nothing = chunkings(0).new_tree(&mut runner).unwrap().current();
    assert_eq!(nothing.pieces(b""), [b""]);
}

#[test]
fn a_reply_shrinks_to_little() {
    let calls = |reply: &wiretape::strategy::Reply| {
        let expected = reply.expected(Dialect::Anthropic);
        !expected.calls.is_empty()
    };
    let reply = least(&replies(), calls);
    let expected = reply.expected(Dialect::Anthropic);
    assert_eq!((expected.calls.len(), expected.text.as_str()), (1, ""));
    let length = reply.body(Dialect::Anthropic).unwrap().len();
    assert!(length < 1_200, "{length}");
}

/// The same seeds give the same values: a failure can be repeated from what proptest keeps.
#[test]
fn what_is_made_depends_on_the_runner_alone() {
    let subject = subject();
    let made = || {
        let mut runner = runner();
        let mut scenario = || scenarios(&subject, Profile::All).new_tree(&mut runner);
        [(); 20].map(|()| scenario().unwrap().current())
    };
    assert_eq!(made(), made());
}
