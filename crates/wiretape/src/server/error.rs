//! Why a server cannot be had, and what it waited for in vain.

use std::{fmt, io};

use wiretape_core::Dialect;
use wiretape_serve::{MountError, State};

/// Why a tape cannot be replayed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerError {
    /// No port or no thread can be had.
    Io(io::Error),
    /// No runtime of tokio drives the caller.
    NoRuntime,
    /// The prefix cannot be served, or the tape cannot be played so.
    Mount(MountError),
    /// An exchange's dialect is none that this version reads.
    Dialect {
        /// The exchange.
        exchange: usize,
        /// The name that the tape or the caller gives it; `None`: none, and the body does not show
        /// it.
        named: Option<String>,
    },
    /// An exchange was recorded compressed, so that only a client can read it that undoes that.
    Compressed {
        /// The exchange.
        exchange: usize,
        /// How it is compressed.
        coding: String,
    },
    /// The tape has no such exchange.
    Exchange {
        /// The number asked for.
        exchange: usize,
        /// Exchanges of the tape.
        exchanges: usize,
    },
}

impl From<io::Error> for ServerError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<MountError> for ServerError {
    fn from(error: MountError) -> Self {
        Self::Mount(error)
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the replay server cannot start: {error}"),
            Self::NoRuntime => f.write_str(
                "expected to be called inside a tokio runtime, as in #[tokio::test]; \
                 start_blocking() brings its own",
            ),
            Self::Mount(error) => error.fmt(f),
            Self::Dialect { exchange, named } => {
                let expected = Dialect::ALL.map(Dialect::name).join(" or ");
                write!(f, "exchange {exchange}: expected the dialect {expected}, ")?;
                match named {
                    Some(name) => write!(f, "found {name:?}"),
                    None => f.write_str("its body shows neither; Replay::dialect names it"),
                }
            }
            Self::Compressed { exchange, coding } => write!(
                f,
                "exchange {exchange}: its body was recorded compressed ({coding}), expected text; \
                 `wiretape vary` writes it as text"
            ),
            Self::Exchange {
                exchange,
                exchanges,
            } => write!(
                f,
                "expected an exchange below {exchanges}, of which the tape has so many, found {exchange}"
            ),
        }
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Mount(error) => Some(error),
            _ => None,
        }
    }
}

/// A tape was not replayed as its test expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Where it is mounted; empty at the root.
    pub prefix: String,
    /// How far it came.
    pub state: State,
}

impl Unmet {
    pub(super) const fn new(prefix: String, state: State) -> Self {
        Self { prefix, state }
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State {
            exchanges,
            unused,
            requests,
            misses,
            ..
        } = &self.state;
        f.write_str("wiretape")?;
        if !self.prefix.is_empty() {
            write!(f, " {}", self.prefix)?;
        }
        let numbers: Vec<String> = unused.iter().map(usize::to_string).collect();
        let numbers = numbers.join(", ");
        match unused.len() {
            0 => write!(f, ": all {exchanges} exchanges answered a request")?,
            1 => write!(f, ": exchange {numbers} of {exchanges} answered no request")?,
            _ => write!(
                f,
                ": exchanges {numbers} of {exchanges} answered no request"
            )?,
        }
        match misses {
            0 => write!(f, "; there were {requests} requests"),
            _ => write!(f, "; {misses} of {requests} requests were misses"),
        }
    }
}

impl std::error::Error for Unmet {}
