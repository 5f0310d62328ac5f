//! Fixtures of aimock.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::chunks::MADE;
use super::draft::{Answered, Builder, Draft};
use super::json::{Place, parse};
use super::made::{Call, Made, Part, Said};
use super::{Error, Format, Imported};

const RESPONSE: &str = "a response with content, toolCalls, blocks or error";

/// Reads a fixture file as <https://skills.sh/copilotkit/aimock/write-fixtures> and
/// <https://github.com/CopilotKit/aimock> have it: `{"fixtures":[{"match":…,"response":…}]}`.
///
/// A fixture holds what was said, and no bytes: a stream is made that says it, one delta for each text
/// and call, with ids of our own where it has none. An `error` becomes an answer with its
/// status. What a fixture matches, its times and its faults are left out.
pub(super) fn read(text: &str, made: Made) -> Result<Imported, Error> {
    let value = parse(text)?;
    let root = Place::root(&value);
    let fixtures = root.get("fixtures");
    if fixtures.is_null() {
        return Err(fixtures.error("an array"));
    }
    let mut builder = Builder::new(Format::Aimock, &MADE);
    builder.is_inexact();
    builder.note(&format!(
        "a stream of {} was made for each fixture; what fixtures match is left out",
        made.name()
    ));
    let mut number = 0;
    fixtures.each(|fixture| {
        let draft = draft(&fixture.get("response"), number, made)?;
        number += 1;
        builder.push(draft)
    })?;
    builder.finish("a fixture")
}

fn draft(response: &Place<'_>, number: usize, made: Made) -> Result<Draft, Error> {
    let error = response.get("error");
    let (status, body) = if error.is_null() {
        (200, made.stream(&said(response, number)?))
    } else {
        let status = response.get("status");
        let status = if status.is_null() {
            500
        } else {
            status.status()?
        };
        (status, json!({ "error": error.value() }).to_string())
    };
    let mut draft = Draft {
        response: Some(Answered {
            status,
            ..Answered::default()
        }),
        ..Draft::default()
    };
    draft.whole(body.into_bytes());
    Ok(draft)
}

fn said(response: &Place<'_>, number: usize) -> Result<Said, Error> {
    let (content, calls) = (response.get("content"), response.get("toolCalls"));
    let (reasoning, blocks) = (response.get("reasoning"), response.get("blocks"));
    if content.is_null() && calls.is_null() && blocks.is_null() {
        return Err(response.error(RESPONSE));
    }
    let (model, finish) = (response.get("model"), response.get("finishReason"));
    let mut parts = Vec::new();
    if let Some(text) = content.text_if_any()? {
        parts.push(Part::Text(text.into()));
    }
    parts.extend(blocks.each(|block| {
        let kind = block.get("type");
        match kind.text()? {
            "text" => Ok(Part::Text(block.get("text").text()?.into())),
            "toolCall" => call(block),
            _ => Err(kind.error("text or toolCall")),
        }
    })?);
    parts.extend(calls.each(call)?);
    Ok(Said {
        number,
        model: model.text_if_any()?.unwrap_or("imported").into(),
        reasoning: reasoning.text_if_any()?.map(Into::into),
        parts,
        finish: finish.text_if_any()?.map(Into::into),
    })
}

fn call(call: &Place<'_>) -> Result<Part, Error> {
    let (name, id, arguments) = (call.get("name"), call.get("id"), call.get("arguments"));
    Ok(Part::Call(Call {
        id: id.text_if_any()?.map(Into::into),
        name: name.text()?.into(),
        arguments: match arguments.value() {
            Value::String(text) => text.clone(),
            Value::Object(_) => arguments.value().to_string(),
            _ => return Err(arguments.error("an object, or its JSON as a string")),
        },
    }))
}
