//! What of a conversation fits into the context window: a pure plan, and the view it gives.
//!
//! [`plan()`] is a function of numbers: which results are truncated, which groups are dropped, so that
//! the rest fits. [`Planner`] counts a growing conversation, each message once, and makes of a plan
//! the request to send. The conversation itself is never touched: what was cut is still stored.
//!
//! Order: large results of tools are truncated, oldest first; then the oldest groups are dropped,
//! each whole. A group is an assistant's message with its calls and all their results; any other
//! message is a group by itself. What stays: the system prompt, the first message of the user, the
//! current turn, and what the caller pins. Where these alone are too much, the answer is
//! [`Overfull`], with the numbers.

mod counted;
mod cut;
mod heuristic;
pub mod models;
mod plan;
mod planner;
mod view;

use alloc::boxed::Box;

pub use counted::{
    AUDIO_TOKENS, DOCUMENT_TOKENS, FRAME_TOKENS, IMAGE_TOKENS, REPLY_TOKENS, TOOLS_TOKENS, count,
};
pub use heuristic::Heuristic;
pub use plan::{Cut, Cuttable, Entry, Overfull, Pin, Plan, plan};
pub(crate) use planner::read_by;
pub use planner::{Fitted, Options, Planner};

/// Counts the tokens of a text.
pub trait TokenCounter {
    /// The tokens of `text`, or an estimate of them.
    fn count(&mut self, text: &str) -> u64;
}

impl<C: TokenCounter + ?Sized> TokenCounter for &mut C {
    fn count(&mut self, text: &str) -> u64 {
        (**self).count(text)
    }
}

impl<C: TokenCounter + ?Sized> TokenCounter for Box<C> {
    fn count(&mut self, text: &str) -> u64 {
        (**self).count(text)
    }
}

/// How many tokens there are, and for what. All in tokens, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The model's context window.
    pub window: u64,
    /// Room for the reply: `max_tokens` of the request, a budget for thinking included.
    pub max_tokens: u64,
    /// Which part of the window may be used at most, in percent.
    pub threshold_percent: u8,
    /// What is sent beside the messages: system prompt, tool definitions, framing.
    pub fixed: u64,
    /// How far to cut where something must be cut, in percent of what is allowed. 100 cuts no more
    /// than needed; less cuts rarely and much, so that a provider's cache holds between cuts.
    pub target_percent: u8,
    /// Where something must be cut, cut at least so much. 0 cuts no more than needed.
    pub clear_at_least: u64,
}

/// The part of the window that may be used without further thought: the rest is for errors of
/// counting.
pub const THRESHOLD_PERCENT: u8 = 85;

impl Budget {
    /// A window with the usual threshold, no reserve and nothing beside the messages.
    #[must_use]
    pub fn new(window: u64) -> Self {
        Self {
            window,
            max_tokens: 0,
            threshold_percent: THRESHOLD_PERCENT,
            fixed: 0,
            target_percent: 100,
            clear_at_least: 0,
        }
    }

    /// What the messages may cost: the threshold's part of the window, and never more than what the
    /// reply leaves of it; less what is fixed.
    #[must_use]
    pub fn allowed(&self) -> u64 {
        let threshold = percent(self.window, self.threshold_percent);
        let room = self.window.saturating_sub(self.max_tokens);
        threshold.min(room).saturating_sub(self.fixed)
    }

    /// What the messages should cost once something has to be cut.
    pub(crate) fn target(&self, before: u64) -> u64 {
        let target = percent(self.allowed(), self.target_percent);
        target.min(before.saturating_sub(self.clear_at_least))
    }
}

/// So many percent of `of`, at most all of it.
fn percent(of: u64, percent: u8) -> u64 {
    let percent = u128::from(percent.min(100));
    u64::try_from(u128::from(of) * percent / 100).unwrap_or(of)
}
