//! The exchange that answers the results of a tape's last calls, where the tape has none.
//!
//! Without it a client that runs the calls would ask for a reply that nobody recorded, and its
//! account of them could not be seen.

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

/// A turn of text behind an exchange whose reply has calls; `None` where it has none.
pub(super) fn closing(last: &Exchange, dialect: Dialect) -> Option<Exchange> {
    let transcript = Transcript::of(&read(dialect, Options::default(), &last.body()));
    if transcript.tool_calls.is_empty() && transcript.rejected_calls.is_empty() {
        return None;
    }
    let body = match dialect {
        Dialect::Anthropic => ANTHROPIC,
        Dialect::OpenAiChat => OPENAI_CHAT,
        _ => return None,
    };
    let chunks: Vec<Chunk> = body.split_inclusive("\n\n").map(chunk).collect();
    let end = End::of(&chunks, 0, EndKind::Complete);
    let response = Response {
        after_ns: 0,
        status: 200,
        headers: vec![("content-type".into(), "text/event-stream".into())],
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
        for (dialect, body) in [
            (Dialect::Anthropic, ANTHROPIC),
            (Dialect::OpenAiChat, OPENAI_CHAT),
        ] {
            let read = read(dialect, Options::strict(), body.as_bytes());
            let transcript = Transcript::of(&read);
            assert_eq!(transcript.text, "Done.");
            assert_eq!(transcript.rejected, None);
            assert!(transcript.tool_calls.is_empty());
        }
    }
}
