//! Clients as processes: one for each run, or a worker that takes one order after the other.
//!
//! A *worker* is a program that reads a line of JSON, does one run, writes a line of JSON, and goes
//! on until its input ends. Lines are UTF-8 and end in LF alone.
//!
//! ```text
//! → {"run":"17","base_url":"http://127.0.0.1:4242/r17","tape":"small.tape","request":{…} or null}
//! ← {"run":"17","text":"…","tool_calls":[{"name":"…","arguments":{…}}],"stop":"…","error":null,
//!    "events":[{"ms":3.1,"text":"He"},{"ms":9.0,"call":"get_weather"}]}
//! ```
//!
//! `base_url` has no `/v1` at its end; `request` is the body of the tape's first request. In the
//! answer everything but `run` may be left out, and what is left out is not compared: most of what a
//! client does is seen from its requests. `arguments_text` stands for arguments that the client
//! does not parse, `"invalid": true` for a call that it will not run.
//!
//! A text that holds both halves of a surrogate pair apart must not be written as `\ud83d\ude00`,
//! which reads as the one character that it is not: as bytes that are no UTF-8 (`surrogatepass` in
//! Python), or each half as U+FFFD, it is seen for what it is.

mod environment;
mod group;
mod line;
mod process;
mod start;
mod tail;
mod worker;

use std::ffi::OsString;
use std::fmt;
use std::future::Future;
use std::io;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Ended, Said};

pub use environment::{DUMMY_KEY, base_urls, dummy_keys, no_proxy};
pub use line::LINE_BYTES_MAX;
pub use tail::STDERR_BYTES_MAX;

/// How a client is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// A new process for each run; the base URL is in its environment.
    #[default]
    Process,
    /// One process that takes an order after the other.
    Worker,
}

/// A client: what is typed to start it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// How it is run.
    pub mode: Mode,
}

/// What a run is to do: the line that a worker gets.
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    /// Its name, which comes back.
    pub run: String,
    /// The server, without a slash or a version at the end.
    pub base_url: String,
    /// The tape's name.
    pub tape: String,
    /// The body of the tape's first request, as it was recorded, where it is JSON.
    pub request: Option<Box<RawValue>>,
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The client's own account.
    pub said: Option<Said>,
    /// How it ended.
    pub ended: Ended,
    /// The end of what it wrote to standard error, secrets replaced.
    pub stderr: String,
    /// The process was started for this order.
    pub fresh: bool,
}

/// A client that cannot be started.
#[derive(Debug)]
pub struct StartError {
    /// The program.
    pub program: String,
    /// Why not.
    pub error: io::Error,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: cannot start it: {}", self.program, self.error)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A client, ready for orders. When it is dropped, its processes are ended.
#[derive(Debug)]
pub struct Client {
    config: Config,
    worker: Option<worker::Worker>,
}

impl Client {
    /// A client; nothing is started before the first order.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            worker: None,
        }
    }

    /// The next order starts a process.
    #[must_use]
    pub fn starts(&self) -> bool {
        self.worker.is_none()
    }

    /// Does one run. It is stopped when `limit` comes, which says how long it had been given.
    ///
    /// # Errors
    /// Where the program cannot be started.
    pub async fn run(
        &mut self,
        order: &Order,
        limit: impl Future<Output = u64>,
    ) -> Result<Reply, StartError> {
        match self.config.mode {
            Mode::Process => process::run(&self.config, order, limit).await,
            Mode::Worker => self.work(order, limit).await,
        }
    }

    async fn work(
        &mut self,
        order: &Order,
        limit: impl Future<Output = u64>,
    ) -> Result<Reply, StartError> {
        let fresh = self.worker.is_none();
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => worker::Worker::start(&self.config, order)?,
        };
        let (said, ended) = worker.run(order, limit).await;
        let stderr = worker.stderr().await;
        // After anything else its next line might be the answer to this order.
        if ended == Ended::Answered {
            self.worker = Some(worker);
        }
        Ok(Reply {
            said,
            ended,
            stderr,
            fresh,
        })
    }

    /// Lets a worker end by itself, for a while.
    pub async fn end(self) {
        if let Some(worker) = self.worker {
            worker.end().await;
        }
    }
}
