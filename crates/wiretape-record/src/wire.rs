//! The client's socket, and what a response's body has to know of it.
//!
//! hyper drops a connection at once where a body fails, with what it has not written yet. A body
//! that fails right behind its last piece would take that piece from the client, although the
//! upstream server sent it. So a body waits until all is written, and fails then.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What the two halves share.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// Who waits until all is written.
    waiting: Mutex<Option<Waker>>,
    written: AtomicBool,
    reset: AtomicBool,
}

impl Link {
    /// Asks to be woken once all is written that was given to the connection before.
    fn wait(&self, waker: &Waker) {
        self.written.store(false, Ordering::Release);
        *self.lock() = Some(waker.clone());
    }

    /// All was written since [`Link::wait`].
    fn is_written(&self) -> bool {
        self.written.load(Ordering::Acquire)
    }

    /// Ready once all is written that was given to the connection before the first call.
    pub(crate) fn poll_written(&self, cx: &Context<'_>) -> Poll<()> {
        if self.is_written() {
            return Poll::Ready(());
        }
        self.wait(cx.waker());
        Poll::Pending
    }

    /// The connection ends with a reset, as the upstream server's did.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Release);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket, or what a test has in its place.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// Makes the close that comes a reset. Where it fails the client sees a close without the last
    /// chunk, which says as much.
    fn reset(&self);
}

impl Socket for TcpStream {
    fn reset(&self) {
        let _ = self.set_zero_linger();
    }
}

/// The socket.
#[derive(Debug)]
pub(crate) struct Wire<S: Socket> {
    io: TokioIo<S>,
    link: Arc<Link>,
}

impl<S: Socket> Wire<S> {
    pub(crate) fn new(stream: S, link: Arc<Link>) -> Self {
        Self {
            io: TokioIo::new(stream),
            link,
        }
    }
}

impl<S: Socket> Drop for Wire<S> {
    fn drop(&mut self) {
        if self.link.reset.load(Ordering::Acquire) {
            self.io.inner().reset();
        }
    }
}

impl<S: Socket> Read for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: Socket> Write for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    /// hyper flushes when its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        if flushed.is_ready() {
            let waiting = self.link.lock().take();
            if let Some(waker) = waiting {
                self.link.written.store(true, Ordering::Release);
                waker.wake();
            }
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use hyper::body::{Body, Bytes, Frame, Incoming};
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper::{Request, Response};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    impl Socket for DuplexStream {
        fn reset(&self) {}
    }

    /// Pieces, and a break right behind them; in time or too early.
    struct Breaks {
        pieces: usize,
        link: Option<Arc<Link>>,
    }

    impl Body for Breaks {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            if self.pieces > 0 {
                self.pieces -= 1;
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 100])))));
            }
            match &self.link {
                Some(link) if link.poll_written(cx).is_pending() => Poll::Pending,
                _ => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            }
        }
    }

    /// What a client gets of nine pieces that the connection has no room for at once.
    async fn got(waits: bool) -> usize {
        let (mut client, server) = duplex(64);
        let link = Arc::new(Link::default());
        let wire = Wire::new(server, Arc::clone(&link));
        let service = service_fn(move |_: Request<Incoming>| {
            let link = waits.then(|| Arc::clone(&link));
            async { Ok::<_, Infallible>(Response::new(Breaks { pieces: 9, link })) }
        });
        let connection = http1::Builder::new().serve_connection(wire, service);
        let serving = tokio::spawn(connection);
        let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut seen = Vec::new();
        client.read_to_end(&mut seen).await.unwrap();
        assert!(serving.await.unwrap().is_err());
        assert!(!seen.ends_with(b"0\r\n\r\n"));
        seen.iter().filter(|byte| **byte == b'x').count()
    }

    #[tokio::test]
    async fn what_came_before_a_break_is_written_before_it() {
        assert_eq!(got(true).await, 900);
        assert!(
            got(false).await < 900,
            "hyper would drop it, were it not waited for"
        );
    }
}
