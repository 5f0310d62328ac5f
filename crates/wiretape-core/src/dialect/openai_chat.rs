//! `OpenAI` Chat Completions and the servers compatible with it:
//! <https://platform.openai.com/docs/api-reference/chat-streaming>.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::shared::{self, Full, Shared};
use super::text::{Texts, Trace};
use super::{Evidence, NewIdAtUsedIndex, Options, Protocol};
use crate::event::{Block, Event, Kind, Part, Usage};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Frame};

/// The state of one Chat Completions stream.
#[derive(Clone, Debug)]
pub struct OpenAiChat {
    shared: Shared,
    choices: Vec<Choice>,
    id: Option<String>,
    model: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Choice {
    index: u32,
    opened: u32,
    text: Option<Block>,
    reasoning: Option<Block>,
    refusal: Option<Block>,
    calls: Vec<Call>,
    /// Which call of `calls` a delta without id, index and name belongs to.
    latest: usize,
    stopped: bool,
}

#[derive(Clone, Debug)]
struct Call {
    block: Block,
    id: String,
    /// As sent: -1 and gaps are seen (F-24).
    index: Option<i64>,
    named: bool,
}

type Out<'o> = &'o mut dyn FnMut(Event<'_>);

impl OpenAiChat {
    /// At the start of a stream.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            shared: Shared::new(options),
            choices: Vec::new(),
            id: None,
            model: None,
        }
    }

    /// The first id and the first model that are not empty (F-50).
    fn begin(&mut self, id: Option<Raw<'_>>, model: Option<Raw<'_>>, out: Out<'_>) {
        let fresh = |known: &Option<String>, raw: Option<Raw<'_>>| {
            if known.is_some() {
                return None;
            }
            let text = raw?.as_str()?.decode();
            (!text.is_empty()).then(|| text.into_owned())
        };
        let new_id = fresh(&self.id, id);
        let new_model = fresh(&self.model, model);
        if new_id.is_some() || new_model.is_some() {
            out(Event::Begin {
                id: new_id.as_deref(),
                model: new_model.as_deref(),
            });
            self.id = new_id.or_else(|| self.id.take());
            self.model = new_model.or_else(|| self.model.take());
        }
    }

    fn choice<'a>(
        &mut self,
        choice: Raw<'a>,
        object: Option<Raw<'_>>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [index, delta, message, finish] =
            choice.fields(["index", "delta", "message", "finish_reason"]);
        let index = shared::index(index).unwrap_or(0);
        let Ok(index) = u32::try_from(index) else {
            return Err(ErrorKind::Protocol("a choice's index is over 2^32 (F-73)"));
        };
        let whole = object
            .and_then(Raw::as_str)
            .is_some_and(|object| object.is("chat.completion"));
        let delta = match (delta, message) {
            (Some(delta), _) if delta.is_object() => Some(delta),
            (_, Some(message)) if whole && self.shared.options.accept_whole_completion => {
                out(Event::Warning("F-42"));
                Some(message)
            }
            _ => None,
        };
        let at = self.choice_at(index)?;
        let Self {
            choices, shared, ..
        } = self;
        let Some(state) = choices.get_mut(at) else {
            return Ok(());
        };
        if let Some(delta) = delta {
            let mut reading = Reading {
                state,
                texts: &mut shared.texts,
                options: shared.options,
                trace,
                out,
            };
            reading.delta(delta)?;
        }
        if let Some(reason) = finish.and_then(Raw::as_str).map(Str::decode) {
            if state.stopped {
                out(Event::Warning("F-32"));
            }
            state.stopped = true;
            out(Event::End {
                choice: index,
                reason: &reason,
            });
        }
        Ok(())
    }

    fn choice_at(&mut self, index: u32) -> Result<usize, ErrorKind> {
        const CHOICES_MAX: usize = 128;
        if let Some(at) = self.choices.iter().position(|c| c.index == index) {
            return Ok(at);
        }
        if self.choices.len() == CHOICES_MAX {
            return Err(ErrorKind::Protocol("more than 128 choices (F-73)"));
        }
        self.choices.push(Choice {
            index,
            ..Choice::default()
        });
        Ok(self.choices.len() - 1)
    }

    /// A recognised delta of a call is the latest one too.
    fn touch(&mut self, block: Block) {
        if let Some(choice) = self.choices.iter_mut().find(|c| c.index == block.choice) {
            if let Some(at) = choice.calls.iter().position(|call| call.block == block) {
                choice.latest = at;
            }
        }
    }
}

/// One delta of one choice.
struct Reading<'s, 't, 'a, 'o, 'e> {
    state: &'s mut Choice,
    texts: &'s mut Texts,
    options: Options,
    trace: &'t mut Trace<'a>,
    out: &'o mut (dyn FnMut(Event<'_>) + 'e),
}

impl<'a> Reading<'_, '_, 'a, '_, '_> {
    fn delta(&mut self, delta: Raw<'a>) -> Result<(), ErrorKind> {
        let [
            content,
            reasoning,
            reasoning_alt,
            details,
            refusal,
            calls,
            function,
        ] = delta.fields([
            "content",
            "reasoning_content",
            "reasoning",
            "reasoning_details",
            "refusal",
            "tool_calls",
            "function_call",
        ]);
        // Some servers send the same thought under two names: count it once.
        let thought = [reasoning, reasoning_alt]
            .into_iter()
            .flatten()
            .find(|raw| raw.as_str().is_some_and(|s| !s.raw().is_empty()));
        match thought {
            Some(thought) => self.text(Kind::Reasoning, thought),
            None => details
                .into_iter()
                .flat_map(Raw::elements)
                .for_each(|detail| {
                    let [text, summary] = detail.fields(["text", "summary"]);
                    if let Some(text) = text.or(summary) {
                        self.text(Kind::Reasoning, text);
                    }
                }),
        }
        match content {
            Some(parts) if parts.is_array() => parts.elements().for_each(|part| self.part(part)),
            Some(text) => self.text(Kind::Text, text),
            None => {}
        }
        if let Some(text) = refusal {
            self.text(Kind::Refusal, text);
        }
        for call in calls.into_iter().flat_map(Raw::elements) {
            self.tool_call(call)?;
        }
        if let Some(function) = function.filter(|function| function.is_object()) {
            self.function_call(function)?;
        }
        Ok(())
    }

    /// One part of a content that is an array (Mistral; F-51).
    fn part(&mut self, part: Raw<'a>) {
        let [ty, text, thinking] = part.fields(["type", "text", "thinking"]);
        let thinking_type = ty.and_then(Raw::as_str).is_some_and(|ty| ty.is("thinking"));
        if thinking_type {
            match thinking {
                Some(parts) if parts.is_array() => {
                    for part in parts.elements() {
                        if let Some(text) = part.field("text") {
                            self.text(Kind::Reasoning, text);
                        }
                    }
                }
                Some(text) => self.text(Kind::Reasoning, text),
                None => {}
            }
        } else if let Some(text) = text {
            self.text(Kind::Text, text);
        }
    }

    fn text(&mut self, kind: Kind, text: Raw<'a>) {
        let Some(text) = text.as_str().filter(|text| !text.raw().is_empty()) else {
            return;
        };
        let known = match kind {
            Kind::Reasoning => self.state.reasoning,
            Kind::Refusal => self.state.refusal,
            _ => self.state.text,
        };
        let block = known.unwrap_or_else(|| {
            let block = self.open(kind, None, None);
            match kind {
                Kind::Reasoning => self.state.reasoning = Some(block),
                Kind::Refusal => self.state.refusal = Some(block),
                _ => self.state.text = Some(block),
            }
            block
        });
        self.push(block, Part::Text, text);
    }

    fn push(&mut self, block: Block, part: Part, text: Str<'a>) {
        if !text.raw().is_empty() {
            self.trace.hole = Some((block, part, text));
        }
        self.texts
            .push((block, part), text, text.is_plain(), self.out);
    }

    fn open(&mut self, kind: Kind, id: Option<&str>, name: Option<&str>) -> Block {
        let block = Block {
            choice: self.state.index,
            index: self.state.opened,
        };
        self.state.opened += 1;
        (self.out)(Event::Open {
            block,
            kind,
            id,
            name,
            raw: "",
            closes: false,
        });
        block
    }

    fn tool_call(&mut self, call: Raw<'a>) -> Result<(), ErrorKind> {
        let [index, id, function, custom] = call.fields(["index", "id", "function", "custom"]);
        let id = string(id);
        let index = index.and_then(|raw| {
            raw.as_i64()
                .or_else(|| raw.as_str().and_then(|text| text.raw().parse().ok()))
        });
        let (kind, inner) = match custom.filter(|custom| custom.is_object()) {
            Some(custom) => (Kind::CustomTool, custom),
            None => (Kind::Tool, function.unwrap_or(call)),
        };
        let [name, arguments, input] = inner.fields(["name", "arguments", "input"]);
        let name = string(name);
        let at = self.correlate(&id, index, &name);
        let at = match at {
            Some(at) => {
                self.late(at, &id, &name);
                at
            }
            None => self.open_call(kind, &id, index, &name)?,
        };
        self.state.latest = at;
        self.arguments(at, arguments.or(input))
    }

    /// The older form: one call, no id.
    fn function_call(&mut self, function: Raw<'a>) -> Result<(), ErrorKind> {
        let [name, arguments] = function.fields(["name", "arguments"]);
        let name = string(name);
        let at = if self.state.calls.is_empty() {
            self.open_call(Kind::Tool, "", Some(0), &name)?
        } else {
            let at = self.state.latest;
            self.trace.contextual |= self.state.calls.len() > 1;
            self.late(at, "", &name);
            at
        };
        self.arguments(at, arguments)
    }

    /// Which call a delta belongs to (F-24): a known id, then a known index, then the latest call.
    fn correlate(&mut self, id: &str, index: Option<i64>, name: &str) -> Option<usize> {
        let calls = &self.state.calls;
        if !id.is_empty() {
            // The latest one of that id, since ids are repeated (F-25).
            if let Some(at) = calls.iter().rposition(|call| call.id == id) {
                let elsewhere = index.is_some() && calls.get(at).is_some_and(|c| c.index != index);
                if !elsewhere || name.is_empty() {
                    return Some(at);
                }
            }
        }
        if let Some(index) = index {
            let at = calls.iter().rposition(|call| call.index == Some(index))?;
            let fresh = !id.is_empty() && calls.get(at).is_some_and(|c| !c.id.is_empty());
            if !fresh {
                return Some(at);
            }
            let same = match self.options.new_id_at_used_index {
                NewIdAtUsedIndex::OpensCallIfNamed => name.is_empty(),
                NewIdAtUsedIndex::OpensCall => false,
                NewIdAtUsedIndex::SameCall => true,
            };
            (self.out)(Event::Warning("F-24"));
            return same.then_some(at);
        }
        if id.is_empty() && name.is_empty() && !calls.is_empty() {
            self.trace.contextual = true;
            return Some(self.state.latest);
        }
        None
    }

    fn open_call(
        &mut self,
        kind: Kind,
        id: &str,
        index: Option<i64>,
        name: &str,
    ) -> Result<usize, ErrorKind> {
        const CALLS_MAX: usize = 4096;
        if self.state.calls.len() == CALLS_MAX {
            return Err(ErrorKind::TooManyBlocks { limit: CALLS_MAX });
        }
        if index.is_none() {
            (self.out)(Event::Warning("F-24"));
        }
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let block = self.open(kind, some(id), some(name));
        self.state.calls.push(Call {
            block,
            id: id.into(),
            index,
            named: !name.is_empty(),
        });
        Ok(self.state.calls.len() - 1)
    }

    /// An id or a name that comes after the call was opened (F-25).
    fn late(&mut self, at: usize, id: &str, name: &str) {
        let Some(call) = self.state.calls.get_mut(at) else {
            return;
        };
        let block = call.block;
        if call.id.is_empty() && !id.is_empty() {
            call.id.push_str(id);
            let (part, text) = (Part::Id, id);
            (self.out)(Event::Delta { block, part, text });
        }
        if !name.is_empty() && !call.named {
            call.named = true;
            let (part, text) = (Part::Name, name);
            (self.out)(Event::Delta { block, part, text });
        }
    }

    fn arguments(&mut self, at: usize, arguments: Option<Raw<'a>>) -> Result<(), ErrorKind> {
        let Some(call) = self.state.calls.get(at) else {
            return Ok(());
        };
        let (block, part) = (call.block, Part::Arguments);
        let Some(arguments) = arguments.filter(|raw| !raw.is_null()) else {
            return Ok(());
        };
        if let Some(text) = arguments.as_str() {
            self.push(block, part, text);
            return Ok(());
        }
        if !self.options.accept_object_arguments {
            return Err(ErrorKind::Protocol(
                "arguments are no string, expected JSON text in a string (F-19)",
            ));
        }
        (self.out)(Event::Warning("F-19"));
        let text = arguments.text();
        (self.out)(Event::Delta { block, part, text });
        Ok(())
    }
}

impl Full for OpenAiChat {
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
        let [id, model, choices, usage, error, object, groq] = payload.fields([
            "id", "model", "choices", "usage", "error", "object", "x_groq",
        ]);
        self.begin(id, model, out);
        for choice in choices.into_iter().flat_map(Raw::elements) {
            self.choice(choice, object, trace, out)?;
        }
        let groq = groq.and_then(|groq| groq.field("usage"));
        for usage in [groq, usage].into_iter().flatten() {
            send_usage(usage, out);
        }
        let is = |raw: Option<Raw<'_>>, text: &str| {
            raw.and_then(Raw::as_str).is_some_and(|said| said.is(text))
        };
        let error = error.filter(|error| !error.is_null());
        if let Some(error) = error {
            self.shared.failed = true;
            shared::fail(error, out);
        } else if is(object, "error") || (frame.event == Some("error") && choices.is_none()) {
            // vLLM: an error object without an `error` key (F-40).
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

    fn recognised(&mut self, block: Block, part: Part) {
        if part == Part::Arguments {
            self.touch(block);
        }
    }
}

impl Protocol for OpenAiChat {
    #[inline]
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if frame.data.is_some_and(|data| data.trim() == "[DONE]") {
            if self.shared.done {
                out(Event::Warning("F-32"));
            }
            self.shared.done = true;
            out(Event::Done);
            return Ok(());
        }
        shared::decode(self, frame, out)
    }

    fn finish(&mut self, out: Out<'_>) -> Evidence {
        self.shared.texts.flush(None, out);
        if self.shared.done || (!self.choices.is_empty() && self.choices.iter().all(|c| c.stopped))
        {
            Evidence::Strong
        } else if self.choices.iter().any(|c| c.stopped) {
            Evidence::Weak
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

fn send_usage(usage: Raw<'_>, out: Out<'_>) {
    let [input, output] = usage.fields(["prompt_tokens", "completion_tokens"]);
    let usage = Usage {
        input: input.and_then(Raw::as_u64),
        output: output.and_then(Raw::as_u64),
    };
    if usage != Usage::default() {
        out(Event::Usage(usage));
    }
}
