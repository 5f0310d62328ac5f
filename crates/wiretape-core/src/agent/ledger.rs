//! The calls of a reply that wait for their results, and what is known of all calls before.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Limits;
use super::action::{Action, Limit};
use crate::Moment;
use crate::conversation::{ToolResult, WrittenCall};
use crate::turn::{CallFault, RejectedCall, Reply, ToolCall};

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) content: String,
    pub(super) is_error: bool,
}

impl Answer {
    pub(super) fn error(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            is_error: true,
        }
    }
}

/// Every call that was given out, by its key, with what it came to (F-62).
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    answers: BTreeMap<String, Answer>,
}

impl Ledger {
    pub(super) fn knows(&self, key: &str) -> bool {
        self.answers.contains_key(key)
    }

    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }
}

/// The calls of one reply.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub(super) reply: Box<Reply>,
    /// In order of their places in the answer.
    entries: Vec<Entry>,
    /// A limit that one of them was over.
    pub(super) limit: Option<Limit>,
    /// Those that run, by their keys: the place among the entries, and how long they may.
    running: BTreeMap<String, (usize, Moment)>,
    /// The first entry that may have to be started: those before it are or were.
    next: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    ordinal: usize,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Waiting(ToolCall),
    Running,
    Answered(Answer),
}

impl Round {
    /// Sorts the calls of a reply: those that were answered before or must not run are answered.
    pub(super) fn new(
        reply: Box<Reply>,
        calls: &[ToolCall],
        rejected: &[RejectedCall],
        ledger: &Ledger,
        limits: &Limits,
        calls_left: u32,
    ) -> Self {
        let mut round = Self::empty(reply);
        let mut seen = BTreeSet::new();
        let mut new = 0_usize;
        for call in calls {
            let key = call.execution_key();
            if !seen.insert(key) {
                // Sent twice in one reply: the history has it once as well.
                continue;
            }
            let state = if let Some(answer) = ledger.answers.get(key) {
                State::Answered(answer.clone())
            } else if new >= calls_left as usize {
                round.limit = Some(Limit::Calls);
                let max = limits.calls_max;
                State::Answered(not_run(&format!("the limit of {max} calls is reached")))
            } else if ledger.len() + new >= limits.keys_max {
                round.limit = Some(Limit::Keys);
                let max = limits.keys_max;
                State::Answered(not_run(&format!(
                    "the limit of {max} known calls is reached"
                )))
            } else {
                new += 1;
                State::Waiting(call.clone())
            };
            round.entries.push(Entry {
                ordinal: call.ordinal,
                state,
            });
        }
        round.entries.extend(rejected.iter().map(|call| Entry {
            ordinal: call.ordinal,
            state: State::Answered(not_run(&refused(&call.why))),
        }));
        round.entries.sort_by_key(|entry| entry.ordinal);
        round
    }

    /// The calls of a reply that stopped for a reason which forbids running them.
    pub(super) fn cut(reply: Box<Reply>, calls: &[RejectedCall], reason: &str) -> Self {
        let why = format!("the reply ended with `{reason}`, so that it may be incomplete");
        let mut round = Self::empty(reply);
        round.entries.extend(calls.iter().map(|call| Entry {
            ordinal: call.ordinal,
            state: State::Answered(not_run(&why)),
        }));
        round.next = round.entries.len();
        round
    }

    fn empty(reply: Box<Reply>) -> Self {
        Self {
            reply,
            entries: Vec::new(),
            limit: None,
            running: BTreeMap::new(),
            next: 0,
        }
    }

    /// How many calls it has, those that are not run among them.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Starts as many calls as may run at a time.
    pub(super) fn start(
        &mut self,
        now: Moment,
        call_ns: u64,
        limits: &Limits,
        ledger: &mut Ledger,
        out: &mut impl Extend<Action>,
    ) {
        while self.running.len() < limits.calls_at_once_max.max(1) {
            let Some(entry) = self.entries.get_mut(self.next) else {
                return;
            };
            let at = self.next;
            self.next += 1;
            match core::mem::replace(&mut entry.state, State::Running) {
                State::Waiting(call) => {
                    let key: String = call.execution_key().into();
                    // From here on the key has run, whatever becomes of the result.
                    let answer = Answer::error("the call was started and its result never came");
                    ledger.answers.insert(key.clone(), answer);
                    self.running.insert(key, (at, now.after(call_ns)));
                    out.extend([Action::Call(call)]);
                }
                other => entry.state = other,
            }
        }
    }

    /// Takes a result; one that nothing waits for changes nothing.
    pub(super) fn answer(&mut self, key: &str, answer: Answer, ledger: &mut Ledger) {
        let Some((at, _)) = self.running.remove(key) else {
            return;
        };
        if let Some(entry) = self.entries.get_mut(at) {
            ledger.answers.insert(key.into(), answer.clone());
            entry.state = State::Answered(answer);
        }
    }

    /// Gives up those that have run too long.
    pub(super) fn expire(
        &mut self,
        now: Moment,
        call_ns: u64,
        ledger: &mut Ledger,
        out: &mut impl Extend<Action>,
    ) {
        let seconds = call_ns / 1_000_000_000;
        let why = format!("no result within {seconds} s; the call may still have had its effect");
        self.stop(ledger, out, &why, |until| until <= now);
    }

    /// Gives up all of them.
    pub(super) fn cancel(&mut self, ledger: &mut Ledger, out: &mut impl Extend<Action>) {
        let why = "cancelled by the user; the call may still have had its effect";
        self.stop(ledger, out, why, |_| true);
        for entry in self.entries.iter_mut().skip(self.next) {
            if matches!(entry.state, State::Waiting(_)) {
                entry.state = State::Answered(not_run("the user cancelled"));
            }
        }
        self.next = self.entries.len();
    }

    fn stop(
        &mut self,
        ledger: &mut Ledger,
        out: &mut impl Extend<Action>,
        why: &str,
        which: impl Fn(Moment) -> bool,
    ) {
        let late = self.running.iter().filter(|(_, (_, until))| which(*until));
        let late: Vec<String> = late.map(|(key, _)| key.clone()).collect();
        for key in late {
            self.answer(&key, Answer::error(why), ledger);
            out.extend([Action::CancelCall { key }]);
        }
    }

    /// Every call has its answer.
    pub(super) fn is_complete(&self) -> bool {
        self.running.is_empty() && self.next == self.entries.len()
    }

    /// When the first call has run too long.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.running.values().map(|(_, until)| *until).min()
    }

    /// The results of the calls as the history names them. One that has none is answered with an
    /// error, so that the history is valid whatever happens.
    pub(super) fn results(&self, calls: &[WrittenCall]) -> Vec<ToolResult> {
        let answer = |ordinal: usize| {
            let at = self.entries.binary_search_by_key(&ordinal, |e| e.ordinal);
            match at.ok().and_then(|at| self.entries.get(at))?.state {
                State::Answered(ref answer) => Some(answer.clone()),
                _ => None,
            }
        };
        let results = calls.iter().map(|call| {
            let answer = answer(call.ordinal).unwrap_or_else(|| not_run("it was given up"));
            ToolResult {
                call: call.id.clone(),
                name: call.name.clone(),
                content: answer.content,
                is_error: answer.is_error,
            }
        });
        results.collect()
    }
}

fn not_run(why: &str) -> Answer {
    Answer::error(format!("the call was not run: {why}"))
}

/// What the model is told of a call that must not be run, so that it can do better.
fn refused(why: &CallFault) -> String {
    let advice = match why {
        CallFault::NotJson { .. } => "; send it again with arguments that are valid JSON",
        CallFault::NotAnObject => "; send it again with an object for its arguments",
        CallFault::NoName => "; send it again with the name of a tool",
        CallFault::Astray => "; send it again with its arguments",
        _ => "",
    };
    format!("{why}{advice}")
}
