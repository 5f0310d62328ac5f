//! What reads a reply: the consumer's side, and wiretape's reader as one.

use serde_json::Value;
use wiretape_core::event::{Block, Kind, Part};
use wiretape_core::{Dialect, Event, Reader};

/// A call that a consumer runs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) input: Value,
}

/// Reads a reply chunk by chunk.
pub(super) trait Consumer {
    /// Takes what one read gave, and shows the text in it.
    fn chunk(&mut self, bytes: &[u8], show: &mut dyn FnMut(&str));

    /// The reply has ended: the calls that were run.
    fn finish(self) -> Vec<Call>;
}

/// wiretape's reader and its gate.
#[derive(Debug)]
pub(super) struct Gated {
    reader: Reader,
    /// Blocks of the answer's text, which reasoning is not.
    texts: Vec<Block>,
}

impl Gated {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            reader: Reader::new(dialect),
            texts: Vec::new(),
        }
    }
}

impl Consumer for Gated {
    fn chunk(&mut self, bytes: &[u8], show: &mut dyn FnMut(&str)) {
        let texts = &mut self.texts;
        let read = self.reader.feed(bytes, &mut |event| match event {
            Event::Open {
                block,
                kind: Kind::Text,
                ..
            } => texts.push(block),
            Event::Delta {
                block,
                part: Part::Text,
                text,
            } if texts.contains(&block) => show(text),
            _ => {}
        });
        // A reply that cannot be read has no calls: `finish` keeps the error.
        let _ = read;
    }

    fn finish(self) -> Vec<Call> {
        let Ok(turn) = self.reader.finish() else {
            return Vec::new();
        };
        let calls = turn.tool_calls().iter().map(|call| Call {
            name: call.name.clone(),
            input: call.input.clone(),
        });
        calls.collect()
    }
}
