//! Where a delivery differs from the recording.

use serde::{Deserialize, Serialize};

/// Spans that are kept.
pub const SPANS_MAX: usize = 64;

/// Lines of which a difference is looked for line by line; longer bodies have one span.
const LINES_MAX: usize = 20_000;

/// Lines that are looked ahead for where two bodies agree again.
const AHEAD_MAX: usize = 24;

/// Bytes of a delivery that the recording does not have there: from the first to behind the last.
/// Empty where bytes are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub from: u64,
    /// Behind the last byte.
    pub to: u64,
}

/// The differences, in order. The work is linear in both bodies.
pub(super) fn spans(untouched: &[u8], sent: &[u8]) -> Vec<Span> {
    if untouched == sent {
        return Vec::new();
    }
    let (old, new) = (lines(untouched), lines(sent));
    if old.len() > LINES_MAX || new.len() > LINES_MAX {
        return vec![narrowed(untouched, sent, 0)];
    }
    let mut spans = Vec::new();
    let (mut left, mut right, mut at) = (old.as_slice(), new.as_slice(), 0);
    while spans.len() < SPANS_MAX {
        let same = left.iter().zip(right).take_while(|(a, b)| a == b).count();
        at += bytes(right, same);
        (left, right) = (after(left, same), after(right, same));
        if left.is_empty() && right.is_empty() {
            break;
        }
        let (skip, take) = agreement(left, right);
        let gone: Vec<u8> = left.iter().take(skip).copied().flatten().copied().collect();
        let come: Vec<u8> = right
            .iter()
            .take(take)
            .copied()
            .flatten()
            .copied()
            .collect();
        spans.push(narrowed(&gone, &come, at));
        at += come.len();
        (left, right) = (after(left, skip), after(right, take));
    }
    spans
}

fn after<'a, 'b>(lines: &'a [&'b [u8]], count: usize) -> &'a [&'b [u8]] {
    lines.get(count..).unwrap_or_default()
}

fn bytes(lines: &[&[u8]], count: usize) -> usize {
    lines.iter().take(count).map(|line| line.len()).sum()
}

/// How many lines of each to pass over so that they agree again: the fewest, and two lines long
/// where there are as many, since blank lines agree everywhere.
fn agreement(left: &[&[u8]], right: &[&[u8]]) -> (usize, usize) {
    for sum in 1..=AHEAD_MAX {
        for skip in 0..=sum {
            let take = sum - skip;
            let (left, right) = (after(left, skip), after(right, take));
            let agree = left
                .iter()
                .zip(right)
                .take(2)
                .filter(|(a, b)| a == b)
                .count();
            if agree == 2 || (agree == 1 && left.len() == 1 && right.len() == 1) {
                return (skip, take);
            }
        }
    }
    (left.len(), right.len())
}

/// The differing bytes of two pieces: without what they begin and end with in common.
fn narrowed(old: &[u8], new: &[u8], at: usize) -> Span {
    let common = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, rest) = (
        old.get(common..).unwrap_or_default(),
        new.get(common..).unwrap_or_default(),
    );
    let ends = old.iter().rev().zip(rest.iter().rev());
    let ending = ends.take_while(|(a, b)| a == b).count();
    Span {
        from: (at + common) as u64,
        to: (at + common + rest.len() - ending) as u64,
    }
}

/// The lines with their ends, LF, CR or both.
fn lines(body: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let end = match end {
            Some(end) if rest.get(end..end + 2) == Some(b"\r\n") => end + 2,
            Some(end) => end + 1,
            None => rest.len(),
        };
        let (line, behind) = rest.split_at(end);
        lines.push(line);
        rest = behind;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Span, spans};

    #[track_caller]
    fn check(untouched: &str, sent: &str, expect: &[&str]) {
        let found = spans(untouched.as_bytes(), sent.as_bytes());
        let place = |at: u64| usize::try_from(at).unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|Span { from, to }| {
                let marked = sent.get(place(*from)..place(*to)).unwrap();
                format!("{from}:{marked}")
            })
            .collect();
        assert_eq!(shown, expect);
    }

    #[test]
    fn what_differs_is_found() {
        check("a\n\nb\n\n", "a\n\nb\n\n", &[]);
        check("a\n\nb\n\n", "a\n\n: hi\n\nb\n\n", &["3:: hi\n\n"]);
        check("a\n\nb\n\nc\n\n", "a\n\nc\n\n", &["3:"]);
        check("a\n\nbcd\n\n", "a\n\nbxd\n\n", &["4:x"]);
        check("a\n\nbcd\n\n", "a\n\nb", &["4:"]);
        check("a\n", "", &["0:"]);
        check("", "a\n", &["0:a\n"]);
        check(
            "a\n\nb\n\nc\n\nd\n\n",
            ":x\n\na\n\nb\n\nC\n\nd\n\n",
            &["0::x\n\n", "10:C"],
        );
        check("a\nb\n", "a\r\nb\r\n", &["1:\r\nb\r"]);
    }

    #[test]
    fn many_differences_are_cut_short() {
        let old = "a\n\n".repeat(400);
        let new: String = (0..400).map(|n| format!("a\n\n: {n}\n\n")).collect();
        assert_eq!(
            spans(old.as_bytes(), new.as_bytes()).len(),
            super::SPANS_MAX
        );
        let long = "a\n".repeat(super::LINES_MAX + 1);
        check(
            &long,
            &format!("{long}b\n"),
            &[&format!("{}:b\n", long.len())],
        );
    }
}
