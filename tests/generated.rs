//! What the laws do not look at: all that a generated reply says, and that the generator makes
//! what it promises.

use crate::support::MADE;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use wiretape::strategy::{More, replies};
use wiretape_core::{Dialect, Options, read};

proptest! {
    #![proptest_config(crate::support::cases(256))]

    #[test]
    fn everything_arrives(reply in replies()) {
        for dialect in MADE {
            let body = reply.body(dialect).unwrap();
            for options in [Options::lenient(), Options::strict()] {
                let turn = read(dialect, options, &body);
                let turn = turn.map_err(|why| TestCaseError::fail(format!("{why}")))?;
                prop_assert_eq!(More::of(&turn), reply.more(dialect), "{}", String::from_utf8_lossy(&body));
            }
        }
    }
}

/// A generator that stops making one of these makes every law over it say less.
#[test]
fn the_generator_makes_each_kind() {
    let mut runner = TestRunner::deterministic();
    let mut wanted = vec![
        (Dialect::Anthropic, "\"citations_delta\""),
        (Dialect::Anthropic, "\"signature_delta\""),
        (Dialect::Anthropic, "\"redacted_thinking\""),
        (Dialect::Anthropic, "\"server_tool_use\""),
        (Dialect::Anthropic, "\"hologram\""),
        (Dialect::Anthropic, "\"partial_json\":\"\""),
        (Dialect::Anthropic, "\"stop_reason\":\"stop_sequence\""),
        (Dialect::Anthropic, "\"ping\""),
        (Dialect::Anthropic, "\\ud8"),
        (Dialect::OpenAiChat, "\"refusal\""),
        (Dialect::OpenAiChat, "\"custom\""),
        (Dialect::OpenAiChat, "\"index\":2,\"delta\""),
        (Dialect::OpenAiChat, "\"tool_calls\":[{\"index\":2"),
        (Dialect::OpenAiChat, "\"usage\":null"),
        (Dialect::OpenAiChat, "\"choices\":[],\"usage\":{"),
        (Dialect::OpenAiChat, "\"obfuscation\""),
        (Dialect::OpenAiChat, "\"reasoning\":"),
        (Dialect::OpenAiChat, ": keep-alive"),
        (Dialect::OpenAiChat, "\r\n"),
    ];
    for _ in 0..400 {
        let reply = replies().new_tree(&mut runner).unwrap().current();
        let body = |dialect| String::from_utf8(reply.body(dialect).unwrap()).unwrap();
        let bodies = MADE.map(body);
        wanted.retain(|(dialect, what)| !bodies[*dialect as usize].contains(what));
    }
    assert_eq!(wanted, []);
}
