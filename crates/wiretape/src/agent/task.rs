//! Tasks that end with what holds them.

use std::future::Future;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::wire::Told;

/// A task that is stopped when it is dropped.
#[derive(Debug)]
pub(super) struct Task<T = ()>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    pub(super) fn spawn(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(future))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs a tool and tells its result. A tool that panics has an error for its result.
pub(super) async fn answer(
    tool: impl Future<Output = Result<String, String>> + Send + 'static,
    key: String,
    tell: mpsc::Sender<Told>,
) {
    // In a task of its own, which ends with this one.
    let mut inner = Task::spawn(tool);
    let result = match (&mut inner.0).await {
        Ok(result) => result,
        Err(_) => Err("the tool panicked".into()),
    };
    // Without a driver nobody waits for it.
    let _ = tell.send(Told::Result { key, result }).await;
}
