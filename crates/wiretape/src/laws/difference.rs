//! What is shown of two values that should have been equal.

use std::fmt::Debug;

use wiretape_core::Transcript;

/// Characters shown before and after the first difference.
const BEFORE: usize = 40;
const AFTER: usize = 80;

/// The neighbourhood of the first character in which two texts differ.
pub(super) fn of_texts(expected: &str, seen: &str) -> String {
    let same = expected
        .chars()
        .zip(seen.chars())
        .take_while(|(a, b)| a == b)
        .count();
    format!(
        "at character {same}: expected {}, seen {}",
        excerpt(expected, same),
        excerpt(seen, same)
    )
}

fn excerpt(text: &str, at: usize) -> String {
    let from = at.saturating_sub(BEFORE);
    let mut rest = text.chars().skip(from);
    let shown: String = rest.by_ref().take(at - from + AFTER).collect();
    let (before, after) = (
        if from > 0 { "…" } else { "" },
        if rest.next().is_some() { "…" } else { "" },
    );
    format!("`{before}{shown}{after}`")
}

/// The same of two values, as they are printed.
pub(super) fn of(expected: &impl Debug, seen: &impl Debug) -> String {
    of_texts(&format!("{expected:?}"), &format!("{seen:?}"))
}

/// The same of two transcripts, as JSON.
pub(super) fn of_transcripts(expected: &Transcript, seen: &Transcript) -> String {
    let json = |value: &Transcript| serde_json::to_string(value).unwrap_or_default();
    of_texts(&json(expected), &json(seen))
}
