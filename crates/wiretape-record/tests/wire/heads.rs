//! Heads: what goes on, in which order, and what the tape keeps of it.

use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use wiretape_record::AcceptEncoding;
use wiretape_tape::EndKind;

use crate::support::*;

/// What the upstream server saw of a request.
async fn seen(
    upstream_path: &str,
    encoding: AcceptEncoding,
    request: &str,
) -> (String, wiretape_tape::Request) {
    let heads = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&heads);
    let addr = upstream(move |mut peer| {
        told.lock().unwrap().clone_from(&peer.seen.head);
        async move {
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await;
        }
    })
    .await;
    let setup = record_with(addr, |config| {
        config.upstream = format!("http://{addr}{upstream_path}").parse().unwrap();
        config.accept_encoding = encoding;
    })
    .await;
    let got = send(setup.recorder.addr(), request).await;
    assert_eq!(got.status(), 200);
    let head = heads.lock().unwrap().replace(&addr.to_string(), "UPSTREAM");
    (head, setup.one().await.request.unwrap())
}

#[tokio::test]
async fn a_request_goes_on_as_it_came_but_for_the_connection() {
    let (head, taped) = seen(
        "",
        AcceptEncoding::Identity,
        "POST /v1/messages?a=1&b HTTP/1.1\r\nX-Zeta: 1\r\nHost: me:1\r\nAccept-Encoding: gzip, br\r\n\
         Connection: keep-alive, x-hop\r\nX-Hop: gone\r\nKeep-Alive: 5\r\nTE: trailers\r\n\
         anthropic-version: 2023-06-01\r\nX-Empty:\r\nx-alpha: 2\r\nX-Twice: a\r\nX-Twice: b\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    )
    .await;
    assert_eq!(
        head,
        "POST /v1/messages?a=1&b HTTP/1.1\r\nX-Zeta: 1\r\nHost: UPSTREAM\r\n\
         Accept-Encoding: identity\r\nanthropic-version: 2023-06-01\r\nX-Empty:\r\nx-alpha: 2\r\n\
         X-Twice: a\r\nX-Twice: b\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    );
    // The tape has what the client asked for, in its order, names in lower case.
    assert_eq!(
        (taped.method.as_str(), taped.path.as_str()),
        ("POST", "/v1/messages?a=1&b")
    );
    let kept: Vec<_> = taped
        .headers
        .iter()
        .map(|(n, v)| format!("{n}: {v}"))
        .collect();
    assert_eq!(
        kept,
        [
            "accept-encoding: gzip, br",
            "keep-alive: 5",
            "anthropic-version: 2023-06-01",
            "content-type: application/json",
            "content-length: 2",
        ]
    );
}

#[tokio::test]
async fn encodings_are_kept_when_asked_for_and_asked_for_plainly_when_not() {
    let request = "GET / HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n";
    let (head, _) = seen("", AcceptEncoding::Keep, request).await;
    assert!(head.contains("accept-encoding: gzip\r\n"), "{head}");
    let (head, _) = seen(
        "",
        AcceptEncoding::Keep,
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    )
    .await;
    assert!(!head.contains("accept-encoding"), "{head}");
    let (head, _) = seen(
        "",
        AcceptEncoding::Identity,
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    )
    .await;
    assert!(head.contains("accept-encoding: identity\r\n"), "{head}");
}

#[tokio::test]
async fn paths_are_put_behind_the_upstream_servers() {
    for (prefix, target, wanted) in [
        ("", "/v1/models", "/v1/models"),
        ("/", "/v1/models", "/v1/models"),
        ("/gateway", "/v1/models", "/gateway/v1/models"),
        ("/gateway/", "/v1/models?x=1", "/gateway/v1/models?x=1"),
        ("/v1", "/v1/models", "/v1/models"),
        ("/v1", "/models", "/v1/models"),
        ("/v1", "/v1beta/models", "/v1/v1beta/models"),
        ("/v1", "/v1", "/v1"),
        ("", "http://elsewhere.example/v1/x?y", "/v1/x?y"),
        ("/p", "http://elsewhere.example", "/p/"),
        ("", "/a%2Fb//c/../d", "/a%2Fb//c/../d"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n");
        let (head, taped) = seen(prefix, AcceptEncoding::Identity, &request).await;
        let line = head.split("\r\n").next().unwrap();
        assert_eq!(line, format!("GET {wanted} HTTP/1.1"), "{prefix} {target}");
        let path = target.trim_start_matches("http://elsewhere.example");
        assert_eq!(taped.path, if path.is_empty() { "/" } else { path });
    }
}

#[tokio::test]
async fn a_response_comes_back_as_it_was_but_for_the_connection() {
    let addr = upstream(|mut peer| async move {
        peer.send(
            "HTTP/1.1 299 Odd But Fine\r\nX-Zeta: 1\r\nContent-Type: text/plain\r\n\
             Access-Control-Allow-Origin:\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\
             Connection: close, x-hop\r\nX-Hop: gone\r\nX-Request-ID: r-1\r\nx-ratelimit-limit-tokens: 5\r\n\
             openai-organization: org-1\r\nretry-after: 3\r\nContent-Length: 2\r\n\r\nok",
        )
        .await;
    })
    .await;
    let setup = record(addr).await;
    let got = setup.get("/").await;
    assert_eq!(
        got.head,
        "HTTP/1.1 299 Odd But Fine\r\nX-Zeta: 1\r\nContent-Type: text/plain\r\n\
         Access-Control-Allow-Origin: \r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Request-ID: r-1\r\n\
         x-ratelimit-limit-tokens: 5\r\nopenai-organization: org-1\r\nretry-after: 3\r\n\
         Content-Length: 2\r\n\r\n"
    );
    let response = setup.one().await.response.unwrap();
    assert_eq!(response.status, 299);
    let kept: Vec<_> = response
        .headers
        .iter()
        .map(|(n, v)| format!("{n}: {v}"))
        .collect();
    assert_eq!(
        kept,
        [
            "content-type: text/plain",
            "access-control-allow-origin: ",
            "x-request-id: r-1",
            "x-ratelimit-limit-tokens: 5",
            "retry-after: 3",
            "content-length: 2",
        ]
    );
}

#[tokio::test]
async fn a_redirect_is_the_clients_to_follow() {
    let addr = upstream(|mut peer| async move {
        peer.send("HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
            .await;
    })
    .await;
    let setup = record(addr).await;
    let got = setup.get("/").await;
    assert_eq!(got.status(), 307);
    assert!(got.head.contains("location: http://127.0.0.1:1/\r\n"));
    assert_eq!(kind(&setup.one().await), EndKind::Complete);
}

#[tokio::test]
async fn answers_without_a_body_are_whole() {
    let addr = upstream(|mut peer| async move {
        loop {
            let head = match peer.seen.head.split(' ').next().unwrap() {
                "HEAD" => "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
                "DELETE" => "HTTP/1.1 204 No Content\r\n\r\n",
                "GET" => "HTTP/1.1 304 Not Modified\r\n\r\n",
                _ => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            };
            peer.send(head).await;
            if peer.next().await.is_none() {
                return;
            }
        }
    })
    .await;
    let setup = record(addr).await;
    let mut stream = connect(setup.recorder.addr()).await;
    for (method, status) in [
        ("HEAD", 200),
        ("DELETE", 204),
        ("GET", 304),
        ("OPTIONS", 200),
    ] {
        let request = format!("{method} / HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            tokio::io::AsyncReadExt::read_buf(&mut stream, &mut head)
                .await
                .unwrap();
        }
        let head = String::from_utf8(head).unwrap();
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}")),
            "{method}: {head}"
        );
        assert_eq!(head.contains("content-length: 5"), method == "HEAD");
    }
    for exchange in setup.ended(4).await {
        assert_eq!(kind(&exchange), EndKind::Complete);
        assert!(exchange.chunks.is_empty());
    }
}
