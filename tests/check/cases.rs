//! Which cases there are: a function of tapes, profile and seed, and of nothing else.

use std::collections::BTreeSet;

use proptest::prelude::*;
use wiretape_check::campaign::{Plan, PlanError, Shard};
use wiretape_check::{Campaign, Case};
use wiretape_vary::Profile;

use crate::ran::{Check, named, plan};

const TAPES: [&str; 3] = [
    "anthropic/small-tool.tape",
    "openai-chat/tools-parallel.tape",
    "recorded/anthropic-loop.tape",
];

fn cases(tapes: &[&str], plan: &Plan) -> Vec<Case> {
    let campaign = Campaign::plan(named(tapes), plan.clone()).unwrap();
    campaign.cases().collect()
}

#[test]
fn each_class_has_its_turn_on_each_tape() {
    let plan = plan(Profile::All, 60);
    let campaign = Campaign::plan(named(&TAPES), plan).unwrap();
    let cases: Vec<Case> = campaign.cases().collect();
    for (number, tape) in campaign.tapes().iter().enumerate() {
        let tried: BTreeSet<&str> = cases
            .iter()
            .filter(|case| case.tape == number)
            .map(|case| case.class.as_str())
            .collect();
        let not_tried = campaign.not_tried().iter();
        let not_tried: BTreeSet<&str> = not_tried
            .filter(|one| one.tape == tape.name)
            .map(|one| one.class.as_str())
            .collect();
        for class in wiretape_vary::classes::all() {
            let (tried, left) = (tried.contains(class.id), not_tried.contains(class.id));
            assert!(
                tried != left,
                "{}: {class}: tried {tried}, left out {left}",
                tape.name
            );
        }
    }
    for case in &cases {
        assert!(case.scenario.exchange.is_some(), "one exchange: {case:?}");
    }
}

#[test]
fn the_cases_of_a_tape_do_not_depend_on_the_tapes_beside_it() {
    let plan = plan(Profile::All, 40);
    let beside = cases(&TAPES, &plan);
    for (number, tape) in TAPES.iter().enumerate() {
        let alone = cases(&[tape], &plan);
        let beside = beside.iter().filter(|case| case.tape == number);
        assert!(
            beside
                .map(|case| &case.scenario)
                .eq(alone.iter().map(|case| &case.scenario))
        );
    }
}

#[test]
fn another_seed_gives_other_cases() {
    let one = plan(Profile::All, 40);
    let two = Plan {
        seed: 8,
        ..one.clone()
    };
    let differ = cases(&TAPES, &one)
        .iter()
        .zip(cases(&TAPES, &two))
        .filter(|(one, two)| one.scenario.pieces != two.scenario.pieces)
        .count();
    assert!(differ > 40, "{differ}");
}

#[test]
fn one_case_is_the_case_of_its_number() {
    let whole = plan(Profile::All, 40);
    let all = cases(&TAPES, &whole);
    for number in [0, 1, 77, 119] {
        let only = Some(number);
        let one = cases(
            &TAPES,
            &Plan {
                only,
                ..whole.clone()
            },
        );
        assert_eq!(one, [all[usize::try_from(number).unwrap()].clone()]);
    }
}

#[test]
fn what_cannot_be_planned_is_said() {
    let told = |tapes: &[&str], plan: Plan| Campaign::plan(named(tapes), plan).unwrap_err();
    assert_eq!(told(&[], Plan::default()), PlanError::NoTapes);
    let many = Plan {
        runs: u64::MAX,
        ..Plan::default()
    };
    assert!(matches!(told(&TAPES, many), PlanError::TooMany(_)));
    for text in ["0/4", "5/4", "1", "1/0", "a/b", "1/2/3", "-1/2"] {
        text.parse::<Shard>().unwrap_err();
    }
    assert_eq!("2/4".parse::<Shard>().unwrap().to_string(), "2/4");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// The shards of a campaign are its cases, each once.
    #[test]
    fn shards_are_the_whole(of in 1_u64..6, runs in 0_u64..30, seed: u64) {
        let whole = Plan { runs, seed, ..plan(Profile::All, 0) };
        let mut sum: Vec<Case> = (1..=of)
            .flat_map(|part| {
                let shard = Some(Shard { part, of });
                cases(&TAPES, &Plan { shard, ..whole.clone() })
            })
            .collect();
        sum.sort_by_key(|case| case.number);
        prop_assert_eq!(sum, cases(&TAPES, &whole));
    }
}

#[test]
fn jobs_and_shards_change_nothing_of_what_is_found() {
    let tapes = ["anthropic/small-tool.tape", "openai-chat/text.tape"];
    let whole = Check::told("fussy", &tapes, plan(Profile::Lawful, 24));
    let one = Check {
        jobs: 1,
        ..whole.clone()
    }
    .run();
    let four = Check {
        jobs: 4,
        ..whole.clone()
    }
    .run();
    assert!(!one.codes().is_empty(), "it has something to find");
    assert_eq!(one.found(), four.found());
    let mut parts = Vec::new();
    for part in 1..=3 {
        let mut check = whole.clone();
        check.plan.shard = Some(Shard { part, of: 3 });
        parts.extend(check.run().found());
    }
    parts.sort();
    assert_eq!(parts, one.found());
}
