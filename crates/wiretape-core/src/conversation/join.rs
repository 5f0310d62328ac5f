//! Two messages of one role as one.

use alloc::string::String;
use alloc::vec::Vec;

use super::Message;
use crate::Dialect;
use crate::json::Raw;

/// Joins two messages of one role that follow each other. Other members are those of the second.
/// `None` where the first calls tools beside its content, which its results must follow.
pub(crate) fn joined(dialect: Dialect, first: &Message, second: &Message) -> Option<Message> {
    if dialect == Dialect::OpenAiChat && first.calls().next().is_some() {
        return None;
    }
    let (before, after) = (first.content(), second.content());
    let content = match (string(before), string(after)) {
        _ if nothing(before) => after.into(),
        _ if nothing(after) => before.into(),
        (Some(before), Some(after)) => ["\"", before, "\\n\\n", after, "\""].concat(),
        _ => {
            let mut blocks = blocks(before);
            blocks.extend(self::blocks(after));
            ["[", &blocks.join(","), "]"].concat()
        }
    };
    Message::parse(dialect, &second.with_content(&content)).ok()
}

fn nothing(content: &str) -> bool {
    matches!(content, "" | "null" | "\"\"" | "[]")
}

/// The inside of a JSON string.
fn string(content: &str) -> Option<&str> {
    content.strip_prefix('"')?.strip_suffix('"')
}

/// The content as content blocks.
fn blocks(content: &str) -> Vec<String> {
    if string(content).is_some() {
        return Vec::from([[r#"{"type":"text","text":"#, content, "}"].concat()]);
    }
    let raw = Raw::parse(content).ok();
    let elements = raw.into_iter().flat_map(Raw::elements);
    elements.map(|block| block.text().into()).collect()
}
