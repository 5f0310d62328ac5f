//! One reply into one chat.

use core::fmt;

use super::pace::{Gate, Pace};
use super::reply::Reply;
use super::{Action, Input, Options, Policy, Scope};
use crate::machine::{Machine, Moment};

/// Forwards one reply to one chat, at the pace that a policy permits.
///
/// - One call is in flight at a time, so that edits cannot overtake one another (M-13).
/// - The last text always arrives, or [`super::Outcome::Failed`] hands it back (M-02).
/// - After a block there is one call, with all that has gathered (M-01).
/// - No call says what the message says already (M-03, M-04), and none is blank (M-10).
/// - A text too long goes on in another message (M-05).
///
/// Several replies in one chat, or one bot in several: [`super::Hub`].
#[derive(Debug)]
pub struct Throttle {
    policy: Policy,
    reply: Reply,
    chat: Pace,
    global: Pace,
}

/// An input that is not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Text after the end of the reply.
    Ended,
    /// More text waits to be shown than [`Options::text_bytes_max`] permits. None of it was taken.
    TextTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A reply that the [`super::Hub`] does not know.
    Unknown {
        /// The reply.
        reply: u64,
    },
    /// A [`super::Hub`] with this many replies or chats takes no more.
    Full {
        /// The limit.
        limit: usize,
    },
}

impl Throttle {
    /// A throttle for one reply.
    #[must_use]
    pub fn new(policy: Policy, options: Options) -> Self {
        let seed = options.seed;
        Self {
            chat: Pace::new(&policy, Scope::Chat, seed),
            global: Pace::new(&policy, Scope::Global, !seed),
            reply: Reply::new(&policy, options),
            policy,
        }
    }

    /// What the platform permits, as it was given.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Nothing more will come of it.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.reply.is_finished()
    }
}

impl Machine for Throttle {
    type Input<'a> = Input<'a>;
    type Action = Action;
    type Error = Error;

    fn handle(&mut self, now: Moment, input: Input<'_>) -> Result<(), Error> {
        let (chat, global) = (&mut self.chat, &mut self.global);
        let mut gate = Gate { chat, global };
        self.reply.handle(now, input, &mut gate)?;
        self.reply.advance(now, &mut gate);
        Ok(())
    }

    fn advance(&mut self, now: Moment) -> Result<(), Error> {
        let (chat, global) = (&mut self.chat, &mut self.global);
        self.reply.advance(now, &mut Gate { chat, global });
        Ok(())
    }

    fn poll(&mut self) -> Option<Action> {
        self.reply.poll()
    }

    fn deadline(&self) -> Option<Moment> {
        self.reply.deadline(&self.chat, &self.global)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("text after the end of the reply"),
            Self::TextTooLong { limit } => {
                write!(f, "more than {limit} bytes of text wait to be shown")
            }
            Self::Unknown { reply } => write!(f, "reply {reply} was never begun, or is over"),
            Self::Full { limit } => write!(f, "more than {limit} replies or chats at once"),
        }
    }
}

impl core::error::Error for Error {}
