//! A runtime on a thread of its own.

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use wiretape_serve::{Config, Server};

use super::ServerError;

/// Drives a server until it is dropped.
#[derive(Debug)]
pub(super) struct Thread {
    stop: Option<oneshot::Sender<()>>,
    handle: Option<JoinHandle<()>>,
}

impl Thread {
    pub(super) fn start(config: Config) -> Result<(Server, Self), ServerError> {
        let (started, start) = mpsc::sync_channel(1);
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("wiretape".into());
        let handle = thread.spawn(move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = started.send(Err(error));
                    return;
                }
            };
            runtime.block_on(async move {
                // Whoever waits for it is gone if this fails, and then there is nothing to do.
                let _ = started.send(Server::start(config).await);
                let _ = stopped.await;
            });
        })?;
        let thread = Self {
            stop: Some(stop),
            handle: Some(handle),
        };
        let gone = || Err(io::Error::other("the server's thread ended"));
        let server = start.recv().unwrap_or_else(|_| gone())?;
        Ok((server, thread))
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(handle) = self.handle.take() {
            // It has nothing to say; if it panicked, that was printed.
            let _ = handle.join();
        }
    }
}
