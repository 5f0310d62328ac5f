//! The server as its clients see it: over bare sockets.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at once"
)]

mod attempts;
mod client;
mod control;
mod delivery;
mod ends;
mod http;
mod life;
mod parity;
mod sink;
mod support;
mod turns;
mod window;
