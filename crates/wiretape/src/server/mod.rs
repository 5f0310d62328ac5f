//! A replay server in the test's own process.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use wiretape::vary::Profile;
//! use wiretape::{FromFile, MockServer, Tape};
//!
//! let tape = Tape::load("../../recordings/anthropic/parallel-tools.tape")?;
//! let server = MockServer::replay(&tape)
//!     .seed(7, Profile::Lawful)
//!     .start()
//!     .await?;
//! // Point a client at it: `ANTHROPIC_BASE_URL`, or its own option.
//! let base_url = server.url();
//! assert!(base_url.starts_with("http://127.0.0.1:"));
//! // What it must come to, whatever was done to the bytes:
//! assert_eq!(server.transcript()?[0].tool_calls.len(), 3);
//! // And what it asked, once it has:
//! assert_eq!(server.requests(), []);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It listens on a free port of the loopback and stops when it is dropped. A request that no
//! recorded exchange answers is a *miss*: it gets a 404, and a line that says what was expected goes
//! to the test's output, since inside the error of an SDK it is hard to see.
//!
//! [`Replay::start`] runs on the test's own runtime: a client that *blocks* the thread waits for
//! ever there if the runtime has no other. For such clients, and for tests without a runtime, there
//! is [`Replay::start_blocking`], which brings a thread.

mod error;
mod replay;
mod thread;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wiretape_core::{Options, Transcript, read};
use wiretape_serve::{MountError, Seen, Server, State};
use wiretape_tape::Tape;

pub use error::{ServerError, Unmet};
use replay::Played;
pub use replay::Replay;
use thread::Thread;

/// How often a wait looks again.
const AGAIN: Duration = Duration::from_millis(1);

/// A replay server, for one test or for many.
///
/// Each tape has a prefix of its own, with its own order of exchanges, requests and holds: tests
/// that run side by side may share one server. The first tape is at the prefix of [`Replay::at`],
/// at the root where none is given; [`MockServer::mount`] adds more. What is asked of the server
/// itself (`url`, `requests`, `state` …) is of the first.
#[derive(Debug)]
pub struct MockServer {
    server: Option<Server>,
    /// What drives it, if it is not the caller's own runtime.
    thread: Option<Thread>,
    first: String,
    played: Mutex<BTreeMap<String, Arc<Played>>>,
}

/// A tape at its prefix.
#[derive(Clone, Debug)]
pub struct Mounted<'a> {
    server: &'a MockServer,
    prefix: String,
}

impl MockServer {
    /// What to replay, as it was recorded; the methods of [`Replay`] say otherwise.
    pub fn replay(tape: &Tape) -> Replay {
        Replay::new(tape)
    }

    fn new(
        server: Server,
        thread: Option<Thread>,
        prefix: String,
        played: Played,
    ) -> Result<Self, ServerError> {
        let new = Self {
            server: Some(server),
            thread,
            first: prefix,
            played: Mutex::default(),
        };
        new.put(&new.first, played)?;
        Ok(new)
    }

    /// Replays another tape beside the first, under `/name` or `/name/more`. What stood there is
    /// replaced. The replay's own prefix and observer have no effect here.
    ///
    /// # Errors
    /// When the prefix cannot be served, or the replay cannot be played.
    pub fn mount(&self, prefix: &str, replay: Replay) -> Result<Mounted<'_>, ServerError> {
        self.put(prefix, replay.into_played())?;
        Ok(Mounted {
            server: self,
            prefix: prefix.to_owned(),
        })
    }

    /// The tape at exactly this prefix.
    #[must_use]
    pub fn at(&self, prefix: &str) -> Option<Mounted<'_>> {
        let prefix = prefix.to_owned();
        let there = self.played().contains_key(&prefix);
        let server = self;
        there.then_some(Mounted { server, prefix })
    }

    /// The base URL for a client, without a slash at the end: see [`Mounted::url`].
    #[must_use]
    pub fn url(&self) -> String {
        self.first().url()
    }

    /// See [`Mounted::requests`].
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.first().requests()
    }

    /// See [`Mounted::state`].
    #[must_use]
    pub fn state(&self) -> State {
        self.first().state()
    }

    /// See [`Mounted::transcript`].
    ///
    /// # Errors
    /// As there.
    pub fn transcript(&self) -> Result<Vec<Transcript>, ServerError> {
        self.first().transcript()
    }

    /// See [`Mounted::release`].
    pub fn release(&self) -> usize {
        self.first().release()
    }

    /// See [`Mounted::held`].
    pub async fn held(&self, within: Duration) -> bool {
        self.first().held(within).await
    }

    /// See [`Mounted::held_blocking`].
    #[must_use]
    pub fn held_blocking(&self, within: Duration) -> bool {
        self.first().held_blocking(within)
    }

    /// See [`Mounted::reset`].
    pub fn reset(&self) {
        self.first().reset();
    }

    /// Of each tape for which [`Replay::expect_all_consumed`] was asked: every exchange answered a
    /// request, and every request was answered. Dropping the server checks the same.
    ///
    /// # Errors
    /// The first tape of which that is not so, and what is missing.
    pub fn verify(&self) -> Result<(), Unmet> {
        let expecting: Vec<String> = {
            let played = self.played();
            let expecting = played.iter().filter(|(_, played)| played.expects_all);
            expecting.map(|(prefix, _)| prefix.clone()).collect()
        };
        for prefix in expecting {
            let server = self;
            let mounted = Mounted { server, prefix };
            let state = mounted.state();
            if !state.unused.is_empty() || state.misses > 0 {
                return Err(Unmet::new(mounted.prefix, state));
            }
        }
        Ok(())
    }

    /// The server itself, for what is not here.
    #[must_use]
    pub fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    fn first(&self) -> Mounted<'_> {
        Mounted {
            server: self,
            prefix: self.first.clone(),
        }
    }

    fn put(&self, prefix: &str, played: Played) -> Result<(), ServerError> {
        if let Some(server) = &self.server {
            server.mount(prefix, played.mount.clone())?;
        }
        self.played().insert(prefix.to_owned(), Arc::new(played));
        Ok(())
    }

    fn played(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Played>>> {
        self.played.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        let verdict = self.verify();
        // Its connections close before the thread that drives them goes.
        drop(self.server.take());
        drop(self.thread.take());
        let Err(unmet) = verdict else {
            return;
        };
        if !std::thread::panicking() {
            #[expect(
                clippy::panic,
                reason = "that is how a test fails, and it was asked for"
            )]
            {
                panic!("{unmet}");
            }
        }
    }
}

impl Mounted<'_> {
    /// The base URL for a client, without a slash at the end; what it appends (`/v1/messages`,
    /// `/chat/completions`) is matched with the recorded path.
    #[must_use]
    pub fn url(&self) -> String {
        let server = self.server.server.as_ref();
        let url = server.map_or_else(String::new, Server::url);
        url + &self.prefix
    }

    /// What was asked, in order, misses too; of very many requests the last ones.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        let server = self.server.server.as_ref();
        server.map_or_else(Vec::new, |server| server.requests(&self.prefix))
    }

    /// How many exchanges were consumed, which were not, how many requests were misses, how many
    /// answers are under way or held.
    #[must_use]
    pub fn state(&self) -> State {
        let server = self.server.server.as_ref();
        let state = server.and_then(|server| server.state(&self.prefix));
        // It was unmounted through the control API: nothing is there to be consumed.
        state.unwrap_or(State {
            exchanges: 0,
            consumed: 0,
            unused: Vec::new(),
            requests: 0,
            misses: 0,
            too_large: 0,
            in_flight: 0,
            held: 0,
        })
    }

    /// What wiretape's own reader makes of each exchange as it is sent, under its scenario, whose
    /// compression is undone: what a client must come to. The exchange of an error, whose body is no
    /// stream, has an empty transcript that is no turn.
    ///
    /// # Errors
    /// When an exchange's dialect is none that this version reads, or it was recorded compressed.
    pub fn transcript(&self) -> Result<Vec<Transcript>, ServerError> {
        let played = self.played()?;
        let scripts = (0..).map_while(|exchange| played.mount.script(exchange));
        let read = |(exchange, script): (usize, &wiretape_vary::Script)| {
            let script = script.decoded();
            let dialect = played.dialect_of(exchange, script.body())?;
            let result = read(dialect, Options::default(), script.body());
            Ok(Transcript::of(&result))
        };
        scripts.enumerate().map(read).collect()
    }

    /// What is sent in answer to an exchange, and when.
    ///
    /// # Errors
    /// When the tape has no such exchange.
    pub fn script(&self, exchange: usize) -> Result<wiretape_vary::Script, ServerError> {
        let played = self.played()?;
        let script = played.mount.script(exchange).cloned();
        script.ok_or(ServerError::Exchange {
            exchange,
            exchanges: played.exchanges,
        })
    }

    /// Lets the answers go on that are held, see [`Replay::hold_before`]; how many that were. An
    /// answer that has not come to its hold yet is not among them: [`Mounted::held`] waits for it.
    pub fn release(&self) -> usize {
        let server = self.server.server.as_ref();
        server.map_or(0, |server| server.release(&self.prefix))
    }

    /// Waits until an answer is held; `false` if that does not happen within this time.
    pub async fn held(&self, within: Duration) -> bool {
        let held = async {
            while self.state().held == 0 {
                tokio::time::sleep(AGAIN).await;
            }
        };
        tokio::time::timeout(within, held).await.is_ok()
    }

    /// The same for a test without a runtime.
    #[must_use]
    pub fn held_blocking(&self, within: Duration) -> bool {
        let mut waited = Duration::ZERO;
        while self.state().held == 0 {
            if within <= waited {
                return false;
            }
            std::thread::sleep(AGAIN);
            waited += AGAIN;
        }
        true
    }

    /// Begins from the first exchange again and forgets the requests.
    pub fn reset(&self) {
        if let Some(server) = &self.server.server {
            server.reset(&self.prefix);
        }
    }

    fn played(&self) -> Result<Arc<Played>, ServerError> {
        let all = self.server.played();
        let played = all.get(&self.prefix).map(Arc::clone);
        played.ok_or_else(|| MountError::Prefix(self.prefix.clone()).into())
    }
}
