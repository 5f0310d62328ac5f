//! The throttle: the platforms' rules, in virtual time.

mod api;
mod drive;
mod failures;
mod laws;
mod naive;
mod oracle;
mod timelines;
mod world;
