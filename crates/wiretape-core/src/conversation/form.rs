//! What differs between the histories of the dialects, and nothing else: a file each.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::flaws::Wrong;
use super::message::{Part, Role};
use super::write::{Extent, Object, array};
use super::{Conversation, Message, ToolResult, WrittenCall};
use super::{anthropic, bedrock, cohere, gemini, ollama, openai_chat, openai_responses};
use crate::Dialect;
use crate::json::Raw;
use crate::turn::Choice;

/// Where results stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In the user's next message, a block each.
    Turns,
    /// Behind the message with the calls, a message each.
    Messages,
    /// Calls and results are items of their own; a result stands anywhere behind its call.
    Items,
}

/// Why a message cannot be read: what was expected, and where, if it is not the whole.
pub(crate) struct Misread<'a>(pub(super) &'static str, pub(super) Option<Raw<'a>>);

/// How a dialect writes histories and requests.
pub(crate) trait Form: Sync {
    /// The member of a request that has the messages.
    fn messages(&self) -> &'static str {
        "messages"
    }

    /// The member of a message that has its blocks.
    fn content(&self) -> &'static str {
        "content"
    }

    /// What is expected where the messages are missing.
    fn expects(&self) -> &'static str {
        "a member `messages` that is an array"
    }

    /// Members that every request has, with the value that a new one begins with.
    fn members(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Members that say that a part of the history is on the server.
    fn elsewhere(&self) -> &'static [&'static str] {
        &[]
    }

    /// Who speaks in a message.
    fn role<'a>(&self, message: Raw<'a>) -> Result<Role, Misread<'a>> {
        named_role(message)
    }

    /// What a message consists of.
    fn parts(&self, message: Raw<'_>, role: Role) -> Vec<Part>;

    /// Where results stand.
    fn layout(&self) -> Layout;

    /// Calls and results may go without ids: then they pair by name and order.
    fn pairs_by_name(&self) -> bool {
        false
    }

    /// The provider takes messages of one role that follow each other for one.
    fn joins_turns(&self) -> bool {
        false
    }

    /// The provider refuses the second message behind the first.
    fn clashes(&self, _first: &Message, _second: &Message) -> bool {
        false
    }

    /// The first message can be joined with another of its role.
    fn can_join(&self, _first: &Message) -> bool {
        true
    }

    /// The provider can read the message in this request.
    fn knows(&self, _request: &Conversation, _message: &Message) -> bool {
        true
    }

    /// Texts that say nothing are refused.
    fn refuses_blank(&self) -> bool {
        false
    }

    /// Results come before all else in the user's message.
    fn results_first(&self) -> bool {
        false
    }

    /// Every call of a history has an id of its own.
    fn unique_ids(&self) -> bool {
        false
    }

    /// Thoughts are sent back signed or not at all.
    fn signs_thoughts(&self) -> bool {
        false
    }

    /// The last message must not be the model's.
    fn ends_with_user(&self) -> bool {
        false
    }

    /// The provider's own words for what is wrong, where they are known.
    fn words(&self, wrong: &Wrong<'_>) -> Option<String>;

    /// A text of the user as a message.
    fn user(&self, text: &str) -> String {
        let mut message = Object::new();
        message.string("role", "user").string("content", text);
        message.end()
    }

    /// A JSON string as a block of text.
    fn text_block(&self, string: &str, _role: Role) -> String {
        [r#"{"type":"text","text":"#, string, "}"].concat()
    }

    /// The messages of a reply; none where nothing is left that may be sent.
    fn reply(&self, choice: &Choice, extent: Extent, calls: &[WrittenCall]) -> Vec<String>;

    /// A result: a block of a message, or a message, by the layout. `call` is the JSON of what it
    /// answers.
    fn result(&self, result: &ToolResult, call: Option<&str>) -> String;

    /// A message of the user with these blocks.
    fn turn(&self, blocks: &[String]) -> String {
        let mut message = Object::new();
        message.string("role", "user");
        message.json(self.content(), &array(blocks));
        message.end()
    }

    /// Members of a request with text for the model: the system prompt.
    fn system(&self) -> &'static [&'static str] {
        &["system"]
    }

    /// Members of a request that cost what their JSON costs.
    fn head_json(&self) -> &'static [&'static str] {
        &["tools", "functions", "response_format"]
    }

    /// What the provider adds where there are tools, in tokens.
    fn tools_tokens(&self) -> u64 {
        0
    }

    /// Where a request says how long the reply may be: the first that is there counts, the last is
    /// written.
    fn room(&self) -> &'static [&'static [&'static str]] {
        &[&["max_completion_tokens"], &["max_tokens"]]
    }

    /// Tokens read from a cache and written to it are counted beside the input, not within it.
    fn counts_cache_beside(&self) -> bool {
        false
    }

    /// Members that ask for a stream, if they are not there.
    fn stream(&self) -> &'static [(&'static str, &'static str)] {
        &[("stream", "true")]
    }

    /// The model is named in the path, and not in the body.
    fn model_in_path(&self) -> bool {
        false
    }

    /// The path of a request for a stream, behind the server's base URL.
    fn path(&self, model: &str) -> Cow<'static, str>;

    /// What the path of a request for a reply ends with, its query apart.
    fn asks(&self) -> &'static [&'static str];

    /// Media type of the stream.
    fn accept(&self) -> &'static str {
        "text/event-stream"
    }

    /// Headers that the provider wants besides.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}

/// The form of a dialect. One that is not read here has that of Chat Completions, and no message of
/// it can be made: [`Message::parse`].
pub(crate) fn of(dialect: Dialect) -> &'static dyn Form {
    match dialect {
        Dialect::Anthropic => &anthropic::Messages,
        Dialect::BedrockInvoke => &bedrock::Invoke,
        Dialect::BedrockConverse => &bedrock::Converse,
        Dialect::Gemini => &gemini::Contents,
        Dialect::OpenAiResponses => &openai_responses::Items,
        Dialect::Ollama => &ollama::Chat,
        Dialect::Cohere => &cohere::Chat,
        Dialect::OpenAiChat | Dialect::OpenAiCompletions => &openai_chat::Completions,
    }
}

/// The role that a message names.
pub(super) fn named_role(message: Raw<'_>) -> Result<Role, Misread<'_>> {
    let role = message.field("role");
    let Some(name) = role.and_then(Raw::as_str) else {
        return Err(Misread("a message with a role", role));
    };
    Ok(match &*name.decode() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        _ => Role::Other,
    })
}

/// A string, decoded; empty where it is none.
pub(super) fn said(raw: Option<Raw<'_>>) -> String {
    let text = raw.and_then(Raw::as_str).map(|text| text.decode());
    text.map(Cow::into_owned).unwrap_or_default()
}

/// What stands for the id of a call that has none.
pub(super) fn nameless(name: &str, number: usize) -> String {
    match number {
        0 | 1 => format!("function {name}"),
        number => format!("function {name} {number}"),
    }
}

/// The id as the provider sent it; `None` for what stands for one: see [`nameless`], and the ids that
/// readers make of a reply's id and a call's place.
pub(super) fn sent_id(id: &str) -> Option<&str> {
    let made = id.strip_prefix("call_").and_then(|rest| {
        let (place, digest) = rest.split_once('_')?;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let made = place.bytes().all(|b| b.is_ascii_digit()) && digest.len() == 16;
        (made && digest.bytes().all(hex)).then_some(())
    });
    (made.is_none() && !id.is_empty() && !id.starts_with("function ")).then_some(id)
}

/// A model's name as one segment of a path.
pub(super) fn segment(model: &str) -> String {
    let mut out = String::with_capacity(model.len());
    for byte in model.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
