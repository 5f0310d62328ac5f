//! The `wiretape` command; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    wiretape_cli::main()
}
