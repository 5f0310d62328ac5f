//! Where a report goes to, and what the exit code says of it.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use wiretape_check::Severity;
use wiretape_check::report::Report;

use crate::exit::{Exit, Fault};

/// Where a report goes to, besides standard output.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Outputs {
    /// Write it as XML that CI systems read (`JUnit`): a suite for each tape, a test for each class.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write it as one page of HTML that needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// The exit code is 1 from this severity up: note, low, medium, high [default: low].
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Severity>,
}

impl Outputs {
    /// Writes the files that were asked for.
    pub(crate) fn write(&self, report: &Report) -> Result<(), Fault> {
        if let Some(path) = &self.junit {
            save(path, &report.junit(self.fail_from()))?;
        }
        if let Some(path) = &self.html {
            save(path, &report.html())?;
        }
        Ok(())
    }

    /// The mildest severity that fails.
    fn fail_from(&self) -> Severity {
        self.fail_on.unwrap_or(Severity::Low)
    }

    /// What was found is bad enough to fail.
    pub(crate) fn exit(&self, report: &Report) -> Exit {
        let from = self.fail_from();
        match report.worst() {
            Some(worst) if worst >= from => Exit::Broken,
            _ => Exit::Good,
        }
    }
}

/// Reports are written again and again: one that is there is replaced.
pub(crate) fn save(path: &Path, text: &str) -> Result<(), Fault> {
    let cannot = |error| Fault::new(format!("{}: cannot write it: {error}", path.display()));
    fs::write(path, text).map_err(cannot)
}
