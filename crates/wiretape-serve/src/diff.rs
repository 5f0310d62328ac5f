//! JSON in one form, and where two values differ.

use std::fmt;
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value};

/// Differences that are told at most.
pub(crate) const DIFFERENCES_MAX: usize = 20;
/// Bytes of a value that is shown whole; of a longer one, its beginning as text.
const SHOWN_BYTES_MAX: usize = 200;
/// Floats up to here hold every integer.
const EXACT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// A place where a request's body is not what was recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// JSON pointer to the place; empty: the whole body.
    pub pointer: String,
    /// What was recorded there; a long value as text, cut. `None`: nothing, and it is left out of
    /// the JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.pointer.as_str() {
            "" => "the body",
            pointer => pointer,
        };
        let shown = |value: &Option<Value>| {
            let text = value.as_ref().map(Value::to_string);
            text.unwrap_or_else(|| "nothing".to_owned())
        };
        let (expected, found) = (shown(&self.expected), shown(&self.found));
        write!(f, "{place}: expected {expected}, found {found}")
    }
}

/// Where two values differ, in order of the recorded one's keys; the first of them if they are many.
pub(crate) fn diff(expected: &Value, found: &Value) -> Vec<Difference> {
    let mut out = Vec::new();
    compare(&mut String::new(), Some(expected), Some(found), &mut out);
    out
}

fn compare(
    pointer: &mut String,
    expected: Option<&Value>,
    found: Option<&Value>,
    out: &mut Vec<Difference>,
) {
    if out.len() >= DIFFERENCES_MAX || expected == found {
        return;
    }
    match (expected, found) {
        (Some(Value::Object(expected)), Some(Value::Object(found))) => {
            let added = found.keys().filter(|key| !expected.contains_key(*key));
            for key in expected.keys().chain(added) {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                inside(pointer, &escaped, expected.get(key), found.get(key), out);
            }
        }
        (Some(Value::Array(expected)), Some(Value::Array(found))) => {
            for place in 0..expected.len().max(found.len()) {
                let key = place.to_string();
                inside(pointer, &key, expected.get(place), found.get(place), out);
            }
        }
        _ => out.push(Difference {
            pointer: pointer.clone(),
            expected: expected.map(shown),
            found: found.map(shown),
        }),
    }
}

fn inside(
    pointer: &mut String,
    key: &str,
    expected: Option<&Value>,
    found: Option<&Value>,
    out: &mut Vec<Difference>,
) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(key);
    compare(pointer, expected, found, out);
    pointer.truncate(length);
}

fn shown(value: &Value) -> Value {
    let text = value.to_string();
    if text.len() <= SHOWN_BYTES_MAX {
        return value.clone();
    }
    let cut = (0..=SHOWN_BYTES_MAX)
        .rev()
        .find(|at| text.is_char_boundary(*at));
    let (kept, rest) = text.split_at(cut.unwrap_or(0));
    Value::String(format!("{kept}… and {} bytes more", rest.len()))
}

/// Text without a choice in it: keys in order, no white space, `1.0` as `1`.
pub(crate) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => write_object(map, out),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or(0.0);
            let _ = match float.fract() == 0.0 && float.abs() < EXACT_INTEGER_MAX {
                true => write!(out, "{float:.0}"),
                false => write!(out, "{number}"),
            };
        }
        // Writing to a string does not fail.
        other => drop(write!(out, "{other}")),
    }
}

fn write_object(map: &Map<String, Value>, out: &mut String) {
    let mut fields: Vec<_> = map.iter().collect();
    fields.sort_unstable_by_key(|(key, _)| *key);
    out.push('{');
    for (key, value) in fields {
        let _ = write!(out, "{}:", Value::String(key.clone()));
        write(value, out);
        out.push(',');
    }
    out.push('}');
}

/// The value without what a JSON pointer points to.
pub(crate) fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        return;
    };
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Some(place) = key.parse().ok().filter(|place| *place < items.len()) {
                items.remove(place);
            }
        }
        _ => {}
    }
}
