//! `wiretape serve` and `wiretape run` as they are run: a process, a socket, an exit code.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

fn recording(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../recordings")
        .join(name)
}

fn wiretape(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wiretape"));
    command.args(args).stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A server of its own, which ends with the test.
struct Serving {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    first: Value,
}

impl Serving {
    fn start(args: &[&str]) -> Self {
        let mut all = vec!["serve", "--port", "0", "--json"];
        all.extend(args);
        let mut command = wiretape(&all);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let first = serde_json::from_str(&line).unwrap_or_else(|error| {
            panic!("{line:?}: {error}");
        });
        Self {
            child,
            lines,
            first,
        }
    }

    fn address(&self) -> &str {
        self.first["listening"]
            .as_str()
            .unwrap()
            .trim_start_matches("http://")
    }

    /// Sends a request and reads until the server closes.
    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut socket = TcpStream::connect(self.address()).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A reset is an end, too.
        let _ = socket.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Stops it; its exit code, and the rest of its output as JSON lines.
    fn stop(mut self) -> (Option<i32>, Vec<Value>, String) {
        self.signal("-TERM");
        let mut out = String::new();
        self.lines.read_to_string(&mut out).unwrap();
        let mut err = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        let status = self.child.wait().unwrap();
        let lines = out.lines().map(|line| serde_json::from_str(line).unwrap());
        (status.code(), lines.collect(), err)
    }
}

const ASK: &str = r#"{"model":"m","stream":true,"messages":[]}"#;

#[test]
fn a_tape_is_replayed_byte_for_byte_and_says_so() {
    let path = recording("anthropic/small-tool.tape");
    let serving = Serving::start(&[path.to_str().unwrap()]);
    let answer = serving.ask("POST", "/v1/messages", ASK);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("event: message_stop"), "{answer}");
    assert!(answer.ends_with("\r\n0\r\n\r\n"), "{answer}");
    let (code, lines, err) = serving.stop();
    assert_eq!((code, err.as_str()), (Some(0), ""), "{lines:?}");
    let played = lines
        .iter()
        .find(|line| line["report"] == "played")
        .unwrap();
    assert_eq!(played["equal"], true, "{played}");
    assert_eq!(played["whole"], true, "{played}");
}

#[test]
fn a_tape_is_replayed_in_a_front_ends_protocol() {
    let path = recording("anthropic/small-tool.tape");
    let path = path.to_str().unwrap();
    for (protocol, ready, ends) in [
        (
            "ui-message-stream",
            r#"data: {"type":"tool-input-available","#,
            "data: [DONE]\n\n",
        ),
        (
            "ag-ui",
            r#"data: {"type":"TOOL_CALL_END","#,
            "\"totalTokens\":129}]}\n\n",
        ),
    ] {
        let serving = Serving::start(&["--as", protocol, path]);
        let answer = serving.ask("POST", "/api/chat", r#"{"messages":[]}"#);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(
            answer.contains("content-type: text/event-stream\r\n"),
            "{answer}"
        );
        assert_eq!(
            answer.contains("x-vercel-ai-ui-message-stream: v1\r\n"),
            protocol == "ui-message-stream"
        );
        assert!(answer.contains(ready), "{answer}");
        // Each event is a chunk.
        let last = answer.strip_suffix("\r\n0\r\n\r\n").unwrap();
        assert!(last.ends_with(ends), "{answer}");
        let events = answer.matches("data: ").count();
        assert_eq!(answer.matches("\r\ndata: ").count(), events, "{answer}");
        assert_eq!(serving.stop().0, Some(0));
    }
}

#[test]
fn a_request_too_many_is_a_miss_and_the_exit_code_tells() {
    let path = recording("openai-chat/small-tool.tape");
    let serving = Serving::start(&[path.to_str().unwrap()]);
    let first = serving.ask("POST", "/v1/chat/completions", ASK);
    assert!(first.contains("[DONE]"), "{first}");
    let other = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"more"}]}"#;
    let second = serving.ask("POST", "/v1/chat/completions", other);
    assert!(second.starts_with("HTTP/1.1 404 "), "{second}");
    assert!(second.contains("wiretape_miss"), "{second}");
    let (code, lines, _) = serving.stop();
    assert_eq!(code, Some(1), "{lines:?}");
    assert!(
        lines.iter().any(|line| line["report"] == "miss"),
        "{lines:?}"
    );
}

#[test]
fn a_request_larger_than_the_window_is_refused_and_uses_nothing_up() {
    let path = recording("openai-chat/small-tool.tape");
    let serving = Serving::start(&[path.to_str().unwrap(), "--context-window", "100"]);
    let words = "word ".repeat(200);
    let large = format!(
        r#"{{"model":"m","stream":true,"messages":[{{"role":"user","content":"{words}"}}]}}"#
    );
    let refused = serving.ask("POST", "/v1/chat/completions", &large);
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    assert!(
        refused.contains(r#""code":"context_length_exceeded""#),
        "{refused}"
    );
    // 200 words and the last space, 4 for the message, 3 for the reply.
    assert!(
        refused.contains("your messages resulted in 208 tokens"),
        "{refused}"
    );
    let answer = serving.ask("POST", "/v1/chat/completions", ASK);
    assert!(answer.contains("[DONE]"), "{answer}");
    let (code, lines, _) = serving.stop();
    assert_eq!(code, Some(0), "{lines:?}");
    let line = lines
        .iter()
        .find(|line| line["report"] == "too_large")
        .unwrap();
    assert_eq!(
        (&line["tokens"], &line["window"]),
        (&208.into(), &100.into())
    );
    assert_eq!(lines.last().unwrap()["refused"], 1);
}

#[test]
fn a_seed_for_each_prefix_and_the_state_of_all_of_them() {
    let path = recording("anthropic/text.tape");
    let serving = Serving::start(&[path.to_str().unwrap(), "--seed", "5", "--runs", "3"]);
    let prefixes: Vec<_> = serving.first["mounts"].as_array().unwrap().iter().collect();
    let named = |place: usize| prefixes[place]["prefix"].as_str().unwrap();
    assert_eq!(
        [named(0), named(1), named(2)],
        ["/seed-5", "/seed-6", "/seed-7"]
    );
    let answer = serving.ask("POST", "/seed-6/v1/messages", ASK);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let state = serving.ask("GET", "/_wiretape/state?prefix=/seed-6", "");
    assert!(state.contains("\"consumed\":1"), "{state}");
    let state = serving.ask("GET", "/_wiretape/state?prefix=/seed-7", "");
    assert!(state.contains("\"consumed\":0"), "{state}");
    assert_eq!(serving.stop().0, Some(0));
}

#[test]
fn a_held_reply_goes_on_when_it_is_released() {
    let path = recording("anthropic/text.tape");
    let serving = Serving::start(&[path.to_str().unwrap(), "--hold", "0:3"]);
    let mut socket = TcpStream::connect(serving.address()).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let length = ASK.len();
    let head = format!("POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all((head + ASK).as_bytes()).unwrap();
    let mut before = Vec::new();
    assert!(socket.read_to_end(&mut before).is_err(), "it waits");
    let before = text(&before);
    assert!(before.contains("event: content_block_start"), "{before}");
    assert!(!before.contains("event: content_block_delta"), "{before}");
    let released = serving.ask("POST", "/_wiretape/release", "");
    assert!(released.starts_with("HTTP/1.1 200 "), "{released}");
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut rest = Vec::new();
    let mut byte = [0; 1];
    while !rest.ends_with(b"\r\n0\r\n\r\n") {
        assert_eq!(socket.read(&mut byte).unwrap(), 1);
        rest.extend(byte);
    }
    assert!(text(&rest).contains("event: message_stop"));
    assert_eq!(serving.stop().0, Some(0));
}

/// Help and README tell of all that the control API has.
#[test]
fn the_control_api_is_told_of() {
    let path = recording("anthropic/text.tape");
    let serving = Serving::start(&[path.to_str().unwrap()]);
    let answer = serving.ask("GET", "/_wiretape/", "");
    let (_, routes) = answer.split_once("expected one of: ").unwrap();
    let help = text(&wiretape(&["serve", "--help"]).output().unwrap().stdout);
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    assert!(readme.contains("`/_wiretape/`"));
    for route in routes.split('"').next().unwrap().split(", ") {
        let (method, path) = route.split_once(' ').unwrap();
        let mut lines = help.lines().map(str::trim_start);
        let told = |line: &str| line.starts_with(method) && line.contains(path);
        assert!(lines.any(told), "{route} is not in the help");
        let name = path.strip_prefix("/_wiretape/").unwrap();
        for word in [method, name] {
            assert!(readme.contains(&format!("`{word}`")), "README.md: {route}");
        }
    }
    assert_eq!(serving.stop().0, Some(0));
}

#[test]
fn a_sink_answers_as_the_platform_and_says_what_was_wrong() {
    let serving = Serving::start(&[
        "--sink",
        "telegram",
        "--sink",
        "slack",
        "--sink-latency",
        "0",
    ]);
    assert_eq!(serving.first["mounts"], serde_json::json!([]));
    let sinks = &serving.first["sinks"];
    assert_eq!(sinks[0]["platform"], "telegram");
    let base = sinks[0]["base_url"].as_str().unwrap();
    assert_eq!(base, format!("http://{}/telegram/bot", serving.address()));
    let send = r#"{"chat_id":42,"text":"hello"}"#;
    let path = "/telegram/bot7:key/sendMessage";
    let first = serving.ask("POST", path, send);
    assert!(first.starts_with("HTTP/1.1 200 "), "{first}");
    let second = serving.ask("POST", path, send);
    assert!(second.starts_with("HTTP/1.1 429 "), "{second}");
    assert!(second.contains("Retry-After: 1\r\n"), "{second}");
    assert!(
        second.contains("Too Many Requests: retry after 1"),
        "{second}"
    );
    let told = serving.ask("GET", "/_wiretape/sink?prefix=/telegram", "");
    assert!(told.contains("\"kind\":\"over_window\""), "{told}");
    let (code, lines, err) = serving.stop();
    assert_eq!(
        (code, err.as_str()),
        (Some(1), ""),
        "a rule was broken: {lines:?}"
    );
    let called = lines.iter().filter(|line| line["report"] == "called");
    assert_eq!(called.count(), 2, "{lines:?}");
    let sinks: Vec<_> = lines
        .iter()
        .filter(|line| line["report"] == "sink")
        .collect();
    assert_eq!(sinks.len(), 2, "{lines:?}");
    assert_eq!(sinks[0]["sink"]["violations"][0]["m"], "M-09");
    assert_eq!(sinks[0]["sink"]["messages"][0]["text"], "hello");
}

/// As a person sees it: where to point a client, a line for each call, and the report.
#[test]
fn a_sink_that_saw_nothing_wrong_says_so() {
    let mut command = wiretape(&["serve", "--port", "0", "--sink", "discord"]);
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    let base = first.split("  ").next().unwrap();
    let rest = base.strip_prefix("http://").unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    assert_eq!(path, "discord/api/v10/");
    let mut socket = TcpStream::connect(address).unwrap();
    let body = r#"{"content":"hello"}"#;
    let head = format!(
        "POST /{path}channels/42/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bot key\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("X-RateLimit-Remaining: 4\r\n"), "{answer}");
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let mut out = String::new();
    lines.read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{out}");
    assert!(
        out.contains(": POST message, chat 42, 5 long, 200"),
        "{out}"
    );
    assert!(
        out.contains("discord: 1 call, 1 accepted, 0 refused"),
        "{out}"
    );
    assert!(out.contains("0 violations"), "{out}");
    assert!(out.contains("0 edits: hello"), "{out}");
}

/// The exit code, and what must be on standard error.
fn fails(args: &[&str], code: i32, says: &[&str]) {
    let output = wiretape(args).output().unwrap();
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {err}");
    for part in says {
        assert!(err.contains(part), "{args:?}: expected {part:?} in {err}");
    }
}

#[test]
fn what_cannot_be_served_says_why() {
    let tape = recording("anthropic/text.tape");
    let tape = tape.to_str().unwrap();
    fails(&["serve"], 2, &["TAPE"]);
    fails(
        &["serve", "--sink", "icq"],
        2,
        &["telegram, slack, discord"],
    );
    fails(&["serve", tape, "--sink-speed", "2"], 2, &["--sink <NAME>"]);
    fails(
        &["serve", "--sink", "slack", "--sink-refuse", "1:2"],
        2,
        &["expected three numbers up to 1000, such as 20:5:5"],
    );
    fails(
        &["serve", "--sink", "slack", "--hold", "0:3"],
        2,
        &["--hold needs a tape"],
    );
    fails(
        &["serve", "nowhere.tape"],
        2,
        &["nowhere.tape: cannot read it"],
    );
    fails(
        &["serve", tape, "--runs", "3"],
        2,
        &["--runs needs seeds", "--seed 0"],
    );
    fails(
        &["serve", tape, "--pace", "fast"],
        2,
        &["expected instant, recorded, or a speed"],
    );
    fails(
        &["serve", tape, "--hold", "7:0"],
        2,
        &["no tape has an exchange 7"],
    );
    fails(
        &["serve", tape, "--ignore", "metadata"],
        2,
        &["JSON pointer"],
    );
    fails(&["serve", tape, "--profil", "x"], 2, &["--profile"]);
    fails(&["serve", tape, "--scenario", tape], 2, &["not a scenario"]);
    let serving = Serving::start(&[tape]);
    let port = serving.address().rsplit(':').next().unwrap().to_owned();
    fails(
        &["serve", tape, "--port", &port],
        2,
        &["cannot listen on 127.0.0.1", "--port 0"],
    );
}

fn run(args: &[&str], script: &str) -> Output {
    let mut all = vec!["run"];
    all.extend(args);
    all.extend(["--", "sh", "-c", script]);
    wiretape(&all).output().unwrap()
}

/// What `sh` can do without any client: one request by a redirection of bash.
const ASK_BY_BASH: &str = r#"exec bash -c '
url=${OPENAI_BASE_URL#http://}; host=${url%%:*}; port=${url#*:}; port=${port%%/*}
body="{\"model\":\"m\",\"stream\":true,\"messages\":[]}"
exec 3<>/dev/tcp/$host/$port
printf "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" ${#body} "$body" >&3
cat <&3'"#;

#[test]
fn a_command_runs_against_the_tape_and_gives_its_exit_code() {
    let tape = recording("openai-chat/small-tool.tape");
    let tape = tape.to_str().unwrap();
    let output = run(&["--tape", tape], ASK_BY_BASH);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(out.contains("data: [DONE]"), "{out}");
    assert_eq!(err, "");

    let unused = run(&["--tape", tape], "true");
    assert_eq!(unused.status.code(), Some(1));
    let err = text(&unused.stderr);
    assert!(err.contains("not asked for: exchange [0] of 1"), "{err}");
    assert_eq!(
        run(&["--tape", tape, "--allow-unused"], "true")
            .status
            .code(),
        Some(0)
    );
    assert_eq!(run(&["--tape", tape], "exit 7").status.code(), Some(7));
    // A command that passes over a 404 is told of it.
    let other = ASK_BY_BASH.replace(r#"\"messages\":[]"#, r#"\"messages\":[1]"#);
    let missed = run(&["--tape", tape], &format!("({ASK_BY_BASH}); ({other})"));
    let err = text(&missed.stderr);
    assert_eq!(missed.status.code(), Some(1), "{err}");
    assert!(err.contains("miss: every exchange was used"), "{err}");
    assert_eq!(
        run(&["--tape", tape], "kill -9 $$").status.code(),
        Some(137)
    );
}

#[test]
fn a_command_gets_base_urls_and_no_key_of_ours() {
    let tape = recording("anthropic/text.tape");
    let tape = tape.to_str().unwrap();
    let script = "echo $ANTHROPIC_BASE_URL $OPENAI_BASE_URL $GOOGLE_GEMINI_BASE_URL; \
                  echo $ANTHROPIC_API_KEY $OPENAI_API_KEY $GEMINI_API_KEY; echo $NO_PROXY";
    let mut command = wiretape(&[
        "run",
        "--tape",
        tape,
        "--allow-unused",
        "--",
        "sh",
        "-c",
        script,
    ]);
    let output = command
        .env("ANTHROPIC_API_KEY", "sk-ant-real")
        .env("NO_PROXY", "a.example");
    let out = text(&output.output().unwrap().stdout);
    let lines: Vec<&str> = out.lines().collect();
    let [urls, keys, proxy] = lines[..] else {
        panic!("{out}");
    };
    let urls: Vec<&str> = urls.split(' ').collect();
    assert!(urls[0].starts_with("http://127.0.0.1:"), "{out}");
    assert_eq!(urls[1], format!("{}/v1", urls[0]));
    assert_eq!(urls[2], urls[0]);
    assert!(
        !keys.contains("sk-ant-real") && keys.split(' ').count() == 3,
        "{out}"
    );
    assert_eq!(proxy, "a.example,127.0.0.1,localhost");
}

#[test]
fn what_cannot_be_run_says_why() {
    let tape = recording("anthropic/text.tape");
    let tape = tape.to_str().unwrap();
    fails(&["run", "--tape", tape], 2, &["CMD"]);
    fails(
        &["run", "--tape", tape, "--", "no-such-program"],
        127,
        &["no-such-program: cannot start it"],
    );
    fails(
        &["run", "--tape", tape, "--", "/etc/passwd"],
        126,
        &["cannot start it"],
    );
    fails(
        &["run", "--tape", "new.tape", "--", "true"],
        2,
        &["there is no such tape", "--upstream URL"],
    );
}
