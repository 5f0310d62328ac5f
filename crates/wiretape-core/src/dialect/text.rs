//! What the dialects share on the way out: strings with escapes, and what a frame did.

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::Event;
use crate::event::{Block, Part};
use crate::json::Str;

/// Strings on their way out. A surrogate pair that two deltas of a block share waits here (F-05).
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    scratch: String,
    carried: BTreeMap<(Block, Part), u16>,
}

impl Texts {
    /// Nothing waits for its other half.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.carried.is_empty()
    }

    /// Hands out a piece of text; an empty one is no event.
    #[inline]
    pub(super) fn push(
        &mut self,
        (block, part): (Block, Part),
        text: Str<'_>,
        plain: bool,
        out: &mut dyn FnMut(Event<'_>),
    ) {
        if text.raw().is_empty() {
            return;
        }
        if plain && self.is_idle() {
            let text = text.raw();
            return out(Event::Delta { block, part, text });
        }
        self.push_escaped((block, part), text, out);
    }

    fn push_escaped(
        &mut self,
        (block, part): (Block, Part),
        text: Str<'_>,
        out: &mut dyn FnMut(Event<'_>),
    ) {
        let mut high = self.carried.remove(&(block, part));
        let carried = high.is_some();
        self.scratch.clear();
        text.push_to(&mut self.scratch, &mut high);
        if carried || high.is_some() {
            out(Event::Warning("F-05"));
        }
        if let Some(high) = high {
            self.carried.insert((block, part), high);
        }
        if !self.scratch.is_empty() {
            let text = self.scratch.as_str();
            out(Event::Delta { block, part, text });
        }
    }

    /// The text comes again as a whole: a half that waits is a part of it.
    pub(super) fn forget(&mut self, block: Block, part: Part) {
        self.carried.remove(&(block, part));
    }

    /// No more text for `block`, or for any: a half that still waits becomes U+FFFD.
    pub(super) fn flush(&mut self, only: Option<Block>, out: &mut dyn FnMut(Event<'_>)) {
        loop {
            let next = match only {
                Some(of) => self
                    .carried
                    .range((of, Part::Text)..=(of, Part::Unknown))
                    .next(),
                None => self.carried.first_key_value(),
            };
            let Some((&(block, part), _)) = next else {
                return;
            };
            self.carried.remove(&(block, part));
            out(Event::Warning("F-05"));
            out(Event::Delta {
                block,
                part,
                text: "\u{FFFD}",
            });
        }
    }
}

/// What the full parser did with one frame, so that the next one like it is recognised.
#[derive(Debug, Default)]
pub(super) struct Trace<'a> {
    /// The one string that was added, if the frame did nothing else.
    pub(super) hole: Option<(Block, Part, Str<'a>)>,
    /// What the frame means depends on what came before it.
    pub(super) contextual: bool,
}
