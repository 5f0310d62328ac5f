//! A verdict on any client, in any language.
//!
//! A [`Campaign`] plays a tape to a client in many ways: *reshapes*, which must change nothing of
//! what it does, and *faults*, which permit a set of [outcomes](wiretape_vary::Outcome). What the
//! client did is an [`Observation`]: mostly its own next request, which says which calls it ran and
//! with which arguments. [`judge`](verdict::judge) compares, and names what is wrong by a [`Code`].

pub mod campaign;
pub mod client;
mod clock;
mod code;
mod finding;
mod observation;
pub mod report;
pub mod shrink;
pub mod verdict;
pub mod words;

pub use campaign::{Campaign, Case};
pub use code::{Code, Severity, UnknownName};
pub use finding::{Finding, Place};
pub use observation::{
    Attempt, Call, CallResult, Echo, Ended, Miss, Observation, Said, SaidCall, SaidEvent, TurnSeen,
};
