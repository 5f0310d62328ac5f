//! `async-openai`: `create_stream`, and calls gathered by their index, as in the crate's example.

use std::collections::BTreeMap;
use std::error::Error;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::chat::{ChatCompletionMessageToolCallChunk, CreateChatCompletionRequest};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::{Arguments, Call, KEY, Run};

#[derive(Default)]
struct Pieces {
    id: String,
    name: String,
    arguments: String,
}

impl Pieces {
    fn add(&mut self, chunk: ChatCompletionMessageToolCallChunk) {
        self.id += chunk.id.as_deref().unwrap_or_default();
        if let Some(function) = chunk.function {
            self.name += function.name.as_deref().unwrap_or_default();
            self.arguments += function.arguments.as_deref().unwrap_or_default();
        }
    }

    fn call(&self) -> Call {
        Call {
            id: self.id.clone(),
            name: self.name.clone(),
            arguments: Arguments::Text(self.arguments.clone()),
        }
    }
}

pub(crate) async fn run(run: &mut Run) -> Result<(), Box<dyn Error>> {
    let base = format!("{}/v1", run.base_url);
    let client = Client::with_config(OpenAIConfig::new().with_api_base(base).with_api_key(KEY));
    let tools: Vec<Value> = run
        .tools()
        .map(|tool| json!({"type": "function", "function": tool}))
        .collect();
    let mut messages = vec![json!({"role": "user", "content": run.text_of("prompt")})];
    loop {
        let request = json!({
            "model": run.text_of("model"),
            "max_tokens": run.tokens_max(),
            "messages": messages,
            "tools": tools,
        });
        let request: CreateChatCompletionRequest = serde_json::from_value(request)?;
        let mut stream = client.chat().create_stream(request).await?;
        let mut text = String::new();
        let mut gathered: BTreeMap<u32, Pieces> = BTreeMap::new();
        while let Some(chunk) = stream.next().await {
            for choice in chunk?.choices {
                if let Some(delta) = choice.delta.content.as_deref() {
                    text += delta;
                    run.seen(delta);
                }
                for call in choice.delta.tool_calls.into_iter().flatten() {
                    gathered.entry(call.index).or_default().add(call);
                }
            }
        }
        let calls: Vec<Call> = gathered.values().map(Pieces::call).collect();
        if !run.turn(&text, &text, &calls) {
            return Ok(());
        }
        let sent: Vec<Value> = gathered
            .values()
            .map(|call| {
                let function = json!({"name": call.name, "arguments": call.arguments});
                json!({"id": call.id, "type": "function", "function": function})
            })
            .collect();
        messages.push(json!({"role": "assistant", "content": text, "tool_calls": sent}));
        for call in &calls {
            messages
                .push(json!({"role": "tool", "tool_call_id": call.id, "content": run.result()}));
        }
    }
}
