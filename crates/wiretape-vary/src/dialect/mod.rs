//! What differs between the dialects whose payloads can be rewritten.

mod anthropic;
mod openai_chat;

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::json::{self, Span};
use crate::scenario::ErrorName;
use crate::sse::Block;

/// A dialect whose payloads can be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Anthropic,
    OpenAiChat,
}

/// What a block is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing, or a payload that cannot be read.
    Bare,
    /// The first event of a message.
    Begin,
    /// A part of the message's content.
    Content,
    /// The reason for the end.
    Finish,
    /// The end.
    Terminal,
    /// An error.
    Error,
    /// Anything else.
    Other,
}

/// A string of a delta that readers append to what came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// What is between its quotes.
    pub(crate) body: Span,
    /// It is a part of a JSON text: arguments.
    pub(crate) inner: bool,
    /// It may be cut in two.
    pub(crate) splits: bool,
}

/// To which lane of an interleaving a block belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    /// The content block's index; the choice's and the call's.
    pub(crate) key: (u64, u64),
    /// It begins the lane.
    pub(crate) begins: bool,
    /// The call's id, where it is sent.
    pub(crate) id: Vec<u8>,
}

impl Family {
    /// The dialect of a name.
    pub(crate) fn named(dialect: &str) -> Option<Self> {
        match dialect {
            "anthropic" | "anthropic-messages" | "anthropic_messages" => Some(Self::Anthropic),
            "openai-chat" | "openai_chat" | "openai" => Some(Self::OpenAiChat),
            _ => None,
        }
    }

    /// Its name, as tapes have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAiChat => "openai-chat",
        }
    }

    /// The dialect that the first payload shows.
    pub(crate) fn detect(blocks: &[Arc<Block>]) -> Option<Self> {
        let mut payloads = blocks.iter().filter_map(|block| block.payload());
        let first = payloads.find(|payload| json::is_object(payload))?;
        let root = json::root(first)?;
        if json::says(first, &root, "type", "message_start") {
            return Some(Self::Anthropic);
        }
        let chunk = json::says(first, &root, "object", "chat.completion.chunk");
        (chunk || json::get(first, &root, "choices").is_some()).then_some(Self::OpenAiChat)
    }

    /// What a block with this payload is for.
    pub(crate) fn kind(self, payload: &[u8]) -> Kind {
        if self == Self::OpenAiChat && payload == b"[DONE]" {
            return Kind::Terminal;
        }
        if !json::is_object(payload) {
            return Kind::Bare;
        }
        match self {
            Self::Anthropic => anthropic::kind(payload),
            Self::OpenAiChat => openai_chat::kind(payload),
        }
    }

    /// The string that the payload adds to the message, where there is exactly one.
    pub(crate) fn site(self, payload: &[u8]) -> Option<Site> {
        if !json::is_object(payload) {
            return None;
        }
        self.site_in(payload)
    }

    /// The same, of a payload that is a JSON object.
    pub(crate) fn site_in(self, payload: &[u8]) -> Option<Site> {
        match self {
            Self::Anthropic => anthropic::site(payload),
            Self::OpenAiChat => openai_chat::site(payload),
        }
    }

    /// The payload without what only the first half of a delta may say.
    pub(crate) fn continuation(self, payload: &[u8]) -> Vec<u8> {
        match self {
            Self::Anthropic => payload.to_vec(),
            Self::OpenAiChat => openai_chat::continuation(payload),
        }
    }

    /// The lane that the payload belongs to.
    pub(crate) fn lane(self, payload: &[u8]) -> Option<Lane> {
        if !json::is_object(payload) {
            return None;
        }
        match self {
            Self::Anthropic => anthropic::lane(payload),
            Self::OpenAiChat => openai_chat::lane(payload),
        }
    }

    /// Where the payload says the reason for the end: the values, quotes included.
    pub(crate) fn reasons(self, payload: &[u8]) -> Vec<Span> {
        if !json::is_object(payload) {
            return Vec::new();
        }
        match self {
            Self::Anthropic => anthropic::reason(payload).into_iter().collect(),
            Self::OpenAiChat => openai_chat::reasons(payload),
        }
    }

    /// Reasons of this dialect, and one that it does not have.
    pub(crate) fn reason_names(self) -> &'static [&'static str] {
        match self {
            Self::Anthropic => &anthropic::REASONS,
            Self::OpenAiChat => &openai_chat::REASONS,
        }
    }

    /// The lines of a keep-alive.
    pub(crate) fn ping(self) -> &'static [&'static [u8]] {
        match self {
            Self::Anthropic => &[b"event: ping", b"data: {\"type\": \"ping\"}"],
            Self::OpenAiChat => &[b": ping"],
        }
    }

    /// The lines of an event that no reader knows. `like` is the stream's first payload.
    pub(crate) fn unknown_event(self, like: &[u8]) -> Vec<Vec<u8>> {
        match self {
            Self::Anthropic => anthropic::unknown_event(),
            Self::OpenAiChat => openai_chat::unknown_event(like),
        }
    }

    /// The lines of an error event.
    pub(crate) fn error(self, error: ErrorName) -> Vec<Vec<u8>> {
        match self {
            Self::Anthropic => anthropic::error(error),
            Self::OpenAiChat => openai_chat::error(error),
        }
    }
}
