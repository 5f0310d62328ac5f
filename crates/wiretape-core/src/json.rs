//! A JSON scanner that borrows: it says where values lie, and copies nothing.
//!
//! Why not a deserialiser: a stream's payloads change type from server to server (an index as a
//! string, a content as an array), repeat keys, and cut surrogate pairs in two (F-05), which no
//! `String` can hold. Here each value keeps its own text, and a pair that two payloads share
//! arrives as one character.
//!
//! The scanner does not recurse: nesting is a counter with a limit (F-73).

use alloc::borrow::Cow;
use alloc::string::String;

use memchr::memchr2;

use crate::ErrorKind;

/// How deep values may nest.
pub const DEPTH_MAX: usize = 128;

/// One JSON value, checked, as the text it was sent as, without surrounding white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

/// The inside of a JSON string, checked, with its escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Str<'a> {
    body: &'a str,
}

impl<'a> Raw<'a> {
    /// Checks that `text` is one JSON value.
    ///
    /// # Errors
    /// [`ErrorKind::NotJson`] with the offset that does not fit; [`ErrorKind::TooDeep`].
    pub fn parse(text: &'a str) -> Result<Self, ErrorKind> {
        let bytes = text.as_bytes();
        let start = blank(bytes, 0);
        let end = value(bytes, start)?;
        let rest = blank(bytes, end);
        if rest != bytes.len() {
            return Err(ErrorKind::NotJson { offset: rest });
        }
        Ok(Self(text.get(start..end).unwrap_or_default()))
    }

    /// The value as it was sent.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0
    }

    /// The value without white space between its tokens: how a payload was laid out is no part of
    /// what it holds.
    #[must_use]
    pub fn compact(self) -> Cow<'a, str> {
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
        if !self.0.contains(blank) {
            return Cow::Borrowed(self.0);
        }
        let (mut inside, mut escaped) = (false, false);
        let keep = |c: &char| {
            let keeps = inside || !blank(*c);
            inside ^= *c == '"' && !escaped;
            escaped = inside && *c == '\\' && !escaped;
            keeps
        };
        Cow::Owned(self.0.chars().filter(keep).collect())
    }

    /// The value is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The value is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// The value is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    /// The value, if it is a string.
    #[must_use]
    pub fn as_str(self) -> Option<Str<'a>> {
        let body = self.0.strip_prefix('"')?.strip_suffix('"')?;
        Some(Str { body })
    }

    /// The value, if it is a whole number that fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The value, if it is a whole number from 0 that fits.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The members of an object in order of their appearance; none if it is no object.
    pub fn members(self) -> impl Iterator<Item = (Str<'a>, Self)> {
        let mut at = usize::from(self.is_object());
        let text = if self.is_object() { self.0 } else { "" };
        core::iter::from_fn(move || {
            let bytes = text.as_bytes();
            let start = blank(bytes, at);
            if bytes.get(start) != Some(&b'"') {
                return None;
            }
            let key_end = skip_string(bytes, start);
            let body = text.get(start + 1..key_end - 1)?;
            let colon = blank(bytes, key_end);
            let from = blank(bytes, colon + 1);
            let end = skip(bytes, from);
            let member = Self(text.get(from..end)?);
            at = after_comma(bytes, end);
            Some((Str { body }, member))
        })
    }

    /// The elements of an array; none if it is no array.
    pub fn elements(self) -> impl Iterator<Item = Self> {
        let mut at = usize::from(self.is_array());
        let text = if self.is_array() { self.0 } else { "" };
        core::iter::from_fn(move || {
            let bytes = text.as_bytes();
            let from = blank(bytes, at);
            if matches!(bytes.get(from), None | Some(b']')) {
                return None;
            }
            let end = skip(bytes, from);
            at = after_comma(bytes, end);
            Some(Self(text.get(from..end)?))
        })
    }

    /// The members of these names, in one pass; where a name is repeated, the last one counts.
    #[must_use]
    pub fn fields<const N: usize>(self, names: [&str; N]) -> [Option<Self>; N] {
        let mut found = [None; N];
        for (key, member) in self.members() {
            let plain = !key.body.bytes().any(|byte| byte == b'\\');
            for (name, slot) in names.iter().zip(found.iter_mut()) {
                if key.body == *name || (!plain && key.is(name)) {
                    *slot = Some(member);
                }
            }
        }
        found
    }

    /// The member of this name.
    #[must_use]
    pub fn field(self, name: &str) -> Option<Self> {
        let [found] = self.fields([name]);
        found
    }

    /// The string member of this name, decoded.
    #[must_use]
    pub fn str_field(self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name)?.as_str().map(Str::decode)
    }
}

impl<'a> Str<'a> {
    /// The string as it was sent, escapes and all, without its quotes.
    #[must_use]
    pub fn raw(self) -> &'a str {
        self.body
    }

    /// There are no escapes: the text can be borrowed as it lies.
    #[must_use]
    pub fn is_plain(self) -> bool {
        !self.body.as_bytes().contains(&b'\\')
    }

    /// The string says `text`.
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        self.body == text || (!self.is_plain() && self.decode() == text)
    }

    /// The text, with U+FFFD for each half of a surrogate pair that stands alone.
    #[must_use]
    pub fn decode(self) -> Cow<'a, str> {
        if self.is_plain() {
            return Cow::Borrowed(self.body);
        }
        let mut text = String::with_capacity(self.body.len());
        let mut high = None;
        self.push_to(&mut text, &mut high);
        if high.is_some() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        Cow::Owned(text)
    }

    /// Appends the text to `out`.
    ///
    /// `high` carries the first half of a surrogate pair from the end of one string to the start
    /// of the next (F-05). A half that stays alone becomes U+FFFD.
    pub fn push_to(self, out: &mut String, high: &mut Option<u16>) {
        let mut rest = self.body;
        while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
            let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
            if !plain.is_empty() {
                flush(out, high);
                out.push_str(plain);
            }
            let kind = escape.as_bytes().get(1).copied().unwrap_or(b'\\');
            let mut len = 2;
            if kind == b'u' {
                len = 6;
                let unit = escape
                    .get(2..6)
                    .and_then(|hex| u16::from_str_radix(hex, 16).ok())
                    .unwrap_or(0xFFFD);
                push_unit(out, high, unit);
            } else {
                flush(out, high);
                out.push(match kind {
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    other => char::from(other),
                });
            }
            rest = escape.get(len..).unwrap_or_default();
        }
        if !rest.is_empty() {
            flush(out, high);
            out.push_str(rest);
        }
    }
}

/// A half that waited for its other half in vain.
fn flush(out: &mut String, high: &mut Option<u16>) {
    if high.take().is_some() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
}

fn push_unit(out: &mut String, high: &mut Option<u16>, unit: u16) {
    match (*high, unit) {
        (Some(first), 0xDC00..=0xDFFF) => {
            *high = None;
            let pair = char::decode_utf16([first, unit]).next();
            out.push(
                pair.and_then(Result::ok)
                    .unwrap_or(char::REPLACEMENT_CHARACTER),
            );
        }
        (_, 0xD800..=0xDBFF) => {
            flush(out, high);
            *high = Some(unit);
        }
        _ => {
            flush(out, high);
            let one = char::from_u32(u32::from(unit));
            out.push(one.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
}

fn after_comma(bytes: &[u8], end: usize) -> usize {
    let at = blank(bytes, end);
    at + usize::from(bytes.get(at) == Some(&b','))
}

fn blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// Where the value that begins at `at` ends.
fn value(bytes: &[u8], mut at: usize) -> Result<usize, ErrorKind> {
    // One bit a level: 1 for an object.
    let mut open: u128 = 0;
    let mut depth = 0;
    loop {
        at = blank(bytes, at);
        at = match bytes.get(at) {
            Some(b'"') => string(bytes, at)?,
            Some(b'-' | b'0'..=b'9') => number(bytes, at)?,
            Some(b't') => literal(bytes, at, b"true")?,
            Some(b'f') => literal(bytes, at, b"false")?,
            Some(b'n') => literal(bytes, at, b"null")?,
            Some(b @ (b'{' | b'[')) => {
                if depth == DEPTH_MAX {
                    return Err(ErrorKind::TooDeep);
                }
                let object = *b == b'{';
                let inside = blank(bytes, at + 1);
                let close = if object { b'}' } else { b']' };
                if bytes.get(inside) == Some(&close) {
                    inside + 1
                } else {
                    depth += 1;
                    open = open << 1 | u128::from(object);
                    at = if object { key(bytes, inside)? } else { inside };
                    continue;
                }
            }
            _ => return Err(ErrorKind::NotJson { offset: at }),
        };
        loop {
            if depth == 0 {
                return Ok(at);
            }
            at = blank(bytes, at);
            match (bytes.get(at), open & 1) {
                (Some(b','), 1) => {
                    at = key(bytes, blank(bytes, at + 1))?;
                    break;
                }
                (Some(b','), _) => {
                    at += 1;
                    break;
                }
                (Some(b'}'), 1) | (Some(b']'), 0) => {
                    at += 1;
                    depth -= 1;
                    open >>= 1;
                }
                _ => return Err(ErrorKind::NotJson { offset: at }),
            }
        }
    }
}

/// A member's name and its colon.
fn key(bytes: &[u8], at: usize) -> Result<usize, ErrorKind> {
    if bytes.get(at) != Some(&b'"') {
        return Err(ErrorKind::NotJson { offset: at });
    }
    let end = blank(bytes, string(bytes, at)?);
    if bytes.get(end) != Some(&b':') {
        return Err(ErrorKind::NotJson { offset: end });
    }
    Ok(end + 1)
}

fn literal(bytes: &[u8], at: usize, word: &[u8]) -> Result<usize, ErrorKind> {
    let end = at + word.len();
    if bytes.get(at..end) == Some(word) {
        Ok(end)
    } else {
        Err(ErrorKind::NotJson { offset: at })
    }
}

fn number(bytes: &[u8], mut at: usize) -> Result<usize, ErrorKind> {
    let digits = |mut at: usize| {
        let from = at;
        while matches!(bytes.get(at), Some(b'0'..=b'9')) {
            at += 1;
        }
        if at == from {
            return Err(ErrorKind::NotJson { offset: at });
        }
        Ok(at)
    };
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if bytes.get(at) == Some(&b'0') {
        at + 1
    } else {
        digits(at)?
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(bytes.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at = digits(at)?;
    }
    Ok(at)
}

/// Where the string that begins with the quote at `at` ends, its quotes included.
fn string(bytes: &[u8], at: usize) -> Result<usize, ErrorKind> {
    let mut from = at + 1;
    loop {
        let stop = special(bytes, from);
        match bytes.get(stop) {
            Some(b'"') => return Ok(stop + 1),
            Some(b'\\') => from = stop + 1 + escape(bytes, stop + 1)?,
            _ => return Err(ErrorKind::NotJson { offset: stop }),
        }
    }
}

/// The first quote, backslash or control character at or behind `at`; the end where there is none.
/// Most strings are names of a few letters, so the first bytes are looked at by eights.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    /// A byte's high bit is set where the byte is below `n`, and perhaps in bytes behind that one.
    const fn below(word: u64, n: u64) -> u64 {
        word.wrapping_sub(ONES * n) & !word & HIGHS
    }
    for _ in 0..4 {
        let word = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
        let Some(word) = word.map(|word| u64::from_le_bytes(*word)) else {
            break;
        };
        let quotes = below(word ^ (ONES * 0x22), 1);
        let backslashes = below(word ^ (ONES * 0x5C), 1);
        let found = quotes | backslashes | below(word, 0x20);
        if found != 0 {
            return at + usize::try_from(found.trailing_zeros() / 8).unwrap_or(0);
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let stop = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
    at + control(rest.get(..stop).unwrap_or_default()).unwrap_or(stop)
}

/// As [`value`], of a value that was checked: where it ends.
fn skip(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    loop {
        match bytes.get(at) {
            Some(b'"') => at = skip_string(bytes, at),
            Some(b'{' | b'[') => {
                depth += 1;
                at += 1;
                continue;
            }
            Some(b'}' | b']') => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            None => return at,
            _ if depth > 0 => {
                at += 1;
                continue;
            }
            _ => {
                let bare = bytes.get(at..).unwrap_or_default().iter();
                let ends =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                return at + bare.take_while(|byte| !ends(byte)).count();
            }
        }
        if depth == 0 {
            return at;
        }
    }
}

/// As [`string`], of a string that was checked.
fn skip_string(bytes: &[u8], at: usize) -> usize {
    let mut from = at + 1;
    loop {
        let stop = special(bytes, from);
        match bytes.get(stop) {
            // The character behind it is escaped, or the first of an escape's letters.
            Some(b'\\') => from = stop + 2,
            Some(_) => return stop + 1,
            None => return stop,
        }
    }
}

/// The first control character, which JSON does not permit inside a string.
#[inline]
pub(crate) fn control(bytes: &[u8]) -> Option<usize> {
    if bytes.iter().fold(false, |some, &b| some | (b < 0x20)) {
        return bytes.iter().position(|&b| b < 0x20);
    }
    None
}

/// Length of the escape whose backslash stands before `at`.
pub(crate) fn escape(bytes: &[u8], at: usize) -> Result<usize, ErrorKind> {
    match bytes.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(1),
        Some(b'u') => {
            let hex = bytes.get(at + 1..at + 5);
            if hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
                return Ok(5);
            }
            Err(ErrorKind::NotJson { offset: at })
        }
        _ => Err(ErrorKind::NotJson { offset: at }),
    }
}

/// The length of the string body at the start of `text`, up to its closing quote, and whether it
/// is free of escapes. `None` where the body is not lawful or does not end.
#[inline]
pub(crate) fn body(text: &[u8]) -> Option<(usize, bool)> {
    let first = memchr2(b'"', b'\\', text)?;
    if text.get(first) == Some(&b'"') {
        return control(text.get(..first)?)
            .is_none()
            .then_some((first, true));
    }
    let mut from = first;
    if control(text.get(..first)?).is_some() {
        return None;
    }
    loop {
        let rest = text.get(from..)?;
        let len = memchr2(b'"', b'\\', rest)?;
        if control(rest.get(..len)?).is_some() {
            return None;
        }
        from += len;
        if rest.get(len) == Some(&b'"') {
            return Some((from, false));
        }
        from += 1 + escape(text, from + 1).ok()?;
    }
}

impl<'a> Str<'a> {
    /// A body that [`body`] has checked.
    #[inline]
    pub(crate) fn checked(body: &'a str) -> Self {
        Self { body }
    }
}
