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
    /// The index is in use by a call of another id or name.
    pub(super) reused: bool,
}

/// The calls of one answer. Each look-up is logarithmic: a reply may alternate between thousands.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    list: Vec<Call>,
    /// The latest call of each id, since ids are repeated (F-25).
    by_id: BTreeMap<String, usize>,
    by_index: BTreeMap<i64, usize>,
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
        if let Some(index) = labels.index {
            self.by_index.insert(index, at);
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
        let plain = |found| Match {
            found,
            odd: false,
            reused: false,
        };
        let odd = |found| Match {
            odd: true,
            ..plain(found)
        };
        let unnamed = labels.name.is_empty();
        if let Some(&at) = self.by_id.get(labels.id) {
            let own = self.list.get(at).and_then(|call| call.index);
            let elsewhere = labels.index.is_some() && own.is_some() && own != labels.index;
            if !elsewhere {
                return plain(Found::Call(at));
            }
            if unnamed {
                return odd(Found::Call(at));
            }
        }
        let latest = self.list.get(self.latest);
        if let Some(index) = labels.index {
            let Some(&at) = self.by_index.get(&index) else {
                // Neither an id nor a name begins a call: more of the one that has no index yet.
                let lost = labels.id.is_empty() && unnamed;
                return match latest {
                    Some(call) if lost && call.index.is_none() => plain(Found::Latest(self.latest)),
                    _ => plain(Found::New),
                };
            };
            let known = self.list.get(at).is_some_and(|call| !call.id.is_empty());
            if labels.id.is_empty() || !known {
                return plain(Found::Call(at));
            }
            let same = match rule {
                NewIdAtUsedIndex::OpensCallIfNamed => unnamed,
                NewIdAtUsedIndex::OpensCall => false,
                NewIdAtUsedIndex::SameCall => true,
            };
            return Match {
                found: if same { Found::Call(at) } else { Found::New },
                odd: true,
                reused: !same,
            };
        }
        match latest {
            Some(call) if unnamed && labels.id.is_empty() => Match {
                odd: call.index.is_some(),
                ..plain(Found::Latest(self.latest))
            },
            // A new random id with every delta, and no index (GLM-4).
            Some(_) if unnamed && rule != NewIdAtUsedIndex::OpensCall => {
                odd(Found::Latest(self.latest))
            }
            _ => plain(Found::New),
        }
    }
}
