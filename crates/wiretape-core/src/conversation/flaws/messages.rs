//! Histories in which each result is a message, behind the message with the calls.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::{Found, Wrong};
use crate::conversation::{Conversation, Message, Part, Role};

/// The calls that wait for results.
#[derive(Default)]
struct Open<'a> {
    caller: usize,
    /// In their order.
    ids: Vec<&'a str>,
    known: BTreeSet<&'a str>,
    /// With the message that answers.
    answered: BTreeMap<&'a str, usize>,
}

pub(super) fn check(conversation: &Conversation, found: &mut Found) {
    let mut open = Open::default();
    for (at, message) in conversation.messages().iter().enumerate() {
        if message.role() != Role::Tool {
            open.close(at, found);
            open = Open::new(at, message, found);
        }
        alone(at, message, found);
        for result in message.results() {
            open.answer(at, result, found);
        }
    }
    open.close(conversation.messages().len(), found);
}

impl<'a> Open<'a> {
    fn new(caller: usize, message: &'a Message, found: &mut Found) -> Self {
        let mut open = Self {
            caller,
            ..Self::default()
        };
        for call in message.calls() {
            let (at, id) = (caller, call.id.as_str());
            if open.known.insert(id) {
                open.ids.push(id);
            } else {
                found.add(&Wrong::SecondCall { at, id });
            }
        }
        open
    }

    fn answer(&mut self, at: usize, result: &'a Part, found: &mut Found) {
        let (id, name) = (result.id.as_str(), result.name.as_str());
        let block = 0;
        if !self.known.contains(id) {
            let called = !self.known.is_empty();
            found.add(&Wrong::Orphan {
                at,
                block,
                id,
                name,
                called,
                extra: false,
            });
        } else if let Some(first) = self.answered.get(id).copied() {
            found.add(&Wrong::SecondResult {
                at,
                block,
                id,
                first,
            });
        } else {
            self.answered.insert(id, at);
        }
    }

    fn close(&self, next: usize, found: &mut Found) {
        let missing = |id: &&str| !self.answered.contains_key(id);
        let ids: Vec<&str> = self.ids.iter().copied().filter(missing).collect();
        if !ids.is_empty() {
            found.add(&Wrong::Unanswered {
                caller: self.caller,
                next,
                ids,
            });
        }
    }
}

/// What is wrong with a message by itself.
fn alone(at: usize, message: &Message, found: &mut Found) {
    let role = message.role();
    if role == Role::Other {
        found.add(&Wrong::Role { at, role });
    }
    if message.parts().is_empty() {
        let list = message.content().starts_with('[');
        found.add(&Wrong::Empty { at, list });
    }
}
