//! Gemini, as an event stream and as one JSON array.

use wiretape_core::Dialect;

use super::{Family, compare, compare_recovered, keep_the_laws};

const FAMILY: Family = Family {
    name: "Gemini",
    formats: &[
        ("gemini", Dialect::Gemini),
        ("gemini-json-array", Dialect::Gemini),
    ],
    asked: &["--arguments", "--frames", "--server"],
    adjudicated: &[],
    adjudicated_recovered: &[],
};

#[test]
fn gemini_equal_the_independent_reading() {
    compare(&FAMILY);
}

#[test]
fn gemini_recovered_equal_the_independent_reading() {
    compare_recovered(&FAMILY);
}

#[test]
fn gemini_keep_the_laws() {
    keep_the_laws(&FAMILY);
}
