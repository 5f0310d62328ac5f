//! The normalised delta: the same vocabulary for every dialect.

/// Which block of a reply: a text, a thought, a call.
///
/// The index is the reader's own, counted from 0 in order of opening; a provider's indices may
/// have gaps, repeat, or reach 10^9 (F-24, F-73).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    /// Which of the `n` answers, as the provider numbers them (F-57).
    pub choice: u32,
    /// Which block of that answer.
    pub index: u32,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Text of the answer.
    Text,
    /// Reasoning, not part of the answer.
    Reasoning,
    /// Reasoning that only the provider can read.
    RedactedReasoning,
    /// Why the model will not answer.
    Refusal,
    /// A call of one of the caller's functions, with JSON arguments.
    Tool,
    /// A call of one of the caller's custom tools, with free text as its input.
    CustomTool,
    /// A call the provider runs itself.
    ServerTool,
    /// What a call that the provider ran gave; it arrives whole.
    ServerResult,
    /// A block of a type this version does not know (F-56).
    Unknown,
}

/// What a delta adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Part {
    /// The block's text: of the answer, the reasoning, the refusal.
    Text,
    /// A call's arguments, or a custom tool's input.
    Arguments,
    /// A call's id that came late; it replaces.
    Id,
    /// A call's name that came late or in pieces; it is appended.
    Name,
    /// The signature of a thought; it replaces (F-52).
    Signature,
    /// One citation, as JSON.
    Citation,
    /// What this version does not read but a caller may have to send back, as JSON: a delta of a
    /// type it does not know, further members of a call, sealed reasoning (F-52, F-56).
    Unknown,
}

/// Tokens as the provider counts them, cumulative: a later value replaces an earlier one.
///
/// Messages counts cached tokens beside `input`, Chat Completions within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the request.
    pub input: Option<u64>,
    /// Tokens of the reply.
    pub output: Option<u64>,
    /// Tokens of the request that were read from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Tokens of the request that were written to a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
}

impl Usage {
    /// Takes each value that `later` has.
    pub fn update(&mut self, later: Self) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
        self.cache_read = later.cache_read.or(self.cache_read);
        self.cache_write = later.cache_write.or(self.cache_write);
    }
}

/// One step of a reply. Text is borrowed until a JSON escape forces a copy.
///
/// Text may be shown at once. Arguments are for progress only: a call may be acted on when
/// [`crate::Draft::finish`] has given a [`crate::Turn`], and not before.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The reply's id or model became known.
    Begin {
        /// The provider's id of the reply.
        id: Option<&'a str>,
        /// The model's name.
        model: Option<&'a str>,
    },
    /// A block begins.
    Open {
        /// Which.
        block: Block,
        /// What it is.
        kind: Kind,
        /// A call's id.
        id: Option<&'a str>,
        /// A call's name, or the type of an unknown block.
        name: Option<&'a str>,
        /// What came whole with the opening, as JSON; empty where nothing did.
        raw: &'a str,
        /// The dialect closes its blocks, so that one left open is cut.
        closes: bool,
    },
    /// A block grows.
    Delta {
        /// Which.
        block: Block,
        /// Where.
        part: Part,
        /// By what.
        text: &'a str,
    },
    /// A block's text or arguments as a whole, in place of all that came of it: the provider's last
    /// word is not what its deltas added up to (F-55).
    ///
    /// A protocol says it wherever the provider repeats the text. A [`crate::Reader`] hands it out
    /// only where it contradicts the deltas; where it goes on from them, as an [`Event::Delta`].
    Whole {
        /// Which.
        block: Block,
        /// [`Part::Text`] or [`Part::Arguments`].
        part: Part,
        /// All of it.
        text: &'a str,
    },
    /// A block has ended.
    Close {
        /// Which.
        block: Block,
    },
    /// Tokens so far.
    Usage(Usage),
    /// Why the model stopped, as sent.
    End {
        /// In which of the answers.
        choice: u32,
        /// The reason.
        reason: &'a str,
        /// What it came in, as JSON: also the stop sequence, the details of a refusal (F-53).
        raw: &'a str,
    },
    /// The provider says that the stream is complete.
    Done,
    /// The provider reports an error inside the stream (F-40).
    Fail {
        /// The error's type or code, as sent.
        kind: &'a str,
        /// The error's message, as sent.
        message: &'a str,
    },
    /// A sign of life without content (F-16).
    Ping,
    /// Something was tolerated: the id of what it was.
    Warning(&'static str),
    /// An event that this version does not read, kept as it was sent; one of an unknown type is
    /// counted (F-56).
    Other {
        /// Its type.
        name: &'a str,
        /// Its payload.
        raw: &'a str,
    },
}
