//! What was found, made small, as files: a tape, a scenario, and what happens in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use wiretape_check::campaign::{Drive, Record, RunError};
use wiretape_check::shrink::{Shrunk, budget, shrink};
use wiretape_check::{Case, Code, Observation};

use super::work::Done;
use crate::Io;
use crate::exit::Fault;
use crate::shrink::Files;

/// Findings that are made small: the worst, of each code, class and tape the first.
const SHRUNK_MAX: usize = 64;

/// A finding that was made small.
#[derive(Debug)]
pub(super) struct Small {
    /// The case that it was found in.
    pub(super) number: u64,
    pub(super) code: Code,
    pub(super) shrunk: Shrunk,
    pub(super) files: Files,
}

/// What is to be made small.
struct Work {
    case: Case,
    code: Code,
    baseline: Observation,
}

/// Makes the first findings small, and writes each into the folder.
pub(super) async fn write(
    folder: &Path,
    drive: &Drive,
    done: &Done,
    mut tell: impl FnMut(&str),
    io: &mut Io<'_>,
) -> Result<Vec<Small>, Fault> {
    let work: Arc<Vec<Work>> = Arc::new(work(done));
    let count = work.len();
    let mut small = BTreeMap::new();
    let shared = Arc::clone(&work);
    let ran = drive.each(
        Box::new(0..count as u64),
        move |runner, mut client, number| {
            let work = Arc::clone(&shared);
            async move {
                let place = usize::try_from(number).unwrap_or(usize::MAX);
                let of = |work: &Work| runner.campaign().tapes().get(work.case.tape);
                let known = work.get(place).and_then(|work| Some((work, of(work)?)));
                let Some((work, tape)) = known else {
                    return (client, Ok(None));
                };
                let Work {
                    case,
                    code,
                    baseline,
                } = work;
                let (runs, name) = (budget(*code, None), format!("f{number}"));
                let shrunk = shrink(
                    &runner,
                    &mut client,
                    &name,
                    tape,
                    case,
                    *code,
                    baseline,
                    runs,
                );
                let shrunk: Result<_, RunError> = shrunk.await;
                let shrunk = shrunk.map(|shrunk| shrunk.map(|shrunk| (place, shrunk)));
                (client, shrunk)
            }
        },
        |(place, shrunk)| {
            tell(&format!(
                "{} of {count} findings made small",
                small.len() + 1
            ));
            small.insert(place, shrunk);
        },
    );
    ran.await.map_err(|error| Fault::new(error.to_string()))?;
    let mut written = Vec::new();
    for (place, shrunk) in small {
        let Some(Work { case, code, .. }) = work.get(place) else {
            continue;
        };
        let files = Files::write(folder, &shrunk, io)?;
        written.push(Small {
            number: case.number,
            code: *code,
            shrunk,
            files,
        });
    }
    Ok(written)
}

/// The first of each code, class and tape; the worst first, then in order of the cases.
fn work(done: &Done) -> Vec<Work> {
    let mut firsts = BTreeMap::new();
    for record in &done.records {
        for finding in &record.findings {
            let key = (finding.code, finding.class.clone(), record.case.tape);
            firsts.entry(key).or_insert((record, finding));
        }
    }
    let mut firsts: Vec<_> = firsts.into_values().collect();
    firsts.sort_by_key(|(record, finding)| {
        let worst = std::cmp::Reverse(finding.severity);
        (worst, record.case.number, finding.code)
    });
    firsts.retain(|(_, finding)| !finding.flaky);
    firsts.truncate(SHRUNK_MAX);
    let of = |record: &Record, code: Code| {
        let mut baselines = done.baselines.iter();
        let baseline = baselines.find(|one| one.tape == record.case.tape)?;
        Some(Work {
            case: record.case.clone(),
            code,
            baseline: baseline.observation.clone(),
        })
    };
    let work = firsts
        .iter()
        .map(|(record, finding)| of(record, finding.code));
    work.flatten().collect()
}
