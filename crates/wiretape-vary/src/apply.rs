//! The order in which pieces are applied: dialect, framing, faults, rechunk, pace.

use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_tape::EndKind;

use crate::catalogue::{Level, Outcome};
use crate::dialect::Kind;
use crate::rechunk::{self, Mark};
use crate::scenario::{Pace, Piece};
use crate::script::Script;
use crate::sse::{Block, Stream};
use crate::subject::{NO_CHANGE, Subject};
use crate::{fault, framing, rewrite};

/// A script in the making.
struct Work<'a> {
    subject: &'a Subject,
    /// The rewritten blocks; `None` as long as nothing was rewritten.
    stream: Option<Stream>,
    end: EndKind,
    end_after_ns: u64,
    permits: Option<Vec<Outcome>>,
    skipped: Vec<(usize, &'static str)>,
}

pub(crate) fn apply(pieces: &[Piece], subject: &Subject) -> Script {
    let mut order: Vec<(usize, &Piece)> = pieces.iter().enumerate().collect();
    order.sort_by_key(|(_, piece)| piece.rank());
    let mut work = Work {
        subject,
        stream: None,
        end: subject.end,
        end_after_ns: subject.end_after_ns,
        permits: None,
        skipped: Vec::new(),
    };
    let on_bytes = |piece: &Piece| {
        matches!(
            piece,
            Piece::Cut { .. } | Piece::Rechunk { .. } | Piece::Pace { .. }
        )
    };
    let (bytes, blocks): (Vec<_>, Vec<_>) = order.into_iter().partition(|item| on_bytes(item.1));
    for (number, piece) in blocks {
        if let Err(why) = work.rewrite(piece) {
            work.skipped.push((number, why));
        }
    }
    work.finish(&bytes)
}

impl Work<'_> {
    /// Applies a piece that works on blocks.
    fn rewrite(&mut self, piece: &Piece) -> Result<(), &'static str> {
        let untouched = self
            .subject
            .stream
            .as_ref()
            .ok_or("the body is no event stream")?;
        let family = self.subject.family;
        let known = family.ok_or("the dialect is not known");
        let stream = self.stream.get_or_insert_with(|| untouched.clone());
        match piece.level() {
            Level::Dialect => rewrite::rewrite(stream, known?, piece),
            Level::Framing => framing::reframe(stream, family, piece),
            // Noise needs no dialect.
            Level::Fault => {
                let noise = matches!(piece, Piece::Noise { .. });
                if noise {
                    crate::quirk::apply(stream, family, piece)?;
                } else if let Some(end) = fault::break_stream(stream, known?, piece)? {
                    self.end = end;
                    self.end_after_ns = 0;
                }
                let mut permits = piece.permits().to_vec();
                // A message that never came to its end does not come to it for another reason.
                let terminal = |block: &Arc<Block>| block.kind == Kind::Terminal;
                if permits.contains(&Outcome::NoCalls) && !stream.blocks.iter().any(terminal) {
                    permits.push(Outcome::EofReported);
                }
                self.permit(&permits);
                Ok(())
            }
            Level::Wire => Err("not a piece that works on blocks"),
        }
    }

    /// Faults together permit what any of them does, and the untouched reply only if all do.
    fn permit(&mut self, outcomes: &[Outcome]) {
        let Some(before) = self.permits.take() else {
            self.permits = Some(outcomes.to_vec());
            return;
        };
        let mut all: Vec<Outcome> = before.iter().chain(outcomes).copied().collect();
        all.sort_unstable();
        all.dedup();
        let whole = |outcome: &Outcome| {
            matches!(
                outcome,
                Outcome::Same | Outcome::SameButReason | Outcome::SoFar
            )
        };
        let both = before.iter().any(whole) && outcomes.iter().any(whole);
        all.retain(|outcome| both || !whole(outcome));
        if all.contains(&Outcome::SameButReason) {
            all.retain(|outcome| *outcome != Outcome::Same);
        }
        self.permits = Some(all);
    }

    /// The bytes, and where and when the recording cut them.
    fn bytes(&self) -> (Vec<u8>, Vec<Mark>) {
        let recorded = &self.subject.chunks;
        let Some(stream) = &self.stream else {
            let marks = recorded.iter().map(|chunk| Mark {
                end: chunk.end,
                at_ns: chunk.at_ns,
            });
            return (self.subject.body.clone(), marks.collect());
        };
        let (body, ends) = stream.bytes();
        let mut marks: Vec<Mark> = Vec::new();
        let mut slot = None;
        for (block, end) in stream.blocks.iter().zip(ends) {
            let at_ns = recorded.get(block.slot).map_or(0, |chunk| chunk.at_ns);
            match marks.last_mut().filter(|_| slot == Some(block.slot)) {
                Some(mark) => mark.end = end,
                None => marks.push(Mark { end, at_ns }),
            }
            slot = Some(block.slot);
        }
        (body, marks)
    }

    /// Applies the pieces that work on bytes.
    fn finish(mut self, pieces: &[(usize, &Piece)]) -> Script {
        let (mut body, mut marks) = self.bytes();
        let mut ends = None;
        let mut pace = None;
        for &(number, piece) in pieces {
            let done = match piece {
                Piece::Cut { at, end } => self.cut(*at, *end, &mut body, &mut marks),
                Piece::Rechunk { .. } if ends.is_some() => Err("the body is cut already"),
                Piece::Rechunk { cut } => {
                    rechunk::ends(cut, &body, &marks).map(|found| ends = Some(found))
                }
                Piece::Pace { .. } if pace.is_some() => Err("the pace is set already"),
                Piece::Pace {
                    pace: Pace::Speed { n: 0, .. },
                } => Err("a speed of 0"),
                Piece::Pace { pace: wanted } => {
                    pace = Some(wanted);
                    match wanted {
                        Pace::Speed { n, of } if n == of => Err(NO_CHANGE),
                        Pace::Speed { .. } | Pace::Instant if !self.subject.seen.timed => {
                            Err(NO_CHANGE)
                        }
                        _ => Ok(()),
                    }
                }
                _ => Err("not a piece that works on bytes"),
            };
            if let Err(why) = done {
                self.skipped.push((number, why));
            }
        }
        let pace = pace.unwrap_or(&Pace::Recorded);
        self.skipped.sort_unstable();
        Script {
            cuts: match ends {
                Some(ends) => rechunk::cuts(rechunk::chunks(&ends, &marks), pace),
                None => rechunk::cuts(marks.into_iter(), pace),
            },
            body,
            end: self.end,
            end_after_ns: rechunk::paced(self.end_after_ns, pace),
            skipped: self.skipped,
            permits: self.permits.unwrap_or_else(|| [Outcome::Same].to_vec()),
        }
    }

    fn cut(
        &mut self,
        at: usize,
        end: EndKind,
        body: &mut Vec<u8>,
        marks: &mut Vec<Mark>,
    ) -> Result<(), &'static str> {
        if body.len() <= at {
            return Err("the place is not in the body");
        }
        let stream = self.stream.as_ref().or(self.subject.stream.as_ref());
        let evidence = stream.map_or_else(fault::Evidence::default, |stream| {
            fault::evidence(stream, &stream.bytes().1)
        });
        self.permit(&fault::permits_cut(at, evidence));
        self.end = end;
        self.end_after_ns = 0;
        body.truncate(at);
        let kept = marks.partition_point(|mark| mark.end < at);
        marks.truncate(if at == 0 { 0 } else { kept + 1 });
        if let Some(last) = marks.last_mut() {
            last.end = last.end.min(at);
        }
        Ok(())
    }
}
