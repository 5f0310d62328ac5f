//! A run that goes well: turns, calls in parallel, results in any order.

use serde_json::{Value, json};
use wiretape_core::Dialect;
use wiretape_core::agent::{Action, Closed, Input, Outcome};

use super::rig::{Reply, Rig, has_id};

#[test]
fn three_turns_with_tools() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = Rig::new(dialect);
        rig.prompt("What is the weather?");
        let said = rig.said();
        assert_eq!(said[0].role, "user");
        assert_eq!(said[0].texts, ["What is the weather?"]);

        let reply = Reply::new(dialect, "m1").text("Let me see.");
        let reply = reply.call("a", "weather", r#"{"city":"Paris"}"#);
        rig.stream(reply.call("b", "weather", r#"{"city":"Rome"}"#).end());
        let calls = rig.calls();
        let keys: Vec<&str> = calls.iter().map(|call| call.execution_key()).collect();
        if has_id(dialect) {
            assert_eq!(keys, ["m1/a", "m1/b"]);
        }

        // In the other order: the history has them in the order of the calls.
        rig.answer("b", "rain");
        assert_eq!(rig.take(), []);
        rig.answer("a", "sun");
        let said = rig.said();
        let texts: Vec<&str> = said[1..]
            .iter()
            .flat_map(|m| &m.texts)
            .map(|t| &**t)
            .collect();
        assert_eq!(texts, ["Let me see."]);
        let cities: Vec<Value> = said
            .iter()
            .flat_map(|m| &m.calls)
            .map(|c| c.input())
            .collect();
        assert_eq!(cities, [json!({"city": "Paris"}), json!({"city": "Rome"})]);
        let results: Vec<&str> = said
            .iter()
            .flat_map(|m| &m.results)
            .map(|r| &*r.content)
            .collect();
        assert_eq!(results, ["sun", "rain"]);

        rig.stream(Reply::new(dialect, "m2").call("c", "time", "").end());
        let calls = rig.calls();
        assert_eq!(calls[0].input, json!({}));
        rig.answer("c", "noon");
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

/// What goes wrong in no case: how the bytes are cut changes nothing but how the text is cut.
#[test]
fn chunks_change_nothing() {
    for (name, loaded) in tapes() {
        let spoken = |dialect: &Dialect| Dialect::CONVERSATIONS.contains(dialect);
        let Some(dialect) = loaded.dialect.filter(spoken) else {
            continue;
        };
        for exchange in &loaded.tape.exchanges {
            let body: Vec<u8> = exchange
                .chunks
                .iter()
                .flat_map(|c| c.bytes.clone())
                .collect();
            if body.len() > 64 << 10 {
                continue;
            }
            let whole = outcome(dialect, &body, usize::MAX);
            for size in [1, 7, 1000] {
                assert_eq!(
                    outcome(dialect, &body, size),
                    whole,
                    "{name}, chunks of {size}"
                );
            }
        }
    }
}

fn tapes() -> Vec<(String, wiretape::Loaded)> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../recordings");
    let files = wiretape::find(&[root.into()]).unwrap();
    let load = |path: std::path::PathBuf| {
        (
            path.display().to_string(),
            wiretape::load(&path, None).unwrap(),
        )
    };
    files.into_iter().map(load).collect()
}

/// All that an agent does with a body, with the text in one piece.
fn outcome(dialect: Dialect, body: &[u8], size: usize) -> (String, Vec<Action>, Vec<Value>) {
    let mut rig = Rig::new(dialect);
    rig.prompt("go");
    rig.take();
    rig.head(200, &[]);
    for bytes in body.chunks(size.min(body.len().max(1))) {
        rig.give(Input::Chunk { attempt: 1, bytes });
    }
    rig.give(Input::Closed {
        attempt: 1,
        how: Closed::Complete,
    });
    let mut text = String::new();
    let rest = rig.take().into_iter().filter(|action| match action {
        Action::Text(more) => {
            text += more;
            false
        }
        _ => true,
    });
    let rest = rest.collect();
    (text, rest, rig.messages())
}

/// Two texts whose deltas alternate are shown one after the other, as they will stand in the history.
#[test]
fn texts_are_shown_in_the_order_of_the_history() {
    let dialect = Dialect::Anthropic;
    let event = |value: Value| {
        format!(
            "event: {}\ndata: {value}\n\n",
            value["type"].as_str().unwrap()
        )
    };
    let start = |index: u32| {
        let block = json!({"type": "text", "text": ""});
        event(json!({"type": "content_block_start", "index": index, "content_block": block}))
    };
    let delta = |index: u32, text: &str| {
        let delta = json!({"type": "text_delta", "text": text});
        event(json!({"type": "content_block_delta", "index": index, "delta": delta}))
    };
    let stop = |index: u32| event(json!({"type": "content_block_stop", "index": index}));
    let mut rig = Rig::new(dialect);
    rig.prompt("go");
    rig.head(200, &[]);
    rig.chunk(Reply::new(dialect, "m").cut());
    rig.take();
    let mut says = |bytes: String, shown: &str| {
        rig.chunk(bytes);
        let text = rig.take().into_iter().map(|action| match action {
            Action::Text(text) => text,
            other => panic!("{other:?}"),
        });
        assert_eq!(text.collect::<String>(), shown);
    };
    says(start(0) + &start(1), "");
    says(delta(0, "One"), "One");
    says(delta(1, "two "), "");
    says(delta(0, ", "), ", ");
    says(stop(0), "two ");
    says(delta(1, "and on"), "and on");
    says(start(2) + &delta(2, "three"), "");
    let rest = Reply::new(dialect, "m").end().text();
    let (_, rest) = rest.split_once("\n\n").unwrap();
    rig.chunk(stop(1) + &stop(2) + rest);
    let done = rig.take();
    assert_eq!(done[0], Action::Text("three".into()));
    let text = "One, two and onthree".to_owned();
    assert!(
        done.contains(&Action::Finished(Outcome::Done { text })),
        "{done:?}"
    );
}
