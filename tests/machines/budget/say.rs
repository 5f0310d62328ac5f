//! Messages as each dialect writes them, by hand: what the crate makes of them is what is tested.

use serde_json::{Value, json};
use wiretape_core::Dialect;
use wiretape_core::conversation::{Conversation, Message, PartKind, Role};

/// A history of these messages, each as JSON. What the user or the model merely says is written as
/// Messages and Chat Completions have it, and put here as the dialect has it.
pub(crate) fn history(dialect: Dialect, messages: &[String]) -> Conversation {
    let mut history = Conversation::new(dialect);
    for message in messages {
        push(&mut history, message);
    }
    history
}

/// Adds a message, or each of an array of items.
pub(crate) fn push(history: &mut Conversation, message: &str) {
    match serde_json::from_str(message).unwrap() {
        Value::Array(items) => {
            for item in items {
                history.push(&item.to_string()).unwrap();
            }
        }
        value => {
            let message = said(history.dialect(), message, &value);
            history.push(&message).unwrap();
        }
    }
}

/// The user says it.
pub(crate) fn user(text: &str) -> String {
    json!({"role": "user", "content": text}).to_string()
}

/// The model says it.
pub(crate) fn assistant(text: &str) -> String {
    json!({"role": "assistant", "content": text}).to_string()
}

/// A message with nothing but its content, in the dialect's shape.
fn said(dialect: Dialect, message: &str, value: &Value) -> String {
    let content = match &value["content"] {
        Value::String(text) => json!([{ "text": text }]),
        Value::Array(blocks) if blocks.is_empty() => json!([]),
        _ => return message.to_owned(),
    };
    let role = &value["role"];
    match dialect {
        _ if value.as_object().unwrap().len() != 2 => message.to_owned(),
        Dialect::Gemini => {
            let role = if role == "assistant" { "model" } else { "user" };
            json!({"role": role, "parts": content}).to_string()
        }
        Dialect::BedrockConverse => json!({"role": role, "content": content}).to_string(),
        _ => message.to_owned(),
    }
}

/// The model calls a tool for each id: one message, or an array of items.
pub(crate) fn calls(dialect: Dialect, ids: &[&str]) -> String {
    let each = |call: &dyn Fn(&str) -> Value| ids.iter().map(|id| call(id)).collect::<Vec<_>>();
    let message = match dialect {
        Dialect::Anthropic | Dialect::BedrockInvoke => {
            let calls = each(
                &|id| json!({"type": "tool_use", "id": id, "name": "read", "input": {"path": id}}),
            );
            json!({"role": "assistant", "content": calls})
        }
        Dialect::BedrockConverse => {
            let calls = each(
                &|id| json!({"toolUse": {"toolUseId": id, "name": "read", "input": {"path": id}}}),
            );
            json!({"role": "assistant", "content": calls})
        }
        // Without ids: they pair by name and order.
        Dialect::Gemini => {
            let calls = each(&|id| json!({"functionCall": {"name": "read", "args": {"path": id}}}));
            json!({"role": "model", "parts": calls})
        }
        Dialect::Ollama => {
            let calls =
                each(&|id| json!({"function": {"name": "read", "arguments": {"path": id}}}));
            json!({"role": "assistant", "content": "", "tool_calls": calls})
        }
        Dialect::OpenAiResponses => {
            let items = each(&|id| {
                json!({"type": "function_call", "call_id": id, "name": "read",
                    "arguments": format!("{{\"path\":\"{id}\"}}")})
            });
            Value::Array(items)
        }
        _ => {
            let calls = each(&|id| {
                json!({"id": id, "type": "function",
                    "function": {"name": "read", "arguments": format!("{{\"path\":\"{id}\"}}")}})
            });
            json!({"role": "assistant", "content": null, "tool_calls": calls})
        }
    };
    message.to_string()
}

/// The results of these calls: one message, or one each.
pub(crate) fn results(dialect: Dialect, results: &[(&str, &str)]) -> Vec<String> {
    let each = |result: &dyn Fn(&str, &str) -> Value| {
        let all = results.iter().map(|(id, text)| result(id, text));
        all.collect::<Vec<_>>()
    };
    let user = |content: &str, blocks: Vec<Value>| {
        let mut message = json!({"role": "user"});
        message[content] = Value::Array(blocks);
        vec![message.to_string()]
    };
    let one_each = |messages: Vec<Value>| messages.iter().map(Value::to_string).collect::<Vec<_>>();
    match dialect {
        Dialect::Anthropic | Dialect::BedrockInvoke => user(
            "content",
            each(&|id, text| json!({"type": "tool_result", "tool_use_id": id, "content": text})),
        ),
        Dialect::BedrockConverse => user(
            "content",
            each(&|id, text| {
                json!({"toolResult": {"toolUseId": id, "content": [{"text": text}],
                    "status": "success"}})
            }),
        ),
        Dialect::Gemini => user(
            "parts",
            each(
                &|_, text| json!({"functionResponse": {"name": "read", "response": {"output": text}}}),
            ),
        ),
        Dialect::Ollama => one_each(each(
            &|_, text| json!({"role": "tool", "tool_name": "read", "content": text}),
        )),
        Dialect::OpenAiResponses => one_each(each(
            &|id, text| json!({"type": "function_call_output", "call_id": id, "output": text}),
        )),
        _ => one_each(each(
            &|id, text| json!({"role": "tool", "tool_call_id": id, "content": text}),
        )),
    }
}

/// A thought that goes with the call behind it, as the provider wants both back; the call alone
/// where nothing of a thought is sent back.
pub(crate) fn thought(dialect: Dialect, text: &str, id: &str) -> String {
    let call = calls(dialect, &[id]);
    let mut message: Value = serde_json::from_str(&call).unwrap();
    let signature = format!("sig-{id}");
    match dialect {
        Dialect::Anthropic | Dialect::BedrockInvoke => {
            let block = json!({"type": "thinking", "thinking": text, "signature": signature});
            message["content"].as_array_mut().unwrap().insert(0, block);
        }
        Dialect::BedrockConverse => {
            let thought = json!({"text": text, "signature": signature});
            let block = json!({"reasoningContent": {"reasoningText": thought}});
            message["content"].as_array_mut().unwrap().insert(0, block);
        }
        Dialect::Gemini => message["parts"][0]["thoughtSignature"] = signature.into(),
        Dialect::OpenAiResponses => {
            let summary = json!([{"type": "summary_text", "text": text}]);
            let item = json!({"type": "reasoning", "id": format!("rs_{id}"),
                "summary": summary, "encrypted_content": signature});
            message.as_array_mut().unwrap().insert(0, item);
        }
        Dialect::Ollama => message["thinking"] = text.into(),
        _ => {}
    }
    message.to_string()
}

/// Messages of one role that follow each other may be refused, and are joined in what is sent.
pub(crate) fn alternates(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::BedrockConverse | Dialect::Gemini)
}

/// A message, or, where messages are joined, a part of one.
pub(crate) struct Piece<'a> {
    pub(crate) text: &'a str,
    role: Role,
    parts: Vec<(PartKind, &'a str)>,
}

impl Piece<'_> {
    pub(crate) fn has_result(&self) -> bool {
        self.parts.iter().any(|(kind, _)| *kind == PartKind::Result)
    }

    /// The same, but for the texts of its results.
    pub(crate) fn is(&self, shown: &Piece<'_>) -> bool {
        let same = self.role == shown.role && self.parts == shown.parts;
        self.text == shown.text || (same && self.has_result())
    }
}

pub(crate) fn pieces<'a>(
    dialect: Dialect,
    messages: impl IntoIterator<Item = &'a Message>,
) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    for message in messages {
        let (role, parts) = (message.role(), message.parts());
        if alternates(dialect) {
            pieces.extend(parts.iter().map(|part| Piece {
                text: &message.text()[part.place.clone()],
                role,
                parts: vec![(part.kind, &*part.id)],
            }));
        } else {
            let parts = parts.iter().map(|part| (part.kind, &*part.id)).collect();
            pieces.push(Piece {
                text: message.text(),
                role,
                parts,
            });
        }
    }
    pieces
}

/// Adds what the operator says: beside the messages, or as the first of them.
pub(crate) fn with_system(dialect: Dialect, text: &str, messages: &[String]) -> Conversation {
    let (member, value) = match dialect {
        Dialect::Anthropic | Dialect::BedrockInvoke => ("system", json!(text)),
        Dialect::OpenAiResponses => ("instructions", json!(text)),
        Dialect::Gemini => ("systemInstruction", json!({"parts": [{ "text": text }]})),
        Dialect::BedrockConverse => ("system", json!([{ "text": text }])),
        _ => {
            let mut all = vec![json!({"role": "system", "content": text}).to_string()];
            all.extend(messages.iter().cloned());
            return history(dialect, &all);
        }
    };
    let mut history = history(dialect, messages);
    history.set(member, &value.to_string()).unwrap();
    history
}
