//! The protocol of any dialect.

use alloc::boxed::Box;

use super::{
    Anthropic, BedrockConverse, BedrockInvoke, Cohere, Dialect, Evidence, Gemini, Ollama,
    OpenAiChat, OpenAiCompletions, OpenAiResponses, Options, Protocol,
};
use crate::{ErrorKind, Event, Frame, Limits};

/// The protocol of any dialect, by value: the two common ones are called without an indirection.
#[derive(Clone, Debug)]
pub(crate) enum Any {
    Anthropic(Anthropic),
    OpenAiChat(OpenAiChat),
    OpenAiResponses(Box<OpenAiResponses>),
    OpenAiCompletions(Box<OpenAiCompletions>),
    Gemini(Box<Gemini>),
    BedrockConverse(Box<BedrockConverse>),
    BedrockInvoke(Box<BedrockInvoke>),
    Ollama(Box<Ollama>),
    Cohere(Box<Cohere>),
}

impl Any {
    pub(crate) fn new(dialect: Dialect, options: Options, limits: Limits) -> Self {
        match dialect {
            Dialect::Anthropic => Self::Anthropic(Anthropic::new(options, limits)),
            Dialect::OpenAiChat => Self::OpenAiChat(OpenAiChat::new(options, limits)),
            Dialect::OpenAiResponses => {
                Self::OpenAiResponses(Box::new(OpenAiResponses::new(options, limits)))
            }
            Dialect::OpenAiCompletions => {
                Self::OpenAiCompletions(Box::new(OpenAiCompletions::new(options, limits)))
            }
            Dialect::Gemini => Self::Gemini(Box::new(Gemini::new(options, limits))),
            Dialect::BedrockConverse => {
                Self::BedrockConverse(Box::new(BedrockConverse::new(options, limits)))
            }
            Dialect::BedrockInvoke => {
                Self::BedrockInvoke(Box::new(BedrockInvoke::new(options, limits)))
            }
            Dialect::Ollama => Self::Ollama(Box::new(Ollama::new(options, limits))),
            Dialect::Cohere => Self::Cohere(Box::new(Cohere::new(options, limits))),
        }
    }
}

impl Protocol for Any {
    #[inline]
    fn decode(
        &mut self,
        frame: Frame<'_>,
        out: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), ErrorKind> {
        match self {
            Self::Anthropic(protocol) => protocol.decode(frame, out),
            Self::OpenAiChat(protocol) => protocol.decode(frame, out),
            Self::OpenAiResponses(protocol) => protocol.decode(frame, out),
            Self::OpenAiCompletions(protocol) => protocol.decode(frame, out),
            Self::Gemini(protocol) => protocol.decode(frame, out),
            Self::BedrockConverse(protocol) => protocol.decode(frame, out),
            Self::BedrockInvoke(protocol) => protocol.decode(frame, out),
            Self::Ollama(protocol) => protocol.decode(frame, out),
            Self::Cohere(protocol) => protocol.decode(frame, out),
        }
    }

    fn finish(&mut self, out: &mut dyn FnMut(Event<'_>)) -> Evidence {
        match self {
            Self::Anthropic(protocol) => protocol.finish(out),
            Self::OpenAiChat(protocol) => protocol.finish(out),
            Self::OpenAiResponses(protocol) => protocol.finish(out),
            Self::OpenAiCompletions(protocol) => protocol.finish(out),
            Self::Gemini(protocol) => protocol.finish(out),
            Self::BedrockConverse(protocol) => protocol.finish(out),
            Self::BedrockInvoke(protocol) => protocol.finish(out),
            Self::Ollama(protocol) => protocol.finish(out),
            Self::Cohere(protocol) => protocol.finish(out),
        }
    }
}
