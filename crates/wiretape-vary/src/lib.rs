//! Tape × scenario → bytes at moments.
//!
//! ```text
//!  Exchange ──▶ Subject ─┐
//!                        ├─ apply ──▶ Script ──▶ Player ──▶ bytes at moments
//!  (seed, profile) ──▶ Scenario ┘        └─ digest
//! ```
//!
//! A [`Scenario`] is explicit data: every [`Piece`] carries its concrete parameters, so that it can
//! be printed, stored, edited and shrunk. *Reshapes* keep the reply's meaning: a reader must come to
//! the same transcript. *Faults* do not, and say which [`Outcome`]s they permit.
//!
//! What this crate promises: no clock, no I/O, no `unsafe`, no floats; the same tape and the same
//! scenario give the same bytes at the same moments on every platform; no input makes it panic; work
//! is linear in the body per piece.
//!
//! ```
//! use wiretape_tape::{Chunk, Exchange};
//! use wiretape_vary::{Profile, Scenario, Subject};
//!
//! let body = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_vec();
//! let chunks = vec![Chunk { after_ns: 5, bytes: body.clone() }];
//! let exchange = Exchange { chunks, ..Exchange::default() };
//! let subject = Subject::new(&exchange, Some("anthropic"));
//! let scenario = Scenario::generate(7, Profile::Wire, &subject);
//! assert_eq!(scenario.apply(&subject).body(), body);
//! ```
#![no_std]

extern crate alloc;

mod apply;
mod catalogue;
pub mod classes;
mod dialect;
mod digest;
mod fault;
mod framing;
mod generate;
mod json;
mod parameters;
mod player;
mod quirk;
mod rechunk;
mod rewrite;
mod rng;
mod scenario;
mod script;
pub mod shrink;
mod stream;
mod subject;
mod transport;

#[cfg(test)]
mod tests;

pub use catalogue::{Backing, Level, Outcome, Standing};
pub use parameters::{
    Arguments, Blanks, Byte, Candidates, ErrorShape, EventNames, Fields, Frame, Ids, Indices,
    Items, Lifecycle, Names, Noise, Odd, Order, Reasoning, Repeat, Signature, Tail, Unknown, Usage,
};
pub use player::{Action, Control, Due, Player};
pub use scenario::{
    Cutting, Ends, ErrorName, Escapes, LineEnd, Pace, Piece, Profile, Scenario, UnknownProfile,
    VERSION,
};
pub use script::{Head, Script, Step};
pub use subject::Subject;
pub use transport::{Beat, Coding, ErrorBody, Flushing, NoStream, RetryAfter, Spot, Unending};
