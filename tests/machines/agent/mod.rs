//! The agent's loop.

pub(crate) mod history;
mod rig;
mod turns;
