//! What is sent, and when.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_tape::{Chunk, End, EndKind, Exchange};

use crate::catalogue::Outcome;
use crate::json::part;

/// Every byte and moment of a response: a tape under a scenario. Clones share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub(crate) body: Arc<Vec<u8>>,
    pub(crate) cuts: Arc<Vec<Cut>>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Nanoseconds since the previous chunk, or since the response's head.
    pub after_ns: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// A chunk as a place in the body: a body of many chunks is kept in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Nanoseconds since the previous chunk, or since the response's head.
    pub(crate) after_ns: u64,
    /// Offset in the body at which it ends.
    pub(crate) end: usize,
}

impl Script {
    /// The exchange as it was recorded: what [`crate::Scenario::plain`] gives, without taking the
    /// response apart first.
    #[must_use]
    pub fn plain(exchange: &Exchange) -> Self {
        let mut body = Vec::new();
        let cuts = exchange.chunks.iter().map(|chunk| {
            body.extend_from_slice(&chunk.bytes);
            Cut {
                after_ns: chunk.after_ns,
                end: body.len(),
            }
        });
        let cuts = Arc::new(cuts.collect());
        let end = exchange.end.as_ref();
        Self {
            cuts,
            body: Arc::new(body),
            end: end.map_or(EndKind::Unterminated, |end| end.kind),
            end_after_ns: end.map_or(0, |end| end.after_ns),
            skipped: Vec::new(),
            permits: [Outcome::Same].to_vec(),
        }
    }

    /// The whole body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The chunks, in order.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = Step<'_>> {
        let mut from = 0;
        self.cuts.iter().map(move |cut| {
            let bytes = part(&self.body, from..cut.end);
            from = cut.end;
            Step {
                after_ns: cut.after_ns,
                bytes,
            }
        })
    }

    /// One chunk's bytes; none for a number that is too high.
    #[must_use]
    pub fn chunk(&self, number: usize) -> &[u8] {
        let end_of = |number: usize| self.cuts.get(number).map(|cut| cut.end);
        let from = number.checked_sub(1).map_or(Some(0), end_of);
        match (from, end_of(number)) {
            (Some(from), Some(end)) => part(&self.body, from..end),
            _ => &[],
        }
    }

    /// From the response's head to the end, in nanoseconds.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        let waits = self.cuts.iter().map(|cut| cut.after_ns);
        waits.fold(self.end_after_ns, u64::saturating_add)
    }

    /// SHA-256 over the times, lengths and bytes of the chunks, and the end's kind and time.
    #[must_use]
    pub fn digest(&self) -> String {
        crate::digest::script(self)
    }

    /// The script as an exchange: the request and the response's head of the original, this body.
    #[must_use]
    pub fn to_exchange(&self, original: &Exchange) -> Exchange {
        let steps = self.steps().map(|step| Chunk {
            after_ns: step.after_ns,
            bytes: step.bytes.to_vec(),
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
