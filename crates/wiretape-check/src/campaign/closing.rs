//! The exchange that answers the results of a tape's last calls, where the tape has none.
//!
//! Without it a client that runs the calls would ask for a reply that nobody recorded, and its
//! account of them could not be seen.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wiretape_core::dialect::Framing;
use wiretape_core::event_stream::{Value, encode};
use wiretape_core::{Dialect, Options, Transcript, read};
use wiretape_tape::{Chunk, End, EndKind, Exchange, Response};

/// <https://platform.claude.com/docs/en/build-with-claude/streaming>
const ANTHROPIC: &str = concat!(
    "event: message_start\n",
    r#"data: {"type":"message_start","message":{"id":"msg_wiretape_closing","type":"message","role":"assistant","model":"wiretape","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}"#,
    "\n\nevent: content_block_start\n",
    r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
    "\n\nevent: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Done."}}"#,
    "\n\nevent: content_block_stop\n",
    r#"data: {"type":"content_block_stop","index":0}"#,
    "\n\nevent: message_delta\n",
    r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}"#,
    "\n\nevent: message_stop\n",
    r#"data: {"type":"message_stop"}"#,
    "\n\n",
);

/// <https://platform.openai.com/docs/api-reference/chat-streaming>
const OPENAI_CHAT: &str = concat!(
    r#"data: {"id":"chatcmpl-wiretape-closing","object":"chat.completion.chunk","created":1760000000,"model":"wiretape","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"id":"chatcmpl-wiretape-closing","object":"chat.completion.chunk","created":1760000000,"model":"wiretape","choices":[{"index":0,"delta":{"content":"Done."},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"id":"chatcmpl-wiretape-closing","object":"chat.completion.chunk","created":1760000000,"model":"wiretape","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\ndata: [DONE]\n\n",
);

/// <https://platform.openai.com/docs/api-reference/responses-streaming>
const OPENAI_RESPONSES: &str = concat!(
    "event: response.created\n",
    r#"data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_wiretape_closing","object":"response","created_at":1760000000,"status":"in_progress","error":null,"incomplete_details":null,"instructions":null,"metadata":{},"model":"wiretape","output":[],"parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"usage":null}}"#,
    "\n\nevent: response.output_item.added\n",
    r#"data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_wiretape_closing","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
    "\n\nevent: response.content_part.added\n",
    r#"data: {"type":"response.content_part.added","sequence_number":2,"item_id":"msg_wiretape_closing","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#,
    "\n\nevent: response.output_text.delta\n",
    r#"data: {"type":"response.output_text.delta","sequence_number":3,"item_id":"msg_wiretape_closing","output_index":0,"content_index":0,"delta":"Done.","logprobs":[]}"#,
    "\n\nevent: response.output_text.done\n",
    r#"data: {"type":"response.output_text.done","sequence_number":4,"item_id":"msg_wiretape_closing","output_index":0,"content_index":0,"text":"Done.","logprobs":[]}"#,
    "\n\nevent: response.content_part.done\n",
    r#"data: {"type":"response.content_part.done","sequence_number":5,"item_id":"msg_wiretape_closing","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Done.","annotations":[]}}"#,
    "\n\nevent: response.output_item.done\n",
    r#"data: {"type":"response.output_item.done","sequence_number":6,"output_index":0,"item":{"id":"msg_wiretape_closing","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Done.","annotations":[]}]}}"#,
    "\n\nevent: response.completed\n",
    r#"data: {"type":"response.completed","sequence_number":7,"response":{"id":"resp_wiretape_closing","object":"response","created_at":1760000000,"status":"completed","error":null,"incomplete_details":null,"instructions":null,"metadata":{},"model":"wiretape","output":[{"id":"msg_wiretape_closing","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Done.","annotations":[]}]}],"parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":3}}}"#,
    "\n\n",
);

/// <https://ai.google.dev/api/generate-content>
const GEMINI: &str = r#"{"candidates":[{"content":{"parts":[{"text":"Done."}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3},"modelVersion":"wiretape","responseId":"wiretape-closing"}"#;

/// <https://docs.ollama.com/api/streaming>
const OLLAMA: &str = concat!(
    r#"{"model":"wiretape","created_at":"2025-10-09T08:00:00Z","message":{"role":"assistant","content":"Done."},"done":false}"#,
    "\n",
    r#"{"model":"wiretape","created_at":"2025-10-09T08:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1,"load_duration":1,"prompt_eval_count":1,"prompt_eval_duration":1,"eval_count":2,"eval_duration":1}"#,
    "\n",
);

/// <https://docs.cohere.com/v2/docs/streaming>
const COHERE: &str = concat!(
    "event: message-start\n",
    r#"data: {"type":"message-start","id":"wiretape-closing","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}"#,
    "\n\nevent: content-start\n",
    r#"data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
    "\n\nevent: content-delta\n",
    r#"data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Done."}}}}"#,
    "\n\nevent: content-end\n",
    r#"data: {"type":"content-end","index":0}"#,
    "\n\nevent: message-end\n",
    r#"data: {"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":1,"output_tokens":2},"tokens":{"input_tokens":1,"output_tokens":2}}}}"#,
    "\n\n",
);

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>
const CONVERSE: [(&str, &str); 5] = [
    ("messageStart", r#"{"role":"assistant"}"#),
    (
        "contentBlockDelta",
        r#"{"contentBlockIndex":0,"delta":{"text":"Done."}}"#,
    ),
    ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
    ("messageStop", r#"{"stopReason":"end_turn"}"#),
    (
        "metadata",
        r#"{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":1}}"#,
    ),
];

/// A turn of text behind an exchange whose reply has calls; `None` where it has none.
pub(super) fn closing(last: &Exchange, dialect: Dialect) -> Option<Exchange> {
    let body = last.body();
    let transcript = Transcript::of(&read(dialect, Options::default(), &body));
    if transcript.tool_calls.is_empty() && transcript.rejected_calls.is_empty() {
        return None;
    }
    let chunks = chunks(dialect, &body)?;
    let kind = match dialect.framing() {
        Framing::EventStream => "application/vnd.amazon.eventstream",
        Framing::Ndjson => "application/x-ndjson",
        Framing::SseOrJson if is_array(&body) => "application/json",
        _ => "text/event-stream",
    };
    let end = End::of(&chunks, 0, EndKind::Complete);
    let response = Response {
        after_ns: 0,
        status: 200,
        headers: vec![("content-type".into(), kind.into())],
        extra: serde_json::Map::new(),
    };
    Some(Exchange {
        // None was recorded: whatever the client asks next gets it.
        request: None,
        response: Some(response),
        chunks,
        end: Some(end),
    })
}

/// A reply without `alt=sse`.
fn is_array(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"[")
}

/// The closing turn, an event a chunk. `last`: the body of the reply before it, whose shape it has.
fn chunks(dialect: Dialect, last: &[u8]) -> Option<Vec<Chunk>> {
    let text = |body: &str, end: &str| body.split_inclusive(end).map(chunk).collect();
    Some(match dialect {
        Dialect::Anthropic => text(ANTHROPIC, "\n\n"),
        Dialect::OpenAiChat => text(OPENAI_CHAT, "\n\n"),
        Dialect::OpenAiResponses => text(OPENAI_RESPONSES, "\n\n"),
        Dialect::Cohere => text(COHERE, "\n\n"),
        Dialect::Ollama => text(OLLAMA, "\n"),
        Dialect::Gemini if is_array(last) => vec![chunk(&format!("[{GEMINI}\n]\n"))],
        Dialect::Gemini => vec![chunk(&format!("data: {GEMINI}\r\n\r\n"))],
        Dialect::BedrockConverse => CONVERSE
            .iter()
            .map(|(event, payload)| message(event, payload))
            .collect(),
        Dialect::BedrockInvoke => ANTHROPIC
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|payload| {
                let bytes = STANDARD.encode(payload);
                message("chunk", &format!(r#"{{"bytes":"{bytes}"}}"#))
            })
            .collect(),
        _ => return None,
    })
}

/// A message of an AWS event stream.
fn message(event: &str, payload: &str) -> Chunk {
    let headers = [
        (":event-type", Value::Text(event)),
        (":content-type", Value::Text("application/json")),
        (":message-type", Value::Text("event")),
    ];
    let mut bytes = Vec::new();
    // The format's limits are far away.
    let _ = encode(&headers, payload.as_bytes(), &mut bytes);
    Chunk { after_ns: 0, bytes }
}

fn chunk(event: &str) -> Chunk {
    Chunk {
        after_ns: 0,
        bytes: event.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_turn_is_a_whole_reply_of_text() {
        let dialects = Dialect::ALL.into_iter();
        for dialect in dialects.filter(|dialect| *dialect != Dialect::OpenAiCompletions) {
            for last in [&b"[{}]"[..], b"data: {}"] {
                let chunks = chunks(dialect, last).unwrap();
                let body: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
                let transcript = Transcript::of(&read(dialect, Options::strict(), &body));
                assert_eq!(transcript.text, "Done.", "{dialect}");
                assert_eq!(transcript.rejected, None, "{dialect}");
                assert!(transcript.tool_calls.is_empty());
                assert!(transcript.warnings.is_empty(), "{dialect}");
            }
        }
        assert!(chunks(Dialect::OpenAiCompletions, b"").is_none());
    }
}
