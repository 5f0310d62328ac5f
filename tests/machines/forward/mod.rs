//! The throttle: the platforms' rules, in virtual time.

mod drive;
mod laws;
mod naive;
mod oracle;
mod world;
