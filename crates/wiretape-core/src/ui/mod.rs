//! A reply as the protocols say it that front ends read: events in, server-sent events out.
//!
//! Text and reasoning are said as they come. A call is said to be ready only when the gate has
//! released it; a rejected one is said to be wrong, and never in words that a front end runs.
//!
//! Neither protocol can take a text back. Where the provider's last word contradicts its deltas
//! ([`Event::Whole`]), the part ends, a `replaced` event names it and its successor, and the whole
//! text comes as a part of its own.
//!
//! Calls that the provider runs, citations, files and usage are said in the words that a protocol has
//! for them, and else in its way of saying what it has no words for.
//!
//! Only the first of `n` answers is said: both protocols have one message a reply.

mod account;
mod ag_ui;
mod message_stream;
mod served;
mod sources;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::event::{Kind, Part};
use crate::turn::{RejectedCall, ToolCall, Why};
use crate::{Dialect, Event, Options, Reader, Rejected, Turn};

use account::Account;
use served::Served;
use sources::{File, Source};

/// What a front end reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Protocol {
    /// The UI message stream, version 1, of Vercel's AI SDK.
    UiMessageStream,
    /// AG-UI, the Agent User Interaction Protocol.
    AgUi,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::UiMessageStream, Self::AgUi];

    /// The name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UiMessageStream => "ui-message-stream",
            Self::AgUi => "ag-ui",
        }
    }

    /// The headers of an answer.
    #[must_use]
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::UiMessageStream => &[
                ("content-type", "text/event-stream"),
                ("cache-control", "no-cache"),
                ("x-vercel-ai-ui-message-stream", "v1"),
            ],
            Self::AgUi => &[
                ("content-type", "text/event-stream"),
                ("cache-control", "no-cache"),
            ],
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownProtocol;

impl fmt::Display for UnknownProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such protocol, expected ui-message-stream or ag-ui")
    }
}

impl core::error::Error for UnknownProtocol {}

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|protocol| protocol.name() == name)
            .ok_or(UnknownProtocol)
    }
}

/// What a message and its run are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The message, where the provider gives it no id.
    pub message: String,
    /// The thread of AG-UI.
    pub thread: String,
    /// The run of AG-UI.
    pub run: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            message: "message-0".into(),
            thread: "thread-0".into(),
            run: "run-0".into(),
        }
    }
}

/// What is to be said, in the words of neither protocol.
#[derive(Clone, Copy, Debug)]
enum Say<'a> {
    Start,
    Open(Shown, &'a str),
    Delta(Shown, &'a str, &'a str),
    Close(Shown, &'a str, Option<&'a str>),
    Replaced {
        old: &'a str,
        new: &'a str,
    },
    /// A call begins: progress, not to be acted on.
    Begun(Label<'a>),
    Grown(&'a str, &'a str),
    /// The gate has released it, or the provider runs it. `input`: one JSON value on one line. `cuts`:
    /// where its deltas ended.
    Ready {
        call: Label<'a>,
        input: &'a str,
        cuts: &'a [usize],
    },
    Refused {
        call: Label<'a>,
        arguments: &'a str,
        why: &'a str,
    },
    /// The provider ran it. `output`: one JSON value on one line, or the words of an error.
    Given {
        call: Label<'a>,
        input: &'a str,
        output: Result<&'a str, &'a str>,
    },
    /// The provider runs it, and the reply ended without what it gave.
    Pending {
        call: Label<'a>,
        input: &'a str,
    },
    /// A source that is cited, under its id.
    Source(&'a str, &'a Source),
    File(&'a File),
    /// What no protocol has words for: a name, and one JSON value on one line.
    Data(&'a str, &'a str),
    Finish(&'static str, &'a Account),
    Fail {
        code: &'a str,
        message: &'a str,
        account: &'a Account,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Text,
    Reasoning,
}

#[derive(Clone, Copy, Debug)]
struct Label<'a> {
    id: &'a str,
    name: &'a str,
    /// Its input is free text.
    free: bool,
    /// The provider runs it.
    served: bool,
}

/// A text or a thought.
#[derive(Clone, Debug)]
struct Prose {
    shown: Shown,
    /// Which of the texts, or of the thoughts.
    number: usize,
    /// How often it was replaced.
    revision: u32,
    open: bool,
    signature: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Call {
    /// Its place among the calls.
    place: usize,
    id: Option<String>,
    name: String,
    free: bool,
    /// The id under which it was announced.
    said: Option<String>,
    arguments: String,
    cuts: Vec<usize>,
}

/// Events of one reply in, server-sent events out.
///
/// What it holds is what the [`Reader`] before it lets through: see [`crate::Limits`].
#[derive(Clone, Debug)]
pub struct Encoder {
    protocol: Protocol,
    names: Names,
    started: bool,
    prose: BTreeMap<u32, Prose>,
    counts: [usize; 2],
    calls: BTreeMap<u32, Call>,
    /// The blocks of the calls, in order of opening.
    order: Vec<u32>,
    ids: BTreeSet<String>,
    /// The calls that the provider runs, by their blocks.
    served: BTreeMap<u32, Served>,
    /// What they gave, by its blocks: JSON in pieces.
    results: BTreeMap<u32, Vec<String>>,
    /// How many sources were said.
    sources: usize,
    /// What the answer is grounded in, said once.
    grounded: BTreeSet<String>,
    account: Account,
}

impl Encoder {
    /// An encoder at the start of a reply.
    #[must_use]
    pub fn new(protocol: Protocol, names: Names) -> Self {
        Self {
            protocol,
            names,
            started: false,
            prose: BTreeMap::new(),
            counts: [0; 2],
            calls: BTreeMap::new(),
            order: Vec::new(),
            ids: BTreeSet::new(),
            served: BTreeMap::new(),
            results: BTreeMap::new(),
            sources: 0,
            grounded: BTreeSet::new(),
            account: Account::default(),
        }
    }

    /// Of which dialect the events are: it says which tokens a provider counts twice.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.account.cache_beside = account::cache_beside(dialect);
        self
    }

    /// Says an event, as a [`Reader`] hands it out.
    pub fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match *event {
            Event::Begin { id, model } => {
                if let Some(model) = model.filter(|model| !model.is_empty()) {
                    self.account.model = Some(model.into());
                }
                if let Some(id) = id.filter(|id| !id.is_empty() && !self.started) {
                    self.names.message = id.into();
                }
                self.start(out);
            }
            Event::Open {
                block,
                kind,
                id,
                name,
                raw,
                ..
            } if block.choice == 0 => {
                self.start(out);
                // A call that has nothing but its label keeps its place among the others.
                if let Some(before) = self.order.last().copied() {
                    self.announce(before, out);
                }
                let block = block.index;
                match kind {
                    Kind::ServerTool => {
                        let call = Served::new(self.served.len(), id, name, raw);
                        self.served.insert(block, call);
                    }
                    Kind::ServerResult => {
                        let whole = Some(raw).filter(|raw| !raw.is_empty());
                        self.results
                            .insert(block, whole.map(String::from).into_iter().collect());
                    }
                    Kind::Unknown => self.file(raw, out),
                    _ => self.open(block, kind, id, name),
                }
            }
            Event::Delta { block, part, text } if block.choice == 0 => {
                self.delta(block.index, part, text, out);
            }
            Event::Whole { block, text, .. } if block.choice == 0 => {
                self.whole(block.index, text, out);
            }
            Event::Close { block } if block.choice == 0 => {
                self.close(block.index, out);
                self.announce(block.index, out);
                self.served_close(block.index, out);
                self.result_close(block.index, out);
            }
            Event::Usage(usage) => self.account.usage.update(usage),
            Event::Other {
                name: "groundingMetadata",
                raw,
            } => self.grounded(raw, out),
            _ => {}
        }
    }

    /// Says how it ended: which calls are ready, which are wrong, and why the run stopped.
    pub fn finish(&mut self, outcome: &Result<Turn, Rejected>, out: &mut Vec<u8>) {
        self.start(out);
        let open: Vec<u32> = self.prose.keys().copied().collect();
        for index in open {
            self.close(index, out);
        }
        self.settle_served(outcome.is_err(), out);
        let (reply, ready, why) = match outcome {
            Ok(turn) => (turn.reply(), turn.tool_calls(), None),
            Err(rejected) => (rejected.reply(), &[][..], Some(&rejected.why)),
        };
        let first = reply.choices.first();
        let refused = first.map_or(&[][..], |choice| choice.rejected_calls());
        self.settle(ready, refused, out);
        let stop = first.and_then(|choice| choice.stop.as_deref());
        match why {
            None | Some(Why::Stop(_)) => {
                let reason = match why {
                    None if !ready.is_empty() => "tool-calls",
                    _ => finish_reason(stop.unwrap_or_default()),
                };
                self.say(Say::Finish(reason, &self.account), out);
            }
            Some(why) => {
                let said = why.to_string();
                let (code, message) = match &reply.error {
                    Some(error) if !error.message.is_empty() => {
                        (error.kind.as_str(), error.message.as_str())
                    }
                    Some(error) if !error.kind.is_empty() => (error.kind.as_str(), said.as_str()),
                    _ => (why.name(), said.as_str()),
                };
                let account = &self.account;
                let fail = Say::Fail {
                    code,
                    message,
                    account,
                };
                self.say(fail, out);
            }
        }
    }

    fn say(&self, say: Say<'_>, out: &mut Vec<u8>) {
        match self.protocol {
            Protocol::UiMessageStream => message_stream::write(&self.names, say, out),
            Protocol::AgUi => ag_ui::write(&self.names, say, out),
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !self.started {
            self.started = true;
            self.say(Say::Start, out);
        }
    }

    fn open(&mut self, index: u32, kind: Kind, id: Option<&str>, name: Option<&str>) {
        let shown = match kind {
            Kind::Text | Kind::Refusal => Shown::Text,
            Kind::Reasoning => Shown::Reasoning,
            Kind::Tool | Kind::CustomTool => {
                let call = Call {
                    place: self.order.len(),
                    id: id.map(String::from),
                    name: name.unwrap_or_default().into(),
                    free: kind == Kind::CustomTool,
                    ..Call::default()
                };
                self.calls.insert(index, call);
                self.order.push(index);
                return;
            }
            _ => return,
        };
        let [texts, thoughts] = &mut self.counts;
        let count = if shown == Shown::Text {
            texts
        } else {
            thoughts
        };
        let prose = Prose {
            shown,
            number: *count,
            revision: 0,
            open: false,
            signature: None,
        };
        *count += 1;
        self.prose.insert(index, prose);
    }

    fn delta(&mut self, index: u32, part: Part, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        if self.prose.contains_key(&index) {
            match part {
                Part::Text => self.grow(index, text, out),
                Part::Signature => {
                    self.begin(index, out);
                    if let Some(prose) = self.prose.get_mut(&index) {
                        prose.signature = Some(text.into());
                    }
                }
                Part::Citation => self.cited(&sources::of_citation(text), out),
                _ => {}
            }
            return;
        }
        if let Some(pieces) = self.results.get_mut(&index) {
            pieces.push(text.into());
            return;
        }
        if self.served.contains_key(&index) {
            return self.served_delta(index, part, text, out);
        }
        let Some(call) = self.calls.get_mut(&index) else {
            return;
        };
        match part {
            Part::Id => call.id = Some(text.into()),
            Part::Name => call.name.push_str(text),
            Part::Arguments | Part::Text => {
                call.arguments.push_str(text);
                call.cuts.push(call.arguments.len());
                let said = call.said.clone();
                match said {
                    Some(id) => self.say(Say::Grown(&id, text), out),
                    None => self.announce(index, out),
                }
            }
            _ => {}
        }
    }

    fn whole(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        if let Some(call) = self.calls.get_mut(&index) {
            call.arguments.clear();
            call.arguments.push_str(text);
            call.cuts = [text.len()].into();
            // A beginning under the same id takes back the deltas so far.
            if let Some(id) = call.said.take() {
                self.ids.remove(&id);
            }
            return self.announce(index, out);
        }
        if self.served.contains_key(&index) {
            return self.served_whole(index, text, out);
        }
        let old = self.prose.get(&index).map(|prose| prose.id());
        self.close(index, out);
        let Some((old, prose)) = old.zip(self.prose.get_mut(&index)) else {
            return;
        };
        prose.revision += 1;
        let new = prose.id();
        self.say(
            Say::Replaced {
                old: &old,
                new: &new,
            },
            out,
        );
        self.grow(index, text, out);
    }

    fn cited(&mut self, sources: &[Source], out: &mut Vec<u8>) {
        for source in sources {
            let id = format!("source-{}", self.sources);
            self.sources += 1;
            self.say(Say::Source(&id, source), out);
        }
    }

    /// Gemini says what the answer is grounded in again with every chunk.
    fn grounded(&mut self, grounding: &str, out: &mut Vec<u8>) {
        let mut new = sources::of_grounding(grounding);
        new.retain(|source| self.grounded.insert(source.raw.clone()));
        if !new.is_empty() {
            self.start(out);
        }
        self.cited(&new, out);
    }

    fn file(&self, part: &str, out: &mut Vec<u8>) {
        if let Some(file) = sources::of_part(part) {
            self.say(Say::File(&file), out);
        }
    }

    /// Opens a text or a thought that has something to say.
    fn begin(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some(prose) = self.prose.get_mut(&index).filter(|prose| !prose.open) else {
            return;
        };
        prose.open = true;
        let (shown, id) = (prose.shown, prose.id());
        self.say(Say::Open(shown, &id), out);
    }

    fn grow(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        self.begin(index, out);
        if let Some(prose) = self.prose.get(&index) {
            self.say(Say::Delta(prose.shown, &prose.id(), text), out);
        }
    }

    fn close(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some(prose) = self.prose.get_mut(&index).filter(|prose| prose.open) else {
            return;
        };
        prose.open = false;
        let (shown, id, signature) = (prose.shown, prose.id(), prose.signature.take());
        self.say(Say::Close(shown, &id, signature.as_deref()), out);
    }

    /// Says that a call has begun, if its id and name are known: both may come late.
    fn announce(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some(call) = self.calls.get_mut(&index) else {
            return;
        };
        let known = call.said.is_none() && call.id.is_some() && !call.name.is_empty();
        if !known {
            return;
        }
        let id = unique(&mut self.ids, call.id.as_deref(), call.place);
        call.said = Some(id.clone());
        let call = call.clone();
        self.say(Say::Begun(call.label(&id)), out);
        if !call.arguments.is_empty() {
            self.say(Say::Grown(&id, &call.arguments), out);
        }
    }

    /// Says of each call what the gate says of it, in order.
    fn settle(&mut self, ready: &[ToolCall], refused: &[RejectedCall], out: &mut Vec<u8>) {
        let order = core::mem::take(&mut self.order);
        for index in &order {
            self.announce(*index, out);
        }
        let mut ready = ready.iter().peekable();
        let mut refused = refused.iter().peekable();
        for (place, index) in order.into_iter().enumerate() {
            let mut call = self.calls.remove(&index).unwrap_or_default();
            let id = match call.said.take() {
                Some(id) => id,
                None => {
                    let id = unique(&mut self.ids, call.id.as_deref(), place);
                    if call.name.is_empty() {
                        call.name = "unknown".into();
                    }
                    self.say(Say::Begun(call.label(&id)), out);
                    id
                }
            };
            let label = call.label(&id);
            if let Some(ready) = ready.next_if(|call| call.ordinal == place) {
                let as_sent = ready.arguments.trim_start().starts_with('{') && !call.free;
                let (input, cuts) = if as_sent {
                    (on_one_line(&ready.arguments), call.cuts.as_slice())
                } else {
                    (ready.input.to_string(), &[][..])
                };
                let call = label;
                let input = &input;
                self.say(Say::Ready { call, input, cuts }, out);
            } else {
                let fault = refused.next_if(|call| call.ordinal == place);
                let why = fault.map_or_else(
                    || "the reply is no turn".to_string(),
                    |call| call.why.to_string(),
                );
                let refused = Say::Refused {
                    call: label,
                    arguments: fault.map_or(call.arguments.as_str(), |call| &call.arguments),
                    why: &why,
                };
                self.say(refused, out);
            }
        }
    }
}

impl Prose {
    fn id(&self) -> String {
        let kind = match self.shown {
            Shown::Text => "text",
            Shown::Reasoning => "reasoning",
        };
        match self.revision {
            0 => format!("{kind}-{}", self.number),
            revision => format!("{kind}-{}-{revision}", self.number),
        }
    }
}

impl Call {
    fn label<'a>(&'a self, id: &'a str) -> Label<'a> {
        Label {
            id,
            name: &self.name,
            free: self.free,
            served: false,
        }
    }
}

/// An id that no other call of the reply has: front ends take equal ids for one call (F-25).
fn unique(ids: &mut BTreeSet<String>, id: Option<&str>, place: usize) -> String {
    let mut id = id.map_or_else(|| format!("call-{place}"), String::from);
    while !ids.insert(id.clone()) {
        id = format!("{id}#{place}");
    }
    id
}

/// JSON without line ends: between tokens they are blanks, and within strings there are none.
fn on_one_line(json: &str) -> String {
    json.replace(['\n', '\r'], " ")
}

/// A provider's stop reason in the words of the AI SDK.
fn finish_reason(stop: &str) -> &'static str {
    let stop = stop.to_ascii_lowercase();
    match stop.as_str() {
        "end_turn" | "stop" | "stop_sequence" | "complete" | "completed" | "finish"
        | "finished" | "stop_criteria_met" | "tool_use" | "tool_calls" | "tool_call"
        | "function_call" => "stop",
        "length"
        | "max_tokens"
        | "max_output_tokens"
        | "model_context_window_exceeded"
        | "incomplete"
        | "model_length" => "length",
        "content_filter"
        | "content_filtered"
        | "refusal"
        | "safety"
        | "recitation"
        | "blocklist"
        | "prohibited_content"
        | "spii"
        | "guardrail_intervened"
        | "error_toxic"
        | "image_safety" => "content-filter",
        "error" => "error",
        _ => "other",
    }
}

/// A member of an event.
#[derive(Clone, Copy, Debug)]
enum Json<'a> {
    Text(&'a str),
    Raw(&'a str),
}

/// Writes one server-sent event.
fn write_event(out: &mut Vec<u8>, kind: &str, members: &[(&str, Json<'_>)]) {
    out.extend_from_slice(b"data: {\"type\":");
    out.extend_from_slice(quoted(kind).as_bytes());
    for (name, value) in members {
        out.push(b',');
        out.extend_from_slice(member(name, value).as_bytes());
    }
    out.extend_from_slice(b"}\n\n");
}

/// An object of JSON on one line.
fn object(members: &[(&str, Json<'_>)]) -> String {
    let members = members.iter().map(|(name, value)| member(name, value));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn member(name: &str, value: &Json<'_>) -> String {
    match value {
        Json::Text(text) => format!("{}:{}", quoted(name), quoted(text)),
        Json::Raw(json) => format!("{}:{json}", quoted(name)),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A recorded body in the words of a protocol.
#[must_use]
pub fn stream(dialect: Dialect, options: Options, body: &[u8], protocol: Protocol) -> Vec<u8> {
    let mut reader = Reader::with_options(dialect, options);
    let mut encoder = Encoder::new(protocol, Names::default()).dialect(dialect);
    let mut out = Vec::new();
    // The error stands in the outcome.
    let _ = reader.feed(body, &mut |event| encoder.event(&event, &mut out));
    let outcome = reader.finish_with(&mut |event| encoder.event(&event, &mut out));
    encoder.finish(&outcome, &mut out);
    out
}
