//! What hyper does with a stream whose bytes are all there: the floor of a server that does no more.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::load::Served;

/// How the events are given to hyper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// After each event there is none for a moment, so that it is flushed.
    EachFlushed,
    /// Each in a frame, all there.
    AllReady,
    /// All in one frame, with a length.
    OneBody,
}

struct Events {
    events: Arc<[Bytes]>,
    next: usize,
    flushed: bool,
    pause: bool,
    length: Option<u64>,
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.pause && !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.flushed = false;
        let event = self.events.get(self.next).cloned();
        self.next += 1;
        Poll::Ready(event.map(|event| Ok(Frame::data(event))))
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.length.map_or_else(
            hyper::body::SizeHint::default,
            hyper::body::SizeHint::with_exact,
        )
    }
}

/// A server that answers every request with these events.
pub(crate) fn start(events: Vec<Vec<u8>>, answer: Answer) -> Served<()> {
    let events: Arc<[Bytes]> = match answer {
        Answer::OneBody => [Bytes::from(events.concat())].into(),
        _ => events.into_iter().map(Bytes::from).collect(),
    };
    let length = events.iter().map(|event| event.len() as u64).sum();
    let length = Some(length).filter(|_| answer == Answer::OneBody);
    Served::start(move || async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let addr: SocketAddr = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("an option");
                let events = Arc::clone(&events);
                let service = service_fn(move |request: Request<Incoming>| {
                    let body = Events {
                        events: Arc::clone(&events),
                        next: 0,
                        flushed: false,
                        pause: answer == Answer::EachFlushed,
                        length,
                    };
                    async move {
                        use http_body_util::BodyExt;
                        let _ = request.into_body().collect().await;
                        Response::builder()
                            .header(CONTENT_TYPE, "text/event-stream")
                            .body(body)
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        (addr, ())
    })
}
