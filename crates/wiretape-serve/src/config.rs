//! How a server is set up.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::report::Report;

/// Is told what happens, from the server's tasks: it must not block.
pub type Observer = Arc<dyn Fn(&Report) + Send + Sync>;

/// How a server is set up.
#[derive(Clone)]
pub struct Config {
    /// Where it listens. `127.0.0.1:0` by default: loopback, a free port.
    pub addr: SocketAddr,
    /// Pages of other origins may call it: CORS headers on every answer, and `OPTIONS` permits all.
    pub cors: bool,
    /// What is kept and waited for at most.
    pub limits: Limits,
    /// How long a connection is kept open that ended in a stall, before it is closed.
    pub linger: Duration,
    /// Is told what happens.
    pub observer: Option<Observer>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            cors: false,
            limits: Limits::default(),
            linger: Duration::from_secs(600),
            observer: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("addr", &self.addr)
            .field("cors", &self.cors)
            .field("limits", &self.limits)
            .field("linger", &self.linger)
            .field("observer", &self.observer.is_some())
            .finish()
    }
}

/// What is kept and waited for at most. There is no value for "unlimited".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's head, or of a chunked body's trailers; beyond: 431.
    pub head_bytes: usize,
    /// Bytes of a request's body; beyond: 413.
    pub body_bytes: usize,
    /// Connections at a time; more wait in the system's queue.
    pub connections: usize,
    /// Mounts at a time.
    pub mounts: usize,
    /// Requests that are kept for [`crate::Server::requests`], for each mount; the oldest go.
    pub seen_requests: usize,
    /// Bytes of their heads and bodies, for each mount; the oldest go.
    pub seen_bytes: usize,
    /// From a head's first byte to its last; beyond: 408.
    pub head_time: Duration,
    /// From a body's first byte to its last; beyond: 408.
    pub body_time: Duration,
    /// Between two requests of a connection; beyond, it is closed.
    pub idle_time: Duration,
    /// How long a client may take no bytes while there are some for it; beyond, it is closed.
    pub write_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 64 << 10,
            body_bytes: 64 << 20,
            connections: 10_000,
            mounts: 10_000,
            seen_requests: 10_000,
            seen_bytes: 64 << 20,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(60),
            idle_time: Duration::from_secs(600),
            write_time: Duration::from_secs(60),
        }
    }
}
