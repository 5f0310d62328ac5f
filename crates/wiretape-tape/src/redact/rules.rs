//! What keys look like.

/// The bytes that a secret goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Letters and digits.
    Plain,
    /// Capital letters and digits.
    Capital,
    /// Letters, digits, `-` and `_`.
    Key,
    /// Letters, digits and `-._~+/=`, as in an `authorization` header.
    Token,
    /// As [`Class::Key`] and at most two dots.
    Web,
    /// The lines of a PEM file.
    Pem,
}

impl Class {
    pub(super) const fn has(self, byte: u8) -> bool {
        match self {
            Self::Plain => byte.is_ascii_alphanumeric(),
            Self::Capital => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Key | Self::Web | Self::Pem => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
            }
            Self::Token => {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
            }
        }
    }
}

/// What sets a secret apart from words that are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mix {
    /// Nothing: no word begins so.
    Any,
    /// A digit or a capital letter.
    DigitOrCapital,
    /// A digit, or small and capital letters.
    DigitOrBoth,
    /// A digit.
    Digit,
}

/// How a secret begins, and how much of it makes it certain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) kind: &'static str,
    pub(super) start: &'static [u8],
    /// So many bytes of the start stay.
    pub(super) stays: usize,
    pub(super) class: Class,
    /// So many bytes of the class behind the start make it certain.
    pub(super) least: usize,
    /// What there must be among them.
    pub(super) mix: Mix,
}

const fn rule(
    kind: &'static str,
    start: &'static str,
    class: Class,
    least: usize,
    mix: Mix,
) -> Rule {
    Rule {
        kind,
        start: start.as_bytes(),
        stays: 0,
        class,
        least,
        mix,
    }
}

const fn bearer(start: &'static str) -> Rule {
    Rule {
        stays: start.len(),
        ..rule("bearer", start, Class::Token, 20, Mix::DigitOrBoth)
    }
}

/// The rules of one start and one run of bytes. A secret that several fit is found by the first to
/// be certain.
pub(super) const RULES: [Rule; 40] = [
    rule("key", "sk-ant-", Class::Key, 8, Mix::Any),
    rule("key", "sk-proj-", Class::Key, 8, Mix::Any),
    rule("key", "sk-svcacct-", Class::Key, 8, Mix::Any),
    rule("key", "sk-admin-", Class::Key, 12, Mix::DigitOrCapital),
    rule("key", "sk-or-v1-", Class::Key, 8, Mix::Any),
    // 16 letters of a key at random have neither once in a million.
    rule("key", "sk-", Class::Key, 16, Mix::DigitOrCapital),
    rule("google_key", "AIza", Class::Key, 30, Mix::Any),
    rule("google_token", "ya29.", Class::Key, 20, Mix::Any),
    rule("github_token", "ghp_", Class::Plain, 30, Mix::Any),
    rule("github_token", "gho_", Class::Plain, 30, Mix::Any),
    rule("github_token", "ghu_", Class::Plain, 30, Mix::Any),
    rule("github_token", "ghs_", Class::Plain, 30, Mix::Any),
    rule("github_token", "ghr_", Class::Plain, 30, Mix::Any),
    rule("github_token", "github_pat_", Class::Key, 22, Mix::Any),
    rule("gitlab_token", "glpat-", Class::Key, 16, Mix::Any),
    rule("slack_token", "xoxa-", Class::Key, 10, Mix::Digit),
    rule("slack_token", "xoxb-", Class::Key, 10, Mix::Digit),
    rule("slack_token", "xoxc-", Class::Key, 10, Mix::Digit),
    rule("slack_token", "xoxd-", Class::Key, 10, Mix::Digit),
    rule("slack_token", "xoxe-", Class::Key, 10, Mix::Digit),
    rule("slack_token", "xoxo-", Class::Key, 10, Mix::Digit),
    rule("slack_token", "xoxp-", Class::Key, 10, Mix::Digit),
    rule("slack_token", "xoxr-", Class::Key, 10, Mix::Digit),
    rule("slack_token", "xoxs-", Class::Key, 10, Mix::Digit),
    rule("slack_token", "xapp-", Class::Key, 10, Mix::Digit),
    rule("aws_key", "AKIA", Class::Capital, 16, Mix::Any),
    rule("aws_key", "ASIA", Class::Capital, 16, Mix::Digit),
    rule("stripe_key", "sk_live_", Class::Plain, 16, Mix::Any),
    rule("stripe_key", "rk_live_", Class::Plain, 16, Mix::Any),
    rule("key", "gsk_", Class::Plain, 20, Mix::DigitOrCapital),
    rule("key", "hf_", Class::Plain, 30, Mix::Any),
    rule("key", "xai-", Class::Key, 20, Mix::DigitOrCapital),
    rule("key", "pplx-", Class::Plain, 30, Mix::Any),
    rule("key", "nvapi-", Class::Key, 20, Mix::DigitOrCapital),
    rule("key", "r8_", Class::Plain, 30, Mix::Any),
    rule("key", "npm_", Class::Plain, 30, Mix::Any),
    rule("key", "pypi-", Class::Key, 40, Mix::DigitOrCapital),
    bearer("Bearer "),
    bearer("bearer "),
    bearer("BEARER "),
];
