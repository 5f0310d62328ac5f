//! A chat platform in virtual time, with limits and failures of its own.

use std::collections::{BTreeMap, VecDeque};

use super::oracle::brief;
use wiretape_core::Moment;
use wiretape_core::forward::{Action, Answer, Growth, Scope, Unit, Via};

pub(super) const SECOND: u64 = 1_000_000_000;
pub(super) const MILLI: u64 = 1_000_000;

/// What a call meets instead of the platform's own judgement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// The platform decides.
    Taken,
    /// Refused with this answer.
    Refused(Answer),
    /// No answer; carried out or not.
    Lost { done: bool },
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    /// What a reader sees; nothing once it is deleted.
    pub(super) text: Option<String>,
    /// What the forwarder may believe that a reader sees.
    pub(super) told: String,
    /// Which attempt of the model it shows; none for a placeholder.
    pub(super) attempt: Option<usize>,
    /// The post was never answered.
    pub(super) lost: bool,
    streaming: bool,
    markup: bool,
    /// An edit of it was carried out and not answered: it may be repeated.
    unsure: bool,
    born: Moment,
    busy_until: Moment,
}

/// A call, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) sent: Moment,
    pub(super) answered: Moment,
    pub(super) action: Action,
    pub(super) answer: Answer,
    pub(super) attempt: usize,
}

/// At most so many accepted calls in every stretch of so many nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) calls: usize,
    pub(super) per_ns: u64,
    /// Calls of this kind, or all.
    pub(super) only: &'static str,
}

pub(super) struct World {
    pub(super) windows: Vec<Window>,
    pub(super) text_max: usize,
    pub(super) unit: Unit,
    pub(super) growth: Growth,
    /// What a platform says when one of `windows` is full.
    pub(super) retry_after_ns: Option<u64>,
    /// A stream dies so long after its first call.
    pub(super) stream_ns: u64,
    /// What the next calls meet.
    pub(super) fates: VecDeque<Fate>,
    /// How long the calls travel, in turn.
    pub(super) latencies: Vec<u64>,
    pub(super) messages: Vec<Message>,
    pub(super) calls: Vec<Call>,
    /// Rules that were broken.
    pub(super) violations: Vec<String>,
    /// After each call: what a reader sees of the current attempt.
    pub(super) frames: Vec<(Moment, usize, Vec<String>)>,
    pub(super) placeholder: Option<String>,
    accepted: Vec<(Moment, &'static str)>,
    blocked_until: Moment,
    keys: BTreeMap<u64, String>,
    /// Posts that never arrived, by their keys.
    ghosts: BTreeMap<u64, String>,
}

pub(super) fn every(calls: usize, per_ns: u64) -> Window {
    Window {
        calls,
        per_ns,
        only: "",
    }
}

fn kind(action: &Action) -> &'static str {
    match action {
        Action::Post { .. } => "post",
        Action::Edit {
            via: Via::Message, ..
        } => "edit",
        Action::Edit {
            via: Via::Stream { .. },
            ..
        } => "append",
        Action::Edit {
            via: Via::StreamEnd { .. },
            ..
        } => "end",
        _ => "delete",
    }
}

/// What a call wants said.
struct Said<'a> {
    at: Moment,
    /// When it is answered.
    until: Moment,
    text: &'a str,
    markup: bool,
    via: Via,
    attempt: usize,
    lost: bool,
}

impl<'a> Said<'a> {
    fn of(at: Moment, until: Moment, action: &'a Action, attempt: usize) -> Self {
        let (text, markup, via) = match action {
            Action::Post {
                text, markup, via, ..
            }
            | Action::Edit {
                text, markup, via, ..
            } => (text.as_str(), *markup, *via),
            _ => ("", false, Via::Message),
        };
        Self {
            at,
            until,
            text,
            markup,
            via,
            attempt,
            lost: false,
        }
    }
}

fn marked(action: &Action) -> bool {
    matches!(
        action,
        Action::Post { markup: true, .. } | Action::Edit { markup: true, .. }
    )
}

impl World {
    pub(super) fn new(windows: &[Window], text_max: usize, unit: Unit) -> Self {
        Self {
            windows: windows.to_vec(),
            text_max,
            unit,
            growth: Growth::Edit,
            retry_after_ns: Some(9 * SECOND),
            stream_ns: 300 * SECOND,
            fates: VecDeque::new(),
            latencies: vec![120 * MILLI],
            messages: Vec::new(),
            calls: Vec::new(),
            violations: Vec::new(),
            frames: Vec::new(),
            placeholder: None,
            accepted: Vec::new(),
            blocked_until: Moment(0),
            keys: BTreeMap::new(),
            ghosts: BTreeMap::new(),
        }
    }

    /// Telegram's private chat, as its FAQ has it.
    pub(super) fn telegram() -> Self {
        Self::new(&[every(1, SECOND), every(30, SECOND)], 4096, Unit::Utf16)
    }

    /// Carries a call out: the answer, and when it comes.
    pub(super) fn call(
        &mut self,
        sent: Moment,
        action: &Action,
        attempt: usize,
    ) -> (Moment, Answer) {
        let latency = self.latencies[self.calls.len() % self.latencies.len()];
        let arrived = sent.after(latency / 2);
        let said = Said::of(arrived, sent.after(latency), action, attempt);
        let fate = self.fates.pop_front().unwrap_or(Fate::Taken);
        let (answer, answered) = match fate {
            Fate::Taken => (self.judge(action, &said), sent.after(latency)),
            // A platform that takes less than it says, but not next to nothing.
            Fate::Refused(Answer::TooLong) if self.length(action) <= 512 || self.knows(action) => {
                (self.judge(action, &said), sent.after(latency))
            }
            Fate::Refused(Answer::Expired) if !matches!(action, Action::Edit { .. }) => {
                (self.judge(action, &said), sent.after(latency))
            }
            Fate::Refused(Answer::BadMarkup) if !marked(action) || self.knows(action) => {
                (self.judge(action, &said), sent.after(latency))
            }
            Fate::Refused(answer) => {
                self.see_block(arrived);
                if let Answer::Limited { retry_after_ns, .. } = answer {
                    let until = arrived.after(retry_after_ns.unwrap_or(0));
                    self.blocked_until = self.blocked_until.max(until);
                }
                (answer, sent.after(latency))
            }
            Fate::Lost { done } => {
                if done {
                    self.judge(action, &Said { lost: true, ..said });
                } else {
                    self.see_block(arrived);
                    self.ghost(action, &said);
                }
                (Answer::Lost, sent.after(latency))
            }
        };
        if let Answer::Gone = answer {
            if let Action::Edit { message, .. } = action {
                self.remove(message);
            }
        }
        self.calls.push(Call {
            sent,
            answered,
            action: action.clone(),
            answer: answer.clone(),
            attempt,
        });
        self.frame(arrived, attempt);
        (answered, answer)
    }

    /// The platform deletes a message by itself, or a user does.
    pub(super) fn remove(&mut self, id: &str) {
        for message in &mut self.messages {
            if message.id == id {
                message.text = None;
            }
        }
    }

    /// What a reader sees of this attempt, in order; with `told`, also what may have been lost.
    pub(super) fn shown(&self, attempt: usize, told: bool) -> Vec<String> {
        let of = self.messages.iter().filter(|m| m.attempt == Some(attempt));
        of.filter_map(|message| {
            let ghost = told && message.lost;
            let text = if told {
                Some(&message.told)
            } else {
                message.text.as_ref()
            };
            (message.text.is_some() || ghost).then_some(())?;
            text.cloned()
        })
        .collect()
    }

    /// Everything a reader sees, in order.
    pub(super) fn visible(&self) -> Vec<String> {
        self.messages
            .iter()
            .filter_map(|m| m.text.clone())
            .collect()
    }

    /// It is the repetition of a post that was taken.
    fn knows(&self, action: &Action) -> bool {
        matches!(action, Action::Post { key: Some(key), .. } if self.keys.contains_key(key))
    }

    fn name(&self) -> String {
        format!("m{}", self.calls.len() + 1)
    }

    fn length(&self, action: &Action) -> usize {
        match action {
            Action::Post { text, .. } | Action::Edit { text, .. } => self.unit.len(text),
            _ => 0,
        }
    }

    /// The last calls, a line each.
    pub(super) fn timeline(&self) -> String {
        let line = |call: &Call| {
            let said = match &call.action {
                Action::Post {
                    text, via, markup, ..
                } => format!(
                    "post {via:?} {markup} {}: {}",
                    self.unit.len(text),
                    brief(text)
                ),
                Action::Edit {
                    message,
                    text,
                    via,
                    markup,
                    ..
                } => {
                    format!(
                        "edit {message} {via:?} {markup} {}: {}",
                        self.unit.len(text),
                        brief(text)
                    )
                }
                other => format!("{other:?}"),
            };
            format!("{} {said} -> {:?}\n", call.sent, call.answer)
        };
        let from = self.calls.len().saturating_sub(25);
        self.calls.iter().skip(from).map(line).collect()
    }

    fn frame(&mut self, now: Moment, attempt: usize) {
        let shown = self.shown(attempt, true);
        self.frames.push((now, attempt, shown));
    }

    fn violate(&mut self, what: String) {
        self.violations.push(what);
    }

    fn see_block(&mut self, arrived: Moment) {
        if arrived < self.blocked_until {
            let until = self.blocked_until;
            self.violate(format!("called at {arrived}, blocked until {until}"));
        }
    }

    fn judge(&mut self, action: &Action, said: &Said<'_>) -> Answer {
        let arrived = said.at;
        self.see_block(arrived);
        let kind = kind(action);
        let full = self.windows.iter().any(|window| {
            let counts = |kind| window.only.is_empty() || window.only == kind;
            let recent = self.accepted.iter().rev();
            let recent = recent.take_while(|(at, _)| at.0 + window.per_ns > arrived.0);
            counts(kind) && recent.filter(|(_, kind)| counts(kind)).count() >= window.calls
        });
        if full {
            self.violate(format!("a window is full at {arrived}"));
            let wait = self.retry_after_ns;
            self.blocked_until = arrived.after(wait.unwrap_or(0));
            return Answer::Limited {
                retry_after_ns: wait,
                scope: Scope::Chat,
            };
        }
        self.accepted.push((arrived, kind));
        match action {
            Action::Post { key, .. } => self.post(*key, said),
            Action::Edit { message, .. } => self.edit(message, said),
            Action::Delete { message, .. } => {
                let known = self
                    .messages
                    .iter()
                    .any(|m| m.id == *message && m.text.is_some());
                self.remove(message);
                if known { Answer::Done } else { Answer::Gone }
            }
            Action::StopModel | Action::Finished(_) => panic!("no call: {action:?}"),
        }
    }

    fn refuses(&mut self, text: &str) -> Option<Answer> {
        if text.trim().is_empty() {
            self.violate("a blank text".to_owned());
            return Some(Answer::Refused {
                why: "Bad Request: message text is empty".to_owned(),
            });
        }
        if self.unit.len(text) > self.text_max {
            self.violate(format!("a text of {}", self.unit.len(text)));
            return Some(Answer::TooLong);
        }
        None
    }

    fn post(&mut self, key: Option<u64>, said: &Said<'_>) -> Answer {
        if let Some(refused) = self.refuses(said.text) {
            return refused;
        }
        if let Some(known) = key.and_then(|key| self.keys.get(&key)) {
            return Answer::Posted {
                message: known.clone(),
            };
        }
        if let Some(ghost) = key.and_then(|key| self.ghosts.remove(&key)) {
            self.messages.retain(|message| message.id != ghost);
        }
        let id = self.name();
        self.keys.extend(key.map(|key| (key, id.clone())));
        let message = self.born(&id, said);
        self.messages.push(message);
        Answer::Posted { message: id }
    }

    fn born(&self, id: &str, said: &Said<'_>) -> Message {
        let placeholder = self.placeholder.as_deref() == Some(said.text);
        Message {
            id: id.to_owned(),
            text: Some(said.text.to_owned()),
            told: said.text.to_owned(),
            attempt: (!placeholder).then_some(said.attempt),
            lost: said.lost,
            streaming: said.via != Via::Message,
            markup: said.markup,
            unsure: false,
            born: said.at,
            busy_until: said.until,
        }
    }

    fn edit(&mut self, id: &str, said: &Said<'_>) -> Answer {
        let Some(at) = self.messages.iter().position(|m| m.id == id) else {
            self.violate(format!("an edit of {id}, which never was"));
            return Answer::Gone;
        };
        let Some(old) = self.messages[at].text.clone() else {
            return Answer::Gone;
        };
        if self.messages[at].busy_until > said.at {
            self.violate(format!("two edits of {id} at once"));
        }
        self.messages[at].busy_until = said.until;
        let streams = said.via != Via::Message;
        let appends = self.growth == Growth::Append && streams;
        let new = if appends {
            format!("{old}{}", said.text)
        } else {
            said.text.to_owned()
        };
        let age = said.at.0 - self.messages[at].born.0;
        if streams && (!self.messages[at].streaming || age > self.stream_ns) {
            return Answer::Expired;
        }
        let last = matches!(said.via, Via::StreamEnd { .. });
        if !(last && appends) {
            if let Some(refused) = self.refuses(&new) {
                return refused;
            }
        }
        if self.growth == Growth::Whole && streams && !new.starts_with(old.trim_end()) {
            self.violate(format!("{new:?} does not go on from {old:?}"));
        }
        let message = &mut self.messages[at];
        let same_markup = std::mem::replace(&mut message.markup, said.markup) == said.markup;
        let unsure = std::mem::replace(&mut message.unsure, said.lost);
        message.streaming &= !last;
        let same_text = old.trim_end() == new.trim_end();
        if same_markup && same_text && !last {
            if !unsure {
                self.violate(format!("an edit that changes nothing: {new:?}"));
            }
            if !appends {
                self.messages[at].told = new;
            }
            return Answer::NotModified;
        }
        let message = &mut self.messages[at];
        // What was told before, and may not have arrived, is still of the attempt that said it.
        let told = !appends && message.told.trim_end() == new.trim_end();
        if !same_text && !told {
            message.attempt = Some(said.attempt);
        }
        if appends {
            message.told.push_str(said.text);
        } else {
            message.told.clone_from(&new);
        }
        message.text = Some(new);
        Answer::Done
    }

    /// A call that never arrived, and that the forwarder cannot tell from one that did.
    fn ghost(&mut self, action: &Action, said: &Said<'_>) {
        match action {
            Action::Post { key: Some(key), .. }
                if self.ghosts.contains_key(key) || self.keys.contains_key(key) => {}
            Action::Post { key, .. } => {
                let id = self.name();
                self.ghosts.extend(key.map(|key| (key, id.clone())));
                let mut message = self.born(&id, said);
                message.text = None;
                message.lost = true;
                self.messages.push(message);
            }
            Action::Edit {
                message, text, via, ..
            } => {
                let appends = self.growth == Growth::Append && *via != Via::Message;
                let of = self.messages.iter_mut().find(|m| m.id == *message);
                match of {
                    Some(message) if appends && matches!(via, Via::Stream { .. }) => {
                        message.told.push_str(text);
                    }
                    Some(message) if !appends => {
                        if message.told.trim_end() != text.trim_end() {
                            message.attempt = Some(said.attempt);
                        }
                        message.told.clone_from(text);
                        message.unsure = true;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
