//! Slack's Web API: <https://docs.slack.dev/reference/methods/chat.postMessage>.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::vec;

use serde_json::{Value, json};

use super::{ApiRequest, Chat, header, json, seconds};
use crate::forward::{Action, Answer, Scope, Via};
use crate::json::Raw;

pub(super) fn request(chat: &Chat, action: &Action) -> Option<ApiRequest> {
    let mut places = chat.id.split('/');
    let channel = places.next().unwrap_or_default();
    let places =
        ["thread_ts", "recipient_team_id", "recipient_user_id"].map(|n| (n, places.next()));
    let (method, mut body) = match action {
        Action::Post { via, .. } => {
            let method = match via {
                Via::Message => "chat.postMessage",
                Via::Stream { .. } | Via::StreamEnd { .. } => "chat.startStream",
            };
            (method, json!({"channel": channel}))
        }
        Action::Edit { message, via, .. } => {
            let method = match via {
                Via::Message => "chat.update",
                Via::Stream { .. } => "chat.appendStream",
                Via::StreamEnd { .. } => "chat.stopStream",
            };
            (method, json!({"channel": channel, "ts": message}))
        }
        Action::Delete { message, .. } => {
            ("chat.delete", json!({"channel": channel, "ts": message}))
        }
        Action::StopModel | Action::Finished(_) => return None,
    };
    if let (Action::Post { .. }, Some(members)) = (action, body.as_object_mut()) {
        for (name, place) in places {
            let said = name == "thread_ts" || method == "chat.startStream";
            if let Some(place) = place.filter(|place| said && !place.is_empty()) {
                members.insert(name.to_owned(), json!(place));
            }
        }
    }
    if let Action::Post { text, markup, .. } | Action::Edit { text, markup, .. } = action {
        say(&mut body, text, *markup, method.ends_with("Stream"));
    }
    Some(ApiRequest {
        method: "POST",
        path: format!("/api/{method}"),
        headers: vec![
            ("authorization", format!("Bearer {}", chat.token)),
            ("content-type", "application/json; charset=utf-8".to_owned()),
        ],
        body: json(&body),
    })
}

/// `markdown_text` takes Markdown as models write it; `text` takes Slack's own, in which three
/// characters are escaped.
fn say(body: &mut Value, text: &str, markup: bool, stream: bool) {
    let Some(members) = body.as_object_mut() else {
        return;
    };
    if stream || markup {
        if !text.is_empty() {
            members.insert("markdown_text".to_owned(), json!(text));
        }
    } else {
        let text = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        members.insert("text".to_owned(), json!(text));
        members.insert("mrkdwn".to_owned(), json!(false));
    }
}

pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let limited = || Answer::Limited {
        retry_after_ns: header(headers, "retry-after").and_then(seconds),
        // A method's limit holds for the whole workspace.
        scope: Scope::Global,
    };
    if status == 429 {
        return limited();
    }
    let Ok(body) = Raw::parse(body) else {
        return super::without_body(status, headers);
    };
    let [ok, ts, error] = body.fields(["ok", "ts", "error"]);
    if ok.is_some_and(|ok| ok.text() == "true") {
        let ts = ts.and_then(Raw::as_str);
        return ts.map_or(Answer::Done, |ts| Answer::Posted {
            message: ts.decode().into_owned(),
        });
    }
    let error = error.and_then(Raw::as_str).map(|error| error.decode());
    match error.as_deref() {
        Some("ratelimited" | "rate_limited") => limited(),
        Some("message_not_found") => Answer::Gone,
        Some("message_not_in_streaming_state" | "edit_window_closed" | "cant_update_message") => {
            Answer::Expired
        }
        Some("msg_too_long" | "msg_blocks_too_long") => Answer::TooLong,
        Some("invalid_blocks" | "invalid_markdown" | "invalid_chunks") => Answer::BadMarkup,
        Some(
            "internal_error"
            | "fatal_error"
            | "request_timeout"
            | "service_unavailable"
            | "team_added_to_org",
        ) => Answer::Lost,
        Some(why) => Answer::Refused {
            why: why.to_owned(),
        },
        None => super::without_body(status, headers),
    }
}
