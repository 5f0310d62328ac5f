//! What is wrong, with its places and ids, before anybody has put it into words.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::FlawKind;
use crate::conversation::Role;

/// Something that a provider would refuse. Places count from 0.
#[derive(Clone, Debug)]
pub(crate) enum Wrong<'a> {
    NoMessages,
    Role {
        at: usize,
        role: Role,
    },
    FirstNotUser {
        /// The model's first message calls tools.
        calls: bool,
    },
    /// A message that says nothing; its content is an empty list.
    Empty {
        at: usize,
        list: bool,
    },
    EmptyText {
        at: usize,
        block: usize,
    },
    Orphan {
        at: usize,
        block: usize,
        id: &'a str,
        name: &'a str,
        /// Some calls wait for results there.
        called: bool,
        /// All that are answered there are more than the calls.
        extra: bool,
    },
    Unanswered {
        caller: usize,
        /// Where the results belong.
        next: usize,
        ids: Vec<&'a str>,
    },
    /// Something stands before the results in their message.
    Late {
        at: usize,
        caller: usize,
        ids: Vec<&'a str>,
    },
    SecondResult {
        at: usize,
        block: usize,
        id: &'a str,
        first: usize,
    },
    SecondCall {
        at: usize,
        id: &'a str,
    },
    Unsigned {
        at: usize,
        block: usize,
        /// Of the item that it is.
        id: &'a str,
    },
    ThoughtMissing {
        at: usize,
        /// The type of the block that stands there.
        found: &'a str,
    },
    ThoughtAlone {
        at: usize,
        id: &'a str,
    },
    SecondItem {
        at: usize,
        id: &'a str,
    },
    Clash {
        at: usize,
    },
    LastNotUser {
        at: usize,
    },
}

impl Wrong<'_> {
    pub(super) fn kind(&self) -> FlawKind {
        match self {
            Self::NoMessages => FlawKind::NoMessages,
            Self::Role { .. } => FlawKind::Role,
            Self::FirstNotUser { .. } => FlawKind::FirstNotUser,
            Self::Empty { .. } | Self::EmptyText { .. } => FlawKind::Empty,
            Self::Orphan { .. } => FlawKind::OrphanResult,
            Self::Unanswered { .. } => FlawKind::UnansweredCall,
            Self::Late { .. } => FlawKind::ResultsNotFirst,
            Self::SecondResult { .. } => FlawKind::DuplicateResult,
            Self::SecondCall { .. } => FlawKind::DuplicateCall,
            Self::Unsigned { .. } => FlawKind::Unsigned,
            Self::ThoughtMissing { .. } => FlawKind::ThoughtMissing,
            Self::ThoughtAlone { .. } => FlawKind::ThoughtAlone,
            Self::SecondItem { .. } => FlawKind::DuplicateItem,
            Self::Clash { .. } => FlawKind::Clash,
            Self::LastNotUser { .. } => FlawKind::LastNotUser,
        }
    }

    /// Which message it is a flaw of.
    pub(super) fn at(&self) -> usize {
        match self {
            Self::NoMessages | Self::FirstNotUser { .. } => 0,
            Self::Unanswered { caller, .. } => *caller,
            Self::Role { at, .. }
            | Self::Empty { at, .. }
            | Self::EmptyText { at, .. }
            | Self::Orphan { at, .. }
            | Self::Late { at, .. }
            | Self::SecondResult { at, .. }
            | Self::SecondCall { at, .. }
            | Self::Unsigned { at, .. }
            | Self::ThoughtMissing { at, .. }
            | Self::ThoughtAlone { at, .. }
            | Self::SecondItem { at, .. }
            | Self::Clash { at }
            | Self::LastNotUser { at } => *at,
        }
    }

    /// In our words.
    pub(super) fn ours(&self) -> String {
        let text = match self {
            Self::NoMessages => "expected at least one message",
            Self::Role { .. } => "expected a role of this protocol",
            Self::FirstNotUser { .. } => "expected the first message to be the user's",
            Self::Empty { .. } => "expected a message that says something",
            Self::EmptyText { block, .. } => {
                return format!("expected block {block} to say something, found an empty text");
            }
            Self::Orphan { id, name, .. } => {
                let of = if id.is_empty() { name } else { id };
                return format!("expected a call that this result answers, found none for {of}");
            }
            Self::Unanswered { ids, .. } => {
                let ids = ids.join(", ");
                return format!("expected a result of each call, found none for {ids}");
            }
            Self::Late { .. } => "expected the results before all else",
            Self::SecondResult { id, first, .. } => {
                return format!("expected one result of {id}, which message {first} has");
            }
            Self::SecondCall { id, .. } => {
                return format!("expected an id of its own for each call, found {id} again");
            }
            Self::Unsigned { block, .. } => {
                return format!("expected the signature of the thought in block {block}");
            }
            Self::ThoughtMissing { found, .. } => {
                return format!("expected the turn to begin with a thought, found {found}");
            }
            Self::ThoughtAlone { .. } => "expected the item that followed this thought",
            Self::SecondItem { id, .. } => {
                return format!("expected each item once, found {id} again");
            }
            Self::Clash { .. } => "expected another role than that of the message before",
            Self::LastNotUser { .. } => "expected the last message to ask something",
        };
        text.to_string()
    }
}
