//! What is left of a long result: its head, its tail, and between them how much is missing.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::conversation::quote;
use crate::json::Raw;

/// Below so many bytes a text or a value is not cut: a marker is hardly shorter.
const WHOLE_BYTES: usize = 160;

/// Shortens a text to about `bytes`. JSON stays JSON where that is possible; otherwise what is left
/// is a text with a marker. `None` where nothing is gained.
pub(super) fn shortened(text: &str, bytes: usize) -> Option<String> {
    let value = Raw::parse(text).ok();
    let value = value.filter(|value| value.is_object() || value.is_array());
    let json = value.and_then(|value| {
        let mut out = String::new();
        shrink(value, bytes, &mut out);
        // Where many members each need a marker it may be far off; then plain text is better.
        let fits = out.len() < text.len() && out.len() <= bytes.saturating_add(bytes / 4 + 256);
        fits.then_some(out)
    });
    json.or_else(|| marked(text, bytes))
}

/// Keeps about `bytes` of the text, three quarters of them from its head, and says how much went.
fn marked(text: &str, bytes: usize) -> Option<String> {
    let head_end = floor(text, bytes / 4 * 3);
    let tail_start = ceil(text, text.len().saturating_sub(bytes / 4)).max(head_end);
    let gone = text.get(head_end..tail_start)?;
    let (head, tail) = (text.get(..head_end)?, text.get(tail_start..)?);
    let marker = format!(
        "\n[… {} of {} bytes left out to fit the context window …]\n",
        gone.len(),
        text.len()
    );
    let short = [head, &marker, tail].concat();
    (short.len() < text.len()).then_some(short)
}

/// Writes `value` in about `bytes`, as JSON. Values nest at most as deep as the scanner permits.
fn shrink(value: Raw<'_>, bytes: usize, out: &mut String) {
    if value.text().len() <= bytes.max(WHOLE_BYTES) {
        out.push_str(value.text());
    } else if let Some(string) = value.as_str() {
        let text = string.decode();
        match marked(&text, bytes) {
            Some(short) => quote(&short, out),
            None => out.push_str(value.text()),
        }
    } else if value.is_array() {
        array(value, bytes, out);
    } else {
        object(value, bytes, out);
    }
}

/// The first elements and the last ones; a single one that is too long is shrunk itself.
fn array(value: Raw<'_>, bytes: usize, out: &mut String) {
    let elements: Vec<Raw<'_>> = value.elements().collect();
    let (mut head, mut left) = (0, bytes / 4 * 3);
    for element in &elements {
        match left.checked_sub(element.text().len() + 1) {
            Some(less) => left = less,
            None => break,
        }
        head += 1;
    }
    let (mut tail, mut room) = (elements.len(), bytes / 4);
    for element in elements.iter().rev() {
        match room.checked_sub(element.text().len() + 1) {
            Some(less) if tail > head.max(1) => room = less,
            _ => break,
        }
        tail -= 1;
    }
    out.push('[');
    let mut first = true;
    for element in elements.iter().take(head) {
        comma(&mut first, out);
        out.push_str(element.text());
    }
    if let Some(element) = elements.get(head).filter(|_| head == 0) {
        comma(&mut first, out);
        shrink(*element, left, out);
        head = 1;
    }
    if head < tail {
        comma(&mut first, out);
        let marker = format!(
            "[… {} of {} elements left out to fit the context window …]",
            tail - head,
            elements.len()
        );
        quote(&marker, out);
    }
    for element in elements.iter().skip(tail) {
        comma(&mut first, out);
        out.push_str(element.text());
    }
    out.push(']');
}

/// Every member, the long ones shrunk to one length; where the names alone are too much, the first.
fn object(value: Raw<'_>, bytes: usize, out: &mut String) {
    let members: Vec<_> = value.members().collect();
    let lens = || {
        members
            .iter()
            .map(|(key, value)| key.raw().len() + 4 + value.text().len())
    };
    let share = level(lens().collect(), bytes);
    let mut left = bytes;
    out.push('{');
    let mut first = true;
    for (number, ((key, value), len)) in members.iter().zip(lens()).enumerate() {
        let name = key.raw().len() + 4;
        if share < WHOLE_BYTES && left < len {
            comma(&mut first, out);
            let gone = members.len() - number;
            let marker = format!(
                r#""…":"[… {gone} of {} members left out to fit the context window …]""#,
                members.len()
            );
            out.push_str(&marker);
            break;
        }
        left = left.saturating_sub(len.min(share.max(WHOLE_BYTES)));
        comma(&mut first, out);
        out.push('"');
        out.push_str(key.raw());
        out.push_str("\":");
        if len <= share {
            out.push_str(value.text());
        } else {
            shrink(*value, share.saturating_sub(name), out);
        }
    }
    out.push('}');
}

/// The length to which the long ones are brought so that the sum is at most `bytes`.
fn level(mut lens: Vec<usize>, bytes: usize) -> usize {
    lens.sort_unstable();
    let mut left = bytes;
    for (number, len) in lens.iter().enumerate() {
        let others = lens.len() - number;
        if *len > left / others {
            return left / others;
        }
        left -= len;
    }
    bytes
}

fn comma(first: &mut bool, out: &mut String) {
    if !*first {
        out.push(',');
    }
    *first = false;
}

/// The character boundary at `at` or before.
fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The character boundary at `at` or after.
fn ceil(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
