//! Encrypted upstream servers: one that nobody vouches for is not talked to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wiretape_record::{Config, Output, Recorder, StartError};
use wiretape_tape::EndKind;

use crate::support::*;

fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.join("tests/wire/tls").join(name)
}

/// A server with a certificate for `localhost`, of an authority that is made up. It closes as told:
/// with or without the notice that TLS asks for.
async fn server(notice: bool) -> SocketAddr {
    let chain = CertificateDer::pem_file_iter(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
                    .await
                    .unwrap();
                stream.flush().await.unwrap();
                if notice {
                    stream.shutdown().await.unwrap();
                }
            });
        }
    });
    addr
}

async fn recorder(addr: SocketAddr, host: &str, vouched: bool) -> Setup {
    record_with(addr, |config| {
        config.upstream = format!("https://{host}:{}", addr.port()).parse().unwrap();
        config.authorities = vouched.then(|| file("authority.pem"));
    })
    .await
}

#[tokio::test]
async fn an_unknown_authority_is_refused_by_name() {
    let setup = recorder(server(true).await, "localhost", false).await;
    let got = setup.get("/").await;
    assert_eq!(got.status(), 502);
    let body = String::from_utf8(got.body()).unwrap();
    assert!(
        body.contains("invalid peer certificate: UnknownIssuer"),
        "{body}"
    );
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::UpstreamError);
    assert!(error(&exchange).contains("invalid peer certificate"));
}

#[tokio::test]
async fn an_authority_that_is_given_is_trusted_for_its_names_alone() {
    let addr = server(true).await;
    for host in ["localhost", "127.0.0.1"] {
        let setup = recorder(addr, host, true).await;
        let got = setup.get("/").await;
        assert_eq!(
            (got.status(), got.body().as_slice()),
            (200, &b"until the end"[..])
        );
        assert_eq!(kind(&setup.one().await), EndKind::Complete);
    }
    let setup = recorder(addr, "127.0.0.2", true).await;
    assert_eq!(setup.get("/").await.status(), 502);
}

#[tokio::test]
async fn an_encrypted_stream_cut_without_notice_is_cut() {
    let setup = recorder(server(false).await, "localhost", true).await;
    let got = setup.get("/").await;
    assert_eq!(got.body(), b"d\r\nuntil the end\r\n"[3..16].to_vec());
    assert!(!got.complete);
    assert_eq!(kind(&setup.one().await), EndKind::Unterminated);
}

#[tokio::test]
async fn a_server_that_does_not_encrypt_is_an_upstream_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let setup = recorder(plain, "localhost", true).await;
    assert_eq!(setup.get("/").await.status(), 502);
    assert_eq!(kind(&setup.one().await), EndKind::UpstreamError);
}

#[tokio::test]
async fn a_file_without_certificates_is_refused() {
    let scratch = Scratch::new();
    for (name, text) in [("none.pem", "nothing\n"), ("missing.pem", "")] {
        let path = scratch.join(name);
        if !text.is_empty() {
            std::fs::write(&path, text).unwrap();
        }
        let mut config = Config::new("https://localhost".parse().unwrap());
        config.authorities = Some(path);
        let output = Output::create(&scratch.join(&format!("{name}.tape"))).unwrap();
        let error = Recorder::start(config, output).await.unwrap_err();
        assert!(matches!(error, StartError::Authorities(..)), "{error}");
    }
}
