//! Every stream of the corpus in the two dialects, read and compared.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use wiretape_core::{Dialect, Options, Transcript, read};

struct Stream {
    file: String,
    dialect: Dialect,
    body: Vec<u8>,
}

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("WIRETAPE_CORPUS").filter(|value| !value.is_empty());
    if folder.is_none() {
        println!("corpus: skipped, WIRETAPE_CORPUS names no folder");
    }
    folder.map(PathBuf::from)
}

fn streams(folder: &Path) -> Vec<Stream> {
    let index = std::fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let rows = index.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(|row| row["framing"] == "sse" && row["record"] == "stream")
        .filter_map(|row| {
            let dialect = match row["wire_format"].as_str()? {
                "anthropic-messages" => Dialect::Anthropic,
                "openai-chat" => Dialect::OpenAiChat,
                _ => return None,
            };
            let file = row["file"].as_str()?.to_owned();
            let body = std::fs::read(folder.join(&file)).unwrap();
            Some(Stream { file, dialect, body })
        })
        .collect()
}

/// A row in the schema of `expected.jsonl`. A call that was cut has a null input.
fn row(file: &str, read: &Transcript) -> Value {
    let mut calls: Vec<(usize, Value)> = Vec::new();
    for call in &read.tool_calls {
        let value = json!({"id": call.id, "name": call.name, "arguments": call.arguments, "input": call.input});
        calls.push((call.ordinal, value));
    }
    for call in &read.rejected_calls {
        let whole = serde_json::from_str::<Value>(if call.arguments.trim().is_empty() { "{}" } else { &call.arguments }).ok();
        let input = if call.why.contains("cut") { None } else { whole };
        let value = json!({"id": call.id, "name": call.name, "arguments": call.arguments, "input": input});
        calls.push((call.ordinal, value));
    }
    calls.sort_by_key(|(ordinal, _)| *ordinal);
    let calls: Vec<Value> = calls.into_iter().map(|(_, call)| call).collect();
    let server: Vec<Value> = read
        .server_calls
        .iter()
        .map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments}))
        .collect();
    json!({
        "file": file,
        "text": read.text,
        "reasoning": read.reasoning,
        "refusal": read.refusal,
        "tool_calls": calls,
        "server_tool_calls": server,
        "stop": read.stop,
        "ended": read.ended,
        "error": read.error,
        "frames": read.frames,
        "choices": read.choices,
    })
}

#[test]
fn transcripts_equal_the_independent_reading() {
    let Some(folder) = folder() else { return };
    let mut rows = String::new();
    for stream in streams(&folder) {
        let got = Transcript::of(&read(stream.dialect, Options::default(), &stream.body));
        writeln!(rows, "{}", row(&stream.file, &got)).unwrap();
    }
    let got = std::env::temp_dir().join(format!("wiretape-got-{}.jsonl", std::process::id()));
    std::fs::write(&got, rows).unwrap();
    let output = Command::new("python3")
        .arg(folder.join("compare.py"))
        .arg(folder.join("expected.jsonl"))
        .arg(&got)
        .args(["--only", "anthropic-messages,openai-chat", "--arguments", "--frames", "--alts", "--server", "--limit", "1000"])
        .output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    println!("{text}");
    std::fs::write("/tmp/corpus-diffs.txt", text).unwrap();
}
