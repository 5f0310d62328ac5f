//! The assistant's message and the results, for Ollama: <https://docs.ollama.com/api/chat>.

use alloc::string::String;
use alloc::vec::Vec;

use super::openai_chat::said;
use super::{
    Extent, Object, ToolResult, WrittenCall, array, is_blank, is_call, name_of, object, sent,
};
use crate::conversation::form::sent_id;
use crate::turn::Choice;

/// The assistant's message; `None` where nothing is left that may be sent.
pub(in crate::conversation) fn message(
    choice: &Choice,
    extent: Extent,
    calls: &[WrittenCall],
) -> Option<String> {
    let (text, thinking) = (choice.text(), choice.reasoning());
    let tool_calls = tool_calls(choice, calls);
    if is_blank(&text) && tool_calls.is_empty() {
        return None;
    }
    let mut message = Object::new();
    message.string("role", "assistant");
    message.string("content", if is_blank(&text) { "" } else { &text });
    if extent != Extent::Text && !is_blank(&thinking) {
        message.string("thinking", &thinking);
    }
    if !tool_calls.is_empty() {
        message.json("tool_calls", &array(&tool_calls));
    }
    Some(message.end())
}

/// Arguments are objects.
fn tool_calls(choice: &Choice, calls: &[WrittenCall]) -> Vec<String> {
    let contents = choice.contents.iter().filter(|content| is_call(content));
    let mut written = calls.iter().peekable();
    let calls = contents.enumerate().filter_map(|(ordinal, content)| {
        let written = written.next_if(|call| call.ordinal == ordinal)?;
        let mut function = Object::new();
        function.string("name", name_of(content));
        function.json("arguments", &object(sent(content)));
        let mut call = Object::new();
        if let Some(id) = sent_id(&written.id) {
            call.string("id", id);
        }
        call.json("function", &function.end());
        Some(call.end())
    });
    calls.collect()
}

/// One result, by the name of its tool; by its call's id where that has one.
pub(in crate::conversation) fn result(result: &ToolResult) -> String {
    let mut message = Object::new();
    message.string("role", "tool");
    message.string("tool_name", &result.name);
    if let Some(id) = sent_id(&result.call) {
        message.string("tool_call_id", id);
    }
    message.string("content", &said(result));
    message.end()
}
