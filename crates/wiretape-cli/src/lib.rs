//! The commands of the `wiretape` binary, as a library: arguments in, text and an [`Exit`] out.
//!
//! What it promises: results go to standard output, all else to standard error; the same arguments
//! give the same output, but for the time that `check` took; colour and progress bars appear on a
//! terminal only; a failure says what was expected and where, and how to repeat it.

mod args;
mod budget;
mod check;
mod client;
mod clock;
mod decode;
mod demo;
mod exit;
mod export;
mod faults;
mod frames;
mod import;
mod merge;
mod record;
mod run;
mod screen;
mod serve;
mod show;
mod shrink;
mod source;
mod stop;
mod tolerated;
mod transcript;
mod vary;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
pub use exit::Exit;
use exit::Fault;
pub use screen::Screen;

/// Where a command writes to.
struct Io<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    screen: Screen,
    /// What was typed to run this program, as it can be typed in any folder.
    program: &'a Path,
}

/// The binary's `main`.
#[must_use]
pub fn main() -> ExitCode {
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout());
    let mut err = std::io::stderr();
    let exit = run(std::env::args_os(), &mut out, &mut err, Screen::detect());
    ExitCode::from(exit.code())
}

/// Runs one command. The first argument is the program's name.
pub fn run<I>(args: I, out: &mut dyn Write, err: &mut dyn Write, screen: Screen) -> Exit
where
    I: IntoIterator<Item = OsString>,
{
    let args: Vec<OsString> = args.into_iter().collect();
    let program = program(args.first());
    let mut io = Io {
        out,
        err,
        screen,
        program: &program,
    };
    let command = match Cli::try_parse_from(args) {
        Ok(cli) => cli.command,
        Err(error) => return usage(&error, &mut io),
    };
    let result = match &command {
        Command::Check(args) if !args.client.command.is_empty() => client::run(args, &mut io),
        Command::Check(args) => check::run(args, &mut io),
        Command::Faults(args) => faults::run(args, &mut io),
        Command::Shrink(args) => shrink::run(args, &mut io),
        Command::Merge(args) => merge::run(args, &mut io),
        Command::Transcript(args) => transcript::run(args, &mut io),
        Command::Frames(args) => frames::run(args, &mut io),
        Command::Show(args) => show::run(args, &mut io),
        Command::Vary(args) => vary::run(args, &mut io),
        Command::Import(args) => import::run(args, &mut io),
        Command::Export(args) => export::run(args, &mut io),
        Command::Record(args) => record::run(args, &mut io),
        Command::Serve(args) => serve::run(args, &mut io),
        Command::Run(args) => run::run(args, &mut io),
        Command::Demo(args) => demo::run(args, &mut io),
        Command::Budget(args) => budget::run(args, &mut io),
    };
    let flushed = io.out.flush().map_err(Fault::from);
    match (result, flushed) {
        // Whoever reads has had enough, as in `wiretape check | head`; what was found still counts.
        (Ok(exit), Ok(()) | Err(Fault::Pipe)) => exit,
        (Err(Fault::Pipe), _) => Exit::Good,
        (Err(fault), _) | (Ok(_), Err(fault)) => {
            io.complain(&fault);
            match fault {
                Fault::Start { code, .. } => Exit::Command(code),
                _ => Exit::Unusable,
            }
        }
    }
}

/// A name that the shell looks up stays as it is; a path becomes absolute.
fn program(typed: Option<&OsString>) -> PathBuf {
    let path = typed.map_or_else(|| PathBuf::from("wiretape"), PathBuf::from);
    if path.components().count() == 1 {
        return path;
    }
    std::path::absolute(&path).unwrap_or(path)
}

/// Help and version are output; anything else is a mistake.
fn usage(error: &clap::Error, io: &mut Io<'_>) -> Exit {
    let text = error.render();
    let (to, colour): (&mut dyn Write, bool) = if error.use_stderr() {
        (&mut *io.err, io.screen.err_colour)
    } else {
        (&mut *io.out, io.screen.colour)
    };
    // There is nowhere left to say that this failed.
    let _ = if colour {
        write!(to, "{}", text.ansi())
    } else {
        write!(to, "{text}")
    };
    let _ = to.flush();
    if error.use_stderr() {
        Exit::Unusable
    } else {
        Exit::Good
    }
}

impl Io<'_> {
    /// Says what is wrong, on standard error.
    fn complain(&mut self, fault: &Fault) {
        let red = self.screen.err_style(screen::BAD);
        let dim = self.screen.err_style(screen::FAINT);
        let (message, hint) = match fault {
            Fault::Pipe => return,
            Fault::Said { message, hint } => (message, hint.as_deref()),
            Fault::Start { message, .. } => (message, None),
        };
        let message = screen::clean(message);
        let _ = writeln!(self.err, "{red}error:{red:#} {message}");
        if let Some(hint) = hint {
            let _ = writeln!(self.err, "{dim} hint:{dim:#} {}", screen::clean(hint));
        }
    }

    /// Says what is odd but no failure, on standard error.
    fn note(&mut self, message: &str) {
        let dim = self.screen.err_style(screen::FAINT);
        let _ = writeln!(self.err, "{dim}note:{dim:#} {}", screen::clean(message));
    }
}
