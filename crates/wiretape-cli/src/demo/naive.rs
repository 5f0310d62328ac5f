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
        let delta = &event["delta"];
        match event["type"].as_str() {
            Some("content_block_start") => {
                if let Some(name) = event["content_block"]["name"].as_str() {
                    self.open(name);
                }
            }
            Some("content_block_delta") => {
                if let Some(text) = delta["text"].as_str() {
                    show(text);
                }
                if let Some(piece) = delta["partial_json"].as_str() {
                    self.arguments(piece);
                }
            }
            Some("content_block_stop") => self.run.append(&mut self.open),
            _ => {}
        }
    }

    fn openai_chat(&mut self, event: &Value, show: &mut dyn FnMut(&str)) {
        let choice = &event["choices"][0];
        if let Some(text) = choice["delta"]["content"].as_str() {
            show(text);
        }
        for call in choice["delta"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let function = &call["function"];
            if let Some(name) = function["name"].as_str() {
                self.run.append(&mut self.open);
                self.open(name);
            }
            if let Some(piece) = function["arguments"].as_str() {
                self.arguments(piece);
            }
        }
        if choice["finish_reason"].is_string() {
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
