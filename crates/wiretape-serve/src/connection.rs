//! One connection: its requests, answered in order.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use wiretape_tape::EndKind;

use crate::answer::{self, Answer};
use crate::clock::Clock;
use crate::head::Head;
use crate::matching::Asked;
use crate::mount::Matching;
use crate::mounted::{Flight, Mounted, Stalled};
use crate::play::{Part, Sent, play};
use crate::reply::{Framing, Manner, Reply};
use crate::report::{Outcome, Report, without_keys};
use crate::request::{self, Refusal, Stop};
use crate::server::{Shared, stopped};
use crate::session::{Choice, Live, Ticket, Wrote};
use crate::sink::MountedSink;
use crate::{close, control};

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Again,
    Fin,
    Reset,
    Stall,
    /// It is over already.
    Gone,
}

/// What a request is for, with its path there.
enum Target {
    Control,
    Replay(Arc<Mounted>, String),
    Sink(Arc<MountedSink>, String),
}

struct Connection {
    stream: TcpStream,
    /// What was read and not used.
    buffer: Vec<u8>,
    shared: Arc<Shared>,
    /// Becomes true when the server stops.
    stopping: watch::Receiver<bool>,
    /// The answer at whose end the connection stalls.
    stalled: Option<Stalled>,
}

/// Serves a connection to its end.
pub(crate) async fn run(stream: TcpStream, shared: Arc<Shared>, stopping: watch::Receiver<bool>) {
    // Where it fails, chunks may be put together: no reason not to answer.
    let _ = stream.set_nodelay(true);
    let mut connection = Connection {
        stream,
        buffer: Vec::new(),
        shared,
        stopping,
        stalled: None,
    };
    let next = loop {
        match connection.serve().await {
            Next::Again => {}
            next => break next,
        }
    };
    let Connection {
        stream,
        shared,
        mut stopping,
        mut stalled,
        ..
    } = connection;
    let end = async {
        match next {
            Next::Again | Next::Gone => {}
            Next::Fin => close::fin(stream).await,
            Next::Reset => close::reset(stream).await,
            Next::Stall => {
                let left = || {
                    if let Some(stalled) = &mut stalled {
                        stalled.left = true;
                    }
                };
                close::stall(stream, shared.config.linger, left).await;
            }
        }
    };
    tokio::select! {
        () = end => {}
        () = stopped(&mut stopping), if next == Next::Stall => {}
    }
}

impl Connection {
    /// Answers one request.
    async fn serve(&mut self) -> Next {
        let limits = self.shared.config.limits;
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
            tokio::select! {
                biased;
                begun = request::begin(&self.stream, &limits) => if begun.is_err() { return Next::Gone },
                // Nothing was read or is to be sent: to drop it is to close it.
                () = stopped(&mut self.stopping) => return Next::Gone,
            }
        }
        let head = request::head(&mut self.stream, &mut self.buffer, &limits).await;
        let head = match head {
            Ok(head) => head,
            Err(stop) => return self.stop(stop).await,
        };
        let target = match self.route(&head) {
            Ok(target) => target,
            Err(refusal) => return self.stop(refusal.into()).await,
        };
        let body = request::body(&mut self.stream, &mut self.buffer, &head, &limits).await;
        let body = match body {
            Ok(body) => body,
            Err(stop) => return self.stop(stop).await,
        };
        if self.buffer.is_empty() {
            // An answer may take long, and a request's buffer is large beside what it needs.
            self.buffer = Vec::new();
        }
        let manner = Manner {
            old: head.old,
            head_only: head.method == "HEAD",
            close: head.close || *self.stopping.borrow(),
            cors: self.shared.config.cors,
        };
        match target {
            Target::Control => {
                let answer = control::answer(&self.shared, &head, &body);
                self.send(&answer, manner).await
            }
            _ if head.method == "OPTIONS" => {
                let answer = control::options(&head, manner.cors);
                self.send(&answer, manner).await
            }
            Target::Sink(sink, path) => self.take(&sink, &path, &head, &body, manner).await,
            Target::Replay(mounted, path) => self.replay(mounted, path, head, body, manner).await,
        }
    }

    /// What a request is for: the longest prefix, and of a tape and a sink at the same, the sink.
    fn route(&self, head: &Head) -> Result<Target, Refusal> {
        let path = head.path();
        if control::is_for(path) || path == "*" {
            return Ok(Target::Control);
        }
        let below = |prefix: &str| {
            let rest = head.target.get(prefix.len()..).unwrap_or_default();
            let slash = if rest.starts_with('/') { "" } else { "/" };
            format!("{slash}{rest}")
        };
        match (self.shared.find(path), self.shared.find_sink(path)) {
            (Some(mounted), Some(sink)) if sink.prefix.len() < mounted.prefix.len() => {
                let path = below(&mounted.prefix);
                Ok(Target::Replay(mounted, path))
            }
            (_, Some(sink)) => {
                let path = below(&sink.prefix);
                Ok(Target::Sink(sink, path))
            }
            (Some(mounted), None) => {
                let path = below(&mounted.prefix);
                Ok(Target::Replay(mounted, path))
            }
            (None, None) => {
                let message = format!("{path}: expected a path under {}", self.shared.prefixes());
                Err(Refusal::new(404, "not_found", message))
            }
        }
    }

    /// Lets a sink take a request.
    async fn take(
        &mut self,
        sink: &MountedSink,
        path: &str,
        head: &Head,
        body: &[u8],
        manner: Manner,
    ) -> Next {
        let response = sink.handle(head, path, body);
        self.shared.report(|| Report::Called {
            prefix: sink.prefix.clone(),
            call: response.call.clone(),
        });
        tokio::select! {
            () = sink.due(&response) => {}
            () = stopped(&mut self.stopping) => {}
        }
        if response.lost {
            return Next::Fin;
        }
        self.send(&Answer::of_sink(response), manner).await
    }

    /// Answers from the tape.
    async fn replay(
        &mut self,
        mounted: Arc<Mounted>,
        path: String,
        head: Head,
        body: Vec<u8>,
        mut manner: Manner,
    ) -> Next {
        let clock = Clock::start();
        manner.close |= mounted.settings.close;
        let ignore = match &mounted.settings.matching {
            Matching::Strict { ignore } => ignore.as_slice(),
            _ => &[],
        };
        let body_bytes = body.len();
        let dialect = mounted.compiled.dialect;
        let window = mounted.settings.window.as_ref();
        let too_large = window.and_then(|w| w.measure(dialect, &head.method, &path, &body));
        let live = Live {
            asked: Asked::new(&head.method, &path, &body, ignore),
            headers: head.headers,
            body,
        };
        let (method, path) = (head.method, without_keys(&path));
        let prefix = mounted.prefix.clone();
        if let (Some(large), Some(dialect)) = (too_large, dialect) {
            let ticket = mounted.too_large(live, &self.shared.config.limits);
            self.shared
                .report(|| large.report(dialect, prefix, ticket.number, path));
            let answer = large.answer(dialect);
            return self.refuse(&mounted, ticket, &answer, manner).await;
        }
        match mounted.answer(live, &self.shared.config.limits) {
            Choice::Miss { ticket, miss } => {
                let compiled = &mounted.compiled;
                let answer = answer::miss(compiled.dialect, &miss, &compiled.turns);
                self.shared.report(|| Report::Miss {
                    prefix,
                    number: ticket.number,
                    method,
                    path,
                    why: miss.why,
                    nearest: miss.nearest,
                    diff: miss.diff,
                });
                self.refuse(&mounted, ticket, &answer, manner).await
            }
            Choice::Exchange {
                ticket,
                exchange,
                attempt,
                retry,
            } => {
                self.shared.report(|| Report::Request {
                    prefix,
                    number: ticket.number,
                    method,
                    path,
                    body_bytes,
                    retry,
                    exchange,
                });
                let place = (exchange, attempt);
                self.play(mounted, ticket, place, manner, clock).await
            }
        }
    }

    async fn play(
        &mut self,
        mounted: Arc<Mounted>,
        ticket: Ticket,
        (exchange, attempt): (usize, usize),
        manner: Manner,
        clock: Clock,
    ) -> Next {
        let Some(reply) = mounted.compiled.reply(exchange, attempt).map(Arc::clone) else {
            return Next::Fin;
        };
        let settings = &mounted.settings;
        let limits = &self.shared.config.limits;
        let part = Part {
            reply: &reply,
            manner,
            pace: settings.pace,
            flush: settings.flush,
            write_time: limits.write_time,
            ahead_bytes: limits.head_bytes,
        };
        let mut flight = Flight::new(Arc::clone(&mounted), ticket);
        let flying = Some(&mut flight);
        let sent = play(&mut self.stream, &mut self.buffer, part, flying).await;
        self.shared.report(|| {
            let bytes = reply.body_bytes(sent.chunks);
            Report::Played {
                prefix: mounted.prefix.clone(),
                number: ticket.number,
                exchange,
                scenario: reply.scenario.clone(),
                bytes,
                chunks: sent.chunks,
                sha256: reply.sha256(bytes),
                same_bytes: sent.whole && reply.same_bytes,
                equal: sent.whole && reply.equal,
                end: sent.end,
                whole: sent.whole,
                elapsed: clock.elapsed(),
            }
        });
        if reply.status.is_none() && sent.end == EndKind::UpstreamError {
            let message = "the recorded server gave no answer";
            let dialect = mounted.compiled.dialect;
            let body = answer::error(dialect, "upstream_error", message);
            return self.send(&Answer::json(502, &body), manner).await;
        }
        self.stalled = flight.stalled.take();
        after(sent, &reply, manner)
    }

    /// Answers a request that no exchange answers, and notes that it was sent.
    async fn refuse(
        &mut self,
        mounted: &Mounted,
        ticket: Ticket,
        answer: &Answer,
        manner: Manner,
    ) -> Next {
        // Noted before the client can know it, corrected where it never will.
        let bytes = if manner.head_only {
            0
        } else {
            answer.body_bytes()
        };
        let note = |bytes, whole| {
            let mut session = mounted.session();
            session.wrote(ticket, whole);
            session.end(ticket, Outcome::Failed, Wrote { bytes, whole });
        };
        note(bytes, true);
        let next = self.send(answer, manner).await;
        if next == Next::Gone {
            note(0, false);
        }
        next
    }

    async fn send(&mut self, answer: &Answer, manner: Manner) -> Next {
        let bytes = answer.bytes(manner);
        let limit = self.shared.config.limits.write_time;
        match timeout(limit, self.stream.write_all(&bytes)).await {
            Ok(Ok(())) if manner.close => Next::Fin,
            Ok(Ok(())) => Next::Again,
            _ => Next::Gone,
        }
    }

    async fn stop(&mut self, stop: Stop) -> Next {
        let Stop::Refused(refusal) = stop else {
            return Next::Gone;
        };
        let answer = Answer::from(&refusal);
        self.shared.report(|| Report::Refused {
            status: refusal.status,
            message: refusal.message,
        });
        let manner = Manner {
            close: true,
            cors: self.shared.config.cors,
            ..Manner::default()
        };
        self.send(&answer, manner).await
    }
}

/// What the end of an answer means for the connection.
fn after(sent: Sent, reply: &Reply, manner: Manner) -> Next {
    if !sent.whole {
        return Next::Gone;
    }
    match sent.end {
        EndKind::Complete if manner.close || reply.framing(manner) == Framing::Close => Next::Fin,
        EndKind::Complete => Next::Again,
        EndKind::Reset => Next::Reset,
        EndKind::Timeout => Next::Stall,
        _ => Next::Fin,
    }
}
