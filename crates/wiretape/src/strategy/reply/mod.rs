//! Arbitrary well-formed replies, with what a reader must make of them.
//!
//! A reply is what the model said, and how a server of either dialect writes it down: how texts
//! are cut, which escapes, what stands between the events, where the usage goes. What must come of
//! it is computed from the first alone.

mod expect;
mod write;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use wiretape_core::Dialect;

pub use expect::{Answered, Called, Expected, More};

/// What a part of a reply is. A dialect that has no such thing leaves it out.
#[derive(Clone, Debug)]
enum Part {
    Text {
        text: String,
        citations: usize,
    },
    Reasoning {
        text: String,
        signature: String,
    },
    Redacted(String),
    Refusal(String),
    Call {
        name: String,
        arguments: String,
        form: Form,
    },
    /// A call the provider runs itself, and its result.
    Server {
        name: String,
        arguments: String,
    },
    /// A block of a type nobody knows.
    Unknown,
}

/// How a call is written down.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// In pieces.
    Streamed,
    /// In one delta, or in the start of its block.
    Whole,
    /// A custom tool, whose input is text.
    Custom,
}

/// Where the tokens are told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Counted {
    Nowhere,
    AtTheEnd,
    Everywhere,
}

/// A part with the places at which it is cut into deltas.
type Cut = (Part, Vec<Index>);

/// What a model said, and how it is written down. Made by [`replies`].
#[derive(Clone, Debug)]
pub struct Reply {
    /// The parts of each answer; a dialect with one answer writes the first.
    answers: Vec<Vec<Cut>>,
    style: Style,
}

#[derive(Clone, Debug)]
struct Style {
    /// What goes before each event: a ping, a comment, nothing.
    noise: Vec<u8>,
    /// Whose turn it is where several answers or calls arrive at once.
    order: Vec<u8>,
    /// The deltas of the calls of an answer alternate.
    woven: bool,
    /// Strings are written as `\uXXXX` throughout.
    escaped: bool,
    /// Ids and names stand in each delta of a call.
    repeated: bool,
    /// Padding against traffic analysis.
    padded: bool,
    /// `data: ` or `data:`.
    spaced: bool,
    counted: Counted,
    /// Which of the reasons that permit acting.
    reason: usize,
    line_end: &'static str,
}

/// Replies with texts that trip readers, reasoning, refusals, calls of every form, several answers,
/// cut and mixed in every way that the dialects permit. They shrink towards few and short parts,
/// written plainly.
///
/// ```
/// use proptest::prelude::*;
/// use wiretape::core::{Dialect, Options, read};
/// use wiretape::strategy::replies;
///
/// # struct Runner;
/// proptest! {
///     # #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
///     # fn all(reply in replies()) {
///     # /*
///     #[test]
///     fn my_reader_hands_out_the_whole_text(reply in replies()) {
///     # */
///         let dialect = Dialect::Anthropic;
///         let (body, expected) = (reply.body(dialect).unwrap(), reply.expected(dialect));
///         let turn = read(dialect, Options::default(), &body).unwrap(); // your reader here
///         prop_assert_eq!(turn.text(), expected.text);
///     }
/// }
/// # all();
/// ```
pub fn replies() -> impl Strategy<Value = Reply> {
    let cuts = || prop::collection::vec(any::<Index>(), 0..6);
    let parts = prop::collection::vec((part(), cuts()), 0..6);
    let more = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(prop::collection::vec((part(), cuts()), 0..3), 1..3),
    ];
    (parts, more, style()).prop_map(|(parts, more, style)| {
        let mut answers = vec![parts];
        answers.extend(more);
        Reply { answers, style }
    })
}

fn style() -> impl Strategy<Value = Style> {
    let noise = prop::collection::vec(0..12_u8, 1..8);
    let order = prop::collection::vec(0..6_u8, 1..8);
    let flags = (any::<[bool; 4]>(), prop::bool::weighted(0.8));
    let counted = select(vec![
        Counted::Nowhere,
        Counted::AtTheEnd,
        Counted::Everywhere,
    ]);
    let line_end = select(vec!["\n", "\r\n", "\r"]);
    (noise, order, flags, counted, 0..4_usize, line_end).prop_map(
        |(noise, order, (flags, spaced), counted, reason, line_end)| {
            let [woven, escaped, repeated, padded] = flags;
            Style {
                noise,
                order,
                woven,
                escaped,
                repeated,
                padded,
                spaced,
                counted,
                reason,
                line_end,
            }
        },
    )
}

fn part() -> impl Strategy<Value = Part> {
    let name = || "[a-zA-Z0-9_-]{1,12}";
    prop_oneof![
        6 => (words(), 0..3_usize).prop_map(|(text, citations)| Part::Text { text, citations }),
        3 => (words(), "[A-Za-z0-9+/]{0,20}={0,2}")
            .prop_map(|(text, signature)| Part::Reasoning { text, signature }),
        1 => "[A-Za-z0-9+/]{0,20}={0,2}".prop_map(Part::Redacted),
        1 => words().prop_map(Part::Refusal),
        6 => (name(), arguments())
            .prop_map(|(name, arguments)| Part::Call { name, arguments, form: Form::Streamed }),
        1 => (name(), object(tree()))
            .prop_map(|(name, value)| Part::Call { name, arguments: value.to_string(), form: Form::Whole }),
        1 => (name(), words())
            .prop_map(|(name, arguments)| Part::Call { name, arguments, form: Form::Custom }),
        1 => (name(), object(tree()))
            .prop_map(|(name, value)| Part::Server { name, arguments: value.to_string() }),
        1 => Just(Part::Unknown),
    ]
}

/// Text with what trips readers: escapes, line ends, wide characters, pairs, protocol words.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "[a-z ]{0,12}",
        2 => any::<String>(),
        1 => select(vec![
            "\n\n", "\r\n", "data: ", "[DONE]", "\"", "\\", "\\u", "\\ud83d", "{\"", "😀", "e\u{301}",
            "漢字", "\u{FEFF}", "\u{2028}", "\0", "\u{FFFD}", "message_stop", "👩\u{200D}💻", "}}]}", "\"}}",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(word, 0..6).prop_map(|words| words.concat())
}

fn tree() -> impl Strategy<Value = Value> + Clone {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object(inner),
        ]
    })
}

/// What a model may send as arguments, and every reader must take: nothing, or an object.
fn arguments() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "",
        " ",
        "\n",
        "{}",
        " {} ",
        "{\"n\":12345678901234567890123,\"z\":-0,\"e\":1E+5}",
        "{\"k\":1,\"k\":2}",
        "{\"s\":\"\\ud83d\\ude00\\u0000\\/\"}",
    ]);
    prop_oneof![
        3 => odd.prop_map(str::to_owned),
        4 => object(tree()).prop_map(|value| value.to_string()),
        1 => object(tree()).prop_map(|value| format!("{value:#}")),
    ]
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec(("[a-z\"é]{0,6}", inner), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

impl Reply {
    /// The answers that this dialect writes, each with the parts that it has a form for.
    fn answers(&self, dialect: Dialect) -> Vec<Vec<&Cut>> {
        let answers = match dialect {
            Dialect::Anthropic => 1,
            _ => self.answers.len(),
        };
        let answers = self.answers.iter().take(answers).map(|parts| {
            let written = parts.iter().filter(|(part, _)| part.is_of(dialect));
            written.collect()
        });
        answers.collect()
    }

    /// The parts of the first of them.
    fn first(&self, dialect: Dialect) -> Vec<&Cut> {
        let first = self.answers(dialect).into_iter().next();
        first.unwrap_or_default()
    }

    /// Why the model stopped: a reason that permits acting.
    fn stop(&self, dialect: Dialect, answer: &[&Cut]) -> &'static str {
        let acts = answer
            .iter()
            .any(|(part, _)| matches!(part, Part::Call { .. }));
        let reasons = match (dialect, acts) {
            (Dialect::Anthropic, true) => ["tool_use", "tool_use", "end_turn", "stop_sequence"],
            (Dialect::Anthropic, false) => ["end_turn", "end_turn", "stop_sequence", "tool_use"],
            (_, true) => ["tool_calls", "tool_calls", "stop", "function_call"],
            (_, false) => ["stop", "stop", "stop", "tool_calls"],
        };
        reasons.get(self.style.reason).copied().unwrap_or("stop")
    }
}

impl Part {
    fn is_of(&self, dialect: Dialect) -> bool {
        match self {
            Self::Text { .. } | Self::Reasoning { .. } => true,
            Self::Call { form, .. } => *form != Form::Custom || dialect != Dialect::Anthropic,
            Self::Redacted(_) | Self::Server { .. } | Self::Unknown => {
                dialect == Dialect::Anthropic
            }
            Self::Refusal(_) => dialect != Dialect::Anthropic,
        }
    }
}

/// The id of a call by its place; some have characters that JSON escapes.
fn id(place: usize) -> String {
    let odd = match place % 4 {
        0 => "",
        1 => "-é",
        2 => "\\",
        _ => "\"",
    };
    format!("call_{place}{odd}")
}
