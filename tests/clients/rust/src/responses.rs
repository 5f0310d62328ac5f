//! `async-openai`: `responses().create_stream`, and the items as they are said to be done.

use std::error::Error;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::responses::{
    CreateResponse, OutputItem, OutputMessageContent, ResponseStreamEvent,
};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::{Arguments, Call, KEY, Run};

/// The text of a message; of other items none.
fn text_of(item: &OutputItem) -> String {
    let OutputItem::Message(message) = item else {
        return String::new();
    };
    let text = |part: &OutputMessageContent| match part {
        OutputMessageContent::OutputText(part) => Some(part.text.clone()),
        _ => None,
    };
    message.content.iter().filter_map(text).collect()
}

fn call_of(item: &OutputItem) -> Option<Call> {
    let OutputItem::FunctionCall(call) = item else {
        return None;
    };
    Some(Call {
        id: call.call_id.clone(),
        name: call.name.clone(),
        arguments: Arguments::Text(call.arguments.clone()),
    })
}

pub(crate) async fn run(run: &mut Run) -> Result<(), Box<dyn Error>> {
    let base = format!("{}/v1", run.base_url);
    let client = Client::with_config(OpenAIConfig::new().with_api_base(base).with_api_key(KEY));
    let tool = |tool: &Value| {
        let mut tool = tool.clone();
        tool["type"] = json!("function");
        tool["strict"] = json!(false);
        tool
    };
    let tools: Vec<Value> = run.tools().map(tool).collect();
    let mut input = vec![json!({"role": "user", "content": run.text_of("prompt")})];
    loop {
        let request = json!({
            "model": run.text_of("model"),
            "max_output_tokens": run.tokens_max(),
            "input": input,
            "tools": tools,
        });
        let request: CreateResponse = serde_json::from_value(request)?;
        let mut stream = client.responses().create_stream(request).await?;
        let mut shown = String::new();
        let mut items = Vec::new();
        while let Some(event) = stream.next().await {
            match event? {
                ResponseStreamEvent::ResponseOutputTextDelta(event) => {
                    shown += &event.delta;
                    run.seen(&event.delta);
                }
                ResponseStreamEvent::ResponseOutputItemDone(event) => items.push(event.item),
                ResponseStreamEvent::ResponseError(error) => return Err(error.message.into()),
                _ => {}
            }
        }
        let text: String = items.iter().map(text_of).collect();
        let calls: Vec<Call> = items.iter().filter_map(call_of).collect();
        if !run.turn(&text, &shown, &calls) {
            return Ok(());
        }
        for item in &items {
            input.push(serde_json::to_value(item)?);
        }
        for call in &calls {
            input.push(
                json!({"type": "function_call_output", "call_id": call.id, "output": run.result()}),
            );
        }
    }
}
