//! An event as a line.

use std::fmt::Write;

use serde_json::Value;
use wiretape_core::Event;
use wiretape_core::event::Part;

use super::Stable;

/// One event as one line: `open 0.1 Tool toolu_1 get_weather`, `add 0.1 Arguments {"a`, `done`.
///
/// The numbers are the answer's and the block's. Text stands as it is, line ends too.
#[must_use]
pub fn line(event: &Event<'_>) -> String {
    match *event {
        Event::Begin { id, model } => {
            format!("begin {} {}", id.unwrap_or("-"), model.unwrap_or("-"))
        }
        Event::Open {
            block,
            kind,
            id,
            name,
            raw,
            closes,
        } => {
            let mut line = format!("open {}.{} {kind:?}", block.choice, block.index);
            for word in [id, name, Some(raw)].into_iter().flatten() {
                if !word.is_empty() {
                    let _ = write!(line, " {word}");
                }
            }
            line + if closes { "" } else { " (no close)" }
        }
        Event::Delta { block, part, text } => {
            let part = match part {
                Part::Text => String::new(),
                other => format!(" {other:?}"),
            };
            format!("add {}.{}{part} {text}", block.choice, block.index)
        }
        Event::Whole { block, part, text } => {
            let part = match part {
                Part::Text => String::new(),
                other => format!(" {other:?}"),
            };
            format!("replace {}.{}{part} {text}", block.choice, block.index)
        }
        Event::Close { block } => format!("close {}.{}", block.choice, block.index),
        Event::Usage(usage) => {
            let count =
                |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |n| n.to_string());
            format!("usage {} {}", count(usage.input), count(usage.output))
        }
        Event::End { choice, reason, .. } => format!("end {choice} {reason}"),
        Event::Done => "done".into(),
        Event::Fail { kind, message } => format!("fail {kind}: {message}"),
        Event::Ping => "ping".into(),
        Event::Warning(id) => format!("warn {id}"),
        Event::Other { name, raw } => format!("other {name} {raw}"),
        _ => format!("{event:?}"),
    }
}

impl Stable {
    /// An event as [`line()`] writes it, with names for its ids.
    pub fn event(&mut self, event: &Event<'_>) -> String {
        match *event {
            Event::Begin { id, model } => {
                let id = self.known(id);
                let id = id.as_deref();
                line(&Event::Begin { id, model })
            }
            Event::Open {
                block,
                kind,
                id,
                name,
                raw,
                closes,
            } => {
                let (id, raw) = (self.known(id), self.json(raw));
                line(&Event::Open {
                    block,
                    kind,
                    id: id.as_deref(),
                    name,
                    raw: &raw,
                    closes,
                })
            }
            Event::Delta {
                block,
                part: part @ Part::Id,
                text,
            } => {
                let text = &self.id(text);
                line(&Event::Delta { block, part, text })
            }
            Event::Other { name, raw } => {
                let raw = &self.json(raw);
                line(&Event::Other { name, raw })
            }
            ref other => line(other),
        }
    }

    fn known(&mut self, id: Option<&str>) -> Option<String> {
        let id = id.filter(|id| !id.is_empty());
        id.map(|id| self.id(id))
    }

    /// What came whole, with names for its ids.
    fn json(&mut self, raw: &str) -> String {
        let value = serde_json::from_str::<Value>(raw);
        value.map_or_else(|_| raw.into(), |value| self.named(value).to_string())
    }
}
