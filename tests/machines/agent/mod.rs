//! The agent's loop.

mod rig;
mod simulation;
mod turns;
pub(crate) mod world;
