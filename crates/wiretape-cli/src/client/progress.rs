//! How far a campaign is, on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::Start;
use crate::screen;

/// A bar with the rate and what was found so far.
pub(super) struct Progress {
    bar: ProgressBar,
    start: Start,
    done: u64,
    findings: u64,
}

impl Progress {
    pub(super) fn new(cases: u64, bars: bool) -> Self {
        let target = match bars {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(cases), target);
        let style =
            ProgressStyle::with_template("{bar:24} {human_pos}/{human_len} cases  {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar,
            start: Start::now(),
            done: 0,
            findings: 0,
        }
    }

    /// Something before or behind the cases.
    pub(super) fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
        self.bar.tick();
    }

    /// Cases that an earlier run has finished.
    pub(super) fn already(&self, cases: usize) {
        self.bar.inc(cases as u64);
    }

    /// The cases begin now.
    pub(super) fn begin(&mut self) {
        self.start = Start::now();
    }

    /// A case is finished.
    pub(super) fn case(&mut self, findings: usize) {
        self.done += 1;
        self.findings += findings as u64;
        self.bar.inc(1);
        let rate = u128::from(self.done) * 1_000 / self.start.elapsed().as_millis().max(1);
        let (rate, findings) = (u64::try_from(rate).unwrap_or(u64::MAX), self.findings);
        let rate = screen::compact(rate);
        let findings = screen::count(usize::try_from(findings).unwrap_or(usize::MAX), "finding");
        self.bar.set_message(format!("{rate}/s  {findings}"));
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
