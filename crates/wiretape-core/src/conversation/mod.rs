//! A history in the shape of its dialect: each message as JSON text, byte for byte as it was stored.
//!
//! A provider's cache holds as long as the bytes before a point stay the same, so nothing here is
//! written anew: key order, white space, large numbers and escapes are kept. What a message means is
//! read beside it, once, when it comes in.

mod anthropic;
mod error;
mod flaws;
mod join;
mod message;
mod openai_chat;
mod repair;
mod write;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::json::Raw;
use crate::{Dialect, ErrorKind};

pub use error::ConversationError;
pub use flaws::{Flaw, FlawKind};
pub(crate) use join::joined;
use message::place;
pub use message::{Media, Message, Part, PartKind, Role};
pub use repair::{MISSING_RESULT, MISSING_START, Repair};
pub(crate) use write::is_pause;
pub use write::{ToolResult, WrittenCall};

/// A request's members and its messages.
///
/// ```
/// use wiretape_core::Dialect;
/// use wiretape_core::conversation::Conversation;
///
/// let request = r#"{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}"#;
/// let mut conversation = Conversation::parse(Dialect::Anthropic, request)?;
/// assert_eq!(conversation.body(), request);
/// conversation.push(r#"{"role":"assistant","content":"hello"}"#)?;
/// assert_eq!(conversation.messages().len(), 2);
/// # Ok::<(), wiretape_core::conversation::ConversationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    dialect: Dialect,
    /// What of the request is not a message, in its order: name as it was written, value.
    head: Vec<(String, String)>,
    /// Before which member of the head the messages stand.
    messages_at: usize,
    messages: Vec<Message>,
}

impl Conversation {
    /// An empty one.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            head: Vec::new(),
            messages_at: 0,
            messages: Vec::new(),
        }
    }

    /// The dialect of a request body, from what only one of them has; `None` where nothing tells.
    #[must_use]
    pub fn sniff(request: &str) -> Option<Dialect> {
        let body = Raw::parse(request).ok()?;
        let [messages, system, model, tools] =
            body.fields(["messages", "system", "model", "tools"]);
        let is = |raw: Option<Raw<'_>>, names: &[&str]| {
            let said = raw.and_then(Raw::as_str);
            said.is_some_and(|said| names.iter().any(|name| said.is(name)))
        };
        for message in messages?.elements().take(SNIFFED_MAX) {
            let [role, content, calls] = message.fields(["role", "content", "tool_calls"]);
            if is(role, &["system", "developer", "tool", "function"]) || calls.is_some() {
                return Some(Dialect::OpenAiChat);
            }
            for block in content
                .into_iter()
                .flat_map(Raw::elements)
                .take(SNIFFED_MAX)
            {
                let kind = block.field("type");
                if is(
                    kind,
                    &["tool_use", "tool_result", "thinking", "image", "document"],
                ) {
                    return Some(Dialect::Anthropic);
                }
                if is(kind, &["image_url", "input_audio", "file"]) {
                    return Some(Dialect::OpenAiChat);
                }
            }
        }
        if system.is_some() {
            return Some(Dialect::Anthropic);
        }
        for tool in tools.into_iter().flat_map(Raw::elements).take(SNIFFED_MAX) {
            let [schema, function] = tool.fields(["input_schema", "function"]);
            if schema.is_some() {
                return Some(Dialect::Anthropic);
            }
            if function.is_some() {
                return Some(Dialect::OpenAiChat);
            }
        }
        let model = model.and_then(Raw::as_str)?.decode();
        let named = |name: &str| model.contains(name);
        if named("claude") {
            return Some(Dialect::Anthropic);
        }
        named("gpt").then_some(Dialect::OpenAiChat)
    }

    /// Reads a whole request body.
    ///
    /// # Errors
    /// Where it is not a JSON object whose `messages` are an array of objects with a role.
    pub fn parse(dialect: Dialect, request: &str) -> Result<Self, ConversationError> {
        let raw = parse_json(request)?;
        if !raw.is_object() {
            let expected = "a request, which is a JSON object";
            return Err(ConversationError::new(request, 0, expected));
        }
        let mut conversation = Self::new(dialect);
        let mut messages = None;
        for (name, value) in raw.members() {
            if name.is("messages") {
                messages = Some(value);
                conversation.messages_at = conversation.head.len();
            } else {
                let member = (name.raw().into(), value.text().into());
                conversation.head.push(member);
            }
        }
        let expected = "a member `messages` that is an array";
        let Some(messages) = messages else {
            return Err(ConversationError::new(request, request.len(), expected));
        };
        if !messages.is_array() {
            let at = place(request, messages).start;
            return Err(ConversationError::new(request, at, expected));
        }
        for (number, message) in messages.elements().enumerate() {
            let read = if message.is_object() {
                Message::of(dialect, message)
            } else {
                let expected = "a message, which is a JSON object";
                Err(ConversationError::new(message.text(), 0, expected))
            };
            let read = read.map_err(|error| ConversationError {
                at: place(request, message).start + error.at,
                message: Some(number),
                ..error
            });
            conversation.messages.push(read?);
        }
        Ok(conversation)
    }

    /// Sets a member of the request other than its messages: `model`, `max_tokens`, `tools`. One
    /// that is there keeps its place.
    ///
    /// # Errors
    /// Where `json` is not one JSON value, or the member is `messages`.
    pub fn set(&mut self, member: &str, json: &str) -> Result<(), ConversationError> {
        if member == "messages" {
            let expected = "a member other than `messages`, which are pushed";
            return Err(ConversationError::new(member, 0, expected));
        }
        let value: String = parse_json(json)?.text().into();
        let named = |name: &str| {
            let mut quoted = String::new();
            quote(name, &mut quoted);
            quoted
        };
        let quoted = named(member);
        let name = quoted.get(1..quoted.len() - 1).unwrap_or_default();
        match self.head.iter_mut().rev().find(|(key, _)| key == name) {
            Some((_, slot)) => *slot = value,
            None => {
                if self.messages_at == self.head.len() {
                    self.messages_at += 1;
                }
                self.head.push((name.into(), value));
            }
        }
        Ok(())
    }

    /// A member of the request other than its messages.
    #[must_use]
    pub fn head(&self, member: &str) -> Option<Raw<'_>> {
        let mut all = self.head.iter().rev();
        let (_, value) = all.find(|(key, _)| key == member)?;
        Raw::parse(value).ok()
    }

    /// How it is written.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The messages, in order.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Adds a message in the dialect's shape, as it stands.
    ///
    /// # Errors
    /// Where it is not a JSON object with a role.
    pub fn push(&mut self, message: &str) -> Result<(), ConversationError> {
        let message = Message::parse(self.dialect, message)?;
        self.messages.push(message);
        Ok(())
    }

    /// Adds what the user says.
    pub fn push_user(&mut self, text: &str) {
        let mut message = String::from(r#"{"role":"user","content":"#);
        quote(text, &mut message);
        message.push('}');
        // What is written here is a message in each dialect.
        let pushed = self.push(&message);
        debug_assert!(pushed.is_ok(), "a written message reads");
    }

    /// The request body, with every message.
    #[must_use]
    pub fn body(&self) -> String {
        self.write(&self.messages.iter().map(Message::text))
    }

    /// The request body, with these messages instead of its own.
    #[must_use]
    pub fn body_of(&self, messages: &[Cow<'_, str>]) -> String {
        self.write(&messages.iter().map(AsRef::as_ref))
    }

    /// The messages that leave or stay together: an assistant's message with calls and all that
    /// answers it; any other message by itself.
    #[must_use]
    pub fn groups(&self) -> Vec<Range<usize>> {
        let mut groups: Vec<Range<usize>> = Vec::new();
        let mut called = false;
        for (at, message) in self.messages.iter().enumerate() {
            let answers = called && message.results().next().is_some();
            match groups.last_mut().filter(|_| answers) {
                Some(group) => group.end = at + 1,
                None => groups.push(at..at + 1),
            }
            called = answers || message.calls().next().is_some();
        }
        groups
    }

    /// The request body, with these messages.
    pub(crate) fn write<'a>(
        &'a self,
        messages: &(impl Iterator<Item = &'a str> + Clone),
    ) -> String {
        let head = self.head.iter();
        let head: usize = head.map(|(key, value)| key.len() + value.len() + 4).sum();
        let bytes: usize = messages.clone().map(|message| message.len() + 1).sum();
        let mut body = String::with_capacity(head + bytes + 16);
        body.push('{');
        for at in 0..=self.head.len() {
            if at == self.messages_at {
                comma(&mut body);
                body.push_str(r#""messages":["#);
                let mut first = true;
                for message in messages.clone() {
                    if !first {
                        body.push(',');
                    }
                    first = false;
                    body.push_str(message);
                }
                body.push(']');
            }
            if let Some((key, value)) = self.head.get(at) {
                comma(&mut body);
                body.push('"');
                body.push_str(key);
                body.push_str("\":");
                body.push_str(value);
            }
        }
        body.push('}');
        body
    }
}

fn comma(body: &mut String) {
    if body.len() > 1 {
        body.push(',');
    }
}

/// Messages, and blocks of one, that are looked at to tell the dialect.
const SNIFFED_MAX: usize = 256;

/// Checks that `text` is one JSON value.
fn parse_json(text: &str) -> Result<Raw<'_>, ConversationError> {
    Raw::parse(text).map_err(|kind| match kind {
        ErrorKind::NotJson { offset } => ConversationError::new(text, offset, "JSON"),
        _ => ConversationError::new(text, 0, "JSON that nests less deep"),
    })
}

/// Writes a JSON string.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                let hex = |n: u32| char::from_digit(n, 16).unwrap_or('0');
                out.push_str("\\u00");
                out.push(hex(u32::from(c) >> 4));
                out.push(hex(u32::from(c) & 15));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
