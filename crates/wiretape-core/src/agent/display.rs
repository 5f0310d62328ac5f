//! What is shown of a reply while it arrives: the text of its first answer, in the order in which it
//! will stand in the history.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::retry::Progress;
use crate::event::{Block, Event, Kind, Part};

/// Text that goes out at once, unless an earlier block of text is still open: the deltas of two
/// blocks may alternate, and a reader wants one sentence after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Display {
    /// Blocks of text in order of opening.
    lines: Vec<Line>,
    places: BTreeMap<Block, usize>,
    /// The first one that may still grow: all before it are out.
    front: usize,
    latest: usize,
    /// Something was handed out.
    pub(super) shown: bool,
    /// Pieces of a call came.
    tool: bool,
}

#[derive(Clone, Debug)]
struct Line {
    block: Block,
    /// Another may not be shown before this has ended.
    open: bool,
    held: String,
}

impl Display {
    /// Takes an event of the reply and adds to `out` what is to be shown now.
    pub(super) fn take(&mut self, event: &Event<'_>, out: &mut String) {
        match *event {
            Event::Delta {
                block,
                part: Part::Text,
                text,
            } => self.text(block, text, out),
            Event::Delta {
                part: Part::Arguments,
                ..
            } => self.tool = true,
            Event::Open {
                block,
                kind: Kind::Text | Kind::Refusal,
                closes,
                ..
            } if block.choice == 0 => {
                self.places.insert(block, self.lines.len());
                self.lines.push(Line {
                    block,
                    open: closes,
                    held: String::new(),
                });
            }
            Event::Open {
                kind: Kind::Tool | Kind::CustomTool,
                ..
            } => self.tool = true,
            Event::Close { block } => {
                if let Some(line) = self.line(block) {
                    line.open = false;
                    self.flush(out);
                }
            }
            _ => {}
        }
        self.shown |= !out.is_empty();
    }

    /// What is still held, when the reply is over.
    pub(super) fn rest(&mut self, out: &mut String) {
        for line in &mut self.lines {
            line.open = false;
        }
        self.flush(out);
        self.shown |= !out.is_empty();
    }

    pub(super) fn progress(&self) -> Progress {
        match (self.shown, self.tool) {
            (true, _) => Progress::Text,
            (false, true) => Progress::Tool,
            (false, false) => Progress::None,
        }
    }

    fn text(&mut self, block: Block, text: &str, out: &mut String) {
        let front = self.front;
        let Some(line) = self.line(block) else {
            return;
        };
        line.held.push_str(text);
        if self.latest <= front || !self.lines.get(front).is_some_and(|line| line.open) {
            self.flush(out);
        }
    }

    fn line(&mut self, block: Block) -> Option<&mut Line> {
        let same = |line: &Line| line.block == block;
        if !self.lines.get(self.latest).is_some_and(same) {
            self.latest = *self.places.get(&block)?;
        }
        self.lines.get_mut(self.latest)
    }

    /// Hands out what nothing before it holds up.
    fn flush(&mut self, out: &mut String) {
        // A block that does not hold up others may grow after them.
        if let Some(line) = self
            .lines
            .get_mut(self.latest)
            .filter(|_| self.latest < self.front)
        {
            out.push_str(&line.held);
            line.held.clear();
        }
        while let Some(line) = self.lines.get_mut(self.front) {
            out.push_str(&line.held);
            line.held.clear();
            if line.open || self.front + 1 == self.lines.len() {
                break;
            }
            self.front += 1;
        }
    }
}
