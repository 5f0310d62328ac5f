//! Recognising the common delta.
//!
//! Nearly all frames of a stream differ from the one before in a single string: the next piece of
//! text. When the full parser has read a frame that did nothing but add one string to one block,
//! the bytes around that string are kept. A frame that has the same bytes around another lawful
//! JSON string is the same event with that string in it: in a JSON text, exchanging one string
//! body for another changes that string and nothing else. Anything else goes to the full parser.
//!
//! A running number, a time and a padding that nobody reads may differ too.
//!
//! A template is good only as long as the reader's state is: any event that is not such a delta
//! or a ping clears them all.

use alloc::string::String;
use alloc::vec::Vec;

use crate::event::{Block, Part};
use crate::json::{self, Str};

/// Padding against traffic analysis: a string nobody reads, after the delta. The second is Bedrock's.
const PADDINGS: [&str; 2] = ["\"obfuscation\":\"", "\"p\":\""];
/// The time of a line, in front of the delta: Ollama's.
const TIME: &str = "\"created_at\":\"";
/// A running number that nobody reads.
const NUMBER: &str = "\"sequence_number\":";
const TEMPLATES_MAX: usize = 4;
const BYTES_MAX: usize = 4096;

/// A delta that was recognised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit<'a> {
    pub(super) block: Block,
    pub(super) part: Part,
    pub(super) text: Str<'a>,
    pub(super) plain: bool,
}

/// The shapes seen last, the last one first.
#[derive(Clone, Debug, Default)]
pub(super) struct Templates {
    off: bool,
    known: Vec<Template>,
}

#[derive(Clone, Debug)]
struct Template {
    event: Option<String>,
    /// What stands in front of each hole, from the hole before it.
    holes: Vec<(String, Hole)>,
    /// From the last hole to the end.
    rest: String,
    /// `rest` is closing brackets only, so that blanks between them do not matter.
    brackets: bool,
    block: Block,
    part: Part,
}

/// What may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    /// The piece of text.
    Text,
    /// The inside of a string nobody reads.
    Padding,
    /// A number nobody reads.
    Number,
}

impl Templates {
    pub(super) fn new(on: bool) -> Self {
        Self {
            off: !on,
            known: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    #[inline]
    pub(super) fn find<'a>(&mut self, event: Option<&str>, data: &'a str) -> Option<Hit<'a>> {
        for at in 0..self.known.len() {
            let template = self.known.get(at)?;
            if let Some(hit) = template.read(event, data) {
                if at > 0 {
                    self.known.swap(0, at);
                }
                return Some(hit);
            }
        }
        None
    }

    /// Keeps what stands around `text`, which is a part of `data`.
    pub(super) fn learn(
        &mut self,
        event: Option<&str>,
        data: &str,
        text: Str<'_>,
        block: Block,
        part: Part,
    ) {
        if self.off || data.len() - text.raw().len().min(data.len()) > BYTES_MAX {
            return;
        }
        let start = (text.raw().as_ptr() as usize).wrapping_sub(data.as_ptr() as usize);
        let end = start.wrapping_add(text.raw().len());
        if data.get(start..end) != Some(text.raw()) {
            return;
        }
        let mut from = 0;
        let mut holes = Vec::with_capacity(3);
        for (begin, until, hole) in self::holes(data, start, end) {
            holes.push((data.get(from..begin).unwrap_or_default().into(), hole));
            from = until;
        }
        let last = holes.last().map(|(_, hole)| *hole);
        let rest = data.get(from..).unwrap_or_default();
        let closing = |b| matches!(b, b'}' | b']' | b' ');
        let inner = rest.strip_prefix('"').unwrap_or_default();
        self.known.truncate(TEMPLATES_MAX - 1);
        self.known.insert(
            0,
            Template {
                event: event.map(String::from),
                brackets: last == Some(Hole::Text) && inner.bytes().all(closing),
                holes,
                rest: rest.into(),
                block,
                part,
            },
        );
    }
}

/// Where `data` may differ, in order: at `start..end` is the text.
fn holes(data: &str, start: usize, end: usize) -> Vec<(usize, usize, Hole)> {
    let mut found = Vec::with_capacity(3);
    found.push((start, end, Hole::Text));
    let mut add = |from: usize, until: usize, key: &str, hole: Hole| {
        let section = data.get(from..until)?;
        let begin = from + section.find(key)? + key.len();
        let len = hole.len(data.get(begin..until)?)?;
        found.push((begin, begin + len, hole));
        Some(())
    };
    for padding in PADDINGS {
        add(end, data.len(), padding, Hole::Padding);
    }
    add(0, start, TIME, Hole::Padding);
    for (from, until) in [(0, start), (end, data.len())] {
        add(from, until, NUMBER, Hole::Number);
    }
    found.sort_unstable_by_key(|(begin, ..)| *begin);
    found
}

impl Hole {
    /// How much of `text` fills it.
    #[inline]
    fn len(self, text: &str) -> Option<usize> {
        if self != Self::Number {
            return json::body(text.as_bytes()).map(|(len, _)| len);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        // A number has no zero in front, and what follows it is compared.
        let lawful = digits == 1 || (digits > 1 && !text.starts_with('0'));
        lawful.then_some(digits)
    }
}

impl Template {
    #[inline]
    fn read<'a>(&self, event: Option<&str>, data: &'a str) -> Option<Hit<'a>> {
        if self.event.as_deref() != event {
            return None;
        }
        let mut rest = data;
        let mut hit = None;
        for (before, hole) in &self.holes {
            let at = rest.strip_prefix(before.as_str())?;
            let len = if *hole == Hole::Text {
                let (len, plain) = json::body(at.as_bytes())?;
                if len == 0 {
                    // What an empty string means may depend on its neighbours.
                    return None;
                }
                hit = Some((Str::checked(at.get(..len)?), plain));
                len
            } else {
                hole.len(at)?
            };
            rest = at.get(len..)?;
        }
        if rest != self.rest && !(self.brackets && same_brackets(rest, &self.rest)) {
            return None;
        }
        let (text, plain) = hit?;
        Some(Hit {
            block: self.block,
            part: self.part,
            text,
            plain,
        })
    }
}

/// The same but for blanks.
fn same_brackets(one: &str, other: &str) -> bool {
    let solid = |text: &str| text.len() - text.bytes().filter(|&b| b == b' ').count();
    solid(one) == solid(other)
        && one
            .bytes()
            .filter(|&b| b != b' ')
            .eq(other.bytes().filter(|&b| b != b' '))
}
