//! The oracle: what must be found, and what must not.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::float_arithmetic,
    reason = "a test may panic: that is how it fails; clippy's own exception ends at helpers"
)]

mod laws;
mod model;
mod table;
