//! Ways to cut a body into chunks.

/// Where a body is cut: rising offsets, neither 0 nor its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) cuts: Vec<usize>,
    pub(super) name: String,
}

impl Partition {
    /// A cut after every `size` bytes.
    pub(crate) fn every(size: usize, len: usize) -> Self {
        Self {
            cuts: (1..len).filter(|at| at % size.max(1) == 0).collect(),
            name: format!("chunks of {size} bytes"),
        }
    }

    /// Cuts by chance: few or many, spread or close together.
    pub(crate) fn random(chance: &mut Chance, len: usize) -> Self {
        let seed = chance.state;
        let mut cuts = Vec::new();
        let widest = 1 << chance.below(11);
        let mut at = chance.below(widest + 1);
        while at < len {
            if at > 0 {
                cuts.push(at);
            }
            at += 1 + chance.below(widest);
        }
        Self {
            cuts,
            name: format!("chunks of up to {widest} bytes by chance {seed:#x}"),
        }
    }

    /// The sizes every law tries, then `runs` by chance.
    pub(super) fn all(seed: u64, runs: u32, len: usize) -> impl Iterator<Item = Self> {
        let sizes = (1..=64_usize).map(move |size| Self::every(size, len));
        let mut chance = Chance::new(seed);
        sizes.chain((0..runs).map(move |_| Self::random(&mut chance, len)))
    }

    pub(super) fn pieces<'a>(&self, body: &'a [u8]) -> Vec<&'a [u8]> {
        pieces(body, &self.cuts)
    }

    /// What was done, for a report.
    pub(super) fn describe(&self) -> String {
        let shown: Vec<String> = self.cuts.iter().take(8).map(usize::to_string).collect();
        let more = if self.cuts.len() > shown.len() {
            ", …"
        } else {
            ""
        };
        format!("{}: cut at {}{more}", self.name, shown.join(", "))
    }
}

pub(crate) fn pieces<'a>(body: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut from = 0;
    let mut pieces = Vec::with_capacity(cuts.len() + 1);
    for &cut in cuts {
        pieces.push(body.get(from..cut).unwrap_or_default());
        from = cut;
    }
    pieces.push(body.get(from..).unwrap_or_default());
    pieces
}

/// The least cuts, or pieces, that still break it: half of them left out, then a quarter, down to
/// one.
pub(super) fn shrink<T: Clone>(all: &[T], mut breaks: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut least = all.to_vec();
    let mut width = least.len().div_ceil(2);
    while width > 0 {
        let mut from = 0;
        while from < least.len() {
            let mut fewer = least.clone();
            fewer.drain(from..(from + width).min(least.len()));
            if breaks(&fewer) {
                least = fewer;
            } else {
                from += width;
            }
        }
        width /= 2;
    }
    least
}

/// `SplitMix64`: where to cut is not worth a dependency.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or(0)
    }
}
