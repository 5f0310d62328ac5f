//! The inside of a JSON string as it is written, escapes and all.

use alloc::format;
use alloc::vec::Vec;

use crate::json::part;
use crate::scenario::Escapes;

/// Places at which a delta's string can be cut, by what lies there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cuts {
    /// Between two characters.
    pub(crate) plain: Vec<usize>,
    /// Inside an escape of the JSON text that the string is a part of.
    pub(crate) inner: Vec<usize>,
    /// At the start of a character that UTF-16 writes as a pair.
    pub(crate) pairs: Vec<usize>,
}

/// A string cut in two.
#[derive(Clone, Debug)]
pub(crate) struct Halves {
    pub(crate) first: Vec<u8>,
    pub(crate) second: Vec<u8>,
    /// What to subtract from an offset in the whole to have it in the second.
    pub(crate) shift: i64,
}

/// One character as it is written: itself or an escape.
#[derive(Clone, Copy, Debug)]
struct Unit {
    start: usize,
    end: usize,
    /// Its scalar value, or the half of a pair that a `\u` escape stands for.
    code: u32,
    escaped: bool,
}

struct Units<'a> {
    body: &'a [u8],
    at: usize,
}

impl Iterator for Units<'_> {
    type Item = Unit;

    fn next(&mut self) -> Option<Unit> {
        let start = self.at;
        let rest = self.body.get(start..)?;
        let lead = *rest.first()?;
        let (length, code) = match (lead, rest.get(1)) {
            (b'\\', Some(b'u')) => (6, hex(part(rest, 2..6))),
            (b'\\', Some(b'n')) => (2, 10),
            (b'\\', Some(&byte)) => (2, u32::from(byte)),
            (0..=0x7f, _) => (1, u32::from(lead)),
            (0x80..=0xdf, _) => (2, scalar(rest, 2)),
            (0xe0..=0xef, _) => (3, scalar(rest, 3)),
            (0xf0.., _) => (4, scalar(rest, 4)),
        };
        self.at = (start + length).min(self.body.len());
        Some(Unit {
            start,
            end: self.at,
            code,
            escaped: lead == b'\\',
        })
    }
}

fn units(body: &[u8]) -> Units<'_> {
    Units { body, at: 0 }
}

fn hex(digits: &[u8]) -> u32 {
    let digits = core::str::from_utf8(digits).unwrap_or("");
    u32::from_str_radix(digits, 16).unwrap_or(0)
}

fn scalar(rest: &[u8], length: usize) -> u32 {
    let text = core::str::from_utf8(part(rest, 0..length)).unwrap_or("");
    text.chars().next().map_or(0, u32::from)
}

fn is_high(code: u32) -> bool {
    (0xd800..=0xdbff).contains(&code)
}

fn is_low(code: u32) -> bool {
    (0xdc00..=0xdfff).contains(&code)
}

/// How far into an escape of the inner JSON text a reader is.
#[derive(Clone, Copy)]
enum Inner {
    Outside,
    Backslash,
    Digits(u8, u32),
}

impl Inner {
    /// The state after a character, and whether a pair of the inner text waits for its low half.
    fn after(self, code: u32) -> (Self, bool) {
        let Self::Digits(left, value) = self else {
            return match (self, code) {
                (Self::Outside, 0x5c) => (Self::Backslash, false),
                (Self::Backslash, 0x75) => (Self::Digits(4, 0), false),
                _ => (Self::Outside, false),
            };
        };
        let digit = char::from_u32(code).and_then(|code| code.to_digit(16));
        let value = (value << 4) | digit.unwrap_or(0);
        match left {
            0 | 1 => (Self::Outside, is_high(value)),
            _ => (Self::Digits(left - 1, value), false),
        }
    }
}

/// The places at which a string can be cut. `is_json` says that it is a part of a JSON text.
pub(crate) fn cuts(body: &[u8], is_json: bool) -> Cuts {
    let mut found = Cuts::default();
    let mut inner = (Inner::Outside, false);
    let mut previous = 0;
    let mut previous_start = 0;
    for unit in units(body) {
        let halved = is_high(previous) && is_low(unit.code) && unit.escaped;
        if halved {
            found.pairs.push(previous_start);
        } else if unit.start > 0 {
            let in_escape = is_json && (inner.1 || !matches!(inner.0, Inner::Outside));
            let places = if in_escape {
                &mut found.inner
            } else {
                &mut found.plain
            };
            places.push(unit.start);
        }
        if unit.code > 0xffff {
            found.pairs.push(unit.start);
        }
        inner = inner.0.after(unit.code);
        previous = if unit.escaped { unit.code } else { 0 };
        previous_start = unit.start;
    }
    found
}

/// Cuts between two characters.
pub(crate) fn halves(body: &[u8], at: usize) -> Option<Halves> {
    if at == 0 || body.len() <= at {
        return None;
    }
    let mut previous = 0;
    for unit in units(body) {
        if unit.start == at {
            let pair = is_high(previous) && is_low(unit.code) && unit.escaped;
            return (!pair).then(|| Halves {
                first: part(body, 0..at).to_vec(),
                second: part(body, at..body.len()).to_vec(),
                shift: i64::try_from(at).unwrap_or(i64::MAX),
            });
        }
        if unit.start > at {
            return None;
        }
        previous = if unit.escaped { unit.code } else { 0 };
    }
    None
}

/// Cuts between the halves of the pair that begins at a place.
pub(crate) fn surrogates(body: &[u8], at: usize) -> Option<Halves> {
    let mut found = units(body).skip_while(|unit| unit.start < at);
    let unit = found.next().filter(|unit| unit.start == at)?;
    let (high, low, end) = if unit.code > 0xffff {
        let offset = unit.code - 0x1_0000;
        (0xd800 + (offset >> 10), 0xdc00 + (offset & 0x3ff), unit.end)
    } else {
        let low = found.next().filter(|low| low.escaped && is_low(low.code))?;
        if !unit.escaped || !is_high(unit.code) {
            return None;
        }
        (unit.code, low.code, low.end)
    };
    let mut first = part(body, 0..at).to_vec();
    first.extend_from_slice(format!("\\u{high:04x}").as_bytes());
    let mut second = format!("\\u{low:04x}").into_bytes();
    let written = second.len();
    second.extend_from_slice(part(body, end..body.len()));
    let shift = i64::try_from(end).ok()? - i64::try_from(written).ok()?;
    Some(Halves {
        first,
        second,
        shift,
    })
}

/// Writes characters as `\uXXXX`; those that are escaped already stay as they are.
pub(crate) fn escape(body: &[u8], which: Escapes, out: &mut Vec<u8>) {
    for unit in units(body) {
        if unit.escaped || (which == Escapes::NonAscii && unit.code < 0x80) {
            out.extend_from_slice(part(body, unit.start..unit.end));
            continue;
        }
        let mut pair = [0_u16; 2];
        let character = char::from_u32(unit.code).unwrap_or(char::REPLACEMENT_CHARACTER);
        for half in character.encode_utf16(&mut pair) {
            push_unit(*half, out);
        }
    }
}

/// Writes a UTF-16 unit as an escape.
fn push_unit(unit: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.extend(b"0123456789abcdef".get(usize::from((unit >> shift) & 15)));
    }
}
