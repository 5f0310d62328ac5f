//! How a client's process begins, and how it ended.

use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::group::Group;
use super::tail::Tail;
use super::{Config, StartError, environment};

/// A process that was started. Its standard error is read to its end.
#[derive(Debug)]
pub(super) struct Started {
    // Before the child: all of the group are ended before it is waited for.
    pub(super) group: Group,
    pub(super) child: Child,
    pub(super) stdin: Option<ChildStdin>,
    pub(super) stdout: Option<ChildStdout>,
    pub(super) tail: Tail,
    pub(super) gathering: Option<JoinHandle<()>>,
}

/// Starts a client whose variables lead to `url`.
pub(super) fn start(config: &Config, url: &str, stdin: Stdio) -> Result<Started, StartError> {
    let (program, arguments) = match config.command.split_first() {
        Some((program, arguments)) => (program.clone(), arguments),
        None => Default::default(),
    };
    let mut command = Command::new(&program);
    command.args(arguments).stdin(stdin);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(environment::base_urls(url));
    command.envs(environment::dummy_keys());
    command.envs(environment::no_proxy());
    Group::lead(&mut command);
    let mut child = command.spawn().map_err(|error| StartError {
        program: program.to_string_lossy().into_owned(),
        error,
    })?;
    let tail = Tail::new();
    let stderr = child.stderr.take();
    let gathering = stderr.map(|stderr| tokio::spawn(tail.clone().gather(stderr)));
    Ok(Started {
        group: Group::of(&child),
        stdin: child.stdin.take(),
        stdout: child.stdout.take(),
        child,
        tail,
        gathering,
    })
}

/// The signal, or the code, in words.
pub(super) fn in_words(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            let name = nix::sys::signal::Signal::try_from(signal);
            return name.map_or_else(|_| format!("signal {signal}"), |name| name.to_string());
        }
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "without an exit code".to_owned(),
    }
}

/// The code of a process that was not ended by a signal.
pub(super) fn code(status: ExitStatus) -> Option<i32> {
    status.code()
}
