//! The laws: properties that hold for every delivery of every stream.
//!
//! [`check`] runs them all over wiretape's own reader. For a reader of your own there are:
//!
//! | law | takes | |
//! |---|---|---|
//! | 1 | a function from chunks to any value that can be compared | [`chunk_blind`] |
//! | 1, proved | a decoder of the shape of [`chunking::Framing`] | [`chunking::prove`] |
//! | 2 | a function from a body to the calls that would be run | [`cut_safe`] |
//! | 3 | the same, under faults | [`fault_safe`] |
//! | 11 | a function from a request and a number of tokens to what is sent | [`budget_sound`] |
//! | 9, 12 | a function from chunks to what the reply means | [`reshape_blind`] |
//!
//! ```
//! // A reader that splits at line feeds, and forgets that a line can be cut in two.
//! let careless = |chunks: &[&[u8]]| -> Vec<Vec<u8>> {
//!     let lines = chunks.iter().flat_map(|chunk| chunk.split(|byte| *byte == b'\n'));
//!     lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
//! };
//! let failure = wiretape::laws::chunk_blind(b"one\ntwo\n", 0, 64, careless).unwrap_err();
//! assert_eq!(failure.case, "chunks of 1 bytes: cut at 6"); // of seven cuts, the one that matters
//! ```

pub mod bounds;
pub mod budget;
pub mod chunking;
pub mod cut;
pub mod gate;
#[cfg(feature = "server")]
pub mod parity;
pub mod reading;
pub mod reshape;
pub mod tape;

mod difference;
pub(crate) mod partition;

use std::fmt;

use wiretape_vary::Scenario;

use crate::Subject;
use partition::Partition;

pub use budget::budget_sound;
pub use cut::cut_safe;
pub use reshape::{fault_safe, reshape_blind};

/// How much to try.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Where chance starts.
    pub seed: u64,
    /// Scenarios per law that samples.
    pub runs: u32,
    /// Bodies up to this many bytes get the proof over all partitions instead of samples.
    pub proof_bytes_max: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            seed: 0,
            runs: 64,
            proof_bytes_max: 16 << 10,
        }
    }
}

/// How a law was established.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum How {
    /// For every case there is: all 2^(n-1) partitions, every cut.
    Proved,
    /// For as many cases as were asked for.
    Sampled,
    /// It does not apply, for this reason.
    DoesNotApply(&'static str),
}

/// What became of one law over one subject.
#[derive(Clone, Debug)]
pub struct Report {
    /// The law's number in the design.
    pub number: u8,
    /// Its name: `chunking`, `cut`, `gate`, …
    pub law: &'static str,
    /// How it was established.
    pub how: How,
    /// How many cases were tried.
    pub cases: u64,
    /// The first case that breaks it.
    pub failure: Option<Failure>,
}

/// A case that breaks a law.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was done to the bytes: offsets, a cut, a scenario.
    pub case: String,
    /// The scenario, where one was played.
    pub scenario: Option<Box<Scenario>>,
    /// The first difference: expected, seen.
    pub difference: String,
}

impl Failure {
    fn new(case: impl Into<String>, difference: impl Into<String>) -> Self {
        Self {
            case: case.into(),
            scenario: None,
            difference: difference.into(),
        }
    }
}

impl Report {
    fn new(number: u8, law: &'static str, how: How) -> Self {
        Self {
            number,
            law,
            how,
            cases: 0,
            failure: None,
        }
    }

    fn does_not_apply(number: u8, law: &'static str, why: &'static str) -> Self {
        Self::new(number, law, How::DoesNotApply(why))
    }

    /// Takes in one part of the law; the weaker way of establishing it counts.
    fn add(&mut self, part: Result<(How, u64), Failure>) {
        match part {
            Ok((how, cases)) => {
                self.cases += cases;
                if how != How::Proved {
                    self.how = how;
                }
            }
            Err(failure) => {
                self.cases += 1;
                self.failure = self.failure.take().or(Some(failure));
            }
        }
    }

    /// Takes in one case; `false` once the law is broken.
    fn case(&mut self, case: Result<(), Failure>) -> bool {
        self.cases += 1;
        self.failure = self.failure.take().or_else(|| case.err());
        self.failure.is_none()
    }
}

/// Every law that applies to the subject, in order of number.
#[must_use]
pub fn check(subject: &Subject<'_>, effort: &Effort) -> Vec<Report> {
    each(subject, effort).collect()
}

/// The same, one by one: a law is checked when its report is asked for, so that what has been
/// found can be shown before the last law is done.
pub fn each<'a>(subject: &'a Subject<'a>, effort: &'a Effort) -> impl Iterator<Item = Report> + 'a {
    let varied = subject.varied();
    LAWS.iter().map(move |law| law(subject, &varied, effort))
}

type Law = fn(&Subject<'_>, &wiretape_vary::Subject, &Effort) -> Report;

const LAWS: [Law; 13] = [
    |subject, _, effort| chunking::check(subject, effort),
    |subject, _, effort| reading::check(subject, effort),
    |subject, _, effort| cut::check(subject, effort),
    |subject, varied, _| gate::check(subject, varied),
    reshape::faults,
    |subject, varied, _| tape::round_trip(subject, varied),
    |_, varied, effort| tape::replay(varied, effort),
    through_sockets,
    |subject, _, effort| bounds::progress(subject, effort),
    |subject, _, effort| bounds::check(subject, effort),
    reshape::interleaving,
    reshape::check,
    reshape::unknown,
];

#[cfg(feature = "server")]
fn through_sockets(
    subject: &Subject<'_>,
    varied: &wiretape_vary::Subject,
    effort: &Effort,
) -> Report {
    parity::check(subject, varied, effort)
}

#[cfg(not(feature = "server"))]
fn through_sockets(_: &Subject<'_>, _: &wiretape_vary::Subject, _: &Effort) -> Report {
    Report::does_not_apply(6, "parity", "sockets come with the feature `server`")
}

/// Any reader at all: what it makes of a body must not depend on where the chunks end.
///
/// `read` is given the same bytes in chunks of every size up to 64 bytes, then in `runs` partitions
/// by chance, and must give what it gives for the whole body in one chunk. Says how many partitions
/// were tried.
///
/// # Errors
/// The first partition that gives something else, with as few cuts as still show it.
pub fn chunk_blind<T: PartialEq + fmt::Debug>(
    body: &[u8],
    seed: u64,
    runs: u32,
    read: impl Fn(&[&[u8]]) -> T,
) -> Result<u64, Failure> {
    let whole = read(&[body]);
    let mut cases = 0;
    for partition in Partition::all(seed, runs, body.len()) {
        cases += 1;
        if read(&partition.pieces(body)) != whole {
            let least = chunking::shrunk(body, &partition, &whole, &read);
            let seen = read(&least.pieces(body));
            return Err(Failure::new(
                least.describe(),
                difference::of(&whole, &seen),
            ));
        }
    }
    Ok(cases)
}

impl std::error::Error for Failure {}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proved => f.write_str("proved"),
            Self::Sampled => f.write_str("sampled"),
            Self::DoesNotApply(why) => write!(f, "does not apply: {why}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            law,
            how,
            cases,
            failure,
        } = self;
        write!(f, "law {number} {law}: ")?;
        match (failure, how) {
            (Some(failure), _) => write!(f, "broken after {cases} cases, {failure}"),
            (None, How::DoesNotApply(_)) => write!(f, "{how}"),
            (None, _) => write!(f, "holds, {how} in {cases} cases"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.case, self.difference)?;
        if let Some(scenario) = &self.scenario {
            let scenario = serde_json::to_string(scenario).unwrap_or_default();
            write!(f, "\nscenario: {scenario}")?;
        }
        Ok(())
    }
}
