//! What to do to a tape, as data.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use wiretape_tape::EndKind;

use crate::parameters::{
    Arguments, Blanks, Byte, Candidates, ErrorShape, EventNames, Fields, Frame, Ids, Indices,
    Items, Lifecycle, Names, Noise, Odd, Order, Reasoning, Repeat, Signature, Tail, Unknown, Usage,
};
use crate::script::Script;
use crate::subject::Subject;
use crate::transport::{Beat, Coding, ErrorBody, Flushing, NoStream, RetryAfter, Spot, Unending};

/// The version of the scenario format that this crate writes.
pub const VERSION: u32 = 1;

/// What to do to a tape.
///
/// The pieces are applied level by level, whatever their order in the list: dialect, framing,
/// faults, rechunk, pace. (Faults that change what a payload says come even before the dialect, so
/// that they find it as it was recorded.) Within a level each kind has its fixed place, and pieces
/// of one kind are applied in the order of the list. Blocks are named by their number in the
/// untouched body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The version of the format: [`VERSION`].
    #[serde(deserialize_with = "this_version")]
    pub version: u32,
    /// The seed it was generated from; without effect on what the pieces do.
    pub seed: u64,
    /// The profile it was generated from; without effect on what the pieces do.
    pub profile: Profile,
    /// The one exchange it is done to, counted from 0; the others are played as they were recorded.
    /// `None`: every exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<usize>,
    /// What to do.
    pub pieces: Vec<Piece>,
    /// What every attempt after the first gets instead, where a client asks again. `None`: the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Vec<Piece>>,
}

/// No other version is read: what it means is not known here.
fn this_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let version = u32::deserialize(deserializer)?;
    if version != VERSION {
        return Err(D::Error::custom(format_args!(
            "expected a scenario of version {VERSION}, found version {version}"
        )));
    }
    Ok(version)
}

impl Scenario {
    /// A scenario that plays the tape as it was recorded.
    #[must_use]
    pub fn plain() -> Self {
        Self::of(Vec::new())
    }

    /// A scenario of the given pieces.
    #[must_use]
    pub fn of(pieces: Vec<Piece>) -> Self {
        Self {
            version: VERSION,
            seed: 0,
            profile: Profile::Plain,
            exchange: None,
            pieces,
            retries: None,
        }
    }

    /// Pieces that fit the subject, chosen by the seed. The same arguments give the same scenario.
    #[must_use]
    pub fn generate(seed: u64, profile: Profile, subject: &Subject) -> Self {
        crate::generate::generate(seed, profile, subject)
    }

    /// The bytes and moments. Pieces that do not fit are named in [`Script::skipped`].
    #[must_use]
    pub fn apply(&self, subject: &Subject) -> Script {
        crate::apply::apply(&self.pieces, subject)
    }

    /// It is done to this exchange, counted from 0.
    #[must_use]
    pub fn is_of(&self, exchange: usize) -> bool {
        self.exchange.is_none_or(|only| only == exchange)
    }

    /// Every piece keeps the reply's meaning.
    #[must_use]
    pub fn is_reshape(&self) -> bool {
        let retries = self.retries.iter().flatten();
        self.pieces.iter().chain(retries).all(Piece::is_reshape)
    }
}

/// Which pieces to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Profile {
    /// None: the tape as it was recorded.
    Plain,
    /// Reshapes of the wire.
    Wire,
    /// Reshapes of the framing.
    Framing,
    /// Reshapes of the dialect.
    Dialect,
    /// Reshapes of every level, seen or not: all that the grammar allows.
    Lawful,
    /// One fault.
    Faults,
    /// Reshapes of every level, and a fault every other time.
    All,
    /// Those of [`Profile::Lawful`] whose [standing](Piece::standing) in the dialect is
    /// [seen](crate::Standing::Seen): what any reader of that provider meets. Of a dialect that is
    /// not known nothing was seen, so nothing is done.
    SeenReshapes,
    /// Those of [`Profile::SeenReshapes`], and a fault that was seen every other time.
    Seen,
    /// What compatible servers do: a case of one of the [classes](crate::classes) of which such a
    /// server was seen.
    Quirks,
    /// Resources and security: a case of one of the [classes](crate::classes) of sizes, depths,
    /// floods and keys.
    Hostile,
}

impl Profile {
    /// Every profile, in the order of the type.
    pub const ALL: [Self; 11] = [
        Self::Plain,
        Self::Wire,
        Self::Framing,
        Self::Dialect,
        Self::Lawful,
        Self::Faults,
        Self::All,
        Self::SeenReshapes,
        Self::Seen,
        Self::Quirks,
        Self::Hostile,
    ];

    /// Its name, as in the scenario format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Wire => "wire",
            Self::Framing => "framing",
            Self::Dialect => "dialect",
            Self::Lawful => "lawful",
            Self::Faults => "faults",
            Self::All => "all",
            Self::SeenReshapes => "seen_reshapes",
            Self::Seen => "seen",
            Self::Quirks => "quirks",
            Self::Hostile => "hostile",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        let found = Self::ALL.into_iter().find(|profile| profile.name() == name);
        found.ok_or(UnknownProfile)
    }
}

/// A name that no [`Profile`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownProfile;

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown profile, expected one of ")?;
        for (place, profile) in Profile::ALL.into_iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{profile}")?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownProfile {}

/// One thing to do to a tape, with all its parameters.
///
/// *Block* numbers count the blocks of the untouched event stream from 0; a block is what a blank
/// line ends. `before_block` may be the number of blocks, which means: at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "piece", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Piece {
    /// Wire: cuts the bytes elsewhere.
    Rechunk {
        /// Where.
        cut: Cutting,
    },
    /// Wire: sends the chunks at other moments.
    Pace {
        /// At which.
        pace: Pace,
    },

    /// Framing: ends the lines otherwise.
    LineEnds {
        /// How.
        ends: Ends,
    },
    /// Framing: puts a byte order mark in front. (The braces make that a field is refused.)
    Bom {},
    /// Framing: puts in a comment block.
    Comment {
        /// The block it goes before.
        before_block: usize,
        /// The comment's text, without line ends.
        text: String,
    },
    /// Framing: puts in a keep-alive in the dialect's form: a `ping` event, or a comment.
    Ping {
        /// The block it goes before; after the message's start and not after its terminal event.
        before_block: usize,
    },
    /// Framing: writes every `data:` with or without a space after the colon.
    DataSpacing {
        /// With.
        space: bool,
    },
    /// Framing: adds a field that the standard does not name.
    UnknownSseField {
        /// The block.
        block: usize,
        /// The field's name; none of `data`, `event`, `id`, `retry`, `error`.
        name: String,
        /// The field's value, without line ends.
        value: String,
    },
    /// Framing: gives a block an `id`.
    IdField {
        /// The block.
        block: usize,
        /// The id, without line ends and NUL.
        id: String,
    },
    /// Framing: spreads a JSON payload over two `data` lines.
    MultiData {
        /// The block.
        block: usize,
        /// After which of the payload's `{`, `[`, `,` and `:` outside strings, from 0.
        gap: usize,
    },

    /// Dialect: one delta becomes two.
    SplitDelta {
        /// The block.
        block: usize,
        /// Offset in the delta's string as it is written in the untouched JSON. Not inside an
        /// escape of that JSON; inside an escape of the *arguments* it carries is lawful.
        at: usize,
    },
    /// Dialect: one delta becomes two, in the middle of a character that UTF-16 writes as a pair:
    /// `\ud83d` ends the first, `\ude00` begins the second.
    SplitSurrogate {
        /// The block.
        block: usize,
        /// Offset of the character in the delta's string as it is written in the untouched JSON.
        at: usize,
    },
    /// Dialect: a delta takes in the one after it.
    MergeDeltas {
        /// The block.
        block: usize,
    },
    /// Dialect: the events of content blocks, or the chunks of tool calls, in another order.
    ///
    /// Each lane keeps its own order, and lanes begin in their order. A lane is a content block, or
    /// the chunks of one tool call in the first run of such chunks that has more than one lane.
    Interleave {
        /// Whose turn it is, by the lane's number; what is left over follows lane by lane.
        order: Vec<usize>,
    },
    /// Dialect: adds a field `x_wiretape` to the payload's object.
    UnknownField {
        /// The block.
        block: usize,
        /// In front of all other fields, else behind them.
        first: bool,
        /// Its value, a string.
        value: String,
    },
    /// Dialect: puts in an event of a type `x_wiretape`, or a chunk without choices.
    UnknownEvent {
        /// The block it goes before; after the first event and not after the terminal one.
        before_block: usize,
    },
    /// Dialect: spaces after `,` and `:` of the payload.
    JsonWhitespace {
        /// The block.
        block: usize,
        /// How many, at most 16.
        spaces: u8,
    },
    /// Dialect: writes characters of the payload's strings as `\uXXXX`.
    JsonEscapes {
        /// The block.
        block: usize,
        /// Which characters.
        which: Escapes,
        /// Also in the names of fields.
        keys: bool,
    },

    /// Fault: the body ends early.
    Cut {
        /// Bytes that still come, after every other piece but rechunk.
        at: usize,
        /// How it ends.
        end: EndKind,
    },
    /// Fault: an error event.
    ErrorEvent {
        /// The block it goes before.
        before_block: usize,
        /// Which error.
        error: ErrorName,
        /// How the body ends behind it; `None` where the rest of the stream follows.
        then: Option<EndKind>,
    },
    /// Framing or fault: a block that says nothing, or that is no payload.
    Noise {
        /// The block it goes before.
        before_block: usize,
        /// Which.
        noise: Noise,
    },
    /// Fault: event names are missing, or wrong. Chat Completions has none, so they are added.
    EventNames {
        /// How.
        names: EventNames,
    },
    /// Fault: a character of a text is halved by the server and lost.
    Halved {
        /// The block.
        block: usize,
        /// Offset of the character in the delta's string as it is written in the untouched JSON.
        at: usize,
    },
    /// Fault: a call's arguments in another shape.
    Arguments {
        /// Which call, from 0.
        call: usize,
        /// The shape.
        shape: Arguments,
    },
    /// Fault: the arguments end early, and with them the message.
    Truncate {
        /// The block of arguments that is the last of the content.
        block: usize,
        /// Offset in the delta's string as it is written in the untouched JSON.
        at: usize,
        /// The reason for the end, in the dialect's words.
        reason: String,
        /// The content block is closed all the same. Without effect in Chat Completions.
        closed: bool,
    },
    /// Fault: other indices.
    Indices {
        /// Which.
        indices: Indices,
    },
    /// Fault: ids of calls elsewhere.
    Ids {
        /// Where.
        ids: Ids,
    },
    /// Fault: names and types of calls elsewhere.
    Names {
        /// Where.
        names: Names,
    },
    /// Fault: text, calls and the reason in another order, or in one chunk.
    Order {
        /// Which.
        order: Order,
    },
    /// Fault: another end of the message.
    Tail {
        /// Which.
        tail: Tail,
    },
    /// Fault: the count of tokens elsewhere.
    Usage {
        /// Where.
        usage: Usage,
    },
    /// Fault: the message begins again in its midst, under another id.
    Splice {
        /// The block before which it begins again, with all its blocks.
        before_block: usize,
    },
    /// Fault: a block is not opened or closed as it should be.
    Lifecycle {
        /// Which content block, by the order of their starts, from 0.
        content: usize,
        /// How.
        lifecycle: Lifecycle,
    },
    /// Fault: an error in a shape that is not the dialect's own.
    ForeignError {
        /// The block it goes before.
        before_block: usize,
        /// The shape.
        shape: ErrorShape,
        /// How the body ends behind it; `None` where the rest of the stream follows.
        then: Option<EndKind>,
    },
    /// Dialect or fault: fields that are there, not there, null or empty.
    Fields {
        /// Which.
        fields: Fields,
    },
    /// Fault: reasoning in one of its many fields.
    Reasoning {
        /// In which.
        reasoning: Reasoning,
    },
    /// Fault: signatures of thinking that are missing, long, or in parts.
    Signature {
        /// Which.
        signature: Signature,
    },
    /// Fault: the content ends early, for a reason.
    StopAfter {
        /// The last block of content that comes.
        block: usize,
        /// The reason, in the dialect's words.
        reason: String,
    },
    /// Fault: something in the content that nobody knows. It adds nothing to text and calls.
    Unknown {
        /// Which.
        unknown: Unknown,
    },
    /// Fault: a second answer, whose text is another. Chat Completions only.
    SecondAnswer {},
    /// Fault: text that comes again.
    Repeat {
        /// How.
        repeat: Repeat,
    },
    /// Fault: a byte that few expect at the end of a delta's text.
    Byte {
        /// The block.
        block: usize,
        /// Which.
        byte: Byte,
    },
    /// Dialect or fault: adds a field `x_wiretape` whose value parsers stumble over.
    Odd {
        /// The block.
        block: usize,
        /// Which.
        odd: Odd,
    },
    /// Fault: items whose events come otherwise. Responses only.
    Items {
        /// How.
        items: Items,
    },
    /// Dialect or fault: candidates and their parts in other shapes. Gemini only.
    Candidates {
        /// Which.
        shape: Candidates,
    },
    /// Fault: a message that is an error, or is broken. AWS event streams only.
    Frame {
        /// The block it goes before, or that is broken.
        before_block: usize,
        /// Which.
        frame: Frame,
        /// How the body ends behind it; `None` where the rest of the stream follows.
        then: Option<EndKind>,
    },
    /// Framing: a header that nobody knows. AWS event streams only.
    UnknownHeader {
        /// The block.
        block: usize,
    },
    /// Framing: blanks before a JSON value. Bodies that are one array only.
    Blanks {
        /// The block.
        block: usize,
        /// Which.
        blanks: Blanks,
    },
    /// Fault: another reason for the end of the message.
    FinishReason {
        /// The reason, in the dialect's words.
        reason: String,
    },
    /// Fault: no `message_stop`, no `[DONE]`.
    DropTerminal {
        /// And no reason for the end of the message.
        finish: bool,
    },
    /// Fault: the terminal event comes twice.
    DoubleTerminal {},

    /// Wire: compresses the body, and says so in the head. Only a client that offers the coding can
    /// read it; where `truncated`, the coding's own end is missing, which is a fault.
    Encode {
        /// How.
        coding: Coding,
        /// When the compressor gives something away.
        flush: Flushing,
        /// The last bytes of the coding's own end are missing.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        truncated: bool,
    },
    /// Wire: holds everything back, then sends it in one chunk.
    Burst {
        /// How long.
        wait_ns: u64,
        /// The head is held back too.
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        head: bool,
    },
    /// Wire: so many bytes at a time.
    Drip {
        /// Bytes of a chunk.
        bytes: usize,
        /// Between two chunks.
        every_ns: u64,
    },
    /// Wire, or a fault where it is long or for ever: nothing comes.
    Stall {
        /// Where.
        at: Spot,
        /// How long; `None`: for ever.
        wait_ns: Option<u64>,
    },
    /// Wire, or a fault where it is long or the tail does not follow: nothing comes but keep-alives.
    KeepAlive {
        /// The block they go before.
        before_block: usize,
        /// Which.
        beat: Beat,
        /// Before each.
        every_ns: u64,
        /// How many.
        count: u32,
        /// How the body ends behind them; `None` where the rest of the stream follows.
        then: Option<EndKind>,
    },
    /// Fault: behind the terminal event the body ends otherwise, or later.
    Ending {
        /// How it ends.
        end: EndKind,
        /// After the last byte.
        after_ns: u64,
    },
    /// Fault: an error of HTTP in place of the reply.
    HttpError {
        /// The status, 400 to 599.
        status: u16,
        /// What its body is.
        body: ErrorBody,
        /// When to ask again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<RetryAfter>,
        /// Whether to ask again: `x-should-retry`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        should_retry: Option<bool>,
    },
    /// Fault: status 200, and no event stream.
    NoStream {
        /// What it is.
        body: NoStream,
    },
    /// Fault: the reply in the stream of another dialect.
    WrongDialect {},
    /// Fault: a server that gives the message and its calls other ids, as for another attempt.
    NewIds {
        /// What is added to each: at most 32 letters, digits, `_` and `-`.
        suffix: String,
    },
    /// Dialect: a payload gets a field of so many bytes. A reader has a limit, so that this may be
    /// a fault for it.
    Grow {
        /// The block.
        block: usize,
        /// How many, at most 64 MiB.
        bytes: usize,
    },
    /// Fault: in place of the tail something that does not come to its end.
    Endless {
        /// The block it goes before.
        before_block: usize,
        /// What.
        what: Unending,
        /// How many bytes come of it, at most 64 MiB.
        bytes: usize,
        /// How the body ends behind them.
        end: EndKind,
    },
}

/// Where to cut the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cutting {
    /// After each byte.
    Bytes1,
    /// After every so many bytes.
    Every(usize),
    /// At these offsets, in any order; those outside the body do nothing.
    At(Vec<usize>),
    /// Inside every UTF-8 sequence, at each of its bytes.
    InsideUtf8,
    /// After each CR.
    BetweenCrLf,
    /// Where the recording cut, but only at each n-th place.
    Merge(usize),
    /// Nowhere.
    Whole,
}

/// When the chunks are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Pace {
    /// As recorded.
    Recorded,
    /// `n / of` times as fast as recorded.
    Speed {
        /// Numerator, not 0.
        n: u32,
        /// Denominator.
        of: u32,
    },
    /// All at once.
    Instant,
}

/// How lines end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// LF.
    Lf,
    /// CR LF.
    CrLf,
    /// CR.
    Cr,
    /// Line by line in this order, from the start again after the last. An LF that would follow a
    /// CR at once becomes CR LF, since the two would be read as one.
    Mixed(Vec<LineEnd>),
}

/// How one line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineEnd {
    /// LF.
    Lf,
    /// CR LF.
    CrLf,
    /// CR.
    Cr,
}

impl LineEnd {
    /// Its bytes.
    pub(crate) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
            Self::Cr => b"\r",
        }
    }
}

/// Which characters to write as `\uXXXX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Escapes {
    /// All that are not escaped yet.
    All,
    /// Those outside ASCII.
    NonAscii,
}

/// Which error an error event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorName {
    /// The server failed.
    ApiError,
    /// The server has too much to do.
    Overloaded,
    /// The client asks too often.
    RateLimit,
}
