//! The judge: what must hold after each step, whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wiretape_core::agent::{Action, Agent, Options, Outcome, Request};
use wiretape_core::budget::{Heuristic, Planner};
use wiretape_core::conversation::Conversation;
use wiretape_core::{Dialect, read};

use super::history;
use super::swarm::Swarm;

#[derive(Debug)]
pub(super) struct Judge {
    dialect: Dialect,
    /// What arrived of each response while it counted.
    arrived: BTreeMap<u64, Vec<u8>>,
    current: u64,
    /// Every key that was given out, and whether its result is still waited for.
    keys: BTreeMap<String, bool>,
    /// Results that came in time, by key.
    answers: BTreeMap<String, String>,
    /// What was shown for good, and what a reset would take back.
    kept: String,
    shown: String,
    /// When the last request was sent, and when the last byte of its response came.
    sent: u64,
    byte: u64,
    /// The last that was more than a sign of life.
    payload: u64,
    pinged: bool,
    messages: usize,
}

/// A name for an outcome.
pub(super) fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { .. } => "done",
        Outcome::Stopped { .. } => "stopped",
        Outcome::Limit { .. } => "limit",
        Outcome::Cancelled => "cancelled",
        Outcome::Failed(failure) => failure.class.name(),
        _ => "other",
    }
}

impl Judge {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            arrived: BTreeMap::new(),
            current: 0,
            keys: BTreeMap::new(),
            answers: BTreeMap::new(),
            kept: String::new(),
            shown: String::new(),
            sent: 0,
            byte: 0,
            payload: 0,
            pinged: false,
            messages: 0,
        }
    }

    /// A head came.
    pub(super) fn began(&mut self, now: u64, attempt: u64) {
        if attempt == self.current {
            (self.byte, self.payload) = (now, now);
        }
    }

    /// Nothing is waited for longer than the options say.
    pub(super) fn time(&self, now: u64, agent: &Agent<Heuristic>) -> Result<(), String> {
        let clocks = &agent.options().clocks;
        if agent.reading() != Some(self.current) {
            return Ok(());
        }
        let [idle, stall, total] = [self.byte, self.payload, self.sent].map(|then| now - then);
        if idle > clocks.idle_ns || stall > clocks.payload_idle_ns || total > clocks.total_ns {
            return Err(format!(
                "the agent still reads, {idle} ns after a byte, {stall} ns after a payload, \
                 {total} ns in all"
            ));
        }
        Ok(())
    }

    pub(super) fn arrived(&mut self, now: u64, attempt: u64, bytes: &[u8]) {
        self.byte = now;
        // The first may end an event that was cut.
        let ping = super::reply::ping(self.dialect);
        let pinged = std::mem::replace(&mut self.pinged, bytes == ping);
        if !(pinged && self.pinged) {
            self.payload = now;
        }
        self.arrived.entry(attempt).or_default().extend(bytes);
    }

    pub(super) fn answered(&mut self, key: &str, content: &str, is_error: bool, options: &Options) {
        if let Some(waits @ true) = self.keys.get_mut(key) {
            *waits = false;
            let fits = content.len() <= options.limits.result_bytes_max;
            if fits && !is_error && !content.trim().is_empty() {
                self.answers.insert(key.into(), content.into());
            }
        }
    }

    pub(super) fn request(
        &mut self,
        now: u64,
        request: &Request,
        agent: &Agent<Heuristic>,
        swarm: &Swarm,
    ) -> Result<(), String> {
        self.current = request.attempt;
        (self.sent, self.byte, self.payload) = (now, now, now);
        let dialect = agent.conversation().dialect();
        history::flaw(dialect, &request.body)?;
        let conversation =
            Conversation::parse(dialect, &request.body).map_err(|e| e.to_string())?;
        let paused = conversation
            .messages()
            .last()
            .is_none_or(|m| m.role().name() == "assistant");
        let flaws = if paused {
            conversation.flaws()
        } else {
            conversation.refusals()
        };
        if !flaws.is_empty() {
            return Err(format!("a request with flaws: {flaws:?}"));
        }
        if request.plan.after > request.plan.allowed {
            return Err(format!("a request over the budget: {:?}", request.plan));
        }
        if swarm.usage {
            return Ok(());
        }
        // Counted anew, by one that has seen nothing of it.
        let mut planner = Planner::new(agent.planner().options().clone(), Heuristic::default());
        let fitted = planner
            .fit(&conversation)
            .map_err(|overfull| overfull.to_string())?;
        if !fitted.plan.cuts.is_empty() || fitted.plan.before > fitted.plan.allowed {
            return Err(format!("a request over the budget: {:?}", fitted.plan));
        }
        Ok(())
    }

    pub(super) fn act(&mut self, action: &Action, swarm: &Swarm) -> Result<(), String> {
        match action {
            Action::Text(text) if text.is_empty() => return Err("an empty text".into()),
            Action::Text(text) => self.shown += text,
            Action::Reset if self.shown.is_empty() => {
                return Err("a reset of nothing".into());
            }
            Action::Reset => self.shown.clear(),
            Action::Break | Action::Finished(_) => {
                self.kept += &std::mem::take(&mut self.shown);
            }
            Action::Call(call) => {
                let key = call.execution_key();
                if self.keys.insert(key.into(), true).is_some() {
                    return Err(format!("the call {key} is given out twice"));
                }
                self.gate(key, swarm)?;
            }
            Action::CancelCall { key } if self.keys.insert(key.clone(), false) != Some(true) => {
                return Err(format!("{key} is stopped and did not run"));
            }
            _ => {}
        }
        if let Action::Finished(_) = action {
            let runs: Vec<_> = self.keys.iter().filter(|(_, waits)| **waits).collect();
            if !runs.is_empty() {
                return Err(format!("the end, and calls still run: {runs:?}"));
            }
        }
        Ok(())
    }

    /// What has arrived is a turn, and the call is one of its.
    fn gate(&self, key: &str, swarm: &Swarm) -> Result<(), String> {
        let body = self
            .arrived
            .get(&self.current)
            .map_or(&[][..], Vec::as_slice);
        match read(swarm.dialect, swarm.options.reader, body) {
            Err(rejected) => Err(format!("the call {key} before its gate: {rejected}")),
            Ok(turn) => {
                let mut calls = turn.tool_calls().iter();
                let known = calls.any(|call| call.execution_key() == key);
                known
                    .then_some(())
                    .ok_or_else(|| format!("the call {key} is not in its reply"))
            }
        }
    }

    /// The history, whenever it may have changed.
    pub(super) fn look(&mut self, agent: &Agent<Heuristic>, look: bool) -> Result<(), String> {
        let messages = agent.conversation().messages().len();
        if !look && messages == self.messages {
            return Ok(());
        }
        self.messages = messages;
        let dialect = agent.conversation().dialect();
        let snapshot = agent.snapshot();
        for history in [agent.conversation(), &snapshot] {
            history::flaw(dialect, &history.body())?;
            if let Some(flaw) = history.flaws().first() {
                return Err(flaw.to_string());
            }
        }
        let snapshot = snapshot.body();
        let said = without_space(&text(dialect, &snapshot));
        let kept = without_space(&self.kept);
        if said != kept {
            return Err(format!("shown: {kept:?}\nstored: {said:?}"));
        }
        Ok(())
    }

    /// Everything is over: every result that came in time stands beside its own call.
    pub(super) fn end(&self, agent: &Agent<Heuristic>) -> Result<(), String> {
        let dialect = agent.conversation().dialect();
        let pairs = pairs(dialect, &agent.conversation().body());
        let mut found = BTreeSet::new();
        for (arguments, content) in &pairs {
            for (key, answer) in &self.answers {
                if content == answer {
                    found.insert(key);
                    let own = answer
                        .strip_prefix(key.as_str())
                        .unwrap_or_default()
                        .trim_start();
                    if own.starts_with('{') && first_value(own) != first_value(arguments) {
                        return Err(format!("{content:?} stands at a call with {arguments}"));
                    }
                }
            }
        }
        match self.answers.keys().find(|key| !found.contains(key)) {
            Some(key) => Err(format!("the result of {key} is not in the history")),
            None => Ok(()),
        }
    }
}

/// The JSON value that a text begins with.
fn first_value(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .next()?
        .ok()
}

/// Blocks of white space alone are shown and not stored.
fn without_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What the assistant says.
fn text(dialect: Dialect, body: &str) -> String {
    let messages = history::read(dialect, body).into_iter();
    let assistant = messages.filter(|message| message.role == "assistant");
    assistant.flat_map(|message| message.texts).collect()
}

/// The arguments of each call with the content of its result.
fn pairs(dialect: Dialect, body: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut open: Vec<history::Call> = Vec::new();
    for message in history::read(dialect, body) {
        for result in message.results {
            // Results stand in the order of the calls: what is checked at every step.
            let call = (!open.is_empty()).then(|| open.remove(0));
            let arguments = call.map(|call| match call.arguments {
                Value::String(text) => text,
                value => value.to_string(),
            });
            pairs.push((arguments.unwrap_or_default(), result.content));
        }
        open.extend(message.calls);
    }
    pairs
}
