//! The context budget: what is cut, what must never be, and what a provider would have refused.

// How far the counters are off.
mod counters;
// What is left of a long result.
mod cuts;
// The ten rules that pruning must keep, each with the refusal that it prevents.
mod invariants;
// Law 11, over random histories of both dialects.
mod law;
// What a history is made of, and what is kept of it byte for byte.
mod conversation;
// The planner over a growing history: counted once, cut once, corrected by the provider's count.
mod planner;
// The plan by itself, from numbers.
mod plan;
// Random histories.
mod strategy;

use wiretape_core::Dialect;
use wiretape_core::budget::TokenCounter;
use wiretape_core::conversation::Conversation;

/// A token a byte: every number can be checked by hand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bytes;

impl TokenCounter for Bytes {
    fn count(&mut self, text: &str) -> u64 {
        text.len() as u64
    }
}

/// A history of these messages, each as JSON.
pub(crate) fn history(dialect: Dialect, messages: &[String]) -> Conversation {
    let mut history = Conversation::new(dialect);
    for message in messages {
        history.push(message).unwrap();
    }
    history
}

/// The user says it.
pub(crate) fn user(text: &str) -> String {
    serde_json::json!({"role": "user", "content": text}).to_string()
}

/// The model says it.
pub(crate) fn assistant(text: &str) -> String {
    serde_json::json!({"role": "assistant", "content": text}).to_string()
}

/// The model calls a tool for each id.
pub(crate) fn calls(dialect: Dialect, ids: &[&str]) -> String {
    let message = match dialect {
        Dialect::Anthropic => {
            serde_json::json!({"role": "assistant", "content": ids.iter().map(|id|
            serde_json::json!({"type": "tool_use", "id": id, "name": "read", "input": {"path": id}})
        ).collect::<Vec<_>>()})
        }
        _ => {
            serde_json::json!({"role": "assistant", "content": null, "tool_calls": ids.iter().map(|id|
            serde_json::json!({"id": id, "type": "function",
                "function": {"name": "read", "arguments": format!("{{\"path\":\"{id}\"}}")}})
        ).collect::<Vec<_>>()})
        }
    };
    message.to_string()
}

/// The results of these calls: one message, or one each.
pub(crate) fn results(dialect: Dialect, results: &[(&str, &str)]) -> Vec<String> {
    match dialect {
        Dialect::Anthropic => {
            let blocks = results.iter().map(|(id, text)| {
                serde_json::json!({"type": "tool_result", "tool_use_id": id, "content": text})
            });
            let blocks: Vec<_> = blocks.collect();
            vec![serde_json::json!({"role": "user", "content": blocks}).to_string()]
        }
        _ => {
            let each = results.iter().map(|(id, text)| {
                serde_json::json!({"role": "tool", "tool_call_id": id, "content": text}).to_string()
            });
            each.collect()
        }
    }
}
