//! What was sent, by the byte.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use wiretape_core::event::{Block, Kind, Part};
use wiretape_core::{Dialect, Event, Options, Reader, framing};
use wiretape_tape::Exchange;
use wiretape_vary::Script;

use super::changes::{Span, spans};
use crate::report::quote_bytes;
use crate::words::duration;

/// Chunk edges that are kept; where there are more, every so many.
pub const EDGES_MAX: usize = 400;

/// Lanes that are kept.
pub const LANES_MAX: usize = 24;

/// Deltas that are kept of one lane; where there are more, neighbours are joined.
pub const DELTAS_MAX: usize = 300;

/// Places whose bytes are kept.
pub const EXCERPTS_MAX: usize = 3;

/// Bytes that are kept on each side of a place.
const AROUND_BYTES: usize = 64;

/// Bytes that are kept of what came in a lane.
const LANE_TEXT_BYTES_MAX: usize = 200;

/// A pause that is worth a mark.
const WAIT_NS_MIN: u64 = 1_000_000;

/// One delivery of a body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wire {
    /// The first attempt that gets it, counted from 0.
    pub attempt: usize,
    /// Bytes of the body.
    pub bytes: u64,
    /// Chunks that it is sent in.
    pub chunks: u64,
    /// Where they end, but for the last; at most [`EDGES_MAX`] of them.
    pub edges: Vec<Edge>,
    /// Pauses between chunks.
    pub waits: Vec<Wait>,
    /// Texts, thoughts and calls, as a reader has them.
    pub lanes: Vec<Lane>,
    /// Events that belong to no lane.
    pub marks: Vec<Mark>,
    /// Where it differs from the recording.
    pub changes: Vec<Span>,
    /// The bytes around what is notable.
    pub excerpts: Vec<Excerpt>,
    /// How it ends: the tape format's word.
    pub end: String,
    /// From the last chunk to the end.
    pub end_after_ns: u64,
    /// What a careful reader makes of it, in a line.
    pub reads: String,
}

/// The end of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The byte behind it.
    pub at: u64,
    /// What it cuts.
    pub kind: EdgeKind,
    /// The recording has it, too.
    pub recorded: bool,
}

/// What the end of a chunk cuts in two, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// Nothing: it stands between two events.
    Between,
    /// An event.
    Inside,
    /// CR and LF of one line end.
    InsideLineEnd,
    /// An escape of a JSON string.
    InsideEscape,
    /// The bytes of one character.
    InsideCharacter,
}

/// A pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The byte before which nothing comes.
    pub at: u64,
    /// For how long.
    pub ns: u64,
}

/// A text, a thought, a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// What it is.
    pub kind: LaneKind,
    /// A call's name, or the kind in a word.
    pub label: String,
    /// The begin of what came.
    pub text: String,
    /// What came when: frames that it grows by.
    pub deltas: Vec<Delta>,
    /// The first byte of the frame that opens it.
    pub opened: u64,
    /// Behind the last byte of the frame that closes it; `None`: it was never closed.
    pub closed: Option<u64>,
    /// Its dialect closes lanes, so that one that was not closed is cut.
    pub closes: bool,
}

/// What a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneKind {
    /// Text of the answer, or a refusal.
    Text,
    /// Thinking.
    Thinking,
    /// A call that the client is to run.
    Call,
    /// A call of the provider's, its result, or what is not known.
    Other,
}

/// A frame that a lane grows by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The frame's first byte.
    pub from: u64,
    /// Behind its last byte.
    pub to: u64,
    /// By how many bytes of text.
    pub grows: u64,
}

/// An event that belongs to no lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The last byte of its frame.
    pub at: u64,
    /// What it is.
    pub kind: MarkKind,
    /// What it says.
    pub text: String,
}

/// What an event that belongs to no lane is, the most notable last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// A sign of life.
    Ping,
    /// An event of a type that is not known.
    Unknown,
    /// Why the model stopped.
    Stop,
    /// The stream is complete.
    Done,
    /// An error.
    Error,
}

/// The bytes around a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// What is notable there.
    pub what: String,
    /// The place: the bytes before it had come when what is notable happened.
    pub at: u64,
    /// The offset of the first byte that is shown.
    pub from: u64,
    /// The bytes, in lower-case hex.
    pub hex: String,
    /// Chunk edges among them.
    pub edges: Vec<u64>,
}

/// Where a recording was cut.
pub(super) fn recorded_cuts(exchange: &Exchange) -> Vec<u64> {
    let mut at = 0;
    let cuts = exchange.chunks.iter().map(|chunk| {
        at += chunk.bytes.len() as u64;
        at
    });
    cuts.collect()
}

impl Wire {
    /// `cuts` are the recording's, in order.
    pub(super) fn of(
        attempt: usize,
        script: &Script,
        dialect: Option<Dialect>,
        untouched: &[u8],
        cuts: &[u64],
    ) -> Self {
        let body = script.body();
        let mut wire = Self {
            attempt,
            bytes: body.len() as u64,
            chunks: script.steps().len() as u64,
            end: script.end.name().into(),
            end_after_ns: script.end_after_ns,
            changes: spans(untouched, body),
            ..Self::default()
        };
        let frames = match dialect {
            Some(dialect) => wire.read(body, dialect),
            None => Vec::new(),
        };
        let edges = wire.cut(script, &frames, cuts);
        wire.excerpts = excerpts(&wire, body, &edges);
        wire.edges = thinned(&edges);
        wire
    }

    /// Reads the body frame by frame, so that each event has its own bytes; gives the frames' ends.
    fn read(&mut self, body: &[u8], dialect: Dialect) -> Vec<u64> {
        let options = Options::lenient();
        let mut reader = Reader::with_options(dialect, options);
        let mut decoder = framing::Decoder::new(dialect.framing(), options.sse, options.limits);
        let mut gatherer = Gatherer::default();
        let mut ends = Vec::new();
        let mut input = body;
        loop {
            let more = matches!(decoder.decode(&mut input), Ok(Some(_)));
            let end = if more {
                (body.len() - input.len()) as u64
            } else {
                body.len() as u64
            };
            gatherer.frame = (gatherer.frame.1, end.max(gatherer.frame.1));
            let frame = part(body, gatherer.frame.0, gatherer.frame.1);
            if more {
                ends.push(end);
            }
            let fed = reader.feed(frame, &mut |event| gatherer.take(event));
            if let Err(error) = &fed {
                gatherer.mark(MarkKind::Error, &error.to_string());
            }
            if !more || fed.is_err() {
                break;
            }
        }
        let result = reader.finish_with(&mut |event| gatherer.take(event));
        self.reads = match &result {
            Ok(turn) => {
                let (calls, rejected) = (turn.tool_calls().len(), turn.rejected_calls().len());
                let refused = match rejected {
                    0 => String::new(),
                    n => format!(", {n} must not: their arguments do not parse"),
                };
                match (calls, rejected) {
                    (0, 0) => "a whole reply".into(),
                    (1, _) => format!("a whole reply; 1 call may be run{refused}"),
                    _ => format!("a whole reply; {calls} calls may be run{refused}"),
                }
            }
            Err(rejected) => format!("no call may be run: {rejected}"),
        };
        self.lanes = gatherer.lanes.into_iter().map(|(_, lane)| lane).collect();
        self.marks = gatherer.marks;
        ends
    }

    /// Finds the chunks' edges and pauses.
    fn cut(&mut self, script: &Script, frames: &[u64], cuts: &[u64]) -> Vec<Edge> {
        let (mut edges, mut at) = (Vec::new(), 0);
        for (number, step) in script.steps().enumerate() {
            if step.after_ns >= WAIT_NS_MIN && self.waits.len() < EDGES_MAX {
                let ns = step.after_ns;
                self.waits.push(Wait { at, ns });
            }
            if number > 0 {
                edges.push(Edge {
                    at,
                    kind: edge_kind(script.body(), frames, at),
                    recorded: cuts.binary_search(&at).is_ok(),
                });
            }
            at += step.bytes.len() as u64;
        }
        edges
    }
}

fn edge_kind(body: &[u8], frames: &[u64], at: u64) -> EdgeKind {
    let place = usize::try_from(at).unwrap_or(usize::MAX);
    let (before, behind) = body.split_at(place.min(body.len()));
    let next = behind.first().copied().unwrap_or_default();
    if next & 0xc0 == 0x80 {
        return EdgeKind::InsideCharacter;
    }
    if before.ends_with(b"\r") && next == b'\n' {
        return EdgeKind::InsideLineEnd;
    }
    // `\` + `u00fc`, `\u` + `00fc`, `\u00f` + `c`; and with two backslashes in JSON inside JSON.
    let hex = before.iter().rev().take(3);
    let digits = hex.take_while(|byte| byte.is_ascii_hexdigit()).count();
    let behind_u = |digits: usize| {
        let head = before.get(..before.len().saturating_sub(digits));
        head.is_some_and(|head| head.ends_with(b"\\u"))
    };
    let backslashes = before
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count();
    let escape = (0..=digits).any(behind_u) && next.is_ascii_hexdigit();
    if escape || backslashes % 2 == 1 || (backslashes > 0 && next == b'u') {
        return EdgeKind::InsideEscape;
    }
    match frames.binary_search(&at) {
        Ok(_) => EdgeKind::Between,
        Err(_) => EdgeKind::Inside,
    }
}

/// At most [`EDGES_MAX`] edges: the worst are kept, and of the others every so many.
fn thinned(edges: &[Edge]) -> Vec<Edge> {
    let every = edges.len().div_ceil(EDGES_MAX).max(1);
    let bad = edges
        .iter()
        .filter(|edge| edge.kind > EdgeKind::Inside)
        .count();
    let keep_bad = every > 1 && bad <= EDGES_MAX / 2;
    let mut kept: Vec<Edge> = Vec::new();
    for (number, edge) in edges.iter().enumerate() {
        let is_bad = keep_bad && edge.kind > EdgeKind::Inside;
        if is_bad || number % (if keep_bad { every * 2 } else { every }) == 0 {
            kept.push(*edge);
        }
    }
    kept.truncate(EDGES_MAX);
    kept
}

/// The bytes around the first changes, the worst new edge, the longest pause, the early end.
fn excerpts(wire: &Wire, body: &[u8], edges: &[Edge]) -> Vec<Excerpt> {
    let mut places: Vec<(u64, String)> = Vec::new();
    let mut put = |at: u64, what: String| match places.iter_mut().find(|place| place.0 == at) {
        Some((_, said)) => said.push_str(&format!("; {what}")),
        None => places.push((at, what)),
    };
    let added = edges.iter().filter(|edge| !edge.recorded);
    let worst = added.max_by_key(|edge| (edge.kind, std::cmp::Reverse(edge.at)));
    // Where bytes differ, chunks end elsewhere for that alone.
    let own = |edge: &&Edge| edge.kind > EdgeKind::Inside || wire.changes.is_empty();
    if let Some(edge) = worst.filter(own) {
        put(edge.at, format!("a chunk ends {}", edge.kind.says()));
    }
    let longest = wire
        .waits
        .iter()
        .max_by_key(|wait| (wait.ns, std::cmp::Reverse(wait.at)));
    if let Some(wait) = longest {
        put(wait.at, format!("nothing comes for {}", duration(wait.ns)));
    }
    for change in &wire.changes {
        let what = match change.to.saturating_sub(change.from) {
            0 if change.from == wire.bytes => "the body ends here, early".into(),
            0 => "bytes are missing here".into(),
            1 => "1 byte differs".into(),
            n => format!("{n} bytes differ"),
        };
        put(change.from, what);
    }
    places.truncate(EXCERPTS_MAX);
    places.sort_by_key(|place| place.0);
    let excerpt = |(at, what): (u64, String)| {
        let place = usize::try_from(at).unwrap_or(usize::MAX);
        let from = place.saturating_sub(AROUND_BYTES) as u64;
        let to = (place.saturating_add(AROUND_BYTES) as u64).min(wire.bytes);
        let inside = edges.iter().map(|edge| edge.at);
        Excerpt {
            what,
            at,
            from,
            hex: hex(part(body, from, to)),
            edges: inside.filter(|edge| from < *edge && *edge < to).collect(),
        }
    };
    places.into_iter().map(excerpt).collect()
}

fn part(body: &[u8], from: u64, to: u64) -> &[u8] {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
    body.get(place(from)..place(to)).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl EdgeKind {
    /// What it cuts, as the end of a sentence.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Between => "between two events",
            Self::Inside => "inside an event",
            Self::InsideLineEnd => "between CR and LF",
            Self::InsideEscape => "inside an escape",
            Self::InsideCharacter => "inside a character",
        }
    }
}

/// Sorts events into lanes and marks.
#[derive(Default)]
struct Gatherer {
    /// The frame that is being read: its first byte, and the one behind it.
    frame: (u64, u64),
    lanes: Vec<(Block, Lane)>,
    marks: Vec<Mark>,
}

impl Gatherer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Open {
                block,
                kind,
                name,
                closes,
                ..
            } if self.lanes.len() < LANES_MAX => {
                let (kind, word) = lane_kind(kind);
                let label = name.filter(|name| !name.is_empty()).unwrap_or(word);
                let lane = Lane {
                    kind,
                    label: quote_bytes(label, LANE_TEXT_BYTES_MAX),
                    text: String::new(),
                    deltas: Vec::new(),
                    opened: self.frame.0,
                    closed: None,
                    closes,
                };
                self.lanes.push((block, lane));
            }
            Event::Delta { block, part, text } => {
                let frame = self.frame;
                if let Some(lane) = self.lane(block) {
                    lane.grow(frame, part, text);
                }
            }
            Event::Whole { block, part, text } => {
                let frame = self.frame;
                if let Some(lane) = self.lane(block) {
                    // Another text in place of all that came (F-55).
                    lane.text.clear();
                    lane.grow(frame, part, text);
                }
            }
            Event::Close { block } => {
                let end = self.frame.1;
                if let Some(lane) = self.lane(block) {
                    lane.closed = Some(end);
                }
            }
            Event::End { reason, .. } => self.mark(MarkKind::Stop, reason),
            Event::Done => self.mark(MarkKind::Done, ""),
            Event::Fail { kind, message } => {
                self.mark(MarkKind::Error, &format!("{kind}: {message}"));
            }
            Event::Ping => self.mark(MarkKind::Ping, ""),
            Event::Other { name, .. } => self.mark(MarkKind::Unknown, name),
            _ => {}
        }
    }

    fn mark(&mut self, kind: MarkKind, text: &str) {
        // Pings may be many; the end of the message is worth its place.
        if self.marks.len() < EDGES_MAX || kind >= MarkKind::Stop {
            self.marks.push(Mark {
                at: self.frame.1.saturating_sub(1),
                kind,
                text: quote_bytes(text, LANE_TEXT_BYTES_MAX),
            });
        }
    }

    /// The newest first: deltas belong to it nearly always.
    fn lane(&mut self, block: Block) -> Option<&mut Lane> {
        let mut lanes = self.lanes.iter_mut().rev();
        lanes
            .find(|(other, _)| *other == block)
            .map(|(_, lane)| lane)
    }
}

impl Lane {
    fn grow(&mut self, (from, to): (u64, u64), part: Part, text: &str) {
        if part == Part::Name && self.text.is_empty() {
            self.label = quote_bytes(text, LANE_TEXT_BYTES_MAX);
        }
        if !matches!(part, Part::Text | Part::Arguments) {
            return;
        }
        if self.text.len() < LANE_TEXT_BYTES_MAX {
            let joined = format!("{}{text}", self.text);
            self.text = quote_bytes(&joined, LANE_TEXT_BYTES_MAX);
        }
        let grows = text.len() as u64;
        self.deltas.push(Delta { from, to, grows });
        if self.deltas.len() > DELTAS_MAX * 2 {
            self.deltas = joined(&self.deltas);
        }
    }
}

/// Half as many deltas: each takes in its neighbour.
fn joined(deltas: &[Delta]) -> Vec<Delta> {
    let pairs = deltas.chunks(2).filter_map(|pair| {
        let (first, last) = (pair.first()?, pair.last()?);
        Some(Delta {
            from: first.from,
            to: last.to,
            grows: pair.iter().map(|delta| delta.grows).sum(),
        })
    });
    pairs.collect()
}

const fn lane_kind(kind: Kind) -> (LaneKind, &'static str) {
    match kind {
        Kind::Text => (LaneKind::Text, "text"),
        Kind::Refusal => (LaneKind::Text, "refusal"),
        Kind::Reasoning => (LaneKind::Thinking, "thinking"),
        Kind::RedactedReasoning => (LaneKind::Thinking, "redacted thinking"),
        Kind::Tool | Kind::CustomTool => (LaneKind::Call, "call"),
        Kind::ServerTool => (LaneKind::Other, "call of the provider"),
        Kind::ServerResult => (LaneKind::Other, "result of the provider"),
        _ => (LaneKind::Other, "unknown"),
    }
}
