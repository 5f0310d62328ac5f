//! How a command ends.

use std::io;
use std::path::Path;

use wiretape::LoadError;

/// How a command ended. The codes are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked; all laws hold.
    Good,
    /// A law fails.
    Broken,
    /// The arguments or a file cannot be used.
    Unusable,
    /// Ctrl-C.
    Interrupted,
    /// As the command that was run.
    Command(u8),
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Broken => 1,
            Self::Unusable => 2,
            Self::Interrupted => 130,
            Self::Command(code) => code,
        }
    }
}

/// Why a command cannot do what was asked.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The reader of our output went away.
    Pipe,
    /// What was expected and where, and what may help.
    Said {
        message: String,
        hint: Option<String>,
    },
    /// A command cannot be started: why, and the code a shell would exit with.
    Start { message: String, code: u8 },
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Said {
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Said {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }
}

/// Output that cannot be written.
impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Pipe
        } else {
            Self::new(format!("cannot write the output: {error}"))
        }
    }
}

/// As for output: a broken pipe reaches us through the JSON writer, too.
impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

impl From<LoadError> for Fault {
    fn from(error: LoadError) -> Self {
        let message = error.to_string();
        match hint(&error) {
            Some(hint) => Self::with_hint(message, hint),
            None => Self::new(message),
        }
    }
}

/// What may help, where the message alone does not say it.
fn hint(error: &LoadError) -> Option<String> {
    let text = match error {
        LoadError::Io(path, error) => match error.kind() {
            io::ErrorKind::NotFound if path == Path::new("recordings") => {
                "run it where the recordings are, or name files and folders"
            }
            io::ErrorKind::NotFound if path == Path::new("-") => {
                "standard input goes by the name /dev/stdin"
            }
            io::ErrorKind::IsADirectory => "this command reads one file: name one in the folder",
            _ => return None,
        },
        LoadError::Dialect(..) => "--dialect NAME reads it as one of them",
        _ => return None,
    };
    Some(text.into())
}
