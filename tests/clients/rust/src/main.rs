//! Drives a Rust crate: one JSON line in, one run, one JSON line out.
//!
//! usage: clients async-openai|async-openai-responses|genai-anthropic|genai-openai     (README.md has the lines)

mod chat;
mod genai;
mod responses;

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

use serde_json::{Value, json};

const TURNS_MAX: usize = 5;
const KEY: &str = "no-key-is-needed";

/// What a run is to do, and what came of it so far.
struct Run {
    base_url: String,
    task: Value,
    turns: Vec<Value>,
    /// What was shown, and when.
    events: Vec<Value>,
    begun: Instant,
}

/// A call as the crate gives it.
struct Call {
    id: String,
    name: String,
    arguments: Arguments,
}

/// Some crates parse them, some leave that to the caller.
enum Arguments {
    Value(Value),
    Text(String),
}

impl Run {
    fn text_of(&self, field: &str) -> &str {
        self.task[field].as_str().unwrap_or_default()
    }

    fn tokens_max(&self) -> u32 {
        let tokens = self.task["max_tokens"].as_u64();
        tokens
            .and_then(|tokens| u32::try_from(tokens).ok())
            .unwrap_or(1024)
    }

    fn tools(&self) -> impl Iterator<Item = &Value> {
        self.task["tools"].as_array().into_iter().flatten()
    }

    /// What the tools of the latest turn answer.
    fn result(&self) -> String {
        let results = self.task["results"].as_array();
        let place = self.turns.len().saturating_sub(1);
        let result = results.and_then(|all| all.get(place).or(all.last()));
        result
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// Takes down a text as it is shown.
    fn seen(&mut self, text: &str) {
        let ms = self.begun.elapsed().as_secs_f64() * 1000.0;
        self.events.push(json!({"ms": ms, "text": text}));
    }

    /// The line of a run: by turns, or flat where the order has no task of its own.
    fn line(&self, order: &Value, error: Option<String>) -> Value {
        if !order["task"].is_null() {
            return json!({"run": order["run"], "turns": self.turns, "error": error});
        }
        let text: String = self
            .events
            .iter()
            .filter_map(|event| event["text"].as_str())
            .collect();
        let calls = self
            .turns
            .iter()
            .filter_map(|turn| turn["tool_calls"].as_array());
        let calls: Vec<&Value> = calls.flatten().collect();
        json!({"run": order["run"], "text": text, "tool_calls": calls, "error": error, "events": self.events})
    }

    /// Takes down a turn; false where it is the last.
    fn turn(&mut self, text: &str, shown: &str, calls: &[Call]) -> bool {
        let list = |call: &Call| match &call.arguments {
            Arguments::Value(value) => json!({"name": call.name, "arguments": value}),
            Arguments::Text(text) => json!({"name": call.name, "arguments_text": text}),
        };
        let calls: Vec<Value> = calls.iter().map(list).collect();
        let more = !calls.is_empty();
        self.turns
            .push(json!({"text": text, "shown": shown, "tool_calls": calls}));
        more && self.turns.len() < TURNS_MAX
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = std::env::args().nth(1).unwrap_or_default();
    for line in std::io::stdin().lock().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        let mut run = Run {
            base_url: order["base_url"].as_str().unwrap_or_default().to_owned(),
            task: match &order["task"] {
                Value::Null => task_of(&order["request"]),
                task => task.clone(),
            },
            turns: Vec::new(),
            events: Vec::new(),
            begun: Instant::now(),
        };
        let end = match client.as_str() {
            "async-openai" => chat::run(&mut run).await,
            "async-openai-responses" => responses::run(&mut run).await,
            "genai-anthropic" => {
                genai::run(&mut run, ::genai::adapter::AdapterKind::Anthropic).await
            }
            "genai-openai" => genai::run(&mut run, ::genai::adapter::AdapterKind::OpenAI).await,
            other => return Err(format!("unknown client: {other}").into()),
        };
        // Whatever the crate returns is what its user meets.
        let error = end.err().map(|error| error.to_string());
        let done = run.line(&order, error);
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", ascii(&done.to_string()))?;
        out.flush()?;
    }
    Ok(())
}

/// What a recorded request asks, whichever dialect it is in.
fn task_of(request: &Value) -> Value {
    let tool = |tool: &Value| {
        let tool = if tool["function"].is_null() {
            tool
        } else {
            &tool["function"]
        };
        let schemas = [&tool["parameters"], &tool["input_schema"]];
        let schema = schemas.into_iter().find(|schema| !schema.is_null());
        let schema = schema.cloned().unwrap_or_else(|| json!({"type": "object"}));
        let described = tool["description"].as_str().unwrap_or("a tool");
        json!({"name": tool["name"], "description": described, "parameters": schema})
    };
    let tools = request["tools"].as_array().into_iter().flatten().map(tool);
    json!({
        "model": request["model"].as_str().unwrap_or("a-model"),
        "max_tokens": request["max_tokens"].as_u64().unwrap_or(1024),
        "prompt": "Go on.",
        "tools": tools.collect::<Vec<_>>(),
        "results": ["done"],
    })
}

fn ascii(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out += &format!("\\u{unit:04x}");
            }
        }
    }
    out
}
