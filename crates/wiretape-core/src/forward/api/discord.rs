//! Discord's HTTP API: <https://docs.discord.com/developers/resources/message>, and for the answers to
//! interactions <https://docs.discord.com/developers/interactions/receiving-and-responding>. Codes:
//! <https://docs.discord.com/developers/topics/opcodes-and-status-codes>.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;

use serde_json::json;

use super::{ApiRequest, Chat, header, json, seconds};
use crate::forward::{Action, Answer, Scope, Via};
use crate::json::Raw;

pub(super) fn request(chat: &Chat, action: &Action) -> Option<ApiRequest> {
    // `channel/application/token`, where an interaction is answered.
    let (channel, interaction) = match chat.id.split_once('/') {
        Some((channel, interaction)) => (channel, Some(interaction)),
        None => (chat.id.as_str(), None),
    };
    let messages = format!("/api/v10/channels/{channel}/messages");
    let webhook = |via: &Via| {
        let interaction = interaction.filter(|_| *via != Via::Message)?;
        Some(format!("/api/v10/webhooks/{interaction}"))
    };
    // Nobody is called by what a model writes.
    let quiet = json!({"parse": []});
    let (method, path, body) = match action {
        Action::Post { text, key, via, .. } => {
            let mut body = json!({"content": text, "allowed_mentions": quiet});
            if let (Some(key), Some(members)) = (key, body.as_object_mut()) {
                // With `enforce_nonce`, a repeated post gives the message that is there already.
                members.insert("nonce".to_owned(), json!(key.to_string()));
                members.insert("enforce_nonce".to_owned(), json!(true));
            }
            let path = webhook(via).map(|path| format!("{path}?wait=true"));
            ("POST", path.unwrap_or(messages), json(&body))
        }
        Action::Edit {
            message, text, via, ..
        } => {
            let body = json!({"content": text, "allowed_mentions": quiet});
            let path = webhook(via).map(|path| format!("{path}/messages/{message}"));
            let path = path.unwrap_or_else(|| format!("{messages}/{message}"));
            ("PATCH", path, json(&body))
        }
        Action::Delete { message, .. } => {
            ("DELETE", format!("{messages}/{message}"), String::new())
        }
        Action::StopModel | Action::Finished(_) => return None,
    };
    let mut headers = vec![("authorization", format!("Bot {}", chat.token))];
    if !body.is_empty() {
        headers.push(("content-type", "application/json".to_owned()));
    }
    Some(ApiRequest {
        method,
        path,
        headers,
        body,
    })
}

pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    if status == 204 {
        return Answer::Done;
    }
    let Ok(body) = Raw::parse(body) else {
        return super::without_body(status, headers);
    };
    let [id, code, message, retry_after, global] =
        body.fields(["id", "code", "message", "retry_after", "global"]);
    if (200..300).contains(&status) {
        let id = id.and_then(Raw::as_str);
        return id.map_or(Answer::Done, |id| Answer::Posted {
            message: id.decode().into_owned(),
        });
    }
    if status == 429 {
        let wait = retry_after
            .and_then(|wait| seconds(wait.text()))
            .or_else(|| header(headers, "retry-after").and_then(seconds));
        let global = global.is_some_and(|global| global.text() == "true")
            || header(headers, "x-ratelimit-scope") == Some("global");
        return Answer::Limited {
            retry_after_ns: wait,
            scope: if global { Scope::Global } else { Scope::Chat },
        };
    }
    match code.and_then(Raw::as_u64) {
        // Unknown message.
        Some(10008) => Answer::Gone,
        // Invalid webhook token, unknown webhook, unknown interaction.
        Some(50027 | 10015 | 10062) => Answer::Expired,
        Some(50035) if body.text().contains("BASE_TYPE_MAX_LENGTH") => Answer::TooLong,
        _ if status >= 500 => Answer::Lost,
        _ => Answer::Refused {
            why: message
                .and_then(Raw::as_str)
                .map_or_else(|| status.to_string(), |text| text.decode().into_owned()),
        },
    }
}
