//! What a provider would refuse in a history, with the words it refuses it in.

use alloc::string::String;
use core::fmt;

/// Something a provider would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flaw {
    /// Which message, counted from 0.
    pub message: usize,
    /// What is wrong with it.
    pub kind: FlawKind,
    /// What the provider answers with status 400.
    pub refusal: String,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FlawKind {
    /// A result without its call in the message before.
    OrphanResult,
    /// A call without its result in the message after.
    UnansweredCall,
    /// A call answered twice.
    DuplicateResult,
    /// Something stands before the results in the user's message.
    ResultsNotFirst,
    /// The first message is not the user's.
    FirstNotUser,
    /// A message that says nothing.
    Empty,
    /// The last message is the model's, and nothing is asked.
    LastNotUser,
}

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

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {}: {}", self.message, self.refusal)
    }
}
