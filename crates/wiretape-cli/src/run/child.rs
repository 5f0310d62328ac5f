//! The command that is run.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitStatus;

use tokio::process::{Child, Command};
use wiretape_check::client;

use crate::exit::Fault;
use crate::stop::{Asked, Stop};

/// Which keys the command gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// Its own, for a real server.
    Own,
    /// Ones that open nothing: a replay needs none, and gets none.
    Dummy,
}

/// Runs the command to its end; the exit code a shell would give.
pub(super) async fn run(command: &[OsString], url: &str, keys: Keys) -> Result<u8, Fault> {
    let mut stop = Stop::new()?;
    let mut child = start(command, url, keys)?;
    let ended = loop {
        tokio::select! {
            asked = stop.asked() => match asked {
                // The terminal sends it to the command, too: how that ends is its own affair.
                Asked::Interrupt => {}
                Asked::Terminate => drop(child.start_kill()),
            },
            ended = child.wait() => break ended,
        }
    };
    let failed = |error| Fault::new(format!("cannot wait for the command: {error}"));
    ended.map(code).map_err(failed)
}

/// Starts the command with its base URLs set.
fn start(command: &[OsString], url: &str, keys: Keys) -> Result<Child, Fault> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Fault::new("no command to run"));
    };
    let mut child = Command::new(program);
    child.args(arguments).kill_on_drop(true);
    child.envs(client::base_urls(url));
    if keys == Keys::Dummy {
        child.envs(client::dummy_keys());
    }
    child.envs(client::no_proxy());
    child.spawn().map_err(|error| cannot_start(program, &error))
}

fn cannot_start(program: &OsString, error: &std::io::Error) -> Fault {
    let program = program.to_string_lossy();
    let code = if error.kind() == ErrorKind::NotFound {
        127
    } else {
        126
    };
    Fault::Start {
        message: format!("{program}: cannot start it: {error}"),
        code,
    }
}

fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return u8::try_from(128 + signal).unwrap_or(u8::MAX);
        }
    }
    status
        .code()
        .map_or(1, |code| u8::try_from(code & 0xff).unwrap_or(1))
}
