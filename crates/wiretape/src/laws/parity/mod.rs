//! Law 6: what comes through a socket is what the player says in memory: the bytes, where each
//! chunk of HTTP ends, and how the body ends.
//!
//! A server is started on the loopback for the subject, and asked over a bare socket: nothing is
//! between the law and what the system's TCP gives. Times are not compared: everything is sent at
//! once.

mod client;
#[cfg(test)]
mod tests;

use wiretape_core::machine::{Moment, run};
use wiretape_serve::{Flush, Matching};
use wiretape_tape::{EndKind, Header, Source, SourceKind, Tape};
use wiretape_vary::{Action, Player, Profile, Scenario, Script};

use super::partition::shrink;
use super::{Effort, Failure, How, Report, difference};
use crate::Subject;
use crate::server::{MockServer, Replay};
use client::Client;

/// A script of more chunks than this is written in batches, which changes none of what is compared:
/// a system call for each byte of a body would take most of the time.
pub const CHUNKS_WRITTEN_ALONE_MAX: usize = 256;

/// What a client can tell of a body.
#[derive(Debug, PartialEq)]
struct Body {
    ended: Ended,
    /// The chunks that hold bytes; the whole body as one where no chunks frame it.
    chunks: Vec<Vec<u8>>,
}

/// How a body ended, as far as a client can tell.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ended {
    /// As HTTP says it should.
    Complete,
    /// The connection was closed before.
    Closed,
    /// It was reset.
    Reset,
    /// Nothing more came, and it stayed open.
    Stalled,
}

impl Ended {
    fn of(kind: EndKind) -> Self {
        match kind {
            EndKind::Complete => Self::Complete,
            EndKind::Reset => Self::Reset,
            EndKind::Timeout => Self::Stalled,
            _ => Self::Closed,
        }
    }
}

/// Law 6: the tape as it was recorded, then scenarios of every profile by seed, through a socket and
/// without.
#[must_use]
pub fn check(subject: &Subject<'_>, varied: &wiretape_vary::Subject, effort: &Effort) -> Report {
    let tape = tape_of(subject);
    // What is wrong stands in the report.
    let replay = Replay::new(&tape).observe(|_| {});
    let Ok(server) = replay.start_blocking() else {
        let why = "no port of the loopback can be had here";
        return Report::does_not_apply(6, "parity", why);
    };
    let mut wire = Wire {
        client: Client::new(&server.url()),
        server,
        replay: Replay::new(&tape).matching(Matching::First),
        varied,
    };
    let seeds = (0..u64::from(effort.runs)).map(|run| effort.seed.wrapping_add(run));
    let scenarios = seeds.map(|seed| Scenario::generate(seed, Profile::All, varied));
    let mut report = Report::new(6, "parity", How::Sampled);
    let runs = usize::try_from(effort.runs).unwrap_or(usize::MAX);
    let plain = std::iter::once(Scenario::plain());
    for scenario in plain.chain(scenarios).take(runs) {
        let case = wire.compare(&scenario).map_err(|seen| {
            let (scenario, difference) = wire.least(&scenario, seen);
            Failure {
                case: "a scenario through a socket".into(),
                scenario: Some(Box::new(scenario)),
                difference,
            }
        });
        if !report.case(case) {
            break;
        }
    }
    report
}

/// The subject alone, without its request: so that any request is answered.
fn tape_of(subject: &Subject<'_>) -> Tape {
    let source = Source::new(SourceKind::Varied);
    let header = Header::new(Some(subject.dialect.name()), source);
    let mut exchange = subject.exchange.clone();
    exchange.request = None;
    Tape::new(header, vec![exchange])
}

/// A server with a client of it.
struct Wire<'a> {
    client: Client,
    server: MockServer,
    /// The tape as it was recorded.
    replay: Replay,
    varied: &'a wiretape_vary::Subject,
}

impl Wire<'_> {
    /// Plays a scenario in both ways.
    fn compare(&mut self, scenario: &Scenario) -> Result<(), String> {
        let script = scenario.apply(self.varied);
        let expected = played(&script);
        let alone = expected.chunks.len() <= CHUNKS_WRITTEN_ALONE_MAX;
        let replay = self.replay.clone();
        let replay = replay.scenario(scenario.clone()).flush(if alone {
            Flush::Chunk
        } else {
            Flush::Batch
        });
        let mounted = self.server.mount("", replay);
        mounted.map_err(|error| error.to_string())?;
        let stalls = expected.ended == Ended::Stalled;
        let stalls_after = stalls.then_some(script.body().len());
        let (seen, framed) = self.client.ask(stalls_after)?;
        let expected = if framed { expected } else { expected.joined() };
        if seen == expected {
            return Ok(());
        }
        Err(difference(&expected, &seen))
    }

    /// The fewest pieces that still give a difference, and which.
    fn least(&mut self, scenario: &Scenario, difference: String) -> (Scenario, String) {
        let mut last = difference;
        let with = |pieces: &[_]| Scenario {
            pieces: pieces.to_vec(),
            ..scenario.clone()
        };
        let pieces = shrink(&scenario.pieces, |pieces| {
            match self.compare(&with(pieces)) {
                Ok(()) => false,
                Err(difference) => {
                    last = difference;
                    true
                }
            }
        });
        (with(&pieces), last)
    }
}

impl Body {
    /// The same without the places of cuts.
    fn joined(self) -> Self {
        let whole = self.chunks.concat();
        Self {
            chunks: Vec::from_iter(Some(whole).filter(|whole| !whole.is_empty())),
            ..self
        }
    }
}

/// What the player says in memory. A chunk of no bytes cannot be sent: in HTTP it is the last.
fn played(script: &Script) -> Body {
    let mut chunks = Vec::new();
    let mut ended = Ended::Closed;
    // A player's inputs cannot be wrong.
    let _ = run(
        &mut Player::new(script.clone()),
        Moment(0),
        |_, action| match action {
            Action::Bytes(bytes) => chunks.extend(Some(bytes).filter(|bytes| !bytes.is_empty())),
            Action::End(kind) => ended = Ended::of(kind),
        },
    );
    Body { ended, chunks }
}

/// Where two bodies part: in the end, in a chunk.
fn difference(expected: &Body, seen: &Body) -> String {
    if expected.chunks == seen.chunks {
        return difference::of(&expected.ended, &seen.ended);
    }
    let both = expected.chunks.iter().zip(&seen.chunks);
    let same = both.take_while(|(one, other)| one == other).count();
    let chunk = |body: &Body| match body.chunks.get(same) {
        Some(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
        None => format!("the end: {:?}", body.ended),
    };
    let texts = difference::of_texts(&chunk(expected), &chunk(seen));
    format!("chunk {same} of {}, {texts}", expected.chunks.len())
}
