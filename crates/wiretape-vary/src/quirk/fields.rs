//! F-50, F-59, F-73: fields that are there, not there, null, empty, or such as parsers stumble over.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::calls::{choices, edit};
use super::{Applied, NOT_HERE, only};
use crate::dialect::{Family, Kind};
use crate::framing::insert;
use crate::json::{self, Span, put};
use crate::parameters::{Fields, Odd};
use crate::stream::Stream;

/// How deep a value is that nobody refuses, and one that overflows a stack.
const DEEP: usize = 64;
const VERY_DEEP: usize = 100_000;

pub(super) fn refield(stream: &mut Stream, family: Family, fields: Fields) -> Applied {
    if fields == Fields::Padding {
        return padding(stream, family);
    }
    only(family, Family::OpenAiChat)?;
    match fields {
        Fields::RoleEverywhere => deltas(stream, |text, delta| {
            Some(put(text, delta, "role", b"\"assistant\""))
        }),
        Fields::RoleEmpty => deltas(stream, |text, delta| {
            Some(put(text, delta, "role", b"\"\""))
        }),
        Fields::NoRole => deltas(stream, |text, delta| {
            json::get(text, delta, "role")?;
            Some(json::remove(text, delta, "role"))
        }),
        Fields::ContentNull => deltas(stream, |text, delta| {
            let silent = json::get(text, delta, "content").is_none();
            silent.then(|| put(text, delta, "content", b"null"))
        }),
        Fields::NoNullReason => each_choice(stream, |text, choice| {
            let reason = json::get(text, choice, "finish_reason")?;
            let null = !json::is_present(text, &reason);
            null.then(|| json::remove(text, choice, "finish_reason"))
        }),
        Fields::FilterFirst => {
            let data = filter();
            insert(stream, 0, &[data.as_bytes()], Kind::Other)
        }
        Fields::NoDelta => behind_finish(stream, ""),
        Fields::DeltaNull => behind_finish(stream, "\"delta\":null,"),
        Fields::EmptyIds => empty_ids(stream),
        Fields::Padding => Err(NOT_HERE),
    }
}

/// The first chunk of Azure.
fn filter() -> String {
    let safe = r#""hate":{"filtered":false,"severity":"safe"}"#;
    format!(
        r#"data: {{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{{"prompt_index":0,"content_filter_results":{{{safe}}}}}]}}"#
    )
}

/// The chunk of Azure's asynchronous filter.
fn behind_finish(stream: &mut Stream, delta: &str) -> Applied {
    let mut blocks = stream.blocks.iter();
    let finish = blocks.rposition(|block| block.kind == Kind::Finish);
    let finish = finish.ok_or("no reason for the end")?;
    let data = format!(
        r#"data: {{"id":"","object":"","created":0,"model":"","choices":[{{"index":0,{delta}"finish_reason":null,"content_filter_results":{{}},"content_filter_offsets":{{"check_offset":0,"start_offset":0,"end_offset":0}}}}]}}"#
    );
    insert(stream, finish + 1, &[data.as_bytes()], Kind::Other)
}

fn each_choice(stream: &mut Stream, rewrite: impl Fn(&[u8], &Span) -> Option<Vec<u8>>) -> Applied {
    let mut done = Err("no chunk has such a field");
    for place in 0..stream.blocks.len() {
        let some = edit(stream, place, |payload| {
            let mut text = payload.to_vec();
            let mut some = false;
            for choice in choices(payload).iter().rev() {
                if let Some(new) = rewrite(&text, choice) {
                    text = new;
                    some = true;
                }
            }
            some.then_some(text)
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}

fn deltas(stream: &mut Stream, rewrite: impl Fn(&[u8], &Span) -> Option<Vec<u8>>) -> Applied {
    each_choice(stream, |text, choice| {
        let delta = json::get(text, choice, "delta")?;
        (text.get(delta.start) == Some(&b'{')).then(|| rewrite(text, &delta))?
    })
}

/// Blanks before the last brace, or a field of random length.
fn padding(stream: &mut Stream, family: Family) -> Applied {
    let mut done = Err("no payload is an object");
    for place in 0..stream.blocks.len() {
        let some = edit(stream, place, |payload| {
            let root = json::root(payload).filter(|_| json::is_object(payload))?;
            let length = 1 + place * 7 % 13;
            let value: String = "wiretapewiretape".chars().take(length).collect();
            let value = format!("\"{value}\"");
            Some(match family {
                Family::OpenAiChat | Family::OpenAiResponses => {
                    put(payload, &root, "obfuscation", value.as_bytes())
                }
                Family::BedrockConverse => put(payload, &root, "p", value.as_bytes()),
                _ => {
                    let blanks: Vec<u8> = (0..length).map(|_| b' ').collect();
                    let at = root.end - 1;
                    json::replace(payload, &(at..at), &blanks)
                }
            })
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}

fn empty_ids(stream: &mut Stream) -> Applied {
    let mut done = Err("no chunk has such a field");
    for place in 0..stream.blocks.len() {
        let some = edit(stream, place, |payload| {
            let mut text = payload.to_vec();
            let root = json::root(&text)?;
            for (field, value) in [
                ("id", &b"\"\""[..]),
                ("object", b"\"\""),
                ("model", b"\"\""),
                ("created", b"0"),
            ] {
                if json::get(&text, &root, field).is_some() {
                    text = put(&text, &root, field, value);
                }
            }
            Some(text)
        });
        if some.is_some() {
            done = Ok(());
        }
    }
    done
}

pub(super) fn odd(stream: &mut Stream, block: usize, odd: Odd) -> Applied {
    let place = stream.place_of(block)?;
    let fields = match odd {
        Odd::BigInteger => r#""x_wiretape":123456789012345678901234567890"#.to_string(),
        Odd::NegativeZero => r#""x_wiretape":-0"#.to_string(),
        Odd::Proto => {
            r#""__proto__":{"x_wiretape":true},"constructor":{"prototype":{"x_wiretape":true}}"#
                .to_string()
        }
        Odd::Deep => deep(r#"{"a":"#, "}", DEEP),
        Odd::Exponent => r#""x_wiretape":1e400"#.to_string(),
        Odd::Twice => r#""x_wiretape":1,"x_wiretape":2"#.to_string(),
        Odd::VeryDeep => deep("[", "]", VERY_DEEP),
    };
    edit(stream, place, |payload| {
        let root = json::root(payload).filter(|_| json::is_object(payload))?;
        let empty = json::members(payload, &root).next().is_none();
        let comma = if empty { "" } else { "," };
        let at = root.end - 1;
        let added = format!("{comma}{fields}");
        Some(json::replace(payload, &(at..at), added.as_bytes()))
    })
    .ok_or("the payload is no JSON object on one line")
}

fn deep(open: &str, close: &str, depth: usize) -> String {
    let inside = if open.ends_with(':') { "1" } else { "" };
    format!(
        "\"x_wiretape\":{}{inside}{}",
        open.repeat(depth),
        close.repeat(depth)
    )
}
