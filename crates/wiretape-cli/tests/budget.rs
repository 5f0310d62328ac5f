//! `wiretape budget` as it is run: a request in, a plan or a smaller request out, an exit code.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// What a run gave: exit code, standard output, standard error.
type Ran = (i32, String, String);

fn run(args: &[&str], stdin: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wiretape"))
        .arg("budget")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without reading.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked"), "{err}");
    (output.status.code().unwrap(), out, err)
}

/// Turns with a call each, whose results have so many words.
fn request(turns: usize, words: usize) -> Value {
    let mut messages = vec![json!({"role": "user", "content": "the task"})];
    for turn in 0..turns {
        let id = format!("toolu_{turn}");
        messages.push(json!({"role": "assistant", "content": [
            {"type": "tool_use", "id": id, "name": "read_file", "input": {"path": "a.rs"}}]}));
        messages.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": "word ".repeat(words)}]}));
    }
    messages.push(json!({"role": "assistant", "content": "done"}));
    messages.push(json!({"role": "user", "content": "and now?"}));
    json!({"model": "claude-sonnet-4-5", "max_tokens": 1024, "system": "be kind",
        "messages": messages})
}

#[test]
fn what_fits_is_not_cut() {
    let (code, out, err) = run(&["-"], &request(3, 100).to_string());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(
        out.contains("anthropic, claude-sonnet-4-5, 9 messages, counted with o200k"),
        "{out}"
    );
    assert!(out.contains("window        200,000"), "{out}");
    assert!(out.contains("it fits: nothing is cut"), "{out}");
}

#[test]
fn the_table_says_what_is_cut_and_why() {
    let (code, out, _) = run(&["-", "--window", "11000"], &request(4, 3_000).to_string());
    assert_eq!(code, 0, "{out}");
    let mut table = out
        .lines()
        .skip_while(|line| !line.starts_with("message  cut"));
    let head = table.next().unwrap();
    assert_eq!(
        head,
        "message  cut       of                        saves  why"
    );
    for message in ["2", "4", "6"] {
        let row = table.next().unwrap();
        let words: Vec<&str> = row.split_whitespace().collect();
        let cut = [message, "truncate", "result", "of", "read_file"];
        assert_eq!(words[..5], cut, "{row}");
        assert!(
            row.ends_with("  large results first, oldest first"),
            "{row}"
        );
        // The reason stands under its heading.
        assert_eq!(row.find("large"), head.find("why"), "{row}");
        let saves: u64 = words[5].replace(',', "").parse().unwrap();
        assert!((1_001..1_300).contains(&saves), "{row}");
    }
    let sum = table.next().unwrap();
    assert!(sum.starts_with("it fits: "), "{sum}");
    let end = " of 9,341 tokens, with 3 results truncated and 0 messages of 11 dropped";
    assert!(sum.ends_with(end), "{sum}");
}

#[test]
fn json_says_the_same_to_programs() {
    let (code, out, _) = run(
        &["-", "--window", "6000", "--json"],
        &request(4, 3_000).to_string(),
    );
    assert_eq!(code, 0, "{out}");
    let plan: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        plan["allowed"],
        json!(4_976 - plan["fixed"].as_u64().unwrap())
    );
    assert!(plan["after"].as_u64() <= plan["allowed"].as_u64(), "{plan}");
    let cuts = plan["cuts"].as_array().unwrap();
    assert_eq!(cuts[0]["what"], "drop");
    assert_eq!(cuts[0]["messages"], json!([1, 2]));
    assert_eq!(plan["overfull"], Value::Null);
    assert_eq!(plan["flaws"], json!([]));
}

#[test]
fn apply_prints_a_request_that_fits_and_is_taken() {
    let whole = request(4, 3_000).to_string();
    let (code, out, err) = run(&["-", "--window", "6000", "--apply"], &whole);
    assert_eq!(code, 0, "{err}");
    assert!(out.len() < whole.len());
    let smaller: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(smaller["system"], "be kind");
    let (code, again, _) = run(&["-", "--window", "6000"], &out);
    assert_eq!(code, 0);
    assert!(again.contains("nothing is cut"), "{again}");
    // Whatever counts.
    for counter in ["heuristic", "cl100k"] {
        let (code, out, _) = run(
            &["-", "--window", "6000", "--apply", "--counter", counter],
            &whole,
        );
        assert_eq!(code, 0, "{counter}");
        assert!(serde_json::from_str::<Value>(&out).is_ok());
    }
}

#[test]
fn what_a_provider_would_refuse_is_listed_and_repaired_or_refused() {
    let mut broken = request(2, 10);
    broken["messages"].as_array_mut().unwrap().remove(1);
    let broken = broken.to_string();
    let refusal = "messages.1.content.0: unexpected `tool_use_id` found";
    let (code, out, _) = run(&["-"], &broken);
    assert_eq!(code, 0);
    assert!(
        out.contains("refused: message 1: ") && out.contains(refusal),
        "{out}"
    );
    let (code, out, err) = run(&["-", "--apply"], &broken);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains(refusal) && err.contains("hint: --repair"),
        "{err}"
    );
    let (code, out, err) = run(&["-", "--apply", "--repair"], &broken);
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("note: message 1: a result without its call was left out"),
        "{err}"
    );
    assert!(!out.contains("toolu_0") && out.contains("toolu_1"), "{out}");
    let (_, out, _) = run(&["-", "--repair"], &broken);
    assert!(out.contains("repaired: message 1"), "{out}");
}

#[test]
fn too_many_pins_are_exit_code_1() {
    let (code, out, _) = run(
        &["-", "--window", "1500", "--pin", "2"],
        &request(1, 3_000).to_string(),
    );
    assert_eq!(code, 1);
    assert!(out.contains("it does not fit: what must stay is "), "{out}");
    assert!(out.contains("    caller"), "{out}");
    let (code, out, err) = run(
        &["-", "--window", "1500", "--pin", "2", "--apply"],
        &request(1, 3_000).to_string(),
    );
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("what must stay is"), "{err}");
    let (code, out, _) = run(
        &["-", "--window", "1500", "--pin", "2", "--json"],
        &request(1, 3_000).to_string(),
    );
    let plan: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &plan["after"]), (1, &Value::Null));
    assert!(
        plan["overfull"]["caller"].as_u64().unwrap() > 3_000,
        "{plan}"
    );
}

/// Each dialect, with the model where it names it: in the body or in the path.
#[test]
fn a_request_of_each_dialect_is_counted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recordings");
    for (tape, model) in [
        ("openai-responses/small-tool", "gpt-4.1-2025"),
        ("gemini/thinking-signature", "gemini-3-pro-preview"),
        (
            "bedrock-converse/reasoning-signature",
            "anthropic.claude-sonnet-4-5",
        ),
        ("bedrock-invoke/anthropic-tool", "anthropic.claude"),
        ("ollama/parallel-tools", "qwen3:4b"),
        ("cohere/tools-parallel", "command-a-03-2025"),
    ] {
        let file = root.join(format!("{tape}.tape"));
        let (code, out, err) = run(&[file.to_str().unwrap(), "--window", "8192"], "");
        assert_eq!(code, 0, "{tape}: {err}");
        let dialect = tape.split('/').next().unwrap();
        assert!(
            out.contains(dialect) && out.contains(model),
            "{tape}: {out}"
        );
        assert!(
            out.contains("it fits") && !out.contains("refused"),
            "{tape}: {out}"
        );
    }
    let (code, _, err) = run(
        &["-", "--window", "4096"],
        r#"{"input":"and now?","previous_response_id":"resp_1"}"#,
    );
    assert_eq!(code, 2);
    assert!(err.contains("of which a part is on the server"), "{err}");
}

#[test]
fn an_exchange_of_a_tape_is_a_request_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recordings");
    let tape = root.join("recorded/chat-too-long.tape");
    assert!(fs::exists(&tape).unwrap());
    let tape = tape.to_str().unwrap();
    let (code, out, err) = run(&[tape, "--window", "4096"], "");
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("chat-too-long.tape#0") && out.contains("openai-chat"),
        "{out}"
    );
    let (code, _, err) = run(&[tape, "--exchange", "9", "--window", "4096"], "");
    assert_eq!(code, 2);
    assert!(
        err.contains("expected an exchange below 1, found 9"),
        "{err}"
    );
}

#[test]
fn what_cannot_be_used_says_why() {
    let fine = request(1, 1).to_string();
    for (args, stdin, says) in [
        (&["missing.json"][..], "", "missing.json: cannot read it"),
        (
            &["-"],
            "",
            "standard input: at byte 0: expected JSON, found the end",
        ),
        (
            &["-"],
            "{}",
            "expected a member `messages` that is an array",
        ),
        (
            &["-"],
            r#"{"messages":[{}]}"#,
            "in message 0: expected a message with a role",
        ),
        (&["-"], r#"{"messages":[]}"#, "--dialect says it"),
        (&["-", "--model", "llama"], &fine, "--window N says it"),
        (&["-", "--window", "0"], &fine, "--window"),
        (&["-", "--threshold", "101"], &fine, "--threshold"),
        (
            &["-", "--pin", "5"],
            &fine,
            "--pin 5: expected a message below 5",
        ),
        (
            &["-", "--exchange", "0"],
            &fine,
            "--exchange names one of a tape",
        ),
        (&["-", "--apply", "--json"], &fine, "cannot be used with"),
    ] {
        let (code, out, err) = run(args, stdin);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?} {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
}
