//! `wiretape check`: all laws over every tape, in parallel.

mod json;
mod table;

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wiretape::laws::{self, Effort, How, Report};
use wiretape::load;
use wiretape_core::{Dialect, Options, Transcript, read};

use crate::args::CheckArgs;
use crate::clock::Start;
use crate::exit::{Exit, Fault};
use crate::{Io, source};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// One exchange, checked.
#[derive(Debug)]
struct Row {
    name: String,
    dialect: Dialect,
    bytes: u64,
    frames: u64,
    calls: usize,
    rejected_calls: usize,
    reports: Vec<Report>,
    /// The check itself panicked: a bug, shown as a failure.
    panic: Option<String>,
}

impl Row {
    fn holds(&self) -> bool {
        self.panic.is_none() && self.reports.iter().all(|report| report.failure.is_none())
    }
}

/// What became of a file.
#[derive(Debug, Default)]
struct Outcome {
    rows: Vec<Row>,
    faults: Vec<Fault>,
    torn: Option<String>,
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
    left: usize,
    interrupted: bool,
    elapsed: Duration,
}

/// Checks, prints, and says whether all laws hold.
pub(crate) fn run(args: &CheckArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let start = Start::now();
    INTERRUPTED.store(false, Ordering::Relaxed);
    // Fails where a handler is set already, which is as well.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));

    let (files, unusable) = source::files(&args.paths, io);
    let outcomes = check_all(args, &files, io);
    let mut rows = Vec::new();
    let mut sum = Sum {
        seed: args.seed,
        runs: args.runs,
        tapes: 0,
        exchanges: 0,
        laws: 0,
        cases: 0,
        failures: 0,
        unusable,
        left: 0,
        interrupted: INTERRUPTED.load(Ordering::Relaxed),
        elapsed: Duration::ZERO,
    };
    for (file, outcome) in files.iter().zip(outcomes) {
        let Some(outcome) = outcome else {
            sum.left += 1;
            continue;
        };
        for fault in &outcome.faults {
            io.complain(fault);
        }
        if let Some(torn) = outcome.torn {
            io.note(&format!("{}: {torn}", file.display()));
        }
        sum.tapes += usize::from(!outcome.rows.is_empty());
        sum.unusable += usize::from(!outcome.faults.is_empty());
        rows.extend(outcome.rows.into_iter().map(|row| (file.as_path(), row)));
    }
    sum.count(&rows);
    sum.elapsed = start.elapsed();
    if args.json {
        json::print(&rows, &sum, io)?;
    } else {
        table::print(&rows, &sum, args, io)?;
    }
    Ok(sum.exit())
}

impl Sum {
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

/// What the threads share.
#[derive(Debug)]
struct Work {
    /// The largest first, so that no thread is left alone with it at the end.
    files: Vec<(usize, PathBuf)>,
    next: AtomicUsize,
    dialect: Option<Dialect>,
    effort: Effort,
}

/// The outcome of each file, in order; `None` where Ctrl-C came first.
fn check_all(args: &CheckArgs, files: &[PathBuf], io: &Io<'_>) -> Vec<Option<Outcome>> {
    let mut order: Vec<(usize, PathBuf)> = files.iter().cloned().enumerate().collect();
    order.sort_by_key(|(_, path)| {
        std::cmp::Reverse(fs::metadata(path).map_or(0, |metadata| metadata.len()))
    });
    let work = Arc::new(Work {
        files: order,
        next: AtomicUsize::new(0),
        dialect: args.dialect,
        effort: Effort {
            seed: args.seed,
            runs: args.runs,
            ..Effort::default()
        },
    });
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let (sender, receiver) = mpsc::channel();
    for _ in 0..args.jobs.unwrap_or_else(cores).min(files.len()) {
        let work = Arc::clone(&work);
        let sender = sender.clone();
        // Not joined: after Ctrl-C the process ends without waiting for a long proof.
        thread::spawn(move || take(&work, &sender));
    }
    drop(sender);
    gather(&receiver, files.len(), io.screen.bars)
}

fn take(work: &Work, sender: &Sender<(usize, Outcome)>) {
    loop {
        let next = work.next.fetch_add(1, Ordering::Relaxed);
        let Some((place, path)) = work.files.get(next) else {
            return;
        };
        let outcome = check_file(path, work.dialect, &work.effort);
        if sender.send((*place, outcome)).is_err() {
            return;
        }
    }
}

fn gather(receiver: &Receiver<(usize, Outcome)>, count: usize, bars: bool) -> Vec<Option<Outcome>> {
    let bar = ProgressBar::with_draw_target(
        Some(count as u64),
        if bars {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        },
    );
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} files  {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.tick();
    let mut outcomes: Vec<Option<Outcome>> = Vec::new();
    outcomes.resize_with(count, || None);
    while !INTERRUPTED.load(Ordering::Relaxed) {
        match receiver.recv_timeout(Duration::from_millis(40)) {
            Ok((place, outcome)) => {
                if let Some(row) = outcome.rows.last() {
                    bar.set_message(crate::screen::clean(&row.name));
                }
                bar.inc(1);
                if let Some(slot) = outcomes.get_mut(place) {
                    *slot = Some(outcome);
                }
            }
            Err(RecvTimeoutError::Timeout) => bar.tick(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    bar.finish_and_clear();
    outcomes
}

fn check_file(path: &Path, dialect: Option<Dialect>, effort: &Effort) -> Outcome {
    let mut outcome = Outcome::default();
    let loaded = match load(path, dialect) {
        Ok(loaded) => loaded,
        Err(error) => {
            outcome.faults.push(error.into());
            return outcome;
        }
    };
    for subject in loaded.subjects() {
        let subject = match subject {
            Ok(subject) => subject,
            Err(error) => {
                outcome.faults.push(error.into());
                continue;
            }
        };
        let checked = panic::catch_unwind(AssertUnwindSafe(|| {
            let result = read(subject.dialect, Options::default(), &subject.body);
            (Transcript::of(&result), laws::check(&subject, effort))
        }));
        let mut row = Row {
            name: subject.name,
            dialect: subject.dialect,
            bytes: subject.body.len() as u64,
            frames: 0,
            calls: 0,
            rejected_calls: 0,
            reports: Vec::new(),
            panic: None,
        };
        match checked {
            Ok((transcript, reports)) => {
                row.frames = transcript.frames;
                row.calls = transcript.tool_calls.len();
                row.rejected_calls = transcript.rejected_calls.len();
                row.reports = reports;
            }
            Err(payload) => row.panic = Some(said(payload.as_ref())),
        }
        outcome.rows.push(row);
    }
    if outcome.rows.is_empty() && outcome.faults.is_empty() {
        let message = format!(
            "{}: expected an exchange with a streamed body",
            path.display()
        );
        outcome.faults.push(Fault::new(message));
    }
    outcome.torn = loaded.torn;
    outcome
}

fn said(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").into()
}
