//! Law 6: what comes through a socket is what the player says in memory. Feature `server`.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use wiretape_core::machine::{Moment, run};
use wiretape_serve::{Config, Flush, Mount, Server};
use wiretape_tape::{EndKind, Exchange, Header, Response, Source, SourceKind, Tape};
use wiretape_vary::{Action, Player, Profile, Scenario};

use super::{Effort, Failure, How, Report, difference};
use crate::Subject;

/// Chunks that are sent in a write each.
const WRITES_MAX: usize = 256;

/// A raw client on a real socket gets the chunks of each scenario, each as one chunk of HTTP, and
/// sees the end that the player says.
#[must_use]
pub fn check(subject: &Subject<'_>, varied: &wiretape_vary::Subject, effort: &Effort) -> Report {
    // A thread of its own: the caller may be inside a runtime already.
    let checked = thread::scope(|scope| {
        let law = || -> io::Result<Report> {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(over_sockets(subject, varied, effort))
        };
        scope.spawn(law).join()
    });
    let failure = match checked {
        Ok(Ok(report)) => return report,
        Ok(Err(error)) => Failure::new("the server", format!("expected a socket: {error}")),
        Err(_) => Failure::new("the server", "it panicked"),
    };
    let mut report = Report::new(6, "parity", How::Sampled);
    report.case(Err(failure));
    report
}

async fn over_sockets(
    subject: &Subject<'_>,
    varied: &wiretape_vary::Subject,
    effort: &Effort,
) -> io::Result<Report> {
    let mut report = Report::new(6, "parity", How::Sampled);
    let server = Server::start(Config {
        // A stall is over at once: nothing comes any more, and the client need not wait for it.
        linger: Duration::ZERO,
        ..Config::default()
    });
    let server = server.await?;
    let tape = alone(subject);
    for run in 0..u64::from(effort.runs) {
        let seed = effort.seed.wrapping_add(run);
        let scenario = match run {
            0 => Scenario::plain(),
            _ => Scenario::generate(seed, Profile::All, varied),
        };
        let script = scenario.apply(varied);
        // A write for each byte of a long body takes the system long, and shows nothing more: the
        // chunks of HTTP are the same.
        let flush = match script.steps().len() {
            0..=WRITES_MAX => Flush::Chunk,
            _ => Flush::Batch,
        };
        let mount = Mount::new(&tape).scenario(scenario.clone());
        let mount = mount.flush(flush).close(true);
        server.mount("", mount).map_err(io::Error::other)?;
        let expected = played(Player::new(script));
        let seen = fetch(server.addr()).await?;
        let case = if seen == expected {
            Ok(())
        } else {
            Err(Failure {
                case: format!("seed {seed} through a socket"),
                difference: difference::of(&expected, &seen),
                scenario: Some(scenario),
            })
        };
        if !report.case(case) {
            break;
        }
    }
    Ok(report)
}

/// The subject's exchange as a tape, its answer a stream in chunks of HTTP.
fn alone(subject: &Subject<'_>) -> Tape {
    let header = Header::new(Some(subject.dialect.name()), Source::new(SourceKind::Bare));
    let mut exchange: Exchange = subject.exchange.clone();
    exchange.request = None;
    exchange.response = Some(Response {
        after_ns: 0,
        status: 200,
        headers: vec![("content-type".into(), "text/event-stream".into())],
        extra: serde_json::Map::new(),
    });
    Tape::new(header, vec![exchange])
}

/// What is sent: the chunks, and how it ends.
#[derive(Debug, PartialEq)]
struct Sent {
    chunks: Vec<Vec<u8>>,
    end: Seen,
}

/// An end as a client can tell it from others.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    LastChunk,
    Fin,
    Reset,
}

fn played(mut player: Player) -> Sent {
    let mut chunks = Vec::new();
    let mut end = Seen::Fin;
    // A player's inputs cannot be wrong.
    let _ = run(&mut player, Moment(0), |_, action| match action {
        // A chunk of HTTP without bytes would be the last one.
        Action::Bytes(bytes) if bytes.is_empty() => {}
        Action::Bytes(bytes) => chunks.push(bytes),
        Action::End(EndKind::Complete) => end = Seen::LastChunk,
        Action::End(EndKind::Reset) => end = Seen::Reset,
        Action::End(_) => end = Seen::Fin,
    });
    Sent { chunks, end }
}

async fn fetch(addr: SocketAddr) -> io::Result<Sent> {
    const REQUEST: &[u8] =
        b"POST / HTTP/1.1\r\nhost: law\r\ncontent-length: 15\r\n\r\n{\"stream\":true}";
    let mut socket = TcpStream::connect(addr).await?;
    socket.write_all(REQUEST).await?;
    let mut wire = Vec::new();
    let end = match socket.read_to_end(&mut wire).await {
        Ok(_) => Seen::Fin,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Seen::Reset,
        Err(error) => return Err(error),
    };
    unchunked(&wire, end).ok_or_else(|| {
        let wire = String::from_utf8_lossy(&wire);
        io::Error::other(format!("expected chunks of HTTP/1.1, found {wire:?}"))
    })
}

/// The chunks of an answer; `None` where it is not one in chunks.
fn unchunked(wire: &[u8], end: Seen) -> Option<Sent> {
    let head = wire.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let mut rest = wire.get(head..)?;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        let (from, to) = (line + 2, line + 2 + size);
        if rest.get(to..to + 2)? != b"\r\n" {
            return None;
        }
        if size == 0 {
            let end = Seen::LastChunk;
            return (rest.len() == to + 2).then_some(Sent { chunks, end });
        }
        chunks.push(rest.get(from..to)?.to_vec());
        rest = rest.get(to + 2..)?;
    }
    Some(Sent { chunks, end })
}
