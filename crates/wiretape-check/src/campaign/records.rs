//! Finished cases, with as much of each as is needed.

use std::collections::{BTreeMap, BTreeSet};

use super::Record;
use crate::Code;

/// What findings are grouped by: code, class and tape.
type Key = (Code, String, usize);

/// Finished cases. What the client did is kept of the first of each code, class and tape alone: a
/// client that is wrong everywhere would fill the memory.
#[derive(Debug, Default)]
pub struct Records {
    all: BTreeMap<u64, Record>,
    firsts: BTreeMap<Key, u64>,
}

impl Records {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finished case. The order in which they come changes nothing.
    pub fn add(&mut self, record: Record) {
        let number = record.case.number;
        let keys = keys(&record);
        self.all.insert(number, record);
        for key in keys {
            let first = self.firsts.get(&key).copied();
            if first.is_some_and(|first| first <= number) {
                continue;
            }
            self.firsts.insert(key, number);
            if let Some(before) = first {
                self.lighten(before);
            }
        }
        self.lighten(number);
    }

    /// Forgets what the client did where another case shows all of it first.
    fn lighten(&mut self, number: u64) {
        let Some(record) = self.all.get_mut(&number) else {
            return;
        };
        let is_first = |key: &Key| self.firsts.get(key) == Some(&number);
        if !keys(record).iter().any(is_first) {
            record.observation = None;
        }
    }

    /// Which cases are finished.
    #[must_use]
    pub fn numbers(&self) -> BTreeSet<u64> {
        self.all.keys().copied().collect()
    }

    /// In order of their numbers.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Record> {
        self.all.into_values().collect()
    }
}

fn keys(record: &Record) -> Vec<Key> {
    let keys = record.findings.iter().map(|finding| {
        let class = finding.class.clone();
        (finding.code, class, record.case.tape)
    });
    keys.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wiretape_vary::Scenario;

    use super::*;
    use crate::{Case, Finding, Observation, Place, Severity};

    fn record(number: u64, codes: &[Code]) -> Record {
        let finding = |code: &Code| Finding {
            code: *code,
            severity: Severity::Low,
            class: "F-01".to_owned(),
            expected: String::new(),
            seen: String::new(),
            difference: None,
            place: Place {
                tape: String::new(),
                case: Some(number),
                exchange: 0,
                scenario: Scenario::plain(),
            },
            flaky: false,
        };
        Record {
            case: Case {
                number,
                tape: 0,
                class: "F-01".to_owned(),
                scenario: Scenario::plain(),
            },
            findings: codes.iter().map(finding).collect(),
            observation: Some(Observation::default()),
            elapsed_ns: 0,
        }
    }

    proptest! {
        /// The first case of each code keeps what the client did, and no other does.
        #[test]
        fn the_first_of_each_is_kept(
            order in Just((0_u64..12).collect::<Vec<_>>()).prop_shuffle(),
            shows in prop::collection::vec(prop::sample::subsequence(vec![Code::Crash, Code::Hang, Code::TextDiffers], 0..=3), 12),
        ) {
            let mut records = Records::new();
            for number in order {
                records.add(record(number, &shows[usize::try_from(number).unwrap()]));
            }
            let sorted = records.into_sorted();
            let mut known: Vec<Code> = Vec::new();
            for (number, record) in (0..).zip(sorted) {
                prop_assert_eq!(record.case.number, number);
                let codes = record.findings.iter().map(|finding| finding.code);
                let new: Vec<Code> = codes.filter(|code| !known.contains(code)).collect();
                prop_assert_eq!(record.observation.is_some(), !new.is_empty());
                known.extend(new);
            }
        }
    }
}
