//! The union of shards is the whole.

use proptest::prelude::*;
use wiretape_vary::{Profile, Standing};

use super::{CLASSES, TAPES, baseline, example, facts};
use crate::report::{BaselineState, MergeError, Report, Tried, UNTOUCHED, merge};
use crate::{Code, Severity};

/// A case: its class, its tape, and what is found.
type Made = (usize, usize, Vec<(usize, usize)>);

fn cases() -> impl Strategy<Value = Vec<Made>> {
    let finding = (0..Code::ALL.len(), 0..Severity::ALL.len());
    let case = (
        0..CLASSES.len(),
        0..TAPES.len(),
        prop::collection::vec(finding, 0..4),
    );
    prop::collection::vec(case, 0..60)
}

/// What shard `shard` of `of` writes, its cases finished in this order.
fn report(cases: &[Made], order: &[usize], shard: u32, of: u32) -> Report {
    let mut report = Report::new(facts(), shard, of);
    report.not_tried("F-40", "a.tape", "it is too short");
    for (number, tape) in TAPES.iter().enumerate() {
        let found = match number {
            1 => vec![example(
                None,
                Code::BaselineVaries,
                Severity::High,
                UNTOUCHED,
                tape,
            )],
            _ => Vec::new(),
        };
        let state = match found.len() {
            0 => BaselineState::Stable,
            _ => BaselineState::Varies,
        };
        report.add_baseline(baseline(tape, state), found);
    }
    for number in order {
        let (class, tape, found) = &cases[*number];
        if *number as u64 % u64::from(of) != u64::from(shard - 1) {
            continue;
        }
        let (class, tape) = (CLASSES[*class], TAPES[*tape]);
        let found = found.iter().map(|(code, severity)| {
            let (code, severity) = (Code::ALL[*code], Severity::ALL[*severity]);
            example(Some(*number as u64), code, severity, class, tape)
        });
        let tried = Tried {
            class,
            tape,
            standing: Some(Standing::Lawful),
        };
        report.add(tried, found.collect());
    }
    report.finish(u64::from(shard), true);
    report
}

fn without_parts(mut report: Report) -> Report {
    report.parts.clear();
    report
}

proptest! {
    #[test]
    fn the_union_of_shards_is_the_whole(
        (cases, finished, of, order) in (cases(), 1_u32..6).prop_flat_map(|(cases, of)| {
            let numbers: Vec<usize> = (0..cases.len()).collect();
            let shards: Vec<u32> = (1..=of).collect();
            (Just(cases), Just(numbers).prop_shuffle(), Just(of), Just(shards).prop_shuffle())
        }),
        first in 0_usize..5,
    ) {
        let in_order: Vec<usize> = (0..cases.len()).collect();
        let whole = report(&cases, &in_order, 1, 1);
        let shards: Vec<Report> = order
            .iter()
            .map(|shard| report(&cases, &finished, *shard, of))
            .collect();
        // Some first, then the rest: through the text that shards write.
        let mut shards = shards.into_iter().map(|shard| {
            Report::parse(&shard.to_json().unwrap()).unwrap()
        });
        let some: Vec<Report> = shards.by_ref().take(first).collect();
        let rest: Vec<Report> = shards.collect();
        let begun = if some.is_empty() { None } else { Some(merge(some).unwrap()) };
        let union = merge(rest.into_iter().chain(begun).collect()).unwrap();
        prop_assert!(union.is_whole());
        prop_assert_eq!(union.tried(), cases.len() as u64);
        let tried: u64 = union.parts.iter().map(|part| part.cases).sum();
        prop_assert_eq!(tried, cases.len() as u64);
        prop_assert_eq!(without_parts(union), without_parts(whole));
    }
}

#[test]
fn what_is_missing_is_said() {
    let shard = |shard| report(&[], &[], shard, 4);
    let some = merge(vec![shard(3), shard(1)]).unwrap();
    assert_eq!(some.missing(), [2, 4]);
    assert!(!some.is_whole());
    let all = merge(vec![shard(4), some, shard(2)]).unwrap();
    assert_eq!(all.missing(), [0_u32; 0]);
    assert!(all.is_whole());

    let mut interrupted = shard(2);
    interrupted.parts[0].finished = false;
    let all = merge(vec![shard(4), shard(1), interrupted, shard(3)]).unwrap();
    assert!(!all.is_whole(), "a shard was interrupted");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let shard = |shard, of| report(&[], &[], shard, of);
    let refused = |other: Report| merge(vec![shard(1, 3), other]).unwrap_err().to_string();
    let changed = |change: fn(&mut Report)| {
        let mut other = shard(2, 3);
        change(&mut other);
        refused(other)
    };
    insta::assert_snapshot!(
        [
            refused(shard(1, 3)),
            refused(shard(2, 4)),
            changed(|report| report.plan.seed = 8),
            changed(|report| report.plan.runs = 11),
            changed(|report| report.plan.client.push("--fast".into())),
            changed(|report| report.plan.profile = Profile::All),
            changed(|report| report.plan.wiretape = "0.2.0".into()),
            changed(|report| report.plan.tapes[1].sha256 = "11".repeat(32)),
            changed(|report| drop(report.plan.tapes.pop())),
            merge(Vec::new()).unwrap_err().to_string(),
        ]
        .join("\n")
    );
    let (one, other) = (shard(2, 3), shard(2, 3));
    let twice = MergeError::Twice {
        shard: 2,
        one: 0,
        other: 2,
    };
    assert_eq!(merge(vec![one, shard(3, 3), other]), Err(twice));
}
