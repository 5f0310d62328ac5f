//! What went wrong, and whether to ask again: a function of the error's class and of how far the
//! reply had come.
//!
//! | class | from | again |
//! |---|---|---|
//! | `Connect` | no connection, or none that lasted to a head | yes |
//! | `Reset`, `Incomplete` | the transport, inside the body (F-13) | yes |
//! | `Idle`, `Stall`, `Deadline` | the clocks (F-10, F-11, F-12) | yes |
//! | `Cut` | the body ended, the reply had not (F-30); a block was left open (F-21) | yes |
//! | `Empty` | 200 and nothing (F-42) | yes |
//! | `Timeout` | 408, 504; `timeout_error` | yes |
//! | `Conflict` | 409 | yes |
//! | `RateLimited` | 429; `rate_limit_error`, `rate_limit_exceeded`, `RESOURCE_EXHAUSTED`, `throttlingException` | yes |
//! | `Overloaded` | 503, 529; `overloaded_error`, `UNAVAILABLE`, `serviceUnavailableException` | yes |
//! | `Server` | other statuses from 500; `api_error`, `server_error`, an error of unknown type in a stream (F-40) | yes |
//! | `Unreadable` | bytes that cannot be read: a splice of two replies, broken JSON (F-35, F-36) | yes |
//! | `NotAStream` | a success that is no event stream: HTML, JSON, compressed (F-08, F-42) | no |
//! | `TooLarge` | the reader's own limits (F-70, F-73); 413 | no |
//! | `ContextOverflow` | the request is longer than the window; see [`is_overflow`] | once, with a tighter budget |
//! | `Quota` | 402; `billing_error`, `insufficient_quota` | no |
//! | `Auth` | 401, 403; `authentication_error`, `permission_error` | no |
//! | `Request` | other statuses from 300; `invalid_request_error`, `not_found_error` | no |
//! | `Overfull` | the budget: what must stay does not fit | no |
//!
//! Sources: <https://platform.claude.com/docs/en/api/errors>,
//! <https://platform.openai.com/docs/guides/error-codes>,
//! <https://ai.google.dev/gemini-api/docs/troubleshooting>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>; the statuses that are tried again, `retry-after`
//! and `x-should-retry` are those of both providers' SDKs (failures F-41). A header
//! `x-should-retry` overrides the table.

use alloc::string::String;
use core::fmt;

use super::Retry;
use crate::json::Raw;
use crate::{Error, ErrorKind};

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Class {
    /// No connection, or it ended before a head.
    Connect,
    /// The connection was reset inside the body.
    Reset,
    /// The connection was closed inside the body.
    Incomplete,
    /// No byte for too long.
    Idle,
    /// No payload for too long, only signs of life.
    Stall,
    /// The request took too long in all.
    Deadline,
    /// The body ended and the reply had not.
    Cut,
    /// A success without a payload.
    Empty,
    /// The server's own time ran out.
    Timeout,
    /// A conflict (409).
    Conflict,
    /// Too many requests or tokens a time.
    RateLimited,
    /// The server has no room now.
    Overloaded,
    /// The server failed.
    Server,
    /// The stream cannot be read.
    Unreadable,
    /// A success that is no event stream.
    NotAStream,
    /// Larger than a limit of the reader or of the server.
    TooLarge,
    /// The request does not fit into the model's window.
    ContextOverflow,
    /// There is no money left.
    Quota,
    /// Who asks may not.
    Auth,
    /// The request is wrong.
    Request,
    /// What must stay of the history does not fit: nothing was sent.
    Overfull,
}

impl Class {
    /// A stable name, in `snake_case`, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Incomplete => "incomplete",
            Self::Idle => "idle",
            Self::Stall => "stall",
            Self::Deadline => "deadline",
            Self::Cut => "cut",
            Self::Empty => "empty",
            Self::Timeout => "timeout",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Server => "server",
            Self::Unreadable => "unreadable",
            Self::NotAStream => "not_a_stream",
            Self::TooLarge => "too_large",
            Self::ContextOverflow => "context_overflow",
            Self::Quota => "quota",
            Self::Auth => "auth",
            Self::Request => "request",
            Self::Overfull => "overfull",
        }
    }

    /// The same request may go well the next time.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        !matches!(
            self,
            Self::NotAStream
                | Self::TooLarge
                | Self::ContextOverflow
                | Self::Quota
                | Self::Auth
                | Self::Request
                | Self::Overfull
        )
    }

    /// The class of a response that is no success. `body` is what is known of it, `type` and `code`
    /// in it count before the status.
    #[must_use]
    pub fn of_status(status: u16, body: &str) -> Self {
        let said = Said::of(body);
        if is_overflow(&said.kind, &said.message) {
            return Self::ContextOverflow;
        }
        if QUOTA.contains(&&*said.kind) || QUOTA.contains(&&*said.code) {
            return Self::Quota;
        }
        match status {
            401 | 403 => Self::Auth,
            402 => Self::Quota,
            408 | 504 => Self::Timeout,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            429 => Self::RateLimited,
            503 | 529 => Self::Overloaded,
            500.. => Self::Server,
            _ => Self::Request,
        }
    }

    /// The class of an error that came inside a stream (F-40, F-44): its type or code, its message.
    #[must_use]
    pub fn of_stream(kind: &str, message: &str) -> Self {
        if is_overflow(kind, message) {
            return Self::ContextOverflow;
        }
        match kind {
            "overloaded_error" | "overloaded" | "503" | "529" => Self::Overloaded,
            "rate_limit_error" | "rate_limit_exceeded" | "429" => Self::RateLimited,
            "timeout_error" | "timeout" | "408" | "504" => Self::Timeout,
            "authentication_error" | "permission_error" | "401" | "403" => Self::Auth,
            "request_too_large" | "413" => Self::TooLarge,
            "invalid_request_error" | "not_found_error" | "400" | "404" => Self::Request,
            // Gemini's statuses, Bedrock's exceptions.
            "UNAVAILABLE" | "serviceUnavailableException" => Self::Overloaded,
            "RESOURCE_EXHAUSTED" | "throttlingException" => Self::RateLimited,
            "DEADLINE_EXCEEDED" | "modelTimeoutException" => Self::Timeout,
            "UNAUTHENTICATED" | "PERMISSION_DENIED" | "accessDeniedException" => Self::Auth,
            "INVALID_ARGUMENT" | "NOT_FOUND" | "validationException" => Self::Request,
            kind if QUOTA.contains(&kind) => Self::Quota,
            // The server took the request and failed later, whatever it calls that.
            _ => Self::Server,
        }
    }

    /// The class of bytes that cannot be read.
    #[must_use]
    pub fn of_reading(error: &Error) -> Self {
        match error.kind {
            ErrorKind::FrameTooLarge { .. }
            | ErrorKind::TooManyBlocks { .. }
            | ErrorKind::MessageTooLarge { .. } => Self::TooLarge,
            _ => Self::Unreadable,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const QUOTA: [&str; 3] = ["billing_error", "insufficient_quota", "402"];

/// How far a reply had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Nothing that counts: no text, no piece of a call.
    #[default]
    None,
    /// Pieces of a call came, and no text was shown.
    Tool,
    /// Text was shown.
    Text,
}

impl Progress {
    /// A stable name, in `snake_case`, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tool => "tool",
            Self::Text => "text",
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Ask again after so many nanoseconds.
    Again { wait_ns: u64 },
    /// Give up.
    GiveUp,
}

/// What the server says of trying again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Advice {
    /// `x-should-retry`.
    pub(super) should: Option<bool>,
    /// `retry-after-ms`, `retry-after`.
    pub(super) after_ns: Option<u64>,
}

impl Retry {
    /// The rule. No call has been released when an attempt fails: the gate sees to that, so that
    /// pieces of calls forbid nothing.
    pub(super) fn decide(
        &self,
        class: Class,
        progress: Progress,
        attempts: u32,
        advice: Advice,
        chance: &mut Chance,
    ) -> Decision {
        let wanted = advice.should.unwrap_or_else(|| class.is_retryable());
        let shown = progress == Progress::Text && !self.after_text;
        if !wanted || shown || attempts >= self.attempts_max {
            return Decision::GiveUp;
        }
        match advice.after_ns {
            Some(wait_ns) if wait_ns > self.retry_after_max_ns => Decision::GiveUp,
            Some(wait_ns) => Decision::Again { wait_ns },
            None => Decision::Again {
                wait_ns: self.backoff(attempts, chance),
            },
        }
    }

    /// The wait after so many attempts: doubled each time, and up to a quarter of it less, by chance.
    fn backoff(&self, attempts: u32, chance: &mut Chance) -> u64 {
        let doublings = attempts.saturating_sub(1).min(63);
        let factor = 1_u64 << doublings;
        let wait = self.base_ns.saturating_mul(factor).min(self.cap_ns);
        wait - chance.below(wait / 4 + 1)
    }
}

/// Chance from a seed: `SplitMix64`, as in <https://prng.di.unimi.it/splitmix64.c>.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`, or 0. A bias of one in 2^30 does not matter to a wait.
    fn below(&mut self, limit: u64) -> u64 {
        self.next().checked_rem(limit).unwrap_or(0)
    }
}

/// What an error's body says: `{"error":{"type","code","message"}}` and its relatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) kind: String,
    pub(super) code: String,
    pub(super) message: String,
}

impl Said {
    pub(super) fn of(body: &str) -> Self {
        let Ok(raw) = Raw::parse(body) else {
            return Self::default();
        };
        // Gemini's compatible end wraps its error in an array.
        let raw = raw.elements().next().unwrap_or(raw);
        let error = raw.field("error").unwrap_or(raw);
        if let Some(message) = error.as_str() {
            return Self {
                message: message.decode().into_owned(),
                ..Self::default()
            };
        }
        let [kind, code, message, status] = error.fields(["type", "code", "message", "status"]);
        let word = |raw: Option<Raw<'_>>| {
            let raw = raw.filter(|raw| !raw.is_null());
            raw.map_or_else(String::new, |raw| match raw.as_str() {
                Some(text) => text.decode().into_owned(),
                None => raw.text().into(),
            })
        };
        Self {
            kind: word(kind.or(status)),
            code: word(code),
            message: word(message),
        }
    }
}

/// The error says that the request is longer than the model's window: Anthropic's `prompt is too
/// long: 208310 tokens > 200000 maximum` and ``input length and `max_tokens` exceed context limit``,
/// the code `context_length_exceeded` of `OpenAI`, the type `exceed_context_size_error` of llama.cpp,
/// Gemini's `The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).`,
/// Bedrock's `Input is too long for requested model.`, Cohere's `too many tokens: total number of
/// tokens …`.
#[must_use]
pub fn is_overflow(kind: &str, message: &str) -> bool {
    matches!(
        kind,
        "context_length_exceeded" | "exceed_context_size_error" | "model_context_window_exceeded"
    ) || [
        "prompt is too long",
        "exceed context limit",
        "maximum context length",
        "context_length_exceeded",
        "exceeds the available context size",
        "exceeds the context window",
        "exceeds the maximum number of tokens allowed",
        "Input is too long for requested model",
        "too many tokens: total number of tokens",
    ]
    .iter()
    .any(|words| message.contains(words))
}
