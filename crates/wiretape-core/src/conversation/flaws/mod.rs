//! What a provider would refuse in a history, with the words it refuses it in.
//!
//! The words are those of real answers with status 400, with this history's places and ids in them,
//! where such an answer is known: then [`Flaw::words`] is [`Words::Provider`]. Others are ours.

mod items;
mod messages;
mod turns;
mod wrong;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::form::{Form, Layout};
use super::{Conversation, Role};
pub(crate) use wrong::Wrong;

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
    /// Whose words it is in.
    pub words: Words,
}

/// Whose words a refusal is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// The provider's, as real answers have them.
    Provider,
    /// Ours: the provider refuses it in words that are not known, or takes it and the model reads
    /// what makes no sense.
    Ours,
}

impl Words {
    /// A stable name, in `snake_case`, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Ours => "ours",
        }
    }
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
    /// A thought without the item that followed it.
    ThoughtAlone,
    /// An item that is there twice, by its id.
    DuplicateItem,
    /// A message that must not follow the one before it, by their roles. Joined in what is sent.
    Clash,
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
            Self::ThoughtAlone => "thought_alone",
            Self::DuplicateItem => "duplicate_item",
            Self::Clash => "clash",
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
        let form = self.form();
        let mut found = Found::new(form);
        match form.layout() {
            Layout::Turns => turns::check(self, form, &mut found),
            Layout::Messages => messages::check(self, &mut found),
            Layout::Items => items::check(self, &mut found),
        }
        found.flaws.sort_by_key(|flaw| flaw.message);
        found.flaws
    }

    /// What a provider would refuse if this were sent now: [`flaws`](Self::flaws), and also a
    /// history without messages, one that ends with the model's answer where that is refused, and
    /// messages that the provider does not take behind each other.
    #[must_use]
    pub fn refusals(&self) -> Vec<Flaw> {
        let form = self.form();
        let mut found = Found::new(form);
        found.flaws = self.flaws();
        let messages = self.messages();
        let Some(last) = messages.last() else {
            found.add(&Wrong::NoMessages);
            return found.flaws;
        };
        for (at, (first, second)) in (1..).zip(messages.iter().zip(messages.iter().skip(1))) {
            if form.clashes(first, second) {
                found.add(&Wrong::Clash { at });
            }
        }
        found.flaws.sort_by_key(|flaw| flaw.message);
        let rests = last.role() == Role::Assistant && last.calls().next().is_none();
        if rests && form.ends_with_user() {
            let at = messages.len() - 1;
            found.add(&Wrong::LastNotUser { at });
        }
        found.flaws
    }
}

struct Found {
    form: &'static dyn Form,
    flaws: Vec<Flaw>,
}

impl Found {
    fn new(form: &'static dyn Form) -> Self {
        let flaws = Vec::new();
        Self { form, flaws }
    }

    fn add(&mut self, wrong: &Wrong<'_>) {
        let (refusal, words) = match self.form.words(wrong) {
            Some(refusal) => (refusal, Words::Provider),
            None => (wrong.ours(), Words::Ours),
        };
        self.flaws.push(Flaw {
            message: wrong.at(),
            kind: wrong.kind(),
            refusal,
            words,
        });
    }
}
