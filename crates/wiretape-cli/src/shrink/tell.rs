//! What is left of a case, on the terminal or as JSON.

use std::ffi::OsString;
use std::time::Duration;

use wiretape_check::shrink::Shrunk;
use wiretape_check::verdict::explain;

use super::write::Files;
use crate::exit::Fault;
use crate::{Io, screen};

/// The patience that need not be typed.
const PATIENCE: Duration = Duration::from_secs(5);

/// How the client was run: what the line that repeats a case has to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'a> {
    pub(super) worker: bool,
    pub(super) port_per_run: bool,
    pub(super) patience: Duration,
    pub(super) command: &'a [OsString],
    pub(super) json: bool,
}

impl Typed<'_> {
    /// Says what is left, and where it was written.
    pub(super) fn tell(
        &self,
        shrunk: &Shrunk,
        files: &Files,
        io: &mut Io<'_>,
    ) -> Result<(), Fault> {
        let repeat = files.repeat(&self.options(), self.command);
        let lines = explain(&shrunk.tape, &shrunk.finding, &repeat);
        if self.json {
            let line = serde_json::json!({
                "finding": shrunk.finding,
                "tape": files.tape,
                "scenario": files.scenario,
                "runs": shrunk.runs,
                "explanation": lines,
            });
            writeln!(io.out, "{line}")?;
            return Ok(());
        }
        let pieces = screen::count(shrunk.finding.place.scenario.pieces.len(), "piece");
        let runs = usize::try_from(shrunk.runs).unwrap_or(usize::MAX);
        let runs = screen::count(runs, "run");
        let flaky = if shrunk.finding.flaky {
            ", not each time"
        } else {
            ""
        };
        let (code, severity) = (shrunk.finding.code, shrunk.finding.severity);
        writeln!(
            io.out,
            "{code} ({severity}){flaky}: {pieces} left after {runs}"
        )?;
        for line in lines {
            writeln!(io.out, "  {}", screen::clean(&line))?;
        }
        Ok(())
    }

    fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if self.worker {
            options.push("--worker".to_owned());
        }
        if self.port_per_run {
            options.push("--port-per-run".to_owned());
        }
        if self.patience != PATIENCE {
            options.push(format!("--patience {}", self.patience.as_secs_f64()));
        }
        options
    }
}
