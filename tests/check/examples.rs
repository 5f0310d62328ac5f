//! The workers that the README shows, as they stand there, and our own agent: each runs, and nothing is
//! wrong with it.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use wiretape_vary::Profile;

use crate::own;
use crate::ran::{Check, plan};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Where `tests/clients/install` puts interpreters and packages.
pub(crate) fn installed() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(3).unwrap().join("clients")
}

/// Says that an example is left out, where it may be.
pub(crate) fn missing(name: &str) {
    let required = std::env::var("WIRETAPE_CLIENTS").is_ok_and(|value| value == "required");
    assert!(
        !required,
        "{name}: not installed; run tests/clients/install"
    );
    // To the terminal itself: what is printed is hidden where a test passes.
    let told = format!("check: SKIPPED {name}: not installed (tests/clients/install)\n");
    let _ = std::io::stderr().write_all(told.as_bytes());
}

fn run(command: Vec<OsString>, tapes: &[&str]) {
    Check::of(command, tapes, plan(Profile::SeenReshapes, 12))
        .run()
        .is_clean();
}

const MESSAGES: [&str; 3] = [
    "anthropic/small-tool.tape",
    "anthropic/parallel-tools.tape",
    "anthropic/unicode.tape",
];

#[test]
fn worker_rs() {
    let tapes = [
        &MESSAGES[..],
        &["openai-chat/tools-parallel.tape", "openai-chat/text.tape"],
    ];
    run(
        vec![own::program("worker", "examples/worker.rs").into()],
        &tapes.concat(),
    );
}

/// Our own agent, under every class that a dialect can have: reshapes and faults.
#[test]
fn our_agent() {
    let tapes = [
        "anthropic/parallel-tools.tape",
        "anthropic/unicode.tape",
        "recorded/chat-loop.tape",
    ];
    let check = Check {
        jobs: 12,
        ..Check::of(
            vec![own::program("agent", "check/agent.rs").into()],
            &tapes,
            plan(Profile::All, 70),
        )
    };
    check.run().is_clean();
}

#[test]
fn worker_py() {
    let python = installed().join("python/bin/python");
    if !python.exists() {
        return missing("worker.py");
    }
    run(
        vec![python.into(), examples().join("worker.py").into()],
        &MESSAGES,
    );
}

#[test]
fn worker_ts() {
    let folder = installed().join("node");
    if !folder.join("node_modules").exists() {
        return missing("worker.ts");
    }
    // Beside its packages, where Node looks for them. It has no types that must be taken away first.
    let script = folder.join("example.mjs");
    fs::copy(examples().join("worker.ts"), &script).unwrap();
    run(vec!["node".into(), script.into()], &MESSAGES);
}

/// The README shows the files that run, but for what only clippy needs.
#[test]
fn the_readme_shows_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for name in ["worker.py", "worker.ts", "worker.rs"] {
        let text = fs::read_to_string(examples().join(name)).unwrap();
        let shown = match text.split_once("#![expect(") {
            Some((before, rest)) => {
                let (_, after) = rest.split_once(")]\n\n").unwrap();
                format!("{before}{after}")
            }
            None => text,
        };
        assert!(
            readme.contains(shown.trim()),
            "README.md has another {name}"
        );
    }
}
