//! A run that goes well: turns, calls in parallel, results in any order.

use serde_json::{Value, json};
use wiretape_core::Dialect;
use wiretape_core::agent::{Action, Outcome};

use super::rig::{Reply, Rig};

const BOTH: [Dialect; 2] = Dialect::ALL;

fn roles(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect()
}

#[test]
fn three_turns_with_tools() {
    for dialect in BOTH {
        let mut rig = Rig::new(dialect);
        rig.prompt("What is the weather?");
        let sent = rig.sent();
        assert_eq!(
            sent,
            [json!({"role": "user", "content": "What is the weather?"})]
        );

        let reply = Reply::new(dialect, "m1").text("Let me see.");
        let reply = reply.call("a", "weather", r#"{"city":"Paris"}"#);
        rig.stream(reply.call("b", "weather", r#"{"city":"Rome"}"#).end());
        let calls = rig.calls();
        let keys: Vec<&str> = calls.iter().map(|call| call.execution_key()).collect();
        assert_eq!(keys, ["m1/a", "m1/b"]);

        // In the other order: the history has them in the order of the calls.
        rig.result("m1/b", "rain");
        assert_eq!(rig.take(), []);
        rig.result("m1/a", "sun");
        let sent = rig.sent();
        match dialect {
            Dialect::Anthropic => {
                assert_eq!(roles(&sent), ["user", "assistant", "user"]);
                let result =
                    |id, text| json!({"type": "tool_result", "tool_use_id": id, "content": text});
                assert_eq!(
                    sent[2]["content"],
                    json!([result("a", "sun"), result("b", "rain")])
                );
            }
            _ => {
                assert_eq!(roles(&sent), ["user", "assistant", "tool", "tool"]);
                assert_eq!(sent[1]["content"], "Let me see.");
                assert_eq!(
                    sent[2],
                    json!({"role": "tool", "tool_call_id": "a", "content": "sun"})
                );
            }
        }

        rig.stream(Reply::new(dialect, "m2").call("c", "time", "").end());
        let calls = rig.calls();
        assert_eq!(calls[0].input, json!({}));
        rig.result("m2/c", "noon");
        rig.take();
        rig.stream(Reply::new(dialect, "m3").text("It is noon.").end());
        let done = rig.take();
        let text = String::from("It is noon.");
        assert_eq!(
            done,
            [
                Action::Text(text.clone()),
                Action::Break,
                Action::Finished(Outcome::Done { text }),
            ]
        );

        // And on: what was said so far is sent again byte for byte.
        let before = rig.messages();
        rig.prompt("Thanks.");
        let sent = rig.sent();
        assert_eq!(sent[..sent.len() - 1], before);
    }
}
