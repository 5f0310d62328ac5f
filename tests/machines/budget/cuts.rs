//! What is left of a long result: head and tail, a marker with the amount, whole characters, JSON that
//! stays JSON, and everything else as it was.

use proptest::prelude::*;
use serde_json::{Value, json};
use wiretape_core::Dialect;
use wiretape_core::budget::{Options, Planner};

use super::{Bytes, calls, history, results, user};

/// The message with the result, once it is brought to about so many tokens.
fn cut(dialect: Dialect, messages: &[String], cap: u64) -> Value {
    let mut all = vec![user("task"), calls(dialect, &["c"])];
    all.extend(messages.iter().cloned());
    all.push(super::assistant("ok"));
    all.push(user("go on"));
    let history = history(dialect, &all);
    assert!(history.refusals().is_empty(), "{:?}", history.refusals());
    let full: u64 = history.body().len() as u64;
    let mut options = Options::new(full);
    options.threshold_percent = 100;
    options.result_tokens_max = cap;
    let mut planner = Planner::new(options, Bytes);
    let whole = planner.fit(&history).unwrap().plan.before;
    // One token less than all.
    planner.options_mut().window = whole + 3 - 1;
    let fitted = planner.fit(&history).unwrap();
    assert_eq!(fitted.plan.cuts.len(), 1, "{:?}", fitted.plan);
    assert_eq!(fitted.messages().len(), history.messages().len());
    serde_json::from_str(fitted.messages()[2].text()).unwrap()
}

/// The text left of a text.
fn left(text: &str, cap: u64) -> String {
    let cut = cut(
        Dialect::OpenAiChat,
        &results(Dialect::OpenAiChat, &[("c", text)]),
        cap,
    );
    cut["content"].as_str().unwrap().to_owned()
}

#[test]
fn head_and_tail_stay_around_a_marker_that_says_how_much_went() {
    let text: String = (0..1_000).map(|n| format!("line {n}\n")).collect();
    let left = left(&text, 400);
    assert!(left.starts_with("line 0\nline 1\n"), "{left}");
    assert!(left.ends_with("line 998\nline 999\n"), "{left}");
    let (head, rest) = left.split_once("\n[… ").unwrap();
    let (gone, rest) = rest
        .split_once(&format!(" of {} bytes left out", text.len()))
        .unwrap();
    let (_, tail) = rest.split_once("…]\n").unwrap();
    let gone: usize = gone.parse().unwrap();
    assert_eq!(head.len() + gone + tail.len(), text.len());
    assert!(left.len() <= 400, "{}", left.len());
    assert!(head.len() > 2 * tail.len());
}

#[test]
fn json_stays_json() {
    let rows: Vec<Value> = (0..100)
        .map(|n| json!({"id": n, "name": format!("row {n}")}))
        .collect();
    let array: Value = serde_json::from_str(&left(&json!(rows).to_string(), 600)).unwrap();
    let array = array.as_array().unwrap();
    assert_eq!((&array[0], array.last().unwrap()), (&rows[0], &rows[99]));
    let marker = array.iter().find_map(Value::as_str).unwrap();
    let kept = array.len() - 1;
    assert_eq!(
        marker,
        format!(
            "[… {} of 100 elements left out to fit the context window …]",
            100 - kept
        )
    );

    let file = json!({"path": "a.rs", "text": "let x = \"😀\";\n".repeat(200), "ok": true, "big": 12345678901234567890_u64});
    let object: Value = serde_json::from_str(&left(&file.to_string(), 600)).unwrap();
    assert_eq!(
        (&object["path"], &object["ok"], &object["big"]),
        (&json!("a.rs"), &json!(true), &file["big"])
    );
    assert!(object["text"].as_str().unwrap().contains("bytes left out"));

    let wide: Value = (0..500).map(|n| (format!("key{n:03}"), json!(n))).collect();
    let object: Value = serde_json::from_str(&left(&wide.to_string(), 600)).unwrap();
    assert!(
        object["…"].as_str().unwrap().contains("members left out"),
        "{object}"
    );
}

#[test]
fn what_only_looks_like_json_becomes_marked_text() {
    let text = format!("{{\"rows\": [{}", "1, ".repeat(1_000));
    let left = left(&text, 300);
    assert!(left.starts_with("{\"rows\": [1, 1,"));
    assert!(left.contains("bytes left out"));
}

#[test]
fn pictures_and_documents_are_not_touched() {
    let picture = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png",
        "data": "iVBOR".repeat(200)}});
    let message = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c",
        "cache_control": {"type": "ephemeral"}, "content": [
            {"type": "text", "text": "x".repeat(5_000)}, picture,
            {"type": "text", "text": "short"}]}]});
    let cut = cut(Dialect::Anthropic, &[message.to_string()], 500);
    let blocks = &cut["content"][0]["content"];
    assert_eq!(blocks[1], picture);
    assert_eq!(blocks[2]["text"], "short");
    assert!(
        blocks[0]["text"]
            .as_str()
            .unwrap()
            .contains("bytes left out")
    );
    assert_eq!(
        cut["content"][0]["cache_control"],
        json!({"type": "ephemeral"})
    );
    assert_eq!(cut["content"][0]["tool_use_id"], "c");
}

#[test]
fn an_error_stays_an_error() {
    let message = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c",
        "is_error": true, "content": "trace\n".repeat(500)}]});
    let cut = cut(Dialect::Anthropic, &[message.to_string()], 500);
    assert_eq!(cut["content"][0]["is_error"], true);
}

proptest! {
    #[test]
    fn never_inside_a_character_or_an_escape(
        text in prop::collection::vec(
            prop_oneof![any::<char>(), Just('😀'), Just('"'), Just('\\'), Just('\u{1}')], 600..1_500),
        cap in 200_u64..500,
        escaped in any::<bool>(),
    ) {
        let text: String = text.into_iter().collect();
        let message = if escaped {
            // Every character beyond ASCII as an escape, pairs of surrogates as two.
            let mut json = String::new();
            for unit in text.encode_utf16() {
                json += &format!("\\u{unit:04x}");
            }
            format!(r#"{{"role":"tool","tool_call_id":"c","content":"{json}"}}"#)
        } else {
            results(Dialect::OpenAiChat, &[("c", &text)]).remove(0)
        };
        let cut = cut(Dialect::OpenAiChat, &[message], cap);
        let left = cut["content"].as_str().unwrap();
        let (head, rest) = left.split_once("\n[… ").unwrap();
        let (_, tail) = rest.split_once("…]\n").unwrap();
        prop_assert!(text.starts_with(head) && text.ends_with(tail));
    }

    #[test]
    fn json_of_any_shape_is_json_or_marked(value in json_value(), cap in 150_u64..600) {
        let text = value.to_string();
        prop_assume!(text.len() as u64 > cap + 300);
        let left = left(&text, cap);
        prop_assert!(left.len() < text.len());
        prop_assert!(left.contains("left out to fit"), "{left}");
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|n| json!(n)),
        "[a-z \"\\\\é😀]{0,400}".prop_map(|text| json!(text)),
        Just(json!(null)),
    ];
    leaf.prop_recursive(5, 200, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::Array),
            prop::collection::btree_map("[a-z]{1,30}", inner, 0..20).prop_map(|map| json!(map)),
        ]
    })
    .prop_filter("long enough", |value| value.to_string().len() > 1_000)
}
