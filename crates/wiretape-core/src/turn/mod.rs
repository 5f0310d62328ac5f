//! The gate: a reply that still arrives is a [`Draft`]; only a reply that has ended well is a
//! [`Turn`], and only a `Turn` has tool calls.
//!
//! [`Draft::finish`] yields a `Turn` when the stream ended with terminal evidence of its dialect,
//! the stop reason permits acting, no block is open that must be closed, and no error came.
//! Anything else is [`Rejected`], with all that was read and the reason. There is no way to ask a
//! `Draft` for a call:
//!
//! ```compile_fail
//! let draft = wiretape_core::Draft::new(wiretape_core::Limits::default());
//! draft.tool_calls();
//! ```

mod call;
mod draft;
mod gate;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::event::{Kind, Usage};
use crate::{Error, Warnings};
pub use call::{CallFault, RejectedCall, ServerCall, ToolCall};
pub use draft::{Closing, Draft};

/// How a stream ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// With the protocol's own last event.
    Terminal,
    /// With an error: the provider's, or one of reading.
    Error,
    /// With the end of the bytes and nothing else.
    Eof,
}

/// An error the provider sent inside the stream, or one of reading it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// The provider's type or code, or the name of the reading error.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    pub message: String,
    /// Offset of the frame at fault, in bytes from the start of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

/// A block of a reply as it arrived, for sending the reply back.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// What it is.
    pub kind: Kind,
    /// A call's id; that of its item, for a text in a dialect that gives it one.
    pub id: Option<String>,
    /// A call's name, or the type of an unknown block.
    pub name: Option<String>,
    /// Text, or a call's arguments as sent.
    pub text: String,
    /// What came whole with the opening, as JSON; empty where nothing did.
    pub raw: String,
    /// A thought's signature, byte for byte (F-52).
    pub signature: Option<String>,
    /// Citations, each as JSON.
    pub citations: Vec<String>,
    /// What this version does not read but a caller may have to send back, each as JSON: deltas of
    /// unknown types, further members of a call, an item as it was when it was done, sealed reasoning
    /// (F-52, F-56).
    pub others: Vec<String>,
    /// The block's end was seen, or its dialect has no such thing.
    pub closed: bool,
}

/// One of the `n` answers of a reply (F-57).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// Its number, as the provider counts.
    pub index: u32,
    /// Its blocks in order of opening.
    pub contents: Vec<Content>,
    /// Why the model stopped, as sent; the last reason if there were several.
    pub stop: Option<String>,
    /// What that reason came in, as JSON: also the stop sequence, the details of a refusal (F-53).
    pub stop_raw: String,
    /// The first reason that forbids acting, if any was sent.
    pub(crate) forbidden: Option<String>,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) rejected: Vec<RejectedCall>,
    pub(crate) server: Vec<ServerCall>,
}

impl Choice {
    fn joined(&self, kind: Kind) -> String {
        self.contents
            .iter()
            .filter(|content| content.kind == kind)
            .map(|content| content.text.as_str())
            .collect()
    }

    /// The text of the answer.
    #[must_use]
    pub fn text(&self) -> String {
        self.joined(Kind::Text)
    }

    /// The reasoning, which is no part of the answer.
    #[must_use]
    pub fn reasoning(&self) -> String {
        self.joined(Kind::Reasoning)
    }

    /// Why the model will not answer.
    #[must_use]
    pub fn refusal(&self) -> String {
        self.joined(Kind::Refusal)
    }

    /// Calls that must not be run, each with the reason.
    #[must_use]
    pub fn rejected_calls(&self) -> &[RejectedCall] {
        &self.rejected
    }

    /// Calls the provider ran itself.
    #[must_use]
    pub fn server_calls(&self) -> &[ServerCall] {
        &self.server
    }
}

/// All that was read of a stream. It has no calls to run: those are the [`Turn`]'s.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The provider's id of the reply.
    pub id: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// The answers, in order of their numbers.
    pub choices: Vec<Choice>,
    /// Tokens.
    pub usage: Usage,
    /// How the stream ended.
    pub ended: Ended,
    /// The error, if one ended it.
    pub error: Option<Failure>,
    /// Frames with a payload.
    pub frames: u64,
    /// What was tolerated, by id.
    pub warnings: Warnings,
}

/// A reply that has ended in a way that permits acting.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub(crate) reply: Box<Reply>,
}

impl Turn {
    /// The calls of the first answer, in order. Their arguments parse.
    #[must_use]
    pub fn tool_calls(&self) -> &[ToolCall] {
        self.tool_calls_of(0)
    }

    /// The calls of the answer at this place in [`Reply::choices`].
    #[must_use]
    pub fn tool_calls_of(&self, place: usize) -> &[ToolCall] {
        self.reply
            .choices
            .get(place)
            .map_or(&[], |choice| choice.calls.as_slice())
    }

    /// Calls of the first answer that must be answered with an error result: their arguments do
    /// not parse.
    #[must_use]
    pub fn rejected_calls(&self) -> &[RejectedCall] {
        self.reply
            .choices
            .first()
            .map_or(&[], |choice| choice.rejected.as_slice())
    }

    /// The text of the first answer.
    #[must_use]
    pub fn text(&self) -> String {
        self.reply
            .choices
            .first()
            .map(Choice::text)
            .unwrap_or_default()
    }

    /// All that was read.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        &self.reply
    }
}

/// Why a reply is no turn.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// Nothing with a payload came: an empty success (F-42).
    Empty,
    /// The bytes ended before the protocol did (F-30).
    NoTerminal,
    /// A block was left open that must be closed (F-21).
    OpenBlock,
    /// The provider reported an error (F-40).
    Failed,
    /// The bytes cannot be read.
    Unreadable(Error),
    /// The protocol ended without a reason for stopping (F-32).
    NoStop,
    /// The reason for stopping forbids acting: cut, refused, filtered, paused, or unknown
    /// (F-21, F-22, F-27).
    Stop(String),
}

impl Why {
    /// A stable name, in `snake_case`, for reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Empty => "empty_stream",
            Self::NoTerminal => "no_terminal",
            Self::OpenBlock => "open_block",
            Self::Failed => "provider_error",
            Self::Unreadable(_) => "unreadable",
            Self::NoStop => "no_stop_reason",
            Self::Stop(_) => "unsafe_stop",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the stream had no event with a payload"),
            Self::NoTerminal => f.write_str("the stream ended before the protocol's last event"),
            Self::OpenBlock => f.write_str("the stream ended with a block left open"),
            Self::Failed => f.write_str("the provider reported an error"),
            Self::Unreadable(error) => write!(f, "the stream cannot be read {error}"),
            Self::NoStop => f.write_str("the stream ended without a stop reason"),
            Self::Stop(reason) => write!(f, "the stop reason {reason:?} forbids running tools"),
        }
    }
}

/// A reply that must not be acted on, with all that was read of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    /// Why.
    pub why: Why,
    pub(crate) reply: Box<Reply>,
}

impl Rejected {
    /// All that was read.
    #[must_use]
    pub fn reply(&self) -> &Reply {
        &self.reply
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl core::error::Error for Rejected {}
