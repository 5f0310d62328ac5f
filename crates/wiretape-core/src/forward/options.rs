//! What a caller may choose.

use alloc::borrow::ToOwned;
use alloc::string::String;

const SECOND: u64 = 1_000_000_000;

/// What a caller may choose; see each field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where chance starts: the jitter of waits.
    pub seed: u64,
    /// A number that no other reply of the bot has had in the last minutes. From it the posts get
    /// their keys; without it they have none, for a platform that is given a key twice shows the
    /// second post nowhere.
    pub reply: Option<u64>,
    /// The reply is Markdown: fences are balanced across messages, and a text is marked as markup where
    /// the platform shows it.
    pub markup: bool,
    /// How a part of the reply is shown while the rest has not come.
    pub partial: Partial,
    /// What is shown before there is text.
    pub first: First,
    /// How long the first text is gathered before it is posted, in nanoseconds. A first message of
    /// one letter is what every notification would show.
    pub first_ns: u64,
    /// When a message that cannot be edited is posted.
    pub once: Once,
    /// What to do when a post was not answered (M-11).
    pub lost_post: LostPost,
    /// What a void message says where the platform does not let it be deleted.
    pub void: String,
    /// A call that has not been answered for this long, in nanoseconds, counts as [`super::Answer::Lost`].
    pub answer_ns_max: u64,
    /// How long after the end of the reply its text is still carried to the platform, in nanoseconds. A
    /// platform that asks for a longer wait is given up on, and the rest handed back (M-14).
    pub end_ns_max: u64,
    /// How often in a row a call may come to nothing before it is given up.
    pub tries_max: u32,
    /// Longest reply, in bytes, that waits to be shown.
    pub text_bytes_max: usize,
}

/// How a part of the reply is shown while the rest has not come (M-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partial {
    /// As Markdown: what is open is closed, what is incomplete is held back.
    Healed,
    /// As plain text.
    Plain,
}

/// What is shown before there is text (M-10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    /// Nothing.
    Text,
    /// This; replaced by the text, removed if there is none.
    Placeholder(String),
}

/// When a message that cannot be edited is posted ([`super::Growth::Once`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    /// At the end of the reply: a `Reset` before it leaves no trace.
    End,
    /// At the end of each paragraph and before each tool. What a `Reset` makes void stays there.
    Paragraphs,
}

/// What to do when a post was not answered: it may stand in the chat or not (M-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostPost {
    /// Take it as shown, go on after it in a new message, and count it in
    /// [`super::Outcome::Delivered`]'s `uncertain`: nothing is shown twice.
    GoOn,
    /// Post it again: nothing is missing, but it may stand there twice.
    Repeat,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            reply: None,
            markup: true,
            partial: Partial::Healed,
            first: First::Text,
            first_ns: SECOND / 5,
            once: Once::End,
            lost_post: LostPost::GoOn,
            void: "…".to_owned(),
            answer_ns_max: 30 * SECOND,
            end_ns_max: 600 * SECOND,
            tries_max: 8,
            text_bytes_max: 16 << 20,
        }
    }
}
