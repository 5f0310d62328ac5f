//! `wiretape export`: tapes for other tools.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use wiretape_tape::export::{HAR_LOSES, har};

use crate::exit::{Exit, Fault};
use crate::vary::save;
use crate::{Io, screen, source};

/// What a tape is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// An HTTP Archive, version 1.2.
    Har,
    /// The bytes of one response's body.
    Raw,
}

#[derive(Args, Debug)]
#[command(after_help = "\
An archive has each request and response with its status, headers and body, and how long the head
and the body took. It loses boundaries and times of chunks, how answers ended, and what a tape does not
know but HAR asks for is empty. `wiretape import` reads it back: the same bytes, statuses and headers.

Examples:
  wiretape export session.tape --format har -o session.har
  wiretape export session.tape --format raw --exchange 1 -o body.sse
  wiretape export recordings/anthropic/text.tape --format raw | head -2")]
pub(crate) struct ExportArgs {
    /// A tape or a bare body.
    #[arg(value_name = "TAPE")]
    file: PathBuf,
    /// What to write.
    #[arg(long, value_enum, value_name = "NAME")]
    format: Format,
    /// Only this exchange, counted from 0 [default: all, or the only one].
    #[arg(long, value_name = "I")]
    exchange: Option<usize>,
    /// The file to write [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace FILE if it exists.
    #[arg(long)]
    force: bool,
}

/// Writes the archive, or the body.
pub(crate) fn run(args: &ExportArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let loaded = source::recorded(&args.file, None, io)?;
    let mut tape = loaded.tape;
    let count = tape.exchanges.len();
    let shown = args.file.display();
    if let Some(number) = args.exchange {
        if number >= count {
            return Err(Fault::with_hint(
                format!("{shown}: no exchange {number}, the tape has {count}"),
                "exchanges are counted from 0",
            ));
        }
        tape.exchanges = tape.exchanges.into_iter().skip(number).take(1).collect();
    }
    let bytes = match (args.format, tape.exchanges.as_slice()) {
        (Format::Har, _) => {
            for lost in HAR_LOSES {
                io.note(&format!("lost: {lost}"));
            }
            har(&tape).into_bytes()
        }
        (Format::Raw, [exchange]) => exchange.body(),
        (Format::Raw, exchanges) => {
            let count = screen::count(exchanges.len(), "exchange");
            return Err(Fault::with_hint(
                format!("{shown}: expected one exchange to write the body of, found {count}"),
                "--exchange I says which, counted from 0",
            ));
        }
    };
    match args.output.as_deref() {
        Some(path) if path != Path::new("-") => save(path, &bytes, args.force)?,
        _ => io.out.write_all(&bytes)?,
    }
    Ok(Exit::Good)
}
