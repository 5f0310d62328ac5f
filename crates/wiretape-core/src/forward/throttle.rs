//! The throttle.

use core::fmt;

use super::{Action, Input, Options, Policy};
use crate::machine::{Machine, Moment};

/// Forwards one reply to one chat.
#[derive(Debug)]
pub struct Throttle {
    policy: Policy,
    options: Options,
}

/// An input that is not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Text after the end of the reply.
    Ended,
    /// More text waits to be shown than [`Options::text_bytes_max`] permits.
    TextTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl Throttle {
    /// A throttle for one reply.
    #[must_use]
    pub fn new(policy: Policy, options: Options) -> Self {
        Self { policy, options }
    }
}

impl Machine for Throttle {
    type Input<'a> = Input<'a>;
    type Action = Action;
    type Error = Error;

    fn handle(&mut self, now: Moment, _: Input<'_>) -> Result<(), Error> {
        self.advance(now)
    }

    fn advance(&mut self, _: Moment) -> Result<(), Error> {
        let _ = (&self.policy, &self.options);
        Ok(())
    }

    fn poll(&mut self) -> Option<Action> {
        None
    }

    fn deadline(&self) -> Option<Moment> {
        None
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("text after the end of the reply"),
            Self::TextTooLong { limit } => {
                write!(f, "more than {limit} bytes of text wait to be shown")
            }
        }
    }
}

impl core::error::Error for Error {}
