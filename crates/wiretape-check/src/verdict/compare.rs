//! Two texts, or two lists of calls: are they the same, and what differs first.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Characters shown on each side of a difference.
const SHOWN: usize = 24;

/// A call that was run, or is said to be run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Done {
    /// The tool.
    pub(super) name: String,
    /// What it was given.
    pub(super) arguments: Arguments,
}

/// A call's arguments, as they are compared.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Arguments {
    /// Not known: as good as any.
    Any,
    /// A value.
    Value(Value),
    /// Text that is no JSON.
    Text(String),
}

impl Arguments {
    /// Of a text: a client that leaves parsing to its user has it as it was sent. Blank and `null`
    /// mean `{}` (F-18), and a string that holds an object means that object (F-19).
    pub(super) fn of_text(text: &str) -> Self {
        let empty = || Self::Value(Value::Object(Map::new()));
        if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            return empty();
        }
        match serde_json::from_str(text) {
            Ok(Value::Null) => empty(),
            Ok(Value::String(inner)) => match serde_json::from_str(&inner) {
                Ok(object @ Value::Object(_)) => Self::Value(object),
                _ => Self::Value(Value::String(inner)),
            },
            Ok(value) => Self::of_value(&value),
            Err(_) => Self::Text(text.to_owned()),
        }
    }

    /// Of a value: a client that parses may say that there are none by `null`, and sends what does not
    /// parse back as the [provider][wrap] asks for it, in an object of its own.
    ///
    /// [wrap]: https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
    pub(super) fn of_value(value: &Value) -> Self {
        let wrapped = value.as_object().filter(|object| object.len() == 1);
        let wrapped = wrapped.and_then(|object| object.get("INVALID_JSON")?.as_str());
        match (value, wrapped) {
            (Value::Null, _) => Self::Value(Value::Object(Map::new())),
            (_, Some(text)) => Self::Text(text.to_owned()),
            (other, None) => Self::Value(other.clone()),
        }
    }

    /// They parse: the call could be run.
    pub(super) fn parse(&self) -> bool {
        !matches!(self, Self::Text(_))
    }

    fn shown(&self) -> String {
        match self {
            Self::Any => "…".to_owned(),
            Self::Value(value) => value.to_string(),
            Self::Text(text) => format!("{text:?}"),
        }
    }
}

impl Done {
    /// As it is shown: `name({"a":1})`, not too long.
    pub(super) fn shown(&self) -> String {
        let arguments = shorten(&self.arguments.shown(), 160);
        format!("{}({arguments})", self.name)
    }

    /// What tells it from other calls. The keys of an object are in order, so that the order in
    /// which a client writes them is none.
    fn key(&self, names_only: bool) -> String {
        if names_only {
            return self.name.clone();
        }
        format!("{}\0{}", self.name, self.arguments.shown())
    }
}

/// The calls, for a sentence.
pub(super) fn shown(calls: &[Done]) -> String {
    const MOST: usize = 4;
    if calls.is_empty() {
        return "none".to_owned();
    }
    let mut text: Vec<String> = calls.iter().take(MOST).map(Done::shown).collect();
    if MOST < calls.len() {
        text.push(format!("and {} more", calls.len() - MOST));
    }
    text.join(", ")
}

/// What of one list is not in another. Calls are compared as a set in which one may be there more
/// than once: those of one reply may run side by side.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CallsDiffer {
    /// In `want`, and oftener in `got`.
    pub(super) twice: Vec<Done>,
    /// In `want` alone.
    pub(super) lost: Vec<Done>,
    /// In `got` alone, with the one in `want` that it stands for.
    pub(super) other: Vec<(Option<Done>, Done)>,
    /// The same calls in another order.
    pub(super) order: bool,
}

impl CallsDiffer {
    /// No call was run that must not be, and none twice.
    pub(super) fn is_part(&self) -> bool {
        self.twice.is_empty() && self.other.is_empty()
    }

    /// The same calls, in whichever order.
    pub(super) fn is_same(&self) -> bool {
        self.is_part() && self.lost.is_empty()
    }
}

/// Compares calls with those that there ought to be.
pub(super) fn calls(want: &[Done], got: &[Done]) -> CallsDiffer {
    let any = |done: &Done| done.arguments == Arguments::Any;
    let names_only = want.iter().any(any) || got.iter().any(any);
    let keyed = |calls: &[Done]| -> Vec<String> {
        let keys = calls.iter().map(|call| call.key(names_only));
        keys.collect()
    };
    let (wanted, gotten) = (keyed(want), keyed(got));
    let mut due: BTreeMap<&str, usize> = BTreeMap::new();
    for key in &wanted {
        *due.entry(key).or_default() += 1;
    }
    let mut differ = CallsDiffer::default();
    let mut strangers = Vec::new();
    for (call, key) in got.iter().zip(&gotten) {
        match due.get_mut(key.as_str()) {
            Some(0) => differ.twice.push(call.clone()),
            Some(count) => *count -= 1,
            None => strangers.push(call.clone()),
        }
    }
    // From the last on: of calls that are alike, the first are those that came.
    let mut missing = Vec::new();
    for (call, key) in want.iter().zip(&wanted).rev() {
        if let Some(count) = due.get_mut(key.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            missing.push(call.clone());
        }
    }
    missing.reverse();
    for stranger in strangers {
        let named = missing.iter().position(|call| call.name == stranger.name);
        let place = named.or(if missing.is_empty() { None } else { Some(0) });
        let stood_for = place.map(|place| missing.remove(place));
        differ.other.push((stood_for, stranger));
    }
    differ.lost = missing;
    differ.order = differ.is_same() && wanted != gotten;
    differ
}

/// Bytes that both begin with, whole characters.
pub(super) fn common(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes());
    let mut length = pairs.take_while(|(one, other)| one == other).count();
    while !one.is_char_boundary(length) || !other.is_char_boundary(length) {
        length -= 1;
    }
    length
}

/// Bytes that both end with, whole characters.
fn common_end(one: &str, other: &str) -> usize {
    let chars = one.chars().rev().zip(other.chars().rev());
    let same = chars.take_while(|(one, other)| one == other);
    same.map(|(one, _)| one.len_utf8()).sum()
}

/// `shown` is where `whole` begins. A text that stops between the halves of a character may have
/// U+FFFD for its last.
pub(super) fn begins(shown: &str, whole: &str) -> bool {
    whole.starts_with(shown) || whole.starts_with(shown.trim_end_matches('\u{FFFD}'))
}

/// `shown` is `whole` but for a stretch that is left out, at its end or in front of it.
pub(super) fn left_out(shown: &str, whole: &str) -> bool {
    if begins(shown, whole) {
        return true;
    }
    let (front, back) = (common(shown, whole), common_end(shown, whole));
    shown.len() < whole.len() && shown.len() <= front + back
}

/// As how many beginnings of `wholes`, one after the other, `shown` can be read; at most `most`.
/// `None`: it cannot.
pub(super) fn beginnings(shown: &str, wholes: &[&str], most: usize) -> Option<usize> {
    let mut lengths = vec![0; shown.len()];
    for whole in wholes {
        let agreed = agreements(shown.as_bytes(), whole.as_bytes());
        for (longest, length) in lengths.iter_mut().zip(agreed) {
            *longest = length.max(*longest);
        }
    }
    // From a place any nearer place can be reached, so the fewest steps are the longest ones.
    let (mut steps, mut reach, mut next) = (0, 0, 0);
    for (at, length) in lengths.iter().enumerate() {
        next = next.max(at + length);
        if at == reach {
            steps += 1;
            reach = next;
            if most < steps || reach == at {
                return None;
            }
        }
    }
    (reach == shown.len()).then_some(steps)
}

/// For each place of `text`, how many bytes from there on are those that `whole` begins with.
fn agreements(text: &[u8], whole: &[u8]) -> Vec<usize> {
    // The Z function of `whole`, then of `text` against it: linear in both.
    let own = z(whole, whole);
    let mut lengths = vec![0; text.len()];
    let (mut from, mut to) = (0, 0);
    for at in 0..text.len() {
        let known = if at < to {
            own.get(at - from).copied().unwrap_or(0).min(to - at)
        } else {
            0
        };
        let length = known + agree(text, at + known, whole, known);
        if to < at + length {
            (from, to) = (at, at + length);
        }
        if let Some(slot) = lengths.get_mut(at) {
            *slot = length;
        }
    }
    lengths
}

fn z(text: &[u8], whole: &[u8]) -> Vec<usize> {
    let mut lengths = vec![whole.len(); text.len().min(1)];
    let (mut from, mut to) = (0, 0);
    for at in 1..text.len() {
        let known = if at < to {
            lengths.get(at - from).copied().unwrap_or(0).min(to - at)
        } else {
            0
        };
        let length = known + agree(text, at + known, whole, known);
        if to < at + length {
            (from, to) = (at, at + length);
        }
        lengths.push(length);
    }
    lengths
}

/// Bytes that are the same from these places on.
fn agree(one: &[u8], at: usize, other: &[u8], from: usize) -> usize {
    let one = one.get(at..).unwrap_or(&[]).iter();
    let other = other.get(from..).unwrap_or(&[]).iter();
    one.zip(other)
        .take_while(|(one, other)| one == other)
        .count()
}

/// `shown` is `whole` with a part of it there twice, or more of it in a row.
pub(super) fn doubled(shown: &str, whole: &str) -> bool {
    let Some(more) = shown
        .len()
        .checked_sub(whole.len())
        .filter(|more| *more > 0)
    else {
        return false;
    };
    let bytes = shown.as_bytes();
    let front = bytes.iter().zip(whole.as_bytes());
    let front = front.take_while(|(one, other)| one == other).count();
    let back = bytes.iter().rev().zip(whole.as_bytes().iter().rev());
    let back = back.take_while(|(one, other)| one == other).count();
    if front + back < whole.len() {
        return beginnings(shown, &[whole], 8).is_some_and(|count| count > 1);
    }
    // Something was put in, and only there: it is a copy if it stands beside itself.
    let at = front.min(whole.len());
    let put_in = bytes.get(at..at + more).unwrap_or(&[]);
    let whole = whole.as_bytes();
    let (before, behind) = whole.split_at(at);
    before.ends_with(put_in) || behind.starts_with(put_in) || copies(put_in, before)
}

/// `put_in` is the end of `before`, so many times.
fn copies(put_in: &[u8], before: &[u8]) -> bool {
    let longest = before.len().min(put_in.len());
    (1..=longest).any(|length| {
        let Some(unit) = before.get(before.len() - length..) else {
            return false;
        };
        put_in.len() % length == 0 && put_in.chunks(length).all(|chunk| chunk == unit)
    })
}

/// Where two texts part, with what is around.
pub(super) fn difference(want: &str, got: &str) -> String {
    let at = common(want, got);
    let chars = want.get(..at).unwrap_or_default().chars().count();
    let before: String = {
        let before: Vec<char> = want
            .get(..at)
            .unwrap_or_default()
            .chars()
            .rev()
            .take(SHOWN)
            .collect();
        before.into_iter().rev().collect()
    };
    let behind = |text: &str| -> String {
        let rest = text.get(at..).unwrap_or_default();
        let shown: String = rest.chars().take(SHOWN).collect();
        if shown.is_empty() {
            "the end".to_owned()
        } else {
            format!("{shown:?}")
        }
    };
    format!(
        "after {chars} characters, behind {before:?}: expected {}, found {}",
        behind(want),
        behind(got)
    )
}

/// The text's begin, where it is long.
pub(super) fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let short: String = text.chars().take(most).collect();
    short + "…"
}

/// A text for a sentence: its length, and its end.
pub(super) fn quoted(text: &str) -> String {
    let count = text.chars().count();
    if count <= 2 * SHOWN {
        return format!("{text:?}");
    }
    let tail: Vec<char> = text.chars().rev().take(SHOWN).collect();
    let tail: String = tail.into_iter().rev().collect();
    format!("{count} characters, the last of them {tail:?}")
}
