//! What a client can do wrong, by name. Names and meanings are stable.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wiretape_vary::Standing;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; no reply was read wrongly.
    Note,
    /// Wrong, but only under what nobody was seen sending, or without loss.
    Low,
    /// A reply was lost, cut or shown wrongly.
    Medium,
    /// A tool was run that must not be, or otherwise than the model said; or the client is gone.
    High,
}

/// What a client did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// It fails on the untouched tape.
    BaselineFails,
    /// It does not do the same twice on the untouched tape.
    BaselineVaries,
    /// On the untouched tape, its text or calls are not those that the reply has.
    BaselineDiffers,
    /// A tool was run although the reply had not ended in a way that permits it.
    ToolFromIncompleteStream,
    /// A tool was run with other arguments, or under another name, than the reply has.
    ToolArgumentsDiffer,
    /// A tool was run more often than it was called.
    ToolRunTwice,
    /// A call of a whole reply was not run.
    ToolLost,
    /// The calls were run or sent back in another order.
    ToolOrderDiffers,
    /// The text is not the reply's.
    TextDiffers,
    /// A part of the text is there twice.
    TextDuplicated,
    /// The stop reason is another than without the reshape.
    StopDiffers,
    /// An error that the stream reports was taken for an end.
    ErrorSwallowed,
    /// A stream that ended early was taken for a whole reply.
    TruncationAccepted,
    /// A reply that can be read was refused.
    ErrorOnLawful,
    /// The process ended by a signal, or without the answer it owes.
    Crash,
    /// It did not come to an end, though the whole reply had been sent.
    Hang,
    /// It waits for a stream that no longer says anything.
    NoIdleTimeout,
    /// It asked again earlier than `retry-after` permits.
    RetryIgnoredRetryAfter,
    /// It asked more often than can be meant.
    RetryStorm,
    /// It asked again for what an error says will not change.
    RetriedPermanentError,
    /// It asked again although parts of the reply had been shown.
    RetriedAfterOutput,
    /// It shows nothing before the whole reply is there.
    NotIncremental,
    /// It sent a request that is larger than the context window it was told.
    ContextOverflowSent,
    /// It repeats a secret: a key in its output, or in a request's body.
    SecretEchoed,
    /// Its next request would be refused by the provider.
    HistoryBroken,
    /// It does not do the same twice on the same delivery.
    Flaky,
}

impl Code {
    /// Every code, in the order of the type.
    pub const ALL: [Self; 26] = [
        Self::BaselineFails,
        Self::BaselineVaries,
        Self::BaselineDiffers,
        Self::ToolFromIncompleteStream,
        Self::ToolArgumentsDiffer,
        Self::ToolRunTwice,
        Self::ToolLost,
        Self::ToolOrderDiffers,
        Self::TextDiffers,
        Self::TextDuplicated,
        Self::StopDiffers,
        Self::ErrorSwallowed,
        Self::TruncationAccepted,
        Self::ErrorOnLawful,
        Self::Crash,
        Self::Hang,
        Self::NoIdleTimeout,
        Self::RetryIgnoredRetryAfter,
        Self::RetryStorm,
        Self::RetriedPermanentError,
        Self::RetriedAfterOutput,
        Self::NotIncremental,
        Self::ContextOverflowSent,
        Self::SecretEchoed,
        Self::HistoryBroken,
        Self::Flaky,
    ];

    /// Its name: stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BaselineFails => "baseline_fails",
            Self::BaselineVaries => "baseline_varies",
            Self::BaselineDiffers => "baseline_differs",
            Self::ToolFromIncompleteStream => "tool_from_incomplete_stream",
            Self::ToolArgumentsDiffer => "tool_arguments_differ",
            Self::ToolRunTwice => "tool_run_twice",
            Self::ToolLost => "tool_lost",
            Self::ToolOrderDiffers => "tool_order_differs",
            Self::TextDiffers => "text_differs",
            Self::TextDuplicated => "text_duplicated",
            Self::StopDiffers => "stop_differs",
            Self::ErrorSwallowed => "error_swallowed",
            Self::TruncationAccepted => "truncation_accepted",
            Self::ErrorOnLawful => "error_on_lawful",
            Self::Crash => "crash",
            Self::Hang => "hang",
            Self::NoIdleTimeout => "no_idle_timeout",
            Self::RetryIgnoredRetryAfter => "retry_ignored_retry_after",
            Self::RetryStorm => "retry_storm",
            Self::RetriedPermanentError => "retried_permanent_error",
            Self::RetriedAfterOutput => "retried_after_output",
            Self::NotIncremental => "not_incremental",
            Self::ContextOverflowSent => "context_overflow_sent",
            Self::SecretEchoed => "secret_echoed",
            Self::HistoryBroken => "history_broken",
            Self::Flaky => "flaky",
        }
    }
}

impl Code {
    /// How much it matters, where what provoked it has this standing: a provider was seen sending
    /// it, or documents it; or nobody was, and the grammar allows it.
    ///
    /// What only the grammar allows counts for [`Severity::Low`] at most.
    #[must_use]
    pub const fn severity(self, standing: Standing) -> Severity {
        let own = self.own_severity();
        match standing {
            Standing::Lawful if own as u8 > Severity::Low as u8 => Severity::Low,
            _ => own,
        }
    }

    const fn own_severity(self) -> Severity {
        match self {
            Self::BaselineFails
            | Self::ToolFromIncompleteStream
            | Self::ToolArgumentsDiffer
            | Self::ToolRunTwice
            | Self::Crash
            | Self::Hang
            | Self::SecretEchoed => Severity::High,
            Self::BaselineVaries
            | Self::ToolLost
            | Self::TextDiffers
            | Self::TextDuplicated
            | Self::ErrorSwallowed
            | Self::TruncationAccepted
            | Self::ErrorOnLawful
            | Self::NoIdleTimeout
            | Self::RetryStorm
            | Self::RetriedAfterOutput
            | Self::ContextOverflowSent
            | Self::HistoryBroken => Severity::Medium,
            Self::BaselineDiffers
            | Self::StopDiffers
            | Self::ToolOrderDiffers
            | Self::RetryIgnoredRetryAfter
            | Self::RetriedPermanentError
            | Self::NotIncremental => Severity::Low,
            Self::Flaky => Severity::Note,
        }
    }
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 4] = [Self::Note, Self::Low, Self::Medium, Self::High];

    /// Its name: stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A name that nothing has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName;

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Severity::ALL.map(Severity::name).join(", ");
        write!(f, "unknown name, expected one of {names}")
    }
}

impl std::error::Error for UnknownName {}

impl FromStr for Severity {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or(UnknownName)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
