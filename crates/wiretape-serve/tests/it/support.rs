//! Tapes and servers for the tests.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Map;
use tokio::runtime::Runtime;
use wiretape_serve::{Config, Mount, Report, Server};
use wiretape_tape::{
    Body, Chunk, End, EndKind, Exchange, Header, Request, Response, Source, SourceKind, Tape,
};

/// A server with a runtime of its own, so that a test may block.
pub(crate) struct Running {
    pub(crate) server: Option<Server>,
    pub(crate) runtime: Runtime,
    pub(crate) reports: Arc<Mutex<Vec<Report>>>,
}

impl Running {
    pub(crate) fn start(config: Config) -> Self {
        let mut config = config;
        let reports = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&reports);
        config.observer = Some(Arc::new(move |report: &Report| {
            seen.lock().unwrap().push(report.clone());
        }));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let server = runtime.block_on(Server::start(config)).expect("a server");
        Self {
            server: Some(server),
            runtime,
            reports,
        }
    }

    pub(crate) fn with(mount: Mount) -> Self {
        let running = Self::start(Config::default());
        running.server().mount("", mount).expect("a mount");
        running
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.server().addr()
    }

    /// A mount was asked, and its answers were sent.
    pub(crate) fn is_done(&self, prefix: &str) -> bool {
        let state = self.server().state(prefix).expect("a mount");
        0 < state.requests && state.in_flight == 0
    }

    pub(crate) fn reports(&self) -> Vec<Report> {
        self.reports.lock().unwrap().clone()
    }

    /// Waits until the server has reported what is looked for.
    pub(crate) fn wait_for(&self, what: impl Fn(&Report) -> bool) -> Report {
        let found = || self.reports().into_iter().find(|report| what(report));
        wait_until(|| found().is_some());
        found().expect("it was there")
    }
}

/// Waits until something is so; a test that waits in vain fails.
pub(crate) fn wait_until(what: impl Fn() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a bound, not a measurement")]
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(20), "it did not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A request to `/v1/messages` with this JSON body.
pub(crate) fn request(body: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/v1/messages".to_owned(),
        headers: Vec::new(),
        body: Body::Json(body.to_owned()),
        extra: Map::new(),
    }
}

pub(crate) fn response(status: u16, headers: &[(&str, &str)]) -> Response {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Response {
        after_ns: 0,
        status,
        headers: headers.collect(),
        extra: Map::new(),
    }
}

/// An event stream in these chunks, which ends in this way.
pub(crate) fn stream(body: &str, chunks: &[&str], end: EndKind) -> Exchange {
    let after_ns = 1_000_000;
    let chunks = chunks.iter().map(|text| Chunk {
        after_ns,
        bytes: text.as_bytes().to_vec(),
    });
    let chunks: Vec<Chunk> = chunks.collect();
    Exchange {
        request: Some(request(body)),
        response: Some(response(200, &[("content-type", "text/event-stream")])),
        end: Some(End::of(&chunks, 0, end)),
        chunks,
    }
}

pub(crate) fn tape(exchanges: Vec<Exchange>) -> Tape {
    let source = Source::new(SourceKind::Authored);
    Tape::new(Header::new(Some("anthropic"), source), exchanges)
}

/// A body that asks for a stream.
pub(crate) fn asks(text: &str) -> String {
    format!(r#"{{"stream":true,"text":"{text}"}}"#)
}

/// Every tape of the repository.
pub(crate) fn recordings() -> Vec<(PathBuf, Tape)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recordings");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(files.len() > 20, "the recordings are there");
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("a file");
        let tape = wiretape_tape::parse(&bytes).expect("a tape").tape;
        (path, tape)
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "tape") {
            files.push(path);
        }
    }
}
