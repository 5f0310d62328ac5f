//! The whole path, from bytes to a finished message with its text and parsed calls.
//!
//! A peer is a framing with a JSON library: one flat struct for every payload, borrowed from the
//! payload where the library can, text and arguments gathered in strings, arguments parsed at the
//! end. It checks less than a [`wiretape_core::Reader`] does: no gate, no limits, no order.

use std::borrow::Cow;
use std::convert::Infallible;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use benches::{Buffer, Reply};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use wiretape_core::{Dialect, Reader};

/// What must agree with the reply: bytes of text, bytes of arguments, calls whose arguments parsed
/// to an object.
type Found = (usize, usize, usize);

/// Reads one reply in chunks of the given size.
pub(crate) type Pipeline = fn(&[u8], Dialect, usize) -> Found;

/// Ours first, then the one to beat.
pub(crate) const PIPELINES: [(&str, Pipeline); 4] = [
    ("wiretape", wiretape),
    ("sse-core + sonic-rs", sse_core_sonic),
    ("sse-core + serde_json", sse_core_serde),
    ("eventsource-stream + serde_json owned", eventsource_owned),
];

/// As for the framing alone.
pub(crate) fn is_too_slow(name: &str, chunk: usize) -> bool {
    name.starts_with("eventsource-stream") && chunk > 16 << 10
}

/// Reads every reply of the buffer and insists on what it says.
pub(crate) fn check(pipeline: Pipeline, buffer: &Buffer, chunk: usize) {
    for reply in &buffer.replies {
        let found = pipeline(&reply.body, buffer.dialect, chunk);
        assert_eq!(
            found,
            expected(reply),
            "bytes of text, bytes of arguments, calls"
        );
    }
}

fn expected(reply: &Reply) -> Found {
    let arguments = reply.arguments.iter().map(String::len).sum();
    (reply.text.len(), arguments, reply.arguments.len())
}

fn wiretape(body: &[u8], dialect: Dialect, chunk: usize) -> Found {
    let mut reader = Reader::new(dialect);
    for chunk in body.chunks(chunk) {
        reader
            .feed(chunk, &mut |_| {})
            .expect("a well-formed reply");
    }
    let turn = black_box(reader.finish().expect("a complete reply"));
    let text = turn
        .reply()
        .choices
        .iter()
        .flat_map(|choice| &choice.contents);
    let text = text.filter(|content| content.kind == wiretape_core::event::Kind::Text);
    let calls = turn.tool_calls();
    (
        text.map(|content| content.text.len()).sum(),
        calls.iter().map(|call| call.arguments.len()).sum(),
        calls.iter().filter(|call| call.input.is_object()).count(),
    )
}

/// A message as a client gathers it.
#[derive(Default)]
struct Message {
    id: String,
    model: String,
    text: String,
    /// Place, id, name, arguments.
    calls: Vec<(usize, String, String, String)>,
    stop: Option<String>,
    output_tokens: Option<u64>,
    done: bool,
}

impl Message {
    fn call(&mut self, index: usize) -> &mut (usize, String, String, String) {
        let at = self.calls.iter().position(|call| call.0 == index);
        let at = at.unwrap_or_else(|| {
            self.calls
                .push((index, String::new(), String::new(), String::new()));
            self.calls.len() - 1
        });
        self.calls.get_mut(at).expect("it was found or pushed")
    }

    fn finish(self, is_object: impl Fn(&str) -> bool) -> Found {
        assert!(self.done && self.stop.is_some(), "a complete reply");
        let message = black_box(self);
        let arguments = || message.calls.iter().map(|call| call.3.as_str());
        (
            message.text.len(),
            arguments().map(str::len).sum(),
            arguments().filter(|arguments| is_object(arguments)).count(),
        )
    }
}

/// Borrowed unless it has escapes: `Cow` alone is never borrowed inside an `Option`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Lent<'a>(#[serde(borrow)] Cow<'a, str>);

impl AsRef<str> for Lent<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Every payload of the Messages API, flat.
#[derive(Deserialize)]
struct Anthropic<S> {
    #[serde(rename = "type")]
    kind: S,
    index: Option<usize>,
    delta: Option<AnthropicDelta<S>>,
    content_block: Option<AnthropicBlock<S>>,
    message: Option<AnthropicMessage<S>>,
    usage: Option<AnthropicUsage>,
}

#[derive(Deserialize)]
struct AnthropicDelta<S> {
    text: Option<S>,
    partial_json: Option<S>,
    stop_reason: Option<S>,
}

#[derive(Deserialize)]
struct AnthropicBlock<S> {
    id: Option<S>,
    name: Option<S>,
}

#[derive(Deserialize)]
struct AnthropicMessage<S> {
    id: S,
    model: S,
}

#[derive(Deserialize)]
struct AnthropicUsage {
    output_tokens: Option<u64>,
}

impl<S: AsRef<str>> Anthropic<S> {
    fn add(self, message: &mut Message) {
        match self.kind.as_ref() {
            "content_block_delta" => {
                let (Some(index), Some(delta)) = (self.index, self.delta) else {
                    return;
                };
                if let Some(text) = delta.text {
                    message.text += text.as_ref();
                } else if let Some(part) = delta.partial_json {
                    message.call(index).3 += part.as_ref();
                }
            }
            "content_block_start" => {
                let (Some(index), Some(block)) = (self.index, self.content_block) else {
                    return;
                };
                if let (Some(id), Some(name)) = (block.id, block.name) {
                    let call = message.call(index);
                    call.1 += id.as_ref();
                    call.2 += name.as_ref();
                }
            }
            "message_start" => {
                if let Some(start) = self.message {
                    message.id += start.id.as_ref();
                    message.model += start.model.as_ref();
                }
            }
            "message_delta" => {
                message.stop = self
                    .delta
                    .and_then(|delta| delta.stop_reason)
                    .map(|reason| reason.as_ref().to_owned());
                message.output_tokens = self.usage.and_then(|usage| usage.output_tokens);
            }
            "message_stop" => message.done = true,
            _ => {}
        }
    }
}

/// A chunk of Chat Completions, flat.
#[derive(Deserialize)]
struct Chat<S> {
    id: S,
    model: S,
    choices: Vec<ChatChoice<S>>,
    usage: Option<ChatUsage>,
}

#[derive(Deserialize)]
struct ChatChoice<S> {
    delta: ChatDelta<S>,
    finish_reason: Option<S>,
}

#[derive(Deserialize)]
struct ChatDelta<S> {
    content: Option<S>,
    tool_calls: Option<Vec<ChatCall<S>>>,
}

#[derive(Deserialize)]
struct ChatCall<S> {
    index: usize,
    id: Option<S>,
    function: Option<ChatFunction<S>>,
}

#[derive(Deserialize)]
struct ChatFunction<S> {
    name: Option<S>,
    arguments: Option<S>,
}

#[derive(Deserialize)]
struct ChatUsage {
    completion_tokens: u64,
}

impl<S: AsRef<str>> Chat<S> {
    fn add(self, message: &mut Message) {
        if message.id.is_empty() {
            message.id += self.id.as_ref();
            message.model += self.model.as_ref();
        }
        for choice in self.choices {
            if let Some(content) = choice.delta.content {
                message.text += content.as_ref();
            }
            for part in choice.delta.tool_calls.into_iter().flatten() {
                let call = message.call(part.index);
                if let Some(id) = part.id {
                    call.1 += id.as_ref();
                }
                if let Some(function) = part.function {
                    call.2 += function.name.as_ref().map_or("", AsRef::as_ref);
                    call.3 += function.arguments.as_ref().map_or("", AsRef::as_ref);
                }
            }
            if let Some(reason) = choice.finish_reason {
                message.stop = Some(reason.as_ref().to_owned());
            }
        }
        if let Some(usage) = self.usage {
            message.output_tokens = Some(usage.completion_tokens);
        }
    }
}

fn sse_core_sonic(body: &[u8], dialect: Dialect, chunk: usize) -> Found {
    let message = match dialect {
        Dialect::Anthropic => sse_core(body, chunk, |data, message| {
            let payload: Anthropic<Lent<'_>> = sonic_rs::from_str(data).expect("a payload");
            payload.add(message);
        }),
        _ => sse_core(body, chunk, |data, message| {
            let payload: Chat<Lent<'_>> = sonic_rs::from_str(data).expect("a payload");
            payload.add(message);
        }),
    };
    message.finish(|arguments| {
        let value: sonic_rs::Value = sonic_rs::from_str(arguments).expect("arguments");
        sonic_rs::JsonValueTrait::is_object(&black_box(value))
    })
}

fn sse_core_serde(body: &[u8], dialect: Dialect, chunk: usize) -> Found {
    let message = match dialect {
        Dialect::Anthropic => sse_core(body, chunk, |data, message| {
            let payload: Anthropic<Lent<'_>> = serde_json::from_str(data).expect("a payload");
            payload.add(message);
        }),
        _ => sse_core(body, chunk, |data, message| {
            let payload: Chat<Lent<'_>> = serde_json::from_str(data).expect("a payload");
            payload.add(message);
        }),
    };
    message.finish(is_object)
}

fn eventsource_owned(body: &[u8], dialect: Dialect, chunk: usize) -> Found {
    let message = match dialect {
        Dialect::Anthropic => eventsource(body, chunk, |data, message| {
            let payload: Anthropic<String> = serde_json::from_str(data).expect("a payload");
            payload.add(message);
        }),
        _ => eventsource(body, chunk, |data, message| {
            let payload: Chat<String> = serde_json::from_str(data).expect("a payload");
            payload.add(message);
        }),
    };
    message.finish(is_object)
}

fn is_object(arguments: &str) -> bool {
    let value: serde_json::Value = serde_json::from_str(arguments).expect("arguments");
    black_box(value).is_object()
}

#[inline(always)]
fn sse_core(body: &[u8], chunk: usize, mut add: impl FnMut(&str, &mut Message)) -> Message {
    let mut decoder = sse_core::SseDecoder::new();
    let mut message = Message::default();
    for mut input in body.chunks(chunk) {
        while let Some(event) = decoder.next(&mut input) {
            let event = event.expect("a payload below the limit");
            if let sse_core::SseEvent::Message(event) = event {
                payload(&event.data, &mut message, &mut add);
            }
        }
    }
    message
}

#[inline(always)]
fn eventsource(body: &[u8], chunk: usize, mut add: impl FnMut(&str, &mut Message)) -> Message {
    let chunks = body.chunks(chunk).map(Ok::<_, Infallible>);
    let mut events = eventsource_stream::EventStream::new(stream::iter(chunks));
    let mut cx = Context::from_waker(Waker::noop());
    let mut message = Message::default();
    while let Poll::Ready(Some(event)) = Pin::new(&mut events).poll_next(&mut cx) {
        let event = event.expect("a well-formed stream");
        payload(&event.data, &mut message, &mut add);
    }
    message
}

#[inline(always)]
fn payload(data: &str, message: &mut Message, add: &mut impl FnMut(&str, &mut Message)) {
    if data == "[DONE]" {
        message.done = true;
    } else {
        add(data, message);
    }
}
