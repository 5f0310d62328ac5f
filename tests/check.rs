//! Campaigns against clients that are processes: which cases are run, what is seen of a client, and
//! what a careless harness would tell lies about.
//!
//! A binary of its own: it waits for other processes, and would hold up the tests beside it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails; clippy's own exception ends at helpers"
)]

// The examples that the README shows.
#[path = "check/examples.rs"]
mod examples;
// What the study of real clients found, asserted to be so still.
#[path = "check/studied.rs"]
mod studied;
// A campaign that was stopped goes on.
#[path = "check/journal.rs"]
mod journal;
// The clients that are ours.
mod own;
// A campaign, run.
#[path = "check/ran.rs"]
mod ran;
// Where the recordings lie.
#[expect(
    dead_code,
    reason = "shared with the other tests, which need more of it"
)]
mod support;
// Which cases there are.
#[path = "check/cases.rs"]
mod cases;
// What makes a harness lie.
#[path = "check/traps.rs"]
mod traps;
