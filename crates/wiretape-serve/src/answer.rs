//! Answers that are the server's own: refusals, misses, the control API's.

use serde_json::{Value, json};
use wiretape_core::Dialect;

use crate::reply::{Manner, push_cors, push_header, status_line};
use crate::request::Refusal;
use crate::session::{Miss, Turn};
use crate::sink::Response;

/// An answer that is sent at once.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    /// One line of JSON.
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: format!("{value}\n").into_bytes(),
        }
    }

    /// A platform's, as its sink says it.
    pub(crate) fn of_sink(response: Response) -> Self {
        Self {
            status: response.status,
            headers: response.headers,
            body: response.body.into_bytes(),
        }
    }

    /// An empty one.
    pub(crate) fn empty() -> Self {
        Self {
            status: 204,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// How long the body is.
    pub(crate) fn body_bytes(&self) -> u64 {
        self.body.len() as u64
    }

    /// Head and body.
    pub(crate) fn bytes(&self, manner: Manner) -> Vec<u8> {
        let mut out = status_line(self.status);
        for (name, value) in &self.headers {
            push_header(&mut out, name, value);
        }
        if self.status != 204 {
            push_header(&mut out, "content-length", &self.body.len().to_string());
        }
        if manner.cors {
            push_cors(&mut out);
        }
        if manner.close {
            push_header(&mut out, "connection", "close");
        }
        out.push_str("\r\n");
        let mut out = out.into_bytes();
        if !manner.head_only {
            out.extend_from_slice(&self.body);
        }
        out
    }
}

impl From<&Refusal> for Answer {
    fn from(refusal: &Refusal) -> Self {
        let answer = Self::json(refusal.status, &error(None, refusal.kind, &refusal.message));
        match refusal.status {
            405 => answer.header("allow", crate::head::METHODS.join(", ")),
            _ => answer,
        }
    }
}

/// An error in the shape of a dialect.
pub(crate) fn error(dialect: Option<Dialect>, kind: &str, message: &str) -> Value {
    match dialect {
        Some(Dialect::Anthropic) => {
            json!({"type": "error", "error": {"type": kind, "message": message}})
        }
        Some(Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::OpenAiCompletions) => {
            json!({"error": {"message": message, "type": kind, "param": null, "code": kind}})
        }
        Some(Dialect::Gemini) => json!({"error": {"message": message, "status": kind}}),
        Some(Dialect::Ollama) => json!({"error": message}),
        Some(Dialect::BedrockConverse | Dialect::BedrockInvoke | Dialect::Cohere) => {
            json!({"message": message})
        }
        _ => json!({"error": {"type": kind, "message": message}}),
    }
}

/// What a request gets that no exchange answers.
pub(crate) fn miss(dialect: Option<Dialect>, miss: &Miss, turns: &[Turn]) -> Answer {
    let mut message = format!("no recorded exchange answers this request: {}", miss.why);
    let nearest = miss
        .nearest
        .and_then(|nearest| turns.get(nearest)?.asked.as_ref());
    if let (Some(number), Some(asked)) = (miss.nearest, nearest) {
        message.push_str(&format!("; nearest is exchange {number}, {}", asked.name()));
    }
    if let Some(first) = miss.diff.first() {
        message.push_str(&format!("; {first}"));
    }
    let mut body = error(dialect, "wiretape_miss", &message);
    if let Value::Object(fields) = &mut body {
        let facts = json!({"why": miss.why, "nearest": miss.nearest, "diff": miss.diff});
        fields.insert("wiretape".to_owned(), facts);
    }
    Answer::json(404, &body)
}
