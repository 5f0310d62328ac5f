//! Sinks: a chat platform's side of its HTTP API, as a machine in time.
//!
//! ```text
//!  request ─▶ read: method, token, parameters ─▶ chance: refused by the seed?
//!          ─▶ pace: windows and blocks ─▶ room: messages ─▶ response, in the platform's shape
//!                                 └─ every breach of the platform's rules ─▶ Report
//! ```
//!
//! A forwarder is pointed at a sink as at the platform. The numbers are the platform's own, from its
//! documentation, read as strictly as it can be read: what passes here passes there. None of them is
//! shared with [`wiretape_core::forward`], whose throttle would else be tested against itself.
//!
//! Time is an argument and chance is a seed, so the same requests at the same moments get the same
//! responses. Messages, chats, windows and violations are bounded by the constants of this module.
//! What a sink is not: a gateway of events, a store of files; it does not render markup.
//!
//! ```
//! use wiretape_core::Moment;
//! use wiretape_serve::sink::{Options, Platform, Request, Sink};
//!
//! let mut sink = Sink::new(Platform::Telegram, Options::default());
//! let send = Request {
//!     method: "POST",
//!     path: "/bot7:key/sendMessage",
//!     headers: &[("content-type", "application/json")],
//!     body: br#"{"chat_id": 42, "text": "hello"}"#,
//! };
//! assert_eq!(sink.handle(Moment(0), send).status, 200);
//! // A second message within a second of the first.
//! let refused = sink.handle(Moment(400_000_000), send);
//! assert_eq!(refused.status, 429);
//! assert!(refused.body.contains("Too Many Requests: retry after 1"));
//! assert_eq!(sink.report().violations[0].m, "M-09");
//! ```

mod chance;
mod discord;
mod form;
mod markup;
mod mounted;
mod options;
mod pace;
mod report;
mod room;
mod slack;
mod telegram;

use wiretape_core::Moment;

pub use options::{Options, Refusals, Wait};
pub use report::{Call, Report, Shown, Violation, ViolationKind};

use chance::Chance;
use form::Form;
pub(crate) use mounted::MountedSink;
use pace::{Denied, Limit, Pace};
use report::Tally;
use room::Room;

/// Messages that are kept at most, in all chats; the oldest are forgotten.
pub const MESSAGES_MAX: usize = 10_000;
/// Bytes of text that are kept at most; the oldest messages are forgotten.
pub const TEXT_BYTES_MAX: usize = 32 << 20;
/// Windows and blocks that are kept at most; the one unused for longest is forgotten.
pub const SCOPES_MAX: usize = 4_096;
/// Violations that are kept at most; more are counted.
pub const VIOLATIONS_MAX: usize = 1_000;
/// Bytes of a chat's name, or a message's, at most.
pub const NAME_BYTES_MAX: usize = 256;

/// Whose API a sink speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Telegram's Bot API: <https://core.telegram.org/bots/api>.
    Telegram,
    /// Slack's Web API: <https://docs.slack.dev/apis/web-api/>.
    Slack,
    /// Discord's HTTP API, version 10: <https://docs.discord.com/developers/reference>.
    Discord,
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Telegram, Self::Slack, Self::Discord];

    /// In lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Slack => "slack",
            Self::Discord => "discord",
        }
    }

    /// What client libraries call the base URL, behind a mount's URL.
    #[must_use]
    pub fn base_path(self) -> &'static str {
        match self {
            Self::Telegram => "/bot",
            Self::Slack => "/api/",
            Self::Discord => "/api/v10/",
        }
    }

    /// What a message's length is counted in.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Telegram => "UTF-16 units",
            Self::Slack | Self::Discord => "characters",
        }
    }
}

/// A request as it came, without the prefix of the mount.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The HTTP method, in upper case.
    pub method: &'a str,
    /// Path and query, from the first slash.
    pub path: &'a str,
    /// Names in lower case.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, decoded from chunks.
    pub body: &'a [u8],
}

impl Request<'_> {
    /// A header's value, the first where there are several.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(other, _)| *other == name);
        all.next().map(|(_, value)| *value)
    }
}

/// What a sink answers, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names as the platform writes them.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, mostly.
    pub body: String,
    /// How long after the request it is sent, in nanoseconds: the call is in flight until then.
    pub after_ns: u64,
    /// It never comes: the call was done, and the connection ends without a word of it.
    pub lost: bool,
    /// What the call was, for a log.
    pub call: Call,
}

/// What a platform does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Post,
    Edit,
    /// Adds to a message that streams.
    Append,
    Delete,
    Other,
}

/// A request, read.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    /// The platform's name of it: `sendMessage`, `chat.update`, `PATCH message`.
    pub(crate) method: String,
    pub(crate) act: Act,
    /// Empty where it is for none.
    pub(crate) chat: String,
    /// The message that it changes.
    pub(crate) message: Option<String>,
    pub(crate) form: Form,
}

/// What comes of a call, before it is known when it is told.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// The platform did what was asked.
    pub(crate) ok: bool,
}

impl Answer {
    pub(crate) fn json(status: u16, ok: bool, body: String) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "application/json".to_owned())],
            body,
            ok,
        }
    }
}

/// Everything that a platform's rules look at and change.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) options: Options,
    pub(crate) pace: Pace,
    pub(crate) room: Room,
    pub(crate) tally: Tally,
    chance: Chance,
}

impl Core {
    /// A post that repeats the last one of its chat, of which no answer was heard (M-11).
    pub(crate) fn note_duplicate(&mut self, chat: &str, text: &str) {
        if self.tally.lost() == 0 {
            return;
        }
        let last = self.room.last_mut(chat);
        if last.is_some_and(|last| last.unanswered && last.text == text) {
            let expected = "no blind repetition of a post whose answer was lost";
            self.tally.violation(ViolationKind::Duplicate, expected);
        }
    }
}

/// What differs between platforms.
pub(crate) trait Api: std::fmt::Debug + Send {
    /// What is asked, and by whom; an answer at once where that is wrong.
    fn read(&mut self, core: &mut Core, now: Moment, request: &Request<'_>)
    -> Result<Read, Answer>;
    /// The windows that a call counts in.
    fn limits(&self, call: &Read) -> Vec<Limit>;
    /// How long to wait, as it is told: in the platform's own steps.
    fn wait_ns(&self, denied: &Denied, options: &Options) -> u64;
    /// The 429. `wait_ns`: what it tells; `None`: it tells nothing.
    fn limited(
        &mut self,
        core: &mut Core,
        now: Moment,
        scope: &str,
        wait_ns: Option<u64>,
    ) -> Answer;
    /// The platform is broken for a moment.
    fn broken(&self) -> Answer;
    /// Does it.
    fn apply(&mut self, core: &mut Core, now: Moment, call: &Read) -> Answer;
    /// Headers that every answer has.
    fn headers(&self, core: &Core, now: Moment, call: &Read, answer: &mut Answer);
}

/// A platform's side of its API.
#[derive(Debug)]
pub struct Sink {
    platform: Platform,
    api: Box<dyn Api>,
    core: Core,
}

impl Sink {
    /// A sink without messages.
    #[must_use]
    pub fn new(platform: Platform, options: Options) -> Self {
        let api: Box<dyn Api> = match platform {
            Platform::Telegram => Box::new(telegram::Telegram),
            Platform::Slack => Box::new(slack::Slack),
            Platform::Discord => Box::new(discord::Discord::default()),
        };
        let core = Core {
            pace: Pace::new(&options),
            room: Room::default(),
            tally: Tally::new(platform),
            chance: Chance::new(options.seed),
            options,
        };
        Self {
            platform,
            api,
            core,
        }
    }

    /// Whose API it speaks.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// How it was set up.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.core.options
    }

    /// Sets what the sink's time 0 is, where the options leave it open: seconds since 1970.
    pub(crate) fn begin(&mut self, epoch_s: u64) {
        self.core.options.epoch_s.get_or_insert(epoch_s);
    }

    /// Forgets everything: messages, windows, blocks, the report. The seed begins again.
    pub fn reset(&mut self) {
        *self = Self::new(self.platform, self.core.options.clone());
    }

    /// Takes one request. Moments must not go back.
    pub fn handle(&mut self, now: Moment, request: Request<'_>) -> Response {
        self.core.tally.begin(now);
        let mut read = match self.api.read(&mut self.core, now, &request) {
            Ok(read) => read,
            Err(answer) => return self.finish(answer, false),
        };
        // A longer name is none of a chat that there is.
        read.chat = report::cut(&read.chat);
        read.message = read.message.as_deref().map(report::cut);
        self.core.tally.read(&read);
        self.check_flight(now, &read);
        let mut answer = self.serve(now, &read);
        self.api.headers(&self.core, now, &read, &mut answer);
        let lost = answer.ok && read.act != Act::Other && self.core.chance.lost(&self.core.options);
        if lost && read.act == Act::Post {
            if let Some(posted) = self.core.room.last_mut(&read.chat) {
                posted.unanswered = true;
            }
        }
        if let Some(message) = &read.message {
            let until = now.after(self.core.options.latency_ns);
            // What is never answered is not in flight for ever: its client gives up at its own time.
            let until = if lost { now } else { until };
            self.core.room.fly(&read.chat, message, until);
        }
        self.finish(answer, lost)
    }

    /// A user writes to a chat; what its message is called there.
    pub fn say(&mut self, now: Moment, chat: &str, text: &str) -> String {
        let id = self
            .core
            .room
            .next_id(self.platform, &self.core.options, now);
        self.core.room.add(chat, &id, text, "", false);
        id
    }

    /// A user deletes a message, a bot's own or another; whether it was there.
    pub fn remove(&mut self, chat: &str, message: &str) -> bool {
        self.core.room.remove(chat, message)
    }

    /// What happened so far, and what a user sees.
    #[must_use]
    pub fn report(&self) -> Report {
        self.core.tally.report(&self.core.room)
    }

    /// Two edits of one message in flight at a time come to rest in any order.
    fn check_flight(&mut self, now: Moment, read: &Read) {
        let Some(message) = &read.message else { return };
        if let Some(until) = self.core.room.in_flight(&read.chat, message, now) {
            let expected = format!("no change of it before the last is answered, at {until}");
            self.core.tally.violation(ViolationKind::InFlight, expected);
        }
    }

    fn serve(&mut self, now: Moment, read: &Read) -> Answer {
        let limits = self.api.limits(read);
        if let Err(denied) = self.core.pace.enter(now, &limits) {
            return self.deny(now, &denied);
        }
        if read.act != Act::Other {
            if let Some(wait) = self.core.chance.limited(&self.core.options) {
                return self.refuse(now, &limits, wait);
            }
            if self.core.chance.broken(&self.core.options) {
                self.core.tally.broken_by_seed();
                return self.api.broken();
            }
        }
        self.api.apply(&mut self.core, now, read)
    }

    /// Too early: says until when, and blocks until then.
    fn deny(&mut self, now: Moment, denied: &Denied) -> Answer {
        let wait_ns = self.api.wait_ns(denied, &self.core.options);
        self.core.tally.denied(denied, wait_ns);
        self.core.pace.block(now, &denied.scope, wait_ns, true);
        let too_many = self.core.tally.too_many(&self.core.options);
        if let Some(expected) = too_many {
            self.core
                .tally
                .violation(ViolationKind::TooManyRefused, expected);
        }
        let scope = denied.scope.clone();
        self.api.limited(&mut self.core, now, &scope, Some(wait_ns))
    }

    /// Refused by the seed, for no fault of the caller.
    fn refuse(&mut self, now: Moment, limits: &[Limit], wait: Wait) -> Answer {
        let scope = limits
            .first()
            .map_or_else(String::new, |limit| limit.scope.clone());
        let told_ns = match wait {
            Wait::Due => Some(self.core.options.shorter(1_000_000_000).max(1_000_000)),
            Wait::Millis(millis) => Some(millis.saturating_mul(1_000_000)),
            Wait::Untold => None,
        };
        let denied = Denied::by_seed(&scope, told_ns.unwrap_or(0));
        let told_ns = told_ns.map(|told| match told {
            0 => 0,
            _ => self.api.wait_ns(&denied, &self.core.options),
        });
        self.core.tally.refused_by_seed(told_ns);
        if let Some(told) = told_ns.filter(|told| *told > 0) {
            self.core.pace.block(now, &scope, told, false);
        }
        self.api.limited(&mut self.core, now, &scope, told_ns)
    }

    fn finish(&mut self, answer: Answer, lost: bool) -> Response {
        let call = self.core.tally.end(&answer, lost);
        Response {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            after_ns: self.core.options.latency_ns,
            lost,
            call,
        }
    }
}
