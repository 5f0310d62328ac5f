//! The recorder over real sockets: an upstream server that sends exactly the bytes a test says, a
//! client that sees exactly the bytes that come, and the tape.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should stop"
)]

mod ends;
mod heads;
mod loss;
mod many;
mod requests;
mod secrets;
mod support;
#[cfg(feature = "tls")]
mod tls;
