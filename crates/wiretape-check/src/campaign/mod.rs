//! Which deliveries are tried, in which order, and what became of them.

use serde::{Deserialize, Serialize};
use wiretape_vary::Scenario;

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

/// Tapes, and all the ways in which they are delivered.
#[derive(Debug, Default)]
pub struct Campaign {}
