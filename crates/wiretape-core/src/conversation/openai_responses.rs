//! How Responses writes a history: a list of items, in which each call, each result and each thought
//! is one of its own.
//!
//! <https://platform.openai.com/docs/api-reference/responses/create>

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::flaws::Wrong;
use super::form::{Form, Layout, Misread, named_role, said};
use super::message::{Media, Part, PartKind, Role};
use super::write::{Extent, openai_responses as write};
use super::{Conversation, Message, ToolResult, WrittenCall};
use crate::json::Raw;
use crate::turn::Choice;

/// The form of Responses.
pub(super) struct Items;

impl Form for Items {
    fn messages(&self) -> &'static str {
        "input"
    }

    fn expects(&self) -> &'static str {
        "a member `input` that is a text or an array"
    }

    fn elsewhere(&self) -> &'static [&'static str] {
        &["previous_response_id", "conversation"]
    }

    fn role<'a>(&self, item: Raw<'a>) -> Result<Role, Misread<'a>> {
        let ty = item.field("type").filter(|ty| !ty.is_null());
        Ok(match &*said(ty) {
            "" if ty.is_some() => return Err(Misread("an item with a type", ty)),
            "" | "message" => return named_role(item),
            "item_reference" => return Err(Misread(REFERENCE, ty)),
            name if name.ends_with("_output") || name == "mcp_approval_response" => Role::Tool,
            _ => Role::Assistant,
        })
    }

    fn parts(&self, item: Raw<'_>, _role: Role) -> Vec<Part> {
        parts(item)
    }

    fn layout(&self) -> Layout {
        Layout::Items
    }

    /// A thought that is not sealed is known by its id alone, if the provider stores it.
    fn knows(&self, request: &Conversation, message: &Message) -> bool {
        let stored = request
            .head("store")
            .is_none_or(|store| store.text() != "false");
        stored || !message.is_thought() || message.parts().iter().all(|part| part.signed)
    }

    /// Items that follow each other are not joined: each has an id of its own.
    fn can_join(&self, _first: &Message) -> bool {
        false
    }

    fn words(&self, wrong: &Wrong<'_>) -> Option<String> {
        words(wrong)
    }

    fn text_block(&self, string: &str, role: Role) -> String {
        let ty = match role {
            Role::Assistant => "output_text",
            _ => "input_text",
        };
        [r#"{"type":""#, ty, r#"","text":"#, string, "}"].concat()
    }

    fn reply(&self, choice: &Choice, extent: Extent, calls: &[WrittenCall]) -> Vec<String> {
        write::items(choice, extent, calls)
    }

    fn result(&self, result: &ToolResult, call: Option<&str>) -> String {
        write::output(result, call)
    }

    fn system(&self) -> &'static [&'static str] {
        &["instructions"]
    }

    fn head_json(&self) -> &'static [&'static str] {
        &["tools", "text"]
    }

    fn room(&self) -> &'static [&'static [&'static str]] {
        &[&["max_output_tokens"]]
    }

    fn path(&self, _model: &str) -> Cow<'static, str> {
        "/v1/responses".into()
    }

    fn asks(&self) -> &'static [&'static str] {
        &["/responses"]
    }
}

const REFERENCE: &str =
    "an item itself, of which an `item_reference` says that it is on the server";

/// Words of real answers with status 400.
fn words(wrong: &Wrong<'_>) -> Option<String> {
    Some(match wrong {
        Wrong::Unanswered { ids, .. } => {
            let id = ids.first()?;
            format!("No tool output found for function call {id}.")
        }
        Wrong::Orphan { id, .. } => {
            format!("No tool call found for function call output with call_id {id}.")
        }
        Wrong::ThoughtAlone { id, .. } => format!(
            "Item '{id}' of type 'reasoning' was provided without its required following item."
        ),
        Wrong::Unsigned { id, .. } => format!(
            "Item with id '{id}' not found. Items are not persisted when `store` is set to false. \
             Try again with `store` set to true, or remove this item from your input."
        ),
        Wrong::SecondItem { id, .. } => format!(
            "Duplicate item found with id {id}. Remove duplicate items from your input and try \
             again."
        ),
        _ => return None,
    })
}

/// Items with several parts are messages; any other is one part.
fn parts(item: Raw<'_>) -> Vec<Part> {
    let whole = item.text();
    let ty = said(item.field("type"));
    if matches!(&*ty, "" | "message") {
        let Some(content) = item.field("content") else {
            return Vec::new();
        };
        if content.as_str().is_some() {
            let mut part = Part::new(PartKind::Text, whole, content);
            part.string(whole, Some(content));
            return Vec::from([part]);
        }
        return content.elements().map(|raw| block(whole, raw)).collect();
    }
    let [id, name, call_id] = item.fields(["id", "name", "call_id"]);
    let mut part = Part::new(kind(&ty, item), whole, item);
    part.id = said(call_id.or(id));
    match part.kind {
        PartKind::Thinking => {
            let [summary, content, sealed] =
                item.fields(["summary", "content", "encrypted_content"]);
            for list in [summary, content].into_iter().flatten() {
                for text in list.elements() {
                    part.string(whole, text.field("text"));
                }
            }
            part.signed = sealed.is_some_and(|sealed| !said(Some(sealed)).is_empty());
        }
        PartKind::Call => {
            part.name = match name {
                Some(_) => said(name),
                None => ty.strip_suffix("_call").unwrap_or(&ty).into(),
            };
            call(&mut part, whole, item);
        }
        PartKind::Result => output(&mut part, whole, item.field("output")),
        _ => {
            part.name = ty;
            part.json = Some(super::place(whole, item));
        }
    }
    Vec::from([part])
}

/// Of an item that is no message.
fn kind(ty: &str, item: Raw<'_>) -> PartKind {
    match ty {
        "reasoning" => PartKind::Thinking,
        "function_call" | "custom_tool_call" | "local_shell_call" | "apply_patch_call"
        | "computer_call" => PartKind::Call,
        // Either side may run it: the caller's has a call id and says so.
        "shell_call" | "tool_search_call" => {
            let [environment, execution] = item.fields(["environment", "execution"]);
            let remote = environment.and_then(|e| e.str_field("type"));
            let remote = remote.is_some_and(|ty| ty.starts_with("container"));
            let server = remote || said(execution) == "server";
            if server {
                PartKind::Server
            } else {
                PartKind::Call
            }
        }
        "tool_search_output" if said(item.field("execution")) == "server" => PartKind::Server,
        ty if ty.ends_with("_call_output") || ty == "tool_search_output" => PartKind::Result,
        ty if ty.ends_with("_call") || ty.starts_with("mcp_") => PartKind::Server,
        _ => PartKind::Other,
    }
}

fn call(part: &mut Part, whole: &str, item: Raw<'_>) {
    let [name, arguments, input, action, operation] =
        item.fields(["name", "arguments", "input", "action", "operation"]);
    part.string(whole, name);
    part.string(whole, arguments);
    part.string(whole, input);
    let objects = [action, operation, arguments].into_iter().flatten();
    let mut objects = objects.filter(|raw| raw.is_object());
    part.json = objects.next().map(|object| super::place(whole, object));
}

/// A text, a list of texts and images, a screen, or what commands wrote.
fn output(part: &mut Part, whole: &str, output: Option<Raw<'_>>) {
    let Some(output) = output else { return };
    part.string(whole, Some(output));
    if output.is_object() {
        part.media.extend(media(&said(output.field("type"))));
    }
    for block in output.elements() {
        let [ty, text, stdout, stderr] = block.fields(["type", "text", "stdout", "stderr"]);
        match media(&said(ty)) {
            Some(media) => part.media.push(media),
            None => {
                for text in [text, stdout, stderr] {
                    part.string(whole, text);
                }
            }
        }
    }
}

fn block(whole: &str, raw: Raw<'_>) -> Part {
    let [ty, text, refusal] = raw.fields(["type", "text", "refusal"]);
    let ty = said(ty);
    let kind = match &*ty {
        "input_text" | "output_text" | "text" | "refusal" | "summary_text" => PartKind::Text,
        ty => media(ty).map_or(PartKind::Other, PartKind::Media),
    };
    let mut part = Part::new(kind, whole, raw);
    match kind {
        PartKind::Text => part.string(whole, text.or(refusal)),
        PartKind::Other => {
            part.json = Some(super::place(whole, raw));
            part.name = ty;
        }
        _ => {}
    }
    part
}

fn media(ty: &str) -> Option<Media> {
    match ty {
        "input_image" | "computer_screenshot" => Some(Media::Image),
        "input_file" => Some(Media::Document),
        "input_audio" => Some(Media::Audio),
        _ => None,
    }
}
