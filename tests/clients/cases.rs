//! The tapes that clients are run on, and what they must make of them.

use serde_json::{Value, json};
use wiretape_core::{Dialect, Options, Transcript, read};
use wiretape_tape::{Exchange, Tape};

use crate::support::tapes;
use crate::worker::{Call, Turn};

/// A tape for a client: turns with calls, and one without.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// As in `anthropic/text.tape`; `+ text` where a turn was put behind.
    pub(crate) name: String,
    pub(crate) tape: Tape,
    pub(crate) dialect: Dialect,
    /// What our reader makes of the untouched tape.
    pub(crate) want: Vec<Turn>,
    /// What the client is told to do.
    pub(crate) task: Value,
}

/// Tapes that are no turns of tools and text alone, in the one way that every client has.
const LEFT_OUT: [(&str, &str); 9] = [
    (
        "anthropic/server-tool.tape",
        "a tool that the provider runs: no client's message has it as a call",
    ),
    (
        "openai-chat/custom-tool.tape",
        "calls without JSON, which the SDKs keep apart",
    ),
    (
        "openai-chat/legacy-function-call.tape",
        "`function_call`, which the SDKs keep apart",
    ),
    (
        "openai-responses/custom-tool.tape",
        "calls without JSON, which the SDKs keep apart",
    ),
    (
        "openai-responses/server-tool.tape",
        "a tool that the provider runs: no client's message has it as a call",
    ),
    (
        "openai-responses/resumed.tape",
        "asked for by another request, of another method",
    ),
    ("gemini/array-tool.tape", "the SDKs ask for an event stream"),
    (
        "gemini/partial-arguments.tape",
        "pieces of arguments, which the SDKs leave to the caller",
    ),
    ("ollama/generate.tape", "asked for by another request"),
];

/// Every tape of the dialect whose exchanges are turns; behind calls a turn of text.
pub(crate) fn cases(dialect: Dialect) -> Vec<Case> {
    let tapes = tapes();
    let text = format!("{}/text", dialect.name());
    let (_, text) = tapes
        .iter()
        .find(|(name, _)| name.starts_with(&text))
        .unwrap();
    let last = text.tape.exchanges.first().unwrap();
    for (name, _) in LEFT_OUT {
        assert!(
            tapes.iter().any(|(there, _)| there == name),
            "{name} is left out and is not there"
        );
    }
    let of_dialect = tapes.iter().filter(|(name, loaded)| {
        loaded.dialect == Some(dialect) && !LEFT_OUT.iter().any(|(out, _)| out == name)
    });
    of_dialect
        .filter_map(|(name, loaded)| case(name, &loaded.tape, dialect, last))
        .collect()
}

fn case(name: &str, tape: &Tape, dialect: Dialect, last: &Exchange) -> Option<Case> {
    let mut name = name.to_owned();
    let mut tape = tape.clone();
    let mut want: Vec<Turn> = turns(&tape, dialect)?;
    if !want.last()?.tool_calls.is_empty() {
        name += " + text";
        tape.exchanges.push(last.clone());
        tape.order.clear();
        want = turns(&tape, dialect)?;
    }
    // An agent stops at the first turn without calls.
    let ends = want.iter().position(|turn| turn.tool_calls.is_empty());
    let task = task(&want);
    (ends == Some(want.len() - 1)).then_some(Case {
        name,
        tape,
        dialect,
        want,
        task,
    })
}

/// What every exchange says; `None` where one is no turn that all clients can have.
fn turns(tape: &Tape, dialect: Dialect) -> Option<Vec<Turn>> {
    tape.exchanges
        .iter()
        .map(|exchange| turn(exchange, dialect))
        .collect()
}

fn turn(exchange: &Exchange, dialect: Dialect) -> Option<Turn> {
    let read = read(dialect, Options::default(), &exchange.body());
    let read = Transcript::of(&read);
    let plain = read.rejected.is_none()
        && read.rejected_calls.is_empty()
        && read.refusal.is_empty()
        && read.choices == 1
        && exchange
            .response
            .as_ref()
            .is_none_or(|head| head.status == 200);
    let call = |call: &wiretape_core::CallView| Call {
        name: call.name.clone(),
        arguments: Some(call.input.clone()),
        arguments_text: Some(call.arguments.clone()),
        invalid: false,
    };
    plain.then(|| Turn {
        text: read.text.clone(),
        shown: read.text.clone(),
        tool_calls: read.tool_calls.iter().map(call).collect(),
    })
}

/// A question, and tools of the names that are called: what is asked changes nothing here.
fn task(want: &[Turn]) -> Value {
    let mut names: Vec<&str> = want
        .iter()
        .flat_map(|turn| &turn.tool_calls)
        .map(|call| call.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let tool = |name: &&str| json!({"name": name, "description": "A tool", "parameters": {"type": "object"}});
    let mut tools: Vec<Value> = names.iter().map(tool).collect();
    if tools.is_empty() {
        tools.push(tool(&"unused"));
    }
    json!({
        "model": "recorded",
        "max_tokens": 1024,
        "prompt": "What is recorded?",
        "results": ["done"],
        "tools": tools,
    })
}
