//! A client's program as a child process: a line for each run, a line back.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::Client;

/// The longest a run may take: the slowest client waits 6 s before its last attempt.
const RUN_TIME_MAX: Duration = Duration::from_secs(60);

/// What a run is to do.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order<'a> {
    /// Its name, which comes back.
    pub(crate) run: &'a str,
    /// The server, without the path that the SDK adds.
    pub(crate) base_url: &'a str,
    /// What to ask.
    pub(crate) task: &'a Value,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outcome {
    pub(crate) run: String,
    pub(crate) turns: Vec<Turn>,
    /// What the SDK raised, with its text.
    pub(crate) error: Option<String>,
}

/// A turn, as the SDK gathered it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Turn {
    /// The text of the whole message.
    pub(crate) text: String,
    /// The text as it was shown, delta by delta.
    pub(crate) shown: String,
    pub(crate) tool_calls: Vec<Call>,
}

/// A call to a tool. Some SDKs parse its arguments, some leave that to the caller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) name: String,
    #[serde(
        default,
        deserialize_with = "some",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) arguments: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) arguments_text: Option<String>,
    /// The SDK says that it is not to be run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) invalid: bool,
}

/// `null` is a value here, too.
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Turn {
    /// What of `found` differs. `self` has both forms of all arguments.
    pub(crate) fn difference(&self, found: &Self) -> Option<String> {
        for (field, want, got) in [
            ("text", &self.text, &found.text),
            ("shown text", &self.shown, &found.shown),
        ] {
            if want != got {
                return Some(format!("{field} is {got:?}, expected {want:?}"));
            }
        }
        let pairs = self.tool_calls.iter().zip(&found.tool_calls);
        let same = pairs.filter(|(want, got)| want.is(got)).count();
        if same == self.tool_calls.len() && same == found.tool_calls.len() {
            return None;
        }
        let calls = [&self.tool_calls, &found.tool_calls];
        let [want, got] = calls.map(|calls| serde_json::to_string(calls).unwrap());
        Some(format!("calls are {got}, expected {want}"))
    }
}

impl Call {
    /// What was found has one form at least, and each that it has is right.
    fn is(&self, found: &Self) -> bool {
        let value = found.arguments.is_none() || found.arguments == self.arguments;
        let text = found.arguments_text.is_none() || found.arguments_text == self.arguments_text;
        let any = found.has_arguments() == self.has_arguments();
        self.name == found.name && !found.invalid && any && value && text
    }

    fn has_arguments(&self) -> bool {
        self.arguments.is_some() || self.arguments_text.is_some()
    }
}

/// A client that runs.
pub(crate) struct Worker {
    child: Child,
    lines: Receiver<std::io::Result<String>>,
    name: &'static str,
}

/// Where `tests/clients/install` puts the clients.
pub(crate) fn installed() -> PathBuf {
    // This test lies in `target/debug/deps`.
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(3).unwrap().join("clients")
}

pub(crate) fn here() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/clients"))
}

/// The interpreter is on this machine.
pub(crate) fn has_interpreter(part: &str) -> bool {
    let version = |program: &str| {
        let run = Command::new(program).arg("--version").output();
        run.is_ok_and(|run| run.status.success())
    };
    match part {
        "python" => version("python3"),
        "node" => version("node"),
        _ => true,
    }
}

/// The program and its arguments; `None` where it is not installed.
fn command(client: &Client) -> Option<Command> {
    let installed = installed().join(client.part);
    let (program, script) = match client.part {
        "python" => (
            installed.join("bin/python"),
            here().join("python/worker.py"),
        ),
        // Beside its packages, where Node looks for them.
        "node" => ("node".into(), installed.join("worker.mjs")),
        _ => (installed.join("clients"), PathBuf::new()),
    };
    let there = if client.part == "node" {
        &script
    } else {
        &program
    };
    if !there.exists() {
        return None;
    }
    let mut command = Command::new(program);
    if script != Path::new("") {
        command.arg(script);
    }
    command.arg(client.sdk);
    // No proxy, no key and no address of this machine.
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "ANTHROPIC_BASE_URL",
        "OPENAI_BASE_URL",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "OPENAI_API_KEY",
    ] {
        command.env_remove(name);
    }
    command
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1");
    Some(command)
}

impl Worker {
    /// Starts the client; `None` where it is not installed.
    pub(crate) fn start(client: &Client) -> Option<Self> {
        let mut command = command(client)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            loop {
                let mut line = String::new();
                let read = out.read_line(&mut line);
                let last = !matches!(read, Ok(bytes) if bytes > 0);
                if sender.send(read.map(|_| line)).is_err() || last {
                    return;
                }
            }
        });
        Some(Self {
            child,
            lines,
            name: client.name,
        })
    }

    /// One run.
    pub(crate) fn run(&mut self, order: &Order<'_>) -> Outcome {
        let line = serde_json::to_string(order).unwrap() + "\n";
        let mut input = self.child.stdin.as_ref().unwrap();
        input.write_all(line.as_bytes()).unwrap();
        input.flush().unwrap();
        let (name, run) = (self.name, order.run);
        let line = match self.lines.recv_timeout(RUN_TIME_MAX) {
            Ok(line) => line.unwrap(),
            Err(RecvTimeoutError::Timeout) => {
                panic!("{name}, {run}: no answer within {RUN_TIME_MAX:?}")
            }
            Err(RecvTimeoutError::Disconnected) => String::new(),
        };
        let outcome: Result<Outcome, _> = serde_json::from_str(&line);
        let outcome = outcome.unwrap_or_else(|error| {
            panic!("{name}, {run}: the program ended or wrote no outcome ({error}): {line:?}")
        });
        assert_eq!(outcome.run, run, "{name}: the answer is of this run");
        outcome
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Its input ends with it, and that ends it; this is for one that hangs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
