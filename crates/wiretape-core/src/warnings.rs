//! What was tolerated, counted by the name of the failure.

use alloc::collections::BTreeMap;

/// How often each leniency was used and each oddity was seen, by its id in the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Warnings(BTreeMap<alloc::borrow::Cow<'static, str>, u64>);

impl Warnings {
    /// Counts one more of `id`.
    pub fn count(&mut self, id: &'static str) {
        *self.0.entry(alloc::borrow::Cow::Borrowed(id)).or_insert(0) += 1;
    }

    /// How often `id` was counted.
    #[must_use]
    pub fn of(&self, id: &str) -> u64 {
        self.0.get(id).copied().unwrap_or(0)
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (id, n) in &other.0 {
            *self.0.entry(id.clone()).or_insert(0) += n;
        }
    }

    /// Each id with its count, ordered by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(id, n)| (id.as_ref(), *n))
    }

    /// Nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
