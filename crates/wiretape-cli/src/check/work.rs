//! The threads that check, and what they report as they go.

use std::collections::VecDeque;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wiretape::laws::{self, Effort, Report};
use wiretape::{Subject, load};
use wiretape_core::{Dialect, Options, Transcript, read};

use super::Row;
use crate::args::CheckArgs;
use crate::exit::Fault;
use crate::{Io, decode, screen, source};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C ends the work, not the process.
pub(super) fn catch_interrupts() {
    INTERRUPTED.store(false, Ordering::Relaxed);
    // Fails where a handler is set already, which is as well.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
}

pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// What became of a file, as far as it was done.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    pub(super) faults: Vec<Fault>,
    pub(super) notes: Vec<String>,
    /// All of the file was checked, or found to be of no use.
    pub(super) done: bool,
}

/// What a thread says of a file, one thing after the other.
enum News {
    Note(String),
    Fault(Fault),
    /// An exchange: the reports that follow are its own.
    Exchange(Row),
    Law(Report),
    Panic(String),
    /// Nothing is left of the exchange.
    Finished,
    Done,
}

type Message = (usize, News);

/// What the threads share.
struct Work {
    /// From the smallest to the largest.
    files: Mutex<VecDeque<(usize, PathBuf)>>,
    dialect: Option<Dialect>,
    effort: Effort,
}

impl Work {
    /// One thread begins with the largest, so that none is left alone with it at the end; the
    /// others begin with the smallest, so that there is soon something to show.
    fn next(&self, largest: bool) -> Option<(usize, PathBuf)> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if largest {
            files.pop_back()
        } else {
            files.pop_front()
        }
    }
}

/// The outcome of each file, in order.
pub(super) fn check_all(args: &CheckArgs, files: &[PathBuf], io: &Io<'_>) -> Vec<Outcome> {
    let mut order: Vec<(usize, PathBuf)> = files.iter().cloned().enumerate().collect();
    order.sort_by_key(|(_, path)| fs::metadata(path).map_or(0, |metadata| metadata.len()));
    let work = Arc::new(Work {
        files: Mutex::new(order.into()),
        dialect: args.dialect,
        effort: Effort {
            seed: args.seed,
            runs: args.runs,
            ..Effort::default()
        },
    });
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let threads = args.jobs.unwrap_or_else(cores).min(files.len());
    let (sender, receiver) = mpsc::channel();
    for thread in 0..threads {
        let work = Arc::clone(&work);
        let sender = sender.clone();
        // Not joined: after Ctrl-C the process ends without waiting for a long proof.
        thread::spawn(move || {
            while let Some((place, path)) = work.next(thread == 1) {
                let mut tell = |news| sender.send((place, news)).is_ok();
                if check_file(&path, &work, &mut tell).is_none() {
                    return;
                }
            }
        });
    }
    drop(sender);
    gather(&receiver, files.len(), io.screen.bars)
}

fn gather(receiver: &Receiver<Message>, count: usize, bars: bool) -> Vec<Outcome> {
    let bar = ProgressBar::with_draw_target(
        Some(count as u64),
        if bars {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        },
    );
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} files  {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.tick();
    let mut outcomes: Vec<Outcome> = Vec::new();
    outcomes.resize_with(count, Outcome::default);
    while !interrupted() {
        match receiver.recv_timeout(Duration::from_millis(40)) {
            Ok(message) => take(message, &mut outcomes, &bar),
            Err(RecvTimeoutError::Timeout) => bar.tick(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // What was found before Ctrl-C counts.
    for message in receiver.try_iter() {
        take(message, &mut outcomes, &bar);
    }
    bar.finish_and_clear();
    outcomes
}

fn take((place, news): Message, outcomes: &mut [Outcome], bar: &ProgressBar) {
    let Some(outcome) = outcomes.get_mut(place) else {
        return;
    };
    let row = outcome.rows.last_mut();
    match (news, row) {
        (News::Note(note), _) => outcome.notes.push(note),
        (News::Fault(fault), _) => outcome.faults.push(fault),
        (News::Exchange(row), _) => outcome.rows.push(row),
        (News::Law(report), Some(row)) => {
            bar.set_message(format!("{}: {}", report.law, screen::clean(&row.name)));
            row.reports.push(report);
        }
        (News::Panic(said), Some(row)) => row.panic = row.panic.take().or(Some(said)),
        (News::Finished, Some(row)) => row.finished = true,
        (News::Done, _) => {
            outcome.done = true;
            bar.inc(1);
        }
        (News::Law(_) | News::Panic(_) | News::Finished, None) => {}
    }
}

/// Checks a file; `None` once nobody listens.
fn check_file(path: &Path, work: &Work, tell: &mut dyn FnMut(News) -> bool) -> Option<()> {
    let mut tell = |news| tell(news).then_some(());
    match load(path, work.dialect) {
        Ok(mut loaded) => {
            if let Some(torn) = &loaded.torn {
                tell(News::Note(format!("{}: {torn}", path.display())))?;
            }
            let mut empty = true;
            for (number, why) in decode::bodies(&mut loaded.tape) {
                empty = false;
                let why = format!("{}#{number}: {why}", path.display());
                tell(News::Fault(Fault::new(why)))?;
            }
            for subject in loaded.subjects() {
                empty = false;
                match subject.map_err(Fault::from).and_then(source::bounded) {
                    Ok(subject) => check_exchange(&subject, &work.effort, &mut tell)?,
                    Err(fault) => tell(News::Fault(fault))?,
                }
            }
            if empty {
                match source::without_stream(&loaded) {
                    Ok(note) => tell(News::Note(note))?,
                    Err(fault) => tell(News::Fault(fault))?,
                }
            }
        }
        Err(error) => tell(News::Fault(error.into()))?,
    }
    tell(News::Done)
}

fn check_exchange(
    subject: &Subject<'_>,
    effort: &Effort,
    tell: &mut dyn FnMut(News) -> Option<()>,
) -> Option<()> {
    if let Some(note) = source::other_dialect(subject) {
        tell(News::Note(note))?;
    }
    let mut row = Row::new(subject);
    let transcript =
        attempt(|| Transcript::of(&read(subject.dialect, Options::default(), &subject.body)));
    match transcript {
        Ok(transcript) => {
            row.frames = transcript.frames;
            row.calls = transcript.tool_calls.len();
            row.rejected_calls = transcript.rejected_calls.len();
        }
        Err(said) => row.panic = Some(said),
    }
    tell(News::Exchange(row))?;
    let mut laws = laws::each(subject, effort);
    loop {
        // A law that panics is broken; those after it are checked all the same.
        match attempt(|| laws.next()) {
            Ok(Some(report)) => tell(News::Law(report))?,
            Ok(None) => return tell(News::Finished),
            Err(said) => tell(News::Panic(said))?,
        }
    }
}

/// What the closure gives, or what it said when it panicked.
fn attempt<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        text.unwrap_or("without a message").into()
    })
}
