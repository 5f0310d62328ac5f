//! Law 4 through sockets: what is recorded of a replay is the tape that was replayed.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;
use wiretape::serve::{Config, Mount, Server};
use wiretape::tape::{EndKind, Exchange, Tape, parse};
use wiretape_record::{Output, Recorder};

use crate::support::tapes;

/// Bytes that arrive together and are read at once.
const READ_BYTES: usize = 4 << 10;

/// The status, the body, and the end as one that a recorder can see.
fn sent(exchange: &Exchange) -> (u16, String, EndKind) {
    let end = exchange.end.as_ref().map(|end| end.kind);
    let end = match end.unwrap_or(EndKind::Unterminated) {
        // A server that was hung up on has only what it had sent; a replay of it stops there.
        EndKind::ClientClosed | EndKind::UpstreamError => EndKind::Unterminated,
        end => end,
    };
    let status = exchange
        .response
        .as_ref()
        .map_or(200, |response| response.status);
    let body = String::from_utf8_lossy(&exchange.body()).into_owned();
    (status, body, end)
}

/// The offsets at which the body is cut.
fn cuts(exchange: &Exchange) -> BTreeSet<usize> {
    let mut at = 0;
    let ends = exchange.chunks.iter().map(|chunk| {
        at += chunk.bytes.len();
        at
    });
    ends.collect()
}

#[test]
fn what_is_recorded_of_a_replay_is_the_tape() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut compared = 0;
    for (name, loaded) in tapes() {
        let again = runtime.block_on(record_a_replay(&loaded.tape));
        assert_eq!(again.exchanges.len(), loaded.tape.exchanges.len(), "{name}");
        for (place, (expected, seen)) in loaded
            .tape
            .exchanges
            .iter()
            .zip(&again.exchanges)
            .enumerate()
        {
            // Nothing came but an error of the connection: there is nothing to be equal.
            if expected.response.is_none() && expected.chunks.is_empty() {
                continue;
            }
            assert!(
                sent(expected) == sent(seen),
                "{name}, exchange {place}: {seen:#?}"
            );
            let (expected, seen) = (cuts(expected), cuts(seen));
            // Without waits a long body fills the recorder's buffer, whose end cuts a chunk in two.
            let longer = expected.last().is_some_and(|bytes| *bytes > READ_BYTES);
            let same = expected.is_subset(&seen) && (longer || expected == seen);
            assert!(same, "{name}, exchange {place}: {expected:?} {seen:?}");
            compared += 1;
        }
    }
    assert!(compared >= 32, "{compared}");
}

async fn record_a_replay(tape: &Tape) -> Tape {
    let linger = Duration::from_millis(300);
    let config = Config {
        linger,
        ..Config::default()
    };
    let server = Server::start(config).await.unwrap();
    server.mount("", Mount::new(tape)).unwrap();
    let upstream = server.url().parse().unwrap();
    let mut config = wiretape_record::Config::new(upstream);
    // A stall is noticed before the replay gives it up.
    config.timeouts.idle = Duration::from_millis(100);
    let file = std::env::temp_dir().join(format!("wiretape-{}.tape", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let recorder = Recorder::start(config, Output::create(&file).unwrap())
        .await
        .unwrap();
    for exchange in &tape.exchanges {
        let request = exchange.request.as_ref();
        let method = request
            .map_or("POST", |request| request.method.as_str())
            .to_owned();
        let path = request
            .map_or("/v1/messages", |request| request.path.as_str())
            .to_owned();
        let body = request.map(|request| match &request.body {
            wiretape::tape::Body::Json(text) | wiretape::tape::Body::Text(text) => text.clone(),
            _ => String::new(),
        });
        let body = body.unwrap_or_else(|| json!({"stream": true}).to_string());
        let addr = recorder.addr();
        let asked = tokio::task::spawn_blocking(move || ask(addr, &method, &path, &body));
        asked.await.unwrap();
    }
    let summary = recorder.stop(Duration::from_secs(5)).await;
    assert!(summary.failure.is_none(), "{summary:?}");
    let text = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let parsed = parse(&text).unwrap();
    assert!(parsed.torn.is_none() && parsed.tape.header.exact);
    parsed.tape
}

/// Reads until nothing more comes, whatever the end.
fn ask(addr: SocketAddr, method: &str, path: &str, body: &str) {
    let mut socket = TcpStream::connect(addr).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    socket.write_all((head + body).as_bytes()).unwrap();
    let _ = socket.read_to_end(&mut Vec::new());
    let _ = socket.shutdown(Shutdown::Both);
}
