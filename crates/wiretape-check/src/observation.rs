//! What a client did, as seen from outside. Times are nanoseconds since the run began.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// One run of a client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The exchanges that it asked for, in the order of their first request.
    pub turns: Vec<TurnSeen>,
    /// Requests that no exchange answers.
    pub misses: Vec<Miss>,
    /// What it said of the run itself, where it speaks the worker protocol or printed such a line.
    pub said: Option<Said>,
    /// How the run ended.
    pub ended: Ended,
    /// The end of what it wrote to standard error, secrets replaced.
    pub stderr: String,
    /// From the run's begin to its end.
    pub elapsed_ns: u64,
}

/// All that was asked for one exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnSeen {
    /// The exchange, counted from 0.
    pub exchange: usize,
    /// The requests, the retries too.
    pub attempts: Vec<Attempt>,
    /// What the request for a later exchange says of this one's reply; `None`: there was none.
    pub echo: Option<Echo>,
}

/// One request, and what was sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which request of the run, counted from 0.
    pub request: usize,
    /// When it had been read.
    pub at_ns: u64,
    /// When the last byte of the answer was written; `None`: never, or not yet.
    pub sent_ns: Option<u64>,
    /// When the client closed the connection, where it did before the answer's end.
    pub left_ns: Option<u64>,
    /// Bytes of the answer's body that were written.
    pub bytes: u64,
    /// Everything was sent that the script says.
    pub whole: bool,
    /// The codings that the request offers in `accept-encoding`.
    pub accepts: String,
}

/// A request that no exchange answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Miss {
    /// Which request of the run, counted from 0.
    pub request: usize,
    /// Method and path.
    pub asked: String,
    /// Why none answers it.
    pub why: String,
}

/// A reply, as a later request repeats it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    /// The assistant's text.
    pub text: String,
    /// Its calls, in order.
    pub calls: Vec<Call>,
    /// What the provider would refuse of the history that was sent.
    pub flaws: Vec<String>,
}

/// A call, as a later request repeats it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, as they stand in the request: JSON text.
    pub arguments: String,
    /// The results that were sent for it: one, where all is well.
    pub results: Vec<CallResult>,
}

/// What was sent for a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallResult {
    /// Its text.
    pub content: String,
    /// It says that the call failed, where the dialect can say so.
    pub is_error: bool,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Ended {
    /// A worker gave its line.
    #[default]
    Answered,
    /// The process ended with this code.
    Exited {
        /// The code.
        code: i32,
    },
    /// The process ended by a signal, or a worker ended without its line.
    Crashed {
        /// The signal, or the code, in words.
        why: String,
    },
    /// It was stopped: it had done nothing for too long.
    Hung {
        /// How long it had been given after the last byte was sent.
        patience_ns: u64,
    },
    /// A worker's line cannot be read.
    Unreadable {
        /// What was expected, and the line's begin.
        why: String,
    },
}

/// A client's own account of a run: one line of JSON. Text and calls are those of all its turns,
/// one after the other. Whatever is absent is not compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Which run it is of: the order's `run`.
    #[serde(default)]
    pub run: String,
    /// The text that was shown.
    #[serde(default)]
    pub text: Option<String>,
    /// The calls that were run, or would be, in order.
    #[serde(default)]
    pub tool_calls: Option<Vec<SaidCall>>,
    /// The last stop reason, in the client's own words.
    #[serde(default)]
    pub stop: Option<String>,
    /// What went wrong, in the client's own words.
    #[serde(default)]
    pub error: Option<String>,
    /// What was shown when.
    #[serde(default)]
    pub events: Option<Vec<SaidEvent>>,
}

/// A call, as the client has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SaidCall {
    /// The tool.
    pub name: String,
    /// The arguments as a value, where the client parses them.
    #[serde(
        default,
        deserialize_with = "some",
        skip_serializing_if = "Option::is_none"
    )]
    pub arguments: Option<Value>,
    /// The arguments as text, where it leaves that to its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments_text: Option<String>,
    /// The client says that the call is not to be run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invalid: bool,
}

/// `null` is a value here, too.
fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Something that the client showed or did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SaidEvent {
    /// Milliseconds since it read the order.
    pub ms: f64,
    /// The text that it showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The tool that it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
}
