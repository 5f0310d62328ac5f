//! The way to the upstream server.

use std::error::Error;
use std::io;
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::{Config, StartError};

/// What goes to the upstream server as a request's body.
pub(crate) type Outgoing = UnsyncBoxBody<Bytes, hyper::Error>;

/// Connections to the upstream server, kept for the next request.
pub(crate) type Upstreams = Client<Connector, Outgoing>;

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

/// How long a connection is kept that nobody uses. Servers close theirs after 5 s and more; one
/// that was closed meanwhile is noticed before a request is sent on it.
const KEPT_IDLE: Duration = Duration::from_secs(20);

/// How many of them.
const KEPT_MAX: usize = 64;

pub(crate) fn upstreams(config: &Config) -> Result<Upstreams, StartError> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(config.timeouts.connect));
    let connector = connector(config, http)?;
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(KEPT_IDLE)
        .pool_max_idle_per_host(KEPT_MAX)
        .http1_preserve_header_case(true)
        .http1_max_buf_size(config.limits.head_bytes.max(HEAD_BYTES_MIN))
        .build(connector);
    Ok(client)
}

/// hyper's own least.
pub(crate) const HEAD_BYTES_MIN: usize = 8192;

/// What an error says, with what it says of its causes, each once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = error.source();
    }
    text
}

/// The first I/O error among the causes.
pub(crate) fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        source = error.source();
    }
    None
}

#[cfg(not(feature = "tls"))]
fn connector(config: &Config, http: HttpConnector) -> Result<Connector, StartError> {
    if config.upstream.is_tls() || config.authorities.is_some() {
        let why = "this program was built without the feature \"tls\", expected http://";
        return Err(StartError::Tls(why.into()));
    }
    Ok(http)
}

#[cfg(feature = "tls")]
fn connector(config: &Config, http: HttpConnector) -> Result<Connector, StartError> {
    Ok(hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(crate::tls::client(config)?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http))
}
