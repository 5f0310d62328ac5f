//! What a reader made of a stream, as the value that is compared and kept.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::Usage;
use crate::turn::{Choice, Ended, Failure, RejectedCall, Reply, ToolCall};
use crate::{Rejected, Turn, Warnings};

/// What a reader made of a stream. Snapshots and laws compare these.
///
/// `text` to `stop` are those of the first answer; `others` holds the rest of `n` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// The text of the answer.
    pub text: String,
    /// The reasoning.
    pub reasoning: String,
    /// Why the model will not answer.
    pub refusal: String,
    /// The signatures of the reasoning, in order, byte for byte (F-52).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<String>,
    /// The calls to run.
    pub tool_calls: Vec<CallView>,
    /// The calls not to run.
    pub rejected_calls: Vec<RejectedView>,
    /// Calls the provider ran itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_calls: Vec<ServerView>,
    /// The stop reason as sent.
    pub stop: Option<String>,
    /// How the stream ended.
    pub ended: Ended,
    /// Why the reply is no turn; `None` if it is one.
    pub rejected: Option<String>,
    /// The error, if one ended it.
    pub error: Option<Failure>,
    /// Frames with a payload.
    pub frames: u64,
    /// How many answers.
    pub choices: usize,
    /// The model's name.
    pub model: Option<String>,
    /// The provider's id of the reply.
    pub message_id: Option<String>,
    /// Tokens.
    pub usage: Usage,
    /// What was tolerated, by id.
    pub warnings: Warnings,
    /// The answers after the first (F-57).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<AnswerView>,
}

/// A call to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallView {
    /// Its place among all calls of the answer.
    pub ordinal: usize,
    /// The provider's id.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// The arguments as sent.
    pub arguments: String,
    /// The arguments parsed.
    pub input: Value,
}

/// A call not to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedView {
    /// Its place among all calls of the answer.
    pub ordinal: usize,
    /// The provider's id.
    pub id: Option<String>,
    /// The tool's name, as far as it came.
    pub name: String,
    /// The arguments, as far as they came.
    pub arguments: String,
    /// Why.
    pub why: String,
}

/// A call the provider ran itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerView {
    /// The provider's id.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// The arguments as sent.
    pub arguments: String,
}

/// One of the answers after the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerView {
    /// Its number, as the provider counts.
    pub index: u32,
    /// Its text.
    pub text: String,
    /// Its reasoning.
    pub reasoning: String,
    /// Its refusal.
    pub refusal: String,
    /// Its calls to run.
    pub tool_calls: Vec<CallView>,
    /// Its calls not to run.
    pub rejected_calls: Vec<RejectedView>,
    /// Its stop reason as sent.
    pub stop: Option<String>,
}

impl Transcript {
    /// The transcript of what [`crate::Reader::finish`] gave.
    #[must_use]
    pub fn of(result: &Result<Turn, Rejected>) -> Self {
        match result {
            Ok(turn) => Self::from_reply(turn.reply(), None),
            Err(rejected) => {
                Self::from_reply(rejected.reply(), Some(rejected.why.name().to_string()))
            }
        }
    }

    fn from_reply(reply: &Reply, rejected: Option<String>) -> Self {
        let mut answers = reply.choices.iter().map(answer);
        let first = answers.next().unwrap_or_else(|| answer(&Choice::default()));
        let server = reply.choices.first().map_or(&[][..], Choice::server_calls);
        let contents = reply
            .choices
            .first()
            .map_or(&[][..], |first| &first.contents);
        let signatures = contents
            .iter()
            .filter_map(|content| content.signature.clone());
        Self {
            text: first.text,
            reasoning: first.reasoning,
            refusal: first.refusal,
            signatures: signatures.collect(),
            tool_calls: first.tool_calls,
            rejected_calls: first.rejected_calls,
            server_calls: server
                .iter()
                .map(|call| ServerView {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    arguments: call.arguments.clone(),
                })
                .collect(),
            stop: first.stop,
            ended: reply.ended,
            rejected,
            error: reply.error.clone(),
            frames: reply.frames,
            choices: reply.choices.len(),
            model: reply.model.clone(),
            message_id: reply.id.clone(),
            usage: reply.usage,
            warnings: reply.warnings.clone(),
            others: answers.collect(),
        }
    }

    /// The same without what a lawful rewriting of the bytes may change: the count of frames and
    /// of what was tolerated. Two deliveries of one reply are equal in this.
    #[must_use]
    pub fn meaning(&self) -> Self {
        let mut same = self.clone();
        same.frames = 0;
        same.warnings = Warnings::default();
        if let Some(error) = &mut same.error {
            error.at = None;
        }
        same
    }
}

fn answer(choice: &Choice) -> AnswerView {
    AnswerView {
        index: choice.index,
        text: choice.text(),
        reasoning: choice.reasoning(),
        refusal: choice.refusal(),
        tool_calls: choice.calls.iter().map(call).collect(),
        rejected_calls: choice.rejected.iter().map(rejected_call).collect(),
        stop: choice.stop.clone(),
    }
}

fn call(call: &ToolCall) -> CallView {
    CallView {
        ordinal: call.ordinal,
        id: call.id.clone(),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
        input: call.input.clone(),
    }
}

fn rejected_call(call: &RejectedCall) -> RejectedView {
    RejectedView {
        ordinal: call.ordinal,
        id: call.id.clone(),
        name: call.name.clone(),
        arguments: call.arguments.clone(),
        why: call.why.name().into(),
    }
}
