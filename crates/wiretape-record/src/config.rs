//! What a recorder is told.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::{Report, Upstream};

/// What a recorder is told. [`Config::new`] has the defaults that each field names.
#[derive(Clone)]
pub struct Config {
    /// The server that requests go to.
    pub upstream: Upstream,
    /// Where to listen [default: `127.0.0.1:0`, a free port of the loopback interface].
    pub addr: SocketAddr,
    /// What becomes of the client's `accept-encoding` [default: [`AcceptEncoding::Identity`]].
    pub accept_encoding: AcceptEncoding,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How much to hold at most.
    pub limits: Limits,
    /// Called for each thing that happens, from the recorder's tasks: it must not block.
    pub observer: Option<Observer>,
    /// What the tape calls the server [default: the upstream's host and port].
    pub server: Option<String>,
    /// What the tape shows, in a sentence.
    pub note: Option<String>,
    /// The protocol [default: told from the paths of the requests].
    pub dialect: Option<String>,
    /// Certificates in PEM of authorities to trust besides the public ones.
    pub authorities: Option<PathBuf>,
}

/// Told what happens.
pub type Observer = Arc<dyn Fn(&Report) + Send + Sync>;

impl Config {
    /// A recorder of this server, with every default.
    #[must_use]
    pub fn new(upstream: Upstream) -> Self {
        Self {
            upstream,
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            accept_encoding: AcceptEncoding::default(),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            observer: None,
            server: None,
            note: None,
            dialect: None,
            authorities: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("upstream", &self.upstream)
            .field("addr", &self.addr)
            .field("accept_encoding", &self.accept_encoding)
            .field("timeouts", &self.timeouts)
            .field("limits", &self.limits)
            .field("observer", &self.observer.as_ref().map(|_| "…"))
            .field("server", &self.server)
            .field("note", &self.note)
            .field("dialect", &self.dialect)
            .field("authorities", &self.authorities)
            .finish()
    }
}

/// What becomes of the client's `accept-encoding` on its way to the upstream server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcceptEncoding {
    /// It becomes `identity`, so that bodies come as text.
    #[default]
    Identity,
    /// It stays. Bodies may come compressed; those are not searched for secrets.
    Keep,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection to the upstream server [10 s].
    pub connect: Duration,
    /// For the head of its response, connecting included [600 s: some answer when all is said].
    pub head: Duration,
    /// For the next piece of its body [300 s].
    pub idle: Duration,
    /// For the next piece of the client's request, head or body [60 s].
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            head: Duration::from_secs(600),
            idle: Duration::from_secs(300),
            request: Duration::from_secs(60),
        }
    }
}

/// How much to hold at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body that are recorded. A longer one passes through, and the tape says
    /// that it was too long [32 MiB].
    pub body_bytes: usize,
    /// Bytes of a head, of a client's or the upstream server's, and of what is read ahead of it
    /// [256 KiB].
    pub head_bytes: usize,
    /// Clients' connections at a time; more wait [1,024 of them].
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            head_bytes: 256 << 10,
            connections: 1024,
        }
    }
}
