//! A tape as the answer of a [`wiremock`] server, for those who already use one. Feature `wiremock`.
//!
//! What is lost: wiremock sends a body in one piece. Where the recording cut it, when each chunk
//! came, and how the connection ended are gone, and so are the failures that only those show. The
//! bytes, the status and the headers stay. A reply that did not end well (reset, cut, stalled) is
//! answered as if it had. For all of it, use `MockServer` of this crate (feature `server`).
//!
//! ```
//! use wiremock::{Mock, MockServer, matchers::{method, path}};
//! use wiretape::{respond::Replay, tape::Tape, vary::Scenario};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let tape = Tape::from_body(b"data: {\"choices\":[]}\n\ndata: [DONE]\n\n", Some("openai-chat"));
//! let server = MockServer::start().await;
//! let replay = Replay::new(&tape, 0).expect("an exchange with a response");
//! let post = Mock::given(method("POST")).and(path("/v1/chat/completions"));
//! post.respond_with(replay.scenario(&Scenario::plain())).mount(&server).await;
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

use wiremock::{Request, Respond, ResponseTemplate};
use wiretape_tape::{Exchange, Tape};
use wiretape_vary::{Profile, Scenario, Subject};

/// One exchange of a tape, as often as it is asked for.
#[derive(Clone, Debug)]
pub struct Replay {
    exchange: Exchange,
    subject: Subject,
    body: Vec<u8>,
}

impl Replay {
    /// The answer of this exchange, counted from 0; `None` where the tape has no such exchange, or
    /// it has no response.
    #[must_use]
    pub fn new(tape: &Tape, exchange: usize) -> Option<Self> {
        let exchange = tape.exchanges.get(exchange)?;
        exchange.response.as_ref()?;
        let subject = Subject::new(exchange, tape.header.dialect.as_deref());
        Some(Self {
            exchange: exchange.clone(),
            body: subject.body().to_vec(),
            subject,
        })
    }

    /// The bytes as a scenario changes them. Where it cuts and when it sends is lost.
    #[must_use]
    pub fn scenario(mut self, scenario: &Scenario) -> Self {
        self.body = scenario.apply(&self.subject).body().to_vec();
        self
    }

    /// The bytes as the scenario of a seed changes them.
    #[must_use]
    pub fn seed(self, seed: u64, profile: Profile) -> Self {
        let scenario = Scenario::generate(seed, profile, &self.subject);
        self.scenario(&scenario)
    }
}

/// Headers about the connection, or about a length that may have changed.
const FRAMING: [&str; 5] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "transfer-encoding",
];

impl Respond for Replay {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let recorded = self.exchange.response.as_ref();
        let status = recorded.map_or(200, |response| response.status);
        let headers = recorded.map_or(&[][..], |response| &response.headers);
        let kind = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-type");
        let kind = headers.iter().find(kind);
        let kind = kind.map_or("text/event-stream", |(_, value)| value.as_str());
        let answer = ResponseTemplate::new(status).set_body_raw(self.body.clone(), kind);
        let kept = headers.iter().filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            name != "content-type" && !FRAMING.contains(&name.as_str())
        });
        kept.fold(answer, |answer, (name, value)| {
            answer.append_header(name.as_str(), value.as_str())
        })
    }
}
