//! The fast path for common deltas changes speed and nothing else: streams of frames that differ
//! from one another in little, wherever a recogniser by bytes could be fooled.

use proptest::prelude::*;
use proptest::sample::select;
use wiretape_core::{Dialect, Options, Reader, Transcript};

/// Every event as text, and the transcript.
fn read(dialect: Dialect, options: Options, body: &str) -> (Vec<String>, Transcript) {
    let mut reader = Reader::with_options(dialect, options);
    let mut events = Vec::new();
    if let Err(error) = reader.feed(body.as_bytes(), &mut |event| {
        events.push(format!("{event:?}"));
    }) {
        events.push(error.to_string());
    }
    let result = reader.finish_with(&mut |event| events.push(format!("{event:?}")));
    (events, Transcript::of(&result))
}

/// Nothing in most frames, so that there is something to recognise.
fn rarely(odd: Vec<&'static str>, usual: &'static str) -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => Just(usual), 1 => select(odd)]
}

/// The inside of a JSON string, lawful or not.
fn text() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("a"),
        4 => select(vec![
            "", "b c", "é😀", "\\n", "\\\"", "\\\\", "\\u0041", "\\ud83d", "\\ude00", "\\ud83dx", "}]}}",
            "\\\"}}]}", "[DONE]", "\\u12", "\\x", "\u{1}\\n", "\\n\u{1}", "\\n\t\\n", "\u{1}", "\t", "\"", "\",\"text\":\"z", "\\",
        ]),
    ]
}

fn delta_of_messages() -> impl Strategy<Value = String> {
    let name = rarely(
        vec!["ping", "content_block_start", ""],
        "content_block_delta",
    );
    let index =
        prop_oneof![4 => Just("0"), 2 => Just("1"), 1 => select(vec!["2", "\"0\"", "9", "null"])];
    let kind = select(vec![
        ("text_delta", "text"),
        ("input_json_delta", "partial_json"),
        ("text_delta", "partial_json"),
    ]);
    let extra = rarely(
        vec![
            ",\"text\":\"y\"",
            ",\"type\":\"thinking_delta\"",
            ",\"x\":\"}}\"",
            " ",
        ],
        "",
    );
    let after = rarely(
        vec![
            " ",
            "  ",
            ",\"index\":1",
            ",\"obfuscation\":\"abc\"",
            ",\"obfuscation\":\"\\\"}\"",
            "\t",
            "}",
            ",",
        ],
        "",
    );
    (name, index, kind, text(), extra, after).prop_map(
        |(name, index, (kind, field), text, extra, after)| {
            let name = if name.is_empty() {
                String::new()
            } else {
                format!("event: {name}\n")
            };
            format!(
                "{name}data: {{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":\
                 {{\"type\":\"{kind}\",\"{field}\":\"{text}\"{extra}}}{after}}}\n\n"
            )
        },
    )
}

fn other_of_messages() -> impl Strategy<Value = String> {
    select(vec![
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"t\",\"message\":\"m\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        "data: true\n\n",
        ": comment\n\n",
    ])
    .prop_map(str::to_owned)
}

fn delta_of_chats() -> impl Strategy<Value = String> {
    let name = rarely(vec!["event: error\n", "event: x\n"], "");
    let id = rarely(vec!["\"d\"", "\"\"", "null"], "\"c\"");
    let choice = prop_oneof![6 => Just("0"), 1 => Just("1")];
    let delta = prop_oneof![
        3 => text().prop_map(|text| format!("\"content\":\"{text}\"")),
        1 => text().prop_map(|text| format!("\"reasoning_content\":\"{text}\"")),
        1 => text().prop_map(|text| format!("\"content\":\"{text}\",\"refusal\":\"{text}\"")),
        1 => text().prop_map(|text| format!("\"content\":\"x\",\"content\":\"{text}\"")),
        1 => text().prop_map(|text| format!("\"reasoning\":\"{text}\",\"reasoning_content\":\"\"")),
        4 => (text(), call()).prop_map(|(text, call)| {
            format!("\"tool_calls\":[{{{call}\"function\":{{\"arguments\":\"{text}\"}}}}]")
        }),
        1 => text().prop_map(|text| format!("\"function_call\":{{\"arguments\":\"{text}\"}}")),
    ];
    let after = rarely(
        vec![
            ",\"finish_reason\":\"stop\"",
            ",\"finish_reason\":null",
            ",\"index\":1",
            " ",
        ],
        "",
    );
    let last = prop_oneof![
        6 => Just(""),
        3 => select(vec![",\"obfuscation\":\"abc\"", ",\"obfuscation\":\"\"", ",\"obfuscation\":\"\\n\"", ",\"obfuscation\":\"d\\\"e\""]),
        1 => select(vec![
            ",\"obfuscation\":\"abc\",\"usage\":{\"prompt_tokens\":1}", ",\"usage\":null", ",\"error\":null",
            ",\"error\":{\"message\":\"m\"}", " ", ",\"obfuscation\":1", ",\"choices\":[]", ",\"obfuscation\":\"abc",
        ]),
    ];
    (name, id, choice, delta, after, last).prop_map(|(name, id, choice, delta, after, last)| {
        format!(
            "{name}data: {{\"id\":{id},\"choices\":[{{\"index\":{choice},\"delta\":{{{delta}}}{after}}}]{last}}}\n\n"
        )
    })
}

/// How a delta says which call it belongs to.
fn call() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("\"index\":0,"),
        2 => Just("\"index\":1,"),
        2 => select(vec!["", "\"index\":\"0\",", "\"id\":\"a\",", "\"index\":0,\"id\":\"b\",", "\"index\":0,\"id\":\"\","]),
    ]
}

fn other_of_chats() -> impl Strategy<Value = String> {
    select(vec![
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\n\n",
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}]}}]}\n\n",
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"id\":\"c\",\"choices\":[]}\n\n",
        "data: [DONE]\n\n",
        "data: \n\n",
        "data: true\n\n",
        ": comment\n\n",
        "error: no\n\n",
    ])
    .prop_map(str::to_owned)
}

/// Frames, many of them repeated: a shape has to come twice to be recognised.
fn body(
    delta: impl Strategy<Value = String> + 'static,
    other: impl Strategy<Value = String> + 'static,
) -> impl Strategy<Value = String> {
    let frame = prop_oneof![4 => delta, 1 => other];
    let frames = prop::collection::vec((frame, 1..3_usize), 0..14);
    frames.prop_map(|frames| {
        let repeated = frames.iter().map(|(frame, times)| frame.repeat(*times));
        repeated.collect()
    })
}

fn check(dialect: Dialect, body: &str) -> Result<(), TestCaseError> {
    for options in [Options::lenient(), Options::strict()] {
        let mut slow = options;
        slow.dialect.templates = false;
        let (fast, slow) = (read(dialect, options, body), read(dialect, slow, body));
        prop_assert_eq!(fast, slow, "{}", body);
    }
    Ok(())
}

const OPEN: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n\
    event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
    event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n";

proptest! {
    #![proptest_config(crate::support::cases(4096))]

    #[test]
    fn messages(body in body(delta_of_messages(), other_of_messages())) {
        check(Dialect::Anthropic, &format!("{OPEN}{body}"))?;
    }

    #[test]
    fn chats(body in body(delta_of_chats(), other_of_chats())) {
        check(Dialect::OpenAiChat, &body)?;
    }
}

/// Which call a delta without labels belongs to depends on the delta before it, also where that one
/// added nothing.
#[test]
fn a_delta_that_adds_nothing_still_says_which_call_is_the_latest() {
    let delta =
        |delta: &str| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{{delta}}}}}]}}\n\n");
    let first =
        delta(r#""tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]"#);
    let second = delta(r#""tool_calls":[{"index":1,"function":{"arguments":"1"}}]"#);
    let bare = delta(r#""tool_calls":[{"function":{"arguments":"2"}}]"#);
    let body = [&*first, &second, &bare, &first, &bare].concat();
    assert!(check(Dialect::OpenAiChat, &body).is_ok());
    let (_, seen) = read(Dialect::OpenAiChat, Options::lenient(), &body);
    let calls = seen
        .rejected_calls
        .iter()
        .map(|call| call.arguments.as_str());
    assert_eq!(calls.collect::<Vec<_>>(), ["2", "12"]);
}
