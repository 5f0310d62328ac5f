//! Every stream of the corpus in every dialect, read and compared. A family is what is read, and adjudicated, together.

mod bedrock;
mod cohere;
mod completions;
mod gemini;
mod messages_and_chat;
mod ollama;
mod responses;
mod servers;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use wiretape::Subject;
use wiretape::laws::{self, Effort};
use wiretape_core::{Dialect, Options, Transcript, read};
use wiretape_tape::Tape;

use crate::support::parallel;

struct Stream {
    file: String,
    dialect: Dialect,
    body: Vec<u8>,
}

/// To the terminal itself: what is printed with `println!` is hidden where a test passes.
pub(crate) fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "corpus: {what}");
}

pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("WIRETAPE_CORPUS").filter(|value| !value.is_empty());
    if folder.is_none() {
        say("skipped, WIRETAPE_CORPUS names no folder");
    }
    folder.map(PathBuf::from)
}

/// What is read together.
struct Family {
    /// How the family is called in what the tests say, and in `README.md`.
    name: &'static str,
    /// Formats as the corpus names them, and the dialects that read them.
    formats: &'static [(&'static str, Dialect)],
    /// Fields that `compare.py` compares on request.
    asked: &'static [&'static str],
    /// Differences from the independent reading that stay: file, field, reason; `README.md` has them
    /// with their pages.
    adjudicated: &'static [Adjudicated],
    /// The same, for a reader that recovers a last event without its blank line (J1).
    adjudicated_recovered: &'static [Adjudicated],
}

/// File, field, reason.
type Adjudicated = (&'static str, &'static str, &'static str);

impl Family {
    fn streams(&self, folder: &Path) -> Vec<Stream> {
        let index = std::fs::read_to_string(folder.join("index.jsonl")).unwrap();
        let rows = index
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter(|row| row["record"] == "stream")
            .filter_map(|row| {
                let format = row["wire_format"].as_str()?;
                let (_, dialect) = self.formats.iter().find(|(name, _)| *name == format)?;
                let file = row["file"].as_str()?.to_owned();
                let body = body(&folder.join(&file));
                Some(Stream {
                    file,
                    dialect: *dialect,
                    body,
                })
            })
            .collect()
    }
}

/// The bytes of a recorded body: binary ones are kept in base64.
fn body(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    match path.extension().is_some_and(|end| end == "eventstream-b64") {
        true => {
            // In lines of 76 characters.
            let solid = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace());
            BASE64_STANDARD.decode(solid.collect::<Vec<u8>>()).unwrap()
        }
        false => bytes,
    }
}

/// A row in the schema of `expected.jsonl`. A call that was cut has a null input.
fn row(file: &str, read: &Transcript) -> Value {
    let mut calls: Vec<(usize, Value)> = Vec::new();
    for call in &read.tool_calls {
        let value = json!({"id": call.id, "name": call.name, "arguments": call.arguments, "input": call.input});
        calls.push((call.ordinal, value));
    }
    for call in &read.rejected_calls {
        let sent = match call.arguments.trim() {
            "" => "{}",
            sent => sent,
        };
        let input = serde_json::from_str::<Value>(sent).ok();
        let value =
            json!({"id": call.id, "name": call.name, "arguments": call.arguments, "input": input});
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

/// The transcripts of a family against the independent reading.
fn compare(family: &Family) {
    let Some(folder) = folder() else { return };
    let streams = family.streams(&folder);
    let Some(text) = compared(&folder, family, &streams, Options::default(), &[]) else {
        return;
    };
    let [rows, equal, alternative, missing, differ] = totals(&text);
    say(&format!(
        "{}: {rows} transcripts compared with expected.jsonl: {equal} equal, {alternative} equal to \
         an alternative, {differ} differ",
        family.name
    ));
    assert_eq!((rows, missing), (streams.len(), 0), "{text}");
    settled(&text, family.adjudicated);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let row = format!(
        "| {} | {rows} | {equal} | {alternative} | {differ} |",
        family.name
    );
    assert!(
        readme.unwrap().contains(&row),
        "README.md does not say: {row}"
    );
}

/// J1: a reader that is asked to recovers a last event without its blank line.
fn compare_recovered(family: &Family) {
    let Some(folder) = folder() else { return };
    let streams = family.streams(&folder);
    let mut options = Options::default();
    options.sse.recover_last = true;
    let Some(text) = compared(&folder, family, &streams, options, &["--eof-flush"]) else {
        return;
    };
    settled(&text, family.adjudicated_recovered);
}

/// What differs is adjudicated, and what is adjudicated differs.
fn settled(text: &str, adjudicated: &[Adjudicated]) {
    let found = differences(text);
    let known = |file: &str, field: &str| {
        adjudicated
            .iter()
            .any(|one| (one.0, one.1) == (file, field))
    };
    let news: Vec<_> = found
        .iter()
        .filter(|(file, field)| !known(file, field))
        .collect();
    assert!(news.is_empty(), "not adjudicated: {news:?}\n{text}");
    for (file, field, why) in adjudicated {
        println!("corpus: adjudicated: {file}, {field}: {why}");
        let still = found.contains(&((*file).to_owned(), (*field).to_owned()));
        assert!(
            still,
            "{file}, {field} no longer differs: take it off the list"
        );
    }
}

/// What `compare.py` prints of these streams; nothing, and a line that says so, without Python.
fn compared(
    folder: &Path,
    family: &Family,
    streams: &[Stream],
    options: Options,
    more: &[&str],
) -> Option<String> {
    if Command::new("python3").arg("--version").output().is_err() {
        say("transcripts not compared, python3 is absent");
        return None;
    }
    let rows = parallel(streams, |stream| {
        let got = Transcript::of(&read(stream.dialect, options, &stream.body));
        row(&stream.file, &got).to_string()
    });
    let name = format!(
        "wiretape-got-{}-{}-{}.jsonl",
        family.name.replace(' ', "-"),
        std::process::id(),
        more.len()
    );
    let got = std::env::temp_dir().join(name);
    std::fs::write(&got, rows.join("\n")).unwrap();
    let only: Vec<&str> = family.formats.iter().map(|(name, _)| *name).collect();
    let output = Command::new("python3")
        .arg(folder.join("compare.py"))
        .arg(folder.join("expected.jsonl"))
        .arg(&got)
        .args(["--only", &only.join(",")])
        .arg("--alts")
        .args(family.asked)
        .args(["--limit", "1000"])
        .args(more)
        .output();
    std::fs::remove_file(&got).unwrap();
    let output = output.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("wire_format"),
        "compare.py failed: {complaint}"
    );
    Some(text)
}

/// Rows, equal, equal to an alternative, missing, different: the last row of the table.
fn totals(text: &str) -> [usize; 5] {
    let total = text.lines().find_map(|line| line.strip_prefix("total"));
    let numbers = total.unwrap().split_whitespace();
    let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// File and field of each difference that `compare.py` prints.
fn differences(text: &str) -> Vec<(String, String)> {
    let mut file = "";
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some((name, _)) = line
            .split_once(" [")
            .filter(|(name, _)| name.contains('/') && !name.contains(' '))
        {
            file = name;
        } else if let Some((field, _)) = line
            .strip_prefix("   ")
            .and_then(|line| line.split_once(": "))
        {
            if !field.starts_with([' ', '(']) && !file.is_empty() {
                found.push((file.to_owned(), field.to_owned()));
            }
        }
    }
    found
}

/// Every stream of a family keeps the laws.
fn keep_the_laws(family: &Family) {
    let Some(folder) = folder() else { return };
    let streams = family.streams(&folder);
    let effort = Effort {
        seed: 7,
        runs: 8,
        proof_bytes_max: 2048,
    };
    let broken = parallel(&streams, |stream| {
        let tape = Tape::from_body(&stream.body, Some(stream.dialect.name()));
        let subject = Subject {
            name: stream.file.clone(),
            dialect: stream.dialect,
            exchange: &tape.exchanges[0],
            body: stream.body.clone(),
        };
        let varied = subject.varied();
        // Long streams are tried less often.
        let effort = match stream.body.len() {
            0..0x4000 => effort,
            0x4000..0x1_0000 => Effort { runs: 2, ..effort },
            _ => Effort { runs: 1, ..effort },
        };
        let mut reports = vec![
            laws::reading::check(&subject, &effort),
            laws::cut::check(&subject, &effort),
            laws::gate::check(&subject, &varied),
            laws::chunking::check(&subject, &effort),
            laws::bounds::progress(&subject, &effort),
            laws::bounds::check(&subject, &effort),
            laws::reshape::faults(&subject, &varied, &effort),
            laws::reshape::interleaving(&subject, &varied, &effort),
            laws::reshape::check(&subject, &varied, &effort),
            laws::reshape::unknown(&subject, &varied, &effort),
        ];
        if stream.body.len() < 0x4000 {
            reports.push(laws::tape::round_trip(&subject, &varied));
        }
        let cases: u64 = reports.iter().map(|report| report.cases).sum();
        let failed = reports
            .into_iter()
            .filter(|report| report.failure.is_some());
        let failed: Vec<String> = failed
            .map(|report| format!("{}: {report}", stream.file))
            .collect();
        (cases, failed)
    });
    let cases: u64 = broken.iter().map(|(cases, _)| cases).sum();
    let broken: Vec<String> = broken.into_iter().flat_map(|(_, broken)| broken).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    say(&format!(
        "{}: read {} streams, {cases} cases of laws 1 to 4, 7 to 9 and 12",
        family.name,
        streams.len()
    ));
    assert!(!streams.is_empty());
}
