//! `wiretape faults`.

use clap::Args;

use crate::Io;
use crate::exit::{Exit, Fault};

#[derive(Args, Debug)]
pub(crate) struct FaultsArgs {}

/// Not there yet.
pub(crate) fn run(args: &FaultsArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let _ = (args, io);
    Err(Fault::new("not there yet"))
}
