//! Which dialect a request body is of.

use super::Conversation;
use crate::Dialect;
use crate::json::Raw;

/// Messages, blocks of one and tools that are looked at.
const SNIFFED_MAX: usize = 256;

impl Conversation {
    /// The dialect of a request body, from what only one of them has; `None` where nothing tells.
    #[must_use]
    pub fn sniff(request: &str) -> Option<Dialect> {
        let body = Raw::parse(request).ok()?;
        let messages = body.field("messages");
        let found = of_members(body)
            .or_else(|| of_messages(messages?))
            .or_else(|| messages.and_then(|_| of_head(body)));
        let model = body.str_field("model").unwrap_or_default();
        match found {
            // What Chat Completions has, Cohere has as well.
            Some(Dialect::OpenAiChat) | None if model.starts_with("command-") => {
                messages.map(|_| Dialect::Cohere)
            }
            None if model.contains("claude") => messages.map(|_| Dialect::Anthropic),
            None if model.contains("gpt") => messages.map(|_| Dialect::OpenAiChat),
            found => found,
        }
    }
}

/// By a member that only one dialect has.
fn of_members(body: Raw<'_>) -> Option<Dialect> {
    let [contents, input, version] = body.fields(["contents", "input", "anthropic_version"]);
    let [inference, tools, schema] =
        body.fields(["inferenceConfig", "toolConfig", "schemaVersion"]);
    let is_list = |raw: Option<Raw<'_>>| raw.is_some_and(Raw::is_array);
    if is_list(contents) {
        return Some(Dialect::Gemini);
    }
    let is_text = |raw: Option<Raw<'_>>| raw.is_some_and(|raw| raw.as_str().is_some());
    if is_list(input) || is_text(input) {
        return Some(Dialect::OpenAiResponses);
    }
    if version.is_some() {
        return Some(Dialect::BedrockInvoke);
    }
    // A model of Amazon's on Bedrock takes the same, with its schema's version.
    (inference.or(tools).is_some() && schema.is_none()).then_some(Dialect::BedrockConverse)
}

fn of_messages(messages: Raw<'_>) -> Option<Dialect> {
    let mut found = None;
    for message in messages.elements().take(SNIFFED_MAX) {
        let [role, content, calls] = message.fields(["role", "content", "tool_calls"]);
        let [plan, tool, thinking, images] =
            message.fields(["tool_plan", "tool_name", "thinking", "images"]);
        if plan.is_some() {
            return Some(Dialect::Cohere);
        }
        if tool.or(thinking).or(images).is_some() {
            return Some(Dialect::Ollama);
        }
        for call in calls.into_iter().flat_map(Raw::elements).take(SNIFFED_MAX) {
            let function = call.field("function");
            let arguments = function.and_then(|function| function.field("arguments"));
            if arguments.is_some_and(Raw::is_object) {
                return Some(Dialect::Ollama);
            }
        }
        if is(role, &["system", "developer", "tool", "function"]) || calls.is_some() {
            found = found.or(Some(Dialect::OpenAiChat));
        }
        let blocks = content.into_iter().flat_map(Raw::elements);
        let mut blocks = blocks.take(SNIFFED_MAX).filter_map(of_block);
        if let Some(dialect) = blocks.next() {
            return Some(dialect);
        }
    }
    found
}

fn of_block(block: Raw<'_>) -> Option<Dialect> {
    let kind = block.field("type");
    let anthropic = ["tool_use", "tool_result", "redacted_thinking", "image"];
    if is(kind, &["image_url", "input_audio", "file"]) {
        return Some(Dialect::OpenAiChat);
    }
    if kind.is_some_and(|kind| kind.as_str().is_some()) {
        // Cohere's thoughts have no signature, and its documents no source.
        let found = is(kind, &anthropic)
            || is(kind, &["thinking"]) && block.field("signature").is_some()
            || is(kind, &["document"]) && block.field("source").is_some();
        return found.then_some(Dialect::Anthropic);
    }
    let names = [
        "text",
        "toolUse",
        "toolResult",
        "image",
        "document",
        "reasoningContent",
    ];
    let has = |name: &&str| block.field(name).is_some();
    names.iter().any(has).then_some(Dialect::BedrockConverse)
}

/// By what stands beside the messages.
fn of_head(body: Raw<'_>) -> Option<Dialect> {
    let has = |names: &[&str]| names.iter().any(|name| body.field(name).is_some());
    let system = body.field("system");
    let typed = |block: Raw<'_>| block.field("type").is_some();
    if let Some(system) = system {
        let bare = system.elements().next().is_some_and(|block| !typed(block));
        return Some(match bare {
            true => Dialect::BedrockConverse,
            false => Dialect::Anthropic,
        });
    }
    if has(&[
        "citation_options",
        "safety_mode",
        "strict_tools",
        "documents",
    ]) {
        return Some(Dialect::Cohere);
    }
    if has(&["keep_alive", "options", "think"]) {
        return Some(Dialect::Ollama);
    }
    let tools = body.field("tools");
    for tool in tools.into_iter().flat_map(Raw::elements).take(SNIFFED_MAX) {
        let [schema, function] = tool.fields(["input_schema", "function"]);
        if schema.is_some() {
            return Some(Dialect::Anthropic);
        }
        if function.is_some() {
            return Some(Dialect::OpenAiChat);
        }
    }
    None
}

fn is(raw: Option<Raw<'_>>, names: &[&str]) -> bool {
    let said = raw.and_then(Raw::as_str);
    said.is_some_and(|said| names.iter().any(|name| said.is(name)))
}
