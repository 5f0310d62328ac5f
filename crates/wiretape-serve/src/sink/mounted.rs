//! A sink at its prefix, in the server's time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wiretape_core::Moment;

use super::{Request, Response, Sink};
use crate::clock::{Clock, epoch_s};
use crate::head::Head;

#[derive(Debug)]
pub(crate) struct MountedSink {
    pub(crate) prefix: String,
    clock: Clock,
    sink: Mutex<Sink>,
}

impl MountedSink {
    pub(crate) fn new(prefix: &str, mut sink: Sink) -> Arc<Self> {
        sink.begin(epoch_s());
        Arc::new(Self {
            prefix: prefix.to_owned(),
            clock: Clock::start(),
            sink: Mutex::new(sink),
        })
    }

    /// Takes a request now. Never held across a wait.
    pub(crate) fn handle(&self, head: &Head, path: &str, body: &[u8]) -> Response {
        let headers = head.headers.iter();
        let headers: Vec<(&str, &str)> = headers
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let request = Request {
            method: &head.method,
            path,
            headers: &headers,
            body,
        };
        self.with(|sink, now| sink.handle(now, request))
    }

    /// Returns when a response is due.
    pub(crate) async fn due(&self, response: &Response) {
        self.clock
            .until(response.call.at.after(response.after_ns))
            .await;
    }

    /// The moment is read under the lock, so that it never goes back.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Sink, Moment) -> R) -> R {
        let mut sink: MutexGuard<'_, Sink> =
            self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        act(&mut sink, now)
    }
}
