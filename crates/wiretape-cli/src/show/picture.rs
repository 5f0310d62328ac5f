//! What a reply did, when, and at which byte.

use wiretape::Subject;
use wiretape_core::event::{Block, Kind, Part};
use wiretape_core::turn::{Choice, Reply};
use wiretape_core::{Event, Options, Reader, Rejected, Server, Turn, framing};
use wiretape_tape::EndKind;

/// What of a lane's text is kept for its line; a line never shows more.
const EXCERPT_BYTES_MAX: usize = 512;

/// A place in the stream: a byte, and the moment its chunk came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Point {
    pub(super) byte: u64,
    pub(super) ns: u64,
}

/// A text, a thought, a call.
#[derive(Debug)]
pub(super) struct Lane {
    block: Block,
    pub(super) kind: Kind,
    pub(super) id: String,
    name: String,
    pub(super) excerpt: String,
    pub(super) bytes: u64,
    closes: bool,
    pub(super) opened: Point,
    pub(super) closed: Option<Point>,
    /// How much came, and when.
    pub(super) deltas: Vec<(Point, u64)>,
    /// A call that must not be run: why.
    pub(super) why_not: Option<&'static str>,
}

/// What happens at one point, the most notable last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Ping,
    Unknown,
    Stop,
    Done,
    Error,
}

/// Everything that is drawn of one exchange.
#[derive(Debug)]
pub(super) struct Picture {
    /// And the server whose ways it was read by.
    pub(super) dialect: String,
    pub(super) end: Option<EndKind>,
    pub(super) total: Point,
    pub(super) chunks: Vec<Point>,
    pub(super) lanes: Vec<Lane>,
    pub(super) marks: Vec<(Point, Mark)>,
    pub(super) result: Result<Turn, Rejected>,
}

impl Picture {
    /// Reads the exchange frame by frame, so that each event has its own byte.
    pub(super) fn of(subject: &Subject<'_>, server: Option<Server>) -> Self {
        let mut options = Options::lenient();
        let mut dialect = subject.dialect.to_string();
        if let Some(server) = server {
            options = options.as_sent_by(server);
            dialect.push_str(&format!(", as {server} sends it"));
        }
        let mut reader = Reader::with_options(subject.dialect, options);
        let framing = subject.dialect.framing();
        let mut decoder = framing::Decoder::new(framing, options.sse, options.limits);
        let mut seen = Seen::default();
        let mut clock = Clock::of(subject);
        let mut input = subject.body.as_slice();
        let mut fed = 0;
        let mut point = Point::default();
        loop {
            let more = matches!(decoder.decode(&mut input), Ok(Some(_)));
            let end = if more {
                subject.body.len() - input.len()
            } else {
                subject.body.len()
            };
            let frame = subject.body.get(fed..end).unwrap_or_default();
            point = if frame.is_empty() {
                point
            } else {
                clock.at(end)
            };
            fed = end;
            if reader
                .feed(frame, &mut |event| seen.take(point, event))
                .is_err()
            {
                seen.marks.push((point, Mark::Error));
                break;
            }
            if !more {
                break;
            }
        }
        let result = reader.finish_with(&mut |event| seen.take(point, event));
        let reply = match &result {
            Ok(turn) => turn.reply(),
            Err(rejected) => rejected.reply(),
        };
        judge(&mut seen.lanes, reply);
        // Stable: within an answer, in order of opening.
        seen.lanes.sort_by_key(|lane| lane.block.choice);
        let end = subject.exchange.end.as_ref();
        Self {
            dialect,
            end: end.map(|end| end.kind),
            total: clock.total(end.map_or(0, |end| end.after_ns)),
            chunks: clock.chunks,
            lanes: seen.lanes,
            marks: seen.marks,
            result,
        }
    }

    pub(super) fn reply(&self) -> &Reply {
        match &self.result {
            Ok(turn) => turn.reply(),
            Err(rejected) => rejected.reply(),
        }
    }

    pub(super) fn has_choices(&self) -> bool {
        self.reply().choices.len() > 1
    }

    pub(super) fn has_times(&self) -> bool {
        self.total.ns > 0
    }
}

/// Writes the gate's verdict on each call to its lane.
fn judge(lanes: &mut [Lane], reply: &Reply) {
    for choice in &reply.choices {
        let calls = lanes
            .iter_mut()
            .filter(|lane| lane.block.choice == choice.index && lane.is_call());
        for (ordinal, lane) in calls.enumerate() {
            lane.why_not = why_not(choice, ordinal);
        }
    }
}

fn why_not(choice: &Choice, ordinal: usize) -> Option<&'static str> {
    let rejected = choice.rejected_calls().iter();
    let mut found = rejected.filter(|call| call.ordinal == ordinal);
    found.next().map(|call| call.why.name())
}

/// When each byte came.
struct Clock {
    /// Where each chunk ends.
    chunks: Vec<Point>,
    next: usize,
}

impl Clock {
    fn of(subject: &Subject<'_>) -> Self {
        let mut point = Point::default();
        let chunks = subject.exchange.chunks.iter().map(|chunk| {
            point.byte += chunk.bytes.len() as u64;
            point.ns = point.ns.saturating_add(chunk.after_ns);
            point
        });
        Self {
            chunks: chunks.collect(),
            next: 0,
        }
    }

    /// The last byte before `end`; ends only grow.
    fn at(&mut self, end: usize) -> Point {
        let byte = (end as u64).saturating_sub(1);
        while self
            .chunks
            .get(self.next)
            .is_some_and(|chunk| chunk.byte <= byte)
        {
            self.next += 1;
        }
        let chunk = self.chunks.get(self.next).or_else(|| self.chunks.last());
        Point {
            byte,
            ns: chunk.map_or(0, |chunk| chunk.ns),
        }
    }

    fn total(&self, after_ns: u64) -> Point {
        let last = self.chunks.last().copied().unwrap_or_default();
        Point {
            byte: last.byte,
            ns: last.ns.saturating_add(after_ns),
        }
    }
}

#[derive(Default)]
struct Seen {
    lanes: Vec<Lane>,
    marks: Vec<(Point, Mark)>,
}

impl Seen {
    fn take(&mut self, point: Point, event: Event<'_>) {
        match event {
            Event::Open {
                block,
                kind,
                id,
                name,
                raw,
                closes,
            } => {
                let mut lane = Lane {
                    block,
                    kind,
                    id: id.unwrap_or_default().into(),
                    name: name.unwrap_or_default().into(),
                    excerpt: String::new(),
                    bytes: 0,
                    closes,
                    opened: point,
                    closed: None,
                    deltas: Vec::new(),
                    why_not: None,
                };
                lane.quote(raw);
                self.lanes.push(lane);
            }
            Event::Delta { block, part, text } => {
                if let Some(lane) = self.lane(block) {
                    lane.grow(point, part, text);
                }
            }
            Event::Whole { block, part, text } => {
                if let Some(lane) = self.lane(block) {
                    lane.replace(point, part, text);
                }
            }
            Event::Close { block } => {
                if let Some(lane) = self.lane(block) {
                    lane.closed = Some(point);
                }
            }
            Event::End { .. } => self.marks.push((point, Mark::Stop)),
            Event::Done => self.marks.push((point, Mark::Done)),
            Event::Fail { .. } => self.marks.push((point, Mark::Error)),
            Event::Ping => self.marks.push((point, Mark::Ping)),
            Event::Other { .. } => self.marks.push((point, Mark::Unknown)),
            _ => {}
        }
    }

    /// The newest first: deltas belong to it nearly always.
    fn lane(&mut self, block: Block) -> Option<&mut Lane> {
        self.lanes.iter_mut().rev().find(|lane| lane.block == block)
    }
}

impl Lane {
    fn grow(&mut self, point: Point, part: Part, text: &str) {
        match part {
            Part::Id => self.id = text.into(),
            Part::Name => self.name.push_str(text),
            Part::Text | Part::Arguments => {
                if self.deltas.is_empty() {
                    self.excerpt.clear();
                }
                self.bytes += text.len() as u64;
                self.quote(text);
                self.deltas.push((point, text.len() as u64));
            }
            _ => self.deltas.push((point, 1)),
        }
    }

    /// The text came again as a whole, and is another one (F-55): what came before is not shown.
    fn replace(&mut self, point: Point, part: Part, text: &str) {
        self.excerpt.clear();
        self.bytes = 0;
        self.grow(point, part, text);
    }

    fn quote(&mut self, text: &str) {
        let room = EXCERPT_BYTES_MAX.saturating_sub(self.excerpt.len());
        if room > 0 {
            let end = boundary(text, room);
            self.excerpt.push_str(text.get(..end).unwrap_or_default());
        }
    }

    /// A call the caller may be asked to run.
    pub(super) fn is_call(&self) -> bool {
        matches!(self.kind, Kind::Tool | Kind::CustomTool)
    }

    /// Its end should have come, and did not.
    pub(super) fn is_cut(&self) -> bool {
        self.closes && self.closed.is_none()
    }

    /// The last point at which it was alive.
    pub(super) fn end(&self, total: Point) -> Point {
        let last = self.deltas.last().map_or(self.opened, |(point, _)| *point);
        self.closed
            .unwrap_or(if self.closes { total } else { last })
    }

    /// Its name; with the number of its answer, where there are several.
    pub(super) fn label(&self, numbered: bool) -> String {
        let what = match self.kind {
            Kind::Text => "text",
            Kind::Reasoning => "thinking",
            Kind::RedactedReasoning => "redacted",
            Kind::Refusal => "refusal",
            Kind::ServerResult => "result",
            _ if !self.name.is_empty() => &self.name,
            Kind::Tool | Kind::CustomTool | Kind::ServerTool => "call",
            _ => "unknown",
        };
        if numbered {
            format!("#{} {what}", self.block.choice)
        } else {
            what.into()
        }
    }
}

/// Where to cut a text so that at most so many bytes are left.
fn boundary(text: &str, bytes: usize) -> usize {
    if text.len() <= bytes {
        return text.len();
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}
