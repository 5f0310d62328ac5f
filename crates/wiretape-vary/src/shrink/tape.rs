//! A smaller tape that is still one: fewer exchanges, fewer events, shorter texts.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use wiretape_core::{Dialect, Options, Transcript, read};
use wiretape_tape::{Chunk, End, EndKind, Exchange};

use super::Trial;
use super::fields::{blocks_of, renumbered};
use crate::dialect::Kind;
use crate::json;
use crate::rewrite::cuts;
use crate::scenario::{Cutting, Piece};
use crate::stream::Stream;
use crate::subject::Subject;

impl Trial {
    pub(super) fn subject(&self, exchange: usize) -> Option<Subject> {
        let exchange = self.exchanges.get(exchange)?;
        Some(Subject::new(exchange, self.dialect.as_deref()))
    }

    /// Without an exchange; `None` for the one that is changed.
    pub(super) fn without(&self, exchange: usize) -> Option<Self> {
        let mut trial = self.clone();
        if self.exchanges.len() <= exchange || self.scenario.exchange == Some(exchange) {
            return None;
        }
        trial.exchanges.remove(exchange);
        let changed = trial.scenario.exchange.as_mut();
        if let Some(changed) = changed.filter(|changed| exchange < **changed) {
            *changed -= 1;
        }
        Some(trial)
    }

    /// The pieces, first those of the first attempt.
    fn pieces_mut(&mut self) -> impl Iterator<Item = &mut Piece> {
        let scenario = &mut self.scenario;
        scenario
            .pieces
            .iter_mut()
            .chain(scenario.retries.iter_mut().flatten())
    }

    /// What is done to an exchange names its blocks.
    fn names(&self, exchange: usize) -> bool {
        self.scenario
            .exchange
            .is_none_or(|changed| changed == exchange)
    }

    /// The blocks that a piece names, which must stay.
    fn kept(&self, exchange: usize) -> Vec<usize> {
        if !self.names(exchange) {
            return Vec::new();
        }
        let retries = self.scenario.retries.iter().flatten();
        let pieces = self.scenario.pieces.iter().chain(retries);
        pieces.flat_map(blocks_of).collect()
    }

    /// The blocks that can be left out, in order.
    pub(super) fn spare(&self, exchange: usize) -> Vec<usize> {
        let Some(subject) = self.subject(exchange) else {
            return Vec::new();
        };
        let kept = self.kept(exchange);
        let blocks = subject.blocks().iter().enumerate();
        let spare =
            blocks.filter(|(number, block)| block.kind != Kind::Terminal && !kept.contains(number));
        spare.map(|(number, _)| number).collect()
    }

    /// The blocks of each lane: a call, a block of the content.
    pub(super) fn lanes(&self, exchange: usize) -> Vec<Vec<usize>> {
        let Some(subject) = self.subject(exchange) else {
            return Vec::new();
        };
        let mut lanes: Vec<((u64, u64), Vec<usize>)> = Vec::new();
        for (number, block) in subject.blocks().iter().enumerate() {
            let Some(lane) = &block.lane else { continue };
            match lanes.iter_mut().find(|(key, _)| *key == lane.key) {
                Some((_, blocks)) => blocks.push(number),
                None => lanes.push((lane.key, vec![number])),
            }
        }
        lanes.into_iter().map(|(_, blocks)| blocks).collect()
    }

    /// Without some blocks of an exchange, and the scenario's places moved along.
    pub(super) fn without_blocks(&self, exchange: usize, gone: &[usize]) -> Option<Self> {
        let kept = self.kept(exchange);
        if gone.is_empty() || gone.iter().any(|block| kept.contains(block)) {
            return None;
        }
        let subject = self.subject(exchange)?;
        let mut stream = subject.stream.clone()?;
        let (_, ends) = stream.bytes();
        let mut number = 0;
        stream.blocks.retain(|_| {
            let stays = !gone.contains(&number);
            number += 1;
            stays
        });
        let mut trial = self.with_stream(exchange, &subject, &stream)?;
        if self.names(exchange) {
            let block = |block: usize| block - gone.iter().filter(|gone| **gone < block).count();
            let spans: Vec<(usize, usize)> = gone
                .iter()
                .filter_map(|block| {
                    let from = block
                        .checked_sub(1)
                        .map_or(Some(0), |before| ends.get(before).copied());
                    Some((from?, *ends.get(*block)?))
                })
                .collect();
            let at = |at: usize| {
                let before = spans
                    .iter()
                    .map(|(from, to)| at.min(*to).saturating_sub(*from));
                at - before.sum::<usize>()
            };
            for piece in trial.pieces_mut() {
                *piece = moved(renumbered(piece, &block)?, &at);
            }
        }
        Some(trial)
    }

    /// The strings of an exchange that readers show, by their blocks, with their lengths.
    pub(super) fn texts(&self, exchange: usize) -> Vec<usize> {
        let Some(subject) = self.subject(exchange) else {
            return Vec::new();
        };
        let Some(family) = subject.family else {
            return Vec::new();
        };
        let kept = self.kept(exchange);
        let blocks = subject.blocks().iter().enumerate();
        let texts = blocks.filter(|(number, block)| {
            let site = block.payload().and_then(|payload| family.site(payload));
            site.is_some_and(|site| !site.inner && site.splits && site.body.len() > 1)
                && !kept.contains(number)
        });
        texts.map(|(number, _)| number).collect()
    }

    /// With a shorter text in a block: `n / of` of it.
    pub(super) fn with_shorter(
        &self,
        exchange: usize,
        block: usize,
        (n, of): (usize, usize),
    ) -> Option<Self> {
        let subject = self.subject(exchange)?;
        let family = subject.family?;
        let mut stream = subject.stream.clone()?;
        let (_, ends) = stream.bytes();
        let changed = stream.block_mut(block)?;
        let payload = changed.payload()?.to_vec();
        let site = family.site(&payload).filter(|site| !site.inner)?;
        let text = json::part(&payload, site.body.clone());
        let places = cuts(text, false).plain;
        let wanted = text.len() * n / of.max(1);
        let place = places.iter().rev().find(|place| **place <= wanted.max(1));
        let length = *place.or_else(|| places.first())?;
        text.len().checked_sub(length).filter(|less| *less > 0)?;
        let shorter = json::part(text, 0..length).to_vec();
        let payload = json::replace(&payload, &site.body, &shorter);
        changed.set_payload(&payload);
        let mut trial = self.with_stream(exchange, &subject, &stream)?;
        if self.names(exchange) {
            let end = *ends.get(block)?;
            let less = end.checked_sub(*stream.bytes().1.get(block)?)?;
            let at = |at: usize| if at < end { at } else { at - less };
            for piece in trial.pieces_mut() {
                *piece = moved(piece.clone(), &at);
            }
        }
        Some(trial)
    }

    /// With these blocks for an exchange's body, in the chunks in which they came.
    fn with_stream(&self, exchange: usize, subject: &Subject, stream: &Stream) -> Option<Self> {
        let mut trial = self.clone();
        let slot = trial.exchanges.get_mut(exchange)?;
        let (body, ends) = stream.bytes();
        let mut chunks: Vec<(usize, Chunk)> = Vec::new();
        let (mut from, mut last_ns) = (0, 0);
        for (block, end) in stream.blocks.iter().zip(ends) {
            let bytes = json::part(&body, from..end);
            from = end;
            if let Some((_, chunk)) = chunks.last_mut().filter(|(slot, _)| *slot == block.slot) {
                chunk.bytes.extend_from_slice(bytes);
                continue;
            }
            let at_ns = subject
                .chunks
                .get(block.slot)
                .map_or(last_ns, |chunk| chunk.at_ns);
            let chunk = Chunk {
                after_ns: at_ns.saturating_sub(last_ns),
                bytes: bytes.to_vec(),
            };
            last_ns = last_ns.max(at_ns);
            chunks.push((block.slot, chunk));
        }
        let chunks: Vec<Chunk> = chunks.into_iter().map(|(_, chunk)| chunk).collect();
        let end = slot.end.as_ref();
        let (after_ns, kind) =
            end.map_or((0, EndKind::Unterminated), |end| (end.after_ns, end.kind));
        slot.end = Some(End::of(&chunks, after_ns, kind));
        slot.chunks = chunks;
        Some(trial)
    }

    /// What each exchange is to a reader: a smaller tape must be the same. A turn, or why it is
    /// none; whether it has calls, and whether all of them parse.
    pub(super) fn nature(&self) -> Vec<Nature> {
        self.exchanges
            .iter()
            .map(|one| nature(one, self.dialect.as_deref()))
            .collect()
    }
}

/// See [`Trial::nature`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nature {
    rejected: Option<String>,
    pub(super) calls: bool,
    broken: bool,
}

fn nature(exchange: &Exchange, dialect: Option<&str>) -> Nature {
    let body = exchange.body();
    let named = dialect.and_then(|dialect| dialect.parse().ok());
    let Some(dialect) = named.or_else(|| Dialect::sniff(&body)) else {
        return Nature {
            rejected: Some("unknown".into()),
            calls: false,
            broken: false,
        };
    };
    let transcript = Transcript::of(&read(dialect, Options::default(), &body));
    Nature {
        rejected: transcript.rejected,
        calls: !transcript.tool_calls.is_empty(),
        broken: !transcript.rejected_calls.is_empty(),
    }
}

/// The piece with its places in the body moved.
fn moved(piece: Piece, at: &dyn Fn(usize) -> usize) -> Piece {
    match piece {
        Piece::Cut { at: place, end } => Piece::Cut { at: at(place), end },
        Piece::Rechunk {
            cut: Cutting::At(places),
        } => Piece::Rechunk {
            cut: Cutting::At(places.into_iter().map(at).collect()),
        },
        other => other,
    }
}
