//! Amazon Bedrock `ConverseStream`:
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>.

use alloc::borrow::Cow;

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
pub struct BedrockConverse {
    shared: Shared,
    blocks: Blocks<u64>,
    /// Nova's own events number each piece of text anew: pieces that follow one another are one.
    pieces: bool,
    running: Option<(Kind, Block)>,
    started: bool,
    stopped: bool,
    metadata: bool,
}

impl BedrockConverse {
    /// The state at the start of a reply.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            blocks: Blocks::new(limits.blocks_max),
            pieces: false,
            running: None,
            started: false,
            stopped: false,
            metadata: false,
        }
    }

    /// The same for the events of Nova models, whose pieces of text have an index each.
    pub(super) fn nova(options: Options, limits: Limits) -> Self {
        Self {
            pieces: true,
            ..Self::new(options, limits)
        }
    }

    fn message_start(&mut self, out: Out<'_>) -> Result<(), ErrorKind> {
        if !self.started {
            self.started = true;
            out(Event::Ping);
            return Ok(());
        }
        let what = "a second messageStart (F-35)";
        if self.blocks.opened() > 0 {
            // Another reply, whose blocks must not be mixed into this one.
            return Err(ErrorKind::Protocol(what));
        }
        let permitted = self.shared.options.tolerate_lifecycle;
        shared::odd(permitted, what, "F-35", out)
    }

    /// Calls and results have a start; texts and thoughts begin with their first delta.
    fn block_start(&mut self, payload: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let [index, start] = payload.fields(["contentBlockIndex", "start"]);
        let Some(start) = start.filter(|start| start.is_object()) else {
            return self.odd(
                "contentBlockStart without start, expected an object (F-36)",
                out,
            );
        };
        let index = self.index(index)?;
        match self.blocks.get(index) {
            Some(slot) if slot.open => {
                return Err(ErrorKind::Protocol(
                    "contentBlockStart for an index that is open (F-36)",
                ));
            }
            Some(_) => self.odd("contentBlockStart for an index that has ended (F-36)", out)?,
            None => {}
        }
        let [call, result] = start.fields(["toolUse", "toolResult"]);
        if let Some(call) = call {
            return self.call_start(index, call, out);
        }
        let known = start.members().next();
        let (kind, name) = match result {
            Some(_) => (Kind::ServerResult, Cow::Borrowed("toolResult")),
            None => (
                Kind::Unknown,
                known.map(|(key, _)| key.decode()).unwrap_or_default(),
            ),
        };
        if kind == Kind::Unknown {
            out(Event::Warning("F-56"));
        }
        let block = self.blocks.open(index, kind)?;
        self.running = None;
        out(Event::Open {
            block,
            kind,
            id: None,
            name: Some(&name),
            raw: start.text(),
            closes: true,
        });
        Ok(())
    }

    fn call_start(&mut self, index: u64, call: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let [id, name, ty] = call.fields(["toolUseId", "name", "type"]);
        let served = ty
            .and_then(Raw::as_str)
            .is_some_and(|ty| ty.is("server_tool_use"));
        let kind = if served { Kind::ServerTool } else { Kind::Tool };
        let block = self.blocks.open(index, kind)?;
        self.running = None;
        let word = |raw: Option<Raw<'_>>| {
            let text = raw.and_then(Raw::as_str).map(Str::decode);
            text.filter(|text| !text.is_empty()).map(Cow::into_owned)
        };
        out(Event::Open {
            block,
            kind,
            id: word(id).as_deref(),
            name: word(name).as_deref(),
            raw: "",
            closes: true,
        });
        let known = ["toolUseId", "name", "type"];
        if call
            .members()
            .any(|(key, _)| !known.iter().any(|name| key.is(name)))
        {
            send(block, Part::Unknown, call.text(), out);
        }
        Ok(())
    }

    fn block_delta<'a>(
        &mut self,
        payload: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [index, delta] = payload.fields(["contentBlockIndex", "delta"]);
        let Some(delta) = delta.filter(|delta| delta.is_object()) else {
            return self.odd(
                "contentBlockDelta without delta, expected an object (F-36)",
                out,
            );
        };
        let index = self.index(index)?;
        let Delta { kind, part, piece } = Delta::of(delta);
        let block = match self.blocks.get(index) {
            Some(slot) if !slot.open => {
                return Err(ErrorKind::Protocol(
                    "contentBlockDelta for a block that has ended (F-36)",
                ));
            }
            // Whose it is cannot be told, and a call that lacks it must not run.
            Some(slot) if !fits(slot.kind, kind) => {
                return Err(ErrorKind::Protocol(
                    "a delta of another type than its block (F-36)",
                ));
            }
            Some(slot) => slot.block,
            None => self.implied(index, kind, out)?,
        };
        let Some(piece) = piece else {
            return self.odd("a delta without its text (F-36)", out);
        };
        match (part, piece.as_str()) {
            (Part::Citation, _) => send(block, part, piece.text(), out),
            (Part::Unknown, _) => {
                if kind == Kind::Unknown {
                    out(Event::Warning("F-56"));
                }
                send(block, part, piece.text(), out);
            }
            (Part::Signature, Some(text)) => send(block, part, &text.decode(), out),
            (_, Some(text)) => {
                if !text.raw().is_empty() {
                    trace.hole = Some((block, part, text));
                }
                let texts = &mut self.shared.texts;
                texts.push((block, part), text, text.is_plain(), out);
            }
            (Part::Arguments, None) if !piece.is_null() => {
                let permitted = self.shared.options.accept_object_arguments;
                shared::odd(permitted, shared::NO_STRING, "F-19", out)?;
                send(block, part, piece.text(), out);
            }
            _ if piece.is_null() => return self.odd("a delta that is null (F-36)", out),
            _ => {
                return Err(ErrorKind::Protocol(
                    "a delta that is no text, expected a string (F-36)",
                ));
            }
        }
        Ok(())
    }

    /// The block of a delta whose index is new.
    fn implied(&mut self, index: u64, kind: Kind, out: Out<'_>) -> Result<Block, ErrorKind> {
        if matches!(kind, Kind::Tool | Kind::ServerResult) {
            return Err(ErrorKind::Protocol(
                "contentBlockDelta of a call before its contentBlockStart (F-36)",
            ));
        }
        if let Some((running, block)) = self.running {
            if running == kind {
                return Ok(block);
            }
        }
        let block = if self.pieces {
            let block = self.blocks.add()?;
            self.running = Some((kind, block));
            block
        } else {
            self.blocks.open(index, kind)?
        };
        out(Event::Open {
            block,
            kind,
            id: None,
            name: None,
            raw: "",
            closes: !self.pieces,
        });
        Ok(block)
    }

    fn block_stop(&mut self, payload: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let index = self.index(payload.field("contentBlockIndex"))?;
        let Some(block) = self.blocks.close(index) else {
            if self.running.is_some() && self.blocks.get(index).is_none() {
                out(Event::Ping);
                return Ok(());
            }
            return self.odd("contentBlockStop for a block that is not open (F-36)", out);
        };
        self.shared.texts.flush(Some(block), out);
        out(Event::Close { block });
        Ok(())
    }

    fn message_stop(&mut self, payload: Raw<'_>, out: Out<'_>) {
        self.stopped = true;
        let reason = payload.str_field("stopReason").unwrap_or_default();
        out(if reason.is_empty() {
            Event::Warning("F-32")
        } else {
            Event::End {
                choice: 0,
                reason: &reason,
                raw: payload.text(),
            }
        });
        self.complete(out);
    }

    /// `metadata` comes behind `messageStop`, or before it.
    fn complete(&mut self, out: Out<'_>) {
        if self.stopped && self.metadata {
            self.shared.done = true;
            out(Event::Done);
        }
    }

    fn index(&self, raw: Option<Raw<'_>>) -> Result<u64, ErrorKind> {
        shared::index(raw).ok_or(ErrorKind::Protocol(
            "an event without contentBlockIndex, expected a number (F-24)",
        ))
    }

    /// Something the protocol does not permit, and by which nothing is lost.
    fn odd(&self, what: &'static str, out: Out<'_>) -> Result<(), ErrorKind> {
        shared::odd(self.shared.options.tolerate_lifecycle, what, "F-36", out)
    }
}

/// What a delta adds, and to what kind of block.
struct Delta<'a> {
    kind: Kind,
    part: Part,
    piece: Option<Raw<'a>>,
}

impl<'a> Delta<'a> {
    fn of(delta: Raw<'a>) -> Self {
        let members = delta.fields([
            "toolUse",
            "reasoningContent",
            "citation",
            "toolResult",
            "text",
        ]);
        let [call, thought, citation, result, text] = members.map(some);
        let of = |kind, part, piece| Self { kind, part, piece };
        if let Some(call) = call {
            return of(Kind::Tool, Part::Arguments, call.field("input"));
        }
        if let Some(thought) = thought {
            let [text, signature] = thought.fields(["text", "signature"]).map(some);
            return match (text, signature) {
                (Some(_), _) => of(Kind::Reasoning, Part::Text, text),
                (_, Some(_)) => of(Kind::Reasoning, Part::Signature, signature),
                _ => of(Kind::RedactedReasoning, Part::Unknown, Some(thought)),
            };
        }
        match (citation, result, text) {
            (Some(_), ..) => of(Kind::Text, Part::Citation, citation),
            (_, Some(_), _) => of(Kind::ServerResult, Part::Unknown, Some(delta)),
            (.., Some(_)) => of(Kind::Text, Part::Text, text),
            _ => of(Kind::Unknown, Part::Unknown, Some(delta)),
        }
    }
}

fn some(raw: Option<Raw<'_>>) -> Option<Raw<'_>> {
    raw.filter(|raw| !raw.is_null())
}

/// A delta of `delta`'s kind may go into a block of `block`'s. One of an unknown type takes any,
/// and goes anywhere.
fn fits(block: Kind, delta: Kind) -> bool {
    block == delta
        || block == Kind::Unknown
        || delta == Kind::Unknown
        || (delta == Kind::Tool && block == Kind::ServerTool)
        || (delta == Kind::RedactedReasoning && block == Kind::Reasoning)
}

impl Full for BedrockConverse {
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
        let Some(name) = frame.event else {
            return Err(ErrorKind::Protocol("an event without its type (F-17)"));
        };
        if self.stopped && name != "metadata" {
            out(Event::Warning("F-32"));
            return Ok(());
        }
        let known = name.starts_with("contentBlock") || name == "messageStop";
        if known && !self.started {
            self.started = true;
            self.odd("the stream does not begin with messageStart (F-36)", out)?;
        }
        match name {
            "messageStart" => self.message_start(out),
            "contentBlockStart" => self.block_start(payload, out),
            "contentBlockDelta" => self.block_delta(payload, trace, out),
            "contentBlockStop" => self.block_stop(payload, out),
            "messageStop" => {
                self.message_stop(payload, out);
                Ok(())
            }
            "metadata" => {
                if let Some(usage) = payload.field("usage") {
                    send_usage(usage, out);
                }
                self.metadata = true;
                self.complete(out);
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

impl Protocol for BedrockConverse {
    #[inline]
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if frame.is_failure() {
            shared::exception(frame, &mut self.shared, out);
            return Ok(());
        }
        shared::decode(self, frame, out)
    }

    fn finish(&mut self, out: Out<'_>) -> Evidence {
        self.shared.texts.flush(None, out);
        if self.stopped {
            Evidence::Strong
        } else {
            Evidence::None
        }
    }
}

fn send(block: Block, part: Part, text: &str, out: Out<'_>) {
    out(Event::Delta { block, part, text });
}

/// Counts of tokens. Nova's own events name those of the cache differently.
fn send_usage(usage: Raw<'_>, out: Out<'_>) {
    let [input, output, read, write, nova_read, nova_write] = usage.fields([
        "inputTokens",
        "outputTokens",
        "cacheReadInputTokens",
        "cacheWriteInputTokens",
        "cacheReadInputTokenCount",
        "cacheWriteInputTokenCount",
    ]);
    let number = |raw: Option<Raw<'_>>| raw.and_then(Raw::as_u64);
    out(Event::Usage(Usage {
        input: number(input),
        output: number(output),
        cache_read: number(read.or(nova_read)),
        cache_write: number(write.or(nova_write)),
    }));
}
