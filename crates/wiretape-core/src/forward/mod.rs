//! Text deltas into calls of a chat platform, at the pace it permits.
//!
//! ```text
//! Text, Break, Reset, End ──▶ Throttle ──▶ Post, Edit, Delete ──▶ api::request ──▶ HTTP
//!                                ▲                                                  │
//!                                └────────────── Answer ◀── api::answer ◀───────────┘
//! ```
//!
//! [`Throttle`] is a machine: it has no clock and no socket. Whoever drives it carries each call out
//! and answers it with [`Input::Answer`]. One call of a reply is in flight at a time.

pub mod api;

mod grapheme;
mod hub;
mod options;
mod pace;
mod parts;
mod policy;
mod random;
mod reply;
mod scan;
mod throttle;

use alloc::string::String;

pub use hub::{Hub, HubAction, HubInput};
pub use options::{First, LostPost, Once, Options, Partial};
pub use policy::{Counts, Growth, Platform, Policy, Stream, TEXT_MAX_MIN, Unit, Window};
pub use throttle::{Error, Throttle};

/// What a [`Throttle`] takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// More of the reply's text.
    Text(&'a str),
    /// A step ended and a tool runs: what follows is a new paragraph (M-12).
    Break,
    /// The model starts again: what it said is void, what follows replaces it (F-60, M-15).
    Reset,
    /// The reply is complete.
    End,
    /// What became of a call.
    Answer {
        /// The call's number.
        call: u64,
        /// What the platform said, or that it said nothing.
        answer: Answer,
    },
    /// What a response's headers say about the calls that are left; [`api::left`] reads it.
    Left(Left),
    /// The user wants no more of this reply. What has come is still shown.
    Stop,
}

/// What a platform says to a call; [`api::answer`] reads it out of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A post was accepted.
    Posted {
        /// The platform's name for the new message.
        message: String,
    },
    /// An edit or a deletion was accepted.
    Done,
    /// The message says that already (M-03). Not a failure.
    NotModified,
    /// Too many calls (M-01, M-14). Also for a call that certainly never left.
    Limited {
        /// How long to wait, in nanoseconds, if the platform said so.
        retry_after_ns: Option<u64>,
        /// What has to wait.
        scope: Scope,
    },
    /// The message is not there: somebody deleted it (M-08).
    Gone,
    /// The user pressed the platform's own stop button (M-08).
    Stopped,
    /// The message can no longer be changed in the way it was begun (M-07).
    Expired,
    /// The text is longer than the platform takes (M-05).
    TooLong,
    /// The text does not parse as the platform's markup (M-06).
    BadMarkup,
    /// Anything else that will not get better by trying again.
    Refused {
        /// The platform's own words.
        why: String,
    },
    /// No answer, or one that says nothing about the call: it may have been carried out or not (M-11).
    Lost,
}

/// What a platform says is left of its allowance for a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Calls.
    pub calls: u64,
    /// Nanoseconds until there are more.
    pub reset_after_ns: u64,
}

/// What a limit holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One chat.
    Chat,
    /// Everything that the application says in any chat.
    Global,
}

/// The means a message is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// An ordinary message: posted, then edited with its whole new text.
    Message,
    /// The platform's means for replies that grow, which expires: Slack's and Teams' streams,
    /// Discord's interaction token.
    Stream {
        /// Counts the calls of this stream, from 1.
        sequence: u32,
    },
    /// The last call of a stream.
    StreamEnd {
        /// Counts the calls of this stream, from 1.
        sequence: u32,
    },
}

/// What a [`Throttle`] wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Create a message.
    Post {
        /// The number to answer with.
        call: u64,
        /// The same for a post and its repetition, and for no other post of the bot, for platforms that
        /// recognise one; see [`Options::reply`].
        key: Option<u64>,
        /// The text, never blank.
        text: String,
        /// The text is Markdown and should be shown as such.
        markup: bool,
        /// The means.
        via: Via,
    },
    /// Change a message.
    Edit {
        /// The number to answer with.
        call: u64,
        /// The message, as [`Answer::Posted`] named it.
        message: String,
        /// The whole new text; on a platform that appends, what is added to it (may be empty in the
        /// last call of a stream).
        text: String,
        /// The text is Markdown and should be shown as such.
        markup: bool,
        /// The means.
        via: Via,
    },
    /// Remove a message.
    Delete {
        /// The number to answer with.
        call: u64,
        /// The message, as [`Answer::Posted`] named it.
        message: String,
    },
    /// Nobody reads on: stop the model (M-08).
    StopModel,
    /// Nothing more will be called.
    Finished(Outcome),
}

/// How a reply's forwarding ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of the text was accepted by the platform.
    Delivered {
        /// Messages it stands in; 0 where there was nothing to say.
        messages: usize,
        /// Calls that were never answered, and are taken as carried out (M-11): text may be missing.
        uncertain: usize,
        /// Messages with void text that could not be removed.
        stale: usize,
    },
    /// The user stopped the reply, or deleted its message.
    Stopped,
    /// The platform would not take the rest.
    Failed {
        /// Why.
        why: String,
        /// The text that is not shown.
        undelivered: String,
    },
}
