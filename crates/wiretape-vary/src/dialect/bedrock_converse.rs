//! Converse events as JSON text:
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>.
//!
//! The name of an event stands in the message's headers; its fields tell as much.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Calls, Kind, Lane, Lanes, Named, Rules, Site, appended, has_only, named_data, number};
use crate::json;
use crate::scenario::ErrorName;

pub(super) const RULES: Rules = Rules {
    name: "bedrock-converse",
    kind,
    site,
    text: |payload| super::text(payload, &["delta", "text"]),
    lane,
    lanes: Lanes::Blocks { opened: false },
    closes: |payload| {
        let index = json::path(payload, &["contentBlockIndex"]).is_some();
        let root = json::root(payload);
        index && root.is_some_and(|root| has_only(payload, &root, &["contentBlockIndex", "p"]))
    },
    calls: Some(Calls {
        begins: |payload| json::path(payload, &["start", "toolUse"]).is_some(),
        path: &["delta", "toolUse", "input"],
        delta: Some(arguments),
    }),
    reasons: |payload| {
        super::string_value(payload, &["stopReason"])
            .into_iter()
            .collect()
    },
    reason_names: &[
        "end_turn",
        "tool_use",
        "max_tokens",
        "stop_sequence",
        "guardrail_intervened",
        "content_filtered",
        "x_wiretape",
    ],
    limit: "max_tokens",
    refusal: Some("content_filtered"),
    unknown_event: |_| named_data("xWiretape", br#"{"xWiretape":{"index":0}}"#),
    error_body,
    passing: &["p"],
    verbatim: &[
        "input",
        "citation",
        "toolResult",
        "additionalModelResponseFields",
        "trace",
    ],
    signature: Some(&["delta", "reasoningContent", "signature"]),
    ids: |payload| {
        super::text(payload, &["start", "toolUse", "toolUseId"])
            .into_iter()
            .collect()
    },
    ..Rules::PLAIN
};

/// The paths of the strings that readers append, and whether they are parts of a JSON text.
const APPENDED: [(&[&str], bool); 3] = [
    (&["delta", "text"], false),
    (&["delta", "reasoningContent", "text"], false),
    (&["delta", "toolUse", "input"], true),
];

fn kind(payload: &[u8]) -> Kind {
    let has = |field| json::path(payload, &[field]).is_some();
    if has("contentBlockIndex") {
        Kind::Content
    } else if has("stopReason") {
        Kind::Terminal
    } else if has("role") {
        Kind::Begin
    } else if has("message") {
        Kind::Error
    } else {
        Kind::Other
    }
}

fn site(payload: &[u8]) -> Option<Site> {
    let root = json::root(payload)?;
    if !has_only(payload, &root, &["contentBlockIndex", "delta", "p"]) {
        return None;
    }
    for (path, inner) in APPENDED {
        let Some(body) = super::text(payload, path) else {
            continue;
        };
        // An object with another field says more than the string.
        let holder = json::path(payload, path.get(..path.len() - 1)?)?;
        let alone = json::members(payload, &holder).count() == 1;
        return (alone && !body.is_empty()).then(|| appended(body, inner));
    }
    None
}

fn lane(payload: &[u8]) -> Option<Lane> {
    Some(Lane {
        key: (0, number(payload, &["contentBlockIndex"])?),
        begins: json::path(payload, &["start"]).is_some(),
        id: Vec::new(),
    })
}

/// A delta of the call that an event belongs to.
fn arguments(of: &[u8], value: &[u8]) -> Option<Named> {
    let index = json::part(of, json::path(of, &["contentBlockIndex"])?);
    let head = br#"{"contentBlockIndex":"#.as_slice();
    let delta = br#","delta":{"toolUse":{"input":"#.as_slice();
    let payload = [head, index, delta, value, b"}}}"].concat();
    Some(("contentBlockDelta", payload))
}

/// The exception that stands for an error.
pub(crate) fn exception(error: ErrorName) -> &'static str {
    match error {
        ErrorName::ApiError => "internalServerException",
        ErrorName::Overloaded => "serviceUnavailableException",
        ErrorName::RateLimit => "throttlingException",
    }
}

/// What an exception says.
pub(crate) fn message(exception: &str) -> &'static str {
    match exception {
        "throttlingException" => "Too many requests, please wait before trying again.",
        "serviceUnavailableException" => "Bedrock is unable to process your request.",
        "modelStreamErrorException" => "The model returned an error while it streamed.",
        "modelTimeoutException" => "The model did not answer in time.",
        "validationException" => "The provided request is not valid",
        _ => {
            "The system encountered an unexpected error during processing. Try your request again."
        }
    }
}

fn error_body(status: u16) -> String {
    let message = match status {
        400 => "The provided request is not valid",
        401 | 403 => "User is not authorized to perform this action",
        404 => "Could not resolve the foundation model from the provided model identifier.",
        408 | 504 => "The model did not answer in time.",
        429 => "Too many requests, please wait before trying again.",
        503 => "Bedrock is unable to process your request.",
        _ => {
            "The system encountered an unexpected error during processing. Try your request again."
        }
    };
    format!(r#"{{"message":"{message}"}}"#)
}
