//! What a client's next request says of the reply before it: which calls it ran, with which
//! arguments, in which order.

use std::ops::Range;

use wiretape_core::Dialect;
use wiretape_core::conversation::{Conversation, Message, Part, PartKind, Role, Words};
use wiretape_core::json::Raw;

use crate::{Call, CallResult, Echo};

/// The reply that was sent for `before`, as the request `after` repeats it. `None` where `after` is
/// no request with a history.
///
/// What stands behind the messages of `before` is taken; where a client has sent a shorter history,
/// its last reply and what follows.
pub(super) fn echo(dialect: Dialect, before: &[u8], after: &[u8]) -> Option<Echo> {
    let after = conversation(dialect, after)?;
    let known = conversation(dialect, before).map_or(0, |before| before.messages().len());
    let all = after.messages();
    let new = match all.get(known..) {
        Some(new) if !new.is_empty() => new,
        _ => {
            let last = all
                .iter()
                .rposition(|message| message.role() == Role::Assistant);
            all.get(last.unwrap_or(all.len())..).unwrap_or_default()
        }
    };
    let mut echo = Echo {
        flaws: refusals(&after),
        ..Echo::default()
    };
    for message in new {
        for part in message.parts() {
            add(&mut echo, message, part);
        }
    }
    Some(echo)
}

/// What the provider is known to refuse.
fn refusals(conversation: &Conversation) -> Vec<String> {
    let flaws = conversation.refusals();
    let known = flaws.iter().filter(|flaw| flaw.words == Words::Provider);
    known.map(ToString::to_string).collect()
}

fn conversation(dialect: Dialect, body: &[u8]) -> Option<Conversation> {
    Conversation::parse(dialect, &String::from_utf8_lossy(body)).ok()
}

fn add(echo: &mut Echo, message: &Message, part: &Part) {
    match part.kind {
        PartKind::Text if message.role() == Role::Assistant => {
            echo.text.push_str(&strings(message, part, ""));
        }
        PartKind::Call => echo.calls.push(Call {
            id: part.id.clone(),
            name: part.name.clone(),
            arguments: arguments(message, part),
            results: Vec::new(),
        }),
        PartKind::Result => {
            let result = CallResult {
                content: strings(message, part, "\n"),
                is_error: is_error(message, part),
            };
            // Of calls with the same id, which is a flaw, the last has the result.
            let mut calls = echo.calls.iter_mut().rev();
            if let Some(call) = calls.find(|call| call.id == part.id) {
                call.results.push(result);
            }
        }
        _ => {}
    }
}

/// The texts of a part. A result that is an object is its one text, where it has no other.
fn strings(message: &Message, part: &Part, between: &str) -> String {
    let raw = |place: &Range<usize>| Raw::parse(message.text().get(place.clone())?).ok();
    let said = |raw: Raw<'_>| Some(raw.as_str()?.decode().into_owned());
    let texts = part.strings.iter().filter_map(raw).filter_map(said);
    let mut texts: Vec<String> = texts.collect();
    let object = part.json.as_ref().filter(|_| part.kind == PartKind::Result);
    if let Some(object) = object.and_then(raw) {
        let mut members = object.members().map(|(_, value)| value);
        let only = members.next().filter(|_| members.next().is_none());
        texts.push(match only.and_then(said) {
            Some(text) => text,
            None => object.text().to_owned(),
        });
    }
    texts.join(between)
}

/// The arguments as JSON text: Anthropic's input is a value, Chat's are a string that holds one.
fn arguments(message: &Message, part: &Part) -> String {
    let json = |place| message.text().get::<Range<usize>>(place);
    let value = match part.json.clone().and_then(json) {
        Some(input) => Raw::parse(input).ok(),
        None => {
            let call = json(part.place.clone()).and_then(|call| Raw::parse(call).ok());
            call.and_then(|call| {
                let inner = call.field("function").or_else(|| call.field("custom"));
                let of = inner.unwrap_or(call);
                of.field("arguments").or_else(|| of.field("input"))
            })
        }
    };
    match value {
        Some(value) => match value.as_str() {
            Some(text) => text.decode().into_owned(),
            None => value.text().to_owned(),
        },
        None => String::new(),
    }
}

fn is_error(message: &Message, part: &Part) -> bool {
    let block = message.text().get(part.place.clone());
    let Some(block) = block.and_then(|block| Raw::parse(block).ok()) else {
        return false;
    };
    let [is_error, converse, gemini] = block.fields(["is_error", "toolResult", "functionResponse"]);
    let status = converse.and_then(|result| result.str_field("status"));
    let response = gemini.and_then(|result| result.field("response"));
    is_error.is_some_and(|is_error| is_error.text() == "true")
        || status.is_some_and(|status| status == "error")
        || response.is_some_and(|response| response.field("error").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANTHROPIC: &str = r#"{"model":"m","max_tokens":9,"messages":[
        {"role":"user","content":"hi"},
        {"role":"assistant","content":[{"type":"text","text":"I lo"},{"type":"text","text":"ok."},
            {"type":"tool_use","id":"a","name":"f","input":{"n":12345678901234567890,"t":"\ud83d"}},
            {"type":"tool_use","id":"b","name":"g","input":{}}]},
        {"role":"user","content":[
            {"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]},
            {"type":"tool_result","tool_use_id":"b","content":"no","is_error":true}]}]}"#;

    const CHAT: &str = r#"{"model":"m","messages":[
        {"role":"user","content":"hi"},
        {"role":"assistant","content":null,"tool_calls":[
            {"id":"a","type":"function","function":{"name":"f","arguments":"{\"n\": 1}"}},
            {"id":"b","type":"function","function":{"name":"g","arguments":""}}]},
        {"role":"tool","tool_call_id":"a","content":"x"},
        {"role":"tool","tool_call_id":"a","content":"again"},
        {"role":"tool","tool_call_id":"b","content":"y"}]}"#;

    fn first(request: &str) -> String {
        let user = r#"{"role":"user","content":"hi"}"#;
        let head = request.split("\"messages\"").next().unwrap();
        format!("{head}\"messages\":[{user}]}}")
    }

    /// Id, name, arguments, and the results with whether they are errors.
    type Shown<'a> = (&'a str, &'a str, &'a str, Vec<(&'a str, bool)>);

    fn calls(echo: &Echo) -> Vec<Shown<'_>> {
        echo.calls
            .iter()
            .map(|call| {
                let results = call.results.iter();
                let results = results.map(|result| (result.content.as_str(), result.is_error));
                let Call {
                    id,
                    name,
                    arguments,
                    ..
                } = call;
                (
                    id.as_str(),
                    name.as_str(),
                    arguments.as_str(),
                    results.collect(),
                )
            })
            .collect()
    }

    #[test]
    fn messages_say_what_was_run() {
        let before = first(ANTHROPIC);
        let echo = echo(Dialect::Anthropic, before.as_bytes(), ANTHROPIC.as_bytes()).unwrap();
        assert_eq!(echo.text, "I look.");
        assert_eq!(
            calls(&echo),
            [
                (
                    "a",
                    "f",
                    r#"{"n":12345678901234567890,"t":"\ud83d"}"#,
                    vec![("x\ny", false)]
                ),
                ("b", "g", "{}", vec![("no", true)]),
            ]
        );
        assert_eq!(echo.flaws, Vec::<String>::new());
    }

    #[test]
    fn chat_says_what_was_run() {
        let before = first(CHAT);
        let echo = echo(Dialect::OpenAiChat, before.as_bytes(), CHAT.as_bytes()).unwrap();
        assert_eq!(echo.text, "");
        assert_eq!(
            calls(&echo),
            [
                ("a", "f", "{\"n\": 1}", vec![("x", false), ("again", false)]),
                ("b", "g", "", vec![("y", false)]),
            ]
        );
        assert_eq!(echo.flaws.len(), 1, "{:?}", echo.flaws);
    }

    #[test]
    fn a_shorter_history_shows_its_last_reply() {
        let echo = echo(
            Dialect::Anthropic,
            ANTHROPIC.as_bytes(),
            ANTHROPIC.as_bytes(),
        )
        .unwrap();
        assert_eq!(echo.calls.len(), 2);
    }

    #[test]
    fn what_is_no_history_has_no_echo() {
        assert_eq!(echo(Dialect::Anthropic, b"{}", b"hello"), None);
        assert_eq!(echo(Dialect::OpenAiChat, b"", b"{\"messages\":3}"), None);
    }

    /// The same calls and results, as the other dialects repeat them.
    #[test]
    fn every_dialect_says_what_was_run() {
        let gemini = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]},
            {"role":"model","parts":[{"text":"I look."},{"functionCall":{"name":"f","args":{"n":1}}},
                {"functionCall":{"name":"f","args":{}}}]},
            {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}},
                {"functionResponse":{"name":"f","response":{"error":"no"}}}]}]}"#;
        let converse = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]},
            {"role":"assistant","content":[{"text":"I look."},
                {"toolUse":{"toolUseId":"a","name":"f","input":{"n":1}}},
                {"toolUse":{"toolUseId":"b","name":"f","input":{}}}]},
            {"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"x"}]}},
                {"toolResult":{"toolUseId":"b","content":[{"text":"no"}],"status":"error"}}]}]}"#;
        let responses = r#"{"input":[{"role":"user","content":"hi"},
            {"role":"assistant","content":[{"type":"output_text","text":"I look."}]},
            {"type":"function_call","call_id":"a","name":"f","arguments":"{\"n\":1}"},
            {"type":"function_call","call_id":"b","name":"f","arguments":"{}"},
            {"type":"function_call_output","call_id":"a","output":"x"},
            {"type":"function_call_output","call_id":"b","output":"no"}]}"#;
        let ollama = r#"{"messages":[{"role":"user","content":"hi"},
            {"role":"assistant","content":"I look.","tool_calls":[
                {"function":{"name":"f","arguments":{"n":1}}},{"function":{"name":"f","arguments":{}}}]},
            {"role":"tool","tool_name":"f","content":"x"},
            {"role":"tool","tool_name":"f","content":"no"}]}"#;
        for (dialect, request, marks) in [
            (Dialect::Gemini, gemini, true),
            (Dialect::BedrockConverse, converse, true),
            (Dialect::OpenAiResponses, responses, false),
            (Dialect::Ollama, ollama, false),
        ] {
            let echo = echo(dialect, b"", request.as_bytes()).unwrap();
            assert_eq!(echo.text, "I look.", "{dialect}");
            assert_eq!(echo.flaws, Vec::<String>::new(), "{dialect}");
            let said = calls(&echo)
                .into_iter()
                .map(|(_, name, input, results)| (name, input, results));
            let expected = [
                ("f", r#"{"n":1}"#, vec![("x", false)]),
                ("f", "{}", vec![("no", marks)]),
            ];
            assert_eq!(said.collect::<Vec<_>>(), expected, "{dialect}");
        }
    }
}
