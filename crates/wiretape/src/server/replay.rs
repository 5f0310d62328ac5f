//! What to replay, and how.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use wiretape_core::Dialect;
use wiretape_serve::{
    Config, ContextWindow, Flush, Matching, Mount, Observer, Pace, Report, Server,
};
use wiretape_tape::Tape;
use wiretape_vary::{Profile, Scenario};

use super::thread::Thread;
use super::{MockServer, ServerError};
use crate::load::coding;

/// A tape, what to do to it, and how it is asked for: becomes a [`MockServer`].
#[derive(Clone)]
#[must_use = "nothing is replayed before it is started or mounted"]
pub struct Replay {
    played: Played,
    prefix: String,
    observer: Observer,
}

/// What a server keeps of it.
#[derive(Clone, Debug)]
pub(super) struct Played {
    pub(super) mount: Mount,
    pub(super) exchanges: usize,
    /// Of those that were recorded compressed: how.
    codings: BTreeMap<usize, String>,
    pub(super) expects_all: bool,
    /// The dialect asked for, or the tape's own.
    named: Option<String>,
}

impl Played {
    /// The dialect that was named, or the one that the body shows.
    pub(super) fn dialect_of(&self, exchange: usize, body: &[u8]) -> Result<Dialect, ServerError> {
        if let Some(coding) = self.codings.get(&exchange).cloned() {
            return Err(ServerError::Compressed { exchange, coding });
        }
        let unread = || ServerError::Dialect {
            exchange,
            named: self.named.clone(),
        };
        match &self.named {
            Some(name) => name.parse().map_err(|_| unread()),
            None => Dialect::sniff(body).ok_or_else(unread),
        }
    }

    fn changed(self, change: impl FnOnce(Mount) -> Mount) -> Self {
        let mount = change(self.mount);
        Self { mount, ..self }
    }
}

impl Replay {
    pub(crate) fn new(tape: &Tape) -> Self {
        Self {
            played: Played {
                mount: Mount::new(tape),
                exchanges: tape.exchanges.len(),
                codings: (0..)
                    .zip(&tape.exchanges)
                    .filter_map(|(number, one)| Some((number, coding(one)?.to_owned())))
                    .collect(),
                expects_all: false,
                named: tape.header.dialect.clone(),
            },
            prefix: String::new(),
            observer: Arc::new(complain),
        }
    }

    fn with(mut self, change: impl FnOnce(Mount) -> Mount) -> Self {
        self.played = self.played.changed(change);
        self
    }

    /// What to do to every exchange.
    pub fn scenario(self, scenario: Scenario) -> Self {
        self.with(|mount| mount.scenario(scenario))
    }

    /// What to do to each exchange: the scenario that this seed gives for it. `wiretape vary TAPE
    /// --exchange N --seed S --profile P` shows the same bytes.
    pub fn seed(self, seed: u64, profile: Profile) -> Self {
        self.with(|mount| mount.seed(seed, profile))
    }

    /// The protocol, where the tape does not say it or is to be read otherwise.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.played.named = Some(dialect.name().into());
        self.with(|mount| mount.dialect(dialect.name()))
    }

    /// Which exchange answers a request: by default the next, in the order of the tape.
    pub fn matching(self, matching: Matching) -> Self {
        self.with(|mount| mount.matching(matching))
    }

    /// When the chunks are sent: by default at once.
    pub fn pace(self, pace: Pace) -> Self {
        self.with(|mount| mount.pace(pace))
    }

    /// How they are written: by default each in a write of its own.
    pub fn flush(self, flush: Flush) -> Self {
        self.with(|mount| mount.flush(flush))
    }

    /// The connection is closed after each answer, as its head says.
    pub fn close(self) -> Self {
        self.with(|mount| mount.close(true))
    }

    /// Stops an exchange before event `event`, counted from 0, until [`MockServer::release`]: so a
    /// test shows that its client handed out what came before. Several holds add up.
    pub fn hold_before(self, exchange: usize, event: usize) -> Self {
        self.with(|mount| mount.hold_before(exchange, event))
    }

    /// Refuses a request that is larger than a model's context window as its provider would, so that
    /// a client's way of keeping within it can be tested. It uses no exchange up.
    pub fn context_window(self, window: ContextWindow) -> Self {
        self.with(|mount| mount.context_window(window))
    }

    /// The prefix of the base URL: `/name` or `/name/more`.
    pub fn at(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The test fails, when the server is dropped, if a recorded exchange answered no request or a
    /// request was a miss; unless it is failing already.
    pub fn expect_all_consumed(mut self) -> Self {
        self.played.expects_all = true;
        self
    }

    /// Is told what happens, from the server's tasks; it must not block. By default misses and
    /// refusals go to standard error, and nothing else.
    pub fn observe(mut self, observer: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Starts a server on a free port of the loopback, driven by the current runtime of tokio.
    ///
    /// # Errors
    /// When there is no runtime, when no port can be had, or when this cannot be played.
    pub async fn start(self) -> Result<MockServer, ServerError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(ServerError::NoRuntime);
        }
        let server = Server::start(self.config()).await?;
        MockServer::new(server, None, self.prefix, self.played)
    }

    /// The same on a thread of its own, for tests without a runtime and for clients that block.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use wiretape::{FromFile, MockServer, Tape};
    ///
    /// let tape = Tape::load("../../recordings/openai-chat/text.tape")?;
    /// let server = MockServer::replay(&tape).close().start_blocking()?;
    /// let address = server.url().replace("http://", "");
    /// let mut stream = std::net::TcpStream::connect(address)?;
    /// let body = r#"{"model":"any","stream":true}"#;
    /// write!(stream, "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n")?;
    /// write!(stream, "content-length: {}\r\n\r\n{body}", body.len())?;
    /// let mut answer = String::new();
    /// stream.read_to_string(&mut answer)?;
    /// assert!(answer.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When no thread or no port can be had, or when this cannot be played.
    pub fn start_blocking(self) -> Result<MockServer, ServerError> {
        let (server, thread) = Thread::start(self.config())?;
        MockServer::new(server, Some(thread), self.prefix, self.played)
    }

    pub(super) fn into_played(self) -> Played {
        self.played
    }

    fn config(&self) -> Config {
        Config {
            observer: Some(Arc::clone(&self.observer)),
            ..Config::default()
        }
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("played", &self.played)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// What a test's author must see.
fn complain(report: &Report) {
    if let Report::Miss { .. } | Report::TooLarge { .. } | Report::Refused { .. } = report {
        eprintln!("wiretape: {}", report.to_string().trim_start());
    }
}
