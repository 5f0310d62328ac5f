//! `wiretape demo`: the order of the approaches in each figure, over both dialects.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn demo(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_wiretape"))
        .arg("demo")
        .args(args)
        .current_dir(root)
        .output()
        .unwrap()
}

/// What was measured, with the seeds given.
fn measured(args: &[&str]) -> Value {
    let output = demo(&[args, &["--json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*said), (Some(0), ""), "{args:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn approach<'a>(demo: &'a Value, name: &str) -> &'a Value {
    let all = demo["approaches"].as_array().unwrap();
    let mut named = all.iter().filter(|approach| approach["name"] == name);
    named.next().unwrap()
}

fn figure(approach: &Value, pointer: &str) -> u64 {
    approach.pointer(pointer).and_then(Value::as_u64).unwrap()
}

fn check_figures(demo: &Value, seeds: u64) {
    let naive = approach(demo, "naive");
    let buffered = approach(demo, "buffered");
    let unpaced = approach(demo, "forwarded, an edit for each delta");
    let throttled = approach(demo, "forwarded, throttled");

    assert_eq!(figure(naive, "/calls/expected"), 2 * seeds);
    assert_eq!(figure(naive, "/calls/as_sent"), 0);
    assert!(figure(naive, "/calls/otherwise") > 0, "{naive}");
    assert_eq!(figure(buffered, "/calls/as_sent"), 2 * seeds);
    assert_eq!(figure(buffered, "/calls/otherwise"), 0);
    assert_eq!(buffered["text"]["shown"], buffered["text"]["sent"]);
    assert!(figure(naive, "/text/shown") < figure(naive, "/text/sent"));

    assert!(figure(unpaced, "/platform/refused") > 0, "{unpaced}");
    assert_eq!(unpaced["platform"]["whole"], false);
    assert_eq!(figure(throttled, "/platform/refused"), 0);
    assert_eq!(figure(throttled, "/platform/violations"), 0);
    assert_eq!(throttled["platform"]["whole"], true);
    assert!(
        figure(throttled, "/latency/p99_ns") < 10_000_000_000,
        "{throttled}"
    );

    assert!(figure(naive, "/context/refused") > 0, "{naive}");
    assert_eq!(figure(buffered, "/context/refused"), 0, "{buffered}");
}

#[test]
fn the_approaches_differ_where_they_should() {
    for tape in ["anthropic", "openai-chat"] {
        let tape = format!("recordings/{tape}/reference.tape");
        let small = ["--seeds", "4", "--turns", "12", "--window", "60000"];
        for platform in ["telegram", "slack", "discord"] {
            let args = [&[tape.as_str(), "--platform", platform], &small[..]].concat();
            check_figures(&measured(&args), 4);
        }
    }
}

#[test]
fn what_it_says_but_for_times_follows_from_the_seed() {
    let timeless = || {
        let mut demo = measured(&["--seeds", "2", "--turns", "2", "--seed", "0x2a"]);
        for approach in demo["approaches"].as_array_mut().unwrap() {
            if approach["platform"].is_null() {
                approach["latency"] = Value::Null;
            }
        }
        demo
    };
    assert_eq!(timeless(), timeless());
}

#[test]
fn every_figure_is_explained() {
    let output = demo(&["--seeds", "1", "--turns", "1", "--explain"]);
    let said = String::from_utf8(output.stdout).unwrap();
    for column in [
        "tool calls run as sent",
        "run otherwise under faults",
        "text shown",
        "chunk to shown text",
        "refused by the platform",
        "requests over the window",
    ] {
        let explained = said.lines().skip_while(|line| *line != column);
        assert!(explained.count() > 1, "{column}\n{said}");
    }
    assert!(!said.contains('\u{1b}'), "no colour but on a terminal");
}

#[test]
fn a_tape_without_calls_is_2() {
    let output = demo(&["recordings/anthropic/text.tape"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("expected a reply with tool calls"), "{said}");
}
