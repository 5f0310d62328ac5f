//! The plan: from numbers alone, in linear time.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::Budget;

/// A message, as far as a plan has to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Which group it belongs to: messages that follow each other with the same number leave
    /// together or stay together.
    pub group: usize,
    /// Why it must stay; `None` where it may go.
    pub pin: Option<Pin>,
    /// What it costs, in tokens.
    pub tokens: u64,
    /// Its results that may be truncated, in order.
    pub results: Vec<Cuttable>,
}

/// A result that may be truncated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuttable {
    /// Which part of its message.
    pub part: usize,
    /// What truncating it saves, in tokens.
    pub saves: u64,
}

/// Why a message stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Pin {
    /// The user's last word and all that followed. Its results may be truncated, after all else.
    CurrentTurn,
    /// The caller says so.
    Caller,
    /// The first message of the user: the task.
    FirstUser,
    /// The operator's instructions.
    System,
}

/// One thing that is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// A result keeps its head and its tail.
    Truncate {
        /// Which message, counted from 0.
        message: usize,
        /// Which part of it.
        part: usize,
        /// Tokens saved.
        saves: u64,
        /// It belongs to the current turn: nothing older was left to cut.
        current: bool,
    },
    /// A group is left out.
    Drop {
        /// Which messages, counted from 0.
        messages: Range<usize>,
        /// Tokens saved.
        saves: u64,
    },
}

/// What to cut so that the rest fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// What to cut, in the order of the messages; empty where all fits.
    pub cuts: Vec<Cut>,
    /// What the messages cost before, in tokens.
    pub before: u64,
    /// What they cost after.
    pub after: u64,
    /// What they may cost.
    pub allowed: u64,
}

/// What must stay is more than what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overfull {
    /// What must stay, everything that may be truncated truncated: the sum of the next four.
    pub pinned: u64,
    /// Of that, the operator's messages.
    pub system: u64,
    /// Of that, the first message of the user.
    pub first_user: u64,
    /// Of that, what the caller pinned.
    pub caller: u64,
    /// Of that, the current turn.
    pub current_turn: u64,
    /// What the messages may cost.
    pub allowed: u64,
    /// The limits that follow from.
    pub budget: Budget,
}

/// Which messages leave or stay together, and what they are worth.
struct Group {
    messages: Range<usize>,
    pin: Option<Pin>,
    tokens: u64,
    /// What truncating its results saves.
    saves: u64,
}

/// Decides what to cut: pure, linear in the entries.
///
/// Results outside of pinned groups are truncated before a group is dropped, and no group is
/// dropped that could have stayed with all of them truncated; a result is not truncated where the
/// drops alone make room. Both go oldest first. Results of the current turn are truncated last.
///
/// # Errors
/// [`Overfull`] where what is pinned costs more than what is allowed.
pub fn plan(budget: &Budget, entries: &[Entry]) -> Result<Plan, Overfull> {
    let groups = groups(entries);
    let before = groups.iter().map(|group| group.tokens).sum();
    let allowed = budget.allowed();
    let mut plan = Plan {
        cuts: Vec::new(),
        before,
        after: before,
        allowed,
    };
    if before <= allowed {
        return Ok(plan);
    }
    let loose = || groups.iter().filter(|group| group.pin.is_none());
    let stays: u64 = before - loose().map(|group| group.tokens).sum::<u64>();
    // What cannot be reached is not aimed at: then all goes that may.
    let target = budget.target(before).max(stays).min(allowed);
    let least = before - loose().map(|group| group.saves).sum::<u64>();
    let mut dropped = Drops::new(&groups);
    let mut left = least;
    while left > target {
        let Some(group) = dropped.next() else { break };
        left -= group.tokens - group.saves;
    }
    let dropped = dropped.before;
    let gone: u64 = loose()
        .filter(|group| group.messages.end <= dropped)
        .map(|group| group.tokens)
        .sum();
    plan.after = before - gone;
    truncate(&mut plan, entries, &groups, dropped, target, None);
    if plan.after > allowed {
        let current = Some(Pin::CurrentTurn);
        truncate(&mut plan, entries, &groups, 0, allowed, current);
    }
    if plan.after > allowed {
        return Err(overfull(budget, &groups));
    }
    plan.cuts.sort_by_key(place);
    Ok(plan)
}

/// The groups that may go, oldest first.
struct Drops<'a> {
    groups: core::slice::Iter<'a, Group>,
    /// Loose groups that end here or earlier are dropped.
    before: usize,
}

impl<'a> Drops<'a> {
    fn new(groups: &'a [Group]) -> Self {
        Self {
            groups: groups.iter(),
            before: 0,
        }
    }

    fn next(&mut self) -> Option<&'a Group> {
        let group = self.groups.find(|group| group.pin.is_none())?;
        self.before = group.messages.end;
        Some(group)
    }
}

/// Drops what ends at `dropped` or earlier, and truncates results of groups with this pin, oldest
/// first, until no more than `target` is left.
fn truncate(
    plan: &mut Plan,
    entries: &[Entry],
    groups: &[Group],
    dropped: usize,
    target: u64,
    pin: Option<Pin>,
) {
    for group in groups.iter().filter(|group| group.pin == pin) {
        if group.messages.end <= dropped {
            plan.cuts.push(Cut::Drop {
                messages: group.messages.clone(),
                saves: group.tokens,
            });
            continue;
        }
        for message in group.messages.clone() {
            let results = entries.get(message).map(|entry| entry.results.as_slice());
            for result in results.unwrap_or_default() {
                if plan.after <= target {
                    break;
                }
                if result.saves == 0 {
                    continue;
                }
                plan.after -= result.saves;
                plan.cuts.push(Cut::Truncate {
                    message,
                    part: result.part,
                    saves: result.saves,
                    current: pin.is_some(),
                });
            }
        }
    }
}

/// Where it cuts.
pub(super) fn place(cut: &Cut) -> (usize, usize) {
    match cut {
        Cut::Truncate { message, part, .. } => (*message, *part),
        Cut::Drop { messages, .. } => (messages.start, 0),
    }
}

fn groups(entries: &[Entry]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::with_capacity(entries.len());
    let mut number = None;
    for (at, entry) in entries.iter().enumerate() {
        let saves: u64 = entry.results.iter().map(|result| result.saves).sum();
        match groups.last_mut().filter(|_| number == Some(entry.group)) {
            Some(group) => {
                group.messages.end = at + 1;
                group.pin = group.pin.max(entry.pin);
                group.tokens += entry.tokens;
                group.saves += saves;
            }
            None => groups.push(Group {
                messages: at..at + 1,
                pin: entry.pin,
                tokens: entry.tokens,
                saves,
            }),
        }
        number = Some(entry.group);
    }
    groups
}

fn overfull(budget: &Budget, groups: &[Group]) -> Overfull {
    let sum = |pin: Pin| -> u64 {
        let pinned = groups.iter().filter(|group| group.pin == Some(pin));
        let cost = |group: &Group| match pin {
            Pin::CurrentTurn => group.tokens - group.saves,
            _ => group.tokens,
        };
        pinned.map(cost).sum()
    };
    let (system, first_user) = (sum(Pin::System), sum(Pin::FirstUser));
    let (caller, current_turn) = (sum(Pin::Caller), sum(Pin::CurrentTurn));
    Overfull {
        pinned: system + first_user + caller + current_turn,
        system,
        first_user,
        caller,
        current_turn,
        allowed: budget.allowed(),
        budget: *budget,
    }
}

impl fmt::Display for Overfull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pinned,
            system,
            first_user,
            caller,
            current_turn,
            allowed,
            budget,
        } = self;
        write!(
            f,
            "what must stay is {pinned} tokens, expected at most {allowed}: system {system}, first \
             message of the user {first_user}, current turn {current_turn}, pinned by the caller \
             {caller}; the window is {}, of it {} % may be used, {} are for the reply and {} for \
             the system prompt and the tools",
            budget.window, budget.threshold_percent, budget.max_tokens, budget.fixed
        )
    }
}

impl core::error::Error for Overfull {}
