//! What is mounted under a prefix: a tape, what is done to it, and how it is asked for.

use std::sync::{Arc, OnceLock};
use std::{fmt, io};

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWrite;
use wiretape_core::Dialect;
use wiretape_tape::{EndKind, Exchange, SourceKind, Tape, Unknown};
use wiretape_vary::{Profile, Scenario, Script, Subject};

use crate::config::Limits;
use crate::matching::Asked;
use crate::play::{Part, play};
use crate::reply::{Manner, Reply};
use crate::session::Turn;
use crate::window::ContextWindow;

/// A tape with what is done to it. It is compiled once, when it is first needed; clones share that.
/// A clone under another scenario still shares the tape, taken apart once.
///
/// ```
/// use wiretape_serve::{Matching, Mount, Pace};
/// use wiretape_tape::Tape;
/// use wiretape_vary::Profile;
///
/// let tape = Tape::from_body(b"data: {\"choices\":[]}\n\ndata: [DONE]\n\n", None);
/// let mount = Mount::new(&tape)
///     .seed(7, Profile::Lawful)
///     .matching(Matching::First)
///     .pace(Pace::Scripted { n: 2, of: 1 })
///     .hold_before(0, 1);
/// assert!(mount.script(0).is_some());
/// ```
#[derive(Clone, Debug)]
pub struct Mount {
    tape: Arc<Tape>,
    dialect: Option<String>,
    doing: Doing,
    settings: Settings,
    /// The exchanges taken apart: the same for every scenario.
    subjects: Arc<OnceLock<Vec<Subject>>>,
    compiled: OnceLock<Arc<Compiled>>,
}

/// What is done to each exchange.
#[derive(Clone, Debug)]
enum Doing {
    Scenario(Scenario),
    Seed(u64, Profile),
}

/// How a mount is played and matched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) matching: Matching,
    pub(crate) pace: Pace,
    pub(crate) flush: Flush,
    pub(crate) close: bool,
    pub(crate) window: Option<ContextWindow>,
    holds: Vec<(usize, usize)>,
}

/// Which exchange answers a request.
///
/// A retry is no new turn. It is one if it says so (`x-stainless-retry-count`), or if it repeats a
/// request whose answer failed: a status of 400 or more, an end that is not complete, a client that
/// left. It gets the next exchange if the tape holds the retry too, else the same one again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Matching {
    /// The next in the tape, if method, path and streaming agree. Paths agree without their query
    /// and without what a client's base URL puts in front (`/v1`, `/openai`, `/api` …).
    #[default]
    Sequence,
    /// The first unused one whose method, path with query, and JSON body are equal; the values of
    /// keys in the query are not compared.
    Strict {
        /// JSON pointers to parts of the body that are not compared.
        #[serde(default)]
        ignore: Vec<String>,
    },
    /// The first that agrees as in a sequence; where several do, the first of them that has the
    /// same body. It is never used up.
    First,
}

/// When the chunks are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Pace {
    /// At once: every wait is 0, the scenario's too.
    #[default]
    Instant,
    /// At the script's moments, `n / of` times as fast.
    Scripted {
        /// Numerator, not 0.
        n: u32,
        /// Denominator, not 0.
        of: u32,
    },
}

/// How chunks are written. The chunks of HTTP are the script's in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flush {
    /// Each in a write of its own.
    #[default]
    Chunk,
    /// Those that are due together in one write.
    Batch,
}

/// A mount that cannot be played, or a prefix that cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MountError {
    /// The prefix is neither empty nor `/name[/more]`.
    Prefix(String),
    /// The prefix is the control API's.
    Reserved(String),
    /// As many mounts as the server takes are there.
    TooMany(usize),
    /// The tape has no exchange.
    Empty,
    /// No dialect has this name.
    Dialect(String),
    /// A speed of 0, or divided by 0.
    Speed,
    /// A hold is before an event of an exchange that the tape does not have.
    Hold {
        /// The exchange.
        exchange: usize,
        /// Exchanges of the tape.
        exchanges: usize,
    },
    /// An exchange has no recorded request, so it can never be asked for strictly.
    NoRequest(usize),
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) => write!(
                f,
                "prefix {prefix:?}: expected an empty one, or /name or /name/more of letters, digits \
                 and -._~"
            ),
            Self::Reserved(prefix) => {
                write!(
                    f,
                    "prefix {prefix:?}: expected another, the control API has this one"
                )
            }
            Self::TooMany(max) => write!(f, "expected at most {max} mounts"),
            Self::Empty => f.write_str("expected a tape with an exchange, found none"),
            Self::Dialect(name) => {
                let names = Dialect::ALL.map(Dialect::name).join(" or ");
                write!(f, "dialect {name:?}: expected {names}")
            }
            Self::Speed => f.write_str("pace: expected a speed n / of without a 0"),
            Self::Hold {
                exchange,
                exchanges,
            } => write!(
                f,
                "hold: expected an exchange below {exchanges}, found {exchange}"
            ),
            Self::NoRequest(exchange) => write!(
                f,
                "strict matching: expected a recorded request, exchange {exchange} has none"
            ),
        }
    }
}

impl std::error::Error for MountError {}

/// Every exchange as it will be played.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) dialect: Option<Dialect>,
    pub(crate) exchanges: Vec<Attempts>,
    pub(crate) turns: Vec<Turn>,
}

/// An exchange's answers, attempt by attempt; the last stands for all that follow.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    replies: Vec<Arc<Reply>>,
    /// Of each reply the script.
    scripts: Vec<Script>,
}

impl Compiled {
    /// What an attempt gets.
    pub(crate) fn reply(&self, exchange: usize, attempt: usize) -> Option<&Arc<Reply>> {
        let replies = &self.exchanges.get(exchange)?.replies;
        replies.get(attempt).or_else(|| replies.last())
    }
}

impl Mount {
    /// The tape as it was recorded, at once, in sequence.
    #[must_use]
    pub fn new(tape: &Tape) -> Self {
        Self {
            tape: Arc::new(tape.clone()),
            dialect: None,
            doing: Doing::Scenario(Scenario::plain()),
            settings: Settings::default(),
            subjects: Arc::default(),
            compiled: OnceLock::new(),
        }
    }

    /// The protocol, by its name, where the tape does not say it or is to be read otherwise.
    #[must_use]
    pub fn dialect(mut self, name: &str) -> Self {
        self.dialect = Some(name.to_owned());
        self.subjects = Arc::default();
        self.changed()
    }

    /// What to do to every exchange, or to the one that the scenario names. A retry gets what
    /// [`Scenario::retries`] says, where it says something.
    #[must_use]
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.doing = Doing::Scenario(scenario);
        self.changed()
    }

    /// What to do to each exchange: the scenario that this seed gives for it.
    #[must_use]
    pub fn seed(mut self, seed: u64, profile: Profile) -> Self {
        self.doing = Doing::Seed(seed, profile);
        self.changed()
    }

    /// Which exchange answers a request.
    #[must_use]
    pub fn matching(mut self, matching: Matching) -> Self {
        self.settings.matching = matching;
        self.changed()
    }

    /// When the chunks are sent. A client that closes its connection, or its own half of it, while
    /// nothing is due has left.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.settings.pace = pace;
        self
    }

    /// How they are written.
    #[must_use]
    pub fn flush(mut self, flush: Flush) -> Self {
        self.settings.flush = flush;
        self
    }

    /// Whether the connection is closed after each answer, and says so in its head.
    #[must_use]
    pub fn close(mut self, close: bool) -> Self {
        self.settings.close = close;
        self
    }

    /// Refuses a request that is larger than a model's context window, its `max_tokens` included,
    /// as the provider would: status 400, the dialect's own shape, words and numbers. Such a request
    /// uses no exchange up.
    #[must_use]
    pub fn context_window(mut self, window: ContextWindow) -> Self {
        self.settings.window = Some(window);
        self
    }

    /// Stops an exchange before an event until it is released: before the chunk that completes
    /// event `event`, counted from 0, be it a server-sent event, a line or a value of JSON, or a
    /// message of AWS; before chunk `event` where the body has no events; before the end where there
    /// is no such one. Each answer stops anew. Several holds add up.
    #[must_use]
    pub fn hold_before(mut self, exchange: usize, event: usize) -> Self {
        self.settings.holds.push((exchange, event));
        self.changed()
    }

    /// What is played of an exchange: its bytes, and its moments before the mount's own pace. Of
    /// several attempts it is the first's.
    #[must_use]
    pub fn script(&self, exchange: usize) -> Option<&Script> {
        self.scripts(exchange).first()
    }

    /// The same, attempt by attempt; the last stands for all that follow. Empty where the tape has no
    /// such exchange.
    #[must_use]
    pub fn scripts(&self, exchange: usize) -> &[Script] {
        let attempts = self.compiled().exchanges.get(exchange);
        attempts.map_or(&[], |attempts| &attempts.scripts)
    }

    /// Plays an exchange into `out` as it would be sent to a client of HTTP/1.1 that keeps its
    /// connection: without a socket, and without holds. `Ok`: how it ended, all being written.
    ///
    /// # Errors
    /// Where the tape has no such exchange, or `out` takes no more.
    pub async fn play(&self, exchange: usize, out: impl AsyncWrite + Unpin) -> io::Result<EndKind> {
        let Some(reply) = self.compiled().reply(exchange, 0) else {
            let message = format!("the tape has no exchange {exchange}");
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        };
        let part = Part {
            reply,
            manner: Manner::default(),
            pace: self.settings.pace,
            flush: self.settings.flush,
            write_time: Limits::default().write_time,
            ahead_bytes: 0,
        };
        let mut io = tokio::io::join(tokio::io::empty(), out);
        let sent = play(&mut io, &mut Vec::new(), part, None).await;
        match sent.whole {
            true => Ok(sent.end),
            false => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    pub(crate) fn check(&self) -> Result<(), MountError> {
        let exchanges = &self.tape.exchanges;
        if exchanges.is_empty() {
            return Err(MountError::Empty);
        }
        if let Some(name) = &self.dialect {
            if known(name).is_none() {
                return Err(MountError::Dialect(name.clone()));
            }
        }
        if let Pace::Scripted { n: 0, .. } | Pace::Scripted { of: 0, .. } = self.settings.pace {
            return Err(MountError::Speed);
        }
        let outside = |(exchange, _): &&(usize, usize)| exchanges.len() <= *exchange;
        if let Some(&(exchange, _)) = self.settings.holds.iter().find(outside) {
            let exchanges = exchanges.len();
            return Err(MountError::Hold {
                exchange,
                exchanges,
            });
        }
        if matches!(self.settings.matching, Matching::Strict { .. }) {
            let without = |exchange: &Exchange| exchange.request.is_none();
            if let Some(exchange) = exchanges.iter().position(without) {
                return Err(MountError::NoRequest(exchange));
            }
        }
        Ok(())
    }

    pub(crate) fn into_settings(self) -> Settings {
        self.settings
    }

    pub(crate) fn compiled(&self) -> &Arc<Compiled> {
        self.compiled.get_or_init(|| Arc::new(self.compile()))
    }

    /// What was compiled no longer holds.
    fn changed(mut self) -> Self {
        self.compiled = OnceLock::new();
        self
    }

    fn compile(&self) -> Compiled {
        let name = self.dialect.as_ref().or(self.tape.header.dialect.as_ref());
        let header = &self.tape.header;
        let mut dialect = name.and_then(|name| known(name));
        let mut exchanges = Vec::with_capacity(self.tape.exchanges.len());
        let mut turns = Vec::with_capacity(self.tape.exchanges.len());
        for (number, exchange) in self.tape.exchanges.iter().enumerate() {
            let subject = || self.subject(number, name.map(String::as_str));
            let of_this = self.settings.holds.iter().filter(|(of, _)| *of == number);
            let holds: Vec<usize> = of_this.map(|(_, event)| *event).collect();
            let bare =
                header.source.kind == SourceKind::Bare || exchange.lacks(header, Unknown::Headers);
            let mut attempts = Attempts::default();
            for played in self.doing.apply(number, exchange, subject) {
                let Played { script, label } = played;
                dialect = dialect.or_else(|| Dialect::sniff(&exchange.body()));
                attempts.scripts.push(script.clone());
                let reply = Reply::new(exchange, script, label, bare, &holds);
                attempts.replies.push(Arc::new(reply));
            }
            turns.push(Turn {
                asked: self.asked(exchange),
                fails: attempts.replies.iter().map(|reply| reply.fails()).collect(),
            });
            exchanges.push(attempts);
        }
        Compiled {
            dialect,
            exchanges,
            turns,
        }
    }

    /// An exchange taken apart; clones of this mount with another scenario share it.
    fn subject(&self, number: usize, dialect: Option<&str>) -> Option<&Subject> {
        let subjects = self.subjects.get_or_init(|| {
            let exchanges = self.tape.exchanges.iter();
            let subject = |exchange: &Exchange| {
                // The same choice as everywhere, so that a seed gives the same bytes everywhere.
                let sniffed = || Dialect::sniff(&exchange.body()).map(Dialect::name);
                Subject::new(exchange, dialect.or_else(sniffed))
            };
            exchanges.map(subject).collect()
        });
        subjects.get(number)
    }

    fn asked(&self, exchange: &Exchange) -> Option<Asked> {
        let ignore = match &self.settings.matching {
            Matching::Strict { ignore } => ignore.as_slice(),
            _ => &[],
        };
        let request = exchange.request.as_ref()?;
        Some(Asked::recorded(request, ignore))
    }
}

/// One attempt: the script, and how what was done is named in a report.
struct Played {
    script: Script,
    label: String,
}

impl Played {
    fn plain(exchange: &Exchange) -> Self {
        Self {
            script: Script::plain(exchange),
            label: "plain".to_owned(),
        }
    }
}

impl Doing {
    /// What is played of an exchange, attempt by attempt. As recorded, it need not be taken apart.
    fn apply<'a>(
        &self,
        number: usize,
        exchange: &Exchange,
        subject: impl Fn() -> Option<&'a Subject>,
    ) -> Vec<Played> {
        let plain = || vec![Played::plain(exchange)];
        let drawn;
        let (scenario, label) = match self {
            Self::Scenario(scenario) if !scenario.is_of(number) => return plain(),
            Self::Scenario(scenario) => (scenario, None),
            Self::Seed(seed, profile) => {
                let Some(subject) = subject() else {
                    return plain();
                };
                drawn = Scenario::generate(*seed, *profile, subject);
                (&drawn, Some(format!("seed {seed}, profile {profile}")))
            }
        };
        let attempts = [Some(&scenario.pieces), scenario.retries.as_ref()];
        let attempts = attempts.into_iter().flatten().zip(["", ", retried"]);
        let played = attempts.map(|(pieces, again)| {
            let Some(subject) = subject().filter(|_| !pieces.is_empty()) else {
                return Played::plain(exchange);
            };
            let label = match (&label, pieces.len()) {
                (Some(label), _) => format!("{label}{again}"),
                (None, 1) => format!("1 piece{again}"),
                (None, count) => format!("{count} pieces{again}"),
            };
            Played {
                script: Scenario::of(pieces.clone()).apply(subject),
                label,
            }
        });
        played.collect()
    }
}

fn known(name: &str) -> Option<Dialect> {
    Dialect::ALL
        .into_iter()
        .find(|dialect| dialect.name() == name)
}
