//! What becomes of a response that is over.

use alloc::boxed::Box;
use alloc::string::{String, ToString};

use super::action::{Closed, Failure, Outcome, Stop};
use super::attempt::{Phase, Stream};
use super::ledger::Round;
use super::retry::{Advice, Class, Decision, Progress, Said};
use super::{Agent, State};
use crate::budget::TokenCounter;
use crate::conversation::is_pause;
use crate::json::Raw;
use crate::turn::{Choice, Content, Reply, Why};
use crate::{Moment, Rejected, Turn};

/// No window is smaller.
const WINDOW_MIN: u64 = 256;

/// Bytes of a server's words that a failure repeats.
const MESSAGE_BYTES_MAX: usize = 512;

/// An attempt that came to no reply.
struct Lost {
    class: Class,
    progress: Progress,
    status: Option<u16>,
    message: String,
    advice: Advice,
    /// What was read of the reply, and what of its text is still to be shown.
    partial: Option<(Box<Reply>, String)>,
}

impl Class {
    /// What the end of a connection says about a reply that is not complete.
    pub(super) fn of_close(how: Closed) -> Option<Self> {
        match how {
            Closed::Complete => None,
            Closed::Incomplete => Some(Self::Incomplete),
            Closed::Reset => Some(Self::Reset),
            Closed::Unreachable => Some(Self::Connect),
        }
    }
}

impl<C: TokenCounter> Agent<C> {
    /// The response under way is over: by itself, or because of `cause`.
    pub(super) fn over(&mut self, now: Moment, cause: Option<Class>) {
        let State::Open(attempt) = core::mem::replace(&mut self.state, State::Idle) else {
            return;
        };
        let progress = attempt.progress();
        match attempt.phase {
            Phase::Waiting => {
                let class = match cause {
                    Some(class @ (Class::Idle | Class::Stall | Class::Deadline)) => class,
                    _ => Class::Connect,
                };
                self.lost(now, Lost::before(class));
            }
            Phase::Other(other) => {
                let text = other.text();
                let class = match other.status {
                    200..300 if !text.is_empty() && is_error(&text) => {
                        let said = Said::of(&text);
                        Class::of_stream(&said.kind, &said.message)
                    }
                    200..300 => Class::NotAStream,
                    status => Class::of_status(status, &text),
                };
                let said = Said::of(&text).message;
                let message = match (other.head.no_stream, said.is_empty()) {
                    (_, false) => said,
                    (Some(why), true) if class == Class::NotAStream => why + ": " + &text,
                    _ => text,
                };
                self.lost(
                    now,
                    Lost {
                        status: Some(other.status),
                        message,
                        advice: other.head.advice,
                        ..Lost::before(class)
                    },
                );
            }
            Phase::Stream(stream) => self.streamed(now, *stream, progress, cause),
        }
    }

    fn streamed(&mut self, now: Moment, stream: Stream, progress: Progress, cause: Option<Class>) {
        let (status, advice) = (stream.status, stream.head.advice);
        let mut rest = String::new();
        match stream.finish(&mut rest) {
            Ok(turn) => {
                self.show(rest);
                self.turn(now, turn);
            }
            Err(rejected) => {
                let class = match &rejected.why {
                    Why::Stop(reason) if reason != "error" => {
                        let reason = reason.clone();
                        self.show(rest);
                        return self.stopped(now, &reason, rejected);
                    }
                    Why::Failed => {
                        let error = rejected.reply().error.as_ref();
                        error.map_or(Class::Server, |e| Class::of_stream(&e.kind, &e.message))
                    }
                    Why::Unreadable(error) => Class::of_reading(error),
                    Why::Stop(_) => Class::Server,
                    Why::Empty => cause.unwrap_or(Class::Empty),
                    _ => cause.unwrap_or(Class::Cut),
                };
                let error = rejected.reply().error.as_ref();
                let message = error.map_or_else(|| rejected.to_string(), |e| e.message.clone());
                self.lost(
                    now,
                    Lost {
                        class,
                        progress,
                        status: Some(status),
                        message,
                        advice,
                        partial: Some((rejected.reply, rest)),
                    },
                );
            }
        }
    }

    /// A reply past the gate.
    fn turn(&mut self, now: Moment, turn: Turn) {
        self.count(&turn.reply.usage, bytes(&turn.reply));
        let reply = turn.reply;
        let (calls, rejected, text, refusal) = match reply.choices.first() {
            Some(choice) => (
                choice.calls.clone(),
                choice.rejected.clone(),
                choice.text(),
                choice.refusal(),
            ),
            None => Default::default(),
        };
        self.keep();
        if calls.is_empty() && rejected.is_empty() {
            self.conversation.push_reply(&reply);
            let detail = reply.choices.first().map(|choice| choice.stop_raw.clone());
            return self.finish(if refusal.is_empty() {
                Outcome::Done { text }
            } else {
                Outcome::Stopped {
                    stop: Stop::Refusal,
                    text: text + &refusal,
                    detail: detail.unwrap_or_default(),
                }
            });
        }
        let limits = self.options.limits;
        let left = limits.calls_max.saturating_sub(self.run.calls);
        let round = Round::new(reply, &calls, &rejected, &self.ledger, &limits, left);
        self.calls(now, round);
    }

    /// A complete reply whose reason for stopping forbids running its calls.
    fn stopped(&mut self, now: Moment, reason: &str, rejected: Rejected) {
        let reply = rejected.reply;
        self.count(&reply.usage, bytes(&reply));
        let first = reply.choices.first();
        let text = first.map(Choice::text).unwrap_or_default();
        let detail = first
            .map(|choice| choice.stop_raw.clone())
            .unwrap_or_default();
        let stop = Stop::of(reason);
        if stop == Stop::Refusal {
            self.take_back();
            return self.finish(Outcome::Stopped { stop, text, detail });
        }
        self.keep();
        let calls = first
            .map(|choice| choice.rejected.clone())
            .unwrap_or_default();
        let round = Round::cut(reply, &calls, reason);
        self.store(&round);
        if is_pause(reason) {
            // The provider's own tools want more time: what it said goes back as it is (F-27).
            return self.ask(now);
        }
        self.finish(Outcome::Stopped { stop, text, detail });
    }

    /// No reply: asks again, or gives up.
    fn lost(&mut self, now: Moment, lost: Lost) {
        let shown = lost.progress == Progress::Text;
        if lost.class == Class::ContextOverflow && !self.run.tightened && self.may_reset(shown) {
            self.run.tightened = true;
            self.tighten(&lost.message);
            self.take_back();
            return self.request(now);
        }
        let decision = self.options.retry.decide(
            lost.class,
            lost.progress,
            self.run.attempts,
            lost.advice,
            &mut self.chance,
        );
        if let Decision::Again { wait_ns } = decision {
            self.take_back();
            self.state = State::Wait {
                until: now.after(wait_ns),
            };
            return;
        }
        if let Some((reply, rest)) = lost.partial {
            self.show(rest);
            self.conversation.push_partial(&reply);
        }
        self.finish(Outcome::Failed(Failure {
            class: lost.class,
            progress: lost.progress,
            status: lost.status,
            message: shortened(lost.message),
            attempts: self.run.attempts,
            retry_after_ns: lost.advice.after_ns,
            overfull: None,
        }));
    }

    fn may_reset(&self, shown: bool) -> bool {
        !shown || self.options.retry.after_text
    }

    /// The provider says that a request was too long, though it fitted: it counts more, or its window
    /// is smaller. Where it says both numbers, what is sent shrinks by their ratio and a tenth more,
    /// otherwise to three quarters. The window stays that small: the next request would not fit either.
    fn tighten(&mut self, message: &str) {
        let budget = self.planner.last_budget().copied();
        let (fixed, reply) = budget.map_or((0, 0), |budget| (budget.fixed, budget.max_tokens));
        let sent = u128::from(self.run.sent.saturating_add(fixed));
        let target = match counts(message) {
            Some((asked, room)) if asked > room => {
                sent * u128::from(room) * 9 / (u128::from(asked) * 10)
            }
            _ => sent * 3 / 4,
        };
        let options = self.planner.options_mut();
        let percent = u128::from(options.threshold_percent.clamp(1, 100));
        // The smallest window of which that much may be used.
        let window = (target * 100 / percent).max(target + u128::from(reply));
        let window = u64::try_from(window).unwrap_or(u64::MAX);
        options.window = options.window.min(window);
    }
}

impl Lost {
    fn before(class: Class) -> Self {
        Self {
            class,
            progress: Progress::None,
            status: None,
            message: String::new(),
            advice: Advice::default(),
            partial: None,
        }
    }
}

/// A body that says it is an error.
fn is_error(body: &str) -> bool {
    Raw::parse(body).is_ok_and(|raw| raw.field("error").is_some_and(|error| !error.is_null()))
}

/// The two numbers of an overflow: what was asked and how much room there is. They are the first
/// number and the first smaller one after it: `208310 tokens > 200000 maximum`, `request (2243
/// tokens) exceeds the available context size (2048 tokens)`, `maximum context length is 8192
/// tokens, however you requested 9000`. A small one is part of a name.
fn counts(message: &str) -> Option<(u64, u64)> {
    let numbers = message.split(|c: char| !c.is_ascii_digit());
    let numbers = numbers.filter_map(|digits| digits.parse::<u64>().ok());
    let mut numbers = numbers.filter(|number| *number >= WINDOW_MIN);
    let (first, second) = (numbers.next()?, numbers.next()?);
    Some((first.max(second), first.min(second)))
}

fn bytes(reply: &Reply) -> usize {
    let contents = reply.choices.iter().flat_map(|choice| &choice.contents);
    contents.map(|content: &Content| content.text.len()).sum()
}

fn shortened(mut message: String) -> String {
    let mut end = message.len().min(MESSAGE_BYTES_MAX);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.truncate(end);
    message
}
