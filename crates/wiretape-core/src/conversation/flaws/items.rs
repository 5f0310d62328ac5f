//! Histories in which each call and each result is an item.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::{Found, Wrong};
use crate::conversation::{Conversation, Message, PartKind, Role};

pub(super) fn check(conversation: &Conversation, found: &mut Found) {
    let messages = conversation.messages();
    // Each call, and where it is answered.
    let mut calls: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    let mut items = BTreeSet::new();
    for (at, message) in messages.iter().enumerate() {
        alone(messages, at, message, found);
        if !conversation.form().knows(conversation, message) {
            let (block, id) = (0, message.item().unwrap_or_default());
            found.add(&Wrong::Unsigned { at, block, id });
        }
        if let Some(id) = message.item().filter(|id| !items.insert(*id)) {
            found.add(&Wrong::SecondItem { at, id });
        }
        for part in message.parts() {
            let (id, name) = (part.id.as_str(), part.name.as_str());
            let block = 0;
            match (part.kind, calls.get(id).copied()) {
                (PartKind::Call, None) => drop(calls.insert(id, None)),
                (PartKind::Call, Some(_)) => found.add(&Wrong::SecondCall { at, id }),
                (PartKind::Result, None) => found.add(&Wrong::Orphan {
                    at,
                    block,
                    id,
                    name,
                    called: false,
                    extra: false,
                }),
                (PartKind::Result, Some(None)) => drop(calls.insert(id, Some(at))),
                (PartKind::Result, Some(Some(first))) => found.add(&Wrong::SecondResult {
                    at,
                    block,
                    id,
                    first,
                }),
                _ => {}
            }
        }
    }
    for (caller, message) in messages.iter().enumerate() {
        let missing = message.calls().map(|call| call.id.as_str());
        let missing = missing.filter(|id| calls.get(id).copied().flatten().is_none());
        let ids: Vec<&str> = missing.collect();
        if !ids.is_empty() {
            found.add(&Wrong::Unanswered {
                caller,
                next: caller + 1,
                ids,
            });
        }
    }
}

/// What is wrong with an item by itself, and with a thought by what follows it.
fn alone(messages: &[Message], at: usize, message: &Message, found: &mut Found) {
    let role = message.role();
    if role == Role::Other {
        found.add(&Wrong::Role { at, role });
    }
    if message.parts().is_empty() {
        let list = message.content().starts_with('[');
        found.add(&Wrong::Empty { at, list });
    }
    let follows = |next: &Message| next.role() == Role::Assistant;
    if message.is_thought() && !messages.get(at + 1).is_some_and(follows) {
        let id = message.item().unwrap_or_default();
        found.add(&Wrong::ThoughtAlone { at, id });
    }
}
