//! Windows of models, with where and when each number was read.

/// What a model takes and gives, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// The context window.
    pub window: u64,
    /// The longest reply.
    pub max_output: u64,
    /// Where these numbers were read.
    pub source: &'static str,
    /// When, as year and month.
    pub date: &'static str,
}

const CLAUDE: &str = "https://platform.claude.com/docs/en/models/overview";

/// Names begin with these; the longest that fits counts.
const MODELS: [(&str, Model); 5] = [
    ("claude-haiku-4-5", claude(200_000, 64_000)),
    ("claude-opus-4-5", claude(200_000, 64_000)),
    ("claude-sonnet-4-5", claude(200_000, 64_000)),
    ("claude-opus-4-6", claude(1_000_000, 128_000)),
    ("claude-sonnet-4-6", claude(1_000_000, 128_000)),
];

const fn claude(window: u64, max_output: u64) -> Model {
    Model {
        window,
        max_output,
        source: CLAUDE,
        date: "2026-10",
    }
}

/// The model of this name, also with a date or a version behind it; `None` where it is not known.
#[must_use]
pub fn window(model: &str) -> Option<Model> {
    let fits = MODELS.iter().filter(|(name, _)| model.starts_with(name));
    let (_, model) = fits.max_by_key(|(name, _)| name.len())?;
    Some(*model)
}
