//! What a history says and what a provider accepts of it, read without the crate's own views.

use std::collections::BTreeSet;

use serde_json::Value;
use wiretape_core::Dialect;

/// One message, or one item.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// `user`, `assistant`, `tool` or `system`, whatever the dialect calls them.
    pub(crate) role: String,
    pub(crate) texts: Vec<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) results: Vec<Answer>,
    /// Blocks of other kinds.
    pub(crate) others: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// Empty where the dialect sends none.
    pub(crate) id: String,
    pub(crate) name: String,
    /// As the provider takes them: an object, or the text that holds one.
    pub(crate) arguments: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) content: String,
    pub(crate) is_error: bool,
}

/// The messages of a request.
pub(crate) fn read(dialect: Dialect, body: &str) -> Vec<Said> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let messages = match dialect {
        Dialect::Gemini => &body["contents"],
        Dialect::OpenAiResponses => &body["input"],
        _ => &body["messages"],
    };
    let messages = messages.as_array().into_iter().flatten();
    messages
        .map(|message| message_of(dialect, message))
        .collect()
}

/// One message of the dialect.
pub(crate) fn message_of(dialect: Dialect, message: &Value) -> Said {
    let mut said = Said {
        role: text(&message["role"]).replace("model", "assistant"),
        ..Said::default()
    };
    match dialect {
        Dialect::OpenAiResponses => item(message, &mut said),
        Dialect::Gemini => list(&message["parts"], &mut said, gemini),
        Dialect::BedrockConverse => list(&message["content"], &mut said, converse),
        Dialect::Anthropic | Dialect::BedrockInvoke => {
            list(&message["content"], &mut said, anthropic);
        }
        _ => chat(message, &mut said),
    }
    said
}

fn list(content: &Value, said: &mut Said, one: fn(&Value, &mut Said)) {
    match content {
        Value::String(text) => said.texts.push(text.clone()),
        Value::Array(blocks) => blocks.iter().for_each(|block| one(block, said)),
        _ => {}
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn call(id: &Value, name: &Value, arguments: &Value) -> Call {
    Call {
        id: text(id),
        name: text(name),
        arguments: arguments.clone(),
    }
}

fn anthropic(block: &Value, said: &mut Said) {
    match block["type"].as_str().unwrap_or_default() {
        "text" => said.texts.push(text(&block["text"])),
        "tool_use" => {
            said.calls
                .push(call(&block["id"], &block["name"], &block["input"]));
        }
        "tool_result" => said.results.push(Answer {
            id: text(&block["tool_use_id"]),
            name: String::new(),
            content: text(&block["content"]),
            is_error: block["is_error"] == true,
        }),
        _ => said.others += 1,
    }
}

fn converse(block: &Value, said: &mut Said) {
    let (used, result) = (&block["toolUse"], &block["toolResult"]);
    if block["text"].is_string() {
        said.texts.push(text(&block["text"]));
    } else if used.is_object() {
        said.calls
            .push(call(&used["toolUseId"], &used["name"], &used["input"]));
    } else if result.is_object() {
        said.results.push(Answer {
            id: text(&result["toolUseId"]),
            name: String::new(),
            content: text(&result["content"][0]["text"]),
            is_error: result["status"] == "error",
        });
    } else {
        said.others += 1;
    }
}

fn gemini(part: &Value, said: &mut Said) {
    let (called, result) = (&part["functionCall"], &part["functionResponse"]);
    if called.is_object() {
        said.calls
            .push(call(&called["id"], &called["name"], &called["args"]));
    } else if result.is_object() {
        let error = result["response"]["error"].is_string();
        let key = if error { "error" } else { "output" };
        said.results.push(Answer {
            id: text(&result["id"]),
            name: text(&result["name"]),
            content: text(&result["response"][key]),
            is_error: error,
        });
    } else if part["text"].is_string() && part["thought"] != true {
        // One with a signature may be empty.
        if part["thoughtSignature"].is_string() {
            said.others += 1;
        }
        let blank = part["text"]
            .as_str()
            .is_some_and(|text| text.trim().is_empty());
        if !(blank && part["thoughtSignature"].is_string()) {
            said.texts.push(text(&part["text"]));
        }
    } else {
        said.others += 1;
    }
}

fn item(item: &Value, said: &mut Said) {
    let ty = item["type"].as_str().unwrap_or("message");
    match ty {
        "message" => list(&item["content"], said, |block, said| {
            let kind = block["type"].as_str().unwrap_or_default();
            let kind = if kind == "refusal" { "refusal" } else { "text" };
            match block[kind].as_str() {
                Some(text) => said.texts.push(text.to_owned()),
                None => said.others += 1,
            }
        }),
        "function_call" | "custom_tool_call" | "local_shell_call" | "computer_call"
        | "apply_patch_call" | "shell_call" => {
            said.role = "assistant".into();
            let arguments = match ty {
                "function_call" => item["arguments"].clone(),
                "custom_tool_call" => Value::Object(serde_json::Map::new()),
                _ => item["action"].clone(),
            };
            let name = if item["name"].is_string() {
                &item["name"]
            } else {
                &item["type"]
            };
            said.calls.push(call(&item["call_id"], name, &arguments));
        }
        _ if ty.ends_with("_call_output") => {
            said.role = "tool".into();
            let content = text(&item["output"]);
            said.results.push(Answer {
                id: text(&item["call_id"]),
                name: String::new(),
                is_error: content.starts_with("error: "),
                content,
            });
        }
        _ => {
            said.role = "assistant".into();
            said.others += 1;
        }
    }
}

fn chat(message: &Value, said: &mut Said) {
    if said.role == "tool" {
        let content = text(&message["content"]);
        said.results.push(Answer {
            id: text(&message["tool_call_id"]),
            name: text(&message["tool_name"]),
            is_error: content.starts_with("error: "),
            content,
        });
        return;
    }
    list(&message["content"], said, |block, said| {
        let text = block["text"].as_str().or_else(|| block["refusal"].as_str());
        match text {
            Some(text) => said.texts.push(text.to_owned()),
            None => said.others += 1,
        }
    });
    for called in message["tool_calls"].as_array().into_iter().flatten() {
        let of = match called["custom"].is_object() {
            true => &called["custom"],
            false => &called["function"],
        };
        let arguments = match called["custom"].is_object() {
            true => Value::Object(serde_json::Map::new()),
            false => of["arguments"].clone(),
        };
        said.calls
            .push(call(&called["id"], &of["name"], &arguments));
    }
}

/// Calls and results may be without ids.
fn nameless(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Gemini | Dialect::Ollama)
}

/// All results of a turn stand in one message.
fn in_one(dialect: Dialect) -> bool {
    matches!(
        dialect,
        Dialect::Anthropic | Dialect::BedrockInvoke | Dialect::BedrockConverse | Dialect::Gemini
    )
}

/// The first thing in a request's messages that a provider refuses.
pub(crate) fn flaw(dialect: Dialect, body: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let messages = read(dialect, body);
    if messages.first().is_some_and(|first| first.role != "user") {
        return Err("the first message is not the user's".into());
    }
    let mut ids = BTreeSet::new();
    let mut open: Vec<Call> = Vec::new();
    let mut before = String::new();
    for (at, message) in messages.iter().enumerate() {
        let read = one(dialect, message, &mut open, &before);
        read.map_err(|why| format!("message {at}: {why}"))?;
        for call in &message.calls {
            let own = nameless(dialect) && call.id.is_empty();
            if !own && (call.id.is_empty() || !ids.insert(call.id.clone())) {
                return Err(format!(
                    "message {at}: the call id {:?} is not its own",
                    call.id
                ));
            }
            open.push(call.clone());
        }
        before.clone_from(&message.role);
    }
    if !open.is_empty() {
        return Err(format!("calls without results: {open:?}"));
    }
    thoughts(dialect, &value)
}

/// One message: takes the results from `open`, in order.
fn one(dialect: Dialect, said: &Said, open: &mut Vec<Call>, before: &str) -> Result<(), String> {
    let items = dialect == Dialect::OpenAiResponses;
    if !said.results.is_empty() && said.role == "assistant" {
        return Err("a result by the model".into());
    }
    for result in &said.results {
        let fits = |call: &&Call| match result.id.is_empty() {
            true => nameless(dialect) && call.name == result.name,
            false => call.id == result.id,
        };
        if open.first().is_none_or(|first| !fits(&first)) {
            return Err(format!("{result:?}, expected one of {open:?}"));
        }
        open.remove(0);
        if dialect == Dialect::BedrockConverse && result.is_error && blank(&result.content) {
            return Err("an error without words".into());
        }
    }
    let calling = items && said.role == "assistant";
    if !open.is_empty() && (said.results.is_empty() || in_one(dialect)) && !calling {
        return Err(format!("no results for {open:?} before the next message"));
    }
    if said.texts.iter().any(|text| blank(text)) && dialect != Dialect::Ollama {
        return Err("a blank text".into());
    }
    for call in &said.calls {
        if said.role != "assistant" {
            return Err("a call by another than the model".into());
        }
        if blank(&call.name) {
            return Err("a call without a name".into());
        }
        let objects = matches!(
            dialect,
            Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::Cohere
        );
        let fits = match &call.arguments {
            Value::Object(_) => true,
            Value::String(text) if objects => is_json(text),
            _ => false,
        };
        if !fits {
            return Err(format!("arguments that are none: {}", call.arguments));
        }
    }
    let says = said.texts.iter().any(|text| !blank(text)) || said.others > 0;
    if !says && said.calls.is_empty() && said.results.is_empty() {
        return Err("empty content".into());
    }
    if dialect == Dialect::BedrockConverse && said.role == before && said.role == "assistant" {
        return Err("two messages of the model".into());
    }
    Ok(())
}

/// A thought is signed where it has to be, and the item behind it is there.
fn thoughts(dialect: Dialect, body: &Value) -> Result<(), String> {
    match dialect {
        Dialect::Anthropic | Dialect::BedrockInvoke => {
            let messages = body["messages"].as_array().into_iter().flatten();
            let blocks = messages.flat_map(|m| m["content"].as_array().into_iter().flatten());
            for block in blocks {
                if block["type"] == "thinking" && block["signature"].as_str().is_none() {
                    return Err("a thought without a signature".into());
                }
                if block["type"].is_null() {
                    return Err("a block without a type".into());
                }
            }
            Ok(())
        }
        Dialect::OpenAiResponses => {
            let items = body["input"].as_array().cloned().unwrap_or_default();
            for (at, item) in items.iter().enumerate() {
                let next = items.get(at + 1);
                let follows = next.is_some_and(|next| {
                    let ty = next["type"].as_str().unwrap_or("message");
                    !ty.ends_with("_output") && next["role"] != "user"
                });
                if item["type"] == "reasoning" && !follows {
                    return Err("a thought alone".into());
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// A number that has no value is JSON all the same.
fn is_json(text: &str) -> bool {
    let parsed: Result<Value, _> = serde_json::from_str(text);
    parsed.map_or_else(|error| error.to_string().contains("out of range"), |_| true)
}
