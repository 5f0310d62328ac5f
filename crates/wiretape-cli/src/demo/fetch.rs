//! Replies over HTTP from the replay server, read by a consumer.

use std::time::Duration;

use wiretape::http::{Client, Request};
use wiretape_serve::{Config, Flush, Matching, Mount, Server};
use wiretape_tape::{Body, Exchange, Tape};
use wiretape_vary::{Piece, Profile, Scenario, Script, Subject};

use super::read::{Call, Consumer};
use crate::clock::Start;
use crate::exit::Fault;

/// How long a reply that stalls is waited for.
const LINGER: Duration = Duration::from_millis(20);

/// What a consumer made of one reply.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The text it showed.
    pub(super) shown: String,
    /// The calls it ran.
    pub(super) calls: Vec<Call>,
    /// From the return of a read to the text of it being shown, each in nanoseconds.
    pub(super) waits_ns: Vec<u64>,
    /// Each piece of text that was shown, with how many bytes of the body had come by then.
    pub(super) pieces: Vec<(usize, String)>,
}

/// The replay server, with the one reply.
pub(super) struct Replay<'a> {
    server: Server,
    tape: &'a Tape,
    subject: Subject,
}

impl<'a> Replay<'a> {
    pub(super) async fn start(tape: &'a Tape, subject: Subject) -> Result<Self, Fault> {
        let config = Config {
            linger: LINGER,
            ..Config::default()
        };
        let server = Server::start(config).await;
        let server =
            server.map_err(|error| Fault::new(format!("cannot listen on loopback: {error}")))?;
        Ok(Self {
            server,
            tape,
            subject,
        })
    }

    /// The reply as it was recorded: each request gets it.
    pub(super) fn plain(&self) -> Mount {
        Mount::new(self.tape)
            .matching(Matching::First)
            .flush(Flush::Batch)
    }

    /// The reply as a seed varies it, at the pace it was recorded in.
    pub(super) fn vary(&self, seed: u64, profile: Profile) -> Mount {
        let mut scenario = Scenario::generate(seed, profile, &self.subject);
        scenario
            .pieces
            .retain(|piece| !matches!(piece, Piece::Pace { .. }));
        self.plain().scenario(scenario)
    }

    /// The reply's body as it was recorded.
    pub(super) fn body(&self) -> Vec<u8> {
        let first = self.tape.exchanges.first();
        first.map(Exchange::body).unwrap_or_default()
    }

    /// Serves it; its base URL.
    pub(super) fn mount(&self, prefix: &str, mount: Mount) -> Result<String, Fault> {
        let mounted = self.server.mount(prefix, mount);
        mounted.map_err(|error| Fault::new(format!("{prefix}: {error}")))?;
        Ok(format!("{}{prefix}", self.server.url()))
    }

    /// The recorded request, which asks for the reply.
    pub(super) fn request(&self) -> Result<Request, Fault> {
        let recorded = self.tape.exchanges.first();
        let recorded = recorded.and_then(|exchange| exchange.request.as_ref());
        let recorded = recorded.ok_or_else(|| Fault::new("the tape has no request to repeat"))?;
        let body = match &recorded.body {
            Body::Empty => Vec::new(),
            Body::Json(text) | Body::Text(text) => text.clone().into_bytes(),
            Body::Bytes(bytes) => bytes.clone(),
        };
        Ok(Request::new(&recorded.method, &recorded.path).body(body))
    }

    /// Sends the request and gives each read to the consumer, until the reply ends in whatever way.
    pub(super) async fn read(
        &self,
        base: &str,
        mut consumer: impl Consumer,
    ) -> Result<Reading, Fault> {
        let failed = |error| Fault::new(format!("the replay server does not answer: {error}"));
        let client = Client::new(base).map_err(failed)?;
        let mut reading = Reading::default();
        // A fault may come before the head: then there is nothing to read.
        let Ok(mut response) = client.send(self.request()?).await else {
            return Ok(reading);
        };
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await {
            let arrived = Start::now();
            bytes += chunk.len();
            consumer.chunk(&chunk, &mut |text| {
                reading.waits_ns.push(nanos(arrived.elapsed()));
                reading.shown.push_str(text);
                reading.pieces.push((bytes, text.to_owned()));
            });
        }
        reading.calls = consumer.finish();
        Ok(reading)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How a reply is delivered: how many bytes of it have come, by which nanosecond.
pub(super) fn arrivals(mount: &Mount) -> Vec<(usize, u64)> {
    let (mut bytes, mut at_ns) = (0, 0_u64);
    let steps = mount.script(0).map(Script::steps).into_iter().flatten();
    let steps = steps.map(|step| {
        bytes += step.bytes.len();
        at_ns = at_ns.saturating_add(step.after_ns);
        (bytes, at_ns)
    });
    steps.collect()
}
