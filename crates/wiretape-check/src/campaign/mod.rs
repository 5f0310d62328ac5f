//! Which deliveries are tried, in which order, and what became of them.
//!
//! A [`Campaign`] is pure: tapes, profile, seed and count give the same [`Case`]s in the same order
//! on every machine. A [`Runner`] plays them to a client, many at a time; a [`Journal`] keeps what
//! is finished; [`Record`]s are what reports read.

mod closing;
mod drive;
mod echo;
mod journal;
mod observe;
mod plan;
mod records;
mod runner;
mod watch;

use serde::{Deserialize, Serialize};
use wiretape_vary::Scenario;

pub use drive::{Baseline, Drive, Event, Record, Stop};
pub use journal::{Journal, JournalError};
pub use plan::{
    CASES_MAX, Campaign, Named, NotTried, Plan, PlanError, Prepared, Shard, UnknownShard,
};
pub use records::Records;
pub use runner::{RunError, Runner, Settings, Trial};

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Which one of the campaign, counted from 0.
    pub number: u64,
    /// Which tape, counted from 0.
    pub tape: usize,
    /// The class that it is a case of, by its id in the catalogue of failures.
    pub class: String,
    /// What is done to which exchange.
    pub scenario: Scenario,
}
