//! How Amazon Bedrock takes a history: Converse, with blocks of its own, and the models' own requests,
//! of which Anthropic's are read.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html>

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::flaws::Wrong;
use super::form::{Form, Layout, said, segment};
use super::message::{Media, Part, PartKind, Role};
use super::write::{Extent, Object, bedrock as write};
use super::{Message, ToolResult, WrittenCall, anthropic};
use crate::json::Raw;
use crate::turn::Choice;

/// The form of Converse.
pub(super) struct Converse;

impl Form for Converse {
    fn parts(&self, message: Raw<'_>, _role: Role) -> Vec<Part> {
        let whole = message.text();
        let blocks = message.field("content").into_iter().flat_map(Raw::elements);
        blocks.map(|raw| part(whole, raw)).collect()
    }

    fn layout(&self) -> Layout {
        Layout::Turns
    }

    /// It takes none: what is sent has them joined, so that they are looked at as one.
    fn joins_turns(&self) -> bool {
        true
    }

    fn clashes(&self, first: &Message, second: &Message) -> bool {
        first.role() == second.role()
    }

    fn refuses_blank(&self) -> bool {
        true
    }

    fn results_first(&self) -> bool {
        true
    }

    fn unique_ids(&self) -> bool {
        true
    }

    fn words(&self, wrong: &Wrong<'_>) -> Option<String> {
        words(wrong)
    }

    fn user(&self, text: &str) -> String {
        let mut block = Object::new();
        block.string("text", text);
        self.turn(&[block.end()])
    }

    fn text_block(&self, string: &str, _role: Role) -> String {
        [r#"{"text":"#, string, "}"].concat()
    }

    fn reply(&self, choice: &Choice, extent: Extent, calls: &[WrittenCall]) -> Vec<String> {
        write::message(choice, extent, calls).into_iter().collect()
    }

    fn result(&self, result: &ToolResult, _call: Option<&str>) -> String {
        write::result(result)
    }

    fn head_json(&self) -> &'static [&'static str] {
        &["toolConfig"]
    }

    fn room(&self) -> &'static [&'static [&'static str]] {
        &[&["inferenceConfig", "maxTokens"]]
    }

    fn counts_cache_beside(&self) -> bool {
        true
    }

    fn stream(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn model_in_path(&self) -> bool {
        true
    }

    fn path(&self, model: &str) -> Cow<'static, str> {
        format!("/model/{}/converse-stream", segment(model)).into()
    }

    fn asks(&self) -> &'static [&'static str] {
        &["/converse-stream", "/converse"]
    }

    fn accept(&self) -> &'static str {
        EVENT_STREAM
    }
}

const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// Words of real answers, each a `ValidationException` with status 400.
fn words(wrong: &Wrong<'_>) -> Option<String> {
    Some(match wrong {
        Wrong::FirstNotUser { .. } => "A conversation must start with a user message. Try again \
                                       with a conversation that starts with a user message."
            .into(),
        Wrong::Clash { .. } => "A conversation must alternate between user and assistant roles. \
                                Make sure the conversation alternates between user and assistant \
                                roles and try again."
            .into(),
        Wrong::Empty { at, .. } => format!(
            "The content field in the Message object at messages.{at} is empty. Add a ContentBlock \
             object to the content field and try again."
        ),
        Wrong::EmptyText { at, block } => format!(
            "The text field in the ContentBlock object at messages.{at}.content.{block} is blank. \
             Add text to the text field, and try again."
        ),
        Wrong::Unanswered { next, ids, .. } | Wrong::Late { at: next, ids, .. } => format!(
            "Expected toolResult blocks at messages.{next}.content for the following Ids: {}",
            ids.join(", ")
        ),
        Wrong::Orphan {
            at, extra: true, ..
        }
        | Wrong::SecondResult { at, .. } => format!(
            "The number of toolResult blocks at messages.{at}.content exceeds the number of toolUse \
             blocks of previous turn."
        ),
        _ => return None,
    })
}

fn part(whole: &str, raw: Raw<'_>) -> Part {
    let Some((name, value)) = raw.members().next() else {
        return Part::new(PartKind::Other, whole, raw);
    };
    let name = name.decode();
    let kind = match &*name {
        "text" => PartKind::Text,
        "reasoningContent" => PartKind::Thinking,
        "toolUse" if value.field("type").is_some() => PartKind::Server,
        "toolUse" => PartKind::Call,
        "toolResult" if value.field("type").is_some() => PartKind::Server,
        "toolResult" => PartKind::Result,
        "image" => PartKind::Media(Media::Image),
        "document" | "video" => PartKind::Media(Media::Document),
        "audio" => PartKind::Media(Media::Audio),
        _ => PartKind::Other,
    };
    let mut part = Part::new(kind, whole, raw);
    match kind {
        PartKind::Text => part.string(whole, Some(value)),
        PartKind::Thinking => {
            let text = value.field("reasoningText").unwrap_or(value);
            part.string(whole, text.field("text"));
            part.signed = text
                .field("signature")
                .or_else(|| value.field("redactedContent"))
                .is_some();
        }
        PartKind::Call => {
            let [id, name, input] = value.fields(["toolUseId", "name", "input"]);
            (part.id, part.name) = (said(id), said(name));
            part.string(whole, name);
            part.json = input.map(|input| super::place(whole, input));
        }
        PartKind::Result => {
            let [id, content] = value.fields(["toolUseId", "content"]);
            part.id = said(id);
            for block in content.into_iter().flat_map(Raw::elements) {
                result(&mut part, whole, block);
            }
        }
        PartKind::Server | PartKind::Other => {
            part.name = name.into_owned();
            part.json = Some(super::place(whole, raw));
        }
        PartKind::Media(_) => {}
    }
    part
}

/// A block of a result: text, an object, or what costs by its kind.
fn result(part: &mut Part, whole: &str, block: Raw<'_>) {
    let [text, json, image, document, video] =
        block.fields(["text", "json", "image", "document", "video"]);
    part.string(whole, text);
    if let Some(json) = json.filter(|json| json.is_object()) {
        part.json = part.json.take().or_else(|| Some(super::place(whole, json)));
    }
    part.media.extend(image.map(|_| Media::Image));
    part.media
        .extend(document.or(video).map(|_| Media::Document));
}

/// The form of a request of Anthropic's to `InvokeModel`: Messages, with a version in the body and
/// the model in the path.
pub(super) struct Invoke;

impl Form for Invoke {
    fn members(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic_version", r#""bedrock-2023-05-31""#)]
    }

    fn parts(&self, message: Raw<'_>, role: Role) -> Vec<Part> {
        anthropic::Messages.parts(message, role)
    }

    fn layout(&self) -> Layout {
        anthropic::Messages.layout()
    }

    fn joins_turns(&self) -> bool {
        anthropic::Messages.joins_turns()
    }

    fn refuses_blank(&self) -> bool {
        anthropic::Messages.refuses_blank()
    }

    fn results_first(&self) -> bool {
        anthropic::Messages.results_first()
    }

    fn unique_ids(&self) -> bool {
        anthropic::Messages.unique_ids()
    }

    fn signs_thoughts(&self) -> bool {
        anthropic::Messages.signs_thoughts()
    }

    fn ends_with_user(&self) -> bool {
        anthropic::Messages.ends_with_user()
    }

    fn words(&self, wrong: &Wrong<'_>) -> Option<String> {
        anthropic::words(wrong)
    }

    fn reply(&self, choice: &Choice, extent: Extent, calls: &[WrittenCall]) -> Vec<String> {
        anthropic::Messages.reply(choice, extent, calls)
    }

    fn result(&self, result: &ToolResult, call: Option<&str>) -> String {
        anthropic::Messages.result(result, call)
    }

    fn tools_tokens(&self) -> u64 {
        anthropic::Messages.tools_tokens()
    }

    fn counts_cache_beside(&self) -> bool {
        true
    }

    fn stream(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn model_in_path(&self) -> bool {
        true
    }

    fn path(&self, model: &str) -> Cow<'static, str> {
        format!("/model/{}/invoke-with-response-stream", segment(model)).into()
    }

    fn asks(&self) -> &'static [&'static str] {
        &["/invoke-with-response-stream", "/invoke"]
    }

    fn accept(&self) -> &'static str {
        EVENT_STREAM
    }
}
