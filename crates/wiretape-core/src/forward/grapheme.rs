//! Which characters a reader sees as one.
//!
//! A subset of Unicode's grapheme clusters (UAX #29) that needs no tables: combining marks of the
//! common scripts, variation selectors, emoji modifiers and tags, what a zero-width joiner joins,
//! pairs of regional indicators, conjoining Jamo, CR LF. A cluster longer than [`BYTES_MAX`] is cut: no
//! emoji is that long, and a letter under a heap of marks is not worth a message.

/// Longest cluster that is kept whole, in bytes.
pub(super) const BYTES_MAX: usize = 64;

const JOINER: char = '\u{200D}';

/// The cluster that a text ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cluster {
    last: char,
    bytes: u8,
    /// An odd number of regional indicators: the next one belongs to the last.
    half_flag: bool,
}

impl Cluster {
    pub(super) fn new() -> Self {
        Self {
            last: '\n',
            bytes: 0,
            half_flag: false,
        }
    }

    /// The text may be cut before `next`.
    pub(super) fn ends_before(self, next: char) -> bool {
        // Most of all text is neither.
        if next.is_ascii() && self.last.is_ascii() {
            return !(self.last == '\r' && next == '\n');
        }
        if usize::from(self.bytes) + next.len_utf8() > BYTES_MAX {
            return true;
        }
        let goes_on = extends(next) || self.last == JOINER || (self.half_flag && is_regional(next));
        !goes_on
    }

    pub(super) fn push(&mut self, c: char) {
        let len = u8::try_from(c.len_utf8()).unwrap_or(4);
        if self.ends_before(c) {
            self.bytes = len;
            self.half_flag = is_regional(c);
        } else {
            self.bytes = self.bytes.saturating_add(len);
            self.half_flag = is_regional(c) && !self.half_flag;
        }
        self.last = c;
    }
}

fn is_regional(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// The character changes the one before it.
fn extends(c: char) -> bool {
    let code = u32::from(c);
    match code {
        0..0x300 => false,
        0x300..=0x36F
        | 0x483..=0x489
        | 0x591..=0x5BD
        | 0x5BF
        | 0x5C1..=0x5C2
        | 0x5C4..=0x5C5
        | 0x5C7
        | 0x610..=0x61A
        | 0x64B..=0x65F
        | 0x670
        | 0x6D6..=0x6DC
        | 0x6DF..=0x6E4
        | 0x6E7..=0x6E8
        | 0x6EA..=0x6ED
        | 0x711
        | 0x730..=0x74A => true,
        // The Indic blocks repeat one layout every 128: signs, vowel signs, length marks.
        0x900..=0xDFF => {
            matches!(code & 0x7F, 0x00..=0x03 | 0x3A..=0x3C | 0x3E..=0x4D | 0x51..=0x57 | 0x62..=0x63)
        }
        0xE31 | 0xE34..=0xE3A | 0xE47..=0xE4E | 0xEB1 | 0xEB4..=0xEBC | 0xEC8..=0xECE => true,
        0x1160..=0x11FF | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF => true,
        0x200C | 0x200D | 0x20D0..=0x20FF | 0x302A..=0x302F | 0x3099..=0x309A => true,
        0xFE00..=0xFE0F | 0xFE20..=0xFE2F => true,
        0x1F3FB..=0x1F3FF | 0xE0020..=0xE007F | 0xE0100..=0xE01EF => true,
        _ => false,
    }
}
