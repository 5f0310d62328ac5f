//! `genai`: `exec_chat_stream`, and the content that it captures.

use std::error::Error;

use futures::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, Tool, ToolResponse};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};

use crate::{Arguments, Call, KEY, Run};

fn client(base: String, kind: AdapterKind) -> Result<Client, genai::Error> {
    let resolver = ServiceTargetResolver::from_resolver_fn(
        move |target: ServiceTarget| -> Result<ServiceTarget, genai::resolver::Error> {
            Ok(ServiceTarget {
                endpoint: Endpoint::from_owned(base.as_str()),
                auth: AuthData::from_single(KEY),
                model: ModelIden::new(kind, target.model.model_name),
            })
        },
    );
    Client::builder()
        .with_service_target_resolver(resolver)
        .build()
}

pub(crate) async fn run(run: &mut Run, kind: AdapterKind) -> Result<(), Box<dyn Error>> {
    let client = client(format!("{}/v1/", run.base_url), kind)?;
    let tools = run.tools().map(|tool| {
        Tool::new(tool["name"].as_str().unwrap_or_default())
            .with_description(tool["description"].as_str().unwrap_or_default())
            .with_schema(tool["parameters"].clone())
    });
    let prompt = ChatMessage::user(run.text_of("prompt"));
    let mut request = ChatRequest::new(vec![prompt]).with_tools(tools);
    let options = ChatOptions::default()
        .with_max_tokens(run.tokens_max())
        .with_capture_content(true)
        .with_capture_tool_calls(true);
    loop {
        let model = run.text_of("model").to_owned();
        let mut stream = client
            .exec_chat_stream(&model, request.clone(), Some(&options))
            .await?
            .stream;
        let mut shown = String::new();
        let mut end = None;
        while let Some(event) = stream.next().await {
            match event? {
                ChatStreamEvent::Chunk(chunk) => {
                    shown += &chunk.content;
                    run.seen(&chunk.content);
                }
                ChatStreamEvent::End(last) => end = Some(last),
                _ => {}
            }
        }
        let end = end.ok_or("the stream ended without an End event")?;
        let text = end.captured_texts().unwrap_or_default().concat();
        let calls: Vec<Call> = end
            .captured_tool_calls()
            .unwrap_or_default()
            .into_iter()
            .map(|call| Call {
                id: call.call_id.clone(),
                name: call.fn_name.clone(),
                arguments: Arguments::Value(call.fn_arguments.clone()),
            })
            .collect();
        if !run.turn(&text, &shown, &calls) {
            return Ok(());
        }
        let Some(message) = end.into_assistant_message_for_tool_use() else {
            return Ok(());
        };
        request = request.append_message(message);
        for call in calls {
            request = request.append_message(ToolResponse::new(call.id, run.result()));
        }
    }
}
