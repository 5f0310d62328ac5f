//! The messages that are sent: those that stay as they are, and those with a result cut.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::counted::Counted;
use crate::Dialect;
use crate::conversation::{Message, Role, form, joined};

/// What is visible of what was counted.
pub(super) fn of(dialect: Dialect, counted: &[Counted]) -> Vec<Message> {
    let visible = counted.iter().filter(|counted| !counted.dropped);
    let shown = visible.map(|counted| {
        let cut = counted.results.iter().filter(|result| result.cut);
        let short = cut.filter_map(|result| result.short.as_ref());
        let mut edits: Vec<&(Range<usize>, String)> =
            short.flat_map(|short| &short.edits).collect();
        edits.sort_by_key(|(place, _)| place.start);
        if edits.is_empty() {
            return counted.message.clone();
        }
        let text = edited(counted.message.text(), &edits);
        let short = counted.message.with_text(dialect, &text);
        short.unwrap_or_else(|| counted.message.clone())
    });
    shown.collect()
}

/// The same with messages of one role joined where they follow each other: all of them, or those
/// that the provider would refuse.
pub(super) fn alternating(dialect: Dialect, messages: Vec<Message>, all: bool) -> Vec<Message> {
    let form = form::of(dialect);
    let mut out: Vec<Message> = Vec::with_capacity(messages.len());
    for message in messages {
        let speaks = matches!(message.role(), Role::User | Role::Assistant);
        let joins = |before: &&Message| {
            let same = speaks && before.role() == message.role();
            same && (all || form.clashes(before, &message))
        };
        let before = out.last().filter(joins);
        match before.and_then(|before| joined(dialect, before, &message)) {
            Some(both) => {
                out.pop();
                out.push(both);
            }
            None => out.push(message),
        }
    }
    out
}

/// The text with these places replaced, which are in order.
fn edited(text: &str, edits: &[&(Range<usize>, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (place, with) in edits {
        out.push_str(text.get(from..place.start).unwrap_or_default());
        out.push_str(with);
        from = place.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}
