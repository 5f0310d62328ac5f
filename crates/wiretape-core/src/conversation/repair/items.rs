//! Calls, results and thoughts that are items.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{ADDED, Mend, Placed};
use crate::conversation::{Conversation, FlawKind, Message, Part, PartKind, Role};

impl Mend {
    /// Items with their results, each once, and thoughts with what follows them.
    pub(super) fn items(&mut self, all: &[Placed]) {
        let all = self.once(all);
        let all = self.answered(&all);
        let all = self.followed(&all);
        self.out.extend(all.into_iter().map(|(_, message)| message));
    }

    /// Without thoughts that the provider does not know.
    pub(super) fn known(&mut self, given: &Conversation, all: Vec<Placed>) -> Vec<Placed> {
        let (known, others) = all
            .into_iter()
            .partition(|(_, message)| self.form.knows(given, message));
        let others: Vec<Placed> = others;
        for (at, _) in others {
            let what = "a thought that is not stored was left out";
            self.note(at, FlawKind::Unsigned, what);
        }
        known
    }

    fn once(&mut self, all: &[Placed]) -> Vec<Placed> {
        let mut ids = BTreeSet::new();
        let mut out = Vec::with_capacity(all.len());
        for (at, message) in all {
            let id = message.item();
            // Of a call that is there twice the results would have to be told apart.
            let calls = message.calls().next().is_some();
            if id.is_some_and(|id| !ids.insert(id)) && !calls {
                let what = "an item that is there already was left out";
                self.note(*at, FlawKind::DuplicateItem, what);
            } else {
                out.push((*at, message.clone()));
            }
        }
        out
    }

    /// Without results that answer nothing; with one for each call, behind the reply it stands in.
    fn answered(&mut self, all: &[Placed]) -> Vec<Placed> {
        let wanted = results_of(all);
        let mut open: BTreeSet<&str> = BTreeSet::new();
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut waiting: Vec<(usize, &Message, &Part)> = Vec::new();
        let mut out: Vec<Placed> = Vec::with_capacity(all.len());
        for (at, message) in all {
            if message.role() != Role::Assistant {
                self.add(&mut waiting, &mut out);
            }
            let mut stays = true;
            for part in message.parts() {
                let id = part.id.as_str();
                match part.kind {
                    PartKind::Call => {
                        open.insert(id);
                        if !wanted.contains(&id) && done.insert(id) {
                            waiting.push((*at, message, part));
                        }
                    }
                    PartKind::Result if !open.contains(id) => {
                        let what = "a result without its call was left out";
                        self.note(*at, FlawKind::OrphanResult, what);
                        stays = false;
                    }
                    PartKind::Result if !done.insert(id) => {
                        let what = "a second result was left out";
                        self.note(*at, FlawKind::DuplicateResult, what);
                        stays = false;
                    }
                    _ => {}
                }
            }
            if stays {
                out.push((*at, message.clone()));
            }
        }
        self.add(&mut waiting, &mut out);
        out
    }

    fn add(&mut self, waiting: &mut Vec<(usize, &Message, &Part)>, out: &mut Vec<Placed>) {
        for (at, message, call) in waiting.drain(..) {
            self.note(at, FlawKind::UnansweredCall, ADDED);
            let text = self.missing(message, call);
            let result = Message::parse(self.dialect, &text).ok();
            out.extend(result.map(|result| (at, result)));
        }
    }

    /// Without thoughts behind which nothing of the model's follows.
    fn followed(&mut self, all: &[Placed]) -> Vec<Placed> {
        let mut out: Vec<Placed> = Vec::with_capacity(all.len());
        let mut follows = false;
        for (at, message) in all.iter().rev() {
            if message.is_thought() && !follows {
                let what = "a thought without what followed it was left out";
                self.note(*at, FlawKind::ThoughtAlone, what);
                continue;
            }
            follows = message.role() == Role::Assistant;
            out.push((*at, message.clone()));
        }
        out.reverse();
        out
    }
}

/// The calls that a result behind them answers.
fn results_of(all: &[Placed]) -> BTreeSet<&str> {
    let mut called = BTreeSet::new();
    let mut answered = BTreeSet::new();
    for part in all.iter().flat_map(|(_, message)| message.parts()) {
        match part.kind {
            PartKind::Call => drop(called.insert(part.id.as_str())),
            PartKind::Result if called.contains(&*part.id) => {
                answered.insert(part.id.as_str());
            }
            _ => {}
        }
    }
    answered
}
