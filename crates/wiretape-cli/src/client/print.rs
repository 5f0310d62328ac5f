//! What was found, a line for each.

use wiretape_check::Finding;

use super::work::Done;
use crate::args::CheckArgs;
use crate::exit::Fault;
use crate::{Io, screen};

pub(super) fn print(args: &CheckArgs, done: &Done, io: &mut Io<'_>) -> Result<(), Fault> {
    if args.json {
        for finding in done.findings() {
            serde_json::to_writer(&mut *io.out, finding)?;
            writeln!(io.out)?;
        }
        return Ok(());
    }
    for finding in done.findings() {
        line(finding, io)?;
    }
    for baseline in &done.baselines {
        if let Some(why) = &baseline.unusable {
            let tape = done.campaign().tapes().get(baseline.tape);
            let name = tape.map_or("", |tape| tape.name.as_str());
            writeln!(
                io.out,
                "{name}: nothing else is tried: {}",
                screen::clean(why)
            )?;
        }
    }
    let findings = screen::count(done.findings().count(), "finding");
    let cases = screen::count(done.records.len(), "case");
    let time = screen::duration(u64::try_from(done.elapsed.as_nanos()).unwrap_or(u64::MAX));
    let stopped = if done.interrupted { ", stopped" } else { "" };
    writeln!(io.out, "{cases}, {findings}, {time}{stopped}")?;
    Ok(())
}

fn line(finding: &Finding, io: &mut Io<'_>) -> Result<(), Fault> {
    let Finding {
        code,
        severity,
        class,
        expected,
        seen,
        place,
        ..
    } = finding;
    let case = place
        .case
        .map_or_else(|| "untouched".to_owned(), |case| format!("case {case}"));
    let flaky = if finding.flaky {
        " (not each time)"
    } else {
        ""
    };
    let told = format!("expected {expected}, seen {seen}");
    writeln!(
        io.out,
        "{severity:6} {code} {class} {}#{} {case}{flaky}: {}",
        place.tape,
        place.exchange,
        screen::clean(&told)
    )?;
    Ok(())
}
