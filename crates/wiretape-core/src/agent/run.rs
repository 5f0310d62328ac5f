//! From one reply to the next: limits, the budget, requests, calls.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use super::action::{Action, Failure, Limit, Outcome, Request};
use super::attempt::{Attempt, Phase};
use super::ledger::{Answer, Round};
use super::retry::{Class, Progress};
use super::{Agent, State};
use crate::Moment;
use crate::budget::{TokenCounter, read_by};
use crate::event::Usage;

impl<C: TokenCounter> Agent<C> {
    /// Asks for the next reply, if the limits permit one.
    pub(super) fn ask(&mut self, now: Moment) {
        let limits = self.options.limits;
        let over = if self.run.turns >= limits.turns_max {
            Some((Limit::Turns, u64::from(limits.turns_max)))
        } else if self.run.tokens >= limits.tokens_max {
            Some((Limit::Tokens, limits.tokens_max))
        } else {
            None
        };
        if let Some((limit, at)) = over {
            return self.finish(Outcome::Limit { limit, at });
        }
        self.run.attempts = 0;
        self.run.tightened = false;
        self.request(now);
    }

    /// Sends what of the conversation fits.
    pub(super) fn request(&mut self, now: Moment) {
        let fitted = match self.planner.fit(&self.conversation) {
            Ok(fitted) => fitted,
            Err(overfull) => {
                return self.finish(Outcome::Failed(Failure {
                    class: Class::Overfull,
                    progress: Progress::None,
                    status: None,
                    message: alloc::string::String::new(),
                    attempts: self.run.attempts,
                    retry_after_ns: None,
                    overfull: Some(overfull),
                }));
            }
        };
        let form = self.conversation.form();
        let model = self.conversation.model().unwrap_or_default();
        if model.is_empty() && form.model_in_path() {
            return self.nameless();
        }
        let path = form.path(&model);
        self.requested += 1;
        self.run.attempts += 1;
        self.run.sent = fitted.plan.after;
        let mut headers = Vec::from([
            ("content-type", "application/json"),
            ("accept", form.accept()),
            // Compressed streams come late and in lumps (F-08).
            ("accept-encoding", "identity"),
        ]);
        headers.extend(form.headers());
        let request = Request {
            attempt: self.requested,
            path,
            headers,
            body: fitted.body().into(),
            plan: fitted.plan,
        };
        self.state = State::Open(Box::new(Attempt::new(self.requested, now)));
        self.act(Action::Request(request));
    }

    /// There is no path without a model.
    fn nameless(&mut self) {
        let dialect = self.conversation.dialect();
        self.finish(Outcome::Failed(Failure {
            class: Class::Request,
            progress: Progress::None,
            status: None,
            message: format!("expected `model`, which {dialect} has in the path"),
            attempts: self.run.attempts,
            retry_after_ns: None,
            overfull: None,
        }));
    }

    /// Counts what a reply has cost.
    pub(super) fn count(&mut self, usage: &Usage, reply_bytes: usize) {
        self.planner.learn(usage);
        let input = read_by(self.conversation.dialect(), usage).unwrap_or(self.run.sent);
        let guess = u64::try_from(reply_bytes / 4).unwrap_or(u64::MAX);
        let output = usage.output.unwrap_or(guess);
        let both = input.saturating_add(output);
        self.run.tokens = self.run.tokens.saturating_add(both);
        self.run.turns += 1;
    }

    /// Starts a reply's calls.
    pub(super) fn calls(&mut self, now: Moment, round: Round) {
        let calls = u32::try_from(round.len()).unwrap_or(u32::MAX);
        self.run.calls = self.run.calls.saturating_add(calls);
        self.state = State::Calls(Box::new(round));
        self.go_on(now);
    }

    /// Starts calls that have room now, and asks for the next reply when all have their answers.
    pub(super) fn go_on(&mut self, now: Moment) {
        let State::Calls(round) = &mut self.state else {
            return;
        };
        round.start(
            now,
            self.options.clocks.call_ns,
            &self.options.limits,
            &mut self.ledger,
            &mut self.actions,
        );
        if !round.is_complete() {
            return;
        }
        if let State::Calls(round) = core::mem::replace(&mut self.state, State::Idle) {
            self.store(&round);
            let limits = self.options.limits;
            match round.limit {
                Some(limit) => {
                    let at = if limit == Limit::Keys {
                        u64::try_from(limits.keys_max).unwrap_or(u64::MAX)
                    } else {
                        u64::from(limits.calls_max)
                    };
                    self.finish(Outcome::Limit { limit, at });
                }
                None => self.ask(now),
            }
        }
    }

    /// Adds a reply with all its results to the history.
    pub(super) fn store(&mut self, round: &Round) {
        let calls = self.conversation.push_reply(&round.reply);
        let results = round.results(&calls);
        self.conversation.push_results(&results);
    }

    /// Adds to the history what was shown of a reply that is given up.
    pub(super) fn keep_partial(&mut self, attempt: Attempt) {
        let Phase::Stream(stream) = attempt.phase else {
            return;
        };
        let mut text = alloc::string::String::new();
        let result = stream.finish(&mut text);
        self.show(text);
        let reply = match &result {
            Ok(turn) => turn.reply(),
            Err(rejected) => rejected.reply(),
        };
        self.conversation.push_partial(reply);
    }

    pub(super) fn answer(&self, content: &str, is_error: bool) -> Answer {
        let max = self.options.limits.result_bytes_max;
        if content.len() > max {
            let bytes = content.len();
            return Answer::error(format!(
                "the result has {bytes} bytes, more than the limit of {max}"
            ));
        }
        Answer {
            content: content.into(),
            is_error,
        }
    }
}
