//! The test kit, used as its users do.

mod agent;
mod load;
mod parity;
mod snapshot;
mod strategy;
