//! Slack's Web API. <https://docs.slack.dev/apis/web-api/>
//!
//! Windows, by method and workspace (<https://docs.slack.dev/apis/web-api/rate-limits>): tier 2 is
//! 20 a minute, tier 3 is 50, tier 4 is 100; `chat.postMessage` is one a second in a channel.
//! `chat.update` and `chat.delete` are tier 3, `chat.startStream` and `chat.stopStream` tier 2,
//! `chat.appendStream` tier 4, each on its method's page. Sizes: `markdown_text` 12,000 characters on
//! those pages; `text` is truncated at 40,000 (page of `chat.postMessage`); `chat.update` answers
//! `msg_too_long` beyond 4,000, which no page says and bots report
//! (<https://github.com/seratch/ChatGPT-in-Slack/issues/102>). A stream ends about five minutes after
//! it began, however busy it is (M-07, <https://github.com/slackapi/python-slack-sdk/issues/1859>).
//! An identical update is done and counts; Slack does not refuse it.

use serde_json::{Map, Value, json};
use wiretape_core::Moment;

use super::form::{Form, Wrong};
use super::options::Options;
use super::pace::{Denied, Limit, Shape};
use super::report::ViolationKind;
use super::{Act, Answer, Api, Core, Platform, Read, Request};

const SECOND_NS: u64 = 1_000_000_000;
/// Characters of `text` that are kept of a post.
const POST_MAX: usize = 40_000;
/// Characters of `text` in an update.
const UPDATE_MAX: usize = 4_000;
/// Characters of `markdown_text`.
const MARKDOWN_MAX: usize = 12_000;
/// From the start of a stream to its end.
const STREAM_NS: u64 = 300 * SECOND_NS;

#[derive(Debug)]
pub(crate) struct Slack;

fn success(mut fields: Map<String, Value>) -> Answer {
    fields.insert("ok".to_owned(), Value::Bool(true));
    Answer::json(200, true, Value::Object(fields).to_string())
}

fn failure(error: &str) -> Answer {
    Answer::json(200, false, json!({"ok": false, "error": error}).to_string())
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// A method, what it does, how often a minute, and whether that is counted by channel.
const METHODS: [(&str, Act, u32); 12] = [
    ("api.test", Act::Other, 100),
    ("assistant.threads.setStatus", Act::Other, 100),
    ("auth.test", Act::Other, 600),
    ("chat.appendStream", Act::Append, 100),
    ("chat.delete", Act::Delete, 50),
    ("chat.getPermalink", Act::Other, 600),
    ("chat.postMessage", Act::Post, 60),
    ("chat.startStream", Act::Post, 20),
    ("chat.stopStream", Act::Append, 20),
    ("chat.update", Act::Edit, 50),
    ("conversations.info", Act::Other, 50),
    ("users.info", Act::Other, 100),
];

impl Api for Slack {
    fn read(
        &mut self,
        core: &mut Core,
        _now: Moment,
        request: &Request<'_>,
    ) -> Result<Read, Answer> {
        let path = request.path.split('?').next().unwrap_or_default();
        let method = path
            .strip_prefix("/api/")
            .unwrap_or_default()
            .trim_end_matches('/');
        let Some((name, act, _)) = METHODS.iter().find(|(name, _, _)| *name == method) else {
            return Err(failure("unknown_method"));
        };
        let form = Form::read(request).map_err(|wrong| {
            let expected = "parameters as JSON, as a form or in parts";
            core.tally.violation(ViolationKind::Malformed, expected);
            failure(match wrong {
                Wrong::Json => "invalid_json",
                Wrong::NoObject => "json_not_object",
                Wrong::Parts | Wrong::TooMany => "invalid_form_data",
            })
        })?;
        if *name != "api.test" {
            authorize(core, request, &form)?;
        }
        let message = match act {
            Act::Edit | Act::Append | Act::Delete => form.get("ts").map(str::to_owned),
            Act::Post | Act::Other => None,
        };
        Ok(Read {
            method: (*name).to_owned(),
            act: *act,
            chat: form.text("channel").to_owned(),
            message,
            form,
        })
    }

    fn limits(&self, call: &Read) -> Vec<Limit> {
        let method = call.method.as_str();
        let tier = METHODS.iter().find(|(name, _, _)| *name == method);
        let (scope, calls, per_ns) = match (method, tier) {
            ("chat.postMessage", _) => (format!("{method} in {}", call.chat), 1, SECOND_NS),
            (_, Some((_, _, calls))) => (method.to_owned(), *calls, 60 * SECOND_NS),
            (_, None) => return Vec::new(),
        };
        vec![Limit {
            scope,
            calls,
            per_ns,
            shape: Shape::Sliding,
        }]
    }

    fn wait_ns(&self, denied: &Denied, _options: &Options) -> u64 {
        denied.due_ns.div_ceil(SECOND_NS).max(1) * SECOND_NS
    }

    fn limited(&mut self, _: &mut Core, _: Moment, _: &str, wait_ns: Option<u64>) -> Answer {
        let mut answer = failure("ratelimited");
        answer.status = 429;
        if let Some(wait_ns) = wait_ns {
            answer
                .headers
                .push(("Retry-After", (wait_ns / SECOND_NS).to_string()));
        }
        answer
    }

    fn broken(&self) -> Answer {
        let mut answer = failure("internal_error");
        answer.status = 500;
        answer
    }

    fn apply(&mut self, core: &mut Core, now: Moment, call: &Read) -> Answer {
        let done = match call.method.as_str() {
            "auth.test" => Ok(fields(json!({
                "url": "https://wiretape.slack.com/", "team": "Wiretape", "user": "wiretape",
                "team_id": "T0WIRETAPE", "user_id": "U0WIRETAPE", "bot_id": "B0WIRETAPE",
                "is_enterprise_install": false
            }))),
            "chat.postMessage" => post(core, now, call),
            "chat.update" => update(core, now, call),
            "chat.delete" => delete(core, now, call),
            "chat.startStream" => start(core, now, call),
            "chat.appendStream" | "chat.stopStream" => append(core, now, call),
            _ => Ok(Map::new()),
        };
        done.map_or_else(|answer| answer, success)
    }

    fn headers(&self, _: &Core, _: Moment, _: &Read, answer: &mut Answer) {
        answer
            .headers
            .push(("X-OAuth-Scopes", "chat:write".to_owned()));
    }
}

/// The token is in a header, or a parameter.
fn authorize(core: &mut Core, request: &Request<'_>, form: &Form) -> Result<(), Answer> {
    let header = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let token = header
        .or_else(|| form.get("token"))
        .filter(|token| !token.is_empty());
    let wanted = core.options.token.as_deref();
    let why = match (token, wanted) {
        (None, _) => "not_authed",
        (Some(token), Some(wanted)) if token != wanted => "invalid_auth",
        _ => return Ok(()),
    };
    core.tally
        .violation(ViolationKind::Unauthorized, "the token of the options");
    Err(failure(why))
}

fn check_channel(call: &Read) -> Result<(), Answer> {
    let named = call.chat.bytes().all(|byte| byte.is_ascii_graphic());
    if call.chat.is_empty() || !named {
        return Err(failure("channel_not_found"));
    }
    Ok(())
}

/// The text of a call as it is counted, and as it is kept.
fn text(core: &mut Core, call: &Read) -> Result<String, Answer> {
    let form = &call.form;
    let markdown = match form.get("markdown_text") {
        Some(_) if form.get("text").is_some() || form.get("blocks").is_some() => {
            return Err(failure("markdown_text_conflict"));
        }
        Some(text) => Some(text.to_owned()),
        None => chunks(form.text("chunks")),
    };
    let (max, text) = match (markdown, call.act) {
        (Some(text), _) => (MARKDOWN_MAX, text),
        (None, Act::Edit) => (UPDATE_MAX, seen(form.text("text"))),
        (None, _) => (POST_MAX, seen(form.text("text"))),
    };
    let found = text.chars().count();
    core.tally.size(found);
    if found <= max {
        return Ok(text);
    }
    let expected = format!("at most {max} characters, found {found}");
    core.tally.violation(ViolationKind::Oversize, expected);
    if max == POST_MAX {
        return Ok(text.chars().take(max).collect());
    }
    Err(failure("msg_too_long"))
}

/// What a user sees of `text`, in which three characters are escaped:
/// <https://docs.slack.dev/messaging/formatting-message-text#escaping>.
fn seen(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// The text of a stream's chunks; `None` where there are none.
fn chunks(text: &str) -> Option<String> {
    let chunks: Vec<Value> = serde_json::from_str(text).ok()?;
    let texts = chunks.iter().filter_map(|chunk| {
        let markdown = chunk.get("type")?.as_str()? == "markdown_text";
        chunk.get("text")?.as_str().filter(|_| markdown)
    });
    Some(texts.collect())
}

fn refuse_empty(core: &mut Core, call: &Read, text: &str) -> Result<(), Answer> {
    let other = ["blocks", "attachments"].iter().any(|name| {
        let value = call.form.text(name);
        !value.is_empty() && value != "[]"
    });
    if other || !text.is_empty() {
        return Ok(());
    }
    core.tally
        .violation(ViolationKind::Empty, "a text, blocks or attachments");
    Err(failure("no_text"))
}

/// The message that a call changes.
fn check_message(core: &mut Core, call: &Read) -> Result<String, Answer> {
    check_channel(call)?;
    let ts = call.message.clone().unwrap_or_default();
    let refused = match call.act {
        Act::Delete => "cant_delete_message",
        _ => "cant_update_message",
    };
    match core.room.get(&call.chat, &ts) {
        None => {
            core.tally
                .violation(ViolationKind::Gone, "a message that is there");
            Err(failure("message_not_found"))
        }
        Some(found) if !found.own => {
            core.tally
                .violation(ViolationKind::Gone, "a message of the bot");
            Err(failure(refused))
        }
        Some(_) => Ok(ts),
    }
}

/// A stream that is over is a message like any other.
fn streams(core: &mut Core, now: Moment, call: &Read, ts: &str) -> bool {
    let Some(message) = core.room.get_mut(&call.chat, ts) else {
        return false;
    };
    message.streams = message.streams.filter(|until| now < *until);
    message.streams.is_some()
}

fn message(core: &Core, call: &Read, ts: &str) -> Value {
    let stored = core
        .room
        .get(&call.chat, ts)
        .map_or("", |message| message.text.as_str());
    // `text` comes back as it was sent.
    let text = call.form.get("text").unwrap_or(stored);
    json!({
        "type": "message", "user": "U0WIRETAPE", "bot_id": "B0WIRETAPE", "app_id": "A0WIRETAPE",
        "team": "T0WIRETAPE", "text": text, "ts": ts
    })
}

/// What else makes two messages differ.
fn form_of(call: &Read) -> String {
    [call.form.text("blocks"), call.form.text("attachments")].concat()
}

fn post(core: &mut Core, now: Moment, call: &Read) -> Result<Map<String, Value>, Answer> {
    check_channel(call)?;
    let text = text(core, call)?;
    refuse_empty(core, call, &text)?;
    core.note_duplicate(&call.chat, &text);
    let ts = core.room.next_id(Platform::Slack, &core.options, now);
    core.room.add(&call.chat, &ts, &text, &form_of(call), true);
    let mut done =
        fields(json!({"channel": call.chat, "ts": ts, "message": message(core, call, &ts)}));
    if call.form.text("text").chars().nth(POST_MAX).is_some() {
        done.insert("warning".to_owned(), Value::from("message_truncated"));
    }
    Ok(done)
}

fn update(core: &mut Core, now: Moment, call: &Read) -> Result<Map<String, Value>, Answer> {
    let ts = check_message(core, call)?;
    if streams(core, now, call, &ts) {
        core.tally.violation(
            ViolationKind::Malformed,
            "an update after the stream was stopped",
        );
        return Err(failure("streaming_state_conflict"));
    }
    let text = text(core, call)?;
    refuse_empty(core, call, &text)?;
    let form = form_of(call);
    let same = core
        .room
        .get(&call.chat, &ts)
        .is_some_and(|m| m.text == text && m.form == form);
    if same {
        core.tally
            .violation(ViolationKind::Identical, "another text than it has");
    }
    core.room.change(&call.chat, &ts, &text, &form);
    Ok(fields(json!({
        "channel": call.chat, "ts": ts, "text": text, "message": message(core, call, &ts)
    })))
}

fn delete(core: &mut Core, now: Moment, call: &Read) -> Result<Map<String, Value>, Answer> {
    let ts = check_message(core, call)?;
    if streams(core, now, call, &ts) {
        core.tally.violation(
            ViolationKind::Malformed,
            "a delete after the stream was stopped",
        );
        return Err(failure("cant_delete_message"));
    }
    core.room.remove(&call.chat, &ts);
    Ok(fields(json!({"channel": call.chat, "ts": ts})))
}

/// A stream answers somebody: in a channel it names who, and elsewhere it stands in a thread.
/// <https://docs.slack.dev/reference/methods/chat.startStream>
fn check_audience(core: &mut Core, call: &Read) -> Result<(), Answer> {
    let (names, why) = if call.chat.starts_with('D') {
        (&["thread_ts"][..], ["invalid_arguments", ""])
    } else {
        let why = ["missing_recipient_team_id", "missing_recipient_user_id"];
        (&["recipient_team_id", "recipient_user_id"][..], why)
    };
    for (name, why) in names.iter().zip(why) {
        if call.form.text(name).is_empty() {
            core.tally
                .violation(ViolationKind::Malformed, format!("a {name}"));
            return Err(failure(why));
        }
    }
    Ok(())
}

fn start(core: &mut Core, now: Moment, call: &Read) -> Result<Map<String, Value>, Answer> {
    check_channel(call)?;
    check_audience(core, call)?;
    let text = text(core, call)?;
    let ts = core.room.next_id(Platform::Slack, &core.options, now);
    core.room.add(&call.chat, &ts, &text, "", true);
    let lifetime = core.options.shorter(STREAM_NS);
    if let Some(message) = core.room.get_mut(&call.chat, &ts) {
        message.streams = Some(now.after(lifetime));
    }
    Ok(fields(json!({"channel": call.chat, "ts": ts})))
}

fn append(core: &mut Core, now: Moment, call: &Read) -> Result<Map<String, Value>, Answer> {
    let ts = check_message(core, call)?;
    if !streams(core, now, call, &ts) {
        core.tally
            .violation(ViolationKind::Expired, "a stream that goes on");
        return Err(failure("message_not_in_streaming_state"));
    }
    let stops = call.method == "chat.stopStream";
    let more = text(core, call)?;
    if more.is_empty() && !stops {
        core.tally
            .violation(ViolationKind::Empty, "a text to append");
        return Err(failure("no_text"));
    }
    let Some(message_before) = core.room.get_mut(&call.chat, &ts) else {
        return Err(failure("message_not_found"));
    };
    if stops {
        message_before.streams = None;
    }
    let text = [message_before.text.as_str(), &more].concat();
    if !more.is_empty() {
        core.room.change(&call.chat, &ts, &text, "");
    }
    let mut done = fields(json!({"channel": call.chat, "ts": ts}));
    if stops {
        done.insert("message".to_owned(), message(core, call, &ts));
    }
    Ok(done)
}
