//! What comes in, what goes out, how it ends.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::retry::{Class, Progress};
use crate::budget::Overfull;
use crate::turn::ToolCall;

/// What comes in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// The user says something: starts the loop, or goes on after [`Action::Finished`].
    Prompt(&'a str),
    /// The head of a response.
    Head {
        /// Which request it answers.
        attempt: u64,
        /// The status.
        status: u16,
        /// The headers, names in any case.
        headers: &'a [(&'a str, &'a str)],
    },
    /// Bytes of its body.
    Chunk {
        /// Which request they answer.
        attempt: u64,
        /// As one read gave them.
        bytes: &'a [u8],
    },
    /// The response is over, or there is none.
    Closed {
        /// Which request it answered.
        attempt: u64,
        /// How.
        how: Closed,
    },
    /// What a call gave. One that comes too late is ignored.
    Result {
        /// The call's execution key.
        key: &'a str,
        /// What the tool says.
        content: &'a str,
        /// It failed.
        is_error: bool,
    },
    /// The user wants it to stop.
    Cancel,
}

/// How a response ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// As its framing says.
    Complete,
    /// The connection was closed inside the body (F-13).
    Incomplete,
    /// The connection was reset inside the body, or broke in another way.
    Reset,
    /// No connection, or it ended before a head.
    Unreachable,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Send this, and tell what comes back under its number.
    Request(Request),
    /// Stop reading that response: whatever comes of it is ignored.
    Abort {
        /// Which request.
        attempt: u64,
    },
    /// Show this at once.
    Text(String),
    /// What was shown since the last `Break` is void: the reply is asked for again (F-60), or must
    /// not be kept (F-53).
    Reset,
    /// What was shown is in the history now; no `Reset` takes it back.
    Break,
    /// Run this. It is past the gate, and comes once for each execution key.
    Call(ToolCall),
    /// Stop running that: its result is not waited for any more.
    CancelCall {
        /// The call's execution key.
        key: String,
    },
    /// The run is over; the next [`Input::Prompt`] starts another.
    Finished(Outcome),
}

/// A request to send by `POST`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Its number, from 1, never used again.
    pub attempt: u64,
    /// The path behind the server's base URL, with its query.
    pub path: Cow<'static, str>,
    /// The dialect's own headers; credentials are the driver's.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body: what of the conversation fits.
    pub body: String,
    /// What the budget cut for it.
    pub plan: crate::budget::Plan,
}

/// How a run ended. The history is valid after each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The model has answered and calls nothing.
    Done {
        /// The text of its last reply.
        text: String,
    },
    /// The model stopped for a reason that is not the end of its answer.
    Stopped {
        /// Which.
        stop: Stop,
        /// The text of its last reply, as far as it came.
        text: String,
        /// What the reason came in, as JSON: also the details of a refusal.
        detail: String,
    },
    /// A limit of the options was reached.
    Limit {
        /// Which.
        limit: Limit,
        /// Its value.
        at: u64,
    },
    /// The user stopped it. What was shown is in the history; calls that ran have an error result.
    Cancelled,
    /// It failed for good.
    Failed(Failure),
}

/// Why a model stopped before its answer was whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// `max_tokens`, `length` and their like: the reply was cut. Its text is in the history; its calls are answered
    /// with an error and were not run (F-21).
    MaxTokens,
    /// `refusal`, or a refusal as Chat Completions sends it. Messages' [documentation] asks to take
    /// such a reply out of the history, so it does not get in: what was shown of it is taken back by
    /// `Reset`. The prompt stays; replace it before going on. Chat Completions' refusals are kept.
    ///
    /// [documentation]: https://platform.claude.com/docs/en/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals
    Refusal,
    /// `content_filter`, `SAFETY`, `guardrail_intervened` and their like: what came before is in the
    /// history.
    ContentFilter,
    /// `model_context_window_exceeded`: the reply filled the window. As `MaxTokens`.
    ContextWindow,
    /// A reason that this version does not know (F-27): as `MaxTokens`.
    Other(String),
}

impl Stop {
    /// What the reason of a reply says, in any dialect.
    pub(super) fn of(reason: &str) -> Self {
        match reason {
            "refusal" => Self::Refusal,
            "max_tokens" | "length" | "max_output_tokens" | "MAX_TOKENS" => Self::MaxTokens,
            "content_filter" | "content_filtered" | "guardrail_intervened" => Self::ContentFilter,
            "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII"
            | "IMAGE_SAFETY" => Self::ContentFilter,
            "model_context_window_exceeded" => Self::ContextWindow,
            other => Self::Other(other.into()),
        }
    }
}

/// A limit that ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`Limits::turns_max`](super::Limits::turns_max).
    Turns,
    /// [`Limits::calls_max`](super::Limits::calls_max).
    Calls,
    /// [`Limits::tokens_max`](super::Limits::tokens_max).
    Tokens,
    /// [`Limits::keys_max`](super::Limits::keys_max).
    Keys,
}

/// What went wrong for good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// What kind of failure.
    pub class: Class,
    /// How far the reply had come. Text that was shown is in the history.
    pub progress: Progress,
    /// The status, where there was a head.
    pub status: Option<u16>,
    /// What the server or the reader says, at most 512 bytes of it.
    pub message: String,
    /// Requests that were made for the reply.
    pub attempts: u32,
    /// How long the server wants to be left alone.
    pub retry_after_ns: Option<u64>,
    /// The numbers, where what must stay does not fit.
    pub overfull: Option<Overfull>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} requests", self.class, self.attempts)?;
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        if let Some(overfull) = &self.overfull {
            write!(f, ": {overfull}")
        } else if self.message.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.message)
        }
    }
}

/// An input that is not permitted now: a mistake of the driver. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// A prompt while a run goes on; expected after `Finished`, or after `Cancel`.
    Busy,
    /// An attempt that was never requested.
    UnknownAttempt,
    /// A second head of one response.
    SecondHead,
    /// Bytes of a body whose head has not come.
    NoHead,
    /// The key of no call that was given out.
    UnknownCall,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "a prompt while a run goes on, expected after it has finished",
            Self::UnknownAttempt => "an attempt that was not requested",
            Self::SecondHead => "a second head of one response",
            Self::NoHead => "bytes of a response before its head",
            Self::UnknownCall => "the key of no call that was given out",
        })
    }
}

impl core::error::Error for Misuse {}
