//! A replay server in the test's own process. Feature `server`, on by default.
//!
//! ```
//! use wiretape::{MockServer, tape::Tape, vary::Profile};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let body = b"data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
//! let tape = Tape::from_body(body, Some("openai-chat")); // or `Tape::load("recordings/…")?`
//! let server = MockServer::replay(&tape).seed(7, Profile::Reshape).start().await?;
//! let base_url = format!("{}/v1", server.url()); // for your client
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! # let mut socket = tokio::net::TcpStream::connect(server.addr()).await?;
//! # socket.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 15\r\n\r\n{\"stream\":true}").await?;
//! # socket.read_to_end(&mut Vec::new()).await?;
//! // … and then
//! assert_eq!(server.requests().len(), 1);
//! assert_eq!(server.transcript()[0].text, "hi");
//! # drop(base_url);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A test without an async runtime starts it by [`Replay::start_blocking`]. A request that no
//! exchange answers is printed on standard error with a diff, since clients tend to hide it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::{fmt, io};

use tokio::runtime::{Builder, Runtime};
use wiretape_core::{Dialect, Options, Transcript, read};
use wiretape_serve::{
    Config, Flush, Matching, Mount, MountError, Observer, Pace, Report, Seen, Server, State,
};
use wiretape_tape::Tape;
use wiretape_vary::{Profile, Scenario};

/// A server that replays a tape, on a free port of this machine, until it is dropped.
#[derive(Debug)]
pub struct MockServer {
    /// `None` only while it is dropped.
    server: Option<Server>,
    /// Of a server that was started from blocking code.
    runtime: Option<Runtime>,
    mount: Mount,
    dialect: Option<Dialect>,
    verify: bool,
}

/// A replay that has not started yet.
#[derive(Clone, Debug)]
#[must_use = "it replays once it is started"]
pub struct Replay {
    mount: Mount,
    dialect: Option<Dialect>,
    verify: bool,
    quiet: bool,
}

/// Why a server does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The tape, or what is asked of it, cannot be played.
    Mount(MountError),
    /// There is no socket, or no thread, to be had.
    Io(io::Error),
}

impl MockServer {
    /// The tape as it was recorded: its exchanges one after the other, each chunk in one write,
    /// without waiting between them.
    pub fn replay(tape: &Tape) -> Replay {
        let named = tape.header.dialect.as_deref();
        let mut bodies = tape.exchanges.iter().map(wiretape_tape::Exchange::body);
        Replay {
            mount: Mount::new(tape),
            dialect: match named {
                Some(name) => name.parse().ok(),
                None => bodies.find_map(|body| Dialect::sniff(&body)),
            },
            verify: false,
            quiet: false,
        }
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end. Anthropic's clients take it as it is,
    /// those of `OpenAI` with `/v1` behind it.
    #[must_use]
    pub fn url(&self) -> String {
        self.server().url()
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.server().addr()
    }

    /// Every request so far, in order: what your agent sent.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.server().requests("")
    }

    /// How far the replay is.
    #[must_use]
    pub fn state(&self) -> State {
        self.server()
            .state("")
            .unwrap_or_else(|| unreachable!("the root is mounted"))
    }

    /// What a reader must make of each answer that was given, in order of the requests; of a fault,
    /// what ours makes of it. Answers in a dialect that is not read here are left out.
    #[must_use]
    pub fn transcript(&self) -> Vec<Transcript> {
        let answered = self.requests().into_iter().filter_map(|seen| seen.exchange);
        let transcripts = answered.filter_map(|exchange| {
            let body = self.mount.script(exchange)?.body();
            let dialect = self.dialect.or_else(|| Dialect::sniff(body))?;
            Some(Transcript::of(&read(dialect, Options::default(), body)))
        });
        transcripts.collect()
    }

    /// Lets the answers go on that are held ([`Replay::hold_before`]); how many that are.
    pub fn release(&self) -> usize {
        self.server().release("")
    }

    /// From the first exchange again; the requests are forgotten.
    pub fn reset(&self) {
        self.server().reset("");
    }

    /// The server, for all else: more tapes under prefixes of their own, each apart from the others.
    #[must_use]
    pub fn server(&self) -> &Server {
        // Taken by `drop` alone.
        self.server
            .as_ref()
            .unwrap_or_else(|| unreachable!("it runs until it is dropped"))
    }

    /// Every exchange was asked for, and every request was answered.
    ///
    /// # Errors
    /// Which exchanges were not, and how many requests.
    pub fn verify(&self) -> Result<(), String> {
        let state = self.state();
        let mut wrong = Vec::new();
        if !state.unused.is_empty() {
            let (unused, all) = (&state.unused, state.exchanges);
            wrong.push(format!(
                "of {all} exchanges these were not asked for: {unused:?}"
            ));
        }
        if state.misses > 0 {
            let (misses, all) = (state.misses, state.requests);
            wrong.push(format!("of {all} requests {misses} fitted no exchange"));
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(wrong.join("; "))
    }
}

impl Drop for MockServer {
    /// # Panics
    /// After [`Replay::verified`], if [`MockServer::verify`] fails and the test does not panic
    /// already.
    #[expect(clippy::panic, reason = "it is how a test fails")]
    fn drop(&mut self) {
        let verified = match self.verify {
            true => self.verify(),
            false => Ok(()),
        };
        drop(self.server.take());
        if let Some(runtime) = self.runtime.take() {
            // Dropping it here would not do inside another runtime.
            runtime.shutdown_background();
        }
        if let (Err(wrong), false) = (verified, thread::panicking()) {
            panic!("the replay was not used as recorded: {wrong}");
        }
    }
}

impl Replay {
    fn change(mut self, change: impl FnOnce(Mount) -> Mount) -> Self {
        self.mount = change(self.mount);
        self
    }

    /// The protocol, where the tape does not say it.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self.change(|mount| mount.dialect(dialect.name()))
    }

    /// What to do to every exchange.
    pub fn scenario(self, scenario: Scenario) -> Self {
        self.change(|mount| mount.scenario(scenario))
    }

    /// What to do to each exchange, chosen by a seed: `wiretape vary TAPE --exchange I --seed N
    /// --profile NAME` shows the same bytes.
    pub fn seed(self, seed: u64, profile: Profile) -> Self {
        self.change(|mount| mount.seed(seed, profile))
    }

    /// Which exchange answers a request: in sequence, unless this says otherwise.
    pub fn matching(self, matching: Matching) -> Self {
        self.change(|mount| mount.matching(matching))
    }

    /// When chunks are sent: at once, unless this says otherwise.
    pub fn pace(self, pace: Pace) -> Self {
        self.change(|mount| mount.pace(pace))
    }

    /// How chunks are written: each in one write, unless this says otherwise.
    pub fn flush(self, flush: Flush) -> Self {
        self.change(|mount| mount.flush(flush))
    }

    /// The connection is closed after each answer.
    pub fn close(self) -> Self {
        self.change(|mount| mount.close(true))
    }

    /// Stops an exchange before an event, both counted from 0, until [`MockServer::release`]: what
    /// your client shows then, it shows while the reply is still coming.
    pub fn hold_before(self, exchange: usize, event: usize) -> Self {
        self.change(|mount| mount.hold_before(exchange, event))
    }

    /// Dropping the server fails the test where exchanges were not asked for, or requests were not
    /// answered.
    pub fn verified(mut self) -> Self {
        self.verify = true;
        self
    }

    /// Misses are not printed.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Starts it on the current tokio runtime.
    ///
    /// # Errors
    /// When the tape cannot be played as asked, or there is no port.
    pub async fn start(self) -> Result<MockServer, StartError> {
        let observer: Option<Observer> = (!self.quiet).then(|| Arc::new(complain) as Observer);
        let config = Config {
            observer,
            ..Config::default()
        };
        let server = Server::start(config).await.map_err(StartError::Io)?;
        let mounted = server.mount("", self.mount.clone());
        mounted.map_err(StartError::Mount)?;
        Ok(MockServer {
            server: Some(server),
            runtime: None,
            mount: self.mount,
            dialect: self.dialect,
            verify: self.verify,
        })
    }

    /// Starts it on a thread of its own, for code that blocks.
    ///
    /// # Errors
    /// When the tape cannot be played as asked, or there is no port or no thread.
    pub fn start_blocking(self) -> Result<MockServer, StartError> {
        let mut builder = Builder::new_multi_thread();
        let built = builder.worker_threads(1).enable_all().build();
        let runtime = built.map_err(StartError::Io)?;
        // Not `block_on`, which does not do inside another runtime.
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        runtime.spawn(async move { sender.send(self.start().await) });
        let gone = |_| StartError::Io(io::ErrorKind::BrokenPipe.into());
        let mut server = receiver.recv().map_err(gone)??;
        server.runtime = Some(runtime);
        Ok(server)
    }
}

#[expect(clippy::print_stderr, reason = "where a test's output is looked for")]
fn complain(report: &Report) {
    match report {
        Report::Miss { diff, .. } => {
            eprintln!("wiretape: {report}");
            for difference in diff {
                eprintln!("wiretape:   {difference}");
            }
        }
        Report::Refused { .. } => eprintln!("wiretape: {report}"),
        _ => {}
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mount(error) => write!(f, "the tape cannot be replayed: {error}"),
            Self::Io(error) => write!(f, "the server cannot start: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Mount(error) => Some(error),
            Self::Io(error) => Some(error),
        }
    }
}
