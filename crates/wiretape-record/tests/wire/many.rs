//! Many streams at a time: every byte is accounted for.

use std::collections::BTreeMap;

use wiretape_tape::{EndKind, sha256_hex};

use crate::support::*;

const STREAMS: usize = 200;
const CHUNKS: usize = 100;

/// The body of a stream: no two are equal.
fn pieces(stream: usize) -> Vec<Vec<u8>> {
    let piece = |number: usize| {
        let text = format!(
            "data: {stream}/{number} {}\n\n",
            "é".repeat(number * stream % 40)
        );
        text.into_bytes()
    };
    (0..CHUNKS).map(piece).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_streams_are_recorded_to_the_byte() {
    let addr = upstream(|mut peer| async move {
        let path = peer.seen.head.split(' ').nth(1).unwrap().to_owned();
        let stream: usize = path.trim_start_matches('/').parse().unwrap();
        peer.send(STREAM).await;
        for (number, piece) in pieces(stream).into_iter().enumerate() {
            peer.chunk(piece).await;
            if (number + stream) % 10 == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        }
        // Every way to end that keeps what was sent.
        if stream % 3 > 0 {
            peer.send(LAST).await;
        }
    })
    .await;
    let setup = record(addr).await;
    let recorder = setup.recorder.addr();
    let mut clients = tokio::task::JoinSet::new();
    for stream in 0..STREAMS {
        clients.spawn(async move {
            let got = send(recorder, posted(&format!("/{stream}"), "{}")).await;
            (format!("/{stream}"), got)
        });
    }
    let mut seen = BTreeMap::new();
    while let Some(client) = clients.join_next().await {
        let (path, got) = client.unwrap();
        seen.insert(path, got);
    }
    let (parsed, summary) = setup.stop().await;
    assert!(summary.is_whole());
    assert_eq!(summary.recorded, STREAMS as u64);
    assert_eq!(parsed.tape.exchanges.len(), STREAMS);
    assert!(!parsed.tape.order.is_empty(), "their lines alternate");
    for exchange in &parsed.tape.exchanges {
        let path = &exchange.request.as_ref().unwrap().path;
        let got = seen.remove(path).unwrap();
        let stream: usize = path.trim_start_matches('/').parse().unwrap();
        let end = exchange.end.as_ref().unwrap();
        assert_eq!(sha256_hex(&got.body()), end.sha256, "{path}");
        assert_eq!(got.body(), pieces(stream).concat());
        let taped: Vec<&[u8]> = exchange.chunks.iter().map(|chunk| &*chunk.bytes).collect();
        assert_eq!(got.chunks(), taped);
        let complete = stream % 3 > 0;
        assert_eq!(end.kind == EndKind::Complete, complete);
        assert_eq!(got.complete, complete);
    }
    assert!(seen.is_empty());
}
