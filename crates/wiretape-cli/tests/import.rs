//! `wiretape import` and `wiretape export` as they are run.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use wiretape_tape::{Tape, parse};

const HAR: &str = r#"{"log":{"version":"1.2","entries":[{
  "request":{"method":"POST","url":"https://api.test/v1/messages","headers":[{"name":"x-api-key","value":"abcdefghijklmnop"}],
    "postData":{"mimeType":"application/json","text":"{\"stream\":true}"}},
  "response":{"status":200,"headers":[{"name":"Content-Type","value":"text/event-stream"}],
    "content":{"size":9,"mimeType":"text/event-stream","text":"event: ping\ndata: {\"type\":\"ping\"}\n\n"}},
  "timings":{"wait":2.5}}]}}"#;
const BODY: &str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
const CHUNKS: &str = "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"x\"}}\n\
    {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\
    {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\
    {\"type\":\"content_block_stop\",\"index\":0}\n\
    {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\
    {\"type\":\"message_stop\"}\n";

/// An empty folder of this name.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("import")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wiretape"));
    command.args(args).current_dir(folder).output().unwrap()
}

/// Runs it well; what it said.
fn good(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{args:?}\n{said}");
    said
}

fn bad(folder: &Path, args: &[&str], says: &[&str]) {
    let output = run(folder, args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}\n{said}");
    assert!(output.stdout.is_empty(), "{args:?}");
    for text in says {
        assert!(said.contains(text), "{args:?}: no {text:?} in\n{said}");
    }
}

fn tape(path: &Path) -> Tape {
    parse(&fs::read(path).unwrap()).unwrap().tape
}

#[test]
fn an_archive_becomes_a_tape_and_an_archive_again() {
    let folder = folder("har");
    fs::write(folder.join("a.har"), HAR).unwrap();
    let said = good(&folder, &["import", "a.har"]);
    assert!(
        said.contains("a.har: har (an HTTP Archive), 1 exchange"),
        "{said}"
    );
    assert!(
        said.contains("a.tape: anthropic; not known: boundaries, times, end"),
        "{said}"
    );
    let first = tape(&folder.join("a.tape"));
    assert_eq!(first.header.dialect.as_deref(), Some("anthropic"));
    let note = first.header.source.note.as_deref();
    assert_eq!(note, Some("Imported from a.har."));
    let text = fs::read_to_string(folder.join("a.tape")).unwrap();
    assert!(!text.contains("abcdefghijklmnop"));

    bad(
        &folder,
        &["import", "a.har"],
        &["a.tape: the file exists already", "--force"],
    );
    good(&folder, &["import", "a.har", "--force"]);

    let said = good(
        &folder,
        &["export", "a.tape", "--format", "har", "-o", "b.har"],
    );
    assert!(said.contains("lost: boundaries and times"), "{said}");
    good(&folder, &["import", "b.har"]);
    assert_eq!(tape(&folder.join("b.tape")).exchanges, first.exchanges);

    let output = run(&folder, &["export", "a.tape", "--format", "raw"]);
    assert_eq!(output.stdout, BODY.as_bytes());
    good(
        &folder,
        &["export", "a.tape", "--format", "raw", "-o", "a.sse"],
    );
    assert_eq!(fs::read_to_string(folder.join("a.sse")).unwrap(), BODY);
    bad(
        &folder,
        &["export", "a.tape", "--format", "raw", "-o", "a.sse"],
        &["exists already"],
    );
    bad(
        &folder,
        &["export", "a.tape", "--format", "raw", "--exchange", "1"],
        &["no exchange 1, the tape has 1"],
    );
}

#[test]
fn several_files_become_one_tape_or_several() {
    let folder = folder("several");
    fs::write(folder.join("a.har"), HAR).unwrap();
    fs::write(folder.join("b.chunks.txt"), CHUNKS).unwrap();
    good(&folder, &["import", "a.har", "b.chunks.txt"]);
    assert!(folder.join("a.tape").exists() && folder.join("b.tape").exists());
    good(
        &folder,
        &["import", "a.har", "b.chunks.txt", "-o", "all.tape"],
    );
    let all = tape(&folder.join("all.tape"));
    assert_eq!(all.exchanges.len(), 2);
    assert!(!all.header.exact);
    assert!(all.header.unknown.contains(&"bytes".to_owned()));
    bad(
        &folder,
        &["export", "all.tape", "--format", "raw"],
        &["expected one exchange", "found 2 exchanges", "--exchange I"],
    );

    let output = run(&folder, &["transcript", "b.tape"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\"text\":\"Hello\""), "{said}");
    assert!(said.contains("\"ended\":\"terminal\""), "{said}");
}

#[test]
fn mistakes_are_explained() {
    let folder = folder("mistakes");
    let file = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    file("a.har", "{\"log\":\n");
    file("a.sse", BODY);
    file(
        "a.tape",
        "{\"wiretape\":1,\"source\":{\"kind\":\"bare\"},\"exact\":true}\n",
    );
    file("a.txt", "hello\n");
    file("empty", "");
    file("bad.har", &HAR.replace("200", "\"x\""));
    bad(
        &folder,
        &["import", "none.har"],
        &["none.har: cannot read it"],
    );
    bad(
        &folder,
        &["import", "bad.har"],
        &[
            "bad.har: log.entries[0].response.status: expected a status code, found \"x\"",
            "it was taken for an HTTP Archive; --format NAME",
        ],
    );
    bad(
        &folder,
        &["import", "a.har", "--format", "har"],
        &[
            "a.har: line 2: expected JSON",
            "--format har expects an HTTP Archive",
        ],
    );
    bad(
        &folder,
        &["import", "a.sse"],
        &["found a bare body", "needs no import"],
    );
    bad(
        &folder,
        &["import", "a.tape"],
        &["a.tape: it is a tape already"],
    );
    bad(
        &folder,
        &["import", "a.txt"],
        &["one of vcr, har, chunks", "--format NAME"],
    );
    bad(&folder, &["import", "empty"], &["found nothing"]);
    bad(&folder, &["import", "-"], &["error"]);
    bad(
        &folder,
        &["import", "a.txt", "--format", "what"],
        &["possible values: vcr, har"],
    );
}

/// What a fixture says is what is read, in each dialect that its stream is made in.
#[test]
fn a_fixture_says_the_same_in_each_dialect() {
    let folder = folder("fixture");
    let response = |more: &str| {
        format!(
            r#"{{"match":{{}},"response":{{"reasoning":"hm","content":"Hello","toolCalls":[{{"name":"f","arguments":{{"a":1}}}},{{"id":"c","name":"g","arguments":"{{}}"}}]{more}}}}}"#
        )
    };
    let cut = response(r#","finishReason":"length""#);
    let fixtures = format!(r#"{{"fixtures":[{},{cut}]}}"#, response(""));
    fs::write(folder.join("a.json"), fixtures).unwrap();
    let mut all = Vec::new();
    for dialect in ["openai-chat", "anthropic", "openai-responses"] {
        let out = format!("{dialect}.tape");
        good(
            &folder,
            &["import", "a.json", "--dialect", dialect, "-o", &out],
        );
        let tape = tape(&folder.join(&out));
        let dialect: wiretape_core::Dialect = dialect.parse().unwrap();
        let read = |exchange: &wiretape_tape::Exchange| {
            let options = wiretape_core::Options::strict();
            let read = wiretape_core::read(dialect, options, &exchange.body());
            let read = wiretape_core::Transcript::of(&read);
            assert_eq!(read.error, None, "{out}");
            assert!(read.warnings.is_empty(), "{out}: {:?}", read.warnings);
            let calls = read.tool_calls.iter();
            let calls = calls.map(|call| (call.id.clone(), call.name.clone(), call.input.clone()));
            (read.text, read.reasoning, calls.collect::<Vec<_>>())
        };
        all.push(tape.exchanges.iter().map(read).collect::<Vec<_>>());
    }
    let [whole, cut] = all[0].as_slice() else {
        panic!("two exchanges");
    };
    assert_eq!(
        (whole.0.as_str(), whole.1.as_str(), whole.2.len()),
        ("Hello", "hm", 2)
    );
    // What was cut runs nothing.
    assert_eq!((cut.0.as_str(), cut.2.len()), ("Hello", 0));
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    bad(
        &folder,
        &["import", "a.json", "--dialect", "gemini", "-o", "x.tape"],
        &["openai-responses", "gemini"],
    );
}
