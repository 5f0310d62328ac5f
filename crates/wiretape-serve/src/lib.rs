//! A server that replays tapes over HTTP/1.1: exact bytes, write boundaries, moments and ends.
//!
//! ```text
//!  socket ─▶ request ─▶ prefix ─▶ Session: whose turn is it? ─▶ Reply ─▶ Player ─▶ socket
//!                                      └─ none ─▶ 404 that shows the nearest, with a diff
//! ```
//!
//! It writes with its own hands: a chunk of the script is one HTTP chunk and one write, and a fault
//! is what it says: a FIN without the last chunk, a reset, a stall. It never invents a reply.
//!
//! Beside tapes it mounts [`sink`]s: the APIs of chat platforms, with their windows, sizes and
//! refusals, so that what forwards a reply can be tested.
//!
//! What this crate promises: no panic on any input; nothing is buffered but the request being read
//! and the log of requests, each with a limit in [`Limits`]; streams of one mount share its bytes;
//! what comes through a socket is what the player says in memory.
//!
//! ```
//! use std::time::Duration;
//! use wiretape_serve::{Config, Mount, Server};
//! use wiretape_tape::Tape;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let tape = Tape::from_body(b"data: {\"choices\":[]}\n\ndata: [DONE]\n\n", Some("openai-chat"));
//! let server = Server::start(Config::default()).await?;
//! server.mount("/plain", Mount::new(&tape))?;
//! println!("OPENAI_BASE_URL={}/plain/v1", server.url());
//! server.stop(Duration::from_secs(1)).await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod body;
mod clock;
mod close;
mod config;
mod connection;
mod control;
mod diff;
mod head;
mod matching;
mod mount;
mod mounted;
mod play;
mod reply;
mod report;
mod request;
mod server;
mod session;
pub mod sink;
mod ui;
mod window;

#[cfg(test)]
mod tests;

pub use config::{Config, Limits, Observer};
pub use diff::Difference;
pub use mount::{Flush, Matching, Mount, MountError, Pace};
pub use report::{Activity, Outcome, Report, Seen, State};
pub use server::Server;
pub use ui::in_protocol;
pub use window::ContextWindow;
