//! What scenarios promise, on two small bodies; the laws run them over all recordings.

mod catalogue;
mod delivery;
mod golden;
mod pieces;
mod player;
mod reshapes;
mod shrink;
mod total;

use alloc::vec::Vec;

use wiretape_core::{Dialect, Options, Transcript, read};
use wiretape_tape::{Chunk, EndKind, Exchange};

use crate::{Piece, Scenario, Script, Subject};

/// Text with a wide and an astral character, and two calls, one with an escape in its arguments.
const ANTHROPIC: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße 😀"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" from \"Bergen\"\n"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"write","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"path\":\"a\\nb\\ud83d\\ude00\""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":",\"n\": 12345678901234567890}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_2","name":"read","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":40}}

event: message_stop
data: {"type":"message_stop"}

"#;

/// The same reply.
const OPENAI_CHAT: &str = r#"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":"Grü"},"logprobs":null,"finish_reason":null}],"obfuscation":"ab"}

data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"content":"ße \ud83d\ude00"},"finish_reason":null}],"obfuscation":"abc"}

data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"content":" from \"Bergen\"\n"},"finish_reason":null}],"obfuscation":"a"}

data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"write","arguments":""}}]},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\":\"a\\nb"}}]},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"}"}}]},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"read","arguments":"{\"n\": 1}"}}]},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":40,"total_tokens":49}}

data: [DONE]

"#;

const BODIES: [(Dialect, &str); 2] = [
    (Dialect::Anthropic, ANTHROPIC),
    (Dialect::OpenAiChat, OPENAI_CHAT),
];

/// A response that came in chunks of 100 bytes, one each millisecond.
fn exchange(body: &[u8]) -> Exchange {
    let chunks = body.chunks(100).map(|bytes| Chunk {
        after_ns: 1_000_000,
        bytes: bytes.to_vec(),
    });
    let chunks: Vec<Chunk> = chunks.collect();
    let end = wiretape_tape::End::of(&chunks, 500, EndKind::Complete);
    Exchange {
        chunks,
        end: Some(end),
        ..Exchange::default()
    }
}

fn subject(dialect: Dialect, body: &str) -> Subject {
    Subject::new(&exchange(body.as_bytes()), Some(dialect.name()))
}

/// The script of pieces that must all apply.
fn script(dialect: Dialect, body: &str, pieces: Vec<Piece>) -> Script {
    let script = Scenario::of(pieces).apply(&subject(dialect, body));
    assert_eq!(script.skipped, [], "a piece did not apply");
    script
}

fn meaning(dialect: Dialect, body: &[u8]) -> Transcript {
    Transcript::of(&read(dialect, Options::default(), body)).meaning()
}
