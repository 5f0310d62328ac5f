//! Replies as their dialects stream them, written by hand.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a value is written where it is used"
)]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use wiretape_core::Dialect;
use wiretape_core::dialect::Framing;
use wiretape_core::event_stream::{Value as Header, encode};

/// A stream, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body(pub(crate) Vec<u8>);

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A reply as the dialect streams it.
pub(crate) struct Reply {
    dialect: Dialect,
    id: String,
    /// Each with its name, as JSON.
    events: Vec<(&'static str, String)>,
    blocks: u64,
    calls: u64,
    /// The items of a response.
    items: Vec<Value>,
    usage: bool,
}

/// Of which this is the number of tokens: in, out.
const USAGE: (u64, u64) = (10, 5);

impl Reply {
    pub(crate) fn new(dialect: Dialect, id: &str) -> Self {
        let mut reply = Self {
            dialect,
            id: id.into(),
            events: Vec::new(),
            blocks: 0,
            calls: 0,
            items: Vec::new(),
            usage: true,
        };
        reply.begin();
        reply
    }

    /// Without counts of tokens.
    pub(crate) fn silent(mut self) -> Self {
        self.usage = false;
        self.events.clear();
        self.begin();
        self
    }

    fn begin(&mut self) {
        let id = self.id.clone();
        match self.dialect {
            Dialect::Anthropic | Dialect::BedrockInvoke => {
                let usage = self.usage.then_some(json!({"input_tokens": USAGE.0}));
                let message = json!({"id": id, "model": "m", "usage": usage});
                self.event(json!({"type": "message_start", "message": message}));
            }
            Dialect::OpenAiResponses => {
                let response = json!({"id": id, "object": "response", "status": "in_progress",
                    "model": "m", "output": []});
                self.event(json!({"type": "response.created", "response": response}));
            }
            Dialect::BedrockConverse => {
                self.events
                    .push(("messageStart", json!({"role": "assistant"}).to_string()));
            }
            Dialect::Cohere => {
                let message = json!({"role": "assistant"});
                self.event(
                    json!({"id": id, "type": "message-start", "delta": {"message": message}}),
                );
            }
            _ => {}
        }
    }

    fn event(&mut self, event: Value) {
        self.events.push(("", event.to_string()));
    }

    fn delta(&mut self, delta: Value, finish: Value) {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        self.event(json!({"id": self.id, "choices": [choice]}));
    }

    /// A chunk of Gemini's with this part.
    fn part(&mut self, part: &str) {
        let chunk = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{part}],"role":"model"}},"index":0}}],"responseId":{},"modelVersion":"m"}}"#,
            json!(self.id)
        );
        self.events.push(("", chunk));
    }

    /// A line of Ollama's with these members of the message.
    fn line(&mut self, members: &str) {
        let line = format!(
            r#"{{"model":"m","created_at":{},"message":{{"role":"assistant",{members}}},"done":false}}"#,
            json!(self.id)
        );
        self.events.push(("", line));
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        let delta = json!({"type": "text_delta", "text": text});
        match self.dialect {
            Dialect::Anthropic | Dialect::BedrockInvoke => {
                self.block(json!({"type": "text", "text": ""}), &[delta]);
            }
            Dialect::OpenAiResponses => self.message(text),
            Dialect::Gemini => self.part(&json!({ "text": text }).to_string()),
            Dialect::BedrockConverse => {
                self.converse(None, json!({ "text": text }));
            }
            Dialect::Ollama => self.line(&format!(r#""content":{}"#, json!(text))),
            Dialect::Cohere => {
                let index = self.next();
                let start = json!({"type": "text", "text": ""});
                self.cohere("content-start", index, json!({ "content": start }));
                let delta = json!({"content": {"text": text}});
                self.cohere("content-delta", index, delta);
                self.cohere("content-end", index, json!({}));
            }
            _ => self.delta(json!({"content": text}), Value::Null),
        }
        self
    }

    fn next(&mut self) -> u64 {
        self.blocks += 1;
        self.blocks - 1
    }

    /// A message of Responses, said three times as the protocol does.
    fn message(&mut self, text: &str) {
        let index = self.next();
        let id = format!("msg_{}_{index}", self.id);
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
        let item = |status: &str, content: Value| {
            json!({"id": id, "type": "message", "role": "assistant", "status": status,
                "content": content})
        };
        let at = |mut event: Value| {
            event["item_id"] = json!(id);
            event["content_index"] = json!(0);
            event
        };
        let added = item("in_progress", json!([]));
        self.item("response.output_item.added", index, added);
        let events = [
            at(json!({"type": "response.content_part.added", "part": part("")})),
            at(json!({"type": "response.output_text.delta", "delta": text})),
            at(json!({"type": "response.output_text.done", "text": text})),
            at(json!({"type": "response.content_part.done", "part": part(text)})),
        ];
        for mut event in events {
            event["output_index"] = json!(index);
            self.event(event);
        }
        let done = item("completed", json!([part(text)]));
        self.items.push(done.clone());
        self.item("response.output_item.done", index, done);
    }

    fn item(&mut self, ty: &str, index: u64, item: Value) {
        self.event(json!({"type": ty, "output_index": index, "item": item}));
    }

    /// A block of Converse.
    fn converse(&mut self, start: Option<Value>, delta: Value) {
        let index = self.next();
        if let Some(start) = start {
            let start = json!({"contentBlockIndex": index, "start": start});
            self.events.push(("contentBlockStart", start.to_string()));
        }
        let delta = json!({"contentBlockIndex": index, "delta": delta});
        self.events.push(("contentBlockDelta", delta.to_string()));
        let stop = json!({"contentBlockIndex": index});
        self.events.push(("contentBlockStop", stop.to_string()));
    }

    fn cohere(&mut self, ty: &str, index: u64, message: Value) {
        self.event(json!({"type": ty, "index": index, "delta": {"message": message}}));
    }

    pub(crate) fn call(mut self, id: &str, name: &str, arguments: &str) -> Self {
        match self.dialect {
            Dialect::Anthropic | Dialect::BedrockInvoke => {
                let start = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                let delta = json!({"type": "input_json_delta", "partial_json": arguments});
                self.block(start, &[delta]);
            }
            Dialect::OpenAiResponses => self.function(id, name, arguments),
            Dialect::Gemini => {
                let part = gemini_call(id, name, arguments);
                self.part(&part);
            }
            Dialect::BedrockConverse => {
                let start = json!({"toolUse": {"toolUseId": id, "name": name}});
                self.converse(Some(start), json!({"toolUse": {"input": arguments}}));
            }
            Dialect::Ollama => {
                let object = serde_json::from_str::<Value>(arguments).is_ok_and(|v| v.is_object())
                    || arguments.contains("1e400");
                let sent = match object {
                    true => arguments.to_owned(),
                    false => json!(arguments).to_string(),
                };
                let id = match id {
                    "" => String::new(),
                    id => format!(r#""id":{},"#, json!(id)),
                };
                let function = format!(r#"{{"name":{},"arguments":{sent}}}"#, json!(name));
                self.line(&format!(
                    r#""content":"","tool_calls":[{{{id}"function":{function}}}]"#
                ));
            }
            Dialect::Cohere => {
                let index = self.calls;
                let function = json!({"name": name, "arguments": ""});
                let call = json!({"id": id, "type": "function", "function": function});
                self.cohere("tool-call-start", index, json!({ "tool_calls": call }));
                let more = json!({"tool_calls": {"function": {"arguments": arguments}}});
                self.cohere("tool-call-delta", index, more);
                self.event(json!({"type": "tool-call-end", "index": index}));
            }
            _ => {
                let function = json!({"name": name, "arguments": arguments});
                let call = json!({"index": self.calls, "id": id, "function": function});
                self.delta(json!({"tool_calls": [call]}), Value::Null);
            }
        }
        self.calls += 1;
        self
    }

    /// A call of Responses.
    fn function(&mut self, call_id: &str, name: &str, arguments: &str) {
        let index = self.next();
        let id = format!("fc_{}_{index}", self.id);
        let item = |status: &str, arguments: &str| {
            json!({"id": id, "type": "function_call", "status": status, "call_id": call_id,
                "name": name, "arguments": arguments})
        };
        let added = item("in_progress", "");
        self.item("response.output_item.added", index, added);
        for (ty, member) in [("delta", "delta"), ("done", "arguments")] {
            let ty = format!("response.function_call_arguments.{ty}");
            let mut event = json!({"type": ty, "output_index": index, "item_id": id});
            event[member] = json!(arguments);
            self.event(event);
        }
        let done = item("completed", arguments);
        self.items.push(done.clone());
        self.item("response.output_item.done", index, done);
    }

    pub(crate) fn block(&mut self, start: Value, deltas: &[Value]) {
        let index = self.next();
        let start = json!({"type": "content_block_start", "index": index, "content_block": start});
        self.event(start);
        for delta in deltas {
            let delta = json!({"type": "content_block_delta", "index": index, "delta": delta});
            self.event(delta);
        }
        self.event(json!({"type": "content_block_stop", "index": index}));
    }

    /// What has come so far, without an end.
    pub(crate) fn cut(self) -> Body {
        Body(self.frames().concat())
    }

    /// The same, a frame each.
    pub(crate) fn frames(&self) -> Vec<Vec<u8>> {
        let events = self.events.iter();
        let frames = events.map(|(name, event)| said(self.dialect, name, event));
        frames.collect()
    }

    /// With the usual reason for stopping.
    pub(crate) fn end(self) -> Body {
        let reason = match (self.dialect, self.calls) {
            (Dialect::Anthropic | Dialect::BedrockInvoke | Dialect::BedrockConverse, 0) => {
                "end_turn"
            }
            (Dialect::Anthropic | Dialect::BedrockInvoke | Dialect::BedrockConverse, _) => {
                "tool_use"
            }
            (Dialect::OpenAiResponses, _) => "completed",
            (Dialect::Gemini, _) => "STOP",
            (Dialect::Cohere, 0) => "COMPLETE",
            (Dialect::Cohere, _) => "TOOL_CALL",
            (Dialect::Ollama, _) | (_, 0) => "stop",
            _ => "tool_calls",
        };
        self.stop(reason)
    }

    pub(crate) fn stop(mut self, reason: &str) -> Body {
        let (input, output) = USAGE;
        let counted = |usage: Value, reply: &Self| reply.usage.then_some(usage);
        match self.dialect {
            Dialect::Anthropic | Dialect::BedrockInvoke => {
                let delta = json!({"stop_reason": reason});
                let usage = counted(json!({"output_tokens": output}), &self);
                let delta = json!({"type": "message_delta", "delta": delta, "usage": usage});
                self.event(delta);
                self.event(json!({"type": "message_stop"}));
            }
            Dialect::OpenAiResponses => self.completed(reason),
            Dialect::Gemini => {
                let usage = json!({"promptTokenCount": input, "candidatesTokenCount": output});
                let candidate = json!({"content": {"parts": [{"text": ""}], "role": "model"},
                    "finishReason": reason, "index": 0});
                let mut chunk = json!({"candidates": [candidate], "responseId": self.id});
                if let Some(usage) = counted(usage, &self) {
                    chunk["usageMetadata"] = usage;
                }
                self.event(chunk);
            }
            Dialect::BedrockConverse => {
                let stop = json!({"stopReason": reason});
                self.events.push(("messageStop", stop.to_string()));
                let usage = json!({"inputTokens": input, "outputTokens": output});
                let usage = counted(usage, &self).unwrap_or_else(|| json!({}));
                let metadata = json!({"usage": usage, "metrics": {"latencyMs": 1}});
                self.events.push(("metadata", metadata.to_string()));
            }
            Dialect::Ollama => {
                let mut done = json!({"model": "m", "created_at": self.id, "done": true,
                    "message": {"role": "assistant", "content": ""}, "done_reason": reason});
                if self.usage {
                    done["prompt_eval_count"] = json!(input);
                    done["eval_count"] = json!(output);
                }
                self.event(done);
            }
            Dialect::Cohere => {
                let usage = json!({"tokens": {"input_tokens": input, "output_tokens": output}});
                let usage = counted(usage, &self);
                let delta = json!({"finish_reason": reason, "usage": usage});
                self.event(json!({"type": "message-end", "delta": delta}));
            }
            _ => {
                self.delta(json!({}), json!(reason));
                let usage = json!({"prompt_tokens": input, "completion_tokens": output});
                let usage = counted(usage, &self);
                self.event(json!({"id": self.id, "choices": [], "usage": usage}));
                let mut body = self.cut();
                body.0.extend_from_slice(b"data: [DONE]\n\n");
                return body;
            }
        }
        self.cut()
    }

    fn completed(&mut self, reason: &str) {
        let (input, output) = USAGE;
        let whole = reason == "completed";
        let status = if whole { "completed" } else { "incomplete" };
        let details = (!whole).then(|| json!({ "reason": reason }));
        let usage = json!({"input_tokens": input, "output_tokens": output});
        let response = json!({"id": self.id, "object": "response", "status": status, "model": "m",
            "incomplete_details": details, "output": self.items,
            "usage": self.usage.then_some(usage)});
        self.event(json!({"type": format!("response.{status}"), "response": response}));
    }
}

/// A call of Gemini's has an object for its arguments: what is no JSON comes in pieces and has no
/// end.
fn gemini_call(id: &str, name: &str, arguments: &str) -> String {
    let id = match id {
        "" => String::new(),
        id => format!(r#""id":{},"#, json!(id)),
    };
    let name = json!(name);
    let is_json = serde_json::from_str::<Value>(arguments).is_ok() || arguments.contains("1e400");
    let arguments = match arguments.trim() {
        "" => String::new(),
        _ if is_json => format!(r#","args":{arguments}"#),
        _ => {
            r#","partialArgs":[{"jsonPath":"$.p","stringValue":"x","willContinue":true}],"willContinue":true"#
                .to_owned()
        }
    };
    format!(r#"{{"functionCall":{{{id}"name":{name}{arguments}}}}}"#)
}

/// A sign of life, and no more.
pub(crate) fn ping(dialect: Dialect) -> Vec<u8> {
    match dialect.framing() {
        Framing::Ndjson => b"\n".to_vec(),
        Framing::EventStream => match dialect {
            Dialect::BedrockInvoke => said(dialect, "", r#"{"type":"ping"}"#),
            _ => said(dialect, "keepAlive", "{}"),
        },
        _ => b": ping\n\n".to_vec(),
    }
}

fn said(dialect: Dialect, name: &str, event: &str) -> Vec<u8> {
    let typed = || {
        let value: Value = serde_json::from_str(event).unwrap();
        let name = value["type"].as_str().unwrap_or_default().to_owned();
        format!("event: {name}\ndata: {event}\n\n").into_bytes()
    };
    match dialect {
        Dialect::Anthropic | Dialect::OpenAiResponses | Dialect::Cohere => typed(),
        Dialect::Ollama => format!("{event}\n").into_bytes(),
        Dialect::BedrockConverse => message(name, event),
        Dialect::BedrockInvoke => {
            let bytes = json!({"bytes": BASE64_STANDARD.encode(event)});
            message("chunk", &bytes.to_string())
        }
        _ => format!("data: {event}\n\n").into_bytes(),
    }
}

/// One message of an AWS event stream.
fn message(name: &str, payload: &str) -> Vec<u8> {
    let headers = [
        (":event-type", Header::Text(name)),
        (":content-type", Header::Text("application/json")),
        (":message-type", Header::Text("event")),
    ];
    let mut out = Vec::new();
    encode(&headers, payload.as_bytes(), &mut out).unwrap();
    out
}
