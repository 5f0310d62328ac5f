//! What a reader must make of a reply.

use serde_json::{Value, json};
use wiretape_core::event::Kind;
use wiretape_core::{Dialect, Transcript, Turn};

use super::{Counted, Cut, Form, Part, Reply, id};

/// What a reader must make of the first answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Expected {
    /// Its text.
    pub text: String,
    /// Its reasoning.
    pub reasoning: String,
    /// Its calls, in order.
    pub calls: Vec<ExpectedCall>,
    /// Its stop reason, as sent.
    pub stop: String,
}

/// A call that must come out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ExpectedCall {
    /// The provider's id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as sent.
    pub arguments: String,
    /// The arguments parsed.
    pub input: Value,
}

impl Expected {
    /// The same of what was read.
    #[must_use]
    pub fn of(turn: &Turn) -> Self {
        let seen = Transcript::of(&Ok(turn.clone()));
        let calls = seen.tool_calls.into_iter().map(|call| ExpectedCall {
            id: call.id.unwrap_or_default(),
            name: call.name,
            arguments: call.arguments,
            input: call.input,
        });
        Self {
            text: seen.text,
            reasoning: seen.reasoning,
            calls: calls.collect(),
            stop: seen.stop.unwrap_or_default(),
        }
    }
}

/// A call's id and arguments.
type Sent = (String, String);

/// All else that a turn must hold: refusal, signatures, citations, whole blocks, calls that the
/// provider runs, tokens, ids, further answers. Compare [`Rest::of`] with [`Reply::rest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rest {
    refusal: String,
    signatures: Vec<String>,
    /// What came whole: redacted reasoning, results, unknown blocks.
    whole: Vec<Value>,
    citations: Vec<Value>,
    /// Id, name, arguments.
    server: Vec<(String, String, String)>,
    /// Prompt and completion.
    tokens: (Option<u64>, Option<u64>),
    ids: (String, String),
    /// Text, calls, stop reason of the answers after the first.
    others: Vec<(String, Vec<Sent>, String)>,
}

impl Reply {
    /// What a reader must make of the first answer.
    #[must_use]
    pub fn expected(&self, dialect: Dialect) -> Expected {
        let answers = self.answers(dialect);
        self.answer(dialect, &answers[0])
    }

    fn answer(&self, dialect: Dialect, parts: &[&Cut]) -> Expected {
        let mut expected = Expected {
            text: String::new(),
            reasoning: String::new(),
            calls: Vec::new(),
            stop: self.stop(dialect, parts).into(),
        };
        for (part, _) in parts {
            match part {
                Part::Text { text, .. } => expected.text += text,
                Part::Reasoning { text, .. } => expected.reasoning += text,
                Part::Call {
                    name,
                    arguments,
                    form,
                } => {
                    let id = id(expected.calls.len());
                    let (sent, input) = call(dialect, arguments, *form);
                    expected.calls.push(ExpectedCall {
                        id,
                        name: name.clone(),
                        arguments: sent,
                        input,
                    });
                }
                _ => {}
            }
        }
        expected
    }

    /// All else that a reader must make of it.
    #[must_use]
    pub fn rest(&self, dialect: Dialect) -> Rest {
        let answers = self.answers(dialect);
        let mut rest = Rest {
            tokens: match (dialect, self.style.counted) {
                (Dialect::Anthropic, _) => (Some(3), Some(9)),
                (_, Counted::Nowhere) => (None, None),
                _ => (Some(3), Some(9)),
            },
            ids: ("reply_1".into(), "model \"é\"".into()),
            ..Rest::default()
        };
        let mut calls = 0;
        for (part, _) in &answers[0] {
            match part {
                Part::Refusal(text) => rest.refusal += text,
                Part::Reasoning { signature, .. } if dialect == Dialect::Anthropic => {
                    let some = Some(signature.clone()).filter(|signature| !signature.is_empty());
                    rest.signatures.extend(some);
                }
                Part::Text { citations, .. } if dialect == Dialect::Anthropic => {
                    rest.citations.extend((0..*citations).map(citation));
                }
                Part::Redacted(data) => rest.whole.push(redacted(data)),
                Part::Unknown => rest.whole.push(unknown()),
                Part::Call { .. } => calls += 1,
                Part::Server { name, arguments } => {
                    let id = format!("server_{calls}");
                    rest.whole.push(result(&id));
                    rest.server.push((id, name.clone(), arguments.clone()));
                    calls += 1;
                }
                _ => {}
            }
        }
        for parts in answers.iter().skip(1) {
            let answer = self.answer(dialect, parts);
            let calls = answer.calls.into_iter();
            let calls = calls.map(|call| (call.id, call.arguments)).collect();
            rest.others.push((answer.text, calls, answer.stop));
        }
        rest
    }
}

/// Arguments as the reader must keep them, and their value.
fn call(dialect: Dialect, arguments: &str, form: Form) -> (String, Value) {
    if form == Form::Custom {
        return (arguments.to_owned(), arguments.into());
    }
    let input = match arguments.trim() {
        "" => json!({}),
        _ => serde_json::from_str(arguments).unwrap(),
    };
    // A start event without arguments says `{}` whatever follows: nothing was sent.
    let nothing = form == Form::Whole && dialect == Dialect::Anthropic && input == json!({});
    let sent = if nothing { "" } else { arguments };
    (sent.to_owned(), input)
}

pub(super) fn citation(place: usize) -> Value {
    json!({"type": "char_location", "cited_text": "a \"b\"\n", "start_char_index": place})
}

pub(super) fn redacted(data: &str) -> Value {
    json!({"type": "redacted_thinking", "data": data})
}

pub(super) fn unknown() -> Value {
    json!({"type": "hologram", "text": "no text", "input": {"a": [1]}})
}

pub(super) fn result(id: &str) -> Value {
    json!({"type": "web_search_tool_result", "tool_use_id": id, "content": [{"url": "é"}]})
}

const WHOLE: [Kind; 3] = [Kind::RedactedReasoning, Kind::ServerResult, Kind::Unknown];

impl Rest {
    /// The same of what was read.
    #[must_use]
    pub fn of(turn: &Turn) -> Self {
        let seen = Transcript::of(&Ok(turn.clone()));
        let first = turn.reply().choices.first();
        let contents = || first.into_iter().flat_map(|choice| &choice.contents);
        let value = |text: &String| serde_json::from_str(text).unwrap();
        let whole = contents()
            .filter(|content| WHOLE.contains(&content.kind))
            .map(|content| &content.raw);
        let citations = contents().flat_map(|content| &content.citations);
        let server = seen.server_calls.into_iter();
        let others = seen.others.into_iter().map(|other| {
            let calls = other.tool_calls.into_iter();
            let calls = calls.map(|call| (call.id.unwrap(), call.arguments));
            (other.text, calls.collect(), other.stop.unwrap())
        });
        Self {
            refusal: seen.refusal,
            signatures: seen.signatures,
            whole: whole.map(value).collect(),
            citations: citations.map(value).collect(),
            server: server
                .map(|call| (call.id.unwrap(), call.name, call.arguments))
                .collect(),
            tokens: (seen.usage.input, seen.usage.output),
            ids: (
                seen.message_id.unwrap_or_default(),
                seen.model.unwrap_or_default(),
            ),
            others: others.collect(),
        }
    }
}
