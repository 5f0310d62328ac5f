//! The numbers, lists and texts of a piece, whichever piece it is.
//!
//! A piece is data, so it is made simpler as data: a candidate that is no piece any more is none.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::halving::{Bisection, Halving};
use crate::scenario::Piece;

/// Fields whose value is free text.
const TEXTS: [&str; 5] = ["id", "message", "suffix", "text", "value"];

/// Fields that say a time: near a client's own limit a shorter one holds once and not the next time.
const TIMES: [&str; 3] = ["_ns", "_ms", "_s"];

/// Fields that hold the number of a block.
const BLOCKS: [&str; 2] = ["before_block", "block"];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Item(usize),
}

type Path = Vec<Step>;

/// What can be made simpler.
#[derive(Clone, Debug)]
enum Part {
    Number(Bisection),
    List(Halving),
    Text(Halving),
    /// Yes becomes no.
    Flag(bool),
}

/// Makes one piece simpler, part by part.
#[derive(Clone, Debug)]
pub(super) struct Simpler {
    /// Which part, in order.
    number: usize,
    part: Option<(Path, Part)>,
}

impl Simpler {
    pub(super) fn new() -> Self {
        Self {
            number: 0,
            part: None,
        }
    }

    /// The next simpler form of the piece; `None`: there is none.
    pub(super) fn next(&mut self, piece: &Piece) -> Option<Piece> {
        let value = serde_json::to_value(piece).ok()?;
        loop {
            if self.part.is_none() {
                let mut parts = Vec::new();
                find(&value, &mut Vec::new(), &mut parts);
                let next = parts.into_iter().nth(self.number)?;
                self.part = Some(next);
            }
            let (path, part) = self.part.as_mut()?;
            let mut changed = value.clone();
            let slot = at(&mut changed, path)?;
            if step(part, slot) {
                // What is no piece is no candidate.
                match serde_json::from_value(changed) {
                    Ok(simpler) if simpler != *piece => return Some(simpler),
                    _ => self.answer(false),
                }
            } else {
                self.number += 1;
                self.part = None;
            }
        }
    }

    pub(super) fn answer(&mut self, held: bool) {
        match &mut self.part {
            Some((_, Part::Number(bisection))) => bisection.answer(held),
            Some((_, Part::List(halving) | Part::Text(halving))) => halving.answer(held),
            Some((_, Part::Flag(_))) | None => {}
        }
    }
}

/// Takes one step; whether there was one.
fn step(part: &mut Part, slot: &mut Value) -> bool {
    match (part, slot) {
        (Part::Number(bisection), slot @ Value::Number(_)) => {
            let next = bisection.next();
            if let Some(next) = next {
                *slot = Value::from(next);
            }
            next.is_some()
        }
        (Part::List(halving), Value::Array(items)) => {
            let range = halving.next(items.len());
            if let Some(range) = range.clone() {
                items.drain(range);
            }
            range.is_some()
        }
        (Part::Text(halving), Value::String(text)) => {
            let chars: Vec<char> = text.chars().collect();
            let Some(range) = halving.next(chars.len()) else {
                return false;
            };
            let kept = chars.iter().enumerate();
            let kept = kept.filter(|(place, _)| !range.contains(place));
            *text = kept.map(|(_, char)| *char).collect();
            true
        }
        (Part::Flag(tried), slot @ Value::Bool(_)) if !*tried => {
            *tried = true;
            *slot = Value::Bool(false);
            true
        }
        _ => false,
    }
}

fn find(value: &Value, path: &mut Path, parts: &mut Vec<(Path, Part)>) {
    let key = match path.last() {
        Some(Step::Key(key)) => key.as_str(),
        _ => "",
    };
    let part = match value {
        Value::Number(number) if !TIMES.iter().any(|end| key.ends_with(end)) => {
            let high = number.as_u64().filter(|high| *high > 0);
            high.map(|high| Part::Number(Bisection::new(high)))
        }
        Value::Array(items) if !items.is_empty() => Some(Part::List(Halving::new(items.len(), 0))),
        Value::String(text) if TEXTS.contains(&key) && !text.is_empty() => {
            Some(Part::Text(Halving::new(text.chars().count(), 0)))
        }
        Value::Bool(true) => Some(Part::Flag(false)),
        _ => None,
    };
    if let Some(part) = part {
        parts.push((path.clone(), part));
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                path.push(Step::Key(name.to_owned()));
                find(member, path, parts);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                path.push(Step::Item(place));
                find(item, path, parts);
                path.pop();
            }
        }
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, path: &[Step]) -> Option<&'a mut Value> {
    let mut slot = value;
    for step in path {
        slot = match step {
            Step::Key(key) => slot.get_mut(key)?,
            Step::Item(place) => slot.get_mut(place)?,
        };
    }
    Some(slot)
}

/// The piece with one of its numbers 0, a half or one less; with half a list or text; with a yes that
/// is a no.
pub(super) fn halves(piece: &Piece) -> Vec<Piece> {
    let mut all = Vec::new();
    let Ok(value) = serde_json::to_value(piece) else {
        return all;
    };
    let mut parts = Vec::new();
    find(&value, &mut Vec::new(), &mut parts);
    for (path, _) in parts {
        let mut with = |change: &dyn Fn(&mut Value)| {
            let mut changed = value.clone();
            if let Some(slot) = at(&mut changed, &path) {
                change(slot);
            }
            let simpler = serde_json::from_value::<Piece>(changed).ok();
            all.extend(simpler.filter(|simpler| simpler != piece && !all.contains(simpler)));
        };
        with(&|slot| less(slot, &|_| 0));
        with(&|slot| less(slot, &|number| number / 2));
        with(&|slot| less(slot, &|number| number.saturating_sub(1)));
        for first in [true, false] {
            with(&|slot| halve(slot, first));
        }
    }
    all
}

fn less(slot: &mut Value, of: &dyn Fn(u64) -> u64) {
    if let Some(number) = slot.as_u64() {
        *slot = Value::from(of(number));
    }
}

/// Half of a list or a text; a yes becomes a no.
fn halve(slot: &mut Value, first: bool) {
    let kept = |place: usize, len: usize| (place < len / 2) == first;
    match slot {
        Value::Array(items) => {
            let (len, mut place) = (items.len(), 0);
            items.retain(|_| {
                place += 1;
                kept(place - 1, len)
            });
        }
        Value::String(text) => {
            let chars: Vec<char> = text.chars().collect();
            let left = chars.iter().enumerate();
            let left = left.filter(|(place, _)| kept(*place, chars.len()));
            *text = left.map(|(_, char)| *char).collect();
        }
        Value::Bool(flag) => *flag = false,
        _ => {}
    }
}

/// The blocks that a piece names as its own: they must stay.
pub(super) fn blocks_of(piece: &Piece) -> Vec<usize> {
    let mut found = Vec::new();
    if let Ok(mut value) = serde_json::to_value(piece) {
        numbers(&mut value, &["block"], &mut |number| {
            found.extend(usize::try_from(number).ok());
            number
        });
    }
    found
}

/// The piece with the blocks that it names under other numbers.
pub(super) fn renumbered(piece: &Piece, number: &dyn Fn(usize) -> usize) -> Option<Piece> {
    let mut value = serde_json::to_value(piece).ok()?;
    numbers(&mut value, &BLOCKS, &mut |block| {
        let renumbered = usize::try_from(block).ok().map(number);
        let renumbered = renumbered.and_then(|block| u64::try_from(block).ok());
        renumbered.unwrap_or(block)
    });
    serde_json::from_value(value).ok()
}

/// Changes the numbers of these fields, wherever they are.
fn numbers(value: &mut Value, fields: &[&str], change: &mut dyn FnMut(u64) -> u64) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_u64() {
                    Some(number) if fields.contains(&name.as_str()) => {
                        *member = Value::from(change(number));
                    }
                    _ => numbers(member, fields, change),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                numbers(item, fields, change);
            }
        }
        _ => {}
    }
}
