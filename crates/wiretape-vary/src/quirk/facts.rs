//! What is known of each piece of the catalogue that is not one of the first ones.

use crate::catalogue::{Backing, Level, Outcome, documented, permits_acting, seen};
use crate::parameters::{
    Arguments, Byte, Candidates, ErrorShape, EventNames, Fields, Frame, Ids, Indices, Items,
    Lifecycle, Names, Noise, Odd, Order, Reasoning, Repeat, Signature, Tail, Unknown, Usage,
};
use crate::scenario::Piece;
use Outcome::{
    CallsRefused, EofReported, ErrorReported, NoCalls, Same, SameButIds, SameButReasoning,
    SameCalls, SameFirst,
};

/// What is known of a piece.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    /// Its place in the order of application.
    pub(crate) rank: u8,
    pub(crate) permits: &'static [Outcome],
    pub(crate) messages: Backing,
    pub(crate) chat: Backing,
    /// In the dialect whose own it is.
    pub(crate) elsewhere: Option<Backing>,
}

const LAWFUL: Backing = Backing::LAWFUL;

const fn facts(
    id: &'static str,
    rank: u8,
    permits: &'static [Outcome],
    messages: Backing,
    chat: Backing,
) -> Facts {
    Facts {
        id,
        level: Level::Fault,
        rank,
        permits,
        messages,
        chat,
        elsewhere: None,
    }
}

/// Of a piece of another dialect than Messages and Chat Completions.
const fn own(id: &'static str, rank: u8, permits: &'static [Outcome], backing: Backing) -> Facts {
    Facts {
        elsewhere: Some(backing),
        ..facts(id, rank, permits, LAWFUL, LAWFUL)
    }
}

const fn reshape(facts: Facts, level: Level) -> Facts {
    Facts {
        level,
        permits: &[Same],
        ..facts
    }
}

const STRICT: &[Outcome] = &[Same, ErrorReported];
const REFUSED: &[Outcome] = &[CallsRefused, ErrorReported];
const SAME_OR_REFUSED: &[Outcome] = &[Same, CallsRefused, ErrorReported];

impl Piece {
    /// What is known of it; nonsense of the first pieces, which say it themselves.
    pub(crate) fn facts(&self) -> Facts {
        match self {
            Self::Noise { noise, .. } => of_noise(*noise),
            Self::EventNames { names } => of_event_names(*names),
            Self::Halved { .. } => facts("F-04", 2, &[SameCalls], LAWFUL, seen("llama.cpp#28926")),
            Self::Arguments { shape, .. } => of_arguments(*shape),
            Self::Truncate { reason, .. } => of_truncate(reason),
            Self::Indices { indices } => of_indices(*indices),
            Self::Ids { ids } => of_ids(*ids),
            Self::Names { names } => of_names(*names),
            Self::Order { order } => of_order(*order),
            Self::Tail { tail } => of_tail(*tail),
            Self::Usage { usage } => of_usage(*usage),
            Self::Splice { .. } => {
                let permits = &[Same, SameCalls, CallsRefused, ErrorReported, EofReported];
                facts("F-35", 8, permits, seen("vercel/ai#18402"), LAWFUL)
            }
            Self::Lifecycle { lifecycle, .. } => of_lifecycle(*lifecycle),
            Self::ForeignError { shape, .. } => of_error(*shape),
            Self::Fields { fields } => of_fields(*fields),
            Self::Reasoning { reasoning } => of_reasoning(*reasoning),
            Self::Signature { signature } => of_signature(*signature),
            Self::StopAfter { .. } => {
                let permits = &[NoCalls, ErrorReported];
                let chat = documented("chat streaming, finish_reason");
                facts(
                    "F-53",
                    3,
                    permits,
                    documented("handle streaming refusals"),
                    chat,
                )
            }
            Self::Unknown { unknown } => of_unknown(*unknown),
            Self::SecondAnswer {} => {
                facts("F-57", 9, &[SameFirst], LAWFUL, documented("`n`: chat"))
            }
            Self::Repeat { repeat } => of_repeat(*repeat),
            Self::Byte { byte, .. } => of_byte(*byte),
            Self::Odd { odd, .. } => of_odd(*odd),
            Self::Items { items } => of_items(*items),
            Self::Candidates { shape } => of_candidates(*shape),
            Self::Frame { frame, .. } => of_frame(*frame),
            Self::UnknownHeader { .. } => {
                let headers = documented("event stream encoding: headers");
                reshape(own("F-17", 23, &[Same], headers), Level::Framing)
            }
            Self::Blanks { .. } => reshape(own("F-17", 22, &[Same], LAWFUL), Level::Framing),
            _ => facts("", 0, &[Same], LAWFUL, LAWFUL),
        }
    }
}

fn of_noise(noise: Noise) -> Facts {
    let noisy = |id, permits, chat| facts(id, 24, permits, LAWFUL, chat);
    let framing = |id, chat| reshape(noisy(id, &[Same], chat), Level::Framing);
    match noise {
        Noise::BareComment => framing("F-15", seen("llama.cpp: coder#28185")),
        Noise::EventWithoutData => framing("F-16", seen("Dify's `event: ping`")),
        Noise::IdWithNul | Noise::RetryText => framing("F-17", LAWFUL),
        Noise::EmptyData => noisy("F-16", STRICT, seen("copilot-api#88")),
        Noise::CommentAsData => noisy("F-15c", STRICT, seen("opencode#50871")),
        Noise::True | Noise::Text | Noise::List | Noise::Null => {
            noisy("F-17b", STRICT, seen("ruby_llm#656"))
        }
    }
}

fn of_event_names(names: EventNames) -> Facts {
    let permits = &[Same, ErrorReported, EofReported];
    match names {
        EventNames::Dropped => {
            let messages = seen("proxies that strip `event:`: the SDKs then see no event");
            facts("F-17", 26, permits, messages, LAWFUL)
        }
        EventNames::Message | EventNames::Wrong => facts("F-17", 26, permits, LAWFUL, LAWFUL),
    }
}

fn of_arguments(shape: Arguments) -> Facts {
    let of = |id, permits, messages, chat| facts(id, 2, permits, messages, chat);
    match shape {
        Arguments::Empty => of("F-18", &[Same], seen("recordings"), seen("vercel/ai#10747")),
        Arguments::Null => of("F-18", STRICT, LAWFUL, seen("vercel/ai#10747")),
        Arguments::Absent => of(
            "F-18",
            &[Same],
            seen("fantasy#219"),
            seen("rust-genai 425cf68"),
        ),
        Arguments::NullText => of("F-18", SAME_OR_REFUSED, LAWFUL, seen("Groq: rig#2359")),
        Arguments::Whole => of("F-18", &[Same], LAWFUL, seen("Groq, OpenRouter")),
        Arguments::Late => of("F-18", &[Same], LAWFUL, seen("OpenRouter: llm#1218")),
        Arguments::Object => of("F-19", SAME_OR_REFUSED, LAWFUL, seen("rig#1822")),
        Arguments::Encoded => of("F-19", SAME_OR_REFUSED, LAWFUL, seen("litellm#37792")),
        Arguments::Junk | Arguments::Headless => {
            let messages = documented("fine-grained tool streaming: may be invalid JSON");
            of("F-20", REFUSED, messages, seen("fantasy#223"))
        }
        Arguments::Blank => of("F-22", &[Same], LAWFUL, LAWFUL),
        Arguments::Placeholder => of(
            "F-22",
            SAME_OR_REFUSED,
            LAWFUL,
            seen("GLM on Fireworks: fantasy 5ff5101"),
        ),
    }
}

fn of_truncate(reason: &str) -> Facts {
    let messages = seen("the SDK's fixture incomplete_partial_json_response");
    if permits_acting(reason) {
        let permits = &[CallsRefused, NoCalls, ErrorReported];
        facts("F-21", 3, permits, LAWFUL, seen("vllm#53269"))
    } else {
        let chat = seen("rig#2359 (DeepSeek)");
        facts("F-21", 3, &[NoCalls, ErrorReported], messages, chat)
    }
}

fn of_indices(indices: Indices) -> Facts {
    let (messages, chat) = match indices {
        Indices::Missing => (LAWFUL, seen("Mistral, Gemini: vercel/ai#18382")),
        Indices::Zero => (LAWFUL, seen("rig#1443 (LiteLLM)")),
        Indices::FromOne => (seen("cline#13123 (LiteLLM)"), seen("litellm#11580")),
        Indices::Gaps | Indices::Huge => (LAWFUL, seen("openai-node#2323")),
        Indices::Text | Indices::Negative => (LAWFUL, LAWFUL),
    };
    let id = if indices == Indices::Huge {
        "F-73"
    } else {
        "F-24"
    };
    facts(id, 5, SAME_OR_REFUSED, messages, chat)
}

fn of_ids(ids: Ids) -> Facts {
    const OTHERS: &[Outcome] = &[Same, SameButIds, CallsRefused, ErrorReported];
    let (permits, chat) = match ids {
        Ids::Every => (STRICT, seen("litellm#11407")),
        Ids::EmptyAfter => (STRICT, seen("Qwen, vLLM: vercel/ai#19091")),
        Ids::NullAfter => (STRICT, seen("vercel/ai#12901")),
        Ids::Other => (OTHERS, seen("GLM-4: rig#1510")),
        Ids::Absent => (OTHERS, seen("vllm#18412")),
        Ids::Null | Ids::Empty => (OTHERS, LAWFUL),
        Ids::Same => (OTHERS, seen("vercel/ai#17586")),
    };
    facts("F-25", 6, permits, LAWFUL, chat)
}

fn of_names(names: Names) -> Facts {
    let (permits, chat) = match names {
        Names::Every => (SAME_OR_REFUSED, seen("`accumulate_delta` of openai-python")),
        Names::EmptyAfter => (STRICT, seen("Mistral, GLM")),
        Names::NullAfter => (STRICT, LAWFUL),
        Names::Late => (SAME_OR_REFUSED, seen("vercel/ai#14760")),
        Names::Split => (SAME_OR_REFUSED, LAWFUL),
        Names::NoType => (STRICT, seen("Mistral on Azure: vercel/ai#12901")),
        Names::NullType => (STRICT, seen("Azure AI Foundry: vercel/ai#12901")),
    };
    facts("F-25", 7, permits, LAWFUL, chat)
}

fn of_order(order: Order) -> Facts {
    let (permits, chat): (&[Outcome], _) = match order {
        Order::TextInFinish => (&[Same], seen("Kimi: rust-genai#164")),
        Order::CallInFinish => (&[Same], seen("Mistral")),
        Order::TextWithCall => (&[Same], seen("ruby_llm 504fca4f")),
        Order::CallsTogether => (&[Same], LAWFUL),
        Order::CallAfterFinish => (
            &[Same, CallsRefused, ErrorReported, EofReported],
            seen("tool deltas after `finish_reason`"),
        ),
    };
    let id = if order == Order::CallsTogether {
        "F-23"
    } else {
        "F-26"
    };
    facts(id, 4, permits, LAWFUL, chat)
}

fn of_tail(tail: Tail) -> Facts {
    const WITHOUT: &[Outcome] = &[NoCalls, ErrorReported, EofReported];
    const EITHER: &[Outcome] = &[Same, NoCalls, ErrorReported, EofReported];
    let (permits, chat) = match tail {
        Tail::NoReason => (WITHOUT, seen("Ollama: pydantic-ai#3045")),
        Tail::ReasonTwice => (STRICT, seen("oh-my-pi#9433")),
        Tail::ReasonEverywhere => (STRICT, seen("Gemini: one-api#1408")),
        Tail::ReasonEarly => (STRICT, seen("an early `STOP` on empty parts: kelivo")),
        Tail::Swapped => (EITHER, LAWFUL),
        Tail::ContentBehind => (STRICT, LAWFUL),
        Tail::DoneSpaces => (EITHER, LAWFUL),
        Tail::DoneLetters => (EITHER, seen("openai-node#2422")),
        Tail::DoneNamed => (&[Same][..], seen("`event: done`")),
    };
    facts("F-32", 1, permits, LAWFUL, chat)
}

fn of_usage(usage: Usage) -> Facts {
    let (messages, chat) = match usage {
        Usage::Null | Usage::Empty => (LAWFUL, seen("null until the end: chat streaming")),
        Usage::Dropped => (LAWFUL, documented("may never arrive: chat streaming")),
        Usage::Everywhere => (LAWFUL, seen("Perplexity")),
        Usage::Tail => (LAWFUL, documented("include_usage: chat streaming")),
        Usage::TailNull => (LAWFUL, seen("pydantic-ai#5170, cline#8527")),
    };
    facts("F-34", 1, &[Same], messages, chat)
}

fn of_lifecycle(lifecycle: Lifecycle) -> Facts {
    const ANY: &[Outcome] = &[Same, CallsRefused, NoCalls, ErrorReported];
    let (permits, messages) = match lifecycle {
        Lifecycle::NoStart => (ANY, seen("text blocks of Bedrock's adapters")),
        Lifecycle::NoStop => (ANY, LAWFUL),
        Lifecycle::StartTwice => (ANY, LAWFUL),
        Lifecycle::StopTwice => (STRICT, LAWFUL),
        Lifecycle::StopFirst => (ANY, LAWFUL),
    };
    facts("F-36", 4, permits, messages, LAWFUL)
}

fn of_error(shape: ErrorShape) -> Facts {
    const ONE: &[Outcome] = &[ErrorReported];
    const UNKNOWN: &[Outcome] = &[ErrorReported, EofReported];
    let (permits, messages, chat) = match shape {
        ErrorShape::Unnamed => (UNKNOWN, LAWFUL, LAWFUL),
        ErrorShape::Details => (ONE, seen("`details: null`, `request_id`"), LAWFUL),
        ErrorShape::Named => (ONE, LAWFUL, seen("Groq: go-openai#1057")),
        ErrorShape::Text => (ONE, LAWFUL, seen("xAI: ruby_llm#837")),
        ErrorShape::Object => (UNKNOWN, LAWFUL, seen("vLLM: goose#8031")),
        ErrorShape::InChunk => (ONE, LAWFUL, documented("OpenRouter, streaming errors")),
        ErrorShape::Context => (ONE, LAWFUL, seen("llama.cpp")),
        ErrorShape::Field => (UNKNOWN, LAWFUL, seen("`error:` in a recording of GPUStack")),
        ErrorShape::ThenDone => (ONE, LAWFUL, seen("LiteLLM")),
        ErrorShape::Secret => (ONE, LAWFUL, LAWFUL),
    };
    let id = if shape == ErrorShape::Secret {
        "F-74"
    } else {
        "F-40"
    };
    facts(id, 43, permits, messages, chat)
}

fn of_fields(fields: Fields) -> Facts {
    let of = |permits, messages, chat| facts("F-50", 9, permits, messages, chat);
    let lawful = |messages, chat| reshape(of(&[Same], messages, chat), Level::Dialect);
    match fields {
        Fields::RoleEverywhere => lawful(LAWFUL, seen("litellm#11407")),
        Fields::NoRole => lawful(LAWFUL, seen("Perplexity: vercel/ai#16532")),
        Fields::ContentNull => lawful(LAWFUL, seen("recordings")),
        Fields::NoNullReason => lawful(LAWFUL, seen("Perplexity")),
        Fields::Padding => lawful(
            seen("trailing blanks in the SDK's fixtures"),
            seen("`obfuscation` in recordings of OpenAI"),
        ),
        Fields::FilterFirst => lawful(LAWFUL, seen("Azure's `prompt_filter_results`")),
        Fields::RoleEmpty => of(STRICT, LAWFUL, seen("vercel/ai#15464")),
        Fields::NoDelta => of(STRICT, LAWFUL, seen("Azure: openai-node#1982")),
        Fields::DeltaNull => of(STRICT, LAWFUL, LAWFUL),
        Fields::EmptyIds => of(STRICT, LAWFUL, seen("Azure: ruby_llm#830")),
    }
}

fn of_reasoning(reasoning: Reasoning) -> Facts {
    let (permits, chat): (&[Outcome], _) = match reasoning {
        Reasoning::Renamed => (
            &[Same, SameButReasoning],
            seen("`reasoning` of OpenRouter and Ollama"),
        ),
        Reasoning::Inserted => (&[SameButReasoning], seen("`reasoning_content` of DeepSeek")),
        Reasoning::Tags => (
            &[SameButReasoning, SameCalls],
            seen("`<think>` of local servers"),
        ),
        Reasoning::Parts => (STRICT, seen("Mistral's arrays")),
    };
    facts("F-51", 3, permits, LAWFUL, chat)
}

fn of_signature(signature: Signature) -> Facts {
    let messages = match signature {
        Signature::Dropped => seen("gateways that drop it: litellm#38153"),
        Signature::Halves => LAWFUL,
        Signature::Long => LAWFUL,
    };
    facts("F-52", 3, &[SameButReasoning], messages, LAWFUL)
}

fn of_unknown(unknown: Unknown) -> Facts {
    let policy = documented("event types may be added: versioning policy");
    let chat = match unknown {
        Unknown::Delta => seen("fields of servers' own"),
        Unknown::Block => LAWFUL,
    };
    facts("F-56", 10, &[Same], policy, chat)
}

fn of_repeat(repeat: Repeat) -> Facts {
    let chat = match repeat {
        Repeat::Cumulative => seen("Perplexity's `message`"),
        Repeat::LastTwice => LAWFUL,
        Repeat::WholeAtEnd => seen("vercel/ai#11658 (xAI)"),
    };
    facts("F-58", 2, &[Same, SameCalls], LAWFUL, chat)
}

fn of_byte(byte: Byte) -> Facts {
    match byte {
        Byte::EscapedNul => {
            let chat = seen("litellm#24314");
            facts("F-59", 2, &[SameCalls], seen("poliloom#138"), chat)
        }
        Byte::RawNul | Byte::RawVt => {
            facts("F-59", 19, &[SameCalls, ErrorReported], LAWFUL, LAWFUL)
        }
    }
}

fn of_items(items: Items) -> Facts {
    let of = |permits, backing| own("F-55", 9, permits, backing);
    match items {
        Items::OtherIds => of(STRICT, seen("GitHub Copilot: vercel/ai 73d48d0")),
        Items::DoneOutOfOrder => of(STRICT, seen("OpenRouter: pi#6009")),
        Items::NoOutput => of(STRICT, seen("9router#705")),
        Items::EmptyOutput => of(STRICT, seen("9router#705")),
        Items::NumbersMissing | Items::NumbersGaps | Items::NumbersTwice => {
            of(STRICT, seen("third parties' translators"))
        }
        Items::NoArgumentDeltas | Items::NoArgumentsDone => {
            of(SAME_OR_REFUSED, seen("third parties' translators"))
        }
        Items::NoAdded => of(SAME_OR_REFUSED, LAWFUL),
        Items::IndexZero => of(
            &[Same, SameCalls, CallsRefused, ErrorReported],
            seen("litellm#36375, agents-python#5041"),
        ),
    }
}

fn of_candidates(shape: Candidates) -> Facts {
    let of = |permits, backing| own("F-54", 9, permits, backing);
    let lawful = |backing| reshape(of(&[Same], backing), Level::Dialect);
    match shape {
        Candidates::PartialArguments => {
            let vertex = documented("Vertex: streamFunctionCallArguments");
            of(SAME_OR_REFUSED, vertex)
        }
        Candidates::NoTerminator => of(
            &[Same, CallsRefused, ErrorReported, EofReported],
            seen("a fixture of vercel/ai#16040"),
        ),
        Candidates::NoIds => of(
            &[Same, SameButIds, CallsRefused, ErrorReported],
            seen("AI Studio's recordings"),
        ),
        Candidates::NoArguments => lawful(seen("recordings")),
        Candidates::CallsApart | Candidates::CallsTogether => lawful(seen("recordings")),
        Candidates::NoParts | Candidates::EmptyParts | Candidates::NoContent => {
            of(STRICT, seen("req_llm#944, recordings"))
        }
        Candidates::NoRole => lawful(seen("recordings")),
        Candidates::UsageAlone => lawful(seen("recordings")),
        Candidates::ReasonAlone => lawful(seen("recordings")),
    }
}

fn of_frame(frame: Frame) -> Facts {
    let of = |permits, backing| own("F-45", 43, permits, backing);
    match frame {
        Frame::PreludeChecksum | Frame::MessageChecksum => {
            of(&[ErrorReported, EofReported], LAWFUL)
        }
        Frame::Error => of(
            &[ErrorReported],
            documented("event stream encoding: errors"),
        ),
        _ => of(&[ErrorReported], documented("ConverseStream: exceptions")),
    }
}

fn of_odd(odd: Odd) -> Facts {
    let of = |id, permits| facts(id, 17, permits, LAWFUL, LAWFUL);
    match odd {
        Odd::BigInteger | Odd::NegativeZero => reshape(of("F-59", &[Same]), Level::Dialect),
        Odd::Proto | Odd::Deep => reshape(of("F-73", &[Same]), Level::Dialect),
        Odd::Exponent | Odd::Twice => of("F-59", STRICT),
        Odd::VeryDeep => of("F-73", STRICT),
    }
}
