//! `wiretape shrink`.

use clap::Args;

use crate::Io;
use crate::exit::{Exit, Fault};

#[derive(Args, Debug)]
pub(crate) struct ShrinkArgs {}

/// Not there yet.
pub(crate) fn run(args: &ShrinkArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let _ = (args, io);
    Err(Fault::new("not there yet"))
}
