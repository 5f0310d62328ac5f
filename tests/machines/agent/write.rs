//! How a reply is written back: message by message, as each provider takes it.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a value is written where it is used"
)]

use proptest::prelude::*;
use serde_json::{Value, json};
use wiretape_core::conversation::{Conversation, ToolResult, WrittenCall};
use wiretape_core::turn::Reply as Read;
use wiretape_core::{Dialect, Options, read};

use super::rig::{Reply, check, says_any_arguments};
use super::world::history;

const A: Dialect = Dialect::Anthropic;
const CHAT: Dialect = Dialect::OpenAiChat;

fn reply_of(dialect: Dialect, body: impl AsRef<[u8]>) -> Read {
    match read(dialect, Options::default(), body.as_ref()) {
        Ok(turn) => turn.reply().clone(),
        Err(rejected) => rejected.reply().clone(),
    }
}

/// The assistant's message of a stream, and the calls that want results.
fn written(dialect: Dialect, body: impl AsRef<[u8]>) -> (Value, Vec<WrittenCall>) {
    let mut conversation = Conversation::new(dialect);
    let calls = conversation.push_reply(&reply_of(dialect, body));
    let message = conversation.messages().last();
    let message = message.map_or(Value::Null, |m| serde_json::from_str(m.text()).unwrap());
    (message, calls)
}

fn message(dialect: Dialect, body: impl AsRef<[u8]>) -> Value {
    written(dialect, body).0
}

/// What a reply adds to a history, as an independent reader has it.
fn said(dialect: Dialect, body: impl AsRef<[u8]>) -> Vec<history::Said> {
    let mut conversation = Conversation::new(dialect);
    conversation.push_reply(&reply_of(dialect, body));
    history::read(dialect, &conversation.body())
}

fn content(blocks: Value) -> Value {
    json!({"role": "assistant", "content": blocks})
}

fn block(start: Value, deltas: &[Value]) -> Reply {
    let mut reply = Reply::new(A, "m");
    reply.block(start, deltas);
    reply
}

#[test]
fn text_and_a_call() {
    let said = |dialect| {
        let reply = Reply::new(dialect, "m").text("Let me see.");
        reply.call("a", "weather", r#"{ "city": "Paris" }"#).end()
    };
    assert_eq!(
        message(A, said(A)),
        content(json!([
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Paris"}},
        ]))
    );
    assert_eq!(
        message(CHAT, said(CHAT)),
        json!({
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [{"id": "a", "type": "function", "function":
                {"name": "weather", "arguments": r#"{ "city": "Paris" }"#}}],
        })
    );
}

/// Big numbers, repeated keys, key order, white space and escapes go back as they came.
#[test]
fn arguments_go_back_byte_for_byte() {
    let odd = r#"{"z":12345678901234567890123, "a":-0,"a":1e400,  "s":"\u00e9\ud83d\ude00é"}"#;
    for dialect in Dialect::CONVERSATIONS {
        let mut conversation = Conversation::new(dialect);
        let body = Reply::new(dialect, "m").call("a", "x", odd).end();
        conversation.push_reply(&reply_of(dialect, &body));
        let text = conversation.messages()[0].text();
        let quoted = serde_json::to_string(odd).unwrap();
        let objects = !matches!(
            dialect,
            Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::Cohere
        );
        assert!(text.contains(if objects { odd } else { &quoted }), "{text}");
    }
}

/// Signatures are checked by the provider: a byte more or less is a 400 (F-52).
#[test]
fn thoughts_go_back_signed_or_not_at_all() {
    let thought = json!({"type": "thinking", "thinking": "", "signature": ""});
    let delta = json!({"type": "thinking_delta", "thinking": "Hm.\n"});
    let signed = json!({"type": "signature_delta", "signature": "EqQB/+=="});
    let whole = block(thought.clone(), &[delta.clone(), signed.clone()])
        .text("Hi.")
        .end();
    assert_eq!(
        message(A, whole),
        content(json!([
            {"type": "thinking", "thinking": "Hm.\n", "signature": "EqQB/+=="},
            {"type": "text", "text": "Hi."},
        ]))
    );
    // Its text may be left out by the provider, the signature stands for it.
    let silent = block(thought.clone(), &[signed]).end();
    let silent = &message(A, silent)["content"][0];
    assert_eq!(
        silent,
        &json!({"type": "thinking", "thinking": "", "signature": "EqQB/+=="})
    );
    let unsigned = block(thought, &[delta]).text("Hi.").end();
    assert_eq!(
        message(A, unsigned),
        content(json!([{"type": "text", "text": "Hi."}]))
    );
    let sealed = json!({"type": "redacted_thinking", "data": "EmwKAhgB"});
    assert_eq!(
        message(A, block(sealed.clone(), &[]).end()),
        content(json!([sealed]))
    );
}

/// What the provider ran itself goes back whole; a call of its own that was cut does not go back
/// alone, unless the turn is paused.
#[test]
fn the_providers_own_calls() {
    let call = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}});
    let delta = json!({"type": "input_json_delta", "partial_json": "{\"query\":\"x\"}"});
    let result = json!({"type": "web_search_tool_result", "tool_use_id": "s",
        "content": [{"type": "web_search_result", "encrypted_content": "E=="}]});
    let sent = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}});
    let mut both = block(call.clone(), std::slice::from_ref(&delta));
    both.block(result.clone(), &[]);
    assert_eq!(message(A, both.end()), content(json!([sent, result])));
    let alone = || block(call.clone(), std::slice::from_ref(&delta)).text("Hm.");
    let hm = json!({"type": "text", "text": "Hm."});
    assert_eq!(message(A, alone().stop("max_tokens")), content(json!([hm])));
    assert_eq!(
        message(A, alone().stop("pause_turn")),
        content(json!([sent, hm]))
    );
    let mcp =
        json!({"type": "mcp_tool_use", "id": "p", "name": "x", "server_name": "y", "input": {}});
    let answer = json!({"type": "mcp_tool_result", "tool_use_id": "p", "content": []});
    let mut both = block(mcp.clone(), &[]);
    both.block(answer.clone(), &[]);
    assert_eq!(message(A, both.end()), content(json!([mcp, answer])));
}

/// Members and blocks of a later version of the protocol (F-56).
#[test]
fn what_is_not_known_goes_back_as_it_came() {
    let caller = json!({"type": "code_execution", "tool_id": "t"});
    let call = json!({"type": "tool_use", "id": "a", "name": "x", "input": {}, "caller": caller});
    let delta = json!({"type": "input_json_delta", "partial_json": "{\"n\":1}"});
    let said = message(A, block(call, &[delta]).stop("tool_use"));
    assert_eq!(
        said["content"][0],
        json!(
        {"type": "tool_use", "id": "a", "name": "x", "input": {"n": 1}, "caller": caller})
    );
    let new = json!({"type": "hologram", "data": [1, 2]});
    assert_eq!(
        message(A, block(new.clone(), &[]).end()),
        content(json!([new]))
    );
    let compaction = json!({"type": "compaction", "content": null});
    let delta =
        json!({"type": "compaction_delta", "content": "So far: x.", "encrypted_content": "E="});
    assert_eq!(
        message(A, block(compaction, &[delta]).stop("compaction")),
        content(json!([
            {"type": "compaction", "content": "So far: x.", "encrypted_content": "E="},
        ]))
    );
    let cited = json!({"type": "citations_delta", "citation": {"type": "char_location", "n": 1}});
    let text = json!({"type": "text_delta", "text": "So."});
    let said = block(
        json!({"type": "text", "text": "", "citations": []}),
        &[text, cited],
    )
    .end();
    assert_eq!(
        message(A, said)["content"][0],
        json!(
        {"type": "text", "text": "So.", "citations": [{"type": "char_location", "n": 1}]})
    );
    // Gemini's signature of a thought, at the call.
    let call = json!({"index": 0, "id": "a", "function": {"name": "x", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": "E=="}}});
    let chunk = json!({"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [call]},
        "finish_reason": "tool_calls"}]});
    let said = message(CHAT, format!("data: {chunk}\n\ndata: [DONE]\n\n"));
    let extra = json!({"google": {"thought_signature": "E=="}});
    assert_eq!(said["tool_calls"][0]["extra_content"], extra);
}

/// `OpenRouter` wants its reasoning back; a thought that nobody signed is not sent.
#[test]
fn reasoning_of_chat_completions() {
    let chunk = |delta: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": null});
        format!("data: {}\n\n", json!({"id": "c", "choices": [choice]}))
    };
    let end = Reply::new(CHAT, "c").text("Hi.").end().text();
    let plain = chunk(json!({"reasoning_content": "Hm."})) + &end;
    assert_eq!(
        message(CHAT, &plain),
        json!({"role": "assistant", "content": "Hi."})
    );
    let signed = json!({"type": "reasoning.text", "text": "Hm.", "signature": "E=="});
    let sealed = json!({"type": "reasoning.encrypted", "data": "F=="});
    let both = chunk(json!({"reasoning_details": [signed, sealed]})) + &end;
    let details = &message(CHAT, &both)["reasoning_details"];
    assert_eq!(details, &json!([signed, sealed]));
}

#[test]
fn nothing_empty_is_sent() {
    for dialect in Dialect::CONVERSATIONS {
        for text in ["", " \n"] {
            let empty = Reply::new(dialect, "m").text(text).end();
            assert_eq!(said(dialect, empty), [], "{dialect} {text:?}");
            let call = Reply::new(dialect, "m")
                .text(text)
                .call("a", "x", "{}")
                .end();
            let said = said(dialect, call);
            let [said] = said.as_slice() else {
                panic!("{said:?}");
            };
            let says = said.texts.iter().any(|text| !text.is_empty());
            assert_eq!(
                (says, said.calls.len(), said.others),
                (false, 1, 0),
                "{dialect}"
            );
        }
    }
}

#[test]
fn arguments_that_are_no_object() {
    for (sent, input) in [
        ("", json!({})),
        (" \n", json!({})),
        ("null", json!({})),
        (r#""{\"n\":1}""#, json!({"n": 1})),
        (r#"{"n":"#, json!({"INVALID_JSON": "{\"n\":"})),
        ("[1]", json!({"INVALID_JSON": "[1]"})),
        ("\"x\"", json!({"INVALID_JSON": "\"x\""})),
        ("\u{1}\"\\", json!({"INVALID_JSON": "\u{1}\"\\"})),
    ] {
        let is_json = serde_json::from_str::<Value>(sent).is_ok() || sent.trim().is_empty();
        for dialect in Dialect::CONVERSATIONS {
            if !is_json && !says_any_arguments(dialect) {
                continue;
            }
            let reply = Reply::new(dialect, "m").call("a", "x", sent).end();
            let found = said(dialect, reply)[0].calls[0].input();
            assert_eq!(found, input, "{dialect}: {sent:?}");
        }
    }
}

/// Each call of a history has an id of its own: servers use theirs again, or send none (F-25).
#[test]
fn ids_are_the_providers_where_they_can_be() {
    for dialect in Dialect::CONVERSATIONS {
        let mut conversation = Conversation::new(dialect);
        conversation.push_user("go");
        let mut push = |reply: Reply| {
            let calls = conversation.push_reply(&reply_of(dialect, reply.end()));
            let results: Vec<_> = calls
                .iter()
                .map(|call| result(&call.id, "ok", false))
                .collect();
            conversation.push_results(&results);
            check(&conversation);
            let ids = calls.into_iter().map(|call| (call.ordinal, call.id));
            ids.collect::<Vec<_>>()
        };
        let reply = |id: &str| Reply::new(dialect, id);
        let own = |id: &str| String::from(id);
        assert_eq!(
            push(reply("m1").call("call_0", "x", "{}")),
            [(0, own("call_0"))]
        );
        assert_eq!(
            push(reply("m2").call("call_0", "x", "{}")),
            [(0, own("call_0_2"))]
        );
        assert_eq!(
            push(reply("m3").call("call_0", "x", "{}")),
            [(0, own("call_0_3"))]
        );
        let odd = if says_any_arguments(dialect) {
            "["
        } else {
            "[1]"
        };
        let none = push(reply("m4").call("", "x", "{}").call("", "x", odd));
        match dialect {
            // The item's own, or the reader's.
            Dialect::OpenAiResponses => {
                assert_eq!(none, [(0, own("fc_m4_0")), (1, own("fc_m4_1"))]);
            }
            Dialect::Gemini | Dialect::Ollama => {
                let [(0, first), (1, second)] = none.as_slice() else {
                    panic!("{none:?}");
                };
                assert!(first.starts_with("call_0_") && second.starts_with("call_1_"));
            }
            _ => assert_eq!(none, [(0, own("call_0_4")), (1, own("call_1"))]),
        }
        // Twice in one reply: one call. Another call under its id: another.
        let twice = reply("m5")
            .call("b", "x", "{}")
            .call("b", "x", "{}")
            .call("b", "y", "{}");
        assert_eq!(push(twice), [(0, own("b")), (2, own("b_2"))]);
    }
}

fn result(call: &str, content: &str, is_error: bool) -> ToolResult {
    ToolResult {
        call: call.into(),
        name: "x".into(),
        content: content.into(),
        is_error,
    }
}

#[test]
fn results_as_each_dialect_wants_them() {
    let results = [
        result("a", "ok", false),
        result("b", "no", true),
        result("c", "", false),
    ];
    let mut written = Vec::new();
    for dialect in Dialect::CONVERSATIONS {
        let mut conversation = Conversation::new(dialect);
        conversation.push_results(&results);
        written.push(format!("{dialect}:"));
        let texts = conversation.messages().iter().map(|message| message.text());
        written.extend(texts.map(str::to_owned));
    }
    insta::assert_snapshot!(written.join("\n"));
}

/// What each tape's reply leaves in the history, with a result for each of its calls.
#[test]
fn every_tape_can_be_written_back() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../recordings");
    let mut written = std::collections::BTreeMap::new();
    for path in wiretape::find(&[root.into()]).unwrap() {
        let loaded = wiretape::load(&path, None).unwrap();
        let spoken = |dialect: &Dialect| Dialect::CONVERSATIONS.contains(dialect);
        let Some(dialect) = loaded.dialect.filter(spoken) else {
            continue;
        };
        for exchange in &loaded.tape.exchanges {
            let body: Vec<u8> = exchange
                .chunks
                .iter()
                .flat_map(|chunk| chunk.bytes.clone())
                .collect();
            let mut conversation = Conversation::new(dialect);
            conversation.push_user("go");
            let calls = conversation.push_reply(&reply_of(dialect, body));
            let results = calls.iter().map(|call| ToolResult {
                call: call.id.clone(),
                name: call.name.clone(),
                content: "ok".into(),
                is_error: false,
            });
            let results: Vec<ToolResult> = results.collect();
            conversation.push_results(&results);
            check(&conversation);
            assert_eq!(conversation.flaws(), [], "{}", path.display());
            let texts = conversation.messages()[1..]
                .iter()
                .map(|message| message.text());
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let mine: &mut Vec<String> = written.entry(dialect).or_default();
            mine.push(format!("{name}:"));
            mine.extend(texts.map(str::to_owned));
        }
    }
    for (dialect, written) in written {
        // What long recordings say is no news.
        if !matches!(dialect, Dialect::Anthropic | Dialect::OpenAiChat) {
            insta::assert_snapshot!(format!("written_{dialect}"), written.join("\n"));
        }
    }
}

/// The first answer is the one that counts (F-57).
#[test]
fn one_answer_of_several() {
    let choice = |index: u32, text: &str| json!({"index": index, "delta": {"content": text}, "finish_reason": "stop"});
    let chunk = json!({"id": "c", "choices": [choice(1, "Other"), choice(0, "First")]});
    let said = message(CHAT, format!("data: {chunk}\n\ndata: [DONE]\n\n"));
    assert_eq!(said["content"], "First");
}

/// So many cases, unless `PROPTEST_CASES` says otherwise.
fn cases(cases: u32) -> ProptestConfig {
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default().cases,
        None => cases,
    };
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(256))]

    /// Whatever a call's arguments and name are, cut wherever it is: what is written is a history.
    #[test]
    fn any_call_can_be_written(
        name in "[a-z]{0,3}",
        arguments in prop_oneof!["\\PC{0,12}", r#"\{"[a-z]":("[a-z\\"é]{0,3}"|[0-9]{1,25}|null)\}"#],
        ids in proptest::collection::vec("[ab]{0,1}", 1..5),
        dialect in proptest::sample::select(Dialect::CONVERSATIONS.to_vec()),
        reason in prop_oneof![Just(""), Just("max_tokens"), Just("length"), Just("pause_turn")],
    ) {
        let mut conversation = Conversation::new(dialect);
        conversation.push_user("go");
        let mut reply = Reply::new(dialect, "m").text("So.");
        for id in &ids {
            reply = reply.call(id, &name, &arguments);
        }
        let body = if reason.is_empty() { reply.end() } else { reply.stop(reason) };
        let calls = conversation.push_reply(&reply_of(dialect, &body));
        let results = calls.iter().map(|call| ToolResult {
            name: call.name.clone(),
            ..result(&call.id, "ok", false)
        });
        let results: Vec<_> = results.collect();
        conversation.push_results(&results);
        if let Err(flaw) = history::flaw(dialect, &conversation.body()) {
            prop_assert!(false, "{flaw}: {}", conversation.body());
        }
        let again = Conversation::parse(dialect, &conversation.body());
        prop_assert_eq!(again.unwrap().body(), conversation.body());
    }
}
