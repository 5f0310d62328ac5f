//! What is sent, and when.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use wiretape_tape::{Chunk, End, EndKind, Exchange, Response};

use crate::catalogue::Outcome;
use crate::json::part;
use crate::transport::Coding;

/// Every byte and moment of a response: a tape under a scenario. Clones share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub(crate) body: Arc<Vec<u8>>,
    pub(crate) cuts: Arc<Vec<Cut>>,
    /// The status and headers, where they are not the recorded ones.
    pub head: Option<Head>,
    /// No head comes, nor anything else.
    pub silent: bool,
    /// Nanoseconds from the request to the head.
    pub head_after_ns: u64,
    /// Those of them that pieces put in.
    pub(crate) head_put_ns: u64,
    /// How the body is compressed: all is well only with a client that offers that.
    pub coding: Option<Coding>,
    /// Of a compressed body what it is without that.
    pub(crate) plain: Option<Plain>,
    /// How the body ends.
    pub end: EndKind,
    /// Nanoseconds from the last chunk to the end.
    pub end_after_ns: u64,
    /// The pieces that did not apply: the place in the scenario's list, and why.
    pub skipped: Vec<(usize, &'static str)>,
    /// What a reader may make of it, in order; [`Outcome::Same`] alone where there is no fault.
    pub permits: Vec<Outcome>,
}

/// A response's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers, in order. How the body is delimited and what belongs to a connection is added by
    /// who sends it; a `content-length` stands only where there is one to be sent.
    pub headers: Vec<(String, String)>,
    /// A further `retry-after`, a date: so many seconds after it is sent.
    pub retry_at_s: Option<u32>,
}

/// A body before it was compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) body: Arc<Vec<u8>>,
    pub(crate) cuts: Arc<Vec<Cut>>,
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
            head: None,
            silent: false,
            head_after_ns: exchange.response.as_ref().map_or(0, |head| head.after_ns),
            head_put_ns: 0,
            coding: None,
            plain: None,
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

    /// What a client has that undoes the compression: the same where there is none.
    #[must_use]
    pub fn decoded(&self) -> Self {
        let Some(Plain { body, cuts }) = self.plain.clone() else {
            return self.clone();
        };
        Self {
            body,
            cuts,
            plain: None,
            ..self.clone()
        }
    }

    /// SHA-256 over the times, lengths and bytes of the chunks, and the end's kind and time; over the head
    /// too, where it is not the recorded one.
    #[must_use]
    pub fn digest(&self) -> String {
        crate::digest::script(self)
    }

    /// The script as an exchange: the request of the original, the response's head, this body.
    #[must_use]
    pub fn to_exchange(&self, original: &Exchange) -> Exchange {
        let steps = self.steps().map(|step| Chunk {
            after_ns: step.after_ns,
            bytes: step.bytes.to_vec(),
        });
        let chunks: Vec<Chunk> = steps.collect();
        let end = End::of(&chunks, self.end_after_ns, self.end);
        let mut response = original.response.clone().filter(|_| !self.silent);
        if let Some(head) = &self.head {
            let said = response.get_or_insert_with(|| Response {
                after_ns: 0,
                status: head.status,
                headers: Vec::new(),
                extra: serde_json::Map::new(),
            });
            said.status = head.status;
            said.headers.clone_from(&head.headers);
        }
        if let Some(said) = &mut response {
            said.after_ns = said.after_ns.saturating_add(self.head_put_ns);
        }
        Exchange {
            request: original.request.clone(),
            response,
            chunks,
            end: Some(end),
        }
    }
}
