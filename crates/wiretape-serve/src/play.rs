//! Plays a reply into a connection: what a player says, at its moments.

use std::convert::Infallible;
use std::future::poll_fn;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use wiretape_core::machine::{Machine, Moment};
use wiretape_tape::EndKind;
use wiretape_vary::{Control, Due, Player};

use crate::clock::Clock;
use crate::mount::{Flush, Pace};
use crate::mounted::Flight;
use crate::reply::{Framed, Framing, Manner, Reply, scaled};
use crate::report::Outcome;
use crate::request::hang_up;
use crate::session::Wrote;

/// Bytes of one write at most where chunks are put together; a longer chunk goes alone.
const BATCH_BYTES_MAX: usize = 64 << 10;

/// What is played, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) reply: &'a Reply,
    pub(crate) manner: Manner,
    pub(crate) pace: Pace,
    pub(crate) flush: Flush,
    /// How long the client may take nothing.
    pub(crate) write_time: Duration,
    /// Bytes of requests that it may send ahead.
    pub(crate) ahead_bytes: usize,
}

/// What was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) chunks: usize,
    /// As the script says, or `client_closed`.
    pub(crate) end: EndKind,
    pub(crate) whole: bool,
}

/// The client is gone, or takes nothing any more.
#[derive(Debug)]
struct Gone;

/// Plays it. `ahead` keeps what the client sends meanwhile. Without a flight nothing is held.
///
/// What the end means for the connection is left to the caller: only a complete one is written.
pub(crate) async fn play<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    ahead: &mut Vec<u8>,
    part: Part<'_>,
    flight: Option<&mut Flight>,
) -> Sent {
    let mut playing = Playing {
        io,
        ahead,
        part,
        flight,
        sent: 0,
    };
    let (whole, end) = match playing.all().await {
        Ok(end) => (true, end),
        Err(Gone) => (false, EndKind::ClientClosed),
    };
    let chunks = playing.sent;
    let well = whole && end == EndKind::Complete && !part.reply.fails();
    let outcome = match well {
        true => Outcome::Complete,
        false => Outcome::Failed,
    };
    if let Some(flight) = playing.flight.as_mut().filter(|_| end == EndKind::Timeout) {
        flight.stall();
    }
    playing.tell(outcome, chunks, whole);
    Sent { chunks, end, whole }
}

struct Playing<'a, S> {
    io: &'a mut S,
    ahead: &'a mut Vec<u8>,
    part: Part<'a>,
    flight: Option<&'a mut Flight>,
    /// Chunks that were sent.
    sent: usize,
}

/// What to do next.
enum Step {
    /// Write these chunks, and with `last` what ends a complete body.
    Write {
        chunks: Range<usize>,
        last: bool,
    },
    End(EndKind),
    Wait,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Playing<'_, S> {
    async fn all(&mut self) -> Result<EndKind, Gone> {
        let reply = self.part.reply;
        self.before_head().await?;
        let head = reply.head(self.part.manner);
        let framing = reply.framing(self.part.manner);
        if framing == Framing::Empty && reply.script.end == EndKind::Complete {
            self.tell_complete(0);
        }
        self.send(&head).await?;
        if !head.is_empty() {
            self.wrote(true);
        }
        drop(head);
        if self.part.manner.head_only {
            return Ok(EndKind::Complete);
        }
        self.body(framing).await
    }

    /// The recorded time until the head.
    async fn before_head(&mut self) -> Result<(), Gone> {
        let wait = match self.part.pace {
            Pace::Instant => 0,
            Pace::Scripted { n, of } => {
                scaled(crate::clock::nanos(self.part.reply.head_after), n, of)
            }
        };
        match wait {
            0 => Ok(()),
            wait => self.wait_until(Clock::start(), Moment(wait)).await,
        }
    }

    async fn body(&mut self, framing: Framing) -> Result<EndKind, Gone> {
        let reply = self.part.reply;
        let framed = reply.framed(framing == Framing::Chunked);
        let clock = Clock::start();
        let pace = match self.part.pace {
            Pace::Instant => wiretape_vary::Pace::Instant,
            Pace::Scripted { n, of } => wiretape_vary::Pace::Speed { n, of },
        };
        let mut player = Player::new(Arc::clone(&reply.script)).at_pace(pace);
        let mut released = None;
        sure(player.advance(Moment(0)));
        loop {
            let position = player.position();
            if released != Some(position) && self.holds(position) {
                self.hold(&mut player, clock).await?;
                released = Some(position);
            }
            match self.step(&mut player, framed, framing) {
                Step::Write { chunks, last } => {
                    let bytes = reply.bytes(framed, chunks.clone(), last);
                    let delimited = matches!(framing, Framing::Length(_));
                    if last || (delimited && chunks.end == reply.script.steps().len()) {
                        self.tell_complete(chunks.end);
                    }
                    self.send(bytes).await?;
                    self.wrote(false);
                    self.sent = chunks.end;
                    if player.is_finished() {
                        return Ok(reply.script.end);
                    }
                }
                Step::End(end) => return Ok(end),
                Step::Wait => {
                    if let Some(due) = player.deadline() {
                        self.wait_until(clock, due).await?;
                    }
                    sure(player.advance(clock.now()));
                }
            }
        }
    }

    fn step(&self, player: &mut Player, framed: &Framed, framing: Framing) -> Step {
        let last = |end| end == EndKind::Complete && framing == Framing::Chunked;
        let first = match player.poll_due() {
            None => return Step::Wait,
            Some(Due::End(end)) if last(end) => {
                let chunks = player.position()..player.position();
                return Step::Write { chunks, last: true };
            }
            Some(Due::End(end)) => return Step::End(end),
            Some(Due::Chunk(first)) => first,
        };
        let mut to = first + 1;
        if self.part.flush == Flush::Chunk {
            let (chunks, last) = (first..to, false);
            return Step::Write { chunks, last };
        }
        let from = framed.end_before(first);
        while !self.holds(to) && framed.end_before(to + 1) <= from + BATCH_BYTES_MAX {
            match player.poll_due() {
                Some(Due::Chunk(next)) => to = next + 1,
                Some(Due::End(end)) => {
                    let (chunks, last) = (first..to, last(end));
                    return Step::Write { chunks, last };
                }
                None => break,
            }
        }
        let (chunks, last) = (first..to, false);
        Step::Write { chunks, last }
    }

    /// It stops before this chunk.
    fn holds(&self, chunk: usize) -> bool {
        self.flight.is_some() && self.part.reply.holds.binary_search(&chunk).is_ok()
    }

    /// Stops the player's clock until it is released.
    async fn hold(&mut self, player: &mut Player, clock: Clock) -> Result<(), Gone> {
        let Some(flight) = self.flight.as_deref() else {
            return Ok(());
        };
        sure(player.handle(clock.now(), Control::Hold));
        tokio::select! {
            biased;
            () = flight.released() => {}
            () = hang_up(self.io, self.ahead, self.part.ahead_bytes) => return Err(Gone),
        }
        sure(player.handle(clock.now(), Control::Release));
        Ok(())
    }

    async fn wait_until(&mut self, clock: Clock, moment: Moment) -> Result<(), Gone> {
        tokio::select! {
            biased;
            () = clock.until(moment) => Ok(()),
            () = hang_up(self.io, self.ahead, self.part.ahead_bytes) => Err(Gone),
        }
    }

    /// All in one write, unless the socket takes no more for now.
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let io = &mut *self.io;
        let mut rest = bytes;
        // The clock is not needed as long as the socket takes what it is given.
        let all = poll_fn(|cx| {
            while !rest.is_empty() {
                match Pin::new(&mut *io).poll_write(cx, rest) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(Gone)),
                    Poll::Ready(Ok(sent)) => rest = rest.get(sent..).unwrap_or_default(),
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Gone)),
                    Poll::Pending => return Poll::Ready(Ok(false)),
                }
            }
            Poll::Ready(Ok(true))
        });
        if all.await? {
            return Ok(());
        }
        while !rest.is_empty() {
            match timeout(self.part.write_time, self.io.write(rest)).await {
                Ok(Ok(sent @ 1..)) => rest = rest.get(sent..).unwrap_or_default(),
                _ => return Err(Gone),
            }
        }
        Ok(())
    }

    /// Told before the write after which the client has the whole answer.
    fn tell_complete(&mut self, chunks: usize) {
        if !self.part.reply.fails() {
            self.tell(Outcome::Complete, chunks, true);
        }
    }

    fn tell(&mut self, outcome: Outcome, chunks: usize, whole: bool) {
        let no_body = self.part.reply.framing(self.part.manner) == Framing::Empty;
        let bytes = if no_body {
            0
        } else {
            self.part.reply.body_bytes(chunks)
        };
        let bytes = bytes as u64;
        if let Some(flight) = &mut self.flight {
            flight.end(outcome, Wrote { bytes, whole });
        }
    }

    fn wrote(&mut self, head: bool) {
        if let Some(flight) = &self.flight {
            flight.mounted.session().wrote(flight.ticket, head);
        }
    }
}

/// A player takes every input.
fn sure(done: Result<(), Infallible>) {
    match done {
        Ok(()) => {}
        Err(never) => match never {},
    }
}
