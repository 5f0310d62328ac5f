//! Telegram's Bot API: <https://core.telegram.org/bots/api>.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;

use serde_json::json;

use super::html::html;
use super::{ApiRequest, Chat, header, json, seconds};
use crate::forward::{Action, Answer, Scope};
use crate::json::Raw;

pub(super) fn request(chat: &Chat, action: &Action) -> Option<ApiRequest> {
    let (method, mut body, markup) = match action {
        Action::Post { text, markup, .. } => (
            "sendMessage",
            json!({"chat_id": chat.id, "text": said(text, *markup)}),
            *markup,
        ),
        Action::Edit {
            message,
            text,
            markup,
            ..
        } => {
            let text = said(text, *markup);
            let body = json!({"chat_id": chat.id, "message_id": number(message), "text": text});
            ("editMessageText", body, *markup)
        }
        Action::Delete { message, .. } => {
            let body = json!({"chat_id": chat.id, "message_id": number(message)});
            ("deleteMessage", body, false)
        }
        Action::StopModel | Action::Finished(_) => return None,
    };
    if let (true, Some(members)) = (markup, body.as_object_mut()) {
        members.insert("parse_mode".to_owned(), json!("HTML"));
    }
    Some(ApiRequest {
        method: "POST",
        path: format!("/bot{}/{method}", chat.token),
        headers: vec![("content-type", "application/json".to_owned())],
        body: json(&body),
    })
}

/// The text as it is sent: Telegram's own Markdown is another one, and refuses a lone mark.
fn said(text: &str, markup: bool) -> Cow<'_, str> {
    if markup {
        Cow::Owned(html(text))
    } else {
        Cow::Borrowed(text)
    }
}

/// Message ids are numbers on the wire.
fn number(message: &str) -> serde_json::Value {
    message
        .parse::<i64>()
        .map_or_else(|_| json!(message), |id| json!(id))
}

pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let Ok(body) = Raw::parse(body) else {
        return super::without_body(status, headers);
    };
    let [ok, result, code, description, parameters] =
        body.fields(["ok", "result", "error_code", "description", "parameters"]);
    if ok.is_some_and(|ok| ok.text() == "true") {
        let id = result.and_then(|result| result.field("message_id"));
        return id.map_or(Answer::Done, |id| Answer::Posted {
            message: id.text().to_owned(),
        });
    }
    let code = code.and_then(Raw::as_u64).unwrap_or_else(|| status.into());
    let why: String = description
        .and_then(Raw::as_str)
        .map(|text| text.decode().into_owned())
        .unwrap_or_default();
    if code == 429 {
        let wait = parameters
            .and_then(|parameters| parameters.field("retry_after"))
            .and_then(|wait| seconds(wait.text()))
            .or_else(|| header(headers, "retry-after").and_then(seconds));
        return Answer::Limited {
            retry_after_ns: wait,
            scope: Scope::Chat,
        };
    }
    refusal(code, why)
}

/// The strings are not documented; these are what bots report (M-03, M-06, M-08).
fn refusal(code: u64, why: String) -> Answer {
    let lower = why.to_ascii_lowercase();
    let says = |words: &str| lower.contains(words);
    if says("message is not modified") {
        Answer::NotModified
    } else if says("can't parse entities") {
        Answer::BadMarkup
    } else if says("message_too_long") || says("message is too long") {
        Answer::TooLong
    } else if says("message to edit not found")
        || says("message to delete not found")
        || says("message_id_invalid")
        || says("message not found")
    {
        Answer::Gone
    } else if says("message can't be edited") {
        Answer::Expired
    } else if code >= 500 {
        Answer::Lost
    } else {
        Answer::Refused {
            why: if why.is_empty() {
                code.to_string()
            } else {
                why
            },
        }
    }
}
