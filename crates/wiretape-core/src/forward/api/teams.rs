//! Microsoft Teams, over the Bot Connector's REST API:
//! <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference>,
//! and its streams: <https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux>.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;

use serde_json::{Value, json};

use super::{ApiRequest, Chat, header, json, seconds};
use crate::forward::{Action, Answer, Scope, Via};
use crate::json::Raw;

pub(super) fn request(chat: &Chat, action: &Action) -> Option<ApiRequest> {
    let activities = format!("/v3/conversations/{}/activities", chat.id);
    let (method, path, body) = match action {
        Action::Post {
            text, markup, via, ..
        } => ("POST", activities, activity(text, *markup, *via, None)),
        Action::Edit {
            message,
            text,
            markup,
            via,
            ..
        } => {
            let body = activity(text, *markup, *via, Some(message));
            match via {
                Via::Message => ("PUT", format!("{activities}/{message}"), body),
                // Each piece of a stream is an activity of its own, tied together by the stream's id.
                Via::Stream { .. } | Via::StreamEnd { .. } => ("POST", activities, body),
            }
        }
        Action::Delete { message, .. } => {
            ("DELETE", format!("{activities}/{message}"), Value::Null)
        }
        Action::StopModel | Action::Finished(_) => return None,
    };
    let mut headers = vec![("authorization", format!("Bearer {}", chat.token))];
    let mut text = String::new();
    if !body.is_null() {
        headers.push(("content-type", "application/json".to_owned()));
        text = json(&body);
    }
    Some(ApiRequest {
        method,
        path,
        headers,
        body: text,
    })
}

fn activity(text: &str, markup: bool, via: Via, stream: Option<&str>) -> Value {
    let format = if markup { "markdown" } else { "plain" };
    let mut info = match via {
        Via::Message => return json!({"type": "message", "text": text, "textFormat": format}),
        Via::Stream { sequence } => {
            json!({"type": "streaminfo", "streamType": "streaming", "streamSequence": sequence})
        }
        Via::StreamEnd { .. } => json!({"type": "streaminfo", "streamType": "final"}),
    };
    if let (Some(stream), Some(members)) = (stream, info.as_object_mut()) {
        members.insert("streamId".to_owned(), json!(stream));
    }
    let kind = match via {
        Via::StreamEnd { .. } => "message",
        _ => "typing",
    };
    json!({"type": kind, "text": text, "textFormat": format, "entities": [info]})
}

pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    if status == 429 {
        return Answer::Limited {
            retry_after_ns: header(headers, "retry-after").and_then(seconds),
            scope: Scope::Chat,
        };
    }
    if status == 413 {
        return Answer::TooLong;
    }
    let success = (200..300).contains(&status);
    let Ok(body) = Raw::parse(body) else {
        // A piece of a stream is accepted without a word.
        return if success && body.trim().is_empty() {
            Answer::Done
        } else {
            super::without_body(status, headers)
        };
    };
    if success {
        let id = body.str_field("id");
        return id.map_or(Answer::Done, |id| Answer::Posted {
            message: id.into_owned(),
        });
    }
    let error = body.field("error").unwrap_or(body);
    let code = error.str_field("code").unwrap_or_default();
    let why = error.str_field("message").unwrap_or_default();
    said(status, &code, &why)
}

/// One code stands for five things, which only its message tells apart (M-07, M-08):
/// <https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux#error-codes>.
fn said(status: u16, code: &str, why: &str) -> Answer {
    let lower = why.to_ascii_lowercase();
    let says = |words: &str| lower.contains(words);
    if code.eq_ignore_ascii_case("MessageSizeTooBig") || says("message size too large") {
        Answer::TooLong
    } else if says("canceled by user") || says("cancelled by user") {
        Answer::Stopped
    } else if says("exceeded streaming time") || says("already completed") {
        Answer::Expired
    } else if status == 404 {
        Answer::Gone
    } else if matches!(status, 408 | 412) || status >= 500 {
        Answer::Lost
    } else {
        let named = if why.is_empty() { code } else { why };
        Answer::Refused {
            why: if named.is_empty() {
                status.to_string()
            } else {
                named.to_owned()
            },
        }
    }
}
