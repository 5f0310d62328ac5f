//! `wiretape check TAPE… -- CMD`: a verdict on any client.

pub(crate) mod table;

use std::ffi::OsString;

use clap::Args;

use crate::Io;
use crate::args::CheckArgs;
use crate::exit::{Exit, Fault};

/// What is said of a client, and of how it is to be checked.
#[derive(Args, Debug)]
#[command(next_help_heading = "Checking a client")]
pub(crate) struct ClientArgs {
    /// The client and its arguments: a verdict on it, instead of the laws over the tapes.
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// Not there yet.
pub(crate) fn run(args: &CheckArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let _ = (args, io);
    Err(Fault::new("not there yet"))
}
