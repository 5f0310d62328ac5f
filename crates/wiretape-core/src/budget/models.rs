//! Windows of models, with where and when each number was read.
//!
//! A number here is a default: whoever knows better says so in [`Options::window`](super::Options).

/// What a model takes and gives, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// The context window: request and reply.
    pub window: u64,
    /// The longest reply.
    pub max_output: u64,
    /// Where these numbers were read.
    pub source: &'static str,
    /// When, as year and month.
    pub date: &'static str,
}

const CLAUDE: &str = "https://platform.claude.com/docs/en/models/overview";
const GPT_4O: &str = "https://platform.openai.com/docs/models/gpt-4o";
const GPT_4_1: &str = "https://platform.openai.com/docs/models/gpt-4.1";
const GPT_4: &str = "https://platform.openai.com/docs/models/gpt-4";
const GPT_4_TURBO: &str = "https://platform.openai.com/docs/models/gpt-4-turbo";
const GPT_3_5: &str = "https://platform.openai.com/docs/models/gpt-3.5-turbo";
const GPT_5: &str = "https://platform.openai.com/docs/models/gpt-5";
const O_SERIES: &str = "https://platform.openai.com/docs/models/o3";

/// Names begin with these; the longest that fits counts.
const MODELS: [(&str, Model); 32] = [
    ("claude-3", model(200_000, 4_096, CLAUDE, "2025-08")),
    ("claude-3-5", model(200_000, 8_192, CLAUDE, "2025-08")),
    ("claude-3-7", model(200_000, 64_000, CLAUDE, "2025-08")),
    (
        "claude-fable-5-1",
        model(1_000_000, 128_000, CLAUDE, "2026-10"),
    ),
    (
        "claude-haiku-4-5",
        model(200_000, 64_000, CLAUDE, "2026-10"),
    ),
    (
        "claude-haiku-5-5",
        model(1_000_000, 128_000, CLAUDE, "2026-10"),
    ),
    ("claude-opus-4", model(200_000, 32_000, CLAUDE, "2025-08")),
    ("claude-opus-4-5", model(200_000, 64_000, CLAUDE, "2026-10")),
    (
        "claude-opus-4-6",
        model(1_000_000, 128_000, CLAUDE, "2026-10"),
    ),
    (
        "claude-opus-4-7",
        model(1_000_000, 128_000, CLAUDE, "2026-10"),
    ),
    (
        "claude-opus-4-8",
        model(1_000_000, 128_000, CLAUDE, "2026-10"),
    ),
    (
        "claude-opus-5",
        model(1_000_000, 128_000, CLAUDE, "2026-10"),
    ),
    ("claude-sonnet-4", model(200_000, 64_000, CLAUDE, "2025-08")),
    (
        "claude-sonnet-4-5",
        model(200_000, 64_000, CLAUDE, "2026-10"),
    ),
    (
        "claude-sonnet-4-6",
        model(1_000_000, 128_000, CLAUDE, "2026-10"),
    ),
    (
        "claude-sonnet-5",
        model(1_000_000, 128_000, CLAUDE, "2026-10"),
    ),
    ("gpt-3.5-turbo", model(16_385, 4_096, GPT_3_5, "2025-08")),
    ("gpt-4", model(8_192, 8_192, GPT_4, "2025-08")),
    ("gpt-4-turbo", model(128_000, 4_096, GPT_4_TURBO, "2025-08")),
    ("gpt-4-1106", model(128_000, 4_096, GPT_4_TURBO, "2025-08")),
    ("gpt-4-0125", model(128_000, 4_096, GPT_4_TURBO, "2025-08")),
    ("gpt-4-32k", model(32_768, 32_768, GPT_4, "2025-08")),
    ("gpt-4.1", model(1_047_576, 32_768, GPT_4_1, "2025-08")),
    ("gpt-4o", model(128_000, 16_384, GPT_4O, "2025-08")),
    ("chatgpt-4o", model(128_000, 16_384, GPT_4O, "2025-08")),
    ("gpt-5", model(400_000, 128_000, GPT_5, "2025-08")),
    ("gpt-5-chat", model(128_000, 16_384, GPT_5, "2025-08")),
    ("o1", model(200_000, 100_000, O_SERIES, "2025-08")),
    ("o1-preview", model(128_000, 32_768, O_SERIES, "2025-08")),
    ("o1-mini", model(128_000, 65_536, O_SERIES, "2025-08")),
    ("o3", model(200_000, 100_000, O_SERIES, "2025-08")),
    ("o4-mini", model(200_000, 100_000, O_SERIES, "2025-08")),
];

const fn model(window: u64, max_output: u64, source: &'static str, date: &'static str) -> Model {
    Model {
        window,
        max_output,
        source,
        date,
    }
}

/// The model of this name, also with a date, a version or an alias behind it, or a provider's name
/// and a slash or a dot before it; `None` where it is not known.
#[must_use]
pub fn window(model: &str) -> Option<Model> {
    let slash = model.rsplit('/').next().unwrap_or(model);
    // As Bedrock writes it: `us.anthropic.claude-sonnet-4-5-20250929-v1:0`.
    let dot = slash.rsplit("anthropic.").next().unwrap_or(slash);
    let fits = MODELS.iter().filter(|(name, _)| begins(dot, name));
    let (_, model) = fits.max_by_key(|(name, _)| name.len())?;
    Some(*model)
}

/// It is the name, or the name with something behind a sign: `gpt-4` is not in `gpt-45`.
fn begins(model: &str, name: &str) -> bool {
    let rest = model.strip_prefix(name);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.'))
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn names_with_dates_aliases_and_providers_are_known() {
        let of = |name: &str| window(name).map(|model| model.window);
        assert_eq!(of("claude-sonnet-4-5-20250929"), Some(200_000));
        assert_eq!(of("claude-sonnet-4-20250514"), Some(200_000));
        assert_eq!(of("claude-sonnet-4-6"), Some(1_000_000));
        assert_eq!(
            of("us.anthropic.claude-opus-4-5-20251101-v1:0"),
            Some(200_000)
        );
        assert_eq!(of("anthropic/claude-3-7-sonnet-latest"), Some(200_000));
        assert_eq!(of("gpt-4"), Some(8_192));
        assert_eq!(of("gpt-4-0613"), Some(8_192));
        assert_eq!(of("gpt-4o-mini"), Some(128_000));
        assert_eq!(of("openai/gpt-4.1-nano"), Some(1_047_576));
        assert_eq!(of("gpt-5-mini"), Some(400_000));
        assert_eq!(of("o3-mini"), Some(200_000));
        assert_eq!(of("gpt-45"), None);
        assert_eq!(of("gpt-5.2"), None);
        assert_eq!(of("llama-3"), None);
        assert_eq!(of(""), None);
    }
}
