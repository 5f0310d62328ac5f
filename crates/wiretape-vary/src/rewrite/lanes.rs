//! Interleaving: blocks of a turn, or calls of a chunk run, in any order that keeps each one's own.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::dialect::{Family, Kind, Lanes, type_of};
use crate::stream::Block;
use crate::subject::NO_CHANGE;

/// The places of blocks that can change their order, each with the number of its lane. Empty
/// where there is nothing to interleave, or the lanes cannot be told apart.
pub(crate) fn lanes(blocks: &[Arc<Block>], family: Family) -> Vec<(usize, usize)> {
    let found = match family.rules().lanes {
        Lanes::Blocks { opened } => content_blocks(blocks, opened),
        Lanes::Calls => call_runs(blocks),
        Lanes::None => None,
    };
    found.unwrap_or_default()
}

/// Everything from the message's start to its reason for the end. `None` where an index is used
/// twice, or before its start (F-36) where each block has one.
fn content_blocks(blocks: &[Arc<Block>], opened: bool) -> Option<Vec<(usize, usize)>> {
    let begin = blocks.iter().position(|block| block.kind == Kind::Begin)?;
    let mut keys = BTreeMap::new();
    let mut found = Vec::new();
    for (place, block) in blocks.iter().enumerate().skip(begin + 1) {
        match block.kind {
            Kind::Bare | Kind::Other => continue,
            Kind::Content => {}
            _ => break,
        }
        let lane = block.lane.as_ref()?;
        let next = keys.len();
        if lane.begins && keys.insert(lane.key, next).is_some() {
            return None;
        }
        if !opened {
            keys.entry(lane.key).or_insert(next);
        }
        found.push((place, *keys.get(&lane.key)?));
    }
    (keys.len() > 1).then_some(found)
}

/// The first run of chunks with one call each that has more than one lane. `None` where two ids
/// share an index, since the order of chunks then tells whose they are (F-24).
fn call_runs(blocks: &[Arc<Block>]) -> Option<Vec<(usize, usize)>> {
    let mut keys: BTreeMap<(u64, u64), (usize, &[u8])> = BTreeMap::new();
    let mut found = Vec::new();
    for (place, block) in blocks.iter().enumerate() {
        if block.kind == Kind::Bare {
            continue;
        }
        let Some(lane) = &block.lane else {
            if keys.len() > 1 {
                break;
            }
            keys.clear();
            found.clear();
            continue;
        };
        let next = keys.len();
        let entry = keys.entry(lane.key).or_insert((next, &lane.id));
        if !lane.id.is_empty() && lane.id != entry.1 {
            return None;
        }
        found.push((place, entry.0));
    }
    (keys.len() > 1).then_some(found)
}

/// How many events of each lane a reader needs to know all its parts, where a part begins with the
/// first of its deltas: those of one item would otherwise begin among those of another.
pub(crate) fn heads(
    blocks: &[Arc<Block>],
    family: Family,
    places: &[(usize, usize)],
) -> Vec<usize> {
    if family != Family::OpenAiResponses {
        return Vec::new();
    }
    let mut counts: Vec<usize> = Vec::new();
    let mut heads: Vec<usize> = Vec::new();
    let mut begun: Vec<bool> = Vec::new();
    for &(place, lane) in places {
        let last = counts.len().max(lane + 1);
        counts.resize(last, 0);
        heads.resize(last, 1);
        begun.resize(last, false);
        let payload = blocks.get(place).and_then(|block| block.payload());
        let opens = payload.is_some_and(|payload| type_of(payload).ends_with(b"part.added"));
        let site = payload.is_some_and(|payload| family.site(payload).is_some());
        let (Some(count), Some(head)) = (counts.get_mut(lane), heads.get_mut(lane)) else {
            continue;
        };
        *count += 1;
        if let Some(begun) = begun.get_mut(lane) {
            *begun |= opens || site;
        }
        // A part's first delta, or the part itself where it has none.
        if opens || (site && *count == *head + 1) {
            *head = *count;
        }
    }
    // What an item without parts has to say may come when it is done.
    let whole = heads.iter_mut().zip(counts).zip(begun);
    for ((head, count), _) in whole.filter(|(_, begun)| !begun) {
        *head = count;
    }
    heads
}

/// Whose turn it is at each place, by a schedule, where it was the turn of `lanes` before.
/// `heads`: how many events of each lane come together when it begins; 1 where nothing is said.
pub(crate) fn arranged(lanes: &[usize], order: &[usize], heads: &[usize]) -> Vec<usize> {
    let count = lanes.iter().map(|lane| lane + 1).max().unwrap_or(0);
    let mut left = vec![0_usize; count];
    for &lane in lanes {
        if let Some(left) = left.get_mut(lane) {
            *left += 1;
        }
    }
    let mut out = Vec::with_capacity(lanes.len());
    let mut turn = |lane: usize| {
        let left = left.get_mut(lane).filter(|left| **left > 0);
        left.map(|left| *left -= 1)
            .is_some()
            .then(|| out.push(lane))
    };
    let mut begun = 0;
    for &lane in order.iter().filter(|&&lane| lane < count) {
        if lane < begun {
            turn(lane);
        }
        // Lanes begin in their order.
        while begun <= lane {
            for _ in 0..heads.get(begun).copied().unwrap_or(1) {
                turn(begun);
            }
            begun += 1;
        }
    }
    for lane in 0..count {
        while turn(lane).is_some() {}
    }
    out
}

/// Puts the blocks of all lanes in the order of the schedule. Each place keeps its time.
pub(super) fn interleave(
    blocks: &mut [Arc<Block>],
    family: Family,
    order: &[usize],
) -> Result<(), &'static str> {
    let places = lanes(blocks, family);
    if places.is_empty() {
        return Err("nothing to interleave");
    }
    let before: Vec<usize> = places.iter().map(|&(_, lane)| lane).collect();
    let after = arranged(&before, order, &heads(blocks, family, &places));
    if after == before {
        return Err(NO_CHANGE);
    }
    let mut queues: BTreeMap<usize, VecDeque<Arc<Block>>> = BTreeMap::new();
    for &(place, lane) in &places {
        let queue = queues.entry(lane).or_default();
        queue.extend(blocks.get(place).cloned());
    }
    let moved = after
        .iter()
        .filter_map(|lane| queues.get_mut(lane)?.pop_front());
    for (&(place, _), block) in places.iter().zip(moved) {
        if let Some(target) = blocks.get_mut(place) {
            let slot = target.slot;
            *target = block;
            if target.slot != slot {
                Arc::make_mut(target).slot = slot;
            }
        }
    }
    Ok(())
}
