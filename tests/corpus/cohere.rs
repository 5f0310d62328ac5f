//! Cohere Chat, version 2.

use wiretape_core::Dialect;

use super::{Family, compare, compare_recovered, keep_the_laws};

const FAMILY: Family = Family {
    name: "Cohere",
    formats: &[("cohere-v2", Dialect::Cohere)],
    asked: &["--arguments", "--frames", "--server"],
    adjudicated: &[],
    adjudicated_recovered: &[],
};

#[test]
fn cohere_equal_the_independent_reading() {
    compare(&FAMILY);
}

#[test]
fn cohere_recovered_equal_the_independent_reading() {
    compare_recovered(&FAMILY);
}

#[test]
fn cohere_keep_the_laws() {
    keep_the_laws(&FAMILY);
}
