//! Clients in memory: a correct one, and the same with one defect. What they are given are scripts,
//! and what they do is an observation, as if a server had seen it.

use std::path::Path;

use serde_json::Value;
use wiretape_check::{
    Attempt, Call, CallResult, Case, Echo, Ended, Finding, Observation, Said, SaidCall, SaidEvent,
    TurnSeen, verdict,
};
use wiretape_core::{Dialect, Options, Reader, Transcript, read};
use wiretape_tape::{EndKind, Exchange, Tape};
use wiretape_vary::{Scenario, Script, Subject};

/// What a client has wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    None,
    /// Runs what it has of a reply that did not end well.
    ActsBeforeEnd,
    /// Takes every reply for a whole one, runs no calls of those that are none.
    IgnoresErrors,
    /// Shows the text of each attempt.
    RetriesAfterOutput,
    /// A character outside ASCII is lost where a chunk ends in it.
    Utf8PerChunk,
    /// It waits for a stream that has stopped.
    Waits,
    /// It knows no line end but LF.
    LfOnly,
}

/// How a client works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) defect: Defect,
    /// It says what it did, in a line of JSON.
    pub(crate) says: bool,
    /// It reads one reply and no more.
    pub(crate) one: bool,
    /// It leaves arguments as text.
    pub(crate) text: bool,
    /// Requests for a reply at most; it asks again while nothing was shown.
    pub(crate) attempts: usize,
}

impl Client {
    pub(crate) const CORRECT: Self = Self {
        defect: Defect::None,
        says: true,
        one: false,
        text: false,
        attempts: 1,
    };

    pub(crate) fn with(defect: Defect) -> Self {
        Self {
            defect,
            ..Self::CORRECT
        }
    }
}

/// A tape, and what its scripts need.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) name: String,
    pub(crate) tape: Tape,
    pub(crate) dialect: Dialect,
    pub(crate) subjects: Vec<Subject>,
}

impl Loaded {
    pub(crate) fn new(name: &str, tape: Tape) -> Self {
        let named = tape.header.dialect.as_deref();
        let dialect = named.and_then(|name| name.parse().ok());
        let dialect = dialect.unwrap_or(Dialect::OpenAiChat);
        let mut loaded = Self {
            name: name.to_owned(),
            tape,
            dialect,
            subjects: Vec::new(),
        };
        loaded.close();
        let exchanges = loaded.tape.exchanges.iter();
        let subject = |exchange: &Exchange| Subject::new(exchange, Some(dialect.name()));
        loaded.subjects = exchanges.map(subject).collect();
        loaded
    }

    /// Behind calls a reply of text, so that a client has something to come back for.
    fn close(&mut self) {
        let calls = self.tape.exchanges.last().is_some_and(|last| {
            let read = Transcript::of(&read(self.dialect, Options::default(), &last.body()));
            read.rejected.is_none()
                && !(read.tool_calls.is_empty() && read.rejected_calls.is_empty())
        });
        if calls {
            let text = match self.dialect {
                Dialect::Anthropic => load("anthropic/text.tape"),
                _ => load("openai-chat/text.tape"),
            };
            self.tape
                .exchanges
                .extend(text.exchanges.into_iter().next());
            self.tape.order.clear();
        }
    }

    /// The scripts of a scenario, attempt by attempt.
    pub(crate) fn scripts(&self, scenario: &Scenario) -> Vec<Vec<Script>> {
        let exchanges = self.subjects.iter().enumerate();
        let scripts = exchanges.map(|(number, subject)| {
            if scenario.exchange.is_some_and(|only| only != number) {
                return vec![Scenario::plain().apply(subject)];
            }
            let mut scripts = vec![scenario.apply(subject)];
            let retries = scenario.retries.as_ref();
            scripts.extend(retries.map(|pieces| Scenario::of(pieces.clone()).apply(subject)));
            scripts
        });
        scripts.collect()
    }

    /// What a client does under a scenario, and what is said of it.
    pub(crate) fn judge(&self, client: Client, scenario: &Scenario) -> Vec<Finding> {
        let baseline = client.run(self, &self.scripts(&Scenario::plain()));
        let sent = self.scripts(scenario);
        let seen = client.run(self, &sent);
        let case = Case {
            number: 0,
            tape: 0,
            class: "F-00".to_owned(),
            scenario: scenario.clone(),
        };
        verdict::judge(verdict::Run {
            tape: &self.tape,
            replies: &verdict::Replies::of(&self.tape),
            case: Some(&case),
            sent: &sent,
            baseline: &baseline,
            seen: &seen,
        })
    }

    /// What is said of a client on the untouched tape.
    pub(crate) fn judge_plain(&self, client: Client) -> Vec<Finding> {
        let sent = self.scripts(&Scenario::plain());
        let seen = client.run(self, &sent);
        verdict::judge(verdict::Run {
            tape: &self.tape,
            replies: &verdict::Replies::of(&self.tape),
            case: None,
            sent: &sent,
            baseline: &seen,
            seen: &seen,
        })
    }
}

fn recordings() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../recordings"))
}

pub(crate) fn load(name: &str) -> Tape {
    let bytes = std::fs::read(recordings().join(name)).unwrap();
    wiretape_tape::parse(&bytes).unwrap().tape
}

impl Loaded {
    /// Every reply of it may be acted on.
    pub(crate) fn is_sound(&self) -> bool {
        let mut exchanges = self.tape.exchanges.iter();
        exchanges.all(|exchange| read(self.dialect, Options::default(), &exchange.body()).is_ok())
    }
}

/// Every tape there is.
pub(crate) fn all() -> Vec<Loaded> {
    let mut names = Vec::new();
    for folder in ["anthropic", "openai-chat", "recorded"] {
        for entry in std::fs::read_dir(recordings().join(folder)).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            names.push(format!("{folder}/{file}"));
        }
    }
    names.sort();
    let loaded = names.iter().map(|name| Loaded::new(name, load(name)));
    loaded.collect()
}

/// What one attempt gave.
struct Got {
    transcript: Transcript,
    /// It may be acted on.
    turn: bool,
    /// It says that something went wrong.
    failed: bool,
    shown: String,
    hung: bool,
}

impl Client {
    pub(crate) fn run(self, loaded: &Loaded, sent: &[Vec<Script>]) -> Observation {
        let mut run = Running {
            client: self,
            seen: Observation::default(),
            said: Said {
                text: Some(String::new()),
                tool_calls: Some(Vec::new()),
                events: Some(Vec::new()),
                ..Said::default()
            },
            now_ns: 1_000_000,
            requests: 0,
        };
        for (exchange, scripts) in sent.iter().enumerate() {
            let status = loaded.tape.exchanges[exchange].response.as_ref();
            let status = status.map_or(200, |head| head.status);
            if !run.turn(loaded.dialect, exchange, scripts, status) {
                break;
            }
        }
        if self.says {
            run.seen.said = Some(run.said);
        } else if run.seen.ended == Ended::Answered {
            let code = i32::from(run.said.error.is_some());
            run.seen.ended = Ended::Exited { code };
        }
        if matches!(run.seen.ended, Ended::Hung { .. }) {
            run.seen.said = None;
        }
        run.seen.elapsed_ns = run.now_ns;
        run.seen
    }

    fn read(self, dialect: Dialect, script: &Script, status: u16) -> Got {
        let mut reader = Reader::new(dialect);
        for step in script.steps() {
            let lossy;
            let bytes = match self.defect {
                Defect::Utf8PerChunk => {
                    lossy = String::from_utf8_lossy(step.bytes).into_owned();
                    lossy.as_bytes()
                }
                Defect::LfOnly => {
                    lossy = String::from_utf8_lossy(step.bytes).replace('\r', "~");
                    lossy.as_bytes()
                }
                _ => step.bytes,
            };
            // The error stands in what the reader gives in the end.
            let _ = reader.feed(bytes, &mut |_| {});
        }
        let result = reader.finish();
        let turn = result.is_ok();
        let transcript = Transcript::of(&result);
        let silent = script.end == EndKind::Timeout && !turn;
        Got {
            turn,
            failed: !turn || status >= 400,
            shown: transcript.text.clone(),
            transcript,
            hung: silent && self.defect == Defect::Waits,
        }
    }
}

struct Running {
    client: Client,
    seen: Observation,
    said: Said,
    now_ns: u64,
    requests: usize,
}

impl Running {
    /// Whether the client goes on.
    fn turn(&mut self, dialect: Dialect, exchange: usize, scripts: &[Script], status: u16) -> bool {
        let mut turn = TurnSeen {
            exchange,
            ..TurnSeen::default()
        };
        let got = loop {
            let script = scripts
                .get(turn.attempts.len())
                .or_else(|| scripts.last())
                .unwrap();
            let got = self.client.read(dialect, script, status);
            let at_ns = self.now_ns;
            self.now_ns += 1_000_000_000;
            turn.attempts.push(Attempt {
                request: self.requests,
                at_ns,
                sent_ns: Some(at_ns + 1_000_000),
                bytes: script.body().len() as u64,
                whole: true,
                ..Attempt::default()
            });
            self.requests += 1;
            let output = self.client.defect != Defect::RetriesAfterOutput && !got.shown.is_empty();
            let hopeless = (400..500).contains(&status);
            let more = turn.attempts.len() < self.client.attempts;
            let again = got.failed && !output && !hopeless && more;
            self.show(&got.shown, at_ns + 500_000);
            if !again {
                break got;
            }
        };
        if got.hung {
            self.seen.ended = Ended::Hung {
                patience_ns: 5_000_000_000,
            };
            self.seen.turns.push(turn);
            return false;
        }
        self.said.stop.clone_from(&got.transcript.stop);
        let ignores = self.client.defect == Defect::IgnoresErrors;
        if got.failed && !ignores {
            self.said.error = Some(got.transcript.rejected.clone().unwrap_or_default());
        }
        let acts = got.turn || self.client.defect == Defect::ActsBeforeEnd;
        let calls = if acts {
            self.calls(&got.transcript)
        } else {
            Vec::new()
        };
        self.account(&calls);
        let goes_on = !calls.is_empty() && !self.client.one && self.said.error.is_none();
        if goes_on || (acts && !calls.is_empty() && !self.client.one && !got.turn) {
            turn.echo = Some(Echo {
                text: got.transcript.text.clone(),
                calls,
                flaws: Vec::new(),
            });
        }
        self.seen.turns.push(turn);
        goes_on
    }

    fn show(&mut self, text: &str, at_ns: u64) {
        if text.is_empty() {
            return;
        }
        self.said.text.as_mut().unwrap().push_str(text);
        self.said.events.as_mut().unwrap().push(SaidEvent {
            ms: at_ns as f64 / 1e6,
            text: Some(text.to_owned()),
            call: None,
        });
    }

    /// The calls of a reply with their results.
    fn calls(&self, transcript: &Transcript) -> Vec<Call> {
        let mut calls: Vec<(usize, Call)> = Vec::new();
        for call in &transcript.tool_calls {
            let arguments = if self.client.text {
                call.arguments.clone()
            } else {
                call.input.to_string()
            };
            calls.push((call.ordinal, ran(call.id.as_deref(), &call.name, arguments)));
        }
        for call in &transcript.rejected_calls {
            let id = call.id.as_deref();
            let done = match self.client.defect {
                Defect::ActsBeforeEnd => ran(id, &call.name, call.arguments.clone()),
                _ => refused(id, &call.name, call.arguments.clone()),
            };
            calls.push((call.ordinal, done));
        }
        calls.sort_by_key(|(ordinal, _)| *ordinal);
        calls.into_iter().map(|(_, call)| call).collect()
    }

    fn account(&mut self, calls: &[Call]) {
        for call in calls {
            let invalid = call.results.iter().all(|result| result.is_error);
            let value = serde_json::from_str::<Value>(&call.arguments).ok();
            let value = value.filter(|_| !self.client.text);
            for _ in &call.results {
                self.said.tool_calls.as_mut().unwrap().push(SaidCall {
                    name: call.name.clone(),
                    arguments_text: value.is_none().then(|| call.arguments.clone()),
                    arguments: value.clone(),
                    invalid,
                });
            }
        }
    }
}

fn ran(id: Option<&str>, name: &str, arguments: String) -> Call {
    with_result(id, name, arguments, false)
}

fn refused(id: Option<&str>, name: &str, arguments: String) -> Call {
    with_result(id, name, arguments, true)
}

fn with_result(id: Option<&str>, name: &str, arguments: String, is_error: bool) -> Call {
    let content = if is_error { "cannot be read" } else { "done" };
    Call {
        id: id.unwrap_or_default().to_owned(),
        name: name.to_owned(),
        arguments,
        results: vec![CallResult {
            content: content.to_owned(),
            is_error,
        }],
    }
}
