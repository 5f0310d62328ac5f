//! The ends of a connection: each as a client must see it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a client may take to close its half after ours is closed.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// Bytes of one read of what nobody wants.
const DRAIN_BYTES: usize = 4 << 10;

/// Closes with a FIN behind all bytes.
///
/// What the client still sends is read and dropped for a while: to close with unread bytes would
/// reset the connection, and the client might lose the answer.
pub(crate) async fn fin(mut stream: TcpStream) {
    if stream.shutdown().await.is_ok() {
        let _ = timeout(DRAIN_TIME, drain(&mut stream)).await;
    }
}

/// Sends nothing more until the client leaves or the time is over, then a FIN.
pub(crate) async fn stall(mut stream: TcpStream, linger: Duration) {
    if timeout(linger, drain(&mut stream)).await.is_err() {
        fin(stream).await;
    }
}

/// Resets the connection once the client has every byte.
pub(crate) async fn reset(stream: TcpStream) {
    let _ = stream.set_zero_linger();
}

async fn drain(stream: &mut TcpStream) {
    let mut bytes = Vec::with_capacity(DRAIN_BYTES);
    while matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
        bytes.clear();
    }
}
