//! How a platform is told, and what it answers: pure functions between [`Action`] and an HTTP request,
//! and between an HTTP response and [`Answer`].

mod discord;
mod html;
mod slack;
mod teams;
mod telegram;

use alloc::string::String;
use alloc::vec::Vec;

use super::{Action, Answer, Left, Platform, Scope};

/// Where to write, and as whom.
#[derive(Clone, PartialEq, Eq)]
pub struct Chat {
    /// The platform's name for the chat. Telegram: `chat_id`. Slack: `channel`, or `channel/thread`,
    /// or `channel/thread/team/user` with whom a stream in a channel is for, which Slack asks for.
    /// Discord: `channel`; to answer an interaction, `channel/application/token`. Teams: the
    /// conversation.
    pub id: String,
    /// The bot's token.
    pub token: String,
}

/// An HTTP request without the server's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRequest {
    /// `POST`, `PATCH`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The path from the server's root, with a leading slash. Telegram's holds the token.
    pub path: String,
    /// Header fields, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON, or empty.
    pub body: String,
}

/// The request that carries an action out; `None` for what is no call.
#[must_use]
pub fn request(platform: Platform, chat: &Chat, action: &Action) -> Option<ApiRequest> {
    match platform {
        Platform::Slack | Platform::SlackStream => slack::request(chat, action),
        Platform::Discord | Platform::DiscordInteraction => discord::request(chat, action),
        Platform::Telegram | Platform::TelegramGroup => telegram::request(chat, action),
        Platform::Teams => teams::request(chat, action),
        Platform::Plain => None,
    }
}

/// What a response says. Headers are looked up without regard to case.
#[must_use]
pub fn answer(platform: Platform, status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    match platform {
        Platform::Slack | Platform::SlackStream => slack::answer(status, headers, body),
        Platform::Discord | Platform::DiscordInteraction => discord::answer(status, headers, body),
        Platform::Telegram | Platform::TelegramGroup => telegram::answer(status, headers, body),
        Platform::Teams => teams::answer(status, headers, body),
        Platform::Plain => Answer::Lost,
    }
}

/// What a response's headers say about the calls that are left in this chat:
/// <https://docs.discord.com/developers/topics/rate-limits#header-format>.
#[must_use]
pub fn left(headers: &[(&str, &str)]) -> Option<Left> {
    Some(Left {
        calls: header(headers, "x-ratelimit-remaining")?.parse().ok()?,
        reset_after_ns: seconds(header(headers, "x-ratelimit-reset-after")?)?,
    })
}

impl core::fmt::Debug for Chat {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Without the token: what is printed is kept.
        f.debug_struct("Chat")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

fn header<'a>(headers: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    let mut found = headers
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.trim())
}

/// Decimal seconds, as in `34` and `0.3`: nanoseconds, rounded up. `None` if it is no such
/// number; the end of time if it does not fit.
fn seconds(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: u64 = whole.parse().unwrap_or(u64::MAX);
    let mut ns = whole.saturating_mul(1_000_000_000);
    let mut place = 100_000_000;
    for (at, digit) in part.bytes().enumerate() {
        if at < 9 {
            ns = ns.saturating_add(u64::from(digit - b'0') * place);
            place /= 10;
        } else if digit != b'0' {
            return Some(ns.saturating_add(1));
        }
    }
    Some(ns)
}

/// What a response says whose body is not the platform's: a proxy's page, or nothing.
fn without_body(status: u16, headers: &[(&str, &str)]) -> Answer {
    match status {
        429 => Answer::Limited {
            retry_after_ns: header(headers, "retry-after").and_then(seconds),
            // A proxy in front of the platform does not know chats.
            scope: Scope::Global,
        },
        300..500 => Answer::Refused {
            why: alloc::format!("HTTP status {status}"),
        },
        // Also a success that says nothing of the message.
        _ => Answer::Lost,
    }
}

fn json(value: &serde_json::Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
