//! What is sent, and when.

use alloc::string::String;
use alloc::vec::Vec;

use wiretape_tape::{Chunk, End, EndKind, Exchange};

use crate::catalogue::Outcome;

/// Every byte and moment of a response: a tape under a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The chunks, in order.
    pub steps: Vec<Step>,
    /// How the body ends.
    pub end: EndKind,
    /// Nanoseconds from the last chunk to the end.
    pub end_after_ns: u64,
    /// The pieces that did not apply: the place in the scenario's list, and why.
    pub skipped: Vec<(usize, &'static str)>,
    /// What a reader may make of it, in order; [`Outcome::Same`] alone where there is no fault.
    pub permits: Vec<Outcome>,
}

/// One chunk and when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Nanoseconds since the previous chunk, or since the response's head.
    pub after_ns: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Script {
    /// The whole body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.steps.iter().map(|step| step.bytes.len()).sum());
        for step in &self.steps {
            body.extend_from_slice(&step.bytes);
        }
        body
    }

    /// SHA-256 over the times, lengths and bytes of the chunks, and the end's kind and time.
    #[must_use]
    pub fn digest(&self) -> String {
        crate::digest::script(self)
    }

    /// The script as an exchange: the request and the response's head of the original, this body.
    #[must_use]
    pub fn to_exchange(&self, original: &Exchange) -> Exchange {
        let steps = self.steps.iter().map(|step| Chunk {
            after_ns: step.after_ns,
            bytes: step.bytes.clone(),
        });
        let chunks: Vec<Chunk> = steps.collect();
        let end = End::of(&chunks, self.end_after_ns, self.end);
        Exchange {
            request: original.request.clone(),
            response: original.response.clone(),
            chunks,
            end: Some(end),
        }
    }
}
