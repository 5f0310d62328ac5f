//! Lines of a client's standard output, and what they say.
//!
//! A line ends in LF and nothing else: texts may hold U+2028, which some splitters take for a line's
//! end. A text cut inside a surrogate pair is written as `\ud83d` by languages whose strings can
//! hold that, so a half counts as U+FFFD here and does not make the line unreadable.

use std::borrow::Cow;
use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use crate::Said;

/// The longest line that is read.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// Characters of a line that an error shows.
const SHOWN_MAX: usize = 120;

/// What a line must look like.
const EXPECTED: &str = r#"expected a line of JSON such as {"run":"…","text":"…","tool_calls":[…]}"#;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its LF.
    Whole(Vec<u8>),
    /// One that is longer than [`LINE_BYTES_MAX`].
    TooLong(Vec<u8>),
    /// The output ended, with what stood behind the last LF.
    End(Vec<u8>),
}

/// Reads up to the next LF.
pub(super) async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Line> {
    let mut line = Vec::new();
    loop {
        let bytes = from.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(Line::End(line));
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        if line.len() + part.len() > LINE_BYTES_MAX {
            return Ok(Line::TooLong(line));
        }
        line.extend_from_slice(part);
        let used = part.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            return Ok(Line::Whole(line));
        }
    }
}

/// What a line says, or what was expected and how the line begins.
pub(super) fn said(line: &[u8]) -> Result<Said, String> {
    let text = String::from_utf8_lossy(line);
    let unreadable = |why: &str| format!("{EXPECTED}: {why}; found {}", begin(&text));
    if !text.trim_start().starts_with('{') {
        return Err(unreadable("no object"));
    }
    let read = match serde_json::from_str(&text) {
        Ok(said) => return Ok(said),
        Err(error) => match whole_characters(&text) {
            Cow::Borrowed(_) => Err(error),
            Cow::Owned(text) => serde_json::from_str(&text),
        },
    };
    read.map_err(|error| unreadable(&error.to_string()))
}

/// The account in the last line of a whole output, where it is one.
pub(super) fn last(output: &[u8]) -> Option<Said> {
    let mut lines = output.rsplit(|byte| *byte == b'\n');
    let line = lines.find(|line| !line.trim_ascii().is_empty())?;
    let value: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&whole_characters(&String::from_utf8_lossy(line))).ok()?;
    // A line of JSON may be about anything else.
    let ours = ["text", "tool_calls", "stop", "error", "events"];
    ours.iter()
        .any(|name| value.contains_key(*name))
        .then(|| said(line).ok())?
}

/// The line's begin, quoted.
pub(super) fn begin(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_MAX).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("{shown:?}{more}")
}

/// JSON text in which each escape of half a surrogate pair is one of U+FFFD.
fn whole_characters(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    // Where what was not copied yet begins.
    let mut from = 0;
    let mut at = 0;
    while let Some(found) = find_escape(text, at) {
        at = found;
        match unit(text, at) {
            None => at += 2,
            Some(0xd800..=0xdbff) if matches!(unit(text, at + 6), Some(0xdc00..=0xdfff)) => {
                at += 12
            }
            Some(0xd800..=0xdfff) => {
                out.push_str(text.get(from..at).unwrap_or_default());
                out.push_str("\\ufffd");
                at += 6;
                from = at;
            }
            Some(_) => at += 6,
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

/// The next backslash from `at` on.
fn find_escape(text: &str, at: usize) -> Option<usize> {
    Some(
        at + text
            .as_bytes()
            .get(at..)?
            .iter()
            .position(|byte| *byte == b'\\')?,
    )
}

/// The code unit of the escape `\uXXXX` at this place.
fn unit(text: &str, at: usize) -> Option<u16> {
    let escape = text.as_bytes().get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn text(line: &str) -> String {
        said(line.as_bytes()).unwrap().text.unwrap()
    }

    #[test]
    fn half_a_pair_is_a_character_of_its_own() {
        for (line, want) in [
            (r#"{"text":"a\ud83d"}"#, "a\u{fffd}"),
            (r#"{"text":"\ude00b"}"#, "\u{fffd}b"),
            (r#"{"text":"\ud83d\ud83d\ude00"}"#, "\u{fffd}😀"),
            (r#"{"text":"\ud83d\ude00"}"#, "😀"),
            (r#"{"text":"\\ud83d"}"#, r"\ud83d"),
            (r#"{"text":"\\\ud83d\""}"#, "\\\u{fffd}\""),
            (r#"{"text":"\uD83Dx\uDE00"}"#, "\u{fffd}x\u{fffd}"),
        ] {
            assert_eq!(text(line), want, "{line}");
        }
    }

    #[test]
    fn bytes_that_are_no_characters_do_not_fail_the_line() {
        // Half a pair as Python writes it with `surrogatepass`.
        let line = b"{\"run\":\"1\",\"text\":\"\xed\xa0\xbd\xed\xb8\x80\"}";
        let said = said(line).unwrap();
        assert!(said.text.unwrap().chars().all(|c| c == '\u{fffd}'));
    }

    #[test]
    fn what_is_no_answer_says_what_was_expected() {
        for (line, why) in [
            ("", "no object"),
            ("[1]", "no object"),
            ("hello", "no object"),
            (r#"{"run":1}"#, "expected a string"),
            (r#"{"run":"1""#, "EOF"),
        ] {
            let told = said(line.as_bytes()).unwrap_err();
            assert!(told.starts_with(EXPECTED) && told.contains(why), "{told}");
        }
    }

    #[test]
    fn a_null_argument_is_a_value() {
        let said =
            said(br#"{"run":"1","tool_calls":[{"name":"f","arguments":null,"invalid":true}]}"#);
        let calls = said.unwrap().tool_calls.unwrap();
        assert_eq!(calls[0].arguments, Some(serde_json::Value::Null));
        assert!(calls[0].invalid);
    }

    #[test]
    fn the_last_line_of_an_output_counts() {
        let output = "log\n{\"text\":\"a\u{2028}b\"}\n\n";
        assert_eq!(last(output.as_bytes()).unwrap().text.unwrap(), "a\u{2028}b");
        assert_eq!(last(b"{\"level\":\"info\"}\n"), None);
        assert_eq!(last(b"{\"text\":\"a\"}\nbye\n"), None);
        assert_eq!(last(b""), None);
    }

    #[tokio::test]
    async fn lines_end_in_lf_alone() {
        let mut from = "a\u{2028}b\rc\u{85}\nrest".as_bytes();
        assert_eq!(
            line(&mut from).await.unwrap(),
            Line::Whole("a\u{2028}b\rc\u{85}".into())
        );
        assert_eq!(line(&mut from).await.unwrap(), Line::End(b"rest".to_vec()));
    }

    #[tokio::test]
    async fn a_line_is_bounded() {
        let long = vec![b'x'; LINE_BYTES_MAX + 1];
        let mut from = &long[..];
        assert!(matches!(line(&mut from).await.unwrap(), Line::TooLong(_)));
    }
}
