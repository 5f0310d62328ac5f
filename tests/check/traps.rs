//! What makes a harness lie, each met by a client that does just that.

use std::time::Duration;

use wiretape_check::campaign::{Plan, RunError};
use wiretape_check::client::Mode;
use wiretape_check::{Code, Ended};
use wiretape_tape::Chunk;
use wiretape_vary::{Cutting, Piece, Profile, Scenario};

use crate::ran::{Check, named, plan};

const TOOL: &str = "anthropic/small-tool.tape";
const TAPES: [&str; 4] = [
    TOOL,
    "anthropic/unicode.tape",
    "openai-chat/tools-parallel.tape",
    "openai-chat/text.tape",
];

/// One delivery of a tape.
fn delivery(pieces: Vec<Piece>) -> Plan {
    Plan {
        scenario: Some(Scenario::of(pieces)),
        ..Plan::default()
    }
}

/// Every byte in a chunk of its own.
fn bytes() -> Vec<Piece> {
    vec![Piece::Rechunk {
        cut: Cutting::Bytes1,
    }]
}

#[test]
fn a_right_client_is_accused_of_nothing() {
    let ran = Check::told("right", &TAPES, plan(Profile::Lawful, 40)).run();
    ran.is_clean();
}

#[test]
fn a_right_client_is_accused_of_nothing_in_a_process_of_its_own() {
    let mut check = Check::told("process", &[TOOL], plan(Profile::Lawful, 12));
    check.mode = Mode::Process;
    let ran = check.run();
    ran.is_clean();
    let baseline = &ran.baselines[0].observation;
    assert_eq!(baseline.ended, Ended::Exited { code: 0 });
    let calls = baseline.said.as_ref().unwrap().tool_calls.as_ref().unwrap();
    assert_eq!(calls[0].name, "get_weather", "its last line is its account");
}

#[test]
fn the_echo_says_what_was_run() {
    let ran = Check::told("right", &[TOOL], plan(Profile::Plain, 1)).run();
    let turns = &ran.baselines[0].observation.turns;
    assert_eq!(turns.len(), 2, "a turn of text stands behind the call");
    let echo = turns[0].echo.as_ref().unwrap();
    assert_eq!(echo.calls[0].name, "get_weather");
    assert_eq!(echo.calls[0].results[0].content, "done");
    assert_eq!(echo.flaws, Vec::<String>::new());
    assert_eq!(turns[1].echo, None);
    let attempt = &turns[0].attempts[0];
    assert!(
        attempt.whole && attempt.sent_ns > Some(attempt.at_ns),
        "{attempt:?}"
    );
}

/// The pauses of this tape are longer, taken together, than a client is waited for.
#[test]
fn a_slow_replay_is_no_hang() {
    const PAUSE_NS: u64 = 200_000_000;
    let mut tape = named(&["openai-chat/text.tape"]).remove(0).tape;
    let body = tape.exchanges[0].body();
    let chunk = |bytes: &[u8]| Chunk {
        after_ns: PAUSE_NS,
        bytes: bytes.to_vec(),
    };
    tape.exchanges[0].chunks = body.chunks(body.len() / 16).map(chunk).collect();
    let mut check = Check::told("right", &[], delivery(Vec::new())).on(tape);
    check.plan.recorded_pace = true;
    check.patience = Duration::from_secs(2);
    let ran = check.run();
    ran.is_clean();
    let baseline = &ran.baselines[0].observation;
    assert!(
        baseline.elapsed_ns > 3_000_000_000,
        "{}",
        baseline.elapsed_ns
    );
}

#[test]
fn a_byte_by_byte_replay_is_no_hang() {
    let ran = Check::told("right", &TAPES, delivery(bytes())).run();
    ran.is_clean();
}

#[test]
fn lines_end_in_lf_and_half_a_pair_is_no_failure() {
    for mode in ["separator", "surrogate"] {
        let ran = Check::told(mode, &TAPES, delivery(bytes())).run();
        ran.is_clean();
        let said = ran.baselines[0].observation.said.as_ref().unwrap();
        let stop = said.stop.as_deref().unwrap();
        let want = match mode {
            "separator" => "end\u{2028}turn\u{85}",
            _ => "\u{fffd}",
        };
        assert_eq!(stop, want);
    }
}

#[test]
fn a_worker_that_crashes_is_started_again() {
    let ran = Check::told("crashes", &[TOOL], plan(Profile::Lawful, 20)).run();
    assert_eq!(ran.records.len(), 20, "the campaign goes on");
    assert_eq!(ran.codes().into_iter().collect::<Vec<_>>(), [Code::Crash]);
    for record in &ran.records {
        for finding in &record.findings {
            assert_eq!(finding.code, Code::Crash);
            let ended = &record.observation.as_ref().unwrap().ended;
            assert!(matches!(ended, Ended::Crashed { .. }), "{ended:?}");
        }
    }
}

#[test]
fn a_worker_that_goes_after_its_answer_has_answered() {
    let ran = Check::told("goes", &[TOOL], plan(Profile::Lawful, 8)).run();
    ran.is_clean();
}

#[test]
fn a_client_that_hangs_is_ended() {
    let mut check = Check::told("hangs", &[TOOL], plan(Profile::Lawful, 2));
    check.patience = Duration::from_secs(1);
    let ran = check.run();
    assert_eq!(ran.codes().into_iter().collect::<Vec<_>>(), [Code::Hang]);
}

#[test]
fn a_line_that_is_no_answer_says_what_was_expected() {
    for (mode, expected) in [
        ("babbles", "expected a line of JSON"),
        ("another", "expected the answer to run"),
    ] {
        let ran = Check::told(mode, &[TOOL], plan(Profile::Lawful, 2)).run();
        for record in &ran.records {
            match &record.observation.as_ref().unwrap().ended {
                Ended::Unreadable { why } => assert!(why.contains(expected), "{why}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_client_that_drops_the_path_gets_a_port_of_its_own() {
    let mut check = Check::told("root", &[TOOL], plan(Profile::Lawful, 4));
    let ran = check.run();
    let unusable = ran.baselines[0].unusable.as_deref().unwrap();
    assert!(unusable.contains("did not ask"), "{unusable}");
    assert_eq!(ran.records.len(), 0);
    assert_eq!(ran.runner.outside().as_deref(), Some("/v1/messages"));
    check.port_per_run = true;
    check.run().is_clean();
}

#[test]
fn standard_error_is_kept_without_secrets() {
    let mut check = Check::told("babbles", &[TOOL], plan(Profile::Lawful, 1));
    check.jobs = 1;
    let ran = check.run();
    let stderr = &ran.baselines[0].observation.stderr;
    let line = stderr.lines().next().unwrap_or_default();
    assert!(line.starts_with("a key: *"), "{line:?}");
    assert!(!line.contains("a1b2"), "{line:?}");
}

#[test]
fn a_program_that_is_not_there_is_no_verdict() {
    let command = vec!["/nowhere/to/be/found".into()];
    let ran = Check::of(command, &[TOOL], Plan::default()).go_on(&Default::default());
    assert!(matches!(ran, Err(RunError::Start(_))), "{ran:?}");
}
