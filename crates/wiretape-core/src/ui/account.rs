//! What a reply cost, in the words that both protocols share.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::quoted;
use crate::Dialect;
use crate::event::Usage;

/// Who answered, and how many tokens it took.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) model: Option<String>,
    pub(super) usage: Usage,
    /// Cached tokens are counted beside the input, not within it.
    pub(super) cache_beside: bool,
}

/// These providers count cached tokens beside the others; both protocols count them within.
pub(super) fn cache_beside(dialect: Dialect) -> bool {
    matches!(
        dialect,
        Dialect::Anthropic | Dialect::BedrockConverse | Dialect::BedrockInvoke
    )
}

impl Account {
    /// Members of an object: `inputTokens` and `outputTokens` are totals, `totalTokens` their sum, and the
    /// cached ones a part of the input. Empty where nothing was counted.
    pub(super) fn counts(&self) -> Vec<(&'static str, String)> {
        let usage = &self.usage;
        let cached = [usage.cache_read, usage.cache_write];
        let beside = if self.cache_beside {
            cached
                .iter()
                .flatten()
                .fold(0, |sum: u64, more| sum.saturating_add(*more))
        } else {
            0
        };
        let input = usage.input.map(|input| input.saturating_add(beside));
        let total = input.zip(usage.output);
        let all = [
            ("inputTokens", input),
            ("outputTokens", usage.output),
            (
                "totalTokens",
                total.map(|(input, output)| input.saturating_add(output)),
            ),
            ("cachedInputTokens", usage.cache_read),
            ("cacheWriteInputTokens", usage.cache_write),
        ];
        let said = all
            .into_iter()
            .filter_map(|(name, count)| Some((name, count?)));
        said.map(|(name, count)| (name, count.to_string()))
            .collect()
    }

    /// The model as JSON.
    pub(super) fn model(&self) -> Option<String> {
        self.model.as_deref().map(quoted)
    }
}
