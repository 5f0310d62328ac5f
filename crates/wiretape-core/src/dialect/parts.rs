//! Blocks of dialects that number none: a block is a run of pieces of one kind.

use alloc::format;
use alloc::string::String;

use sha2::{Digest, Sha256};

use super::text::{Texts, Trace};
use crate::event::{Block, Kind, Part};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Event};

type Out<'o> = &'o mut dyn FnMut(Event<'_>);

/// The blocks of a reply.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    opened: usize,
    blocks_max: usize,
    /// Calls so far: what the id of a call that was sent without one is made of.
    pub(super) calls: usize,
}

/// The blocks of one answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    pub(super) choice: u32,
    next: u32,
    /// The block that more of its kind goes to.
    current: Option<(Kind, Block)>,
    /// A reason for stopping came, and nothing after it.
    pub(super) stopped: bool,
}

impl Blocks {
    pub(super) fn new(blocks_max: usize) -> Self {
        Self {
            opened: 0,
            blocks_max,
            calls: 0,
        }
    }

    /// A block of its own; what comes next does not go to it.
    pub(super) fn open(
        &mut self,
        run: &mut Run,
        new: &New<'_>,
        out: Out<'_>,
    ) -> Result<Block, ErrorKind> {
        if self.opened == self.blocks_max {
            let limit = self.blocks_max;
            return Err(ErrorKind::TooManyBlocks { limit });
        }
        self.opened += 1;
        run.goes_on(out);
        run.current = None;
        let block = Block {
            choice: run.choice,
            index: run.next,
        };
        run.next += 1;
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        out(Event::Open {
            block,
            kind: new.kind,
            id: some(new.id),
            name: some(new.name),
            raw: new.raw,
            closes: new.closes,
        });
        Ok(block)
    }

    /// The block of this kind that more can go to.
    pub(super) fn run(
        &mut self,
        run: &mut Run,
        kind: Kind,
        out: Out<'_>,
    ) -> Result<Block, ErrorKind> {
        match run.current {
            Some((current, block)) if current == kind => Ok(block),
            _ => {
                let block = self.open(run, &New::of(kind), out)?;
                run.current = Some((kind, block));
                Ok(block)
            }
        }
    }

    /// A piece of text or reasoning. An empty one is nothing.
    pub(super) fn text<'a>(
        &mut self,
        run: &mut Run,
        kind: Kind,
        text: Option<Raw<'a>>,
        (texts, trace): (&mut Texts, &mut Trace<'a>),
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let text = text.and_then(Raw::as_str);
        let Some(text) = text.filter(|text: &Str<'_>| !text.raw().is_empty()) else {
            return Ok(());
        };
        let block = self.run(run, kind, out)?;
        run.goes_on(out);
        trace.hole = Some((block, Part::Text, text));
        texts.push((block, Part::Text), text, text.is_plain(), out);
        Ok(())
    }

    /// The id of a call that was sent without one: of the same reply always the same, and of no
    /// other call. `reply` is what tells this reply from others.
    pub(super) fn made_id(&self, reply: &str, name: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(reply.as_bytes());
        hash.update([0]);
        hash.update(name.as_bytes());
        let bytes = hash.finalize();
        let first = bytes.iter().take(8);
        let number = first.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("call_{}_{number:016x}", self.calls)
    }
}

impl Run {
    pub(super) fn of(choice: u32) -> Self {
        Self {
            choice,
            ..Self::default()
        }
    }

    /// What comes next opens a block of its own.
    pub(super) fn end(&mut self) {
        self.current = None;
    }

    /// More came behind the reason for stopping (F-26): what says that the answer is complete
    /// must come again.
    pub(super) fn goes_on(&mut self, out: Out<'_>) {
        if self.stopped {
            self.stopped = false;
            out(Event::Warning("F-26"));
        }
    }
}

/// A block that begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct New<'a> {
    pub(super) kind: Kind,
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) raw: &'a str,
    pub(super) closes: bool,
}

impl New<'_> {
    pub(super) fn of(kind: Kind) -> Self {
        Self {
            kind,
            id: "",
            name: "",
            raw: "",
            closes: false,
        }
    }
}
