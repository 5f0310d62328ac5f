//! The naive consumers, as tutorials show them. Nothing here is made worse than what is in use: the
//! catalogue of failures names where each step was met.

use serde_json::Value;
use wiretape_core::Moment;
use wiretape_core::forward::{Action, Answer, Platform, Via};

use super::forward::{Forwarded, Piece, Room};
use super::read::{Call, Consumer};
use crate::exit::Fault;

/// Parses each chunk as it comes.
///
/// 1. A read is taken for whole lines: those that a read cut in two do not parse and are passed
///    over (F-01), as are bytes that a read cut inside a character (F-03).
/// 2. A piece of a call's arguments is parsed by itself; where that fails the arguments are `{}`
///    (F-20).
/// 3. A call runs when its block ends, whatever becomes of the reply (F-21, F-27).
#[derive(Debug, Default)]
pub(super) struct Naive {
    open: Vec<Call>,
    run: Vec<Call>,
}

impl Consumer for Naive {
    fn chunk(&mut self, bytes: &[u8], show: &mut dyn FnMut(&str)) {
        for line in String::from_utf8_lossy(bytes).lines() {
            let Some(data) = line.strip_prefix("data: ") else {
                continue;
            };
            let Ok(event) = serde_json::from_str::<Value>(data) else {
                continue;
            };
            self.anthropic(&event, show);
            self.openai_chat(&event, show);
        }
    }

    fn finish(self) -> Vec<Call> {
        self.run
    }
}

impl Naive {
    fn anthropic(&mut self, event: &Value, show: &mut dyn FnMut(&str)) {
        match text(event, "/type") {
            Some("content_block_start") => {
                if let Some(name) = text(event, "/content_block/name") {
                    self.open(name);
                }
            }
            Some("content_block_delta") => {
                if let Some(text) = text(event, "/delta/text") {
                    show(text);
                }
                if let Some(piece) = text(event, "/delta/partial_json") {
                    self.arguments(piece);
                }
            }
            Some("content_block_stop") => self.run.append(&mut self.open),
            _ => {}
        }
    }

    fn openai_chat(&mut self, event: &Value, show: &mut dyn FnMut(&str)) {
        if let Some(text) = text(event, "/choices/0/delta/content") {
            show(text);
        }
        let calls = event.pointer("/choices/0/delta/tool_calls");
        for call in calls.and_then(Value::as_array).into_iter().flatten() {
            if let Some(name) = text(call, "/function/name") {
                self.run.append(&mut self.open);
                self.open(name);
            }
            if let Some(piece) = text(call, "/function/arguments") {
                self.arguments(piece);
            }
        }
        if text(event, "/choices/0/finish_reason").is_some() {
            self.run.append(&mut self.open);
        }
    }

    fn open(&mut self, name: &str) {
        self.open.push(Call {
            name: name.into(),
            input: no_arguments(),
        });
    }

    fn arguments(&mut self, piece: &str) {
        if let Some(call) = self.open.last_mut() {
            call.input = serde_json::from_str(piece).unwrap_or_else(|_| no_arguments());
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn no_arguments() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Sends the text to a chat platform as bots do that were written against an empty one: the first
/// piece is posted, and for each further one the message is edited to the whole text so far. Each
/// call is awaited; one that is refused is logged and passed over (M-01, M-02).
pub(super) fn forward(platform: Platform, pieces: &[Piece]) -> Result<Forwarded, Fault> {
    let mut room = Room::new(platform, pieces)?;
    let mut message: Option<String> = None;
    let mut text = String::new();
    let mut free = Moment(0);
    for (call, (at, piece)) in (0..).zip(pieces) {
        text.push_str(piece);
        let via = Via::Message;
        let action = match &message {
            Some(message) => Action::Edit {
                call,
                message: message.clone(),
                text: text.clone(),
                markup: false,
                via,
            },
            None => Action::Post {
                call,
                key: Some(call),
                text: text.clone(),
                markup: false,
                via,
            },
        };
        let Some((answered, answer)) = room.call(free.max(*at), &action) else {
            continue;
        };
        free = answered;
        if let Answer::Posted { message: posted } = answer {
            message = Some(posted);
        }
    }
    Ok(room.end())
}
