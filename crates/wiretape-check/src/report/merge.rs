//! The sum of reports.

use std::fmt;

use super::{Example, Facts, Report};

/// Why reports cannot be added up. Reports are named by their places among the arguments, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeError {
    /// There is none.
    Nothing,
    /// Two are of different plans.
    OtherPlan {
        /// The first report.
        one: usize,
        /// The one that differs from it.
        other: usize,
        /// In what, in words: `the seed is 7 here, 8 there`.
        what: String,
    },
    /// Two divide the campaign into different numbers of shards.
    OtherDivision {
        /// The first report, and how many shards it speaks of.
        one: (usize, u32),
        /// The one that differs from it.
        other: (usize, u32),
    },
    /// Two hold the same shard.
    Twice {
        /// The shard, counted from 1.
        shard: u32,
        /// The report that has it.
        one: usize,
        /// The one that has it, too.
        other: usize,
    },
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("expected at least one report"),
            Self::OtherPlan { one, other, what } => {
                write!(
                    f,
                    "reports {one} and {other} are of different plans: {what}"
                )
            }
            Self::OtherDivision { one, other } => write!(
                f,
                "report {} is one of {} shards, report {} one of {}",
                one.0, one.1, other.0, other.1
            ),
            Self::Twice { shard, one, other } => {
                write!(f, "reports {one} and {other} both hold shard {shard}")
            }
        }
    }
}

impl std::error::Error for MergeError {}

/// Adds up reports of one plan. The order of the arguments does not matter. What is still missing
/// is said by [`Report::missing`].
///
/// # Errors
///
/// There is no report; or they are of different plans; or two hold the same shard.
pub fn merge(mut reports: Vec<Report>) -> Result<Report, MergeError> {
    check(&reports)?;
    // What is not a sum, such as when a client did what, is told as the lowest shard has it.
    reports.sort_by_key(|report| report.parts.first().copied());
    let mut reports = reports.into_iter();
    let mut sum = reports.next().map(rebuilt).ok_or(MergeError::Nothing)?;
    for report in reports {
        add(&mut sum, report);
    }
    Ok(sum)
}

/// The same report, with its lists in their order.
pub(super) fn rebuilt(report: Report) -> Report {
    let mut sum = Report {
        parts: Vec::new(),
        plan: report.plan.clone(),
        ..Report::new(report.plan.clone(), 1, 1)
    };
    add(&mut sum, report);
    sum
}

fn add(sum: &mut Report, report: Report) {
    sum.parts.extend(report.parts);
    sum.parts.sort_unstable();
    for class in report.classes {
        sum.name_class(class);
    }
    for baseline in report.baselines {
        sum.add_baseline(baseline, Vec::new());
    }
    for count in report.counts {
        let own = sum.count(super::Tried {
            class: &count.class,
            tape: &count.tape,
            standing: count.standing,
        });
        own.tried = own.tried.saturating_add(count.tried);
        own.found.add_all(count.found);
    }
    for not_tried in &report.not_tried {
        sum.not_tried(&not_tried.class, &not_tried.tape, &not_tried.why);
    }
    for mut group in report.findings {
        Example::clip(&mut group.example);
        sum.add_group(group);
    }
}

fn check(reports: &[Report]) -> Result<(), MergeError> {
    let first = reports.first().ok_or(MergeError::Nothing)?;
    let of = |report: &Report| report.parts.first().map_or(0, |part| part.of);
    let mut holders: Vec<(u32, usize)> = Vec::new();
    for (place, report) in reports.iter().enumerate() {
        if let Some(what) = difference(&first.plan, &report.plan) {
            let (one, other) = (0, place);
            return Err(MergeError::OtherPlan { one, other, what });
        }
        if of(report) != of(first) {
            return Err(MergeError::OtherDivision {
                one: (0, of(first)),
                other: (place, of(report)),
            });
        }
        holders.extend(report.parts.iter().map(|part| (part.shard, place)));
    }
    holders.sort_unstable();
    let mut pairs = holders.iter().zip(holders.iter().skip(1));
    match pairs.find(|(one, other)| one.0 == other.0) {
        Some((one, other)) => Err(MergeError::Twice {
            shard: one.0,
            one: one.1,
            other: other.1,
        }),
        None => Ok(()),
    }
}

/// The first fact in which two plans differ, in words.
fn difference(one: &Facts, other: &Facts) -> Option<String> {
    let tapes = |facts: &Facts| -> Vec<String> {
        facts.tapes.iter().map(|tape| tape.name.clone()).collect()
    };
    let facts = |facts: &Facts| {
        [
            ("version of wiretape", facts.wiretape.clone()),
            ("client", facts.client.join(" ")),
            ("mode", facts.mode.clone()),
            ("profile", facts.profile.to_string()),
            ("number of runs", facts.runs.to_string()),
            ("seed", facts.seed.to_string()),
            ("patience in ns", facts.patience_ns.to_string()),
            ("list of tapes", tapes(facts).join(", ")),
            ("number of cases", facts.cases.to_string()),
        ]
    };
    let pairs = facts(one).into_iter().zip(facts(other));
    for ((what, one), (_, other)) in pairs {
        if one != other {
            return Some(format!("the {what} is {one} here, {other} there"));
        }
    }
    let mut tapes = one.tapes.iter().zip(&other.tapes);
    let (tape, _) = tapes.find(|(one, other)| one != other)?;
    Some(format!("the tape {} is not the same", tape.name))
}
