//! A reply written otherwise: as one object, and in the other dialect's stream.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;
use wiretape_core::{Dialect, Options, Turn, read};

use crate::dialect::Family;

/// What a reply says, as far as it is written again. A reply that a strict reader does not read is not.
pub(crate) struct Said {
    text: String,
    /// Id, name, and the arguments as JSON text.
    calls: Vec<[String; 3]>,
}

impl Said {
    pub(crate) fn of(dialect: Dialect, body: &[u8]) -> Result<Self, &'static str> {
        let turn = read(dialect, Options::strict(), body);
        let turn: Turn = turn.map_err(|_| "the reply cannot be read to its end")?;
        let calls = turn.tool_calls().iter().map(|call| {
            let id = call.id.clone();
            let id = id.unwrap_or_else(|| format!("call_{}", call.ordinal));
            let written = serde_json::from_str::<Value>(&call.arguments);
            let sorted = matches!(dialect, Dialect::Anthropic | Dialect::OpenAiChat);
            let input = match !sorted && written.is_ok_and(|value| value.is_object()) {
                true => call.arguments.clone(),
                false => call.input.to_string(),
            };
            [id, call.name.clone(), input]
        });
        Ok(Self {
            text: turn.text(),
            calls: calls.collect(),
        })
    }

    /// The reply as one object of a dialect.
    pub(crate) fn object(&self, family: Family) -> Vec<u8> {
        let text = quoted(&self.text);
        let body = match family {
            Family::Anthropic => {
                let mut blocks = Vec::new();
                if !self.text.is_empty() {
                    blocks.push(format!(r#"{{"type":"text","text":{text}}}"#));
                }
                for [id, name, input] in &self.calls {
                    let (id, name) = (quoted(id), quoted(name));
                    blocks.push(format!(
                        r#"{{"type":"tool_use","id":{id},"name":{name},"input":{input}}}"#
                    ));
                }
                let (blocks, reason) = (blocks.join(","), self.reason(family));
                format!(
                    r#"{{"id":"msg_wiretape","type":"message","role":"assistant","model":"wiretape","content":[{blocks}],"stop_reason":"{reason}","stop_sequence":null,"usage":{{"input_tokens":1,"output_tokens":1}}}}"#
                )
            }
            Family::OpenAiChat => {
                let calls = self.calls.iter().map(|[id, name, input]| {
                    let (id, name, input) = (quoted(id), quoted(name), quoted(input));
                    format!(
                        r#"{{"id":{id},"type":"function","function":{{"name":{name},"arguments":{input}}}}}"#
                    )
                });
                let calls = listed("tool_calls", calls);
                let reason = self.reason(family);
                format!(
                    r#"{{"id":"chatcmpl-wiretape","object":"chat.completion","created":1,"model":"wiretape","choices":[{{"index":0,"message":{{"role":"assistant","content":{text}{calls}}},"finish_reason":"{reason}"}}],"usage":{{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}}}"#
                )
            }
            Family::Gemini => self.gemini(),
            Family::Ollama => self.ollama(),
            Family::Cohere => self.cohere(),
            Family::BedrockConverse => self.converse(),
            Family::OpenAiResponses => self.response(),
            Family::OpenAiCompletions => format!(
                r#"{{"id":"cmpl-wiretape","object":"text_completion","created":1,"model":"wiretape","choices":[{{"index":0,"text":{text},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}}}"#
            ),
        };
        body.into_bytes()
    }

    /// The reply as a stream of Messages.
    pub(crate) fn messages_stream(&self) -> Vec<u8> {
        self.messages().concat().into_bytes()
    }

    /// The reply as a stream of Chat Completions.
    pub(crate) fn chat_stream(&self) -> Vec<u8> {
        self.chunks().concat().into_bytes()
    }

    fn reason(&self, family: Family) -> &'static str {
        match (family, self.calls.is_empty()) {
            (Family::Anthropic | Family::BedrockConverse, true) => "end_turn",
            (Family::Anthropic | Family::BedrockConverse, false) => "tool_use",
            (Family::Gemini, _) => "STOP",
            (Family::Cohere, true) => "COMPLETE",
            (Family::Cohere, false) => "TOOL_CALL",
            (Family::OpenAiChat, false) => "tool_calls",
            _ => "stop",
        }
    }

    fn gemini(&self) -> String {
        let mut parts = Vec::new();
        if !self.text.is_empty() {
            parts.push(format!(r#"{{"text":{}}}"#, quoted(&self.text)));
        }
        for [id, name, input] in &self.calls {
            let (id, name) = (quoted(id), quoted(name));
            parts.push(format!(
                r#"{{"functionCall":{{"id":{id},"name":{name},"args":{input}}}}}"#
            ));
        }
        let parts = parts.join(",");
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{parts}],"role":"model"}},"finishReason":"STOP","index":0}}],"usageMetadata":{{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}},"modelVersion":"wiretape","responseId":"wiretape"}}"#
        )
    }

    fn ollama(&self) -> String {
        let calls = self.calls.iter().map(|[id, name, input]| {
            let (id, name) = (quoted(id), quoted(name));
            format!(r#"{{"id":{id},"function":{{"name":{name},"arguments":{input}}}}}"#)
        });
        let calls = listed("tool_calls", calls);
        let text = quoted(&self.text);
        format!(
            r#"{{"model":"wiretape","created_at":"2026-01-01T00:00:00Z","message":{{"role":"assistant","content":{text}{calls}}},"done":true,"done_reason":"stop"}}"#
        )
    }

    fn cohere(&self) -> String {
        let calls = self.calls.iter().map(|[id, name, input]| {
            let (id, name, input) = (quoted(id), quoted(name), quoted(input));
            format!(
                r#"{{"id":{id},"type":"function","function":{{"name":{name},"arguments":{input}}}}}"#
            )
        });
        let calls = listed("tool_calls", calls);
        let (text, reason) = (quoted(&self.text), self.reason(Family::Cohere));
        format!(
            r#"{{"id":"wiretape","finish_reason":"{reason}","message":{{"role":"assistant","content":[{{"type":"text","text":{text}}}]{calls}}}}}"#
        )
    }

    fn converse(&self) -> String {
        let mut blocks = Vec::new();
        if !self.text.is_empty() {
            blocks.push(format!(r#"{{"text":{}}}"#, quoted(&self.text)));
        }
        for [id, name, input] in &self.calls {
            let (id, name) = (quoted(id), quoted(name));
            blocks.push(format!(
                r#"{{"toolUse":{{"toolUseId":{id},"name":{name},"input":{input}}}}}"#
            ));
        }
        let (blocks, reason) = (blocks.join(","), self.reason(Family::BedrockConverse));
        format!(
            r#"{{"output":{{"message":{{"role":"assistant","content":[{blocks}]}}}},"stopReason":"{reason}","usage":{{"inputTokens":1,"outputTokens":1,"totalTokens":2}}}}"#
        )
    }

    fn response(&self) -> String {
        let mut items = Vec::new();
        if !self.text.is_empty() {
            let text = quoted(&self.text);
            items.push(format!(
                r#"{{"id":"msg_wiretape","type":"message","status":"completed","role":"assistant","content":[{{"type":"output_text","text":{text},"annotations":[]}}]}}"#
            ));
        }
        for (place, [id, name, input]) in self.calls.iter().enumerate() {
            let (id, name, input) = (quoted(id), quoted(name), quoted(input));
            items.push(format!(
                r#"{{"id":"fc_wiretape_{place}","type":"function_call","status":"completed","call_id":{id},"name":{name},"arguments":{input}}}"#
            ));
        }
        let items = items.join(",");
        format!(
            r#"{{"id":"resp_wiretape","object":"response","created_at":1,"status":"completed","model":"wiretape","output":[{items}],"usage":{{"input_tokens":1,"output_tokens":1,"total_tokens":2}}}}"#
        )
    }

    fn messages(&self) -> Vec<String> {
        let event = |name: &str, rest: String| {
            format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}\n\n")
        };
        let mut all = Vec::new();
        all.push(event(
            "message_start",
            r#","message":{"id":"msg_wiretape","type":"message","role":"assistant","model":"wiretape","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#.to_string(),
        ));
        let mut blocks = Vec::new();
        if !self.text.is_empty() {
            let text = quoted(&self.text);
            blocks.push((
                r#"{"type":"text","text":""}"#.to_string(),
                format!(r#"{{"type":"text_delta","text":{text}}}"#),
            ));
        }
        for [id, name, input] in &self.calls {
            let (id, name, input) = (quoted(id), quoted(name), quoted(input));
            blocks.push((
                format!(r#"{{"type":"tool_use","id":{id},"name":{name},"input":{{}}}}"#),
                format!(r#"{{"type":"input_json_delta","partial_json":{input}}}"#),
            ));
        }
        for (index, (block, delta)) in blocks.into_iter().enumerate() {
            let start = format!(r#","index":{index},"content_block":{block}"#);
            all.push(event("content_block_start", start));
            let delta = format!(r#","index":{index},"delta":{delta}"#);
            all.push(event("content_block_delta", delta));
            all.push(event("content_block_stop", format!(r#","index":{index}"#)));
        }
        let reason = self.reason(Family::Anthropic);
        let delta = format!(
            r#","delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{{"output_tokens":1}}"#
        );
        all.push(event("message_delta", delta));
        all.push(event("message_stop", String::new()));
        all
    }

    fn chunks(&self) -> Vec<String> {
        let chunk = |delta: String, reason: &str| {
            format!(
                "data: {{\"id\":\"chatcmpl-wiretape\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"wiretape\",\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\"finish_reason\":{reason}}}]}}\n\n"
            )
        };
        let mut all = Vec::new();
        all.push(chunk(
            r#""role":"assistant","content":"""#.to_string(),
            "null",
        ));
        if !self.text.is_empty() {
            all.push(chunk(
                format!(r#""content":{}"#, quoted(&self.text)),
                "null",
            ));
        }
        for (index, [id, name, input]) in self.calls.iter().enumerate() {
            let (id, name, input) = (quoted(id), quoted(name), quoted(input));
            let call = format!(
                r#""tool_calls":[{{"index":{index},"id":{id},"type":"function","function":{{"name":{name},"arguments":{input}}}}}]"#
            );
            all.push(chunk(call, "null"));
        }
        let reason = quoted(self.reason(Family::OpenAiChat));
        all.push(chunk(String::new(), &reason));
        all.push("data: [DONE]\n\n".to_string());
        all
    }
}

/// A field with an array, where there is something in it.
fn listed(name: &str, items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match items.is_empty() {
        true => String::new(),
        false => format!(r#","{name}":[{}]"#, items.join(",")),
    }
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
