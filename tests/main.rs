//! All tests of the workspace that drive its public surface. `README.md` says what is where.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic: that is how it fails; clippy's own exception ends at helpers"
)]

// What several of these need.
mod support;

// The tapes of Bedrock and Cohere, and what they are made of.
mod authored;
// Every event of a body, in order.
mod events;
// Hostile input.
mod bad_input;
// What a turn keeps of each block.
mod blocks;
// The catalogue of failures.
mod catalogue;
// Real streams of every provider, where WIRETAPE_CORPUS says they lie.
mod corpus;
// The gate, at its edges.
mod gate;
// What the reader makes of every tape, as snapshots.
mod golden;
// The scanner and serde_json agree on what JSON is.
mod json_law;
// All that a generated reply says arrives.
mod generated;
// The failures one stream can show, by their ids.
mod failures;
// The test kit, used as its users do.
mod kit;
// Every law over every tape, and over generated replies.
mod laws;
// The fast path for common deltas changes nothing.
mod recognised;
// The decoders against models that read a whole body at once.
mod model;
// Law 4 through sockets: recording a replay gives the tape back.
mod round_trip;
// JSON strings, every escape.
mod strings;
// Every kind of error of a tape.
mod tape_errors;
// What reading each compatible server needs.
mod servers;
// The repository's own rules.
mod tidy;
// The event-stream standard in small cases.
mod vectors;
// The Web Platform Tests for event streams.
mod wpt;
