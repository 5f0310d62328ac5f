//! What is left of a long result: its head, its tail, and between them how much is missing.

use alloc::format;
use alloc::string::String;

/// Keeps `bytes` of the text, three quarters of them from its head, and says how much went. `None`
/// where the text is not longer than what would be left.
pub(super) fn shortened(text: &str, bytes: usize) -> Option<String> {
    let head_end = floor(text, bytes / 4 * 3);
    let tail_start = ceil(text, text.len().saturating_sub(bytes / 4));
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
