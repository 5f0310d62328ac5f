//! The binary as it is run: arguments in, output and exit code out.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should stop; it bounds how long bad input takes"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

const CHAT: &str = concat!(
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",",
    "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Grüße, \"}}]}\n\n: ping\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,",
    "\"id\":\"a\",\"function\":{\"name\":\"read\",\"arguments\":\"{\\\"path\\\":\"}}]}}]}\r\n\r\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,",
    "\"function\":{\"arguments\":\"\\\"/tmp\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: [DONE]\n\n",
);

/// What a run must give. Each text must occur in its stream; an empty one means an empty stream.
struct Expect<'a> {
    code: i32,
    out: &'a [&'a str],
    err: &'a [&'a str],
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file of this name; each test uses names of its own.
fn file(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder().join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().into()
}

fn run(args: &[&str]) -> Output {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_wiretape"))
        .args(args)
        .current_dir(folder())
        .output()
        .unwrap();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(60), "{args:?} took {took:?}");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn check(args: &[&str], expect: &Expect<'_>) -> String {
    let output = run(args);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let start = |text: &str| text.chars().take(2000).collect::<String>();
    let shown = format!("{args:?}\nout: {}\nerr: {}", start(&out), start(&err));
    assert_eq!(output.status.code(), Some(expect.code), "{shown}");
    for (stream, wanted) in [(&out, expect.out), (&err, expect.err)] {
        for part in wanted {
            if part.is_empty() {
                assert_eq!(stream, "", "{shown}");
            }
            assert!(stream.contains(part), "expected {part:?} from {shown}");
        }
    }
    assert!(!err.contains("panicked"), "{shown}");
    out
}

fn good<'a>(out: &'a [&'a str]) -> Expect<'a> {
    let err = &[];
    Expect { code: 0, out, err }
}

fn unusable<'a>(err: &'a [&'a str]) -> Expect<'a> {
    let out = &[""];
    Expect { code: 2, out, err }
}

#[test]
fn help_teaches() {
    check(
        &["--help"],
        &good(&["Exit codes:", "wiretape check", "transcript"]),
    );
    check(&["--version"], &good(&[env!("CARGO_PKG_VERSION")]));
    for command in ["check", "transcript", "frames", "show", "vary", "budget"] {
        check(
            &[command, "--help"],
            &good(&["Examples:", "Usage: wiretape", command]),
        );
    }
}

/// All but `check` alone, which takes long where nothing is optimised, and is run by `.ci/run`.
#[test]
fn commands_in_the_readme_do_what_they_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let out = folder().join("readme.tape");
    let _ = fs::remove_file(&out);
    let mut seen = 0;
    for line in readme.lines() {
        let Some(typed) = line.strip_prefix("cargo run --release -- ") else {
            continue;
        };
        let typed = typed.split('#').next().unwrap().trim();
        if typed == "check" {
            continue;
        }
        let args = typed.split_whitespace().map(|word| match word {
            "varied.tape" => out.to_str().unwrap(),
            word => word,
        });
        let output = Command::new(env!("CARGO_BIN_EXE_wiretape"))
            .args(args)
            .current_dir(&root)
            .output()
            .unwrap();
        assert!(output.status.success(), "{typed}: {}", text(&output.stderr));
        seen += 1;
    }
    assert_eq!(seen, 4);
    check(
        &["check", out.to_str().unwrap(), "--runs", "1"],
        &good(&["all hold"]),
    );
}

#[test]
fn wrong_usage_is_2() {
    check(&[], &unusable(&["Usage"]));
    check(&["check", "--wrong"], &unusable(&["error:", "--wrong"]));
    check(
        &["check", "--seed", "0xzz"],
        &unusable(&["expected a number below 2^64"]),
    );
    check(
        &["check", "--seed", "-1"],
        &unusable(&["expected a number below 2^64"]),
    );
    // Laws of which no case was tried would hold.
    check(
        &["check", "--runs", "0"],
        &unusable(&["expected a number from 1 up"]),
    );
    check(
        &["frames", "x", "--chunk", "0"],
        &unusable(&["expected a number from 1 up"]),
    );
    check(&["vary", "x", "-o", "y"], &unusable(&["--seed"]));
    check(
        &["show", "x", "--dialect", "latin"],
        &unusable(&["openai-chat"]),
    );
}

#[test]
fn unreadable_files_are_2() {
    let empty = file("empty.tape", "");
    let noise = file("noise.tape", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let wrong = file(
        "wrong.tape",
        "{\"wiretape\":9,\"source\":{\"kind\":\"authored\"}}\n",
    );
    for command in ["check", "transcript", "frames", "show"] {
        check(
            &[command, "missing.tape"],
            &Expect {
                code: 2,
                out: &[],
                err: &["error: ", "missing.tape"],
            },
        );
        for path in [&empty, &noise, &wrong] {
            let name = path.rsplit('/').next().unwrap();
            let err = &["error: ", name];
            check(
                &[command, path],
                &Expect {
                    code: 2,
                    out: &[],
                    err,
                },
            );
        }
    }
    check(
        &["vary", &empty, "--seed", "1", "-o", "-"],
        &unusable(&["empty.tape"]),
    );
    let broken = file(
        "broken.tape",
        "{\"wiretape\":1,\"source\":{\"kind\":\"authored\"},\"exact\":true}\n[0]\n",
    );
    let output = run(&["show", &broken]);
    let said = text(&output.stderr);
    assert!(said.contains("line 2: expected a chunk line"), "{said}");
    assert!(!said.contains("hint"), "nothing to add to that: {said}");
    check(&["show", "."], &unusable(&["one file"]));
    check(&["show", "-"], &unusable(&["/dev/stdin"]));
}

#[test]
fn what_is_too_long_is_2() {
    let sparse = file("sparse.tape", "");
    let handle = fs::File::options().write(true).open(&sparse).unwrap();
    handle.set_len(wiretape::FILE_BYTES_MAX + 1).unwrap();
    check(&["show", &sparse], &unusable(&["1073741824 bytes"]));
    fs::remove_file(sparse).unwrap();

    // Playing it byte by byte would take gigabytes.
    let long = file("long17.sse", "data: 12345\n\n".repeat(17 << 20 >> 3));
    let dialect = ["--dialect", "openai-chat"];
    let limit = &["at most 16777216 bytes", "transcript"];
    let args = ["vary", &long, "--seed", "1", "-o", "-"];
    check(&[&args[..], &dialect].concat(), &unusable(limit));
    let args = [&["check", &long][..], &dialect].concat();
    check(
        &args,
        &Expect {
            code: 2,
            out: &["nothing was checked, 1 unusable"],
            err: limit,
        },
    );
    fs::remove_file(long).unwrap();
}

#[test]
fn another_dialect_is_noted() {
    let body = file("dialects.sse", CHAT);
    let err = &["note: ", "read as anthropic", "those of openai-chat"];
    for args in [
        vec!["check", &body, "--runs", "1", "--dialect", "anthropic"],
        vec!["transcript", &body, "--dialect", "anthropic"],
        vec!["show", &body, "--dialect", "anthropic"],
    ] {
        let out = &[];
        check(&args, &Expect { code: 0, out, err });
    }
    // The framing needs none.
    let tape = file(
        "morse.tape",
        concat!(
            "{\"wiretape\":1,\"dialect\":\"morse\",\"source\":{\"kind\":\"authored\"},\"exact\":true}\n",
            "{\"request\":0,\"method\":\"POST\",\"path\":\"/\",\"headers\":[]}\n",
            "{\"response\":0,\"after_ns\":1,\"status\":200,\"headers\":[]}\n",
            "[0,1,\"data: dit\\n\\n\"]\n",
        ),
    );
    check(&["frames", &tape], &good(&["\"data\":\"dit\""]));
    check(
        &["show", &tape],
        &unusable(&["morse", "expected anthropic, openai-chat"]),
    );
}

#[test]
fn the_good_files_are_still_read() {
    let body = file("still.sse", CHAT);
    let args = ["transcript", "missing.tape", &body];
    let out = check(
        &args,
        &Expect {
            code: 2,
            out: &["Grüße"],
            err: &["missing.tape"],
        },
    );
    assert_eq!(out.lines().count(), 1);
}

#[test]
fn chunks_change_no_frame() {
    let lines = "{\"a\":1}\r\n\n{\"b\":\"\u{1f600}\"}\n{\"c\":3}";
    let bodies = [
        (file("chunks.sse", CHAT), ""),
        (file("cut.sse", &CHAT[..CHAT.len() - 1]), ""),
        (
            file("bad.sse", b"\xef\xbb\xbfdata: \xff\0\r\rfoo: bar\ndata\n\n"),
            "",
        ),
        (file("lines.ndjson", lines), "--ndjson"),
    ];
    for (body, flag) in &bodies {
        let mut args = vec!["frames", body.as_str()];
        args.extend(Some(*flag).filter(|flag| !flag.is_empty()));
        let whole = check(&args, &good(&["\"at\":"]));
        for chunk in ["1", "7", "4096"] {
            let mut args = args.clone();
            args.extend(["--chunk", chunk]);
            assert_eq!(check(&args, &good(&[])), whole, "{args:?}");
        }
    }
    let (body, _) = &bodies[0];
    let args = ["frames", body];
    let out = check(&args, &good(&["\"comment\":\"ping\"", "\"end\":\"clean\""]));
    assert!(
        out.starts_with("{\"at\":0,\"event\":null,\"data\":\""),
        "{out}"
    );
    check(
        &["frames", &bodies[1].0],
        &good(&["\"end\":\"truncated\"", "expected the end"]),
    );
    check(
        &["frames", &bodies[1].0, "--recover"],
        &good(&["\"recovered\":true"]),
    );
}

/// A tape's frames are those of its dialect's framing.
#[test]
fn frames_are_those_of_the_dialect() {
    let message = "AAAAegAAAFHKLEZlDTptZXNzYWdlLXR5cGUHAAVldmVudAs6ZXZlbnQtdHlwZQcAC21lc3NhZ2VTdG9wDTpjb250ZW50LXR5cGUHABBhcHBsaWNhdGlvbi9qc29ueyJzdG9wUmVhc29uIjoiZW5kX3R1cm4ifT3DO/o=";
    let message = BASE64_STANDARD.decode(message).unwrap();
    for (dialect, body, shown) in [
        ("gemini", &b"[{\"a\":1}\n,\n{\"b\":2}]"[..], "{\\\"b\\\":2}"),
        (
            "gemini",
            b"data: {\"a\":1}\n\ndata: {\"b\":2}\n\n",
            "{\\\"b\\\":2}",
        ),
        ("ollama", b"{\"a\":1}\n{\"b\":2}\n", "{\\\"b\\\":2}"),
        (
            "bedrock-converse",
            &message,
            "{\\\"stopReason\\\":\\\"end_turn\\\"}",
        ),
    ] {
        let mut tape = wiretape_tape::Tape::from_body(body, Some(dialect));
        tape.header.source.kind = wiretape_tape::SourceKind::Authored;
        let tape = file("framed.tape", wiretape_tape::encode(&tape));
        let whole = check(&["frames", &tape], &good(&["\"end\":\"clean\"", shown]));
        let args = ["frames", &tape, "--chunk", "1"];
        assert_eq!(check(&args, &good(&[])), whole, "{dialect}");
    }
}

#[test]
fn transcript_keys_keep_their_order() {
    let body = file("order.sse", CHAT);
    let out = check(
        &["transcript", &body, "--dialect", "openai-chat"],
        &good(&[]),
    );
    let keys = [
        "file",
        "dialect",
        "text",
        "reasoning",
        "refusal",
        "tool_calls",
        "id",
        "name",
        "arguments",
        "input",
        "rejected_calls",
        "stop",
        "ended",
        "error",
        "frames",
        "choices",
        "model",
        "message_id",
        "usage",
        "input",
        "output",
        "warnings",
    ];
    let mut rest = out.as_str();
    for key in keys {
        let key = format!("\"{key}\":");
        let (_, after) = rest
            .split_once(&key)
            .unwrap_or_else(|| panic!("no {key} in {rest}"));
        rest = after;
    }
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["tool_calls"][0]["input"]["path"], "/tmp");
    assert_eq!(value["ended"], "terminal");
}

#[test]
fn a_varied_tape_keeps_the_reply() {
    let body = file("vary.sse", CHAT);
    let out = folder().join("varied.tape");
    let _ = fs::remove_file(&out);
    let out = out.to_str().unwrap();
    let vary = ["vary", &body, "--seed", "0x2a", "-o", out];
    check(&vary, &good(&[""]));
    check(&vary, &unusable(&["exists already", "--force"]));
    let first = fs::read(out).unwrap();
    let elsewhere = folder().join("elsewhere");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::copy(&body, elsewhere.join("vary.sse")).unwrap();
    check(
        &[
            "vary",
            "elsewhere/vary.sse",
            "--seed",
            "42",
            "-o",
            out,
            "--force",
        ],
        &good(&[""]),
    );
    assert_eq!(
        first,
        fs::read(out).unwrap(),
        "a seed gives one tape, wherever it lies"
    );

    let scenario = check(
        &["vary", &body, "--seed", "42", "--print"],
        &good(&["\"pieces\""]),
    );
    let scenario = file("scenario.json", scenario);
    let again = check(
        &["vary", &body, "--scenario", &scenario, "-o", "-"],
        &good(&[]),
    );
    let header: Value =
        serde_json::from_slice(first.split(|b| *b == b'\n').next().unwrap()).unwrap();
    assert_eq!(header["source"]["kind"], "varied");
    assert_eq!(header["scenario"]["seed"], 42);
    assert_eq!(
        again.lines().skip(1).collect::<Vec<_>>(),
        text(&first).lines().skip(1).collect::<Vec<_>>()
    );

    let read = |path: &str| -> Value {
        serde_json::from_str(&check(&["transcript", path], &good(&[]))).unwrap()
    };
    for key in ["text", "tool_calls", "stop", "ended", "error"] {
        assert_eq!(read(&body)[key], read(out)[key]);
    }
    check(&["check", out, "--runs", "2"], &good(&["all hold"]));
}

#[test]
fn a_torn_tape_is_reported_and_read() {
    let body = file("torn.sse", CHAT);
    let tape = check(
        &["vary", &body, "--seed", "1", "--profile", "wire", "-o", "-"],
        &good(&[]),
    );
    let lines: Vec<&str> = tape.split_inclusive('\n').collect();
    for part in [2, 3] {
        // Inside a line: a cut between two lines leaves no trace.
        let cut = lines.len() * (part - 1) / part;
        let (whole, line) = (lines[..cut].concat(), lines[cut]);
        let torn = file(&format!("torn{part}.tape"), whole + &line[..line.len() / 2]);
        let err = &["note: ", "torn"];
        check(
            &["frames", &torn],
            &Expect {
                code: 0,
                out: &[],
                err,
            },
        );
        check(
            &["show", &torn],
            &Expect {
                code: 0,
                out: &["no turn"],
                err,
            },
        );
    }
}

#[test]
fn show_fits_and_has_no_escapes() {
    let odd = CHAT.replace(
        "Grüße, ",
        "\\u001b[31m\\u202e日本語👨‍👩‍👧‍👦\\n\\u0000 long long long long",
    );
    let body = file("odd.sse", odd);
    for args in [vec!["show", &body], vec!["show", &body, "--by", "time"]] {
        let out = check(
            &args,
            &good(&["openai-chat", "read", "1 call to run", "stop reason"]),
        );
        for line in out.lines() {
            let columns = unicode_width::UnicodeWidthStr::width(line);
            assert!(columns <= 80, "{columns} columns: {line}");
        }
        assert!(
            !out.contains('\u{1b}') && !out.contains('\u{202e}'),
            "{out}"
        );
    }
    check(&["show", &body], &good(&["no end recorded"]));
    check(
        &["show", &body, "--exchange", "4"],
        &unusable(&["exchange 4", "counted from 0"]),
    );
}

#[test]
fn show_says_that_a_tape_is_not_exact() {
    let tape = fs::read_to_string("../../recordings/recorded/chat-text.tape").unwrap();
    let exact = file("exact.tape", &tape);
    assert!(!check(&["show", &exact], &good(&[])).contains("replaced"));
    let inexact = tape.replacen("\"exact\":true", "\"exact\":false", 1);
    let inexact = file("inexact.tape", inexact);
    let shown = ["recorded, bytes of secrets replaced, from"];
    check(&["show", &inexact], &good(&shown));
}

#[test]
fn bad_input_is_an_error_with_a_place() {
    let call = |arguments: &str, index: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{index},\
             \"id\":\"a\",\"function\":{{\"name\":\"f\",\"arguments\":{arguments}}}}}]}},\
             \"finish_reason\":\"tool_calls\"}}]}}\n\ndata: [DONE]\n\n"
        )
    };
    let deep = "[".repeat(100_000);
    let long = "x".repeat(40 << 20);
    let cases = [
        ("deep.sse", call(&deep, "0"), "\"rejected\":\"", "error"),
        (
            "deep-text.sse",
            call(&format!("{deep:?}"), "0"),
            "\"why\":\"",
            "terminal",
        ),
        (
            "index.sse",
            call("\"{}\"", "1000000000"),
            "\"tool_calls\":[{",
            "terminal",
        ),
        (
            "nul.sse",
            call("\"{\\u0000\0}\"", "0"),
            "\"rejected",
            "error",
        ),
        (
            "long.sse",
            format!("data: {long}\n\n"),
            "frame_too_large",
            "error",
        ),
    ];
    for (name, body, part, ended) in cases {
        let path = file(name, body);
        let ended = format!("\"ended\":\"{ended}\"");
        check(
            &["transcript", &path, "--dialect", "openai-chat"],
            &good(&[part, &ended]),
        );
        check(
            &["show", &path, "--dialect", "openai-chat"],
            &good(&["events"]),
        );
        fs::remove_file(path).unwrap();
    }
    let line = file("long.tape", format!("{{\"wiretape\":1,\"source\":\"{long}"));
    check(&["show", &line], &unusable(&["line 1"]));
    fs::remove_file(line).unwrap();
    let other = file("other.sse", CHAT);
    let out = check(
        &["transcript", &other, "--dialect", "anthropic"],
        &good(&["\"rejected\":\""]),
    );
    assert!(out.contains("\"tool_calls\":[]"), "{out}");
}

#[test]
fn check_prints_json_and_a_table() {
    let body = file("check.sse", CHAT);
    let args = ["check", &body, "--runs", "2", "--seed", "0x2a"];
    let out = check(
        &args,
        &good(&[
            "check.sse",
            "1 chunking",
            "proved 2^",
            "1 tape,",
            "all hold",
        ]),
    );
    assert!(!out.contains('\u{1b}'), "colour without a terminal: {out}");
    let args = ["check", &body, "--runs", "2", "--json", "--jobs", "1"];
    let out = check(
        &args,
        &good(&["\"verdict\":\"holds\"", "\"how\":\"proved\""]),
    );
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["failures"], 0);
}

/// The names of an object's keys in order of their places, at every depth.
fn keys(line: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for part in line.split("\":").filter(|part| part.contains('"')) {
        keys.push(part.rsplit('"').next().unwrap().into());
    }
    keys
}

#[test]
fn help_names_the_keys_in_order() {
    let body = file("keys.sse", CHAT);
    for (command, args) in [
        ("check", vec!["--json", "--runs", "1"]),
        ("transcript", vec![]),
        ("frames", vec![]),
    ] {
        let help = check(&[command, "--help"], &good(&[]));
        let names: Vec<&str> = help
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .collect();
        let out = check(
            &[&[command, body.as_str()], args.as_slice()].concat(),
            &good(&[]),
        );
        let first = keys(out.lines().next().unwrap());
        let last = keys(out.lines().last().unwrap());
        for mut line in [first, last] {
            // In a list they repeat; those of a payload or an input are not ours.
            line.retain(|key| !key.ends_with('\\') && key != "path");
            let mut seen = Vec::new();
            line.retain(|key| {
                let new = !seen.contains(key);
                seen.push(key.clone());
                new
            });
            let mut rest = names.iter();
            for key in &line {
                assert!(rest.any(|name| name == key), "{command}: {key} of {line:?}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_check_tells_what_it_found() {
    let body = file("interrupted.sse", CHAT);
    let child = Command::new(env!("CARGO_BIN_EXE_wiretape"))
        .args([
            "check",
            &body,
            "missing.tape",
            "--json",
            "--runs",
            "4000000000",
        ])
        .current_dir(folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let signal = format!("kill -INT {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &signal])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let lines: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["verdict"], "unfinished");
    assert_eq!(lines[0]["frames"], 4);
    assert_eq!(lines[1]["interrupted"], true);
    assert_eq!(lines[1]["unfinished"], 1);
    assert_eq!(lines[1]["unusable"], 1);
}

#[test]
fn the_exit_code_outlives_the_pipe() {
    let body = file("outlives.sse", CHAT);
    let mut child = Command::new(env!("CARGO_BIN_EXE_wiretape"))
        .args(["check", &body, "missing.tape", "--runs", "1"])
        .current_dir(folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_reader_that_stops_is_no_failure() {
    let body = file("pipe.sse", CHAT.repeat(2_000));
    let mut child = Command::new(env!("CARGO_BIN_EXE_wiretape"))
        .args(["frames", &body])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
    std::io::stdout().flush().unwrap();
}

/// A recorded refusal holds no stream: no command takes it for a broken tape.
#[test]
fn an_answer_that_is_no_stream() {
    let tape = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../recordings/recorded/chat-too-long.tape"
    );
    for command in ["check", "show", "transcript"] {
        let output = run(&[command, tape]);
        assert!(output.status.success(), "{command}: {output:?}");
    }
    let shown = String::from_utf8(run(&["show", tape]).stdout).unwrap();
    assert!(
        shown.contains("exchange 0: status 400, no stream, 195 bytes"),
        "{shown}"
    );
    assert!(
        shown.contains("exceeds the available context size"),
        "{shown}"
    );
    let noted = String::from_utf8(run(&["check", tape]).stderr).unwrap();
    assert!(noted.contains("its answers are no streams"), "{noted}");
}

/// A chat whose text begins with a thought between tags.
const TAGGED: &str = concat!(
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"<think>hm</th\"}}]}\n\n",
    "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ink>Yes\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n"
);

#[test]
fn a_server_is_asked_for_or_named_by_the_tape() {
    let body = file("tagged.sse", TAGGED);
    let as_sent = "\"text\":\"<think>hm</think>Yes\"";
    let plain = check(&["transcript", &body], &good(&[as_sent]));
    assert!(!plain.contains("\"server\""), "{plain}");
    let read = Expect {
        code: 0,
        out: &[
            "\"dialect\":\"openai-chat\",\"server\":\"groq\"",
            "\"text\":\"Yes\",\"reasoning\":\"hm\"",
            "\"F-51\":1",
        ],
        err: &[
            "openai-chat, read as groq sends it: a call without arguments has the text `null` (F-18); ",
            "thoughts are in the text between tags (F-51)",
        ],
    };
    check(&["transcript", &body, "--server", "groq"], &read);
    // Nothing but what groq needs.
    check(
        &["transcript", &body, "--server", "groq", "--strict"],
        &read,
    );
    let tape = TAGGED.replace('"', "\\\"").replace('\n', "\\n");
    let tape = format!(
        "{{\"wiretape\":1,\"dialect\":\"openai-chat\",\"source\":{{\"kind\":\"recorded\",\"server\":\"api.groq.com\"}},\"exact\":true}}\n\
         {{\"response\":0,\"after_ns\":0,\"status\":200,\"headers\":[]}}\n[0,1,\"{tape}\"]\n"
    );
    let tape = file("groq.tape", tape);
    check(&["transcript", &tape], &read);
    let left = ["transcript", &tape, "--server", "none"];
    check(&left, &good(&[as_sent]));
    let shown = Expect {
        out: &[
            "openai-chat, as groq sends it",
            "thinking",
            "tolerated F-51",
        ],
        ..read
    };
    check(&["show", &tape], &shown);
}

#[test]
fn a_server_that_is_not_known_lists_those_that_are() {
    let body = file("unknown-server.sse", CHAT);
    let known = Expect {
        code: 2,
        out: &[""],
        err: &[
            "invalid value 'grok'",
            "azure, cerebras, deepseek",
            "zai, none",
        ],
    };
    check(&["transcript", &body, "--server", "grok"], &known);
    let body = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let messages = file("other-server.sse", body);
    let other = Expect {
        code: 0,
        out: &["\"dialect\":\"anthropic\",\"text\""],
        err: &["expected openai-chat for --server groq: it changes nothing"],
    };
    let args = ["transcript", &messages, "--dialect", "anthropic"];
    check(&[&args[..], &["--server", "groq"]].concat(), &other);
}

/// A Responses reply whose `.done` is not what its deltas add up to (F-55).
const LAST_WORD: &str = concat!(
    "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"m\",\"status\":\"in_progress\",\"output\":[]}}\n\n",
    "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":[]}}\n\n",
    "data: {\"type\":\"response.content_part.added\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n",
    "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"first words\"}\n\n",
    "data: {\"type\":\"response.output_text.done\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"text\":\"last word\"}\n\n",
    "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\",\"usage\":{\"input_tokens\":9,\"output_tokens\":4}}}\n\n",
);

#[test]
fn show_has_the_last_word() {
    let body = file("last-word.sse", LAST_WORD);
    let shown = check(
        &["show", &body],
        &good(&["9 B  msg_1  last word", "tolerated F-55"]),
    );
    assert!(!shown.contains("first words"), "{shown}");
}
