//! What is known to be wrong with a client: kept, and asserted to be so still. Where a run of it no
//! longer shows this, the entry goes.

use serde_json::Value;
use wiretape_vary::Scenario;

use crate::Client;
use crate::runs::difference;
use crate::worker::{Outcome, Turn};

/// A defect of a client.
#[derive(Debug)]
pub(crate) struct Known {
    /// The client's name in `CLIENTS`.
    client: &'static str,
    /// The packages with the version that has it.
    version: &'static str,
    /// On which tapes.
    tape: fn(&str) -> bool,
    /// Under which scenarios.
    under: fn(&Scenario) -> bool,
    /// What it does.
    pub(crate) what: &'static str,
    /// What comes instead of the turns.
    instead: Instead,
}

/// What a client gives instead of the turns.
#[derive(Debug)]
enum Instead {
    /// These turns, made of the right ones, and no error.
    Turns(fn(&[Turn]) -> Vec<Turn>),
    /// An error that begins so, after so many of the right turns.
    Error(&'static str, usize),
}

/// Under every scenario, and as recorded.
const ALWAYS: fn(&Scenario) -> bool = |_| true;

const KNOWN: &[Known] = &[
    // The two halves of a surrogate pair, escaped in two deltas: anthropic and openai-chat/surrogate-split.
    Known {
        client: "python_anthropic",
        version: "anthropic 2.12.0",
        tape: |tape| tape.starts_with("anthropic/surrogate-split"),
        under: ALWAYS,
        what: "keeps the halves apart in the message, and cannot send it back",
        instead: Instead::Error("UnicodeEncodeError", 1),
    },
    Known {
        client: "python_openai",
        version: "openai 3.54.0",
        tape: |tape| tape.starts_with("openai-chat/surrogate-split"),
        under: ALWAYS,
        what: "keeps the halves apart in the message, and cannot send it back",
        instead: Instead::Error("UnicodeEncodeError", 1),
    },
    Known {
        client: "rust_async_openai",
        version: "async-openai 0.43.0",
        tape: |tape| tape.starts_with("openai-chat/surrogate-split"),
        under: ALWAYS,
        what: "ends the stream at half a pair, which its parser of JSON refuses",
        instead: Instead::Error(
            "failed to deserialize api response: error:unexpected end of hex escape",
            0,
        ),
    },
    Known {
        client: "rust_genai_anthropic",
        version: "genai 0.7.2",
        tape: |tape| tape.starts_with("anthropic/surrogate-split"),
        under: ALWAYS,
        what: "ends the stream at half a pair, which its parser of JSON refuses",
        instead: Instead::Error("Failed to parse stream data", 0),
    },
    Known {
        client: "rust_genai_openai",
        version: "genai 0.7.2",
        tape: |tape| tape.starts_with("openai-chat/surrogate-split"),
        under: ALWAYS,
        what: "ends the stream at half a pair, which its parser of JSON refuses",
        instead: Instead::Error("Failed to parse stream data", 0),
    },
    // Whole calls without an index, as servers beside the provider's own send them.
    Known {
        client: "python_openai",
        version: "openai 3.54.0",
        tape: |tape| tape.starts_with("openai-chat/compat-no-index"),
        under: ALWAYS,
        what: "wants an index of every call",
        instead: Instead::Error("TypeError: list indices must be integers", 0),
    },
    Known {
        client: "node_openai",
        version: "openai 6.49.0",
        tape: |tape| tape.starts_with("openai-chat/compat-no-index"),
        under: ALWAYS,
        what: "loses calls without an index, and says nothing",
        instead: Instead::Turns(without_calls),
    },
    Known {
        client: "node_ai_openai",
        version: "ai 6.0.326, @ai-sdk/openai 3.0.141",
        tape: |tape| tape.starts_with("openai-chat/compat-no-index"),
        under: ALWAYS,
        what: "wants an index of every call",
        instead: Instead::Error("AI_TypeValidationError", 0),
    },
    Known {
        client: "rust_async_openai",
        version: "async-openai 0.43.0",
        tape: |tape| tape.starts_with("openai-chat/compat-no-index"),
        under: ALWAYS,
        what: "wants an index of every call",
        instead: Instead::Error(
            "failed to deserialize api response: error:missing field `index`",
            0,
        ),
    },
    Known {
        client: "rust_genai_openai",
        version: "genai 0.7.2",
        tape: |tape| tape.starts_with("openai-chat/compat-no-index"),
        under: ALWAYS,
        what: "loses calls without an index, and says nothing",
        instead: Instead::Turns(without_calls),
    },
    // A real server where the first token is no whole character: no `message_start`, no role.
    Known {
        client: "python_anthropic",
        version: "anthropic 2.12.0",
        tape: |tape| tape.starts_with("recorded/anthropic-multibyte.tape"),
        under: ALWAYS,
        what: "asserts that there was a message_start, without a word of why",
        instead: Instead::Error("AssertionError", 0),
    },
    Known {
        client: "node_anthropic",
        version: "@anthropic-ai/sdk 1.12.0",
        tape: |tape| tape.starts_with("recorded/anthropic-multibyte.tape"),
        under: ALWAYS,
        what: "says that nothing came where no message_start came",
        instead: Instead::Error(
            "AnthropicError: request ended without sending any chunks",
            0,
        ),
    },
    Known {
        client: "node_openai",
        version: "openai 6.49.0",
        tape: |tape| tape.starts_with("recorded/chat-multibyte.tape"),
        under: ALWAYS,
        what: "refuses a whole message in which no role came",
        instead: Instead::Error("OpenAIError: missing role for choice 0", 0),
    },
    // The same server leaves blocks open until the end of the message.
    Known {
        client: "rust_genai_anthropic",
        version: "genai 0.7.2",
        tape: |tape| {
            tape.starts_with("recorded/anthropic-loop.tape")
                || tape.starts_with("recorded/anthropic-parallel-tools.tape")
        },
        under: ALWAYS,
        what: "knows one open block at a time: of parallel calls the last alone is left",
        instead: Instead::Turns(|want| {
            let mut turns = want.to_vec();
            for turn in &mut turns {
                turn.tool_calls = turn.tool_calls.pop().into_iter().collect();
            }
            turns
        }),
    },
    Known {
        client: "rust_genai_anthropic",
        version: "genai 0.7.2",
        tape: |tape| tape.starts_with("recorded/anthropic-thinking.tape"),
        under: ALWAYS,
        what: "knows one open block at a time: thinking beside an open text ends the stream",
        instead: Instead::Error(
            r#"JSON value extension error: PropertyNotFound("/delta/text")"#,
            0,
        ),
    },
    // Its Responses have no index of any kind, and a `response.created` without most of its fields.
    Known {
        client: "python_responses",
        version: "openai 3.54.0",
        tape: |tape| {
            let texts = ["text", "cut", "keep-alive", "multibyte", "text-then-tool"];
            let named = |name| tape.starts_with(&format!("recorded/responses-{name}.tape"));
            texts.into_iter().any(named)
        },
        under: ALWAYS,
        what: "wants an output_index of every event",
        instead: Instead::Error("TypeError: list indices must be integers", 0),
    },
    Known {
        client: "python_responses",
        version: "openai 3.54.0",
        tape: |tape| {
            let items = ["parallel-tools", "loop", "thinking"];
            let named = |name| tape.starts_with(&format!("recorded/responses-{name}.tape"));
            items.into_iter().any(named)
        },
        under: ALWAYS,
        what: "takes items without an output_index for one",
        instead: Instead::Error("RuntimeError: Duplicate response output index None", 0),
    },
    Known {
        client: "node_responses",
        version: "openai 6.49.0",
        tape: |tape| tape.starts_with("recorded/responses-"),
        under: ALWAYS,
        what: "wants the output of a response that has begun",
        instead: Instead::Error("OpenAIError: rsp.output is not iterable", 0),
    },
    Known {
        client: "node_ai_responses",
        version: "ai 6.0.326, @ai-sdk/openai 3.0.141",
        tape: |tape| tape.starts_with("recorded/responses-"),
        under: ALWAYS,
        what: "wants created_at of a response that has begun",
        instead: Instead::Error("AI_TypeValidationError", 0),
    },
    Known {
        client: "rust_async_openai_responses",
        version: "async-openai 0.43.0",
        tape: |tape| tape.starts_with("recorded/responses-"),
        under: ALWAYS,
        what: "wants created_at of a response that has begun",
        instead: Instead::Error(
            "failed to deserialize api response: error:missing field `created_at`",
            0,
        ),
    },
    // Arguments that are empty, or say `null`.
    Known {
        client: "python_openai",
        version: "openai 3.54.0",
        tape: |tape| tape.starts_with("openai-chat/empty-arguments"),
        under: ALWAYS,
        what: "gives None for arguments that are null or absent, where its type says str",
        instead: Instead::Turns(|want| {
            let mut turns = want.to_vec();
            for call in turns.iter_mut().flat_map(|turn| &mut turn.tool_calls) {
                if ["battery_level", "next_alarm"].contains(&call.name.as_str()) {
                    call.arguments = None;
                    call.arguments_text = None;
                }
            }
            turns
        }),
    },
    Known {
        client: "node_ai_openai",
        version: "ai 6.0.326, @ai-sdk/openai 3.0.141",
        tape: |tape| tape.starts_with("openai-chat/empty-arguments"),
        under: ALWAYS,
        what: "gives a tool that takes an object `null`",
        instead: Instead::Turns(|want| {
            with_arguments(want, |text| (text == "null").then_some(Value::Null))
        }),
    },
    Known {
        client: "rust_genai_openai",
        version: "genai 0.7.2",
        tape: |tape| tape.starts_with("openai-chat/empty-arguments"),
        under: ALWAYS,
        what: "gives a tool that takes an object `null`, or a text without characters",
        instead: Instead::Turns(|want| {
            with_arguments(want, |text| match text {
                "null" => Some(Value::Null),
                "" => Some(Value::String(String::new())),
                _ => None,
            })
        }),
    },
];

/// The first turn without its calls; behind it an agent asks nothing more.
fn without_calls(want: &[Turn]) -> Vec<Turn> {
    let mut turns = want.get(..1).unwrap_or(want).to_vec();
    for turn in &mut turns {
        turn.tool_calls.clear();
    }
    turns
}

/// With what stands in place of the arguments of that text.
fn with_arguments(want: &[Turn], instead: fn(&str) -> Option<Value>) -> Vec<Turn> {
    let mut turns = want.to_vec();
    for call in turns.iter_mut().flat_map(|turn| &mut turn.tool_calls) {
        if let Some(value) = call.arguments_text.as_deref().and_then(instead) {
            call.arguments = Some(value);
        }
    }
    turns
}

/// All that is known of a client.
pub(crate) fn all(client: &Client) -> impl Iterator<Item = &'static Known> {
    KNOWN.iter().filter(|known| known.client == client.name)
}

/// Something is known of the client on this tape: its runs there say nothing else.
pub(crate) fn touch(client: &Client, tape: &str) -> bool {
    all(client).any(|known| (known.tape)(tape))
}

/// What is known to happen in such a run.
pub(crate) fn of(client: &Client, tape: &str, scenarios: &[Scenario]) -> Option<&'static Known> {
    let known =
        all(client).find(|known| (known.tape)(tape) && scenarios.iter().any(known.under))?;
    assert_eq!(
        known.version,
        client.versions(),
        "{}: look again at what is known of it, and write down the version: {}",
        client.name,
        known.what
    );
    Some(known)
}

impl Known {
    /// What of it the run does not show; `None` where it is as ever.
    pub(crate) fn gone(&self, want: &[Turn], got: &Outcome) -> Option<String> {
        if difference(want, got).is_none() {
            return Some("nothing is wrong".to_owned());
        }
        match self.instead {
            Instead::Turns(turns) => difference(&turns(want), got),
            Instead::Error(begins, after) => {
                let error = got.error.as_deref().unwrap_or("no error");
                if !error.starts_with(begins) {
                    return Some(format!("{error:?}, expected {begins:?}"));
                }
                let came = Outcome {
                    error: None,
                    ..got.clone()
                };
                difference(want.get(..after).unwrap_or(want), &came)
            }
        }
    }
}
