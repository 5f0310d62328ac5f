//! Calls, and why some of them must not be run.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::event::Kind;
use crate::json::Raw;

/// A call that may be run, once.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Its place among all calls of the answer, from 0.
    pub ordinal: usize,
    /// The provider's id, where it sent one.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// A function with JSON arguments, or a custom tool with free text.
    pub kind: Kind,
    /// The arguments exactly as sent: big integers, repeated keys and `-0` are in here only.
    pub arguments: String,
    /// The arguments parsed; `{}` where they were absent, blank or `null` (F-18); a custom tool's
    /// text as a JSON string.
    pub input: Value,
    pub(crate) key: String,
}

impl ToolCall {
    /// What identifies the call across retries and replays: run each key once (F-60, F-62).
    ///
    /// Message id and call id, or, where one is missing, the ordinal and a digest of name and
    /// arguments.
    #[must_use]
    pub fn execution_key(&self) -> &str {
        &self.key
    }
}

/// A call that must not be run. Answer it with an error result: never run it on `{}`, never drop
/// it.
#[derive(Clone, Debug, PartialEq)]
pub struct RejectedCall {
    /// Its place among all calls of the answer, from 0.
    pub ordinal: usize,
    /// The provider's id, where it sent one.
    pub id: Option<String>,
    /// The tool's name, as far as it came.
    pub name: String,
    /// The arguments as far as they came.
    pub arguments: String,
    /// Why.
    pub why: CallFault,
}

/// A call the provider runs itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCall {
    /// The provider's id.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// The arguments as sent.
    pub arguments: String,
}

/// Why a call must not be run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallFault {
    /// The arguments are not JSON, at this offset (F-20, F-21).
    NotJson {
        /// Offset in the arguments, in bytes.
        offset: usize,
    },
    /// The arguments nest too deep (F-73), or hold a number that has no value.
    Unrepresentable(String),
    /// The call has no name (F-25).
    NoName,
    /// The reply it stands in is no turn, for this reason.
    Reply(&'static str),
}

impl CallFault {
    /// A stable name, in `snake_case`, for reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "arguments_not_json",
            Self::Unrepresentable(_) => "arguments_unrepresentable",
            Self::NoName => "no_name",
            Self::Reply(why) => why,
        }
    }
}

impl fmt::Display for CallFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { offset } => {
                write!(f, "the arguments are not JSON at their byte {offset}")
            }
            Self::Unrepresentable(what) => write!(f, "the arguments cannot be held: {what}"),
            Self::NoName => f.write_str("the call has no name"),
            Self::Reply(why) => write!(f, "the reply is no turn: {why}"),
        }
    }
}

/// The value of arguments as they were sent (F-18): absent, blank and `null` mean `{}`, everything
/// else must parse.
pub(super) fn parse(arguments: &str) -> Result<Value, CallFault> {
    let text = arguments.trim();
    if text.is_empty() || text == "null" {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match Raw::parse(arguments) {
        Ok(_) => serde_json::from_str(arguments)
            .map_err(|error| CallFault::Unrepresentable(error.to_string())),
        Err(crate::ErrorKind::NotJson { offset }) => Err(CallFault::NotJson { offset }),
        Err(other) => Err(CallFault::Unrepresentable(other.to_string())),
    }
}

/// See [`ToolCall::execution_key`].
pub(super) fn execution_key(
    message: Option<&str>,
    call: Option<&str>,
    ordinal: usize,
    name: &str,
    arguments: &str,
) -> String {
    if let (Some(message), Some(call)) = (message, call) {
        return format!("{message}/{call}");
    }
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([0]);
    hash.update(arguments.as_bytes());
    let mut key = format!("{}/#{ordinal}-", message.unwrap_or("-"));
    for byte in hash.finalize().iter().take(16) {
        let written = write!(key, "{byte:02x}");
        debug_assert!(written.is_ok(), "a string takes any text");
    }
    key
}
