//! Two messages of one role as one.

use alloc::string::String;
use alloc::vec::Vec;

use super::form::{self, Form};
use super::{Message, Role};
use crate::Dialect;
use crate::json::Raw;

/// Joins two messages of one role that follow each other. Other members are those of the second.
/// `None` where the dialect's do not join, or the first calls tools beside its content, which its
/// results must follow.
pub(crate) fn joined(dialect: Dialect, first: &Message, second: &Message) -> Option<Message> {
    let form = form::of(dialect);
    if !form.can_join(first) {
        return None;
    }
    let (before, after) = (first.content(), second.content());
    let content = match (string(before), string(after)) {
        _ if nothing(before) => after.into(),
        _ if nothing(after) => before.into(),
        (Some(before), Some(after)) => ["\"", before, "\\n\\n", after, "\""].concat(),
        _ => {
            let mut blocks = blocks(form, before, first.role());
            blocks.extend(self::blocks(form, after, second.role()));
            ["[", &blocks.join(","), "]"].concat()
        }
    };
    Message::parse(dialect, &second.with_content(form, &content)).ok()
}

fn nothing(content: &str) -> bool {
    matches!(content, "" | "null" | "\"\"" | "[]")
}

/// The inside of a JSON string.
fn string(content: &str) -> Option<&str> {
    content.strip_prefix('"')?.strip_suffix('"')
}

/// The content as content blocks.
fn blocks(form: &dyn Form, content: &str, role: Role) -> Vec<String> {
    if string(content).is_some() {
        return Vec::from([form.text_block(content, role)]);
    }
    let raw = Raw::parse(content).ok();
    let elements = raw.into_iter().flat_map(Raw::elements);
    elements.map(|block| block.text().into()).collect()
}
