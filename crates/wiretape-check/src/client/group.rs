//! A client's process with all that it started, as a group of their own.

use tokio::process::{Child, Command};

/// The group is ended when this is dropped.
#[derive(Debug)]
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<nix::unistd::Pid>,
}

impl Group {
    /// Lets the command lead a group of its own: what the terminal sends does not reach it, and all
    /// that it starts can be ended with it.
    pub(super) fn lead(command: &mut Command) {
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
    }

    /// The group that a started command leads.
    #[cfg(unix)]
    pub(super) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.map(nix::unistd::Pid::from_raw),
        }
    }

    /// Where there are no groups, the process alone is ended.
    #[cfg(not(unix))]
    pub(super) fn of(_child: &Child) -> Self {
        Self {}
    }

    /// Ends all of them.
    pub(super) fn end(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader.take() {
            // It fails where none is left.
            let _ = nix::sys::signal::killpg(leader, nix::sys::signal::Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}
