//! The smallest cases of a campaign: `wiretape check --failures DIR`.

use std::collections::BTreeSet;
use std::path::Path;

use wiretape_check::Code;
use wiretape_check::campaign::{Baseline, Record, Runner};
use wiretape_check::client::Mode;
use wiretape_check::shrink::{budget, shrink};

use super::fault;
use super::tell::Typed;
use super::write::Files;
use crate::Io;
use crate::exit::Fault;

/// Cases that are made smaller at most: the first of each code and class.
const CASES_MAX: usize = 20;

/// Makes the first case of each code and class smaller, writes it to the folder and explains it.
pub(crate) async fn failures(
    folder: &Path,
    runner: &Runner,
    baselines: &[Baseline],
    records: &[Record],
    json: bool,
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    let settings = runner.settings();
    let typed = Typed {
        worker: settings.client.mode == Mode::Worker,
        port_per_run: settings.port_per_run,
        patience: settings.patience,
        command: &settings.client.command,
        json,
    };
    let mut client = runner.client();
    let mut done: BTreeSet<(Code, &str)> = BTreeSet::new();
    for (record, code, class) in firsts(records) {
        if !done.insert((code, class)) {
            continue;
        }
        if CASES_MAX < done.len() {
            io.note(&format!("{CASES_MAX} cases are made smaller, and no more"));
            break;
        }
        let tape = record.case.tape;
        let prepared = runner.campaign().tapes().get(tape);
        let baseline = baselines.iter().find(|baseline| baseline.tape == tape);
        let (Some(prepared), Some(baseline)) = (prepared, baseline) else {
            continue;
        };
        let name = format!("{}-{}", record.case.number, code.name().replace('_', "-"));
        let smallest = shrink(
            runner,
            &mut client,
            &name,
            prepared,
            &record.case,
            code,
            &baseline.observation,
            budget(code, None),
        );
        match smallest.await.map_err(fault)? {
            Some(shrunk) => {
                let files = Files::write(folder, &shrunk, io)?;
                typed.tell(&shrunk, &files, io)?;
            }
            None => io.note(&format!(
                "case {}: {code} is not found again",
                record.case.number
            )),
        }
    }
    client.end().await;
    Ok(())
}

/// Each finding that came again, in order of the cases.
fn firsts(records: &[Record]) -> impl Iterator<Item = (&Record, Code, &str)> {
    records.iter().flat_map(|record| {
        let steady = record.findings.iter().filter(|finding| !finding.flaky);
        steady.map(move |finding| (record, finding.code, finding.class.as_str()))
    })
}
