//! Calls that the provider runs, and what they gave.
//!
//! Nothing of them is the front end's to run, so the gate has no part in them: such a call is said to
//! be ready when its block ends, and its result when that has come. A provider gives the result as a
//! block of its own, or in the item of the call.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Encoder, Label, Say, on_one_line, unique};
use crate::event::Part;
use crate::json::Raw;

/// A call that the provider runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Served {
    /// Its place among them.
    place: usize,
    id: Option<String>,
    name: String,
    arguments: String,
    /// The id under which it was announced.
    said: Option<String>,
    /// Its item, which says what it gave.
    item: Option<String>,
    /// Its input was said.
    ready: bool,
    /// What it gave was said, or that it is wrong.
    settled: bool,
}

/// What a call gave: JSON on one line, or the words of its error.
type Output = Result<String, String>;

impl Served {
    pub(super) fn new(place: usize, id: Option<&str>, name: Option<&str>, raw: &str) -> Self {
        Self {
            place,
            id: id.map(String::from),
            name: name.unwrap_or_default().into(),
            arguments: raw.into(),
            ..Self::default()
        }
    }

    fn label<'a>(&'a self, id: &'a str) -> Label<'a> {
        let name = if self.name.is_empty() {
            "unknown"
        } else {
            &self.name
        };
        Label {
            id,
            name,
            free: false,
            served: true,
        }
    }

    /// One JSON value on one line; an empty text means no arguments (F-18).
    fn input(&self) -> Option<String> {
        match self.arguments.trim() {
            "" => Some("{}".to_string()),
            text => Raw::parse(text).ok().map(|raw| on_one_line(raw.text())),
        }
    }
}

impl Encoder {
    pub(super) fn served_delta(&mut self, index: u32, part: Part, text: &str, out: &mut Vec<u8>) {
        let Some(call) = self.served.get_mut(&index) else {
            return;
        };
        match part {
            Part::Id => call.id = Some(text.into()),
            Part::Name => call.name.push_str(text),
            Part::Arguments | Part::Text => {
                call.arguments.push_str(text);
                match call.said.clone() {
                    Some(id) => self.say(Say::Grown(&id, text), out),
                    None if call.name.is_empty() => {}
                    None => self.announce_served(index, out),
                }
            }
            Part::Unknown if says_outcome(text) => call.item = Some(text.into()),
            _ => {}
        }
    }

    pub(super) fn served_whole(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        let Some(call) = self.served.get_mut(&index) else {
            return;
        };
        call.arguments.clear();
        call.arguments.push_str(text);
        // A beginning under the same id takes back the deltas so far.
        if let Some(id) = call.said.take() {
            self.ids.remove(&id);
        }
        self.announce_served(index, out);
    }

    fn announce_served(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some(call) = self
            .served
            .get_mut(&index)
            .filter(|call| call.said.is_none())
        else {
            return;
        };
        let own = format!("server-call-{}", call.place);
        let id = call.id.as_deref().unwrap_or(&own);
        let id = unique(&mut self.ids, Some(id), call.place);
        call.said = Some(id.clone());
        let call = call.clone();
        self.say(Say::Begun(call.label(&id)), out);
        if !call.arguments.is_empty() {
            self.say(Say::Grown(&id, &call.arguments), out);
        }
    }

    /// Its block has ended: it runs, or it ran and its item says what it gave.
    pub(super) fn served_close(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some(call) = self.served.get(&index).filter(|call| !call.ready) else {
            return;
        };
        let Some(input) = call.input() else {
            return self.refuse_served(index, "the arguments are not JSON", out);
        };
        self.announce_served(index, out);
        let Some(call) = self.served.get_mut(&index) else {
            return;
        };
        call.ready = true;
        let item = call.item.take();
        let call = call.clone();
        let ready = Say::Ready {
            call: call.label(call.said.as_deref().unwrap_or_default()),
            input: &input,
            cuts: &[],
        };
        self.say(ready, out);
        if let Some(item) = item {
            self.gave(index, &outcome(&item), out);
        }
    }

    /// A block of what a call gave has ended.
    pub(super) fn result_close(&mut self, index: u32, out: &mut Vec<u8>) {
        let Some(pieces) = self.results.remove(&index) else {
            return;
        };
        let (id, output) = result(&pieces);
        let mut calls = self.served.iter();
        let of = |(_, call): &(&u32, &Served)| match &id {
            Some(id) => call.id.as_ref() == Some(id),
            None => !call.settled,
        };
        match calls.find(of).map(|(index, _)| *index) {
            Some(call) => {
                self.served_close(call, out);
                self.gave(call, &output, out);
            }
            None => {
                let json = output.unwrap_or_else(|why| super::quoted(&why));
                self.say(Say::Data("tool-result", &json), out);
            }
        }
    }

    fn gave(&mut self, index: u32, output: &Output, out: &mut Vec<u8>) {
        let Some(call) = self.served.get_mut(&index).filter(|call| !call.settled) else {
            return;
        };
        call.settled = true;
        let call = call.clone();
        let input = call.input().unwrap_or_default();
        let given = Say::Given {
            call: call.label(call.said.as_deref().unwrap_or_default()),
            input: &input,
            output: output.as_deref().map_err(String::as_str),
        };
        self.say(given, out);
    }

    /// The reply has ended: what of them is left. `cut`: it is no turn.
    pub(super) fn settle_served(&mut self, cut: bool, out: &mut Vec<u8>) {
        let results: Vec<u32> = self.results.keys().copied().collect();
        for index in results {
            self.result_close(index, out);
        }
        let calls: Vec<u32> = self.served.keys().copied().collect();
        for index in calls {
            match self.served.get(&index).is_some_and(|call| call.ready) {
                false if cut => self.refuse_served(index, "the reply is no turn", out),
                _ => self.served_close(index, out),
            }
            let Some(call) = self.served.remove(&index).filter(|call| !call.settled) else {
                continue;
            };
            let input = call.input().unwrap_or_default();
            let id = call.said.as_deref().unwrap_or_default();
            let call = call.label(id);
            let input = &input;
            self.say(Say::Pending { call, input }, out);
        }
    }

    fn refuse_served(&mut self, index: u32, why: &str, out: &mut Vec<u8>) {
        self.announce_served(index, out);
        let Some(call) = self.served.get_mut(&index) else {
            return;
        };
        call.ready = true;
        call.settled = true;
        let call = call.clone();
        let refused = Say::Refused {
            call: call.label(call.said.as_deref().unwrap_or_default()),
            arguments: &call.arguments,
            why,
        };
        self.say(refused, out);
    }
}

/// An item says how its call ended.
fn says_outcome(item: &str) -> bool {
    let Ok(item) = Raw::parse(item) else {
        return false;
    };
    let [status, output] = item.fields(["status", "output"]);
    status.is_some_and(|status| status.as_str().is_some()) || output.is_some()
}

/// What an item says that its call gave: the item itself.
fn outcome(item: &str) -> Output {
    let Ok(raw) = Raw::parse(item) else {
        return Err("the item is not JSON".to_string());
    };
    let [status, error] = raw.fields(["status", "error"]);
    let status = status.and_then(Raw::as_str);
    if let Some(error) = error.filter(|error| !error.is_null()) {
        return Err(words(error));
    }
    match status.filter(|status| status.is("failed") || status.is("incomplete")) {
        Some(status) => Err(status.decode().into_owned()),
        None => Ok(on_one_line(raw.text())),
    }
}

/// Whose result it is, and what it says.
fn result(pieces: &[String]) -> (Option<String>, Output) {
    let (mut id, mut failed, mut said) = (None, None, Vec::new());
    for piece in pieces {
        let Ok(raw) = Raw::parse(piece) else {
            continue;
        };
        let inner = ["codeExecutionResult", "toolResponse", "toolResult"];
        let raw = inner.iter().find_map(|name| raw.field(name)).unwrap_or(raw);
        let ids = ["tool_use_id", "call_id", "toolUseId", "id"];
        let mut named = ids.iter().filter_map(|name| raw.str_field(name));
        let named = named.find(|id| !id.is_empty());
        let names_its_call = named.is_some();
        id = id.or_else(|| named.map(Cow::into_owned));
        let told = told(raw);
        failed = failed.or_else(|| failure(raw, told));
        match told {
            Some(told) => said.push(on_one_line(told.text())),
            // The start of a result that comes in deltas.
            None if names_its_call && raw.field("outcome").is_none() => {}
            None => said.push(on_one_line(raw.text())),
        }
    }
    let output = match (failed, said.as_slice()) {
        (Some(why), _) => Err(why),
        (None, [one]) => Ok(one.clone()),
        (None, many) => Ok(format!("[{}]", many.join(","))),
    };
    (id, output)
}

/// What a result says beside its labels. Of code that ran the outcome is a part of it.
fn told(result: Raw<'_>) -> Option<Raw<'_>> {
    let [content, output, outcome] = result.fields(["content", "output", "outcome"]);
    content.or_else(|| output.filter(|_| outcome.is_none()))
}

/// Why a call gave nothing, where its result says so.
fn failure(result: Raw<'_>, told: Option<Raw<'_>>) -> Option<String> {
    if let Some(code) = told.and_then(|told| told.str_field("error_code")) {
        return Some(code.into_owned());
    }
    let [status, is_error] = result.fields(["status", "is_error"]);
    let is = |raw: Option<Raw<'_>>, text| raw.is_some_and(|raw| raw.text() == text);
    let broke = is(is_error, "true") || is(status, "\"error\"");
    broke.then(|| told.map_or_else(|| "error".to_string(), words))
}

/// An error in words: its text or its message, else itself.
fn words(error: Raw<'_>) -> String {
    let message = error.str_field("message").map(Cow::into_owned);
    match error.as_str() {
        Some(text) => text.decode().into_owned(),
        None => message.unwrap_or_else(|| on_one_line(error.text())),
    }
}
