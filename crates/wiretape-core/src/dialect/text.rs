//! What the dialects share on the way out: strings with escapes, and what a frame did.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Event;
use crate::event::{Block, Part};
use crate::json::Str;

/// Strings on their way out. A surrogate pair that two deltas of a block share waits here (F-05).
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    scratch: String,
    carried: Vec<(Block, Part, u16)>,
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
        let waiting = self
            .carried
            .iter()
            .position(|carried| (carried.0, carried.1) == (block, part));
        let mut high = waiting.map(|at| self.carried.swap_remove(at).2);
        let carried = high.is_some();
        self.scratch.clear();
        text.push_to(&mut self.scratch, &mut high);
        if carried || high.is_some() {
            out(Event::Warning("F-05"));
        }
        if let Some(high) = high {
            self.carried.push((block, part, high));
        }
        if !self.scratch.is_empty() {
            let text = self.scratch.as_str();
            out(Event::Delta { block, part, text });
        }
    }

    /// No more text for `block`, or for any: a half that still waits becomes U+FFFD.
    pub(super) fn flush(&mut self, only: Option<Block>, out: &mut dyn FnMut(Event<'_>)) {
        let mut kept = Vec::new();
        for (block, part, high) in core::mem::take(&mut self.carried) {
            if only.is_some_and(|only| only != block) {
                kept.push((block, part, high));
                continue;
            }
            out(Event::Warning("F-05"));
            out(Event::Delta {
                block,
                part,
                text: "\u{FFFD}",
            });
        }
        self.carried = kept;
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
