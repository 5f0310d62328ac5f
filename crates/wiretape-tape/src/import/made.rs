//! Streams made of what was said, where nobody recorded their bytes.
//!
//! One delta for each text and each call's arguments, as the provider's page has them; ids of our own
//! where there are none, and no usage.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Value, json};

/// In which dialect a stream is made, by its name in `wiretape_core::Dialect`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Made {
    #[default]
    Chat,
    Messages,
    Responses,
}

/// A reply.
pub(super) struct Said {
    /// Which of the file's.
    pub(super) number: usize,
    pub(super) model: String,
    pub(super) reasoning: Option<String>,
    pub(super) parts: Vec<Part>,
    /// Why it stopped, in the words of chat; `None`: as its parts have it.
    pub(super) finish: Option<String>,
}

pub(super) enum Part {
    Text(String),
    Call(Call),
}

pub(super) struct Call {
    pub(super) id: Option<String>,
    pub(super) name: String,
    /// As text.
    pub(super) arguments: String,
}

impl Made {
    const ALL: [Self; 3] = [Self::Chat, Self::Messages, Self::Responses];

    /// The one of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|made| made.name() == name)
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Chat => "openai-chat",
            Self::Messages => "anthropic",
            Self::Responses => "openai-responses",
        }
    }

    pub(super) fn stream(self, said: &Said) -> String {
        match self {
            Self::Chat => chat(said),
            Self::Messages => messages(said),
            Self::Responses => responses(said),
        }
    }
}

impl Said {
    fn calls(&self) -> usize {
        let call = |part: &&Part| matches!(part, Part::Call(_));
        self.parts.iter().filter(call).count()
    }

    /// Why it stopped, in the words of chat.
    fn finish(&self) -> &str {
        let usual = match self.calls() {
            0 => "stop",
            _ => "tool_calls",
        };
        self.finish.as_deref().unwrap_or(usual)
    }

    /// A call's id; of our own where it has none.
    fn id_of(&self, call: &Call, number: usize) -> String {
        let made = || format!("call_imported_{}_{number}", self.number);
        call.id.clone().unwrap_or_else(made)
    }
}

/// <https://platform.openai.com/docs/api-reference/chat-streaming>
fn chat(said: &Said) -> String {
    let mut body = String::new();
    let mut delta = |delta: &Value, finish: Option<&str>| {
        let payload = json!({
            "id": format!("chatcmpl-imported-{}", said.number),
            "object": "chat.completion.chunk",
            "created": 0,
            "model": said.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        });
        body.push_str(&format!("data: {payload}\n\n"));
    };
    delta(&json!({"role": "assistant", "content": ""}), None);
    if let Some(text) = &said.reasoning {
        delta(&json!({ "reasoning_content": text }), None);
    }
    let mut calls = 0;
    for part in &said.parts {
        match part {
            Part::Text(text) => delta(&json!({ "content": text }), None),
            Part::Call(call) => {
                let call = json!({
                    "index": calls,
                    "id": said.id_of(call, calls),
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                });
                calls += 1;
                delta(&json!({ "tool_calls": [call] }), None);
            }
        }
    }
    delta(&json!({}), Some(said.finish()));
    body.push_str("data: [DONE]\n\n");
    body
}

/// Events with names.
#[derive(Default)]
struct Events(String);

impl Events {
    /// An event, named as the `type` of its payload.
    fn push(&mut self, payload: &Value) {
        let name = payload.get("type").and_then(Value::as_str);
        let name = name.unwrap_or_default();
        self.0
            .push_str(&format!("event: {name}\ndata: {payload}\n\n"));
    }
}

/// <https://platform.claude.com/docs/en/build-with-claude/streaming>
fn messages(said: &Said) -> String {
    let mut out = Events::default();
    let id = format!("msg_imported_{}", said.number);
    out.push(&json!({"type": "message_start", "message": {
        "id": id, "type": "message", "role": "assistant", "model": said.model, "content": [],
        "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }}));
    let mut index = 0;
    let mut block = |start: &Value, delta: &Value| {
        out.push(&json!({"type": "content_block_start", "index": index, "content_block": start}));
        out.push(&json!({"type": "content_block_delta", "index": index, "delta": delta}));
        out.push(&json!({"type": "content_block_stop", "index": index}));
        index += 1;
    };
    if let Some(text) = &said.reasoning {
        block(
            &json!({"type": "thinking", "thinking": "", "signature": ""}),
            &json!({"type": "thinking_delta", "thinking": text}),
        );
    }
    let mut calls = 0;
    for part in &said.parts {
        match part {
            Part::Text(text) => block(
                &json!({"type": "text", "text": ""}),
                &json!({"type": "text_delta", "text": text}),
            ),
            Part::Call(call) => {
                let id = said.id_of(call, calls);
                calls += 1;
                block(
                    &json!({"type": "tool_use", "id": id, "name": call.name, "input": {}}),
                    &json!({"type": "input_json_delta", "partial_json": call.arguments}),
                );
            }
        }
    }
    let reason = match said.finish() {
        "stop" => "end_turn",
        "tool_calls" => "tool_use",
        "length" => "max_tokens",
        "content_filter" => "refusal",
        other => other,
    };
    out.push(&json!({
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": 0},
    }));
    out.push(&json!({"type": "message_stop"}));
    out.0
}

/// An item of a response and what is streamed of it: the name of its text's events, the text, and how
/// the item begins and ends.
struct Item {
    event: &'static str,
    /// The events' member that has the whole text.
    member: &'static str,
    text: String,
    added: Value,
    done: Value,
}

/// <https://platform.openai.com/docs/api-reference/responses-streaming>
fn responses(said: &Said) -> String {
    let mut out = Events::default();
    let mut number = 0_u64;
    let mut push = |payload: Value| {
        out.push(&with(payload, "sequence_number", number.into()));
        number += 1;
    };
    let response = |status: &str, details: &Value, output: &[Value]| {
        json!({
            "id": format!("resp_imported_{}", said.number), "object": "response", "created_at": 0,
            "status": status, "incomplete_details": details, "model": said.model, "output": output,
        })
    };
    let begun = response("in_progress", &Value::Null, &[]);
    push(json!({"type": "response.created", "response": begun}));
    let mut output = Vec::new();
    for (index, item) in items(said).into_iter().enumerate() {
        let id = item.added.get("id").cloned().unwrap_or_default();
        push(
            json!({"type": "response.output_item.added", "output_index": index, "item": item.added}),
        );
        let mut text = |verb: &str, member: &str| {
            let mut event = json!({
                "type": format!("response.{}.{verb}", item.event), "item_id": id, "output_index": index,
            });
            if item.event != "function_call_arguments" {
                event = with(event, "content_index", 0.into());
            }
            event = with(event, member, item.text.as_str().into());
            push(event);
        };
        text("delta", "delta");
        text("done", item.member);
        push(
            json!({"type": "response.output_item.done", "output_index": index, "item": item.done}),
        );
        output.push(item.done);
    }
    let (status, details) = match said.finish() {
        "length" => ("incomplete", json!({"reason": "max_output_tokens"})),
        "content_filter" => ("incomplete", json!({"reason": "content_filter"})),
        _ => ("completed", Value::Null),
    };
    let ended = response(status, &details, &output);
    push(json!({"type": format!("response.{status}"), "response": ended}));
    out.0
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.into(), value);
    }
    object
}

fn items(said: &Said) -> Vec<Item> {
    let mut items = Vec::new();
    let of = said.number;
    if let Some(text) = &said.reasoning {
        let item = |content: Value| {
            let id = format!("rs_imported_{of}");
            json!({"id": id, "type": "reasoning", "summary": [], "content": content})
        };
        items.push(Item {
            event: "reasoning_text",
            member: "text",
            text: text.clone(),
            added: item(json!([])),
            done: item(json!([{"type": "reasoning_text", "text": text}])),
        });
    }
    let mut calls = 0;
    for (place, part) in said.parts.iter().enumerate() {
        items.push(match part {
            Part::Text(text) => message(of, place, text),
            Part::Call(call) => {
                calls += 1;
                function_call(&said.id_of(call, calls - 1), call)
            }
        });
    }
    items
}

fn message(of: usize, place: usize, text: &str) -> Item {
    let item = |status: &str, content: Value| {
        let id = format!("msg_imported_{of}_{place}");
        json!({"id": id, "type": "message", "role": "assistant", "status": status, "content": content})
    };
    let part = json!({"type": "output_text", "text": text, "annotations": []});
    Item {
        event: "output_text",
        member: "text",
        text: text.to_string(),
        added: item("in_progress", json!([])),
        done: item("completed", json!([part])),
    }
}

fn function_call(id: &str, call: &Call) -> Item {
    let item = |status: &str, arguments: &str| {
        json!({
            "id": format!("fc_{id}"), "type": "function_call", "call_id": id, "name": call.name,
            "status": status, "arguments": arguments,
        })
    };
    Item {
        event: "function_call_arguments",
        member: "arguments",
        text: call.arguments.clone(),
        added: item("in_progress", ""),
        done: item("completed", &call.arguments),
    }
}
