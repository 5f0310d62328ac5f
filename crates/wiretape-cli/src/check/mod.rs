//! `wiretape check`: all laws over every tape, in parallel.

mod json;
mod table;
#[cfg(test)]
mod tests;
mod work;

use std::path::Path;
use std::time::Duration;

use wiretape::Subject;
use wiretape::laws::{How, Report};
use wiretape_core::Dialect;

use crate::args::CheckArgs;
use crate::clock::Start;
use crate::exit::{Exit, Fault};
use crate::{Io, screen, source};

/// One exchange, checked as far as it was done.
#[derive(Debug)]
struct Row {
    name: String,
    dialect: Dialect,
    bytes: u64,
    frames: u64,
    calls: usize,
    rejected_calls: usize,
    reports: Vec<Report>,
    /// A check itself panicked: a bug, shown as a failure.
    panic: Option<String>,
    /// Every law was tried.
    finished: bool,
}

impl Row {
    fn new(subject: &Subject<'_>) -> Self {
        Self {
            name: subject.name.clone(),
            dialect: subject.dialect,
            bytes: subject.body.len() as u64,
            frames: 0,
            calls: 0,
            rejected_calls: 0,
            reports: Vec::new(),
            panic: None,
            finished: false,
        }
    }

    fn verdict(&self) -> &'static str {
        if self.panic.is_some() {
            "panics"
        } else if self.reports.iter().any(|report| report.failure.is_some()) {
            "fails"
        } else if self.finished {
            "holds"
        } else {
            "unfinished"
        }
    }
}

/// All that was asked for, as far as it was done.
#[derive(Debug)]
struct Sum {
    seed: u64,
    runs: u32,
    tapes: usize,
    exchanges: usize,
    laws: usize,
    cases: u64,
    failures: usize,
    unusable: usize,
    unfinished: usize,
    interrupted: bool,
    elapsed: Duration,
}

/// Checks, prints, and says whether all laws hold.
pub(crate) fn run(args: &CheckArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let start = Start::now();
    work::catch_interrupts();
    let (files, unusable) = source::files(&args.paths, io);
    let outcomes = work::check_all(args, &files, io);
    let mut rows = Vec::new();
    let mut sum = Sum::of(args);
    sum.unusable = unusable;
    sum.interrupted = work::interrupted();
    for (file, outcome) in files.iter().zip(outcomes) {
        for fault in &outcome.faults {
            io.complain(fault);
        }
        for note in &outcome.notes {
            io.note(note);
        }
        sum.tapes += usize::from(!outcome.rows.is_empty());
        sum.unusable += usize::from(!outcome.faults.is_empty());
        sum.unfinished += usize::from(!outcome.done);
        rows.extend(outcome.rows.into_iter().map(|row| (file.as_path(), row)));
    }
    sum.count(&rows);
    sum.elapsed = start.elapsed();
    let printed = if args.json {
        json::print(&rows, &sum, args, io)
    } else {
        table::print(&rows, &sum, args, io)
    };
    match printed {
        // Whoever reads has had enough, but the exit code still tells what was found.
        Ok(()) | Err(Fault::Pipe) => Ok(sum.exit()),
        Err(fault) => Err(fault),
    }
}

impl Sum {
    /// Nothing so far.
    const fn of(args: &CheckArgs) -> Self {
        Self {
            seed: args.seed,
            runs: args.runs,
            tapes: 0,
            exchanges: 0,
            laws: 0,
            cases: 0,
            failures: 0,
            unusable: 0,
            unfinished: 0,
            interrupted: false,
            elapsed: Duration::ZERO,
        }
    }

    fn count(&mut self, rows: &[(&Path, Row)]) {
        let mut numbers: Vec<u8> = Vec::new();
        for (_, row) in rows {
            self.exchanges += 1;
            self.failures += usize::from(row.panic.is_some());
            for report in &row.reports {
                self.cases = self.cases.saturating_add(report.cases);
                self.failures += usize::from(report.failure.is_some());
                let applies = !matches!(report.how, How::DoesNotApply(_));
                if applies && !numbers.contains(&report.number) {
                    numbers.push(report.number);
                }
            }
        }
        self.laws = numbers.len();
    }

    fn exit(&self) -> Exit {
        if self.interrupted {
            Exit::Interrupted
        } else if self.failures > 0 {
            Exit::Broken
        } else if self.unusable > 0 {
            Exit::Unusable
        } else {
            Exit::Good
        }
    }
}

/// The one line that repeats the check of a file, from any folder.
fn repeat(path: &Path, args: &CheckArgs, io: &Io<'_>) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut line = format!(
        "{} check {} --seed {:#x} --runs {}",
        screen::quoted(io.program),
        screen::quoted(&path),
        args.seed,
        args.runs
    );
    if let Some(dialect) = args.dialect {
        line.push_str(" --dialect ");
        line.push_str(dialect.name());
    }
    line
}
