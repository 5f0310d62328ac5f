//! Whose turn it is: how far a mount's tape was used, and what was asked of it.

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::config::Limits;
use crate::diff::Difference;
use crate::matching::{Asked, Key};
use crate::mount::Matching;
use crate::report::{Activity, Outcome, Seen, State};

/// Recorded requests that are compared with one that was missed.
const NEAREST_OF_MAX: usize = 64;

/// What a session knows of an exchange.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// `None`: none was recorded, and any request agrees.
    pub(crate) asked: Option<Asked>,
    /// Attempt by attempt, whether the status is 400 or higher, or the end is not a complete one;
    /// the last stands for all that follow.
    pub(crate) fails: Vec<bool>,
}

impl Turn {
    fn fails(&self, attempt: usize) -> bool {
        let fails = self.fails.get(attempt).or_else(|| self.fails.last());
        fails.copied().unwrap_or_default()
    }
}

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) asked: Asked,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What a request gets.
#[derive(Debug)]
pub(crate) enum Choice {
    Exchange {
        ticket: Ticket,
        exchange: usize,
        attempt: usize,
        retry: bool,
    },
    Miss {
        ticket: Ticket,
        miss: Miss,
    },
}

/// What was written of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrote {
    /// Bytes of the body.
    pub(crate) bytes: u64,
    /// All that is to be written.
    pub(crate) whole: bool,
}

/// Names an answer in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    pub(crate) number: usize,
    /// How often the session had been reset.
    epoch: usize,
    key: Key,
}

/// Why no exchange answers.
#[derive(Clone, Debug)]
pub(crate) struct Miss {
    pub(crate) why: String,
    pub(crate) nearest: Option<usize>,
    pub(crate) diff: Vec<Difference>,
}

/// How far a tape was used.
#[derive(Debug)]
pub(crate) struct Session {
    /// It begins when this does.
    clock: Clock,
    /// When something was read or written the last time.
    last_ns: u64,
    /// In a sequence, whose turn it is next.
    next: usize,
    used: Vec<bool>,
    /// The last answer to each request that is remembered, by method, path and body.
    answers: BTreeMap<Key, Last>,
    seen: VecDeque<Seen>,
    keys: VecDeque<Key>,
    seen_bytes: usize,
    requests: usize,
    misses: usize,
    too_large: usize,
    in_flight: usize,
    stalled: usize,
    held: usize,
    epoch: usize,
}

/// What is noted of a request beside what it says.
#[derive(Clone, Copy, Debug)]
struct Noted {
    ticket: Ticket,
    retry: bool,
    exchange: Option<usize>,
    attempt: usize,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    number: usize,
    exchange: usize,
    attempt: usize,
    outcome: Outcome,
    /// It will fail whatever happens.
    fails: bool,
}

impl Session {
    pub(crate) fn new(exchanges: usize) -> Self {
        Self {
            clock: Clock::start(),
            last_ns: 0,
            next: 0,
            used: vec![false; exchanges],
            answers: BTreeMap::new(),
            seen: VecDeque::new(),
            keys: VecDeque::new(),
            seen_bytes: 0,
            requests: 0,
            misses: 0,
            too_large: 0,
            in_flight: 0,
            stalled: 0,
            held: 0,
            epoch: 0,
        }
    }

    /// The session's own time, which began when it was mounted or reset.
    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// From the first exchange again, requests forgotten. Answers in flight go on, uncounted.
    pub(crate) fn reset(&mut self) {
        *self = Self {
            epoch: self.epoch + 1,
            ..Self::new(self.used.len())
        };
    }

    /// The last answer to this request, where the request is a retry.
    fn again(&self, key: &Key, matching: &Matching, live: &Live) -> Option<Last> {
        let counted = live.headers.iter().any(|(name, value)| {
            name == "x-stainless-retry-count" && value.parse::<u32>().is_ok_and(|count| count > 0)
        });
        // Where each exchange has its turn, one in flight counts as failed too: its client may have
        // left and come back before that is noticed.
        let failed = |last: &Last| match last.outcome {
            Outcome::InFlight => last.fails || matching != &Matching::First,
            outcome => outcome == Outcome::Failed,
        };
        let last = self.answers.get(key).copied();
        last.filter(|last| counted || failed(last))
    }

    /// Finds what answers a request, and notes it.
    pub(crate) fn answer(
        &mut self,
        turns: &[Turn],
        matching: &Matching,
        live: Live,
        limits: &Limits,
    ) -> Choice {
        let key = identity(&live.asked);
        let again = self.again(&key, matching, &live);
        let found = match matching {
            Matching::First => first(turns, &live.asked),
            Matching::Sequence | Matching::Strict { .. } => match again {
                Some(last) => Ok(self.repeat(turns, matching, &live.asked, last.exchange)),
                None if matching == &Matching::Sequence => self.in_sequence(turns, &live.asked),
                None => self.strict(turns, &live.asked),
            },
        };
        let number = self.requests;
        self.requests += 1;
        let retry = again.is_some();
        let exchange = found.as_ref().ok().copied();
        // A HEAD shows what a GET would get, and is no turn.
        let takes = exchange.filter(|_| live.asked.method != "HEAD");
        if let Some(used) = takes.and_then(|exchange| self.used.get_mut(exchange)) {
            *used = true;
        }
        if let Some(exchange) = takes {
            self.next = self.next.max(exchange + 1);
        }
        // An answer of the tape's own to a retry is that exchange's first.
        let before = again.filter(|last| exchange == Some(last.exchange));
        let attempt = before.map_or(0, |last| last.attempt + 1);
        let miss = found.map_err(|why| self.miss(turns, &live.asked, why));
        let epoch = self.epoch;
        let ticket = Ticket { number, epoch, key };
        let asked = Noted {
            ticket,
            retry,
            exchange,
            attempt,
        };
        self.note(asked, live, limits);
        match miss {
            Ok(exchange) => {
                self.in_flight += 1;
                let fails = turns.get(exchange).is_some_and(|turn| turn.fails(attempt));
                let outcome = Outcome::InFlight;
                let last = Last {
                    number,
                    exchange,
                    attempt,
                    outcome,
                    fails,
                };
                self.answers.insert(key, last);
                Choice::Exchange {
                    ticket,
                    exchange,
                    attempt,
                    retry,
                }
            }
            Err(miss) => {
                self.misses += 1;
                Choice::Miss { ticket, miss }
            }
        }
    }

    /// Notes a request that is larger than the window: it uses nothing up. Which request it was.
    pub(crate) fn too_large(&mut self, live: Live, limits: &Limits) -> Ticket {
        let key = identity(&live.asked);
        let number = self.requests;
        self.requests += 1;
        self.too_large += 1;
        let epoch = self.epoch;
        let ticket = Ticket { number, epoch, key };
        let asked = Noted {
            ticket,
            retry: false,
            exchange: None,
            attempt: 0,
        };
        self.note(asked, live, limits);
        ticket
    }

    /// An answer came to its end, or is about to.
    pub(crate) fn end(&mut self, ticket: Ticket, outcome: Outcome, wrote: Wrote) {
        if ticket.epoch != self.epoch {
            return;
        }
        let now = self.clock.now().as_nanos();
        if let Some(last) = self.answers.get_mut(&ticket.key) {
            if last.number == ticket.number {
                last.outcome = outcome;
            }
        }
        if let Some(seen) = self.seen_at(ticket) {
            seen.outcome = outcome;
            seen.bytes = wrote.bytes;
            seen.whole = wrote.whole;
            seen.sent_ns = wrote.whole.then_some(now);
            seen.left_ns = (!wrote.whole).then_some(now);
        }
    }

    /// Bytes of an answer were written; `head`: the last of its head.
    pub(crate) fn wrote(&mut self, ticket: Ticket, head: bool) {
        if ticket.epoch != self.epoch {
            return;
        }
        let now = self.clock.now().as_nanos();
        self.last_ns = now;
        if head {
            if let Some(seen) = self.seen_at(ticket) {
                seen.head_ns = Some(now);
            }
        }
    }

    /// An answer that came to its end stays open; or does no longer, and whether the client left it.
    pub(crate) fn stalled(&mut self, ticket: Ticket, more: bool, left: bool) {
        if ticket.epoch != self.epoch {
            return;
        }
        if more {
            self.stalled += 1;
        } else {
            self.stalled = self.stalled.saturating_sub(1);
        }
        let now = self.clock.now().as_nanos();
        if let Some(seen) = self.seen_at(ticket).filter(|_| left) {
            seen.left_ns = Some(now);
        }
    }

    /// What was noted of a request, if it is still remembered.
    fn seen_at(&mut self, ticket: Ticket) -> Option<&mut Seen> {
        let first = self.requests - self.seen.len();
        let place = ticket.number.checked_sub(first)?;
        self.seen.get_mut(place)
    }

    /// An answer is over.
    pub(crate) fn over(&mut self, ticket: Ticket) {
        if ticket.epoch == self.epoch {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
    }

    /// One more answer waits for a release, or one less.
    pub(crate) fn held(&mut self, ticket: Ticket, more: bool) {
        if ticket.epoch == self.epoch {
            let held = self.held;
            self.held = if more {
                held + 1
            } else {
                held.saturating_sub(1)
            };
        }
    }

    pub(crate) fn state(&self) -> State {
        let unused = (0..).zip(&self.used).filter(|(_, used)| !**used);
        let unused: Vec<usize> = unused.map(|(exchange, _)| exchange).collect();
        State {
            exchanges: self.used.len(),
            consumed: self.used.len() - unused.len(),
            unused,
            requests: self.requests,
            misses: self.misses,
            too_large: self.too_large,
            in_flight: self.in_flight,
            held: self.held,
        }
    }

    pub(crate) fn activity(&self) -> Activity {
        Activity {
            now_ns: self.clock.now().as_nanos(),
            last_ns: self.last_ns,
            requests: self.requests,
            in_flight: self.in_flight,
            stalled: self.stalled,
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.iter().cloned().collect()
    }

    fn note(&mut self, asked: Noted, live: Live, limits: &Limits) {
        let Noted {
            ticket,
            retry,
            exchange,
            attempt,
        } = asked;
        let now = self.clock.now().as_nanos();
        self.last_ns = now;
        let accepts = live.headers.iter();
        let accepts = accepts.filter(|(name, _)| name == "accept-encoding");
        let accepts: Vec<&str> = accepts.map(|(_, value)| value.as_str()).collect();
        let accepts = accepts.join(", ");
        let seen = Seen {
            number: ticket.number,
            method: live.asked.method,
            path: live.asked.path,
            headers: live.headers,
            body: live.body,
            retry,
            exchange,
            attempt,
            outcome: match exchange {
                Some(_) => Outcome::InFlight,
                None => Outcome::Failed,
            },
            accepts,
            at_ns: now,
            head_ns: None,
            sent_ns: None,
            left_ns: None,
            bytes: 0,
            whole: false,
        };
        self.seen_bytes += size(&seen);
        self.seen.push_back(seen);
        self.keys.push_back(ticket.key);
        while self.seen.len() > limits.seen_requests || self.seen_bytes > limits.seen_bytes {
            let (Some(oldest), Some(key)) = (self.seen.pop_front(), self.keys.pop_front()) else {
                break;
            };
            self.seen_bytes -= size(&oldest);
            if self
                .answers
                .get(&key)
                .is_some_and(|last| last.number == oldest.number)
            {
                self.answers.remove(&key);
            }
        }
    }

    /// What a retry gets: the next exchange if the tape holds the retry too, else the same again.
    fn repeat(&self, turns: &[Turn], matching: &Matching, live: &Asked, exchange: usize) -> usize {
        let before = turns.get(exchange).and_then(|turn| turn.asked.as_ref());
        let is_retry = |next: &usize| {
            let asked = turns.get(*next).and_then(|turn| turn.asked.as_ref());
            asked.zip(before).is_some_and(|(asked, before)| {
                asked.agrees(live) && (asked.key == before.key || asked.key == live.key)
            })
        };
        let next = match matching {
            Matching::Strict { .. } => {
                (exchange + 1..turns.len()).find(|next| !self.is_used(*next) && is_retry(next))
            }
            _ => Some(self.next).filter(is_retry),
        };
        next.unwrap_or(exchange)
    }

    fn is_used(&self, exchange: usize) -> bool {
        self.used.get(exchange).copied().unwrap_or(true)
    }

    fn in_sequence(&self, turns: &[Turn], live: &Asked) -> Result<usize, String> {
        let Some(turn) = turns.get(self.next) else {
            return Err(format!("every exchange was used, of {}", turns.len()));
        };
        match &turn.asked {
            Some(asked) if !asked.agrees(live) => Err(format!(
                "exchange {} is next: expected {}, found {}",
                self.next,
                asked.name(),
                live.name()
            )),
            _ => Ok(self.next),
        }
    }

    fn strict(&self, turns: &[Turn], live: &Asked) -> Result<usize, String> {
        let equal = |turn: &Turn| turn.asked.as_ref().is_some_and(|asked| asked.equals(live));
        let mut all = (0..)
            .zip(turns)
            .filter(|(_, turn)| equal(turn))
            .map(|(at, _)| at);
        match all.clone().find(|exchange| !self.is_used(*exchange)) {
            Some(exchange) => Ok(exchange),
            None => Err(match all.next() {
                Some(_) => "each exchange with this request was used".to_owned(),
                None => "no exchange has this request".to_owned(),
            }),
        }
    }

    fn miss(&self, turns: &[Turn], live: &Asked, why: String) -> Miss {
        let nearest = self.nearest(turns, live);
        let asked = nearest.and_then(|nearest| turns.get(nearest)?.asked.as_ref());
        let diff = asked.map_or_else(Vec::new, |asked| asked.diff(live));
        Miss { why, nearest, diff }
    }

    /// The recorded request that is most like it: by path, method and streaming, then by how much
    /// of the body differs, then one that was not used, then the first.
    fn nearest(&self, turns: &[Turn], live: &Asked) -> Option<usize> {
        let recorded = |at: usize| turns.get(at).and_then(|turn| turn.asked.as_ref());
        let mut all: Vec<usize> = (0..turns.len())
            .filter(|at| recorded(*at).is_some())
            .collect();
        all.sort_by_key(|at| {
            let likeness = recorded(*at).map(|asked| asked.likeness(live));
            (std::cmp::Reverse(likeness), self.is_used(*at), *at)
        });
        let best = all
            .first()
            .and_then(|at| recorded(*at))
            .map(|asked| asked.likeness(live));
        let alike = all.into_iter().take(NEAREST_OF_MAX);
        let alike = alike.filter(|at| recorded(*at).map(|asked| asked.likeness(live)) == best);
        alike.min_by_key(|at| {
            let differences = recorded(*at).map_or(0, |asked| asked.diff(live).len());
            (differences, self.is_used(*at), *at)
        })
    }
}

/// The first exchange that agrees; where several do, the one with the same body.
fn first(turns: &[Turn], live: &Asked) -> Result<usize, String> {
    let agrees = |turn: &Turn| turn.asked.as_ref().is_none_or(|asked| asked.agrees(live));
    let mut all = (0..).zip(turns).filter(|(_, turn)| agrees(turn));
    let Some((one, _)) = all.clone().next() else {
        return Err(format!("no exchange has {}", live.name()));
    };
    if all.clone().nth(1).is_none() {
        return Ok(one);
    }
    let same = |turn: &Turn| {
        turn.asked
            .as_ref()
            .is_none_or(|asked| asked.key == live.key)
    };
    let found = all.find(|(_, turn)| same(turn));
    let none = || format!("several exchanges have {}, none has this body", live.name());
    found.map(|(at, _)| at).ok_or_else(none)
}

/// Method, path and body: what makes one request the repetition of another.
fn identity(asked: &Asked) -> Key {
    let mut hash = Sha256::new();
    for part in [&asked.method, &asked.path] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(asked.key);
    hash.finalize().into()
}

fn size(seen: &Seen) -> usize {
    let headers: usize = seen
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    seen.method.len() + seen.path.len() + headers + seen.body.len()
}
