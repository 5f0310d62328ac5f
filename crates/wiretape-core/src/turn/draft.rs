//! A reply that still arrives.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Content, Ended, Failure, Rejected, Turn, gate};
use crate::dialect::Evidence;
use crate::event::{Block, Event, Kind, Part, Usage};
use crate::{Error, ErrorKind, Limits, Warnings};

/// A reply that still arrives. It has no calls.
#[derive(Clone, Debug)]
pub struct Draft {
    limits: Limits,
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) blocks: Vec<(Block, Content)>,
    places: BTreeMap<Block, usize>,
    latest: usize,
    bytes: usize,
    pub(super) stops: BTreeMap<u32, Stop>,
    pub(super) usage: Usage,
    pub(super) failure: Option<Failure>,
    pub(super) overflow: Option<ErrorKind>,
    pub(super) warnings: Warnings,
}

/// Why the model stopped.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    /// The last reason.
    pub(super) reason: String,
    /// What it came in.
    pub(super) raw: String,
    /// The first reason that forbids acting: a later one does not lift it (F-21, F-27).
    pub(super) forbidden: Option<String>,
}

/// What is known of a stream when it has ended.
#[derive(Clone, Debug)]
pub struct Closing {
    /// The protocol's evidence that it was complete.
    pub evidence: Evidence,
    /// Weak evidence is enough to act on (F-30); counted.
    pub accept_weak_end: bool,
    /// Arguments that are the text `null` mean `{}` (F-18); counted.
    pub accept_null_arguments: bool,
    /// Arguments that are a JSON string which holds an object are that object (F-19); counted.
    pub accept_double_encoded: bool,
    /// What made reading stop.
    pub error: Option<Error>,
    /// Frames with a payload.
    pub frames: u64,
    /// What the framing tolerated.
    pub warnings: Warnings,
}

impl Draft {
    /// An empty reply.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            id: None,
            model: None,
            blocks: Vec::new(),
            places: BTreeMap::new(),
            latest: 0,
            bytes: 0,
            stops: BTreeMap::new(),
            usage: Usage::default(),
            failure: None,
            overflow: None,
            warnings: Warnings::default(),
        }
    }

    /// Takes one event.
    #[inline]
    pub fn apply(&mut self, event: &Event<'_>) {
        if let Event::Delta { block, part, text } = *event {
            return self.delta(block, part, text);
        }
        self.apply_rare(event);
    }

    fn apply_rare(&mut self, event: &Event<'_>) {
        match *event {
            Event::Begin { id, model } => {
                self.id = self.id.take().or_else(|| id.map(String::from));
                self.model = self.model.take().or_else(|| model.map(String::from));
            }
            Event::Open {
                block,
                kind,
                id,
                name,
                raw,
                closes,
            } => self.open(
                block,
                Content {
                    kind,
                    id: id.map(String::from),
                    name: name.map(String::from),
                    text: String::new(),
                    raw: raw.into(),
                    signature: None,
                    citations: Vec::new(),
                    others: Vec::new(),
                    closed: !closes,
                },
            ),
            Event::Whole { block, text, .. } => self.replace(block, text),
            Event::Close { block } => {
                if let Some(content) = self.content(block) {
                    content.closed = true;
                }
            }
            Event::Usage(usage) => self.usage.update(usage),
            Event::End {
                choice,
                reason,
                raw,
            } => self.end(choice, reason, raw),
            Event::Fail { kind, message } => {
                self.failure.get_or_insert_with(|| Failure {
                    kind: kind.into(),
                    message: message.into(),
                    at: None,
                });
            }
            Event::Warning(id) => self.warnings.count(id),
            Event::Delta { .. } | Event::Done | Event::Ping | Event::Other { .. } => {}
        }
    }

    fn open(&mut self, block: Block, content: Content) {
        if self.blocks.len() == self.limits.blocks_max {
            self.overflow.get_or_insert(ErrorKind::TooManyBlocks {
                limit: self.limits.blocks_max,
            });
            return;
        }
        let labels = [&content.id, &content.name].into_iter().flatten();
        let bytes = labels.map(String::len).sum::<usize>() + content.raw.len();
        if !self.grow(bytes) {
            return;
        }
        self.latest = self.blocks.len();
        self.places.insert(block, self.latest);
        self.blocks.push((block, content));
    }

    fn end(&mut self, choice: u32, reason: &str, raw: &str) {
        if !self.grow(reason.len() + raw.len()) {
            return;
        }
        let stop = self.stops.entry(choice).or_default();
        stop.reason = reason.into();
        stop.raw = raw.into();
        if !gate::permits(reason) {
            stop.forbidden.get_or_insert_with(|| reason.into());
        }
    }

    #[inline]
    fn delta(&mut self, block: Block, part: Part, text: &str) {
        if !self.grow(text.len()) {
            return;
        }
        let Some(content) = self.content(block) else {
            return;
        };
        match part {
            Part::Text | Part::Arguments => content.text.push_str(text),
            Part::Id => content.id = Some(text.into()),
            Part::Name => content.name.get_or_insert_with(String::new).push_str(text),
            Part::Signature => content.signature = Some(text.into()),
            Part::Citation => content.citations.push(text.into()),
            Part::Unknown => content.others.push(text.into()),
        }
    }

    /// Takes one event and hands it on. A text that comes again as a whole is handed on only as far
    /// as it says something new.
    #[inline]
    pub(crate) fn take(&mut self, event: Event<'_>, out: &mut dyn FnMut(Event<'_>)) {
        if let Event::Whole { block, part, text } = event {
            return self.settle(block, part, text, out);
        }
        self.apply(&event);
        out(event);
    }

    #[cold]
    fn settle(&mut self, block: Block, part: Part, text: &str, out: &mut dyn FnMut(Event<'_>)) {
        let Some(content) = self.content(block) else {
            return;
        };
        let event = match text.strip_prefix(content.text.as_str()) {
            Some("") => return,
            Some(rest) if content.text.is_empty() => {
                return self.take(
                    Event::Delta {
                        block,
                        part,
                        text: rest,
                    },
                    out,
                );
            }
            Some(text) => Event::Delta { block, part, text },
            None => Event::Whole { block, part, text },
        };
        self.take(Event::Warning("F-55"), out);
        self.apply(&event);
        out(event);
    }

    fn replace(&mut self, block: Block, text: &str) {
        if !self.grow(text.len()) {
            return;
        }
        if let Some(content) = self.content(block) {
            content.text.clear();
            content.text.push_str(text);
        }
    }

    #[inline]
    fn content(&mut self, block: Block) -> Option<&mut Content> {
        let latest = self.blocks.get(self.latest).map(|(at, _)| *at);
        if latest != Some(block) {
            self.latest = *self.places.get(&block)?;
        }
        self.blocks.get_mut(self.latest).map(|(_, content)| content)
    }

    #[inline]
    fn grow(&mut self, by: usize) -> bool {
        self.bytes += by;
        let fits = self.bytes <= self.limits.message_bytes_max && self.overflow.is_none();
        if !fits {
            self.overflow.get_or_insert(ErrorKind::MessageTooLarge {
                limit: self.limits.message_bytes_max,
            });
        }
        fits
    }

    /// A limit that the reply exceeds; it takes no more events then.
    #[must_use]
    pub fn overflow(&self) -> Option<ErrorKind> {
        self.overflow
    }

    /// The stream has ended: a turn if it may be acted on, otherwise the reason.
    ///
    /// # Errors
    /// [`Rejected`] with all that was read.
    pub fn finish(self, closing: Closing) -> Result<Turn, Rejected> {
        gate::finish(self, closing)
    }

    pub(super) fn ended(&self, closing: &Closing) -> Ended {
        if self.failure.is_some() || closing.error.is_some() {
            Ended::Error
        } else if closing.evidence == Evidence::Strong {
            Ended::Terminal
        } else {
            Ended::Eof
        }
    }
}

impl Content {
    /// A call the caller is to run.
    pub(super) fn is_call(&self) -> bool {
        matches!(self.kind, Kind::Tool | Kind::CustomTool)
    }
}
