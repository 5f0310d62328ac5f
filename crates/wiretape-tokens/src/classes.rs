//! What class a character is of, as far as the encodings' expressions tell characters apart.
//!
//! The ranges come from `regex-syntax`, which is where the expressions themselves have them: the
//! same version of Unicode, whatever it is.

use std::sync::LazyLock;

use regex_syntax::Parser;
use regex_syntax::hir::{Class as Ranges, HirKind};

/// A class of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    /// Neither letter, mark, number nor white space.
    Other,
    /// A letter that is upper case or title case.
    Upper,
    /// A letter that is lower case.
    Lower,
    /// A letter without case.
    Letter,
    /// A mark that belongs to the character before.
    Mark,
    /// A number.
    Number,
    /// A line feed or a carriage return.
    Newline,
    /// Any other white space.
    Space,
}

/// Some classes, a bit each.
pub(crate) type Set = u16;

impl Class {
    pub(crate) const fn set(self) -> Set {
        1 << self as u16
    }
}

/// What a byte is by itself: the number of its class, or that it is part of a longer character.
pub(crate) const WIDE: u8 = 15;

/// Characters of a block: those with the same high bits.
const BLOCK: usize = 256;

/// Blocks of all characters, of which equal ones are kept once.
pub(crate) struct Classes {
    /// By byte: a class's number, or [`WIDE`].
    pub(crate) bytes: [u8; 256],
    /// Which block, by a character's high bits.
    index: Vec<u16>,
    blocks: Vec<[Class; BLOCK]>,
}

static CLASSES: LazyLock<Classes> = LazyLock::new(Classes::new);

impl Classes {
    /// The one table.
    pub(crate) fn get() -> &'static Self {
        &CLASSES
    }

    fn new() -> Self {
        let mut all = vec![Class::Other; 0x11_0000];
        let mut put = |expression: &str, class: Class| {
            for (first, last) in ranges(expression) {
                for slot in all.iter_mut().take(last + 1).skip(first) {
                    *slot = class;
                }
            }
        };
        put(r"[\p{Lu}\p{Lt}]", Class::Upper);
        put(r"\p{Ll}", Class::Lower);
        put(r"[\p{Lm}\p{Lo}]", Class::Letter);
        put(r"\p{M}", Class::Mark);
        put(r"\p{N}", Class::Number);
        put(r"\s", Class::Space);
        put(r"[\r\n]", Class::Newline);

        let mut blocks: Vec<[Class; BLOCK]> = Vec::new();
        let mut index = Vec::new();
        for chunk in all.chunks_exact(BLOCK) {
            let mut block = [Class::Other; BLOCK];
            block.copy_from_slice(chunk);
            let place = blocks.iter().position(|known| *known == block);
            let place = place.unwrap_or_else(|| {
                blocks.push(block);
                blocks.len() - 1
            });
            index.push(u16::try_from(place).unwrap_or_default());
        }
        let mut bytes = [WIDE; 256];
        for (slot, class) in bytes.iter_mut().zip(&all).take(128) {
            *slot = *class as u8;
        }
        Self {
            bytes,
            index,
            blocks,
        }
    }

    /// The class of a character of one byte; `None` for part of a longer one.
    #[inline]
    pub(crate) fn ascii(&self, byte: u8) -> Option<Class> {
        const ALL: [Class; 8] = [
            Class::Other,
            Class::Upper,
            Class::Lower,
            Class::Letter,
            Class::Mark,
            Class::Number,
            Class::Newline,
            Class::Space,
        ];
        let number = self.bytes.get(usize::from(byte)).copied()?;
        ALL.get(usize::from(number)).copied()
    }

    /// The class of any character.
    #[inline]
    pub(crate) fn of(&self, c: char) -> Class {
        let (high, low) = (c as usize / BLOCK, c as usize % BLOCK);
        let block = self.index.get(high).map(|place| usize::from(*place));
        let class = block.and_then(|place| self.blocks.get(place)?.get(low));
        class.copied().unwrap_or(Class::Other)
    }
}

/// The characters an expression of one class matches, as ranges with both ends.
fn ranges(expression: &str) -> Vec<(usize, usize)> {
    let parsed = Parser::new().parse(expression);
    match parsed.as_ref().map(|hir| hir.kind()) {
        Ok(HirKind::Class(Ranges::Unicode(class))) => {
            let ranges = class.ranges().iter();
            ranges
                .map(|range| (range.start() as usize, range.end() as usize))
                .collect()
        }
        Ok(HirKind::Class(Ranges::Bytes(class))) => {
            let ranges = class.ranges().iter();
            ranges
                .map(|range| (range.start().into(), range.end().into()))
                .collect()
        }
        _ => Vec::new(),
    }
}
