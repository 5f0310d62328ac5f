//! The throttle.
