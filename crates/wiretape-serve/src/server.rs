//! The server: its address, its mounts, its connections.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use wiretape_tape::Tape;

use crate::config::Config;
use crate::control;
use crate::mount::{Mount, MountError};
use crate::mounted::Mounted;
use crate::report::{Activity, Report, Seen, State};
use crate::sink::{self, MountedSink, Sink};

/// Connections that the system keeps until they are accepted.
const BACKLOG: u32 = 4096;
/// Segments of a prefix at most.
const PREFIX_SEGMENTS_MAX: usize = 8;
/// How long to wait when the system gives no connection, for example for want of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A running server. When it is dropped, every connection is closed at once.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stopping: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// What every connection needs.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    mounts: RwLock<BTreeMap<String, Arc<Mounted>>>,
    sinks: RwLock<BTreeMap<String, Arc<MountedSink>>>,
    offered: Mutex<BTreeMap<String, Arc<Tape>>>,
}

impl Server {
    /// Listens, and answers from tasks of the current runtime.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = listen(config.addr)?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            config,
            mounts: RwLock::default(),
            sinks: RwLock::default(),
            offered: Mutex::default(),
        });
        let (stopping, stop) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), stop));
        Ok(Self {
            addr,
            shared,
            stopping,
            accepting,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end. A mount's prefix follows it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Serves a tape under a prefix: an empty one, or `/name[/more]`. It replaces what stood there;
    /// answers under way go on.
    ///
    /// # Errors
    /// Where the prefix cannot be served or the mount cannot be played.
    pub fn mount(&self, prefix: &str, mount: Mount) -> Result<(), MountError> {
        self.shared.mount(prefix, mount).map(drop)
    }

    /// Lets a sink take the calls under a prefix, from its time 0 on. A client library's base URL is
    /// `url()`, the prefix, and [`sink::Platform::base_path`]. A tape at the same prefix is not
    /// served as long as the sink stands there.
    ///
    /// # Errors
    /// Where the prefix cannot be served.
    pub fn mount_sink(&self, prefix: &str, sink: Sink) -> Result<(), MountError> {
        self.shared.mount_sink(prefix, sink)
    }

    /// What happened to a sink so far.
    #[must_use]
    pub fn sink(&self, prefix: &str) -> Option<sink::Report> {
        self.with_sink(prefix, |sink, _| sink.report())
    }

    /// Does something to a sink, at its own time: a user speaks, or deletes a message.
    pub fn with_sink<R>(
        &self,
        prefix: &str,
        act: impl FnOnce(&mut Sink, wiretape_core::Moment) -> R,
    ) -> Option<R> {
        Some(self.shared.sink_at(prefix)?.with(act))
    }

    /// Serves nothing there any more; whether something was.
    pub fn unmount(&self, prefix: &str) -> bool {
        self.shared.unmount(prefix)
    }

    /// Lets the control API mount a tape by this name.
    pub fn offer(&self, name: &str, tape: Tape) {
        let mut offered = self
            .shared
            .offered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        offered.insert(name.to_owned(), Arc::new(tape));
    }

    /// How far a mount was used.
    #[must_use]
    pub fn state(&self, prefix: &str) -> Option<State> {
        Some(self.shared.at(prefix)?.session().state())
    }

    /// When a mount was mounted or reset: the time 0 of [`Seen`] and [`Activity`].
    #[must_use]
    pub fn mounted_at(&self, prefix: &str) -> Option<Instant> {
        Some(self.shared.at(prefix)?.session().clock().began())
    }

    /// Whether a mount is at rest: cheap, to be asked often.
    #[must_use]
    pub fn activity(&self, prefix: &str) -> Option<Activity> {
        Some(self.shared.at(prefix)?.session().activity())
    }

    /// What a mount was asked, in order; of very many requests the last ones.
    #[must_use]
    pub fn requests(&self, prefix: &str) -> Vec<Seen> {
        let mounted = self.shared.at(prefix);
        mounted.map_or_else(Vec::new, |mounted| mounted.session().seen())
    }

    /// Begins from the first exchange again and forgets the requests, also those of a sink; whether
    /// it is mounted.
    pub fn reset(&self, prefix: &str) -> bool {
        let mounted = self.shared.at(prefix);
        let mounted = mounted.map(|mounted| mounted.session().reset());
        let sink = self.with_sink(prefix, |sink, _| sink.reset());
        mounted.is_some() || sink.is_some()
    }

    /// Lets the answers go on that are held; how many that are.
    pub fn release(&self, prefix: &str) -> usize {
        self.shared
            .at(prefix)
            .map_or(0, |mounted| mounted.release())
    }

    /// Takes no more connections, closes the idle and the stalled ones, lets answers under way come
    /// to their end for as long as `grace`, then closes all.
    pub async fn stop(mut self, grace: Duration) {
        self.stopping.send_replace(true);
        // When the time is over, dropping this closes the rest.
        let _ = tokio::time::timeout(grace, &mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    pub(crate) fn report(&self, report: impl FnOnce() -> Report) {
        if let Some(observer) = &self.config.observer {
            observer(&report());
        }
    }

    pub(crate) fn mount(&self, prefix: &str, mount: Mount) -> Result<Arc<Mounted>, MountError> {
        check_prefix(prefix)?;
        mount.check()?;
        let mounted = Arc::new(Mounted::new(prefix, mount));
        let mut mounts = self.mounts.write().unwrap_or_else(PoisonError::into_inner);
        let max = self.config.limits.mounts;
        if mounts.len() >= max && !mounts.contains_key(prefix) {
            return Err(MountError::TooMany(max));
        }
        mounts.insert(prefix.to_owned(), Arc::clone(&mounted));
        Ok(mounted)
    }

    pub(crate) fn mount_sink(&self, prefix: &str, sink: Sink) -> Result<(), MountError> {
        check_prefix(prefix)?;
        let mut sinks = self.sinks.write().unwrap_or_else(PoisonError::into_inner);
        let max = self.config.limits.mounts;
        if sinks.len() >= max && !sinks.contains_key(prefix) {
            return Err(MountError::TooMany(max));
        }
        sinks.insert(prefix.to_owned(), MountedSink::new(prefix, sink));
        Ok(())
    }

    pub(crate) fn unmount(&self, prefix: &str) -> bool {
        let mut mounts = self.mounts.write().unwrap_or_else(PoisonError::into_inner);
        let mut sinks = self.sinks.write().unwrap_or_else(PoisonError::into_inner);
        let sink = sinks.remove(prefix).is_some();
        mounts.remove(prefix).is_some() || sink
    }

    /// The sink at exactly this prefix.
    pub(crate) fn sink_at(&self, prefix: &str) -> Option<Arc<MountedSink>> {
        let sinks = self.sinks.read().unwrap_or_else(PoisonError::into_inner);
        sinks.get(prefix).map(Arc::clone)
    }

    pub(crate) fn all_sinks(&self) -> Vec<Arc<MountedSink>> {
        let sinks = self.sinks.read().unwrap_or_else(PoisonError::into_inner);
        sinks.values().map(Arc::clone).collect()
    }

    /// The mount at exactly this prefix.
    pub(crate) fn at(&self, prefix: &str) -> Option<Arc<Mounted>> {
        let mounts = self.mounts.read().unwrap_or_else(PoisonError::into_inner);
        mounts.get(prefix).map(Arc::clone)
    }

    /// The mount with the longest prefix of a path.
    pub(crate) fn find(&self, path: &str) -> Option<Arc<Mounted>> {
        let mounts = self.mounts.read().unwrap_or_else(PoisonError::into_inner);
        longest(&mounts, path)
    }

    /// The sink with the longest prefix of a path.
    pub(crate) fn find_sink(&self, path: &str) -> Option<Arc<MountedSink>> {
        let sinks = self.sinks.read().unwrap_or_else(PoisonError::into_inner);
        longest(&sinks, path)
    }

    pub(crate) fn all(&self) -> Vec<Arc<Mounted>> {
        let mounts = self.mounts.read().unwrap_or_else(PoisonError::into_inner);
        mounts.values().map(Arc::clone).collect()
    }

    /// The prefixes, for a message: the first of them if they are many.
    pub(crate) fn prefixes(&self) -> String {
        const SHOWN_MAX: usize = 10;
        let mounts = self.mounts.read().unwrap_or_else(PoisonError::into_inner);
        let sinks = self.sinks.read().unwrap_or_else(PoisonError::into_inner);
        let all: BTreeSet<&String> = mounts.keys().chain(sinks.keys()).collect();
        let shown = all
            .iter()
            .take(SHOWN_MAX)
            .map(|prefix| match prefix.as_str() {
                "" => "/",
                prefix => prefix,
            });
        let shown = shown.collect::<Vec<_>>().join(", ");
        match all.len() {
            0 => "a mount, of which there is none".to_owned(),
            1..=SHOWN_MAX => shown,
            more => format!("{shown} and {} more", more - SHOWN_MAX),
        }
    }

    /// The tape that was offered by this name.
    pub(crate) fn offered(&self, name: &str) -> Result<Arc<Tape>, String> {
        let offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        offered.get(name).map(Arc::clone).ok_or_else(|| {
            let names: Vec<&str> = offered.keys().map(String::as_str).collect();
            format!("tape {name:?}: expected one of: {}", names.join(", "))
        })
    }
}

/// What stands at the longest prefix of a path.
fn longest<T>(all: &BTreeMap<String, Arc<T>>, path: &str) -> Option<Arc<T>> {
    let slashes = path.match_indices('/').map(|(at, _)| at);
    let ends = slashes.chain([path.len()]).take(PREFIX_SEGMENTS_MAX + 1);
    let found = ends.filter_map(|end| all.get(path.get(..end)?)).last();
    found.map(Arc::clone)
}

fn check_prefix(prefix: &str) -> Result<(), MountError> {
    if control::is_for(prefix) {
        return Err(MountError::Reserved(prefix.to_owned()));
    }
    if prefix.is_empty() {
        return Ok(());
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let good = |segment: &str| !segment.is_empty() && segment.bytes().all(is_plain);
    let segments = prefix.strip_prefix('/').unwrap_or_default();
    let count = segments.split('/').count();
    if count <= PREFIX_SEGMENTS_MAX && segments.split('/').all(good) {
        return Ok(());
    }
    Err(MountError::Prefix(prefix.to_owned()))
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Elsewhere it would let two servers listen on one port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Accepts until it is told to stop, then waits for the connections that are open.
async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopping: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let stop = stopping.clone();
    loop {
        let full = connections.len() >= shared.config.limits.connections;
        tokio::select! {
            accepted = listener.accept(), if !full => match accepted {
                Ok((stream, _)) => {
                    let connection = crate::connection::run(stream, Arc::clone(&shared), stop.clone());
                    connections.spawn(connection);
                }
                Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
            },
            Some(_) = connections.join_next() => {}
            () = stopped(&mut stopping) => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Returns when the server stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // It fails when the server is gone, which is a stop too.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
