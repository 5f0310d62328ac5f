//! Fixtures of aimock.

use alloc::format;
use alloc::string::{String, ToString};

use serde_json::{Value, json};

use super::chunks::MADE;
use super::draft::{Answered, Builder, Draft};
use super::json::{Place, parse};
use super::{Error, Format, Imported};

const RESPONSE: &str = "a response with content, toolCalls, blocks or error";

/// Reads a fixture file as <https://skills.sh/copilotkit/aimock/write-fixtures> and
/// <https://github.com/CopilotKit/aimock> have it: `{"fixtures":[{"match":…,"response":…}]}`.
///
/// A fixture holds what was said, and no bytes: an `OpenAI` chat stream is made that says it, one delta
/// for each text and call, with ids of our own where it has none. An `error` becomes an answer with its
/// status. What a fixture matches, its times and its faults are left out.
pub(super) fn read(text: &str) -> Result<Imported, Error> {
    let value = parse(text)?;
    let root = Place::root(&value);
    let fixtures = root.get("fixtures");
    if fixtures.is_null() {
        return Err(fixtures.error("an array"));
    }
    let mut builder = Builder::new(Format::Aimock, &MADE);
    builder.is_inexact();
    builder.note("a chat stream was made for each fixture; what fixtures match is left out");
    let mut number = 0;
    fixtures.each(|fixture| {
        let draft = draft(&fixture.get("response"), number)?;
        number += 1;
        builder.push(draft)
    })?;
    builder.finish("a fixture")
}

fn draft(response: &Place<'_>, number: usize) -> Result<Draft, Error> {
    let error = response.get("error");
    let (status, body) = if error.is_null() {
        (200, stream(response, number)?)
    } else {
        let status = response.get("status");
        let status = if status.is_null() {
            500
        } else {
            status.status()?
        };
        (status, json!({ "error": error.value() }).to_string())
    };
    let mut draft = Draft {
        response: Some(Answered {
            status,
            ..Answered::default()
        }),
        ..Draft::default()
    };
    draft.whole(body.into_bytes());
    Ok(draft)
}

/// A chat stream being made.
struct Stream {
    number: usize,
    model: String,
    calls: usize,
    body: String,
}

impl Stream {
    fn delta(&mut self, delta: &Value, finish: Option<&str>) {
        let payload = json!({
            "id": format!("chatcmpl-imported-{}", self.number),
            "object": "chat.completion.chunk",
            "created": 0,
            "model": self.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        });
        self.body.push_str(&format!("data: {payload}\n\n"));
    }

    fn call(&mut self, call: &Place<'_>) -> Result<(), Error> {
        let (name, id, arguments) = (call.get("name"), call.get("id"), call.get("arguments"));
        let made = format!("call_imported_{}_{}", self.number, self.calls);
        let function = json!({
            "name": name.text()?,
            "arguments": match arguments.value() {
                Value::String(text) => text.clone(),
                Value::Object(_) => arguments.value().to_string(),
                _ => return Err(arguments.error("an object, or its JSON as a string")),
            },
        });
        let call = json!({
            "index": self.calls,
            "id": id.text_if_any()?.unwrap_or(&made),
            "type": "function",
            "function": function,
        });
        self.calls += 1;
        self.delta(&json!({ "tool_calls": [call] }), None);
        Ok(())
    }
}

fn stream(response: &Place<'_>, number: usize) -> Result<String, Error> {
    let (content, calls) = (response.get("content"), response.get("toolCalls"));
    let (reasoning, blocks) = (response.get("reasoning"), response.get("blocks"));
    if content.is_null() && calls.is_null() && blocks.is_null() {
        return Err(response.error(RESPONSE));
    }
    let model = response.get("model");
    let mut stream = Stream {
        number,
        model: model.text_if_any()?.unwrap_or("imported").into(),
        calls: 0,
        body: String::new(),
    };
    stream.delta(&json!({"role": "assistant", "content": ""}), None);
    if let Some(text) = reasoning.text_if_any()? {
        stream.delta(&json!({ "reasoning_content": text }), None);
    }
    if let Some(text) = content.text_if_any()? {
        stream.delta(&json!({ "content": text }), None);
    }
    blocks.each(|block| {
        let kind = block.get("type");
        match kind.text()? {
            "text" => {
                let text = block.get("text");
                stream.delta(&json!({ "content": text.text()? }), None);
                Ok(())
            }
            "toolCall" => stream.call(block),
            _ => Err(kind.error("text or toolCall")),
        }
    })?;
    calls.each(|call| stream.call(call))?;
    let finish = response.get("finishReason");
    let usual = if stream.calls > 0 {
        "tool_calls"
    } else {
        "stop"
    };
    let finish = finish.text_if_any()?.unwrap_or(usual);
    stream.delta(&json!({}), Some(finish));
    stream.body.push_str("data: [DONE]\n\n");
    Ok(stream.body)
}
