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
    let request = r#"{"model":"m","temperature":0.10,"messages":[{"role":"user","content":"h\u0069"},{"content":null,"role":"assistant"}],"n":12345678901234567890,"stream":true}"#;
    for dialect in Dialect::CONVERSATIONS {
        let mut conversation = parse(dialect, request);
        assert_eq!(conversation.body(), request);
        conversation.set("stream", " false ").unwrap();
        conversation.set("user", r#""me""#).unwrap();
        let changed = request.replace("true}", r#"false,"user":"me"}"#);
        assert_eq!(conversation.body(), changed);
        assert_eq!(conversation.head("temperature").unwrap().text(), "0.10");
        assert_eq!(conversation.head("messages"), None);
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
        let pushed = conversation.messages()[0].text();
        let said: serde_json::Value = serde_json::from_str(pushed).unwrap();
        prop_assert_eq!(said["content"].as_str(), Some(text.as_str()));
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
