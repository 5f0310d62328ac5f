//! Discord's HTTP API, version 10. <https://docs.discord.com/developers/reference>
//!
//! Limits (<https://docs.discord.com/developers/topics/rate-limits>): buckets are told in
//! `X-RateLimit-*` headers and "should not be hard coded"; 50 requests a second in all; 10,000
//! requests in 10 minutes that get 401, 403 or 429 (not of scope `shared`) end in a ban. The buckets
//! here are those that the header examples and bots show: 5 in 5 s, for posts and for edits of a
//! channel apart, under one hash (<https://github.com/discord/discord-api-docs/issues/8073>). A text
//! has at most 2,000 characters, counted as code points. The token of an interaction is valid for 15
//! minutes, here from its first use.

use std::collections::VecDeque;

use serde_json::{Value, json};
use wiretape_core::Moment;

use super::form::{Form, Wrong};
use super::options::Options;
use super::pace::{Denied, Limit, Shape};
use super::report::ViolationKind;
use super::{Act, Answer, Api, Core, Platform, Read, Request};

const SECOND_NS: u64 = 1_000_000_000;
/// Characters of a message's content.
const TEXT_MAX: usize = 2_000;
/// Requests that are refused in a window before the address is banned.
const INVALID_MAX: u64 = 10_000;
/// The length of that window, and of the ban.
const INVALID_NS: u64 = 600 * SECOND_NS;

/// Nonces that are remembered; Discord does it for "the past few minutes".
const NONCES_MAX: usize = 256;
/// Characters of a nonce.
const NONCE_CHARS_MAX: usize = 25;

/// How long an interaction's token is valid:
/// <https://docs.discord.com/developers/interactions/receiving-and-responding>.
const TOKEN_NS: u64 = 900 * SECOND_NS;
/// Tokens that are remembered.
const TOKENS_MAX: usize = 256;
/// How the chat of an interaction's answers begins.
const INTERACTION: &str = "interaction ";

/// The scope of all requests.
const GLOBAL: &str = "all routes";
/// The scope of a banned address.
const BAN: &str = "this address";

#[derive(Debug, Default)]
pub(crate) struct Discord {
    invalid: u64,
    /// When the window began that `invalid` is counted in.
    invalid_since: Moment,
    /// Channel, nonce, and the message that has it, of the last posts.
    nonces: VecDeque<[String; 3]>,
    /// Tokens of interactions, and when they were first used: their beginning is not seen here.
    tokens: VecDeque<(String, Moment)>,
}

fn success(status: u16, body: String) -> Answer {
    let mut answer = Answer::json(status, true, body);
    if status == 204 {
        answer.headers.clear();
    }
    answer
}

fn failure(status: u16, code: u32, message: &str) -> Answer {
    let body = json!({"message": message, "code": code});
    Answer::json(status, false, body.to_string())
}

/// An error of one field.
fn invalid_form(field: &str, code: &str, message: &str) -> Answer {
    let error = json!({"_errors": [{"code": code, "message": message}]});
    let body = json!({"message": "Invalid Form Body", "code": 50035, "errors": {field: error}});
    Answer::json(400, false, body.to_string())
}

impl Discord {
    /// An interaction's token is valid for a quarter of an hour (M-07).
    fn check_token(&mut self, core: &mut Core, now: Moment, token: &str) -> Result<(), Answer> {
        let token = super::report::cut(token);
        let known = self.tokens.iter().find(|(other, _)| *other == token);
        let Some((_, since)) = known else {
            self.tokens.push_back((token, now));
            if self.tokens.len() > TOKENS_MAX {
                self.tokens.pop_front();
            }
            return Ok(());
        };
        if now < since.after(core.options.shorter(TOKEN_NS)) {
            return Ok(());
        }
        core.tally.violation(
            ViolationKind::Expired,
            "a token of the last quarter of an hour",
        );
        self.count_invalid(core, now);
        Err(failure(401, 50027, "Invalid Webhook Token"))
    }

    /// Counts an answer toward the ban.
    fn count_invalid(&mut self, core: &mut Core, now: Moment) {
        let length = core.options.shorter(INVALID_NS);
        if self.invalid_since.after(length) <= now {
            self.invalid = 0;
            self.invalid_since = now;
        }
        self.invalid += 1;
        if self.invalid == INVALID_MAX {
            core.pace.block(now, BAN, length, true);
        }
    }
}

/// A route, without what it is for: `POST message`.
fn route(method: &str, path: &str) -> Option<(&'static str, Act, String, Option<String>)> {
    let rest = path.strip_prefix("/api")?;
    let rest = rest
        .strip_prefix("/v10")
        .or_else(|| rest.strip_prefix("/v9"))
        .unwrap_or(rest);
    let segments: Vec<&str> = rest.split('/').skip(1).take(6).collect();
    let own = |id: &str| id.to_owned();
    Some(match (method, segments.as_slice()) {
        ("GET", ["users", "@me"]) => ("GET user", Act::Other, String::new(), None),
        ("GET", ["gateway"]) => ("GET gateway", Act::Other, String::new(), None),
        ("GET", ["gateway", "bot"]) => ("GET gateway/bot", Act::Other, String::new(), None),
        ("GET", ["channels", id]) => ("GET channel", Act::Other, own(id), None),
        ("POST", ["channels", id, "messages"]) => ("POST message", Act::Post, own(id), None),
        ("POST", ["channels", id, "typing"]) => ("POST typing", Act::Other, own(id), None),
        (_, ["channels", id, "messages", message]) => match method {
            "GET" => ("GET message", Act::Other, own(id), Some(own(message))),
            "PATCH" => ("PATCH message", Act::Edit, own(id), Some(own(message))),
            "DELETE" => ("DELETE message", Act::Delete, own(id), Some(own(message))),
            _ => return None,
        },
        ("POST", ["webhooks", app, _]) => ("POST webhook", Act::Post, interaction(app), None),
        (_, ["webhooks", app, _, "messages", message]) => match method {
            "PATCH" => (
                "PATCH webhook",
                Act::Edit,
                interaction(app),
                Some(own(message)),
            ),
            "DELETE" => (
                "DELETE webhook",
                Act::Delete,
                interaction(app),
                Some(own(message)),
            ),
            _ => return None,
        },
        _ => return None,
    })
}

/// Where the answers to interactions stand until a channel's route names them: their token says
/// which channel it is, and that is not known here.
fn interaction(app: &str) -> String {
    format!("{INTERACTION}{app}")
}

/// An interaction's token, where a path holds one.
fn interaction_token(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once("/webhooks/")?;
    rest.split('/').nth(1)
}

fn is_snowflake(id: &str) -> bool {
    (1..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// The bucket of a route: the limit whose state its headers tell.
fn bucket(call: &Read) -> Option<Limit> {
    let (calls, seconds) = match call.method.as_str() {
        "POST message" | "PATCH message" | "DELETE message" | "POST typing" => (5, 5),
        "POST webhook" | "PATCH webhook" | "DELETE webhook" => (5, 5),
        "GET channel" | "GET message" => (5, 1),
        _ => return None,
    };
    Some(Limit {
        scope: format!("{} in {}", call.method, call.chat),
        calls,
        per_ns: seconds * SECOND_NS,
        shape: Shape::Fixed,
    })
}

impl Api for Discord {
    fn read(
        &mut self,
        core: &mut Core,
        now: Moment,
        request: &Request<'_>,
    ) -> Result<Read, Answer> {
        let path = request.path.split('?').next().unwrap_or_default();
        let Some((name, act, chat, message)) = route(request.method, path) else {
            return Err(failure(404, 0, "404: Not Found"));
        };
        let token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bot "));
        let wanted = core.options.token.as_deref();
        let known = token.is_some_and(|token| wanted.is_none_or(|wanted| wanted == token));
        // An interaction's token is all that it takes.
        let interaction = interaction_token(path);
        if let Some(token) = interaction {
            self.check_token(core, now, token)?;
        }
        if !known && name != "GET gateway" && interaction.is_none() {
            core.tally
                .violation(ViolationKind::Unauthorized, "Authorization: Bot TOKEN");
            self.count_invalid(core, now);
            return Err(failure(401, 0, "401: Unauthorized"));
        }
        let form = Form::read(request).map_err(|wrong| {
            core.tally
                .violation(ViolationKind::Malformed, "parameters as JSON, or in parts");
            match wrong {
                Wrong::Json | Wrong::NoObject => {
                    failure(400, 50109, "The request body contains invalid JSON.")
                }
                Wrong::Parts | Wrong::TooMany => failure(400, 50035, "Invalid Form Body"),
            }
        })?;
        for id in [Some(&chat), message.as_ref()].into_iter().flatten() {
            let id = id.strip_prefix(INTERACTION).unwrap_or(id);
            if !id.is_empty() && !is_snowflake(id) {
                core.tally
                    .violation(ViolationKind::Malformed, "a snowflake");
                let message = format!("Value \"{}\" is not snowflake.", super::report::cut(id));
                return Err(invalid_form("channel_id", "NUMBER_TYPE_COERCE", &message));
            }
        }
        if let (None, Some(message)) = (interaction, &message) {
            core.room.adopt(&chat, message, INTERACTION);
        }
        Ok(Read {
            method: name.to_owned(),
            act,
            chat,
            message: message.filter(|_| act != Act::Other || name == "GET message"),
            form,
        })
    }

    fn limits(&self, call: &Read) -> Vec<Limit> {
        let all = |scope: &str, shape| Limit {
            scope: scope.to_owned(),
            calls: 50,
            per_ns: SECOND_NS,
            shape,
        };
        let bucket = bucket(call);
        let others = [all(BAN, Shape::Block), all(GLOBAL, Shape::Fixed)];
        bucket.into_iter().chain(others).collect()
    }

    fn wait_ns(&self, denied: &Denied, _options: &Options) -> u64 {
        // Milliseconds are the finest that is told.
        denied.due_ns.div_ceil(1_000_000).max(1) * 1_000_000
    }

    fn limited(
        &mut self,
        core: &mut Core,
        now: Moment,
        scope: &str,
        wait_ns: Option<u64>,
    ) -> Answer {
        self.count_invalid(core, now);
        if scope == BAN {
            let mut answer = Answer::json(429, false, "error code: 1015".to_owned());
            answer.headers = vec![("Content-Type", "text/plain; charset=UTF-8".to_owned())];
            return answer;
        }
        let global = scope == GLOBAL;
        let wait = wait_ns.map(seconds);
        let retry_after =
            wait.map_or_else(String::new, |wait| format!("\"retry_after\": {wait}, "));
        let message = "You are being rate limited.";
        let body = format!("{{\"message\": \"{message}\", {retry_after}\"global\": {global}}}");
        let mut answer = Answer::json(429, false, body);
        if let Some(wait_ns) = wait_ns {
            let whole = wait_ns.div_ceil(SECOND_NS);
            answer.headers.push(("Retry-After", whole.to_string()));
        }
        let name = if global { "global" } else { "user" };
        answer.headers.push(("X-RateLimit-Scope", name.to_owned()));
        if global {
            answer
                .headers
                .push(("X-RateLimit-Global", "true".to_owned()));
        }
        answer
    }

    fn broken(&self) -> Answer {
        failure(500, 0, "500: Internal Server Error")
    }

    fn apply(&mut self, core: &mut Core, now: Moment, call: &Read) -> Answer {
        let done = match call.method.as_str() {
            "GET user" => Ok(success(200, author().to_string())),
            "GET gateway" => Ok(success(200, json!({"url": "wss://gateway.discord.gg"}).to_string())),
            "GET gateway/bot" => Ok(success(200, json!({
                "url": "wss://gateway.discord.gg", "shards": 1,
                "session_start_limit":
                    {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
            }).to_string())),
            "GET channel" => Ok(success(200, json!({"id": call.chat, "type": 1}).to_string())),
            "POST typing" => Ok(success(204, String::new())),
            "POST message" | "POST webhook" => self.post(core, now, call),
            "GET message" => one(core, call).map(|id| show(core, now, call, &id)),
            "PATCH message" | "PATCH webhook" => edit(core, now, call),
            _ => one(core, call).map(|id| {
                core.room.remove(&call.chat, &id);
                success(204, String::new())
            }),
        };
        let answer = done.unwrap_or_else(|answer| answer);
        if matches!(answer.status, 401 | 403) {
            self.count_invalid(core, now);
        }
        answer
    }

    fn headers(&self, core: &Core, now: Moment, call: &Read, answer: &mut Answer) {
        let Some(limit) = bucket(call) else { return };
        let has = |name: &str| answer.headers.iter().any(|(other, _)| *other == name);
        // Of all routes together, or of an address, no bucket is told.
        if has("X-RateLimit-Global") || (answer.status == 429 && !has("X-RateLimit-Scope")) {
            return;
        }
        let (left, reset_ns) = core.pace.left(now, &limit);
        // A bucket that is blocked has nothing left, whatever its window says.
        let left = if answer.status == 429 { 0 } else { left };
        let reset = core.options.epoch_s().saturating_mul(1_000);
        let reset_ms = reset.saturating_add(now.after(reset_ns).as_nanos().div_ceil(1_000_000));
        // Posts and edits share a hash, though not a bucket.
        let hash = if call.method.ends_with("message") {
            "80c17d2f203122d936070c88c8d10f33"
        } else {
            "b1d7f0b6a3c94bde86a2c3a2c1f0e5d4"
        };
        answer.headers.extend([
            ("X-RateLimit-Limit", limit.calls.to_string()),
            ("X-RateLimit-Remaining", left.to_string()),
            (
                "X-RateLimit-Reset",
                seconds(reset_ms.saturating_mul(1_000_000)),
            ),
            ("X-RateLimit-Reset-After", seconds(reset_ns)),
            ("X-RateLimit-Bucket", hash.to_owned()),
        ]);
    }
}

/// Seconds with three digits behind the point, rounded up.
fn seconds(ns: u64) -> String {
    let millis = ns.div_ceil(1_000_000);
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

fn author() -> Value {
    json!({
        "id": "700000000000000001", "username": "wiretape", "discriminator": "0000",
        "global_name": null, "avatar": null, "bot": true
    })
}

/// The text of a call, within the size.
fn content<'a>(core: &mut Core, call: &'a Read) -> Result<&'a str, Answer> {
    let content = call.form.text("content");
    let found = content.chars().count();
    core.tally.size(found);
    if found > TEXT_MAX {
        let expected = format!("at most {TEXT_MAX} characters, found {found}");
        core.tally.violation(ViolationKind::Oversize, expected);
        let message = format!("Must be {TEXT_MAX} or fewer in length.");
        return Err(invalid_form("content", "BASE_TYPE_MAX_LENGTH", &message));
    }
    let other = ["embeds", "sticker_ids", "components", "poll", "files[0]"];
    let other = other
        .iter()
        .any(|name| !matches!(call.form.text(name), "" | "[]"));
    if content.trim().is_empty() && !other {
        core.tally
            .violation(ViolationKind::Empty, "a content, or embeds");
        return Err(failure(400, 50006, "Cannot send an empty message"));
    }
    Ok(content)
}

/// The message that a call is for.
fn one(core: &mut Core, call: &Read) -> Result<String, Answer> {
    let id = call.message.clone().unwrap_or_default();
    match core.room.get(&call.chat, &id) {
        None => {
            core.tally
                .violation(ViolationKind::Gone, "a message that is there");
            Err(failure(404, 10008, "Unknown Message"))
        }
        Some(found) if !found.own && call.act == Act::Edit => {
            core.tally
                .violation(ViolationKind::Gone, "a message of the bot");
            Err(failure(
                403,
                50005,
                "Cannot edit a message authored by another user",
            ))
        }
        Some(_) => Ok(id),
    }
}

impl Discord {
    /// With `enforce_nonce`, a repeated post gets the message that is there already:
    /// <https://docs.discord.com/developers/resources/message#create-message>.
    fn post(&mut self, core: &mut Core, now: Moment, call: &Read) -> Result<Answer, Answer> {
        let nonce = call.form.text("nonce");
        let enforced = call.form.text("enforce_nonce") == "true" && !nonce.is_empty();
        let same = |known: &&[String; 3]| known[0] == call.chat && known[1] == nonce;
        if let Some([_, _, id]) = self.nonces.iter().find(same).filter(|_| enforced) {
            return Ok(show(core, now, call, id));
        }
        let answer = post(core, now, call)?;
        let id = core
            .room
            .last_mut(&call.chat)
            .map(|message| message.id.clone());
        if let Some(id) = id.filter(|_| enforced && nonce.len() <= NONCE_CHARS_MAX) {
            self.nonces
                .push_back([call.chat.clone(), nonce.to_owned(), id]);
            if self.nonces.len() > NONCES_MAX {
                self.nonces.pop_front();
            }
        }
        Ok(answer)
    }
}

fn post(core: &mut Core, now: Moment, call: &Read) -> Result<Answer, Answer> {
    let text = content(core, call)?.trim();
    core.note_duplicate(&call.chat, text);
    let id = core.room.next_id(Platform::Discord, &core.options, now);
    core.room
        .add(&call.chat, &id, text, call.form.text("embeds"), true);
    Ok(show(core, now, call, &id))
}

fn edit(core: &mut Core, now: Moment, call: &Read) -> Result<Answer, Answer> {
    let id = one(core, call)?;
    let text = content(core, call)?.trim();
    let form = call.form.text("embeds");
    let same = core
        .room
        .get(&call.chat, &id)
        .is_some_and(|m| m.text == text && m.form == form);
    if same {
        // Discord does it, and counts it.
        core.tally
            .violation(ViolationKind::Identical, "another text than it has");
    }
    core.room.change(&call.chat, &id, text, form);
    Ok(show(core, now, call, &id))
}

fn show(core: &Core, now: Moment, call: &Read, id: &str) -> Answer {
    let message = core.room.get(&call.chat, id);
    let edits = message.map_or(0, |message| message.edits);
    let at = timestamp(
        core.options
            .epoch_s()
            .saturating_add(now.as_nanos() / SECOND_NS),
    );
    let edited = if edits == 0 {
        Value::Null
    } else {
        Value::from(at.clone())
    };
    let body = json!({
        "id": id, "channel_id": call.chat, "author": author(),
        "content": message.map_or("", |message| message.text.as_str()),
        "timestamp": at, "edited_timestamp": edited, "tts": false, "mention_everyone": false,
        "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "components": [],
        "pinned": false, "type": 0, "flags": 0
    });
    success(200, body.to_string())
}

/// `2026-01-01T00:00:00+00:00` of seconds since 1970.
fn timestamp(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, in eras of 400 years: the calendar's own arithmetic.
    let days = days.saturating_add(719_468);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + next;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
}
