//! The way of every dialect through a frame: what carries nothing, what is recognised, what is read.

use alloc::string::String;

use super::Options;
use super::template::Templates;
use super::text::{Texts, Trace};
use crate::event::{Block, Part};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Event, Frame};

/// What every dialect keeps.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) options: Options,
    templates: Templates,
    pub(super) texts: Texts,
    /// The protocol's last event came.
    pub(super) done: bool,
    /// The provider reported an error.
    pub(super) failed: bool,
}

impl Shared {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            templates: Templates::new(options.templates),
            texts: Texts::default(),
            done: false,
            failed: false,
        }
    }

    /// What a frame means has changed by one that said nothing.
    pub(super) fn unlearn(&mut self) {
        self.templates.clear();
    }
}

/// The full parser of a dialect.
pub(super) trait Full {
    fn shared(&mut self) -> &mut Shared;

    /// Reads a payload that was not recognised.
    fn read<'a>(
        &mut self,
        frame: Frame<'_>,
        payload: Raw<'a>,
        trace: &mut Trace<'a>,
        out: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), ErrorKind>;

    /// A delta to this block was recognised.
    fn recognised(&mut self, block: Block, part: Part);
}

/// Reads one frame: recognises it, or has it read and learns from that.
#[inline]
pub(super) fn decode(
    protocol: &mut impl Full,
    frame: Frame<'_>,
    out: &mut dyn FnMut(Event<'_>),
) -> Result<(), ErrorKind> {
    let shared = protocol.shared();
    let Some(data) = frame.data else {
        let read_error_field = shared.options.read_error_field && !shared.done;
        no_payload(frame, read_error_field, &mut shared.failed, out);
        return Ok(());
    };
    if shared.failed || shared.done {
        out(Event::Warning("F-32"));
        return Ok(());
    }
    if let Some(hit) = shared.templates.find(frame.event, data) {
        shared
            .texts
            .push((hit.block, hit.part), hit.text, hit.plain, out);
        protocol.recognised(hit.block, hit.part);
        return Ok(());
    }
    let Some(payload) = payload(frame.event, data, shared, out)? else {
        return Ok(());
    };
    let mut events = 0;
    let mut trace = Trace::default();
    protocol.read(frame, payload, &mut trace, &mut |event| {
        events += u32::from(event != Event::Ping);
        out(event);
    })?;
    let templates = &mut protocol.shared().templates;
    match trace.hole {
        Some((block, part, text)) if events == 1 && !trace.contextual => {
            templates.learn(frame.event, data, text, block, part);
        }
        _ if events > 0 => templates.clear(),
        _ => {}
    }
    Ok(())
}

/// A payload as a JSON object. A scalar is skipped where the options permit (F-17b), but not where
/// the event's name says that it is an error (F-40).
fn payload<'a>(
    name: Option<&str>,
    data: &'a str,
    shared: &mut Shared,
    out: &mut dyn FnMut(Event<'_>),
) -> Result<Option<Raw<'a>>, ErrorKind> {
    if data.trim().is_empty() {
        // A router's ping (F-16).
        out(Event::Ping);
        return Ok(None);
    }
    let payload = Raw::parse(data)?;
    if payload.is_object() {
        return Ok(Some(payload));
    }
    if !shared.options.skip_scalar_payloads {
        return Err(ErrorKind::NotAnObject);
    }
    out(Event::Warning("F-17b"));
    if name == Some("error") {
        shared.failed = true;
        fail(payload, out);
    }
    Ok(None)
}

/// A frame without a payload: a comment, a bare ping, or an error under a name of its own (F-40).
fn no_payload(
    frame: Frame<'_>,
    read_error_field: bool,
    failed: &mut bool,
    out: &mut dyn FnMut(Event<'_>),
) {
    let error = frame.unknown().iter().find(|(name, _)| name == "error");
    match error {
        Some((_, value)) if read_error_field && !*failed => {
            *failed = true;
            out(Event::Warning("F-40"));
            match Raw::parse(value) {
                Ok(error) => fail(error, out),
                Err(_) => out(Event::Fail {
                    kind: "error",
                    message: value,
                }),
            }
        }
        _ => out(Event::Ping),
    }
}

pub(super) const NO_STRING: &str = "arguments are no string, expected JSON text in a string (F-19)";

/// Something the protocol does not permit: an error, or counted where an option permits it.
pub(super) fn odd(
    permitted: bool,
    what: &'static str,
    id: &'static str,
    out: &mut dyn FnMut(Event<'_>),
) -> Result<(), ErrorKind> {
    if !permitted {
        return Err(ErrorKind::Protocol(what));
    }
    out(Event::Warning(id));
    Ok(())
}

/// The provider's error: an object, or a string.
pub(super) fn fail(error: Raw<'_>, out: &mut dyn FnMut(Event<'_>)) {
    if let Some(message) = error.as_str().map(Str::decode) {
        return out(Event::Fail {
            kind: "error",
            message: &message,
        });
    }
    let [ty, code, message, detail] = error.fields(["type", "code", "message", "detail"]);
    let word = |raw: Option<Raw<'_>>| {
        raw.filter(|raw| !raw.is_null()).map(|raw| {
            raw.as_str()
                .map_or_else(|| raw.text().into(), |s| s.decode().into_owned())
        })
    };
    let kind: Option<String> = word(ty).or_else(|| word(code));
    let message = word(message).or_else(|| word(detail));
    out(Event::Fail {
        kind: kind.as_deref().unwrap_or("error"),
        message: message.as_deref().unwrap_or_else(|| error.text()),
    });
}

/// An error that the framing tells by itself (F-45): an exception whose payload is JSON, or a code
/// with a message. Behind the end it is none.
pub(super) fn exception(frame: Frame<'_>, shared: &mut Shared, out: &mut dyn FnMut(Event<'_>)) {
    if shared.failed || shared.done {
        return out(Event::Warning("F-32"));
    }
    shared.failed = true;
    let kind = frame.event.unwrap_or("error");
    let data = frame.data.unwrap_or_default();
    let payload = Raw::parse(data).ok();
    let [message, original] = payload.map_or([None; 2], |payload| {
        payload.fields(["message", "originalMessage"])
    });
    let message = message.or(original).and_then(Raw::as_str).map(Str::decode);
    let message = message.as_deref().unwrap_or(data);
    out(Event::Fail { kind, message });
}

/// An index as a number or as a string of digits (F-24).
pub(super) fn index(raw: Option<Raw<'_>>) -> Option<u64> {
    let raw = raw?;
    raw.as_u64().or_else(|| raw.as_str()?.raw().parse().ok())
}
