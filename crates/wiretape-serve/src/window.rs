//! A context window, kept as a provider keeps it: what is larger is refused, in the dialect's words.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};
use wiretape_core::Dialect;
use wiretape_core::budget::{self, TokenCounter};
use wiretape_core::conversation::Conversation;
use wiretape_core::json::Raw;

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
        let path = path.split('?').next().unwrap_or_default();
        let asks = match dialect? {
            Dialect::Anthropic => path.ends_with("/messages"),
            _ => path.ends_with("/chat/completions"),
        };
        if !asks || method != "POST" {
            return None;
        }
        let body = std::str::from_utf8(body).ok()?;
        let conversation = Conversation::parse(dialect?, body).ok()?;
        let asked = ["max_completion_tokens", "max_tokens"].into_iter();
        let mut asked = asked.filter_map(|name| conversation.head(name).and_then(Raw::as_u64));
        let found = TooLarge {
            tokens: (self.count)(&conversation),
            max_tokens: asked.next().unwrap_or(0),
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
    /// <https://github.com/ruipeterpan/specreason/issues/4>.
    pub(crate) fn message(self, dialect: Dialect) -> String {
        let Self {
            tokens,
            max_tokens,
            window,
        } = self;
        let prompt_fits = tokens <= window;
        match dialect {
            Dialect::Anthropic if prompt_fits => format!(
                "input length and `max_tokens` exceed context limit: {tokens} + {max_tokens} > \
                 {window}, decrease input length or `max_tokens` and try again"
            ),
            Dialect::Anthropic => {
                format!("prompt is too long: {tokens} tokens > {window} maximum")
            }
            _ if prompt_fits => format!(
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

    /// The body of the answer, which has status 400.
    pub(crate) fn body(self, dialect: Dialect) -> Value {
        let message = self.message(dialect);
        match dialect {
            Dialect::Anthropic => json!({
                "type": "error",
                "error": {"type": "invalid_request_error", "message": message},
            }),
            _ => json!({"error": {
                "message": message, "type": "invalid_request_error", "param": "messages",
                "code": "context_length_exceeded",
            }}),
        }
    }
}
