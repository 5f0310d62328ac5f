//! Thousands of seeds: the agent against everything that can go wrong at once. A failure prints its
//! seed, all that follows from it, and the line that runs it again.

use std::collections::BTreeMap;

use super::world::{Library, Report, run};

/// Seeds of one run of the tests.
const SEEDS: u64 = 2_000;

fn library() -> Library {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../recordings");
    let files = wiretape::find(&[root.into()]).unwrap();
    let tapes: Vec<_> = files
        .iter()
        .map(|file| wiretape::load(file, None).unwrap())
        .collect();
    Library::new(tapes.iter().map(|loaded| &loaded.tape))
}

/// The one of `WIRETAPE_SEED`, or as many as `WIRETAPE_SEEDS` says, or [`SEEDS`].
fn seeds() -> std::ops::Range<u64> {
    let number = |name| {
        std::env::var(name)
            .ok()
            .map(|text: String| text.parse::<u64>().unwrap())
    };
    match number("WIRETAPE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("WIRETAPE_SEEDS").unwrap_or(SEEDS),
    }
}

#[test]
fn nothing_breaks_the_loop() {
    let library = library();
    assert!(library.len() > 20, "{} tapes", library.len());
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut all = Report::default();
    for seed in seeds() {
        let report = run(seed, &library).unwrap_or_else(|why| panic!("{why}"));
        all.steps += report.steps;
        all.requests += report.requests;
        all.calls += report.calls;
        all.resets += report.resets;
        all.cancelled_calls += report.cancelled_calls;
        for outcome in report.outcomes {
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    println!("{all:?}\n{outcomes:#?}");
}

/// The same seed does the same at the same moments.
#[test]
fn a_seed_is_a_run() {
    let library = library();
    for seed in 0..50 {
        assert_eq!(run(seed, &library), run(seed, &library), "seed {seed}");
    }
}
