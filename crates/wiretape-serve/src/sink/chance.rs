//! Chance from a seed: splitmix64, of whose values the next depends on how many were drawn alone.

use super::options::{Options, Wait};

#[derive(Clone, Debug)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// True so many times of 1,000.
    fn happens(&mut self, per_mille: u16) -> bool {
        self.next() % 1_000 < u64::from(per_mille)
    }

    /// What a call is told that is refused for nothing.
    pub(crate) fn limited(&mut self, options: &Options) -> Option<Wait> {
        let happens = self.happens(options.refusals.limited);
        let which = self.next();
        let waits = &options.refusals.waits;
        let count = u64::try_from(waits.len()).unwrap_or(1).max(1);
        let place = usize::try_from(which % count).unwrap_or(0);
        happens.then(|| waits.get(place).copied().unwrap_or(Wait::Due))
    }

    pub(crate) fn broken(&mut self, options: &Options) -> bool {
        self.happens(options.refusals.broken)
    }

    pub(crate) fn lost(&mut self, options: &Options) -> bool {
        self.happens(options.refusals.lost)
    }
}
