//! A small reply in each dialect: a text with a wide and an astral character, and where the dialect
//! has them reasoning and two calls, one of them without arguments. Authored from the documentation
//! of streaming.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wiretape_core::Dialect;
use wiretape_core::event_stream::{Message, Value, encode};

const MESSAGES: &str = include_str!("replies/anthropic.sse");
const CONVERSE: &str = include_str!("replies/bedrock-converse.events");

/// The reply in a dialect.
pub(super) fn body(dialect: Dialect) -> Vec<u8> {
    let text = match dialect {
        Dialect::OpenAiChat => include_str!("replies/openai-chat.sse"),
        Dialect::OpenAiResponses => include_str!("replies/openai-responses.sse"),
        Dialect::OpenAiCompletions => include_str!("replies/openai-completions.sse"),
        Dialect::Gemini => include_str!("replies/gemini.sse"),
        Dialect::Ollama => include_str!("replies/ollama.ndjson"),
        Dialect::Cohere => include_str!("replies/cohere.sse"),
        Dialect::BedrockConverse => {
            let events = CONVERSE.lines().filter_map(|line| line.split_once(' '));
            return messages(events.map(|(name, payload)| (name, payload.to_owned())));
        }
        Dialect::BedrockInvoke => {
            let payloads = MESSAGES
                .lines()
                .filter_map(|line| line.strip_prefix("data: "));
            let chunk = |payload| format!(r#"{{"bytes":"{}"}}"#, STANDARD.encode(payload));
            return messages(payloads.map(|payload: &str| ("chunk", chunk(payload))));
        }
        _ => MESSAGES,
    };
    text.as_bytes().to_vec()
}

/// Events as messages of an AWS event stream.
fn messages<'e>(events: impl Iterator<Item = (&'e str, String)>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, payload) in events {
        let headers = [
            (":event-type", Value::Text(name)),
            (":content-type", Value::Text("application/json")),
            (":message-type", Value::Text("event")),
        ];
        // The format's limits are far away.
        let _ = encode(&headers, payload.as_bytes(), &mut body);
    }
    body
}

/// What can be shown of a body in lines: its text, or what each of its messages says.
pub(super) fn lines(body: &[u8]) -> Vec<String> {
    if body.first() != Some(&0) {
        let text = String::from_utf8_lossy(body);
        let lines = text.split_inclusive('\n');
        let ended = |line: &str| line.strip_suffix('\n').unwrap_or(line).to_owned();
        return lines.map(ended).collect();
    }
    let mut lines = Vec::new();
    let mut rest = body;
    while let Ok(Some((message, length))) = Message::parse(rest) {
        lines.push(said(message));
        rest = rest.get(length..).unwrap_or(&[]);
    }
    if !rest.is_empty() {
        lines.push(format!("{} bytes that are no message", rest.len()));
    }
    lines
}

/// A message's headers, but for what its payload is, and its payload; of a chunk, what is inside.
fn said(message: Message<'_>) -> String {
    let mut line = String::new();
    for header in message.headers().filter_map(Result::ok) {
        if let (name, Value::Text(text)) = header {
            if !matches!(name, ":content-type" | ":message-type") {
                line += &format!("{}={text} ", name.trim_start_matches(':'));
            }
        }
    }
    let payload = String::from_utf8_lossy(message.payload());
    let inner = payload.split_once("\"bytes\":\"");
    let inner = inner.and_then(|(_, rest)| rest.split_once('"'));
    let inner: Option<Vec<u8>> = inner.and_then(|(text, _)| STANDARD.decode(text).ok());
    match inner {
        Some(inner) => line += &String::from_utf8_lossy(&inner),
        None => line += &payload,
    }
    line
}

#[cfg(test)]
mod tests {
    use wiretape_core::{Options, read};

    use super::*;

    #[test]
    fn every_reply_says_the_same() {
        for dialect in Dialect::ALL {
            let turn = read(dialect, Options::strict(), &body(dialect)).unwrap();
            assert_eq!(turn.text(), "Grüße 😀 from Bergen.", "{dialect}");
            let calls = turn.tool_calls().iter();
            let calls: Vec<String> = calls
                .map(|call| format!("{} {}", call.name, call.input))
                .collect();
            if dialect != Dialect::OpenAiCompletions {
                let two = ["get_weather {\"city\":\"Bergen\\n\"}", "now {}"];
                assert_eq!(calls, two, "{dialect}");
            }
        }
    }

    #[test]
    fn messages_are_lines() {
        let converse = body(Dialect::BedrockConverse);
        assert_eq!(
            lines(&converse)[0],
            "event-type=messageStart {\"role\":\"assistant\"}"
        );
        assert_eq!(lines(&converse).len(), CONVERSE.lines().count());
        let cut = lines(&converse[..converse.len() - 1]);
        assert!(cut.last().unwrap().ends_with("bytes that are no message"));
        let invoke = lines(&body(Dialect::BedrockInvoke));
        assert!(invoke[0].starts_with("event-type=chunk {\"type\":\"message_start\""));
    }
}
