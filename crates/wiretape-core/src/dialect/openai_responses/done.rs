//! What is said as a whole: items, and the finished response.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::items::{Field, Found, Item, Slot, Type};
use super::{Envelope, Key, OpenAiResponses, Out, send, send_usage, string};
use crate::dialect::shared;
use crate::event::{Kind, Part};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Event};

/// What an item says of itself.
struct Labels<'a> {
    ty: Cow<'a, str>,
    id: Cow<'a, str>,
    call_id: Cow<'a, str>,
    called: Cow<'a, str>,
    /// It says that it was cut.
    cut: bool,
}

impl<'a> Labels<'a> {
    fn of(item: Raw<'a>) -> Self {
        let [ty, id, call_id, name, status] =
            item.fields(["type", "id", "call_id", "name", "status"]);
        let status = status.and_then(Raw::as_str);
        let ty = string(ty);
        let called = match &*ty {
            "function_call" | "custom_tool_call" | "mcp_call" => string(name),
            "message" | "reasoning" => Cow::Borrowed(""),
            _ => ty.clone(),
        };
        Self {
            id: string(id),
            call_id: string(call_id),
            called,
            ty,
            cut: status.is_some_and(|status| status.is("incomplete")),
        }
    }
}

/// What a part says of itself.
pub(super) struct WholePart<'a> {
    pub(super) ty: Cow<'a, str>,
    raw: Raw<'a>,
    text: Option<Raw<'a>>,
    refusal: Option<Raw<'a>>,
    annotations: Option<Raw<'a>>,
}

impl<'a> WholePart<'a> {
    pub(super) fn of(raw: Raw<'a>) -> Self {
        let [ty, text, refusal, annotations] =
            raw.fields(["type", "text", "refusal", "annotations"]);
        Self {
            ty: string(ty),
            raw,
            text,
            refusal,
            annotations,
        }
    }
}

/// The members of a message that need no keeping.
const MESSAGE: [&str; 5] = ["type", "id", "role", "status", "content"];

impl OpenAiResponses {
    pub(super) fn item_added(
        &mut self,
        event: &Envelope<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let Some(item) = event.item.filter(|item| item.is_object()) else {
            return self.odd("response.output_item.added without its item (F-36)", out);
        };
        let labels = Labels::of(item);
        let index = event.index();
        if index.is_none() {
            self.odd_labels("an item without its output_index (F-24)", out)?;
        }
        let known = index.and_then(|index| self.items.at_index(index));
        if let Some((at, known)) = known.and_then(|at| Some((at, self.items.get(at)?))) {
            let same = known.name == *labels.ty && (known.orphan || known.id == *labels.id);
            if same {
                let late = known.orphan && !known.done;
                self.odd("an item that begins again, or late (F-36)", out)?;
                if late {
                    self.late(at, &labels, out);
                }
                return Ok(());
            }
            self.odd_labels("an output_index that is used already (F-24)", out)?;
        }
        let Some(ty) = Type::of(&labels.ty, item) else {
            // Which side runs it is said when it is done.
            self.shared.unlearn();
            out(Event::Ping);
            return Ok(());
        };
        self.new_item(ty, &labels, index, item, out).map(drop)
    }

    fn new_item(
        &mut self,
        ty: Type,
        labels: &Labels<'_>,
        index: Option<u64>,
        raw: Raw<'_>,
        out: Out<'_>,
    ) -> Result<usize, ErrorKind> {
        let mut item = Item::new(ty, &labels.ty);
        item.index = index;
        item.called = called(ty, labels);
        let at = self.add(item)?;
        self.items.set_id(at, &labels.id);
        self.items.set_call_id(at, &labels.call_id);
        if ty.kind().is_some() {
            let raw = matches!(ty, Type::Whole(_)).then_some(raw);
            if ty == Type::Whole(Kind::Unknown) && !KEPT.contains(&&*labels.ty) {
                out(Event::Warning("F-56"));
            }
            self.slot(at, (Field::Call, 0), raw, out)?;
        }
        Ok(at)
    }

    /// What a call is called and its id, where its start was not seen.
    fn late(&mut self, at: usize, labels: &Labels<'_>, out: Out<'_>) {
        self.items.set_id(at, &labels.id);
        self.items.set_call_id(at, &labels.call_id);
        let Some(item) = self.items.get_mut(at).filter(|item| item.orphan) else {
            return;
        };
        item.orphan = false;
        item.called = called(item.ty, labels);
        let Some(slot) = item.slots.get(&(Field::Call, 0)) else {
            return;
        };
        let id = if item.call_id.is_empty() {
            &item.id
        } else {
            &item.call_id
        };
        for (part, text) in [(Part::Id, id), (Part::Name, &item.called)] {
            if !text.is_empty() {
                send(slot.block, part, text, out);
            }
        }
    }

    pub(super) fn item_done_event(
        &mut self,
        event: &Envelope<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let Some(item) = event.item.filter(|item| item.is_object()) else {
            return self.odd("response.output_item.done without its item (F-36)", out);
        };
        let labels = Labels::of(item);
        let index = event.index();
        let at = match self.find_done(index, &labels) {
            Found::Item(at) => at,
            Found::Odd(at) => {
                self.odd_labels("output_index and id contradict each other (F-24)", out)?;
                at
            }
            Found::Misfit | Found::None => {
                if !self.resumed && !either_side(&labels.ty) {
                    self.odd("an item that is done and has not begun (F-36)", out)?;
                }
                self.new_whole(&labels, index, item, out)?
            }
        };
        if self.items.get(at).is_some_and(|known| known.done) {
            return self.odd("an item that is done twice (F-36)", out);
        }
        self.item_done(at, &labels, item, out)
    }

    /// A call's own id tells it best.
    fn find_done(&self, index: Option<u64>, labels: &Labels<'_>) -> Found {
        if let Some(at) = self.items.of_call_id(&labels.call_id) {
            let item = self.items.get(at).filter(|item| item.name == *labels.ty);
            match item.map(|item| index.is_none() || item.index == index) {
                Some(true) => return Found::Item(at),
                Some(false) => return Found::Odd(at),
                None => {}
            }
        }
        self.items.find(index, &labels.id, |item| {
            let other = !item.call_id.is_empty() && !labels.call_id.is_empty();
            item.name == *labels.ty && !(other && item.call_id != *labels.call_id)
        })
    }

    /// An item whose start was not seen.
    fn new_whole(
        &mut self,
        labels: &Labels<'_>,
        index: Option<u64>,
        item: Raw<'_>,
        out: Out<'_>,
    ) -> Result<usize, ErrorKind> {
        let ty = Type::of(&labels.ty, item).unwrap_or(match &*labels.ty {
            "shell_call" => Type::Builtin(Kind::Tool),
            _ => Type::Builtin(Kind::ServerTool),
        });
        self.new_item(ty, labels, index, item, out)
    }

    fn item_done(
        &mut self,
        at: usize,
        labels: &Labels<'_>,
        item: Raw<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        self.late(at, labels, out);
        let Some(known) = self.items.get_mut(at) else {
            return Ok(());
        };
        known.done = true;
        known.cut = labels.cut;
        let ty = known.ty;
        if Type::of(&labels.ty, item).is_some_and(|now| now != ty) {
            return Err(ErrorKind::Protocol(
                "an item that says of itself something else than when it began (F-36)",
            ));
        }
        match ty {
            Type::Message => self.message_done(at, item, out)?,
            Type::Reasoning => self.reasoning_done(at, item, out)?,
            Type::Call(_) | Type::Builtin(_) | Type::Whole(_) => {
                self.call_done(at, labels, item, out)?;
            }
        }
        let call = matches!(ty.kind(), Some(Kind::Tool | Kind::CustomTool));
        if !(call && labels.cut) {
            self.close_all(at, out);
        }
        Ok(())
    }

    fn message_done(&mut self, at: usize, item: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        self.parts_done(at, item.field("content"), None, out)?;
        // Such as its phase: what the next request has to say again.
        let more = |(key, _): (Str<'_>, Raw<'_>)| !MESSAGE.iter().any(|name| key.is(name));
        if item.members().any(more) {
            self.keep(at, item, out);
        }
        Ok(())
    }

    /// Sealed reasoning has to be sent back byte for byte, with the item it came in (F-52).
    fn reasoning_done(&mut self, at: usize, item: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let [summary, content, sealed] = item.fields(["summary", "content", "encrypted_content"]);
        self.parts_done(at, summary, Some(Field::Summary), out)?;
        self.parts_done(at, content, Some(Field::Reasoning), out)?;
        let has_none = self.items.get(at).is_some_and(|item| item.slots.is_empty());
        if has_none {
            // No part of it is for the caller to read.
            self.slot(at, (Field::Sealed, 0), None, out)?;
        }
        let sealed = sealed.and_then(Raw::as_str).map(Str::decode);
        // Empty where a server has nothing to seal.
        let sealed = sealed.filter(|sealed| !sealed.is_empty());
        if let (Some(sealed), Some(slot)) = (sealed, self.first(at)) {
            send(slot.block, Part::Signature, &sealed, out);
        }
        self.keep(at, item, out);
        Ok(())
    }

    /// Each part of a list as a whole. The parts that were streamed are told by their order: the
    /// indices of some servers begin at 1.
    fn parts_done(
        &mut self,
        at: usize,
        parts: Option<Raw<'_>>,
        only: Option<Field>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let mut next: BTreeMap<Field, u64> = BTreeMap::new();
        for part in parts.into_iter().flat_map(Raw::elements) {
            let part = WholePart::of(part);
            let field = only.unwrap_or_else(|| Field::of_part(&part.ty));
            let from = next.entry(field).or_insert(0);
            let known = self.items.get(at).and_then(|item| {
                let mut rest = item.slots.range((field, *from)..=(field, u64::MAX));
                rest.next().map(|((_, index), _)| *index)
            });
            let index = known.unwrap_or(*from);
            *from = index.saturating_add(1);
            let key = (field, index);
            self.part_slot(at, key, &part, out)?;
            self.part_done(at, key, &part, out)?;
            self.close(at, key, out);
        }
        Ok(())
    }

    /// The block of a part, which keeps the part itself where it is of an unknown type.
    pub(super) fn part_slot(
        &mut self,
        at: usize,
        key: Key,
        part: &WholePart<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let unknown = key.0 == Field::Unknown;
        let raw = unknown.then_some(part.raw);
        if unknown && self.slot_mut(at, key).is_none() {
            out(Event::Warning("F-56"));
        }
        self.slot(at, key, raw, out).map(drop)
    }

    /// A part's whole text and its citations.
    pub(super) fn part_done(
        &mut self,
        at: usize,
        key: Key,
        part: &WholePart<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        match key.0 {
            Field::Refusal => self.whole(at, key, part.refusal, out)?,
            Field::Unknown => {
                if let Some(slot) = self.slot_mut(at, key).filter(|slot| slot.open) {
                    send(slot.block, Part::Unknown, part.raw.text(), out);
                }
            }
            _ => self.whole(at, key, part.text, out)?,
        }
        let Some(slot) = self.slot_mut(at, key) else {
            return Ok(());
        };
        let list = part.annotations.into_iter().flat_map(Raw::elements);
        for annotation in list.skip(slot.citations) {
            slot.citations += 1;
            send(slot.block, Part::Citation, annotation.text(), out);
        }
        Ok(())
    }

    /// What a call says it is called with, by its type.
    fn call_done(
        &mut self,
        at: usize,
        labels: &Labels<'_>,
        item: Raw<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let key = (Field::Call, 0);
        self.slot(at, key, None, out)?;
        let member = match &*labels.ty {
            "function_call" | "mcp_call" => "arguments",
            "custom_tool_call" => "input",
            "code_interpreter_call" | "program" => "code",
            _ => "",
        };
        if !member.is_empty() {
            self.whole(at, key, item.field(member), out)?;
        }
        let object = match &*labels.ty {
            "local_shell_call" | "shell_call" | "web_search_call" => item.field("action"),
            "apply_patch_call" => item.field("operation"),
            "tool_search_call" => item.field("arguments"),
            // What has to be acknowledged stands beside the action.
            "computer_call" => Some(item),
            _ => None,
        };
        if let Some(object) = object.filter(|object| object.is_object()) {
            self.settle(at, key, &object.compact(), out);
        }
        if &*labels.ty == "file_search_call" {
            if let Some(queries) = item.field("queries").filter(|list| list.is_array()) {
                let text = format!("{{\"queries\":{}}}", queries.compact());
                self.settle(at, key, &text, out);
            }
        }
        self.keep(at, item, out);
        Ok(())
    }

    fn first(&self, at: usize) -> Option<Slot> {
        self.items.get(at)?.slots.values().next().copied()
    }

    /// The item as it was sent, at its first block: the next request has to say it again.
    fn keep(&mut self, at: usize, item: Raw<'_>, out: Out<'_>) {
        if let Some(slot) = self.first(at) {
            send(slot.block, Part::Unknown, item.text(), out);
        }
    }

    pub(super) fn close(&mut self, at: usize, key: Key, out: Out<'_>) {
        let Some(slot) = self.slot_mut(at, key).filter(|slot| slot.open) else {
            return;
        };
        slot.open = false;
        let block = slot.block;
        self.shared.texts.flush(Some(block), out);
        out(Event::Close { block });
    }

    fn close_all(&mut self, at: usize, out: Out<'_>) {
        let keys = self.items.get(at).map(|item| item.slots.keys().copied());
        let keys: Vec<Key> = keys.into_iter().flatten().collect();
        for key in keys {
            self.close(at, key, out);
        }
    }

    /// The last event: how the response ended, and all of it again.
    pub(super) fn terminal(
        &mut self,
        name: &str,
        response: Raw<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [status, details, error, usage, output] =
            response.fields(["status", "incomplete_details", "error", "usage", "output"]);
        self.begin(response, out);
        if !self.errored {
            self.output(output, out)?;
        }
        if let Some(usage) = usage {
            send_usage(usage, out);
        }
        let status = string(status);
        let why = details.and_then(|details| details.str_field("reason"));
        let failed = name == "failed" || status == "failed";
        let (reason, raw) = match why {
            _ if failed => (Cow::Borrowed("failed"), error),
            Some(why) if !why.is_empty() => (why, details),
            // What forbids acting counts, whoever of the two says it.
            _ if name != "completed" || status.is_empty() => (Cow::Borrowed(name), None),
            _ => (status, None),
        };
        if reason == "completed" {
            self.close_rest(out)?;
        }
        if failed && !self.errored {
            let error = error.filter(|error| !error.is_null());
            shared::fail(error.unwrap_or(response), out);
        }
        out(Event::End {
            choice: 0,
            reason: &reason,
            raw: raw.map_or("", Raw::text),
        });
        self.shared.done = true;
        if failed {
            self.shared.failed = true;
        } else {
            out(Event::Done);
        }
        Ok(())
    }

    /// The items of the finished response. What was streamed and is done is not read again; what
    /// was not streamed is read now.
    fn output(&mut self, output: Option<Raw<'_>>, out: Out<'_>) -> Result<(), ErrorKind> {
        let streamed = self.items.len();
        let mut by_type: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for at in (0..streamed).rev() {
            if let Some(item) = self.items.get(at) {
                by_type.entry(item.name.clone()).or_default().push(at);
            }
        }
        let list = output.into_iter().flat_map(Raw::elements);
        for (index, item) in (0..).zip(list.filter(|item| item.is_object())) {
            let labels = Labels::of(item);
            let at = match self.same(&labels, index, &mut by_type) {
                Some(at) => at,
                None => {
                    self.not_streamed(streamed == 0, out)?;
                    let index = self.items.at_index(index).map_or(Some(index), |_| None);
                    self.new_whole(&labels, index, item, out)?
                }
            };
            if let Some(known) = self.items.get_mut(at) {
                known.matched = true;
                if !known.done {
                    self.item_done(at, &labels, item, out)?;
                }
            }
        }
        Ok(())
    }

    fn not_streamed(&self, nothing_was: bool, out: Out<'_>) -> Result<(), ErrorKind> {
        if self.resumed {
            return Ok(());
        }
        let options = self.shared.options;
        let (permitted, id) = match nothing_was {
            true => (options.accept_whole_completion, "F-42"),
            false => (options.tolerate_lifecycle, "F-55"),
        };
        shared::odd(
            permitted,
            "the finished response has an item that was not streamed (F-55)",
            id,
            out,
        )
    }

    /// The streamed item that an item of the finished response is: by id, by place, or the next one
    /// of its type, so that no call is taken for another one and run twice.
    fn same(
        &self,
        labels: &Labels<'_>,
        index: u64,
        by_type: &mut BTreeMap<String, Vec<usize>>,
    ) -> Option<usize> {
        let fits = |at: &usize| {
            let item = self.items.get(*at);
            item.is_some_and(|item| item.name == *labels.ty && !item.matched)
        };
        let by_label = self.items.of_call_id(&labels.call_id).filter(fits);
        let by_label = by_label.or_else(|| self.items.of_id(&labels.id).filter(fits));
        by_label
            .or_else(|| self.items.at_index(index).filter(fits))
            .or_else(|| {
                let rest = by_type.get_mut(&*labels.ty)?;
                loop {
                    let at = rest.pop()?;
                    if fits(&at) {
                        return Some(at);
                    }
                }
            })
    }

    /// The response is complete: what was left open is too, but for calls of which nobody said so.
    fn close_rest(&mut self, out: Out<'_>) -> Result<(), ErrorKind> {
        let mut left: Vec<(usize, Key)> = Vec::new();
        for at in 0..self.items.len() {
            let Some(item) = self.items.get(at).filter(|item| !item.cut) else {
                continue;
            };
            let call = matches!(item.ty.kind(), Some(Kind::Tool | Kind::CustomTool));
            let open = |slot: &Slot| slot.open && (slot.settled || !call);
            let keys = item.slots.iter().filter(|(_, slot)| open(slot));
            left.extend(keys.map(|(key, _)| (at, *key)));
        }
        for (at, key) in left {
            self.odd("the response ends with a part that has not (F-36)", out)?;
            self.close(at, key, out);
        }
        Ok(())
    }
}

/// Types of items that are kept as they are.
const KEPT: [&str; 2] = ["compaction", "mcp_approval_request"];

/// The item says which side runs it.
fn either_side(ty: &str) -> bool {
    matches!(ty, "shell_call" | "tool_search_call")
}

/// What a call is called: tools that the interface brings along have no name but their type's.
fn called(ty: Type, labels: &Labels<'_>) -> String {
    let name = &*labels.called;
    match name.strip_suffix("_call") {
        Some(name) if ty == Type::Builtin(Kind::Tool) || either_side(&labels.ty) => name.into(),
        _ => name.into(),
    }
}
