//! Amazon Bedrock `InvokeModelWithResponseStream`: a model's own events, each in base64.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html>,
//! and of the models <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>.

mod plain;

use alloc::boxed::Box;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::shared::{self, Shared};
use super::{Anthropic, BedrockConverse, Evidence, OpenAiChat, Options, Protocol};
use crate::event::Event;
use crate::json::{Raw, Str};
use crate::sse::utf8;
use crate::{ErrorKind, Frame, Limits};
use plain::Plain;

type Out<'a> = &'a mut dyn FnMut(Event<'_>);

/// The state of one stream.
#[derive(Clone, Debug)]
pub struct BedrockInvoke {
    shared: Shared,
    limits: Limits,
    /// Who reads the model's own events; the first of them tells.
    model: Option<Model>,
    /// The event inside the chunk.
    inner: Vec<u8>,
    /// A guardrail changed or blocked what the model said.
    intervened: bool,
}

/// What a guardrail did.
const GUARDRAIL: &str = "amazon-bedrock-guardrailAction";

#[derive(Clone, Debug)]
enum Model {
    Anthropic(Box<Anthropic>),
    Nova(Box<BedrockConverse>),
    Chat(Box<OpenAiChat>),
    Plain(Box<Plain>),
}

impl BedrockInvoke {
    /// The state at the start of a reply.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            limits,
            model: None,
            inner: Vec::new(),
            intervened: false,
        }
    }

    /// Reads the event inside a chunk.
    fn chunk(&mut self, at: u64, payload: Raw<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let bytes = payload.field("bytes").and_then(Raw::as_str);
        let Some(bytes) = bytes.map(Str::decode) else {
            return Err(ErrorKind::Protocol("a chunk without bytes (F-45)"));
        };
        let mut inner = core::mem::take(&mut self.inner);
        inner.clear();
        let read = match BASE64_STANDARD.decode_vec(&*bytes, &mut inner) {
            Ok(()) => self.event(at, &inner, out),
            Err(_) => Err(ErrorKind::Protocol(
                "a chunk whose bytes are not base64 (F-45)",
            )),
        };
        self.inner = inner;
        read
    }

    fn event(&mut self, at: u64, inner: &[u8], out: Out<'_>) -> Result<(), ErrorKind> {
        let data = utf8(inner).ok_or(ErrorKind::IllFormedUtf8)?;
        let Self {
            shared,
            limits,
            model,
            ..
        } = self;
        let (options, limits) = (shared.options, *limits);
        if let Some(Model::Anthropic(model)) = model {
            let delta = leading_type(data).filter(|name| *name == "content_block_delta");
            if let Some(name) = delta.filter(|_| !data.contains(GUARDRAIL)) {
                return model.decode(frame(at, Some(name), data), out);
            }
        }
        let payload = Raw::parse(data)?;
        if !payload.is_object() {
            return Err(ErrorKind::NotAnObject);
        }
        let guardrail = payload.field(GUARDRAIL).and_then(Raw::as_str);
        self.intervened |= guardrail.is_some_and(|action| action.is("INTERVENED"));
        let done = &mut shared.done;
        let out: Out<'_> = &mut |event| {
            *done |= event == Event::Done;
            out(event);
        };
        match model.get_or_insert_with(|| Model::of(payload, options, limits)) {
            Model::Anthropic(model) => {
                let name = payload.str_field("type");
                model.decode(frame(at, name.as_deref(), data), out)
            }
            Model::Nova(model) => {
                for (name, payload) in payload.members() {
                    if !name.raw().starts_with("amazon-bedrock-") {
                        let name = name.decode();
                        model.decode(frame(at, Some(&name), payload.text()), out)?;
                    }
                }
                Ok(())
            }
            Model::Chat(model) => model.decode(frame(at, None, data), out),
            Model::Plain(model) => model.event(payload, out),
        }
    }
}

impl Model {
    /// Whose the first event is.
    fn of(payload: Raw<'_>, options: Options, limits: Limits) -> Self {
        let [ty, completion, start, delta, choices] = payload.fields([
            "type",
            "completion",
            "messageStart",
            "contentBlockDelta",
            "choices",
        ]);
        if start.is_some() || delta.is_some() {
            return Self::Nova(Box::new(BedrockConverse::nova(options, limits)));
        }
        if ty.is_some() && completion.is_none() {
            return Self::Anthropic(Box::new(Anthropic::new(options, limits)));
        }
        // Mistral's own choices have a whole message and `stop_reason`.
        let own = |choice: Raw<'_>| {
            let [delta, message, text] = choice.fields(["delta", "message", "text"]);
            delta.is_none() && (message.is_some() || text.is_some())
        };
        let chat = choices.filter(|choices| !choices.elements().next().is_some_and(own));
        if chat.is_some() {
            return Self::Chat(Box::new(OpenAiChat::new(options, limits)));
        }
        Self::Plain(Box::new(Plain::new(options, limits)))
    }
}

impl Protocol for BedrockInvoke {
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        if frame.is_failure() {
            shared::exception(frame, &mut self.shared, out);
            return Ok(());
        }
        if self.shared.failed {
            out(Event::Warning("F-32"));
            return Ok(());
        }
        let data = frame.data.unwrap_or_default();
        if data.trim().is_empty() {
            out(Event::Ping);
            return Ok(());
        }
        let payload = Raw::parse(data)?;
        match frame.event {
            Some("chunk") => self.chunk(frame.at, payload, out),
            Some(name) => {
                out(Event::Warning("F-56"));
                let raw = payload.text();
                out(Event::Other { name, raw });
                Ok(())
            }
            None => Err(ErrorKind::Protocol("an event without its type (F-17)")),
        }
    }

    fn finish(&mut self, out: Out<'_>) -> Evidence {
        let evidence = match &mut self.model {
            Some(Model::Anthropic(model)) => model.finish(out),
            Some(Model::Nova(model)) => model.finish(out),
            Some(Model::Chat(model)) => model.finish(out),
            Some(Model::Plain(model)) => model.finish(out),
            None => Evidence::None,
        };
        if self.intervened && evidence != Evidence::None {
            // Whatever reason the model gave, it is not what it wanted to say (F-27).
            out(Event::End {
                choice: 0,
                reason: "guardrail_intervened",
                raw: "",
            });
        }
        evidence
    }
}

fn frame<'a>(at: u64, event: Option<&'a str>, data: &'a str) -> Frame<'a> {
    Frame {
        at,
        event,
        data: Some(data),
        meta: None,
    }
}

/// The type of an event that begins with it.
fn leading_type(data: &str) -> Option<&str> {
    let rest = data.strip_prefix("{\"type\":\"")?;
    rest.get(..rest.find('"')?)
}
