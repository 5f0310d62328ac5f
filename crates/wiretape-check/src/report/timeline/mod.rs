//! What was sent, and what the client did, as a picture shows it.
//!
//! Two axes, because a body that takes a millisecond and a client that waits for ten seconds do not
//! fit one: *wires* are drawn by the byte, *acts* by the clock.

mod acts;
mod changes;
mod wire;

use serde::{Deserialize, Serialize};
use wiretape_core::Dialect;
use wiretape_tape::Tape;
use wiretape_vary::Script;

pub use acts::{ACTS_MAX, Act, ActKind};
pub use changes::{SPANS_MAX, Span};
pub use wire::{
    DELTAS_MAX, Delta, EDGES_MAX, EXCERPTS_MAX, Edge, EdgeKind, Excerpt, LANES_MAX, Lane, LaneKind,
    Mark, MarkKind, Wait, Wire,
};

use crate::Observation;

/// Attempts whose deliveries are kept: those of one exchange that differ from the one before.
pub const WIRES_MAX: usize = 3;

/// A run that is to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Played<'a> {
    /// The tape, untouched.
    pub tape: &'a Tape,
    /// What was sent for each exchange, attempt by attempt.
    pub sent: &'a [Vec<Script>],
    /// What the client did.
    pub seen: &'a Observation,
}

/// One exchange as it was delivered, and what the client did in the whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// The exchange, counted from 0.
    pub exchange: usize,
    /// What was sent for it: one for each attempt that got something else than the one before.
    pub wires: Vec<Wire>,
    /// What the client did, by time.
    pub acts: Vec<Act>,
    /// From the run's begin to its end.
    pub elapsed_ns: u64,
}

impl Timeline {
    /// The picture of an exchange in a run.
    #[must_use]
    pub fn of(run: Played<'_>, exchange: usize) -> Self {
        let recorded = run.tape.exchanges.get(exchange);
        let untouched = recorded.map(|exchange| exchange.body());
        let untouched = untouched.as_deref().unwrap_or_default();
        let cuts = recorded.map_or_else(Vec::new, wire::recorded_cuts);
        let named = run.tape.header.dialect.as_deref();
        let dialect = named
            .and_then(|name| name.parse().ok())
            .or_else(|| Dialect::sniff(untouched));
        let mut scripts = run.sent.get(exchange).map_or(&[][..], Vec::as_slice);
        let mut wires: Vec<Wire> = Vec::new();
        for attempt in 0..WIRES_MAX {
            let Some((script, rest)) = scripts.split_first() else {
                break;
            };
            wires.push(Wire::of(attempt, script, dialect, untouched, &cuts));
            let same = rest.iter().take_while(|other| *other == script).count();
            scripts = rest.get(same..).unwrap_or_default();
        }
        Self {
            exchange,
            wires,
            acts: acts::of(run.seen),
            elapsed_ns: run.seen.elapsed_ns,
        }
    }
}
