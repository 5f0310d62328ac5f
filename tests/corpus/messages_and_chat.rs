//! Anthropic Messages and `OpenAI` Chat with the servers compatible with it.

use wiretape_core::Dialect;

use super::{Adjudicated, Family, compare, compare_recovered, keep_the_laws};

const FAMILY: Family = Family {
    name: "Messages and Chat",
    formats: &[
        ("anthropic-messages", Dialect::Anthropic),
        ("openai-chat", Dialect::OpenAiChat),
    ],
    asked: &["--arguments", "--frames", "--server"],
    adjudicated: ADJUDICATED,
    adjudicated_recovered: ADJUDICATED,
};

const ADJUDICATED: &[Adjudicated] = &[
    (
        "anthropic/vercel-anthropic-anthropic-programmatic-tool-calling-1-5394e9.sse",
        "tool_calls",
        START_INPUT,
    ),
    (
        "anthropic/vercel-anthropic-anthropic-programmatic-tool-calling-1-i1-6f7785.sse",
        "tool_calls",
        START_INPUT,
    ),
    (
        "anthropic/vercel-anthropic-anthropic-programmatic-tool-calling-1-i2-94a661.sse",
        "tool_calls",
        START_INPUT,
    ),
    (
        "anthropic/vercel-anthropic-anthropic-programmatic-tool-calling-1-i3-09d474.sse",
        "tool_calls",
        START_INPUT,
    ),
    (
        "anthropic/vercel-anthropic-spliced-message-start-2ac79b.sse",
        "frames",
        "a second message_start is an error, and reading stops there; the reference counts the rest",
    ),
];
const START_INPUT: &str = "the input stands in the block's start event and no delta came; our raw \
                           text is that JSON, the reference's is empty; the inputs are equal";

#[test]
fn messages_and_chat_equal_the_independent_reading() {
    compare(&FAMILY);
}

#[test]
fn messages_and_chat_recovered_equal_the_independent_reading() {
    compare_recovered(&FAMILY);
}

#[test]
fn messages_and_chat_keep_the_laws() {
    keep_the_laws(&FAMILY);
}
