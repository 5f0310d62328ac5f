//! One message: its text as it was stored, and what the dialect says of it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::form::{self, Form, Layout, Misread};
use super::{ConversationError, open::Open};
use crate::Dialect;
use crate::json::Raw;

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Role {
    /// The operator: `system`, `developer`.
    System,
    /// The user; where results stand in the user's message, also whoever brings them.
    User,
    /// The model, also in an item that is a call or a thought.
    Assistant,
    /// A tool that brings its result: `tool`, the older `function`, an item with an output.
    Tool,
    /// A role this version does not know.
    Other,
}

impl Role {
    /// A name for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A message of a history. A clone shares the text.
#[derive(Clone)]
pub struct Message {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    text: String,
    role: Role,
    /// Where the value of `content` lies, or what the dialect calls it.
    content: Option<Range<usize>>,
    /// The id of an item, in dialects that have such.
    item: Option<String>,
    parts: Vec<Part>,
}

/// One part of a message: a content block, a call, a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Where its JSON lies in the message's text.
    pub place: Range<usize>,
    /// Where the strings lie that a reader of it reads, each a JSON string with its quotes.
    pub strings: Vec<Range<usize>>,
    /// JSON that the provider counts as text: a call's input, a result that is an object.
    pub json: Option<Range<usize>>,
    /// A call's id, or that of the call a result answers. Where calls have none, it is made of the
    /// name; empty for a result that answers nothing.
    pub id: String,
    /// The call's name, the name that a result says, or the type of an unknown part.
    pub name: String,
    /// Images and documents inside a result, which are never cut.
    pub media: Vec<Media>,
    /// A thought has the signature it must be sent back with.
    pub signed: bool,
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartKind {
    /// Text, or a refusal.
    Text,
    /// A thought, with the signature it must keep.
    Thinking,
    /// A call that the caller runs.
    Call,
    /// The result of such a call.
    Result,
    /// A call that the provider runs, and its result: they stay as they are.
    Server,
    /// An image, a document, a sound.
    Media(Media),
    /// A part of a type this version does not know (F-56).
    Other,
}

/// What is not text, and costs tokens by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Media {
    /// An image.
    Image,
    /// A document, such as a PDF.
    Document,
    /// Sound.
    Audio,
}

/// What is expected where a dialect's requests are not read.
const NO_VIEW: &str =
    "a message of a dialect whose requests are read, which openai-completions is not";

impl Message {
    /// Reads a message of the dialect.
    ///
    /// # Errors
    /// Where it is not a JSON object with a role.
    pub fn parse(dialect: Dialect, text: &str) -> Result<Self, ConversationError> {
        let raw = super::parse_json(text)?;
        if !raw.is_object() {
            let expected = "a message, which is a JSON object";
            return Err(ConversationError::new(text, 0, expected));
        }
        Self::of(dialect, raw)
    }

    /// The message that a checked value is.
    pub(super) fn of(dialect: Dialect, raw: Raw<'_>) -> Result<Self, ConversationError> {
        let text = raw.text();
        if !Dialect::CONVERSATIONS.contains(&dialect) {
            return Err(ConversationError::new(text, 0, NO_VIEW));
        }
        let form = form::of(dialect);
        let role = form.role(raw).map_err(|Misread(expected, at)| {
            let at = at.map_or(0, |at| place(text, at).start);
            ConversationError::new(text, at, expected)
        })?;
        let content = raw.field(form.content()).map(|raw| place(text, raw));
        let item = Some(raw).filter(|_| form.layout() == Layout::Items);
        let item = item.and_then(|item| item.str_field("id"));
        Ok(Self {
            inner: Arc::new(Inner {
                text: text.into(),
                role,
                content,
                item: item.map(Cow::into_owned).filter(|id| !id.is_empty()),
                parts: form.parts(raw, role),
            }),
        })
    }

    /// The message with another text that says the same in the same parts: a result of it is cut.
    pub(crate) fn with_text(&self, dialect: Dialect, text: &str) -> Option<Self> {
        let mut message = Self::parse(dialect, text).ok()?;
        let inner = Arc::make_mut(&mut message.inner);
        for (part, of) in inner.parts.iter_mut().zip(self.parts()) {
            part.id.clone_from(&of.id);
        }
        Some(message)
    }

    /// Gives calls and results that have no id the one that pairs them.
    pub(super) fn link(&mut self, open: &mut Open) {
        open.begin(self.role());
        let linked = |part: &&Part| matches!(part.kind, PartKind::Call | PartKind::Result);
        if !self.parts().iter().any(|part| linked(&part)) {
            return;
        }
        for part in &mut Arc::make_mut(&mut self.inner).parts {
            match part.kind {
                PartKind::Call => open.call(part),
                PartKind::Result => open.result(part),
                _ => {}
            }
        }
    }

    /// The message as it was stored, byte for byte.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Who speaks.
    #[must_use]
    pub fn role(&self) -> Role {
        self.inner.role
    }

    /// What it consists of, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.inner.parts
    }

    /// The calls that the caller has to run, in order.
    pub fn calls(&self) -> impl Iterator<Item = &Part> {
        self.of_kind(PartKind::Call)
    }

    /// The results of calls, in order.
    pub fn results(&self) -> impl Iterator<Item = &Part> {
        self.of_kind(PartKind::Result)
    }

    /// The id of the item that it is.
    pub(super) fn item(&self) -> Option<&str> {
        self.inner.item.as_deref()
    }

    /// It is a thought and nothing else.
    pub(super) fn is_thought(&self) -> bool {
        let mut parts = self.parts().iter();
        !self.parts().is_empty() && parts.all(|part| part.kind == PartKind::Thinking)
    }

    /// The value of `content`, as it was stored; empty where there is none.
    pub(super) fn content(&self) -> &str {
        let content = self.inner.content.clone();
        let content = content.and_then(|place| self.inner.text.get(place));
        content.unwrap_or_default()
    }

    /// Its text with another value of `content`.
    pub(super) fn with_content(&self, form: &dyn Form, content: &str) -> String {
        let text = self.text();
        let (before, after) = match &self.inner.content {
            Some(place) => (text.get(..place.start), text.get(place.end..)),
            None => {
                let rest = text.get(1..).unwrap_or("}");
                return ["{\"", form.content(), "\":", content, ",", rest].concat();
            }
        };
        [
            before.unwrap_or_default(),
            content,
            after.unwrap_or_default(),
        ]
        .concat()
    }

    /// The text of a part, as it was stored.
    pub(super) fn part_text(&self, part: &Part) -> &str {
        self.text().get(part.place.clone()).unwrap_or_default()
    }

    fn of_kind(&self, kind: PartKind) -> impl Iterator<Item = &Part> {
        self.inner
            .parts
            .iter()
            .filter(move |part| part.kind == kind)
    }

    /// The user says something in it; a message of results alone is not the user's word. Where one
    /// stands, a new turn begins: providers call it a new assistant loop.
    #[must_use]
    pub fn is_prompt(&self) -> bool {
        self.role() == Role::User
            && (self.inner.parts.is_empty()
                || self
                    .inner
                    .parts
                    .iter()
                    .any(|part| part.kind != PartKind::Result))
    }

    /// It is the same message: the same text.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner) || self.inner.text == other.inner.text
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for Message {}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Message").field(&self.inner.text).finish()
    }
}

impl Part {
    pub(super) fn new(kind: PartKind, whole: &str, raw: Raw<'_>) -> Self {
        Self {
            kind,
            place: place(whole, raw),
            strings: Vec::new(),
            json: None,
            id: String::new(),
            name: String::new(),
            media: Vec::new(),
            signed: false,
        }
    }

    /// Adds a string that is read, if `raw` is one.
    pub(super) fn string(&mut self, whole: &str, raw: Option<Raw<'_>>) {
        if let Some(raw) = raw.filter(|raw| raw.as_str().is_some()) {
            self.strings.push(place(whole, raw));
        }
    }
}

/// Where a value lies in the text it was read from.
pub(super) fn place(whole: &str, raw: Raw<'_>) -> Range<usize> {
    let start = (raw.text().as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + raw.text().len()
}
