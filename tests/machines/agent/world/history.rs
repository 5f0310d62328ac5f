//! What a provider accepts, checked without the crate's own reading of a history.

use std::collections::BTreeSet;

use serde_json::Value;
use wiretape_core::Dialect;

/// The first thing in a request's messages that a provider refuses.
pub(crate) fn flaw(dialect: Dialect, body: &str) -> Result<(), String> {
    let body: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let messages = body["messages"].as_array().ok_or("no messages")?;
    if let Some(first) = messages.first() {
        if first["role"] != "user" {
            return Err("the first message is not the user's".into());
        }
    }
    let mut ids = BTreeSet::new();
    let mut open: Vec<String> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let read = match dialect {
            Dialect::Anthropic => anthropic(message, &mut open),
            _ => chat(message, &mut open),
        };
        let calls = read.map_err(|why| format!("message {at}: {why}"))?;
        for id in calls {
            if id.is_empty() || !ids.insert(id.clone()) {
                return Err(format!("message {at}: the call id {id:?} is not its own"));
            }
            open.push(id);
        }
    }
    if !open.is_empty() {
        return Err(format!("calls without results: {open:?}"));
    }
    Ok(())
}

fn blank(value: &Value) -> bool {
    value.as_str().is_none_or(|text| text.trim().is_empty())
}

/// One message: takes the results from `open`, in order, and gives the calls.
fn anthropic(message: &Value, open: &mut Vec<String>) -> Result<Vec<String>, String> {
    let mut calls = Vec::new();
    let blocks: Vec<Value> = match &message["content"] {
        Value::String(text) if !text.trim().is_empty() => Vec::new(),
        Value::Array(blocks) if !blocks.is_empty() => blocks.clone(),
        other => return Err(format!("empty content: {other}")),
    };
    let user = message["role"] == "user";
    for block in &blocks {
        match block["type"].as_str().unwrap_or_default() {
            "text" if blank(&block["text"]) => return Err("a blank text".into()),
            "thinking" if block["signature"].as_str().is_none() => {
                return Err("a thought without a signature".into());
            }
            "tool_use" if user => return Err("a call by the user".into()),
            "tool_use" => {
                if !block["input"].is_object() {
                    return Err(format!("an input that is no object: {block}"));
                }
                if blank(&block["name"]) {
                    return Err("a call without a name".into());
                }
                calls.push(block["id"].as_str().unwrap_or_default().into());
            }
            "tool_result" => {
                let id = block["tool_use_id"].as_str().unwrap_or_default();
                if !user || open.first().is_none_or(|first| first != id) {
                    return Err(format!("a result for {id:?}, expected one of {open:?}"));
                }
                open.remove(0);
                if block["content"]
                    .as_str()
                    .is_some_and(|text| text.trim().is_empty())
                {
                    return Err("a blank result".into());
                }
            }
            "" => return Err("a block without a type".into()),
            _ => {}
        }
    }
    if !open.is_empty() {
        return Err(format!("no results for {open:?} in the next message"));
    }
    Ok(calls)
}

fn chat(message: &Value, open: &mut Vec<String>) -> Result<Vec<String>, String> {
    let mut calls = Vec::new();
    let role = message["role"].as_str().unwrap_or_default();
    if role == "tool" {
        let id = message["tool_call_id"].as_str().unwrap_or_default();
        if open.first().is_none_or(|first| first != id) {
            return Err(format!("a result for {id:?}, expected one of {open:?}"));
        }
        open.remove(0);
        if !message["content"].is_string() {
            return Err("a result without content".into());
        }
        return Ok(calls);
    }
    if !open.is_empty() {
        return Err(format!("no results for {open:?} before the next message"));
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        if call["type"] == "function" {
            let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
            let parsed: Result<Value, _> = serde_json::from_str(arguments);
            // A number that has no value is JSON all the same.
            if parsed.is_err_and(|error| !error.to_string().contains("out of range")) {
                return Err(format!("arguments that are no JSON: {arguments}"));
            }
            if blank(&call["function"]["name"]) {
                return Err("a call without a name".into());
            }
        }
        calls.push(call["id"].as_str().unwrap_or_default().into());
    }
    let said = match &message["content"] {
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(parts) => !parts.is_empty(),
        _ => false,
    };
    if !said && calls.is_empty() {
        return Err("empty content".into());
    }
    Ok(calls)
}
