//! A body as blocks, from which its bytes can be made again exactly: lines of server-sent events, JSON
//! values, or messages of an AWS event stream.

mod block;
mod message;
mod value;

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_core::Dialect;
use wiretape_core::dialect::Framing;

use crate::dialect::sequence_number;
use crate::json::{self, part};
use crate::scenario::LineEnd;

pub(crate) use block::{Block, Form, Line};
pub(crate) use message::Message;

/// Why a piece does not fit that names a block.
pub(crate) const NO_BLOCK: &str = "no such block";

/// Why a piece of server-sent events does not fit another framing.
pub(crate) const NO_LINES: &str = "the body's framing has no such lines";

const BOM: &[u8] = b"\xef\xbb\xbf";

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Server-sent events.
    Lines,
    /// A JSON value a line.
    ValueLines,
    /// One array of JSON values, or values without one.
    Values,
    /// Messages of an AWS event stream.
    Messages,
}

impl Shape {
    /// The shape of a body. `dialect`: what the tape says, or the body shows.
    pub(crate) fn of(body: &[u8], dialect: Option<Dialect>) -> Self {
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        match dialect.map(Dialect::framing) {
            Some(Framing::EventStream) => Self::Messages,
            Some(Framing::Ndjson) => Self::ValueLines,
            Some(Framing::SseOrJson) if matches!(first, Some(b'[' | b'{')) => Self::Values,
            None if body.first() == Some(&0) => Self::Messages,
            _ => Self::Lines,
        }
    }
}

/// A body as blocks. A scenario touches few of them, so a copy of a stream shares them all, and a
/// block is copied when it is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) shape: Shape,
    pub(crate) bom: bool,
    /// What stands before the first block: a bracket.
    open: Vec<u8>,
    /// How many blocks the untouched body has.
    origins: usize,
    /// All that was done to it leaves a JSON object one: reshapes alone.
    pub(crate) trusted: bool,
    /// Its dialect, where the core is asked what a cut body says.
    pub(crate) asks: Option<Dialect>,
    /// Its events are numbered without gaps, and are to be so however they are changed.
    pub(crate) numbered: bool,
    pub(crate) blocks: Vec<Arc<Block>>,
}

impl Stream {
    /// Splits a body; `None` where it does not look like one of the shape. `chunk_ends` are the
    /// offsets at which the recorded chunks end.
    pub(crate) fn split(body: &[u8], chunk_ends: &[usize], shape: Shape) -> Option<Self> {
        let mut stream = Self {
            shape,
            bom: false,
            open: Vec::new(),
            origins: 0,
            trusted: true,
            asks: None,
            numbered: false,
            blocks: Vec::new(),
        };
        let found = match shape {
            Shape::Lines => {
                stream.bom = body.starts_with(BOM);
                lines(body, if stream.bom { BOM.len() } else { 0 })
            }
            Shape::ValueLines => value::lines(body),
            Shape::Values => {
                let (open, found) = value::items(body);
                stream.open = open;
                found
            }
            Shape::Messages => messages(body),
        };
        let mut slot = 0;
        for (mut block, end) in found {
            while chunk_ends.get(slot).is_some_and(|&chunk| chunk < end) {
                slot += 1;
            }
            block.origin = Some(stream.blocks.len());
            block.slot = slot;
            stream.blocks.push(Arc::new(block));
        }
        stream.origins = stream.blocks.len();
        stream.looks_like_events().then_some(stream)
    }

    fn looks_like_events(&self) -> bool {
        if self.shape != Shape::Lines {
            return self.blocks.iter().any(|block| block.is_complete());
        }
        // Not the first line alone: fields that the standard ignores may stand anywhere (F-17).
        let mut lines = self.blocks.iter().flat_map(|block| &block.lines);
        let known: [&[u8]; 5] = [b"", b"data", b"event", b"id", b"retry"];
        lines.any(|line| line.text.contains(&b':') && known.contains(&line.field().0))
    }

    /// Every block, to be written to.
    pub(crate) fn blocks_mut(&mut self) -> impl Iterator<Item = &mut Block> {
        self.blocks.iter_mut().map(Arc::make_mut)
    }

    /// Where the first part of a block of the untouched body is.
    pub(crate) fn place_of(&self, origin: usize) -> Result<usize, &'static str> {
        let mut blocks = self.blocks.iter();
        let place = blocks.position(|found| found.origin == Some(origin));
        place.ok_or(NO_BLOCK)
    }

    /// The first part of a block of the untouched body, to be written to.
    pub(crate) fn block_mut(&mut self, origin: usize) -> Option<&mut Block> {
        let place = self.place_of(origin).ok()?;
        self.blocks.get_mut(place).map(Arc::make_mut)
    }

    /// How lines that are put in should end.
    pub(crate) fn line_end(&self) -> LineEnd {
        let mut lines = self.blocks.iter().flat_map(|block| &block.lines);
        lines.find_map(|line| line.end).unwrap_or(LineEnd::Lf)
    }

    /// Where `before_block` is. A block that is no longer there stands for the next one.
    pub(crate) fn place(&self, before_block: usize) -> Result<usize, &'static str> {
        let origins = self.blocks.iter().enumerate();
        let origins = origins.filter_map(|(place, block)| Some((block.origin?, place)));
        let mut found: Option<(usize, usize)> = None;
        for (origin, place) in origins {
            let nearer = found.is_none_or(|(nearest, _)| origin < nearest);
            if before_block <= origin && nearer {
                found = Some((origin, place));
            }
        }
        match found {
            Some((_, place)) => Ok(place),
            None if self.origins < before_block => Err(NO_BLOCK),
            None if self.blocks.last().is_some_and(|last| last.is_complete()) => {
                Ok(self.blocks.len())
            }
            None => Err("the last block is not complete"),
        }
    }

    /// The slot of a block that is put in at a place.
    pub(crate) fn slot_at(&self, place: usize) -> usize {
        let block = self.blocks.get(place).or_else(|| self.blocks.last());
        block.map_or(0, |block| block.slot)
    }

    /// A block that was not in the body, in the body's framing. It is given as lines of server-sent
    /// events: a payload behind `data`, the event's name behind `event`.
    pub(crate) fn made(&self, lines: &[&[u8]], place: usize) -> Result<Block, &'static str> {
        let slot = self.slot_at(place);
        if self.shape == Shape::Lines {
            return Ok(Block::of_lines(lines, self.line_end(), slot));
        }
        let said = Block::of_lines(lines, LineEnd::Lf, slot);
        let payload = said.payload().ok_or(NO_LINES)?;
        let form = match self.shape {
            Shape::Messages => {
                let name = said.event_name().unwrap_or_default();
                let name = core::str::from_utf8(name).unwrap_or_default();
                Form::Message(Message::new(name, payload, self.is_coded()))
            }
            _ => Form::Value(value::Value::new(payload, self.shape == Shape::ValueLines)),
        };
        Ok(Block::bare(form, Vec::new(), slot))
    }

    /// Payloads stand in the field `bytes` of chunks.
    fn is_coded(&self) -> bool {
        let mut blocks = self.blocks.iter();
        blocks.any(|block| matches!(&block.form, Form::Message(message) if message.is_coded()))
    }

    /// Numbers the events again, from the first one's number on.
    pub(crate) fn renumber(&mut self) {
        let mut next: Option<u64> = None;
        for block in &mut self.blocks {
            let Some(payload) = block.payload() else {
                continue;
            };
            let Some(span) = sequence_number(payload) else {
                continue;
            };
            let own = json::number(payload, &span);
            let number = next.or(own).unwrap_or(0);
            next = Some(number.saturating_add(1));
            if own != Some(number) {
                let payload = json::replace(payload, &span, number.to_string().as_bytes());
                Arc::make_mut(block).set_payload(&payload);
            }
        }
    }

    /// The body is of server-sent events.
    pub(crate) fn of_lines(&self) -> Result<(), &'static str> {
        if self.shape == Shape::Lines {
            Ok(())
        } else {
            Err(NO_LINES)
        }
    }

    /// The bytes, with the offsets at which each block ends.
    pub(crate) fn bytes(&self) -> (Vec<u8>, Vec<usize>) {
        let sizes = self.blocks.iter().map(|block| block.size());
        let mut out = Vec::with_capacity(BOM.len() + self.open.len() + sizes.sum::<usize>());
        let mut ends = Vec::with_capacity(self.blocks.len());
        if self.bom {
            out.extend_from_slice(BOM);
        }
        if !self.blocks.is_empty() {
            out.extend_from_slice(&self.open);
        }
        for (place, block) in self.blocks.iter().enumerate() {
            block.write(place == 0, &mut out);
            ends.push(out.len());
        }
        (out, ends)
    }
}

/// The blocks of server-sent events from an offset on, and where each ends.
fn lines(body: &[u8], mut at: usize) -> Vec<(Block, usize)> {
    let mut found = Vec::new();
    let mut own = Vec::new();
    while let Some((line, next)) = line_at(body, at) {
        at = next;
        let ends_block = line.is_blank() || at == body.len();
        own.push(line);
        if ends_block {
            let lines = core::mem::take(&mut own);
            found.push((Block::bare(Form::Lines, lines, 0), at));
        }
    }
    found
}

/// The messages of an AWS event stream, up to one that cannot be read.
fn messages(body: &[u8]) -> Vec<(Block, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((message, length)) = body.get(at..).and_then(Message::parse) {
        at += length;
        found.push((Block::bare(Form::Message(message), Vec::new(), 0), at));
    }
    if at < body.len() {
        let rest = part(body, at..body.len()).to_vec();
        found.push((Block::bare(Form::Rest(rest), Vec::new(), 0), body.len()));
    }
    found
}

fn line_at(body: &[u8], at: usize) -> Option<(Line, usize)> {
    let rest = body.get(at..).filter(|rest| !rest.is_empty())?;
    let length = rest.iter().position(|&byte| byte == b'\n' || byte == b'\r');
    let length = length.unwrap_or(rest.len());
    let end = match (rest.get(length), rest.get(length + 1)) {
        (Some(b'\n'), _) => Some(LineEnd::Lf),
        (Some(b'\r'), Some(b'\n')) => Some(LineEnd::CrLf),
        (Some(_), _) => Some(LineEnd::Cr),
        (None, _) => None,
    };
    let line = Line {
        text: part(rest, 0..length).to_vec(),
        end,
    };
    Some((line, at + length + end.map_or(0, |end| end.bytes().len())))
}
