//! Histories in which the user's next message has the results.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::{Found, Wrong};
use crate::conversation::form::Form;
use crate::conversation::{Conversation, Message, PartKind, Role};
use crate::json::Raw;

pub(super) fn check(conversation: &Conversation, form: &dyn Form, found: &mut Found) {
    let messages = conversation.messages();
    if let Some(first) = messages.first().filter(|m| m.role() == Role::Assistant) {
        let calls = first.calls().next().is_some();
        found.add(&Wrong::FirstNotUser { calls });
    }
    let mut ids = BTreeSet::new();
    for (at, message) in messages.iter().enumerate() {
        alone(messages, at, message, form, found);
        for call in message.calls().filter(|_| form.unique_ids()) {
            let id = call.id.as_str();
            if !ids.insert(id) {
                found.add(&Wrong::SecondCall { at, id });
            }
        }
    }
    if form.signs_thoughts() {
        thoughts(conversation, found);
    }
    let mut called = Calls::default();
    let mut at = 0;
    while at < messages.len() {
        let role = messages.get(at).map_or(Role::Other, Message::role);
        let same = |message: &&Message| form.joins_turns() && message.role() == role;
        let end = at + messages.iter().skip(at).take_while(same).count().max(1);
        let turn = messages.get(at..end).unwrap_or_default();
        answered(turn, at, &called, form, found);
        let calls = |message: &Message| message.calls().next().is_some();
        let last_call = turn.iter().rposition(calls);
        called = Calls {
            caller: at + last_call.unwrap_or(0),
            ids: turn
                .iter()
                .flat_map(Message::calls)
                .map(|call| call.id.as_str())
                .collect(),
        };
        at = end;
    }
    answered(&[], at, &called, form, found);
}

/// The calls of a turn, and the last message of it with any.
#[derive(Default)]
struct Calls<'a> {
    caller: usize,
    ids: Vec<&'a str>,
}

/// What is wrong with a message by itself.
fn alone(messages: &[Message], at: usize, message: &Message, form: &dyn Form, found: &mut Found) {
    let role = message.role();
    if !matches!(role, Role::User | Role::Assistant) {
        found.add(&Wrong::Role { at, role });
    }
    let last = at + 1 == messages.len();
    let says_nothing = match message.parts() {
        [] => true,
        [only] => {
            form.refuses_blank()
                && only.kind == PartKind::Text
                && message.content().starts_with('"')
                && is_blank(message, 0)
        }
        _ => false,
    };
    if says_nothing {
        if !(last && role == Role::Assistant) {
            let list = message.content().starts_with('[');
            found.add(&Wrong::Empty { at, list });
        }
        return;
    }
    for (block, part) in message.parts().iter().enumerate() {
        if form.refuses_blank() && part.kind == PartKind::Text && is_blank(message, block) {
            found.add(&Wrong::EmptyText { at, block });
        }
        if form.signs_thoughts() && part.kind == PartKind::Thinking && !part.signed {
            let id = "";
            found.add(&Wrong::Unsigned { at, block, id });
        }
    }
}

/// A text part without a character in it.
fn is_blank(message: &Message, part: usize) -> bool {
    let part = message.parts().get(part);
    part.is_none_or(|part| part.strings.iter().all(|place| place.len() <= 2))
}

/// Whether a turn answers the calls of the turn before, and nothing else.
fn answered(turn: &[Message], at: usize, called: &Calls<'_>, form: &dyn Form, found: &mut Found) {
    let calls: BTreeSet<&str> = called.ids.iter().copied().collect();
    let caller = called.caller;
    let count: usize = turn.iter().map(|message| message.results().count()).sum();
    let extra = count > called.ids.len();
    let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
    let mut other = false;
    for (message, at) in turn.iter().zip(at..) {
        let mut late = false;
        for (part, block) in message.parts().iter().zip(0..) {
            if part.kind != PartKind::Result {
                other = true;
                continue;
            }
            let (id, name) = (part.id.as_str(), part.name.as_str());
            if !calls.contains(id) {
                let called = !calls.is_empty();
                found.add(&Wrong::Orphan {
                    at,
                    block,
                    id,
                    name,
                    called,
                    extra,
                });
            } else if let Some(first) = answered.insert(id, at) {
                found.add(&Wrong::SecondResult {
                    at,
                    block,
                    id,
                    first,
                });
            } else if other && form.results_first() {
                late = true;
            }
        }
        if late {
            let ids = called.ids.clone();
            found.add(&Wrong::Late { at, caller, ids });
        }
    }
    let missing = called.ids.iter().copied();
    let missing = missing.filter(|id| !answered.contains_key(id));
    let ids: Vec<&str> = missing.collect();
    if !ids.is_empty() {
        found.add(&Wrong::Unanswered {
            caller,
            next: at,
            ids,
        });
    }
}

/// With thinking on, the model's part of the current turn begins with a thought.
fn thoughts(conversation: &Conversation, found: &mut Found) {
    let thinking = conversation
        .head("thinking")
        .and_then(|on| on.field("type"));
    let on = thinking.and_then(Raw::as_str);
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
    let block = match part.kind {
        PartKind::Call => "tool_use",
        PartKind::Text => "text",
        _ => part.name.as_str(),
    };
    found.add(&Wrong::ThoughtMissing { at, found: block });
}
