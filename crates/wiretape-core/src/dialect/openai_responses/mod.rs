//! `OpenAI` Responses: <https://platform.openai.com/docs/api-reference/responses-streaming>.
//!
//! A response has items, an item has parts, and each part is a block. The protocol says each text
//! three times more: when the text, the part and the item are done. What is said last counts (F-55).

mod done;
mod items;

use alloc::borrow::Cow;
use alloc::string::String;

use super::shared::{self, Full, Shared};
use super::text::Trace;
use super::{Evidence, Options, Protocol};
use crate::event::{Block, Kind, Part, Usage};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Event, Frame, Limits};
use done::WholePart;
use items::{Field, Found, Item, Items, SUMMARY, Slot, Subject, TEXT, Type};

type Out<'a> = &'a mut dyn FnMut(Event<'_>);
type Key = (Field, u64);

/// The state of one Responses stream.
#[derive(Clone, Debug)]
pub struct OpenAiResponses {
    shared: Shared,
    items: Items,
    opened: u32,
    blocks_max: usize,
    id: Option<String>,
    model: Option<String>,
    /// An event came.
    begun: bool,
    /// The stream goes on from an earlier one: it need not begin with the beginning of anything.
    resumed: bool,
    /// An `error` event came, and `response.failed` may follow.
    errored: bool,
    nameless: bool,
}

/// The members of an event, read in one pass.
#[derive(Clone, Copy, Debug)]
struct Envelope<'a> {
    whole: Raw<'a>,
    ty: Option<Raw<'a>>,
    sequence_number: Option<Raw<'a>>,
    response: Option<Raw<'a>>,
    item: Option<Raw<'a>>,
    part: Option<Raw<'a>>,
    delta: Option<Raw<'a>>,
    error: Option<Raw<'a>>,
    output_index: Option<Raw<'a>>,
    item_id: Option<Raw<'a>>,
    /// The index of a part: of the content, or of the summary.
    part_index: Option<Raw<'a>>,
}

impl<'a> Envelope<'a> {
    fn of(payload: Raw<'a>) -> Self {
        let [
            ty,
            sequence_number,
            response,
            item,
            part,
            delta,
            error,
            output_index,
            item_id,
            content_index,
            summary_index,
        ] = payload.fields([
            "type",
            "sequence_number",
            "response",
            "item",
            "part",
            "delta",
            "error",
            "output_index",
            "item_id",
            "content_index",
            "summary_index",
        ]);
        Self {
            whole: payload,
            ty,
            sequence_number,
            response,
            item,
            part,
            delta,
            error,
            output_index,
            item_id,
            part_index: content_index.or(summary_index),
        }
    }

    fn index(&self) -> Option<u64> {
        shared::index(self.output_index)
    }

    fn key(&self, field: Field) -> Key {
        let part = self.part_index.filter(|_| field != Field::Call);
        (field, shared::index(part).unwrap_or(0))
    }

    fn response(&self) -> Raw<'a> {
        self.response.unwrap_or(self.whole)
    }
}

impl OpenAiResponses {
    /// At the start of a stream.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            items: Items::default(),
            opened: 0,
            blocks_max: limits.blocks_max,
            id: None,
            model: None,
            begun: false,
            resumed: false,
            errored: false,
            nameless: false,
        }
    }

    /// Something the protocol does not permit, and by which nothing is lost.
    fn odd(&self, what: &'static str, out: Out<'_>) -> Result<(), ErrorKind> {
        shared::odd(self.shared.options.tolerate_lifecycle, what, "F-36", out)
    }

    /// Labels that contradict each other, or are missing.
    fn odd_labels(&self, what: &'static str, out: Out<'_>) -> Result<(), ErrorKind> {
        shared::odd(self.shared.options.tolerate_call_labels, what, "F-24", out)
    }

    /// The first id and the first model that are not empty.
    fn begin(&mut self, response: Raw<'_>, out: Out<'_>) {
        if self.id.is_some() && self.model.is_some() {
            return;
        }
        let [id, model] = response.fields(["id", "model"]);
        let some = |raw, known: &Option<String>| {
            let text = string(raw);
            (known.is_none() && !text.is_empty()).then(|| text.into_owned())
        };
        let (id, model) = (some(id, &self.id), some(model, &self.model));
        if id.is_some() || model.is_some() {
            out(Event::Begin {
                id: id.as_deref(),
                model: model.as_deref(),
            });
            self.id = id.or_else(|| self.id.take());
            self.model = model.or_else(|| self.model.take());
        }
    }

    fn created(&mut self, response: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if let Some(known) = &self.id {
            let other = response.field("id").and_then(Raw::as_str);
            if !other.is_some_and(|id| id.is(known)) {
                return Err(ErrorKind::Protocol(
                    "a second response.created with another id (F-35)",
                ));
            }
            let permitted = self.shared.options.tolerate_lifecycle;
            return shared::odd(permitted, "a second response.created (F-35)", "F-35", out);
        }
        self.begin(response, out);
        Ok(())
    }

    /// The item an event of `subject` belongs to; where there is none yet, a new one.
    fn item(
        &mut self,
        event: &Envelope<'_>,
        subject: Subject,
        out: Out<'_>,
    ) -> Result<usize, ErrorKind> {
        let (index, id) = (event.index(), string(event.item_id));
        if index.is_none() {
            self.odd_labels("an event without its output_index (F-24)", out)?;
        }
        match self.items.find(index, &id, |item| item.takes(subject)) {
            Found::Item(at) => return Ok(at),
            Found::Odd(at) => {
                self.odd_labels("output_index and item_id contradict each other (F-24)", out)?;
                return Ok(at);
            }
            // Whose they are cannot be told, and a call that lacks them must not run.
            Found::Misfit if subject.field == Field::Call => {
                return Err(ErrorKind::Protocol(
                    "arguments for an item of another type (F-36)",
                ));
            }
            Found::Misfit => self.odd_labels("a text for an item of another type (F-24)", out)?,
            Found::None if self.resumed => {}
            Found::None => {
                self.odd("an event before its response.output_item.added (F-36)", out)?;
            }
        }
        let ty = match subject.field {
            Field::Summary | Field::Reasoning => Type::Reasoning,
            Field::Call => call_type(subject.item),
            _ => Type::Message,
        };
        let mut item = Item::new(ty, subject.item);
        item.index = index;
        item.orphan = true;
        let at = self.add(item)?;
        self.items.set_id(at, &id);
        Ok(at)
    }

    fn add(&mut self, item: Item) -> Result<usize, ErrorKind> {
        if self.items.len() >= self.blocks_max {
            let limit = self.blocks_max;
            return Err(ErrorKind::TooManyBlocks { limit });
        }
        // Events with the same labels may belong to another item now.
        self.shared.unlearn();
        Ok(self.items.add(item))
    }

    /// The block of a part, opened if it is new.
    fn slot(
        &mut self,
        at: usize,
        key: Key,
        raw: Option<Raw<'_>>,
        out: Out<'_>,
    ) -> Result<Slot, ErrorKind> {
        let limit = self.blocks_max;
        let full = ErrorKind::TooManyBlocks { limit };
        let Some(item) = self.items.get_mut(at) else {
            return Err(full);
        };
        if let Some(slot) = item.slots.get(&key) {
            return Ok(*slot);
        }
        if self.opened as usize >= limit {
            return Err(full);
        }
        let block = Block {
            choice: 0,
            index: self.opened,
        };
        self.opened += 1;
        let slot = Slot {
            block,
            settled: false,
            open: true,
            citations: 0,
        };
        item.slots.insert(key, slot);
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let kind = item.ty.kind().unwrap_or_else(|| key.0.kind());
        let id = some(&*item.call_id).or_else(|| some(&*item.id));
        // An item's id is no call's.
        let id = id.filter(|_| !(item.orphan && key.0 == Field::Call));
        let part = raw.filter(|_| key.0 == Field::Unknown);
        let part = part.and_then(|part| part.str_field("type"));
        out(Event::Open {
            block,
            kind,
            id,
            name: some(part.as_deref().unwrap_or(&item.called)),
            raw: raw.map_or("", Raw::text),
            closes: true,
        });
        Ok(slot)
    }

    fn slot_mut(&mut self, at: usize, key: Key) -> Option<&mut Slot> {
        self.items.get_mut(at)?.slots.get_mut(&key)
    }

    fn delta<'a>(
        &mut self,
        event: &Envelope<'a>,
        subject: Subject,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let at = self.item(event, subject, out)?;
        let slot = self.slot(at, event.key(subject.field), None, out)?;
        if slot.settled || !slot.open {
            return self.odd("a delta behind the end of its text (F-36)", out);
        }
        let (block, part) = (slot.block, subject.field.part());
        let Some(delta) = event.delta.filter(|delta| !delta.is_null()) else {
            return self.odd("a delta without its text (F-36)", out);
        };
        if let Some(text) = delta.as_str() {
            if !text.raw().is_empty() {
                trace.hole = Some((block, part, text));
            }
            self.shared
                .texts
                .push((block, part), text, text.is_plain(), out);
            return Ok(());
        }
        if subject.field != Field::Call {
            return Err(ErrorKind::Protocol(
                "a delta that is no text, expected a string (F-36)",
            ));
        }
        let permitted = self.shared.options.accept_object_arguments;
        shared::odd(permitted, shared::NO_STRING, "F-19", out)?;
        send(block, part, &delta.compact(), out);
        Ok(())
    }

    fn text_done(
        &mut self,
        event: &Envelope<'_>,
        subject: Subject,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let at = self.item(event, subject, out)?;
        let key = event.key(subject.field);
        self.slot(at, key, None, out)?;
        self.whole(at, key, event.whole.field(subject.member), out)
    }

    /// A text as a whole. An empty one says nothing: some servers repeat an item as it began.
    fn whole(
        &mut self,
        at: usize,
        key: Key,
        text: Option<Raw<'_>>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let Some(text) = text.filter(|text| !text.is_null()) else {
            return Ok(());
        };
        let text = match text.as_str() {
            Some(text) => text.decode(),
            None if key.0 == Field::Call => {
                let permitted = self.shared.options.accept_object_arguments;
                shared::odd(permitted, shared::NO_STRING, "F-19", out)?;
                text.compact()
            }
            None => return self.odd("a text that is no string (F-36)", out),
        };
        self.settle(at, key, &text, out);
        Ok(())
    }

    fn settle(&mut self, at: usize, key: Key, text: &str, out: Out<'_>) {
        let Some(slot) = self.slot_mut(at, key).filter(|_| !text.is_empty()) else {
            return;
        };
        slot.settled = true;
        let (block, part) = (slot.block, key.0.part());
        self.shared.texts.forget(block, part);
        out(Event::Whole { block, part, text });
    }

    /// A part begins, or is done.
    fn part(&mut self, name: &str, event: &Envelope<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let Some(raw) = event.part.filter(|part| part.is_object()) else {
            return self.odd("an event without its part (F-36)", out);
        };
        let mut subject = SUMMARY;
        let part = WholePart::of(raw);
        if !name.starts_with("reasoning_summary_part") {
            subject.field = Field::of_part(&part.ty);
            subject.item = "message";
        }
        let at = self.item(event, subject, out)?;
        let key = event.key(subject.field);
        self.part_slot(at, key, &part, out)?;
        if name.ends_with(".done") {
            self.part_done(at, key, &part, out)?;
            self.close(at, key, out);
        }
        Ok(())
    }

    /// A citation of a text.
    fn annotation(&mut self, event: &Envelope<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let at = self.item(event, TEXT, out)?;
        let key = event.key(Field::Text);
        let slot = self.slot(at, key, None, out)?;
        let annotation = event.whole.field("annotation");
        if let Some(annotation) = annotation.filter(|raw| !raw.is_null()) {
            send(slot.block, Part::Citation, annotation.text(), out);
            if let Some(slot) = self.slot_mut(at, key) {
                slot.citations += 1;
            }
        }
        Ok(())
    }

    /// The provider's error: flat as it is documented, or nested as it is sent.
    fn error(&mut self, payload: Raw<'_>, out: Out<'_>) {
        self.errored = true;
        self.shared.unlearn();
        let [nested, code, message] = payload.fields(["error", "code", "message"]);
        if let Some(error) = nested.filter(|error| !error.is_null()) {
            return shared::fail(error, out);
        }
        let code = code.and_then(Raw::as_str).map(Str::decode);
        let message = message.and_then(Raw::as_str).map(Str::decode);
        out(Event::Fail {
            kind: code.as_deref().unwrap_or("error"),
            message: message.as_deref().unwrap_or_else(|| payload.text()),
        });
    }

    /// An event's name is its payload's type, and the stream begins with its beginning, unless it
    /// goes on from an earlier one.
    fn in_order(
        &mut self,
        name: Option<&str>,
        kind: &str,
        event: &Envelope<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        if name != Some(kind) && !self.nameless {
            self.nameless = true;
            let permitted = self.shared.options.tolerate_event_names;
            shared::odd(
                permitted,
                "an event whose name is not its payload's type (F-17)",
                "F-17",
                out,
            )?;
        }
        let first = !self.begun && kind.starts_with("response.");
        self.begun |= first;
        if first && !matches!(kind, "response.created" | "response.queued") {
            let number = shared::index(event.sequence_number);
            self.resumed = number.is_some_and(|number| number > 0);
            if !self.resumed {
                self.odd(
                    "the stream does not begin with response.created (F-36)",
                    out,
                )?;
            }
        }
        Ok(())
    }

    /// A payload without a type: a whole response instead of a stream (F-42), or another protocol's.
    fn untyped(&mut self, event: &Envelope<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let raw = event.whole;
        let [object, status] = raw.fields(["object", "status"]);
        let status = string(status);
        let ended = matches!(
            &*status,
            "completed" | "incomplete" | "failed" | "cancelled"
        );
        if ended && string(object) == "response" {
            let permitted = self.shared.options.accept_whole_completion;
            shared::odd(
                permitted,
                "a whole response, expected a stream (F-42)",
                "F-42",
                out,
            )?;
            return self.terminal(&status, raw, out);
        }
        out(Event::Warning("F-56"));
        out(Event::Other {
            name: "payload without a type",
            raw: raw.text(),
        });
        Ok(())
    }

    fn event<'a>(
        &mut self,
        kind: &str,
        event: &Envelope<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let name = kind.strip_prefix("response.").unwrap_or_default();
        match name {
            "created" => return self.created(event.response(), out),
            "queued" | "in_progress" => {
                self.begin(event.response(), out);
                out(Event::Ping);
                return Ok(());
            }
            "completed" | "incomplete" | "failed" | "cancelled" => {
                return self.terminal(name, event.response(), out);
            }
            "output_item.added" => return self.item_added(event, out),
            "output_item.done" => return self.item_done_event(event, out),
            "output_text.annotation.added" => return self.annotation(event, out),
            "error" => {
                self.error(event.whole, out);
                return Ok(());
            }
            _ => {}
        }
        let (subject, verb) = name.rsplit_once('.').unwrap_or_default();
        match (Subject::of(subject), verb) {
            (Some(subject), "delta") => self.delta(event, subject, trace, out),
            (Some(subject), "done") => self.text_done(event, subject, out),
            (None, "added" | "done") if PARTS.contains(&subject) => self.part(name, event, out),
            // How far a tool of the provider's is; the item itself says what comes of it.
            (None, _) if is_tool(subject) && PROGRESS.contains(&verb) => {
                out(Event::Ping);
                Ok(())
            }
            _ => {
                if !WHOLE_LATER.contains(&subject) {
                    out(Event::Warning("F-56"));
                }
                let (name, raw) = (kind, event.whole.text());
                out(Event::Other { name, raw });
                Ok(())
            }
        }
    }
}

const PARTS: [&str; 3] = ["content_part", "reasoning_part", "reasoning_summary_part"];

const PROGRESS: [&str; 7] = [
    "in_progress",
    "searching",
    "interpreting",
    "generating",
    "completed",
    "failed",
    "incomplete",
];

/// Pieces of what the item has as a whole when it is done, and sound.
const WHOLE_LATER: [&str; 6] = [
    "shell_call_command",
    "shell_call_output_content",
    "apply_patch_call_operation_diff",
    "image_generation_call",
    "audio",
    "audio.transcript",
];

impl Full for OpenAiResponses {
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
        let event = Envelope::of(payload);
        let kind = match event.ty.and_then(Raw::as_str) {
            Some(kind) => kind.decode(),
            None => frame.event.unwrap_or_default().into(),
        };
        if self.errored && kind != "response.failed" {
            out(Event::Warning("F-32"));
            return Ok(());
        }
        self.in_order(frame.event, &kind, &event, out)?;
        match &*kind {
            "error" => self.error(payload, out),
            "keepalive" => out(Event::Ping),
            "" if event.error.is_some_and(|error| !error.is_null()) => self.error(payload, out),
            "" => return self.untyped(&event, out),
            kind => return self.event(kind, &event, trace, out),
        }
        Ok(())
    }

    fn recognised(&mut self, _block: Block, _part: Part) {}
}

impl Protocol for OpenAiResponses {
    #[inline]
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if frame.data.is_some_and(|data| data.trim() == "[DONE]") {
            // Not of this protocol, and sent by some servers; it is evidence of nothing.
            out(Event::Warning("F-32"));
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

fn is_tool(name: &str) -> bool {
    name.ends_with("_call") || name == "mcp_list_tools"
}

fn call_type(name: &str) -> Type {
    match name {
        "function_call" => Type::Call(Kind::Tool),
        "custom_tool_call" => Type::Call(Kind::CustomTool),
        "mcp_call" => Type::Call(Kind::ServerTool),
        _ => Type::Builtin(Kind::ServerTool),
    }
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
    let [input, output, details] =
        usage.fields(["input_tokens", "output_tokens", "input_tokens_details"]);
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
