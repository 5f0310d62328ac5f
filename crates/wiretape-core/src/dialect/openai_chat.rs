//! `OpenAI` Chat Completions and the servers compatible with it:
//! <https://platform.openai.com/docs/api-reference/chat-streaming>.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::calls::{Calls, Found, Labels, Match};
use super::passage::{Passage, Said};
use super::shared::{self, Full, Shared};
use super::text::Trace;
use super::{Evidence, Options, Protocol};
use crate::event::{Block, Event, Kind, Part, Usage};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Frame, Limits};

/// The state of one Chat Completions stream.
#[derive(Clone, Debug)]
pub struct OpenAiChat {
    shared: Shared,
    choices: Vec<Choice>,
    id: Option<String>,
    model: Option<String>,
    /// Chunks of another id came (F-35).
    id_changed: bool,
    /// Blocks of all choices.
    opened: usize,
    blocks_max: usize,
}

#[derive(Clone, Debug, Default)]
struct Choice {
    index: u32,
    opened: u32,
    text: Option<Block>,
    reasoning: Option<Block>,
    sealed: Option<Block>,
    refusal: Option<Block>,
    answer: Passage,
    thought: Passage,
    calls: Calls,
    form: Option<Form>,
    /// A reason for stopping came, and nothing after it.
    stopped: bool,
    /// A reason for stopping came.
    ever_stopped: bool,
}

impl Choice {
    /// Where the one block of a kind stands.
    fn place(&mut self, kind: Kind) -> &mut Option<Block> {
        match kind {
            Kind::Reasoning => &mut self.reasoning,
            Kind::RedactedReasoning => &mut self.sealed,
            Kind::Refusal => &mut self.refusal,
            _ => &mut self.text,
        }
    }
}

/// How calls are sent: a reply has one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    ToolCalls,
    FunctionCall,
}

type Out<'o> = &'o mut dyn FnMut(Event<'_>);

impl OpenAiChat {
    /// At the start of a stream.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            choices: Vec::new(),
            id: None,
            model: None,
            id_changed: false,
            opened: 0,
            blocks_max: limits.blocks_max,
        }
    }

    /// The first id and the first model that are not empty (F-50).
    fn begin(
        &mut self,
        id: Option<Raw<'_>>,
        model: Option<Raw<'_>>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let sent = |raw: Option<Raw<'_>>| string(raw).into_owned();
        let some = |text: &String| !text.is_empty();
        if let (Some(known), false) = (&self.id, self.id_changed) {
            // Some servers draw an id for each chunk; it is a splice when calls begin again.
            let other = id.and_then(Raw::as_str);
            if other.is_some_and(|id| !id.raw().is_empty() && !id.is(known)) {
                self.id_changed = true;
                let permitted = self.shared.options.tolerate_lifecycle;
                shared::odd(permitted, "the reply's id changes (F-35)", "F-35", out)?;
            }
        }
        let new_id = self.id.is_none().then(|| sent(id)).filter(some);
        let new_model = self.model.is_none().then(|| sent(model)).filter(some);
        if new_id.is_some() || new_model.is_some() {
            out(Event::Begin {
                id: new_id.as_deref(),
                model: new_model.as_deref(),
            });
            self.id = new_id.or_else(|| self.id.take());
            self.model = new_model.or_else(|| self.model.take());
        }
        Ok(())
    }

    fn choice<'a>(
        &mut self,
        choice: Raw<'a>,
        object: Option<Raw<'_>>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [index, delta, message, finish, usage] =
            choice.fields(["index", "delta", "message", "finish_reason", "usage"]);
        let index = shared::index(index).unwrap_or(0);
        let Ok(index) = u32::try_from(index) else {
            return Err(ErrorKind::Protocol("a choice's index is over 2^32 (F-73)"));
        };
        let delta = match delta {
            Some(delta) if delta.is_object() => Some(delta),
            _ => self.whole(choice, message, object, out)?,
        };
        let at = self.choice_at(index)?;
        let Self {
            choices,
            shared,
            id_changed,
            opened,
            blocks_max,
            ..
        } = self;
        let Some(state) = choices.get_mut(at) else {
            return Ok(());
        };
        // Some servers send an empty reason until there is one.
        let reason = string(finish);
        let mut reading = Reading {
            state,
            shared,
            id_changed: *id_changed,
            opened,
            blocks_max: *blocks_max,
            trace,
            out,
        };
        if let Some(delta) = delta {
            reading.delta(delta)?;
        }
        if !reason.is_empty() {
            reading.flush()?;
        }
        if let Some(usage) = usage {
            send_usage(usage, out);
        }
        if !reason.is_empty() {
            if state.stopped {
                out(Event::Warning("F-32"));
            }
            state.stopped = true;
            state.ever_stopped = true;
            out(Event::End {
                choice: index,
                reason: &reason,
                raw: choice.text(),
            });
        }
        Ok(())
    }

    /// What a choice without a delta says: the message of a whole completion.
    fn whole<'a>(
        &self,
        choice: Raw<'a>,
        message: Option<Raw<'a>>,
        object: Option<Raw<'_>>,
        out: Out<'_>,
    ) -> Result<Option<Raw<'a>>, ErrorKind> {
        let whole = object
            .and_then(Raw::as_str)
            .is_some_and(|object| object.is("chat.completion"));
        if message.is_some() && whole && self.shared.options.accept_whole_completion {
            out(Event::Warning("F-42"));
            return Ok(message);
        }
        if choice.field("text").is_some() {
            return Err(ErrorKind::Protocol(
                "a choice has `text` and no `delta`: Completions, not Chat",
            ));
        }
        Ok(None)
    }

    fn choice_at(&mut self, index: u32) -> Result<usize, ErrorKind> {
        const CHOICES_MAX: usize = 128;
        if let Some(at) = self.choices.iter().position(|c| c.index == index) {
            return Ok(at);
        }
        if self.choices.len() == CHOICES_MAX {
            return Err(ErrorKind::Protocol("more than 128 choices (F-73)"));
        }
        let options = self.shared.options;
        self.choices.push(Choice {
            index,
            answer: Passage::of_text(options),
            thought: Passage::of_thought(options),
            ..Choice::default()
        });
        Ok(self.choices.len() - 1)
    }

    /// Hands out what the texts of all choices held back.
    fn flush(&mut self, out: Out<'_>) -> Result<(), ErrorKind> {
        let trace = &mut Trace::default();
        for state in &mut self.choices {
            let mut reading = Reading {
                state,
                shared: &mut self.shared,
                id_changed: self.id_changed,
                opened: &mut self.opened,
                blocks_max: self.blocks_max,
                trace,
                out,
            };
            reading.flush()?;
        }
        Ok(())
    }
}

/// One delta of one choice.
struct Reading<'s, 't, 'a, 'o, 'e> {
    state: &'s mut Choice,
    shared: &'s mut Shared,
    id_changed: bool,
    opened: &'s mut usize,
    blocks_max: usize,
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
        if let Some(thought) = thought {
            self.text(Kind::Reasoning, thought)?;
        }
        for detail in details.into_iter().flat_map(Raw::elements) {
            self.detail(detail, thought.is_none())?;
        }
        match content {
            Some(parts) if parts.is_array() => {
                for part in parts.elements() {
                    self.part(part)?;
                }
            }
            Some(text) => self.text(Kind::Text, text)?,
            None => {}
        }
        if let Some(text) = refusal {
            self.text(Kind::Refusal, text)?;
        }
        for call in calls.into_iter().flat_map(Raw::elements) {
            self.tool_call(call)?;
        }
        if let Some(function) = function.filter(|function| function.is_object()) {
            self.function_call(function)?;
        }
        Ok(())
    }

    /// One of `reasoning_details`: text, or what only the provider reads and wants back (F-52).
    fn detail(&mut self, detail: Raw<'a>, read_text: bool) -> Result<(), ErrorKind> {
        let [ty, text, summary, signature] =
            detail.fields(["type", "text", "summary", "signature"]);
        if ty
            .and_then(Raw::as_str)
            .is_some_and(|ty| ty.is("reasoning.encrypted"))
        {
            let block = self.block(Kind::RedactedReasoning)?;
            self.send(block, Part::Unknown, detail.text());
            return Ok(());
        }
        if let (Some(text), true) = (text.or(summary), read_text) {
            self.text(Kind::Reasoning, text)?;
        }
        let signature = string(signature);
        if !signature.is_empty() {
            let block = self.block(Kind::Reasoning)?;
            self.send(block, Part::Signature, &signature);
        }
        Ok(())
    }

    /// One part of a content that is an array (Mistral; F-51).
    fn part(&mut self, part: Raw<'a>) -> Result<(), ErrorKind> {
        let [ty, text, thinking] = part.fields(["type", "text", "thinking"]);
        let thinking_type = ty.and_then(Raw::as_str).is_some_and(|ty| ty.is("thinking"));
        match (thinking_type, thinking, text) {
            (true, Some(parts), _) if parts.is_array() => {
                for text in parts.elements().filter_map(|part| part.field("text")) {
                    self.text(Kind::Reasoning, text)?;
                }
                Ok(())
            }
            (true, Some(text), _) => self.text(Kind::Reasoning, text),
            (false, _, Some(text)) => self.text(Kind::Text, text),
            _ => Ok(()),
        }
    }

    fn text(&mut self, kind: Kind, text: Raw<'a>) -> Result<(), ErrorKind> {
        let Some(text) = text.as_str().filter(|text| !text.raw().is_empty()) else {
            return Ok(());
        };
        if self
            .passage(kind)
            .is_some_and(|passage| !passage.is_plain())
        {
            return self.pass(kind, |passage, out| passage.take(text, out));
        }
        let block = self.block(kind)?;
        self.push(block, Part::Text, text);
        Ok(())
    }

    fn passage(&mut self, kind: Kind) -> Option<&mut Passage> {
        match kind {
            Kind::Text => Some(&mut self.state.answer),
            Kind::Reasoning => Some(&mut self.state.thought),
            _ => None,
        }
    }

    /// Lets a text that is no plain sequence of pieces say what is new, and hands it on.
    fn pass(
        &mut self,
        kind: Kind,
        read: impl FnOnce(&mut Passage, &mut dyn FnMut(Said<'_>)),
    ) -> Result<(), ErrorKind> {
        let Some(place) = self.passage(kind) else {
            return Ok(());
        };
        let mut passage = core::mem::take(place);
        let mut result = Ok(());
        read(&mut passage, &mut |said| {
            if result.is_ok() {
                result = self.said(kind, said);
            }
        });
        if let Some(place) = self.passage(kind) {
            *place = passage;
        }
        result
    }

    fn said(&mut self, kind: Kind, said: Said<'_>) -> Result<(), ErrorKind> {
        let (kind, text) = match said {
            Said::Text(text) => (kind, text),
            Said::Thought(text) => (Kind::Reasoning, text),
            Said::Odd(id) => {
                (self.out)(Event::Warning(id));
                return Ok(());
            }
        };
        let block = self.block(kind)?;
        self.send(block, Part::Text, text);
        Ok(())
    }

    /// The texts end here, or seem to.
    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.pass(Kind::Reasoning, Passage::flush)?;
        self.pass(Kind::Text, Passage::flush)
    }

    /// The choice's one block of a kind.
    fn block(&mut self, kind: Kind) -> Result<Block, ErrorKind> {
        if let Some(block) = *self.state.place(kind) {
            return Ok(block);
        }
        let block = self.open(kind, "", "")?;
        *self.state.place(kind) = Some(block);
        Ok(block)
    }

    fn push(&mut self, block: Block, part: Part, text: Str<'a>) {
        if !text.raw().is_empty() {
            self.goes_on();
            self.trace.hole = Some((block, part, text));
        }
        self.shared
            .texts
            .push((block, part), text, text.is_plain(), self.out);
    }

    fn send(&mut self, block: Block, part: Part, text: &str) {
        self.goes_on();
        (self.out)(Event::Delta { block, part, text });
    }

    /// More came behind the reason for stopping (F-26): what says that the answer is complete
    /// must come again.
    fn goes_on(&mut self) {
        if self.state.stopped {
            self.state.stopped = false;
            (self.out)(Event::Warning("F-26"));
        }
    }

    fn open(&mut self, kind: Kind, id: &str, name: &str) -> Result<Block, ErrorKind> {
        if *self.opened == self.blocks_max {
            let limit = self.blocks_max;
            return Err(ErrorKind::TooManyBlocks { limit });
        }
        *self.opened += 1;
        self.goes_on();
        let block = Block {
            choice: self.state.index,
            index: self.state.opened,
        };
        self.state.opened += 1;
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        (self.out)(Event::Open {
            block,
            kind,
            id: some(id),
            name: some(name),
            raw: "",
            closes: false,
        });
        Ok(block)
    }

    fn tool_call(&mut self, call: Raw<'a>) -> Result<(), ErrorKind> {
        let [index, id, function, custom, extra] =
            call.fields(["index", "id", "function", "custom", "extra_content"]);
        let (kind, inner) = match custom.filter(|custom| custom.is_object()) {
            Some(custom) => (Kind::CustomTool, custom),
            None => (Kind::Tool, function.unwrap_or(call)),
        };
        let [name, arguments, input] = inner.fields(["name", "arguments", "input"]);
        let (id, name) = (string(id), string(name));
        let number = index.and_then(Raw::as_i64);
        let written = || index?.as_str()?.raw().parse().ok();
        let labels = Labels {
            id: &id,
            index: number.or_else(written),
            name: &name,
        };
        let usual = number.is_some_and(|index| index >= 0);
        self.form(Form::ToolCalls)?;
        let block = self.call(kind, labels, usual, arguments.or(input))?;
        if let Some(extra) = extra.filter(|extra| extra.is_object()) {
            // Gemini's thought signature, which has to be sent back (F-52).
            self.send(block, Part::Unknown, extra.text());
        }
        Ok(())
    }

    /// The older form: one call, no id.
    fn function_call(&mut self, function: Raw<'a>) -> Result<(), ErrorKind> {
        let [name, arguments] = function.fields(["name", "arguments"]);
        let name = string(name);
        let said = |raw: Raw<'_>| !raw.is_null() && raw.text() != "\"\"";
        if name.is_empty() && !arguments.is_some_and(said) {
            return Ok(());
        }
        self.form(Form::FunctionCall)?;
        let labels = Labels {
            id: "",
            index: Some(0),
            name: &name,
        };
        self.call(Kind::Tool, labels, true, arguments).map(drop)
    }

    /// One reply has calls in one form. Which call of the one form is which of the other cannot be
    /// told, and a call that is sent in both must not run twice.
    fn form(&mut self, form: Form) -> Result<(), ErrorKind> {
        if *self.state.form.get_or_insert(form) == form {
            return Ok(());
        }
        Err(ErrorKind::Protocol(
            "function_call beside tool_calls, expected one of them",
        ))
    }

    /// A piece of a call: finds or opens it, and adds what came.
    fn call(
        &mut self,
        kind: Kind,
        labels: Labels<'_>,
        usual: bool,
        arguments: Option<Raw<'a>>,
    ) -> Result<Block, ErrorKind> {
        let rule = self.shared.options.new_id_at_used_index;
        let Match { found, odd, reused } = self.state.calls.find(labels, rule);
        if reused && self.id_changed {
            return Err(ErrorKind::Protocol(
                "the reply's id changes and its calls begin again (F-35)",
            ));
        }
        if odd {
            self.odd(
                "a call's labels contradict those sent before (F-24)",
                "F-24",
            )?;
        }
        let (at, block) = match found {
            Found::New => self.open_call(kind, labels, usual)?,
            Found::Call(at) | Found::Latest(at) => {
                self.trace.contextual |= matches!(found, Found::Latest(_));
                let block = self.late(at, labels)?;
                (at, block)
            }
        };
        self.state.calls.touch(at);
        self.arguments(at, block, arguments)?;
        Ok(block)
    }

    fn open_call(
        &mut self,
        kind: Kind,
        labels: Labels<'_>,
        usual: bool,
    ) -> Result<(usize, Block), ErrorKind> {
        if !usual {
            self.odd(
                "a call without an index that is a number from 0 (F-24)",
                "F-24",
            )?;
        }
        let block = self.open(kind, labels.id, labels.name)?;
        Ok((self.state.calls.add(block, labels), block))
    }

    /// An id, an index or a name that comes after the call was opened (F-25).
    fn late(&mut self, at: usize, labels: Labels<'_>) -> Result<Block, ErrorKind> {
        let Some(call) = self.state.calls.get_mut(at) else {
            return Ok(Block::default());
        };
        let block = call.block;
        let new_id = call.id.is_empty() && !labels.id.is_empty();
        // The same name is a repetition; another one is the rest of the name.
        let first = call.name.is_empty();
        let other = !labels.name.is_empty() && call.name != labels.name;
        let adds = other && (first || !call.begun);
        if adds {
            call.name.push_str(labels.name);
        }
        if let Some(index) = labels.index {
            self.state.calls.set_index(at, index);
        }
        if new_id {
            self.state.calls.set_id(at, labels.id);
            self.send(block, Part::Id, labels.id);
        }
        if adds && !first {
            self.odd("a call's name in several pieces (F-25)", "F-25")?;
        }
        if adds {
            self.send(block, Part::Name, labels.name);
        }
        Ok(block)
    }

    fn arguments(
        &mut self,
        at: usize,
        block: Block,
        arguments: Option<Raw<'a>>,
    ) -> Result<(), ErrorKind> {
        let part = Part::Arguments;
        let Some(arguments) = arguments.filter(|raw| !raw.is_null()) else {
            return Ok(());
        };
        let text = arguments.as_str();
        if let (Some(call), false) = (
            self.state.calls.get_mut(at),
            text.is_some_and(|text| text.raw().is_empty()),
        ) {
            call.begun = true;
        }
        if let Some(text) = text {
            self.push(block, part, text);
            return Ok(());
        }
        let permitted = self.shared.options.accept_object_arguments;
        shared::odd(permitted, shared::NO_STRING, "F-19", self.out)?;
        self.send(block, part, arguments.text());
        Ok(())
    }

    fn odd(&mut self, what: &'static str, id: &'static str) -> Result<(), ErrorKind> {
        let permitted = self.shared.options.tolerate_call_labels;
        shared::odd(permitted, what, id, self.out)
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
        self.begin(id, model, out)?;
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
            if let Some(choice) = self.choices.iter_mut().find(|c| c.index == block.choice) {
                choice.calls.touch_block(block);
            }
        }
    }
}

impl Protocol for OpenAiChat {
    #[inline]
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if frame.data.is_some_and(|data| data.trim() == "[DONE]") {
            if self.shared.done || self.shared.failed {
                // Some servers send it behind an error too.
                out(Event::Warning("F-32"));
            } else {
                self.flush(out)?;
                self.shared.done = true;
                out(Event::Done);
            }
            return Ok(());
        }
        shared::decode(self, frame, out)
    }

    fn finish(&mut self, out: Out<'_>) -> Evidence {
        self.shared.texts.flush(None, out);
        if self.flush(out).is_err() {
            return Evidence::None;
        }
        if self.shared.done || (!self.choices.is_empty() && self.choices.iter().all(|c| c.stopped))
        {
            Evidence::Strong
        } else if self.choices.iter().any(|c| c.ever_stopped) {
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
    let [input, output, details] = usage.fields([
        "prompt_tokens",
        "completion_tokens",
        "prompt_tokens_details",
    ]);
    let cached = details.and_then(|details| details.field("cached_tokens"));
    let usage = Usage {
        input: input.and_then(Raw::as_u64),
        output: output.and_then(Raw::as_u64),
        cache_read: cached.and_then(Raw::as_u64),
        cache_write: None,
    };
    if usage != Usage::default() {
        out(Event::Usage(usage));
    }
}
