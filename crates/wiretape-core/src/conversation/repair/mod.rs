//! A history that a provider would refuse, made one that it takes: nothing is lost but what it
//! could not have read.

mod items;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::form::{Form, Layout};
use super::{Conversation, FlawKind, Message, Part, PartKind, Role, ToolResult, joined};
use crate::Dialect;

/// What stands for a result that never came.
pub const MISSING_RESULT: &str = "No result: the call did not end.";

/// What stands for a first message of the user that is missing.
pub const MISSING_START: &str = "(The start of this conversation is missing.)";

const ADDED: &str = "a result was added that says there is none";

/// Something that was repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repair {
    /// Which message, counted from 0 in the history that was given.
    pub message: usize,
    /// What was wrong with it.
    pub kind: FlawKind,
    /// What was done.
    pub what: &'static str,
}

impl Conversation {
    /// Makes the stored history one that a provider takes, and says what was done.
    ///
    /// Results without a call go, as do second results of one call; a call without a result gets
    /// one that says so; results move before what stood in their way; what is empty goes; a history
    /// that does not begin with the user gets a message that says so; a thought goes whose item is
    /// gone, or that the provider has not stored, and the second of two items with one id. Messages without a flaw keep their bytes. Not
    /// repaired: two calls with one id, a thought without its signature, an unknown role; and what
    /// the budget does in what it sends, messages of one role that follow each other.
    pub fn repair(&mut self) -> Vec<Repair> {
        let (repaired, repairs) = self.repaired();
        if !repairs.is_empty() {
            *self = repaired;
        }
        repairs
    }

    /// The same as a view: this history stays as it is.
    #[must_use]
    pub fn repaired(&self) -> (Self, Vec<Repair>) {
        if self.flaws().is_empty() {
            return (self.clone(), Vec::new());
        }
        let mut mend = Mend {
            dialect: self.dialect(),
            form: self.form(),
            out: Vec::with_capacity(self.messages().len()),
            repairs: Vec::new(),
        };
        let all = mend.without_empty(self.messages());
        if mend.form.layout() == Layout::Items {
            let all = mend.known(self, all);
            mend.items(&all);
        } else {
            mend.pairs(&all);
            mend.start();
        }
        mend.repairs.sort_by_key(|repair| repair.message);
        (self.with_messages(mend.out), mend.repairs)
    }
}

/// A message and its place in the history that was given.
type Placed = (usize, Message);

struct Mend {
    dialect: Dialect,
    form: &'static dyn Form,
    out: Vec<Message>,
    repairs: Vec<Repair>,
}

impl Mend {
    fn note(&mut self, message: usize, kind: FlawKind, what: &'static str) {
        self.repairs.push(Repair {
            message,
            kind,
            what,
        });
    }

    /// Without messages and texts that say nothing.
    fn without_empty(&mut self, messages: &[Message]) -> Vec<Placed> {
        let mut all = Vec::with_capacity(messages.len());
        for (at, message) in messages.iter().enumerate() {
            let refused = self.form.refuses_blank();
            let says = |part: &Part| {
                let blank = part.strings.iter().all(|place| place.len() <= 2);
                !(refused && part.kind == PartKind::Text && blank)
            };
            if message.parts().iter().all(says) && !message.parts().is_empty() {
                all.push((at, message.clone()));
            } else if message.parts().iter().any(says) {
                let kept = message.parts().iter().filter(|part| says(part));
                let kept: Vec<&str> = kept.map(|part| message.part_text(part)).collect();
                self.note(at, FlawKind::Empty, "an empty text was left out");
                all.push((at, self.written(message, &kept)));
            } else {
                // Also the last one of the model, which may be empty: results may follow it now.
                self.note(at, FlawKind::Empty, "an empty message was left out");
            }
        }
        all
    }

    /// The message with these blocks as its content.
    fn written(&self, message: &Message, blocks: &[&str]) -> Message {
        let mut content = String::from("[");
        content.push_str(&blocks.join(","));
        content.push(']');
        let text = message.with_content(self.form, &content);
        Message::parse(self.dialect, &text).unwrap_or_else(|_| message.clone())
    }

    /// Calls and their results, one turn of the model after the other.
    fn pairs(&mut self, all: &[Placed]) {
        let mut at = 0;
        while at < all.len() {
            let model = |placed: &&Placed| placed.1.role() == Role::Assistant;
            let run = all.iter().skip(at).take_while(model).count();
            // What the model said is one turn, or each message has its own results.
            let callers = match self.form.layout() {
                Layout::Turns => run,
                _ => run.min(1),
            };
            let answers = all.iter().skip(at + callers);
            let answers = answers.take_while(|placed| !model(placed)).count();
            let (calls, rest) = all.split_at(at + callers);
            self.turn(
                calls.get(at..).unwrap_or_default(),
                rest.get(..answers).unwrap_or_default(),
            );
            at += (callers + answers).max(1);
        }
    }

    /// What the model said, and what follows it up to its next word.
    fn turn(&mut self, callers: &[Placed], answers: &[Placed]) {
        self.callers(callers);
        let calls = callers.iter().flat_map(|(at, message)| {
            let ids = message.calls();
            ids.map(|call| (*at, call.id.as_str()))
        });
        let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
        let mut order = Vec::new();
        for (at, id) in calls {
            ids.entry(id).or_insert_with(|| {
                order.push(id);
                at
            });
        }
        let before = self.repairs.len();
        let kept = self.kept(answers, &ids);
        let answered: BTreeSet<&str> = kept.iter().map(|(_, part)| part.id.as_str()).collect();
        let missing: Vec<&str> = order
            .into_iter()
            .filter(|id| !answered.contains(id))
            .collect();
        for id in &missing {
            let at = ids.get(id).copied().unwrap_or_default();
            self.note(at, FlawKind::UnansweredCall, ADDED);
        }
        if self.repairs.len() == before {
            self.out
                .extend(answers.iter().map(|(_, message)| message.clone()));
            return;
        }
        let calls = callers.iter().flat_map(|(_, message)| {
            let calls = message.calls();
            calls.map(move |call| (call.id.as_str(), (message, call)))
        });
        let calls: BTreeMap<&str, (&Message, &Part)> = calls.collect();
        let missing = missing.iter().filter_map(|id| calls.get(id));
        let missing: Vec<String> = missing
            .map(|(message, call)| self.missing(message, call))
            .collect();
        match self.form.layout() {
            Layout::Turns => self.in_turns(answers, &kept, missing),
            _ => self.in_messages(answers, &kept, &missing),
        }
    }

    /// What the model said; in one message where a provider wants its calls in one.
    fn callers(&mut self, callers: &[Placed]) {
        let calls = |placed: &Placed| placed.1.calls().next().is_some();
        let apart = callers.len() > 1 && callers.iter().any(calls);
        if !apart || self.form.joins_turns() || self.form.layout() != Layout::Turns {
            let messages = callers.iter().map(|(_, message)| message.clone());
            self.out.extend(messages);
            return;
        }
        let mut whole: Option<Message> = None;
        for (at, message) in callers {
            whole = match &whole {
                Some(before) => match joined(self.dialect, before, message) {
                    Some(both) => {
                        let what = "messages of the model were joined";
                        self.note(*at, FlawKind::Clash, what);
                        Some(both)
                    }
                    None => whole,
                },
                None => Some(message.clone()),
            };
        }
        self.out.extend(whole);
    }

    /// The result of a call that has none.
    fn missing(&self, message: &Message, call: &Part) -> String {
        let result = ToolResult {
            call: call.id.clone(),
            name: call.name.clone(),
            content: MISSING_RESULT.into(),
            is_error: true,
        };
        self.form.result(&result, Some(message.part_text(call)))
    }

    /// The results that belong to the calls, each call's first one; what is wrong with others, or
    /// with their place, is noted.
    fn kept<'a>(
        &mut self,
        answers: &'a [Placed],
        ids: &BTreeMap<&str, usize>,
    ) -> Vec<(&'a Message, &'a Part)> {
        let mut kept = Vec::new();
        let mut answered = BTreeSet::new();
        let mut other = false;
        let mut seen = false;
        for (at, message) in answers {
            let results = message.results().next().is_some();
            // They belong in one message, unless the provider joins what follows.
            let apart = self.form.layout() == Layout::Turns && !self.form.joins_turns();
            let mut late = apart && seen && results;
            seen = true;
            for part in message.parts() {
                if part.kind != PartKind::Result {
                    other = true;
                } else if !ids.contains_key(part.id.as_str()) {
                    self.note(
                        *at,
                        FlawKind::OrphanResult,
                        "a result without its call was left out",
                    );
                } else if !answered.insert(part.id.as_str()) {
                    self.note(
                        *at,
                        FlawKind::DuplicateResult,
                        "a second result was left out",
                    );
                } else {
                    late |= other;
                    kept.push((message, part));
                }
            }
            if late {
                let what = "results were moved to stand right after their calls";
                self.note(*at, FlawKind::ResultsNotFirst, what);
            }
        }
        kept
    }

    fn in_turns(&mut self, answers: &[Placed], kept: &[(&Message, &Part)], missing: Vec<String>) {
        let results = kept
            .iter()
            .map(|(message, part)| message.part_text(part).into());
        let mut blocks: Vec<String> = results.collect();
        blocks.extend(missing);
        if answers.is_empty() && !blocks.is_empty() {
            self.push(&self.form.turn(&blocks));
            return;
        }
        for (_, message) in answers {
            let results = message.results().next().is_some();
            if blocks.is_empty() && !results {
                self.out.push(message.clone());
                continue;
            }
            let others = message
                .parts()
                .iter()
                .filter(|part| part.kind != PartKind::Result);
            blocks.extend(others.map(|part| self.block(message, part)));
            if !blocks.is_empty() {
                let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
                let written = self.written(message, &blocks);
                self.out.push(written);
            }
            blocks.clear();
        }
    }

    /// A part as a content block; a text by itself becomes one.
    fn block(&self, message: &Message, part: &Part) -> String {
        let text = message.part_text(part);
        match text.starts_with('"') {
            true => self.form.text_block(text, message.role()),
            false => text.into(),
        }
    }

    fn in_messages(&mut self, answers: &[Placed], kept: &[(&Message, &Part)], missing: &[String]) {
        self.out
            .extend(kept.iter().map(|(message, _)| (*message).clone()));
        for text in missing {
            self.push(text);
        }
        let others = answers
            .iter()
            .filter(|(_, message)| message.role() != Role::Tool);
        self.out.extend(others.map(|(_, message)| message.clone()));
    }

    fn start(&mut self) {
        let first = self.out.first().map(Message::role);
        if self.form.layout() == Layout::Turns && first == Some(Role::Assistant) {
            let rest = core::mem::take(&mut self.out);
            self.push(&self.form.user(MISSING_START));
            self.out.extend(rest);
            self.note(
                0,
                FlawKind::FirstNotUser,
                "a first message was added that says so",
            );
        }
    }

    fn push(&mut self, text: &str) {
        self.out.extend(Message::parse(self.dialect, text).ok());
    }
}
