//! The oracle: what a client did against what the delivery permits.

use wiretape_tape::Tape;
use wiretape_vary::Script;

use crate::{Case, Finding, Observation};

/// All that is known of one run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The tape, untouched.
    pub tape: &'a Tape,
    /// Which delivery it was; `None`: the untouched tape.
    pub case: Option<&'a Case>,
    /// What was sent for each exchange, attempt by attempt; the last stands for all that follow.
    pub sent: &'a [Vec<Script>],
    /// What the client did on the untouched tape.
    pub baseline: &'a Observation,
    /// What it did this time.
    pub seen: &'a Observation,
}

/// What the client did wrong; empty where nothing is.
#[must_use]
pub fn judge(run: Run<'_>) -> Vec<Finding> {
    let _ = run;
    Vec::new()
}
