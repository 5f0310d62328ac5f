//! What one seed chooses: which faults are on, and how the agent works. Some are off in each run, so
//! that those that are on meet each other more often.

use wiretape_core::agent::Options;
use wiretape_core::{Dialect, budget};
use wiretape_vary::Profile;

use super::chance::Chance;

pub(crate) const SECOND: u64 = 1_000_000_000;

/// What becomes of a request. `Stream` is the reply, under a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Stream,
    Unreachable,
    /// No head, ever.
    Silent,
    Status,
    /// A success that is no stream.
    NotAStream,
    /// The bytes stop coming.
    Stall,
    /// Only signs of life come.
    Masked,
    /// Each chunk comes just before the idle clock would ring.
    Drip,
    Reset,
    Incomplete,
    /// The body is whole, its connection stays open.
    Linger,
    /// The reply before, once more.
    Duplicate,
    /// The server says that the request is too long.
    Overflow,
}

pub(crate) const FATES: [Fate; 13] = [
    Fate::Stream,
    Fate::Unreachable,
    Fate::Silent,
    Fate::Status,
    Fate::NotAStream,
    Fate::Stall,
    Fate::Masked,
    Fate::Drip,
    Fate::Reset,
    Fate::Incomplete,
    Fate::Linger,
    Fate::Duplicate,
    Fate::Overflow,
];

/// Everything that a seed decides before the run.
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    pub(crate) dialect: Dialect,
    pub(crate) options: Options,
    pub(crate) budget: budget::Options,
    pub(crate) max_tokens: u64,
    pub(crate) prompts: u64,
    /// The weight of each of [`FATES`].
    pub(crate) fates: Vec<u64>,
    pub(crate) profile: Profile,
    /// Replies say how many tokens they cost. The budget scales its counts by that, so that a
    /// recount by one that has learned nothing says something only where they do not.
    pub(crate) usage: bool,
    /// One reply in so many is a tape that ships.
    pub(crate) tapes_one_in: u64,
    /// One reply in so many ends for a reason that forbids calls; 0 for none.
    pub(crate) stops_one_in: u64,
    /// One call in so many has odd arguments or an odd id; 0 for none.
    pub(crate) odd_calls_one_in: u64,
    /// One call in so many never answers; 0 for none.
    pub(crate) deaf_one_in: u64,
    /// The longest time of a tool.
    pub(crate) tool_ns_max: u64,
    pub(crate) result_bytes_max: usize,
    /// One prompt in so many is cancelled; 0 for none.
    pub(crate) cancel_one_in: u64,
    /// After how long at most.
    pub(crate) cancel_ns_max: u64,
}

impl Swarm {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x5EED);
        let chance = &mut chance;
        let mut fates = vec![300];
        let hostile = !chance.one_in(4);
        fates.extend(FATES.iter().skip(1).map(|_| {
            if hostile && chance.one_in(2) {
                chance.within(1, 100)
            } else {
                0
            }
        }));
        let maybe = |chance: &mut Chance, lo, hi| {
            if chance.one_in(2) {
                0
            } else {
                chance.within(lo, hi)
            }
        };
        Self {
            dialect: *chance.pick(&Dialect::CONVERSATIONS),
            options: options(chance),
            budget: budget(chance),
            max_tokens: *chance.pick(&[16, 64, 256]),
            prompts: chance.within(1, 4),
            fates,
            profile: *chance.pick(&[
                Profile::Plain,
                Profile::Wire,
                Profile::Lawful,
                Profile::Faults,
                Profile::All,
            ]),
            usage: chance.one_in(2),
            tapes_one_in: *chance.pick(&[2, 8, 64]),
            stops_one_in: maybe(chance, 3, 12),
            odd_calls_one_in: maybe(chance, 1, 6),
            deaf_one_in: maybe(chance, 2, 10),
            tool_ns_max: *chance.pick(&[1, SECOND, 40 * SECOND, 700 * SECOND]),
            result_bytes_max: *chance.pick(&[40, 400, 4_000, 20_000]),
            cancel_one_in: maybe(chance, 1, 4),
            cancel_ns_max: *chance.pick(&[SECOND / 10, 5 * SECOND, 400 * SECOND]),
        }
    }
}

fn options(chance: &mut Chance) -> Options {
    let mut options = Options::default();
    options.seed = chance.next();
    options.limits.turns_max = chance.count(1, 10);
    options.limits.calls_max = *chance.pick(&[1, 3, 10, 500]);
    options.limits.tokens_max = *chance.pick(&[10, 1_000, 10_000_000]);
    options.limits.calls_at_once_max = *chance.pick(&[1, 2, 32]);
    options.limits.result_bytes_max = *chance.pick(&[300, 3_000, 1 << 20]);
    options.limits.keys_max = *chance.pick(&[2, 12, 1 << 16]);
    options.retry.attempts_max = chance.count(1, 5);
    options.retry.after_text = !chance.one_in(4);
    options.clocks.idle_ns = *chance.pick(&[5 * SECOND, 90 * SECOND]);
    options.clocks.payload_idle_ns = *chance.pick(&[8 * SECOND, 60 * SECOND, 300 * SECOND]);
    options.clocks.total_ns = *chance.pick(&[30 * SECOND, 600 * SECOND, 3600 * SECOND]);
    options.clocks.linger_ns = *chance.pick(&[SECOND, 10 * SECOND]);
    options.clocks.call_ns = *chance.pick(&[2 * SECOND, 60 * SECOND, 600 * SECOND]);
    options
}

fn budget(chance: &mut Chance) -> budget::Options {
    let mut budget = budget::Options::new(*chance.pick(&[300, 900, 3_000, 20_000, 200_000]));
    budget.result_tokens_max = *chance.pick(&[50, 400, 2_000]);
    budget
}
