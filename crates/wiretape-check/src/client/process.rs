//! A new process for each run.

use std::collections::VecDeque;
use std::future::Future;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use super::line;
use super::start::{Started, code, in_words, start};
use super::{Config, Order, Reply, StartError};
use crate::Ended;

/// Bytes of standard output that are kept: its end.
const STDOUT_BYTES_MAX: usize = 1 << 20;
/// Bytes of one read.
const READ_BYTES: usize = 16 << 10;
/// How long outputs may stay open once the process has ended: what it started may hold them.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// Runs the command to its end.
pub(super) async fn run(
    config: &Config,
    order: &Order,
    limit: impl Future<Output = u64>,
) -> Result<Reply, StartError> {
    let mut started = start(config, &order.base_url, Stdio::null())?;
    let output = started.stdout.take();
    let reading = tokio::spawn(async move {
        match output {
            Some(output) => end_of(output).await,
            None => Vec::new(),
        }
    });
    let ended = tokio::select! {
        status = started.child.wait() => match status {
            Ok(status) => code(status).map_or_else(
                || Ended::Crashed { why: in_words(status) },
                |code| Ended::Exited { code },
            ),
            Err(error) => Ended::Crashed { why: error.to_string() },
        },
        patience_ns = limit => Ended::Hung { patience_ns },
    };
    let stderr = close(&mut started).await;
    let output = timeout(CLOSING_TIME, reading).await;
    let output = output.ok().and_then(Result::ok).unwrap_or_default();
    Ok(Reply {
        said: line::last(&output),
        ended,
        stderr,
        fresh: true,
    })
}

/// Ends what is left of a process and its group; the end of its standard error.
pub(super) async fn close(started: &mut Started) -> String {
    started.group.end();
    let _ = started.child.start_kill();
    let _ = started.child.wait().await;
    if let Some(mut gathering) = started.gathering.take() {
        if timeout(CLOSING_TIME, &mut gathering).await.is_err() {
            gathering.abort();
        }
    }
    started.tail.take()
}

/// The last bytes of an output.
async fn end_of(mut from: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut kept: VecDeque<u8> = VecDeque::new();
    let mut bytes = Vec::with_capacity(READ_BYTES);
    while matches!(from.read_buf(&mut bytes).await, Ok(1..)) {
        kept.extend(bytes.drain(..));
        let over = kept.len().saturating_sub(STDOUT_BYTES_MAX);
        kept.drain(..over);
    }
    kept.into()
}
