//! The oracle: what must be found, and what must not.

mod laws;
mod model;
mod table;
