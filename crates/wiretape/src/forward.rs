//! A [`Throttle`] over real HTTP: text goes in, a platform's API is called at the pace it permits.
//!
//! One task per reply: it waits for text, for the answer of the call under way, and for the
//! throttle's deadline. [`Forwarder::new`] takes any base URL, so that the platform's server, a
//! sink of [`wiretape_serve::sink`] or a proxy that brings TLS may answer.
//!
//! ```
//! use tokio::sync::mpsc::channel;
//! use wiretape::core::forward::{Options, Outcome, Platform, api::Chat};
//! use wiretape::forward::{Forwarder, Said};
//! use wiretape::serve::{Config, Server, sink};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let server = Server::start(Config::default()).await?;
//! let telegram = sink::Sink::new(sink::Platform::Telegram, sink::Options::default());
//! server.mount_sink("/telegram", telegram)?;
//!
//! let chat = Chat { id: "42".to_owned(), token: "7:key".to_owned() };
//! let base_url = format!("{}/telegram", server.url());
//! let forwarder = Forwarder::new(&base_url, Platform::Telegram, chat, Options::default())?;
//! let (text, said) = channel(64);
//! let forwarded = tokio::spawn(forwarder.run(said));
//! for word in ["It ", "is ", "raining."] {
//!     text.send(Said::Text(word.to_owned())).await?;
//! }
//! text.send(Said::End).await?;
//! let outcome = forwarded.await??;
//! assert!(matches!(outcome, Outcome::Delivered { messages: 1, .. }));
//! let report = server.sink("/telegram").unwrap_or_else(|| unreachable!("it is mounted"));
//! assert_eq!(report.messages[0].text, "It is raining.");
//! assert_eq!(report.violations, []);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::error::Error as StdError;
use std::fmt;

use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep_until};
use wiretape_core::forward::api::{self, ApiRequest, Chat};
use wiretape_core::forward::{
    Action, Answer, Error, Input, Left, Options, Outcome, Platform, Policy, Scope, Throttle,
};
use wiretape_core::{Machine, Moment};

use crate::http::{Client, HttpError, Request};

/// Bytes of a platform's answer that are read; the messages it repeats are far shorter.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What is said of a reply while it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// More of its text.
    Text(String),
    /// A step ended and a tool runs: what follows is a new paragraph.
    Break,
    /// The model starts again: what it said is void.
    Reset,
    /// It is complete. So it is where the sender is dropped.
    End,
    /// The user wants no more of it.
    Stop,
}

/// Why a reply is not forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardError {
    /// The base URL is none.
    Http(HttpError),
    /// The platform has no HTTP API.
    NoApi(Platform),
    /// The throttle does not take what was said.
    Throttle(Error),
    /// The throttle has nothing to wait for and has not finished.
    Stuck,
}

impl fmt::Display for ForwardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::NoApi(platform) => write!(f, "{platform:?} has no HTTP API"),
            Self::Throttle(error) => error.fmt(f),
            Self::Stuck => f.write_str("the throttle waits for nothing"),
        }
    }
}

impl StdError for ForwardError {}

impl From<HttpError> for ForwardError {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<Error> for ForwardError {
    fn from(error: Error) -> Self {
        Self::Throttle(error)
    }
}

/// Forwards one reply to one chat.
#[derive(Debug)]
pub struct Forwarder {
    client: Client,
    platform: Platform,
    chat: Chat,
    throttle: Throttle,
}

/// What became of a call.
struct Answered {
    call: u64,
    answer: Answer,
    left: Option<Left>,
}

impl Forwarder {
    /// For a platform's API under `base_url`, such as `http://127.0.0.1:8089/telegram`: what follows
    /// it is the platform's own path. Nothing is sent yet.
    ///
    /// # Errors
    /// Where the URL is none, or the platform has no API here.
    pub fn new(
        base_url: &str,
        platform: Platform,
        chat: Chat,
        options: Options,
    ) -> Result<Self, ForwardError> {
        Self::with_policy(base_url, platform, platform.policy(), chat, options)
    }

    /// The same with a policy of one's own: shorter windows for a test, wider ones for a paid plan.
    ///
    /// # Errors
    /// As [`Forwarder::new`].
    pub fn with_policy(
        base_url: &str,
        platform: Platform,
        policy: Policy,
        chat: Chat,
        options: Options,
    ) -> Result<Self, ForwardError> {
        if platform == Platform::Plain {
            return Err(ForwardError::NoApi(platform));
        }
        Ok(Self {
            client: Client::new(base_url)?,
            platform,
            chat,
            throttle: Throttle::new(policy, options),
        })
    }

    /// Runs until nothing more is to be called. `said` is closed when nobody reads on, so that a send
    /// that fails means: stop the model.
    ///
    /// # Errors
    /// What the throttle does not take. What the platform refuses is an [`Outcome`].
    pub async fn run(mut self, mut said: Receiver<Said>) -> Result<Outcome, ForwardError> {
        let clock = Clock::start();
        let mut calls = JoinSet::new();
        let mut open = true;
        loop {
            while let Some(action) = self.throttle.poll() {
                match action {
                    Action::Finished(outcome) => return Ok(outcome),
                    Action::StopModel => {
                        said.close();
                        open = false;
                    }
                    call => self.start(&call, &mut calls),
                }
            }
            let deadline = self.throttle.deadline();
            if !open && calls.is_empty() && deadline.is_none() {
                return Err(ForwardError::Stuck);
            }
            tokio::select! {
                // What the platform said is known before more is wanted of it.
                biased;
                Some(answered) = calls.join_next() => {
                    if let Ok(Answered { call, answer, left }) = answered {
                        let now = clock.now();
                        if let Some(left) = left {
                            self.throttle.handle(now, Input::Left(left))?;
                        }
                        self.throttle.handle(now, Input::Answer { call, answer })?;
                    }
                }
                () = clock.until(deadline) => self.throttle.advance(clock.now())?,
                more = said.recv(), if open => {
                    open = !matches!(more, None | Some(Said::End | Said::Stop));
                    self.throttle.handle(clock.now(), input(more.as_ref()))?;
                }
            }
        }
    }

    /// Begins a call.
    fn start(&self, action: &Action, calls: &mut JoinSet<Answered>) {
        let call = match action {
            Action::Post { call, .. } | Action::Edit { call, .. } | Action::Delete { call, .. } => {
                *call
            }
            Action::StopModel | Action::Finished(_) => return,
        };
        let client = self.client.clone();
        let platform = self.platform;
        let request = api::request(platform, &self.chat, action);
        calls.spawn(async move {
            let (answer, left) = match request {
                Some(request) => ask(&client, platform, request).await,
                None => (refused("no call of this platform"), None),
            };
            Answered { call, answer, left }
        });
    }
}

fn refused(why: &str) -> Answer {
    Answer::Refused {
        why: why.to_owned(),
    }
}

fn input(said: Option<&Said>) -> Input<'_> {
    match said {
        Some(Said::Text(text)) => Input::Text(text),
        Some(Said::Break) => Input::Break,
        Some(Said::Reset) => Input::Reset,
        Some(Said::Stop) => Input::Stop,
        Some(Said::End) | None => Input::End,
    }
}

/// Makes a call and reads what the platform says to it.
async fn ask(client: &Client, platform: Platform, call: ApiRequest) -> (Answer, Option<Left>) {
    let mut request = Request::new(call.method, &call.path).body(call.body);
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    let mut response = match client.send(request).await {
        Ok(response) => response,
        // It certainly never left.
        Err(HttpError::Connect(_)) => {
            let (retry_after_ns, scope) = (None, Scope::Global);
            return (
                Answer::Limited {
                    retry_after_ns,
                    scope,
                },
                None,
            );
        }
        Err(HttpError::NoHead(_)) => return (Answer::Lost, None),
        Err(error) => return (refused(&error.to_string()), None),
    };
    let body = response.rest(ANSWER_BYTES_MAX).await;
    let body = String::from_utf8_lossy(&body);
    let headers = response.headers.iter();
    let headers: Vec<(&str, &str)> = headers.map(|(name, value)| (&**name, &**value)).collect();
    let answer = api::answer(platform, response.status, &headers, &body);
    (answer, api::left(&headers))
}

/// A reply's own clock. Time is read here alone.
#[derive(Clone, Copy)]
struct Clock {
    start: Instant,
}

impl Clock {
    fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    fn now(self) -> Moment {
        let ns = self.start.elapsed().as_nanos();
        Moment(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// Returns at this moment; never where there is none.
    async fn until(self, moment: Option<Moment>) {
        let wait = moment.map(|moment| Duration::from_nanos(moment.as_nanos()));
        match wait.and_then(|wait| self.start.checked_add(wait)) {
            Some(instant) => sleep_until(instant).await,
            None => std::future::pending().await,
        }
    }
}
