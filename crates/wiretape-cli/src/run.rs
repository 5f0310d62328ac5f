//! `wiretape run`: a command against a tape.

use clap::Args;

use crate::Io;
use crate::exit::{Exit, Fault};

#[derive(Args, Debug)]
pub(crate) struct RunArgs {}

pub(crate) fn run(_: &RunArgs, _: &mut Io<'_>) -> Result<Exit, Fault> {
    Err(Fault::new("not built yet"))
}
