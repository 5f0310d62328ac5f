//! A mount at its prefix, with how far it was used.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::config::Limits;
use crate::mount::{Compiled, Mount, Settings};
use crate::report::Outcome;
use crate::session::{Choice, Live, Session, Ticket, Wrote};

#[derive(Debug)]
pub(crate) struct Mounted {
    pub(crate) prefix: String,
    pub(crate) settings: Settings,
    pub(crate) compiled: Arc<Compiled>,
    session: Mutex<Session>,
    /// How often it was released.
    release: watch::Sender<u64>,
}

impl Mounted {
    pub(crate) fn new(prefix: &str, mount: Mount) -> Self {
        let compiled = Arc::clone(mount.compiled());
        Self {
            prefix: prefix.to_owned(),
            settings: mount.into_settings(),
            session: Mutex::new(Session::new(compiled.exchanges.len())),
            compiled,
            release: watch::Sender::new(0),
        }
    }

    /// How far it was used. Never held across a wait.
    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn answer(&self, live: Live, limits: &Limits) -> Choice {
        let mut session = self.session();
        session.answer(&self.compiled.turns, &self.settings.matching, live, limits)
    }

    /// Notes a request that is larger than the window, and says which one it was.
    pub(crate) fn too_large(&self, live: Live, limits: &Limits) -> Ticket {
        self.session().too_large(live, limits)
    }

    /// Lets what is held go on; how many that were.
    pub(crate) fn release(&self) -> usize {
        let held = self.session().state().held;
        self.release
            .send_modify(|count| *count = count.wrapping_add(1));
        held
    }
}

/// An answer under way. When it is dropped, the answer is over, and failed unless it was ended.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) mounted: Arc<Mounted>,
    pub(crate) ticket: Ticket,
    /// It came to its end, which is a stall.
    pub(crate) stalled: Option<Stalled>,
    ended: bool,
}

impl Flight {
    pub(crate) fn new(mounted: Arc<Mounted>, ticket: Ticket) -> Self {
        Self {
            mounted,
            ticket,
            stalled: None,
            ended: false,
        }
    }

    /// It comes to its end, which is a stall: told before it ends, so that at no moment it is neither
    /// under way nor stalled.
    pub(crate) fn stall(&mut self) {
        self.stalled = Some(Stalled::new(Arc::clone(&self.mounted), self.ticket));
    }

    /// It ends, or is about to: told before the client can know, so that its next request finds it.
    pub(crate) fn end(&mut self, outcome: Outcome, wrote: Wrote) {
        let mut session = self.mounted.session();
        session.end(self.ticket, outcome, wrote);
        if !self.ended {
            session.over(self.ticket);
        }
        self.ended = true;
    }

    /// Returns when it is released. It counts as held from the first poll until then.
    pub(crate) async fn released(&self) {
        // Listening begins before it counts, so that whoever sees it held can release it.
        let mut release = self.mounted.release.subscribe();
        let held = Held(self);
        held.0.mounted.session().held(self.ticket, true);
        // It fails when the sender is gone, which lives as long as this.
        let _ = release.changed().await;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.ended {
            let (bytes, whole) = (0, false);
            self.end(Outcome::Failed, Wrote { bytes, whole });
        }
    }
}

/// An answer that came to its end, which is a stall: as long as this lives, it stays open.
#[derive(Debug)]
pub(crate) struct Stalled {
    mounted: Arc<Mounted>,
    ticket: Ticket,
    pub(crate) left: bool,
}

impl Stalled {
    fn new(mounted: Arc<Mounted>, ticket: Ticket) -> Self {
        mounted.session().stalled(ticket, true, false);
        Self {
            mounted,
            ticket,
            left: false,
        }
    }
}

impl Drop for Stalled {
    fn drop(&mut self) {
        let mut session = self.mounted.session();
        session.stalled(self.ticket, false, self.left);
    }
}

struct Held<'a>(&'a Flight);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.mounted.session().held(self.0.ticket, false);
    }
}
