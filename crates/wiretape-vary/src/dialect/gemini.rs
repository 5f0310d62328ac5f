//! Gemini's pieces of a response as JSON text: <https://ai.google.dev/api/generate-content>.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Kind, Rules, Site, appended, data, has_only};
use crate::json::{self, Span};
use crate::scenario::ErrorName;

pub(super) const RULES: Rules = Rules {
    name: "gemini",
    kind,
    site,
    text: |payload| {
        let thought =
            site_part(payload).is_some_and(|part| json::get(payload, &part, "thought").is_some());
        let site = site(payload).filter(|_| !thought);
        site.map(|site| site.body)
    },
    reasons,
    reason_names: &[
        "STOP",
        "MAX_TOKENS",
        "SAFETY",
        "RECITATION",
        "OTHER",
        "X_WIRETAPE",
    ],
    limit: "MAX_TOKENS",
    refusal: Some("SAFETY"),
    own_finish: false,
    silenced: Some(silenced),
    unknown_event: |_| data(br#"{"x_wiretape":{"index":0}}"#),
    error: |error| {
        let code = match error {
            ErrorName::ApiError => 500,
            ErrorName::Overloaded => 503,
            ErrorName::RateLimit => 429,
        };
        data(error_body(code).as_bytes())
    },
    error_body,
    passing: &["usageMetadata"],
    cumulative: true,
    verbatim: &[
        "args",
        "partialArgs",
        "executableCode",
        "codeExecutionResult",
        "inlineData",
        "fileData",
        "groundingMetadata",
        "citationMetadata",
        "urlContextMetadata",
        "safetyRatings",
    ],
    usage: &["usageMetadata"],
    message_id: &["responseId"],
    ids,
    ..Rules::PLAIN
};

/// The candidates of a piece.
pub(crate) fn candidates(payload: &[u8]) -> Vec<Span> {
    let all = json::path(payload, &["candidates"]);
    all.map_or_else(Vec::new, |all| json::items(payload, &all))
}

/// The parts of a candidate.
pub(crate) fn parts(payload: &[u8], candidate: &Span) -> Vec<Span> {
    let content = json::get(payload, candidate, "content");
    let parts = content.and_then(|content| json::get(payload, &content, "parts"));
    parts.map_or_else(Vec::new, |parts| json::items(payload, &parts))
}

fn kind(payload: &[u8]) -> Kind {
    if json::path(payload, &["error"]).is_some() {
        return Kind::Error;
    }
    let blocked = super::string_value(payload, &["promptFeedback", "blockReason"]);
    if blocked.is_some() || !reasons(payload).is_empty() {
        return Kind::Finish;
    }
    match candidates(payload).is_empty() {
        true => Kind::Other,
        false => Kind::Content,
    }
}

fn reasons(payload: &[u8]) -> Vec<Span> {
    let reason = |candidate: &Span| {
        let value = json::get(payload, candidate, "finishReason")?;
        json::string(payload, &value).map(|_| value)
    };
    candidates(payload).iter().filter_map(reason).collect()
}

/// The only part of the only candidate, which says nothing else.
fn site_part(payload: &[u8]) -> Option<Span> {
    let all = candidates(payload);
    let [candidate] = all.as_slice() else {
        return None;
    };
    if !has_only(payload, candidate, &["content", "index"]) {
        return None;
    }
    let parts = parts(payload, candidate);
    let [part] = parts.as_slice() else {
        return None;
    };
    has_only(payload, part, &["text", "thought"]).then(|| part.clone())
}

/// The text of that part.
fn site(payload: &[u8]) -> Option<Site> {
    let part = site_part(payload)?;
    let body = json::string(payload, &json::get(payload, &part, "text")?)?;
    (!body.is_empty()).then(|| appended(body, false))
}

/// Without content.
fn silenced(payload: &[u8]) -> Option<Vec<u8>> {
    let mut text = payload.to_vec();
    for candidate in candidates(payload).iter().rev() {
        text = json::remove(&text, candidate, "content");
    }
    Some(text)
}

fn ids(payload: &[u8]) -> Vec<Span> {
    let mut found: Vec<Span> = super::text(payload, &["responseId"]).into_iter().collect();
    for candidate in candidates(payload) {
        for part in parts(payload, &candidate) {
            let id = json::get(payload, &part, "functionCall")
                .and_then(|call| json::get(payload, &call, "id"));
            found.extend(id.and_then(|id| json::string(payload, &id)));
        }
    }
    found
}

fn error_body(code: u16) -> String {
    let (name, message) = match code {
        400 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
        401 => ("UNAUTHENTICATED", "API key not valid."),
        403 => ("PERMISSION_DENIED", "The caller does not have permission"),
        404 => ("NOT_FOUND", "The model is not found."),
        408 | 504 => (
            "DEADLINE_EXCEEDED",
            "Deadline expired before operation could complete.",
        ),
        429 => (
            "RESOURCE_EXHAUSTED",
            "Resource has been exhausted (e.g. check quota).",
        ),
        503 => (
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
        ),
        _ => ("INTERNAL", "An internal error has occurred."),
    };
    format!(r#"{{"error":{{"code":{code},"message":"{message}","status":"{name}"}}}}"#)
}
