//! Amazon Bedrock, both dialects.

use serde_json::{Value, json};
use wiretape_core::Dialect;

use super::{Told, converse, invoke, message, pieces};

const STREAM: &str =
    "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html";
const INVOKE: &str = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html";
const FRAMING: &str = "https://smithy.io/2.0/aws/amazon-eventstream.html";
const MESSAGES: &str = "https://platform.claude.com/docs/en/build-with-claude/streaming";
const NOVA: &str = "https://docs.aws.amazon.com/nova/latest/userguide/using-invoke-api.html";

type Events = Vec<(&'static str, Value)>;

pub(super) fn tapes() -> Vec<Told> {
    vec![
        text(),
        small_tool(),
        parallel_tools(),
        reasoning(),
        throttled(),
        cut(),
        anthropic(),
        nova(),
    ]
}

fn told(name: &'static str, note: &'static str, request: Value, events: Vec<Vec<u8>>) -> Told {
    Told {
        name,
        dialect: Dialect::BedrockConverse,
        cites: &[STREAM, FRAMING],
        note,
        path: "/model/anthropic.claude-sonnet-4-5-20250929-v1:0/converse-stream",
        request,
        events,
    }
}

/// A request that offers these tools.
fn asked(question: &str, tools: &[&str], tokens: u32) -> Value {
    let mut request = json!({
        "inferenceConfig": {"maxTokens": tokens},
        "messages": [{"role": "user", "content": [{"text": question}]}],
    });
    if !tools.is_empty() {
        let schema = json!({"json": {"type": "object"}});
        let tools = tools
            .iter()
            .map(|name| json!({"toolSpec": {"name": name, "inputSchema": schema}}));
        request["toolConfig"] = json!({"tools": tools.collect::<Vec<_>>()});
    }
    request
}

fn start() -> (&'static str, Value) {
    ("messageStart", json!({"role": "assistant"}))
}

fn delta(index: u32, delta: &Value) -> (&'static str, Value) {
    let payload = json!({"contentBlockIndex": index, "delta": delta});
    ("contentBlockDelta", payload)
}

fn stop(index: u32) -> (&'static str, Value) {
    ("contentBlockStop", json!({"contentBlockIndex": index}))
}

fn say(index: u32, text: &str) -> Events {
    let said = pieces(text);
    let mut events: Events = said
        .iter()
        .map(|piece| delta(index, &json!({"text": piece})))
        .collect();
    events.push(stop(index));
    events
}

/// A call, its arguments as they are cut; its block stays open where it was cut.
fn call(index: u32, id: &str, name: &str, arguments: &[&str]) -> Events {
    let start = json!({"toolUse": {"toolUseId": id, "name": name}});
    let start = json!({"contentBlockIndex": index, "start": start});
    let mut events = vec![("contentBlockStart", start)];
    for piece in arguments {
        events.push(delta(index, &json!({"toolUse": {"input": piece}})));
    }
    events.push(stop(index));
    events
}

fn end(reason: &str, input: u32, output: u32) -> Events {
    let usage =
        json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output});
    vec![
        ("messageStop", json!({"stopReason": reason})),
        (
            "metadata",
            json!({"usage": usage, "metrics": {"latencyMs": 40 * output}}),
        ),
    ]
}

fn text() -> Told {
    let mut events = vec![start()];
    let answer = "Grüße aus dem Archiv! Die drei Kisten stehen im Regal 7: 茶, café und 👩\u{200d}🚒. \
                  Was fehlt, steht auf der Liste.";
    events.extend(say(0, answer));
    events.extend(end("end_turn", 31, 44));
    told(
        "text",
        "One block of text, not in ASCII; padding in each event; blocks of text have no start.",
        asked("Was ist in den Kisten?", &[], 512),
        converse(&events),
    )
}

fn small_tool() -> Told {
    let mut events = vec![start()];
    events.extend(say(0, "I will look."));
    let arguments = ["", "{\"city\":", " \"Os", "lo\"}"];
    events.extend(call(1, "tooluse_small0001", "get_weather", &arguments));
    events.extend(end("tool_use", 88, 41));
    told(
        "small-tool",
        "The smallest useful turn: a few words, then one call.",
        asked("Do I need a coat in Oslo?", &["get_weather"], 256),
        converse(&events),
    )
}

fn parallel_tools() -> Told {
    let mut events = vec![start()];
    events.extend(say(0, "Both at once, and the list of the stations."));
    let [lima, quito] = ["Lima", "Quito"].map(|city| format!("{{\"city\":\"{city}\",\"days\":3}}"));
    let (first, second) = lima.split_at(9);
    events.extend(call(1, "tooluse_par0001", "get_weather", &[first, second]));
    events.extend(call(2, "tooluse_par0002", "get_weather", &[&quito]));
    events.extend(call(3, "tooluse_par0003", "list_stations", &[]));
    events.extend(end("tool_use", 204, 96));
    told(
        "parallel-tools",
        "Three calls, blocks one after the other; the last has no delta.",
        asked(
            "Compare Lima and Quito.",
            &["get_weather", "list_stations"],
            512,
        ),
        converse(&events),
    )
}

fn reasoning() -> Told {
    let mut events = vec![start()];
    for piece in pieces("The user wants a sum. 17 and 25 make 42; I check it with the tool.") {
        events.push(delta(0, &json!({"reasoningContent": {"text": piece}})));
    }
    let signature = "c2lnbmF0dXJlLW9mLWFuLWludmVudGVkLXRob3VnaHQ=";
    events.push(delta(
        0,
        &json!({"reasoningContent": {"signature": signature}}),
    ));
    events.push(stop(0));
    let sealed = "c2VhbGVkLWFuZC1pbnZlbnRlZA==";
    events.push(delta(
        1,
        &json!({"reasoningContent": {"redactedContent": sealed}}),
    ));
    events.push(stop(1));
    events.extend(say(2, "It should be 42. Let me check."));
    let arguments = ["{\"expression\":\"17", "+25\"}"];
    events.extend(call(3, "tooluse_reason01", "calculate", &arguments));
    events.extend(end("tool_use", 120, 77));
    told(
        "reasoning-signature",
        "Reasoning with its signature, a sealed thought, text, a call.",
        asked("What is 17 and 25?", &["calculate"], 2048),
        converse(&events),
    )
}

fn throttled() -> Told {
    let mut events = vec![start()];
    events.extend(say(0, "I am going to file the report, one moment"));
    let arguments = ["{\"title\": \"Q3\",", " \"pages\": "];
    events.extend(call(1, "tooluse_thr0001", "file_report", &arguments));
    // The block never ended.
    events.pop();
    let mut events = converse(&events);
    let payload = json!({"message": "Too many tokens, please wait before trying again."});
    events.push(message(
        "exception",
        ":exception-type",
        "throttlingException",
        &payload.to_string(),
    ));
    told(
        "throttled-in-call",
        "An exception in the middle of a call's arguments, then the end.",
        asked("File the report.", &["file_report"], 512),
        events,
    )
}

fn cut() -> Told {
    let mut events = vec![start()];
    events.extend(call(
        0,
        "tooluse_cut0001",
        "open_file",
        &["{\"path\":", "\"notes/plan.txt\"}"],
    ));
    events.extend(call(
        1,
        "tooluse_cut0002",
        "write_file",
        &["{\"path\":\"notes/plan.txt\",", "\"text\":\"First we"],
    ));
    events.extend(end("max_tokens", 61, 64));
    told(
        "cut-max-tokens",
        "One whole call, then one whose arguments are cut at the token limit; both blocks are closed.",
        asked("Rewrite the plan.", &["open_file", "write_file"], 64),
        converse(&events),
    )
}

fn anthropic() -> Told {
    let piece = |text: &str| {
        let text = Value::from(text);
        format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":{text}}}}}"#
        )
    };
    let arguments = |json: &str| {
        let json = Value::from(json);
        format!(
            r#"{{"type":"content_block_delta","index":1,"delta":{{"type":"input_json_delta","partial_json":{json}}}}}"#
        )
    };
    let mut events = vec![
        r#"{"type":"message_start","message":{"model":"claude-haiku-4-5-20251001","id":"msg_bdrk_invented01","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":402,"output_tokens":1}}}"#.to_owned(),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned(),
    ];
    let said = pieces("The train from Gare de l’Est leaves soon. I look up the platform.");
    events.extend(said.iter().map(|text| piece(text)));
    events.push(r#"{"type":"content_block_stop","index":0}"#.to_owned());
    events.push(r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_bdrk_invented01","name":"find_platform","input":{}}}"#.to_owned());
    events.extend(
        [
            "",
            "{\"station\": ",
            "\"Gare de l’Est\"",
            ", \"train\": 9571}",
        ]
        .map(arguments),
    );
    events.push(r#"{"type":"content_block_stop","index":1}"#.to_owned());
    events.push(r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":58}}"#.to_owned());
    events.push(r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":402,"outputTokenCount":58,"invocationLatency":1311,"firstByteLatency":402}}"#.to_owned());
    let tool = json!({"name": "find_platform", "input_schema": {"type": "object"}});
    Told {
        name: "anthropic-tool",
        dialect: Dialect::BedrockInvoke,
        cites: &[INVOKE, FRAMING, MESSAGES],
        note: "Anthropic's own events in base64: text, a call, and Bedrock's metrics in the last one.",
        path: "/model/anthropic.claude-haiku-4-5-20251001-v1:0/invoke-with-response-stream",
        request: json!({
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 512,
            "messages": [{"role": "user", "content": "Which platform?"}],
            "tools": [tool],
        }),
        events: invoke(&events),
    }
}

fn nova() -> Told {
    let mut events = vec![json!({"messageStart": {"role": "assistant"}}).to_string()];
    for (index, piece) in pieces("Red, blue and yellow are the three that one begins with.")
        .iter()
        .enumerate()
    {
        let delta = json!({"delta": {"text": piece}, "contentBlockIndex": index});
        events.push(json!({"contentBlockDelta": delta}).to_string());
        let stop = json!({"contentBlockIndex": index});
        events.push(json!({"contentBlockStop": stop}).to_string());
    }
    events.push(json!({"messageStop": {"stopReason": "end_turn"}}).to_string());
    let usage = json!({"inputTokens": 12, "outputTokens": 15, "cacheReadInputTokenCount": 0});
    let metrics = json!({"inputTokenCount": 12, "outputTokenCount": 15, "invocationLatency": 244});
    let last = json!({
        "metadata": {"usage": usage, "metrics": {}, "trace": {}},
        "amazon-bedrock-invocationMetrics": metrics,
    });
    events.push(last.to_string());
    Told {
        name: "nova-text",
        dialect: Dialect::BedrockInvoke,
        cites: &[INVOKE, FRAMING, NOVA],
        note: "Nova's own events in base64: each piece of text has an index of its own and no start.",
        path: "/model/amazon.nova-micro-v1:0/invoke-with-response-stream",
        request: json!({
            "schemaVersion": "messages-v1",
            "inferenceConfig": {"maxTokens": 256},
            "messages": [{"role": "user", "content": [{"text": "Name the primary colours."}]}],
        }),
        events: invoke(&events),
    }
}
