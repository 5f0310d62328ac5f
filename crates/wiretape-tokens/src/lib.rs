//! Exact token counts: the encodings of `OpenAI`'s models, behind the core's [`TokenCounter`].

use wiretape_core::budget::TokenCounter;

/// A byte-pair encoding that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bpe {
    /// The encoding of the GPT-4o, GPT-4.1, o-series and GPT-5 models.
    O200k,
    /// The encoding of GPT-4 and GPT-3.5.
    Cl100k,
}

impl TokenCounter for Bpe {
    fn count(&mut self, text: &str) -> u64 {
        let tokenizer = match self {
            Self::O200k => bpe_openai::o200k_base(),
            Self::Cl100k => bpe_openai::cl100k_base(),
        };
        tokenizer.count(text) as u64
    }
}
