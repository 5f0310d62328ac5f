//! Snapshots with stable names: ids and times are replaced, what was said is not.

use serde_json::json;
use wiretape::snapshot::{self, Stable};
use wiretape::{FromFile, Tape};
use wiretape_core::{Dialect, Options, Transcript, read};

fn check(name: &str, played: &str, value: &impl serde::Serialize) {
    super::settings(played).bind(|| insta::assert_json_snapshot!(name, value));
}

fn body(tape: &str) -> Vec<u8> {
    let tape = Tape::load(format!("../recordings/{tape}")).unwrap();
    tape.exchanges[0].body()
}

#[test]
fn a_transcript() {
    let body = body("anthropic/server-tool.tape");
    let seen = Transcript::of(&read(Dialect::Anthropic, Options::default(), &body));
    let stable = snapshot::transcript(&seen);
    check("kit__transcript", "server-tool.tape, as recorded", &stable);
}

#[test]
fn events() {
    let body = body("openai-chat/tools-parallel.tape");
    let lines = snapshot::events(Dialect::OpenAiChat, &body);
    check("kit__events", "tools-parallel.tape, as recorded", &lines);
}

/// The ids of a transcript are found again in the request that brings the results.
#[test]
fn a_conversation() {
    let body = body("anthropic/parallel-tools.tape");
    let seen = Transcript::of(&read(Dialect::Anthropic, Options::default(), &body));
    let (one, two) = (&seen.tool_calls[0], &seen.tool_calls[1]);
    let request = json!({
        "model": "m",
        "metadata": {"user_id": "u", "id": "mine"},
        "tools": [{"name": "find", "input_schema": {"properties": {"id": {"type": "string"}}}}],
        "messages": [
            {"role": "assistant", "id": seen.message_id, "content": [
                {"type": "tool_use", "id": one.id, "name": one.name, "input": {"id": "42", "created": 7}},
                {"type": "tool_use", "id": two.id, "name": two.name, "input": two.input},
            ]},
            {"role": "user", "created_at": 1_700_000_000, "content": [
                {"type": "tool_result", "tool_use_id": two.id, "content": [two.id, "no id"]},
                {"type": "tool_result", "tool_use_id": one.id, "content": "21°"},
                {"type": "tool_result", "tool_use_id": "another", "content": null},
            ]},
        ],
    });
    let mut stable = Stable::new();
    let transcript = stable.transcript(&seen);
    let path = "/v1/messages?beta=true&key=AB12&access_token=";
    let request = stable.request("POST", path, request.to_string().as_bytes());
    check(
        "kit__conversation",
        "parallel-tools.tape",
        &json!({"turn": transcript, "then": request}),
    );
}

#[test]
fn names_depend_on_the_order_of_meeting_alone() {
    let of = |ids: [&str; 3]| {
        let value = json!({"id": ids[0], "items": [{"call_id": ids[1]}, {"call_id": ids[2]}]});
        Stable::new().value(&value).unwrap()
    };
    assert_eq!(of(["a", "b", "a"]), of(["x", "y", "x"]));
    assert_ne!(of(["a", "b", "a"]), of(["x", "y", "z"]));
    assert_eq!(
        of(["", "b", "b"])["id"],
        "",
        "an id that is empty stays empty"
    );
    let mut stable = Stable::new();
    let request = stable.request("GET", "/", b"");
    assert!(request.body.is_null());
    assert_eq!(stable.request("POST", "/x", b"id=1").body, "id=1");
    let times = json!({"created": 17, "created_at": null, "elapsed_ms": 1.5, "after": 3});
    let expect =
        json!({"created": "[time]", "created_at": null, "elapsed_ms": "[time]", "after": 3});
    assert_eq!(stable.value(&times).unwrap(), expect);
}

/// A Responses reply whose `.done` is not what its deltas add up to (F-55).
const LAST_WORD: &str = concat!(
    "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"m\",\"status\":\"in_progress\",\"output\":[]}}\n\n",
    "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":[]}}\n\n",
    "data: {\"type\":\"response.content_part.added\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}}\n\n",
    "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"first words\"}\n\n",
    "data: {\"type\":\"response.output_text.done\",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"text\":\"last word\"}\n\n",
    "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\",\"usage\":{\"input_tokens\":9,\"output_tokens\":4}}}\n\n",
);

#[test]
fn a_text_that_is_replaced_is_said_to_be() {
    let lines = snapshot::events(Dialect::OpenAiResponses, LAST_WORD.as_bytes());
    let said: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| line.starts_with("add") || line.starts_with("replace"))
        .collect();
    assert_eq!(said, ["add 0.0 first words", "replace 0.0 last word"]);
}
