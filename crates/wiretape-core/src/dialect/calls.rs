//! Which call a delta belongs to (F-24): a known id, then a known index, then the latest call.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::NewIdAtUsedIndex;
use crate::event::Block;

/// What a delta says of its call. Absent, `null` and empty are the same (F-25).
#[derive(Clone, Copy, Debug)]
pub(super) struct Labels<'a> {
    pub(super) id: &'a str,
    /// As sent: -1 and gaps are seen.
    pub(super) index: Option<i64>,
    pub(super) name: &'a str,
}

/// A call of one answer.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) block: Block,
    pub(super) id: String,
    pub(super) index: Option<i64>,
    pub(super) name: String,
    /// Some of its arguments came: what names it now does not belong to it.
    pub(super) begun: bool,
}

/// Which call a delta belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// One of its own, not seen before.
    New,
    /// This one.
    Call(usize),
    /// This one, because it is the latest: another delta of the same bytes may mean another call.
    Latest(usize),
}

/// What was found, and what had to be guessed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    pub(super) found: Found,
    /// The labels contradict what was sent before.
    pub(super) odd: bool,
    /// What begins a call came where one has begun.
    pub(super) reused: bool,
}

/// The calls of one answer. Each look-up is logarithmic: a reply may alternate between thousands.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    list: Vec<Call>,
    /// The latest call of each id, since ids are repeated (F-25).
    by_id: BTreeMap<String, usize>,
    by_index: BTreeMap<i64, usize>,
    /// How many have no index.
    unindexed: usize,
    latest: usize,
}

impl Calls {
    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Call> {
        self.list.get_mut(at)
    }

    pub(super) fn add(&mut self, block: Block, labels: Labels<'_>) -> usize {
        let at = self.list.len();
        self.list.push(Call {
            block,
            id: labels.id.into(),
            index: labels.index,
            name: labels.name.into(),
            begun: false,
        });
        if !labels.id.is_empty() {
            self.by_id.insert(labels.id.into(), at);
        }
        match labels.index {
            Some(index) => drop(self.by_index.insert(index, at)),
            None => self.unindexed += 1,
        }
        at
    }

    /// A delta without labels belongs to this call from now on.
    pub(super) fn touch(&mut self, at: usize) {
        self.latest = at;
    }

    /// The same, by its block.
    pub(super) fn touch_block(&mut self, block: Block) {
        // Blocks are numbered in order of opening, so that the list is sorted by them.
        if let Ok(at) = self.list.binary_search_by_key(&block, |call| call.block) {
            self.latest = at;
        }
    }

    /// An id that came late.
    pub(super) fn set_id(&mut self, at: usize, id: &str) {
        if let Some(call) = self.list.get_mut(at) {
            call.id.push_str(id);
            let known = self.by_id.entry(id.into()).or_insert(at);
            *known = at.max(*known);
        }
    }

    /// The call that began without an index has this one.
    pub(super) fn set_index(&mut self, at: usize, index: i64) {
        if let Some(call) = self.list.get_mut(at) {
            if call.index.is_none() {
                call.index = Some(index);
                self.unindexed -= 1;
                self.by_index.entry(index).or_insert(at);
            }
        }
    }

    pub(super) fn find(&self, labels: Labels<'_>, rule: NewIdAtUsedIndex) -> Match {
        let found = self.by_labels(labels, rule);
        let (Found::Call(at) | Found::Latest(at)) = found.found else {
            return found;
        };
        // Names come before arguments: another name behind them is another call's.
        let other = |call: &&Call| {
            call.begun
                && !labels.name.is_empty()
                && !call.name.is_empty()
                && call.name != labels.name
        };
        let may_open = rule != NewIdAtUsedIndex::SameCall;
        if may_open && self.list.get(at).filter(other).is_some() {
            return Match {
                found: Found::New,
                odd: true,
                reused: true,
            };
        }
        found
    }

    fn by_labels(&self, labels: Labels<'_>, rule: NewIdAtUsedIndex) -> Match {
        let at_index = labels.index.and_then(|index| self.by_index.get(&index));
        if let Some(&at) = self.by_id.get(labels.id) {
            let of = |at: usize| self.list.get(at);
            // Ids are repeated: of the calls of one id, the one at the index if there is one.
            if let Some(&at) = at_index.filter(|&&at| of(at).is_some_and(|c| c.id == labels.id)) {
                return Match::plain(Found::Call(at));
            }
            let own = of(at).and_then(|call| call.index);
            if labels.index.is_none() || own.is_none() {
                return Match::plain(Found::Call(at));
            }
            if labels.name.is_empty() {
                return Match::odd(Found::Call(at));
            }
        }
        match (labels.index, at_index) {
            (Some(_), Some(&at)) => self.at_used_index(at, labels, rule),
            (Some(_), None) => self.at_new_index(labels),
            (None, _) => self.without_index(labels, rule),
        }
    }

    fn at_used_index(&self, at: usize, labels: Labels<'_>, rule: NewIdAtUsedIndex) -> Match {
        let Some(call) = self.list.get(at) else {
            return Match::plain(Found::New);
        };
        if labels.id.is_empty() || call.id.is_empty() {
            return Match::plain(Found::Call(at));
        }
        let same = match rule {
            // The same name before any argument: a call that is released without its arguments
            // does more harm than one that is run once instead of twice.
            NewIdAtUsedIndex::OpensCallIfNamed => labels.name.is_empty() || call.awaits(labels),
            NewIdAtUsedIndex::OpensCall => false,
            NewIdAtUsedIndex::SameCall => true,
        };
        let begins = !labels.name.is_empty() && rule != NewIdAtUsedIndex::SameCall;
        Match {
            found: if same { Found::Call(at) } else { Found::New },
            odd: true,
            reused: begins || !same,
        }
    }

    /// A new index is a new call, unless nothing else says so and one call waits for its index.
    fn at_new_index(&self, labels: Labels<'_>) -> Match {
        let waits =
            |call: &&Call| call.index.is_none() && (labels.name.is_empty() || call.awaits(labels));
        let latest = self.list.get(self.latest).filter(waits);
        if labels.id.is_empty() && self.unindexed == 1 && latest.is_some() {
            return Match::plain(Found::Latest(self.latest));
        }
        Match::plain(Found::New)
    }

    fn without_index(&self, labels: Labels<'_>, rule: NewIdAtUsedIndex) -> Match {
        let Some(call) = self.list.get(self.latest) else {
            return Match::plain(Found::New);
        };
        let latest = Found::Latest(self.latest);
        match (labels.id.is_empty(), labels.name.is_empty()) {
            (true, true) if call.index.is_some() => Match::odd(latest),
            (true, true) => Match::plain(latest),
            (true, false) if call.awaits(labels) => Match::odd(latest),
            // A new random id with every delta (GLM-4).
            (false, true) if rule != NewIdAtUsedIndex::OpensCall => Match::odd(latest),
            _ => Match::plain(Found::New),
        }
    }
}

impl Call {
    /// It has this name, and no arguments so far.
    fn awaits(&self, labels: Labels<'_>) -> bool {
        !self.begun && self.name == labels.name
    }
}

impl Match {
    fn plain(found: Found) -> Self {
        Self {
            found,
            odd: false,
            reused: false,
        }
    }

    fn odd(found: Found) -> Self {
        Self {
            odd: true,
            ..Self::plain(found)
        }
    }
}
