//! `wiretape check TAPE… -- CMD` as it is run: a process, and an exit code.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn recording(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../recordings")
        .join(name)
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wiretape"));
    let tape = recording("anthropic/text.tape");
    command
        .arg("check")
        .arg(tape)
        .args(args)
        .stdin(Stdio::null());
    command
}

#[track_caller]
fn check(args: &[&str], code: i32, said: &str) -> Output {
    let output = command(args).output().unwrap();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(told.contains(said), "{said:?} in {told}");
    output
}

#[test]
fn what_cannot_be_used_is_2() {
    check(&["--", "/nowhere/to/be/found"], 2, "cannot start it");
    check(&["--worker"], 2, "required");
    check(
        &["--shard", "5/4", "--", "true"],
        2,
        "expected a part and how many there are",
    );
    check(
        &["--patience", "0", "--", "true"],
        2,
        "expected seconds above 0",
    );
    check(
        &["--fail-on", "bad", "--", "true"],
        2,
        "expected one of note, low, medium, high",
    );
    check(
        &["--journal", "/nowhere/to/be/found", "--", "true"],
        2,
        "/nowhere/to/be/found",
    );
    check(
        &["--scenario", "/nowhere/to/be/found", "--", "true"],
        2,
        "cannot read it",
    );
}

#[test]
fn a_client_that_asks_for_nothing_is_no_good() {
    let output = check(&["--runs", "4", "--", "true"], 1, "baseline_fails");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("it asked for nothing"), "{told}");
}

#[test]
fn a_report_is_one_line_of_json() {
    let output = check(
        &["--json", "--", "sh", "-c", "exit 3"],
        1,
        "wiretape_report",
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        report["plan"]["client"],
        serde_json::json!(["sh", "-c", "exit 3"])
    );
    assert_eq!(report["findings"][0]["code"], "baseline_fails");
    let repeat = report["findings"][0]["example"]["repeat"].as_str().unwrap();
    assert!(
        repeat.ends_with("--profile plain -- sh -c 'exit 3'"),
        "{repeat}"
    );
}

/// The client and what it started are gone, too.
#[test]
fn ctrl_c_keeps_what_was_found() {
    let mark = format!("{}.5", 100_000 + std::process::id());
    let script = format!("sleep {mark} & sleep {mark}");
    let mut command = command(&["--", "sh", "-c", &script]);
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = piped.spawn().unwrap();
    let sleeping = || {
        let found = Command::new("pgrep")
            .args(["-f", &format!("^sleep {mark}")])
            .output();
        found.is_ok_and(|found| found.status.success())
    };
    let mut waited = 0;
    while !sleeping() && waited < 400 {
        std::thread::sleep(Duration::from_millis(50));
        waited += 1;
    }
    if waited == 400 {
        // Without `pgrep` nothing can be said.
        let _ = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        let _ = child.wait_with_output();
        return;
    }
    let told = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(told.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{told}");
    assert!(told.contains("interrupted"), "{told}");
    assert!(!sleeping(), "its group was ended");
}
