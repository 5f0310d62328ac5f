//! The kit's HTTP client: the head at once, chunks as they come, and how a body ended.

use std::future::Future;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiretape::http::{Client, End, HttpError, Request, Response};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";

/// A server of one connection, which does `act` once the request is there.
async fn server<F: Future<Output = ()> + Send>(
    act: impl FnOnce(TcpStream, String) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0);
        }
        act(stream, String::from_utf8(request).unwrap()).await;
    });
    format!("http://{address}")
}

async fn asked(base: &str) -> Result<Response, HttpError> {
    let request = Request::post("/v1/messages").header("x-api-key", "sesame");
    Client::new(base)?.send(request.body("{}")).await
}

async fn read(base: &str) -> (String, Option<End>) {
    let mut response = asked(base).await.unwrap();
    let body = response.rest(1 << 20).await;
    (String::from_utf8(body).unwrap(), response.end().cloned())
}

#[tokio::test]
async fn a_body_ends_in_one_of_four_ways() {
    let ends = [
        (
            "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            End::Complete,
        ),
        ("content-length: 2\r\n\r\nok", End::Complete),
        ("connection: close\r\n\r\nok", End::Complete),
        (
            "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
            End::Incomplete,
        ),
        ("content-length: 9\r\n\r\nok", End::Incomplete),
    ];
    for (rest, expected) in ends {
        let base = server(move |mut stream, _| async move {
            stream
                .write_all(format!("{HEAD}{rest}").as_bytes())
                .await
                .unwrap();
        });
        assert_eq!(
            read(&base.await).await,
            ("ok".into(), Some(expected)),
            "{rest}"
        );
    }
    let reset = server(|mut stream, _| async move {
        let rest = "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n";
        stream
            .write_all(format!("{HEAD}{rest}").as_bytes())
            .await
            .unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        stream.set_zero_linger().unwrap();
    });
    assert_eq!(read(&reset.await).await, ("ok".into(), Some(End::Reset)));
    let broken = server(|mut stream, _| async move {
        let rest = "transfer-encoding: chunked\r\n\r\nno size\r\n";
        stream
            .write_all(format!("{HEAD}{rest}").as_bytes())
            .await
            .unwrap();
    });
    let (_, end) = read(&broken.await).await;
    assert!(matches!(end, Some(End::Error(_))), "{end:?}");
}

/// The head and the first chunk are there while the server still holds the rest; dropping the
/// response closes the connection.
#[tokio::test]
async fn nothing_waits_for_the_end_of_the_body() {
    let (closed, seen) = tokio::sync::oneshot::channel();
    let base = server(|mut stream, request| async move {
        assert!(
            request.starts_with("POST /v1/messages HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(request.contains("x-api-key: sesame\r\n"), "{request}");
        assert!(
            request.contains("content-type: application/json\r\n"),
            "{request}"
        );
        let rest = "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n";
        stream
            .write_all(format!("{HEAD}{rest}").as_bytes())
            .await
            .unwrap();
        closed
            .send(stream.read(&mut [0]).await.unwrap_or(0))
            .unwrap();
    });
    let mut response = asked(&base.await).await.unwrap();
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("text/event-stream"))
    );
    assert_eq!(response.chunk().await.as_deref(), Some(b"ok".as_slice()));
    assert_eq!(response.end(), None);
    drop(response);
    assert_eq!(seen.await.unwrap(), 0);
}

#[tokio::test]
async fn what_has_no_head_is_an_error() {
    let silent = server(|stream, _| async move { drop(stream) }).await;
    assert!(matches!(asked(&silent).await, Err(HttpError::NoHead(_))));
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = asked(&format!("http://{nobody}")).await;
    assert!(matches!(refused, Err(HttpError::Connect(_))));
    for base in ["https://127.0.0.1", "localhost:80", "http://", ""] {
        assert!(
            matches!(Client::new(base), Err(HttpError::Url { .. })),
            "{base}"
        );
    }
}
