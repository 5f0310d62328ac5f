//! Real clients against the replay server: what an SDK makes of a tape is what our reader makes of it,
//! as it was recorded and under every seed of what was seen in its dialect's traffic.
//!
//! A binary of its own: it waits for other processes, and would hold up the tests beside it.
//! `clients/README.md` says how to install the clients, and how to repeat a run.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails; clippy's own exception ends at helpers"
)]

// The tapes that clients are run on, and what they must make of them.
#[path = "clients/cases.rs"]
mod cases;
// Client libraries of chat platforms against sinks.
#[path = "clients/chat.rs"]
mod chat;
// What is known to be wrong with a client.
#[path = "clients/defects.rs"]
mod defects;
// The same against a live server, where there is one.
#[path = "clients/live.rs"]
mod live;
// Where the recordings lie.
#[expect(
    dead_code,
    reason = "shared with the other tests, which need more of it"
)]
mod support;
// A client on every tape, and what is said of it.
#[path = "clients/runs.rs"]
mod runs;
// Front ends' packages on tapes in their protocols.
#[path = "clients/ui.rs"]
mod ui;
// A client's program as a child process.
#[path = "clients/worker.rs"]
mod worker;

use std::io::Write;

use wiretape_core::Dialect;

use worker::{Worker, has_interpreter};

/// A client: an SDK in a language, for a dialect.
#[derive(Debug)]
pub(crate) struct Client {
    /// What it is called here; the test has the same name.
    pub(crate) name: &'static str,
    /// The folder of its program: `python`, `node` or `rust`.
    pub(crate) part: &'static str,
    /// What its program calls it.
    pub(crate) sdk: &'static str,
    /// Its packages, as its lock file names them.
    pub(crate) packages: &'static [&'static str],
    pub(crate) dialect: Dialect,
}

macro_rules! clients {
    ($($name:ident: $part:literal $sdk:literal [$($package:literal),+] $dialect:ident;)+) => {
        /// Every client.
        pub(crate) const CLIENTS: &[Client] = &[$(Client {
            name: stringify!($name),
            part: $part,
            sdk: $sdk,
            packages: &[$($package),+],
            dialect: Dialect::$dialect,
        }),+];

        $(
            #[test]
            fn $name() {
                let client = CLIENTS.iter().find(|client| client.name == stringify!($name));
                runs::check(client.unwrap());
            }
        )+
    };
}

clients! {
    python_anthropic: "python" "anthropic" ["anthropic"] Anthropic;
    python_openai: "python" "openai" ["openai"] OpenAiChat;
    node_anthropic: "node" "anthropic" ["@anthropic-ai/sdk"] Anthropic;
    node_openai: "node" "openai" ["openai"] OpenAiChat;
    node_ai_anthropic: "node" "ai-anthropic" ["ai", "@ai-sdk/anthropic"] Anthropic;
    node_ai_openai: "node" "ai-openai" ["ai", "@ai-sdk/openai"] OpenAiChat;
    python_responses: "python" "responses" ["openai"] OpenAiResponses;
    python_gemini: "python" "gemini" ["google-genai"] Gemini;
    python_ollama: "python" "ollama" ["ollama"] Ollama;
    python_cohere: "python" "cohere" ["cohere"] Cohere;
    python_bedrock: "python" "bedrock" ["boto3"] BedrockConverse;
    node_responses: "node" "responses" ["openai"] OpenAiResponses;
    node_ai_responses: "node" "ai-responses" ["ai", "@ai-sdk/openai"] OpenAiResponses;
    node_gemini: "node" "gemini" ["@google/genai"] Gemini;
    node_ai_gemini: "node" "ai-gemini" ["ai", "@ai-sdk/google"] Gemini;
    node_ollama: "node" "ollama" ["ollama"] Ollama;
    node_cohere: "node" "cohere" ["cohere-ai"] Cohere;
    rust_async_openai: "rust" "async-openai" ["async-openai"] OpenAiChat;
    rust_async_openai_responses: "rust" "async-openai-responses" ["async-openai"] OpenAiResponses;
    rust_genai_anthropic: "rust" "genai-anthropic" ["genai"] Anthropic;
    rust_genai_openai: "rust" "genai-openai" ["genai"] OpenAiChat;
}

/// To the terminal itself: what is printed with `println!` is hidden where a test passes.
fn say(what: &str) {
    // In one write, so that lines of two threads stay apart.
    let _ = std::io::stderr().write_all(format!("clients: {what}\n").as_bytes());
}

/// Packages with the versions of the lock file of their part.
pub(crate) fn versions(part: &str, packages: &[&str]) -> String {
    let lock = match part {
        "python" => include_str!("clients/python/requirements.lock"),
        "node" => include_str!("clients/node/package.json"),
        _ => include_str!("clients/rust/Cargo.toml"),
    };
    let version = |package: &str| {
        let mut lines = lock.lines().map(str::trim_start);
        let line = lines.find_map(|line| {
            let rest = line.trim_start_matches('"').strip_prefix(package)?;
            rest.starts_with(['=', '"', ' ']).then_some(rest)
        });
        let rest = line
            .unwrap()
            .trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
        format!("{package} {}", rest.split_at(end.unwrap_or(rest.len())).0)
    };
    let versions: Vec<String> = packages.iter().map(|name| version(name)).collect();
    versions.join(", ")
}

/// Says that a client is left out, where it may be.
pub(crate) fn missing(name: &str, part: &str, versions: &str) {
    let required = std::env::var("WIRETAPE_CLIENTS").is_ok_and(|value| value == "required");
    let there = has_interpreter(part);
    assert!(
        !(required && there),
        "{name}: not installed; run tests/clients/install {part}"
    );
    let why = if there {
        "not installed (tests/clients/install)"
    } else {
        "no interpreter"
    };
    say(&format!("SKIPPED {name} ({versions}): {why}"));
}

impl Client {
    /// Its packages with the versions of the lock file.
    pub(crate) fn versions(&self) -> String {
        versions(self.part, self.packages)
    }

    /// The client as a process; `None` where it may be left out, which is said.
    pub(crate) fn start(&self) -> Option<Worker> {
        let worker = Worker::start(self);
        if worker.is_none() {
            missing(self.name, self.part, &self.versions());
        }
        worker
    }
}

#[test]
fn every_client_has_a_version() {
    for client in CLIENTS {
        let versions = client.versions();
        assert!(versions.contains('.'), "{}: {versions}", client.name);
    }
}
