//! How Gemini writes a history: contents of parts, results inside the user's.
//!
//! <https://ai.google.dev/api/caching#Content>, <https://ai.google.dev/gemini-api/docs/function-calling>

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::flaws::Wrong;
use super::form::{Form, Layout, Misread, said};
use super::message::{Media, Part, PartKind, Role};
use super::write::{Extent, Object, array, gemini as write};
use super::{Message, ToolResult, WrittenCall};
use crate::json::Raw;
use crate::turn::Choice;

/// The form of `generateContent`.
pub(super) struct Contents;

impl Form for Contents {
    fn messages(&self) -> &'static str {
        "contents"
    }

    fn content(&self) -> &'static str {
        "parts"
    }

    fn expects(&self) -> &'static str {
        "a member `contents` that is an array"
    }

    /// A content without a role is the user's, as are the results of functions, whatever they say.
    fn role<'a>(&self, message: Raw<'a>) -> Result<Role, Misread<'a>> {
        let Some(role) = message.field("role").filter(|role| !role.is_null()) else {
            return Ok(Role::User);
        };
        Ok(match role.as_str().map(|name| name.decode()).as_deref() {
            Some("model") => Role::Assistant,
            Some("user" | "function" | "tool" | "") => Role::User,
            Some("system") => Role::System,
            Some(_) => Role::Other,
            None => return Err(Misread("a message with a role", Some(role))),
        })
    }

    fn parts(&self, message: Raw<'_>, _role: Role) -> Vec<Part> {
        let whole = message.text();
        let parts = message.field("parts").into_iter().flat_map(Raw::elements);
        parts.map(|raw| part(whole, raw)).collect()
    }

    fn layout(&self) -> Layout {
        Layout::Turns
    }

    fn pairs_by_name(&self) -> bool {
        true
    }

    /// A call follows the user's word or a result.
    fn clashes(&self, first: &Message, second: &Message) -> bool {
        let model = |message: &Message| message.role() == Role::Assistant;
        model(first) && model(second) && second.calls().next().is_some()
    }

    fn words(&self, wrong: &Wrong<'_>) -> Option<String> {
        words(wrong)
    }

    fn user(&self, text: &str) -> String {
        let mut part = Object::new();
        part.string("text", text);
        self.turn(&[part.end()])
    }

    fn text_block(&self, string: &str, _role: Role) -> String {
        [r#"{"text":"#, string, "}"].concat()
    }

    fn reply(&self, choice: &Choice, extent: Extent, calls: &[WrittenCall]) -> Vec<String> {
        write::content(choice, extent, calls).into_iter().collect()
    }

    fn result(&self, result: &ToolResult, _call: Option<&str>) -> String {
        write::result(result)
    }

    fn turn(&self, blocks: &[String]) -> String {
        let mut content = Object::new();
        content.string("role", "user").json("parts", &array(blocks));
        content.end()
    }

    fn system(&self) -> &'static [&'static str] {
        &["systemInstruction", "system_instruction"]
    }

    fn head_json(&self) -> &'static [&'static str] {
        &["tools"]
    }

    fn room(&self) -> &'static [&'static [&'static str]] {
        &[
            &["generation_config", "max_output_tokens"],
            &["generationConfig", "maxOutputTokens"],
        ]
    }

    fn stream(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn model_in_path(&self) -> bool {
        true
    }

    fn path(&self, model: &str) -> Cow<'static, str> {
        // `models/…`, `tunedModels/…`, and on Vertex `projects/…` name their collection.
        let models = if model.contains('/') { "" } else { "models/" };
        format!("/v1beta/{models}{model}:streamGenerateContent?alt=sse").into()
    }

    fn asks(&self) -> &'static [&'static str] {
        &[":streamGenerateContent", ":generateContent"]
    }
}

/// Words of real answers, each with status 400 and `INVALID_ARGUMENT`.
fn words(wrong: &Wrong<'_>) -> Option<String> {
    let text = match wrong {
        Wrong::NoMessages => "* GenerateContentRequest.contents: contents is not specified",
        Wrong::Role { .. } => "Please use a valid role: user, model.",
        Wrong::Empty { at, .. } => {
            return Some(format!(
                "* GenerateContentRequest.contents[{at}].parts: contents.parts must not be empty."
            ));
        }
        Wrong::Orphan { called: false, .. } => {
            "Please ensure that function response turn comes immediately after a function call turn."
        }
        Wrong::Orphan { extra: true, .. }
        | Wrong::SecondResult { .. }
        | Wrong::Unanswered { .. } => {
            "Please ensure that the number of function response parts is equal to the number of \
             function call parts of the function call turn."
        }
        Wrong::FirstNotUser { calls: true } | Wrong::Clash { .. } => {
            "Please ensure that function call turn comes immediately after a user turn or after a \
             function response turn."
        }
        _ => return None,
    };
    Some(text.into())
}

fn part(whole: &str, raw: Raw<'_>) -> Part {
    let [text, thought, signature, call, result] = raw.fields([
        "text",
        "thought",
        "thoughtSignature",
        "functionCall",
        "functionResponse",
    ]);
    if let Some(call) = object(call) {
        let [id, name, args] = call.fields(["id", "name", "args"]);
        let mut part = Part::new(PartKind::Call, whole, raw);
        (part.id, part.name) = (said(id), said(name));
        part.string(whole, name);
        part.json = args.map(|args| super::place(whole, args));
        return part;
    }
    if let Some(result) = object(result) {
        let [id, name, response] = result.fields(["id", "name", "response"]);
        let mut part = Part::new(PartKind::Result, whole, raw);
        (part.id, part.name) = (said(id), said(name));
        part.json = object(response).map(|response| super::place(whole, response));
        let media = result.field("parts").into_iter().flat_map(Raw::elements);
        part.media.extend(media.filter_map(media_of));
        return part;
    }
    if text.is_some() {
        let thinks = thought.is_some_and(|thought| thought.text() == "true");
        let kind = if thinks {
            PartKind::Thinking
        } else {
            PartKind::Text
        };
        let mut part = Part::new(kind, whole, raw);
        part.string(whole, text);
        part.signed = signature.is_some_and(|signature| !said(Some(signature)).is_empty());
        return part;
    }
    if let Some(media) = media_of(raw) {
        return Part::new(PartKind::Media(media), whole, raw);
    }
    let names = [
        "executableCode",
        "codeExecutionResult",
        "toolCall",
        "toolResponse",
    ];
    let served = raw.fields(names).iter().any(Option::is_some);
    let kind = if served {
        PartKind::Server
    } else {
        PartKind::Other
    };
    let mut part = Part::new(kind, whole, raw);
    let name = raw.members().next().map(|(name, _)| name.decode());
    part.name = name.map(Cow::into_owned).unwrap_or_default();
    part.json = Some(super::place(whole, raw));
    part
}

/// By the type of the data.
fn media_of(raw: Raw<'_>) -> Option<Media> {
    let data = raw.field("inlineData").or_else(|| raw.field("fileData"))?;
    let ty = data.str_field("mimeType").unwrap_or_default();
    Some(match ty.split('/').next().unwrap_or_default() {
        "image" => Media::Image,
        "audio" => Media::Audio,
        _ => Media::Document,
    })
}

fn object(raw: Option<Raw<'_>>) -> Option<Raw<'_>> {
    raw.filter(|raw| raw.is_object())
}
