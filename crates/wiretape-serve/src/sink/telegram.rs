//! Telegram's Bot API. <https://core.telegram.org/bots/api>
//!
//! Windows: the FAQ's "in a single chat, avoid sending more than one message per second", "in a
//! group, not more than 20 messages per minute", "not more than about 30 messages per second"
//! (<https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>). Edits count
//! with messages: the page names no window of their own, and bots meet one (M-09). Drafts, typing and
//! deletes count in the last window alone. How long a wait is and what becomes of it is not
//! documented; what bots report is that a call during it makes it longer, up to minutes (M-01).

use serde_json::{Value, json};
use wiretape_core::Moment;

use super::form::{Form, Wrong};
use super::markup::{self, Parsed};
use super::options::Options;
use super::pace::{Denied, Limit, Shape, Why};
use super::report::ViolationKind;
use super::{Act, Answer, Api, Core, NAME_BYTES_MAX, Platform, Read, Request};

const SECOND_NS: u64 = 1_000_000_000;
/// UTF-16 units of a message's text after entities are parsed.
const TEXT_MAX: usize = 4_096;
/// The longest wait that bots report.
const WAIT_MAX_NS: u64 = 250 * SECOND_NS;
/// Sender of what the bot posts.
const BOT_ID: u64 = 7_000_000_001;

#[derive(Debug)]
pub(crate) struct Telegram;

fn success(result: &Value) -> Answer {
    Answer::json(200, true, json!({"ok": true, "result": result}).to_string())
}

fn failure(status: u16, description: &str) -> Answer {
    let body = json!({"ok": false, "error_code": status, "description": description});
    Answer::json(status, false, body.to_string())
}

fn bad(description: &str) -> Answer {
    failure(400, &format!("Bad Request: {description}"))
}

impl Api for Telegram {
    fn read(
        &mut self,
        core: &mut Core,
        _now: Moment,
        request: &Request<'_>,
    ) -> Result<Read, Answer> {
        let path = request.path.split('?').next().unwrap_or_default();
        let (token, method) = route(path).ok_or_else(|| failure(404, "Not Found"))?;
        if core
            .options
            .token
            .as_ref()
            .is_some_and(|wanted| wanted != token)
        {
            core.tally
                .violation(ViolationKind::Unauthorized, "the token of the options");
            return Err(failure(401, "Unauthorized"));
        }
        if !matches!(request.method, "GET" | "POST") {
            return Err(failure(405, "Method Not Allowed"));
        }
        let form = Form::read(request).map_err(|wrong| {
            let expected = "parameters as JSON, as a form or in parts";
            core.tally.violation(ViolationKind::Malformed, expected);
            match wrong {
                Wrong::Json | Wrong::NoObject => bad("can't parse JSON object"),
                Wrong::Parts | Wrong::TooMany => bad("failed to parse request body"),
            }
        })?;
        // Method names are compared without case.
        let known = METHODS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(method));
        let Some((name, act)) = known else {
            return Err(failure(404, "Not Found: method not found"));
        };
        let message = match act {
            Act::Edit | Act::Delete => form.get("message_id").map(str::to_owned),
            _ => None,
        };
        Ok(Read {
            method: (*name).to_owned(),
            act: *act,
            chat: form.text("chat_id").to_owned(),
            message,
            form,
        })
    }

    fn limits(&self, call: &Read) -> Vec<Limit> {
        let mut limits = Vec::new();
        let window = |scope: String, calls: u32, seconds: u64| Limit {
            scope,
            calls,
            per_ns: seconds * SECOND_NS,
            shape: Shape::Sliding,
        };
        let chat = &call.chat;
        if matches!(call.act, Act::Post | Act::Edit) && !chat.is_empty() {
            limits.push(window(format!("chat {chat}"), 1, 1));
            if is_group(chat) {
                limits.push(window(format!("group {chat}"), 20, 60));
            }
        }
        if !chat.is_empty() {
            limits.push(window("all chats".to_owned(), 30, 1));
        }
        limits
    }

    fn wait_ns(&self, denied: &Denied, options: &Options) -> u64 {
        let due = match denied.why {
            // A call during a wait doubles it.
            Why::Blocked { last_ns, .. } => denied.due_ns.max(last_ns.saturating_mul(2)),
            Why::Over { .. } | Why::Seed => denied.due_ns,
        };
        let max = options
            .shorter(WAIT_MAX_NS)
            .max(SECOND_NS)
            .max(denied.due_ns);
        due.min(max).div_ceil(SECOND_NS).max(1) * SECOND_NS
    }

    fn limited(&mut self, _: &mut Core, _: Moment, _: &str, wait_ns: Option<u64>) -> Answer {
        let Some(wait_ns) = wait_ns else {
            return failure(429, "Too Many Requests");
        };
        let seconds = wait_ns / SECOND_NS;
        let body = json!({
            "ok": false,
            "error_code": 429,
            "description": format!("Too Many Requests: retry after {seconds}"),
            "parameters": {"retry_after": seconds},
        });
        let mut answer = Answer::json(429, false, body.to_string());
        answer.headers.push(("Retry-After", seconds.to_string()));
        answer
    }

    fn broken(&self) -> Answer {
        failure(500, "Internal Server Error")
    }

    fn apply(&mut self, core: &mut Core, now: Moment, call: &Read) -> Answer {
        match call.method.as_str() {
            "getMe" => success(&bot()),
            "getUpdates" => success(&json!([])),
            "getWebhookInfo" => success(&json!({
                "url": "", "has_custom_certificate": false, "pending_update_count": 0
            })),
            "sendMessage" => send(core, now, call),
            "editMessageText" => edit(core, now, call),
            "deleteMessage" => delete(core, call),
            "sendMessageDraft" => draft(core, call),
            "sendChatAction" => match chat(call) {
                Ok(_) if call.form.text("action").is_empty() => {
                    bad("wrong parameter action in request")
                }
                Ok(_) => success(&Value::Bool(true)),
                Err(answer) => answer,
            },
            "getChat" => match chat(call) {
                Ok(chat) => success(&chat),
                Err(answer) => answer,
            },
            _ => success(&Value::Bool(true)),
        }
    }

    fn headers(&self, _: &Core, _: Moment, _: &Read, _: &mut Answer) {}
}

/// What is answered; everything else is not found.
const METHODS: [(&str, Act); 13] = [
    ("close", Act::Other),
    ("deleteMessage", Act::Delete),
    ("deleteWebhook", Act::Other),
    ("editMessageText", Act::Edit),
    ("getChat", Act::Other),
    ("getMe", Act::Other),
    ("getUpdates", Act::Other),
    ("getWebhookInfo", Act::Other),
    ("logOut", Act::Other),
    ("sendChatAction", Act::Other),
    ("sendMessage", Act::Post),
    ("sendMessageDraft", Act::Other),
    ("setMyCommands", Act::Other),
];

/// `/bot<token>/<method>`, also of the test environment: `/bot<token>/test/<method>`.
fn route(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/bot")?;
    let (token, method) = rest.split_once('/')?;
    let method = method.strip_prefix("test/").unwrap_or(method);
    let (id, key) = token.split_once(':').or_else(|| token.split_once("%3A"))?;
    let digits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !key.is_empty()).then_some((token, method))
}

/// A group's id is negative; a channel's or a group's public name begins with `@`.
fn is_group(chat: &str) -> bool {
    chat.starts_with(['-', '@'])
}

fn bot() -> Value {
    json!({
        "id": BOT_ID,
        "is_bot": true,
        "first_name": "Wiretape",
        "username": "wiretape_bot",
        "can_join_groups": true,
        "can_read_all_group_messages": false,
        "supports_inline_queries": false,
    })
}

/// The chat that a call is for, as a message shows it.
fn chat(call: &Read) -> Result<Value, Answer> {
    let chat = call.chat.as_str();
    if chat.is_empty() {
        return Err(bad("chat_id is empty"));
    }
    if let Some(name) = chat.strip_prefix('@').filter(|name| !name.is_empty()) {
        return Ok(
            json!({"id": -1_000_000_000_001_i64, "type": "channel", "title": name, "username": name}),
        );
    }
    match chat.parse::<i64>() {
        Ok(id) if chat.len() <= NAME_BYTES_MAX && id < 0 => {
            let kind = if chat.starts_with("-100") {
                "supergroup"
            } else {
                "group"
            };
            Ok(json!({"id": id, "type": kind, "title": "Group"}))
        }
        Ok(id) if id > 0 => Ok(json!({"id": id, "type": "private", "first_name": "User"})),
        _ => Err(bad("chat not found")),
    }
}

/// The text after its entities were parsed, within the size.
fn text(core: &mut Core, call: &Read, too_long: &str) -> Result<Parsed, Answer> {
    let form = &call.form;
    let parsed = markup::parse(form.text("parse_mode"), form.text("text"));
    let mut parsed = parsed.map_err(|why| {
        core.tally.size(form.text("text").encode_utf16().count());
        core.tally.violation(
            ViolationKind::BadMarkup,
            format!("entities that can be parsed: {why}"),
        );
        bad(&match why {
            markup::Wrong::Mode => "unsupported parse_mode".to_owned(),
            markup::Wrong::Entity(why) => format!("can't parse entities: {why}"),
        })
    })?;
    // What two messages differ in beside the text.
    for name in ["entities", "reply_markup"] {
        parsed.entities.push_str(form.text(name));
    }
    let units = parsed.text.encode_utf16().count();
    core.tally.size(units);
    if units > TEXT_MAX {
        let expected = format!("at most {TEXT_MAX} UTF-16 units, found {units}");
        core.tally.violation(ViolationKind::Oversize, expected);
        return Err(bad(too_long));
    }
    Ok(parsed)
}

fn refuse_empty(core: &mut Core, parsed: &Parsed) -> Result<(), Answer> {
    if !parsed.text.is_empty() {
        return Ok(());
    }
    core.tally
        .violation(ViolationKind::Empty, "a text of at least one character");
    Err(bad("message text is empty"))
}

fn message(core: &Core, now: Moment, call: &Read, chat: &Value, id: &str, edited: bool) -> Value {
    let date = core
        .options
        .epoch_s()
        .saturating_add(now.as_nanos() / SECOND_NS);
    let text = core
        .room
        .get(&call.chat, id)
        .map_or("", |message| message.text.as_str());
    let mut message = json!({
        "message_id": id.parse::<u64>().unwrap_or(0),
        "from": bot(),
        "chat": chat,
        "date": date,
        "text": text,
    });
    if let (true, Value::Object(fields)) = (edited, &mut message) {
        fields.insert("edit_date".to_owned(), date.into());
    }
    message
}

fn send(core: &mut Core, now: Moment, call: &Read) -> Answer {
    let done = (|| {
        let parsed = text(core, call, "message is too long")?;
        refuse_empty(core, &parsed)?;
        let chat = chat(call)?;
        core.note_duplicate(&call.chat, &parsed.text);
        let id = core.room.next_id(Platform::Telegram, &core.options, now);
        core.room
            .add(&call.chat, &id, &parsed.text, &parsed.entities, true);
        Ok(message(core, now, call, &chat, &id, false))
    })();
    done.map_or_else(|answer| answer, |message| success(&message))
}

fn edit(core: &mut Core, now: Moment, call: &Read) -> Answer {
    let done = (|| {
        let parsed = text(core, call, "MESSAGE_TOO_LONG")?;
        refuse_empty(core, &parsed)?;
        let chat = chat(call)?;
        let Some(id) = call.message.as_deref() else {
            core.tally
                .violation(ViolationKind::Malformed, "a message_id");
            return Err(bad("message identifier is not specified"));
        };
        match core.room.get(&call.chat, id) {
            None => {
                core.tally
                    .violation(ViolationKind::Gone, "a message that is there");
                return Err(bad("message to edit not found"));
            }
            Some(found) if !found.own => {
                core.tally
                    .violation(ViolationKind::Gone, "a message of the bot");
                return Err(bad("message can't be edited"));
            }
            Some(found) if found.text == parsed.text && found.form == parsed.entities => {
                core.tally
                    .violation(ViolationKind::Identical, "another text than it has");
                return Err(bad(
                    "message is not modified: specified new message content and reply markup are \
                     exactly the same as a current content and reply markup of the message",
                ));
            }
            Some(_) => {}
        }
        core.room
            .change(&call.chat, id, &parsed.text, &parsed.entities);
        Ok(message(core, now, call, &chat, id, true))
    })();
    done.map_or_else(|answer| answer, |message| success(&message))
}

fn delete(core: &mut Core, call: &Read) -> Answer {
    if let Err(answer) = chat(call) {
        return answer;
    }
    let id = call.message.as_deref().unwrap_or_default();
    if core.room.remove(&call.chat, id) {
        return success(&Value::Bool(true));
    }
    core.tally
        .violation(ViolationKind::Gone, "a message that is there");
    bad("message to delete not found")
}

/// A draft is shown for half a minute and never kept; it may be empty.
fn draft(core: &mut Core, call: &Read) -> Answer {
    let done = (|| {
        text(core, call, "message is too long")?;
        let chat = chat(call)?;
        if chat.get("type") != Some(&Value::from("private")) {
            return Err(bad("drafts can be sent to private chats only"));
        }
        if matches!(call.form.text("draft_id"), "" | "0") {
            return Err(bad("draft_id must be non-zero"));
        }
        Ok(())
    })();
    done.map_or_else(|answer| answer, |()| success(&Value::Bool(true)))
}
