//! A whole session, as its report tells it.

use super::*;

/// A forwarder that does most things wrong, to one chat of Telegram's.
#[test]
fn a_session_on_telegram() {
    let options = Options {
        latency_ns: 100_000_000,
        ..Options::default()
    };
    let mut stage = Stage::new(Platform::Telegram, options);
    let question = stage.sink.say(Moment(0), "42", "What is 6 × 7?");
    assert_eq!(question, "1");
    let edit = |text: &str| json!({"chat_id": 42, "message_id": 2, "text": text});
    stage
        .at(500)
        .call("sendMessage", &json!({"chat_id": 42, "text": ""}));
    stage
        .at(1_500)
        .call("sendMessage", &json!({"chat_id": 42, "text": "6 × 7"}));
    stage.at(2_000).call("editMessageText", &edit("6 × 7 is"));
    stage
        .at(2_200)
        .call("editMessageText", &edit("6 × 7 is forty"));
    stage
        .at(4_200)
        .call("editMessageText", &edit("6 × 7 is forty-two"));
    stage
        .at(5_200)
        .call("editMessageText", &edit("6 × 7 is forty-two"));
    stage.at(6_200).call(
        "editMessageText",
        &json!({
            "chat_id": 42, "message_id": 2, "text": "6 × 7 is *forty", "parse_mode": "MarkdownV2"
        }),
    );
    stage.at(7_200).call(
        "sendMessage",
        &json!({"chat_id": 42, "text": "a".repeat(4_097)}),
    );
    stage.at(8_200).call(
        "editMessageText",
        &json!({"chat_id": 42, "message_id": 9, "text": "?"}),
    );
    let report = stage.report();
    insta::with_settings!({snapshot_path => "snapshots", prepend_module_to_snapshot => false}, {
        insta::assert_json_snapshot!("session", report);
    });
}
