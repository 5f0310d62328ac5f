//! Recognising the common delta.
//!
//! Nearly all frames of a stream differ from the one before in a single string: the next piece of
//! text. When the full parser has read a frame that did nothing but add one string to one block,
//! the bytes around that string are kept. A frame that has the same bytes around another lawful
//! JSON string is the same event with that string in it: in a JSON text, exchanging one string
//! body for another changes that string and nothing else. Anything else goes to the full parser.
//!
//! A template is good only as long as the reader's state is: any event that is not such a delta
//! or a ping clears them all.

use alloc::string::String;
use alloc::vec::Vec;

use crate::event::{Block, Part};
use crate::json::{self, Str};

/// Padding against traffic analysis: a string nobody reads, after the delta. The second is Bedrock's.
const PADDINGS: [&str; 2] = ["\"obfuscation\":\"", "\"p\":\""];
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
    /// Up to the string and its opening quote.
    before: String,
    /// From the string's closing quote; up to the padding and its opening quote, if there is one.
    after: String,
    /// From the padding's closing quote.
    rest: Option<String>,
    /// `after` is closing brackets only, so that blanks between them do not matter.
    brackets: bool,
    block: Block,
    part: Part,
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
        let (Some(before), Some(after)) = (data.get(..start), data.get(end..)) else {
            return;
        };
        let paddings = PADDINGS.iter().filter_map(|padding| {
            let at = after.find(padding)?;
            Some(at + padding.len())
        });
        let (after, rest) = match paddings.min() {
            Some(at) => {
                let (head, tail) = after.split_at_checked(at).unwrap_or_default();
                let Some((len, _)) = json::body(tail.as_bytes()) else {
                    return;
                };
                (head, tail.get(len..).map(String::from))
            }
            None => (after, None),
        };
        let inner = after.strip_prefix('"').unwrap_or_default();
        self.known.truncate(TEMPLATES_MAX - 1);
        self.known.insert(
            0,
            Template {
                event: event.map(String::from),
                before: before.into(),
                brackets: rest.is_none() && inner.bytes().all(|b| matches!(b, b'}' | b']' | b' ')),
                after: after.into(),
                rest,
                block,
                part,
            },
        );
    }
}

impl Template {
    #[inline]
    fn read<'a>(&self, event: Option<&str>, data: &'a str) -> Option<Hit<'a>> {
        if self.event.as_deref() != event {
            return None;
        }
        let hole = data.strip_prefix(self.before.as_str())?;
        let (len, plain) = json::body(hole.as_bytes())?;
        if len == 0 {
            // What an empty string means may depend on its neighbours.
            return None;
        }
        let tail = hole.get(len..)?;
        match &self.rest {
            None if tail == self.after => {}
            None if self.brackets && same_brackets(tail, &self.after) => {}
            None => return None,
            Some(rest) => {
                let padding = tail.strip_prefix(self.after.as_str())?;
                let (len, _) = json::body(padding.as_bytes())?;
                if padding.get(len..)? != rest {
                    return None;
                }
            }
        }
        Some(Hit {
            block: self.block,
            part: self.part,
            text: Str::checked(hole.get(..len)?),
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
