//! The judge: what must hold after each step, whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wiretape_core::agent::{Action, Agent, Options, Outcome, Request};
use wiretape_core::budget::{Heuristic, Planner};
use wiretape_core::conversation::Conversation;
use wiretape_core::{Dialect, read};

use super::history;
use super::swarm::Swarm;

#[derive(Debug, Default)]
pub(super) struct Judge {
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
        let pinged = std::mem::replace(&mut self.pinged, bytes == super::PING);
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
        let said = without_space(&text(&snapshot));
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

fn messages(body: &str) -> Vec<Value> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    body["messages"].as_array().cloned().unwrap_or_default()
}

/// What the assistant says.
fn text(body: &str) -> String {
    let mut said = String::new();
    for message in messages(body).iter().filter(|m| m["role"] == "assistant") {
        match &message["content"] {
            Value::String(text) => said += text,
            Value::Array(blocks) => {
                for block in blocks {
                    let text = block["text"].as_str().or_else(|| block["refusal"].as_str());
                    said += text.unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    said
}

/// The arguments of each call with the content of its result.
fn pairs(dialect: Dialect, body: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut calls: BTreeMap<String, String> = BTreeMap::new();
    for message in messages(body) {
        for block in message["content"].as_array().into_iter().flatten() {
            if block["type"] == "tool_use" {
                calls.insert(said(&block["id"]), block["input"].to_string());
            }
            if block["type"] == "tool_result" {
                let call = calls.get(&said(&block["tool_use_id"]));
                pairs.push((call.cloned().unwrap_or_default(), said(&block["content"])));
            }
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            calls.insert(said(&call["id"]), said(&call["function"]["arguments"]));
        }
        if dialect == Dialect::OpenAiChat && message["role"] == "tool" {
            let call = calls.get(&said(&message["tool_call_id"]));
            pairs.push((call.cloned().unwrap_or_default(), said(&message["content"])));
        }
    }
    pairs
}

fn said(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
