//! Where things lie in a JSON text, so that one of them is rewritten and the rest kept as it is.
//!
//! The functions take spans into a text that [`is_object`] holds for; on any other text they give
//! `None` or nonsense, but neither panic nor loop.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Value;

/// A stretch of a text.
pub(crate) type Span = Range<usize>;

/// A part of a JSON text, outside of which there is only whitespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// The name of a field: what is between the quotes.
    Key(Span),
    /// One of `{ } [ ] , :`.
    Mark(usize, u8),
    /// A number, `true`, `false` or `null`.
    Scalar,
    /// A string: what is between the quotes.
    Text(Span),
}

/// The bytes of a span; none where it does not lie in the text.
pub(crate) fn part(text: &[u8], span: Span) -> &[u8] {
    text.get(span).unwrap_or(&[])
}

/// The text is UTF-8 and one JSON object.
pub(crate) fn is_object(text: &[u8]) -> bool {
    root(text).is_some()
        && core::str::from_utf8(text).is_ok()
        && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// The object with its names and strings written without escapes where they can be, for reading
/// only: what is in it is found by names.
pub(crate) fn unescaped(text: Vec<u8>) -> Vec<u8> {
    if !text.windows(2).any(|pair| pair == b"\\u") {
        return text;
    }
    let value = serde_json::from_slice::<Value>(&text).ok();
    let object = value.filter(Value::is_object);
    object.map_or(text, |object| object.to_string().into_bytes())
}

/// The outermost object.
pub(crate) fn root(text: &[u8]) -> Option<Span> {
    let start = blank_end(text, 0);
    if text.get(start) != Some(&b'{') {
        return None;
    }
    Some(start..value_end(text, start)?)
}

/// The fields of an object: what is between the quotes of the name, and the value.
pub(crate) fn members<'a>(
    text: &'a [u8],
    object: &Span,
) -> impl Iterator<Item = (Span, Span)> + use<'a> {
    let mut next = Some(object.start + 1);
    core::iter::from_fn(move || {
        let (key, value) = member(text, blank_end(text, next?))?;
        let at = blank_end(text, value.end);
        next = (text.get(at) == Some(&b',')).then_some(at + 1);
        Some((key, value))
    })
}

fn member(text: &[u8], at: usize) -> Option<(Span, Span)> {
    let key_end = string_end(text, at)?;
    let colon = blank_end(text, key_end);
    if text.get(colon) != Some(&b':') {
        return None;
    }
    let start = blank_end(text, colon + 1);
    Some((at + 1..key_end - 1, start..value_end(text, start)?))
}

/// The items of an array.
pub(crate) fn items(text: &[u8], array: &Span) -> Vec<Span> {
    let mut found = Vec::new();
    if text.get(array.start) != Some(&b'[') {
        return found;
    }
    let mut at = blank_end(text, array.start + 1);
    while text.get(at).is_some_and(|&byte| byte != b']') {
        let Some(end) = value_end(text, at) else {
            break;
        };
        if end == at {
            break;
        }
        found.push(at..end);
        at = blank_end(text, end);
        if text.get(at) != Some(&b',') {
            break;
        }
        at = blank_end(text, at + 1);
    }
    found
}

/// The value of an object's field; `None` also where the span is no object.
pub(crate) fn get(text: &[u8], object: &Span, key: &str) -> Option<Span> {
    if text.get(object.start) != Some(&b'{') {
        return None;
    }
    let found =
        members(text, object).find(|(name, _)| part(text, name.clone()) == key.as_bytes())?;
    Some(found.1)
}

/// The value at a path of field names from the outermost object.
pub(crate) fn path(text: &[u8], keys: &[&str]) -> Option<Span> {
    let mut span = root(text)?;
    for key in keys {
        span = get(text, &span, key)?;
    }
    Some(span)
}

/// What is between a string's quotes.
pub(crate) fn string(text: &[u8], value: &Span) -> Option<Span> {
    if text.get(value.start) != Some(&b'"') || value.end < value.start + 2 {
        return None;
    }
    Some(value.start + 1..value.end - 1)
}

/// The field is a string with this text, written without escapes.
pub(crate) fn says(text: &[u8], object: &Span, key: &str, expected: &str) -> bool {
    let body = get(text, object, key).and_then(|value| string(text, &value));
    body.is_some_and(|body| part(text, body) == expected.as_bytes())
}

/// The value is not `null`.
pub(crate) fn is_present(text: &[u8], value: &Span) -> bool {
    part(text, value.clone()) != b"null"
}

/// The text with a field of an object set, which is put in behind the others where it is not there.
pub(crate) fn put(text: &[u8], object: &Span, key: &str, value: &[u8]) -> Vec<u8> {
    if let Some(old) = get(text, object, key) {
        return replace(text, &old, value);
    }
    let last = members(text, object).last();
    let at = last
        .as_ref()
        .map_or(object.start + 1, |(_, value)| value.end);
    let comma = if last.is_some() { "," } else { "" };
    let mut field = format!("{comma}\"{key}\":").into_bytes();
    field.extend_from_slice(value);
    replace(text, &(at..at), &field)
}

/// A number that is a digit string.
pub(crate) fn number(text: &[u8], value: &Span) -> Option<u64> {
    core::str::from_utf8(part(text, value.clone()))
        .ok()?
        .parse()
        .ok()
}

/// The text with a span replaced.
pub(crate) fn replace(text: &[u8], span: &Span, with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + with.len());
    out.extend_from_slice(part(text, 0..span.start));
    out.extend_from_slice(with);
    out.extend_from_slice(part(text, span.end..text.len()));
    out
}

/// The text without a field of an object, and without the comma that the field needed. Of the
/// object's span only the start is used.
pub(crate) fn remove(text: &[u8], object: &Span, key: &str) -> Vec<u8> {
    let fields: Vec<_> = members(text, object).collect();
    let place = fields
        .iter()
        .position(|(name, _)| part(text, name.clone()) == key.as_bytes());
    let Some(place) = place else {
        return text.to_vec();
    };
    let before = place.checked_sub(1).and_then(|place| fields.get(place));
    let after = fields.get(place + 1);
    let Some((name, value)) = fields.get(place) else {
        return text.to_vec();
    };
    let gone = match (before, after) {
        (Some((_, before)), _) => before.end..value.end,
        (None, Some((after, _))) => name.start - 1..after.start - 1,
        (None, None) => name.start - 1..value.end,
    };
    replace(text, &gone, b"")
}

/// The tokens, in order.
pub(crate) fn tokens(text: &[u8]) -> Vec<Token> {
    let mut found = Vec::with_capacity(text.len() / 4 + 8);
    let mut at = blank_end(text, 0);
    while let Some(&byte) = text.get(at) {
        let end = match byte {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                found.push(Token::Mark(at, byte));
                at + 1
            }
            b'"' => {
                let Some(end) = string_end(text, at) else {
                    break;
                };
                let is_key = text.get(blank_end(text, end)) == Some(&b':');
                let body = at + 1..end - 1;
                found.push(if is_key {
                    Token::Key(body)
                } else {
                    Token::Text(body)
                });
                end
            }
            _ => {
                found.push(Token::Scalar);
                scalar_end(text, at).max(at + 1)
            }
        };
        at = blank_end(text, end);
    }
    found
}

/// Values whose text a reader keeps verbatim: arguments that are sent as an object (F-19), or whole
/// in a block's start. They are not to be rewritten. `keys`: the names of their fields.
pub(crate) fn verbatim(text: &[u8], tokens: &[Token], keys: &[&str]) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for pair in tokens.windows(3) {
        let [
            Token::Key(key),
            Token::Mark(_, b':'),
            Token::Mark(start, b'{' | b'['),
        ] = pair
        else {
            continue;
        };
        let inside = found.last().is_some_and(|last| last.contains(start));
        if inside || !is_one_of(text, key, keys) {
            continue;
        }
        if let Some(end) = value_end(text, *start) {
            found.push(*start..end);
        }
    }
    found
}

/// A name is one of some.
pub(crate) fn is_one_of(text: &[u8], key: &Span, names: &[&str]) -> bool {
    let key = part(text, key.clone());
    names.iter().any(|name| name.as_bytes() == key)
}

/// A position outside all spans, which are in order.
pub(crate) fn outside(spans: &[Span], at: usize) -> bool {
    let place = spans.partition_point(|span| span.end <= at);
    spans.get(place).is_none_or(|span| at < span.start)
}

fn blank_end(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|byte| b" \t\r\n".contains(byte)) {
        at += 1;
    }
    at
}

fn scalar_end(text: &[u8], mut at: usize) -> usize {
    while text
        .get(at)
        .is_some_and(|byte| !b",:]}{[\" \t\r\n".contains(byte))
    {
        at += 1;
    }
    at
}

/// The position behind the closing quote.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    if text.get(start) != Some(&b'"') {
        return None;
    }
    let mut at = start + 1;
    loop {
        let rest = text.get(at..)?;
        let found = at + memchr::memchr2(b'"', b'\\', rest)?;
        match text.get(found)? {
            b'"' => return Some(found + 1),
            _ => at = found + 2,
        }
    }
}

/// The position behind the value that begins here; `None` where the text ends in it.
pub(crate) fn value_end(text: &[u8], start: usize) -> Option<usize> {
    match text.get(start)? {
        b'"' => string_end(text, start),
        b'{' | b'[' => nested_end(text, start),
        _ => Some(scalar_end(text, start)),
    }
}

fn nested_end(text: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}
