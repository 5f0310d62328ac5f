//! Tokens from the classes of characters and the lengths of their runs: no table of words, no
//! model, whole numbers only, the same on every platform.
//!
//! The weights were found by averaging what words of each class and length cost in `o200k_base`,
//! over this repository's `README.md`, the sources of `wiretape-vary`, the Anthropic recordings, and
//! the first of the two texts in each of Chinese, Japanese and Korean among the tests. There a
//! character costs 0.73, 0.74 and 0.65 tokens; the weights are a tenth more, because texts differ and
//! an estimate that is too low is answered with a refusal. The error is measured on other texts, by
//! a test that prints it.

use super::TokenCounter;

/// Estimates tokens from classes of characters.
///
/// What is put before a text or behind it never makes the estimate less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heuristic {
    /// What the estimate is multiplied by, in thousandths. 1,000 is about `o200k_base`; newer Claude
    /// models make about 30 % more tokens of a text than older ones, so for them 1,300 may be right.
    pub calibration_permille: u32,
}

/// A token, in thousandths of one, which is what the weights are in.
const TOKEN: u64 = 1_000;

/// Letters of a word that the first token holds.
const WORD: u64 = 5;
/// Letters up to which a word is an ordinary one; beyond, it is an identifier or a blob.
const WORD_LONG: u64 = 16;
/// A letter behind the first of a word.
const LETTER: u64 = 120;
/// A letter of what is no ordinary word.
const BLOB_LETTER: u64 = 350;
/// Digits to a token.
const DIGITS: u64 = 3;
/// A sign before a word that it is one token with, as in `_name` and `.name`.
const SIGN_OF_WORD: u64 = 150;
/// Signs that one token holds: `":`, `},`.
const SIGNS: u64 = 2;
/// A sign behind these.
const SIGN: u64 = 120;
/// Spaces to a token.
const SPACES: u64 = 64;

impl Default for Heuristic {
    fn default() -> Self {
        Self {
            calibration_permille: 1_000,
        }
    }
}

impl TokenCounter for Heuristic {
    fn count(&mut self, text: &str) -> u64 {
        let mut runs = Runs::default();
        for c in text.chars() {
            runs.push(c);
        }
        let scaled = u128::from(runs.sum) * u128::from(self.calibration_permille);
        u64::try_from(scaled.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// What runs of characters have cost so far.
#[derive(Default)]
struct Runs {
    sum: u64,
    run: Run,
    /// Characters of the run.
    len: u64,
    /// A word: the last letter was a lower-case one. Signs: a space stands before them. Space: its
    /// line end has been paid for.
    flag: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Run {
    #[default]
    None,
    Word,
    Digits,
    Signs,
    Space,
}

impl Runs {
    fn push(&mut self, c: char) {
        match c {
            'a'..='z' => self.letter(true),
            'A'..='Z' => self.letter(false),
            '0'..='9' => self.digit(),
            ' ' | '\t' => self.space(),
            '\n' | '\r' => self.line_end(),
            c if c.is_ascii() => self.sign(),
            c => {
                self.sum += wide(c);
                self.begin(Run::None, false);
            }
        }
    }

    fn begin(&mut self, run: Run, flag: bool) {
        self.run = run;
        self.len = 1;
        self.flag = flag;
    }

    fn letter(&mut self, lower: bool) {
        // `fooBar` is two words.
        if self.run == Run::Word && (lower || !self.flag) {
            self.len += 1;
            self.flag = lower;
            if self.len > WORD_LONG {
                self.sum += BLOB_LETTER;
            } else if self.len > WORD {
                self.sum += LETTER;
            }
            return;
        }
        if self.run == Run::Signs && self.len == 1 && !self.flag {
            self.sum -= TOKEN - SIGN_OF_WORD;
        }
        self.sum += TOKEN;
        self.begin(Run::Word, lower);
    }

    fn digit(&mut self) {
        if self.run == Run::Digits {
            self.len += 1;
            self.sum += if self.len % DIGITS == 1 { TOKEN } else { 0 };
            return;
        }
        // A word takes the space before it, a number does not.
        if self.run == Run::Space && self.len > 0 {
            self.sum += TOKEN;
        }
        self.sum += TOKEN;
        self.begin(Run::Digits, false);
    }

    fn sign(&mut self) {
        if self.run == Run::Signs {
            self.len += 1;
            self.sum += if self.len > SIGNS { SIGN } else { 0 };
            return;
        }
        let spaced = self.run == Run::Space && self.len > 0;
        self.sum += TOKEN;
        self.begin(Run::Signs, spaced);
    }

    /// The last space before something belongs to it; those before are a token.
    fn space(&mut self) {
        if self.run != Run::Space {
            return self.begin(Run::Space, false);
        }
        self.len += 1;
        self.sum += if self.len % SPACES == 2 { TOKEN } else { 0 };
    }

    /// Signs take the line ends behind them.
    fn line_end(&mut self) {
        let paid = match self.run {
            Run::Signs => true,
            Run::Space => self.flag || self.len > 1,
            _ => false,
        };
        self.sum += if paid { 0 } else { TOKEN };
        self.begin(Run::Space, true);
        self.len = 0;
    }
}

/// What a character that is not ASCII costs.
fn wide(c: char) -> u64 {
    match u32::from(c) {
        // Dashes, quotes, arrows: signs of writing.
        0x2010..=0x22ff => TOKEN,
        // Kana, and the signs of Chinese and Japanese.
        0x3000..=0x30ff | 0xff00..=0xffef => 810,
        // Chinese characters.
        0x3400..=0x9fff => 800,
        // Hangul.
        0xac00..=0xd7af => 715,
        // Letters of Europe and the Near East.
        0x80..=0x7ff => 500,
        // Everything else that is in the first plane: Indic scripts, Thai.
        0x800..=0xffff => 600,
        // Emoji, and characters that are rarely written.
        _ => 1_700,
    }
}
