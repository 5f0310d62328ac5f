//! When to stop: Ctrl-C, or what a supervisor sends.

use crate::exit::Fault;

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Ctrl-C, which the terminal sends to the whole group of processes.
    Interrupt,
    /// SIGTERM, which is sent to this process alone.
    Terminate,
}

/// Listens from its making on, so that nothing is missed between two waits.
pub(crate) struct Stop {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    pub(crate) fn new() -> Result<Self, Fault> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            let listening = signal(kind);
            listening.map_err(|error| Fault::new(format!("cannot listen for Ctrl-C: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    #[cfg(not(unix))]
    pub(crate) fn new() -> Result<Self, Fault> {
        Ok(Self {})
    }

    /// Waits for the next time somebody asks.
    #[cfg(unix)]
    pub(crate) async fn asked(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }

    #[cfg(not(unix))]
    pub(crate) async fn asked(&mut self) -> Asked {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Asked::Interrupt
    }
}
