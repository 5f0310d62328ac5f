//! Snapshots that do not change from run to run. Feature `insta`.
//!
//! Ids and times that a server makes up anew for each reply are replaced, so that a new recording
//! of the same session gives the same snapshot: the first id becomes `id-1`, the second `id-2`, and
//! the same id the same name wherever it stands, so that a call can still be told from another, and
//! a tool's result still belongs to its call.
//!
//! ```
//! use wiretape::core::{Dialect, Options, Transcript, read};
//!
//! let body = b"data: {\"id\":\"chatcmpl-7Qx\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
//! let seen = Transcript::of(&read(Dialect::OpenAiChat, Options::default(), body));
//! let stable = wiretape::snapshot::stable(&seen);
//! assert_eq!(stable["message_id"], "id-1");
//! assert_eq!(stable["text"], "hi");
//! ```
//!
//! In a test, [`assert_stable_snapshot!`](crate::assert_stable_snapshot) writes and compares it:
//!
//! ```no_run
//! # let transcript = 1;
//! wiretape::assert_stable_snapshot!("after-the-tool", transcript);
//! ```

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// Fields that hold an id, whatever they are in.
const IDS: [&str; 10] = [
    "call_id",
    "container_id",
    "id",
    "item_id",
    "message_id",
    "previous_response_id",
    "request_id",
    "response_id",
    "tool_call_id",
    "tool_use_id",
];

/// Fields that hold a time, or how long something took.
const TIMES: [&str; 9] = [
    "after_ns",
    "completed_at",
    "created",
    "created_at",
    "date",
    "elapsed_ms",
    "elapsed_ns",
    "expires_at",
    "system_fingerprint",
];

/// The value with ids numbered in the order in which they first appear, and times as `[time]`.
///
/// Takes what can be serialised: a transcript, what a server was asked, a list of your own events.
/// What cannot be is `null`. Numbers and texts that are no id and no time stay, those inside strings
/// too: arguments as sent, for example.
#[must_use]
pub fn stable(value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    Names::default().replace(&mut value);
    value
}

#[derive(Default)]
struct Names(BTreeMap<String, usize>);

impl Names {
    fn replace(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.field(name, value);
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, name: &str, value: &mut Value) {
        match value {
            Value::String(id) if IDS.contains(&name) && !id.is_empty() => {
                let next = self.0.len() + 1;
                let number = *self.0.entry(std::mem::take(id)).or_insert(next);
                *id = format!("id-{number}");
            }
            Value::String(_) | Value::Number(_) if TIMES.contains(&name) => {
                *value = "[time]".into();
            }
            _ => self.replace(value),
        }
    }
}

/// Compares a value with its snapshot by [`insta`], ids and times replaced by
/// [`snapshot::stable`](crate::snapshot::stable).
///
/// `assert_stable_snapshot!(value)` or `assert_stable_snapshot!("name", value)`. The snapshot lies
/// where insta puts those of the calling file.
#[macro_export]
macro_rules! assert_stable_snapshot {
    ($value:expr $(,)?) => {
        $crate::insta::assert_json_snapshot!($crate::snapshot::stable(&$value))
    };
    ($name:expr, $value:expr $(,)?) => {
        $crate::insta::assert_json_snapshot!($name, $crate::snapshot::stable(&$value))
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::stable;

    #[test]
    fn the_same_id_has_the_same_name_and_nothing_else_changes() {
        let value = json!({
            "messages": [
                {"tool_calls": [{"id": "call_b", "name": "id"}, {"id": "call_a"}]},
                {"tool_call_id": "call_a", "content": "call_a"},
            ],
            "id": null, "created": 17, "created_at": "2026", "n": 17, "request_id": "",
        });
        assert_eq!(
            stable(&value),
            json!({
                "messages": [
                    {"tool_calls": [{"id": "id-1", "name": "id"}, {"id": "id-2"}]},
                    {"tool_call_id": "id-2", "content": "call_a"},
                ],
                "id": null, "created": "[time]", "created_at": "[time]", "n": 17, "request_id": "",
            })
        );
    }
}
