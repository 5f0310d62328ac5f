//! The way to the upstream server.

use std::error::Error;
use std::io;
use std::sync::Arc;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Bytes;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::{Config, StartError};

/// What goes to the upstream server as a request's body.
pub(crate) type Outgoing = UnsyncBoxBody<Bytes, hyper::Error>;

/// Connections to the upstream server, one for each request.
pub(crate) type Upstreams = Client<HttpsConnector<HttpConnector>, Outgoing>;

pub(crate) fn upstreams(config: &Config) -> Result<Upstreams, StartError> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(config.timeouts.connect));
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls(config)?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    let client = Client::builder(TokioExecutor::new())
        // A server may close a kept connection in the very moment that a request is written on it. Who
        // sent the request would see that fail, and could not without a recorder between.
        .pool_max_idle_per_host(0)
        .http1_preserve_header_case(true)
        .http1_max_buf_size(config.limits.head_bytes.max(HEAD_BYTES_MIN))
        .build(connector);
    Ok(client)
}

/// hyper's own least.
pub(crate) const HEAD_BYTES_MIN: usize = 8192;

/// The public authorities, and those that the file names.
fn tls(config: &Config) -> Result<ClientConfig, StartError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = &config.authorities {
        let wrong = |why: String| StartError::Authorities(path.clone(), why);
        let certificates = CertificateDer::pem_file_iter(path).map_err(|e| wrong(e.to_string()))?;
        let mut count = 0;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| wrong(error.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(wrong("expected certificates in PEM, found none".into()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| StartError::Tls(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

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
