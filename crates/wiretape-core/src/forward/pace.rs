//! When the next call is permitted.
//!
//! A platform counts a call somewhere between its departure and its answer. A window's slot is
//! therefore taken when the call leaves, and given back so much time after its *answer*: then the
//! window holds on the platform's clock, however long calls travel.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{Counts, Policy, Scope, Window, random};
use crate::machine::Moment;

/// Most jitter added to a wait, in nanoseconds.
const JITTER_NS_MAX: u64 = 1_000_000_000;
/// How often the interval may double.
const SLOWER_MAX: u32 = 3;
/// Good calls after which it halves again.
const FASTER_AFTER: u32 = 4;

/// What a call is, to a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Post,
    Edit,
    Append,
    End,
    Delete,
}

/// One scope's limits: a chat's, or all chats'.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    rings: Vec<Ring>,
    blocked_until: Moment,
    /// The last call's departure.
    last: Option<Moment>,
    interval_ns: u64,
    /// How often the interval has been doubled.
    slower: u32,
    /// Calls accepted since.
    accepted: u32,
    /// 429s in a row.
    strikes: u32,
    backoff_ns: u64,
    backoff_ns_max: u64,
    random: u64,
}

#[derive(Clone, Debug)]
struct Ring {
    window: Window,
    /// When the last `calls` of them were answered, oldest first.
    answered: VecDeque<Moment>,
    flying: u32,
}

/// Both scopes of one chat.
#[derive(Debug)]
pub(super) struct Gate<'a> {
    pub(super) chat: &'a mut Pace,
    pub(super) global: &'a mut Pace,
}

/// When a call may leave: at a moment, or after an answer that has not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    At(Moment),
    AfterAnswer,
}

impl Pace {
    pub(super) fn new(policy: &Policy, scope: Scope, seed: u64) -> Self {
        let windows = policy.windows.iter().filter(|window| window.scope == scope);
        let rings = windows.map(|window| Ring {
            window: *window,
            answered: VecDeque::new(),
            flying: 0,
        });
        Self {
            rings: rings.collect(),
            blocked_until: Moment(0),
            last: None,
            interval_ns: policy.interval_ns,
            slower: 0,
            accepted: 0,
            strikes: 0,
            backoff_ns: policy.backoff_ns,
            backoff_ns_max: policy.backoff_ns_max,
            random: seed,
        }
    }

    fn due(&self, kind: Kind) -> Due {
        let mut due = self.blocked_until;
        for ring in self.rings.iter().filter(|ring| ring.counts(kind)) {
            match ring.due() {
                Due::At(moment) => due = due.max(moment),
                Due::AfterAnswer => return Due::AfterAnswer,
            }
        }
        Due::At(due)
    }

    fn left(&mut self, now: Moment, kind: Kind) {
        self.last = Some(now);
        for ring in self.rings.iter_mut().filter(|ring| ring.counts(kind)) {
            ring.flying += 1;
        }
    }

    fn answered(&mut self, now: Moment, kind: Kind) {
        for ring in self.rings.iter_mut().filter(|ring| ring.counts(kind)) {
            ring.flying = ring.flying.saturating_sub(1);
            ring.answered.push_back(now);
            while ring.answered.len() > usize::try_from(ring.window.calls).unwrap_or(usize::MAX) {
                ring.answered.pop_front();
            }
        }
    }

    fn accepted(&mut self) {
        self.strikes = 0;
        self.accepted += 1;
        // Back to the old pace by the same steps, each after some good calls.
        if self.slower > 0 && self.accepted >= FASTER_AFTER {
            self.slower -= 1;
            self.accepted = 0;
        }
    }

    fn block(&mut self, now: Moment, retry_after_ns: Option<u64>) {
        // "Retry after 0" asks for the next refusal.
        let wait = match retry_after_ns.filter(|ns| *ns > 0) {
            Some(ns) => ns,
            None => self.backoff(),
        };
        let jitter = self.jitter(wait);
        self.blocked_until = self
            .blocked_until
            .max(now.after(wait.saturating_add(jitter)));
        self.strikes = self.strikes.saturating_add(1);
        self.slower = (self.slower + 1).min(SLOWER_MAX);
        self.accepted = 0;
    }

    fn backoff(&self) -> u64 {
        let doubled = self.backoff_ns.saturating_mul(1 << self.strikes.min(20));
        doubled.min(self.backoff_ns_max)
    }

    fn jitter(&mut self, wait: u64) -> u64 {
        random::next(&mut self.random) % ((wait / 8).min(JITTER_NS_MAX) + 1)
    }
}

impl Ring {
    fn counts(&self, kind: Kind) -> bool {
        match self.window.counts {
            Counts::All => true,
            Counts::Posts => kind == Kind::Post,
            Counts::Edits => kind == Kind::Edit,
            Counts::Appends => kind == Kind::Append,
            Counts::Ends => kind == Kind::End,
            Counts::Deletes => kind == Kind::Delete,
        }
    }

    fn due(&self) -> Due {
        let calls = self.window.calls.max(1);
        let free = usize::try_from(calls.saturating_sub(self.flying)).unwrap_or(usize::MAX);
        if free == 0 {
            return Due::AfterAnswer;
        }
        // With `free` slots beside those that fly, the answers that may still count are `free - 1`.
        match self.answered.len().checked_sub(free) {
            None => Due::At(Moment(0)),
            Some(at) => Due::At(match self.answered.get(at) {
                // A slot is free again once its stretch is over, not in its last instant.
                Some(answered) => answered.after(self.window.per_ns.saturating_add(1)),
                None => Moment(0),
            }),
        }
    }
}

/// When a call may leave; `partly`: it shows a part of the text, and can wait for more.
pub(super) fn due(chat: &Pace, global: &Pace, kind: Kind, partly: bool) -> Due {
    let (Due::At(in_chat), Due::At(in_all)) = (chat.due(kind), global.due(kind)) else {
        return Due::AfterAnswer;
    };
    let mut due = in_chat.max(in_all);
    if let (true, Some(last)) = (partly, chat.last) {
        due = due.max(last.after(chat.interval_ns.saturating_mul(1 << chat.slower)));
    }
    Due::At(due)
}

impl Gate<'_> {
    pub(super) fn left(&mut self, now: Moment, kind: Kind) {
        self.chat.left(now, kind);
        self.global.left(now, kind);
    }

    pub(super) fn answered(&mut self, now: Moment, kind: Kind) {
        self.chat.answered(now, kind);
        self.global.answered(now, kind);
    }

    pub(super) fn accepted(&mut self) {
        self.chat.accepted();
        self.global.accepted();
    }

    pub(super) fn limited(&mut self, now: Moment, retry_after_ns: Option<u64>, scope: Scope) {
        match scope {
            Scope::Chat => self.chat.block(now, retry_after_ns),
            Scope::Global => self.global.block(now, retry_after_ns),
        }
    }

    /// The platform's own count.
    pub(super) fn left_over(&mut self, now: Moment, calls: u64, reset_after_ns: u64) {
        if calls == 0 {
            let until = now.after(reset_after_ns);
            self.chat.blocked_until = self.chat.blocked_until.max(until);
        }
    }

    /// How long to wait before an unanswered call is repeated.
    pub(super) fn backoff(&mut self, tries: u32) -> u64 {
        let chat = &mut *self.chat;
        let wait = chat.backoff_ns.saturating_mul(1 << tries.min(20));
        let wait = wait.min(chat.backoff_ns_max);
        wait.saturating_add(chat.jitter(wait))
    }
}
