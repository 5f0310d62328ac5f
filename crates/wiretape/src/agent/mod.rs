//! The agent's loop over real HTTP: the machine of [`wiretape_core::agent`] with a clock, a client and
//! tools.
//!
//! Text is handed to a callback as it comes, tools are asynchronous closures that run in parallel,
//! and everything else (budget, gate, retries, deadlines, history) is the machine's.
//!
//! ```
//! use wiretape::agent::{Driver, Show};
//! use wiretape::core::agent::{Agent, Options, Outcome};
//! use wiretape::core::budget::{self, Heuristic};
//! use wiretape::core::conversation::Conversation;
//! use wiretape::core::Dialect;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut conversation = Conversation::new(Dialect::Anthropic);
//! conversation.set("model", r#""claude-sonnet-4-6""#)?;
//! conversation.set("max_tokens", "1024")?;
//! conversation.set("tools", r#"[{"name":"time","description":"The time in a city",
//!     "input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}]"#)?;
//! let budget = budget::Options::new(200_000);
//! let agent = Agent::new(conversation, budget, Heuristic::default(), Options::default());
//!
//! let mut driver = Driver::new("http://127.0.0.1:8080", agent)?
//!     .header("x-api-key", "test")
//!     .tool("time", |call| async move {
//!         match call.input["city"].as_str() {
//!             Some(city) => Ok(format!("It is noon in {city}.")),
//!             None => Err("which city?".into()),
//!         }
//!     })
//!     .show(|show| match show {
//!         Show::Text(text) => print!("{text}"),
//!         Show::Reset => print!("\n(again)\n"),
//!         Show::Break => println!(),
//!     });
//! let outcome = driver.prompt("What time is it in Paris?").await;
//! assert!(matches!(outcome, Outcome::Done { .. }));
//! println!("{}", driver.agent().conversation().body());
//! # Ok(())
//! # }
//! ```

mod clock;
mod task;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use wiretape_core::Machine;
use wiretape_core::agent::{Action, Agent, Input, Outcome, Request};
use wiretape_core::budget::TokenCounter;
use wiretape_core::turn::ToolCall;

use crate::http::{Client, HttpError};
use clock::Clock;
use task::Task;
use wire::Told;

/// What is waiting to be taken at most, of all responses and tools together. A sender waits.
const WAITING_MAX: usize = 64;

/// What to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show<'a> {
    /// More of the text.
    Text(&'a str),
    /// What was shown since the last `Break` is void.
    Reset,
    /// What was shown is final: calls run now, or the run is over.
    Break,
}

type Answer = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;
type Tool = Arc<dyn Fn(ToolCall) -> Answer + Send + Sync>;

/// An agent, the server it asks and the tools it runs.
pub struct Driver<C> {
    agent: Agent<C>,
    client: Client,
    /// What each request has besides the dialect's own: credentials.
    headers: Vec<(String, String)>,
    tools: BTreeMap<String, Tool>,
    show: Box<dyn FnMut(Show<'_>) + Send>,
    clock: Clock,
    /// The responses that are read.
    reading: BTreeMap<u64, Task>,
    /// The tools that run, by the key of the call.
    running: BTreeMap<String, Task>,
    tell: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
}

/// Stops a run from elsewhere.
#[derive(Clone, Debug)]
pub struct Canceller {
    tell: mpsc::Sender<Told>,
}

impl Canceller {
    /// Stops what [`Driver::prompt`] does now; without effect where it does nothing.
    pub async fn cancel(&self) {
        // Without a driver there is nothing to stop.
        let _ = self.tell.send(Told::Cancel).await;
    }
}

impl<C: TokenCounter> Driver<C> {
    /// A driver that asks the server at this base URL, to which the dialect's path is added:
    /// `/v1/messages`, `/v1beta/models/NAME:streamGenerateContent`. Where the base ends with what the
    /// path begins with (`/v1`, `/v1beta`, `/api`), it is there once.
    ///
    /// # Errors
    /// Where the URL is none, or not of plain `http`.
    pub fn new(base: &str, agent: Agent<C>) -> Result<Self, HttpError> {
        let (tell, told) = mpsc::channel(WAITING_MAX);
        Ok(Self {
            agent,
            client: Client::new(base)?,
            headers: Vec::new(),
            tools: BTreeMap::new(),
            show: Box::new(|_| {}),
            clock: Clock::start(),
            reading: BTreeMap::new(),
            running: BTreeMap::new(),
            tell,
            told,
        })
    }

    /// With one more header on each request.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a tool. `Err` becomes an error result. One that panics does so for itself alone.
    #[must_use]
    pub fn tool<F, R>(mut self, name: &str, run: F) -> Self
    where
        F: Fn(ToolCall) -> R + Send + Sync + 'static,
        R: Future<Output = Result<String, String>> + Send + 'static,
    {
        let tool: Tool = Arc::new(move |call| Box::pin(run(call)));
        self.tools.insert(name.into(), tool);
        self
    }

    /// With a place for the text. It is called from the task that drives, and must not block.
    #[must_use]
    pub fn show(mut self, show: impl FnMut(Show<'_>) + Send + 'static) -> Self {
        self.show = Box::new(show);
        self
    }

    /// The machine, with its conversation.
    #[must_use]
    pub fn agent(&self) -> &Agent<C> {
        &self.agent
    }

    /// What stops a run from elsewhere.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller {
            tell: self.tell.clone(),
        }
    }

    /// Runs the loop until the prompt is answered, or the run ends in another way.
    ///
    /// Where an earlier call was dropped before its end, that run is cancelled first.
    pub async fn prompt(&mut self, text: &str) -> Outcome {
        if !self.agent.is_idle() {
            self.handle(Input::Cancel);
            self.act();
        }
        // What was told of the run before, and cancelling it, has nothing to do with this one.
        while self.told.try_recv().is_ok() {}
        self.handle(Input::Prompt(text));
        loop {
            if let Some(outcome) = self.act() {
                self.reading.clear();
                self.running.clear();
                return outcome;
            }
            let told = match self.agent.deadline() {
                Some(deadline) => self.clock.before(deadline, self.told.recv()).await,
                None => self.told.recv().await,
            };
            match told {
                Some(told) => self.take(&told),
                None => {
                    let advanced = self.agent.advance(self.clock.now());
                    debug_assert!(advanced.is_ok(), "time is no misuse");
                }
            }
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        let handled = self.agent.handle(self.clock.now(), input);
        debug_assert!(handled.is_ok(), "{handled:?}");
    }

    fn take(&mut self, told: &Told) {
        match told {
            Told::Head {
                attempt,
                status,
                headers,
            } => {
                let headers = headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
                self.handle(Input::Head {
                    attempt: *attempt,
                    status: *status,
                    headers: &headers.collect::<Vec<_>>(),
                });
            }
            Told::Chunk { attempt, bytes } => self.handle(Input::Chunk {
                attempt: *attempt,
                bytes,
            }),
            Told::Closed { attempt, how } => {
                self.reading.remove(attempt);
                self.handle(Input::Closed {
                    attempt: *attempt,
                    how: *how,
                });
            }
            Told::Result { key, result } => {
                // Only one that still runs: a result may be on its way when its call is given up.
                if self.running.remove(key).is_some() {
                    let (content, is_error) = match result {
                        Ok(content) => (content, false),
                        Err(content) => (content, true),
                    };
                    self.handle(Input::Result {
                        key,
                        content,
                        is_error,
                    });
                }
            }
            Told::Cancel => self.handle(Input::Cancel),
        }
    }

    /// Does what the machine wants done; gives the end of the run.
    fn act(&mut self) -> Option<Outcome> {
        while let Some(action) = self.agent.poll() {
            match action {
                Action::Request(request) => self.send(request),
                Action::Abort { attempt } => drop(self.reading.remove(&attempt)),
                Action::Text(text) => (self.show)(Show::Text(&text)),
                Action::Reset => (self.show)(Show::Reset),
                Action::Break => (self.show)(Show::Break),
                Action::Call(call) => self.call(call),
                Action::CancelCall { key } => drop(self.running.remove(&key)),
                Action::Finished(outcome) => return Some(outcome),
                // Of a later version: what this one does not know it cannot do.
                _ => {}
            }
        }
        None
    }

    fn send(&mut self, request: Request) {
        let path = behind(self.client.prefix(), &request.path);
        let mut http = crate::http::Request::post(path);
        let own = request.headers.iter();
        let own = own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        http.headers = own.chain(self.headers.iter().cloned()).collect();
        let http = http.body(request.body);
        let (client, tell) = (self.client.clone(), self.tell.clone());
        let reading = wire::read(client, http, request.attempt, tell);
        self.reading.insert(request.attempt, Task::spawn(reading));
    }

    fn call(&mut self, call: ToolCall) {
        let key = call.execution_key().to_owned();
        let answer = match self.tools.get(&call.name) {
            // Called inside the task: what panics there does so for itself.
            Some(tool) => {
                let tool = Arc::clone(tool);
                Task::spawn(task::answer(
                    async move { tool(call).await },
                    key.clone(),
                    self.tell.clone(),
                ))
            }
            None => {
                let known: Vec<&str> = self.tools.keys().map(String::as_str).collect();
                let why = format!("there is no tool {:?}, only {known:?}", call.name);
                let answer = async move { Err(why) };
                Task::spawn(task::answer(answer, key.clone(), self.tell.clone()))
            }
        };
        self.running.insert(key, answer);
    }
}

/// The path behind a base URL, which often has its first segment already, as `OPENAI_BASE_URL` has
/// the version.
fn behind<'p>(prefix: &str, path: &'p str) -> &'p str {
    let end = path.bytes().skip(1).position(|byte| byte == b'/');
    let Some((first, rest)) = end.and_then(|end| path.split_at_checked(end + 1)) else {
        return path;
    };
    if prefix.ends_with(first) { rest } else { path }
}

impl<C> fmt::Debug for Driver<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the headers: they hold credentials.
        f.debug_struct("Driver")
            .field("agent", &self.agent)
            .field("client", &self.client)
            .field("tools", &self.tools.keys())
            .finish_non_exhaustive()
    }
}
