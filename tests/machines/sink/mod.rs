//! The sinks.
