//! Waits and endings between blocks (F-10, F-11, F-72).

use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_tape::EndKind;

use super::{BEATS_MAX, Beat, PUT_IN_BYTES_MAX, Unending};
use crate::catalogue::Outcome;
use crate::dialect::{Family, Kind};
use crate::fault;
use crate::framing::insert;
use crate::stream::{Line, Stream};

/// How what follows a place in a stream is replaced: what a reader may make of it.
pub(crate) type Replaced = Result<Vec<Outcome>, &'static str>;

/// Bytes of one line of an event that does not end.
const LINE_BYTES: usize = 1 << 10;

/// What a reader may make of a stream that stops before the block at a place.
fn stopped_at(stream: &Stream, place: usize) -> Vec<Outcome> {
    let ends = stream.bytes().1;
    let at = place
        .checked_sub(1)
        .and_then(|last| ends.get(last).copied());
    fault::permits_cut(at.unwrap_or(0), fault::evidence(stream, &ends))
}

/// Nothing more comes.
pub(crate) fn stop(stream: &mut Stream, before_block: usize) -> Replaced {
    let place = stream.place(before_block)?;
    let permits = stopped_at(stream, place);
    stream.blocks.truncate(place);
    // A byte order mark comes with the first block.
    stream.bom &= place > 0;
    Ok(permits)
}

/// Makes what follows a place come later; how much later the end comes that follows at once.
pub(crate) fn delay(
    stream: &mut Stream,
    before_block: usize,
    wait_ns: u64,
) -> Result<u64, &'static str> {
    let place = stream.place(before_block)?;
    match stream.blocks.get_mut(place) {
        Some(block) => {
            let block = Arc::make_mut(block);
            block.wait_ns = block.wait_ns.saturating_add(wait_ns);
            Ok(0)
        }
        None => Ok(wait_ns),
    }
}

/// What says nothing, again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beats {
    pub(crate) before_block: usize,
    pub(crate) beat: Beat,
    pub(crate) every_ns: u64,
    pub(crate) count: u32,
    /// How the body ends behind them; `None` where the rest of the stream follows.
    pub(crate) then: Option<EndKind>,
}

/// Puts in keep-alives; in place of the tail where the body ends behind them.
pub(crate) fn beat(stream: &mut Stream, family: Option<Family>, beats: Beats) -> Replaced {
    if beats.count == 0 || beats.count > BEATS_MAX {
        return Err("no keep-alive, or more than 100,000");
    }
    let place = stream.place(beats.before_block)?;
    let lines: &[&[u8]] = match beats.beat {
        Beat::Comment => &[b": keep-alive"],
        Beat::Ping => family.ok_or("the dialect is not known")?.rules().ping,
    };
    if lines.is_empty() {
        return Err("the dialect has no keep-alive");
    }
    let mut block = stream.made(lines, place)?;
    block.kind = Kind::Other;
    block.wait_ns = beats.every_ns;
    let block = Arc::new(block);
    let permits = match beats.then {
        Some(_) => stop(stream, beats.before_block)?,
        None => [Outcome::Same].to_vec(),
    };
    let beats = (0..beats.count).map(|_| Arc::clone(&block));
    stream.blocks.splice(place..place, beats);
    Ok(permits)
}

/// Puts something in place of the tail that does not come to its end.
pub(crate) fn unending(
    stream: &mut Stream,
    before_block: usize,
    what: Unending,
    bytes: usize,
) -> Replaced {
    if bytes == 0 || bytes > PUT_IN_BYTES_MAX {
        return Err("no bytes, or more than 64 MiB");
    }
    stream.of_lines()?;
    let permits = stop(stream, before_block)?;
    let end = stream.line_end();
    let place = stream.blocks.len();
    insert(stream, place, &[], Kind::Bare)?;
    let Some(block) = stream.blocks.last_mut().map(Arc::make_mut) else {
        return Err("no such block");
    };
    let start: &[u8] = match what {
        Unending::Comment => b": ",
        Unending::Line | Unending::Event => b"data: ",
    };
    let line = |length: usize| {
        let mut text = start.to_vec();
        text.resize(length.max(start.len()), b'x');
        text
    };
    block.lines = match what {
        Unending::Comment | Unending::Line => {
            let (text, end) = (line(bytes), None);
            [Line { text, end }].to_vec()
        }
        Unending::Event => {
            let text = line(LINE_BYTES);
            let end = Some(end);
            let count = bytes.div_ceil(LINE_BYTES);
            (0..count)
                .map(|_| Line {
                    text: text.clone(),
                    end,
                })
                .collect()
        }
    };
    Ok(permits)
}
