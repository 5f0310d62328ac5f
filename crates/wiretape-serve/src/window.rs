//! A context window, kept as a provider keeps it: what is larger is refused, in the dialect's words.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};
use wiretape_core::Dialect;
use wiretape_core::budget::{self, TokenCounter};
use wiretape_core::conversation::Conversation;

use crate::answer::{Answer, error};
use crate::report::Report;

/// A model's context window, and how tokens are counted.
#[derive(Clone)]
pub struct ContextWindow {
    tokens: u64,
    count: Arc<dyn Fn(&Conversation) -> u64 + Send + Sync>,
}

/// A request that is larger than the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge {
    /// Tokens of the request.
    pub(crate) tokens: u64,
    /// Tokens it asks for at most.
    pub(crate) max_tokens: u64,
    pub(crate) window: u64,
}

impl ContextWindow {
    /// A window of so many tokens, as this counter counts them. Each request gets a clone of it.
    #[must_use]
    pub fn new(tokens: u64, counter: impl TokenCounter + Clone + Send + Sync + 'static) -> Self {
        let count =
            move |conversation: &Conversation| budget::count(conversation, &mut counter.clone());
        Self {
            tokens,
            count: Arc::new(count),
        }
    }

    /// Whether a request is larger. Only what asks for a reply is measured, and only what is a
    /// request of the dialect.
    pub(crate) fn measure(
        &self,
        dialect: Option<Dialect>,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Option<TooLarge> {
        if method != "POST" || !Conversation::asks(dialect?, path) {
            return None;
        }
        let body = std::str::from_utf8(body).ok()?;
        let conversation = Conversation::parse(dialect?, body).ok()?;
        let found = TooLarge {
            tokens: (self.count)(&conversation),
            max_tokens: conversation.max_tokens().unwrap_or(0),
            window: self.tokens,
        };
        (found.window < found.tokens.saturating_add(found.max_tokens)).then_some(found)
    }
}

impl fmt::Debug for ContextWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextWindow")
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl TooLarge {
    /// The words of real answers: <https://github.com/anthropics/claude-code/issues/12186>,
    /// <https://github.com/crewAIInc/crewAI-examples/issues/121>,
    /// <https://github.com/ruipeterpan/specreason/issues/4>,
    /// <https://github.com/google-gemini/gemini-cli/issues/6678>,
    /// <https://github.com/daisuke-awaji/moca/issues/254>,
    /// <https://github.com/cohere-ai/sandbox-topically/issues/4>. Those of Responses
    /// name no numbers. Ollama cuts what is too long and says nothing: its words here are ours.
    pub(crate) fn message(self, dialect: Dialect) -> String {
        let Self {
            tokens,
            max_tokens,
            window,
        } = self;
        let fits = tokens <= window;
        match dialect {
            Dialect::Anthropic | Dialect::BedrockInvoke if fits => format!(
                "input length and `max_tokens` exceed context limit: {tokens} + {max_tokens} > \
                 {window}, decrease input length or `max_tokens` and try again"
            ),
            Dialect::Anthropic | Dialect::BedrockInvoke => {
                format!("prompt is too long: {tokens} tokens > {window} maximum")
            }
            Dialect::BedrockConverse if fits => format!(
                "The model returned the following errors: input length and `max_tokens` exceed \
                 context limit: {tokens} + {max_tokens} > {window}, decrease input length or \
                 `max_tokens` and try again"
            ),
            Dialect::BedrockConverse => format!(
                "The model returned the following errors: prompt is too long: {tokens} tokens > \
                 {window} maximum"
            ),
            Dialect::OpenAiResponses => "Your input exceeds the context window of this model. \
                                         Please adjust your input and try again."
                .to_owned(),
            Dialect::Gemini => format!(
                "The input token count ({}) exceeds the maximum number of tokens allowed \
                 ({window}).",
                if fits { tokens + max_tokens } else { tokens }
            ),
            Dialect::Cohere => format!(
                "too many tokens: total number of tokens (prompt and prediction) cannot exceed \
                 {window} - received {}. Try using a shorter prompt or a smaller max_tokens value.",
                tokens + max_tokens
            ),
            Dialect::Ollama => format!(
                "the input length exceeds the context length: {} tokens, expected at most {window}",
                tokens + max_tokens
            ),
            _ if fits => format!(
                "This model's maximum context length is {window} tokens. However, you requested {} \
                 tokens ({tokens} in the messages, {max_tokens} in the completion). Please reduce \
                 the length of the messages or completion.",
                tokens + max_tokens
            ),
            _ => format!(
                "This model's maximum context length is {window} tokens. However, your messages \
                 resulted in {tokens} tokens. Please reduce the length of the messages."
            ),
        }
    }

    /// What is told of it.
    pub(crate) fn report(
        self,
        dialect: Dialect,
        prefix: String,
        number: usize,
        path: String,
    ) -> Report {
        Report::TooLarge {
            prefix,
            number,
            path,
            tokens: self.tokens,
            max_tokens: self.max_tokens,
            window: self.window,
            message: self.message(dialect),
        }
    }

    /// The answer, with status 400. The SDKs of Bedrock tell errors by a header.
    pub(crate) fn answer(self, dialect: Dialect) -> Answer {
        let answer = Answer::json(400, &self.body(dialect));
        match dialect {
            Dialect::BedrockConverse | Dialect::BedrockInvoke => {
                answer.header("x-amzn-errortype", "ValidationException".to_owned())
            }
            _ => answer,
        }
    }

    fn body(self, dialect: Dialect) -> Value {
        let message = self.message(dialect);
        let invalid = "invalid_request_error";
        match dialect {
            Dialect::OpenAiChat | Dialect::OpenAiResponses => {
                let input = match dialect {
                    Dialect::OpenAiChat => "messages",
                    _ => "input",
                };
                json!({"error": {
                    "message": message, "type": invalid, "param": input,
                    "code": "context_length_exceeded",
                }})
            }
            Dialect::Gemini => json!({"error": {
                "code": 400, "message": message, "status": "INVALID_ARGUMENT",
            }}),
            _ => error(Some(dialect), invalid, &message),
        }
    }
}
