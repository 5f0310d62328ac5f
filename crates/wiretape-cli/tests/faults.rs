//! `wiretape faults` as it is run: the table, one class explained, a preset, and what is not there.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::process::{Command, Output};

use serde_json::Value;

fn run(args: &[&str]) -> Output {
    let binary = env!("CARGO_BIN_EXE_wiretape");
    let output = Command::new(binary).arg("faults").args(args).output();
    output.unwrap()
}

fn good(args: &[&str]) -> String {
    let output = run(args);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{args:?}: {err}");
    String::from_utf8(output.stdout).unwrap()
}

fn lines(args: &[&str]) -> Vec<Value> {
    let out = good(args);
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_table() {
    insta::assert_snapshot!("table", good(&[]));
}

#[test]
fn classes_explained() {
    for name in ["F-01", "F-21", "F-24", "F-26", "F-30", "F-45"] {
        insta::assert_snapshot!(name, good(&[name]));
    }
}

#[test]
fn a_preset() {
    insta::assert_snapshot!("groq", good(&["--preset", "groq"]));
    insta::assert_snapshot!("bedrock", good(&["--preset", "bedrock-invoke"]));
}

#[test]
fn one_form_over_a_tape() {
    let tape = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../recordings/openai-chat/empty-arguments.tape"
    );
    let out = good(&["empty_arguments", "--tape", tape, "--form", "null_text"]);
    assert!(out.contains(r#""arguments":"null""#), "{out}");
    let case = &lines(&["F-18", "--tape", tape, "--form", "null", "--json"])[0];
    let after = case["examples"][0]["after"].as_str().unwrap();
    assert!(after.contains(r#""arguments":null"#), "{after}");
}

/// Every class in JSON: what it is in each dialect, or why it cannot be; a real case, or why there is
/// none.
#[test]
fn every_class_says_where_it_stands() {
    let all = lines(&["--json"]);
    assert_eq!(all.len(), 64);
    for class in &all {
        let id = class["id"].as_str().unwrap();
        for dialect in ["anthropic", "openai-chat"] {
            let said = &class["dialects"][dialect];
            let cannot = said["cannot"].is_string();
            assert!(said["standing"].is_string() != cannot, "{id} {said}");
            let only = ["--dialect", dialect];
            let one = &lines(&[&[id, "--json"], &only[..]].concat())[0];
            let example = &one["examples"][0];
            assert!(!cannot || example["none"].is_string(), "{id} {example}");
            if let Some(after) = example["after"].as_str() {
                let pieces = example["pieces"].as_array().unwrap();
                assert!(!pieces.is_empty(), "{id}");
                let moved = example["chunks"][0] != example["chunks"][1]
                    || example["end"][0] != example["end"][1];
                let wire = one["group"] == "transport" || one["group"] == "resources";
                assert!(moved || wire || example["before"] != after, "{id}");
            }
        }
    }
    let quirks = lines(&["--json", "--profile", "quirks", "--dialect", "anthropic"]);
    assert!(quirks.iter().all(|class| class["id"] != "F-26"));
    assert!(quirks.iter().any(|class| class["id"] == "F-36"));
}

#[test]
fn what_is_not_there_names_the_nearest() {
    for (args, expected) in [
        (&["F-2l"][..], "the nearest is F-2"),
        (&["trunkated"], "F-21 truncated_by_max_tokens"),
        (&["--preset", "grok"], "the nearest is `groq`"),
        (&["F-21", "--form", "half"], "it has open, closed, hidden"),
        (&["--profile", "chaos"], "invalid value 'chaos'"),
    ] {
        let output = run(args);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(err.contains(expected), "{args:?}: {err}");
    }
}
