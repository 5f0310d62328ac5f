//! The simpler forms of a piece.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::fields::halves;
use crate::scenario::{Cutting, Ends, Escapes, Pace, Piece};

/// Chunks of more bytes than this are as good as none.
const EVERY_MAX: usize = 4096;

/// A piece's simpler forms, the simplest first: fewer cuts, shorter lists and texts, smaller numbers,
/// earlier places. None of them leads back to it, so that a search that takes one after the other
/// comes to an end.
#[must_use]
pub fn simpler(piece: &Piece) -> Vec<Piece> {
    let mut all = forms(piece);
    if !matches!(piece, Piece::Rechunk { .. }) {
        all.extend(halves(piece));
    }
    all
}

/// The forms that are others in kind.
pub(super) fn forms(piece: &Piece) -> Vec<Piece> {
    match piece {
        Piece::Rechunk { cut } => {
            let simpler = cuttings(cut).into_iter();
            simpler.map(|cut| Piece::Rechunk { cut }).collect()
        }
        Piece::Pace {
            pace: Pace::Speed { .. },
        } => vec![Piece::Pace {
            pace: Pace::Instant,
        }],
        Piece::LineEnds {
            ends: Ends::Mixed(order),
        } => {
            let plain = [Ends::CrLf, Ends::Cr].into_iter();
            let shorter = shorter(order, 1).into_iter().map(Ends::Mixed);
            let all = plain.chain(shorter);
            all.map(|ends| Piece::LineEnds { ends }).collect()
        }
        Piece::Comment { before_block, text } if !text.is_empty() => vec![Piece::Comment {
            before_block: *before_block,
            text: String::new(),
        }],
        Piece::UnknownSseField { block, name, value } if !value.is_empty() => {
            vec![Piece::UnknownSseField {
                block: *block,
                name: name.clone(),
                value: String::new(),
            }]
        }
        Piece::UnknownField {
            block,
            first,
            value,
        } if !value.is_empty() => vec![Piece::UnknownField {
            block: *block,
            first: *first,
            value: String::new(),
        }],
        Piece::Interleave { order } => {
            let shorter = shorter(order, 1).into_iter();
            shorter.map(|order| Piece::Interleave { order }).collect()
        }
        Piece::JsonWhitespace { block, spaces } if *spaces > 1 => vec![Piece::JsonWhitespace {
            block: *block,
            spaces: 1,
        }],
        Piece::JsonEscapes {
            block,
            which,
            keys: true,
        } => vec![escapes(*block, *which)],
        Piece::JsonEscapes {
            block,
            which: Escapes::All,
            keys: false,
        } => vec![escapes(*block, Escapes::NonAscii)],
        _ => Vec::new(),
    }
}

fn escapes(block: usize, which: Escapes) -> Piece {
    Piece::JsonEscapes {
        block,
        which,
        keys: false,
    }
}

fn cuttings(cut: &Cutting) -> Vec<Cutting> {
    match cut {
        Cutting::Bytes1 => vec![Cutting::Every(2)],
        Cutting::Every(size) if (1..EVERY_MAX).contains(size) => vec![Cutting::Every(size * 2)],
        Cutting::At(offsets) => {
            let shorter = shorter(offsets, 1).into_iter();
            shorter.map(Cutting::At).collect()
        }
        _ => Vec::new(),
    }
}

/// The list's halves, and the list without each of its items, if `least` are left.
fn shorter<T: Clone>(list: &[T], least: usize) -> Vec<Vec<T>> {
    let (first, second) = list.split_at(list.len() / 2);
    let halves = [first.to_vec(), second.to_vec()].into_iter();
    let without = (0..list.len()).map(|place| {
        let mut rest = list.to_vec();
        rest.remove(place);
        rest
    });
    let all = halves.chain(without);
    all.filter(|some| (least..list.len()).contains(&some.len()))
        .collect()
}
