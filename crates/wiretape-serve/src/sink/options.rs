//! How a sink is set up.

/// How a sink is set up. The default is the platform's documented limits at their own length, with
/// nothing refused by chance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What chance comes from: the same seed refuses the same calls.
    pub seed: u64,
    /// Windows, blocks and lifetimes are so many times shorter, so that a test need not wait. 1: as
    /// documented. What is told in whole seconds is at least one.
    pub speed: u32,
    /// Calls beyond a window before one is refused. 0 is the strictest reading; the platforms
    /// tolerate short bursts, and none says how short.
    pub burst: u32,
    /// By how much a window may seem shorter where calls arrive than where they left, in percent:
    /// they travel, and not all for equally long. 0 in virtual time.
    pub tolerance_percent: u8,
    /// From a request to its response, in nanoseconds: so long a call is in flight.
    pub latency_ns: u64,
    /// The one token that is accepted. `None`: every token is.
    pub token: Option<String>,
    /// What is refused by chance.
    pub refusals: Refusals,
    /// More calls refused for their pace than this are a violation. `None`: any number.
    pub refused_max: Option<u64>,
    /// The sink's time 0, in seconds since 1970. `None`: when it is mounted, or a fixed day.
    pub epoch_s: Option<u64>,
}

/// What is refused by chance, of 1,000 calls that post, change or delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Answered 429, with one of `waits`.
    pub limited: u16,
    /// Answered 500, and not done.
    pub broken: u16,
    /// Done, and never answered: the ambiguous one (M-11).
    pub lost: u16,
    /// What those 429 tell (M-14). Empty: [`Wait::Due`].
    pub waits: Vec<Wait>,
}

/// How long a 429 by chance says to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// One second of the platform.
    Due,
    /// So many milliseconds, in the platform's own steps: whole seconds, rounded up, or fractions.
    /// 0: it says 0, and blocks nothing.
    Millis(u64),
    /// It says nothing, and blocks nothing.
    Untold,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            speed: 1,
            burst: 0,
            tolerance_percent: 0,
            latency_ns: 0,
            token: None,
            refusals: Refusals::default(),
            refused_max: None,
            epoch_s: None,
        }
    }
}

impl Options {
    /// A documented time, as long as it is here.
    pub(crate) fn shorter(&self, ns: u64) -> u64 {
        ns / u64::from(self.speed.max(1))
    }

    /// The sink's time 0 in seconds since 1970.
    pub(crate) fn epoch_s(&self) -> u64 {
        // The first second of 2026.
        self.epoch_s.unwrap_or(1_767_225_600)
    }
}
