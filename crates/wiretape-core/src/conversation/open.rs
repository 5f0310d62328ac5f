//! Which call a result answers, where they may go without ids: by id, or by name and order.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;

use super::form::nameless;
use super::message::{Part, Role};

/// The calls of the model's last turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Open {
    /// The model speaks: more of its calls are of the same turn.
    speaks: bool,
    /// So many calls of each name had no id.
    nameless: BTreeMap<String, usize>,
    by_name: BTreeMap<String, VecDeque<String>>,
    order: VecDeque<String>,
    known: BTreeSet<String>,
    answered: BTreeSet<String>,
}

impl Open {
    /// A message of this role begins.
    pub(super) fn begin(&mut self, role: Role) {
        let speaks = role == Role::Assistant;
        if speaks && !self.speaks {
            *self = Self::default();
        }
        self.speaks = speaks;
    }

    pub(super) fn call(&mut self, part: &mut Part) {
        if part.id.is_empty() {
            let number = self.nameless.entry(part.name.clone()).or_default();
            *number += 1;
            part.id = nameless(&part.name, *number);
        }
        let waiting = self.by_name.entry(part.name.clone()).or_default();
        waiting.push_back(part.id.clone());
        self.order.push_back(part.id.clone());
        self.known.insert(part.id.clone());
    }

    pub(super) fn result(&mut self, part: &mut Part) {
        if self.known.contains(&part.id) {
            self.answered.insert(part.id.clone());
            return;
        }
        let waiting = match part.name.is_empty() {
            true => Some(&mut self.order),
            false => self.by_name.get_mut(&part.name),
        };
        let Some(waiting) = waiting else { return };
        while let Some(id) = waiting.pop_front() {
            if self.answered.insert(id.clone()) {
                part.id = id;
                return;
            }
        }
    }
}
