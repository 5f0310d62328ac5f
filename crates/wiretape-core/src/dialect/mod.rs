//! What differs between providers, and nothing else.

pub(crate) mod anthropic;
mod any;
mod bedrock_converse;
mod bedrock_invoke;
mod blocks;
mod calls;
mod cohere;
mod gemini;
mod ollama;
mod openai_chat;
mod openai_completions;
mod openai_responses;
mod partial;
mod parts;
mod passage;
mod shared;
mod template;
mod text;

use core::fmt;
use core::str::FromStr;

use crate::json::{Raw, Str};
use crate::{ErrorKind, Event, Frame};
pub use anthropic::Anthropic;
pub(crate) use any::Any;
pub use bedrock_converse::BedrockConverse;
pub use bedrock_invoke::BedrockInvoke;
pub use cohere::Cohere;
pub use gemini::Gemini;
pub use ollama::Ollama;
pub use openai_chat::OpenAiChat;
pub use openai_completions::OpenAiCompletions;
pub use openai_responses::OpenAiResponses;

/// A provider's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Dialect {
    /// Anthropic Messages.
    Anthropic,
    /// `OpenAI` Chat Completions and the servers compatible with it.
    OpenAiChat,
    /// `OpenAI` Responses.
    OpenAiResponses,
    /// `OpenAI` legacy Completions: text alone.
    OpenAiCompletions,
    /// Gemini `streamGenerateContent`, as an event stream or as one JSON array.
    Gemini,
    /// Amazon Bedrock `ConverseStream`, an AWS event stream.
    BedrockConverse,
    /// Amazon Bedrock `InvokeModelWithResponseStream`: a model's own events in an AWS event stream.
    BedrockInvoke,
    /// Ollama `/api/chat` and `/api/generate`, a JSON object a line.
    Ollama,
    /// Cohere Chat, version 2.
    Cohere,
}

impl Dialect {
    /// Every dialect this version reads.
    pub const ALL: [Self; 9] = [
        Self::Anthropic,
        Self::OpenAiChat,
        Self::OpenAiResponses,
        Self::OpenAiCompletions,
        Self::Gemini,
        Self::BedrockConverse,
        Self::BedrockInvoke,
        Self::Ollama,
        Self::Cohere,
    ];

    /// Those whose requests are read and written here as well: as a
    /// [`crate::conversation::Conversation`], by the agent, by the budget.
    pub const CONVERSATIONS: [Self; 8] = [
        Self::Anthropic,
        Self::OpenAiChat,
        Self::OpenAiResponses,
        Self::Gemini,
        Self::BedrockConverse,
        Self::BedrockInvoke,
        Self::Ollama,
        Self::Cohere,
    ];

    /// The name used on the command line and in tapes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiResponses => "openai-responses",
            Self::OpenAiCompletions => "openai-completions",
            Self::Gemini => "gemini",
            Self::BedrockConverse => "bedrock-converse",
            Self::BedrockInvoke => "bedrock-invoke",
            Self::Ollama => "ollama",
            Self::Cohere => "cohere",
        }
    }

    /// How its bodies are cut into frames.
    #[must_use]
    pub fn framing(self) -> Framing {
        match self {
            Self::Anthropic
            | Self::OpenAiChat
            | Self::OpenAiResponses
            | Self::OpenAiCompletions
            | Self::Cohere => Framing::Sse,
            Self::Gemini => Framing::SseOrJson,
            Self::BedrockConverse | Self::BedrockInvoke => Framing::EventStream,
            Self::Ollama => Framing::Ndjson,
        }
    }

    /// The dialect of a body, from its first frames; `None` where they do not tell.
    #[must_use]
    pub fn sniff(body: &[u8]) -> Option<Self> {
        if body.first() == Some(&0) {
            return Self::sniff_messages(body);
        }
        let mut decoder =
            crate::sse::Decoder::new(crate::sse::Options::standard(), crate::Limits::default());
        let mut input = body;
        if matches!(body.first(), Some(b'[' | b'{')) {
            return Self::sniff_values(body);
        }
        for _ in 0..64 {
            let frame = decoder.decode(&mut input).ok()??;
            let Some(data) = frame.data else { continue };
            let Ok(payload) = Raw::parse(data) else {
                continue;
            };
            if is_gemini(payload) {
                return Some(Self::Gemini);
            }
            let [kind, choices, object] = payload.fields(["type", "choices", "object"]);
            let is = |raw: Option<Raw<'_>>, text: &str| {
                raw.and_then(Raw::as_str).is_some_and(|said| said.is(text))
            };
            if is(object, "text_completion") {
                return Some(Self::OpenAiCompletions);
            }
            let kind_of = kind.and_then(Raw::as_str).map_or("", Str::raw);
            if kind_of.starts_with("response.") {
                return Some(Self::OpenAiResponses);
            }
            if is(object, "chat.completion.chunk") || choices.is_some() {
                return Some(Self::OpenAiChat);
            }
            if is(kind, "message_start") || is(kind, "content_block_start") {
                return Some(Self::Anthropic);
            }
            if is(kind, "message-start") || is(kind, "content-start") {
                return Some(Self::Cohere);
            }
        }
        None
    }

    /// The same of an AWS event stream. No other body begins with NUL.
    fn sniff_messages(body: &[u8]) -> Option<Self> {
        let mut decoder = crate::event_stream::Decoder::new(crate::Limits::default());
        let mut input = body;
        for _ in 0..64 {
            match decoder.decode(&mut input).ok()??.event {
                Some("chunk") => return Some(Self::BedrockInvoke),
                Some("messageStart" | "contentBlockStart" | "contentBlockDelta") => {
                    return Some(Self::BedrockConverse);
                }
                _ => {}
            }
        }
        None
    }

    /// The same of JSON values, a line each or in one array.
    fn sniff_values(body: &[u8]) -> Option<Self> {
        let mut decoder = crate::json_stream::Decoder::new(crate::Limits::default());
        let mut input = body;
        for _ in 0..64 {
            let payload = Raw::parse(decoder.decode(&mut input).ok()??.data?).ok()?;
            if is_gemini(payload) {
                return Some(Self::Gemini);
            }
            let [model, message, response, done] =
                payload.fields(["model", "message", "response", "done"]);
            if model.is_some() && done.is_some() && message.or(response).is_some() {
                return Some(Self::Ollama);
            }
        }
        None
    }
}

fn is_gemini(payload: Raw<'_>) -> bool {
    let own = payload.fields(["candidates", "promptFeedback", "usageMetadata"]);
    own.iter().any(Option::is_some)
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a body is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// Server-sent events, or JSON values where the body begins with `[` or `{`.
    SseOrJson,
    /// A JSON value a line.
    Ndjson,
    /// AWS event-stream messages, in binary.
    EventStream,
}

/// A name that is no dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownDialect;

impl fmt::Display for UnknownDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such dialect, expected anthropic, openai-chat, openai-responses, openai-completions, gemini, \
             bedrock-converse, bedrock-invoke, ollama or cohere")
    }
}

impl core::error::Error for UnknownDialect {}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.name() == name)
            .ok_or(UnknownDialect)
    }
}

/// What a new id at an index already in use means (F-24). The wire does not tell: `LiteLLM` and
/// `OneAPI` number every call 0, GLM-4 and OCI send a new random id with every chunk of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewIdAtUsedIndex {
    /// A new call if a name comes with it, otherwise more of the call that has the index.
    #[default]
    OpensCallIfNamed,
    /// Always a new call.
    OpensCall,
    /// Always more of the call that has the index.
    SameCall,
}

/// Where a reader may depart from the protocol. Each departure has a name and is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// What a new id at an index already in use means (F-24).
    pub new_id_at_used_index: NewIdAtUsedIndex,
    /// Arguments sent as a JSON object instead of a string are taken as they stand (F-19).
    pub accept_object_arguments: bool,
    /// A call without an index, with one that is a string or negative, or with an id, an index or
    /// a name that contradicts what was sent before, is read all the same (F-24, F-25); otherwise
    /// it is an error.
    pub tolerate_call_labels: bool,
    /// A payload that is JSON but no object is skipped (F-17b); otherwise it is an error.
    pub skip_scalar_payloads: bool,
    /// A whole `chat.completion` object in a stream is read as one delta (F-42).
    pub accept_whole_completion: bool,
    /// An unknown SSE field named `error` is an error of the provider (F-40).
    pub read_error_field: bool,
    /// An event whose name is missing or is not its payload's type is read by the type (F-17),
    /// counted once a stream; otherwise it is an error. Of dialects that name their events.
    pub tolerate_event_names: bool,
    /// An event out of its order is read where its meaning is plain, and skipped where nothing is
    /// lost by it (F-35, F-36); otherwise it is an error.
    pub tolerate_lifecycle: bool,
    /// A text that begins with `<think>` is a thought up to `</think>`, and the answer behind it
    /// (F-51). Off in both presets: the tags may as well be what the model wants to say. A thought
    /// that lost its opening tag stays text. Of Chat Completions.
    pub split_think_tags: bool,
    /// Where the second piece of a text begins with the whole first one, each piece is all of the
    /// text so far, and only its rest is new (F-58). Off in both presets: a text may as well say
    /// the same twice. Of Chat Completions.
    pub cumulative_text: bool,
    /// Recognise the common delta by its bytes. It changes speed and nothing else.
    pub templates: bool,
}

impl Options {
    /// What the provider documents.
    #[must_use]
    pub const fn strict() -> Self {
        Self {
            new_id_at_used_index: NewIdAtUsedIndex::OpensCallIfNamed,
            tolerate_call_labels: false,
            accept_object_arguments: false,
            skip_scalar_payloads: false,
            accept_whole_completion: false,
            read_error_field: false,
            tolerate_event_names: false,
            tolerate_lifecycle: false,
            split_think_tags: false,
            cumulative_text: false,
            templates: true,
        }
    }

    /// What compatible servers send.
    #[must_use]
    pub const fn lenient() -> Self {
        Self {
            tolerate_call_labels: true,
            accept_object_arguments: true,
            skip_scalar_payloads: true,
            accept_whole_completion: true,
            read_error_field: true,
            tolerate_event_names: true,
            tolerate_lifecycle: true,
            ..Self::strict()
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::lenient()
    }
}

/// On what evidence a stream may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// None: the stream was cut.
    None,
    /// The model said why it stopped, but the protocol's last event is missing (F-30).
    Weak,
    /// The protocol's last event came.
    Strong,
}

/// Frames in, events out.
pub trait Protocol {
    /// Reads one frame.
    ///
    /// # Errors
    /// When the payload is not JSON, or the protocol does not permit the event here.
    fn decode(&mut self, frame: Frame<'_>, out: &mut dyn FnMut(Event<'_>))
    -> Result<(), ErrorKind>;

    /// The body has ended: hands out what waited for more, and says on what evidence it may end.
    fn finish(&mut self, out: &mut dyn FnMut(Event<'_>)) -> Evidence;
}
