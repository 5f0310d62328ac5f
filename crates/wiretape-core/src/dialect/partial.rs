//! Arguments that arrive piece by piece, each with the JSON path of where it belongs (F-54):
//! `partialArgs` of Gemini on Vertex.
//!
//! The arguments are built as a tree and written out as one JSON text when the call has ended. Each
//! piece costs its path and its value, so that the work is linear whatever the order of paths.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::ErrorKind;
use crate::json::{DEPTH_MAX, Raw, Str};

/// The arguments of one call as far as they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments {
    nodes: Vec<Node>,
    /// Strings of which more was announced.
    open: usize,
}

#[derive(Clone, Debug)]
enum Node {
    /// Named, and nothing in it so far.
    Hole,
    Object(Vec<(String, usize)>, BTreeMap<String, usize>),
    Array(Vec<usize>),
    Text {
        text: String,
        /// Half of a surrogate pair, of which the other half is in the next piece (F-05).
        high: Option<u16>,
        open: bool,
    },
    /// A number, a truth value or null, as it was sent.
    Scalar(String),
}

/// One step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Key(Cow<'a, str>),
    Index(usize),
}

const TOO_LARGE: ErrorKind =
    ErrorKind::Protocol("partial arguments are longer than a reply may be (F-73)");
const NO_PATH: ErrorKind = ErrorKind::Protocol("a partial argument's path is no JSON path (F-54)");
const NO_VALUE: ErrorKind =
    ErrorKind::Protocol("a partial argument without a value of a known type (F-54)");
const TAKEN: ErrorKind =
    ErrorKind::Protocol("a partial argument at a path that has another value (F-54)");

impl Arguments {
    /// Takes one piece; its bytes go off those that are left.
    pub(super) fn add(&mut self, piece: Raw<'_>, left: &mut usize) -> Result<(), ErrorKind> {
        let [path, string, number, truth, null, more] = piece.fields([
            "jsonPath",
            "stringValue",
            "numberValue",
            "boolValue",
            "nullValue",
            "willContinue",
        ]);
        let path = path.and_then(Raw::as_str).ok_or(NO_PATH)?.decode();
        *left = left.checked_sub(piece.text().len()).ok_or(TOO_LARGE)?;
        let at = self.place(&steps(&path)?)?;
        let more = more.is_some_and(|more| more.text() == "true");
        let string = string.and_then(Raw::as_str);
        let scalar = match (number, truth, null) {
            (Some(value), ..) | (None, Some(value), _) => Some(value.text()),
            (None, None, Some(_)) => Some("null"),
            _ => None,
        };
        match (string, scalar) {
            (Some(text), _) => self.text(at, Some(text), more),
            (None, Some(value)) => self.scalar(at, value),
            // The end of a string that has nothing more in it.
            (None, None) => self.text(at, None, more),
        }
    }

    fn text(&mut self, at: usize, piece: Option<Str<'_>>, more: bool) -> Result<(), ErrorKind> {
        let node = self.nodes.get_mut(at).ok_or(TAKEN)?;
        if let (Node::Hole, Some(_)) = (&*node, piece) {
            self.open += 1;
            *node = Node::Text {
                text: String::new(),
                high: None,
                open: true,
            };
        }
        match node {
            Node::Text {
                text,
                high,
                open: open @ true,
            } => {
                if let Some(piece) = piece {
                    piece.push_to(text, high);
                }
                if !more {
                    *open = false;
                    self.open -= 1;
                }
                Ok(())
            }
            Node::Hole => Err(NO_VALUE),
            _ => Err(TAKEN),
        }
    }

    fn scalar(&mut self, at: usize, value: &str) -> Result<(), ErrorKind> {
        match self.nodes.get_mut(at) {
            Some(node @ Node::Hole) => {
                *node = Node::Scalar(value.into());
                Ok(())
            }
            _ => Err(TAKEN),
        }
    }

    /// A string was announced to go on, and did not.
    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    /// The node at the end of a path; what is missing on the way is made.
    fn place(&mut self, steps: &[Step<'_>]) -> Result<usize, ErrorKind> {
        if self.nodes.is_empty() {
            self.nodes.push(Node::Hole);
        }
        let mut at = 0;
        for step in steps {
            let next = self.nodes.len();
            let node = self.nodes.get_mut(at).ok_or(TAKEN)?;
            if let Node::Hole = node {
                *node = match step {
                    Step::Key(_) => Node::Object(Vec::new(), BTreeMap::new()),
                    Step::Index(_) => Node::Array(Vec::new()),
                };
            }
            let (place, new) = match (node, step) {
                (Node::Object(list, places), Step::Key(key)) => match places.get(key.as_ref()) {
                    Some(&known) => (known, false),
                    None => {
                        list.push((key.clone().into_owned(), next));
                        places.insert(key.clone().into_owned(), next);
                        (next, true)
                    }
                },
                (Node::Array(list), Step::Index(index)) => match list.get(*index) {
                    Some(&known) => (known, false),
                    // A gap would be filled with what nobody sent.
                    None if *index == list.len() => {
                        list.push(next);
                        (next, true)
                    }
                    None => return Err(NO_PATH),
                },
                _ => return Err(TAKEN),
            };
            if new {
                self.nodes.push(Node::Hole);
            }
            at = place;
        }
        Ok(at)
    }

    /// The arguments as JSON; of a call that was cut they lack their last bracket, and are none.
    pub(super) fn written(&self, whole: bool) -> String {
        let mut out = String::new();
        if !self.nodes.is_empty() {
            self.write(0, &mut out);
        }
        if !whole {
            out.pop();
        }
        out
    }

    /// No deeper than a path has steps.
    fn write(&self, at: usize, out: &mut String) {
        match self.nodes.get(at) {
            Some(Node::Object(list, _)) => {
                out.push('{');
                for (place, (key, node)) in list.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    quote(key, out);
                    out.push(':');
                    self.write(*node, out);
                }
                out.push('}');
            }
            Some(Node::Array(list)) => {
                out.push('[');
                for (place, node) in list.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    self.write(*node, out);
                }
                out.push(']');
            }
            Some(Node::Text { text, high, .. }) => {
                let half = high.map(|_| char::REPLACEMENT_CHARACTER);
                let mut text = Cow::Borrowed(text.as_str());
                text.to_mut().extend(half);
                quote(&text, out);
            }
            Some(Node::Scalar(text)) => out.push_str(text),
            Some(Node::Hole) | None => out.push_str("null"),
        }
    }
}

/// A string as JSON.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                let written = write!(out, "\\u{:04x}", u32::from(control));
                debug_assert!(written.is_ok(), "a string takes any text");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// The steps of a path behind its `$`: `.name`, `['name']` and `[0]`.
fn steps(path: &str) -> Result<Vec<Step<'_>>, ErrorKind> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$').ok_or(NO_PATH)?;
    while !rest.is_empty() {
        if steps.len() == DEPTH_MAX {
            return Err(ErrorKind::TooDeep);
        }
        let (step, after) = if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at_checked(end).ok_or(NO_PATH)?;
            if name.is_empty() {
                return Err(NO_PATH);
            }
            (Step::Key(Cow::Borrowed(name)), after)
        } else {
            bracket(rest.strip_prefix('[').ok_or(NO_PATH)?)?
        };
        steps.push(step);
        rest = after;
    }
    Ok(steps)
}

/// What stands in brackets, and what behind them.
fn bracket(inside: &str) -> Result<(Step<'_>, &str), ErrorKind> {
    let Some(mark @ ('\'' | '"')) = inside.chars().next() else {
        let (digits, after) = inside.split_once(']').ok_or(NO_PATH)?;
        let index = digits.parse().map_err(|_| NO_PATH)?;
        return Ok((Step::Index(index), after));
    };
    let body = inside.get(1..).unwrap_or_default();
    let mut escaped = false;
    let end = body.find(|character| {
        let ends = character == mark && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    });
    let (body, after) = body.split_at_checked(end.ok_or(NO_PATH)?).ok_or(NO_PATH)?;
    let after = after
        .get(1..)
        .and_then(|after| after.strip_prefix(']'))
        .ok_or(NO_PATH)?;
    Ok((Step::Key(name(body)?), after))
}

/// A quoted name: the escapes of JSON, and `\'`.
fn name(body: &str) -> Result<Cow<'_, str>, ErrorKind> {
    if !body.contains('\\') {
        return Ok(Cow::Borrowed(body));
    }
    let mut json = String::from("\"");
    let mut escaped = false;
    for character in body.chars() {
        match (escaped, character) {
            (true, '\'') => json.push('\''),
            (true, other) => json.extend(['\\', other]),
            (false, '\\') => {}
            (false, '"') => json.push_str("\\\""),
            (false, other) => json.push(other),
        }
        escaped = character == '\\' && !escaped;
    }
    json.push('"');
    let raw = Raw::parse(&json).map_err(|_| NO_PATH)?;
    let text = raw.as_str().ok_or(NO_PATH)?.decode().into_owned();
    Ok(Cow::Owned(text))
}
