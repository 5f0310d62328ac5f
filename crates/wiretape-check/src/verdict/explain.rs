//! A finding in five lines, for people.

use std::fmt::Write;

use wiretape_tape::{EndKind, Tape};
use wiretape_vary::{Piece, Scenario, Script, Standing, Subject};

use super::compare::shorten;
use super::deed;
use crate::Finding;
use crate::words::grouped;

/// Bytes shown on each side of a place.
const AROUND: usize = 20;

/// Characters of a sentence that are shown.
const SENTENCE: usize = 240;

/// Escapes of a JSON string: `\uXXXX` is the longest.
const ESCAPE_BYTES: usize = 6;

/// A finding in five lines: the place with the bytes around it, what was expected, what the client
/// did, how sure it is that a provider sends this, and the line that repeats it.
///
/// `tape` is the tape that the scenario is done to. `repeat` is what to type: the names of files and
/// of the client are not known here.
///
/// ```text
/// the cut after byte 1,203, inside `é`: … {"text":"caf\xc3 | \xa9!"} …
/// expected: the reply's text: "café!"
/// the client: "caf\u{fffd}\u{fffd}!" (after 3 characters, …)
/// seen: characters cut between reads: anthropic-sdk-typescript#681
/// repeat: wiretape check small.tape --scenario failures/text_differs-1f00.scenario.json -- CMD
/// ```
#[must_use]
pub fn explain(tape: &Tape, finding: &Finding, repeat: &str) -> [String; 5] {
    let scenario = &finding.place.scenario;
    let exchange = scenario.exchange.unwrap_or(finding.place.exchange);
    let dialect = tape.header.dialect.clone();
    let dialect = dialect.or_else(|| deed::dialect(tape).map(|one| one.name().to_owned()));
    let dialect = dialect.unwrap_or_default();
    let place = tape.exchanges.get(exchange).map_or_else(
        || "the untouched tape".to_owned(),
        |recorded| {
            let subject = Subject::new(recorded, Some(&dialect));
            place(scenario, &subject)
        },
    );
    let seen = match &finding.difference {
        Some(difference) => format!("{} ({difference})", finding.seen),
        None => finding.seen.clone(),
    };
    let sentence = |text: &str| shorten(&text.replace(['\r', '\n'], " "), SENTENCE);
    [
        place,
        format!("expected: {}", sentence(&finding.expected)),
        format!("the client: {}", sentence(&seen)),
        standing(scenario, &dialect),
        format!("repeat: {repeat}"),
    ]
}

/// What is done where, with the bytes around it.
fn place(scenario: &Scenario, subject: &Subject) -> String {
    let script = scenario.apply(subject);
    if scenario.pieces.is_empty() {
        return match &scenario.retries {
            Some(_) => "the first attempt gets the untouched reply, others do not".to_owned(),
            None => "the untouched tape".to_owned(),
        };
    }
    let mut lines: Vec<String> = Vec::new();
    for piece in &scenario.pieces {
        lines.push(one(piece, &script, subject));
    }
    let mut text = lines.join("; ");
    if scenario.retries.is_some() {
        text.push_str("; another attempt gets something else");
    }
    text
}

/// What one piece does.
fn one(piece: &Piece, script: &Script, subject: &Subject) -> String {
    match piece {
        Piece::Cut { at, end } => {
            let how = match end {
                EndKind::Complete => "as if it were whole",
                EndKind::Reset => "with a reset",
                EndKind::Timeout => "with silence, the connection open",
                _ => "without the end that HTTP asks for",
            };
            let whole = Scenario::plain().apply(subject);
            // What would have come is that of the other pieces; where they changed nothing in
            // front of the place, that of the recording.
            let body = match whole.body().get(..*at) == script.body().get(..*at) {
                true => whole.body(),
                false => script.body(),
            };
            format!(
                "the body ends after byte {} {how}, {}",
                grouped(*at as u64),
                at_place(body, *at)
            )
        }
        Piece::Rechunk { .. } => cuts(script),
        other => {
            let (name, id) = (other.name(), other.id());
            let plain = subject.body();
            let by_itself = Scenario::of(vec![other.clone()]).apply(subject);
            let changed = by_itself.body();
            let pairs = plain.iter().zip(changed);
            let same = pairs.take_while(|(one, other)| one == other).count();
            if same == plain.len() && same == changed.len() {
                return format!("{name} ({id}), which leaves the bytes as they are");
            }
            let what = at_place(changed, same);
            format!(
                "{name} ({id}) from byte {} on, {what}",
                grouped(same as u64)
            )
        }
    }
}

/// Where the chunks end.
fn cuts(script: &Script) -> String {
    let mut end = 0;
    let ends = script.steps().map(|step| {
        end += step.bytes.len();
        end
    });
    let ends: Vec<usize> = ends.collect();
    let inner = ends.split_last().map_or(&[][..], |(_, inner)| inner);
    match inner {
        [] => "the whole body in one chunk".to_owned(),
        [at] => format!(
            "the cut after byte {}, {}",
            grouped(*at as u64),
            at_place(script.body(), *at)
        ),
        [at, ..] => format!(
            "{} cuts, the first after byte {}, {}",
            grouped(inner.len() as u64),
            grouped(*at as u64),
            at_place(script.body(), *at)
        ),
    }
}

/// What stands at a place, and the bytes around it.
fn at_place(body: &[u8], at: usize) -> String {
    format!("{}: {}", inside(body, at), around(body, at))
}

/// What a place is in the middle of.
fn inside(body: &[u8], at: usize) -> String {
    if at == 0 {
        return "in front of everything".to_owned();
    }
    if body.len() <= at {
        return "behind everything".to_owned();
    }
    let (before, behind) = body.split_at(at);
    if behind.first().is_some_and(|byte| byte & 0xc0 == 0x80) {
        return format!("inside `{}`", character(body, at));
    }
    match (before, behind) {
        ([.., b'\r'], [b'\n', ..]) => return "between CR and LF".to_owned(),
        ([.., b'\n', b'\n'] | [.., b'\r', b'\n', b'\r', b'\n'] | [.., b'\r', b'\r'], _) => {
            return "between two events".to_owned();
        }
        ([.., b'\n' | b'\r'], _) => return "between two lines".to_owned(),
        _ => {}
    }
    if let Some(escape) = escape(body, at) {
        return format!("inside `{escape}`");
    }
    let line = before.rsplit(|byte| matches!(byte, b'\n' | b'\r')).next();
    let line = line.unwrap_or_default();
    match line.iter().position(|&byte| byte == b':') {
        None => "inside the name of a field".to_owned(),
        Some(colon) => {
            let value = line.get(colon + 1..).unwrap_or_default();
            match in_string(value) {
                true => "inside a string".to_owned(),
                false => "between the signs of an event".to_owned(),
            }
        }
    }
}

/// The character that a place is in.
fn character(body: &[u8], at: usize) -> String {
    let begins = |place: &usize| body.get(*place).is_some_and(|byte| byte & 0xc0 != 0x80);
    let from = (at.saturating_sub(3)..=at).rev().find(begins).unwrap_or(at);
    let next = (at + 1..=at + 4).find(|place| body.len() <= *place || begins(place));
    let bytes = body.get(from..next.unwrap_or(at)).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// The escape that a place is in.
fn escape(body: &[u8], at: usize) -> Option<String> {
    for back in 1..ESCAPE_BYTES.min(at + 1) {
        let from = at - back;
        if body.get(from) != Some(&b'\\') {
            continue;
        }
        let earlier = body.get(..from)?.iter().rev();
        let slashes = earlier.take_while(|&&byte| byte == b'\\').count();
        let length = if body.get(from + 1) == Some(&b'u') {
            ESCAPE_BYTES
        } else {
            2
        };
        if slashes % 2 == 0 && back < length {
            let escape = body.get(from..from + length)?;
            return Some(String::from_utf8_lossy(escape).into_owned());
        }
    }
    None
}

/// A string is open behind this JSON text.
fn in_string(json: &[u8]) -> bool {
    let (mut open, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if open => escaped = true,
            b'"' => open = !open,
            _ => {}
        }
    }
    open
}

/// The bytes on both sides of a place, which `|` marks.
fn around(body: &[u8], at: usize) -> String {
    let at = at.min(body.len());
    let (before, behind) = body.split_at(at);
    let from = before.len().saturating_sub(AROUND);
    let to = behind.len().min(AROUND);
    let left = if from > 0 { "… " } else { "" };
    let right = if to < behind.len() { " …" } else { "" };
    let before = shown(before.get(from..).unwrap_or_default());
    let behind = shown(behind.get(..to).unwrap_or_default());
    format!("{left}{before} | {behind}{right}")
}

/// Bytes as text: what is no whole character, and what cannot be seen, as an escape.
fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                char if char.is_control() => text.extend(char.escape_unicode()),
                char => text.push(char),
            }
        }
        for byte in chunk.invalid() {
            let written = write!(text, "\\x{byte:02x}");
            debug_assert!(written.is_ok(), "a string takes any text");
        }
    }
    text
}

/// How sure it is that a provider sends this.
fn standing(scenario: &Scenario, dialect: &str) -> String {
    let Some(backing) = super::weakest(scenario, dialect) else {
        return "seen: the tape as it was recorded".to_owned();
    };
    match backing.standing {
        Standing::Seen => format!("seen: {}", backing.evidence),
        Standing::Documented => format!("documented: {}", backing.evidence),
        Standing::Lawful => "lawful: the grammar allows it, nobody was seen doing it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        "event: a\r\ndata: {\"t\":\"caf\u{e9} \\u00e9 \\\\n \\n\"}\r\n\r\ndata: [1]\n\n";

    fn at(before: &str, more: usize) -> String {
        inside(BODY.as_bytes(), BODY.find(before).unwrap() + more)
    }

    #[test]
    fn places_have_names() {
        assert_eq!(at("event", 0), "in front of everything");
        assert_eq!(at("event", 3), "inside the name of a field");
        assert_eq!(at("\u{e9}", 1), "inside `\u{e9}`");
        assert_eq!(at("\\u", 1), "inside `\\u00e9`");
        assert_eq!(at("\\u", 5), "inside `\\u00e9`");
        assert_eq!(at("\\u", 6), "inside a string");
        assert_eq!(at("\\\\n", 1), "inside `\\\\`");
        assert_eq!(at("\\\\n", 2), "inside a string");
        assert_eq!(at("a\r\n", 2), "between CR and LF");
        assert_eq!(at("data", 0), "between two lines");
        assert_eq!(at("data: [1]", 0), "between two events");
        assert_eq!(at("[1]", 1), "between the signs of an event");
        assert_eq!(inside(BODY.as_bytes(), BODY.len()), "behind everything");
    }

    #[test]
    fn bytes_are_shown_as_they_are() {
        let at = BODY.find('\u{e9}').unwrap() + 1;
        assert_eq!(
            around(BODY.as_bytes(), at),
            "…  a\\r\\ndata: {\"t\":\"caf\\xc3 | \\xa9 \\u00e9 \\\\n \\n\"}\\r\\n\\r …"
        );
    }
}
