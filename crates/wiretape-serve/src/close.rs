//! The ends of a connection: each as a client must see it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a client may take to close its half after ours is closed.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// How long a client may take to get what was sent before a reset.
const RESET_TIME: Duration = Duration::from_secs(2);
/// How long it mostly takes, where that cannot be known: more than a delayed acknowledgement.
const CONFIRM_TIME: Duration = Duration::from_millis(60);
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

/// Sends nothing more until the client leaves, then `left`; or until the time is over, then a FIN.
pub(crate) async fn stall(mut stream: TcpStream, linger: Duration, left: impl FnOnce()) {
    match timeout(linger, drain(&mut stream)).await {
        Ok(()) => left(),
        Err(_) => fin(stream).await,
    }
}

/// Resets the connection once the client's system has every byte.
///
/// A reset throws away what was not sent yet, which would cut the answer at a place that the tape
/// does not name. Of a client that takes nothing, it is not waited for long.
pub(crate) async fn reset(stream: TcpStream) {
    let _ = timeout(RESET_TIME, taken(&stream)).await;
    let _ = stream.set_zero_linger();
}

/// Returns when the client's system has confirmed every byte, as far as that can be known.
async fn taken(stream: &TcpStream) {
    let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else {
        return;
    };
    let mut pause = Duration::from_millis(1);
    loop {
        match unconfirmed(local.port(), peer.port()) {
            Some(0) => return,
            Some(_) => {}
            None => return tokio::time::sleep(CONFIRM_TIME).await,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(16));
    }
}

/// Bytes of a connection that the other side has not confirmed, from the table that Linux keeps;
/// `None` where there is no such table. (A call of the system would tell too, but not a safe one.)
fn unconfirmed(local: u16, peer: u16) -> Option<u64> {
    let (local, peer) = (format!(":{local:04X}"), format!(":{peer:04X}"));
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
    tables.iter().find_map(|table| {
        let table = std::fs::read_to_string(table).ok()?;
        table.lines().find_map(|line| {
            let mut fields = line.split_ascii_whitespace().skip(1);
            let here = fields.next()?.ends_with(&local);
            let there = fields.next()?.ends_with(&peer);
            let (unconfirmed, _) = fields.nth(1)?.split_once(':')?;
            let bytes = u64::from_str_radix(unconfirmed, 16).ok()?;
            (here && there).then_some(bytes)
        })
    })
}

async fn drain(stream: &mut TcpStream) {
    let mut bytes = Vec::with_capacity(DRAIN_BYTES);
    while matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
        bytes.clear();
    }
}
