//! HTTP Archives.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::draft::{Answered, Asked, Builder, Draft};
use super::json::{Place, parse};
use super::{Error, Format, Imported};
use crate::Unknown;

const BASE64: &str = "base64, or no encoding";

/// Reads version 1.2 as <http://www.softwareishard.com/blog/har-12-spec/> has it, and what browsers
/// make of it: a status of 0 where no response came, and bodies that are not there.
///
/// A body is there as decompressed text; headers that spoke of the compressed one are left out. Of the times
/// only how long the response's head took (`timings.wait`) can be told.
pub(super) fn read(text: &str) -> Result<Imported, Error> {
    let value = parse(text)?;
    let root = Place::root(&value);
    let log = root.get("log");
    let entries = log.get("entries");
    if entries.is_null() {
        return Err(entries.error("an array"));
    }
    let known = [Unknown::Boundaries, Unknown::Times, Unknown::End];
    let mut builder = Builder::new(Format::Har, &known);
    entries.each(|entry| {
        let draft = draft(entry, &mut builder)?;
        builder.push(draft)
    })?;
    builder.finish("an entry")
}

fn draft(entry: &Place<'_>, builder: &mut Builder) -> Result<Draft, Error> {
    let mut draft = Draft {
        request: request(&entry.get("request"), builder)?,
        ..Draft::default()
    };
    let response = entry.get("response");
    let status = response.get("status").status()?;
    if status == 0 {
        builder.note("a request without a response is kept without one");
        return Ok(draft);
    }
    let after_ns = milliseconds(entry.get("timings").get("wait").value());
    draft.response = Some(Answered {
        after_ns: after_ns.unwrap_or_default(),
        status,
        headers: headers(&response.get("headers"))?,
    });
    let content = response.get("content");
    let (text, encoding) = (content.get("text"), content.get("encoding"));
    let Some(body) = text.text_if_any()? else {
        if content.get("size").value().as_i64().unwrap_or(0) > 0 {
            builder.unknown(Unknown::Body);
            builder.note("a body that the archive does not hold is missing");
        } else {
            draft.whole(Vec::new());
        }
        return Ok(draft);
    };
    let bytes = match encoding.text_if_any()? {
        None | Some("") => body.as_bytes().to_vec(),
        Some("base64") => text.base64()?,
        Some(_) => return Err(encoding.error(BASE64)),
    };
    if body.contains('\u{fffd}') {
        builder.is_inexact();
        builder.note("a body has U+FFFD, which stands for bytes that were not UTF-8");
    }
    if draft.was_decoded_text(&bytes) {
        builder.is_inexact();
        builder.note("bodies were decompressed; headers that say they are compressed are left out");
    }
    draft.whole(bytes);
    Ok(draft)
}

fn request(request: &Place<'_>, builder: &mut Builder) -> Result<Option<Asked>, Error> {
    let (method, url) = (request.get("method"), request.get("url"));
    let (method, url) = (method.text()?, url.text()?);
    // As our own archives say that there was none.
    if method.is_empty() && url.is_empty() {
        return Ok(None);
    }
    let data = request.get("postData");
    let (text, encoding) = (data.get("text"), data.get("encoding"));
    let body = match (text.text_if_any()?, encoding.text_if_any()?) {
        (Some(body), None | Some("")) => body.as_bytes().to_vec(),
        (Some(_), Some("base64")) => text.base64()?,
        (Some(_), Some(_)) => return Err(encoding.error(BASE64)),
        (None, _) => {
            if !data.is_null() {
                builder.unknown(Unknown::Request);
                builder.note("a request's body that the archive does not hold as text is missing");
            }
            Vec::new()
        }
    };
    Ok(Some(Asked {
        method: method.into(),
        url: url.into(),
        headers: headers(&request.get("headers"))?,
        body,
    }))
}

fn headers(headers: &Place<'_>) -> Result<Vec<(String, String)>, Error> {
    headers.each(|header| {
        let (name, value) = (header.get("name"), header.get("value"));
        Ok((name.text()?.into(), value.text()?.into()))
    })
}

/// Milliseconds, with a fraction, as nanoseconds; -1 stands for none.
fn milliseconds(value: &Value) -> Option<u64> {
    let text = alloc::format!("{}", value.as_number()?);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole: u64 = whole.parse().ok()?;
    let mut digits: String = fraction.chars().take(6).collect();
    while digits.len() < 6 {
        digits.push('0');
    }
    let fraction: u64 = digits.parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(fraction)
}
