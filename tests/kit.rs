//! The test kit, used as its users do.

mod load;
mod snapshot;
