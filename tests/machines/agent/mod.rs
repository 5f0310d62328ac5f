//! The agent's loop.

mod defects;
mod ends;
mod retries;
mod rig;
mod simulation;
mod time;
mod turns;
pub(crate) mod world;
mod write;
