//! What happened: calls, what was refused, every breach of the rules, and what a user sees.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use wiretape_core::Moment;

use super::options::Options;
use super::pace::{Denied, Why};
use super::room::Room;
use super::{Answer, NAME_BYTES_MAX, Platform, Read, VIOLATIONS_MAX};

/// What happened to a sink so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whose API it speaks.
    pub platform: Platform,
    /// Requests, of any kind.
    pub calls: u64,
    /// Those that were done, answered or not.
    pub accepted: u64,
    /// Those that were not done.
    pub refused: u64,
    /// Of the refused, those for their pace.
    pub limited: u64,
    /// Of the refused, those by the seed, for no fault of the caller.
    pub by_seed: u64,
    /// Of the accepted, those that were never answered.
    pub lost: u64,
    /// Breaches of the platform's rules, in order; of very many the first ones.
    pub violations: Vec<Violation>,
    /// Violations beyond those.
    pub violations_more: u64,
    /// The messages as a user sees them now, in the order in which they came.
    pub messages: Vec<Shown>,
    /// Older messages of which nothing is known any more.
    pub forgotten: u64,
}

/// A call, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Which call of this sink, from 0.
    pub number: u64,
    /// When it came.
    pub at: Moment,
    /// The platform's name of it; empty where it could not be read.
    pub method: String,
    /// The chat; empty where it is for none.
    pub chat: String,
    /// The message that it changes.
    pub message: Option<String>,
    /// Length of its text, in the platform's unit.
    pub size: Option<usize>,
    /// The HTTP status.
    pub status: u16,
    /// It was done.
    pub ok: bool,
    /// It was done and is never answered.
    pub lost: bool,
    /// How long it was told to wait, in nanoseconds.
    pub wait_ns: Option<u64>,
    /// The rules it broke.
    pub violations: Vec<ViolationKind>,
}

/// One line: `call 7 at 1.200 s: sendMessage, chat 42, 120 long, 429, wait 3 s: over the window`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.at.as_nanos() / 1_000_000;
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        write!(f, "call {} at {seconds}.{millis:03} s: ", self.number)?;
        match self.method.as_str() {
            "" => f.write_str("not read")?,
            method => f.write_str(method)?,
        }
        if !self.chat.is_empty() {
            write!(f, ", chat {}", self.chat)?;
        }
        if let Some(message) = &self.message {
            write!(f, ", message {message}")?;
        }
        if let Some(size) = self.size {
            write!(f, ", {size} long")?;
        }
        write!(f, ", {}", self.status)?;
        if !self.ok && self.status == 200 {
            f.write_str(" refused")?;
        }
        if self.lost {
            f.write_str(", not answered")?;
        }
        if let Some(wait_ns) = self.wait_ns {
            write!(f, ", wait {:?}", Duration::from_nanos(wait_ns))?;
        }
        for (place, kind) in self.violations.iter().enumerate() {
            let before = if place == 0 { ": " } else { ", " };
            write!(f, "{before}{} ({})", kind.words(), kind.m())?;
        }
        Ok(())
    }
}

/// A breach of the platform's rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// When.
    pub at: Moment,
    /// Which call, from 0.
    pub call: u64,
    /// What was broken.
    pub kind: ViolationKind,
    /// The failure that it is: `M-01` to `M-15`.
    pub m: &'static str,
    /// The platform's name of the call.
    pub method: String,
    /// The chat; empty where it is for none.
    pub chat: String,
    /// The message that the call changes.
    pub message: Option<String>,
    /// What was expected in its place.
    pub expected: String,
}

/// What was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ViolationKind {
    /// A call before the end of the wait that a 429 told.
    Blocked,
    /// A call more than a window holds.
    OverWindow,
    /// More calls refused for their pace than the options permit.
    TooManyRefused,
    /// An edit that changes nothing.
    Identical,
    /// A text beyond the platform's size.
    Oversize,
    /// Markup that the platform cannot read.
    BadMarkup,
    /// A change of a stream that is over.
    Expired,
    /// A change of a message that is not there, or not the bot's.
    Gone,
    /// A message without text.
    Empty,
    /// A post that repeats one whose answer was lost.
    Duplicate,
    /// A change of a message while another one is unanswered.
    InFlight,
    /// A request that the platform cannot read.
    Malformed,
    /// A wrong token, or none.
    Unauthorized,
}

impl ViolationKind {
    /// The failure of a forwarder that it shows; a dash where it is none of them.
    #[must_use]
    pub fn m(self) -> &'static str {
        match self {
            Self::Blocked | Self::TooManyRefused => "M-01",
            Self::OverWindow => "M-09",
            Self::Identical => "M-03",
            Self::Oversize => "M-05",
            Self::BadMarkup => "M-06",
            Self::Expired => "M-07",
            Self::Gone => "M-08",
            Self::Empty => "M-10",
            Self::Duplicate => "M-11",
            Self::InFlight => "M-13",
            Self::Malformed | Self::Unauthorized => "-",
        }
    }

    /// In a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Blocked => "called while blocked",
            Self::OverWindow => "over the window",
            Self::TooManyRefused => "too many refused",
            Self::Identical => "identical edit",
            Self::Oversize => "too long",
            Self::BadMarkup => "markup that cannot be read",
            Self::Expired => "stream is over",
            Self::Gone => "no such message to change",
            Self::Empty => "no text",
            Self::Duplicate => "posted again",
            Self::InFlight => "two changes in flight",
            Self::Malformed => "cannot be read",
            Self::Unauthorized => "wrong token",
        }
    }
}

/// A message as a user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The chat.
    pub chat: String,
    /// What the platform calls it.
    pub id: String,
    /// Its text, without the markup that the platform takes out.
    pub text: String,
    /// How often it was changed.
    pub edits: u64,
    /// The bot's; else a user's.
    pub own: bool,
}

/// The report as it grows.
#[derive(Debug)]
pub(crate) struct Tally {
    report: Report,
    now: Call,
}

impl Tally {
    pub(crate) fn new(platform: Platform) -> Self {
        let report = Report {
            platform,
            calls: 0,
            accepted: 0,
            refused: 0,
            limited: 0,
            by_seed: 0,
            lost: 0,
            violations: Vec::new(),
            violations_more: 0,
            messages: Vec::new(),
            forgotten: 0,
        };
        Self {
            report,
            now: Call::default(),
        }
    }

    pub(crate) fn begin(&mut self, at: Moment) {
        self.now = Call {
            number: self.report.calls,
            at,
            ..Call::default()
        };
        self.report.calls += 1;
    }

    pub(crate) fn read(&mut self, read: &Read) {
        // As it was sent; what is applied says it after the markup is taken out.
        let names = ["text", "content", "markdown_text"];
        let text = names.into_iter().find_map(|name| read.form.get(name));
        self.now.size = text.map(|text| match self.report.platform {
            Platform::Telegram => text.encode_utf16().count(),
            Platform::Slack | Platform::Discord => text.chars().count(),
        });
        self.now.method = cut(&read.method);
        self.now.chat = cut(&read.chat);
        self.now.message = read.message.as_deref().map(cut);
    }

    /// Length of the call's text, in the platform's unit.
    pub(crate) fn size(&mut self, units: usize) {
        self.now.size = Some(units);
    }

    pub(crate) fn violation(&mut self, kind: ViolationKind, expected: impl Into<String>) {
        self.now.violations.push(kind);
        if self.report.violations.len() >= VIOLATIONS_MAX {
            self.report.violations_more += 1;
            return;
        }
        self.report.violations.push(Violation {
            at: self.now.at,
            call: self.now.number,
            kind,
            m: kind.m(),
            method: self.now.method.clone(),
            chat: self.now.chat.clone(),
            message: self.now.message.clone(),
            expected: expected.into(),
        });
    }

    /// Refused for its pace.
    pub(crate) fn denied(&mut self, denied: &Denied, wait_ns: u64) {
        self.report.limited += 1;
        self.now.wait_ns = Some(wait_ns);
        let scope = &denied.scope;
        match &denied.why {
            Why::Over { calls, per_ns } => {
                let per = Duration::from_nanos(*per_ns);
                let expected = format!("at most {calls} in {per:?} for {scope}");
                self.violation(ViolationKind::OverWindow, expected);
            }
            Why::Blocked { until, .. } => {
                let expected = format!("nothing before {until} for {scope}");
                self.violation(ViolationKind::Blocked, expected);
            }
            Why::Seed => {}
        }
    }

    pub(crate) fn refused_by_seed(&mut self, wait_ns: Option<u64>) {
        self.report.by_seed += 1;
        self.now.wait_ns = wait_ns;
    }

    pub(crate) fn broken_by_seed(&mut self) {
        self.report.by_seed += 1;
    }

    /// Answers that never came.
    pub(crate) fn lost(&self) -> u64 {
        self.report.lost
    }

    /// What was expected, where more were refused for their pace than the options permit.
    pub(crate) fn too_many(&self, options: &Options) -> Option<String> {
        let max = options.refused_max?;
        let limited = self.report.limited;
        (limited > max).then(|| format!("at most {max} refused for their pace, found {limited}"))
    }

    pub(crate) fn end(&mut self, answer: &Answer, lost: bool) -> Call {
        if answer.ok {
            self.report.accepted += 1;
        } else {
            self.report.refused += 1;
        }
        self.report.lost += u64::from(lost);
        let mut call = std::mem::take(&mut self.now);
        call.status = answer.status;
        call.ok = answer.ok;
        call.lost = lost;
        call
    }

    pub(crate) fn report(&self, room: &Room) -> Report {
        Report {
            messages: room.shown(),
            forgotten: room.forgotten,
            ..self.report.clone()
        }
    }
}

/// A name as it is kept.
pub(crate) fn cut(name: &str) -> String {
    let mut end = name.len().min(NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default().to_owned()
}
