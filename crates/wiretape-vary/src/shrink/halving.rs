//! Which items of a list to leave out next.

use core::ops::Range;

/// Leaves out all items at once, then one half and the other, then quarters, down to single items.
/// What could not be left out before may be once others are gone, so that single items are tried
/// again as long as one went.
#[derive(Clone, Debug)]
pub(super) struct Halving {
    width: usize,
    from: usize,
    /// Items that stay at least.
    least: usize,
    went: bool,
    /// Single items are tried again.
    again: bool,
}

impl Halving {
    pub(super) fn new(len: usize, least: usize) -> Self {
        Self {
            width: len.saturating_sub(least),
            from: 0,
            least,
            went: false,
            again: true,
        }
    }

    /// Each width once: for lists in which an item rarely depends on another.
    pub(super) fn once(len: usize, least: usize) -> Self {
        Self {
            again: false,
            ..Self::new(len, least)
        }
    }

    /// What of a list of `len` items to leave out; `None`: nothing is left to try.
    pub(super) fn next(&mut self, len: usize) -> Option<Range<usize>> {
        while self.width > 0 {
            let spare = len.saturating_sub(self.least);
            let to = len.min(self.from.saturating_add(self.width));
            if self.from < to && to - self.from <= spare {
                return Some(self.from..to);
            }
            if self.from < to && spare > 0 && self.width > spare {
                self.width = spare;
                continue;
            }
            let again = self.again && self.width == 1 && self.went && spare > 0;
            self.width = if again { 1 } else { self.width / 2 };
            self.from = 0;
            self.went = false;
        }
        None
    }

    /// Whether what was left out could be.
    pub(super) fn answer(&mut self, went: bool) {
        self.went |= went;
        if !went {
            self.from = self.from.saturating_add(self.width);
        }
    }
}

/// The smallest number for which it still holds, as far as halving the rest finds it.
#[derive(Clone, Debug)]
pub(super) struct Bisection {
    low: u64,
    high: u64,
    tried: u64,
}

impl Bisection {
    /// It holds for `high`.
    pub(super) fn new(high: u64) -> Self {
        Self {
            low: 0,
            high,
            tried: 0,
        }
    }

    pub(super) fn next(&mut self) -> Option<u64> {
        if self.high <= self.low {
            return None;
        }
        // 0 first: most often a place or a size does not matter at all.
        self.tried = if self.low == 0 && self.tried == 0 {
            0
        } else {
            self.low + (self.high - self.low) / 2
        };
        Some(self.tried)
    }

    pub(super) fn answer(&mut self, held: bool) {
        if held {
            self.high = self.tried;
        } else {
            self.low = self.tried + 1;
        }
    }
}
