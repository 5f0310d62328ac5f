//! What is known about each piece: its name in the catalogue of failures, its standing, and what a
//! reader may make of it.

use wiretape_tape::EndKind;

use crate::dialect::Family;
use crate::scenario::{Cutting, Ends, Piece};
use crate::transport::{NoStream, PATIENCE_NS};

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
    /// Seen in that provider's traffic: in a recording, or in a report of what it did to a reader.
    Seen,
    /// In that provider's documentation.
    Documented,
    /// The grammar allows it; nobody was seen doing it.
    Lawful,
}

/// How sure it is, and on what evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backing {
    /// How sure.
    pub standing: Standing,
    /// Who was seen doing it, or where it is documented; empty where it is lawful and no more.
    pub evidence: &'static str,
}

pub(crate) const fn seen(evidence: &'static str) -> Backing {
    Backing {
        standing: Standing::Seen,
        evidence,
    }
}

pub(crate) const fn documented(evidence: &'static str) -> Backing {
    Backing {
        standing: Standing::Documented,
        evidence,
    }
}

impl Backing {
    /// The grammar allows it, and that is all.
    pub(crate) const LAWFUL: Self = LAWFUL;
}

const LAWFUL: Backing = Backing {
    standing: Standing::Lawful,
    evidence: "",
};

/// What a reader may make of a stream. A scenario permits a set of these.
///
/// [`Outcome::NoCalls`] and what stands behind it also ask that no tool call is released. These,
/// [`Outcome::SoFar`] and [`Outcome::CallsRefused`] ask that the text is a prefix of the untouched text: of each answer's, and of each block's where blocks
/// are interleaved. A text that stops between the halves of a surrogate pair may have U+FFFD for
/// its last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// The same text, calls and reason as from the untouched tape.
    Same,
    /// The same but for the reason of the end.
    SameButReason,
    /// The stream had said once that the message ended, and stopped before it said so again, or before
    /// it reported an error: the calls are the first of the untouched calls.
    SoFar,
    /// The same text, calls and reason; ids of calls that nobody sent, or that were sent for several
    /// calls, are others.
    SameButIds,
    /// The same text, calls and reason; the reasoning is another.
    SameButReasoning,
    /// The same calls and reason; the text is another, that of the bytes that were sent. Where this is
    /// permitted, no other outcome asks for the untouched text.
    SameCalls,
    /// The first answer is the same; another came beside it.
    SameFirst,
    /// The message was read to its end. A call whose arguments do not parse, or that cannot be told
    /// from another, is not run; those that are run are among the untouched calls.
    CallsRefused,
    /// The message was read to its end, and its reason does not permit acting.
    NoCalls,
    /// The reader reports an error.
    ErrorReported,
    /// The reader reports that the stream ended early.
    EofReported,
}

impl Outcome {
    /// Its name: `same`, `calls_refused`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::SameButReason => "same_but_reason",
            Self::SoFar => "so_far",
            Self::SameButIds => "same_but_ids",
            Self::SameButReasoning => "same_but_reasoning",
            Self::SameCalls => "same_calls",
            Self::SameFirst => "same_first",
            Self::CallsRefused => "calls_refused",
            Self::NoCalls => "no_calls",
            Self::ErrorReported => "error_reported",
            Self::EofReported => "eof_reported",
        }
    }
}

impl Standing {
    /// Its name: `seen`, `documented`, `lawful`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Documented => "documented",
            Self::Lawful => "lawful",
        }
    }
}

/// Reasons after which the calls of a message may be run.
const ACTING: [&str; 14] = [
    "COMPLETE",
    "FINISH",
    "FINISHED",
    "STOP",
    "STOP_CRITERIA_MET",
    "STOP_SEQUENCE",
    "TOOL_CALL",
    "completed",
    "end_turn",
    "function_call",
    "stop",
    "stop_sequence",
    "tool_calls",
    "tool_use",
];

/// Bytes of an event that every reader should take; one that has a limit may refuse a larger one.
const EVENT_BYTES: usize = 64 << 10;

/// A message that ended for this reason may act on its calls.
pub(crate) fn permits_acting(reason: &str) -> bool {
    ACTING.contains(&reason)
}

/// The pieces whose facts are in `quirk`.
macro_rules! quirks {
    () => {
        Self::Noise { .. }
            | Self::EventNames { .. }
            | Self::Halved { .. }
            | Self::Arguments { .. }
            | Self::Truncate { .. }
            | Self::Indices { .. }
            | Self::Ids { .. }
            | Self::Names { .. }
            | Self::Order { .. }
            | Self::Tail { .. }
            | Self::Usage { .. }
            | Self::Splice { .. }
            | Self::Lifecycle { .. }
            | Self::ForeignError { .. }
            | Self::Fields { .. }
            | Self::Reasoning { .. }
            | Self::Signature { .. }
            | Self::StopAfter { .. }
            | Self::Unknown { .. }
            | Self::SecondAnswer {}
            | Self::Repeat { .. }
            | Self::Byte { .. }
            | Self::Odd { .. }
            | Self::Items { .. }
            | Self::Candidates { .. }
            | Self::Frame { .. }
            | Self::UnknownHeader { .. }
            | Self::Blanks { .. }
    };
}

impl Piece {
    /// Its name in the catalogue of failures.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Encode { .. } => "F-08",
            Self::Burst { .. } => "F-09",
            Self::Stall { .. } => "F-10",
            Self::KeepAlive { .. } => "F-11",
            Self::Drip { .. } => "F-12",
            Self::Ending { end, .. } => match end {
                EndKind::Complete | EndKind::Timeout => "F-33",
                _ => "F-14",
            },
            Self::HttpError { .. } => "F-41",
            Self::NoStream { .. } => "F-42",
            Self::WrongDialect {} => "F-43",
            Self::NewIds { .. } => "F-60",
            Self::Grow { .. } => "F-70",
            Self::Endless { .. } => "F-72",
            Self::Rechunk { cut } => match cut {
                Cutting::InsideUtf8 => "F-03",
                Cutting::BetweenCrLf => "F-06",
                Cutting::Merge(_) | Cutting::Whole => "F-02",
                _ => "F-01",
            },
            Self::Pace { .. } => "F-09",
            Self::LineEnds { .. } => "F-06",
            Self::Bom {} => "F-07",
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
            quirks!() => self.facts().id,
            Self::DropTerminal { .. } | Self::DoubleTerminal {} => "F-32",
        }
    }

    /// Its name in the scenario format.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Encode { .. } => "encode",
            Self::Burst { .. } => "burst",
            Self::Drip { .. } => "drip",
            Self::Stall { .. } => "stall",
            Self::KeepAlive { .. } => "keep_alive",
            Self::Ending { .. } => "ending",
            Self::HttpError { .. } => "http_error",
            Self::NoStream { .. } => "no_stream",
            Self::WrongDialect {} => "wrong_dialect",
            Self::NewIds { .. } => "new_ids",
            Self::Grow { .. } => "grow",
            Self::Endless { .. } => "endless",
            Self::Rechunk { .. } => "rechunk",
            Self::Pace { .. } => "pace",
            Self::LineEnds { .. } => "line_ends",
            Self::Bom {} => "bom",
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
            Self::Noise { .. } => "noise",
            Self::EventNames { .. } => "event_names",
            Self::Halved { .. } => "halved",
            Self::Arguments { .. } => "arguments",
            Self::Truncate { .. } => "truncate",
            Self::Indices { .. } => "indices",
            Self::Ids { .. } => "ids",
            Self::Names { .. } => "names",
            Self::Order { .. } => "order",
            Self::Tail { .. } => "tail",
            Self::Usage { .. } => "usage",
            Self::Splice { .. } => "splice",
            Self::Lifecycle { .. } => "lifecycle",
            Self::ForeignError { .. } => "foreign_error",
            Self::Fields { .. } => "fields",
            Self::Reasoning { .. } => "reasoning",
            Self::Signature { .. } => "signature",
            Self::StopAfter { .. } => "stop_after",
            Self::Unknown { .. } => "unknown",
            Self::SecondAnswer { .. } => "second_answer",
            Self::Repeat { .. } => "repeat",
            Self::Byte { .. } => "byte",
            Self::Odd { .. } => "odd",
            Self::Items { .. } => "items",
            Self::Candidates { .. } => "candidates",
            Self::Frame { .. } => "frame",
            Self::UnknownHeader { .. } => "unknown_header",
            Self::Blanks { .. } => "blanks",
            Self::FinishReason { .. } => "finish_reason",
            Self::DropTerminal { .. } => "drop_terminal",
            Self::DoubleTerminal {} => "double_terminal",
        }
    }

    /// The part of the stream it changes.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::Encode {
                truncated: true, ..
            }
            | Self::Ending { .. }
            | Self::HttpError { .. }
            | Self::NoStream { .. }
            | Self::WrongDialect {}
            | Self::NewIds { .. }
            | Self::Endless { .. } => Level::Fault,
            Self::Burst { .. }
            | Self::Drip { .. }
            | Self::Stall { .. }
            | Self::KeepAlive { .. }
                if self.tries_patience() =>
            {
                Level::Fault
            }
            Self::Encode { .. }
            | Self::Burst { .. }
            | Self::Drip { .. }
            | Self::Stall { .. }
            | Self::KeepAlive { .. } => Level::Wire,
            Self::Grow { bytes, .. } if *bytes > EVENT_BYTES => Level::Fault,
            Self::Grow { .. } => Level::Dialect,
            Self::Rechunk { .. } | Self::Pace { .. } => Level::Wire,
            Self::LineEnds { .. }
            | Self::Bom {}
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
            quirks!() => self.facts().level,
            Self::Cut { .. }
            | Self::ErrorEvent { .. }
            | Self::FinishReason { .. }
            | Self::DropTerminal { .. }
            | Self::DoubleTerminal {} => Level::Fault,
        }
    }

    /// A client may give up before it is over.
    fn tries_patience(&self) -> bool {
        match *self {
            Self::Burst { wait_ns, .. } => wait_ns >= PATIENCE_NS,
            Self::Drip { every_ns, .. } => every_ns >= PATIENCE_NS,
            Self::Stall { wait_ns, .. } => wait_ns.is_none_or(|wait_ns| wait_ns >= PATIENCE_NS),
            Self::KeepAlive {
                every_ns,
                count,
                then,
                ..
            } => then.is_some() || every_ns.saturating_mul(count.into()) >= PATIENCE_NS,
            _ => false,
        }
    }

    /// It keeps the reply's meaning.
    #[must_use]
    pub fn is_reshape(&self) -> bool {
        self.level() != Level::Fault
    }

    /// How sure it is that a stream of this dialect looks like that. Of a dialect that is not known
    /// nothing is claimed but that the grammar allows it.
    #[must_use]
    pub fn standing(&self, dialect: &str) -> Standing {
        self.backing(dialect).standing
    }

    /// How sure it is that a stream of this dialect looks like that, and on what evidence.
    #[must_use]
    pub fn backing(&self, dialect: &str) -> Backing {
        self.backing_in(Family::named(dialect))
    }

    /// The same, of the dialect as it was found.
    pub(crate) fn backing_in(&self, family: Option<Family>) -> Backing {
        match family {
            Some(_) if matches!(self, quirks!()) => {
                let facts = self.facts();
                match family {
                    Some(Family::Anthropic) => facts.messages,
                    Some(Family::OpenAiChat) => facts.chat,
                    _ => self.elsewhere(family),
                }
            }
            Some(Family::Anthropic) => self.in_messages(),
            Some(Family::OpenAiChat) => self.in_chat(),
            family => self.elsewhere(family),
        }
    }

    /// The evidence from streams of the other dialects.
    fn elsewhere(&self, family: Option<Family>) -> Backing {
        let Some(family) = family else {
            return LAWFUL;
        };
        if let quirks!() = self {
            if let Some(backing) = self.facts().elsewhere {
                return backing;
            }
        }
        match (self, family) {
            (Self::Rechunk { .. } | Self::Pace { .. }, _) => seen("every recording"),
            (Self::LineEnds { ends: Ends::CrLf }, Family::Gemini) => seen("every recording"),
            (Self::DataSpacing { space: true }, _) => seen("every recording"),
            (Self::SplitDelta { .. } | Self::MergeDeltas { .. }, _) => {
                documented("how long a delta is is not said")
            }
            (Self::HttpError { .. }, _) => documented("errors"),
            (Self::ErrorEvent { .. }, Family::BedrockConverse) => {
                documented("ConverseStream: exceptions in the stream")
            }
            (Self::ErrorEvent { .. }, Family::OpenAiResponses) => {
                documented("responses-streaming: error")
            }
            (Self::ErrorEvent { .. }, Family::Gemini) => seen("python-genai buffers such errors"),
            (Self::ErrorEvent { .. }, Family::Ollama) => documented("errors while streaming"),
            (Self::Fields { .. }, Family::OpenAiResponses | Family::BedrockConverse) => {
                seen("`obfuscation` and `p` in recordings")
            }
            _ => LAWFUL,
        }
    }

    /// The evidence from Messages streams.
    fn in_messages(&self) -> Backing {
        match self {
            Self::Encode { .. } => seen("gzip where the client offers it: gh-aw-firewall#1550"),
            Self::Burst { .. } => seen("gzip that arrives in bursts: eca#479"),
            Self::Stall { .. } => seen("qwen-code#4177, openhuman#4393"),
            Self::KeepAlive { .. } => seen("pings and nothing else: goose#11816"),
            Self::Ending { .. } => seen("hermes-agent#73802"),
            Self::HttpError { .. } => documented("errors; retry-after"),
            Self::NoStream { .. } => seen("letta-code#1179, 9router#3051"),
            Self::NewIds { .. } => documented("each request makes a message of its own"),
            Self::Rechunk { cut } => match cut {
                Cutting::BetweenCrLf => LAWFUL,
                Cutting::Merge(_) | Cutting::Whole => seen("1.4 events per chunk in recordings"),
                _ => seen("characters cut between reads: anthropic-sdk-typescript#681"),
            },
            Self::Pace { .. } => seen("gzip that arrives in bursts: eca#479"),
            Self::LineEnds { ends: Ends::Lf } => seen("every recording"),
            Self::DataSpacing { space: true } => seen("every recording"),
            Self::Ping { .. } => seen("`event: ping` in nearly every recording"),
            Self::SplitDelta { .. } | Self::MergeDeltas { .. } => {
                documented("how long a delta is is not said: streaming, content block delta events")
            }
            Self::UnknownField { .. } | Self::UnknownEvent { .. } => {
                documented("fields and event types may be added: versioning policy")
            }
            Self::Cut { .. } => seen("agent-afk#635"),
            Self::ErrorEvent { .. } => documented("streaming, error events"),
            Self::FinishReason { .. } => {
                documented("stop reasons; new ones may be added: versioning policy")
            }
            Self::DropTerminal { finish: false } => {
                seen("cut between `message_delta` and `message_stop`: opencode#38747")
            }
            Self::DropTerminal { finish: true } => seen("litellm#32159"),
            _ => LAWFUL,
        }
    }

    /// The evidence from Chat Completions streams, of all servers that speak it.
    fn in_chat(&self) -> Backing {
        match self {
            Self::Encode { .. } => seen("brotli and gzip in front of servers: opencodex#115"),
            Self::Burst { .. } => seen("proxies that collect: agentcore-public-stack#1133"),
            Self::Stall { .. } => seen("DeepSeek-Reasonix#3745, langchainjs#11098"),
            Self::KeepAlive { .. } => seen("deepseek-harness, discussion 6959; goose#11816"),
            Self::Ending { .. } => seen("`[DONE]` and an open socket: openai-node#2317"),
            Self::HttpError { .. } => seen("pages of proxies: letta-code#1179, Chatbook#183"),
            Self::NoStream { .. } => seen("lemonade#2826, 9router#3051, vercel/ai 7b8791d"),
            Self::WrongDialect {} => seen("vercel/ai#16423"),
            Self::NewIds { .. } => documented("each request makes a completion of its own"),
            Self::Grow { .. } => seen("lines above 128 KiB: python-genai 0e8f7bbe"),
            Self::Rechunk { cut } => match cut {
                Cutting::BetweenCrLf => LAWFUL,
                Cutting::Merge(_) | Cutting::Whole => {
                    seen("2.3 events per chunk in recordings of Groq, 4 of Cerebras")
                }
                Cutting::InsideUtf8 => seen("characters cut between reads: openai-node#1316"),
                _ => seen("cuts inside an event in recordings of Z.ai, Groq and OpenRouter"),
            },
            Self::Pace { .. } => seen("proxies that collect: agentcore-public-stack#1133"),
            Self::LineEnds { ends: Ends::Lf } => seen("nearly every recording"),
            Self::LineEnds { ends: Ends::CrLf } => seen("Perplexity"),
            Self::DataSpacing { space: true } => seen("every recording"),
            Self::Comment { .. } => seen("`: OPENROUTER PROCESSING` in recordings of OpenRouter"),
            Self::Ping { .. } => seen("`: ping - <time>` of Perplexity"),
            Self::UnknownSseField { .. } => seen("`error:` in a recording of GPUStack"),
            Self::SplitDelta { .. } | Self::MergeDeltas { .. } => {
                documented("how long a delta is is not said: chat streaming")
            }
            Self::UnknownField { .. } => seen("`x_groq`, `provider`, `time_info` in recordings"),
            Self::UnknownEvent { .. } => {
                seen("Azure's first chunk: no choices, and `prompt_filter_results`")
            }
            Self::JsonWhitespace { .. } => seen("recordings of Azure's Grok"),
            Self::Cut { .. } => seen("TensorRT-LLM#18289"),
            Self::ErrorEvent { .. } => seen("a lone `error` object in recordings of OpenRouter"),
            Self::FinishReason { reason } => match reason.as_str() {
                "stop" => seen("`stop` beside tool calls: python-genai#2868"),
                "length" | "tool_calls" | "content_filter" | "function_call" => {
                    documented("chat streaming, finish_reason")
                }
                _ => LAWFUL,
            },
            Self::DropTerminal { finish: false } => seen("no `[DONE]` from Perplexity and Writer"),
            Self::DropTerminal { finish: true } => seen("vaadin flow-components#9195 (LM Studio)"),
            _ => LAWFUL,
        }
    }

    /// What a reader may make of it, wherever in the stream it happens. What is permitted in one
    /// place is in [`crate::Script::permits`].
    #[must_use]
    pub fn permits(&self) -> &'static [Outcome] {
        match self {
            quirks!() => self.facts().permits,
            Self::Encode { truncated, .. } if !truncated => &[Outcome::Same],
            Self::NoStream { body } if *body != NoStream::Whole => {
                &[Outcome::ErrorReported, Outcome::EofReported]
            }
            Self::WrongDialect {} => &[Outcome::ErrorReported, Outcome::EofReported],
            Self::HttpError { .. } => &[Outcome::ErrorReported],
            // The reply had come to its end before that: what follows is no part of it.
            Self::Ending { .. } => &[Outcome::Same],
            Self::NewIds { .. } => &[Outcome::SameButIds],
            Self::Grow { .. } if !self.is_reshape() => &[Outcome::Same, Outcome::ErrorReported],
            Self::Endless { .. } => &[
                Outcome::Same,
                Outcome::SoFar,
                Outcome::ErrorReported,
                Outcome::EofReported,
            ],
            Self::Stall { wait_ns: None, .. } | Self::KeepAlive { then: Some(_), .. } => &[
                Outcome::Same,
                Outcome::SoFar,
                Outcome::ErrorReported,
                Outcome::EofReported,
            ],
            Self::Burst { .. }
            | Self::Drip { .. }
            | Self::Stall { .. }
            | Self::KeepAlive { .. }
                if !self.is_reshape() =>
            {
                &[Outcome::Same, Outcome::ErrorReported, Outcome::EofReported]
            }
            Self::Encode { .. } | Self::NoStream { .. } => {
                &[Outcome::Same, Outcome::ErrorReported, Outcome::EofReported]
            }
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
            Self::DoubleTerminal {} => &[Outcome::Same, Outcome::ErrorReported],
            _ => &[Outcome::Same],
        }
    }

    /// Its place in the order of application.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            // They must find the payloads as recorded.
            Self::FinishReason { .. } => 0,
            Self::DropTerminal { .. } => 1,
            quirks!() => self.facts().rank,
            Self::NewIds { .. } => 2,
            Self::Grow { .. } => 18,
            Self::Stall { .. } => 45,
            Self::KeepAlive { .. } => 46,
            Self::Endless { .. } => 47,
            Self::Ending { .. } => 48,
            Self::HttpError { .. } => 49,
            Self::NoStream { .. } => 50,
            Self::WrongDialect {} => 51,
            Self::Encode { .. } => 55,
            Self::Burst { .. } => 58,
            Self::Drip { .. } => 59,
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
            Self::Bom {} => 26,
            Self::LineEnds { .. } => 27,
            Self::DoubleTerminal {} => 42,
            Self::ErrorEvent { .. } => 43,
            Self::Cut { .. } => 44,
            Self::Rechunk { .. } => 60,
            Self::Pace { .. } => 61,
        }
    }
}
