//! Acceptance: what a client makes of our replay of a recording is what it made of the live server,
//! failures included. Runs where `WIRETAPE_LIVE` names a server; `recordings/regenerate --compare`
//! starts one. The server's words need not be the same twice, so each run is recorded as it happens.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use wiretape_core::{Dialect, Transcript};
use wiretape_record::{Config, Output, Recorder};
use wiretape_serve::{Mount, Server};
use wiretape_tape::{Tape, parse};

use crate::worker::{Order, Outcome};
use crate::{CLIENTS, Client, say};

/// What the server speaks.
const SPOKEN: [Dialect; 3] = [
    Dialect::Anthropic,
    Dialect::OpenAiChat,
    Dialect::OpenAiResponses,
];

#[test]
fn live() {
    let Ok(upstream) = std::env::var("WIRETAPE_LIVE") else {
        say("SKIPPED live: WIRETAPE_LIVE names no server");
        return;
    };
    let tasks = std::env::var("WIRETAPE_LIVE_TASKS").unwrap();
    let tasks: Vec<(String, Value)> = serde_json::from_str(&tasks).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut apart = Vec::new();
    let spoken = |client: &&Client| SPOKEN.contains(&client.dialect);
    for client in CLIENTS.iter().filter(spoken) {
        for (name, task) in &tasks {
            let task = Task { client, name, task };
            let (live, tape) = runtime.block_on(task.record(&upstream));
            let replayed = runtime.block_on(task.replay(&tape));
            let equal = live == replayed;
            say(&task.row(&live, &tape, equal));
            if !equal {
                apart.push(format!(
                    "{}, {name}:\n  live: {live:?}\n  replayed: {replayed:?}",
                    client.name
                ));
            }
        }
    }
    assert!(apart.is_empty(), "{}", apart.join("\n"));
}

struct Task<'a> {
    client: &'a Client,
    name: &'a str,
    task: &'a Value,
}

impl Task<'_> {
    /// A process of its own, so that nothing of the run before is left.
    async fn run(&self, base_url: &str) -> Outcome {
        let (run, base_url) = (self.name.to_owned(), base_url.to_owned());
        let (task, mut worker) = (self.task.clone(), self.client.start().unwrap());
        let run = move || {
            worker.run(&Order {
                run: &run,
                base_url: &base_url,
                task: &task,
            })
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// Against the live server, through the recorder.
    async fn record(&self, upstream: &str) -> (Outcome, Tape) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("live-{}-{}.tape", self.client.name, self.name));
        let _ = fs::remove_file(&path);
        let config = Config::new(upstream.parse().unwrap());
        let output = Output::create(&path).unwrap();
        let recorder = Recorder::start(config, output).await.unwrap();
        let outcome = self.run(&recorder.url()).await;
        let summary = recorder.stop(Duration::from_secs(5)).await;
        assert_eq!(summary.failure, None);
        let bytes = fs::read(&path).unwrap();
        (outcome, parse(&bytes).unwrap().tape)
    }

    /// Against what was recorded.
    async fn replay(&self, tape: &Tape) -> Outcome {
        let server = Server::start(wiretape_serve::Config::default())
            .await
            .unwrap();
        server.mount("/replay", Mount::new(tape)).unwrap();
        let outcome = self.run(&(server.url() + "/replay")).await;
        server.stop(Duration::from_secs(1)).await;
        outcome
    }

    fn row(&self, live: &Outcome, tape: &Tape, equal: bool) -> String {
        let (client, name) = (self.client, self.name);
        let calls: Vec<usize> = live
            .turns
            .iter()
            .map(|turn| turn.tool_calls.len())
            .collect();
        let read = |exchange: &wiretape_tape::Exchange| {
            let read = wiretape_core::read(
                client.dialect,
                wiretape_core::Options::default(),
                &exchange.body(),
            );
            Transcript::of(&read).tool_calls.len()
        };
        let ours: Vec<usize> = tape.exchanges.iter().map(read).collect();
        let error = live.error.as_deref().unwrap_or("none");
        let error: String = error.chars().take(60).collect();
        let equal = if equal { "equal" } else { "NOT EQUAL" };
        format!(
            "| {} | {name} | {calls:?} | {ours:?} | {error} | {equal} |",
            client.name
        )
    }
}
