//! Reshapes of the wire: other chunks, other moments.

use alloc::vec::Vec;

use crate::scenario::{Cutting, Pace};
use crate::script::Cut;
use crate::subject::NO_CHANGE;

/// A stretch of the body that came in one recorded chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Offset at which it ends.
    pub(crate) end: usize,
    /// When it came, in nanoseconds since the response's head.
    pub(crate) at_ns: u64,
    /// How much later it comes, whatever the pace, in nanoseconds.
    pub(crate) put_ns: u64,
}

/// Where to cut: the offsets at which chunks end, in order, the last being the body's length.
/// An error where the cutting does nothing for this body.
pub(crate) fn ends(cut: &Cutting, body: &[u8], marks: &[Mark]) -> Result<Vec<usize>, &'static str> {
    let inner = match cut {
        Cutting::Bytes1 => places_of(1..body.len(), body.len()),
        Cutting::Every(0) => return Err("chunks of 0 bytes"),
        Cutting::Every(every) => {
            let all = (*every..body.len()).step_by(*every);
            places_of(all, body.len() / every)
        }
        Cutting::At(offsets) => {
            let mut offsets = offsets.clone();
            offsets.sort_unstable();
            offsets.dedup();
            offsets.retain(|&at| 0 < at && at < body.len());
            offsets
        }
        Cutting::InsideUtf8 => places(body, |byte, _| byte & 0xc0 == 0x80),
        Cutting::BetweenCrLf => places(body, |_, before| before == b'\r'),
        Cutting::Merge(0) => return Err("merge of 0 chunks"),
        Cutting::Merge(count) => {
            let filled = marks
                .iter()
                .map(|mark| mark.end)
                .filter(|&end| end < body.len());
            let mut filled: Vec<usize> = filled.collect();
            filled.dedup();
            let each = filled.chunks_exact(*count);
            each.filter_map(|group| group.last().copied()).collect()
        }
        Cutting::Whole => Vec::new(),
    };
    let mut inner: Vec<usize> = inner;
    if inner.is_empty() && matches!(cut, Cutting::InsideUtf8 | Cutting::BetweenCrLf) {
        return Err("the body has no such place");
    }
    if !body.is_empty() {
        inner.push(body.len());
    }
    let recorded = marks.iter().map(|mark| mark.end);
    if inner.iter().copied().eq(recorded) {
        return Err(NO_CHANGE);
    }
    Ok(inner)
}

/// Offsets, with room for the one that ends the body.
fn places_of(offsets: impl Iterator<Item = usize>, count: usize) -> Vec<usize> {
    let mut found = Vec::with_capacity(count + 1);
    found.extend(offsets);
    found
}

/// The offsets whose byte and the byte before it fit.
fn places(body: &[u8], fits: impl Fn(u8, u8) -> bool) -> Vec<usize> {
    let pairs = body.windows(2).enumerate();
    let found = pairs.filter_map(|(at, pair)| match pair {
        [before, byte] if fits(*byte, *before) => Some(at + 1),
        _ => None,
    });
    found.collect()
}

/// The chunks, each at the time at which its last byte was recorded.
pub(crate) fn chunks(ends: &[usize], marks: &[Mark]) -> impl ExactSizeIterator<Item = Mark> {
    let mut recorded = marks.iter().peekable();
    let (mut at_ns, mut put_ns) = (0, 0);
    ends.iter().map(move |&end| {
        while let Some(mark) = recorded.peek() {
            at_ns = at_ns.max(mark.at_ns);
            put_ns = put_ns.max(mark.put_ns);
            if end <= mark.end {
                break;
            }
            recorded.next();
        }
        Mark { end, at_ns, put_ns }
    })
}

/// The same, each so much later than the one before it.
pub(crate) fn dripped(ends: &[usize], marks: &[Mark], every_ns: u64) -> Vec<Mark> {
    let mut waited = 0_u64;
    let chunks = chunks(ends, marks).map(|mut mark| {
        mark.put_ns = mark.put_ns.saturating_add(waited);
        waited = waited.saturating_add(every_ns);
        mark
    });
    chunks.collect()
}

/// A moment at another pace.
pub(crate) fn paced(at_ns: u64, pace: &Pace) -> u64 {
    match pace {
        Pace::Recorded => at_ns,
        Pace::Speed { n, of } => {
            let scaled = u128::from(at_ns) * u128::from(*of) / u128::from((*n).max(1));
            u64::try_from(scaled).unwrap_or(u64::MAX)
        }
        Pace::Instant => 0,
    }
}

/// The chunks at their pace.
pub(crate) fn cuts(chunks: impl ExactSizeIterator<Item = Mark>, pace: &Pace) -> Vec<Cut> {
    let mut recorded = 0;
    let mut put = 0;
    let mut moment = 0;
    let cuts = chunks.map(|chunk| {
        let mut after_ns = chunk.put_ns.saturating_sub(put);
        put = put.max(chunk.put_ns);
        // Many chunks come at one moment where what one read gave was cut up.
        if chunk.at_ns != recorded {
            recorded = chunk.at_ns;
            let before = core::mem::replace(&mut moment, paced(recorded, pace));
            after_ns = after_ns.saturating_add(moment.saturating_sub(before));
        }
        Cut {
            after_ns,
            end: chunk.end,
        }
    });
    cuts.collect()
}
