//! An agent on a bench: a clock that is moved by hand, a server that says what it is told.

use serde_json::{Value, json};
use wiretape_core::agent::{Action, Agent, Closed, Input, Options, Outcome, Request};
use wiretape_core::budget::{self, Heuristic};
use wiretape_core::conversation::Conversation;
use wiretape_core::turn::ToolCall;
use wiretape_core::{Dialect, Machine, Moment};

pub(super) const SECOND: u64 = 1_000_000_000;

/// An agent with its clock and all that it has done.
pub(super) struct Rig {
    pub(super) agent: Agent<Heuristic>,
    pub(super) now: u64,
    /// What it did since the last look.
    pub(super) done: Vec<Action>,
    /// Its last request.
    pub(super) attempt: u64,
}

impl Rig {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self::with(dialect, Options::default(), budget::Options::new(100_000))
    }

    pub(super) fn with(dialect: Dialect, options: Options, budget: budget::Options) -> Self {
        let mut conversation = Conversation::new(dialect);
        conversation.set("model", r#""m""#).unwrap();
        conversation.set("max_tokens", "256").unwrap();
        Self {
            agent: Agent::new(conversation, budget, Heuristic::default(), options),
            now: 0,
            done: Vec::new(),
            attempt: 0,
        }
    }

    pub(super) fn give(&mut self, input: Input<'_>) {
        self.agent.handle(Moment(self.now), input).unwrap();
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(action) = self.agent.poll() {
            if let Action::Request(request) = &action {
                self.attempt = request.attempt;
            }
            self.done.push(action);
        }
        super::history::check(&self.agent.snapshot());
        super::history::check(self.agent.conversation());
    }

    /// Lets time pass, deadline by deadline.
    pub(super) fn wait(&mut self, ns: u64) {
        let until = self.now + ns;
        while let Some(due) = self.agent.deadline().filter(|due| due.0 <= until) {
            self.now = self.now.max(due.0);
            self.agent.advance(Moment(self.now)).unwrap();
            self.drain();
        }
        self.now = until;
        self.agent.advance(Moment(until)).unwrap();
        self.drain();
    }

    pub(super) fn prompt(&mut self, text: &str) {
        self.give(Input::Prompt(text));
    }

    pub(super) fn head(&mut self, status: u16, headers: &[(&str, &str)]) {
        let attempt = self.attempt;
        self.give(Input::Head {
            attempt,
            status,
            headers,
        });
    }

    pub(super) fn chunk(&mut self, bytes: impl AsRef<[u8]>) {
        let attempt = self.attempt;
        let bytes = bytes.as_ref();
        self.give(Input::Chunk { attempt, bytes });
    }

    pub(super) fn closed(&mut self, how: Closed) {
        let attempt = self.attempt;
        self.give(Input::Closed { attempt, how });
    }

    /// A whole stream, then the end of the body.
    pub(super) fn stream(&mut self, body: impl AsRef<[u8]>) {
        self.head(200, &[("content-type", "text/event-stream")]);
        self.chunk(body);
        self.closed(Closed::Complete);
    }

    /// A whole response that is no stream.
    pub(super) fn error(&mut self, status: u16, headers: &[(&str, &str)], body: &str) {
        self.head(status, headers);
        self.chunk(body);
        self.closed(Closed::Complete);
    }

    pub(super) fn result(&mut self, key: &str, content: &str) {
        let is_error = false;
        self.give(Input::Result {
            key,
            content,
            is_error,
        });
    }

    /// All that it did since the last look.
    pub(super) fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.done)
    }

    /// The calls it gave out since the last look; looks.
    pub(super) fn calls(&mut self) -> Vec<ToolCall> {
        let calls = self.take().into_iter().filter_map(|action| match action {
            Action::Call(call) => Some(call),
            _ => None,
        });
        calls.collect()
    }

    /// The one request it sent since the last look; looks.
    #[track_caller]
    pub(super) fn request(&mut self) -> Request {
        let done = self.take();
        let requests = done.iter().filter_map(|action| match action {
            Action::Request(request) => Some(request.clone()),
            _ => None,
        });
        let requests: Vec<Request> = requests.collect();
        let [request] = requests.as_slice() else {
            panic!("expected one request: {done:#?}");
        };
        request.clone()
    }

    /// The messages of the one request since the last look; looks.
    #[track_caller]
    pub(super) fn sent(&mut self) -> Vec<Value> {
        let body: Value = serde_json::from_str(&self.request().body).unwrap();
        body["messages"].as_array().unwrap().clone()
    }

    /// How it ended, if it did since the last look; looks.
    #[track_caller]
    pub(super) fn outcome(&mut self) -> Outcome {
        let done = self.take();
        let mut outcomes = done.iter().filter_map(|action| match action {
            Action::Finished(outcome) => Some(outcome.clone()),
            _ => None,
        });
        let outcome = outcomes.next();
        assert_eq!(outcomes.next(), None);
        outcome.unwrap_or_else(|| panic!("expected an end: {done:#?}"))
    }

    pub(super) fn messages(&self) -> Vec<Value> {
        let messages = self.agent.conversation().messages().iter();
        messages
            .map(|message| serde_json::from_str(message.text()).unwrap())
            .collect()
    }
}

/// A reply as the dialect streams it.
pub(super) struct Reply {
    dialect: Dialect,
    id: String,
    events: Vec<Value>,
    blocks: u64,
    calls: u64,
}

impl Reply {
    pub(super) fn new(dialect: Dialect, id: &str) -> Self {
        let message = json!({"id": id, "model": "m", "usage": {"input_tokens": 10}});
        let start = json!({"type": "message_start", "message": message});
        Self {
            dialect,
            id: id.into(),
            events: match dialect {
                Dialect::Anthropic => vec![start],
                _ => Vec::new(),
            },
            blocks: 0,
            calls: 0,
        }
    }

    fn delta(&mut self, delta: Value, finish: Value) {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        self.events
            .push(json!({"id": self.id, "choices": [choice]}));
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        let delta = json!({"type": "text_delta", "text": text});
        match self.dialect {
            Dialect::Anthropic => self.block(json!({"type": "text", "text": ""}), &[delta]),
            _ => self.delta(json!({"content": text}), Value::Null),
        }
        self
    }

    pub(super) fn call(mut self, id: &str, name: &str, arguments: &str) -> Self {
        match self.dialect {
            Dialect::Anthropic => {
                let start = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                let delta = json!({"type": "input_json_delta", "partial_json": arguments});
                self.block(start, &[delta]);
            }
            _ => {
                let function = json!({"name": name, "arguments": arguments});
                let call = json!({"index": self.calls, "id": id, "function": function});
                self.delta(json!({"tool_calls": [call]}), Value::Null);
            }
        }
        self.calls += 1;
        self
    }

    pub(super) fn block(&mut self, start: Value, deltas: &[Value]) {
        let index = self.blocks;
        self.blocks += 1;
        let start = json!({"type": "content_block_start", "index": index, "content_block": start});
        self.events.push(start);
        for delta in deltas {
            let delta = json!({"type": "content_block_delta", "index": index, "delta": delta});
            self.events.push(delta);
        }
        self.events
            .push(json!({"type": "content_block_stop", "index": index}));
    }

    /// What has come so far, without an end.
    pub(super) fn cut(self) -> String {
        self.events
            .iter()
            .map(|event| said(self.dialect, event))
            .collect()
    }

    /// With the usual reason for stopping.
    pub(super) fn end(self) -> String {
        let reason = match (self.dialect, self.calls) {
            (Dialect::Anthropic, 0) => "end_turn",
            (Dialect::Anthropic, _) => "tool_use",
            (_, 0) => "stop",
            _ => "tool_calls",
        };
        self.stop(reason)
    }

    pub(super) fn stop(mut self, reason: &str) -> String {
        let mut tail = String::new();
        match self.dialect {
            Dialect::Anthropic => {
                let delta = json!({"stop_reason": reason});
                let usage = json!({"output_tokens": 5});
                let delta = json!({"type": "message_delta", "delta": delta, "usage": usage});
                self.events.push(delta);
                self.events.push(json!({"type": "message_stop"}));
            }
            _ => {
                self.delta(json!({}), json!(reason));
                let usage = json!({"prompt_tokens": 10, "completion_tokens": 5});
                self.events
                    .push(json!({"id": self.id, "choices": [], "usage": usage}));
                tail += "data: [DONE]\n\n";
            }
        }
        self.cut() + &tail
    }
}

fn said(dialect: Dialect, event: &Value) -> String {
    match dialect {
        Dialect::Anthropic => {
            let name = event["type"].as_str().unwrap();
            format!("event: {name}\ndata: {event}\n\n")
        }
        _ => format!("data: {event}\n\n"),
    }
}
