//! Forms that are drawn from the pieces.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use wiretape_tape::EndKind;

use super::Drawn;
use crate::catalogue::permits_acting;
use crate::dialect::{Family, Kind};
use crate::generate;
use crate::rng::{Ratio, Rng};
use crate::scenario::{Cutting, Ends, ErrorName, Escapes, LineEnd, Pace, Piece};
use crate::subject::{Fact, Subject};

pub(super) const HALF: Ratio = Ratio { n: 1, of: 2 };

pub(super) fn one(piece: Piece) -> Drawn {
    Ok(vec![piece])
}

fn cut(cut: Cutting) -> Drawn {
    one(Piece::Rechunk { cut })
}

pub(super) fn streams(subject: &Subject) -> Result<(), &'static str> {
    if subject.is_event_stream() {
        return Ok(());
    }
    Err("the body is no event stream")
}

/// The payloads can be read, whatever the framing.
pub(super) fn known(subject: &Subject) -> Result<Family, &'static str> {
    blocks(subject)?;
    subject.family.ok_or("the dialect is not known")
}

/// The body is made of blocks, whatever the framing.
pub(super) fn blocks(subject: &Subject) -> Result<(), &'static str> {
    match subject.stream {
        Some(_) => Ok(()),
        None => Err("the body cannot be taken apart"),
    }
}

/// The dialect has a keep-alive of its own.
pub(super) fn keeps_alive(subject: &Subject) -> Result<(), &'static str> {
    match known(subject)?.rules().ping.is_empty() {
        false => Ok(()),
        true => Err("the dialect has no keep-alive"),
    }
}

/// One of the blocks whose facts fit.
fn block(
    rng: &mut Rng,
    subject: &Subject,
    fits: impl Fn(&Fact) -> bool,
    why: &'static str,
) -> Result<usize, &'static str> {
    let facts = subject.facts.iter().enumerate();
    let fitting = facts.filter(|(_, fact)| fits(fact));
    let blocks: Vec<usize> = fitting.map(|(block, _)| block).collect();
    rng.pick(&blocks).copied().ok_or(why)
}

/// A place inside the message.
pub(super) fn inside(rng: &mut Rng, subject: &Subject) -> Result<usize, &'static str> {
    known(subject)?;
    let (first, last) = subject.inside().ok_or("no place inside a message")?;
    Ok(rng.size(first, last))
}

/// A place between any blocks.
pub(super) fn between(rng: &mut Rng, subject: &Subject) -> Result<usize, &'static str> {
    streams(subject)?;
    let count = subject.block_count();
    let complete = subject
        .blocks()
        .last()
        .is_some_and(|last| last.is_complete());
    let last = if complete {
        count
    } else {
        count.saturating_sub(1)
    };
    Ok(rng.size(0, last))
}

fn last_byte(subject: &Subject) -> Result<usize, &'static str> {
    let last = subject.body().len().checked_sub(1);
    last.filter(|last| *last > 0).ok_or("the body is too short")
}

pub(super) fn bytes(_: &mut Rng, subject: &Subject) -> Drawn {
    last_byte(subject)?;
    cut(Cutting::Bytes1)
}

pub(super) fn every(rng: &mut Rng, subject: &Subject) -> Drawn {
    let last = last_byte(subject)?;
    if last < 2 {
        return Err("the body is too short");
    }
    let most = if rng.chance(HALF) { 16 } else { 2000 };
    cut(Cutting::Every(rng.size(2, last.min(most))))
}

pub(super) fn cuts(rng: &mut Rng, subject: &Subject) -> Drawn {
    let last = last_byte(subject)?;
    let count = rng.within(1, 8);
    let mut offsets: Vec<usize> = (0..count).map(|_| rng.size(1, last)).collect();
    offsets.sort_unstable();
    offsets.dedup();
    cut(Cutting::At(offsets))
}

pub(super) fn merge(rng: &mut Rng, subject: &Subject) -> Drawn {
    if subject.chunks.len() < 2 {
        return Err("the body is one chunk");
    }
    cut(Cutting::Merge(rng.size(2, 8)))
}

pub(super) fn whole(_: &mut Rng, subject: &Subject) -> Drawn {
    if subject.chunks.len() < 2 {
        return Err("the body is one chunk");
    }
    cut(Cutting::Whole)
}

pub(super) fn inside_utf8(_: &mut Rng, subject: &Subject) -> Drawn {
    if !subject.seen.wide {
        return Err("every character is one byte");
    }
    cut(Cutting::InsideUtf8)
}

pub(super) fn split_surrogate(rng: &mut Rng, subject: &Subject) -> Drawn {
    let why = "no delta has a character that UTF-16 writes as a pair";
    let block = block(rng, subject, |fact| !fact.cuts.pairs.is_empty(), why)?;
    let fact = subject.facts.get(block).ok_or(why)?;
    let at = *rng.pick(&fact.cuts.pairs).ok_or(why)?;
    one(Piece::SplitSurrogate { block, at })
}

pub(super) fn split_inner(rng: &mut Rng, subject: &Subject) -> Drawn {
    let why = "no arguments have an escape";
    let block = block(rng, subject, |fact| !fact.cuts.inner.is_empty(), why)?;
    let fact = subject.facts.get(block).ok_or(why)?;
    let at = *rng.pick(&fact.cuts.inner).ok_or(why)?;
    one(Piece::SplitDelta { block, at })
}

pub(super) fn line_ends(rng: &mut Rng, subject: &Subject) -> Drawn {
    streams(subject)?;
    let seen = subject.seen;
    let each = [LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr];
    let mut kinds = Vec::new();
    if seen.cr_lf || seen.cr {
        kinds.push(Ends::Lf);
    }
    if seen.lf || seen.cr {
        kinds.push(Ends::CrLf);
    }
    if seen.lf || seen.cr_lf {
        kinds.push(Ends::Cr);
        let start = rng.size(0, 2);
        kinds.push(Ends::Mixed(
            each.iter().cycle().skip(start).take(3).copied().collect(),
        ));
    }
    let ends = rng.pick(&kinds).cloned().ok_or("no line ends")?;
    one(Piece::LineEnds { ends })
}

pub(super) fn between_cr_lf(_: &mut Rng, subject: &Subject) -> Drawn {
    streams(subject)?;
    let mut pieces = Vec::new();
    if subject.seen.lf || subject.seen.cr {
        pieces.push(Piece::LineEnds { ends: Ends::CrLf });
    }
    pieces.push(Piece::Rechunk {
        cut: Cutting::BetweenCrLf,
    });
    Ok(pieces)
}

fn no_bom(subject: &Subject) -> Result<(), &'static str> {
    streams(subject)?;
    if subject.stream.as_ref().is_some_and(|stream| stream.bom) {
        return Err("there is a byte order mark already");
    }
    Ok(())
}

pub(super) fn bom(_: &mut Rng, subject: &Subject) -> Drawn {
    no_bom(subject)?;
    one(Piece::Bom {})
}

pub(super) fn bom_cut(_: &mut Rng, subject: &Subject) -> Drawn {
    no_bom(subject)?;
    let cut = Cutting::At(vec![1, 2]);
    Ok(vec![Piece::Bom {}, Piece::Rechunk { cut }])
}

pub(super) fn pace(rng: &mut Rng, subject: &Subject) -> Drawn {
    if !subject.seen.timed {
        return Err("the tape has no times");
    }
    let pace = if rng.chance(HALF) {
        Pace::Instant
    } else {
        let of = u32::try_from(rng.within(2, 9)).unwrap_or(2);
        Pace::Speed { n: 1, of }
    };
    one(Piece::Pace { pace })
}

fn cut_body(subject: &Subject, rng: &mut Rng, end: EndKind) -> Drawn {
    let at = rng.size(0, last_byte(subject)?);
    one(Piece::Cut { at, end })
}

pub(super) fn timeout(rng: &mut Rng, subject: &Subject) -> Drawn {
    cut_body(subject, rng, EndKind::Timeout)
}

pub(super) fn reset(rng: &mut Rng, subject: &Subject) -> Drawn {
    cut_body(subject, rng, EndKind::Reset)
}

pub(super) fn unterminated(rng: &mut Rng, subject: &Subject) -> Drawn {
    cut_body(subject, rng, EndKind::Unterminated)
}

/// What providers write into comments.
const COMMENTS: [&str; 4] = ["OPENROUTER PROCESSING", "keep-alive", "", "x-cost=0.000123"];

pub(super) fn comment(rng: &mut Rng, subject: &Subject) -> Drawn {
    let before_block = between(rng, subject)?;
    let text = rng.pick(&COMMENTS).copied().unwrap_or_default().to_string();
    one(Piece::Comment { before_block, text })
}

pub(super) fn comment_before_end(_: &mut Rng, subject: &Subject) -> Drawn {
    streams(subject)?;
    let mut blocks = subject.blocks().iter();
    let terminal = blocks.position(|block| block.kind == Kind::Terminal);
    let before_block = terminal.ok_or("no terminal event")?;
    let text = "x-cost=0.000123".to_string();
    one(Piece::Comment { before_block, text })
}

pub(super) fn id_then_comment(rng: &mut Rng, subject: &Subject) -> Drawn {
    streams(subject)?;
    let has_id =
        |block: &crate::stream::Block| block.lines.iter().any(|line| line.field().0 == b"id");
    let blocks = subject.blocks().iter().enumerate();
    let whole = blocks.filter(|(_, block)| block.is_complete() && !has_id(block));
    let blocks: Vec<usize> = whole.map(|(place, _)| place).collect();
    let block = *rng.pick(&blocks).ok_or("no block that can have an id")?;
    let before_block = rng.size(block + 1, blocks.last().map_or(0, |last| last + 1));
    let id = "7".to_string();
    let text = "keep-alive".to_string();
    Ok(vec![
        Piece::IdField { block, id },
        Piece::Comment { before_block, text },
    ])
}

pub(super) fn ping(rng: &mut Rng, subject: &Subject) -> Drawn {
    keeps_alive(subject)?;
    let before_block = inside(rng, subject)?;
    one(Piece::Ping { before_block })
}

pub(super) fn data_spacing(_: &mut Rng, subject: &Subject) -> Drawn {
    streams(subject)?;
    let seen = subject.seen;
    if !seen.spaced && !seen.tight {
        return Err("no data lines");
    }
    let space = !seen.spaced;
    one(Piece::DataSpacing { space })
}

pub(super) fn multi_data(rng: &mut Rng, subject: &Subject) -> Drawn {
    streams(subject)?;
    let why = "no payload can break";
    let block = block(rng, subject, |fact| fact.gaps > 0, why)?;
    let gaps = subject.facts.get(block).map_or(0, |fact| fact.gaps);
    let gap = rng.size(0, gaps.saturating_sub(1));
    one(Piece::MultiData { block, gap })
}

pub(super) fn unknown_sse_field(rng: &mut Rng, subject: &Subject) -> Drawn {
    streams(subject)?;
    let blocks = subject.blocks().iter().enumerate();
    let whole = blocks.filter(|(_, block)| block.is_complete());
    let blocks: Vec<usize> = whole.map(|(place, _)| place).collect();
    let block = *rng.pick(&blocks).ok_or("no whole block")?;
    let name = "x-wiretape".to_string();
    let value = "data: {\"type\":\"error\"}".to_string();
    one(Piece::UnknownSseField { block, name, value })
}

/// Characters at which some libraries end a line: LINE and PARAGRAPH SEPARATOR, NEXT LINE.
pub(super) fn separators(rng: &mut Rng, subject: &Subject) -> Drawn {
    known(subject)?;
    let block = block(rng, subject, |fact| fact.object, "no payload is an object")?;
    let value = "a\u{2028}b\u{2029}c\u{85}d".to_string();
    let first = rng.chance(HALF);
    one(Piece::UnknownField {
        block,
        first,
        value,
    })
}

pub(super) fn split_delta(rng: &mut Rng, subject: &Subject) -> Drawn {
    let why = "no delta can be split";
    let block = block(rng, subject, |fact| !fact.cuts.plain.is_empty(), why)?;
    let fact = subject.facts.get(block).ok_or(why)?;
    let at = *rng.pick(&fact.cuts.plain).ok_or(why)?;
    one(Piece::SplitDelta { block, at })
}

pub(super) fn merge_deltas(rng: &mut Rng, subject: &Subject) -> Drawn {
    let why = "no two deltas can be merged";
    let block = block(rng, subject, |fact| fact.joins, why)?;
    one(Piece::MergeDeltas { block })
}

pub(super) fn interleave(rng: &mut Rng, subject: &Subject) -> Drawn {
    let order = generate::interleaving(rng, subject, |_| 1);
    let order = order.ok_or("the reply has no two blocks or calls whose order can change")?;
    one(Piece::Interleave { order })
}

/// The names of reasons of the dialect that fit.
fn reason(rng: &mut Rng, subject: &Subject, fits: impl Fn(&str, &[&str]) -> bool) -> Drawn {
    let family = known(subject)?;
    let recorded = generate::reasons(subject);
    if recorded.is_empty() {
        return Err("no reason for the end");
    }
    let recorded: Vec<&str> = recorded.iter().map(alloc::string::String::as_str).collect();
    let names = family.rules().reason_names.iter().copied();
    let names: Vec<&str> = names
        .filter(|name| !recorded.contains(name) && fits(name, &recorded))
        .collect();
    let reason = rng
        .pick(&names)
        .ok_or("no other reason of that kind")?
        .to_string();
    one(Piece::FinishReason { reason })
}

pub(super) fn unsafe_finish(rng: &mut Rng, subject: &Subject) -> Drawn {
    reason(rng, subject, |name, _| !permits_acting(name))
}

/// A message that was not to be acted upon does not get a reason that says it may.
pub(super) fn other_finish(rng: &mut Rng, subject: &Subject) -> Drawn {
    reason(rng, subject, |name, recorded| {
        permits_acting(name) && recorded.iter().all(|reason| permits_acting(reason))
    })
}

pub(super) fn unknown_reason(rng: &mut Rng, subject: &Subject) -> Drawn {
    reason(rng, subject, |name, _| {
        name.eq_ignore_ascii_case("x_wiretape")
    })
}

pub(super) fn filtered(rng: &mut Rng, subject: &Subject) -> Drawn {
    let refusal = known(subject)?.rules().refusal;
    reason(rng, subject, |name, _| Some(name) == refusal)
}

pub(super) fn long_tail(_: &mut Rng, subject: &Subject) -> Drawn {
    keeps_alive(subject)?;
    let mut blocks = subject.blocks().iter();
    let finish = blocks.position(|block| block.kind == Kind::Finish);
    let before_block = finish
        .filter(|place| *place > 0)
        .ok_or("no reason for the end")?;
    Ok((0..8).map(|_| Piece::Ping { before_block }).collect())
}

/// Offsets at which whole events end, but the last.
pub(super) fn cut_after_event(rng: &mut Rng, subject: &Subject) -> Drawn {
    blocks(subject)?;
    let ends = subject.stream.as_ref().map(|stream| stream.bytes().1);
    let mut ends = ends.unwrap_or_default();
    ends.pop();
    let at = *rng.pick(&ends).ok_or("the body is one event")?;
    let end = EndKind::Complete;
    one(Piece::Cut { at, end })
}

/// The length of the body's last line end, and of the last two.
fn last_line_ends(subject: &Subject) -> Result<(usize, usize), &'static str> {
    streams(subject)?;
    let mut lines = subject.blocks().iter().flat_map(|block| &block.lines).rev();
    let mut next = || {
        lines
            .next()
            .and_then(|line| line.end)
            .map(|end| end.bytes().len())
    };
    let last = next().ok_or("the body does not end with a line")?;
    Ok((last, next().unwrap_or(0)))
}

fn cut_before_end(subject: &Subject, count: usize) -> Drawn {
    let at = subject.body().len().checked_sub(count);
    let at = at.filter(|_| count > 0).ok_or("the body is too short")?;
    let end = EndKind::Complete;
    one(Piece::Cut { at, end })
}

pub(super) fn no_last_line_end(_: &mut Rng, subject: &Subject) -> Drawn {
    cut_before_end(subject, last_line_ends(subject)?.0)
}

pub(super) fn no_last_line_ends(_: &mut Rng, subject: &Subject) -> Drawn {
    let (last, before) = last_line_ends(subject)?;
    cut_before_end(subject, last + before)
}

pub(super) fn half_last_line(rng: &mut Rng, subject: &Subject) -> Drawn {
    let (last, before) = last_line_ends(subject)?;
    let mut lines = subject.blocks().iter().flat_map(|block| &block.lines).rev();
    let length = lines.find(|line| !line.text.is_empty());
    let length = length.map_or(0, |line| line.text.len());
    if length < 2 {
        return Err("the last line is too short");
    }
    cut_before_end(subject, last + before + rng.size(1, length - 1))
}

pub(super) fn terminal(subject: &Subject) -> Result<(), &'static str> {
    known(subject)?;
    let mut blocks = subject.blocks().iter();
    if blocks.any(|block| block.kind == Kind::Terminal) {
        return Ok(());
    }
    Err("no terminal event")
}

pub(super) fn no_terminal(_: &mut Rng, subject: &Subject) -> Drawn {
    terminal(subject)?;
    one(Piece::DropTerminal { finish: false })
}

pub(super) fn no_finish(_: &mut Rng, subject: &Subject) -> Drawn {
    // Gemini's last word is its reason.
    if known(subject)? != Family::Gemini {
        terminal(subject)?;
    }
    if generate::reasons(subject).is_empty() {
        return Err("no reason for the end");
    }
    one(Piece::DropTerminal { finish: true })
}

pub(super) fn double_terminal(_: &mut Rng, subject: &Subject) -> Drawn {
    terminal(subject)?;
    one(Piece::DoubleTerminal {})
}

fn error_at(rng: &mut Rng, before_block: usize) -> Drawn {
    let names = [
        ErrorName::ApiError,
        ErrorName::Overloaded,
        ErrorName::RateLimit,
    ];
    let ends = [Some(EndKind::Complete), Some(EndKind::Reset), None];
    one(Piece::ErrorEvent {
        before_block,
        error: rng.pick(&names).copied().unwrap_or(ErrorName::ApiError),
        then: rng.pick(&ends).copied().flatten(),
    })
}

/// The last place before which an error may come.
pub(super) fn last_error(subject: &Subject) -> Result<usize, &'static str> {
    known(subject)?;
    let count = subject.block_count();
    let mut blocks = subject.blocks().iter();
    let terminal = blocks.position(|block| block.kind == Kind::Terminal);
    Ok(terminal.unwrap_or_else(|| count.saturating_sub(1)))
}

pub(super) fn error_event(rng: &mut Rng, subject: &Subject) -> Drawn {
    let last = last_error(subject)?;
    let before_block = rng.size(0, last);
    error_at(rng, before_block)
}

pub(super) fn error_first(rng: &mut Rng, subject: &Subject) -> Drawn {
    let last = last_error(subject)?;
    let before_block = rng.size(0, last.min(1));
    error_at(rng, before_block)
}

pub(super) fn error_in_call(rng: &mut Rng, subject: &Subject) -> Drawn {
    let last = last_error(subject)?;
    let family = known(subject)?;
    let inner = |block: &crate::stream::Block| {
        let site = block.payload().and_then(|payload| family.site(payload));
        site.is_some_and(|site| site.inner)
    };
    let blocks = subject.blocks().iter().enumerate().take(last);
    let blocks: Vec<usize> = blocks
        .filter(|(_, block)| inner(block))
        .map(|(place, _)| place + 1)
        .collect();
    let before_block = *rng.pick(&blocks).ok_or("no call has arguments")?;
    error_at(rng, before_block)
}

pub(super) fn unknown_field(rng: &mut Rng, subject: &Subject) -> Drawn {
    known(subject)?;
    let block = block(rng, subject, |fact| fact.object, "no payload is an object")?;
    let first = rng.chance(HALF);
    let value = "wiretape".to_string();
    one(Piece::UnknownField {
        block,
        first,
        value,
    })
}

pub(super) fn json_whitespace(rng: &mut Rng, subject: &Subject) -> Drawn {
    known(subject)?;
    let why = "no payload has a place for spaces";
    let block = block(rng, subject, |fact| fact.spaces, why)?;
    let spaces = u8::try_from(rng.within(1, 3)).unwrap_or(1);
    one(Piece::JsonWhitespace { block, spaces })
}

pub(super) fn json_escapes(rng: &mut Rng, subject: &Subject) -> Drawn {
    known(subject)?;
    let why = "no payload has a string that can be escaped";
    let block = block(rng, subject, |fact| fact.letters, why)?;
    let which = Escapes::All;
    let keys = rng.chance(HALF);
    one(Piece::JsonEscapes { block, which, keys })
}

pub(super) fn unknown_event(rng: &mut Rng, subject: &Subject) -> Drawn {
    let before_block = inside(rng, subject)?;
    one(Piece::UnknownEvent { before_block })
}
