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
    /// The provider's id, where it sent one. In dialects whose calls have none as a rule (Gemini,
    /// Ollama) a call without one has an id that is made of the reply's id or time, the call's
    /// place and its name: the same whenever the reply is read, and no other call's.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// A function with JSON arguments, or a custom tool with free text.
    pub kind: Kind,
    /// The arguments exactly as sent: big integers, repeated keys and `-0` are in here only.
    pub arguments: String,
    /// The arguments parsed, an object; `{}` where they were absent or blank (F-18). A custom tool's
    /// text as a JSON string.
    pub input: Value,
    pub(crate) key: String,
}

impl ToolCall {
    /// What identifies the call across retries and replays: run each key once (F-60, F-62).
    ///
    /// Message id and call id; where the call has no id, its ordinal and a digest of name and
    /// arguments. Calls of one reply that share an id but are not the same call have a digest in
    /// their keys as well (F-25), as do those of a reply without an id (Converse, Ollama): servers
    /// may use a call's id again in the next. Answers after the first have their number (F-57).
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
    /// The arguments are JSON but no object, which is what every tool takes (F-19).
    NotAnObject,
    /// The call has no arguments, and the reply has some that fit no call: they may be its own
    /// (F-24).
    Astray,
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
            Self::NotAnObject => "arguments_not_an_object",
            Self::Astray => "arguments_astray",
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
            Self::NotAnObject => f.write_str("the arguments are not a JSON object"),
            Self::Astray => {
                f.write_str("the call has no arguments, and others of the reply fit no call")
            }
            Self::NoName => f.write_str("the call has no name"),
            Self::Reply(why) => write!(f, "the reply is no turn: {why}"),
        }
    }
}

/// What arguments may be besides a JSON object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accept {
    pub(super) null: bool,
    pub(super) double_encoded: bool,
}

/// The value of arguments as they were sent, and the id of what was tolerated for it. Absent and
/// blank mean `{}` (F-18); everything else must parse.
pub(super) fn parse(
    arguments: &str,
    accept: Accept,
) -> Result<(Value, Option<&'static str>), CallFault> {
    let empty = || Value::Object(serde_json::Map::new());
    if arguments
        .bytes()
        .all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
    {
        return Ok((empty(), None));
    }
    match value(arguments)? {
        object @ Value::Object(_) => Ok((object, None)),
        Value::Null if accept.null => Ok((empty(), Some("F-18"))),
        Value::String(inner) if accept.double_encoded => match value(&inner) {
            Ok(object @ Value::Object(_)) => Ok((object, Some("F-19"))),
            _ => Err(CallFault::NotAnObject),
        },
        _ => Err(CallFault::NotAnObject),
    }
}

pub(super) fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

fn value(text: &str) -> Result<Value, CallFault> {
    match Raw::parse(text) {
        Ok(_) => serde_json::from_str(text)
            .map_err(|error| CallFault::Unrepresentable(error.to_string())),
        Err(crate::ErrorKind::NotJson { offset }) => Err(CallFault::NotJson { offset }),
        Err(other) => Err(CallFault::Unrepresentable(other.to_string())),
    }
}

/// What identifies a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity<'a> {
    pub(super) message: Option<&'a str>,
    pub(super) choice: u32,
    pub(super) id: Option<&'a str>,
    /// Another call of the answer has the same id.
    pub(super) shared: bool,
    pub(super) ordinal: usize,
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
}

/// See [`ToolCall::execution_key`].
pub(super) fn execution_key(call: Identity<'_>) -> String {
    let mut key = String::from(call.message.unwrap_or("-"));
    if call.choice > 0 {
        key += &format!("/choice{}", call.choice);
    }
    match (call.message, call.id) {
        (Some(_), Some(id)) if !call.shared => key + "/" + id,
        (_, Some(id)) => key + "/" + id + "#" + &digest(call.name, call.arguments),
        _ => key + &format!("/#{}-{}", call.ordinal, digest(call.name, call.arguments)),
    }
}

fn digest(name: &str, arguments: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([0]);
    hash.update(arguments.as_bytes());
    let mut hex = String::new();
    for byte in hash.finalize().iter().take(16) {
        let written = write!(hex, "{byte:02x}");
        debug_assert!(written.is_ok(), "a string takes any text");
    }
    hex
}
