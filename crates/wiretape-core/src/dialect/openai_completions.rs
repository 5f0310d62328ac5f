//! `OpenAI` legacy Completions, text alone: <https://platform.openai.com/docs/api-reference/completions>.

use alloc::string::String;
use alloc::vec::Vec;

use super::shared::{self, Full, Shared};
use super::text::Trace;
use super::{Evidence, Options, Protocol};
use crate::event::{Block, Kind, Part, Usage};
use crate::json::Raw;
use crate::{ErrorKind, Event, Frame, Limits};

type Out<'a> = &'a mut dyn FnMut(Event<'_>);

/// The state of one Completions stream.
#[derive(Clone, Debug)]
pub struct OpenAiCompletions {
    shared: Shared,
    choices: Vec<Choice>,
    id: Option<String>,
    model: Option<String>,
    blocks_max: usize,
}

#[derive(Clone, Copy, Debug)]
struct Choice {
    index: u32,
    opened: bool,
    /// A reason for stopping came.
    stopped: bool,
}

impl OpenAiCompletions {
    /// At the start of a stream.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            choices: Vec::new(),
            id: None,
            model: None,
            blocks_max: limits.blocks_max,
        }
    }

    /// The first id and the first model that are not empty.
    fn begin(&mut self, id: Option<Raw<'_>>, model: Option<Raw<'_>>, out: Out<'_>) {
        let some = |raw: Option<Raw<'_>>, known: &Option<String>| {
            let text = raw.filter(|_| known.is_none())?.as_str()?.decode();
            (!text.is_empty()).then(|| text.into_owned())
        };
        let (id, model) = (some(id, &self.id), some(model, &self.model));
        if id.is_none() && model.is_none() {
            return;
        }
        out(Event::Begin {
            id: id.as_deref(),
            model: model.as_deref(),
        });
        self.id = id.or_else(|| self.id.take());
        self.model = model.or_else(|| self.model.take());
    }

    fn choice<'a>(
        &mut self,
        raw: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [index, text, finish] = raw.fields(["index", "text", "finish_reason"]);
        let Ok(index) = u32::try_from(shared::index(index).unwrap_or(0)) else {
            return Err(ErrorKind::Protocol("a choice's index is over 2^32 (F-73)"));
        };
        if text.is_none() && raw.field("delta").is_some() {
            return Err(ErrorKind::Protocol(
                "a choice has `delta` and no `text`: Chat, not Completions",
            ));
        }
        let choice = self.choice_at(index)?;
        let block = Block {
            choice: index,
            index: 0,
        };
        if let Some(text) = text
            .and_then(Raw::as_str)
            .filter(|text| !text.raw().is_empty())
        {
            if choice.stopped {
                // What says that the answer is complete must come again.
                choice.stopped = false;
                out(Event::Warning("F-26"));
            }
            if !choice.opened {
                choice.opened = true;
                out(Event::Open {
                    block,
                    kind: Kind::Text,
                    id: None,
                    name: None,
                    raw: "",
                    closes: false,
                });
            }
            trace.hole = Some((block, Part::Text, text));
            self.shared
                .texts
                .push((block, Part::Text), text, text.is_plain(), out);
        }
        self.stop(index, finish, raw, out);
        Ok(())
    }

    /// Some servers send an empty reason until there is one.
    fn stop(&mut self, index: u32, finish: Option<Raw<'_>>, raw: Raw<'_>, out: Out<'_>) {
        let reason = finish.and_then(Raw::as_str).map(|text| text.decode());
        let Some(reason) = reason.filter(|reason| !reason.is_empty()) else {
            return;
        };
        if let Some(choice) = self.choices.iter_mut().find(|c| c.index == index) {
            if choice.stopped {
                out(Event::Warning("F-32"));
            }
            choice.stopped = true;
        }
        out(Event::End {
            choice: index,
            reason: &reason,
            raw: raw.text(),
        });
    }

    fn choice_at(&mut self, index: u32) -> Result<&mut Choice, ErrorKind> {
        const CHOICES_MAX: usize = 128;
        let at = match self.choices.iter().position(|c| c.index == index) {
            Some(at) => at,
            None if self.choices.len() == CHOICES_MAX => {
                return Err(ErrorKind::Protocol("more than 128 choices (F-73)"));
            }
            None if self.choices.len() == self.blocks_max => {
                let limit = self.blocks_max;
                return Err(ErrorKind::TooManyBlocks { limit });
            }
            None => {
                self.choices.push(Choice {
                    index,
                    opened: false,
                    stopped: false,
                });
                self.choices.len() - 1
            }
        };
        let full = ErrorKind::TooManyBlocks {
            limit: self.blocks_max,
        };
        self.choices.get_mut(at).ok_or(full)
    }
}

impl Full for OpenAiCompletions {
    fn shared(&mut self) -> &mut Shared {
        &mut self.shared
    }

    fn read<'a>(
        &mut self,
        frame: Frame<'_>,
        payload: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [id, model, choices, usage, error] =
            payload.fields(["id", "model", "choices", "usage", "error"]);
        self.begin(id, model, out);
        for choice in choices.into_iter().flat_map(Raw::elements) {
            self.choice(choice, trace, out)?;
        }
        if let Some(usage) = usage {
            send_usage(usage, out);
        }
        let error = error.filter(|error| !error.is_null());
        if let Some(error) = error {
            self.shared.failed = true;
            shared::fail(error, out);
        } else if choices.is_none() && frame.event == Some("error") {
            self.shared.failed = true;
            shared::fail(payload, out);
        } else if choices.is_none() && usage.is_none() {
            let name = frame.event.unwrap_or("chunk without choices");
            let raw = payload.text();
            out(Event::Warning("F-56"));
            out(Event::Other { name, raw });
        }
        Ok(())
    }

    fn recognised(&mut self, _block: Block, _part: Part) {}
}

impl Protocol for OpenAiCompletions {
    #[inline]
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if frame.data.is_some_and(|data| data.trim() == "[DONE]") {
            if self.shared.done || self.shared.failed {
                out(Event::Warning("F-32"));
            } else {
                self.shared.done = true;
                out(Event::Done);
            }
            return Ok(());
        }
        shared::decode(self, frame, out)
    }

    fn finish(&mut self, out: Out<'_>) -> Evidence {
        self.shared.texts.flush(None, out);
        let stopped = |choice: &Choice| choice.stopped;
        if self.shared.done {
            Evidence::Strong
        } else if self.choices.iter().any(stopped) {
            Evidence::Weak
        } else {
            Evidence::None
        }
    }
}

fn send_usage(usage: Raw<'_>, out: Out<'_>) {
    let [input, output] = usage.fields(["prompt_tokens", "completion_tokens"]);
    let usage = Usage {
        input: input.and_then(Raw::as_u64),
        output: output.and_then(Raw::as_u64),
        ..Usage::default()
    };
    if usage != Usage::default() {
        out(Event::Usage(usage));
    }
}
