//! An event stream as lines and blocks, from which its bytes can be made again exactly.

use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_core::Dialect;

use crate::dialect::{Kind, Lane};
use crate::json::{is_object, part};

/// Why a piece does not fit that names a block.
pub(crate) const NO_BLOCK: &str = "no such block";
use crate::scenario::LineEnd;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: Vec<u8>,
    /// `None` where the body stops in the line.
    pub(crate) end: Option<LineEnd>,
}

impl Line {
    pub(crate) fn is_blank(&self) -> bool {
        self.text.is_empty() && self.end.is_some()
    }

    /// The field's name and value, as the standard reads them; a comment has the name "".
    pub(crate) fn field(&self) -> (&[u8], &[u8]) {
        let Some(colon) = self.text.iter().position(|&byte| byte == b':') else {
            return (&self.text, &[]);
        };
        let value = part(&self.text, colon + 1..self.text.len());
        let value = value.strip_prefix(b" ").unwrap_or(value);
        (part(&self.text, 0..colon), value)
    }
}

/// Lines up to a blank one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its number in the untouched body; `None` where it was put in.
    pub(crate) origin: Option<usize>,
    /// Where the delta's string begins in that of the untouched block.
    pub(crate) base: i64,
    /// The recorded chunk in which its last byte came.
    pub(crate) slot: usize,
    /// Nanoseconds that it comes later, and all that follows.
    pub(crate) wait_ns: u64,
    /// The untouched payload is a JSON object.
    pub(crate) object: bool,
    pub(crate) kind: Kind,
    /// To what its payload belongs, where blocks of several lanes can be interleaved.
    pub(crate) lane: Option<Lane>,
    pub(crate) lines: Vec<Line>,
}

impl Block {
    /// It ends with a blank line.
    pub(crate) fn is_complete(&self) -> bool {
        self.lines.last().is_some_and(Line::is_blank)
    }

    /// What the block says, from all its `data` lines, whatever other fields it has. For reading
    /// only: what is rewritten is [`Block::payload`].
    pub(crate) fn says(&self) -> Option<Vec<u8>> {
        if !self.is_complete() {
            return None;
        }
        let lines = self.lines.iter().map(Line::field);
        let data: Vec<&[u8]> = lines
            .filter(|(name, _)| *name == b"data")
            .map(|(_, value)| value)
            .collect();
        (!data.is_empty()).then(|| data.join(&b'\n'))
    }

    /// The payload, where the block is complete and has one `data` line and nothing that must not
    /// be there twice.
    pub(crate) fn payload(&self) -> Option<&[u8]> {
        if !self.is_complete() {
            return None;
        }
        let mut payload = None;
        for line in &self.lines {
            match line.field() {
                (b"data", _) if payload.is_some() => return None,
                (b"data", value) => payload = Some(value),
                (b"event" | b"", _) => {}
                _ => return None,
            }
        }
        payload
    }

    /// The payload, where it is a JSON object. `trusted`: payloads that were objects still are.
    pub(crate) fn object(&self, trusted: bool) -> Option<&[u8]> {
        let payload = self.payload()?;
        ((trusted && self.object) || is_object(payload)).then_some(payload)
    }

    /// Replaces the payload; the line keeps its spacing where the payload permits it. One that stood in
    /// several lines stands in one: where JSON may have a line's end, it may have a space.
    pub(crate) fn set_payload(&mut self, payload: &[u8]) {
        let mut some = false;
        self.lines.retain(|line| {
            let data = line.field().0 == b"data";
            let kept = !(data && some);
            some |= data;
            kept
        });
        let mut lines = self.lines.iter_mut();
        if let Some(line) = lines.find(|line| line.field().0 == b"data") {
            let tight = !line.text.starts_with(b"data: ") && !payload.starts_with(b" ");
            line.text = if tight {
                b"data:".to_vec()
            } else {
                b"data: ".to_vec()
            };
            let flat = payload
                .iter()
                .map(|&byte| if byte == b'\n' { b' ' } else { byte });
            line.text.extend(flat);
        }
    }

    /// A block that was not in the body.
    pub(crate) fn inserted(lines: &[&[u8]], end: LineEnd, slot: usize) -> Self {
        let mut block = Self {
            origin: None,
            base: 0,
            slot,
            wait_ns: 0,
            object: false,
            kind: Kind::Bare,
            lane: None,
            lines: Vec::with_capacity(lines.len() + 1),
        };
        for text in lines.iter().chain([&b"".as_slice()]) {
            block.lines.push(Line {
                text: text.to_vec(),
                end: Some(end),
            });
        }
        block
    }
}

/// A body as blocks. A scenario touches few of them, so a copy of a stream shares them all, and a
/// block is copied when it is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) bom: bool,
    /// How many blocks the untouched body has.
    origins: usize,
    /// All that was done to it leaves a JSON object one: reshapes alone.
    pub(crate) trusted: bool,
    /// Its dialect, where its payloads are not known here.
    pub(crate) unread: Option<Dialect>,
    pub(crate) blocks: Vec<Arc<Block>>,
}

impl Stream {
    /// Splits a body; `None` where it does not look like an event stream. `chunk_ends` are the
    /// offsets at which the recorded chunks end.
    pub(crate) fn split(body: &[u8], chunk_ends: &[usize]) -> Option<Self> {
        let text = body.strip_prefix(BOM).unwrap_or(body);
        let mut stream = Self {
            bom: text.len() != body.len(),
            origins: 0,
            trusted: true,
            unread: None,
            blocks: Vec::new(),
        };
        let mut at = body.len() - text.len();
        let mut lines = Vec::new();
        let mut slot = 0;
        while let Some((line, next)) = line_at(body, at) {
            at = next;
            let ends_block = line.is_blank() || at == body.len();
            lines.push(line);
            if ends_block {
                while chunk_ends.get(slot).is_some_and(|&end| end < at) {
                    slot += 1;
                }
                stream.blocks.push(Arc::new(Block {
                    origin: Some(stream.blocks.len()),
                    base: 0,
                    slot,
                    wait_ns: 0,
                    object: false,
                    kind: Kind::Bare,
                    lane: None,
                    lines: core::mem::take(&mut lines),
                }));
            }
        }
        stream.origins = stream.blocks.len();
        stream.looks_like_events().then_some(stream)
    }

    fn looks_like_events(&self) -> bool {
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

    /// The bytes, with the offsets at which each block ends.
    pub(crate) fn bytes(&self) -> (Vec<u8>, Vec<usize>) {
        let lines = self.blocks.iter().flat_map(|block| &block.lines);
        let size: usize = lines.map(|line| line.text.len() + 2).sum();
        let mut out = Vec::with_capacity(BOM.len() + size);
        let mut ends = Vec::with_capacity(self.blocks.len());
        if self.bom {
            out.extend_from_slice(BOM);
        }
        for block in &self.blocks {
            for line in &block.lines {
                out.extend_from_slice(&line.text);
                let Some(end) = line.end else { continue };
                // A CR and the LF of a blank line after it would be read as one line end.
                let merges = line.text.is_empty() && out.last() == Some(&b'\r');
                let end = if merges && end == LineEnd::Lf {
                    LineEnd::CrLf
                } else {
                    end
                };
                out.extend_from_slice(end.bytes());
            }
            ends.push(out.len());
        }
        (out, ends)
    }
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
