//! A recording reverse proxy for streamed LLM replies: every byte, boundary, moment and end of a
//! session on a tape, and no secret.
//!
//! ```text
//!  client ──request──▶ Recorder ──request──▶ upstream server
//!         ◀──chunk────     │    ◀──chunk────
//!                          ▼
//!                 a line on the tape, before the chunk goes on
//! ```
//!
//! What it promises:
//! * The client sees what it would see without the recorder: each piece at once, the same bytes, the
//!   same end; a body that was cut is cut, one that was reset is reset. Only the head differs where
//!   a proxy's must: headers of the connection are the recorder's own, `accept-encoding` asks for
//!   `identity` unless told otherwise.
//! * A chunk's line is written to the file before the chunk is sent on: it survives `kill -9`, though
//!   not a loss of power, for which the disk is waited only when the tape is closed. Where its last bytes could
//!   be the beginning of a secret, the line waits until the next bytes tell: at most
//!   [`HOLD_BYTES_MAX`](wiretape_tape::redact::HOLD_BYTES_MAX) bytes of a body wait so.
//! * No secret is written: headers by a list of those that are [kept](KEPT), values of keys in the
//!   query, and what looks like a key in bodies; see [`wiretape_tape::redact`].
//! * A tape that cannot be written, as on a full disk, costs a client nothing: it ends before the
//!   line that did not fit, says so, and [`Summary::failure`] tells why.
//!
//! What a recorded tape says besides, each in a field or line that other programs keep:
//!
//! | where | field | says |
//! |---|---|---|
//! | header | `whole` | `true` once the tape was closed with nothing missing; `false` before, after `kill -9`, and where a line could not be written |
//! | header | `room` | nothing: spaces, so that the header can be written over in place |
//! | request, end | `replaced` | `[[offset, length, "kind"], …]`: what was replaced in the request's, the response's body; `replaced_count` where there is more than is listed |
//! | request | `replaced_path` | the same of the path |
//! | request, response | `replaced_headers` | `[["name", offset, length, "kind"], …]`: the same of the headers that are kept |
//! | request, response | `searched` | `false`: the body is compressed, and was not searched for secrets |
//! | request | `body_too_long` | `{"bytes_max": …}`: the body was longer than is recorded |
//! | end | `error` | why it did not end well; names the timeout (`connect`, `head`, `idle`) |
//! | a line | `torn` | the text of a line that was cut when the recorder was killed, kept when the tape was gone on with; `bytes` are those of a character that was cut |
//! | a line | `incomplete` | why nothing more was written |
//!
//! What a chunk is: what one read of the upstream server's body gave. A chunk of the chunked coding
//! is one, unless a read cuts it, as where it is longer than what is read at a time, or where the
//! client reads more slowly than the server writes; then it is two, for the client as on the tape.
//!
//! Secrets that it does not see: in compressed bodies, and where a model spells one out over several
//! pieces of JSON. A client that stops reading holds its stream open; nothing is read ahead for it.
//!
//! What it never does: follow a redirect, accept a certificate that does not verify, decompress,
//! repair.
//!
//! ```no_run
//! use wiretape_record::{Config, Output, Recorder};
//!
//! # async fn record() -> Result<(), Box<dyn std::error::Error>> {
//! let output = Output::create("session.tape".as_ref())?;
//! let config = Config::new("https://api.example.com".parse()?);
//! let recorder = Recorder::start(config, output).await?;
//! println!("point a client at {}", recorder.url());
//! let summary = recorder.stop(std::time::Duration::from_secs(5)).await;
//! println!("{} exchanges", summary.recorded);
//! # Ok(())
//! # }
//! ```

mod body;
mod clock;
mod config;
mod connect;
mod exchange;
mod header;
mod headers;
mod lock;
mod output;
mod proxy;
mod recorder;
mod report;
mod secrets;
mod tape;
#[cfg(feature = "tls")]
mod tls;
mod upstream;
mod wire;

pub use config::{AcceptEncoding, Config, Limits, Observer, Timeouts};
pub use output::{APPEND_BYTES_MAX, Output, OutputError, Sink};
pub use recorder::{Recorder, StartError};
pub use report::{Ended, Report, Summary};
pub use tape::dialect_of;
pub use upstream::{Upstream, UpstreamError};
pub use wiretape_tape::redact::KEPT;
