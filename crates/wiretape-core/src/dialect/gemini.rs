//! Gemini `streamGenerateContent`: <https://ai.google.dev/api/generate-content>, of AI Studio and of
//! Vertex, as an event stream and as one JSON array.
//!
//! Each payload is a piece of a whole response; none is the last by itself. The stream has ended well
//! when each candidate has said why it stopped, nothing came behind that, and the body was not cut.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::partial::Arguments;
use super::parts::{Blocks, New, Run};
use super::shared::{self, Full, Shared};
use super::text::Trace;
use super::{Evidence, Options, Protocol};
use crate::event::{Block, Kind, Part, Usage};
use crate::json::{Raw, Str};
use crate::{ErrorKind, Event, Frame, Limits};

type Out<'o> = &'o mut dyn FnMut(Event<'_>);

/// The state of one Gemini stream.
#[derive(Clone, Debug)]
pub struct Gemini {
    shared: Shared,
    blocks: Blocks,
    candidates: Vec<Candidate>,
    /// Bytes that partial arguments may still have.
    left: usize,
    id: Option<String>,
    model: bool,
    /// The prompt was refused: there is no answer.
    blocked: bool,
}

/// One candidate answer.
#[derive(Clone, Debug, Default)]
struct Candidate {
    run: Run,
    ever_stopped: bool,
    /// A call whose arguments arrive in pieces.
    partial: Option<(Block, Arguments)>,
}

impl Gemini {
    /// At the start of a stream.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            blocks: Blocks::new(limits.blocks_max),
            candidates: Vec::new(),
            left: limits.message_bytes_max,
            id: None,
            model: false,
            blocked: false,
        }
    }

    /// The first id and the first model.
    fn begin(&mut self, id: Option<Raw<'_>>, model: Option<Raw<'_>>, out: Out<'_>) {
        let (id, model) = (string(id), string(model));
        let new_id = self.id.is_none() && !id.is_empty();
        let new_model = !self.model && !model.is_empty();
        if new_id || new_model {
            out(Event::Begin {
                id: new_id.then_some(id.as_ref()),
                model: new_model.then_some(model.as_ref()),
            });
        }
        if new_id {
            self.id = Some(id.into_owned());
        }
        self.model |= new_model;
    }

    fn candidate<'a>(
        &mut self,
        candidate: Raw<'a>,
        place: u64,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [index, content, finish, citations, grounding] = candidate.fields([
            "index",
            "content",
            "finishReason",
            "citationMetadata",
            "groundingMetadata",
        ]);
        let index = shared::index(index).unwrap_or(place);
        let Ok(index) = u32::try_from(index) else {
            return Err(ErrorKind::Protocol(
                "a candidate's index is over 2^32 (F-73)",
            ));
        };
        let at = self.candidate_at(index)?;
        let Self {
            candidates,
            shared,
            blocks,
            left,
            id,
            ..
        } = self;
        let Some(state) = candidates.get_mut(at) else {
            return Ok(());
        };
        let mut reading = Reading {
            state,
            shared,
            blocks,
            left,
            reply: id.as_deref().unwrap_or_default(),
            trace,
            out,
        };
        let parts = content.and_then(|content| content.field("parts"));
        for part in parts.into_iter().flat_map(Raw::elements) {
            reading.part(part)?;
        }
        let cited = citations
            .into_iter()
            .flat_map(Raw::members)
            .flat_map(|(_, list)| list.elements());
        for citation in cited {
            let block = reading
                .blocks
                .run(&mut reading.state.run, Kind::Text, reading.out)?;
            reading.send(block, Part::Citation, citation.text());
        }
        if let Some(grounding) = grounding.filter(|grounding| grounding.is_object()) {
            let (name, raw) = ("groundingMetadata", grounding.text());
            (reading.out)(Event::Other { name, raw });
        }
        reading.finish(finish, candidate)
    }

    fn candidate_at(&mut self, index: u32) -> Result<usize, ErrorKind> {
        const CANDIDATES_MAX: usize = 128;
        let found = |candidate: &Candidate| candidate.run.choice == index;
        if let Some(at) = self.candidates.iter().position(found) {
            return Ok(at);
        }
        if self.candidates.len() == CANDIDATES_MAX {
            return Err(ErrorKind::Protocol("more than 128 candidates (F-73)"));
        }
        self.candidates.push(Candidate {
            run: Run::of(index),
            ..Candidate::default()
        });
        Ok(self.candidates.len() - 1)
    }

    /// The prompt was refused (F-53).
    fn feedback(&mut self, feedback: Raw<'_>, out: Out<'_>) {
        let Some(sent) = feedback.field("blockReason").filter(|raw| !raw.is_null()) else {
            return;
        };
        let reason = sent
            .as_str()
            .map_or_else(|| Cow::Borrowed(sent.text()), Str::decode);
        if !reason.is_empty() {
            self.blocked = true;
            out(Event::End {
                choice: 0,
                reason: &reason,
                raw: feedback.text(),
            });
        }
    }
}

/// One piece of one candidate.
struct Reading<'s, 't, 'a, 'o, 'e> {
    state: &'s mut Candidate,
    shared: &'s mut Shared,
    blocks: &'s mut Blocks,
    left: &'s mut usize,
    /// What tells this reply from others.
    reply: &'s str,
    trace: &'t mut Trace<'a>,
    out: &'o mut (dyn FnMut(Event<'_>) + 'e),
}

impl<'a> Reading<'_, '_, 'a, '_, '_> {
    fn part(&mut self, part: Raw<'a>) -> Result<(), ErrorKind> {
        let [text, thought, signature, call, code, server] = part.fields([
            "text",
            "thought",
            "thoughtSignature",
            "functionCall",
            "executableCode",
            "toolCall",
        ]);
        let signature = string(signature);
        if let Some(call) = call.filter(|call| call.is_object()) {
            let block = self.call(call)?;
            if let Some(block) = block.filter(|_| !signature.is_empty()) {
                self.send(block, Part::Signature, &signature);
            }
            return Ok(());
        }
        let block = if let Some(code) = code {
            self.code(code)?
        } else if let Some(server) = server {
            self.server(server)?
        } else if text.is_some() || !signature.is_empty() && part.members().count() <= 2 {
            let thinks = thought.is_some_and(|thought| thought.text() == "true");
            let kind = if thinks { Kind::Reasoning } else { Kind::Text };
            return self.text(kind, text, &signature);
        } else {
            match self.other(part)? {
                Some(block) => block,
                None => return Ok(()),
            }
        };
        if !signature.is_empty() {
            self.send(block, Part::Signature, &signature);
        }
        Ok(())
    }

    /// A part with a signature has to be sent back as the part it was (F-52): it is a block of its
    /// own, also where its text is empty.
    fn text(
        &mut self,
        kind: Kind,
        text: Option<Raw<'a>>,
        signature: &str,
    ) -> Result<(), ErrorKind> {
        if !signature.is_empty() {
            self.state.run.end();
            let block = self.blocks.run(&mut self.state.run, kind, self.out)?;
            self.send(block, Part::Signature, signature);
        }
        let with = (&mut self.shared.texts, &mut *self.trace);
        self.blocks
            .text(&mut self.state.run, kind, text, with, self.out)?;
        if !signature.is_empty() {
            self.state.run.end();
        }
        Ok(())
    }

    /// Code that the provider runs.
    fn code(&mut self, code: Raw<'a>) -> Result<Block, ErrorKind> {
        let block = self.open(&New {
            id: &string(code.field("id")),
            name: "code_execution",
            ..New::of(Kind::ServerTool)
        })?;
        let mut input = String::from("{");
        for (name, value) in code.members().filter(|(name, _)| !name.is("id")) {
            let comma = if input.len() > 1 { "," } else { "" };
            input.extend([comma, "\"", name.raw(), "\":", value.text()]);
        }
        input.push('}');
        self.send(block, Part::Arguments, &input);
        Ok(block)
    }

    /// A call that the provider runs.
    fn server(&mut self, call: Raw<'a>) -> Result<Block, ErrorKind> {
        let [id, ty, args] = call.fields(["id", "toolType", "args"]);
        let block = self.open(&New {
            id: &string(id),
            name: &string(ty),
            ..New::of(Kind::ServerTool)
        })?;
        if let Some(args) = args.filter(|args| !args.is_null()) {
            self.send(block, Part::Arguments, args.text());
        }
        Ok(block)
    }

    /// A part that is kept as it is: what a call of the provider's gave, a file, what this version
    /// does not know.
    fn other(&mut self, part: Raw<'a>) -> Result<Option<Block>, ErrorKind> {
        let [result, response] = part.fields(["codeExecutionResult", "toolResponse"]);
        if let Some(result) = result.or(response) {
            let id = string(result.field("id"));
            let new = New {
                id: &id,
                raw: part.text(),
                ..New::of(Kind::ServerResult)
            };
            return self.open(&new).map(Some);
        }
        let Some((name, _)) = part.members().next() else {
            return Ok(None);
        };
        let name = name.decode();
        if !matches!(name.as_ref(), "inlineData" | "fileData") {
            (self.out)(Event::Warning("F-56"));
        }
        let new = New {
            name: &name,
            raw: part.text(),
            ..New::of(Kind::Unknown)
        };
        self.open(&new).map(Some)
    }

    /// A call: whole, or a piece of one whose arguments are streamed (F-54).
    fn call(&mut self, call: Raw<'a>) -> Result<Option<Block>, ErrorKind> {
        let [id, name, args, pieces, more] =
            call.fields(["id", "name", "args", "partialArgs", "willContinue"]);
        let more = more.is_some_and(|more| more.text() == "true");
        let (id, name) = (string(id), string(name));
        if !name.is_empty() {
            self.end_partial(false)?;
            return self.open_call(&id, &name, args, pieces, more).map(Some);
        }
        let Some((block, arguments)) = &mut self.state.partial else {
            let stray = id.is_empty() && args.is_none() && pieces.is_none() && !more;
            if !stray {
                return self.nameless(&id, args, pieces).map(Some);
            }
            (self.out)(Event::Warning("F-54"));
            return Ok(None);
        };
        let block = *block;
        if args.is_some() {
            return Err(ErrorKind::Protocol(
                "args behind partialArgs of the same call (F-54)",
            ));
        }
        for piece in pieces.into_iter().flat_map(Raw::elements) {
            arguments.add(piece, self.left)?;
        }
        self.state.run.goes_on(self.out);
        if !more {
            self.end_partial(true)?;
        }
        Ok(Some(block))
    }

    /// A call that has no name is never run, and never dropped.
    fn nameless(
        &mut self,
        id: &str,
        args: Option<Raw<'a>>,
        pieces: Option<Raw<'a>>,
    ) -> Result<Block, ErrorKind> {
        if pieces.is_some() {
            return Err(ErrorKind::Protocol(
                "partialArgs of no call, expected a name before them (F-54)",
            ));
        }
        self.open_call(id, "", args, None, false)
    }

    fn open_call(
        &mut self,
        id: &str,
        name: &str,
        args: Option<Raw<'a>>,
        pieces: Option<Raw<'a>>,
        more: bool,
    ) -> Result<Block, ErrorKind> {
        let mut id = Cow::Borrowed(id);
        if id.is_empty() {
            id = Cow::Owned(self.blocks.made_id(self.reply, name));
        }
        self.blocks.calls += 1;
        let streamed = more || pieces.is_some();
        let block = self.open(&New {
            id: &id,
            name,
            closes: streamed,
            ..New::of(Kind::Tool)
        })?;
        let args = args.filter(|args| !args.is_null());
        if streamed {
            if args.is_some_and(|args| args.members().next().is_some()) {
                return Err(ErrorKind::Protocol(
                    "args beside partialArgs of the same call (F-54)",
                ));
            }
            let mut arguments = Arguments::default();
            for piece in pieces.into_iter().flat_map(Raw::elements) {
                arguments.add(piece, self.left)?;
            }
            self.state.partial = Some((block, arguments));
            if !more {
                self.end_partial(true)?;
            }
        } else if let Some(args) = args {
            self.send(block, Part::Arguments, args.text());
        }
        Ok(block)
    }

    /// The streamed call ends, by its own last piece or by what came instead of it. One that
    /// announced more of a string and does not say that it has ended is left open.
    fn end_partial(&mut self, said: bool) -> Result<(), ErrorKind> {
        let Some((block, arguments)) = self.state.partial.take() else {
            return Ok(());
        };
        if !said || arguments.is_open() {
            let permitted = self.shared.options.tolerate_lifecycle;
            shared::odd(permitted, NO_LAST, "F-54", self.out)?;
        }
        let whole = said || !arguments.is_open();
        self.send(block, Part::Arguments, &arguments.written(whole));
        if whole {
            (self.out)(Event::Close { block });
        }
        Ok(())
    }

    fn finish(&mut self, finish: Option<Raw<'a>>, candidate: Raw<'a>) -> Result<(), ErrorKind> {
        let reason = reason(finish);
        if reason.is_empty() {
            return Ok(());
        }
        self.end_partial(false)?;
        if self.state.run.stopped {
            (self.out)(Event::Warning("F-32"));
        }
        self.state.run.stopped = true;
        self.state.ever_stopped = true;
        (self.out)(Event::End {
            choice: self.state.run.choice,
            reason: &reason,
            raw: candidate.text(),
        });
        Ok(())
    }

    fn open(&mut self, new: &New<'_>) -> Result<Block, ErrorKind> {
        self.blocks.open(&mut self.state.run, new, self.out)
    }

    fn send(&mut self, block: Block, part: Part, text: &str) {
        self.state.run.goes_on(self.out);
        if !text.is_empty() {
            (self.out)(Event::Delta { block, part, text });
        }
    }
}

const NO_LAST: &str = "a streamed call without its last piece (F-54)";

impl Gemini {
    fn payload<'a>(
        &mut self,
        payload: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let [id, model, candidates, feedback, usage, error] = payload.fields([
            "responseId",
            "modelVersion",
            "candidates",
            "promptFeedback",
            "usageMetadata",
            "error",
        ]);
        self.begin(id, model, out);
        for (candidate, place) in candidates.into_iter().flat_map(Raw::elements).zip(0..) {
            self.candidate(candidate, place, trace, out)?;
        }
        if let Some(feedback) = feedback {
            self.feedback(feedback, out);
        }
        if let Some(usage) = usage {
            send_usage(usage, out);
        }
        if let Some(error) = error.filter(|error| !error.is_null()) {
            self.shared.failed = true;
            fail(error, out);
        } else if candidates.is_none() && feedback.is_none() && usage.is_none() {
            let (name, raw) = ("chunk without candidates", payload.text());
            out(Event::Warning("F-56"));
            out(Event::Other { name, raw });
        }
        Ok(())
    }
}

impl Full for Gemini {
    fn shared(&mut self) -> &mut Shared {
        &mut self.shared
    }

    fn read<'a>(
        &mut self,
        _frame: Frame<'_>,
        payload: Raw<'a>,
        trace: &mut Trace<'a>,
        out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        self.payload(payload, trace, out)
    }

    fn recognised(&mut self, _block: Block, _part: Part) {}
}

impl Protocol for Gemini {
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        let data = frame.data.unwrap_or_default();
        if !data.trim_start().starts_with('[') || self.shared.failed {
            return shared::decode(self, frame, out);
        }
        // An error in an array of its own (F-40).
        for payload in Raw::parse(data)?.elements() {
            let data = Some(payload.text());
            shared::decode(self, Frame { data, ..frame }, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, out: Out<'_>) -> Evidence {
        self.shared.texts.flush(None, out);
        for candidate in &mut self.candidates {
            if let Some((block, arguments)) = candidate.partial.take() {
                let text = &arguments.written(false);
                let part = Part::Arguments;
                out(Event::Delta { block, part, text });
            }
        }
        let candidates = &self.candidates;
        let stopped = |candidate: &Candidate| candidate.run.stopped;
        if self.blocked || (!candidates.is_empty() && candidates.iter().all(stopped)) {
            Evidence::Strong
        } else if candidates.iter().any(|candidate| candidate.ever_stopped) {
            Evidence::Weak
        } else {
            Evidence::None
        }
    }
}

/// A reason for stopping, by name or, where the request asked for numbers, by its number. The four
/// that have the same number on AI Studio and on Vertex get their name.
fn reason(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    let Some(raw) = raw.filter(|raw| !raw.is_null()) else {
        return Cow::default();
    };
    let reason = match raw.text() {
        "0" => "",
        "1" => "STOP",
        "2" => "MAX_TOKENS",
        "3" => "SAFETY",
        "4" => "RECITATION",
        other => {
            return raw
                .as_str()
                .map_or_else(|| Cow::Borrowed(other), Str::decode);
        }
    };
    Cow::Borrowed(reason)
}

/// An error of Google's: its status is its kind.
fn fail(error: Raw<'_>, out: Out<'_>) {
    let [status, message] = error.fields(["status", "message"]);
    let (status, message) = (string(status), string(message));
    if status.is_empty() || message.is_empty() {
        return shared::fail(error, out);
    }
    out(Event::Fail {
        kind: &status,
        message: &message,
    });
}

fn string(raw: Option<Raw<'_>>) -> Cow<'_, str> {
    raw.and_then(Raw::as_str)
        .map(Str::decode)
        .unwrap_or_default()
}

fn send_usage(usage: Raw<'_>, out: Out<'_>) {
    let [input, output, thoughts, cached] = usage.fields([
        "promptTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "cachedContentTokenCount",
    ]);
    let number = |raw: Option<Raw<'_>>| raw.and_then(Raw::as_u64);
    // Thoughts are counted beside the answer.
    let output = match (number(output), number(thoughts)) {
        (Some(output), Some(thoughts)) => Some(output.saturating_add(thoughts)),
        (output, thoughts) => output.or(thoughts),
    };
    let usage = Usage {
        input: number(input),
        output,
        cache_read: number(cached),
        cache_write: None,
    };
    if usage != Usage::default() {
        out(Event::Usage(usage));
    }
}
