//! What the server reports, as lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use wiretape_serve::{Observer, Report};

use crate::exit::Fault;
use crate::{Io, screen};

/// Reports that wait to be printed; a terminal that is slower than that loses lines, and the sum
/// at the end says how many.
const WAITING_MAX: usize = 1 << 14;

/// The server's end of the log.
pub(crate) struct Log {
    sender: Sender<Report>,
    lost: Arc<AtomicU64>,
}

/// The printing end, and what has been counted.
pub(crate) struct Lines {
    receiver: Receiver<Report>,
    lost: Arc<AtomicU64>,
    played: u64,
    differing: u64,
    misses: u64,
    refused: u64,
}

impl Log {
    pub(crate) fn new() -> (Self, Lines) {
        let (sender, receiver) = channel(WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let lines = Lines {
            receiver,
            lost: Arc::clone(&lost),
            played: 0,
            differing: 0,
            misses: 0,
            refused: 0,
        };
        (Self { sender, lost }, lines)
    }

    /// Never waits.
    pub(crate) fn observer(self) -> Observer {
        Arc::new(move |report: &Report| {
            if self.sender.try_send(report.clone()).is_err() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        })
    }
}

impl Lines {
    pub(crate) async fn next(&mut self) -> Option<Report> {
        self.receiver.recv().await
    }

    pub(crate) const fn misses(&self) -> u64 {
        self.misses
    }
}

impl Lines {
    /// Prints one report: what was replayed on standard output, what went wrong on standard error.
    pub(crate) fn print(
        &mut self,
        report: &Report,
        json: bool,
        io: &mut Io<'_>,
    ) -> Result<(), Fault> {
        self.count(report);
        if json {
            serde_json::to_writer(&mut *io.out, report)?;
            writeln!(io.out)?;
            io.out.flush()?;
            return Ok(());
        }
        match report {
            // The line at its end says the same, and more.
            Report::Request { .. } => {}
            Report::Played { whole, equal, .. } => {
                let style = match (whole, equal) {
                    (true, true) => screen::GOOD,
                    (true, false) => screen::CALL,
                    (false, _) => screen::WARN,
                };
                let style = io.screen.style(style);
                writeln!(io.out, "{style}{}{style:#}", line(report))?;
                io.out.flush()?;
            }
            _ => wrong(report, io),
        }
        Ok(())
    }

    /// Prints a report only if something went wrong, for a command whose output is another's.
    pub(crate) fn complain(&mut self, report: &Report, io: &mut Io<'_>) {
        self.count(report);
        match report {
            Report::Miss { .. } | Report::TooLarge { .. } | Report::Refused { .. } => {
                wrong(report, io);
            }
            _ => {}
        }
    }

    /// The reports that have come in the meantime.
    pub(crate) fn waiting(&mut self) -> Option<Report> {
        self.receiver.try_recv().ok()
    }

    /// The last line.
    pub(crate) fn sum(&self, json: bool, io: &mut Io<'_>) -> Result<(), Fault> {
        let lost = self.lost.load(Ordering::Relaxed);
        let Self {
            played,
            differing,
            misses,
            refused,
            ..
        } = self;
        if json {
            let line = json!({
                "report": "sum", "played": played, "differing": differing, "misses": misses,
                "refused": refused, "lines_lost": lost,
            });
            writeln!(io.out, "{line}")?;
            return Ok(());
        }
        let replies = if *played == 1 { "reply" } else { "replies" };
        writeln!(
            io.out,
            "{} {replies}, {} not as recorded; {} not answered, {} refused",
            screen::grouped(*played),
            screen::grouped(*differing),
            screen::grouped(*misses),
            screen::grouped(*refused),
        )?;
        if lost > 0 {
            io.note(&format!(
                "{lost} lines were not printed: the terminal was too slow"
            ));
        }
        Ok(())
    }

    fn count(&mut self, report: &Report) {
        match report {
            Report::Played { equal, .. } => {
                self.played += 1;
                self.differing += u64::from(!equal);
            }
            Report::Miss { .. } => self.misses += 1,
            Report::TooLarge { .. } | Report::Refused { .. } => self.refused += 1,
            _ => {}
        }
    }
}

/// The report in one line; that of a tape at the root has no prefix in front.
fn line(report: &Report) -> String {
    screen::clean(report.to_string().trim_start())
}

/// A miss with all its differences; a refusal.
fn wrong(report: &Report, io: &mut Io<'_>) {
    let red = io.screen.err_style(screen::BAD);
    let text = line(report);
    // There is nowhere left to say that this failed.
    let _ = writeln!(io.err, "{red}{text}{red:#}");
    if let Report::Miss { diff, .. } = report {
        for difference in diff {
            let _ = writeln!(io.err, "  {}", screen::clean(&difference.to_string()));
        }
    }
}
