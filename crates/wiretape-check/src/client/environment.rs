//! The variables through which the usual clients find a server, and keys that open nothing.

/// What stands in for a key: no secret, so that a client that repeats it can be told of.
pub const DUMMY_KEY: &str = "wiretape-replay-needs-no-key";

/// Variables with a base URL, and what the client that reads them expects behind the host.
const BASE_URLS: [(&str, &str); 7] = [
    ("ANTHROPIC_BASE_URL", ""),
    ("ANTHROPIC_API_URL", ""),
    ("ANTHROPIC_API_BASE", ""),
    ("OPENAI_BASE_URL", "/v1"),
    ("OPENAI_API_BASE", "/v1"),
    ("GOOGLE_GEMINI_BASE_URL", ""),
    ("GEMINI_API_BASE", "/v1beta"),
];

/// Variables with a key. Clients refuse to start without one.
const KEYS: [&str; 4] = [
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
];

/// The variables that lead a client to the server at `url`, which ends without a slash.
pub fn base_urls(url: &str) -> impl Iterator<Item = (&'static str, String)> + '_ {
    let set = move |(name, path): (&'static str, &str)| (name, format!("{url}{path}"));
    BASE_URLS.into_iter().map(set)
}

/// The variables with keys, each with [`DUMMY_KEY`].
pub fn dummy_keys() -> impl Iterator<Item = (&'static str, String)> {
    KEYS.into_iter().map(|name| (name, DUMMY_KEY.to_owned()))
}

/// The variables that keep a proxy from standing in between: this machine is added to what they
/// have already.
pub fn no_proxy() -> impl Iterator<Item = (&'static str, String)> {
    ["NO_PROXY", "no_proxy"].into_iter().map(|name| {
        let already = std::env::var(name).unwrap_or_default();
        let comma = if already.is_empty() { "" } else { "," };
        (name, format!("{already}{comma}127.0.0.1,localhost"))
    })
}
