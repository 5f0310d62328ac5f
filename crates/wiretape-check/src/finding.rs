//! Something that a client does wrong, with its evidence.

use serde::{Deserialize, Serialize};
use wiretape_vary::Scenario;

use crate::code::{Code, Severity};

/// Something that a client does wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub code: Code,
    /// How much it matters: from the code, and from how sure it is that a provider sends this.
    pub severity: Severity,
    /// What provoked it: the class's id in the catalogue of failures, `-` for the untouched tape.
    pub class: String,
    /// What the client ought to have done.
    pub expected: String,
    /// What it did.
    pub seen: String,
    /// The first difference, where two texts are compared.
    pub difference: Option<String>,
    /// Where it was found.
    pub place: Place,
    /// What the client did again on the same delivery was something else.
    pub flaky: bool,
}

/// Which delivery of which tape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The tape's name.
    pub tape: String,
    /// Which case of the campaign; `None`: the untouched tape.
    pub case: Option<u64>,
    /// The exchange, counted from 0.
    pub exchange: usize,
    /// What was done to the tape.
    pub scenario: Scenario,
}
