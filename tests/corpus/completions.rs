//! Legacy completions, text alone.

use wiretape_core::Dialect;

use super::{Family, compare, compare_recovered, keep_the_laws};

const FAMILY: Family = Family {
    name: "Completions",
    formats: &[("openai-completions", Dialect::OpenAiCompletions)],
    asked: &["--arguments", "--frames", "--server"],
    adjudicated: &[],
    adjudicated_recovered: &[],
};

#[test]
fn completions_equal_the_independent_reading() {
    compare(&FAMILY);
}

#[test]
fn completions_recovered_equal_the_independent_reading() {
    compare_recovered(&FAMILY);
}

#[test]
fn completions_keep_the_laws() {
    keep_the_laws(&FAMILY);
}
