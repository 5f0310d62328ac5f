//! What a provider would refuse in a history, with the words it refuses it in.
//!
//! The words are those of real answers with status 400, with this history's places and ids in them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Conversation, Message, PartKind, Role};
use crate::Dialect;

/// Something a provider would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flaw {
    /// Which message, counted from 0.
    pub message: usize,
    /// What is wrong with it.
    pub kind: FlawKind,
    /// The message of the provider's answer with status 400.
    pub refusal: String,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FlawKind {
    /// There are no messages.
    NoMessages,
    /// The dialect has no such role in a message.
    Role,
    /// The first message is not the user's.
    FirstNotUser,
    /// A message, or a text in it, says nothing.
    Empty,
    /// A result without its call in the turn before.
    OrphanResult,
    /// A call without its result in the turn after.
    UnansweredCall,
    /// A call that is answered twice.
    DuplicateResult,
    /// Two calls with one id.
    DuplicateCall,
    /// Something stands before the results in the user's turn.
    ResultsNotFirst,
    /// A thought without the signature it came with.
    Unsigned,
    /// Thinking is on, and the model's last turn does not begin with a thought.
    ThoughtMissing,
    /// Nothing is asked: the last message is the model's. No flaw of a history that rests, but
    /// newer models refuse to be sent it.
    LastNotUser,
}

impl FlawKind {
    /// A stable name, in `snake_case`, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoMessages => "no_messages",
            Self::Role => "role",
            Self::FirstNotUser => "first_not_user",
            Self::Empty => "empty",
            Self::OrphanResult => "orphan_result",
            Self::UnansweredCall => "unanswered_call",
            Self::DuplicateResult => "duplicate_result",
            Self::DuplicateCall => "duplicate_call",
            Self::ResultsNotFirst => "results_not_first",
            Self::Unsigned => "unsigned",
            Self::ThoughtMissing => "thought_missing",
            Self::LastNotUser => "last_not_user",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}: {}", self.message, self.refusal)
    }
}

impl Conversation {
    /// What a provider would refuse in this history, in order of the messages. Linear.
    ///
    /// That the history ends with the model's answer is no flaw here: it rests until the user speaks.
    #[must_use]
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut found = Found(Vec::new());
        match self.dialect() {
            Dialect::Anthropic => anthropic(self, &mut found),
            _ => openai_chat(self, &mut found),
        }
        found.0.sort_by_key(|flaw| flaw.message);
        found.0
    }

    /// What a provider would refuse if this were sent now: [`flaws`](Self::flaws), and also a
    /// history without messages, or one that ends with the model's answer.
    #[must_use]
    pub fn refusals(&self) -> Vec<Flaw> {
        let mut found = Found(self.flaws());
        let anthropic = self.dialect() == Dialect::Anthropic;
        let Some(last) = self.messages().last() else {
            let refusal = match anthropic {
                true => "messages: at least one message is required",
                false => {
                    "Invalid 'messages': empty array. Expected an array with minimum length 1, but \
                     got an empty array instead."
                }
            };
            found.add(0, FlawKind::NoMessages, refusal);
            return found.0;
        };
        if anthropic && last.role() == Role::Assistant && last.calls().next().is_none() {
            let refusal = "This model does not support assistant message prefill. The conversation \
                           must end with a user message.";
            found.add(self.messages().len() - 1, FlawKind::LastNotUser, refusal);
        }
        found.0
    }
}

struct Found(Vec<Flaw>);

impl Found {
    fn add(&mut self, message: usize, kind: FlawKind, refusal: impl Into<String>) {
        let refusal = refusal.into();
        self.0.push(Flaw {
            message,
            kind,
            refusal,
        });
    }
}

fn anthropic(conversation: &Conversation, found: &mut Found) {
    let messages = conversation.messages();
    if messages
        .first()
        .is_some_and(|first| first.role() == Role::Assistant)
    {
        let refusal = r#"messages: first message must use the "user" role"#;
        found.add(0, FlawKind::FirstNotUser, refusal);
    }
    let mut ids = BTreeSet::new();
    for (at, message) in messages.iter().enumerate() {
        alone(conversation, at, message, found);
        for call in message.calls() {
            if !ids.insert(call.id.as_str()) {
                let refusal = "messages: `tool_use` ids must be unique";
                found.add(at, FlawKind::DuplicateCall, refusal);
            }
        }
    }
    thoughts(conversation, found);
    // Messages of one role that follow each other are one turn: the provider joins them.
    let mut called: Vec<&str> = Vec::new();
    let mut caller = 0;
    let mut at = 0;
    while at < messages.len() {
        let role = messages.get(at).map_or(Role::Other, Message::role);
        let same = |message: &&Message| message.role() == role;
        let end = at + messages.iter().skip(at).take_while(same).count().max(1);
        let turn = messages.get(at..end).unwrap_or_default();
        answered(turn, at, &called, found, caller);
        let last_call = turn
            .iter()
            .rposition(|message| message.calls().next().is_some());
        caller = at + last_call.unwrap_or(0);
        called = turn
            .iter()
            .flat_map(Message::calls)
            .map(|call| call.id.as_str())
            .collect();
        at = end;
    }
    answered(&[], at, &called, found, caller);
}

/// What is wrong with a message of Messages by itself.
fn alone(conversation: &Conversation, at: usize, message: &Message, found: &mut Found) {
    if !matches!(message.role(), Role::User | Role::Assistant) {
        let refusal = match message.role() {
            Role::System => {
                "messages: Unexpected role \"system\". The Messages API accepts a top-level \
                 `system` parameter, not \"system\" as an input message role."
                    .into()
            }
            _ => format!("messages.{at}.role: Input should be 'user' or 'assistant'"),
        };
        found.add(at, FlawKind::Role, refusal);
    }
    let last = at + 1 == conversation.messages().len();
    let says_nothing = match message.parts() {
        [] => true,
        [only] => {
            only.kind == PartKind::Text
                && message.content().starts_with('"')
                && is_blank(message, 0)
        }
        _ => false,
    };
    if says_nothing {
        if !(last && message.role() == Role::Assistant) {
            let refusal = format!(
                "messages.{at}: all messages must have non-empty content except for the optional \
                 final assistant message"
            );
            found.add(at, FlawKind::Empty, refusal);
        }
        return;
    }
    for (number, part) in message.parts().iter().enumerate() {
        if part.kind == PartKind::Text && is_blank(message, number) {
            let refusal = "messages: text content blocks must be non-empty";
            found.add(at, FlawKind::Empty, refusal);
        }
        if part.kind == PartKind::Thinking && !part.signed {
            let refusal =
                format!("messages.{at}.content.{number}.thinking.signature: Field required");
            found.add(at, FlawKind::Unsigned, refusal);
        }
    }
}

/// A text part without a character in it.
fn is_blank(message: &Message, part: usize) -> bool {
    let part = message.parts().get(part);
    part.is_none_or(|part| part.strings.iter().all(|place| place.len() <= 2))
}

/// Whether a turn answers the calls of the turn before, and nothing else.
fn answered(turn: &[Message], at: usize, called: &[&str], found: &mut Found, caller: usize) {
    let calls: BTreeSet<&str> = called.iter().copied().collect();
    let mut answered = BTreeSet::new();
    let mut other = false;
    for (message, number) in turn.iter().zip(at..) {
        let mut late = false;
        for (part, block) in message.parts().iter().zip(0..) {
            if part.kind != PartKind::Result {
                other = true;
                continue;
            }
            let id = part.id.as_str();
            if !calls.contains(id) {
                let refusal = format!(
                    "messages.{number}.content.{block}: unexpected `tool_use_id` found in \
                     `tool_result` blocks: {id}. Each `tool_result` block must have a \
                     corresponding `tool_use` block in the previous message."
                );
                found.add(number, FlawKind::OrphanResult, refusal);
            } else if !answered.insert(id) {
                let refusal = format!(
                    "messages.{number}.content.{block}: each tool_use must have a single result. \
                     Found multiple `tool_result` blocks with id: {id}"
                );
                found.add(number, FlawKind::DuplicateResult, refusal);
            } else if other {
                late = true;
            }
        }
        if late {
            let refusal = unanswered(caller, called);
            found.add(number, FlawKind::ResultsNotFirst, refusal);
        }
    }
    let missing: Vec<&str> = called
        .iter()
        .copied()
        .filter(|id| !answered.contains(id))
        .collect();
    if !missing.is_empty() {
        found.add(
            caller,
            FlawKind::UnansweredCall,
            unanswered(caller, &missing),
        );
    }
}

fn unanswered(caller: usize, ids: &[&str]) -> String {
    format!(
        "messages.{caller}: `tool_use` ids were found without `tool_result` blocks immediately \
         after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next \
         message.",
        ids.join(", ")
    )
}

/// With thinking on, the model's part of the current turn begins with a thought.
fn thoughts(conversation: &Conversation, found: &mut Found) {
    let thinking = conversation
        .head("thinking")
        .and_then(|on| on.field("type"));
    let on = thinking.and_then(crate::json::Raw::as_str);
    if !on.is_some_and(|on| on.is("enabled")) {
        return;
    }
    let messages = conversation.messages();
    let start = messages.iter().rposition(Message::is_prompt).unwrap_or(0);
    let mut after = (start..).zip(messages.iter().skip(start));
    let first = after.find(|(_, message)| message.role() == Role::Assistant);
    let Some((at, message)) = first else { return };
    let Some(part) = message
        .parts()
        .first()
        .filter(|part| part.kind != PartKind::Thinking)
    else {
        return;
    };
    let kind = match part.kind {
        PartKind::Call => "tool_use",
        PartKind::Text => "text",
        _ => part.name.as_str(),
    };
    let refusal = format!(
        "messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found \
         `{kind}`. When `thinking` is enabled, a final `assistant` message must start with a \
         thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."
    );
    found.add(at, FlawKind::ThoughtMissing, refusal);
}

/// The calls that wait for results in Chat Completions.
#[derive(Default)]
struct Open<'a> {
    caller: usize,
    /// In their order.
    ids: Vec<&'a str>,
    known: BTreeSet<&'a str>,
    /// With the message that answers.
    answered: BTreeMap<&'a str, usize>,
}

impl<'a> Open<'a> {
    fn new(caller: usize, message: &'a Message, found: &mut Found) -> Self {
        let mut open = Self {
            caller,
            ..Self::default()
        };
        for call in message.calls() {
            if open.known.insert(&call.id) {
                open.ids.push(&call.id);
            } else {
                let refusal = format!(
                    "Invalid parameter: Duplicate value for 'tool_call_id' of '{}', in \
                     messages[{caller}].",
                    call.id
                );
                found.add(caller, FlawKind::DuplicateCall, refusal);
            }
        }
        open
    }

    fn answer(&mut self, at: usize, id: &'a str, found: &mut Found) {
        if self.known.is_empty() {
            let refusal = "Invalid parameter: messages with role 'tool' must be a response to a \
                           preceeding message with 'tool_calls'.";
            found.add(at, FlawKind::OrphanResult, refusal);
        } else if !self.known.contains(id) {
            let refusal = format!(
                "Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' of previous \
                 message."
            );
            found.add(at, FlawKind::OrphanResult, refusal);
        } else if let Some(first) = self.answered.get(id) {
            let refusal = format!(
                "Invalid parameter: Duplicate value for 'tool_call_id' of '{id}', in \
                 messages[{first}] and messages[{at}]."
            );
            found.add(at, FlawKind::DuplicateResult, refusal);
        } else {
            self.answered.insert(id, at);
        }
    }

    fn close(&self, found: &mut Found) {
        let missing = |id: &&str| !self.answered.contains_key(id);
        let missing: Vec<&str> = self.ids.iter().copied().filter(missing).collect();
        if !missing.is_empty() {
            let refusal = format!(
                "An assistant message with 'tool_calls' must be followed by tool messages \
                 responding to each 'tool_call_id'. The following tool_call_ids did not have \
                 response messages: {}",
                missing.join(", ")
            );
            found.add(self.caller, FlawKind::UnansweredCall, refusal);
        }
    }
}

fn openai_chat(conversation: &Conversation, found: &mut Found) {
    let mut open = Open::default();
    for (at, message) in conversation.messages().iter().enumerate() {
        if message.role() != Role::Tool {
            open.close(found);
            open = Open::new(at, message, found);
        }
        in_chat(at, message, found);
        for result in message.results() {
            open.answer(at, &result.id, found);
        }
    }
    open.close(found);
}

/// What is wrong with a message of Chat Completions by itself.
fn in_chat(at: usize, message: &Message, found: &mut Found) {
    if message.role() == Role::Other {
        let refusal = format!(
            "Invalid value for 'messages[{at}].role'. Supported values are: 'system', 'assistant', \
             'user', 'function', 'tool', and 'developer'."
        );
        found.add(at, FlawKind::Role, refusal);
    }
    if message.parts().is_empty() {
        let refusal = match message.content().starts_with('[') {
            true => format!(
                "Invalid 'messages[{at}].content': empty array. Expected an array with minimum \
                 length 1, but got an empty array instead."
            ),
            false => "Invalid value for 'content': expected a string, got null.".into(),
        };
        found.add(at, FlawKind::Empty, refusal);
    }
}
