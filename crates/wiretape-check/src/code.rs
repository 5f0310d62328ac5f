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
    /// What is expected of a client, and how it is told that it does something else.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::BaselineFails => {
                "Expected: a run without an error on the untouched tape. Told by the run's end: an error in its account, an exit code, a crash, a hang, or no request at all. Where our own reader refuses a reply as well, an error is right."
            }
            Self::BaselineVaries => {
                "Expected: the same requests, text, calls and end each time the untouched tape is run. Told by comparing the runs. What varies by itself cannot be judged."
            }
            Self::BaselineDiffers => {
                "Expected: on the untouched tape, the text and the calls of the recorded replies. Told against our own reader; white space is not compared. All else is compared with what the client does here, right or wrong."
            }
            Self::ToolFromIncompleteStream => {
                "Expected: no call of a reply that was cut, refused, filtered or ended with an error. Told by a result in the next request that is not an error, or by a call in the account that is not marked invalid."
            }
            Self::ToolArgumentsDiffer => {
                "Expected: each call under its name with its arguments, as values. Told by a call that the untouched reply does not have; `{}` for arguments that do not parse is one."
            }
            Self::ToolRunTwice => {
                "Expected: each call as often as the reply has it. Told by a second result for one call, or the same call again in the account."
            }
            Self::ToolLost => {
                "Expected: all calls of a reply that is whole. Told by a call that the untouched reply had, is not there, and no error is reported instead."
            }
            Self::ToolOrderDiffers => {
                "Expected: calls in the order of the untouched run. Told where the calls are the same as a set."
            }
            Self::TextDiffers => {
                "Expected: the reply's text, or, of a broken reply, the begin of it; half a character at its end may be U+FFFD. Told by the first difference."
            }
            Self::TextDuplicated => {
                "Expected: each part of the text once. Told where the text is the reply's with a stretch of it twice, and not because the client asked again."
            }
            Self::StopDiffers => {
                "Expected: the stop reason of the untouched run, in the client's own words. Told only where what was sent leaves the reason as it was."
            }
            other => other.meaning_of_ends(),
        }
    }

    /// The same, of how a client ends, asks again and waits.
    const fn meaning_of_ends(self) -> &'static str {
        match self {
            Self::ErrorSwallowed => {
                "Expected: a report of the error that the stream or the status has. Told where the run ends well, or goes on, and the reply is not whole; a stream that merely stops is `truncation_accepted`."
            }
            Self::TruncationAccepted => {
                "Expected: a report that the reply ended early. Told where the run ends well, or goes on, as if the part that came were all."
            }
            Self::ErrorOnLawful => {
                "Expected: the reply, which means what the untouched one means. Told by an error, or by a request more than on the untouched tape, on a delivery that changes no meaning. Never said of a fault, but where the client fails behind it on a reply that is as untouched."
            }
            Self::Crash => {
                "Expected: an answer, or an exit code. Told by a signal, a worker that ends without its line, or a line that cannot be read."
            }
            Self::Hang => {
                "Expected: an end of the run once the connection, or the whole reply, has ended. Told when the client did nothing for the time it is given behind the last byte."
            }
            Self::NoIdleTimeout => {
                "Expected: an end of the wait for a stream that says nothing any more and stays open. Told like a hang; a note where the client was given less than 30 seconds, since it may wait longer than that."
            }
            Self::RetryIgnoredRetryAfter => {
                "Expected: the next request no earlier than `retry-after` (or `retry-after-ms`) says. Told by the time between two requests, 50 ms of tolerance; dates are not judged."
            }
            Self::RetryStorm => {
                "Expected: a few requests for one reply, with pauses that grow. Told by more than 20, or 6 within a second."
            }
            Self::RetriedPermanentError => {
                "Expected: no further request after a status that will not change (400, 402, 403, 404, 405, 410, 413, 422; 401 but for one), unless `x-should-retry` says so."
            }
            Self::RetriedAfterOutput => {
                "Expected: no second request behind text that was shown, or that text taken back. Told where the text is the begin of the reply's, and then that text from its begin again, and there was more than one request."
            }
            Self::NotIncremental => {
                "Expected: text as it comes. Told by the account's times: the first text came behind the reply's end, although the server had sent some, and then paused for 250 ms or more."
            }
            Self::ContextOverflowSent => {
                "Expected: a request within the context window that the client was told. Told by the server's own refusal."
            }
            Self::SecretEchoed => {
                "Expected: no key in text, errors, standard error, or in what is sent back. Told by the key the client was given, and by the patterns by which secrets are kept from tapes; what the server itself had sent is none."
            }
            Self::HistoryBroken => {
                "Expected: a next request that the provider takes: results beside their calls, none twice, none missing, nothing empty. Told by the flaws for which real providers answer 400, those of the untouched run left out."
            }
            Self::Flaky => "Expected: the same on the same delivery. Told by running it again.",
            _ => "",
        }
    }

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
