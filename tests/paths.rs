//! The fast path and the full parser read the same of frames in any order: well-formed ones, odd
//! ones, frames that differ in one place, out of order and twice.

use proptest::prelude::*;
use wiretape_core::{Dialect, Options, read};

const CHAT: [&str; 43] = [
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT"}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT"},"finish_reason":null}],"obfuscation":"TEXT"}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT"}} ] }"#,
    r#"{"id":"d","choices":[{"index":0,"delta":{"content":"TEXT"}}]}"#,
    r#"{"id":"c","choices":[{"index":1,"delta":{"content":"TEXT"}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT","content":"TEXT"}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT","content":""}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"con\u0074ent":"TEXT"}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT","reasoning":"TEXT"}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"reasoning":"TEXT"}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"reasoning_content":"","reasoning":"TEXT"}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":[{"type":"text","text":"TEXT"}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"refusal":"TEXT"}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":""}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"r","function":{"arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"r","function":{"name":"f","arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":""}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"g","arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"function":{"arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"id":"a","function":{"arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"id":"z","function":{"arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"id":"h","function":{"name":"h","arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"id":"h","function":{"arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"id":"k","function":{"name":"k","arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"id":"k","function":{"arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":1,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":2,"custom":{"name":"k","input":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":2,"custom":{"input":"TEXT"}}]}}]}"#,
    r#"{"id":"c","choices":[{"index":1,"delta":{"function_call":{"name":"f","arguments":"TEXT"}}}]}"#,
    r#"{"id":"c","choices":[{"index":1,"delta":{"function_call":{"arguments":"TEXT"}}}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT"},"finish_reason":"stop"}]}"#,
    r#"{"id":"c","choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#,
    r#"{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":9}}"#,
    r#"{"id":"c","choices":[{"index":0,"delta":{"content":"TEXT"}}],"error":null}"#,
    r#"{"error":{"message":"TEXT"}}"#,
    r#"{"x":"TEXT"}"#,
    "[DONE]",
];

const ANTHROPIC: [&str; 22] = [
    r#"{"type":"message_start","message":{"id":"m","content":[]}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"TEXT"}}"#,
    r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
    r#"{"type":"content_block_start","index":2,"content_block":{"type":"thinking","thinking":""}}"#,
    r#"{"type":"content_block_start","index":3,"content_block":{"type":"new"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"TEXT"} }"#,
    r#"{"type":"content_block_delta","index":0,"index":4,"delta":{"type":"text_delta","text":"TEXT"}}"#,
    r#"{"type":"content_block_delta","index":4,"delta":{"type":"text_delta","text":"TEXT"}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"TEXT"}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":"TEXT"}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"signature_delta","signature":"TEXT"}}"#,
    r#"{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"TEXT"}}"#,
    r#"{"type":"content_block_delta","index":3,"delta":{"type":"new_delta","text":"TEXT"}}"#,
    r#"{"delta":{"text":"TEXT","type":"text_delta"},"index":0,"type":"content_block_delta"}"#,
    r#"{"type":"content_block_stop","index":0}"#,
    r#"{"type":"content_block_stop","index":1}"#,
    r#"{"type":"content_block_stop","index":2}"#,
    r#"{"type":"ping"}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":7}}"#,
    r#"{"type":"message_stop"}"#,
    r#"{"type":"error","error":{"message":"TEXT"}}"#,
];

/// What stands for `TEXT`: plain, escaped, half a pair, what looks like the end of the frame.
const TEXTS: [&str; 17] = [
    "a",
    "a",
    "a",
    "a",
    "b c",
    "",
    "{}",
    r"\n",
    r"{\x22",
    r"\ud83d",
    r"\ude00",
    r"\ud83dx",
    r#"\"}}]}"#,
    "}}]}",
    r"\\",
    r"\q",
    "\u{1}",
];

/// A body of a few of the frames: what goes wrong takes two or three of them, several times.
fn body(frames: &'static [&'static str]) -> impl Strategy<Value = String> {
    let some = prop::sample::subsequence(frames, 2..7);
    some.prop_flat_map(|frames| {
        let names = prop::sample::select(vec![
            "",
            "",
            "",
            "event: error\n",
            "event: content_block_delta\n",
        ]);
        let frame = (
            prop::sample::select(frames),
            prop::collection::vec(prop::sample::select(&TEXTS[..]), 2),
            names,
            1..3_usize,
        );
        let frame = frame.prop_map(|(payload, texts, name, times)| {
            let mut payload = payload.to_owned();
            for text in texts {
                payload = payload.replacen("TEXT", text, 1);
            }
            format!("{name}data: {payload}\n\n").repeat(times)
        });
        prop::collection::vec(frame, 0..16).prop_map(|frames| frames.concat())
    })
}

fn agree(dialect: Dialect, body: &str) {
    for mut options in [Options::lenient(), Options::strict()] {
        // One bad frame must not hide what the rest would show.
        options.dialect.tolerate_event_names = true;
        let fast = read(dialect, options, body.as_bytes());
        options.dialect.templates = false;
        let full = read(dialect, options, body.as_bytes());
        assert_eq!(fast, full, "\n{body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: ProptestConfig::default().cases.max(2048),
        ..ProptestConfig::default()
    })]

    #[test]
    fn chat(body in body(&CHAT)) {
        agree(Dialect::OpenAiChat, &body);
    }

    #[test]
    fn anthropic(body in body(&ANTHROPIC)) {
        let start = "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[]}}\n\n\
                     data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
        agree(Dialect::Anthropic, &format!("{start}{body}"));
    }
}
