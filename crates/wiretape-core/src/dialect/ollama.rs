//! Ollama `/api/chat` and `/api/generate`, a JSON object a line:
//! <https://docs.ollama.com/api/streaming>.
//!
//! Calls come whole, mostly without an id, and the reason for stopping is `stop` behind them too.

use alloc::borrow::Cow;

use super::parts::{Blocks, New, Run};
use super::shared::{self, Full, Shared};
use super::text::Trace;
use super::{Evidence, Options, Protocol};
use crate::event::{Block, Kind, Part, Usage};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Event, Frame, Limits};

type Out<'o> = &'o mut dyn FnMut(Event<'_>);

/// The state of one Ollama stream.
#[derive(Clone, Debug)]
pub struct Ollama {
    shared: Shared,
    blocks: Blocks,
    run: Run,
    model: bool,
}

impl Ollama {
    /// At the start of a stream.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            blocks: Blocks::new(limits.blocks_max),
            run: Run::default(),
            model: false,
        }
    }

    fn begin(&mut self, model: Option<Raw<'_>>, out: Out<'_>) {
        let model = string(model);
        if !self.model && !model.is_empty() {
            self.model = true;
            let model = Some(model.as_ref());
            out(Event::Begin { id: None, model });
        }
    }

    fn call(&mut self, call: Raw<'_>, created: &str, out: Out<'_>) -> Result<(), ErrorKind> {
        let [id, function] = call.fields(["id", "function"]);
        let [name, arguments] = function.unwrap_or(call).fields(["name", "arguments"]);
        let (mut id, name) = (string(id), string(name));
        if id.is_empty() {
            id = Cow::Owned(self.blocks.made_id(created, &name));
        }
        self.blocks.calls += 1;
        let new = New {
            id: &id,
            name: &name,
            ..New::of(Kind::Tool)
        };
        let block = self.blocks.open(&mut self.run, &new, out)?;
        let part = Part::Arguments;
        let Some(arguments) = arguments.filter(|raw| !raw.is_null()) else {
            return Ok(());
        };
        match arguments.as_str() {
            // The way of the compatible layer, on the native one.
            Some(text) => {
                let permitted = self.shared.options.accept_object_arguments;
                shared::odd(permitted, NO_OBJECT, "F-19", out)?;
                self.shared
                    .texts
                    .push((block, part), text, text.is_plain(), out);
            }
            None => out(Event::Delta {
                block,
                part,
                text: arguments.text(),
            }),
        }
        Ok(())
    }
}

const NO_OBJECT: &str = "arguments are a string, expected a JSON object (F-19)";

impl Full for Ollama {
    fn shared(&mut self) -> &mut Shared {
        &mut self.shared
    }

    fn read<'a>(
        &mut self,
        _frame: Frame<'_>,
        payload: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [model, created, message, response, done, error] = payload.fields([
            "model",
            "created_at",
            "message",
            "response",
            "done",
            "error",
        ]);
        self.begin(model, out);
        if let Some(error) = error.filter(|error| !error.is_null()) {
            self.shared.failed = true;
            shared::fail(error, out);
            return Ok(());
        }
        if message.is_none() && response.is_none() && done.is_none() {
            let (name, raw) = ("line without a message", payload.text());
            out(Event::Warning("F-56"));
            out(Event::Other { name, raw });
            return Ok(());
        }
        // `/api/generate` has no message: what is in it stands beside `response`.
        let of = message
            .filter(|message| message.is_object())
            .unwrap_or(payload);
        let [thinking, content, calls] = of.fields(["thinking", "content", "tool_calls"]);
        for (kind, text) in [
            (Kind::Reasoning, thinking),
            (Kind::Text, content.or(response)),
        ] {
            let with = (&mut self.shared.texts, &mut *trace);
            self.blocks.text(&mut self.run, kind, text, with, out)?;
        }
        let created = string(created);
        for call in calls.into_iter().flat_map(Raw::elements) {
            self.call(call, &created, out)?;
        }
        if done.is_some_and(|done| done.text() == "true") {
            self.done(payload, out);
        }
        Ok(())
    }

    fn recognised(&mut self, _block: Block, _part: Part) {}
}

impl Ollama {
    fn done(&mut self, payload: Raw<'_>, out: Out<'_>) {
        let [reason, input, output] =
            payload.fields(["done_reason", "prompt_eval_count", "eval_count"]);
        let usage = Usage {
            input: input.and_then(Raw::as_u64),
            output: output.and_then(Raw::as_u64),
            ..Usage::default()
        };
        if usage != Usage::default() {
            out(Event::Usage(usage));
        }
        let reason = string(reason);
        if !reason.is_empty() {
            out(Event::End {
                choice: 0,
                reason: &reason,
                raw: payload.text(),
            });
        }
        self.shared.done = true;
        out(Event::Done);
    }
}

impl Protocol for Ollama {
    #[inline]
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        shared::decode(self, frame, out)
    }

    fn finish(&mut self, out: Out<'_>) -> Evidence {
        self.shared.texts.flush(None, out);
        if self.shared.done {
            Evidence::Strong
        } else {
            Evidence::None
        }
    }
}

fn string(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    raw.and_then(Raw::as_str)
        .map(Str::decode)
        .unwrap_or_default()
}
