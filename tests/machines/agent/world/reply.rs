//! Replies as their dialects stream them, written by hand.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a value is written where it is used"
)]

use serde_json::{Value, json};
use wiretape_core::Dialect;

/// A reply as the dialect streams it.
pub(crate) struct Reply {
    dialect: Dialect,
    id: String,
    events: Vec<Value>,
    blocks: u64,
    calls: u64,
}

impl Reply {
    pub(crate) fn new(dialect: Dialect, id: &str) -> Self {
        let message = json!({"id": id, "model": "m", "usage": {"input_tokens": 10}});
        let start = json!({"type": "message_start", "message": message});
        Self {
            dialect,
            id: id.into(),
            events: match dialect {
                Dialect::Anthropic => vec![start],
                _ => Vec::new(),
            },
            blocks: 0,
            calls: 0,
        }
    }

    fn delta(&mut self, delta: Value, finish: Value) {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        self.events
            .push(json!({"id": self.id, "choices": [choice]}));
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        let delta = json!({"type": "text_delta", "text": text});
        match self.dialect {
            Dialect::Anthropic => self.block(json!({"type": "text", "text": ""}), &[delta]),
            _ => self.delta(json!({"content": text}), Value::Null),
        }
        self
    }

    pub(crate) fn call(mut self, id: &str, name: &str, arguments: &str) -> Self {
        match self.dialect {
            Dialect::Anthropic => {
                let start = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                let delta = json!({"type": "input_json_delta", "partial_json": arguments});
                self.block(start, &[delta]);
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

    pub(crate) fn block(&mut self, start: Value, deltas: &[Value]) {
        let index = self.blocks;
        self.blocks += 1;
        let start = json!({"type": "content_block_start", "index": index, "content_block": start});
        self.events.push(start);
        for delta in deltas {
            let delta = json!({"type": "content_block_delta", "index": index, "delta": delta});
            self.events.push(delta);
        }
        self.events
            .push(json!({"type": "content_block_stop", "index": index}));
    }

    /// What has come so far, without an end.
    pub(crate) fn cut(self) -> String {
        self.events
            .iter()
            .map(|event| said(self.dialect, event))
            .collect()
    }

    /// With the usual reason for stopping.
    pub(crate) fn end(self) -> String {
        let reason = match (self.dialect, self.calls) {
            (Dialect::Anthropic, 0) => "end_turn",
            (Dialect::Anthropic, _) => "tool_use",
            (_, 0) => "stop",
            _ => "tool_calls",
        };
        self.stop(reason)
    }

    pub(crate) fn stop(mut self, reason: &str) -> String {
        let mut tail = String::new();
        match self.dialect {
            Dialect::Anthropic => {
                let delta = json!({"stop_reason": reason});
                let usage = json!({"output_tokens": 5});
                let delta = json!({"type": "message_delta", "delta": delta, "usage": usage});
                self.events.push(delta);
                self.events.push(json!({"type": "message_stop"}));
            }
            _ => {
                self.delta(json!({}), json!(reason));
                let usage = json!({"prompt_tokens": 10, "completion_tokens": 5});
                self.events
                    .push(json!({"id": self.id, "choices": [], "usage": usage}));
                tail += "data: [DONE]\n\n";
            }
        }
        self.cut() + &tail
    }
}

fn said(dialect: Dialect, event: &Value) -> String {
    match dialect {
        Dialect::Anthropic => {
            let name = event["type"].as_str().unwrap();
            format!("event: {name}\ndata: {event}\n\n")
        }
        _ => format!("data: {event}\n\n"),
    }
}
