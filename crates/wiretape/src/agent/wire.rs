//! A request on the wire: sends it, and tells what comes back.

use hyper::body::Bytes;
use tokio::sync::mpsc;
use wiretape_core::agent::Closed;

use crate::http::{Client, End, Request};

/// What the driver is told by its tasks.
#[derive(Debug)]
pub(super) enum Told {
    Head {
        attempt: u64,
        status: u16,
        headers: Vec<(String, String)>,
    },
    Chunk {
        attempt: u64,
        bytes: Bytes,
    },
    Closed {
        attempt: u64,
        how: Closed,
    },
    Result {
        key: String,
        result: Result<String, String>,
    },
    Cancel,
}

/// Sends a request and tells its head, each chunk of its body, and how it ended.
pub(super) async fn read(client: Client, request: Request, attempt: u64, tell: mpsc::Sender<Told>) {
    let how = match client.send(request).await {
        Err(_) => Closed::Unreachable,
        Ok(mut response) => {
            let head = Told::Head {
                attempt,
                status: response.status,
                headers: std::mem::take(&mut response.headers),
            };
            // Nobody listens any more: then nothing is read any more.
            if tell.send(head).await.is_err() {
                return;
            }
            while let Some(bytes) = response.chunk().await {
                if tell.send(Told::Chunk { attempt, bytes }).await.is_err() {
                    return;
                }
            }
            match response.end() {
                Some(End::Complete) => Closed::Complete,
                Some(End::Incomplete) => Closed::Incomplete,
                _ => Closed::Reset,
            }
        }
    };
    let _ = tell.send(Told::Closed { attempt, how }).await;
}
