//! Each way to end: what is on the tape, and what the client sees.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use wiretape_tape::EndKind;

use crate::support::*;

#[tokio::test]
async fn a_complete_stream_keeps_its_chunks() {
    let addr = upstream(|mut peer| async move {
        peer.send(STREAM).await;
        peer.chunk("data: 1\n\n").await;
        // Two in one write are two.
        peer.send([chunked(b"data: 2\n\n"), chunked(b"data: \xe2\x82")].concat())
            .await;
        peer.chunk([0xac]).await;
        peer.send(LAST).await;
    })
    .await;
    let setup = record(addr).await;
    let got = setup.post("/v1/messages", "{}").await;
    let sent = [
        &b"data: 1\n\n"[..],
        b"data: 2\n\n",
        b"data: \xe2\x82",
        b"\xac",
    ];
    assert!(got.complete);
    assert_eq!(got.chunks(), sent);
    let exchange = setup.one().await;
    let taped: Vec<&[u8]> = exchange.chunks.iter().map(|chunk| &*chunk.bytes).collect();
    assert_eq!(taped, sent);
    assert_eq!(kind(&exchange), EndKind::Complete);
    let (parsed, summary) = setup.stop().await;
    assert_eq!(parsed.tape.header.extra["whole"], true);
    assert!(parsed.tape.header.exact);
    assert!(summary.is_whole());
    assert_eq!(
        (summary.recorded, summary.chunks, summary.bytes),
        (1, 4, 27)
    );
}

/// The client has each piece, and the disk its line, before the next one is sent.
#[tokio::test]
async fn each_piece_goes_on_at_once_and_is_on_disk_before() {
    let (next, wait) = mpsc::channel::<()>(1);
    let wait = std::sync::Arc::new(tokio::sync::Mutex::new(wait));
    let addr = upstream(move |mut peer| {
        let wait = std::sync::Arc::clone(&wait);
        async move {
            peer.send(STREAM).await;
            let mut wait = wait.lock().await;
            for byte in b'a'..=b'z' {
                peer.chunk([byte]).await;
                wait.recv().await.unwrap();
            }
            peer.send(LAST).await;
        }
    })
    .await;
    let setup = record(addr).await;
    let mut stream = connect(setup.recorder.addr()).await;
    stream
        .write_all(posted("/v1/messages", "{}").as_bytes())
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    for (count, byte) in (1..).zip(b'a'..=b'z') {
        let mut piece = [0; 6];
        stream.read_exact(&mut piece).await.unwrap();
        assert_eq!(piece, [b'1', b'\r', b'\n', byte, b'\r', b'\n']);
        assert_eq!(setup.now().tape.exchanges[0].chunks.len(), count);
        next.send(()).await.unwrap();
    }
    let mut last = [0; 5];
    stream.read_exact(&mut last).await.unwrap();
    assert_eq!(last, LAST.as_bytes());
    assert_eq!(
        kind(&setup.now().tape.exchanges[0]),
        EndKind::Complete,
        "before the last chunk"
    );
}

#[tokio::test]
async fn times_are_those_between_pieces() {
    let addr = upstream(|mut peer| async move {
        tokio::time::sleep(Duration::from_millis(60)).await;
        peer.send(STREAM).await;
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            peer.chunk("x").await;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
        peer.send(LAST).await;
    })
    .await;
    let setup = record(addr).await;
    setup.get("/").await;
    let exchange = setup.one().await;
    let mut times = vec![exchange.response.unwrap().after_ns / 2];
    times.extend(exchange.chunks.iter().map(|chunk| chunk.after_ns));
    times.push(exchange.end.unwrap().after_ns);
    for ns in times {
        assert!((28_000_000..2_000_000_000).contains(&ns), "{ns} ns");
    }
}

#[tokio::test]
async fn a_stream_without_its_last_chunk_stays_without_it() {
    let addr = upstream(|mut peer| async move {
        // The piece and the end in one: the client must have the piece all the same.
        peer.send([STREAM.as_bytes(), &chunked(b"one"), &chunked(b"two")].concat())
            .await;
    })
    .await;
    let setup = record(addr).await;
    let got = setup.get("/").await;
    assert_eq!(got.raw, b"3\r\none\r\n3\r\ntwo\r\n");
    assert!(!got.complete && !got.reset);
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::Unterminated);
    assert_eq!(exchange.body(), b"onetwo");
}

#[tokio::test]
async fn a_body_shorter_than_announced_stays_shorter() {
    let addr = upstream(|mut peer| async move {
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
            .await;
    })
    .await;
    let setup = record(addr).await;
    let got = setup.get("/").await;
    assert_eq!(got.raw, b"abc");
    assert!(!got.complete && !got.reset);
    assert!(got.head.contains("content-length: 10\r\n"));
    assert_eq!(kind(&setup.one().await), EndKind::Unterminated);
}

#[tokio::test]
async fn bodies_of_a_known_length_and_until_the_close_are_complete() {
    let addr = upstream(|mut peer| async move {
        let head = if peer.seen.head.starts_with("GET /length") {
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n"
        } else {
            "HTTP/1.1 200 OK\r\n\r\n"
        };
        peer.send(head).await;
        peer.send("abc").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        peer.send("def").await;
    })
    .await;
    let setup = record(addr).await;
    for path in ["/length", "/close"] {
        let got = setup.get(path).await;
        assert_eq!(got.body(), b"abcdef");
        assert!(got.complete, "{path}");
    }
    for exchange in setup.ended(2).await {
        assert_eq!(kind(&exchange), EndKind::Complete);
        assert_eq!(exchange.chunks.len(), 2);
    }
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let addr = upstream(|mut peer| async move {
        peer.send([STREAM.as_bytes(), &chunked(b"one")].concat())
            .await;
        // Until it is read: a reset takes what is not.
        tokio::time::sleep(Duration::from_millis(100)).await;
        peer.reset();
    })
    .await;
    let setup = record(addr).await;
    let got = setup.get("/").await;
    assert!(got.reset);
    assert_eq!(got.raw, b"3\r\none\r\n");
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::Reset);
    assert_eq!(exchange.body(), b"one");
}

#[tokio::test]
async fn a_stall_is_a_timeout() {
    let (keep, kept) = oneshot::channel::<()>();
    let kept = std::sync::Mutex::new(Some(kept));
    let addr = upstream(move |mut peer| {
        let kept = kept.lock().unwrap().take().unwrap();
        async move {
            peer.send([STREAM.as_bytes(), &chunked(b"one")].concat())
                .await;
            let _ = kept.await;
        }
    })
    .await;
    let setup = record_with(addr, |config| {
        config.timeouts.idle = Duration::from_millis(150);
    })
    .await;
    let got = setup.get("/").await;
    assert_eq!(got.raw, b"3\r\none\r\n");
    assert!(!got.complete && !got.reset);
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::Timeout);
    assert_eq!(error(&exchange), "idle: nothing came for 150ms");
    drop(keep);
}

#[tokio::test]
async fn no_head_is_a_timeout_that_the_client_is_told_of() {
    let addr = upstream(|peer| async move {
        tokio::time::sleep(SOON).await;
        drop(peer);
    })
    .await;
    let setup = record_with(addr, |config| {
        config.timeouts.head = Duration::from_millis(100);
    })
    .await;
    let got = setup.get("/").await;
    assert_eq!(got.status(), 504);
    assert_eq!(
        String::from_utf8(got.body()).unwrap(),
        "{\"error\":{\"message\":\"head: no response within 100ms\",\"type\":\"wiretape_timeout\"}}\n"
    );
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::Timeout);
    assert!(exchange.response.is_none());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_upstream_error() {
    let addr = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let setup = record(addr).await;
    let got = setup.get("/").await;
    assert_eq!(got.status(), 502);
    let body = String::from_utf8(got.body()).unwrap();
    assert!(body.contains("Connection refused"), "{body}");
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::UpstreamError);
    assert!(exchange.response.is_none());
    assert!(error(&exchange).contains("Connection refused"));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_an_upstream_error() {
    let addr = "127.0.0.1:1".parse().unwrap();
    let setup = record_with(addr, |config| {
        config.upstream = "http://nowhere.invalid".parse().unwrap();
    })
    .await;
    assert_eq!(setup.get("/").await.status(), 502);
    assert_eq!(kind(&setup.one().await), EndKind::UpstreamError);
}

#[tokio::test]
async fn a_close_without_an_answer_and_nonsense_are_upstream_errors() {
    let addr = upstream(|mut peer| async move {
        if peer.seen.head.starts_with("GET /nonsense") {
            peer.send("SSH-2.0-OpenSSH_9.9\r\n\r\n").await;
        }
    })
    .await;
    let setup = record(addr).await;
    for path in ["/close", "/nonsense"] {
        assert_eq!(setup.get(path).await.status(), 502, "{path}");
    }
    for exchange in setup.ended(2).await {
        assert_eq!(kind(&exchange), EndKind::UpstreamError);
    }
}

#[tokio::test]
async fn framing_that_breaks_in_the_middle_is_an_upstream_error() {
    let addr = upstream(|mut peer| async move {
        peer.send([STREAM.as_bytes(), &chunked(b"one"), b"zz\r\nmore"].concat())
            .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    })
    .await;
    let setup = record(addr).await;
    let got = setup.get("/").await;
    assert_eq!(got.raw, b"3\r\none\r\n");
    assert!(!got.complete);
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::UpstreamError);
    assert_eq!(exchange.body(), b"one");
}

#[tokio::test]
async fn a_client_that_hangs_up_is_recorded_and_the_server_is_left() {
    let (told, mut left) = mpsc::channel::<usize>(1);
    let addr = upstream(move |mut peer| {
        let told = told.clone();
        async move {
            peer.send([STREAM.as_bytes(), &chunked(b"one")].concat())
                .await;
            // Until the recorder is gone: an end, or a reset.
            let end = peer.stream.read(&mut [0; 16]).await.unwrap_or(0);
            told.send(end).await.unwrap();
        }
    })
    .await;
    let setup = record(addr).await;
    let mut stream = connect(setup.recorder.addr()).await;
    stream
        .write_all(posted("/v1/messages", "{}").as_bytes())
        .await
        .unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"one\r\n") {
        stream.read_buf(&mut seen).await.unwrap();
    }
    drop(stream);
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::ClientClosed);
    assert_eq!(exchange.body(), b"one");
    assert_eq!(
        tokio::time::timeout(SOON, left.recv()).await.unwrap(),
        Some(0)
    );
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_the_head_is_recorded() {
    let (told, mut left) = mpsc::channel::<usize>(1);
    let addr = upstream(move |mut peer| {
        let told = told.clone();
        async move {
            let end = peer.stream.read(&mut [0; 16]).await.unwrap_or(0);
            told.send(end).await.unwrap();
        }
    })
    .await;
    let setup = record(addr).await;
    let mut stream = connect(setup.recorder.addr()).await;
    stream
        .write_all(posted("/v1/messages", "{}").as_bytes())
        .await
        .unwrap();
    within(|| setup.now().tape.exchanges.first().cloned()).await;
    drop(stream);
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::ClientClosed);
    assert!(exchange.response.is_none());
    assert_eq!(
        tokio::time::timeout(SOON, left.recv()).await.unwrap(),
        Some(0)
    );
}

#[tokio::test]
async fn stopping_cuts_what_does_not_end_and_says_so() {
    let addr = upstream(|mut peer| async move {
        peer.send([STREAM.as_bytes(), &chunked(b"one")].concat())
            .await;
        let _ = peer.stream.read(&mut [0; 16]).await;
    })
    .await;
    let setup = record(addr).await;
    let mut stream = connect(setup.recorder.addr()).await;
    stream
        .write_all(posted("/v1/messages", "{}").as_bytes())
        .await
        .unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"one\r\n") {
        stream.read_buf(&mut seen).await.unwrap();
    }
    let (parsed, summary) = setup.stop_after(Duration::from_millis(50)).await;
    assert_eq!(summary.ends.get("client_closed"), Some(&1));
    let exchange = &parsed.tape.exchanges[0];
    assert_eq!(kind(exchange), EndKind::ClientClosed);
    assert_eq!(error(exchange), "the recorder was stopped");
    assert_eq!(parsed.tape.header.extra["whole"], true);
}

/// A client that reads slowly gets every byte, and the recorder does not take the stream in faster.
#[tokio::test]
async fn a_slow_client_gets_everything() {
    const CHUNKS: usize = 2000;
    let addr = upstream(|mut peer| async move {
        peer.send(STREAM).await;
        for number in 0..CHUNKS {
            peer.chunk(format!("{number:0>1000}")).await;
        }
    })
    .await;
    let setup = record(addr).await;
    let mut stream = connect(setup.recorder.addr()).await;
    stream
        .write_all(posted("/v1/messages", "{}").as_bytes())
        .await
        .unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 40_000];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        if read == 0 {
            break;
        }
        seen.extend_from_slice(&buffer[..read]);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let exchange = setup.one().await;
    assert_eq!(
        kind(&exchange),
        EndKind::Unterminated,
        "also behind much that was not read yet"
    );
    let at = seen
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    let got = Got {
        head: String::from_utf8(seen[..at].to_vec()).unwrap(),
        raw: seen[at..].to_vec(),
        complete: false,
        reset: false,
    };
    // Where reads cut a chunk of the coding it is two, for the client as on the tape.
    let taped: Vec<&[u8]> = exchange.chunks.iter().map(|chunk| &*chunk.bytes).collect();
    assert_eq!(got.chunks(), taped);
    let sent: String = (0..CHUNKS)
        .map(|number| format!("{number:0>1000}"))
        .collect();
    assert!(got.body() == sent.as_bytes());
}
