//! The agent's side: budget, loop and forwarding, in virtual time. A binary of its own, so that
//! thousands of seeds do not hold up the tests beside them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic: that is how it fails; clippy's own exception ends at helpers"
)]

// The agent's loop: turns, retries, limits, cancelling, and the simulation with its faults.
#[path = "machines/agent/mod.rs"]
mod agent;
// What fits into the window, what is cut, and what must never be.
#[path = "machines/budget/mod.rs"]
mod budget;
// The throttle: the platforms' rules, and the failures M-01 to M-15.
#[path = "machines/forward/mod.rs"]
mod forward;
// Sinks that enforce what a platform would.
#[path = "machines/sink/mod.rs"]
mod sink;
