//! Files of payloads.

use alloc::format;
use alloc::string::String;

use serde_json::Value;

use super::draft::{Answered, Builder, Draft};
use super::error::short;
use super::{Error, Format, Imported};
use crate::Unknown;

/// What nobody recorded where the bytes are made from payloads.
pub(super) const MADE: [Unknown; 6] = [
    Unknown::Status,
    Unknown::Headers,
    Unknown::Bytes,
    Unknown::Boundaries,
    Unknown::Times,
    Unknown::End,
];

/// Reads a file with the data of one server-sent event on each line, as the fixtures of
/// <https://github.com/vercel/ai/blob/main/contributing/testing.md> have it (`*.chunks.txt`).
///
/// An event is made of each line, with the line as its data, byte for byte; and with the payload's `type` as
/// its name, as Anthropic, the Responses API and Cohere name theirs. What ends a stream beside its
/// payloads, as `[DONE]` does, is not in such files, and not added; a line `[DONE]` is one event.
pub(super) fn read(text: &str) -> Result<Imported, Error> {
    let mut builder = Builder::new(Format::Chunks, &MADE);
    builder.is_inexact();
    builder.note("an event was made of each line");
    let mut body = String::with_capacity(text.len() + text.len() / 4);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if line != "[DONE]" {
            let expected = "a JSON object or array, the data of one event";
            match serde_json::from_str(line) {
                Ok(Value::Object(fields)) => {
                    if fields.contains_key("model")
                        && fields.get("done").is_some_and(Value::is_boolean)
                    {
                        let found = "a line of Ollama's own body, which is read as it is";
                        return Err(Error::at(number, expected, found));
                    }
                    if let Some(name) = fields.get("type").and_then(Value::as_str) {
                        if name.bytes().all(|byte| byte.is_ascii_graphic()) {
                            body.push_str(&format!("event: {name}\n"));
                        }
                    }
                }
                Ok(Value::Array(_)) => {}
                _ => return Err(Error::at(number, expected, short(line))),
            }
        }
        body.push_str(&format!("data: {line}\n\n"));
    }
    if body.is_empty() {
        return Err(Error::field("", "a line with the data of an event", "none"));
    }
    let mut draft = Draft {
        response: Some(Answered {
            status: 200,
            ..Answered::default()
        }),
        ..Draft::default()
    };
    draft.whole(body.into_bytes());
    builder.push(draft)?;
    builder.finish("a line")
}
