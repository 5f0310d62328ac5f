//! `OpenAI` Responses.

use wiretape_core::Dialect;

use super::{Adjudicated, Family, compare, compare_recovered, keep_the_laws};

const FAMILY: Family = Family {
    name: "Responses",
    formats: &[("openai-responses", Dialect::OpenAiResponses)],
    asked: &["--arguments", "--frames", "--server"],
    adjudicated: ADJUDICATED,
    adjudicated_recovered: ADJUDICATED,
};

const ADJUDICATED: &[Adjudicated] = &[(
    "openai-responses/vercel-openai-responses-programmatic-tool-calling-1-f65ff6.sse",
    "server_tool_calls",
    "a program's code is what the provider runs, as it is in a code_interpreter_call, and is kept as its \
     arguments; the reference leaves it out",
)];

#[test]
fn responses_equal_the_independent_reading() {
    compare(&FAMILY);
}

#[test]
fn responses_recovered_equal_the_independent_reading() {
    compare_recovered(&FAMILY);
}

#[test]
fn responses_keep_the_laws() {
    keep_the_laws(&FAMILY);
}
