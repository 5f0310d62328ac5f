//! What is known about each piece: its name in the catalogue of failures, its standing, and what a
//! reader may make of it.

use wiretape_tape::EndKind;

use crate::dialect::Family;
use crate::scenario::{Cutting, Piece};

/// The part of a stream that a piece changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// Payloads: a reshape of the dialect.
    Dialect,
    /// Lines and blocks.
    Framing,
    /// What arrives, and how it ends: not a reshape.
    Fault,
    /// Chunks and moments.
    Wire,
}

/// How sure it is that a provider's stream looks like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Seen in that provider's traffic.
    Seen,
    /// In that provider's documentation.
    Documented,
    /// The grammar allows it; nobody was seen doing it.
    Lawful,
}

/// What a reader may make of a stream. A scenario permits a set of these.
///
/// All but the first three also ask that no tool call is released. All but the first two ask that
/// the text is a prefix of the untouched text: of each answer's, and of each block's where blocks
/// are interleaved. A text that stops between the halves of a surrogate pair may have U+FFFD for
/// its last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// The same text, calls and reason as from the untouched tape.
    Same,
    /// The same but for the reason of the end.
    SameButReason,
    /// The stream had said once that the message ended, and stopped before it said so again: the
    /// calls are the first of the untouched calls.
    SoFar,
    /// The message was read to its end, and its reason does not permit acting.
    NoCalls,
    /// The reader reports an error.
    ErrorReported,
    /// The reader reports that the stream ended early.
    EofReported,
}

/// Reasons after which the calls of a message may be run.
const ACTING: [&str; 6] = [
    "end_turn",
    "function_call",
    "stop",
    "stop_sequence",
    "tool_calls",
    "tool_use",
];

/// A message that ended for this reason may act on its calls.
pub(crate) fn permits_acting(reason: &str) -> bool {
    ACTING.contains(&reason)
}

impl Piece {
    /// Its name in the catalogue of failures.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Rechunk { cut } => match cut {
                Cutting::InsideUtf8 => "F-03",
                Cutting::BetweenCrLf => "F-06",
                Cutting::Merge(_) | Cutting::Whole => "F-02",
                _ => "F-01",
            },
            Self::Pace { .. } => "F-09",
            Self::LineEnds { .. } => "F-06",
            Self::Bom => "F-07",
            Self::Comment { .. } => "F-15",
            Self::IdField { .. } => "F-15b",
            Self::Ping { .. } => "F-16",
            Self::DataSpacing { .. } | Self::UnknownSseField { .. } | Self::MultiData { .. } => {
                "F-17"
            }
            Self::SplitDelta { .. } | Self::MergeDeltas { .. } => "F-22",
            Self::SplitSurrogate { .. } => "F-05",
            Self::Interleave { .. } => "F-23",
            Self::UnknownField { .. } | Self::JsonWhitespace { .. } | Self::JsonEscapes { .. } => {
                "F-50"
            }
            Self::UnknownEvent { .. } => "F-56",
            Self::Cut { end, .. } => match end {
                EndKind::Complete => "F-30",
                EndKind::Timeout => "F-10",
                _ => "F-13",
            },
            Self::ErrorEvent { .. } => "F-40",
            Self::FinishReason { reason } if permits_acting(reason) => "F-28",
            Self::FinishReason { .. } => "F-27",
            Self::DropTerminal { .. } | Self::DoubleTerminal => "F-32",
        }
    }

    /// Its name in the scenario format.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rechunk { .. } => "rechunk",
            Self::Pace { .. } => "pace",
            Self::LineEnds { .. } => "line_ends",
            Self::Bom => "bom",
            Self::Comment { .. } => "comment",
            Self::Ping { .. } => "ping",
            Self::DataSpacing { .. } => "data_spacing",
            Self::UnknownSseField { .. } => "unknown_sse_field",
            Self::IdField { .. } => "id_field",
            Self::MultiData { .. } => "multi_data",
            Self::SplitDelta { .. } => "split_delta",
            Self::SplitSurrogate { .. } => "split_surrogate",
            Self::MergeDeltas { .. } => "merge_deltas",
            Self::Interleave { .. } => "interleave",
            Self::UnknownField { .. } => "unknown_field",
            Self::UnknownEvent { .. } => "unknown_event",
            Self::JsonWhitespace { .. } => "json_whitespace",
            Self::JsonEscapes { .. } => "json_escapes",
            Self::Cut { .. } => "cut",
            Self::ErrorEvent { .. } => "error_event",
            Self::FinishReason { .. } => "finish_reason",
            Self::DropTerminal { .. } => "drop_terminal",
            Self::DoubleTerminal => "double_terminal",
        }
    }

    /// The part of the stream it changes.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::Rechunk { .. } | Self::Pace { .. } => Level::Wire,
            Self::LineEnds { .. }
            | Self::Bom
            | Self::Comment { .. }
            | Self::Ping { .. }
            | Self::DataSpacing { .. }
            | Self::UnknownSseField { .. }
            | Self::IdField { .. }
            | Self::MultiData { .. } => Level::Framing,
            Self::SplitDelta { .. }
            | Self::SplitSurrogate { .. }
            | Self::MergeDeltas { .. }
            | Self::Interleave { .. }
            | Self::UnknownField { .. }
            | Self::UnknownEvent { .. }
            | Self::JsonWhitespace { .. }
            | Self::JsonEscapes { .. } => Level::Dialect,
            Self::Cut { .. }
            | Self::ErrorEvent { .. }
            | Self::FinishReason { .. }
            | Self::DropTerminal { .. }
            | Self::DoubleTerminal => Level::Fault,
        }
    }

    /// It keeps the reply's meaning.
    #[must_use]
    pub fn is_reshape(&self) -> bool {
        self.level() != Level::Fault
    }

    /// How sure it is that a stream of this dialect looks like that.
    #[must_use]
    pub fn standing(&self, dialect: &str) -> Standing {
        let anthropic = Family::named(dialect) == Some(Family::Anthropic);
        match self {
            // What lies between the server and the reader cuts and delays as it likes.
            Self::Rechunk { .. } | Self::Pace { .. } | Self::Cut { .. } => Standing::Seen,
            // A fault's evidence is the report of F-xx that it is named after.
            Self::ErrorEvent { .. }
            | Self::FinishReason { .. }
            | Self::DropTerminal { .. }
            | Self::DoubleTerminal => Standing::Seen,
            Self::SplitDelta { .. } | Self::MergeDeltas { .. } => Standing::Documented,
            // `: OPENROUTER PROCESSING` and its kin, in 190 recorded streams.
            Self::Comment { .. } if !anthropic => Standing::Seen,
            // `ping` events are in nearly every recorded Messages stream.
            Self::Ping { .. } => Standing::Seen,
            // Servers compatible with Chat Completions add fields of their own; Messages pads its
            // lines with spaces, but only outside the object.
            Self::UnknownField { .. } if !anthropic => Standing::Seen,
            Self::UnknownField { .. } | Self::UnknownEvent { .. } if anthropic => {
                Standing::Documented
            }
            _ => Standing::Lawful,
        }
    }

    /// What a reader may make of it, wherever in the stream it happens. What is permitted in one
    /// place is in [`crate::Script::permits`].
    #[must_use]
    pub fn permits(&self) -> &'static [Outcome] {
        match self {
            Self::Cut { .. } => &[
                Outcome::Same,
                Outcome::SoFar,
                Outcome::ErrorReported,
                Outcome::EofReported,
            ],
            Self::ErrorEvent { .. } => &[Outcome::ErrorReported],
            Self::FinishReason { reason } if permits_acting(reason) => &[Outcome::SameButReason],
            Self::FinishReason { .. } => &[Outcome::NoCalls, Outcome::ErrorReported],
            Self::DropTerminal { finish: false } => &[Outcome::Same, Outcome::EofReported],
            Self::DropTerminal { finish: true } => &[
                Outcome::NoCalls,
                Outcome::ErrorReported,
                Outcome::EofReported,
            ],
            Self::DoubleTerminal => &[Outcome::Same, Outcome::ErrorReported],
            _ => &[Outcome::Same],
        }
    }

    /// Its place in the order of application.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            // They must find the payloads as recorded.
            Self::FinishReason { .. } => 0,
            Self::DropTerminal { .. } => 1,
            Self::MergeDeltas { .. } => 10,
            Self::SplitDelta { .. } => 11,
            Self::SplitSurrogate { .. } => 12,
            Self::Interleave { .. } => 13,
            Self::JsonEscapes { .. } => 14,
            Self::UnknownField { .. } => 15,
            Self::JsonWhitespace { .. } => 16,
            Self::UnknownEvent { .. } => 17,
            Self::MultiData { .. } => 20,
            Self::DataSpacing { .. } => 21,
            Self::UnknownSseField { .. } => 22,
            Self::IdField { .. } => 23,
            Self::Comment { .. } => 24,
            Self::Ping { .. } => 25,
            Self::Bom => 26,
            Self::LineEnds { .. } => 27,
            Self::DoubleTerminal => 42,
            Self::ErrorEvent { .. } => 43,
            Self::Cut { .. } => 44,
            Self::Rechunk { .. } => 60,
            Self::Pace { .. } => 61,
        }
    }
}
