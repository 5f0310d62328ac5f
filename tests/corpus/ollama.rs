//! Ollama, a JSON object a line.

use wiretape_core::Dialect;

use super::{Family, compare, compare_recovered, keep_the_laws};

const FAMILY: Family = Family {
    name: "Ollama",
    formats: &[("ollama-ndjson", Dialect::Ollama)],
    asked: &["--arguments", "--frames", "--server"],
    adjudicated: &[],
    adjudicated_recovered: &[],
};

#[test]
fn ollama_equal_the_independent_reading() {
    compare(&FAMILY);
}

#[test]
fn ollama_recovered_equal_the_independent_reading() {
    compare_recovered(&FAMILY);
}

#[test]
fn ollama_keep_the_laws() {
    keep_the_laws(&FAMILY);
}
