//! Streamed LLM replies: bytes in, text and *complete* tool calls out.
//!
//! ```text
//! bytes ──▶ sse / ndjson ──▶ Frame ──▶ dialect ──▶ Event ──▶ Draft ──▶ Turn | Rejected
//! ```
//!
//! [`Reader`] is the whole path in one value. The parts are public, because each of them is
//! tested, fuzzed and replaced alone.
//!
//! What this crate promises: no clock, no I/O, no `unsafe`; how the bytes are cut changes nothing;
//! every buffer has a named limit; work is linear, also for one-byte chunks; no tool call leaves
//! before its message has ended in a way that permits it.
//!
//! ```
//! use wiretape_core::{Dialect, Reader};
//!
//! let mut reader = Reader::new(Dialect::Anthropic);
//! let body = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
//! for byte in body.chunks(1) {
//!     reader.feed(byte, &mut |event| { let _ = event; })?;
//! }
//! assert!(reader.finish().is_err(), "a reply without a stop reason is no turn");
//! # Ok::<(), wiretape_core::Error>(())
//! ```
#![no_std]

extern crate alloc;

pub mod agent;
pub mod budget;
pub mod conversation;
pub mod dialect;
pub mod event;
pub mod event_stream;
pub mod forward;
pub mod frame;
pub mod framing;
pub mod json;
pub mod json_stream;
pub mod machine;
pub mod ndjson;
pub mod server;
pub mod sse;
pub mod turn;
pub mod ui;

mod error;
mod reader;
mod transcript;
mod warnings;

pub use dialect::Dialect;
pub use error::{Error, ErrorKind};
pub use event::Event;
pub use frame::{Frame, Limits};
pub use machine::{Machine, Moment};
pub use reader::{Options, Reader, read};
pub use server::Server;
pub use transcript::{AnswerView, CallView, RejectedView, ServerView, Transcript};
pub use turn::{Draft, Rejected, Turn};
pub use warnings::Warnings;
