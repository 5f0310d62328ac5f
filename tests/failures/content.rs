//! All else that a reply holds.

use wiretape_core::{Dialect, Options, Transcript, read};

use super::{ACT, LAST, SHUT, TOOL, anthropic, chat, check_anthropic, check_chat, json};

#[test]
fn f05_a_surrogate_pair_in_two_deltas_is_one_character() {
    let text =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
    let piece = |text: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}"#
        )
    };
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let (high, low, plain) = (piece("a\\ud83d"), piece("\\ude00b"), piece("c"));
    check_anthropic(
        &[text, &high, &low, SHUT, end, LAST],
        "\"a😀b\" | stop end_turn | F-05×2",
    );
    // The half that stays alone is replaced, whatever comes after it.
    check_anthropic(
        &[text, &high, &plain, SHUT, end, LAST],
        "\"a\u{FFFD}c\" | stop end_turn | F-05×2",
    );
    check_anthropic(
        &[text, &high, SHUT, end, LAST],
        "\"a\u{FFFD}\" | stop end_turn | F-05×2",
    );
    // The inner form: the escape is cut inside the argument text.
    check_anthropic(
        &[
            TOOL,
            &json("{\"t\":\"\\ud83d"),
            &json("\\ude00\"}"),
            SHUT,
            ACT,
            LAST,
        ],
        "\"\" | t f({\"t\":\"😀\"}) | stop tool_use",
    );
}

#[test]
fn f51_f53_reasoning_and_refusals_are_not_the_answer() {
    check_chat(
        &[
            r#"{"role":"assistant","content":""}"#,
            r#"{"reasoning_content":"a","reasoning":"a"}"#,
            r#"{"reasoning":"b"}"#,
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"c"}]},{"type":"text","text":"d"}]}"#,
            r#"{"content":"e","refusal":"no"}"#,
        ],
        "stop",
        "\"de\" thinks \"abc\" refuses \"no\" | stop stop",
    );
}

#[test]
fn f56_unknown_things_pass_through() {
    check_anthropic(
        &[
            r#"{"type":"tomorrow","x":1}"#,
            r#"{"type":"content_block_start","index":7,"content_block":{"type":"hologram","x":1}}"#,
            r#"{"type":"content_block_delta","index":7,"delta":{"type":"hologram_delta","x":2}}"#,
            r#"{"type":"content_block_stop","index":7}"#,
            TOOL,
            SHUT,
            ACT,
            LAST,
        ],
        "\"\" | t f({}) | stop tool_use | F-56×3",
    );
}

#[test]
fn f57_answers_are_kept_apart() {
    let body = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n\
        data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let transcript = Transcript::of(&read(
        Dialect::OpenAiChat,
        Options::strict(),
        body.as_bytes(),
    ));
    assert_eq!((transcript.choices, transcript.text.as_str()), (2, "a"));
    assert_eq!(transcript.rejected, None);
    let other = &transcript.others[0];
    assert_eq!(
        (other.text.as_str(), other.stop.as_deref()),
        ("b", Some("length"))
    );
}

#[test]
fn f59_numbers_keys_and_nul_stay_as_sent() {
    let arguments = "{\"n\":12345678901234567890123,\"z\":-0,\"k\":1,\"k\":2,\"s\":\"\\u0000\"}";
    let body = anthropic(&[TOOL, &json(arguments), SHUT, ACT, LAST]);
    let turn = read(Dialect::Anthropic, Options::strict(), body.as_bytes()).expect("a turn");
    assert_eq!(turn.tool_calls()[0].arguments, arguments);
    assert_eq!(turn.tool_calls()[0].input["s"], "\0");
}

#[test]
fn f57_no_answer_of_a_rejected_reply_has_calls() {
    let body = "data: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n";
    let first = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";
    for body in [format!("{body}{first}"), body.to_owned()] {
        let transcript = Transcript::of(&read(
            Dialect::OpenAiChat,
            Options::lenient(),
            body.as_bytes(),
        ));
        assert!(transcript.rejected.is_some(), "{transcript:?}");
        let other = &transcript.others[0];
        assert_eq!((other.index, other.tool_calls.len()), (1, 0));
        assert_eq!(other.rejected_calls.len(), 1);
    }
}

#[test]
fn f52_what_has_to_be_sent_back_is_kept() {
    let body = chat(
        &[
            r#"{"reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"c2ln"},{"type":"reasoning.encrypted","data":"b3BhcXVl"}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"dGhvdWdodA"}}}]}"#,
        ],
        "tool_calls",
    );
    let turn = read(Dialect::OpenAiChat, Options::strict(), body.as_bytes()).unwrap();
    let [thought, sealed, call] = &turn.reply().choices[0].contents[..] else {
        panic!("{turn:?}")
    };
    assert_eq!(
        (thought.text.as_str(), thought.signature.as_deref()),
        ("hm", Some("c2ln"))
    );
    assert_eq!(
        sealed.others,
        [r#"{"type":"reasoning.encrypted","data":"b3BhcXVl"}"#]
    );
    assert_eq!(
        call.others,
        [r#"{"google":{"thought_signature":"dGhvdWdodA"}}"#]
    );
}

#[test]
fn f56_all_of_an_unknown_block_is_kept() {
    let new =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"hologram","size":3}}"#;
    let delta =
        |delta: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#);
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let known = delta(r#"{"type":"text_delta","text":"hi"}"#);
    let (one, two) = (
        delta(r#"{"type":"hologram_delta","x":1}"#),
        delta(r#"{"type":"hologram_delta","x":2}"#),
    );
    let body = anthropic(&[new, &known, &one, &two, SHUT, end, LAST]);
    for mut options in [Options::lenient(), Options::strict()] {
        options.dialect.templates = false;
        let turn = read(Dialect::Anthropic, options, body.as_bytes()).unwrap();
        let [content] = &turn.reply().choices[0].contents[..] else {
            panic!("{turn:?}")
        };
        assert_eq!(content.raw, r#"{"type":"hologram","size":3}"#);
        assert_eq!(content.text, "hi");
        assert_eq!(
            content.others,
            [
                r#"{"type":"hologram_delta","x":1}"#,
                r#"{"type":"hologram_delta","x":2}"#
            ]
        );
        assert_eq!(turn.text(), "", "an unknown block is no answer");
    }
}

#[test]
fn what_the_next_request_has_to_say_again_is_kept() {
    let block = r#"{"type":"mcp_tool_use","id":"s","name":"g","server_name":"wiki","input":{}}"#;
    let start = format!(r#"{{"type":"content_block_start","index":0,"content_block":{block}}}"#);
    let stop =
        r#"{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"END"}}"#;
    let body = anthropic(&[&start, SHUT, stop, LAST]);
    let turn = read(Dialect::Anthropic, Options::strict(), body.as_bytes()).unwrap();
    let choice = &turn.reply().choices[0];
    assert_eq!(choice.contents[0].others, [block]);
    assert_eq!(
        choice.stop_raw,
        r#"{"stop_reason":"stop_sequence","stop_sequence":"END"}"#
    );
}
