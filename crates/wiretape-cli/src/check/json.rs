//! The result as JSON lines.

use std::path::Path;

use serde_json::{Value, json};
use wiretape::laws::{How, Report};

use super::{Row, Sum};
use crate::Io;
use crate::exit::Fault;

pub(super) fn print(rows: &[(&Path, Row)], sum: &Sum, io: &mut Io<'_>) -> Result<(), Fault> {
    for (_, row) in rows {
        let line = json!({
            "tape": row.name,
            "dialect": row.dialect.name(),
            "bytes": row.bytes,
            "frames": row.frames,
            "calls": row.calls,
            "rejected_calls": row.rejected_calls,
            "laws": row.reports.iter().map(law).collect::<Vec<_>>(),
            "panic": row.panic,
            "verdict": if row.holds() { "holds" } else { "fails" },
        });
        writeln!(io.out, "{line}")?;
    }
    let line = json!({
        "tapes": sum.tapes,
        "exchanges": sum.exchanges,
        "laws": sum.laws,
        "cases": sum.cases,
        "failures": sum.failures,
        "unusable": sum.unusable,
        "unchecked": sum.left,
        "interrupted": sum.interrupted,
        "seed": sum.seed,
        "runs": sum.runs,
        "elapsed_ms": u64::try_from(sum.elapsed.as_millis()).unwrap_or(u64::MAX),
    });
    writeln!(io.out, "{line}")?;
    Ok(())
}

fn law(report: &Report) -> Value {
    let (how, why) = match report.how {
        How::Proved => ("proved", None),
        How::Sampled => ("sampled", None),
        How::DoesNotApply(why) => ("does_not_apply", Some(why)),
        _ => ("unknown", None),
    };
    let failure = report.failure.as_ref().map(|failure| {
        json!({
            "case": failure.case,
            "scenario": failure.scenario,
            "difference": failure.difference,
        })
    });
    json!({
        "number": report.number,
        "law": report.law,
        "how": how,
        "why": why,
        "cases": report.cases,
        "failure": failure,
    })
}
