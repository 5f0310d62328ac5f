//! A campaign that was stopped goes on where it was.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use wiretape_check::Campaign;
use wiretape_check::campaign::{Journal, JournalError, Plan, Record};
use wiretape_vary::Profile;

use crate::ran::{Check, plan};

/// A file that is not there yet.
fn file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("wiretape-{}-{name}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

fn check() -> Check {
    Check::told(
        "fussy",
        &["anthropic/small-tool.tape"],
        plan(Profile::Lawful, 24),
    )
}

/// The journal, and what it has.
fn open(path: &PathBuf, check: &Check) -> Result<(Journal, Vec<Record>), JournalError> {
    let campaign = Campaign::plan(check.tapes.clone(), check.plan.clone()).unwrap();
    Journal::open(path, &campaign, &check.config(), check.patience)
}

#[test]
fn what_is_finished_is_not_run_again() {
    let (check, path) = (check(), file("resumed"));
    let whole = check.run();
    let (mut journal, known) = open(&path, &check).unwrap();
    assert_eq!(known, []);
    for record in whole.records.iter().take(9) {
        journal.add(record).unwrap();
    }
    drop(journal);
    // It was stopped while it wrote a line.
    let mut bytes = fs::read(&path).unwrap();
    let ends = bytes.len();
    bytes.extend_from_slice(b"{\"case\":{\"num");
    fs::write(&path, &bytes).unwrap();

    let (_, known) = open(&path, &check).unwrap();
    assert_eq!(
        fs::read(&path).unwrap().len(),
        ends,
        "the torn line is gone"
    );
    assert_eq!(known, whole.records[..9]);
    let finished: BTreeSet<u64> = known.iter().map(|record| record.case.number).collect();
    let rest = check.go_on(&finished).unwrap();
    let mut found: Vec<_> = whole.found();
    assert_eq!(rest.found(), found.split_off(9));
    fs::remove_file(&path).unwrap();
}

#[test]
fn another_plan_is_refused_with_what_differs() {
    let (check, path) = (check(), file("differs"));
    drop(open(&path, &check).unwrap());
    let differs = |change: &dyn Fn(&mut Check)| {
        let mut other = check.clone();
        change(&mut other);
        match open(&path, &other) {
            Err(JournalError::Differs(_, what)) => what,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        differs(&|check| check.plan.seed = 9),
        ["its seed is 7, expected 9"]
    );
    assert_eq!(
        differs(&|check| check.plan = Plan {
            runs: 30,
            ..check.plan.clone()
        }),
        ["its runs is 24, expected 30"]
    );
    assert_eq!(
        differs(&|check| check.patience = Duration::from_secs(1)),
        ["its patience_ns is 20000000000, expected 1000000000"]
    );
    assert_eq!(differs(&|check| check.command.push("more".into())).len(), 1);
    assert_eq!(
        differs(&|check| check.tapes[0].tape.header.exact = false).len(),
        1
    );
    drop(open(&path, &check).unwrap());
    fs::write(&path, "no journal\n").unwrap();
    let told = open(&path, &check).unwrap_err().to_string();
    assert!(
        told.contains(":1: expected a journal's first line"),
        "{told}"
    );
    fs::remove_file(&path).unwrap();
}
