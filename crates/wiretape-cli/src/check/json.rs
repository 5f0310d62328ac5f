//! The result as JSON lines. The order of the keys is part of the interface.

use std::path::Path;

use serde::Serialize;
use wiretape::laws::{How, Report};
use wiretape_vary::Scenario;

use super::{Row, Sum, repeat};
use crate::Io;
use crate::args::CheckArgs;
use crate::exit::Fault;

/// An exchange.
#[derive(Debug, Serialize)]
struct Line<'a> {
    tape: &'a str,
    dialect: &'static str,
    bytes: u64,
    frames: u64,
    calls: usize,
    rejected_calls: usize,
    laws: Vec<Law<'a>>,
    panic: Option<&'a str>,
    verdict: &'static str,
    /// The one line that repeats what does not hold.
    repeat: Option<String>,
}

#[derive(Debug, Serialize)]
struct Law<'a> {
    number: u8,
    law: &'static str,
    how: &'static str,
    why: Option<&'static str>,
    cases: u64,
    failure: Option<Failure<'a>>,
}

#[derive(Debug, Serialize)]
struct Failure<'a> {
    case: &'a str,
    scenario: Option<&'a Scenario>,
    difference: &'a str,
}

/// The last line.
#[derive(Debug, Serialize)]
struct Total {
    tapes: usize,
    exchanges: usize,
    laws: usize,
    cases: u64,
    failures: usize,
    unusable: usize,
    unfinished: usize,
    interrupted: bool,
    seed: u64,
    runs: u32,
    elapsed_ms: u64,
}

pub(super) fn print(
    rows: &[(&Path, Row)],
    sum: &Sum,
    args: &CheckArgs,
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    for (path, row) in rows {
        let verdict = row.verdict();
        let broken = matches!(verdict, "fails" | "panics");
        let line = Line {
            tape: &row.name,
            dialect: row.dialect.name(),
            bytes: row.bytes,
            frames: row.frames,
            calls: row.calls,
            rejected_calls: row.rejected_calls,
            laws: row.reports.iter().map(Law::of).collect(),
            panic: row.panic.as_deref(),
            verdict,
            repeat: broken.then(|| repeat(path, args, io)),
        };
        serde_json::to_writer(&mut *io.out, &line)?;
        io.out.write_all(b"\n")?;
    }
    let total = Total {
        tapes: sum.tapes,
        exchanges: sum.exchanges,
        laws: sum.laws,
        cases: sum.cases,
        failures: sum.failures,
        unusable: sum.unusable,
        unfinished: sum.unfinished,
        interrupted: sum.interrupted,
        seed: sum.seed,
        runs: sum.runs,
        elapsed_ms: u64::try_from(sum.elapsed.as_millis()).unwrap_or(u64::MAX),
    };
    serde_json::to_writer(&mut *io.out, &total)?;
    Ok(io.out.write_all(b"\n")?)
}

impl<'a> Law<'a> {
    fn of(report: &'a Report) -> Self {
        let (how, why) = match report.how {
            How::Proved => ("proved", None),
            How::Sampled => ("sampled", None),
            How::DoesNotApply(why) => ("does_not_apply", Some(why)),
            _ => ("unknown", None),
        };
        Self {
            number: report.number,
            law: report.law,
            how,
            why,
            cases: report.cases,
            failure: report.failure.as_ref().map(|failure| Failure {
                case: &failure.case,
                scenario: failure.scenario.as_deref(),
                difference: &failure.difference,
            }),
        }
    }
}
