//! A history in the shape of its dialect: each message as JSON text, byte for byte as it was stored.
//!
//! A provider's cache holds as long as the bytes before a point stay the same, so nothing here is
//! written anew: key order, white space, large numbers and escapes are kept. What a message means is
//! read beside it, once, when it comes in.

mod anthropic;
mod bedrock;
mod cohere;
mod error;
mod flaws;
pub(crate) mod form;
mod gemini;
mod head;
mod join;
mod message;
mod ollama;
mod open;
mod openai_chat;
mod openai_responses;
mod repair;
mod sniff;
mod write;

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::json::Raw;
use crate::{Dialect, ErrorKind};

pub use error::ConversationError;
pub use flaws::{Flaw, FlawKind, Words};
use form::{Form, Layout};
pub(crate) use join::joined;
use message::place;
pub use message::{Media, Message, Part, PartKind, Role};
use open::Open;
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
    /// The model, where the body does not name it but the path.
    model: Option<String>,
    /// The one message came as its text alone, without a list around it.
    bare: bool,
    /// The calls that results without ids may answer.
    open: Open,
}

impl Conversation {
    /// An empty one, with what every request of the dialect has.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let mut conversation = Self::bodiless(dialect);
        for (name, value) in conversation.form().members() {
            let member = ((*name).into(), (*value).into());
            conversation.head.push(member);
        }
        conversation.messages_at = conversation.head.len();
        conversation
    }

    fn bodiless(dialect: Dialect) -> Self {
        Self {
            dialect,
            head: Vec::new(),
            messages_at: 0,
            messages: Vec::new(),
            model: None,
            bare: false,
            open: Open::default(),
        }
    }

    pub(crate) fn form(&self) -> &'static dyn Form {
        form::of(self.dialect)
    }

    /// Reads a whole request body.
    ///
    /// # Errors
    /// Where it is not a JSON object whose messages (`messages`, `input`, `contents`) are an array of
    /// messages; where a part of the history is on the server (`previous_response_id`).
    pub fn parse(dialect: Dialect, request: &str) -> Result<Self, ConversationError> {
        let raw = parse_json(request)?;
        if !raw.is_object() {
            let expected = "a request, which is a JSON object";
            return Err(ConversationError::new(request, 0, expected));
        }
        let mut conversation = Self::bodiless(dialect);
        let form = conversation.form();
        for name in form.elsewhere() {
            if let Some(at) = raw.field(name).filter(|value| !value.is_null()) {
                let at = place(request, at).start;
                return Err(ConversationError::new(request, at, ELSEWHERE));
            }
        }
        if form
            .members()
            .iter()
            .any(|(name, _)| raw.field(name).is_none())
        {
            return Err(ConversationError::new(request, request.len(), ANTHROPICS));
        }
        let mut messages = None;
        for (name, value) in raw.members() {
            if name.is(form.messages()) {
                messages = Some(value);
                conversation.messages_at = conversation.head.len();
            } else {
                let member = (name.raw().into(), value.text().into());
                conversation.head.push(member);
            }
        }
        let expected = form.expects();
        let Some(messages) = messages else {
            return Err(ConversationError::new(request, request.len(), expected));
        };
        if let (Layout::Items, Some(text)) = (form.layout(), messages.as_str()) {
            conversation.push(&[BARE, "\"", text.raw(), "\"}"].concat())?;
            conversation.bare = true;
            return Ok(conversation);
        }
        if !messages.is_array() {
            let at = place(request, messages).start;
            return Err(ConversationError::new(request, at, expected));
        }
        conversation.read_messages(request, messages)?;
        Ok(conversation)
    }

    fn read_messages(&mut self, request: &str, messages: Raw<'_>) -> Result<(), ConversationError> {
        for (number, message) in messages.elements().enumerate() {
            let read = if message.is_object() {
                Message::of(self.dialect, message)
            } else {
                let expected = "a message, which is a JSON object";
                Err(ConversationError::new(message.text(), 0, expected))
            };
            let read = read.map_err(|error| ConversationError {
                at: place(request, message).start + error.at,
                message: Some(number),
                ..error
            });
            self.append(read?);
        }
        Ok(())
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
        self.append(message);
        Ok(())
    }

    fn append(&mut self, mut message: Message) {
        if self.form().pairs_by_name() {
            message.link(&mut self.open);
        }
        self.messages.push(message);
    }

    /// The same request with other messages.
    fn with_messages(&self, messages: Vec<Message>) -> Self {
        let mut other = Self {
            messages: Vec::with_capacity(messages.len()),
            open: Open::default(),
            ..self.clone()
        };
        for message in messages {
            other.append(message);
        }
        other
    }

    /// Adds what the user says.
    pub fn push_user(&mut self, text: &str) {
        let message = self.form().user(text);
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
    /// answers it; any other message by itself. Where calls are items, all items of a reply with
    /// what answers its calls.
    #[must_use]
    pub fn groups(&self) -> Vec<Range<usize>> {
        if self.form().layout() == Layout::Items {
            return self.groups_of_items();
        }
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

    fn groups_of_items(&self) -> Vec<Range<usize>> {
        let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, message) in self.messages.iter().enumerate() {
            answers.extend(message.results().map(|result| (result.id.as_str(), at)));
        }
        let mut groups: Vec<Range<usize>> = Vec::new();
        // The group ends behind this one at the earliest.
        let mut last = 0;
        let mut before = Role::User;
        for (at, message) in self.messages.iter().enumerate() {
            let goes_on = before == Role::Assistant && message.role() == Role::Assistant;
            match groups.last_mut().filter(|_| goes_on || at <= last) {
                Some(group) => group.end = at + 1,
                None => groups.push(at..at + 1),
            }
            let answered = message.calls().filter_map(|call| answers.get(&*call.id));
            last = answered.copied().fold(last, usize::max);
            before = message.role();
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
                body.extend(["\"", self.form().messages(), "\":"]);
                self.write_messages(messages.clone(), &mut body);
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

    fn write_messages<'a>(
        &self,
        messages: impl Iterator<Item = &'a str> + Clone,
        body: &mut String,
    ) {
        let mut all = messages.clone();
        if let (true, Some(only), None) = (self.bare, all.next(), all.next()) {
            let text = only
                .strip_prefix(BARE)
                .and_then(|text| text.strip_suffix('}'));
            if let Some(text) = text.filter(|text| text.starts_with('"')) {
                body.push_str(text);
                return;
            }
        }
        body.push('[');
        let mut first = true;
        for message in messages {
            if !first {
                body.push(',');
            }
            first = false;
            body.push_str(message);
        }
        body.push(']');
    }
}

/// What is expected where a request says that part of its history is on the server.
const ELSEWHERE: &str = "a request with its whole history, of which a part is on the server here";

/// What is expected of a request to a model on Bedrock.
const ANTHROPICS: &str = "a member `anthropic_version`: of the models on Bedrock, by their own \
                          requests, only Anthropic's are read";

/// How a message begins that came as its text alone.
const BARE: &str = r#"{"role":"user","content":"#;

fn comma(body: &mut String) {
    if body.len() > 1 {
        body.push(',');
    }
}

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
