//! Amazon Bedrock, in AWS event streams.

use wiretape_core::Dialect;

use super::{Family, compare, compare_recovered, keep_the_laws};

const FAMILY: Family = Family {
    name: "Bedrock",
    formats: &[
        ("bedrock-converse", Dialect::BedrockConverse),
        ("bedrock-invoke", Dialect::BedrockInvoke),
    ],
    asked: &["--arguments", "--frames", "--server"],
    adjudicated: &[],
    adjudicated_recovered: &[],
};

#[test]
fn bedrock_equal_the_independent_reading() {
    compare(&FAMILY);
}

#[test]
fn bedrock_recovered_equal_the_independent_reading() {
    compare_recovered(&FAMILY);
}

#[test]
fn bedrock_keep_the_laws() {
    keep_the_laws(&FAMILY);
}
