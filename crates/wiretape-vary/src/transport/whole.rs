//! A reply written otherwise: as one object, and in the other dialect's stream.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wiretape_core::{Dialect, Options, Turn, read};

use crate::dialect::Family;

/// What a reply says, as far as it is written again. A reply that cannot be read is not.
pub(crate) struct Said {
    text: String,
    /// Id, name, and the arguments as JSON text.
    calls: Vec<[String; 3]>,
}

impl Said {
    pub(crate) fn of(family: Family, body: &[u8]) -> Result<Self, &'static str> {
        let dialect = match family {
            Family::Anthropic => Dialect::Anthropic,
            Family::OpenAiChat => Dialect::OpenAiChat,
        };
        let turn = read(dialect, Options::default(), body);
        let turn: Turn = turn.map_err(|_| "the reply cannot be read to its end")?;
        let calls = turn.tool_calls().iter().map(|call| {
            let id = call.id.clone();
            let id = id.unwrap_or_else(|| format!("call_{}", call.ordinal));
            [id, call.name.clone(), call.input.to_string()]
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
                let calls: Vec<String> = calls.collect();
                let calls = match calls.is_empty() {
                    true => String::new(),
                    false => format!(r#","tool_calls":[{}]"#, calls.join(",")),
                };
                let reason = self.reason(family);
                format!(
                    r#"{{"id":"chatcmpl-wiretape","object":"chat.completion","created":1,"model":"wiretape","choices":[{{"index":0,"message":{{"role":"assistant","content":{text}{calls}}},"finish_reason":"{reason}"}}],"usage":{{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}}}"#
                )
            }
        };
        body.into_bytes()
    }

    /// The reply as an event stream of a dialect.
    pub(crate) fn stream(&self, family: Family) -> Vec<u8> {
        let events = match family {
            Family::Anthropic => self.messages(),
            Family::OpenAiChat => self.chunks(),
        };
        events.concat().into_bytes()
    }

    fn reason(&self, family: Family) -> &'static str {
        match (family, self.calls.is_empty()) {
            (Family::Anthropic, true) => "end_turn",
            (Family::Anthropic, false) => "tool_use",
            (Family::OpenAiChat, true) => "stop",
            (Family::OpenAiChat, false) => "tool_calls",
        }
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

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
