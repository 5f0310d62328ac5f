//! Which headers a tape keeps.

/// The headers that a tape keeps, of requests and responses; all others are left out, whatever
/// they hold. A `*` stands for any ending.
///
/// They are what a replay or a test needs: what the body is, what the client asked for, what a
/// retry goes by. Never what tells who pays: no `authorization`, no keys, no cookies, no
/// organisation or project.
pub const KEPT: [&str; 40] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "access-control-allow-*",
    "access-control-expose-headers",
    "age",
    "allow",
    "anthropic-beta",
    "anthropic-ratelimit-*",
    "anthropic-version",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "keep-alive",
    "link",
    "openai-beta",
    "openai-model",
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "retry-after-ms",
    "request-id",
    "server",
    "server-timing",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "x-accel-buffering",
    "x-envoy-upstream-service-time",
    "x-goog-api-client",
    "x-ratelimit-*",
    "x-request-id",
    "x-server-timeout",
    "x-should-retry",
    "x-stainless-*",
    "x-content-type-options",
];

/// Whether a tape keeps the header of this name, in lower case.
#[must_use]
pub fn is_kept(name: &str) -> bool {
    KEPT.iter().any(|kept| match kept.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *kept == name,
    })
}
