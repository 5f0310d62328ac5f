//! A tape as the answer of a [`wiremock`] server, for tests that have one already.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use wiremock::matchers::{method, path};
//! use wiremock::{Mock, MockServer};
//! use wiretape::respond::Recorded;
//! use wiretape::{FromFile, Tape};
//!
//! let tape = Tape::load("../../recordings/anthropic/text.tape")?;
//! let server = MockServer::start().await;
//! Mock::given(method("POST"))
//!     .and(path("/v1/messages"))
//!     .respond_with(Recorded::new(&tape)?)
//!     .mount(&server)
//!     .await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is lost
//!
//! wiremock answers with a whole body: status, headers and every byte are the tape's, but
//!
//! - **where chunks end**: the body is one piece with a `content-length`. Scenarios that cut it
//!   elsewhere do nothing, and what a client does with half an event is not tested;
//! - **when they come**: all at once, and no hold stops them; so nothing shows that a client hands
//!   out what has arrived;
//! - **how the body ends**: always well. A reset, a stall and a connection that is closed too early
//!   become a shorter body that is complete;
//! - **what a request must say**: exchanges are handed out in order, whatever is asked. The matchers
//!   of wiremock decide which requests come here; a retry takes the next exchange.
//!
//! Of all that the crate's own `MockServer` (feature `server`) loses nothing.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use wiremock::http::{HeaderName, HeaderValue};
use wiremock::{Request, Respond, ResponseTemplate};
use wiretape_tape::{Exchange, Tape};
use wiretape_vary::{Profile, Scenario, Subject};

/// Headers that are not the answer's own: wiremock's stand in their place.
const NOT_SENT: [&str; 7] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The status of the answer when the tape is used up.
const USED_UP: u16 = 404;

/// Answers with the exchanges of a tape, one after the other; see the module for what is lost. When
/// the tape is used up, the answer is a 404 that says so.
#[derive(Debug)]
pub struct Recorded {
    answers: Vec<ResponseTemplate>,
    next: AtomicUsize,
    again: bool,
}

/// Why a tape cannot answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RespondError {
    /// It has no exchange.
    Empty,
    /// It has no such exchange.
    Exchange {
        /// The number asked for.
        exchange: usize,
        /// Exchanges of the tape.
        exchanges: usize,
    },
    /// Of this exchange no response came, or none that HTTP knows.
    NoResponse(usize),
}

impl Recorded {
    /// The exchanges as they were recorded, in order.
    ///
    /// # Errors
    /// When there is none, or one without a response.
    pub fn new(tape: &Tape) -> Result<Self, RespondError> {
        Self::under(tape, |_| Scenario::plain())
    }

    /// Each exchange under the scenario that this seed gives for it. Of its pieces those of the
    /// wire do nothing.
    ///
    /// # Errors
    /// As [`Recorded::new`].
    pub fn seed(tape: &Tape, seed: u64, profile: Profile) -> Result<Self, RespondError> {
        Self::under(tape, |subject| Scenario::generate(seed, profile, subject))
    }

    /// Each exchange under one scenario. Of its pieces those of the wire do nothing.
    ///
    /// # Errors
    /// As [`Recorded::new`].
    pub fn scenario(tape: &Tape, scenario: &Scenario) -> Result<Self, RespondError> {
        Self::under(tape, |_| scenario.clone())
    }

    /// One exchange alone, as often as it is asked for.
    ///
    /// # Errors
    /// When there is no such exchange.
    pub fn only(self, exchange: usize) -> Result<Self, RespondError> {
        let exchanges = self.answers.len();
        let answer = self.answers.into_iter().nth(exchange);
        let missing = RespondError::Exchange {
            exchange,
            exchanges,
        };
        Ok(Self {
            answers: vec![answer.ok_or(missing)?],
            next: AtomicUsize::new(0),
            again: true,
        })
    }

    fn under(tape: &Tape, scenario: impl Fn(&Subject) -> Scenario) -> Result<Self, RespondError> {
        let dialect = tape.header.dialect.as_deref();
        let answer = |(number, exchange): (usize, &Exchange)| {
            let subject = Subject::new(exchange, dialect);
            let script = scenario(&subject).apply(&subject);
            let answer = template(exchange, script.body().to_vec());
            answer.ok_or(RespondError::NoResponse(number))
        };
        let answers: Result<Vec<_>, _> = tape.exchanges.iter().enumerate().map(answer).collect();
        let answers = answers?;
        if answers.is_empty() {
            return Err(RespondError::Empty);
        }
        Ok(Self {
            answers,
            next: AtomicUsize::new(0),
            again: false,
        })
    }
}

impl Respond for Recorded {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let number = if self.again {
            0
        } else {
            self.next.fetch_add(1, Ordering::Relaxed)
        };
        let answer = self.answers.get(number).cloned();
        answer.unwrap_or_else(|| {
            let exchanges = self.answers.len();
            let message = format!("request {number}: the tape has {exchanges} exchanges");
            let error = serde_json::json!({"error": {"type": "wiretape_miss", "message": message}});
            ResponseTemplate::new(USED_UP).set_body_json(error)
        })
    }
}

/// The answer; `None` where none was recorded. Headers that HTTP does not permit are left out.
fn template(exchange: &Exchange, body: Vec<u8>) -> Option<ResponseTemplate> {
    let response = exchange.response.as_ref()?;
    if !(200..600).contains(&response.status) {
        return None;
    }
    let mut template = ResponseTemplate::new(response.status).set_body_bytes(body);
    for (name, value) in &response.headers {
        let header = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(header), Ok(value)) = (header, value) {
            if !NOT_SENT.contains(&header.as_str()) {
                template = template.append_header(header, value);
            }
        }
    }
    Some(template)
}

impl fmt::Display for RespondError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("expected a tape with an exchange, found none"),
            Self::Exchange {
                exchange,
                exchanges,
            } => write!(
                f,
                "expected an exchange below {exchanges}, found {exchange}"
            ),
            Self::NoResponse(exchange) => write!(
                f,
                "exchange {exchange}: expected a response with a status from 200 to 599"
            ),
        }
    }
}

impl std::error::Error for RespondError {}
