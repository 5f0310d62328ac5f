//! The models whose events hold a piece of text, and at the end a reason: Titan, Llama, Mistral,
//! Cohere, Claude before its messages. Some have whole calls too.

use alloc::borrow::Cow;

use super::Out;
use crate::dialect::shared;
use crate::dialect::text::Texts;
use crate::dialect::{Evidence, Options};
use crate::event::{Block, Event, Kind, Part, Usage};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Limits};

/// The state of one such stream.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    options: Options,
    blocks_max: usize,
    opened: u32,
    text: Option<Block>,
    texts: Texts,
    stopped: bool,
}

/// Where the models put a piece of text.
const TEXT: [&str; 4] = ["outputText", "generation", "completion", "text"];

/// Where they put the reason for stopping.
const REASON: [&str; 3] = ["completionReason", "stop_reason", "finish_reason"];

impl Plain {
    pub(super) fn new(options: Options, limits: Limits) -> Self {
        Self {
            options,
            blocks_max: limits.blocks_max,
            opened: 0,
            text: None,
            texts: Texts::default(),
            stopped: false,
        }
    }

    pub(super) fn event(&mut self, payload: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let [ty, outputs, choices, generations, metrics] = payload.fields([
            "event_type",
            "outputs",
            "choices",
            "generations",
            "amazon-bedrock-invocationMetrics",
        ]);
        if self.stopped {
            out(Event::Warning("F-32"));
        } else {
            let whole = ty.and_then(Raw::as_str).is_some_and(|ty| {
                // They repeat what was sent before.
                ty.is("stream-end") || ty.is("tool-calls-chunk")
            });
            let list = outputs.or(choices).or(generations);
            match list.and_then(|list| list.elements().next()) {
                Some(first) => self.piece(first, true, out)?,
                None => self.piece(payload, !whole, out)?,
            }
        }
        if let Some(metrics) = metrics {
            send_usage(metrics, out);
        }
        Ok(())
    }

    fn piece(&mut self, piece: Raw<'_>, with_text: bool, out: Out<'_>) -> Result<(), ErrorKind> {
        let [message, calls] = piece.fields(["message", "tool_calls"]);
        if with_text {
            let text = piece.fields(TEXT).into_iter().flatten().next();
            let said = message.and_then(|message| message.field("content"));
            if let Some(text) = text.or(said).and_then(Raw::as_str) {
                self.push(text, out)?;
            }
            let own = message.and_then(|message| message.field("tool_calls"));
            for call in calls.or(own).into_iter().flat_map(Raw::elements) {
                self.call(call, out)?;
            }
        }
        let reason = piece
            .fields(REASON)
            .into_iter()
            .flatten()
            .find_map(Raw::as_str);
        let reason = reason.map(Str::decode).filter(|reason| !reason.is_empty());
        if let Some(reason) = reason {
            self.stopped = true;
            out(Event::End {
                choice: 0,
                reason: &reason,
                raw: piece.text(),
            });
            out(Event::Done);
        }
        Ok(())
    }

    fn push(&mut self, text: Str<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if text.raw().is_empty() {
            return Ok(());
        }
        let block = match self.text {
            Some(block) => block,
            None => {
                let block = self.open(Kind::Text, "", "", "", out)?;
                self.text = Some(block);
                block
            }
        };
        self.texts
            .push((block, Part::Text), text, text.is_plain(), out);
        Ok(())
    }

    /// A call comes whole: arguments as text (Mistral), or parameters as an object (Cohere).
    fn call(&mut self, call: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let [id, function, parameters] = call.fields(["id", "function", "parameters"]);
        let [name, arguments] = function.unwrap_or(call).fields(["name", "arguments"]);
        let (id, name) = (string(id), string(name));
        let raw = parameters.map_or("", Raw::text);
        let block = self.open(Kind::Tool, &id, &name, raw, out)?;
        match arguments.map(|arguments| (arguments, arguments.as_str())) {
            Some((_, Some(text))) => {
                let part = Part::Arguments;
                self.texts.push((block, part), text, text.is_plain(), out);
                self.texts.flush(Some(block), out);
            }
            Some((object, None)) if !object.is_null() => {
                let permitted = self.options.accept_object_arguments;
                shared::odd(permitted, shared::NO_STRING, "F-19", out)?;
                let (part, text) = (Part::Arguments, object.text());
                out(Event::Delta { block, part, text });
            }
            _ => {}
        }
        Ok(())
    }

    fn open(
        &mut self,
        kind: Kind,
        id: &str,
        name: &str,
        raw: &str,
        out: Out<'_>,
    ) -> Result<Block, ErrorKind> {
        let index = self.opened;
        if index as usize >= self.blocks_max {
            let limit = self.blocks_max;
            return Err(ErrorKind::TooManyBlocks { limit });
        }
        self.opened += 1;
        let block = Block { choice: 0, index };
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        out(Event::Open {
            block,
            kind,
            id: some(id),
            name: some(name),
            raw,
            closes: false,
        });
        Ok(block)
    }

    pub(super) fn finish(&mut self, out: Out<'_>) -> Evidence {
        self.texts.flush(None, out);
        if self.stopped {
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

/// Counts of tokens as Bedrock has them for any model.
fn send_usage(metrics: Raw<'_>, out: Out<'_>) {
    let counts = metrics.fields([
        "inputTokenCount",
        "outputTokenCount",
        "cacheReadInputTokenCount",
        "cacheWriteInputTokenCount",
    ]);
    let [input, output, cache_read, cache_write] =
        counts.map(|raw: Option<Raw<'_>>| raw.and_then(Raw::as_u64));
    out(Event::Usage(Usage {
        input,
        output,
        cache_read,
        cache_write,
    }));
}
