//! What a scenario is applied to.

use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_tape::{EndKind, Exchange};

use crate::dialect::{Family, Kind};
use crate::json;
use crate::rewrite::{Cuts, cuts};
use crate::sse::{Block, Stream};

/// One recorded response, taken apart once for many scenarios.
#[derive(Clone, Debug)]
pub struct Subject {
    pub(crate) body: Vec<u8>,
    pub(crate) chunks: Vec<Recorded>,
    pub(crate) end: EndKind,
    pub(crate) end_after_ns: u64,
    pub(crate) family: Option<Family>,
    pub(crate) stream: Option<Stream>,
    /// One for each block.
    pub(crate) facts: Vec<Fact>,
}

/// A chunk's place and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Offset in the body at which it ends.
    pub(crate) end: usize,
    /// Nanoseconds since the response's head.
    pub(crate) at_ns: u64,
}

/// What `generate` wants to know of a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fact {
    /// The payload is a JSON object.
    pub(crate) object: bool,
    /// The payload has a delta's string.
    pub(crate) site: bool,
    /// Where that string can be cut.
    pub(crate) cuts: Cuts,
    /// Places for a line break in the payload.
    pub(crate) gaps: usize,
}

impl Subject {
    /// Takes a response apart. `dialect` is the tape's; where it has none, the first payload tells.
    ///
    /// A tape that stops before the exchange's end is played as a connection that was closed
    /// without the last chunk.
    #[must_use]
    pub fn new(exchange: &Exchange, dialect: Option<&str>) -> Self {
        let mut body = Vec::new();
        let mut chunks = Vec::with_capacity(exchange.chunks.len());
        let mut at_ns = 0_u64;
        for chunk in &exchange.chunks {
            body.extend_from_slice(&chunk.bytes);
            at_ns = at_ns.saturating_add(chunk.after_ns);
            let end = body.len();
            chunks.push(Recorded { end, at_ns });
        }
        let ends: Vec<usize> = chunks.iter().map(|chunk| chunk.end).collect();
        let mut stream = Stream::split(&body, &ends);
        let blocks = stream.as_ref().map_or(&[][..], |stream| &stream.blocks);
        let family = match dialect {
            Some(dialect) => Family::named(dialect),
            None => Family::detect(blocks),
        };
        let facts = blocks.iter().map(|block| Fact::of(block, family)).collect();
        if let (Some(stream), Some(family)) = (&mut stream, family) {
            for block in stream.blocks_mut() {
                if let Some(payload) = block.says() {
                    block.kind = family.kind(&payload);
                    block.lane = family.lane(&payload);
                }
            }
        }
        let end = exchange.end.as_ref();
        Self {
            body,
            chunks,
            end: end.map_or(EndKind::Unterminated, |end| end.kind),
            end_after_ns: end.map_or(0, |end| end.after_ns),
            family,
            stream,
            facts,
        }
    }

    /// The untouched body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How many blocks the event stream has; 0 where the body is none.
    #[must_use]
    pub fn block_count(&self) -> usize {
        self.blocks().len()
    }

    /// The body is an event stream, so that pieces of the framing apply.
    #[must_use]
    pub fn is_event_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// The payloads can be read, so that pieces of the dialect apply.
    #[must_use]
    pub fn has_dialect(&self) -> bool {
        self.stream.is_some() && self.family.is_some()
    }

    pub(crate) fn blocks(&self) -> &[Arc<Block>] {
        self.stream.as_ref().map_or(&[], |stream| &stream.blocks)
    }

    /// The first and the last place before which an event may be put in that is no part of the
    /// message: after the first event, not after the terminal one.
    pub(crate) fn inside(&self) -> Option<(usize, usize)> {
        let blocks = self.blocks();
        let first = blocks.iter().position(|block| block.kind != Kind::Bare)?;
        let terminal = blocks.iter().position(|block| block.kind == Kind::Terminal);
        let last = match terminal {
            Some(terminal) => terminal,
            None if blocks.last().is_some_and(|last| last.is_complete()) => blocks.len(),
            None => blocks.len().checked_sub(1)?,
        };
        (first < last).then_some((first + 1, last))
    }
}

impl Fact {
    fn of(block: &Block, family: Option<Family>) -> Self {
        let Some(payload) = block.payload().filter(|payload| json::is_object(payload)) else {
            return Self::default();
        };
        let site = family.and_then(|family| family.site(payload));
        let splits = site.as_ref().filter(|site| site.splits);
        Self {
            object: true,
            site: site.is_some(),
            cuts: splits.map_or_else(Cuts::default, |site| {
                cuts(json::part(payload, site.body.clone()), site.inner)
            }),
            gaps: crate::framing::gaps(payload).len(),
        }
    }
}
