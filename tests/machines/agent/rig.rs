//! An agent on a bench: a clock that is moved by hand, a server that says what it is told.

use serde_json::Value;
use wiretape_core::agent::{Action, Agent, Closed, Input, Options, Outcome, Request};
use wiretape_core::budget::{self, Heuristic};
use wiretape_core::conversation::Conversation;
use wiretape_core::turn::ToolCall;
use wiretape_core::{Dialect, Machine, Moment};

use super::world::history;
pub(super) use super::world::reply::{Body, Reply, ping};

pub(super) const SECOND: u64 = 1_000_000_000;

/// An agent with its clock and all that it has done.
pub(super) struct Rig {
    pub(super) agent: Agent<Heuristic>,
    pub(super) now: u64,
    /// What it did since the last look.
    pub(super) done: Vec<Action>,
    /// Its last request.
    pub(super) attempt: u64,
    /// The calls it gave out.
    given: Vec<ToolCall>,
}

impl Rig {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self::with(dialect, Options::default(), budget::Options::new(100_000))
    }

    pub(super) fn with(dialect: Dialect, options: Options, budget: budget::Options) -> Self {
        let mut conversation = Conversation::new(dialect);
        conversation.set("model", r#""m""#).unwrap();
        conversation.set_max_tokens(256).unwrap();
        Self {
            agent: Agent::new(conversation, budget, Heuristic::default(), options),
            now: 0,
            done: Vec::new(),
            attempt: 0,
            given: Vec::new(),
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
            if let Action::Call(call) = &action {
                self.given.push(call.clone());
            }
            self.done.push(action);
        }
        check(&self.agent.snapshot());
        check(self.agent.conversation());
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
        self.stream_rest(body);
    }

    /// The rest of a stream whose head has come.
    pub(super) fn stream_rest(&mut self, body: impl AsRef<[u8]>) {
        let attempt = self.attempt;
        self.chunk(body);
        // The next request may be on its way.
        let how = Closed::Complete;
        self.give(Input::Closed { attempt, how });
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

    /// The key of the latest call that was given out under this id.
    #[track_caller]
    pub(super) fn key(&self, id: &str) -> String {
        let mut given = self.given.iter().rev();
        let call = given.find(|call| call.id.as_deref() == Some(id));
        call.unwrap().execution_key().to_owned()
    }

    /// The result of the latest call that was given out under this id.
    #[track_caller]
    pub(super) fn answer(&mut self, id: &str, content: &str) {
        let key = self.key(id);
        self.result(&key, content);
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
        let body = self.request().body;
        let dialect = self.agent.conversation().dialect();
        let sent = Conversation::parse(dialect, &body).unwrap();
        values(&sent)
    }

    /// The same as an independent reader has it.
    #[track_caller]
    pub(super) fn said(&mut self) -> Vec<history::Said> {
        let body = self.request().body;
        history::read(self.agent.conversation().dialect(), &body)
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
        values(self.agent.conversation())
    }

    /// The history as an independent reader has it.
    pub(super) fn history(&self) -> Vec<history::Said> {
        let conversation = self.agent.conversation();
        history::read(conversation.dialect(), &conversation.body())
    }
}

fn values(conversation: &Conversation) -> Vec<Value> {
    let messages = conversation.messages().iter();
    messages
        .map(|message| serde_json::from_str(message.text()).unwrap())
        .collect()
}

/// Panics where a provider would refuse the history. It may end with the assistant's message: then
/// nothing is asked yet.
#[track_caller]
pub(super) fn check(conversation: &Conversation) {
    if let Err(flaw) = history::flaw(conversation.dialect(), &conversation.body()) {
        panic!("{flaw}\n{}", conversation.body());
    }
}

/// Any text can be sent as arguments.
pub(super) fn says_any_arguments(dialect: Dialect) -> bool {
    dialect != Dialect::Gemini
}

/// The stream says itself that it has ended.
pub(super) fn has_last_event(dialect: Dialect) -> bool {
    dialect != Dialect::Gemini
}

/// A reply has an id that its calls' keys begin with.
pub(super) fn has_id(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::BedrockConverse | Dialect::Ollama)
}

impl Body {
    /// As text, which it is in all dialects but Bedrock's.
    pub(super) fn text(self) -> String {
        String::from_utf8(self.0).unwrap()
    }
}

impl history::Call {
    /// The arguments as a value.
    pub(super) fn input(&self) -> Value {
        match &self.arguments {
            Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            value => value.clone(),
        }
    }
}
