//! The order in which pieces are applied: dialect, framing, faults, rechunk, pace.

use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_tape::EndKind;

use crate::catalogue::{Level, Outcome};
use crate::dialect::Kind;
use crate::rechunk::{self, Mark};
use crate::scenario::{Cutting, Pace, Piece};
use crate::script::{Head, Plain, Script};
use crate::stream::{Block, Stream};
use crate::subject::{NO_CHANGE, Subject};
use crate::transport::bodies::{self, Answer, HttpError};
use crate::transport::encode::{self, encode};
use crate::transport::waits::{self, Beats};
use crate::transport::{Coding, Spot, ids, sizes};
use crate::{fault, framing, rewrite};

/// A script in the making.
struct Work<'a> {
    subject: &'a Subject,
    /// The rewritten blocks; `None` as long as nothing was rewritten.
    stream: Option<Stream>,
    end: EndKind,
    end_after_ns: u64,
    /// How much later the end comes, whatever the pace.
    end_put_ns: u64,
    head: Option<Head>,
    head_put_ns: u64,
    silent: bool,
    /// Less than the whole body comes.
    is_cut: bool,
    /// The body is another answer's.
    replaced: bool,
    coding: Option<Coding>,
    /// The body before it was compressed, and where it was cut.
    plain: Option<(Vec<u8>, Vec<Mark>)>,
    permits: Option<Vec<Outcome>>,
    skipped: Vec<(usize, &'static str)>,
}

/// After it every payload that was a JSON object still is one.
fn keeps_objects(piece: &Piece) -> bool {
    matches!(
        piece,
        Piece::MergeDeltas { .. }
            | Piece::SplitDelta { .. }
            | Piece::SplitSurrogate { .. }
            | Piece::Interleave { .. }
            | Piece::JsonEscapes { .. }
            | Piece::UnknownField { .. }
            | Piece::JsonWhitespace { .. }
            | Piece::UnknownEvent { .. }
            | Piece::MultiData { .. }
    )
}

/// A piece that works on bytes, not on blocks.
fn on_bytes(piece: &Piece) -> bool {
    matches!(
        piece,
        Piece::Cut { .. }
            | Piece::Rechunk { .. }
            | Piece::Pace { .. }
            | Piece::Encode { .. }
            | Piece::Burst { .. }
            | Piece::Drip { .. }
            | Piece::Stall { at: Spot::Head, .. }
            | Piece::Ending { .. }
            | Piece::HttpError { .. }
            | Piece::NoStream { .. }
            | Piece::WrongDialect {}
    )
}

pub(crate) fn apply(pieces: &[Piece], subject: &Subject) -> Script {
    let mut order: Vec<(usize, &Piece)> = pieces.iter().enumerate().collect();
    order.sort_by_key(|(_, piece)| piece.rank());
    let mut work = Work {
        subject,
        stream: None,
        end: subject.end,
        end_after_ns: subject.end_after_ns,
        end_put_ns: 0,
        head: None,
        head_put_ns: 0,
        silent: false,
        is_cut: false,
        replaced: false,
        coding: None,
        plain: None,
        permits: None,
        skipped: Vec::new(),
    };
    let (bytes, blocks): (Vec<_>, Vec<_>) = order.into_iter().partition(|item| on_bytes(item.1));
    for (number, piece) in blocks {
        if let Err(why) = work.rewrite(piece) {
            work.skipped.push((number, why));
        }
    }
    if let Some(stream) = work.stream.as_mut().filter(|stream| stream.numbered) {
        stream.renumber();
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
            .ok_or("the body cannot be taken apart")?;
        let family = self.subject.family;
        let known = family.ok_or("the dialect is not known");
        let stream = self.stream.get_or_insert_with(|| untouched.clone());
        stream.trusted &= keeps_objects(piece);
        match piece {
            Piece::Stall { .. } | Piece::KeepAlive { .. } | Piece::Endless { .. } => {
                return self.wait(piece);
            }
            Piece::NewIds { suffix } => {
                ids::rename(stream, known?, suffix)?;
                self.permit(piece.permits());
                return Ok(());
            }
            Piece::Grow { block, bytes } => {
                sizes::grow(stream, *block, *bytes)?;
                self.permit(piece.permits());
                return Ok(());
            }
            _ => {}
        }
        match piece.level() {
            Level::Dialect => rewrite::rewrite(stream, known?, piece),
            Level::Framing => framing::reframe(stream, family, piece),
            // What is not said in payloads needs no dialect.
            Level::Fault => {
                let end = match piece {
                    Piece::Noise { .. } | Piece::Frame { .. } => {
                        crate::quirk::apply(stream, family, piece)?
                    }
                    _ => fault::break_stream(stream, known?, piece)?,
                };
                if let Some(end) = end {
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

    /// Applies a piece that lets a client wait between blocks.
    fn wait(&mut self, piece: &Piece) -> Result<(), &'static str> {
        let family = self.subject.family;
        let stream = self
            .stream
            .as_mut()
            .ok_or("the body cannot be taken apart")?;
        let (permits, then) = match *piece {
            Piece::Stall {
                at: Spot::Block(before_block),
                wait_ns: Some(wait_ns),
            } => {
                self.end_put_ns += waits::delay(stream, before_block, wait_ns)?;
                (piece.permits().to_vec(), None)
            }
            Piece::Stall {
                at: Spot::Block(before_block),
                wait_ns: None,
            } => (waits::stop(stream, before_block)?, Some(EndKind::Timeout)),
            Piece::KeepAlive {
                before_block,
                beat,
                every_ns,
                count,
                then,
            } => {
                let beats = Beats {
                    before_block,
                    beat,
                    every_ns,
                    count,
                    then,
                };
                let permits = waits::beat(stream, family, beats)?;
                let permits = then.map_or_else(|| piece.permits().to_vec(), |_| permits);
                (permits, then)
            }
            Piece::Endless {
                before_block,
                what,
                bytes,
                end,
            } => (
                waits::unending(stream, before_block, what, bytes)?,
                Some(end),
            ),
            _ => return Err("not a piece that waits"),
        };
        self.permit(&permits);
        if let Some(end) = then {
            self.end = end;
            self.end_after_ns = 0;
        }
        Ok(())
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
        if outcomes == [Outcome::Same] {
            return self.permits = Some(before);
        }
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
                put_ns: 0,
            });
            return (self.subject.body.clone(), marks.collect());
        };
        let (body, ends) = stream.bytes();
        let mut marks: Vec<Mark> = Vec::new();
        let mut slot = None;
        let mut put_ns = 0_u64;
        for (block, end) in stream.blocks.iter().zip(ends) {
            let at_ns = recorded.get(block.slot).map_or(0, |chunk| chunk.at_ns);
            put_ns = put_ns.saturating_add(block.wait_ns);
            let joins = slot == Some(block.slot) && block.wait_ns == 0;
            match marks.last_mut().filter(|_| joins) {
                Some(mark) => mark.end = end,
                None => marks.push(Mark { end, at_ns, put_ns }),
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
                Piece::HttpError { .. } | Piece::NoStream { .. } | Piece::WrongDialect {} => {
                    self.replace(piece, &mut body, &mut marks)
                }
                Piece::Ending { .. } | Piece::Stall { .. } => {
                    self.outside(piece, &mut body, &mut marks)
                }
                Piece::Encode { .. } => self.encode(piece, &mut body, &mut marks),
                Piece::Burst { .. } => self.burst(piece, body.len(), &mut marks),
                Piece::Drip { .. } if ends.is_some() => Err("the body is cut already"),
                Piece::Drip { bytes, every_ns } => {
                    let cut = Cutting::Every(*bytes);
                    rechunk::ends(&cut, &body, &marks).map(|found| {
                        marks = rechunk::dripped(&found, &marks, *every_ns);
                        ends = Some(found);
                        self.permit(piece.permits());
                    })
                }
                Piece::Rechunk { .. } if ends.is_some() => Err("the body is cut already"),
                Piece::Rechunk { cut } => {
                    rechunk::ends(cut, &body, &marks).map(|found| ends = Some(found))
                }
                Piece::Pace { pace: wanted } => self.pace(wanted, &mut pace),
                _ => Err("not a piece that works on bytes"),
            };
            if let Err(why) = done {
                self.skipped.push((number, why));
            }
        }
        let pace = pace.unwrap_or(&Pace::Recorded);
        self.skipped.sort_unstable();
        let plain = self.plain.map(|(body, marks)| Plain {
            body: Arc::new(body),
            cuts: Arc::new(rechunk::cuts(marks.into_iter(), pace)),
        });
        let head_after_ns = rechunk::paced(self.subject.head_after_ns, pace);
        let end_after_ns = rechunk::paced(self.end_after_ns, pace);
        Script {
            cuts: Arc::new(match ends {
                Some(ends) => rechunk::cuts(rechunk::chunks(&ends, &marks), pace),
                None => rechunk::cuts(marks.into_iter(), pace),
            }),
            body: Arc::new(body),
            head: self.head,
            silent: self.silent,
            head_after_ns: head_after_ns.saturating_add(self.head_put_ns),
            head_put_ns: self.head_put_ns,
            coding: self.coding,
            plain,
            end: self.end,
            end_after_ns: end_after_ns.saturating_add(self.end_put_ns),
            skipped: self.skipped,
            permits: self.permits.unwrap_or_else(|| [Outcome::Same].to_vec()),
        }
    }

    /// Sets the pace, once.
    fn pace<'p>(&self, wanted: &'p Pace, pace: &mut Option<&'p Pace>) -> Result<(), &'static str> {
        if pace.is_some() {
            return Err("the pace is set already");
        }
        if let Pace::Speed { n: 0, .. } = wanted {
            return Err("a speed of 0");
        }
        *pace = Some(wanted);
        match wanted {
            Pace::Speed { n, of } if n == of => Err(NO_CHANGE),
            Pace::Speed { .. } | Pace::Instant if !self.subject.seen.timed => Err(NO_CHANGE),
            _ => Ok(()),
        }
    }

    /// Another answer stands in the reply's place.
    fn replace(
        &mut self,
        piece: &Piece,
        body: &mut Vec<u8>,
        marks: &mut Vec<Mark>,
    ) -> Result<(), &'static str> {
        let family = self.subject.family;
        let answer = match *piece {
            _ if self.silent => return Err("nothing is sent"),
            _ if self.replaced => return Err("another answer stands there already"),
            Piece::HttpError {
                status,
                body,
                retry_after,
                should_retry,
            } => {
                let error = HttpError {
                    status,
                    body,
                    retry_after,
                    should_retry,
                };
                error.answer(family)?
            }
            Piece::NoStream { body } => {
                bodies::no_stream(body, family, self.subject.dialect, &self.subject.body)?
            }
            _ => bodies::other_dialect(self.subject.dialect, &self.subject.body)?,
        };
        let Answer {
            head,
            body: other,
            end,
            permits,
        } = answer;
        self.replaced = true;
        self.head = Some(head);
        self.end = end;
        (self.end_after_ns, self.end_put_ns) = (0, 0);
        self.permits = Some(permits);
        *body = other;
        marks.clear();
        if !body.is_empty() {
            let end = body.len();
            marks.push(Mark {
                end,
                ..Mark::default()
            });
        }
        Ok(())
    }

    /// Before the head, or behind the last byte.
    fn outside(
        &mut self,
        piece: &Piece,
        body: &mut Vec<u8>,
        marks: &mut Vec<Mark>,
    ) -> Result<(), &'static str> {
        match *piece {
            Piece::Ending { .. } if self.is_cut || self.silent => return Err("the body is cut"),
            Piece::Ending { end, after_ns } => {
                let stream = self.stream.as_ref().or(self.subject.stream.as_ref());
                let stream = stream.ok_or("the body cannot be taken apart")?;
                let mut blocks = stream.blocks.iter().rev();
                let silent = |block: &&Arc<Block>| matches!(block.kind, Kind::Bare | Kind::Other);
                let last = blocks.find(|block| !silent(block));
                if last.is_none_or(|last| last.kind != Kind::Terminal) {
                    return Err("the last event is no terminal one");
                }
                if end == self.end && after_ns == 0 {
                    return Err(NO_CHANGE);
                }
                self.end = end;
                self.end_after_ns = 0;
                self.end_put_ns = after_ns;
            }
            Piece::Stall {
                wait_ns: Some(wait_ns),
                ..
            } => self.head_put_ns = self.head_put_ns.saturating_add(wait_ns),
            _ => {
                self.silent = true;
                self.end = EndKind::Timeout;
                (self.end_after_ns, self.end_put_ns) = (0, 0);
                self.permits = None;
                self.permit(&[Outcome::ErrorReported, Outcome::EofReported]);
                body.clear();
                marks.clear();
                return Ok(());
            }
        }
        self.permit(piece.permits());
        Ok(())
    }

    fn encode(
        &mut self,
        piece: &Piece,
        body: &mut Vec<u8>,
        marks: &mut Vec<Mark>,
    ) -> Result<(), &'static str> {
        let &Piece::Encode {
            coding,
            flush: flushing,
            truncated,
        } = piece
        else {
            return Err("not a coding");
        };
        if body.is_empty() {
            return Err("there is no body");
        }
        let mut head = self.head.clone().or_else(|| self.subject.head.clone());
        let head = head.get_or_insert_with(bodies::streams_head);
        let mut names = head.headers.iter().map(|(name, _)| name);
        if names.any(|name| name.eq_ignore_ascii_case("content-encoding")) {
            return Err("the body has a coding already");
        }
        let name = ("content-encoding".into(), coding.name().into());
        head.headers.push(name);
        self.head = Some(head.clone());
        let ends = match self.stream.as_ref().or(self.subject.stream.as_ref()) {
            Some(stream) if !self.replaced => stream.bytes().1,
            _ => Vec::new(),
        };
        let manner = encode::Manner {
            coding,
            flushing,
            truncated,
            whole: self.end == EndKind::Complete,
        };
        let coded = encode(manner, body, marks, &ends);
        self.coding = Some(coding);
        let plain = core::mem::replace(body, coded.body);
        let marks = core::mem::replace(marks, coded.marks);
        self.plain = Some((plain, marks));
        self.permit(piece.permits());
        Ok(())
    }

    /// One chunk, after all.
    fn burst(
        &mut self,
        piece: &Piece,
        end: usize,
        marks: &mut Vec<Mark>,
    ) -> Result<(), &'static str> {
        let (Some(last), &Piece::Burst { wait_ns, head }) = (marks.last().copied(), piece) else {
            return Err("there is no body");
        };
        let mut put_ns = last.put_ns;
        if head {
            self.head_put_ns = self.head_put_ns.saturating_add(wait_ns);
        } else {
            put_ns = put_ns.saturating_add(wait_ns);
        }
        let at_ns = last.at_ns;
        *marks = [Mark { end, at_ns, put_ns }].to_vec();
        self.permit(piece.permits());
        Ok(())
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
        let evidence = match (stream, self.subject.dialect) {
            (Some(stream), _) => fault::evidence(stream, &stream.bytes().1),
            (None, Some(dialect)) => fault::evidence_of(dialect, body),
            _ => fault::Evidence::default(),
        };
        self.permit(&fault::permits_cut(at, evidence));
        self.end = end;
        self.end_after_ns = 0;
        self.is_cut = true;
        body.truncate(at);
        let kept = marks.partition_point(|mark| mark.end < at);
        marks.truncate(if at == 0 { 0 } else { kept + 1 });
        if let Some(last) = marks.last_mut() {
            last.end = last.end.min(at);
        }
        Ok(())
    }
}
