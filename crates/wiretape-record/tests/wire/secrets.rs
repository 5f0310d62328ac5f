//! Secrets, planted wherever a session can hold one: the client gets the true bytes, the disk none.

use std::sync::{Arc, Mutex};

use wiretape_tape::{Body, EndKind};

use crate::support::*;

/// A key that no pattern knows: only that this request came with it.
const OWN: &str = "own-secret/of:this+request";
const KEY: &str = "sk-ant-api03-q7Zk2LmN-x_9QwErTyUiOpAsDf";

fn stars(secret: &str) -> String {
    "*".repeat(secret.len())
}

#[tokio::test]
async fn nothing_of_a_head_or_a_body_reaches_the_disk() {
    let addr = upstream(|mut peer| async move {
        let body = format!("{{\"error\":\"{OWN} is not {KEY}, nor my-basic-password\"}}");
        let head = format!(
            "HTTP/1.1 401 No\r\ncontent-type: application/json\r\nset-cookie: sid=cookie-of-the-server\r\n\
             x-request-id: {OWN}\r\nx-secret: {KEY}\r\nopenai-organization: org-of-the-user\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        peer.send(head).await;
    })
    .await;
    let setup = record(addr).await;
    let body = format!("{{\"model\":\"m\",\"key\":\"{KEY}\",\"own\":\"{OWN}\",\"n\":1}}");
    let request = format!(
        "POST /v1/messages?alt=sse&key=key-of-the-query&x={OWN} HTTP/1.1\r\nhost: x\r\n\
         authorization: Bearer {OWN}\r\nx-api-key: {KEY}\r\nx-goog-api-key: goog-key-of-the-user\r\n\
         api-key: azure-key-of-the-user\r\ncookie: a=cookie-of-the-user\r\n\
         proxy-authorization: Basic dTpteS1iYXNpYy1wYXNzd29yZA==\r\n\
         openai-organization: org-of-the-user\r\nopenai-project: proj-of-the-user\r\n\
         x-unknown: {KEY}\r\nuser-agent: agent ({KEY})\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let got = send(setup.recorder.addr(), request).await;
    let true_body = format!("{{\"error\":\"{OWN} is not {KEY}, nor my-basic-password\"}}");
    assert_eq!(String::from_utf8(got.body()).unwrap(), true_body);
    assert!(got.head.contains(&format!("x-request-id: {OWN}\r\n")));

    let exchange = setup.one().await;
    let request = exchange.request.as_ref().unwrap();
    let wanted = format!("/v1/messages?alt=sse&key=****************&x={}", stars(OWN));
    assert_eq!(request.path, wanted);
    assert_eq!(
        request.extra["replaced_path"][0],
        serde_json::json!([25, 16, "query"])
    );
    let clean = body.replace(KEY, &stars(KEY)).replace(OWN, &stars(OWN));
    assert_eq!(request.body, Body::Json(clean.clone()));
    let at = clean.find('*').unwrap();
    assert_eq!(
        request.extra["replaced"][0],
        serde_json::json!([at, KEY.len(), "literal"])
    );
    assert_eq!(request.extra["replaced_headers"][0][0], "user-agent");
    let agent = ("user-agent".to_owned(), format!("agent ({})", stars(KEY)));
    assert!(request.headers.contains(&agent), "{:?}", request.headers);

    let clean = true_body
        .replace(KEY, &stars(KEY))
        .replace(OWN, &stars(OWN));
    let clean = clean.replace("my-basic-password", &stars("my-basic-password"));
    assert_eq!(String::from_utf8(exchange.body()).unwrap(), clean);
    let end = exchange.end.as_ref().unwrap();
    assert_eq!(end.extra["replaced"].as_array().unwrap().len(), 3);
    let response = exchange.response.as_ref().unwrap();
    assert!(
        response
            .headers
            .contains(&("x-request-id".into(), stars(OWN)))
    );

    let text = setup.text();
    for secret in [
        OWN,
        KEY,
        "key-of-the-query",
        "goog-key",
        "azure-key",
        "cookie-of",
        "dTpteS1i",
        "my-basic",
        "org-of",
        "proj-of",
    ] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let (parsed, summary) = setup.stop().await;
    assert!(!parsed.tape.header.exact);
    assert_eq!(parsed.tape.header.extra["whole"], true);
    assert_eq!(summary.replaced, 9);
}

/// A secret cut at every place, also into single bytes.
#[tokio::test]
async fn a_secret_across_chunks_goes_wherever_it_is_cut() {
    let body = format!("data: {{\"a\":\"{KEY}\"}}\n\ndata: {{\"b\":\"{OWN}\"}}\n\n");
    let clean = body.replace(KEY, &stars(KEY)).replace(OWN, &stars(OWN));
    let cut = Arc::new(Mutex::new(0));
    let told = Arc::clone(&cut);
    let sent = body.clone();
    let addr = upstream(move |mut peer| {
        let cut = *told.lock().unwrap();
        let body = sent.clone().into_bytes();
        async move {
            loop {
                let (first, rest) = body.split_at(cut);
                let mut bytes = STREAM.as_bytes().to_vec();
                let pieces: Vec<&[u8]> = if cut == 0 {
                    body.chunks(1).collect()
                } else {
                    vec![first, rest]
                };
                for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
                    bytes.extend(chunked(piece));
                }
                bytes.extend_from_slice(LAST.as_bytes());
                peer.send(bytes).await;
                if peer.next().await.is_none() {
                    return;
                }
            }
        }
    })
    .await;
    for at in (0..body.len()).step_by(3).chain([0]) {
        *cut.lock().unwrap() = at;
        let setup = record(addr).await;
        let request = format!("GET / HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {OWN}\r\n\r\n");
        let got = send(setup.recorder.addr(), request).await;
        assert_eq!(String::from_utf8(got.body()).unwrap(), body);
        let exchange = setup.one().await;
        assert_eq!(
            String::from_utf8(exchange.body()).unwrap(),
            clean,
            "cut at {at}"
        );
        let lengths = |chunks: Vec<usize>| chunks;
        let taped = lengths(
            exchange
                .chunks
                .iter()
                .map(|chunk| chunk.bytes.len())
                .collect(),
        );
        let seen = lengths(got.chunks().iter().map(Vec::len).collect());
        assert_eq!(taped, seen, "the boundaries stay");
        let extra = &exchange.end.as_ref().unwrap().extra;
        let first = body.find(KEY).unwrap();
        assert_eq!(
            extra["replaced"][0],
            serde_json::json!([first, KEY.len(), "key"])
        );
        assert!(!setup.now().tape.header.exact);
    }
}

/// What may begin a secret waits; the line of what cannot is there at once; the client never waits.
#[tokio::test]
async fn only_what_may_be_a_secret_waits() {
    let go = Arc::new(tokio::sync::Notify::new());
    let gone = Arc::clone(&go);
    let addr = upstream(move |mut peer| {
        let go = Arc::clone(&gone);
        async move {
            peer.send(STREAM).await;
            peer.chunk("data: plain\n\n").await;
            peer.chunk("data: sk-ant-a").await;
            go.notified().await;
            peer.chunk("pi03-abcdefgh\n\n").await;
            go.notified().await;
            // Cut: it ends as one.
            peer.chunk("data: sk-proj-abcdefgh").await;
        }
    })
    .await;
    let setup = record(addr).await;
    let mut stream = connect(setup.recorder.addr()).await;
    let mut seen = Vec::new();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    while !seen.ends_with(b"sk-ant-a\r\n") {
        tokio::io::AsyncReadExt::read_buf(&mut stream, &mut seen)
            .await
            .unwrap();
    }
    let chunks = || {
        let exchange = setup.now().tape.exchanges.remove(0);
        exchange
            .chunks
            .iter()
            .map(|c| String::from_utf8(c.bytes.clone()).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(chunks(), ["data: plain\n\n"]);
    assert!(setup.now().tape.header.exact, "nothing was replaced so far");
    go.notify_one();
    within(|| (chunks().len() == 3).then_some(())).await;
    assert_eq!(chunks()[1..], ["data: ********", "*************\n\n"]);
    assert!(!setup.now().tape.header.exact);
    go.notify_one();
    let exchange = setup.one().await;
    assert_eq!(kind(&exchange), EndKind::Unterminated);
    assert_eq!(exchange.chunks[3].bytes, b"data: ****************");
}

#[tokio::test]
async fn a_compressed_body_is_kept_and_said_not_to_be_searched() {
    let addr = upstream(|mut peer| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 8\r\n\r\n";
        peer.send([head.as_bytes(), b"\x1f\x8b\x08\x00sk-a"].concat())
            .await;
    })
    .await;
    let setup = record(addr).await;
    assert_eq!(setup.get("/").await.body(), b"\x1f\x8b\x08\x00sk-a");
    let exchange = setup.one().await;
    assert_eq!(exchange.body(), b"\x1f\x8b\x08\x00sk-a");
    assert_eq!(exchange.response.unwrap().extra["searched"], false);
    let notes = setup.reports.lock().unwrap();
    assert!(
        notes
            .iter()
            .any(|report| report.to_string().contains("compressed (gzip)"))
    );
}
