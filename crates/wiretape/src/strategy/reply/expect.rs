//! What a reader must make of a reply.

use serde_json::{Value, json};
use wiretape_core::event::Kind;
use wiretape_core::{Dialect, Transcript, Turn};

use super::{Counted, Cut, Form, Part, Reply, id};

/// What a reader must make of the first answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// Its text.
    pub text: String,
    /// Its reasoning.
    pub reasoning: String,
    /// Its calls, in order.
    pub calls: Vec<Called>,
    /// Why the model stopped.
    pub stop: &'static str,
}

/// A call, as it must arrive.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// Its id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as they were sent.
    pub arguments: String,
    /// The arguments parsed; a custom tool's text as a JSON string.
    pub input: Value,
}

/// The rest of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct More {
    /// Why the model will not answer.
    pub refusal: String,
    /// The signatures of the reasoning, in order.
    pub signatures: Vec<String>,
    /// What came whole: redacted reasoning, results, unknown blocks.
    pub whole: Vec<Value>,
    /// The citations, in order.
    pub citations: Vec<Value>,
    /// Calls that the provider ran: id, name, arguments as sent.
    pub server: Vec<(String, String, String)>,
    /// Tokens of the prompt and of the completion.
    pub tokens: (Option<u64>, Option<u64>),
    /// The reply's id and the model's name.
    pub ids: (String, String),
    /// The answers after the first.
    pub others: Vec<Answered>,
}

/// An answer after the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// Its text.
    pub text: String,
    /// Of each call the id and the arguments as sent.
    pub calls: Vec<(String, String)>,
    /// Why the model stopped.
    pub stop: String,
}

impl Reply {
    /// What a reader must make of the first answer, computed without one.
    #[must_use]
    pub fn expected(&self, dialect: Dialect) -> Expected {
        self.answer(dialect, &self.first(dialect))
    }

    fn answer(&self, dialect: Dialect, parts: &[&Cut]) -> Expected {
        let mut expected = Expected {
            text: String::new(),
            reasoning: String::new(),
            calls: Vec::new(),
            stop: self.stop(dialect, parts),
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
                    expected.calls.push(Called {
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
    pub fn more(&self, dialect: Dialect) -> More {
        let mut more = More {
            tokens: match (dialect, self.style.counted) {
                (Dialect::Anthropic, _) => (Some(3), Some(9)),
                (_, Counted::Nowhere) => (None, None),
                _ => (Some(3), Some(9)),
            },
            ids: ("reply_1".into(), "model \"é\"".into()),
            ..More::default()
        };
        let mut calls = 0;
        for (part, _) in self.first(dialect) {
            match part {
                Part::Refusal(text) => more.refusal += text,
                Part::Reasoning { signature, .. } if dialect == Dialect::Anthropic => {
                    let some = Some(signature.clone()).filter(|signature| !signature.is_empty());
                    more.signatures.extend(some);
                }
                Part::Text { citations, .. } if dialect == Dialect::Anthropic => {
                    more.citations.extend((0..*citations).map(citation));
                }
                Part::Redacted(data) => more.whole.push(redacted(data)),
                Part::Unknown => more.whole.push(unknown()),
                Part::Call { .. } => calls += 1,
                Part::Server { name, arguments } => {
                    let id = format!("server_{calls}");
                    more.whole.push(result(&id));
                    more.server.push((id, name.clone(), arguments.clone()));
                    calls += 1;
                }
                _ => {}
            }
        }
        for parts in self.answers(dialect).iter().skip(1) {
            let answer = self.answer(dialect, parts);
            let calls = answer.calls.into_iter();
            more.others.push(Answered {
                text: answer.text,
                calls: calls.map(|call| (call.id, call.arguments)).collect(),
                stop: answer.stop.into(),
            });
        }
        more
    }
}

/// Arguments as the reader must keep them, and their value.
fn call(dialect: Dialect, arguments: &str, form: Form) -> (String, Value) {
    if form == Form::Custom {
        return (arguments.to_owned(), arguments.into());
    }
    let input = match arguments.trim() {
        "" => json!({}),
        _ => serde_json::from_str(arguments).unwrap_or_default(),
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

impl More {
    /// The same of what wiretape's own reader made.
    #[must_use]
    pub fn of(turn: &Turn) -> Self {
        let seen = Transcript::of(&Ok(turn.clone()));
        let first = turn.reply().choices.first();
        let contents = || first.into_iter().flat_map(|choice| &choice.contents);
        let value = |text: &String| serde_json::from_str(text).unwrap_or_default();
        let whole = contents()
            .filter(|content| WHOLE.contains(&content.kind))
            .map(|content| &content.raw);
        let citations = contents().flat_map(|content| &content.citations);
        let server = seen.server_calls.into_iter();
        let others = seen.others.into_iter().map(|other| {
            let calls = other.tool_calls.into_iter();
            let calls = calls.map(|call| (call.id.unwrap_or_default(), call.arguments));
            Answered {
                text: other.text,
                calls: calls.collect(),
                stop: other.stop.unwrap_or_default(),
            }
        });
        Self {
            refusal: seen.refusal,
            signatures: seen.signatures,
            whole: whole.map(value).collect(),
            citations: citations.map(value).collect(),
            server: server
                .map(|call| (call.id.unwrap_or_default(), call.name, call.arguments))
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
