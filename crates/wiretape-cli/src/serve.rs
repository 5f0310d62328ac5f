//! `wiretape serve`: tapes over HTTP.

use clap::Args;

use crate::Io;
use crate::exit::{Exit, Fault};

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {}

pub(crate) fn run(_: &ServeArgs, _: &mut Io<'_>) -> Result<Exit, Fault> {
    Err(Fault::new("not built yet"))
}
