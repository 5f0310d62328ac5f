//! Anthropic Messages: <https://platform.claude.com/docs/en/build-with-claude/streaming>.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;

use super::shared::{self, Full, Shared};
use super::text::Trace;
use super::{Evidence, Options, Protocol};
use crate::event::{Block, Event, Kind, Part, Usage};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Frame, Limits};

/// The state of one Messages stream.
#[derive(Clone, Debug)]
pub struct Anthropic {
    shared: Shared,
    /// Open and ended blocks by the index the provider gave them.
    blocks: BTreeMap<u64, Slot>,
    opened: u32,
    blocks_max: usize,
    started: bool,
    /// A second start of the same message came behind its first block.
    restarted: bool,
    /// Something came before the message began.
    headless: bool,
    id: Option<String>,
    stopped: bool,
    nameless: bool,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    block: Block,
    kind: Kind,
    open: bool,
}

type Out<'o> = &'o mut dyn FnMut(Event<'_>);

impl Anthropic {
    /// At the start of a stream.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            blocks: BTreeMap::new(),
            opened: 0,
            blocks_max: limits.blocks_max,
            started: false,
            restarted: false,
            headless: false,
            id: None,
            stopped: false,
            nameless: false,
        }
    }

    fn fail(&mut self, error: Raw<'_>, out: Out<'_>) {
        self.shared.failed = true;
        shared::fail(error, out);
    }

    fn message_start(&mut self, payload: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let message = payload.field("message").unwrap_or(payload);
        let some = |text: &Cow<'_, str>| !text.is_empty();
        let id = message.str_field("id").filter(some);
        if self.started {
            return self.message_start_again(id.as_deref(), out);
        }
        self.started = true;
        let model = message.str_field("model").filter(some);
        out(Event::Begin {
            id: id.as_deref(),
            model: model.as_deref(),
        });
        self.id = id.map(Cow::into_owned);
        let [content, usage] = message.fields(["content", "usage"]);
        for (index, block) in (0..).zip(content.into_iter().flat_map(Raw::elements)) {
            self.open(index, block, out)?;
            self.close(index, out);
        }
        if let Some(usage) = usage {
            send_usage(usage, out);
        }
        self.stop(message, out);
        Ok(())
    }

    /// The same start again is harmless; another one begins another reply, whose blocks must not be
    /// mixed into this one (F-35).
    fn message_start_again(&mut self, id: Option<&str>, out: Out<'_>) -> Result<(), ErrorKind> {
        let known = id.is_some() || self.opened == 0;
        if id != self.id.as_deref() || !known {
            return Err(ErrorKind::Protocol(
                "a second message_start with another id (F-35)",
            ));
        }
        self.restarted |= self.opened > 0;
        let permitted = self.shared.options.tolerate_lifecycle;
        shared::odd(permitted, "a second message_start (F-35)", "F-35", out)
    }

    fn block_start(&mut self, payload: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let [index, block] = payload.fields(["index", "content_block"]);
        let Some(block) = block.filter(|block| block.is_object()) else {
            return self.odd(
                "content_block_start without content_block, expected an object (F-36)",
                out,
            );
        };
        let index = shared::index(index).unwrap_or_else(|| u64::from(self.opened));
        self.open(index, block, out)
    }

    fn open(&mut self, index: u64, block: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if let Some(slot) = self.blocks.get(&index) {
            if slot.open {
                return Err(ErrorKind::Protocol(
                    "content_block_start for an index that is open (F-36)",
                ));
            }
            if self.restarted {
                return Err(ErrorKind::Protocol(
                    "the message and its blocks begin again (F-35)",
                ));
            }
            self.odd(
                "content_block_start for an index that has ended (F-36)",
                out,
            )?;
        }
        let [ty, id, name, input, content] =
            block.fields(["type", "id", "name", "input", "content"]);
        let ty = ty
            .and_then(Raw::as_str)
            .map(Str::decode)
            .unwrap_or_default();
        let kind = kind_of(&ty);
        let at = self.slot(index, kind)?;
        let word = |raw: Option<Raw<'_>>| {
            let text = raw.and_then(Raw::as_str).map(Str::decode);
            text.filter(|text| !text.is_empty()).map(Cow::into_owned)
        };
        let (id, name) = (word(id), word(name));
        let raw = match kind {
            Kind::Tool | Kind::ServerTool => input
                .filter(|input| input.members().next().is_some())
                .map_or("", Raw::text),
            Kind::ServerResult | Kind::RedactedReasoning | Kind::Unknown => block.text(),
            _ => "",
        };
        if kind == Kind::Unknown {
            out(Event::Warning("F-56"));
        }
        out(Event::Open {
            block: at,
            kind,
            id: id.as_deref(),
            name: if matches!(kind, Kind::Unknown | Kind::ServerResult) {
                Some(&ty)
            } else {
                name.as_deref()
            },
            raw,
            closes: true,
        });
        if !matches!(
            kind,
            Kind::ServerResult | Kind::RedactedReasoning | Kind::Unknown
        ) {
            // Who called it, whose tool it is: what the next request has to say again.
            let more = |(key, _): (Str<'_>, Raw<'_>)| !MEMBERS.iter().any(|name| key.is(name));
            if block.members().any(more) {
                send(at, Part::Unknown, block.text(), out);
            }
        }
        self.opening_text(at, kind, block, content, out);
        Ok(())
    }

    /// A new block under the provider's index.
    fn slot(&mut self, index: u64, kind: Kind) -> Result<Block, ErrorKind> {
        if self.opened as usize >= self.blocks_max {
            let limit = self.blocks_max;
            return Err(ErrorKind::TooManyBlocks { limit });
        }
        let block = Block {
            choice: 0,
            index: self.opened,
        };
        self.opened += 1;
        let open = true;
        self.blocks.insert(index, Slot { block, kind, open });
        Ok(block)
    }

    /// Text, a signature or citations that came with the opening already.
    fn opening_text(
        &mut self,
        at: Block,
        kind: Kind,
        block: Raw<'_>,
        content: Option<Raw<'_>>,
        out: Out<'_>,
    ) {
        let [text, thinking, signature, citations] =
            block.fields(["text", "thinking", "signature", "citations"]);
        let body = match kind {
            Kind::Text => text.or(content),
            Kind::Reasoning => thinking,
            _ => return,
        };
        if let Some(text) = body.and_then(Raw::as_str) {
            self.shared
                .texts
                .push((at, Part::Text), text, text.is_plain(), out);
        }
        let signature = signature.and_then(Raw::as_str).map(Str::decode);
        if let Some(text) = signature.filter(|text| !text.is_empty()) {
            send(at, Part::Signature, &text, out);
        }
        for citation in citations.into_iter().flat_map(Raw::elements) {
            send(at, Part::Citation, citation.text(), out);
        }
    }

    fn block_delta<'a>(
        &mut self,
        payload: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [index, delta] = payload.fields(["index", "delta"]);
        let delta = delta.unwrap_or(payload);
        let [ty, text, json, thinking, signature, citation] = delta.fields([
            "type",
            "text",
            "partial_json",
            "thinking",
            "signature",
            "citation",
        ]);
        let ty = ty
            .and_then(Raw::as_str)
            .map(Str::decode)
            .unwrap_or_default();
        let (kind, part, text) = match &*ty {
            "text_delta" => (Kind::Text, Part::Text, text),
            "thinking_delta" => (Kind::Reasoning, Part::Text, thinking),
            "input_json_delta" => (Kind::Tool, Part::Arguments, json),
            "signature_delta" => (Kind::Reasoning, Part::Signature, signature),
            "citations_delta" => (Kind::Text, Part::Citation, citation),
            _ => (Kind::Unknown, Part::Unknown, Some(delta)),
        };
        let slot = shared::index(index)
            .and_then(|index| self.blocks.get(&index))
            .filter(|slot| slot.open)
            .copied();
        let Some(slot) = slot else {
            return self.orphan(shared::index(index), kind, payload, out);
        };
        let block = slot.block;
        match (part, text) {
            (Part::Citation | Part::Unknown, Some(raw)) => {
                if part == Part::Unknown && &*ty != "compaction_delta" {
                    out(Event::Warning("F-56"));
                }
                send(block, part, raw.text(), out);
            }
            (Part::Signature, Some(raw)) => {
                let text = raw.as_str().map(Str::decode).unwrap_or_default();
                send(block, part, &text, out);
            }
            (_, Some(raw)) if fits(slot.kind, kind) => {
                let Some(text) = raw.as_str() else {
                    return self.no_string(block, part, raw, out);
                };
                if !text.raw().is_empty() {
                    trace.hole = Some((block, part, text));
                }
                self.shared
                    .texts
                    .push((block, part), text, text.is_plain(), out);
            }
            (_, Some(_)) => {
                // Whose it is cannot be told, and a call that lacks it must not run.
                return Err(ErrorKind::Protocol(
                    "a delta of another type than its block (F-36)",
                ));
            }
            (_, None) => return self.odd("a delta without its text (F-36)", out),
        }
        Ok(())
    }

    /// A delta whose text is no string: nothing, or arguments as an object (F-19).
    fn no_string(
        &self,
        block: Block,
        part: Part,
        raw: Raw<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        if raw.is_null() {
            return self.odd("a delta that is null (F-36)", out);
        }
        if part != Part::Arguments {
            return Err(ErrorKind::Protocol(
                "a delta that is no text, expected a string (F-36)",
            ));
        }
        let permitted = self.shared.options.accept_object_arguments;
        shared::odd(permitted, shared::NO_STRING, "F-19", out)?;
        send(block, part, raw.text(), out);
        Ok(())
    }

    /// A delta whose block was never opened: text opens one, arguments have no name to go by.
    fn orphan(
        &mut self,
        index: Option<u64>,
        kind: Kind,
        payload: Raw<'_>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let known = index.is_some_and(|index| self.blocks.contains_key(&index));
        let (Kind::Text | Kind::Reasoning, false, Some(index)) = (kind, known, index) else {
            return Err(ErrorKind::Protocol(
                "content_block_delta for a block that is not open (F-36)",
            ));
        };
        self.odd(
            "content_block_delta before its content_block_start (F-36)",
            out,
        )?;
        let block = self.slot(index, kind)?;
        out(Event::Open {
            block,
            kind,
            id: None,
            name: None,
            raw: "",
            closes: false,
        });
        self.block_delta(payload, &mut Trace::default(), out)
    }

    fn block_stop(&mut self, payload: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let index = shared::index(payload.field("index"));
        let open = index.is_some_and(|index| self.blocks.get(&index).is_some_and(|s| s.open));
        match index {
            Some(index) if open => {
                self.close(index, out);
                Ok(())
            }
            _ => self.odd(
                "content_block_stop for a block that is not open (F-36)",
                out,
            ),
        }
    }

    fn close(&mut self, index: u64, out: Out<'_>) {
        if let Some(slot) = self.blocks.get_mut(&index) {
            slot.open = false;
            let block = slot.block;
            self.shared.texts.flush(Some(block), out);
            out(Event::Close { block });
        }
    }

    fn message_delta(&mut self, payload: Raw<'_>, out: Out<'_>) {
        let [delta, usage] = payload.fields(["delta", "usage"]);
        if let Some(usage) = usage {
            send_usage(usage, out);
        }
        if let Some(delta) = delta {
            self.stop(delta, out);
        }
    }

    fn stop(&mut self, of: Raw<'_>, out: Out<'_>) {
        let reason = of.str_field("stop_reason").unwrap_or_default();
        if !reason.is_empty() {
            self.stopped = true;
            out(Event::End {
                choice: 0,
                reason: &reason,
                raw: of.text(),
            });
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
            shared::odd(
                permitted,
                "an event whose name is not its payload's type (F-17)",
                "F-17",
                out,
            )?;
        }
        let part =
            kind.starts_with("content_block_") || kind == "message_delta" || kind == "message_stop";
        if part && !self.started && !self.headless {
            self.headless = true;
            self.odd("the stream does not begin with message_start (F-36)", out)?;
        }
        Ok(())
    }
}

impl Full for Anthropic {
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
        let kind = payload.str_field("type").unwrap_or_default();
        self.in_order(frame.event, &kind, out)?;
        match &*kind {
            "message_start" => self.message_start(payload, out),
            "content_block_start" => self.block_start(payload, out),
            "content_block_delta" => self.block_delta(payload, trace, out),
            "content_block_stop" => self.block_stop(payload, out),
            "message_delta" => {
                self.message_delta(payload, out);
                Ok(())
            }
            "message_stop" => {
                self.shared.done = true;
                out(Event::Done);
                Ok(())
            }
            "ping" => {
                out(Event::Ping);
                Ok(())
            }
            "error" => {
                self.fail(payload.field("error").unwrap_or(payload), out);
                Ok(())
            }
            name => {
                let error = kind.is_empty() && payload.field("error").is_some();
                if error || frame.event == Some("error") {
                    self.fail(payload.field("error").unwrap_or(payload), out);
                    return Ok(());
                }
                out(Event::Warning("F-56"));
                let raw = payload.text();
                out(Event::Other { name, raw });
                Ok(())
            }
        }
    }

    fn recognised(&mut self, _block: Block, _part: Part) {}
}

impl Protocol for Anthropic {
    #[inline]
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        shared::decode(self, frame, out)
    }

    fn finish(&mut self, out: Out<'_>) -> Evidence {
        self.shared.texts.flush(None, out);
        match (self.shared.done, self.stopped) {
            (true, _) => Evidence::Strong,
            (false, true) => Evidence::Weak,
            _ => Evidence::None,
        }
    }
}

fn kind_of(ty: &str) -> Kind {
    match ty {
        "text" => Kind::Text,
        "thinking" => Kind::Reasoning,
        "redacted_thinking" => Kind::RedactedReasoning,
        "tool_use" => Kind::Tool,
        "server_tool_use" | "mcp_tool_use" => Kind::ServerTool,
        _ if ty.ends_with("_tool_result") => Kind::ServerResult,
        _ => Kind::Unknown,
    }
}

/// What is read of a block that does not come whole, and written back by name.
pub(crate) const MEMBERS: [&str; 9] = [
    "type",
    "id",
    "name",
    "input",
    "text",
    "thinking",
    "signature",
    "citations",
    "content",
];

/// A delta of `delta`'s kind may go into a block of `block`'s. One of an unknown type takes any.
fn fits(block: Kind, delta: Kind) -> bool {
    block == delta || block == Kind::Unknown || (delta == Kind::Tool && block == Kind::ServerTool)
}

fn send(block: Block, part: Part, text: &str, out: Out<'_>) {
    out(Event::Delta { block, part, text });
}

fn send_usage(usage: Raw<'_>, out: Out<'_>) {
    let [input, output, cache_read, cache_write] = usage.fields([
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    ]);
    let number = |raw: Option<Raw<'_>>| raw.and_then(Raw::as_u64);
    out(Event::Usage(Usage {
        input: number(input),
        output: number(output),
        cache_read: number(cache_read),
        cache_write: number(cache_write),
    }));
}
