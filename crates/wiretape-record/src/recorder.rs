//! A running recorder: listening, accepting, stopping.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::connect::{HEAD_BYTES_MIN, Upstreams, upstreams};
use crate::tape::Recording;
use crate::wire::{Link, Wire};
use crate::{Config, Ended, Output, Report, Summary, proxy};

/// A recording reverse proxy. Dropping it closes everything at once and leaves the tape as it
/// stands; [`Recorder::stop`] lets streams end and closes the tape.
#[derive(Debug)]
pub struct Recorder {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<JoinSet<()>>,
}

/// What all exchanges share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) tape: Recording,
    pub(crate) upstreams: Upstreams,
    /// The upstream server's name, as requests give it.
    pub(crate) host: HeaderValue,
    pub(crate) requests: AtomicU64,
    /// The recorder drops what has not ended yet.
    pub(crate) stopping: AtomicBool,
    summary: Mutex<Summary>,
}

impl Shared {
    pub(crate) fn tell(&self, report: &Report) {
        if let Some(observer) = &self.config.observer {
            observer(report);
        }
    }

    pub(crate) fn count(&self, ended: &Ended) {
        let mut summary = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        summary.count(ended);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Recorder {
    /// Listens, on the current tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened at, the tape cannot be written, or the certificates of
    /// further authorities cannot be read.
    pub async fn start(config: Config, output: Output) -> Result<Self, StartError> {
        let upstreams = upstreams(&config)?;
        let host = HeaderValue::from_str(config.upstream.authority());
        let host = host.map_err(|error| StartError::Tls(error.to_string()))?;
        let asked = config.addr;
        let listener = TcpListener::bind(asked).await;
        let listener = listener.map_err(|error| StartError::Listen(asked, error))?;
        let addr = listener.local_addr();
        let addr = addr.map_err(|error| StartError::Listen(asked, error))?;
        let tape = Recording::open(&config, output)?;
        let shared = Arc::new(Shared {
            config,
            tape,
            upstreams,
            host,
            requests: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            summary: Mutex::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), stopped));
        Ok(Self {
            addr,
            shared,
            stop,
            accepting,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL for clients, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Accepts no more, lets exchanges end for as long as `grace`, cuts what has not, and closes
    /// the tape.
    pub async fn stop(self, grace: Duration) -> Summary {
        self.stop_when(tokio::time::sleep(grace)).await
    }

    /// As [`Recorder::stop`], with a grace that ends when `until` does.
    pub async fn stop_when(mut self, until: impl Future<Output = ()>) -> Summary {
        let _ = self.stop.send(true);
        if let Ok(mut connections) = (&mut self.accepting).await {
            let ending = async { while connections.join_next().await.is_some() {} };
            tokio::select! {
                () = ending => {}
                () = until => {
                    self.shared.stopping.store(true, Ordering::Release);
                    connections.shutdown().await;
                }
            }
        }
        let failure = self.shared.tape.lock().close();
        let summary = self.shared.summary.lock();
        let mut summary = summary.unwrap_or_else(PoisonError::into_inner).clone();
        summary.requests = self.shared.requests.load(Ordering::Relaxed);
        summary.failure = failure;
        summary
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.accepting.abort();
    }
}

/// Takes connections until it is told to stop; gives back those that are open then.
async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) -> JoinSet<()> {
    let room = Arc::new(Semaphore::new(shared.config.limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            _ = stopped.changed() => return connections,
            Some(_) = connections.join_next() => continue,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let serving = serve(stream, Arc::clone(&shared), stopped.clone());
                connections.spawn(async move {
                    serving.await;
                    drop(permit);
                });
            }
            // Out of descriptors, or the client is gone again: the next one may do.
            Err(error) => {
                let why = format!("cannot accept a connection: {error}");
                shared.tell(&Report::Refused { status: 0, why });
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Serves a client's connection until it ends, or until what is under way has ended.
async fn serve(stream: TcpStream, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    // A piece must not wait for the next one. Where it fails, it is late, not lost.
    let _ = stream.set_nodelay(true);
    let link = Arc::new(Link::default());
    let wire = Wire::new(stream, Arc::clone(&link));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(shared.config.timeouts.request)
        .max_buf_size(shared.config.limits.head_bytes.max(HEAD_BYTES_MIN))
        .preserve_header_case(true)
        // The upstream server's own, or none.
        .auto_date_header(false);
    let service =
        service_fn(|request| proxy::answer(Arc::clone(&shared), Arc::clone(&link), request));
    let mut connection = pin!(builder.serve_connection(wire, service));
    // How it ended is the exchanges' to say.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Why a recorder cannot start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened at.
    Listen(SocketAddr, io::Error),
    /// The tape cannot be written.
    Write(io::Error),
    /// The tape was recorded from another server than the one asked for.
    OtherServer {
        /// The server that the tape names.
        tape: String,
        /// The server asked for.
        config: String,
    },
    /// The file of further authorities cannot be used.
    Authorities(PathBuf, String),
    /// No encrypted connection can be made.
    Tls(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(addr, error) => write!(f, "cannot listen at {addr}: {error}"),
            Self::Write(error) => write!(f, "cannot write the tape: {error}"),
            Self::OtherServer { tape, config } => write!(
                f,
                "the tape was recorded from {tape}, expected {config}: a tape names one server"
            ),
            Self::Authorities(path, why) => {
                write!(f, "{}: cannot use its certificates: {why}", path.display())
            }
            Self::Tls(why) => write!(f, "cannot make encrypted connections: {why}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen(_, error) | Self::Write(error) => Some(error),
            _ => None,
        }
    }
}
