//! The response's body on its way to the client: each piece is on the tape before it goes on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use serde_json::Map;
use tokio::time::{Instant, Sleep, sleep};
use wiretape_tape::EndKind;

use crate::connect::{chain, io_kind};
use crate::exchange::Exchange;
use crate::wire::Link;

/// A body that is recorded as it passes.
pub(crate) struct Recorded {
    from: Incoming,
    exchange: Exchange,
    link: Arc<Link>,
    idle: Duration,
    alarm: Pin<Box<Sleep>>,
    /// It failed, and fails towards the client once all is written.
    broken: bool,
    done: bool,
}

/// The body did not end as HTTP says it should; the client's must not either.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the upstream server's body broke off")
    }
}

impl std::error::Error for Broken {}

impl Recorded {
    pub(crate) fn new(from: Incoming, exchange: Exchange, link: Arc<Link>, idle: Duration) -> Self {
        Self {
            from,
            exchange,
            link,
            idle,
            alarm: Box::pin(sleep(idle)),
            broken: false,
            done: false,
        }
    }

    fn complete(&mut self) {
        self.done = true;
        self.exchange.end(EndKind::Complete, None, Map::new());
    }

    /// Records how it broke, and waits until the client has what came before.
    fn fail(
        &mut self,
        kind: EndKind,
        error: Option<String>,
        cx: &Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.broken = true;
        self.exchange.end(kind, error, Map::new());
        if kind == EndKind::Reset {
            self.link.reset();
        }
        self.link.poll_written(cx).map(|()| Some(Err(Broken)))
    }
}

impl Body for Recorded {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if self.broken {
            return self.link.poll_written(cx).map(|()| Some(Err(Broken)));
        }
        if self.done {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.from).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(bytes) = frame.data_ref() {
                    self.exchange.chunk(bytes);
                    // The timer's own clock: with it, a test can make time pass.
                    let deadline = Instant::now() + self.idle;
                    self.alarm.as_mut().reset(deadline);
                    // hyper asks no more once it has as many bytes as were announced.
                    if self.from.is_end_stream() {
                        self.complete();
                    }
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                self.complete();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                let (kind, said) = broke(&error);
                self.fail(kind, said, cx)
            }
            Poll::Pending if self.alarm.as_mut().poll(cx).is_ready() => {
                let said = format!("idle: nothing came for {:?}", self.idle);
                self.fail(EndKind::Timeout, Some(said), cx)
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.done
    }

    fn size_hint(&self) -> SizeHint {
        self.from.size_hint()
    }
}

/// How a body broke off, and what there is to say of it.
fn broke(error: &hyper::Error) -> (EndKind, Option<String>) {
    use std::io::ErrorKind;
    match io_kind(error) {
        Some(ErrorKind::ConnectionReset) => (EndKind::Reset, None),
        Some(ErrorKind::UnexpectedEof) => (EndKind::Unterminated, None),
        Some(ErrorKind::TimedOut) => (EndKind::Timeout, Some(chain(error))),
        _ if error.is_incomplete_message() => (EndKind::Unterminated, None),
        _ => (EndKind::UpstreamError, Some(chain(error))),
    }
}
