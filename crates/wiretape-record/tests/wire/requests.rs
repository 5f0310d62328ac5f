//! Requests of every form: each passes, and is on the tape.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use wiretape_record::{Config, Output, Recorder, Report, StartError};
use wiretape_tape::{Body, EndKind};

use crate::support::*;

/// Answers each request with its own body.
async fn echo() -> std::net::SocketAddr {
    upstream(|mut peer| async move {
        loop {
            let body = peer.seen.body.clone();
            peer.send(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                body.len()
            ))
            .await;
            peer.send(body).await;
            if peer.next().await.is_none() {
                return;
            }
        }
    })
    .await
}

#[tokio::test]
async fn bodies_are_kept_as_they_are() {
    let setup = record(echo().await).await;
    let json = "{\"z\":1,\"a\":[1.0e3,12345678901234567890123],\"a\":\"\\u00e9 \u{e9}\"}";
    let deep = format!("{}{}", "[".repeat(126), "]".repeat(126));
    let spread = "{\n  \"a\": 1\r\n}";
    for (body, wanted) in [
        (json, Body::Json(json.into())),
        ("", Body::Empty),
        (" {\"torn\": ", Body::Text(" {\"torn\": ".into())),
        (deep.as_str(), Body::Text(deep.clone())),
        (spread, Body::Json("{   \"a\": 1  }".into())),
    ] {
        let count = setup.now().tape.exchanges.len();
        let got = setup.post("/v1/messages", body).await;
        assert_eq!(got.body(), body.as_bytes());
        let exchanges = setup.ended(count + 1).await;
        assert_eq!(
            exchanges.last().unwrap().request.as_ref().unwrap().body,
            wanted
        );
    }
    let bytes = b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n\xff\x00\x01";
    assert_eq!(
        send(setup.recorder.addr(), bytes).await.body(),
        b"\xff\x00\x01"
    );
    let exchanges = setup.ended(6).await;
    assert_eq!(
        exchanges[5].request.as_ref().unwrap().body,
        Body::Bytes(vec![0xff, 0, 1])
    );
}

#[tokio::test]
async fn a_chunked_body_and_one_that_waits_for_leave_pass() {
    let setup = record(echo().await).await;
    let chunked = "POST /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n\
                   3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
    assert_eq!(
        send(setup.recorder.addr(), chunked).await.body(),
        b"{\"a\":1}"
    );
    let mut stream = connect(setup.recorder.addr()).await;
    let head = "POST /x HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 7\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut leave = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut leave)
        .await
        .unwrap();
    assert_eq!(leave, *b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{\"a\":1}").await.unwrap();
    assert_eq!(receive(&mut stream).await.body(), b"{\"a\":1}");
    for exchange in setup.ended(2).await {
        assert_eq!(
            exchange.request.unwrap().body,
            Body::Json("{\"a\":1}".into())
        );
    }
}

#[tokio::test]
async fn a_body_over_the_limit_passes_and_the_tape_says_so() {
    let setup = record_with(echo().await, |config| config.limits.body_bytes = 1000).await;
    let long = format!("\"{}\"", "x".repeat(300_000));
    let got = setup.post("/v1/messages", &long).await;
    assert!(got.body() == long.as_bytes(), "{:?}", got.head);
    let coded = format!(
        "POST /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    let got = send(setup.recorder.addr(), coded).await;
    assert!(
        got.body().ends_with(b"x\"\r\n0\r\n\r\n"),
        "chunked there, too"
    );
    for exchange in setup.ended(2).await {
        let request = exchange.request.unwrap();
        assert_eq!(request.body, Body::Empty);
        assert_eq!(request.extra["body_too_long"]["bytes_max"], 1000);
    }
}

#[tokio::test]
async fn errors_and_plain_answers_are_recorded_too() {
    let addr = upstream(|mut peer| async move {
        let body = "{\"error\":{\"type\":\"rate_limit_error\"}}";
        let head = format!(
            "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after: 1\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        peer.send(head).await;
    })
    .await;
    let setup = record(addr).await;
    let got = setup.get("/v1/models").await;
    assert_eq!(got.status(), 429);
    let exchange = setup.one().await;
    assert_eq!(exchange.response.as_ref().unwrap().status, 429);
    assert_eq!(exchange.body(), got.body());
    assert_eq!(kind(&exchange), EndKind::Complete);
}

#[tokio::test]
async fn one_connection_carries_many_requests_each_of_which_has_its_own_upstream() {
    let connections = Arc::new(Mutex::new(0));
    let count = Arc::clone(&connections);
    let addr = upstream(move |mut peer| {
        *count.lock().unwrap() += 1;
        async move {
            loop {
                peer.send([STREAM.as_bytes(), &chunked(b"x"), LAST.as_bytes()].concat())
                    .await;
                if peer.next().await.is_none() {
                    return;
                }
            }
        }
    })
    .await;
    let setup = record(addr).await;
    let mut stream = connect(setup.recorder.addr()).await;
    for number in 0..5 {
        stream
            .write_all(posted(&format!("/{number}"), "{}").as_bytes())
            .await
            .unwrap();
        assert_eq!(receive(&mut stream).await.body(), b"x");
    }
    let paths = setup
        .ended(5)
        .await
        .into_iter()
        .map(|one| one.request.unwrap().path);
    assert_eq!(paths.collect::<Vec<_>>(), ["/0", "/1", "/2", "/3", "/4"]);
    // A server may close a kept connection in the moment in which a request is written on it.
    assert_eq!(*connections.lock().unwrap(), 5);
}

#[tokio::test]
async fn what_is_not_a_plain_request_is_refused_and_not_on_the_tape() {
    let setup = record(echo().await).await;
    for (request, status) in [
        ("CONNECT host:443 HTTP/1.1\r\nhost: host:443\r\n\r\n", 501),
        (
            "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
            501,
        ),
        ("NOT HTTP\r\n\r\n", 400),
        (
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: two\r\n\r\n",
            400,
        ),
    ] {
        let got = send(setup.recorder.addr(), request).await;
        assert_eq!(got.status(), status, "{request}");
    }
    assert!(setup.now().tape.exchanges.is_empty());
    let refused = |report: &&Report| matches!(report, Report::Refused { status: 501, .. });
    assert_eq!(
        setup.reports.lock().unwrap().iter().filter(refused).count(),
        2
    );
}

#[tokio::test]
async fn a_request_that_breaks_off_or_stalls_is_no_exchange() {
    let setup = record_with(echo().await, |config| {
        config.timeouts.request = Duration::from_millis(100);
    })
    .await;
    let half = "POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf";
    let got = send(setup.recorder.addr(), half).await;
    assert_eq!(got.status(), 408);
    let mut stream = connect(setup.recorder.addr()).await;
    stream.write_all(half.as_bytes()).await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(50)).await;
    // A head that does not come is given up, too.
    let mut stream = connect(setup.recorder.addr()).await;
    stream.write_all(b"GET / HT").await.unwrap();
    receive(&mut stream).await;
    assert!(setup.now().tape.exchanges.is_empty());
}

#[tokio::test]
async fn the_header_names_the_dialect_that_the_paths_tell() {
    for (paths, dialect) in [
        (&["/v1/models"][..], None),
        (&["/v1/models", "/v1/messages?beta=true"], Some("anthropic")),
        (&["/v1/chat/completions"], Some("openai-chat")),
        (&["/v1/responses"], Some("openai-responses")),
        (&["/v1/responses/resp_1"], None),
        (&["/v1/completions"], Some("openai-completions")),
        (
            &["/v1beta/models/m:streamGenerateContent?alt=sse"],
            Some("gemini"),
        ),
        (&["/model/m/converse-stream"], Some("bedrock-converse")),
        (
            &["/model/m/invoke-with-response-stream"],
            Some("bedrock-invoke"),
        ),
        (&["/api/tags", "/api/chat"], Some("ollama")),
        (&["/v2/chat"], Some("cohere")),
        (&["/v1/chat/completions", "/v1/messages"], None),
        (
            &["/v1/chat/completions", "/v1/messages", "/v1/messages"],
            None,
        ),
    ] {
        let setup = record(echo().await).await;
        for path in paths {
            setup.post(path, "{}").await;
        }
        setup.ended(paths.len()).await;
        let (parsed, _) = setup.stop().await;
        assert_eq!(parsed.tape.header.dialect.as_deref(), dialect, "{paths:?}");
        assert_eq!(parsed.tape.header.extra["whole"], true);
    }
}

#[tokio::test]
async fn a_recorder_is_not_its_own_upstream() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    for host in ["127.0.0.1", "localhost"] {
        let scratch = Scratch::new();
        let output = Output::create(&scratch.join("session.tape")).unwrap();
        let mut config = Config::new(format!("http://{host}:{}", addr.port()).parse().unwrap());
        config.addr = addr;
        let error = Recorder::start(config, output).await.unwrap_err();
        assert!(matches!(error, StartError::Itself(_)), "{error}");
    }
}
