//! Where a text is cut into words before it is encoded: by hand what the encodings' expressions say.
//!
//! The expressions are tried in order, each as long as it can: the functions below are named after
//! them. A test says that the words are those of `bpe-openai`'s own expressions.

use crate::classes::{Class, Classes, Set, WIDE};

/// A text and what its characters are.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    classes: &'static Classes,
    pub(crate) text: &'a str,
    pub(crate) bytes: &'a [u8],
}

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            classes: Classes::get(),
            text,
            bytes: text.as_bytes(),
        }
    }

    /// The class of the character at `at`, and its length; `None` at the end.
    #[inline]
    fn at(&self, at: usize) -> Option<(Class, usize)> {
        let byte = *self.bytes.get(at)?;
        match self.classes.ascii(byte) {
            Some(class) => Some((class, 1)),
            None => self.wide(at),
        }
    }

    #[cold]
    #[inline(never)]
    fn wide(&self, at: usize) -> Option<(Class, usize)> {
        let c = self.text.get(at..)?.chars().next()?;
        Some((self.classes.of(c), c.len_utf8()))
    }

    /// Where the run of characters of these classes from `at` on ends.
    #[inline]
    fn run(&self, mut at: usize, set: Set) -> usize {
        let table = &self.classes.bytes;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let is = |byte: &&u8| {
                let class = table.get(usize::from(**byte)).copied().unwrap_or(WIDE);
                set >> class & 1 == 1
            };
            at += rest.iter().take_while(is).count();
            match self.bytes.get(at) {
                Some(0x80..) => match self.wide(at) {
                    Some((class, len)) if set & class.set() != 0 => at += len,
                    _ => return at,
                },
                _ => return at,
            }
        }
    }

    /// `\p{N}{1,3}` from its second character on.
    fn numbers(&self, mut at: usize) -> usize {
        for _ in 0..2 {
            match self.at(at) {
                Some((Class::Number, len)) => at += len,
                _ => break,
            }
        }
        at
    }

    /// `[^\s\p{L}\p{N}]+` and what may follow it, at `at`; `None` where there is none.
    fn signs(&self, at: usize, tail: impl Fn(u8) -> bool) -> Option<usize> {
        let end = self.run(at, Class::Other.set() | Class::Mark.set());
        if end == at {
            return None;
        }
        let rest = self.bytes.get(end..).unwrap_or_default();
        let more = rest.iter().take_while(|byte| tail(**byte)).count();
        Some(end + more)
    }

    /// `\s*[\r\n]+|\s+$|\s+(?!\S)|\s+`
    fn blank(&self, at: usize) -> usize {
        let (mut end, mut last, mut newline) = (at, at, None);
        while let Some((class @ (Class::Space | Class::Newline), len)) = self.at(end) {
            last = end;
            end += len;
            if class == Class::Newline {
                newline = Some(end);
            }
        }
        match newline {
            Some(newline) => newline,
            None if end == self.bytes.len() || last == at => end,
            None => last,
        }
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at `at`; where it ends, or `at`.
    fn contraction(&self, at: usize) -> usize {
        let Some([b'\'', rest @ ..]) = self.bytes.get(at..) else {
            return at;
        };
        match rest {
            [b's' | b'S' | b't' | b'T' | b'm' | b'M' | b'd' | b'D', ..] => at + 2,
            [b'r' | b'R' | b'v' | b'V', b'e' | b'E', ..] | [b'l' | b'L', b'l' | b'L', ..] => at + 3,
            // The long s, U+017F, is an s without regard to case.
            [0xC5, 0xBF, ..] => at + 3,
            _ => at,
        }
    }
}

/// Letters that are not lower case, and marks.
const UPPER: Set = Class::Upper.set() | Class::Letter.set() | Class::Mark.set();
/// Letters that are not upper case, and marks.
const LOWER: Set = Class::Lower.set() | Class::Letter.set() | Class::Mark.set();
/// Letters.
const LETTER: Set = Class::Upper.set() | Class::Lower.set() | Class::Letter.set();

/// Where the word of `o200k_base` that begins at `at` ends.
#[inline]
pub(crate) fn o200k(text: &Text<'_>, at: usize) -> usize {
    let Some((class, len)) = text.at(at) else {
        return at;
    };
    let next = at + len;
    match class {
        Class::Lower => text.contraction(text.run(next, LOWER)),
        Class::Upper | Class::Letter => {
            let end = mixed(text, at).or_else(|| capitals(text, at));
            end.map_or(next, |end| text.contraction(end))
        }
        Class::Number => text.numbers(next),
        Class::Newline => text.blank(at),
        Class::Space | Class::Other | Class::Mark => {
            let word = mixed(text, next).or_else(|| match class {
                // A mark can also begin the word itself.
                Class::Mark => mixed(text, at),
                _ => None,
            });
            if let Some(end) = word.or_else(|| capitals(text, next)) {
                return text.contraction(end);
            }
            let tail = |byte| matches!(byte, b'\r' | b'\n' | b'/');
            let signs = match class {
                Class::Space if text.bytes.get(at) == Some(&b' ') => text.signs(next, tail),
                Class::Space => None,
                _ => text.signs(at, tail),
            };
            signs.unwrap_or_else(|| text.blank(at))
        }
    }
}

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`
fn mixed(text: &Text<'_>, at: usize) -> Option<usize> {
    let mut end = at;
    // Where the last character ends that is in both sets: there the second begins, if it must.
    let mut both = None;
    while let Some((class, len)) = text.at(end) {
        if UPPER & class.set() == 0 {
            if class == Class::Lower {
                return Some(text.run(end, LOWER));
            }
            break;
        }
        end += len;
        if class != Class::Upper {
            both = Some(end);
        }
    }
    both
}

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`
fn capitals(text: &Text<'_>, at: usize) -> Option<usize> {
    let end = text.run(at, UPPER);
    (end > at).then(|| text.run(end, LOWER))
}

/// Where the word of `cl100k_base` that begins at `at` ends.
#[inline]
pub(crate) fn cl100k(text: &Text<'_>, at: usize) -> usize {
    let Some((class, len)) = text.at(at) else {
        return at;
    };
    let next = at + len;
    match class {
        Class::Upper | Class::Lower | Class::Letter => text.run(next, LETTER),
        Class::Number => text.numbers(next),
        Class::Newline => text.blank(at),
        Class::Space | Class::Other | Class::Mark => {
            let short = text.contraction(at);
            if short > at {
                return short;
            }
            let word = text.run(next, LETTER);
            if word > next {
                return word;
            }
            let tail = |byte| matches!(byte, b'\r' | b'\n');
            let signs = match class {
                Class::Space if text.bytes.get(at) == Some(&b' ') => text.signs(next, tail),
                Class::Space => None,
                _ => text.signs(at, tail),
            };
            signs.unwrap_or_else(|| text.blank(at))
        }
    }
}
