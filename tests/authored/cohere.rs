//! Cohere Chat, version 2.

use serde_json::{Value, json};
use wiretape_core::Dialect;

use super::{Told, pieces, sse};

const CHAT: &str = "https://docs.cohere.com/v2/docs/streaming";
const TOOLS: &str = "https://docs.cohere.com/v2/docs/tool-use-streaming";
const API: &str = "https://docs.cohere.com/reference/chat-stream";

pub(super) fn tapes() -> Vec<Told> {
    vec![citations(), tools(), thinking(), error()]
}

fn told(name: &'static str, note: &'static str, request: Value, events: Vec<Vec<u8>>) -> Told {
    Told {
        name,
        dialect: Dialect::Cohere,
        cites: &[CHAT, TOOLS, API],
        note,
        path: "/v2/chat",
        request,
        events,
    }
}

fn asked(question: &str, tools: &[&str]) -> Value {
    let mut request = json!({
        "model": "command-a-03-2025",
        "stream": true,
        "messages": [{"role": "user", "content": question}],
    });
    let parameters = json!({"type": "object"});
    let tools: Vec<Value> = tools
        .iter()
        .map(|name| {
            let function = json!({"name": name, "parameters": parameters});
            json!({"type": "function", "function": function})
        })
        .collect();
    if !tools.is_empty() {
        request["tools"] = tools.into();
    }
    request
}

fn start(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"message-start","delta":{{"message":{{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}}}}"#
    )
}

/// A content of a type, in pieces.
fn content(index: u32, ty: &str, text: &str) -> Vec<String> {
    let mut events = vec![format!(
        r#"{{"type":"content-start","index":{index},"delta":{{"message":{{"content":{{"type":"{ty}","{ty}":""}}}}}}}}"#
    )];
    for piece in pieces(text) {
        let piece = Value::from(piece);
        events.push(format!(
            r#"{{"type":"content-delta","index":{index},"delta":{{"message":{{"content":{{"{ty}":{piece}}}}}}}}}"#
        ));
    }
    events.push(format!(r#"{{"type":"content-end","index":{index}}}"#));
    events
}

fn call(index: u32, id: &str, name: &str, arguments: &[&str]) -> Vec<String> {
    let mut events = vec![format!(
        r#"{{"type":"tool-call-start","index":{index},"delta":{{"message":{{"tool_calls":{{"id":"{id}","type":"function","function":{{"name":"{name}","arguments":""}}}}}}}}}}"#
    )];
    for piece in arguments {
        let piece = Value::from(*piece);
        events.push(format!(
            r#"{{"type":"tool-call-delta","index":{index},"delta":{{"message":{{"tool_calls":{{"function":{{"arguments":{piece}}}}}}}}}}}"#
        ));
    }
    events.push(format!(r#"{{"type":"tool-call-end","index":{index}}}"#));
    events
}

fn end(reason: &str, input: u32, output: u32) -> String {
    format!(
        r#"{{"type":"message-end","delta":{{"finish_reason":"{reason}","usage":{{"billed_units":{{"input_tokens":{input},"output_tokens":{output}}},"tokens":{{"input_tokens":{},"output_tokens":{}}}}}}}}}"#,
        input + 400,
        output + 12
    )
}

/// With the sentinel that the server sends behind the last event.
fn done(events: &[String]) -> Vec<Vec<u8>> {
    let mut events = sse(events);
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

fn citations() -> Told {
    let mut events = vec![start("5d1f0c1e-0000-4000-8000-000000000001")];
    let mut text = content(
        0,
        "text",
        "The lighthouse was lit in 1847, says the log of the keeper.",
    );
    let close = text.pop().unwrap();
    events.extend(text);
    events.push(r#"{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":26,"end":30,"text":"1847","sources":[{"type":"document","id":"doc:0","document":{"id":"doc:0","title":"Log"}}],"type":"TEXT_CONTENT"}}}}"#.into());
    events.push(r#"{"type":"citation-end","index":0}"#.into());
    events.push(close);
    events.push(end("COMPLETE", 61, 17));
    let mut request = asked("When was the lighthouse lit?", &[]);
    request["documents"] = json!([{"id": "doc:0", "data": {"title": "Log"}}]);
    told(
        "text-citations",
        "Text with a citation of a document.",
        request,
        done(&events),
    )
}

fn tools() -> Told {
    let mut events = vec![start("5d1f0c1e-0000-4000-8000-000000000002")];
    for piece in pieces("I will look up both harbours, and then the time.") {
        let piece = Value::from(piece);
        events.push(format!(
            r#"{{"type":"tool-plan-delta","delta":{{"message":{{"tool_plan":{piece}}}}}}}"#
        ));
    }
    let arguments = ["{\n    \"", "harbour\": \"Mari", "ehamn\"\n}"];
    events.extend(call(0, "get_tide_invented1", "get_tide", &arguments));
    let arguments = ["{\"harbour\": \"Åbo\", \"days\": 2}"];
    events.extend(call(1, "get_tide_invented2", "get_tide", &arguments));
    events.extend(call(2, "get_time_invented3", "get_time", &[]));
    events.push(end("TOOL_CALL", 97, 60));
    told(
        "tools-parallel",
        "A plan, then three calls told apart by index; the last has no arguments.",
        asked(
            "Tides in Mariehamn and Åbo, and the time?",
            &["get_tide", "get_time"],
        ),
        done(&events),
    )
}

fn thinking() -> Told {
    let mut events = vec![start("5d1f0c1e-0000-4000-8000-000000000003")];
    let thought = "Twelve eggs, five used: that leaves seven. 🥚";
    events.extend(content(0, "thinking", thought));
    events.extend(content(1, "text", "Seven eggs are left."));
    events.push(end("COMPLETE", 20, 31));
    told(
        "thinking",
        "A thought, then text, numbered one after the other.",
        asked("How many eggs are left of twelve if five are used?", &[]),
        done(&events),
    )
}

fn error() -> Told {
    let mut events = vec![start("5d1f0c1e-0000-4000-8000-000000000004")];
    let mut text = content(0, "text", "The first chapter begins at sea, and the");
    // The content never ended.
    text.pop();
    events.extend(text);
    events.push(r#"{"type":"message-end","delta":{"error":"generation failed","finish_reason":"ERROR","usage":{"tokens":{"input_tokens":420,"output_tokens":9}}}}"#.into());
    told(
        "error-after-text",
        "An end with an error in mid-answer.",
        asked("Summarise the novel.", &[]),
        sse(&events),
    )
}
