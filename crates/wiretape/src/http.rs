//! A small HTTP/1.1 client for streamed replies: the head at once, the body chunk by chunk, and how
//! the body ended.
//!
//! A connection per request, on purpose: a pool sends a request again by itself when the connection
//! it took was dead, and what is tested here is who retries what. There is no time limit either:
//! the caller has the clock, and ends a request by dropping it.
//!
//! ```
//! # async fn example() -> Result<(), wiretape::http::HttpError> {
//! use wiretape::http::{Client, End, Request};
//!
//! let client = Client::new("http://127.0.0.1:8080")?;
//! let request = Request::post("/v1/messages").header("x-api-key", "test").body("{}");
//! let mut response = client.send(request).await?;
//! assert_eq!(response.status, 200);
//! while let Some(chunk) = response.chunk().await {
//!     let _ = chunk; // as one read gave it
//! }
//! assert_eq!(response.end(), Some(&End::Complete));
//! # Ok(())
//! # }
//! ```

use std::error::Error as StdError;
use std::fmt;
use std::io;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// What goes wrong before there is a head.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The base URL is none, or not of plain `http`.
    Url {
        /// The text given.
        url: String,
        /// What was expected.
        expected: &'static str,
    },
    /// The request cannot be said in HTTP: a method, path, or header with bytes that are none.
    Request(String),
    /// No connection.
    Connect(String),
    /// The connection ended before the head of the response: it says whether bytes of a head came.
    NoHead(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { url, expected } => write!(f, "no base URL: {url:?}, expected {expected}"),
            Self::Request(why) => write!(f, "no HTTP request: {why}"),
            Self::Connect(why) => write!(f, "no connection: {why}"),
            Self::NoHead(why) => write!(f, "the connection ended before a response: {why}"),
        }
    }
}

impl StdError for HttpError {}

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// As its framing says: the last chunk, the announced length, or the end of the connection
    /// where nothing was announced.
    Complete,
    /// The connection was closed before that (F-13).
    Incomplete,
    /// The connection was reset (F-13).
    Reset,
    /// The body breaks the rules of HTTP, or the connection failed in another way.
    Error(String),
}

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// Path and query, from `/`; they follow the path of the base URL.
    pub path: String,
    /// Further headers; `host`, `content-length` and, with a body, `content-type: application/json`
    /// are there without being named.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request with this method.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A `POST`.
    #[must_use]
    pub fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    /// A `GET`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

/// A client of one server.
#[derive(Clone, Debug)]
pub struct Client {
    host: String,
    port: u16,
    authority: String,
    prefix: String,
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:8080/prefix`. Nothing is sent yet.
    ///
    /// # Errors
    /// [`HttpError::Url`]; also for `https`: no feature of this kit brings TLS. A recording proxy
    /// (`wiretape record`) in front of the server does.
    pub fn new(base: &str) -> Result<Self, HttpError> {
        let wrong = |expected| HttpError::Url {
            url: base.into(),
            expected,
        };
        let uri: Uri = base.parse().map_err(|_| wrong("a URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("http://HOST[:PORT][/PREFIX]; https needs a proxy"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("a host"))?;
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        Ok(Self {
            host: bare.unwrap_or(host).into(),
            port: authority.port_u16().unwrap_or(80),
            authority: authority.as_str().into(),
            prefix: uri.path().trim_end_matches('/').into(),
        })
    }

    /// The path of the base URL, without a slash at its end.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Sends a request and gives the head of the response. Dropping the future or the response
    /// closes the connection.
    ///
    /// # Errors
    /// [`HttpError`] where no head came. Any status is a response.
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let request = self.request(request)?;
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| HttpError::Connect(error.to_string()))?;
        // A request is one write; nothing is gained by waiting for more.
        stream
            .set_nodelay(true)
            .map_err(|error| HttpError::Connect(error.to_string()))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| HttpError::Connect(chain(&error)))?;
        let connection = Connection(tokio::spawn(async move {
            // What went wrong is told by the request or the body as well.
            let _ = connection.await;
        }));
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| HttpError::NoHead(chain(&error)))?;
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Ok(Response {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: response.into_body(),
            end: None,
            _connection: connection,
        })
    }

    fn request(&self, request: Request) -> Result<hyper::Request<Full<Bytes>>, HttpError> {
        let wrong = |what: &str| HttpError::Request(format!("{what:?}"));
        let method = Method::from_bytes(request.method.as_bytes());
        let uri: Result<Uri, _> = format!("{}{}", self.prefix, request.path).parse();
        let json = !request.body.is_empty();
        let mut built = hyper::Request::new(Full::new(Bytes::from(request.body)));
        *built.method_mut() = method.map_err(|_| wrong(&request.method))?;
        *built.uri_mut() = uri.map_err(|_| wrong(&request.path))?;
        let headers = built.headers_mut();
        let host = HeaderValue::from_str(&self.authority);
        headers.insert("host", host.map_err(|_| wrong(&self.authority))?);
        if json {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        for (name, value) in &request.headers {
            let value = HeaderValue::from_str(value).map_err(|_| wrong(value))?;
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong(name))?;
            headers.insert(name, value);
        }
        Ok(built)
    }
}

/// A response whose body still arrives.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    body: Incoming,
    end: Option<End>,
    _connection: Connection,
}

impl Response {
    /// The value of the first header of this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(n, _)| n == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The next bytes of the body; `None` when it has ended, see [`Response::end`].
    pub async fn chunk(&mut self) -> Option<Bytes> {
        while self.end.is_none() {
            match self.body.frame().await {
                // Trailers are no bytes of the body.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Some(data),
                    _ => {}
                },
                Some(Err(error)) => self.end = Some(how(&error)),
                None => self.end = Some(End::Complete),
            }
        }
        None
    }

    /// How the body ended; `None` while there may be more.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The rest of the body, at most `limit` bytes of it.
    pub async fn rest(&mut self, limit: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < limit {
            let Some(chunk) = self.chunk().await else {
                break;
            };
            let room = (limit - bytes.len()).min(chunk.len());
            bytes.extend(chunk.iter().take(room));
        }
        bytes
    }
}

/// The task that moves the bytes; it ends with its response.
#[derive(Debug)]
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn how(error: &hyper::Error) -> End {
    let io = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::UnexpectedEof) => End::Incomplete,
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe,
        ) => End::Reset,
        _ if error.is_incomplete_message() => End::Incomplete,
        _ => End::Error(chain(error)),
    }
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The error with its causes in one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let texts: Vec<String> = causes(error).map(ToString::to_string).collect();
    texts.join(": ")
}
