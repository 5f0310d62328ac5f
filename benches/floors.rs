//! What no reader can be faster than.

use std::hint::black_box;

use benches::Buffer;
use memchr::memchr_iter;

/// Visits a whole buffer.
pub(crate) type Floor = fn(&[u8]) -> usize;

/// Each finds as many events as the buffer has.
pub(crate) const FLOORS: [(&str, Floor); 3] = [
    ("newlines", newlines),
    ("lines", lines),
    ("lines, simdutf8", lines_simdutf8),
];

/// Visits the buffer and insists on its events.
pub(crate) fn check(floor: Floor, buffer: &Buffer) {
    assert_eq!(floor(&buffer.whole), buffer.events, "events");
}

/// Visits each newline; a blank line is an event.
fn newlines(body: &[u8]) -> usize {
    let mut last = usize::MAX;
    let mut events = 0;
    for at in memchr_iter(b'\n', body) {
        events += usize::from(black_box(at) == last.wrapping_add(1));
        last = at;
    }
    events
}

/// Lines without a copy: prefix test and UTF-8 check, no state from chunk to chunk, no standard.
fn lines(body: &[u8]) -> usize {
    payloads(body, |payload| {
        black_box(std::str::from_utf8(payload)).is_ok()
    })
}

/// The same with the check that `sse-stream` uses.
fn lines_simdutf8(body: &[u8]) -> usize {
    payloads(body, |payload| {
        black_box(simdutf8::basic::from_utf8(payload)).is_ok()
    })
}

#[inline(always)]
fn payloads(body: &[u8], check: impl Fn(&[u8]) -> bool) -> usize {
    let mut from = 0;
    let mut events = 0;
    for end in memchr_iter(b'\n', body) {
        let line = body.get(from..end).unwrap_or_default();
        from = end + 1;
        if let Some(payload) = line.strip_prefix(b"data: ") {
            events += usize::from(check(payload));
        }
    }
    events
}
