//! What differs between the dialects whose payloads can be rewritten.

mod anthropic;
mod bedrock_converse;
mod cohere;
mod gemini;
mod ollama;
mod openai_chat;
mod openai_completions;
mod openai_responses;

use alloc::string::String;
use alloc::vec::Vec;

use wiretape_core::Dialect;

pub(crate) use bedrock_converse::{exception, message};
pub(crate) use gemini::{candidates, parts};
pub(crate) use openai_responses::sequence_number;

use crate::json::{self, Span};
use crate::scenario::ErrorName;

/// A dialect whose payloads can be rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Messages, also in the chunks of `InvokeModelWithResponseStream`.
    Anthropic,
    OpenAiChat,
    OpenAiCompletions,
    OpenAiResponses,
    Gemini,
    BedrockConverse,
    Ollama,
    Cohere,
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

impl Kind {
    /// A block of this kind may say the reason for the end.
    pub(crate) fn may_say_reason(self) -> bool {
        matches!(self, Self::Begin | Self::Finish | Self::Terminal)
    }
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

/// What of a reply can be interleaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lanes {
    /// Nothing.
    None,
    /// The blocks between the message's first event and its last; `opened`: each begins with an event
    /// of its own.
    Blocks { opened: bool },
    /// The first run of chunks that say something of calls.
    Calls,
}

/// What is to be known of a dialect. The functions get a payload that is a JSON object.
pub(crate) struct Rules {
    /// Its name, as tapes have it.
    pub(crate) name: &'static str,
    /// The terminal event, where that is no JSON object.
    terminal: Option<&'static [u8]>,
    kind: fn(&[u8]) -> Kind,
    site: fn(&[u8]) -> Option<Site>,
    /// What is between the quotes of the answer's text that a payload adds.
    pub(crate) text: fn(&[u8]) -> Option<Span>,
    /// The payload without what only the first half of a delta may say.
    continuation: Option<Rewrite>,
    lane: fn(&[u8]) -> Option<Lane>,
    pub(crate) lanes: Lanes,
    /// The event closes its lane.
    pub(crate) closes: fn(&[u8]) -> bool,
    /// How calls are said, where it is by events that belong to a lane.
    pub(crate) calls: Option<Calls>,
    reasons: fn(&[u8]) -> Vec<Span>,
    /// The payload with another reason, where more has to change than the reason.
    restated: Option<Restate>,
    /// Reasons of this dialect, and one that it does not have.
    pub(crate) reason_names: &'static [&'static str],
    /// The reason that says that the reply has reached its limit.
    pub(crate) limit: &'static str,
    /// The reason that says that the reply was refused or filtered, where there is one.
    pub(crate) refusal: Option<&'static str>,
    /// Events that end a message have nothing else to say, so that they can be taken away.
    pub(crate) own_finish: bool,
    /// The event that ends a message without the content that it may have besides, or a summary of all
    /// that came before it.
    pub(crate) silenced: Option<Rewrite>,
    /// The lines of a keep-alive; none where the dialect has none.
    pub(crate) ping: &'static [&'static [u8]],
    /// The lines of an event that no reader knows, like one of the stream's own.
    unknown_event: fn(&[u8]) -> Vec<Vec<u8>>,
    error: fn(ErrorName) -> Vec<Vec<u8>>,
    /// The body of an answer with an error's status.
    error_body: fn(u16) -> String,
    /// Fields that are another in each payload and say nothing of the message.
    pub(crate) passing: &'static [&'static str],
    /// What passes is a sum so far.
    pub(crate) cumulative: bool,
    /// Fields whose objects and arrays a reader keeps as they are written.
    pub(crate) verbatim: &'static [&'static str],
    /// Where the count of tokens is.
    pub(crate) usage: &'static [&'static str],
    /// Where a delta's signature of reasoning is.
    pub(crate) signature: Option<&'static [&'static str]>,
    /// Where the message's id is.
    pub(crate) message_id: &'static [&'static str],
    /// What is between the quotes of a payload's ids: the message's, and those of its calls.
    ids: fn(&[u8]) -> Vec<Span>,
}

/// How calls are said by events.
pub(crate) struct Calls {
    /// The event begins a call.
    pub(crate) begins: fn(&[u8]) -> bool,
    /// Where a delta has a part of the arguments.
    pub(crate) path: &'static [&'static str],
    /// The delta that says more of a call: its event's name and its payload, from an event of the call
    /// and the arguments' part, a JSON value. `None` where the arguments are said again at the end.
    pub(crate) delta: Option<Delta>,
}

/// An event's name and its payload.
pub(crate) type Named = (&'static str, Vec<u8>);

type Delta = fn(&[u8], &[u8]) -> Option<Named>;
type Rewrite = fn(&[u8]) -> Option<Vec<u8>>;
type Restate = fn(&[u8], &[u8]) -> Option<Vec<u8>>;

impl Rules {
    /// Of a dialect that has nothing of its own.
    const PLAIN: Self = Self {
        name: "",
        terminal: None,
        kind: |_| Kind::Other,
        site: |_| None,
        text: |_| None,
        continuation: None,
        lane: |_| None,
        lanes: Lanes::None,
        closes: |_| false,
        calls: None,
        reasons: |_| Vec::new(),
        restated: None,
        reason_names: &[],
        limit: "",
        refusal: None,
        own_finish: true,
        silenced: None,
        ping: &[],
        unknown_event: |_| Vec::new(),
        error: |_| Vec::new(),
        error_body: |_| String::new(),
        passing: &[],
        cumulative: false,
        verbatim: &[],
        usage: &["usage"],
        signature: None,
        message_id: &["id"],
        ids: |_| Vec::new(),
    };
}

impl Family {
    /// The dialect of a name.
    pub(crate) fn named(dialect: &str) -> Option<Self> {
        match dialect {
            "anthropic-messages" | "anthropic_messages" => Some(Self::Anthropic),
            "openai_chat" | "openai" => Some(Self::OpenAiChat),
            _ => dialect.parse().ok().and_then(Self::of),
        }
    }

    /// Whose payloads a dialect has.
    pub(crate) fn of(dialect: Dialect) -> Option<Self> {
        Some(match dialect {
            Dialect::Anthropic | Dialect::BedrockInvoke => Self::Anthropic,
            Dialect::OpenAiChat => Self::OpenAiChat,
            Dialect::OpenAiResponses => Self::OpenAiResponses,
            Dialect::OpenAiCompletions => Self::OpenAiCompletions,
            Dialect::Gemini => Self::Gemini,
            Dialect::BedrockConverse => Self::BedrockConverse,
            Dialect::Ollama => Self::Ollama,
            Dialect::Cohere => Self::Cohere,
            _ => return None,
        })
    }

    /// The dialect whose framing it has.
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Self::Anthropic => Dialect::Anthropic,
            Self::OpenAiChat => Dialect::OpenAiChat,
            Self::OpenAiCompletions => Dialect::OpenAiCompletions,
            Self::OpenAiResponses => Dialect::OpenAiResponses,
            Self::Gemini => Dialect::Gemini,
            Self::BedrockConverse => Dialect::BedrockConverse,
            Self::Ollama => Dialect::Ollama,
            Self::Cohere => Dialect::Cohere,
        }
    }

    pub(crate) fn rules(self) -> &'static Rules {
        match self {
            Self::Anthropic => &anthropic::RULES,
            Self::OpenAiChat => &openai_chat::RULES,
            Self::OpenAiCompletions => &openai_completions::RULES,
            Self::OpenAiResponses => &openai_responses::RULES,
            Self::Gemini => &gemini::RULES,
            Self::BedrockConverse => &bedrock_converse::RULES,
            Self::Ollama => &ollama::RULES,
            Self::Cohere => &cohere::RULES,
        }
    }

    /// Its name, as tapes have it.
    pub(crate) fn name(self) -> &'static str {
        self.rules().name
    }

    /// What a block with this payload is for.
    pub(crate) fn kind(self, payload: &[u8]) -> Kind {
        if self.rules().terminal == Some(payload) {
            return Kind::Terminal;
        }
        if !json::is_object(payload) {
            return Kind::Bare;
        }
        (self.rules().kind)(payload)
    }

    /// The string that the payload adds to the message, where there is exactly one.
    pub(crate) fn site(self, payload: &[u8]) -> Option<Site> {
        json::is_object(payload).then(|| self.site_in(payload))?
    }

    /// The same, of a payload that is a JSON object.
    pub(crate) fn site_in(self, payload: &[u8]) -> Option<Site> {
        (self.rules().site)(payload)
    }

    /// The payload without what only the first half of a delta may say.
    pub(crate) fn continuation(self, payload: &[u8]) -> Vec<u8> {
        let continuation = self.rules().continuation;
        let rest = continuation.and_then(|continuation| continuation(payload));
        rest.unwrap_or_else(|| payload.to_vec())
    }

    /// The lane that the payload belongs to.
    pub(crate) fn lane(self, payload: &[u8]) -> Option<Lane> {
        json::is_object(payload).then(|| (self.rules().lane)(payload))?
    }

    /// The same, of a payload that is a JSON object.
    pub(crate) fn lane_in(self, payload: &[u8]) -> Option<Lane> {
        (self.rules().lane)(payload)
    }

    /// Where the payload says the reason for the end: the values, quotes included.
    pub(crate) fn reasons(self, payload: &[u8]) -> Vec<Span> {
        if !json::is_object(payload) {
            return Vec::new();
        }
        (self.rules().reasons)(payload)
    }

    /// The payload with another reason, a JSON value; `None` where it says none.
    pub(crate) fn with_reason(self, payload: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        let spans = self.reasons(payload);
        if spans.is_empty() {
            return None;
        }
        if let Some(restated) = self.rules().restated {
            return restated(payload, value);
        }
        let mut text = payload.to_vec();
        for span in spans.into_iter().rev() {
            text = json::replace(&text, &span, value);
        }
        Some(text)
    }

    /// The lines of an event that no reader knows. `like` is one of the stream's payloads.
    pub(crate) fn unknown_event(self, like: &[u8]) -> Vec<Vec<u8>> {
        (self.rules().unknown_event)(like)
    }

    /// The lines of an error event.
    pub(crate) fn error(self, error: ErrorName) -> Vec<Vec<u8>> {
        (self.rules().error)(error)
    }

    /// What is between the quotes of a payload's ids.
    pub(crate) fn ids(self, payload: &[u8]) -> Vec<Span> {
        (self.rules().ids)(payload)
    }

    /// The body of an answer with an error's status.
    pub(crate) fn error_body(self, status: u16) -> String {
        (self.rules().error_body)(status)
    }
}

/// The payload's `type`.
pub(crate) fn type_of(payload: &[u8]) -> &[u8] {
    text(payload, &["type"]).map_or(&[], |body| json::part(payload, body))
}

/// What is between the quotes of the string at a path.
fn text(payload: &[u8], path: &[&str]) -> Option<Span> {
    let value = json::path(payload, path)?;
    json::string(payload, &value)
}

/// The number at a path.
fn number(payload: &[u8], path: &[&str]) -> Option<u64> {
    json::number(payload, &json::path(payload, path)?)
}

/// The value at a path, where it is a string.
fn string_value(payload: &[u8], path: &[&str]) -> Option<Span> {
    let value = json::path(payload, path)?;
    json::string(payload, &value).map(|_| value)
}

/// A site of text that is appended.
fn appended(body: Span, inner: bool) -> Site {
    Site {
        body,
        inner,
        splits: true,
    }
}

/// The object at a path has these fields and no others.
fn has_only(payload: &[u8], object: &Span, fields: &[&str]) -> bool {
    let mut members = json::members(payload, object);
    members.all(|(name, _)| {
        let name = json::part(payload, name);
        fields.iter().any(|field| field.as_bytes() == name)
    })
}

/// One line: the data.
fn data(payload: &[u8]) -> Vec<Vec<u8>> {
    [[b"data: ", payload].concat()].to_vec()
}

/// Two lines: an event's name and its data.
fn named_data(name: &str, payload: &[u8]) -> Vec<Vec<u8>> {
    let name = [b"event: ", name.as_bytes()].concat();
    [name, [b"data: ", payload].concat()].to_vec()
}
