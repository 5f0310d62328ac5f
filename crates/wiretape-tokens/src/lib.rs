//! Exact token counts: the encodings of the GPT models, behind the core's [`TokenCounter`].
//!
//! The vocabulary and the merging are `bpe-openai`'s. What is here makes counting fast: the text is
//! cut into words by hand instead of by an expression, a word that is a token is looked up, and the
//! count of one that is not is remembered. Nothing is allocated for each word or each text.
//!
//! ```
//! use wiretape_core::budget::TokenCounter;
//! use wiretape_tokens::Bpe;
//!
//! assert_eq!(Bpe::o200k().count("hello world"), 2);
//! ```

mod classes;
mod split;
mod vocabulary;

use std::fmt;
use std::sync::LazyLock;

use bpe_openai::Tokenizer;
use wiretape_core::budget::TokenCounter;

use split::Text;
use vocabulary::{Memory, Vocabulary};

/// A byte-pair encoding that counts. A clone remembers what its original has seen.
#[derive(Clone)]
pub struct Bpe {
    encoding: Encoding,
    memory: Memory,
}

/// Which encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    O200k,
    Cl100k,
}

static O200K: LazyLock<Vocabulary> =
    LazyLock::new(|| Vocabulary::new(&Encoding::O200k.tokenizer().bpe));
static CL100K: LazyLock<Vocabulary> =
    LazyLock::new(|| Vocabulary::new(&Encoding::Cl100k.tokenizer().bpe));

impl Encoding {
    fn tokenizer(self) -> &'static Tokenizer {
        match self {
            Self::O200k => bpe_openai::o200k_base(),
            Self::Cl100k => bpe_openai::cl100k_base(),
        }
    }

    fn vocabulary(self) -> &'static Vocabulary {
        match self {
            Self::O200k => &O200K,
            Self::Cl100k => &CL100K,
        }
    }
}

impl Bpe {
    /// `o200k_base`: the encoding of GPT-4o, GPT-4.1, GPT-5 and the o-series.
    #[must_use]
    pub const fn o200k() -> Self {
        Self::new(Encoding::O200k)
    }

    /// `cl100k_base`: the encoding of GPT-4 and GPT-3.5.
    #[must_use]
    pub const fn cl100k() -> Self {
        Self::new(Encoding::Cl100k)
    }

    const fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            memory: Memory::new(),
        }
    }

    /// The words that a text is cut into before each is encoded.
    pub fn words<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let encoding = self.encoding;
        let whole = Text::new(text);
        let mut at = 0;
        std::iter::from_fn(move || {
            let end = match encoding {
                Encoding::O200k => split::o200k(&whole, at),
                Encoding::Cl100k => split::cl100k(&whole, at),
            };
            let word = text.get(at..end).filter(|word| !word.is_empty())?;
            at = end;
            Some(word)
        })
    }

    #[inline]
    fn count_by(&mut self, text: &str, next: impl Fn(&Text<'_>, usize) -> usize) -> u64 {
        let vocabulary = self.encoding.vocabulary();
        let encoding = &self.encoding.tokenizer().bpe;
        let text = Text::new(text);
        let mut tokens = 0;
        let mut at = 0;
        while at < text.bytes.len() {
            let end = next(&text, at);
            let word = || encoding.count(text.bytes.get(at..end).unwrap_or_default());
            tokens += match vocabulary::key(text.bytes, at, end) {
                Some(key) if vocabulary.has(key) => 1,
                Some(key) => self.memory.count(key, word),
                None => word() as u64,
            };
            // Each word has a character: this only makes an error here end.
            at = end.max(at + 1);
        }
        tokens
    }
}

impl TokenCounter for Bpe {
    fn count(&mut self, text: &str) -> u64 {
        match self.encoding {
            Encoding::O200k => self.count_by(text, split::o200k),
            Encoding::Cl100k => self.count_by(text, split::cl100k),
        }
    }
}

impl fmt::Debug for Bpe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bpe").field(&self.encoding).finish()
    }
}
