//! Cohere Chat, version 2: <https://docs.cohere.com/v2/docs/streaming>.

use alloc::borrow::Cow;
use alloc::string::String;

use super::blocks::Blocks;
use super::shared::{self, Full, Shared};
use super::text::Trace;
use super::{Evidence, Options, Protocol};
use crate::event::{Block, Event, Kind, Part, Usage};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Frame, Limits};

type Out<'a> = &'a mut dyn FnMut(Event<'_>);

/// The state of one stream.
#[derive(Clone, Debug)]
pub struct Cohere {
    shared: Shared,
    blocks: Blocks<Key>,
    /// What the model intends to do with its tools: one text beside the numbered blocks.
    plan: Option<Block>,
    /// Where a citation goes that does not say to which content it belongs.
    text: Option<Block>,
    started: bool,
    id: Option<String>,
    nameless: bool,
}

/// Contents and calls are numbered apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Content(u64),
    Call(u64),
}

impl Cohere {
    /// The state at the start of a reply.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            blocks: Blocks::new(limits.blocks_max),
            plan: None,
            text: None,
            started: false,
            id: None,
            nameless: false,
        }
    }

    fn message_start(&mut self, payload: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let some = |text: &Cow<'_, str>| !text.is_empty();
        let id = payload.str_field("id").filter(some);
        if self.started {
            // The same start again is harmless before the first block; another one begins another
            // reply, whose blocks must not be mixed into this one (F-35).
            if id.as_deref() != self.id.as_deref() || self.blocks.opened() > 0 {
                return Err(ErrorKind::Protocol("a second message-start (F-35)"));
            }
            let permitted = self.shared.options.tolerate_lifecycle;
            return shared::odd(permitted, "a second message-start (F-35)", "F-35", out);
        }
        self.started = true;
        out(Event::Begin {
            id: id.as_deref(),
            model: None,
        });
        self.id = id.map(Cow::into_owned);
        let [content, plan] = message(payload).fields(["content", "tool_plan"]);
        for (index, content) in (0..).zip(content.into_iter().flat_map(Raw::elements)) {
            self.content_start(index, content, out)?;
            self.end(Key::Content(index), out)?;
        }
        if let Some(plan) = plan.and_then(Raw::as_str) {
            self.plan(plan, &mut Trace::default(), out)?;
        }
        Ok(())
    }

    fn content_start(
        &mut self,
        index: u64,
        content: Raw<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [ty, text, thinking] = content.fields(["type", "text", "thinking"]);
        let ty = string(ty);
        let kind = match &*ty {
            "text" => Kind::Text,
            "thinking" => Kind::Reasoning,
            _ => Kind::Unknown,
        };
        let block = self.slot(Key::Content(index), kind, out)?;
        let unknown = kind == Kind::Unknown;
        if unknown {
            out(Event::Warning("F-56"));
        }
        out(Event::Open {
            block,
            kind,
            id: None,
            name: unknown.then_some(&*ty),
            raw: if unknown { content.text() } else { "" },
            closes: true,
        });
        if kind == Kind::Text {
            self.text = Some(block);
        }
        let text = match kind {
            Kind::Text => text,
            Kind::Reasoning => thinking,
            _ => None,
        };
        if let Some(text) = text.and_then(Raw::as_str) {
            let texts = &mut self.shared.texts;
            texts.push((block, Part::Text), text, text.is_plain(), out);
        }
        Ok(())
    }

    fn content_delta<'a>(
        &mut self,
        index: u64,
        content: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [text, thinking] = content.fields(["text", "thinking"]);
        let (kind, text) = match (text, thinking) {
            (Some(text), None) => (Kind::Text, Some(text)),
            (None, Some(thinking)) => (Kind::Reasoning, Some(thinking)),
            _ => (Kind::Unknown, None),
        };
        let slot = self.blocks.get(Key::Content(index));
        let Some(slot) = slot.filter(|slot| slot.open) else {
            return Err(ErrorKind::Protocol(
                "content-delta for a content that is not open (F-36)",
            ));
        };
        let block = slot.block;
        let Some(text) = text.filter(|_| slot.kind != Kind::Unknown) else {
            out(Event::Warning("F-56"));
            send(block, Part::Unknown, content.text(), out);
            return Ok(());
        };
        if slot.kind != kind {
            return Err(ErrorKind::Protocol(
                "a delta of another type than its content (F-36)",
            ));
        }
        self.add(block, Part::Text, text, trace, out)
    }

    /// The plan has neither a start nor an end.
    fn plan<'a>(
        &mut self,
        text: Str<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        if text.raw().is_empty() {
            return Ok(());
        }
        let block = match self.plan {
            Some(block) => block,
            None => {
                let block = self.blocks.add()?;
                self.plan = Some(block);
                out(Event::Open {
                    block,
                    kind: Kind::Reasoning,
                    id: None,
                    name: Some("tool_plan"),
                    raw: "",
                    closes: false,
                });
                block
            }
        };
        trace.hole = Some((block, Part::Text, text));
        let texts = &mut self.shared.texts;
        texts.push((block, Part::Text), text, text.is_plain(), out);
        Ok(())
    }

    fn call_start(&mut self, index: u64, call: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let [id, function] = call.fields(["id", "function"]);
        let [name, arguments] = function.unwrap_or(call).fields(["name", "arguments"]);
        let (id, name) = (string(id), string(name));
        let block = self.slot(Key::Call(index), Kind::Tool, out)?;
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        out(Event::Open {
            block,
            kind: Kind::Tool,
            id: some(&id),
            name: some(&name),
            raw: "",
            closes: true,
        });
        match arguments {
            Some(arguments) if !arguments.is_null() => self.add(
                block,
                Part::Arguments,
                arguments,
                &mut Trace::default(),
                out,
            ),
            _ => Ok(()),
        }
    }

    fn call_delta<'a>(
        &mut self,
        index: u64,
        call: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let slot = self.blocks.get(Key::Call(index)).filter(|slot| slot.open);
        let Some(slot) = slot else {
            return Err(ErrorKind::Protocol(
                "tool-call-delta for a call that is not open (F-36)",
            ));
        };
        let function = call.field("function").unwrap_or(call);
        match function.field("arguments") {
            Some(arguments) => self.add(slot.block, Part::Arguments, arguments, trace, out),
            None => self.odd("tool-call-delta without its arguments (F-36)", out),
        }
    }

    /// Adds to a block; arguments may be an object (F-19).
    fn add<'a>(
        &mut self,
        block: Block,
        part: Part,
        piece: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        if let Some(text) = piece.as_str() {
            if !text.raw().is_empty() {
                trace.hole = Some((block, part, text));
            }
            let texts = &mut self.shared.texts;
            texts.push((block, part), text, text.is_plain(), out);
            return Ok(());
        }
        if piece.is_null() {
            return self.odd("a delta that is null (F-36)", out);
        }
        if part != Part::Arguments {
            return Err(ErrorKind::Protocol(
                "a delta that is no text, expected a string (F-36)",
            ));
        }
        let permitted = self.shared.options.accept_object_arguments;
        shared::odd(permitted, shared::NO_STRING, "F-19", out)?;
        send(block, part, piece.text(), out);
        Ok(())
    }

    /// A new block under a number that is free.
    fn slot(&mut self, key: Key, kind: Kind, out: Out<'_>) -> Result<Block, ErrorKind> {
        match self.blocks.get(key) {
            Some(slot) if slot.open => {
                return Err(ErrorKind::Protocol(
                    "a start for an index that is open (F-36)",
                ));
            }
            Some(_) => self.odd("a start for an index that has ended (F-36)", out)?,
            None => {}
        }
        self.blocks.open(key, kind)
    }

    fn end(&mut self, key: Key, out: Out<'_>) -> Result<(), ErrorKind> {
        let Some(block) = self.blocks.close(key) else {
            return self.odd("an end for an index that is not open (F-36)", out);
        };
        self.shared.texts.flush(Some(block), out);
        out(Event::Close { block });
        Ok(())
    }

    /// A citation is of the content it names, or of the latest text; it may come behind its end.
    fn citation(&self, payload: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let Some(citation) = message(payload).field("citations") else {
            return self.odd("citation-start without its citation (F-36)", out);
        };
        let named = shared::index(citation.field("content_index"))
            .and_then(|index| self.blocks.get(Key::Content(index)))
            .filter(|slot| slot.kind == Kind::Text)
            .map(|slot| slot.block);
        match named.or(self.text) {
            Some(block) => {
                send(block, Part::Citation, citation.text(), out);
                Ok(())
            }
            None => self.odd("a citation before any text (F-36)", out),
        }
    }

    fn message_end(&mut self, payload: Raw<'_>, out: Out<'_>) {
        let delta = payload.field("delta").unwrap_or(payload);
        let [reason, usage, error] = delta.fields(["finish_reason", "usage", "error"]);
        if let Some(usage) = usage {
            send_usage(usage, out);
        }
        let reason = string(reason);
        if !reason.is_empty() {
            out(Event::End {
                choice: 0,
                reason: &reason,
                raw: delta.text(),
            });
        }
        let error = error.filter(|error| !error.is_null());
        if let Some(message) = error.and_then(Raw::as_str).map(Str::decode) {
            self.shared.failed = true;
            out(Event::Fail {
                kind: if reason.is_empty() { "error" } else { &reason },
                message: &message,
            });
        } else if error.is_some() || reason == "ERROR" {
            self.shared.failed = true;
            shared::fail(error.unwrap_or(delta), out);
        } else {
            self.shared.done = true;
            out(Event::Done);
        }
    }

    /// Something the protocol does not permit, and by which nothing is lost.
    fn odd(&self, what: &'static str, out: Out<'_>) -> Result<(), ErrorKind> {
        shared::odd(self.shared.options.tolerate_lifecycle, what, "F-36", out)
    }

    /// An event's name is its payload's type, and the message has begun before its parts.
    fn in_order(&mut self, name: Option<&str>, kind: &str, out: Out<'_>) -> Result<(), ErrorKind> {
        if name != Some(kind) && !self.nameless {
            self.nameless = true;
            let permitted = self.shared.options.tolerate_event_names;
            let what = "an event whose name is not its payload's type (F-17)";
            shared::odd(permitted, what, "F-17", out)?;
        }
        if !self.started && kind != "message-start" && KNOWN.contains(&kind) {
            self.started = true;
            self.odd("the stream does not begin with message-start (F-36)", out)?;
        }
        Ok(())
    }
}

const KNOWN: [&str; 10] = [
    "message-start",
    "content-start",
    "content-delta",
    "content-end",
    "tool-plan-delta",
    "tool-call-start",
    "tool-call-delta",
    "tool-call-end",
    "citation-start",
    "message-end",
];

impl Full for Cohere {
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
        let [ty, index, said] = payload.fields(["type", "index", "message"]);
        let kind = string(ty);
        if frame.event == Some("error") || (kind.is_empty() && said.is_some()) {
            self.shared.failed = true;
            shared::fail(payload.field("error").unwrap_or(payload), out);
            return Ok(());
        }
        self.in_order(frame.event, &kind, out)?;
        let index = shared::index(index).unwrap_or(0);
        let part = |name| message(payload).field(name).map_or(payload, first);
        match &*kind {
            "message-start" => self.message_start(payload, out),
            "content-start" => self.content_start(index, part("content"), out),
            "content-delta" => self.content_delta(index, part("content"), trace, out),
            "content-end" => self.end(Key::Content(index), out),
            "tool-plan-delta" => match part("tool_plan").as_str() {
                Some(text) => self.plan(text, trace, out),
                None => self.odd("tool-plan-delta without its text (F-36)", out),
            },
            "tool-call-start" => self.call_start(index, part("tool_calls"), out),
            "tool-call-delta" => self.call_delta(index, part("tool_calls"), trace, out),
            "tool-call-end" => self.end(Key::Call(index), out),
            "citation-start" => self.citation(payload, out),
            "citation-end" => {
                out(Event::Ping);
                Ok(())
            }
            "message-end" => {
                self.message_end(payload, out);
                Ok(())
            }
            name => {
                out(Event::Warning("F-56"));
                let raw = payload.text();
                out(Event::Other { name, raw });
                Ok(())
            }
        }
    }

    fn recognised(&mut self, _block: Block, _part: Part) {}
}

impl Protocol for Cohere {
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if frame.data.is_some_and(|data| data.trim() == "[DONE]") {
            if !self.shared.done {
                // It follows message-end, and is no reason for stopping by itself.
                out(Event::Warning("F-32"));
            }
            out(Event::Ping);
            return Ok(());
        }
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

/// What is new stands in `delta.message`.
fn message(payload: Raw<'_>) -> Raw<'_> {
    let delta = payload.field("delta").unwrap_or(payload);
    delta.field("message").unwrap_or(delta)
}

/// A content or a call is an object; in an array, it is the one.
fn first(raw: Raw<'_>) -> Raw<'_> {
    raw.elements().next().unwrap_or(raw)
}

fn string(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    raw.and_then(Raw::as_str)
        .map(Str::decode)
        .unwrap_or_default()
}

fn send(block: Block, part: Part, text: &str, out: Out<'_>) {
    out(Event::Delta { block, part, text });
}

fn send_usage(usage: Raw<'_>, out: Out<'_>) {
    let [tokens, billed, cached] = usage.fields(["tokens", "billed_units", "cached_tokens"]);
    let Some(tokens) = tokens.or(billed) else {
        return;
    };
    let [input, output] = tokens.fields(["input_tokens", "output_tokens"]);
    let number = |raw: Option<Raw<'_>>| raw.and_then(Raw::as_u64);
    out(Event::Usage(Usage {
        input: number(input),
        output: number(output),
        cache_read: number(cached),
        cache_write: None,
    }));
}
