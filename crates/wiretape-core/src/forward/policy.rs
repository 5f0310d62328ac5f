//! What each platform permits, as numbers with their sources.
//!
//! Where a platform documents no number, the one that careful bots use stands here, and says so.
//! Every field is public: a caller who knows better writes over it.

use alloc::vec;
use alloc::vec::Vec;

use super::Scope;

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLISECOND;
const MINUTE: u64 = 60 * SECOND;

/// The least `text_max` that is used; a smaller one counts as this. Below it, what closes and opens
/// a code fence again would leave no room for text.
pub const TEXT_MAX_MIN: usize = 256;

/// A chat platform, and the means used there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Platform {
    /// Slack: `chat.postMessage` and `chat.update`.
    Slack,
    /// Slack: `chat.startStream`, `chat.appendStream`, `chat.stopStream`.
    SlackStream,
    /// Discord: a bot's messages in a channel.
    Discord,
    /// Discord: the answer to an interaction, edited with the interaction's token.
    DiscordInteraction,
    /// Telegram: a private chat.
    Telegram,
    /// Telegram: a group.
    TelegramGroup,
    /// Microsoft Teams: a streamed message in a personal chat.
    Teams,
    /// Messages that cannot be edited.
    Plain,
}

/// What a platform permits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Limits that hold at every moment; several at once.
    pub windows: Vec<Window>,
    /// Least time from one call to the next edit that shows a part of the text, in nanoseconds.
    /// Calls that finish a message obey the windows alone.
    pub interval_ns: u64,
    /// Longest text of a message, in `unit`; see [`TEXT_MAX_MIN`].
    pub text_max: usize,
    /// What `text_max` counts.
    pub unit: Unit,
    /// How a message grows.
    pub growth: Growth,
    /// Messages begin with means that expire (M-07).
    pub stream: Option<Stream>,
    /// A bot may delete its messages. If not, a void message is emptied to [`super::Options::void`].
    pub deletes: bool,
    /// A repeated post is recognised by its key ([`super::Options::reply`]) and not shown twice (M-11).
    pub posts_once: bool,
    /// The platform shows Markdown.
    pub markup: bool,
    /// First wait after a 429 that does not say how long, in nanoseconds; doubles (M-14).
    pub backoff_ns: u64,
    /// Longest such wait, in nanoseconds.
    pub backoff_ns_max: u64,
}

/// At most `calls` in every stretch of `per_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many.
    pub calls: u32,
    /// The stretch, in nanoseconds.
    pub per_ns: u64,
    /// In one chat, or in all of them together.
    pub scope: Scope,
    /// Which calls count.
    pub counts: Counts,
}

/// Which calls a window counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Every call.
    All,
    /// New messages and streams.
    Posts,
    /// Edits of ordinary messages.
    Edits,
    /// Edits of streams.
    Appends,
    /// Ends of streams.
    Ends,
    /// Deletions.
    Deletes,
}

/// What the length of a text is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// UTF-8 bytes.
    Bytes,
    /// Unicode scalar values.
    Scalars,
    /// UTF-16 units.
    Utf16,
}

/// How a message grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Each edit replaces the text.
    Edit,
    /// Each edit of a stream adds to the text.
    Append,
    /// Each edit of a stream repeats the text that is shown, and goes on.
    Whole,
    /// Never: a message is posted once it is complete, at a paragraph's end or the reply's.
    Once,
}

/// Means that expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// How long after the first post they are used, in nanoseconds; ended in good time before the
    /// platform does it.
    pub lifetime_ns: u64,
    /// A call is needed to end them.
    pub ends: bool,
}

impl Platform {
    /// What the platform permits.
    #[must_use]
    pub fn policy(self) -> Policy {
        match self {
            Self::Slack => slack(),
            Self::SlackStream => slack_stream(),
            Self::Discord => discord(),
            Self::DiscordInteraction => discord_interaction(),
            Self::Telegram => telegram(),
            Self::TelegramGroup => telegram_group(),
            Self::Teams => teams(),
            Self::Plain => plain(),
        }
    }
}

fn window(calls: u32, per_ns: u64, scope: Scope, counts: Counts) -> Window {
    Window {
        calls,
        per_ns,
        scope,
        counts,
    }
}

/// - Tiers are a minute's calls of one method in one workspace; posting: one message a second and
///   channel: <https://docs.slack.dev/apis/web-api/rate-limits>.
/// - `chat.update` and `chat.delete` are tier 3 (50 a minute): <https://api.slack.com/methods/chat.update>.
/// - Text: 4,000 characters are recommended, 40,000 are cut off; the 12,000 of `markdown_text` are
///   more than that: <https://docs.slack.dev/reference/methods/chat.postMessage>. Characters are taken
///   as UTF-16 units, the unit in which a text is longest.
fn slack() -> Policy {
    Policy {
        windows: vec![
            window(1, SECOND, Scope::Chat, Counts::Posts),
            window(50, MINUTE, Scope::Global, Counts::Edits),
            window(50, MINUTE, Scope::Global, Counts::Deletes),
        ],
        // A minute's 50, evenly.
        interval_ns: 1_200 * MILLISECOND,
        text_max: 4_000,
        unit: Unit::Utf16,
        growth: Growth::Edit,
        stream: None,
        deletes: true,
        posts_once: false,
        markup: true,
        backoff_ns: 2 * SECOND,
        backoff_ns_max: 2 * MINUTE,
    }
}

/// - `chat.startStream` and `chat.stopStream` tier 2, `chat.appendStream` tier 4; `markdown_text`
///   12,000 characters: <https://docs.slack.dev/reference/methods/chat.appendStream>. A message may
///   outlive its stream and is then edited as any other, so that it stays within `text_max` of those.
/// - Streams die about five minutes after their start, undocumented; four are what careful bots use:
///   <https://github.com/slackapi/python-slack-sdk/issues/1859>, <https://github.com/vercel/chat/pull/884>.
fn slack_stream() -> Policy {
    let mut policy = slack();
    policy.windows.extend([
        window(20, MINUTE, Scope::Global, Counts::Posts),
        window(100, MINUTE, Scope::Global, Counts::Appends),
        window(20, MINUTE, Scope::Global, Counts::Ends),
    ]);
    policy.interval_ns = 1_000 * MILLISECOND;
    policy.growth = Growth::Append;
    policy.stream = Some(Stream {
        lifetime_ns: 4 * MINUTE,
        ends: true,
    });
    policy
}

/// - Buckets are dynamic and must not be hard-coded; 50 requests a second in all:
///   <https://docs.discord.com/developers/topics/rate-limits>. Five calls in five seconds and channel is
///   what bots meet in practice; [`super::Input::Left`] takes what the response headers say instead.
/// - Content of 2,000 characters; `enforce_nonce` recognises a repeated post:
///   <https://docs.discord.com/developers/resources/message#create-message>.
fn discord() -> Policy {
    Policy {
        windows: vec![
            window(5, 5 * SECOND, Scope::Chat, Counts::All),
            window(50, SECOND, Scope::Global, Counts::All),
        ],
        interval_ns: 1_200 * MILLISECOND,
        text_max: 2_000,
        unit: Unit::Scalars,
        growth: Growth::Edit,
        stream: None,
        deletes: true,
        posts_once: true,
        markup: true,
        backoff_ns: SECOND,
        backoff_ns_max: 2 * MINUTE,
    }
}

/// The interaction's token is valid for 15 minutes:
/// <https://docs.discord.com/developers/interactions/receiving-and-responding>.
fn discord_interaction() -> Policy {
    Policy {
        stream: Some(Stream {
            lifetime_ns: 14 * MINUTE,
            ends: false,
        }),
        ..discord()
    }
}

/// - One message a second and chat, 30 a second in all: <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>.
///   Edits count too, and the true limits adapt: <https://grammy.dev/advanced/flood.html>. The interval is
///   the floor that bots settled on.
/// - 4,096 characters after entities are parsed, in UTF-16 units: <https://core.telegram.org/bots/api#sendmessage>.
/// - A bot may delete its messages for 48 hours: <https://core.telegram.org/bots/api#deletemessage>.
fn telegram() -> Policy {
    Policy {
        windows: vec![
            window(1, SECOND, Scope::Chat, Counts::All),
            window(30, SECOND, Scope::Global, Counts::All),
        ],
        interval_ns: 1_100 * MILLISECOND,
        text_max: 4_096,
        unit: Unit::Utf16,
        growth: Growth::Edit,
        stream: None,
        deletes: true,
        posts_once: false,
        markup: true,
        backoff_ns: 5 * SECOND,
        backoff_ns_max: 5 * MINUTE,
    }
}

/// 20 messages a minute and group: <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>.
fn telegram_group() -> Policy {
    let mut policy = telegram();
    policy
        .windows
        .push(window(20, MINUTE, Scope::Chat, Counts::All));
    policy.interval_ns = 3_100 * MILLISECOND;
    policy
}

/// One request a second, the next after the last one succeeded; the text so far in each; two minutes
/// in all; personal chats only: <https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux>.
/// The documentation advises 1.5 to 2 seconds between calls. A message of about 28 KB with all that
/// is around its text: <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages>;
/// 20,000 bytes leave room for the rest. 1,800 calls an hour and conversation:
/// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit>.
fn teams() -> Policy {
    Policy {
        windows: vec![
            window(1, SECOND, Scope::Chat, Counts::All),
            window(1_800, 60 * MINUTE, Scope::Chat, Counts::All),
        ],
        interval_ns: 1_500 * MILLISECOND,
        text_max: 20_000,
        unit: Unit::Bytes,
        growth: Growth::Whole,
        stream: Some(Stream {
            lifetime_ns: 110 * SECOND,
            ends: true,
        }),
        deletes: true,
        posts_once: false,
        markup: true,
        backoff_ns: 2 * SECOND,
        backoff_ns_max: 2 * MINUTE,
    }
}

/// The slowest of the platforms that know no edits, `WhatsApp`, takes about one message in six seconds to
/// one person, of 4,096 characters:
/// <https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput>.
fn plain() -> Policy {
    Policy {
        windows: vec![window(1, 6 * SECOND, Scope::Chat, Counts::All)],
        interval_ns: 6 * SECOND,
        text_max: 4_096,
        unit: Unit::Utf16,
        growth: Growth::Once,
        stream: None,
        deletes: false,
        posts_once: false,
        markup: false,
        backoff_ns: 10 * SECOND,
        backoff_ns_max: 5 * MINUTE,
    }
}

impl Unit {
    /// The length of `text`.
    #[must_use]
    pub fn len(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Scalars => text.chars().count(),
            Self::Utf16 => text.chars().map(char::len_utf16).sum(),
        }
    }

    /// The length of one character.
    pub(super) fn one(self, c: char) -> usize {
        match self {
            Self::Bytes => c.len_utf8(),
            Self::Scalars => 1,
            Self::Utf16 => c.len_utf16(),
        }
    }
}
