//! What a scenario is applied to.

use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_core::Dialect;
use wiretape_tape::{EndKind, Exchange};

use crate::dialect::{Family, Kind, sequence_number};
use crate::framing::{kept, respaced};
use crate::json;
use crate::quirk::{Part, parts};
use crate::rewrite::{Cuts, cuts, escaped, heads, joined, lanes, spaced};
use crate::scenario::{Escapes, LineEnd};
use crate::script::Head;
use crate::stream::{Block, Shape, Stream};

/// One recorded response, taken apart once for many scenarios.
#[derive(Clone, Debug)]
pub struct Subject {
    pub(crate) body: Vec<u8>,
    pub(crate) chunks: Vec<Recorded>,
    /// The recorded head: what a changed one is made from.
    pub(crate) head: Option<Head>,
    /// Nanoseconds from the request to the head.
    pub(crate) head_after_ns: u64,
    pub(crate) end: EndKind,
    pub(crate) end_after_ns: u64,
    pub(crate) family: Option<Family>,
    /// The dialect that the tape names, or its body shows.
    pub(crate) dialect: Option<Dialect>,
    pub(crate) stream: Option<Stream>,
    /// One for each block.
    pub(crate) facts: Vec<Fact>,
    /// The blocks that can be interleaved, each with its lane.
    pub(crate) lanes: Vec<(usize, usize)>,
    /// How many events of each lane come together when it begins.
    pub(crate) heads: Vec<usize>,
    /// The parts of the calls.
    pub(crate) parts: Vec<Part>,
    pub(crate) seen: Seen,
}

/// Why a piece did not apply that fits and leaves everything as it was.
pub(crate) const NO_CHANGE: &str = "it changes nothing here";

/// What the untouched body shows.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub(crate) struct Seen {
    /// Characters outside ASCII.
    pub(crate) wide: bool,
    /// Lines that end in LF.
    pub(crate) lf: bool,
    /// Lines that end in CR LF.
    pub(crate) cr_lf: bool,
    /// Lines that end in CR.
    pub(crate) cr: bool,
    /// A `data:` with a space that can go.
    pub(crate) spaced: bool,
    /// A `data:` that can get a space.
    pub(crate) tight: bool,
    /// Something came later than something else.
    pub(crate) timed: bool,
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
    /// The next block can be merged into it.
    pub(crate) joins: bool,
    /// Spaces can be put in.
    pub(crate) spaces: bool,
    /// There are characters to write as `\uXXXX`.
    pub(crate) letters: bool,
    /// Some of them are outside ASCII.
    pub(crate) wide: bool,
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
        let (body, chunks) = recorded(exchange);
        let ends: Vec<usize> = chunks.iter().map(|chunk| chunk.end).collect();
        let family = dialect.map(Family::named);
        let named = match dialect {
            Some(name) => name
                .parse()
                .ok()
                .or_else(|| family.flatten().map(Family::dialect)),
            None => Dialect::sniff(&body),
        };
        let mut stream = Stream::split(&body, &ends, Shape::of(&body, named));
        let blocks = stream.as_ref().map_or(&[][..], |stream| &stream.blocks);
        let family = family.unwrap_or_else(|| named.and_then(Family::of));
        let family =
            family.filter(|family| named.is_none_or(|named| speaks(blocks, named, *family)));
        let facts = facts(blocks, family, family.is_some() || named.is_none());
        if let Some(stream) = &mut stream {
            let own = [Some(Dialect::Anthropic), Some(Dialect::OpenAiChat)];
            stream.asks = named.filter(|_| family.is_none() || !own.contains(&named));
            stream.numbered =
                family == Some(Family::OpenAiResponses) && is_numbered(&stream.blocks);
        }
        if let (Some(stream), Some(family)) = (&mut stream, family) {
            understand(stream, family, &facts);
        }
        let end = exchange.end.as_ref();
        let end_after_ns = end.map_or(0, |end| end.after_ns);
        let blocks = stream.as_ref().map_or(&[][..], |stream| &stream.blocks);
        let lanes = family.map_or_else(Vec::new, |family| lanes(blocks, family));
        let mut seen = Seen::of(blocks);
        seen.wide = !body.is_ascii();
        seen.timed = end_after_ns > 0 || chunks.last().is_some_and(|last| last.at_ns > 0);
        let parts = family.map_or_else(Vec::new, |family| parts(blocks, family));
        let heads = family.map_or_else(Vec::new, |family| heads(blocks, family, &lanes));
        Self {
            lanes,
            heads,
            parts,
            seen,
            body,
            chunks,
            head: exchange.response.as_ref().map(|response| Head {
                status: response.status,
                headers: response.headers.clone(),
                retry_at_s: None,
            }),
            head_after_ns: exchange.response.as_ref().map_or(0, |head| head.after_ns),
            end: end.map_or(EndKind::Unterminated, |end| end.kind),
            end_after_ns,
            family,
            dialect: named,
            stream,
            facts,
        }
    }

    /// The dialect's name; empty where it is not known.
    pub(crate) fn name(&self) -> &'static str {
        let family = self.family.map(Family::name);
        self.dialect.map(Dialect::name).or(family).unwrap_or("")
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

    /// The body is of server-sent events, so that pieces of their framing apply.
    #[must_use]
    pub fn is_event_stream(&self) -> bool {
        let stream = self.stream.as_ref();
        stream.is_some_and(|stream| stream.shape == Shape::Lines)
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

impl Seen {
    fn of(blocks: &[Arc<Block>]) -> Self {
        let mut seen = Self::default();
        for line in blocks.iter().flat_map(|block| &block.lines) {
            match line.end {
                Some(LineEnd::Lf) => seen.lf = true,
                Some(LineEnd::CrLf) => seen.cr_lf = true,
                Some(LineEnd::Cr) => seen.cr = true,
                None => {}
            }
            seen.spaced |= respaced(line, false).is_some();
            seen.tight |= respaced(line, true).is_some();
        }
        seen
    }
}

/// The body, and where and when its chunks end.
fn recorded(exchange: &Exchange) -> (Vec<u8>, Vec<Recorded>) {
    let mut body = Vec::new();
    let mut chunks = Vec::with_capacity(exchange.chunks.len());
    let mut at_ns = 0_u64;
    for chunk in &exchange.chunks {
        body.extend_from_slice(&chunk.bytes);
        at_ns = at_ns.saturating_add(chunk.after_ns);
        let end = body.len();
        chunks.push(Recorded { end, at_ns });
    }
    (body, chunks)
}

/// Says of each block what it is for, and to which lane it belongs.
fn understand(stream: &mut Stream, family: Family, facts: &[Fact]) {
    for (block, fact) in stream.blocks_mut().zip(facts) {
        block.object = fact.object;
        if let Some(payload) = block.says() {
            let payload = json::unescaped(payload);
            block.kind = family.kind(&payload);
            block.lane = family.lane(&payload);
        }
    }
}

/// The payloads are what the dialect's own are: Bedrock's chunks may have those of any model.
fn speaks(blocks: &[Arc<Block>], dialect: Dialect, family: Family) -> bool {
    let known = |block: &Arc<Block>| {
        let payload = block.payload();
        payload.is_some_and(|payload| family.kind(payload) == Kind::Begin)
    };
    dialect != Dialect::BedrockInvoke || blocks.iter().any(known)
}

/// Each event has the number behind that of the event before it.
fn is_numbered(blocks: &[Arc<Block>]) -> bool {
    let mut last: Option<u64> = None;
    for payload in blocks.iter().filter_map(|block| block.payload()) {
        let Some(span) = sequence_number(payload) else {
            continue;
        };
        let number = json::number(payload, &span);
        if last.is_some_and(|last| number != Some(last + 1)) {
            return false;
        }
        last = number;
    }
    last.is_some()
}

/// `known`: what is in a payload's members is known not to be kept verbatim.
fn facts(blocks: &[Arc<Block>], family: Option<Family>, known: bool) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::with_capacity(blocks.len());
    for (place, block) in blocks.iter().enumerate() {
        let mut fact = Fact::of(block, family, known);
        let next = blocks.get(place + 1);
        let joined = next.and_then(|next| joined(block, next, family?, false));
        fact.joins = joined.is_some();
        facts.push(fact);
    }
    facts
}

impl Fact {
    fn of(block: &Block, family: Option<Family>, known: bool) -> Self {
        let Some(payload) = block.payload().filter(|payload| json::is_object(payload)) else {
            return Self::default();
        };
        let site = family.and_then(|family| family.site(payload));
        let splits = site.as_ref().filter(|site| site.splits);
        let kept = kept(family);
        let differs =
            |which| escaped(payload, which, false, kept).is_some_and(|other| other != payload);
        Self {
            object: true,
            joins: false,
            spaces: spaced(payload, 1, kept).is_some_and(|other| other != payload),
            letters: differs(Escapes::All),
            wide: !payload.is_ascii() && differs(Escapes::NonAscii),
            cuts: splits.map_or_else(Cuts::default, |site| {
                cuts(json::part(payload, site.body.clone()), site.inner)
            }),
            gaps: crate::framing::gaps(payload, family, known).len(),
        }
    }
}
