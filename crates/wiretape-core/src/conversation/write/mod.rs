//! What the agent adds to a history: the model's reply, and the results of its calls, in the form in
//! which the provider takes them back.
//!
//! A reply is written once, when it is over, and never again: what a later request sends of it is
//! byte for byte the same, which is what prompt caches ask for.
//!
//! What goes back as it came: thoughts with their signatures, sealed thoughts, calls that the
//! provider ran and their results, citations, members that this version does not read (F-52, F-56),
//! a call's arguments. What does not: text blocks of white space alone (`text content blocks must
//! contain non-whitespace text`), thoughts without a signature (`signature: Field required`), calls
//! of the provider that were cut before their result, and a second call with the id of a first.

pub(super) mod anthropic;
pub(super) mod bedrock;
pub(super) mod cohere;
pub(super) mod gemini;
pub(super) mod ollama;
pub(super) mod openai_chat;
pub(super) mod openai_responses;

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::form::Layout;
use super::{Conversation, Message, quote};
use crate::event::Kind;
use crate::json::Raw;
use crate::turn::{Choice, Content, Reply};

/// The result of a call, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolResult {
    /// The call's id, as the history has it: [`WrittenCall::id`].
    pub call: String,
    /// The tool's name.
    pub name: String,
    /// What the tool said.
    pub content: String,
    /// The call failed, or was not run.
    pub is_error: bool,
}

/// A call as it stands in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenCall {
    /// Its place among all calls of the answer, from 0.
    pub ordinal: usize,
    /// The id under which its result belongs. It is the provider's, unless there is none or the
    /// history has it already (F-25): each call of a history has its own.
    pub id: String,
    /// The tool's name.
    pub name: String,
}

/// Reasons for stopping after which the provider wants its own words back as they are, and goes on:
/// its own tools need more time, or it has just summed up the history (F-27).
pub(crate) fn is_pause(reason: &str) -> bool {
    matches!(reason, "pause_turn" | "compaction")
}

/// How much of a reply is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// The provider paused its own tools (`pause_turn`): also calls of its own that have no result.
    Paused,
    /// Its text: the reply was cut, and thoughts and calls may be pieces.
    Text,
}

/// So many messages before the results may have their calls.
const REPLY_ITEMS_MAX: usize = 64;

impl Conversation {
    /// Adds the assistant's message of a reply: its first answer, also one that must not be acted
    /// on. Gives the calls that now want a result, in order; a call that is sent twice, with its id,
    /// name and arguments, is one.
    ///
    /// A reply without content adds nothing: providers refuse an empty message.
    pub fn push_reply(&mut self, reply: &Reply) -> Vec<WrittenCall> {
        let paused = |choice: &Choice| choice.stop.as_deref().is_some_and(is_pause);
        let extent = if reply.choices.first().is_some_and(paused) {
            Extent::Paused
        } else {
            Extent::Whole
        };
        self.push_extent(reply, extent)
    }

    /// Adds of a reply that was cut what was shown of it.
    pub fn push_partial(&mut self, reply: &Reply) {
        self.push_extent(reply, Extent::Text);
    }

    fn push_extent(&mut self, reply: &Reply, extent: Extent) -> Vec<WrittenCall> {
        let Some(choice) = reply.choices.first() else {
            return Vec::new();
        };
        let calls = if extent == Extent::Text {
            Vec::new()
        } else {
            self.name_calls(choice)
        };
        let form = self.form();
        let items = self.messages.iter().filter_map(Message::item);
        let items: BTreeSet<String> = items.map(String::from).collect();
        for message in form.reply(choice, extent, &calls) {
            let read = Message::parse(self.dialect, &message);
            debug_assert!(read.is_ok(), "a written message reads: {message}");
            match read.ok().filter(|message| form.knows(self, message)) {
                // A reply that came before: a provider takes each item once.
                Some(again) if again.item().is_some_and(|id| items.contains(id)) => {
                    let copy = openai_responses::without_id(&message);
                    let copy = Some(copy).filter(|_| !again.is_thought());
                    copy.iter().for_each(|copy| self.add(copy));
                }
                Some(message) => self.append(message),
                None => {}
            }
        }
        calls
    }

    /// Adds the results of the calls of the last reply, in the order of its calls, all of them: one
    /// user's message, or a message or an item each, as the dialect has it.
    pub fn push_results(&mut self, results: &[ToolResult]) {
        let form = self.form();
        // What a result looks like may depend on what was called: the latest calls are looked at.
        let reply = self.messages.iter().rev();
        let latest = reply.take(results.len().saturating_add(REPLY_ITEMS_MAX));
        let mut calls: BTreeMap<&str, &str> = BTreeMap::new();
        for message in latest {
            for call in message.calls() {
                let json = message.part_text(call);
                calls.entry(&call.id).or_insert(json);
            }
        }
        let written = results
            .iter()
            .map(|result| form.result(result, calls.get(&*result.call).copied()));
        let written: Vec<String> = written.collect();
        if form.layout() == Layout::Turns {
            if !written.is_empty() {
                self.add(&form.turn(&written));
            }
            return;
        }
        for message in written {
            self.add(&message);
        }
    }

    /// Adds a message that is written here.
    fn add(&mut self, message: &str) {
        let pushed = self.push(message);
        debug_assert!(pushed.is_ok(), "a written message reads: {message}");
    }

    /// An id for each call of an answer that no other call of the history has.
    fn name_calls(&self, choice: &Choice) -> Vec<WrittenCall> {
        let mut written = Vec::new();
        let calls = choice.contents.iter().filter(|content| is_call(content));
        let calls: Vec<&Content> = calls.collect();
        if calls.is_empty() {
            return written;
        }
        let known = self.messages.iter().flat_map(|message| message.calls());
        let mut taken: BTreeSet<Cow<'_, str>> = known.map(|call| Cow::from(&call.id)).collect();
        let mut seen: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        for (ordinal, content) in calls.into_iter().enumerate() {
            let sent_id = content.id.as_deref().unwrap_or_default();
            let name = name_of(content);
            if !sent_id.is_empty() && !seen.insert((sent_id, name, sent(content))) {
                continue;
            }
            let id = free(sent_id, ordinal, &taken);
            taken.insert(Cow::Owned(id.clone()));
            written.push(WrittenCall {
                ordinal,
                id,
                name: name.into(),
            });
        }
        written
    }
}

/// The id itself, or the first of `id_2`, `id_3`, … that is free.
fn free(id: &str, ordinal: usize, taken: &BTreeSet<Cow<'_, str>>) -> String {
    let base = if id.is_empty() {
        format!("call_{ordinal}")
    } else {
        String::from(id)
    };
    let mut free = base.clone();
    let mut number = 2_u64;
    while taken.contains(free.as_str()) {
        free = format!("{base}_{number}");
        number += 1;
    }
    free
}

/// What a reply's message holds, in order: its calls, where they were written, and all else that may be
/// sent back.
fn written(
    choice: &Choice,
    calls: &[WrittenCall],
    call: impl Fn(&Content, &str) -> String,
    other: impl Fn(&Content) -> Option<String>,
) -> Vec<String> {
    let mut calls = calls.iter().peekable();
    let mut ordinal = 0;
    let mut found = Vec::new();
    for content in &choice.contents {
        if is_call(content) {
            let own = calls.next_if(|call| call.ordinal == ordinal);
            ordinal += 1;
            found.extend(own.map(|own| call(content, &own.id)));
        } else {
            found.extend(other(content));
        }
    }
    found
}

fn is_call(content: &Content) -> bool {
    matches!(content.kind, Kind::Tool | Kind::CustomTool)
}

/// A call without a name was not run; its place in the history needs one all the same.
fn name_of(content: &Content) -> &str {
    let name = content.name.as_deref().unwrap_or_default();
    if name.is_empty() { "unnamed" } else { name }
}

/// A call's arguments: what was streamed, or what came with the opening.
fn sent(content: &Content) -> &str {
    if content.text.is_empty() {
        &content.raw
    } else {
        &content.text
    }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// Arguments as the JSON object that a provider takes back: as they were sent where they are one;
/// `{}` for none; the text in the object that the [documentation] proposes where they are no JSON.
///
/// [documentation]: https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
fn object(arguments: &str) -> Cow<'_, str> {
    if is_blank(arguments) {
        return Cow::Borrowed("{}");
    }
    if let Ok(raw) = Raw::parse(arguments) {
        if raw.is_object() {
            return Cow::Borrowed(raw.text());
        }
        if raw.is_null() {
            return Cow::Borrowed("{}");
        }
        // An object in a string is what was run (F-19).
        if let Some(inner) = raw.as_str().map(|text| text.decode()) {
            if Raw::parse(&inner).is_ok_and(Raw::is_object) {
                return Cow::Owned(inner.into_owned());
            }
        }
    }
    let mut wrapped = String::from(r#"{"INVALID_JSON":"#);
    quote(arguments, &mut wrapped);
    wrapped.push('}');
    Cow::Owned(wrapped)
}

/// A JSON object that is written member by member.
pub(super) struct Object {
    text: String,
}

impl Object {
    pub(super) fn new() -> Self {
        Self { text: "{".into() }
    }

    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        quote(name, &mut self.text);
        self.text.push(':');
        self
    }

    /// A member that is a string.
    pub(super) fn string(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        quote(value, &mut self.text);
        self
    }

    /// A member that is JSON already.
    pub(super) fn json(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name).text.push_str(value);
        self
    }

    pub(super) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// A JSON array of these values.
pub(super) fn array(values: &[String]) -> String {
    format!("[{}]", values.join(","))
}
