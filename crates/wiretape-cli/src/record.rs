//! `wiretape record`: the sessions that pass through to a real server, as a tape.

use clap::Args;

use crate::Io;
use crate::exit::{Exit, Fault};

#[derive(Args, Debug)]
pub(crate) struct RecordArgs {}

pub(crate) fn run(_: &RecordArgs, _: &mut Io<'_>) -> Result<Exit, Fault> {
    Err(Fault::new("not built yet"))
}
