//! What lives in time: one input, poll to `None`, wait until the deadline or the next input.

use core::fmt;

/// A point in time: nanoseconds on the stream's own clock, which starts at 0.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// The moment `ns` nanoseconds later; the end of time where that overflows.
    #[must_use]
    pub fn after(self, ns: u64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Nanoseconds since the start of the stream's clock.
    #[must_use]
    pub fn as_nanos(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{:09}s",
            self.0 / 1_000_000_000,
            self.0 % 1_000_000_000
        )
    }
}

/// A state machine in time, without a clock.
pub trait Machine {
    /// What comes in.
    type Input<'a>;
    /// What goes out.
    type Action;
    /// What can be wrong with an input.
    type Error: core::error::Error;

    /// Takes one input.
    ///
    /// # Errors
    /// When the input is not permitted in this state.
    fn handle(&mut self, now: Moment, input: Self::Input<'_>) -> Result<(), Self::Error>;

    /// Tells the time. Early or repeated calls have no effect.
    ///
    /// # Errors
    /// When a deadline that has passed is a failure.
    fn advance(&mut self, now: Moment) -> Result<(), Self::Error>;

    /// What to do next; drain it before the next input.
    fn poll(&mut self) -> Option<Self::Action>;

    /// When `advance` next has an effect.
    fn deadline(&self) -> Option<Moment>;
}

/// Drives a machine in virtual time from `start` until it has no deadline left, and gives each
/// action with its moment to `act`.
///
/// # Errors
/// The machine's own.
pub fn run<M: Machine>(
    machine: &mut M,
    start: Moment,
    mut act: impl FnMut(Moment, M::Action),
) -> Result<Moment, M::Error> {
    let mut now = start;
    machine.advance(now)?;
    loop {
        while let Some(action) = machine.poll() {
            act(now, action);
        }
        match machine.deadline() {
            Some(next) => {
                now = now.max(next);
                machine.advance(now)?;
            }
            None => return Ok(now),
        }
    }
}
