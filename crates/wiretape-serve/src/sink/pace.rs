//! Windows and blocks: what may be called now, and when again.

use std::collections::{BTreeMap, VecDeque};

use wiretape_core::Moment;

use super::SCOPES_MAX;
use super::options::Options;

/// So many calls in so long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// What is counted together: `chat 42`, `chat.update`, `all`.
    pub(crate) scope: String,
    pub(crate) calls: u32,
    /// As documented, before it is made shorter.
    pub(crate) per_ns: u64,
    pub(crate) shape: Shape,
}

/// Where a window begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Anywhere: no stretch of the window's length holds more.
    Sliding,
    /// At the first call after the last window.
    Fixed,
    /// Nowhere: there is no window, only blocks.
    Block,
}

/// Why a call may not be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) scope: String,
    /// From now until it may.
    pub(crate) due_ns: u64,
    pub(crate) why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The window is full: so many calls in so many nanoseconds, without what is tolerated.
    Over {
        calls: u32,
        per_ns: u64,
    },
    /// A 429 said to wait, `last_ns` long.
    Blocked {
        until: Moment,
        last_ns: u64,
    },
    Seed,
}

impl Denied {
    pub(crate) fn by_seed(scope: &str, due_ns: u64) -> Self {
        Self {
            scope: scope.to_owned(),
            due_ns,
            why: Why::Seed,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Scope {
    /// When the calls in the window came; of a fixed one, the first is when it began.
    calls: VecDeque<Moment>,
    blocked: Option<Block>,
    used: Moment,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    until: Moment,
    last_ns: u64,
}

/// Windows and blocks by scope.
#[derive(Debug)]
pub(crate) struct Pace {
    scopes: BTreeMap<String, Scope>,
    speed: u64,
    burst: u32,
    tolerance_percent: u64,
}

impl Pace {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            scopes: BTreeMap::new(),
            speed: u64::from(options.speed.max(1)),
            burst: options.burst,
            tolerance_percent: u64::from(options.tolerance_percent.min(99)),
        }
    }

    /// A window's length here.
    fn length(&self, limit: &Limit) -> u64 {
        let shorter = limit.per_ns / self.speed;
        shorter - shorter / 100 * self.tolerance_percent
    }

    /// Counts a call in all of its windows, or in none.
    pub(crate) fn enter(&mut self, now: Moment, limits: &[Limit]) -> Result<(), Denied> {
        for limit in limits {
            self.check_block(now, &limit.scope)?;
        }
        let windows = limits.iter().filter(|limit| limit.shape != Shape::Block);
        for limit in windows.clone() {
            self.check_window(now, limit)?;
        }
        for limit in windows {
            self.scope(now, &limit.scope).calls.push_back(now);
        }
        Ok(())
    }

    fn check_block(&mut self, now: Moment, name: &str) -> Result<(), Denied> {
        let Some(Block { until, last_ns }) = self.scopes.get(name).and_then(|scope| scope.blocked)
        else {
            return Ok(());
        };
        if until <= now {
            self.scope(now, name).blocked = None;
            return Ok(());
        }
        Err(Denied {
            scope: name.to_owned(),
            due_ns: until.as_nanos() - now.as_nanos(),
            why: Why::Blocked { until, last_ns },
        })
    }

    fn check_window(&mut self, now: Moment, limit: &Limit) -> Result<(), Denied> {
        let (length, speed) = (self.length(limit), self.speed);
        let calls = limit.calls.saturating_add(self.burst);
        let scope = self.scope(now, &limit.scope);
        expire(&mut scope.calls, now, length, limit.shape);
        let full = scope.calls.len() >= usize::try_from(calls).unwrap_or(usize::MAX);
        match scope.calls.front() {
            Some(first) if full => Err(Denied {
                scope: limit.scope.clone(),
                due_ns: first
                    .after(length)
                    .as_nanos()
                    .saturating_sub(now.as_nanos()),
                why: Why::Over {
                    calls,
                    per_ns: limit.per_ns / speed,
                },
            }),
            _ => Ok(()),
        }
    }

    /// Calls of this scope are refused for so long. `longer`: never shorter than before.
    pub(crate) fn block(&mut self, now: Moment, name: &str, wait_ns: u64, longer: bool) {
        let scope = self.scope(now, name);
        let before = scope.blocked.map_or(Moment(0), |block| block.until);
        let until = now.after(wait_ns);
        let until = if longer { until.max(before) } else { until };
        let last_ns = wait_ns;
        scope.blocked = Some(Block { until, last_ns });
    }

    /// Calls that the window still has, and how long until it begins anew.
    pub(crate) fn left(&self, now: Moment, limit: &Limit) -> (u32, u64) {
        let length = self.length(limit);
        let all = limit.calls.saturating_add(self.burst);
        let Some(scope) = self.scopes.get(&limit.scope) else {
            return (all, length);
        };
        let mut calls = scope.calls.clone();
        expire(&mut calls, now, length, limit.shape);
        let used = u32::try_from(calls.len()).unwrap_or(u32::MAX);
        let reset = calls.front().map_or(length, |first| {
            first
                .after(length)
                .as_nanos()
                .saturating_sub(now.as_nanos())
        });
        (all.saturating_sub(used), reset)
    }

    /// The scope by this name. Beyond [`SCOPES_MAX`], the one unused for longest makes room.
    fn scope(&mut self, now: Moment, name: &str) -> &mut Scope {
        if self.scopes.len() >= SCOPES_MAX && !self.scopes.contains_key(name) {
            let oldest = self.scopes.iter().min_by_key(|(_, scope)| scope.used);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.scopes.remove(&oldest);
            }
        }
        let scope = self.scopes.entry(name.to_owned()).or_default();
        scope.used = now;
        scope
    }
}

/// Drops the calls that the window no longer holds.
fn expire(calls: &mut VecDeque<Moment>, now: Moment, length: u64, shape: Shape) {
    let over = |first: &Moment| first.after(length) <= now;
    match shape {
        Shape::Sliding => {
            while calls.front().is_some_and(over) {
                calls.pop_front();
            }
        }
        Shape::Fixed => {
            if calls.front().is_some_and(over) {
                calls.clear();
            }
        }
        Shape::Block => {}
    }
}
