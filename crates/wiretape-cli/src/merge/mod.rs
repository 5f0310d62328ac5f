//! `wiretape merge`: the reports of shards as one.

mod out;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use wiretape_check::report::{MergeError, Report, merge};

use crate::client::table;
use crate::exit::{Exit, Fault};
use crate::{Io, screen};

pub(crate) use out::{Outputs, save};

/// Bytes of a report that is read.
const REPORT_BYTES_MAX: u64 = 256 << 20;

#[derive(Args, Debug)]
#[command(after_help = "\
Each shard of a campaign writes its report: wiretape check TAPE… --shard 2/4 --json -- CMD. All of
them together are the report of the whole, in whatever order they are named; so is a sum of sums.
Reports of different plans (other tapes, client, seed, profile, version) and a shard that is there
twice are refused. Where a shard is missing, or was interrupted, that is said.

Exit codes: 0 nothing was found, 1 something was (see --fail-on), 2 a file or an argument cannot be
used, or nothing was found but a shard is missing or was interrupted (see --partial).

Examples:
  wiretape merge shard-1.json shard-2.json shard-3.json
  wiretape merge shards/1.json shards/2.json -o all.json --html all.html --junit all.xml
  wiretape merge all.json --json | jq .findings[].code")]
pub(crate) struct MergeArgs {
    /// Reports: what `check --json -- CMD` prints.
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<PathBuf>,
    /// Write the sum as JSON.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the sum as one line of JSON, instead of a table.
    #[arg(long)]
    json: bool,
    /// Missing and interrupted shards are no failure.
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    outputs: Outputs,
}

/// Reads, adds up, shows.
pub(crate) fn run(args: &MergeArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let reports = args.reports.iter().map(|path| read(path));
    let reports = reports.collect::<Result<Vec<Report>, Fault>>()?;
    let sum = merge(reports).map_err(|error| refusal(&error, &args.reports))?;
    if let Some(path) = &args.output {
        let is_input = |input: &PathBuf| same_file(input, path);
        if args.reports.iter().any(is_input) {
            let message = format!("{}: a report to be read is not replaced", path.display());
            return Err(Fault::new(message));
        }
        save(path, &sum.to_json()?)?;
    }
    args.outputs.write(&sum)?;
    if args.json {
        io.out.write_all(sum.to_json()?.as_bytes())?;
    } else {
        table::print(&sum, io)?;
    }
    let exit = args.outputs.exit(&sum);
    if sum.is_whole() {
        return Ok(exit);
    }
    let incomplete = table::incomplete(&sum);
    if args.partial || exit != Exit::Good {
        io.note(&incomplete);
        return Ok(exit);
    }
    let hint = "--partial takes it as it is";
    Err(Fault::with_hint(incomplete, hint))
}

fn read(path: &Path) -> Result<Report, Fault> {
    let fault = |why: String| Fault::new(format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| fault(error.to_string()))?;
    let mut bytes = Vec::new();
    let read = file.take(REPORT_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| fault(error.to_string()))?;
    if bytes.len() as u64 > REPORT_BYTES_MAX {
        let max = screen::size(REPORT_BYTES_MAX);
        return Err(fault(format!("expected a report of at most {max}")));
    }
    let text = String::from_utf8(bytes).map_err(|error| fault(error.to_string()))?;
    Report::parse(&text).map_err(|error| {
        let hint = "a report is what `wiretape check TAPE… --json -- CMD` prints";
        Fault::with_hint(format!("{}: {error}", path.display()), hint)
    })
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Why the reports do not add up, with the files' names.
fn refusal(error: &MergeError, paths: &[PathBuf]) -> Fault {
    let name = |place: usize| match paths.get(place) {
        Some(path) => path.display().to_string(),
        None => String::new(),
    };
    match error {
        MergeError::OtherPlan { one, other, what } => Fault::with_hint(
            format!("{} and {}: {what}", name(*one), name(*other)),
            "only shards of one campaign add up",
        ),
        MergeError::OtherDivision { one, other } => Fault::with_hint(
            format!(
                "{} is one of {}, {} one of {}",
                name(one.0),
                screen::count(one.1 as usize, "shard"),
                name(other.0),
                screen::count(other.1 as usize, "shard"),
            ),
            "only shards of one campaign add up",
        ),
        MergeError::Twice { shard, one, other } => Fault::with_hint(
            format!(
                "{} and {} both hold shard {shard}",
                name(*one),
                name(*other)
            ),
            "name each shard once",
        ),
        MergeError::Nothing => Fault::new(error.to_string()),
    }
}
