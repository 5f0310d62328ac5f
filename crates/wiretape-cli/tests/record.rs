//! `wiretape record` as it is run: signals, a full disk, what it says and how it exits.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use wiretape_tape::{EndKind, Parsed, parse};

const BINARY: &str = env!("CARGO_BIN_EXE_wiretape");
const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// A path of this name with nothing there; each test uses names of its own.
fn tape(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("record");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    let _ = fs::remove_file(&path);
    path
}

fn read(tape: &Path) -> Parsed {
    parse(&fs::read(tape).unwrap()).unwrap()
}

/// An upstream server that sends a chunk for each text it is given, and the last one at the end.
fn upstream() -> (SocketAddr, Sender<String>) {
    let (sender, texts) = channel::<String>();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || serve(&listener, &texts));
    (addr, sender)
}

fn serve(listener: &TcpListener, texts: &Receiver<String>) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_nodelay(true).unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n{}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.push(byte[0]);
    }
    stream.write_all(STREAM.as_bytes()).unwrap();
    for text in texts {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        if stream.write_all(chunk.as_bytes()).is_err() {
            return;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n");
}

/// A recorder that runs, with `--json`.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    addr: SocketAddr,
}

fn start(command: &mut Command) -> Running {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["report"], "listening");
    let url = line["url"].as_str().unwrap();
    let addr = url.strip_prefix("http://").unwrap().parse().unwrap();
    Running { child, out, addr }
}

fn record(upstream: SocketAddr, tape: &Path, more: &[&str]) -> Running {
    let mut command = Command::new(BINARY);
    command
        .args([
            "record",
            "--json",
            "--upstream",
            &format!("http://{upstream}"),
            "-o",
        ])
        .arg(tape)
        .args(more);
    start(&mut command)
}

/// A test that fails leaves no recorder behind.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success());
    }

    /// Exit code, the reports that are left, standard error.
    fn end(mut self) -> (Option<i32>, Vec<Value>, String) {
        let mut text = String::new();
        self.out.read_to_string(&mut text).unwrap();
        let reports = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let reports = reports.collect();
        let mut err = String::new();
        let mut from = self.child.stderr.take().unwrap();
        from.read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), reports, err)
    }

    fn ask(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let request = "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }
}

fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !seen.ends_with(end.as_bytes()) {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(seen).unwrap()
}

#[test]
fn killed_in_the_middle_it_leaves_what_came_and_goes_on_there() {
    let path = tape("killed.tape");
    let (addr, texts) = upstream();
    let running = record(addr, &path, &["--server", "s"]);
    let mut client = running.ask();
    for text in ["one", "two", "three"] {
        texts.send(text.into()).unwrap();
        read_until(&mut client, &format!("{text}\r\n"));
    }
    running.signal("KILL");
    assert_eq!(running.end().0, None);
    let parsed = read(&path);
    assert!(parsed.torn.is_none());
    let exchange = &parsed.tape.exchanges[0];
    assert_eq!(exchange.body(), b"onetwothree");
    assert_eq!(exchange.chunks.len(), 3);
    assert!(exchange.end.is_none());
    assert_eq!(parsed.tape.header.extra["whole"], false);

    let (addr, texts) = upstream();
    let running = record(addr, &path, &["--append", "--server", "s"]);
    let mut client = running.ask();
    texts.send("four".into()).unwrap();
    drop(texts);
    read_until(&mut client, "0\r\n\r\n");
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    let parsed = read(&path);
    assert_eq!(parsed.tape.exchanges.len(), 2);
    assert!(parsed.tape.exchanges[0].end.is_none());
    assert_eq!(parsed.tape.exchanges[1].body(), b"four");
}

/// The system lets the file grow to 2 KiB and no further.
#[test]
fn a_full_disk_is_loud_and_costs_the_client_nothing() {
    let path = tape("full.tape");
    let (addr, texts) = upstream();
    let script = format!(
        "ulimit -f 2; exec {BINARY} record --json --upstream http://{addr} -o {}",
        path.display()
    );
    // Blocks of 1,024 bytes, as bash counts them.
    let running = start(Command::new("bash").args(["-c", &script]));
    let mut client = running.ask();
    let piece = "data: 0123456789012345678901234567890123456789\n\n";
    for _ in 0..200 {
        texts.send(piece.into()).unwrap();
    }
    drop(texts);
    let seen = read_until(&mut client, "0\r\n\r\n");
    // Where a read cut a chunk it is two.
    let (_, coded) = seen.split_once("\r\n\r\n").unwrap();
    let lines: Vec<&str> = coded.split("\r\n").collect();
    let body: String = lines
        .chunks(2)
        .filter_map(|pair| pair.get(1).copied())
        .collect();
    assert_eq!(body, piece.repeat(200));
    running.signal("INT");
    let (code, reports, err) = running.end();
    assert_eq!(code, Some(2));
    assert!(
        err.contains("error: nothing more is recorded: cannot write the tape"),
        "{err}"
    );
    assert!(err.contains("the tape is incomplete"), "{err}");
    let end = reports
        .iter()
        .find(|report| report["report"] == "end")
        .unwrap();
    assert_eq!(
        (&end["recorded"], &end["bytes"]),
        (&false.into(), &body.len().into())
    );
    let parsed = read(&path);
    assert!(parsed.torn.is_none());
    assert_eq!(parsed.tape.header.extra["whole"], false);
    let taped = parsed.tape.exchanges[0].body();
    assert!(!taped.is_empty() && taped.len() < body.len());
    assert!(body.as_bytes().starts_with(&taped));
}

#[test]
fn told_to_end_it_lets_streams_end_and_closes_the_tape() {
    let path = tape("ended.tape");
    let (addr, texts) = upstream();
    let running = record(addr, &path, &[]);
    let mut client = running.ask();
    texts.send("one".into()).unwrap();
    read_until(&mut client, "one\r\n");
    running.signal("TERM");
    thread::sleep(Duration::from_millis(200));
    texts.send("two".into()).unwrap();
    drop(texts);
    read_until(&mut client, "0\r\n\r\n");
    let (code, reports, _) = running.end();
    assert_eq!(code, Some(0));
    let kinds: Vec<&str> = reports
        .iter()
        .filter_map(|one| one["report"].as_str())
        .collect();
    assert_eq!(kinds, ["request", "head", "end", "summary"]);
    let sum = reports.last().unwrap();
    assert_eq!((&sum["recorded"], &sum["bytes"]), (&1.into(), &6.into()));
    let parsed = read(&path);
    assert_eq!(parsed.tape.header.extra["whole"], true);
    assert_eq!(parsed.tape.exchanges[0].body(), b"onetwo");
}

#[test]
fn told_twice_it_cuts_what_goes_on() {
    let path = tape("cut.tape");
    let (addr, texts) = upstream();
    let running = record(addr, &path, &["--grace", "60"]);
    let mut client = running.ask();
    texts.send("one".into()).unwrap();
    read_until(&mut client, "one\r\n");
    running.signal("INT");
    thread::sleep(Duration::from_millis(300));
    running.signal("INT");
    assert_eq!(running.end().0, Some(0));
    let parsed = read(&path);
    let end = parsed.tape.exchanges[0].end.as_ref().unwrap();
    assert_eq!(end.kind, EndKind::ClientClosed);
    assert_eq!(end.extra["error"], "the recorder was stopped");
    assert_eq!(parsed.tape.header.extra["whole"], true);
}

#[test]
fn without_json_it_says_where_and_what() {
    let path = tape("said.tape");
    let (addr, texts) = upstream();
    let mut child = Command::new(BINARY)
        .args([
            "record",
            "--listen",
            "0",
            "--upstream",
            &format!("http://{addr}"),
            "-o",
        ])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut said = Vec::new();
    while said.len() < 6 {
        let mut line = String::new();
        err.read_line(&mut line).unwrap();
        said.push(line.trim_end().to_owned());
    }
    assert_eq!(
        said[0],
        format!("recording http://{addr} to {}", path.display())
    );
    let url = said[1].strip_prefix("listening at ").unwrap().to_owned();
    assert_eq!(
        said[2..5],
        [
            format!("  ANTHROPIC_BASE_URL={url}"),
            format!("  OPENAI_BASE_URL={url}/v1"),
            format!("  GOOGLE_GEMINI_BASE_URL={url}"),
        ]
    );
    let listening = url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut running = Running {
        out: BufReader::new(child.stdout.take().unwrap()),
        child,
        addr: listening,
    };
    let mut client = running.ask();
    texts.send("one".into()).unwrap();
    drop(texts);
    read_until(&mut client, "0\r\n\r\n");
    let mut line = String::new();
    running.out.read_line(&mut line).unwrap();
    for part in [
        "#0   POST  /v1/messages ",
        "  200  ",
        "1 chunk",
        "3 B",
        "first",
        "complete\n",
    ] {
        assert!(line.contains(part), "{line}");
    }
    running.signal("INT");
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert!(
        rest.contains("said.tape: 1 exchange, 1 chunk, 3 B (1 complete)\n"),
        "{rest}"
    );
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

/// A server that compresses whatever is asked for: the tape keeps its bytes, and they can be read.
#[test]
fn a_compressed_stream_is_kept_and_can_be_read() {
    let path = tape("gzip.tape");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let count = stream.read(&mut head).unwrap();
        let head = String::from_utf8_lossy(&head[..count]).to_ascii_lowercase();
        assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let answer = STREAM.replace("\r\n\r\n", "\r\ncontent-encoding: gzip\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
        for text in [
            "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"plain\"}}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            "data: [DONE]\n\n",
        ] {
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.flush().unwrap();
            let bytes = std::mem::take(encoder.get_mut());
            write!(stream, "{:x}\r\n", bytes.len()).unwrap();
            stream.write_all(&bytes).unwrap();
            stream.write_all(b"\r\n").unwrap();
        }
        let bytes = encoder.finish().unwrap();
        write!(stream, "{:x}\r\n", bytes.len()).unwrap();
        stream.write_all(&bytes).unwrap();
        stream.write_all(b"\r\n0\r\n\r\n").unwrap();
    });
    let running = record(addr, &path, &["--dialect", "openai-chat"]);
    let mut client = running.ask();
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !seen.ends_with(b"\r\n0\r\n\r\n") {
        let count = client.read(&mut buffer).unwrap();
        assert!(count > 0);
        seen.extend_from_slice(&buffer[..count]);
    }
    running.signal("INT");
    assert_eq!(running.end().0, Some(0));
    let exchange = &read(&path).tape.exchanges[0];
    assert!(exchange.body().starts_with(b"\x1f\x8b"), "as it came");
    assert_eq!(exchange.response.as_ref().unwrap().extra["searched"], false);
    let vary = ["vary", "--seed", "0", "--profile", "plain", "-o", "-"];
    let run = |args: &[&str]| {
        let mut command = Command::new(BINARY);
        command.args(args).arg(&path).output().unwrap()
    };
    for (args, shown) in [
        (&["transcript"][..], "plain"),
        (&["show"], "plain"),
        (&["frames"], "plain"),
        (&vary, "plain"),
        (&["check", "--json"], "\"frames\":3"),
    ] {
        let output = run(args);
        let out = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{out}");
        assert!(out.contains(shown), "{args:?}: {out}");
    }
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"gzip\"", "\"zstd\"")).unwrap();
    for args in [
        &["transcript"][..],
        &["show"],
        &["frames"],
        &vary,
        &["check"],
    ] {
        let output = run(args);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(
            err.contains("gzip.tape#0: its body is compressed as \"zstd\""),
            "{err}"
        );
    }
}

/// What one recorder writes to, another leaves alone.
#[test]
fn a_tape_is_one_recorders() {
    let path = tape("shared.tape");
    let (addr, _texts) = upstream();
    let running = record(addr, &path, &["--append"]);
    let again = Command::new(BINARY)
        .args([
            "record",
            "--append",
            "--upstream",
            "http://127.0.0.1:9",
            "-o",
        ])
        .arg(&path)
        .output()
        .unwrap();
    let err = String::from_utf8(again.stderr).unwrap();
    assert_eq!(again.status.code(), Some(2), "{err}");
    assert!(err.contains("another recorder writes to it"), "{err}");
    running.signal("INT");
    assert_eq!(running.end().0, Some(0));
}

/// What bash can do without any client: one request with the command's own key.
const ASK: &str = r#"
url=${ANTHROPIC_BASE_URL#http://}
exec 3<>/dev/tcp/${url%%:*}/${url#*:}
printf "POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: $ANTHROPIC_API_KEY\r\n" >&3
printf "connection: close\r\ncontent-length: 2\r\n\r\n{}" >&3
cat <&3"#;

/// `wiretape run` of a script; its exit code and what it said.
fn run(tape: &Path, upstream: Option<SocketAddr>, script: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(BINARY);
    command.args(["run", "--tape"]).arg(tape);
    if let Some(addr) = upstream {
        command.args(["--upstream", &format!("http://{addr}")]);
    }
    let command = command.args(["--", "bash", "-c", script]);
    let output = command.env("ANTHROPIC_API_KEY", "own-key-of-the-user");
    let output = output.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    (output.status.code(), out, err)
}

#[test]
fn a_run_records_a_tape_that_is_missing_and_replays_it_from_then_on() {
    let path = tape("first-run.tape");
    let (addr, texts) = upstream();
    texts.send("one".into()).unwrap();
    texts.send("two".into()).unwrap();
    drop(texts);
    let (code, first, err) = run(&path, Some(addr), ASK);
    assert_eq!(code, Some(0), "{first}{err}");
    assert!(err.contains("there is no such tape, recording it"), "{err}");
    assert!(err.contains("first-run.tape: 1 exchange recorded"), "{err}");
    assert!(
        first.ends_with("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"),
        "{first}"
    );
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("own-key"), "{text}");
    assert_eq!(read(&path).tape.header.extra["whole"], true);
    let (code, again, err) = run(&path, None, ASK);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    assert_eq!(body(&again), body(&first));
}

/// A tape gets its name only if all went well.
#[test]
fn a_run_that_fails_leaves_no_tape() {
    let path = tape("failed-run.tape");
    let partial = tape("failed-run.tape.partial");
    let (addr, texts) = upstream();
    texts.send("one".into()).unwrap();
    drop(texts);
    let (code, _, err) = run(&path, Some(addr), &format!("({ASK}); exit 3"));
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("kept as"), "{err}");
    assert!(!path.exists());
    assert_eq!(read(&partial).tape.exchanges[0].body(), b"one");
    let (code, _, err) = run(&path, Some(addr), "true");
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("an earlier run recorded"), "{err}");
    fs::remove_file(&partial).unwrap();
    for (script, wanted) in [("true", 1), ("exit 4", 4)] {
        let (code, _, err) = run(&path, Some(addr), script);
        assert_eq!(code, Some(wanted), "{err}");
        assert!(!path.exists() && !partial.exists());
    }
}

/// Each mistake is said, costs nothing that was there, and leaves no file.
#[test]
fn mistakes_are_said() {
    let there = tape("there.tape");
    fs::write(&there, "mine\n").unwrap();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = busy.local_addr().unwrap().to_string();
    let new = tape("mistake.tape");
    let (there, new) = (there.to_str().unwrap(), new.to_str().unwrap());
    let good = "http://127.0.0.1:9";
    for (args, said) in [
        (
            &["--upstream", "htps://api.example.com"][..],
            "\"htps\" is neither",
        ),
        (&["--upstream", "api.example.com"], "no http:// or https://"),
        (
            &["--upstream", "https:/api.example.com"],
            "no http:// or https://",
        ),
        (
            &["--upstream", "https://me:word@api.example.com"],
            "a user name or a password",
        ),
        (&["--upstream", "https://api.example.com?key=1"], "a query"),
        (
            &["--upstream", "http://h:port"],
            "no number from 0 to 65535",
        ),
        (
            &["--upstream", good, "--listen", "nowhere"],
            "an address and a port",
        ),
        (
            &["--upstream", good, "-o", there],
            "--append goes on at its end",
        ),
        (
            &["--upstream", good, "-o", there, "--append"],
            "not a tape to append to: line 1",
        ),
        (
            &["--upstream", good, "-o", new, "--listen", &taken],
            "another program listens there",
        ),
        (
            &["--upstream", good, "-o", new, "--listen", "192.0.2.1:0"],
            "no such address",
        ),
        (
            &["--upstream", good, "-o", new, "--ca", there],
            "expected certificates in PEM",
        ),
        (
            &["--upstream", good, "-o", "/no/such/folder/x.tape"],
            "cannot write it",
        ),
        (&[], "--upstream"),
    ] {
        let output = Command::new(BINARY)
            .arg("record")
            .args(args)
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?} {err}");
        assert!(err.contains(said), "{args:?}: {err}");
        assert!(!Path::new(new).exists(), "{args:?}");
    }
    assert_eq!(fs::read_to_string(there).unwrap(), "mine\n");
}

#[test]
fn an_address_that_others_reach_is_warned_of() {
    let (addr, _texts) = upstream();
    let running = record(addr, &tape("open.tape"), &["--listen", "0.0.0.0:0"]);
    running.signal("INT");
    let (code, _, err) = running.end();
    assert_eq!(code, Some(0));
    assert!(err.contains("warning: listening at 0.0.0.0"), "{err}");
}
