//! A history is its own text: what comes in goes out, byte for byte.

use proptest::prelude::*;
use wiretape_core::Dialect;
use wiretape_core::conversation::{Conversation, Media, PartKind, Role};

use super::strategy::any_history;

fn parse(dialect: Dialect, request: &str) -> Conversation {
    Conversation::parse(dialect, request).unwrap()
}

#[test]
fn members_keep_their_order_and_their_bytes() {
    let request =
        r#"{"model":"m","temperature":0.10,MESSAGES,"n":12345678901234567890,"stream":true}"#;
    for dialect in Dialect::CONVERSATIONS {
        let messages = match dialect {
            Dialect::Gemini => {
                r#""contents":[{"role":"user","parts":[{"text":"h\u0069"}]},{"parts": [],"role":"model"}]"#
            }
            Dialect::BedrockConverse => {
                r#""messages":[{"role":"user","content":[{"text":"h\u0069"}]},{"content":[] ,"role":"assistant"}]"#
            }
            Dialect::OpenAiResponses => {
                r#""input":[{"role":"user","content":"h\u0069"},{"content":null,"role":"assistant"}]"#
            }
            Dialect::BedrockInvoke => {
                r#""anthropic_version":"v","messages":[{"role":"user","content":"h\u0069"},{"content":null,"role":"assistant"}]"#
            }
            _ => {
                r#""messages":[{"role":"user","content":"h\u0069"},{"content":null,"role":"assistant"}]"#
            }
        };
        let request = request.replace("MESSAGES", messages);
        let request = request.as_str();
        let mut conversation = parse(dialect, request);
        assert_eq!(conversation.body(), request);
        conversation.set("stream", " false ").unwrap();
        conversation.set("user", r#""me""#).unwrap();
        let changed = request.replace("true}", r#"false,"user":"me"}"#);
        assert_eq!(conversation.body(), changed);
        assert_eq!(conversation.head("temperature").unwrap().text(), "0.10");
        for member in ["messages", "input", "contents"] {
            assert_eq!(conversation.head(member), None);
        }
    }
}

#[test]
fn a_new_one_puts_its_messages_last() {
    let mut conversation = Conversation::new(Dialect::Anthropic);
    conversation.set("model", r#""m""#).unwrap();
    conversation.push_user("say \"hi\"\n\u{1}");
    conversation.set("max_tokens", "5").unwrap();
    let body = r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"say \"hi\"\n\u0001"}]}"#;
    assert_eq!(conversation.body(), body);
    assert_eq!(parse(Dialect::Anthropic, body).body(), body);
    assert_eq!(
        conversation.body_of(&[r#"{"role":"user"}"#.into()]),
        r#"{"model":"m","max_tokens":5,"messages":[{"role":"user"}]}"#
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let wrong = |request: &str| {
        Conversation::parse(Dialect::Anthropic, request)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(wrong(""), "at byte 0: expected JSON, found the end");
    assert_eq!(
        wrong("[]"),
        "at byte 0: expected a request, which is a JSON object, found `[]`"
    );
    assert_eq!(
        wrong(r#"{"a":tru}"#),
        "at byte 5: expected JSON, found `tru}`"
    );
    assert_eq!(
        wrong(r#"{"a":1}"#),
        "at byte 7: expected a member `messages` that is an array, found the end"
    );
    assert_eq!(
        wrong(r#"{"messages":{}}"#),
        "at byte 12: expected a member `messages` that is an array, found `{}}`"
    );
    assert_eq!(
        wrong(r#"{"messages":[{"role":"user"},{"role":7}]}"#),
        "at byte 37, in message 1: expected a message with a role, found `7}`"
    );
    assert_eq!(
        wrong(r#"{"messages":[7]}"#),
        "at byte 13, in message 0: expected a message, which is a JSON object, found `7`"
    );
    let mut conversation = Conversation::new(Dialect::Anthropic);
    assert!(conversation.set("messages", "[]").is_err());
    assert!(conversation.set("model", "m").is_err());
    assert!(conversation.push("{}").is_err());
    assert!(conversation.push("\"hi\"").is_err());
    let deep = "[".repeat(100_000);
    assert!(wrong(&deep).contains("nests less deep"));
}

#[test]
fn parts_are_what_the_dialect_says() {
    let anthropic = parse(
        Dialect::Anthropic,
        r#"{"messages":[{"role":"assistant","content":[
            {"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"x"},
            {"type":"text","text":"hi"},{"type":"tool_use","id":"a","name":"f","input":{"x":1}},
            {"type":"server_tool_use","id":"b","name":"web_search","input":{}},
            {"type":"web_search_tool_result","tool_use_id":"b","content":[]},{"type":"new","x":1}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[
            {"type":"text","text":"r"},{"type":"image","source":{}}]},{"type":"image","source":{}},
            {"type":"document","source":{"type":"text","data":"plain"}}]}]}"#,
    );
    let kinds: Vec<PartKind> = anthropic.messages()[0]
        .parts()
        .iter()
        .map(|part| part.kind)
        .collect();
    use PartKind::{Call, Other, Result, Server, Text, Thinking};
    assert_eq!(
        kinds,
        [Thinking, Thinking, Text, Call, Server, Server, Other]
    );
    assert!(
        anthropic.messages()[0].parts()[..2]
            .iter()
            .all(|part| part.signed)
    );
    let user = &anthropic.messages()[1];
    let kinds: Vec<PartKind> = user.parts().iter().map(|part| part.kind).collect();
    assert_eq!(kinds, [Result, PartKind::Media(Media::Image), Other]);
    assert_eq!(user.parts()[0].media, [Media::Image]);
    assert_eq!(user.results().next().unwrap().id, "a");
    assert!(
        user.is_prompt(),
        "a picture beside the results is the user's word"
    );
    assert_eq!(anthropic.groups().first(), Some(&(0..2)));

    let chat = parse(
        Dialect::OpenAiChat,
        r#"{"messages":[{"role":"developer","content":"be kind"},
          {"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{}}]},
          {"role":"assistant","content":"t","refusal":null,"reasoning_content":"hm","tool_calls":[
            {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},
            {"id":"b","type":"custom","custom":{"name":"g","input":"x"}}]},
          {"role":"tool","tool_call_id":"a","content":"r"},
          {"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"r"}]},
          {"role":"assistant","function_call":{"name":"old","arguments":"{}"},"content":null},
          {"role":"function","name":"old","content":"r"}]}"#,
    );
    let roles: Vec<Role> = chat
        .messages()
        .iter()
        .map(|message| message.role())
        .collect();
    use Role::{Assistant, System, Tool, User};
    assert_eq!(
        roles,
        [System, User, Assistant, Tool, Tool, Assistant, Tool]
    );
    let kinds: Vec<PartKind> = chat.messages()[2]
        .parts()
        .iter()
        .map(|part| part.kind)
        .collect();
    assert_eq!(kinds, [Thinking, Text, Call, Call]);
    assert_eq!(chat.groups(), [0..1, 1..2, 2..5, 5..7]);
    assert!(chat.flaws().is_empty(), "{:?}", chat.flaws());
}

#[test]
fn the_dialect_shows_in_what_only_one_of_them_has() {
    let sniff = |request: &str| Conversation::sniff(request);
    let anthropic = Some(Dialect::Anthropic);
    let chat = Some(Dialect::OpenAiChat);
    for (request, dialect) in [
        (r#"{"messages":[{"role":"system","content":"x"}]}"#, chat),
        (
            r#"{"messages":[{"role":"assistant","tool_calls":[]}]}"#,
            chat,
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#,
            chat,
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}"#,
            anthropic,
        ),
        (r#"{"system":"x","messages":[]}"#, anthropic),
        (r#"{"model":"claude-x","messages":[]}"#, anthropic),
        (r#"{"model":"gpt-x","messages":[]}"#, chat),
        (
            r#"{"model":"x","messages":[],"tools":[{"name":"f","input_schema":{}}]}"#,
            anthropic,
        ),
        (
            r#"{"model":"x","messages":[],"tools":[{"type":"function","function":{"name":"f"}}]}"#,
            chat,
        ),
        (
            r#"{"contents":[{"role":"user","parts":[{"text":"x"}]}]}"#,
            Some(Dialect::Gemini),
        ),
        (r#"{"input":"x"}"#, Some(Dialect::OpenAiResponses)),
        (r#"{"input":[]}"#, Some(Dialect::OpenAiResponses)),
        (
            r#"{"anthropic_version":"bedrock-2023-05-31","messages":[]}"#,
            Some(Dialect::BedrockInvoke),
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"text":"x"}]}]}"#,
            Some(Dialect::BedrockConverse),
        ),
        (
            r#"{"messages":[],"system":[{"text":"x"}]}"#,
            Some(Dialect::BedrockConverse),
        ),
        (
            r#"{"messages":[],"inferenceConfig":{"maxTokens":1}}"#,
            Some(Dialect::BedrockConverse),
        ),
        (
            r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{}}}]}]}"#,
            Some(Dialect::Ollama),
        ),
        (
            r#"{"messages":[{"role":"tool","tool_name":"f","content":"r"}]}"#,
            Some(Dialect::Ollama),
        ),
        (
            r#"{"messages":[{"role":"user","content":"x"}],"options":{"num_ctx":1}}"#,
            Some(Dialect::Ollama),
        ),
        (
            r#"{"messages":[{"role":"assistant","tool_plan":"p","tool_calls":[]}]}"#,
            Some(Dialect::Cohere),
        ),
        (
            r#"{"messages":[{"role":"system","content":"x"}],"model":"command-a-03-2025"}"#,
            Some(Dialect::Cohere),
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"system":"x"}"#,
            anthropic,
        ),
        (r#"{"model":"x","messages":[]}"#, None),
        (r#"{"model":"gpt-x"}"#, None),
        ("no", None),
    ] {
        assert_eq!(sniff(request), dialect, "{request}");
    }
}

proptest! {
    #[test]
    fn what_comes_in_goes_out(history in any_history()) {
        let body = history.body();
        let again = Conversation::parse(history.dialect(), &body).unwrap();
        prop_assert_eq!(again.body(), body);
        prop_assert_eq!(&again, &history);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", dialect in super::strategy::dialect()) {
        if let Ok(conversation) = Conversation::parse(dialect, &text) {
            let _ = conversation.flaws();
        }
        let mut conversation = Conversation::new(dialect);
        conversation.push_user(&text);
        let pushed = &conversation.messages()[0];
        let place = pushed.parts()[0].strings[0].clone();
        let said: String = serde_json::from_str(&pushed.text()[place]).unwrap();
        prop_assert_eq!(said, text);
    }

    #[test]
    fn groups_are_all_the_messages_in_order(history in any_history()) {
        let mut next = 0;
        for group in history.groups() {
            prop_assert_eq!(group.start, next);
            prop_assert!(group.end > next);
            next = group.end;
        }
        prop_assert_eq!(next, history.messages().len());
    }
}

/// An input that is a text is one message of the user, and stays a text until there are more.
#[test]
fn an_input_that_is_a_text_is_a_message() {
    let request = r#"{"model":"m","input":"h\u0069"}"#;
    let mut conversation = parse(Dialect::OpenAiResponses, request);
    assert_eq!(conversation.body(), request);
    assert_eq!(conversation.messages().len(), 1);
    assert!(conversation.messages()[0].is_prompt());
    assert_eq!(
        conversation.clone().repaired().0.body(),
        request,
        "a view of it is the same"
    );
    let said = r#"{"role":"assistant","content":"yes"}"#;
    conversation.push(said).unwrap();
    assert_eq!(
        conversation.body(),
        format!(r#"{{"model":"m","input":[{{"role":"user","content":"h\u0069"}},{said}]}}"#)
    );
}

/// What the server has and the request has not cannot be counted, cut or judged.
#[test]
fn a_history_that_is_partly_on_the_server_is_said_to_be() {
    let wrong = |request: &str| {
        Conversation::parse(Dialect::OpenAiResponses, request)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        wrong(r#"{"input":[],"previous_response_id":"resp_1"}"#),
        "at byte 35: expected a request with its whole history, of which a part is on the server \
         here, found `\\\"resp_1\\\"}`"
    );
    assert!(wrong(r#"{"input":[],"conversation":{"id":"c"}}"#).contains("on the server"));
    assert_eq!(
        wrong(r#"{"input":[{"type":"item_reference","id":"rs_1"}]}"#),
        "at byte 18, in message 0: expected an item itself, of which an `item_reference` says that \
         it is on the server, found `\\\"item_reference\\\",\\\"id\\\":\\\"r`"
    );
    let null = r#"{"input":"hi","previous_response_id":null,"conversation":null}"#;
    let mut conversation = parse(Dialect::OpenAiResponses, null);
    assert_eq!(conversation.body(), null);
    assert!(conversation.set("previous_response_id", "\"r\"").is_err());
}

/// Of the models on Bedrock, by their own requests, only Anthropic's are read.
#[test]
fn another_models_request_is_none() {
    let wrong = Conversation::parse(
        Dialect::BedrockInvoke,
        r#"{"schemaVersion":"messages-v1","messages":[]}"#,
    );
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "at byte 45: expected a member `anthropic_version`: of the models on Bedrock, by their own \
         requests, only Anthropic's are read, found the end"
    );
    let empty = Conversation::new(Dialect::BedrockInvoke).body();
    assert_eq!(
        empty,
        r#"{"anthropic_version":"bedrock-2023-05-31","messages":[]}"#
    );
}

#[test]
fn calls_and_results_without_ids_pair_by_name_and_order() {
    let ids = |conversation: &Conversation| -> Vec<String> {
        let parts = conversation.messages().iter().flat_map(|m| m.parts());
        parts.map(|part| part.id.clone()).collect()
    };
    let gemini = parse(
        Dialect::Gemini,
        r#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}},
            {"functionCall":{"id":"i","name":"f","args":{}}},{"functionCall":{"name":"f"}}]},
          {"role":"function","parts":[{"functionResponse":{"name":"f","response":{}}},
            {"functionResponse":{"id":"i","name":"f","response":{}}},
            {"functionResponse":{"name":"f","response":{"r":1}}},
            {"functionResponse":{"name":"g","response":{}}}]}]}"#,
    );
    let pairs = ["function f", "i", "function f 2"];
    assert_eq!(ids(&gemini)[..3], pairs);
    assert_eq!(ids(&gemini)[3..6], pairs);
    assert_eq!(ids(&gemini)[6], "", "it answers nothing");
    let ollama = parse(
        Dialect::Ollama,
        r#"{"messages":[{"role":"assistant","content":"","tool_calls":[
            {"function":{"name":"f","arguments":{}}},{"function":{"name":"g","arguments":{}}}]},
          {"role":"tool","tool_name":"g","content":"r"},{"role":"tool","content":"r"}]}"#,
    );
    assert_eq!(
        ids(&ollama),
        ["", "function f", "function g", "function g", "function f"]
    );
    assert_eq!(ollama.flaws(), []);
}

/// A group is what must not be torn apart.
#[test]
fn items_of_a_reply_stay_together() {
    let conversation = parse(
        Dialect::OpenAiResponses,
        r#"{"input":[{"role":"user","content":"hi"},
            {"type":"reasoning","id":"rs","summary":[],"encrypted_content":"E="},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"so"}]},
            {"type":"function_call","call_id":"a","name":"f","arguments":"{}"},
            {"type":"function_call_output","call_id":"a","output":"r"},
            {"type":"function_call","call_id":"b","name":"f","arguments":"{}"},
            {"role":"user","content":"meanwhile"},
            {"type":"function_call_output","call_id":"b","output":[{"type":"input_text","text":"r"}]},
            {"role":"user","content":"and?"}]}"#,
    );
    assert_eq!(conversation.groups(), [0..1, 1..5, 5..8, 8..9]);
    assert_eq!(conversation.flaws(), []);
}

/// The model is where the dialect has it, and how long the reply may be.
#[test]
fn the_model_and_the_room_of_the_reply_are_where_the_dialect_has_them() {
    let mut bodies = Vec::new();
    for dialect in Dialect::CONVERSATIONS {
        let mut conversation = Conversation::new(dialect);
        conversation.set("model", r#""m""#).unwrap();
        conversation.set_max_tokens(7).unwrap();
        assert_eq!(conversation.model().as_deref(), Some("m"));
        assert_eq!(conversation.max_tokens(), Some(7));
        bodies.push(format!("{dialect} {}", conversation.body()));
    }
    insta::assert_snapshot!(bodies.join("\n"));
    let mut gemini = Conversation::new(Dialect::Gemini);
    gemini
        .set("generationConfig", r#"{"maxOutputTokens":1,"topK":2}"#)
        .unwrap();
    gemini.set_max_tokens(7).unwrap();
    let config = gemini.head("generationConfig").unwrap();
    assert_eq!(config.text(), r#"{"maxOutputTokens":7,"topK":2}"#);
    gemini.take_path("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse");
    assert_eq!(gemini.model().as_deref(), Some("gemini-2.5-pro"));
}
