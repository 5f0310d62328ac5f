//! Faults: what arrives is not what the server meant, or not all of it.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_core::dialect::Framing;
use wiretape_core::framing::Decoder;
use wiretape_core::{Dialect, Event, Options, Reader};
use wiretape_tape::EndKind;

use crate::catalogue::Outcome;
use crate::dialect::{Family, Kind, exception, message, type_of};
use crate::framing::insert;
use crate::json;
use crate::scenario::{ErrorName, Piece};
use crate::stream::{Block, Message, Shape, Stream};
use crate::subject::NO_CHANGE;

/// How the body ends after the fault; `None` where it does not change that.
type Applied = Result<Option<EndKind>, &'static str>;

/// Applies a fault that works on blocks: all but [`Piece::Cut`].
pub(crate) fn break_stream(stream: &mut Stream, family: Family, piece: &Piece) -> Applied {
    match piece {
        Piece::ErrorEvent {
            before_block,
            error,
            then,
        } => error_event(stream, family, *before_block, *error, *then),
        Piece::FinishReason { reason } => {
            let value = serde_json::to_string(reason).map_err(|_| "the reason is no string")?;
            reasons(stream, family, value.as_bytes())
        }
        Piece::DropTerminal { finish } => drop_terminal(stream, family, *finish),
        Piece::DoubleTerminal {} => {
            let place = terminal(stream).ok_or("no terminal event")?;
            if let Some(again) = stream.blocks.get(place).cloned() {
                stream.blocks.insert(place, again);
            }
            Ok(None)
        }
        _ => crate::quirk::apply(stream, Some(family), piece),
    }
}

fn terminal(stream: &Stream) -> Option<usize> {
    let mut blocks = stream.blocks.iter();
    blocks.position(|block| block.kind == Kind::Terminal)
}

fn error_event(
    stream: &mut Stream,
    family: Family,
    before_block: usize,
    error: ErrorName,
    then: Option<EndKind>,
) -> Applied {
    let place = stream.place(before_block)?;
    let before = stream.blocks.get(..place).unwrap_or(&[]);
    if before.iter().any(|block| block.kind == Kind::Terminal) {
        return Err("the place is after the terminal event");
    }
    if stream.shape == Shape::Messages {
        let name = exception(error);
        let payload = format!(r#"{{"message":"{}"}}"#, message(name));
        put_message(stream, place, Message::exception(name, payload.as_bytes()));
    } else {
        let lines = family.error(error);
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        insert(stream, place, &lines, Kind::Error)?;
    }
    if then.is_some() {
        stream.blocks.truncate(place + 1);
    }
    Ok(then)
}

/// Puts in a message that says that something went wrong.
pub(crate) fn put_message(stream: &mut Stream, place: usize, message: Message) {
    let block = Block::of_message(message, stream.slot_at(place));
    stream.blocks.insert(place, Arc::new(block));
}

/// Replaces each reason for the end by a JSON value.
pub(crate) fn reasons(stream: &mut Stream, family: Family, value: &[u8]) -> Applied {
    let mut done = Err("no reason for the end");
    let blocks = stream.blocks.iter_mut();
    for block in blocks.filter(|block| block.kind.may_say_reason()) {
        let Some(payload) = block.says() else {
            continue;
        };
        let said = family.reasons(&payload);
        if said
            .iter()
            .any(|span| json::part(&payload, span.clone()) != value)
        {
            let Some(other) = family.with_reason(&payload, value) else {
                continue;
            };
            let block = Arc::make_mut(block);
            block.set_payload(&other);
            renamed(block, &payload, &other);
            done = Ok(None);
        } else if !said.is_empty() && done.is_err() {
            done = Err(NO_CHANGE);
        }
    }
    done
}

/// Where an event's name was its payload's type, it stays so.
fn renamed(block: &mut Block, before: &[u8], after: &[u8]) {
    let (before, after) = (type_of(before), type_of(after));
    if before != after && block.event_name() == Some(before) {
        block.set_event_name(&String::from_utf8_lossy(after));
    }
}

fn drop_terminal(stream: &mut Stream, family: Family, finish: bool) -> Applied {
    // Where the event carries text or a call besides (F-26), only the reason goes.
    let reason = if finish {
        reasons(stream, family, b"null")
    } else {
        Ok(None)
    };
    if !family.rules().own_finish {
        reason?;
    }
    let count = stream.blocks.len();
    let kept = |block: &Arc<Block>| !drops(family, finish, block.kind);
    stream.blocks.retain(kept);
    let reason_gone = finish && reason.is_ok();
    if !reason_gone && count == stream.blocks.len() {
        return Err("no terminal event");
    }
    Ok(None)
}

/// [`Piece::DropTerminal`] takes away blocks of this kind.
pub(crate) fn drops(family: Family, finish: bool, kind: Kind) -> bool {
    match kind {
        Kind::Terminal => true,
        Kind::Finish => finish && family.rules().own_finish,
        _ => false,
    }
}

/// From which offsets on a cut body has said that the message ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence {
    /// It said the reason, or came to the terminal event: a reader may have seen it.
    ended: Option<usize>,
    /// The same, with all line ends: a reader must have seen it.
    surely: Option<usize>,
    /// It did so for the first time, and went on.
    declared: Option<usize>,
}

/// Where a stream says that the message ended.
pub(crate) fn evidence(stream: &Stream, block_ends: &[usize]) -> Evidence {
    if let Some(dialect) = stream.asks {
        return evidence_of(dialect, &stream.bytes().0);
    }
    let closing = |block: &Arc<Block>| matches!(block.kind, Kind::Finish | Kind::Terminal);
    let first = stream.blocks.iter().position(closing);
    let content = |block: &Arc<Block>| matches!(block.kind, Kind::Finish | Kind::Content);
    // An error that comes afterwards is a part of what the whole body says.
    let error = |block: &Arc<Block>| block.kind == Kind::Error;
    let error = stream.blocks.iter().rposition(error);
    let last = stream
        .blocks
        .iter()
        .rposition(content)
        .max(first)
        .max(error);
    let read_at = |place: usize| {
        let lines = &stream.blocks.get(place)?.lines;
        // A lenient reader takes a payload without its line ends (F-31), and padding is no part
        // of it.
        let text = &lines.iter().rev().find(|line| !line.text.is_empty())?.text;
        let padding = text.iter().rev().take_while(|&&byte| byte == b' ').count();
        let blank = lines.iter().filter(|line| line.is_blank()).count();
        let behind = 2 * (blank + 1) + padding;
        Some(block_ends.get(place)?.saturating_sub(behind))
    };
    if first.is_none() {
        return Evidence::default();
    }
    Evidence {
        ended: last.and_then(read_at),
        surely: last.and_then(|place| block_ends.get(place).copied()),
        declared: first.filter(|_| first != last).and_then(read_at),
    }
}

/// The same of a body whose blocks are not known here, as the core reads it: it may go on behind the
/// first word of its end.
pub(crate) fn evidence_of(dialect: Dialect, body: &[u8]) -> Evidence {
    let options = Options::lenient();
    let framing = dialect.framing();
    let mut decoder = Decoder::new(framing, options.sse, options.limits);
    let mut reader = Reader::with_options(dialect, options);
    let mut input = body;
    let mut fed = 0;
    let mut ended = false;
    while !ended && matches!(decoder.decode(&mut input), Ok(Some(_))) {
        let end = body.len() - input.len();
        let frame = body.get(fed..end).unwrap_or_default();
        let closes = |event: &Event<'_>| matches!(event, Event::End { .. } | Event::Done);
        let fed_well = reader.feed(frame, &mut |event| ended |= closes(&event));
        if fed_well.is_err() {
            return Evidence::default();
        }
        fed = end;
    }
    if !ended {
        return Evidence::default();
    }
    // Line ends are no part of what is said (F-31).
    let behind = if framing == Framing::EventStream {
        0
    } else {
        4
    };
    let read_at = fed.saturating_sub(behind);
    Evidence {
        ended: Some(read_at),
        surely: Some(body.len()),
        declared: Some(read_at),
    }
}

/// What a reader may make of a body that is cut at an offset.
pub(crate) fn permits_cut(at: usize, evidence: Evidence) -> Vec<Outcome> {
    let reached = |offset: Option<usize>| offset.is_some_and(|offset| offset <= at);
    let mut permits = [Outcome::ErrorReported, Outcome::EofReported].to_vec();
    if reached(evidence.declared) && !reached(evidence.surely) {
        permits.insert(0, Outcome::SoFar);
    }
    if reached(evidence.ended) {
        permits.insert(0, Outcome::Same);
    }
    permits
}
