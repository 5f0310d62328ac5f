//! A JSON value of a body that is made of them: a line each, or items of one array.

use alloc::vec::Vec;

use super::block::{Block, Form};
use crate::json;

/// A value, and what stands between it and its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// What stands before it: a comma and blanks. The body's first value has none.
    pub(crate) before: Vec<u8>,
    pub(crate) text: Vec<u8>,
    /// What stands behind it: its line's end.
    pub(crate) after: Vec<u8>,
    /// It is a line by itself, which has to have an end.
    pub(crate) line: bool,
}

impl Value {
    /// A value that was not in the body.
    pub(super) fn new(text: &[u8], line: bool) -> Self {
        Self {
            before: Vec::new(),
            text: text.to_vec(),
            after: if line { b"\n".to_vec() } else { Vec::new() },
            line,
        }
    }

    pub(crate) fn is_complete(&self) -> bool {
        !self.line || self.after.contains(&b'\n')
    }

    pub(super) fn write(&self, first: bool, out: &mut Vec<u8>) {
        if !first || self.line {
            let missing = self.before.is_empty() && !self.line;
            out.extend_from_slice(if missing { b",\r\n" } else { &self.before });
        }
        out.extend_from_slice(&self.text);
        out.extend_from_slice(&self.after);
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// How many of the first bytes fit.
fn run(text: &[u8], at: usize, fits: impl Fn(u8) -> bool) -> usize {
    let rest = text.get(at..).unwrap_or(&[]);
    at + rest.iter().take_while(|&&byte| fits(byte)).count()
}

/// The lines of a body, a value each; blank ones belong to what follows them.
pub(super) fn lines(body: &[u8]) -> Vec<(Block, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let start = run(body, at, is_blank);
        let end = run(body, start, |byte| byte != b'\n');
        let text = json::part(body, start..end).trim_ascii_end();
        let next = (end + 1).min(body.len());
        if text.is_empty() {
            let rest = json::part(body, at..body.len()).to_vec();
            found.push((Block::bare(Form::Rest(rest), Vec::new(), 0), body.len()));
            break;
        }
        let value = Value {
            before: json::part(body, at..start).to_vec(),
            text: text.to_vec(),
            after: json::part(body, start + text.len()..next).to_vec(),
            line: true,
        };
        found.push((Block::bare(Form::Value(value), Vec::new(), 0), next));
        at = next;
    }
    found
}

/// The items of an array, or the values of a body that is none, and what opens them. What closes them
/// is a block of its own.
pub(super) fn items(body: &[u8]) -> (Vec<u8>, Vec<(Block, usize)>) {
    let blank = run(body, 0, is_blank);
    let array = body.get(blank) == Some(&b'[');
    let open = run(body, blank + usize::from(array), is_blank);
    let mut found: Vec<(Block, usize)> = Vec::new();
    let mut at = open;
    let between = |byte: u8| is_blank(byte) || byte == b',';
    loop {
        let start = match found.is_empty() {
            true => at,
            false => run(body, at, between),
        };
        let Some(end) = json::value_end(body, start).filter(|end| *end > start) else {
            break;
        };
        if body.get(start) != Some(&b'{') {
            break;
        }
        let value = Value {
            before: json::part(body, at..start).to_vec(),
            text: json::part(body, start..end).to_vec(),
            after: Vec::new(),
            line: false,
        };
        found.push((Block::bare(Form::Value(value), Vec::new(), 0), end));
        at = end;
    }
    if at < body.len() {
        let rest = json::part(body, at..body.len()).to_vec();
        found.push((Block::bare(Form::Rest(rest), Vec::new(), 0), body.len()));
    }
    (json::part(body, 0..open).to_vec(), found)
}
