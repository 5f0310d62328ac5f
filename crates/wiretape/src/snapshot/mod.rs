//! What arrived, as snapshots that are the same on every run.
//!
//! Ids and times differ from run to run where a server or an SDK makes them up. Here the first id
//! that is met becomes `id-1`, the next `id-2`; one id has one name, wherever it stands, so that a
//! snapshot still shows which result answers which call. Nothing else is changed: what a model
//! said, the arguments of a call and the fields of a tool's schema stay as they are, whatever they
//! are called.
//!
//! ```
//! use wiretape::core::{Dialect, Options, Transcript, read};
//! use wiretape::{FromFile, Tape, snapshot};
//!
//! let tape = Tape::load("../../recordings/anthropic/small-tool.tape")?;
//! let body = tape.exchanges[0].body();
//! let transcript = Transcript::of(&read(Dialect::Anthropic, Options::default(), &body));
//! let stable = snapshot::transcript(&transcript);
//! assert_eq!(stable.message_id.as_deref(), Some("id-1"));
//! assert_eq!(stable.tool_calls[0].id.as_deref(), Some("id-2"));
//! snapshot::settings("small-tool.tape, as recorded").bind(|| {
//!     insta::assert_json_snapshot!(stable.tool_calls, @r#"
//!     [
//!       {
//!         "ordinal": 0,
//!         "id": "id-2",
//!         "name": "get_weather",
//!         "arguments": "{\"city\": \"Bergen\"}",
//!         "input": {
//!           "city": "Bergen"
//!         }
//!       }
//!     ]
//!     "#);
//! });
//! # Ok::<(), wiretape::LoadError>(())
//! ```

mod event;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use wiretape_core::{AnswerView, CallView, Dialect, RejectedView, Transcript};
#[cfg(feature = "server")]
use wiretape_serve::Seen;

pub use event::line;

/// Members whose string is an id.
const IDS: [&str; 10] = [
    "call_id",
    "id",
    "item_id",
    "message_id",
    "previous_response_id",
    "request_id",
    "response_id",
    "system_fingerprint",
    "tool_call_id",
    "tool_use_id",
];

/// Members whose number or string is a time.
const TIMES: [&str; 9] = [
    "after_ns",
    "completed_at",
    "created",
    "created_at",
    "duration",
    "duration_ms",
    "elapsed",
    "elapsed_ms",
    "started_at",
];

/// Members whose content is the caller's own, whatever stands in it.
const DATA: [&str; 5] = [
    "arguments",
    "input_schema",
    "metadata",
    "parameters",
    "schema",
];

/// What stands for a time.
const TIME: &str = "[time]";

/// What stands for a key in a query.
const KEY: &str = "[key]";

/// The stable names of the ids met so far.
///
/// Use one for all that belongs together: the call of a transcript and the result that the next
/// request brings then have the same name.
#[derive(Clone, Debug, Default)]
pub struct Stable {
    names: BTreeMap<String, String>,
}

/// A request, as far as it is the same on every run: headers are left out, since they name ports,
/// versions and keys.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequestView {
    /// The method.
    pub method: String,
    /// Path and query; a key in the query is not shown.
    pub path: String,
    /// The body: JSON with its members in order of their names, else text, else `null` for none.
    pub body: Value,
}

impl Stable {
    /// No id was met yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            names: BTreeMap::new(),
        }
    }

    /// The name of an id: the one it has, or the next.
    pub fn id(&mut self, id: &str) -> String {
        if let Some(name) = self.names.get(id) {
            return name.clone();
        }
        let name = format!("id-{}", self.names.len() + 1);
        self.names.insert(id.into(), name.clone());
        name
    }

    /// A transcript with names for the ids of the message and of its calls.
    pub fn transcript(&mut self, transcript: &Transcript) -> Transcript {
        let mut stable = transcript.clone();
        self.rename(&mut stable.message_id);
        self.calls(&mut stable.tool_calls, &mut stable.rejected_calls);
        for call in &mut stable.server_calls {
            self.rename(&mut call.id);
        }
        for AnswerView {
            tool_calls,
            rejected_calls,
            ..
        } in &mut stable.others
        {
            self.calls(tool_calls, rejected_calls);
        }
        stable
    }

    /// A request with names for the ids in its body, and without its keys.
    pub fn request(&mut self, method: &str, path: &str, body: &[u8]) -> RequestView {
        let body = match serde_json::from_slice::<Value>(body) {
            Ok(value) => self.named(value),
            Err(_) if body.is_empty() => Value::Null,
            Err(_) => String::from_utf8_lossy(body).into(),
        };
        RequestView {
            method: method.into(),
            path: without_keys(path),
            body,
        }
    }

    /// Anything that can be serialised, as JSON with names for its ids.
    ///
    /// An id is the string of a member called `id`, `call_id`, `tool_use_id` and the like, and any
    /// string that is an id met before. A time is a member called `created`, `created_at`,
    /// `duration` and the like. In arguments, schemas and metadata nothing is changed.
    ///
    /// # Errors
    /// When it cannot be serialised as JSON.
    pub fn value(&mut self, value: &impl Serialize) -> serde_json::Result<Value> {
        serde_json::to_value(value).map(|value| self.named(value))
    }

    fn calls(&mut self, run: &mut [CallView], not: &mut [RejectedView]) {
        // In the order of the reply, so that a call's name does not tell whether it may be run.
        let run = run.iter_mut().map(|call| (call.ordinal, &mut call.id));
        let not = not.iter_mut().map(|call| (call.ordinal, &mut call.id));
        let mut ids: Vec<_> = run.chain(not).collect();
        ids.sort_by_key(|(ordinal, _)| *ordinal);
        for (_, id) in ids {
            self.rename(id);
        }
    }

    fn rename(&mut self, id: &mut Option<String>) {
        if let Some(id) = id.as_mut().filter(|id| !id.is_empty()) {
            *id = self.id(id);
        }
    }

    fn named(&mut self, value: Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.members(members)),
            Value::Array(items) => items.into_iter().map(|item| self.named(item)).collect(),
            Value::String(text) => self.names.get(&text).cloned().unwrap_or(text).into(),
            other => other,
        }
    }

    fn members(&mut self, members: Map<String, Value>) -> Map<String, Value> {
        // The input of a call is the model's; a list called `input` is the conversation.
        let is_call = members.get("name").is_some_and(Value::is_string);
        let is_data = |name: &str| DATA.contains(&name) || (is_call && name == "input");
        let named = members.into_iter().map(|(name, value)| {
            let value = match value {
                value if is_data(&name) => value,
                Value::String(id) if IDS.contains(&name.as_str()) && !id.is_empty() => {
                    self.id(&id).into()
                }
                Value::String(_) | Value::Number(_) if TIMES.contains(&name.as_str()) => {
                    TIME.into()
                }
                other => self.named(other),
            };
            (name, value)
        });
        named.collect()
    }
}

/// One transcript with stable names. See [`Stable::transcript`].
#[must_use]
pub fn transcript(of: &Transcript) -> Transcript {
    Stable::new().transcript(of)
}

/// Transcripts of one conversation, with stable names for all of them together.
#[must_use]
pub fn transcripts(of: &[Transcript]) -> Vec<Transcript> {
    let mut stable = Stable::new();
    of.iter().map(|one| stable.transcript(one)).collect()
}

/// Every event of a body, one line for each, as [`line()`] writes it, with stable names; last the
/// error of reading, if there is one.
#[must_use]
pub fn events(dialect: Dialect, body: &[u8]) -> Vec<String> {
    let mut stable = Stable::new();
    let mut lines = Vec::new();
    let mut reader = wiretape_core::Reader::new(dialect);
    let failed = reader.feed(body, &mut |event| lines.push(stable.event(&event)));
    if let Err(error) = failed {
        lines.push(error.to_string());
    }
    // What the end makes of it stands in the transcript.
    let _ = reader.finish_with(&mut |event| lines.push(stable.event(&event)));
    lines
}

/// What a replay server was asked, in order, with stable names for all requests together.
#[cfg(feature = "server")]
#[must_use]
pub fn requests(seen: &[Seen]) -> Vec<RequestView> {
    let mut stable = Stable::new();
    let requests = seen.iter();
    let request = |seen: &Seen| stable.request(&seen.method, &seen.path, &seen.body);
    requests.map(request).collect()
}

/// Settings for snapshots of what came of a replay: members of maps in order of their names, no
/// expression, and in the snapshot's head, which a failure shows, what was played.
#[must_use]
pub fn settings(played: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_sort_maps(true);
    settings.set_omit_expression(true);
    settings.set_description(played);
    settings
}

/// The path with what a query gives for `key`, `api_key`, `access_token` and the like taken out.
fn without_keys(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.into();
    };
    let fields = query.split('&').map(|field| match field.split_once('=') {
        Some((name, _)) if name.contains("key") || name.contains("token") => {
            format!("{name}={KEY}")
        }
        _ => field.to_owned(),
    });
    format!("{path}?{}", fields.collect::<Vec<_>>().join("&"))
}
